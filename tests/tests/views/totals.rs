//! Totals and rows that come once, where numbers are large, times have fractions, and rows come and
//! go between two pages.

use serde_json::{Value as Json, json};
use sluice_tests::world::{World, list, text};

fn fetch(world: &World, xml: &str) -> Json {
    world.admin().json(&["view", "run", "--fetch", xml])
}

fn create(world: &World, table: &str, columns: &[&str]) {
    world.admin().json(&[&["row", "create", table], columns].concat());
}

fn totals(world: &World, table: &str, inside: &str) -> Vec<Json> {
    let xml = format!("<fetch aggregate='true'><entity name='{table}'>{inside}</entity></fetch>");
    list(&fetch(world, &xml))
}

#[test]
fn sums_are_as_large_as_their_numbers_make_them() {
    let world = World::empty();
    world
        .admin()
        .json(&["column", "create", "opportunity", "zz_units", "big-int"]);
    for name in ["a", "b", "c"] {
        let columns = [
            &format!("name={name}"),
            "estimatedvalue=500000000000000.25",
            "zz_units=4000000000000000000",
        ];
        create(&world, "opportunity", &columns);
    }
    let sums = totals(
        &world,
        "opportunity",
        "<attribute name='estimatedvalue' alias='sum' aggregate='sum'/>
         <attribute name='estimatedvalue' alias='mean' aggregate='avg'/>
         <attribute name='zz_units' alias='units' aggregate='avg'/>",
    );
    assert_eq!(
        sums,
        [json!({"sum": "1500000000000000.75", "mean": 500000000000000.25, "units": 4_000_000_000_000_000_000_i64})]
    );
    // In groups, by their sums.
    create(&world, "opportunity", &["name=small", "estimatedvalue=7"]);
    let groups = totals(
        &world,
        "opportunity",
        "<attribute name='name' alias='name' groupby='true'/>
         <attribute name='estimatedvalue' alias='sum' aggregate='sum'/><order alias='sum'/>",
    );
    assert_eq!(groups[0], json!({"name": "small", "sum": 7}));
    let xml = "<fetch aggregate='true'><entity name='opportunity'><attribute name='zz_units' alias='units' aggregate='sum'/></entity></fetch>";
    let refused = world.admin().run(&["view", "run", "--fetch", xml]);
    assert_eq!(refused.code, 1, "it is no failure of the host: {refused:?}");
    assert!(
        refused.says("the sum `units` is too large") && refused.says("9223372036854775807"),
        "{refused:?}"
    );
}

#[test]
fn no_two_columns_of_an_answer_have_one_name() {
    let world = World::empty();
    create(&world, "account", &["name=Acc"]);
    create(&world, "lead", &["lastname=Novak", "parentaccountid=Acc"]);
    let xml = |first: &str, second: &str| {
        format!(
            "<fetch><entity name='lead'><attribute name='lastname'/>
             <link-entity name='account' from='accountid' to='parentaccountid' alias='a'>
             <attribute name='name' alias='{first}'/><attribute name='accountnumber' alias='{second}'/></link-entity></entity></fetch>"
        )
    };
    for (first, second, named) in [
        ("lastname", "n", "lastname"),
        ("leadid", "n", "leadid"),
        ("n", "n", "n"),
    ] {
        let error = world.admin().refused(&["view", "run", "--fetch", &xml(first, second)]);
        let said = error["message"].as_str().unwrap();
        assert!(said.contains(&format!("would be called `{named}`")), "{error}");
    }
    let row = list(&fetch(&world, &xml("company", "number"))).remove(0);
    assert_eq!(
        (text(&row, "lastname"), text(&row, "company")),
        ("Novak".into(), "Acc".into())
    );
}

#[test]
fn times_are_told_apart_as_people_see_them() {
    let world = World::empty();
    let files = "lastname\nx\nx\nx\nx\nx\nx\n";
    world.write("f.csv", files);
    world.write("m.toml", "[columns]\nlastname = \"lastname\"\n");
    world
        .admin()
        .json(&["import", "f.csv", "--table", "lead", "--map", "m.toml"]);
    let shown = |rows: &[Json]| -> Vec<String> { rows.iter().map(|row| text(row, "createdon")).collect() };
    let mut all = shown(&world.rows("lead", "createdon", "lastname eq 'x'"));
    all.sort();
    all.dedup();
    let once = [
        "row",
        "list",
        "lead",
        "--select",
        "createdon",
        "--distinct",
        "--order",
        "createdon",
    ];
    assert_eq!(shown(&list(&world.admin().json(&once))), all);
    let different = totals(
        &world,
        "lead",
        "<attribute name='createdon' alias='n' aggregate='countcolumn' distinct='true'/>",
    );
    assert_eq!(different, [json!({"n": all.len()})]);
    let key = ["key", "create", "lead", "zz_k", "--columns", "createdon,lastname"];
    let error = world.admin().refused(&key);
    assert!(
        error["message"].as_str().unwrap().contains("which the platform fills"),
        "{error}"
    );
}

/// The pages of a query, with something done between the first and the second one.
fn pages(world: &World, xml: impl Fn(&str) -> String, between: impl FnOnce()) -> Vec<Json> {
    let mut between = Some(between);
    let (mut all, mut more) = (Vec::new(), String::new());
    loop {
        let answer = fetch(world, &xml(&more));
        all.extend(list(&answer));
        let cookie = answer["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str();
        let Some(cookie) = cookie else { return all };
        let cookie = cookie
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('\'', "&apos;");
        more = format!("paging-cookie='{cookie}'");
        if let Some(between) = between.take() {
            between();
        }
    }
}

#[test]
fn a_page_of_rows_that_come_once_goes_on_behind_the_last_one() {
    let world = World::empty();
    for name in ["b", "c", "c", "d", "e"] {
        create(&world, "account", &[&format!("name={name}"), "accountcategorycode=1"]);
    }
    for (columns, order, expected) in [
        ("<attribute name='name'/>", "<order attribute='name'/>", "bcde"),
        (
            "<attribute name='name'/>",
            "<order attribute='name' descending='true'/>",
            "edcb",
        ),
        ("<attribute name='name'/>", "", "bcde"),
        (
            "<attribute name='name'/><attribute name='accountcategorycode'/>",
            "<order attribute='accountcategorycode'/>",
            "bcde",
        ),
    ] {
        let xml = |more: &str| {
            format!("<fetch distinct='true' count='2' {more}><entity name='account'>{columns}{order}</entity></fetch>")
        };
        // It comes before the first page.
        let first = if expected == "bcde" { "a" } else { "z" };
        let rows = pages(&world, xml, || {
            create(&world, "account", &[&format!("name={first}"), "accountcategorycode=1"]);
        });
        let names: String = rows.iter().map(|row| text(row, "name")).collect();
        assert_eq!(names, expected, "{order}");
        world.admin().json(&["row", "delete", "account", first]);
    }
}

#[test]
fn a_page_of_joined_rows_goes_on_behind_the_last_one() {
    let world = World::empty();
    for (account, contacts) in [("B", ["1", "2", "3"]), ("C", ["4", "5", "6"])] {
        create(&world, "account", &[&format!("name={account}")]);
        for contact in contacts {
            let customer = format!("parentcustomerid=account:{account}");
            create(&world, "contact", &[&format!("lastname={contact}"), &customer]);
        }
    }
    create(&world, "account", &["name=D"]);
    let xml = |more: &str| {
        format!(
            "<fetch count='2' {more}><entity name='account'><attribute name='name'/><order attribute='name'/>
             <link-entity name='contact' from='parentcustomerid' to='accountid' alias='c' link-type='outer'>
             <attribute name='lastname'/></link-entity></entity></fetch>"
        )
    };
    let rows = pages(&world, xml, || {
        create(&world, "account", &["name=A"]);
        create(&world, "contact", &["lastname=0", "parentcustomerid=account:A"]);
    });
    let mut found: Vec<(String, String)> = rows
        .iter()
        .map(|row| (text(row, "name"), row["c.lastname"].as_str().unwrap_or("-").to_owned()))
        .collect();
    let names: String = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, "BBBCCCD");
    found.sort();
    let contacts: String = found.iter().map(|(_, contact)| contact.as_str()).collect();
    assert_eq!(contacts, "123456-");
}

/// The answer of a query for totals of opportunities.
fn of_amounts(world: &World, inside: &str) -> Json {
    totals(world, "opportunity", inside).remove(0)
}

#[test]
fn totals_of_amounts_are_in_the_base_currency() {
    let world = World::empty();
    let yen = [
        "currencyname=Yen",
        "isocurrencycode=JPY",
        "exchangerate=160",
        "currencyprecision=0",
        "currencysymbol=Y",
    ];
    create(&world, "transactioncurrency", &yen);
    let in_yen = ["name=a", "estimatedvalue=1000", "transactioncurrencyid=Yen"];
    create(&world, "opportunity", &in_yen);
    create(&world, "opportunity", &["name=b", "estimatedvalue=100"]);
    let of = |column: &str| {
        let each = ["sum", "avg", "min", "max", "countcolumn"];
        let attribute =
            |function: &&str| format!("<attribute name='{column}' alias='{function}' aggregate='{function}'/>");
        of_amounts(&world, &each.iter().map(attribute).collect::<String>())
    };
    let expected = json!({"sum": 106.25, "avg": 53.125, "min": 6.25, "max": 100, "countcolumn": 2});
    assert_eq!(of("estimatedvalue"), expected);
    assert_eq!(of("estimatedvalue_base"), expected);
    // Also beside, in a view that is kept, and in their order.
    create(&world, "account", &["name=Acc"]);
    for name in ["a", "b"] {
        world
            .admin()
            .json(&["row", "update", "opportunity", name, "customerid=account:Acc"]);
    }
    let xml = "<fetch aggregate='true'><entity name='account'><attribute name='name' alias='n' groupby='true'/>
        <link-entity name='opportunity' from='customerid' to='accountid' alias='o'>
        <attribute name='name' alias='o' groupby='true'/>
        <attribute name='estimatedvalue' alias='s' aggregate='sum'/></link-entity><order alias='s'/></entity></fetch>";
    world.write("v.xml", xml);
    let view = ["view", "create", "Worth", "--table", "account", "--fetch", "@v.xml"];
    world.admin().json(&view);
    let rows = list(&world.admin().json(&["view", "run", "Worth"]));
    let rows: Vec<(String, &Json)> = rows.iter().map(|row| (text(row, "o"), &row["s"])).collect();
    assert_eq!(rows, [("a".to_owned(), &json!(6.25)), ("b".to_owned(), &json!(100))]);
}

/// Ten accounts, of which one has no employees.
#[test]
fn totals_of_nothing_and_means_of_whole_numbers() {
    let world = World::empty();
    world.admin().json(&["column", "create", "account", "zz_f", "float"]);
    world.admin().json(&["column", "create", "account", "zz_d", "decimal"]);
    let employees = [
        "", "1500", "2700", "2900", "2900", "3900", "4300", "4800", "6000", "6200",
    ];
    let lines: Vec<String> = ('A'..)
        .zip(employees)
        .map(|(name, of)| format!("{name},{of}\n"))
        .collect();
    world.write("a.csv", format!("n,e\n{}", lines.concat()));
    world.write("a.toml", "[columns]\nn=\"name\"\ne=\"numberofemployees\"\n");
    world
        .admin()
        .json(&["import", "a.csv", "--table", "account", "--map", "a.toml"]);
    let column = |name: &str, function: &str| {
        format!("<attribute name='{name}' alias='{name}_{function}' aggregate='{function}'/>")
    };
    let of_employees = ["sum", "avg", "min", "max"].map(|function| column("numberofemployees", function));
    let all = totals(&world, "account", &of_employees.concat()).remove(0);
    let expected = json!({
        "numberofemployees_sum": 35200, "numberofemployees_avg": 3911,
        "numberofemployees_min": 1500, "numberofemployees_max": 6200
    });
    assert_eq!(all, expected);
    let sums = ["numberofemployees", "zz_f", "zz_d", "revenue"].map(|name| column(name, "sum"));
    let group = format!(
        "<attribute name='name' alias='n' groupby='true'/>{}{}{}<order alias='numberofemployees_sum'/>",
        sums.concat(),
        column("numberofemployees", "avg"),
        column("numberofemployees", "max"),
    );
    let expected = json!({
        "n": "A", "numberofemployees_sum": 0, "zz_f_sum": 0.0, "zz_d_sum": 0, "revenue_sum": 0,
        "numberofemployees_avg": null, "numberofemployees_max": null
    });
    assert_eq!(totals(&world, "account", &group)[0], expected);
    // Of no rows at all as well.
    let none = format!(
        "{}<filter><condition attribute='name' operator='eq' value='-'/></filter>",
        sums[0]
    );
    assert_eq!(totals(&world, "account", &none), [json!({"numberofemployees_sum": 0})]);
}

#[test]
fn in_is_the_whole_set_of_several_choices() {
    let world = World::empty();
    let options = [
        "--option", "1=A", "--option", "2=B", "--option", "3=C", "--option", "4=Same", "--option", "5=Same",
    ];
    world
        .admin()
        .json(&[["column", "create", "lead", "zz_mc", "choices"].as_slice(), &options].concat());
    for set in ["1", "2", "1,2", "1,2,3"] {
        create(&world, "lead", &[&format!("lastname=m{set}"), &format!("zz_mc={set}")]);
    }
    create(&world, "lead", &["lastname=none"]);
    let names = |rows: Vec<Json>| {
        let mut names: Vec<String> = rows.iter().map(|row| text(row, "lastname")).collect();
        names.sort();
        names.join(" ")
    };
    let fetched = |operator: &str, values: &[&str]| {
        let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
        let condition = format!("<condition attribute='zz_mc' operator='{operator}'>{values}</condition>");
        let xml = format!(
            "<fetch><entity name='lead'><attribute name='lastname'/><filter>{condition}</filter></entity></fetch>"
        );
        names(list(&fetch(&world, &xml)))
    };
    assert_eq!(fetched("in", &["1", "2"]), "m1,2");
    assert_eq!(fetched("in", &["B", "1"]), "m1,2");
    assert_eq!(fetched("in", &["2"]), "m2");
    assert_eq!(fetched("not-in", &["2", "1"]), "m1 m1,2,3 m2 none");
    assert_eq!(fetched("contain-values", &["1", "3"]), "m1 m1,2 m1,2,3");
    assert_eq!(fetched("contain-values", &["Same", "3"]), "m1,2,3");
    let crm = "Microsoft.Dynamics.CRM";
    for (filter, found) in [
        ("zz_mc in (2,1)".to_owned(), "m1,2"),
        ("zz_mc in (1,null)".to_owned(), "m1 none"),
        (
            format!("{crm}.In(PropertyName='zz_mc',PropertyValues=['1','2'])"),
            "m1,2",
        ),
        (
            format!("{crm}.NotIn(PropertyName='zz_mc',PropertyValues=['1','2'])"),
            "m1 m1,2,3 m2 none",
        ),
        (
            format!("{crm}.ContainValues(PropertyName='zz_mc',PropertyValues=['2','3'])"),
            "m1,2 m1,2,3 m2",
        ),
        (
            format!("{crm}.DoesNotContainValues(PropertyName='zz_mc',PropertyValues=['B',3])"),
            "m1 none",
        ),
    ] {
        assert_eq!(names(world.rows("lead", "lastname", &filter)), found, "{filter}");
    }
    let filter = format!("{crm}.ContainValues(PropertyName='lastname',PropertyValues=['1'])");
    let error = world.admin().refused(&["row", "list", "lead", "--filter", &filter]);
    assert!(
        text(&error, "message").contains("no column of several choices"),
        "{error}"
    );
}
