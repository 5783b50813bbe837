//! `sluice row`: rows of any table.

use serde_json::json;
use sluice_engine::{Session, keys};
use sluice_model::{
    Name, Parameter, Query, Reference, Request, Response, Right, Row, TableDef, Value, json as rows, odata,
};

use sluice_platform::mapping;

use super::{
    row_change::{self, Changes},
    selection::Selection,
    view,
};
use crate::{
    assign,
    context::Context,
    door::{Door, after_privilege},
    lists, names,
    output::{Outcome, takes_out},
    people,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List a table's rows.
    List(List),
    /// Show one row.
    #[command(visible_alias = "show")]
    Get {
        /// The table.
        table: String,
        #[command(flatten)]
        shown: Shown,
    },
    /// Make a row.
    Create {
        /// The table.
        table: String,
        #[command(flatten)]
        new: New,
    },
    /// Change columns of rows.
    Update {
        /// The table.
        table: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Change the row that has these values of an alternate key, or make it where there is none.
    Upsert {
        /// The table.
        table: String,
        /// The values of the key: accountnumber=A-17, or a=1,b=2.
        key: String,
        /// Columns.
        #[arg(value_name = "NAME=VALUE")]
        columns: Vec<String>,
    },
    /// Remove rows.
    Delete {
        /// The table.
        table: String,
        #[command(flatten)]
        rows: Selection,
    },
    /// Give rows to another owner.
    Assign(row_change::Assign),
    /// Share rows with somebody.
    Share(row_change::Share),
    /// Take shares of rows back.
    Unshare(row_change::Unshare),
}

/// A row that is to be made.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Columns.
    #[arg(value_name = "NAME=VALUE")]
    columns: Vec<String>,
    /// As *+ New* on this row's form does: with what the mappings carry over from it, and a
    /// reference to it. Columns that are given come before what is mapped.
    #[arg(long, value_name = "TABLE:ROW")]
    from: Option<String>,
    /// Only show the columns that it would be made with.
    #[arg(long)]
    dry_run: bool,
    /// Refuse it if the published duplicate rules find it to be there already.
    #[arg(long)]
    detect_duplicates: bool,
}

/// One row that is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    /// The row's id or name.
    id: String,
    /// Only these columns.
    #[arg(long, value_name = "a,b")]
    select: Option<String>,
}

/// `row list`
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The table.
    table: String,
    #[command(flatten)]
    which: Which,
}

/// Which rows of a table, and what of them.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The rows of a view, with its columns and in its order: the same as `view run`.
    #[arg(long, value_name = "VIEW", conflicts_with = "distinct")]
    view: Option<String>,
    /// Which rows: "statecode eq 0 and contains(companyname,'oil')". With --view, those of the view.
    #[arg(long, value_name = "ODATA")]
    filter: Option<String>,
    /// Only these columns.
    #[arg(long, value_name = "a,b")]
    select: Option<String>,
    /// In this order: "createdon desc,subject".
    #[arg(long, visible_alias = "orderby", value_name = "a,b")]
    order: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    top: Option<u32>,
    /// Rows that are the same in the columns of --select come once.
    #[arg(long)]
    distinct: bool,
    /// How many rows there are, and not the rows.
    #[arg(long, conflicts_with = "top")]
    count: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List(args) => list(context, &session, &args.table, &args.which),
        Command::Get { table, shown } => show(context, &session, &table, &shown),
        Command::Create { table, new } => create(context, &session, &table, &new),
        Command::Update { table, changes } => row_change::update(context, &session, &table, &changes),
        Command::Upsert { table, key, columns } => upsert(&session, &table, &key, &columns),
        Command::Delete { table, rows } => row_change::delete(context, &session, &table, &rows),
        Command::Assign(args) => row_change::assign(context, &session, &args),
        Command::Share(args) => row_change::share(context, &session, &args),
        Command::Unshare(args) => row_change::unshare(context, &session, &args),
    }
}

/// A row of these columns; what they do not say is as it comes from the row `from`.
fn new_row(session: &dyn Door, table: &TableDef, columns: &[String], from: Option<&str>) -> anyhow::Result<Row> {
    let row = read(session, table, columns, &[Right::Create])?;
    match from {
        Some(from) => Ok(mapping::with_given(table, initialized(session, table, from)?, row)?),
        None => Ok(row),
    }
}

/// Makes a row of a table, or shows what it would be.
pub(super) fn create(context: &Context, session: &dyn Door, table: &str, new: &New) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let row = new_row(session, &table, &new.columns, new.from.as_deref())?;
    if new.dry_run {
        return dry_run(context, &table, &row);
    }
    let request = detecting(Request::create(row), new.detect_duplicates);
    let id = session.execute(request)?.created().unwrap_or_default();
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("created {} {id}", table.name),
    ))
}

fn upsert(session: &dyn Door, table: &str, key: &str, columns: &[String]) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let parts: Vec<String> = keys::parse(&table, key)
        .ok_or_else(|| {
            Usage::because(format!(
                "`{key}` is no key; write COLUMN=VALUE, or COLUMN=VALUE,COLUMN=VALUE"
            ))
        })?
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let rights = [Right::Create, Right::Write];
    let names = read(session, &table, &parts, &rights)?
        .values
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let row = read(session, &table, &[parts.as_slice(), columns].concat(), &rights)?;
    let request = Request::new("Upsert")
        .with("Target", row)
        .with("KeyAttributes", Parameter::Names(names));
    let response = session.execute(request)?;
    let created = matches!(
        response.outputs.get("RecordCreated"),
        Some(Parameter::Value(Value::Bool(true)))
    );
    let id = match response.outputs.get("Target") {
        Some(Parameter::Reference(row)) => row.id,
        _ => sluice_model::Uuid::nil(),
    };
    let what = if created { "created" } else { "updated" };
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "created": created }),
        format!("{what} {} {id}", table.name),
    ))
}

/// The row that assignments describe. Who lacks a right is told that, and not what is wrong with them.
pub(super) fn read(session: &dyn Door, table: &TableDef, columns: &[String], rights: &[Right]) -> anyhow::Result<Row> {
    let row = match rights {
        [Right::Create] => assign::new_row(session, table, columns),
        _ => assign::row(session, table, columns),
    };
    row.or_else(|error| {
        for right in rights {
            session.check_privilege(&table.name, *right)?;
        }
        Err(error)
    })
}

/// What the mappings give a new row of a table from the row `TABLE:ROW`.
fn initialized(session: &dyn Door, table: &TableDef, from: &str) -> anyhow::Result<Row> {
    let (source, name) = from
        .split_once(':')
        .ok_or_else(|| Usage::because(format!("`{from}` names no row; write TABLE:ROW, such as lead:ID")))?;
    let request = Request::new("InitializeFrom")
        .with("EntityMoniker", target(session, source, name)?)
        .with("TargetEntityName", &*table.name);
    match session.execute(request)?.outputs.remove("Entity") {
        Some(Parameter::Row(row)) => Ok(row),
        _ => Ok(Row::unsaved(table.name.clone())),
    }
}

/// A row that is not made.
fn dry_run(context: &Context, table: &TableDef, row: &Row) -> anyhow::Result<Outcome> {
    let columns: Vec<Name> = row.values.keys().cloned().collect();
    let text = if context.json() {
        String::new()
    } else {
        format!("nothing is made; it would be\n{}", people::sheet(context, table, row)?)
    };
    Ok(Outcome::new(rows::from_row(table, row, Some(&columns)), text))
}

/// A request is spared duplicate detection unless it asks for it.
pub(super) fn detecting(request: Request, detect: bool) -> Request {
    match detect {
        true => request.with("SuppressDuplicateDetection", false),
        false => request,
    }
}

/// A row by the name of its table and its own.
pub(crate) fn target(session: &dyn Door, table: &str, id: &str) -> anyhow::Result<Reference> {
    let id = session.find_one(table, id)?;
    Ok(Reference::new(table, id))
}

pub(super) fn list(context: &Context, session: &Session, table: &str, args: &Which) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    if args.view.is_some() {
        let run = view::Run {
            view: args.view.clone(),
            table: Some(table.name.to_string()),
            fetch: None,
            filter: args.filter.clone(),
            select: args.select.clone(),
            order: args.order.clone(),
            top: args.top,
            count: args.count,
        };
        return view::rows(context, session, &run);
    }
    let asked = asked(session, &table, args);
    let mut query = asked.or_else(|error| after_privilege(session, &table.name, Right::Read, error))?;
    query.distinct = args.distinct;
    if args.distinct && query.columns.is_none() {
        return Err(Usage::because("--distinct goes with --select: rows are all different"));
    }
    if args.count {
        return view::count(session, query);
    }
    lists::list(context, session, query, args.top)
}

/// Which rows, which of their columns, in which order.
fn asked(session: &dyn Door, table: &TableDef, args: &Which) -> anyhow::Result<Query> {
    let mut query = Query::new(table.name.clone());
    query.columns = args
        .select
        .as_deref()
        .map(|text| odata::select(table, text))
        .transpose()?;
    if query.columns.as_ref().is_some_and(Vec::is_empty) {
        return Err(Usage::because("--select names no column"));
    }
    if let Some(text) = &args.filter {
        query.filter = odata::filter(&session.surroundings()?, table, text)?;
    }
    if let Some(text) = &args.order {
        query.order = odata::order(table, text)?;
        if query.order.is_empty() {
            return Err(Usage::because("--order names no column"));
        }
    }
    Ok(query)
}

/// All the rows wanted of a table that has few.
pub(crate) fn pages(session: &dyn Door, query: &Query) -> anyhow::Result<Vec<Row>> {
    let mut all = Vec::new();
    session.each(query.clone(), &mut |rows| {
        all.extend(rows);
        Ok(())
    })?;
    Ok(all)
}

/// Shows one row of a table.
pub(super) fn show(context: &Context, session: &dyn Door, table: &str, shown: &Shown) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let columns = shown
        .select
        .as_deref()
        .map(|text| odata::select(&table, text))
        .transpose()?;
    let names: Vec<&str> = columns.iter().flatten().map(|name| &**name).collect();
    let row = names::row(session, &table.name, &shown.id, &names)?;
    if takes_out() {
        // As cells, one row is a list of one: all its columns, or those that are asked for.
        let all = || table.columns.iter().map(|column| column.name.clone()).collect();
        return people::rows_of(context, &table, &[row], Some(&columns.unwrap_or_else(all)));
    }
    let text = if context.json() {
        String::new()
    } else {
        people::sheet(context, &table, &row)?
    };
    Ok(Outcome::new(rows::from_row(&table, &row, columns.as_deref()), text))
}

/// The references that a response carries under a name.
pub(crate) fn references<'a>(response: &'a Response, name: &str) -> &'a [Reference] {
    match response.outputs.get(name) {
        Some(Parameter::References(references)) => references,
        _ => &[],
    }
}
