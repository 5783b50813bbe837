#![allow(clippy::all, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, clippy::panic)]
use sluice_access::Permit;
use sluice_model::*;
use sluice_store::*;
use std::time::Instant;
fn id(n: u128) -> Uuid { Uuid::from_u128(n) }
fn lookup(t: &[&str]) -> ColumnType { ColumnType::Lookup { targets: t.iter().map(|n| Name::from(*n)).collect() } }
fn table(name: &str, ownership: Ownership, columns: Vec<ColumnDef>) -> TableDef {
    let mut t = TableDef { name: name.into(), display: name.into(), schema: name.into(), set: format!("{name}s").into(), otc: 0, key: format!("{name}id").into(), primary_name: None, ownership, privilege: None, configuration: false, custom: false, source: String::new(), columns: columns.into() };
    t.complete(); t
}
fn main() {
    let dir = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or("/work/target-store".into())).unwrap();
    let text = || ColumnType::Text { max_length: 100 };
    let mut name = ColumnDef::new("name", text()); name.indexed = true;
    let mut cols = vec![name];
    for n in ["a", "b", "c", "d", "e", "f"] { cols.push(ColumnDef::new(&format!("text{n}"), text())); }
    cols.push(ColumnDef::new("parentid", lookup(&["account"])));
    cols.push(ColumnDef::new("contactid", lookup(&["contact"])));
    cols.push(ColumnDef::new("employees", ColumnType::Int { min: None, max: None }));
    cols.push(ColumnDef::new("statecode", ColumnType::State { options: vec![] }));
    cols.push(ColumnDef::new("statuscode", ColumnType::Status { options: vec![] }));
    let account = table("account", Ownership::User, cols);
    let contact = table("contact", Ownership::User, vec![]);
    let unit = table("businessunit", Ownership::Business, vec![]);
    let sys = Permit::system("bench");
    let row = |n: u128| {
        let mut r = Row::new("account", id(n)).with("name", format!("The account number {n}"));
        for c in ["a", "b", "c", "d", "e", "f"] { r.set(format!("text{c}"), "some text of a usual length"); }
        r.with("parentid", Reference::new("account", id(1))).with("contactid", Reference::new("contact", id(2)))
            .with("owningbusinessunit", Reference::new("businessunit", id(3))).with("ownerid", Reference::new("systemuser", id(4)))
            .with("createdby", Reference::new("systemuser", id(4))).with("modifiedby", Reference::new("systemuser", id(4)))
            .with("createdon", Timestamp::from_second(1_700_000_000).unwrap()).with("modifiedon", Timestamp::from_second(1_700_000_000).unwrap())
            .with("employees", 5).with("statecode", Value::Choice(0)).with("statuscode", Value::Choice(1)).with("versionnumber", Value::BigInt(n as i64)).with("owninguser", Reference::new("systemuser", id(4)))
    };
    println!("values per row: {}", row(1).values.len());
    for (label, sync) in [("OFF", Synchronous::Off), ("FULL", Synchronous::Full)] {
        let path = dir.path().join(format!("{label}.db"));
        Store::create(&path, |tx| {
            for t in [&account, &contact, &unit] { tx.create_table(t)?; }
            tx.insert(&sys, &contact, &Row::new("contact", id(2)))?;
            tx.insert(&sys, &unit, &Row::new("businessunit", id(3)))?;
            tx.insert(&sys, &account, &Row::new("account", id(1)))
        }).unwrap();
        let store = Store::open(&path, Options { synchronous: sync }).unwrap();
        let one = |n: u128| { let r = row(n); store.write(&mut |mut tx| { let v = tx.insert(&sys, &account, &r); (tx, End { keep: v.is_ok(), value: v, beside: vec![] }) }).unwrap().unwrap(); };
        let count = if label == "OFF" { 20000u128 } else { 500 };
        for n in 0..200 { one(100 + n); }
        let t = Instant::now();
        for n in 0..count { one(1_000 + n); }
        println!("{label} one thread, insert unit: {:.1} µs", t.elapsed().as_micros() as f64 / count as f64);
        if label == "OFF" {
            let t = Instant::now();
            store.write(&mut |mut tx| { for n in 0..20000u128 { tx.insert(&sys, &account, &row(100_000 + n)).unwrap(); } (tx, End { keep: true, value: (), beside: vec![] }) }).unwrap();
            let whole = t.elapsed();
            let t = Instant::now(); for n in 0..20000u128 { std::hint::black_box(row(n)); }
            println!("insert inside one unit: {:.1} µs (of which making the row {:.1})", whole.as_micros() as f64 / 20000.0, t.elapsed().as_micros() as f64 / 20000.0);
            store.read(|mut tx| {
                let t = Instant::now(); for n in 0..20000u128 { tx.get(&sys, &account, id(1000 + n), None).unwrap().unwrap(); }
                println!("get all: {:.1} µs", t.elapsed().as_micros() as f64 / 20000.0);
                let t = Instant::now(); for n in 0..20000u128 { tx.facts().row(&account, id(1000 + n), &[id(4)]).unwrap().unwrap(); }
                println!("facts: {:.1} µs", t.elapsed().as_micros() as f64 / 20000.0);
                let t = Instant::now(); for _ in 0..20000u128 { tx.config_version().unwrap(); }
                println!("config version: {:.1} µs", t.elapsed().as_micros() as f64 / 20000.0);
                let q = Query::new("account").filter(Filter::eq("name", "The account number 1500"));
                let t = Instant::now(); for _ in 0..5000u128 { tx.select(&sys, &account, &q).unwrap(); }
                println!("select by name: {:.1} µs", t.elapsed().as_micros() as f64 / 5000.0);
                (tx, ())
            }).unwrap();
            let t = Instant::now(); for _ in 0..5000u128 { store.read(|mut tx| { tx.config_version().unwrap(); (tx, ()) }).unwrap(); }
            println!("read unit: {:.1} µs", t.elapsed().as_micros() as f64 / 5000.0);
            let t = Instant::now(); store.write(&mut |mut tx| { for _ in 0..5000u128 { tx.next_version().unwrap(); } (tx, End { keep: true, value: (), beside: vec![] }) }).unwrap();
            println!("next version: {:.1} µs", t.elapsed().as_micros() as f64 / 5000.0);
        }
        for round in 0..3u128 {
            let t = Instant::now();
            std::thread::scope(|s| for th in 0..64u128 { let one = &one; s.spawn(move || for n in 0..200u128 { one((round + 1) * 10_000_000 + th * 1000 + n) }); });
            println!("{label} 64 threads: {:.0} units/s", 12800.0 / t.elapsed().as_secs_f64());
        }
    }
}
