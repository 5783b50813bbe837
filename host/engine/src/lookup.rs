//! Rows by the names that people know, and values as people write them.

use std::sync::Arc;

use sluice_access::check_privilege;
use sluice_model::{
    Catalog, Code, ColumnDef, ColumnType, Error, Filter, Name, Order, Parameter, Query, Reference, Request, Response,
    Result, Right, Row, TableDef, Uuid, Value, coerce,
    names::{did_you_mean, end_of_id},
};

use crate::{Batch, Session, keys, message::looked_up, tables};

/// What a name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One row.
    One(Uuid),
    /// None.
    None,
    /// Several: their ids with their names and something that tells them apart.
    Many(Vec<(Uuid, String)>),
}

/// What tells rows of one name apart.
const TELLING: [&str; 6] = [
    "primaryentity",
    "companyname",
    "parentcustomerid",
    "emailaddress1",
    "ownerid",
    "createdon",
];

/// How many candidates an ambiguous name lists.
const CANDIDATES: u32 = 10;

/// So many names are compared with one that no row has.
const COMPARED: u32 = 2_000;

/// Where rows are looked for by name: what somebody may see.
trait Lists {
    /// Whether a row may be named by the end of its id: people do; files that are read do not.
    const BY_END: bool;

    /// Whether rows of a table are looked for where a text does not say its table.
    fn may_read(&self, table: &str) -> bool;

    /// `; did you mean …`, where a row of the query, of those that may be read, is nearly called so in one of
    /// the columns: told to people.
    fn near(&mut self, query: Query, columns: &[Name], wrong: &str) -> String;

    fn catalog(&mut self) -> Result<Arc<Catalog>>;
    fn ask(&mut self, request: Request) -> Result<Response>;

    fn rows(&mut self, query: Query) -> Result<Vec<Row>> {
        Ok(self.ask(Request::retrieve_multiple(query))?.rows().to_vec())
    }

    /// The same, to find the row that somebody named so: a refusal says that it is about that alone.
    fn called(&mut self, query: Query, name: &str) -> Result<Vec<Row>> {
        let request = Request::retrieve_multiple(query).with(looked_up::NAME, name);
        Ok(self.ask(request)?.rows().to_vec())
    }
}

impl Lists for &Session {
    const BY_END: bool = true;

    fn may_read(&self, table: &str) -> bool {
        self.check_privilege(table, Right::Read).is_ok()
    }

    fn near(&mut self, query: Query, columns: &[Name], wrong: &str) -> String {
        Session::near(self, query, columns, wrong)
    }

    fn catalog(&mut self) -> Result<Arc<Catalog>> {
        Session::catalog(self)
    }

    fn ask(&mut self, request: Request) -> Result<Response> {
        self.execute(request)
    }
}

impl Lists for &mut Batch<'_> {
    const BY_END: bool = false;

    fn may_read(&self, table: &str) -> bool {
        let snapshot = &self.unit.snapshot;
        let check =
            |table: &TableDef| check_privilege(self.principal(), table, Right::Read, &snapshot.privileges).is_ok();
        snapshot.catalog.find(table).is_some_and(|table| check(table))
    }

    fn near(&mut self, _: Query, _: &[Name], _: &str) -> String {
        String::new()
    }

    fn catalog(&mut self) -> Result<Arc<Catalog>> {
        Ok(self.unit.snapshot()?.catalog.clone())
    }

    fn ask(&mut self, request: Request) -> Result<Response> {
        self.execute(request)
    }
}

impl Session {
    /// The row of `table` with that id or name, or with these values of an alternate key:
    /// `column=value,column=value`. A role's name means its root copy. It may also be the end
    /// of an id, among the rows that the user may read. `@last` is the row that was made last of those.
    ///
    /// # Errors
    /// The user may not read the table; the columns are no key that is at work; no row has the
    /// values of the key.
    pub fn find(&self, table: &str, name_or_id: &str) -> Result<Found> {
        find(&mut &*self, table, &Filter::All, name_or_id)
    }

    /// The row of `table` with that id or name.
    ///
    /// # Errors
    /// There is none; or there are several, and the message lists them.
    pub fn find_one(&self, table: &str, name_or_id: &str) -> Result<Uuid> {
        find_one(&mut &*self, table, (&Filter::All, noun(table)), name_or_id)
    }

    /// The same among the rows that a query asks for, where a table holds things of several kinds; `noun` is what
    /// people call one of these.
    ///
    /// # Errors
    /// There is none; or there are several, and the message lists them.
    pub fn find_among(&self, among: &Query, noun: &str, name_or_id: &str) -> Result<Uuid> {
        find_one(&mut &*self, &among.table, (&among.filter, noun), name_or_id)
    }

    /// `; did you mean `NAME`?`, where one of the query's rows, of those that the user may read, is nearly called
    /// so in one of the columns; else nothing, whatever the reason. It leaves no trace.
    pub fn near(&self, mut query: Query, columns: &[Name], wrong: &str) -> String {
        query.columns = Some(columns.to_vec());
        // A refusal would be on record as one of the user's.
        if self.check_privilege(&query.table, Right::Read).is_err() {
            return String::new();
        }
        let rows = self.glance(&query.top(COMPARED)).unwrap_or_default();
        let names = rows
            .iter()
            .flat_map(|row| columns.iter().filter_map(|column| row.text(column)));
        did_you_mean(wrong, names)
    }

    /// The value that `text` means in a column, as people write it: a choice by number or
    /// label, a lookup by id or name, `table:ID` or `table:NAME` where several of its targets have one, `null`.
    ///
    /// # Errors
    /// The text does not fit the column, or names no row or several.
    pub fn value(&self, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
        value(&mut &*self, table, column, text)
    }
}

impl Batch<'_> {
    /// The value that `text` means in a column, by the rows as the batch has left them: see
    /// [`Session::value`].
    ///
    /// # Errors
    /// The text does not fit the column, or names no row or several.
    pub fn value(&mut self, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
        value(&mut &mut *self, table, column, text)
    }
}

/// The table that people mean by a word before a colon: `user` is short for that of users.
pub fn table_called(word: &str) -> &str {
    match word {
        "user" => tables::USER,
        table => table,
    }
}

/// What people call a row of a table, where that is not the table's name.
pub fn noun(table: &str) -> &str {
    match table {
        tables::ASSEMBLY => "plug-in",
        tables::PLUGIN_TYPE => "plug-in type",
        tables::STEP => "step",
        tables::USER => "user",
        tables::VIEW => "view",
        "annotation" => "note",
        "asyncoperation" => "job",
        "businessunit" => "business unit",
        "duplicaterule" => "duplicate rule",
        "fieldsecurityprofile" => "column security profile",
        "optionset" => "choice",
        "sdkmessage" => "message",
        "systemform" => "form",
        "teamtemplate" => "access team template",
        table => table,
    }
}

/// What stands for the row that was made last.
const LAST: &str = "@last";

/// Rows that are no copies which the platform keeps of others, where a table has such.
pub(crate) fn originals(table: &TableDef) -> Filter {
    let copies = table.copy_of.as_ref();
    copies.map_or(Filter::All, |column| Filter::eq(column, Value::Null))
}

/// The row that was made last, of those that the user may read.
fn newest(rows: &mut impl Lists, table: &TableDef, among: &Filter) -> Result<Uuid> {
    let mut query = Query::new(table.name.clone()).columns(&[]).top(1);
    query.filter = originals(table).and(among.clone());
    if table.column("createdon").is_some() {
        query.order.push(Order {
            column: "createdon".into(),
            descending: true,
        });
    }
    query.order.push(Order {
        column: table.key.clone(),
        descending: true,
    });
    let found = rows.called(query, LAST)?;
    found.first().map(|row| row.id).ok_or_else(|| {
        let message = format!("there is no row of `{}` that you may read", table.name);
        Error::new(Code::NOT_FOUND, message).with_table(&table.name)
    })
}

fn find<R: Lists>(rows: &mut R, table: &str, among: &Filter, name_or_id: &str) -> Result<Found> {
    let catalog = rows.catalog()?;
    let table = catalog.table(table)?;
    if let Ok(id) = name_or_id.parse::<Uuid>() {
        return by_id(rows, table, among, id);
    }
    if R::BY_END && name_or_id == LAST {
        return newest(rows, table, among).map(Found::One);
    }
    if let Some(key) = keys::parse(table, name_or_id) {
        return of_key(rows, table, &key).map(Found::One);
    }
    // Nobody takes a user's place by a name of their own choice.
    if &*table.name == tables::USER {
        let signed_in = Filter::eq("domainname", name_or_id);
        let users = rows.called(Query::new(tables::USER).columns(&[]).filter(signed_in), name_or_id)?;
        if let [user] = users.as_slice() {
            let names = ["domainname".into()];
            return by_name(rows, (table, among), &names, name_or_id, user.id);
        }
    }
    let names = names(table);
    if names.is_empty() {
        return match by_end(rows, (table, among), &names, name_or_id)? {
            Found::None => Err(Error::invalid(format!(
                "rows of `{}` have no names; give the id",
                table.name
            ))),
            found => Ok(found),
        };
    }
    let any = names.iter().map(|name| Filter::eq(name, name_or_id)).collect();
    let filter = Filter::Or(any).and(originals(table)).and(among.clone());
    let mut query = Query::new(table.name.clone()).filter(filter).top(CANDIDATES);
    query.columns = Some(Vec::new());
    let found = rows.called(query.clone(), name_or_id)?;
    Ok(match found.as_slice() {
        [] => by_end(rows, (table, among), &names, name_or_id)?,
        [row] => by_name(rows, (table, among), &names, name_or_id, row.id)?,
        _ => Found::Many(candidates(rows, table, &names, query)?),
    })
}

/// The row of an id: nobody asks whether it is there, but whether it is one of those that are meant.
fn by_id(rows: &mut impl Lists, table: &TableDef, among: &Filter, id: Uuid) -> Result<Found> {
    if *among == Filter::All {
        return Ok(Found::One(id));
    }
    let filter = Filter::eq(&table.key, id).and(among.clone());
    let found = rows.rows(Query::new(table.name.clone()).columns(&[]).filter(filter))?;
    Ok(if found.is_empty() { Found::None } else { Found::One(id) })
}

/// The columns by which people name a table's rows.
pub(crate) fn names(table: &TableDef) -> Vec<Name> {
    let signed_in = (&*table.name == tables::USER).then(|| "domainname".into());
    table.primary_name.iter().cloned().chain(signed_in).collect()
}

/// The row that has a name, unless the name is the end of another row's id as well: then either may
/// be meant.
fn by_name(
    rows: &mut impl Lists,
    (table, among): (&TableDef, &Filter),
    names: &[Name],
    text: &str,
    named: Uuid,
) -> Result<Found> {
    let end = match by_end(rows, (table, among), names, text)? {
        Found::None => return Ok(Found::One(named)),
        Found::One(id) if id == named => return Ok(Found::One(named)),
        Found::One(_) | Found::Many(_) => end_of_id(text).unwrap_or_default(),
    };
    let either = vec![Filter::eq(&table.key, named), Filter::ends_with(&table.key, &end)];
    let query = Query::new(table.name.clone())
        .filter(Filter::Or(either).and(among.clone()))
        .top(CANDIDATES);
    Ok(Found::Many(candidates(rows, table, names, query)?))
}

/// The rows whose id ends so.
fn by_end<L: Lists>(rows: &mut L, (table, among): (&TableDef, &Filter), names: &[Name], text: &str) -> Result<Found> {
    let Some(end) = end_of_id(text).filter(|_| L::BY_END) else {
        return Ok(Found::None);
    };
    let query = Query::new(table.name.clone())
        .columns(&[])
        .filter(Filter::ends_with(&table.key, &end).and(among.clone()))
        .top(CANDIDATES);
    let found = rows.called(query.clone(), text)?;
    Ok(match found.as_slice() {
        [] => Found::None,
        [row] => Found::One(row.id),
        _ => Found::Many(candidates(rows, table, names, query)?),
    })
}

/// Rows of one name, each with what tells it from the others.
fn candidates(
    rows: &mut impl Lists,
    table: &TableDef,
    names: &[Name],
    mut query: Query,
) -> Result<Vec<(Uuid, String)>> {
    let telling = TELLING.iter().filter_map(|column| table.column(column));
    query.columns = Some(
        names
            .iter()
            .cloned()
            .chain(telling.map(|column| column.name.clone()))
            .collect(),
    );
    let answer = rows.ask(Request::retrieve_multiple(query).with("LookupNames", true))?;
    let catalog = rows.catalog()?;
    let called = |reference: &Reference| {
        let Some(Parameter::Rows(named)) = answer.outputs.get("LookupNames") else {
            return None;
        };
        let row = named.iter().find(|row| row.reference() == *reference)?;
        let column = catalog.find(&row.table)?.primary_name.clone()?;
        row.text(&column).map(str::to_owned)
    };
    let rows = answer.rows().iter();
    Ok(rows.map(|row| (row.id, describe(row, names, called))).collect())
}

/// The row that has these values of a key.
fn of_key(rows: &mut impl Lists, table: &TableDef, key: &[(Name, &str)]) -> Result<Uuid> {
    let names: Vec<Name> = key.iter().map(|(name, _)| name.clone()).collect();
    keys::key_of(table, names.iter().map(|name| &**name))?;
    let mut values = Row::unsaved(table.name.clone());
    for (name, text) in key {
        values.set(name.clone(), value(rows, table, coerce::column(table, name)?, text)?);
    }
    let found = rows.rows(keys::query(table, &values, &names)?)?;
    found.first().map(|row| row.id).ok_or_else(|| keys::no_row(table))
}

fn find_one(rows: &mut impl Lists, table: &str, (among, noun): (&Filter, &str), name_or_id: &str) -> Result<Uuid> {
    match find(rows, table, among, name_or_id)? {
        Found::One(id) => Ok(id),
        Found::None => {
            let catalog = rows.catalog()?;
            let known = catalog.table(table)?;
            let query = Query::new(table).filter(originals(known).and(among.clone()));
            let hint = rows.near(query, &names(known), name_or_id);
            let message = format!("there is no {noun} \"{name_or_id}\"{hint}");
            Err(Error::new(Code::NOT_FOUND, message).with_table(table))
        }
        Found::Many(candidates) => {
            let list: Vec<String> = candidates.iter().map(|(id, name)| format!("{id} ({name})")).collect();
            let message = format!(
                "\"{name_or_id}\" is ambiguous in {table}: {}; give the id",
                list.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message).with_table(table))
        }
    }
}

fn value(rows: &mut impl Lists, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
    if text == "null" {
        return Ok(Value::Null);
    }
    let ColumnType::Lookup { targets } = &column.kind else {
        return coerce::from_text(table, column, text);
    };
    let (target, name) = match (text.split_once(':'), targets.as_slice()) {
        (Some((target, name)), _) if targets.iter().any(|known| &**known == table_called(target)) => {
            (Name::from(table_called(target)), name)
        }
        (_, [only]) => (only.clone(), text),
        (_, several) => {
            return match of_any(rows, several, text)? {
                Some(row) => Ok(Value::Lookup(row)),
                None => coerce::from_text(table, column, text),
            };
        }
    };
    Ok(Value::Lookup(Reference {
        id: find_one(rows, &target, (&Filter::All, noun(&target)), name)?,
        table: target,
    }))
}

/// The one row with that name in any of the tables, as far as they may be read: an id says nothing of its table.
fn of_any<R: Lists>(rows: &mut R, tables: &[Name], text: &str) -> Result<Option<Reference>> {
    if text.parse::<Uuid>().is_ok() {
        return Ok(None);
    }
    let mut found: Option<Reference> = None;
    for table in tables {
        let catalog = rows.catalog()?;
        let is_named = catalog.find(table).is_some_and(|table| !names(table).is_empty());
        if !is_named || !rows.may_read(table) {
            continue;
        }
        if find(rows, table, &Filter::All, text)? == Found::None {
            continue;
        }
        let row = Reference::new(table.clone(), find_one(rows, table, (&Filter::All, noun(table)), text)?);
        if let Some(other) = found.replace(row) {
            let message = format!(
                "\"{text}\" names a row of {} and of {table}; write TABLE:NAME",
                other.table
            );
            return Err(Error::new(Code::AMBIGUOUS, message));
        }
    }
    Ok(found)
}

/// The name, and what tells rows of one name apart.
fn describe(row: &Row, names: &[Name], called: impl Fn(&Reference) -> Option<String>) -> String {
    let name = names.iter().find_map(|name| row.text(name)).unwrap_or_default();
    let mut parts = vec![name.to_owned()];
    for column in TELLING {
        let told = match row.get(column) {
            Some(Value::DateTime(time)) => Some(format!("created {}", sluice_model::json::whole_seconds(*time))),
            Some(Value::Lookup(reference)) if column == "ownerid" => {
                called(reference).map(|name| format!("owned by {name}"))
            }
            Some(Value::Lookup(reference)) => called(reference),
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        parts.extend(told);
    }
    parts.join(", ")
}
