//! `sluice row`: rows of any table.

use serde_json::json;
use sluice_engine::keys;
use sluice_model::{
    Name, Parameter, Query, Reference, Request, Response, Right, Rights, Row, TableDef, Value, json as rows, odata,
};

use super::reach;
use crate::{
    assign,
    context::Context,
    door::{Door, after_privilege},
    lists,
    names::{self, Labels},
    output::Outcome,
    people,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List a table's rows.
    List(List),
    /// Show one row.
    Get {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// Only these columns.
        #[arg(long, value_name = "a,b")]
        select: Option<String>,
    },
    /// Make a row.
    Create {
        /// The table.
        table: String,
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
    },
    /// Change columns of a row.
    Update {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// Columns.
        #[arg(value_name = "NAME=VALUE", required = true)]
        columns: Vec<String>,
        /// Refuse it if the published duplicate rules find another row to be the same then.
        #[arg(long)]
        detect_duplicates: bool,
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
    /// Remove a row.
    Delete {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
    },
    /// Give a row to another owner.
    Assign {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// A user, or team:NAME.
        owner: String,
    },
    /// Share a row with somebody.
    Share {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// A user, or team:NAME.
        principal: String,
        /// Rights, such as read,write.
        rights: String,
        /// Let them take the place of the rights that the share has.
        #[arg(long)]
        replace: bool,
    },
    /// Take a share back.
    Unshare {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// A user, or team:NAME.
        principal: String,
    },
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
    /// Which rows: "statecode eq 0 and contains(companyname,'oil')".
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
        Command::Get { table, id, select } => get(context, &session, &table, &id, select.as_deref()),
        Command::Create {
            table,
            columns,
            from,
            dry_run,
            detect_duplicates,
        } => {
            let table = session.catalog()?.table(&table)?.clone();
            let row = new_row(&session, &table, &columns, from.as_deref())?;
            match dry_run {
                true => shown(context, &table, &row),
                false => create(&session, row, detect_duplicates),
            }
        }
        Command::Update {
            table,
            id,
            columns,
            detect_duplicates,
        } => update(context, &session, (&table, &id), &columns, detect_duplicates),
        Command::Upsert { table, key, columns } => upsert(&session, &table, &key, &columns),
        Command::Delete { table, id } => {
            let target = target(&session, &table, &id)?;
            reach::of_delete(context, &session, &target)?;
            session.execute(Request::delete(target.clone()))?;
            Ok(done("deleted", &target.table, target.id))
        }
        Command::Assign { table, id, owner } => {
            let (target, owner) = (target(&session, &table, &id)?, names::principal(&session, &owner)?);
            session.execute(
                Request::new("Assign")
                    .with("Target", target.clone())
                    .with("Assignee", owner),
            )?;
            Ok(done("assigned", &target.table, target.id))
        }
        Command::Share {
            table,
            id,
            principal,
            rights,
            replace,
        } => share(context, &session, (&table, &id), &principal, (&rights, replace)),
        Command::Unshare { table, id, principal } => {
            let (target, principal) = (target(&session, &table, &id)?, names::principal(&session, &principal)?);
            session.execute(
                Request::new("RevokeAccess")
                    .with("Target", target.clone())
                    .with("Revokee", principal),
            )?;
            Ok(done("no longer shared:", &target.table, target.id))
        }
    }
}

/// A row of these columns; what they do not say is as it comes from the row `from`.
fn new_row(session: &dyn Door, table: &TableDef, columns: &[String], from: Option<&str>) -> anyhow::Result<Row> {
    let mut row = read(session, table, columns, &[Right::Create])?;
    if let Some(from) = from {
        let mut whole = initialized(session, table, from)?;
        whole.values.extend(row.values);
        row.values = whole.values;
    }
    Ok(row)
}

fn create(session: &dyn Door, row: Row, detect_duplicates: bool) -> anyhow::Result<Outcome> {
    let table = row.table.clone();
    let request = detecting(Request::create(row), detect_duplicates);
    let id = session.execute(request)?.created().unwrap_or_default();
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("created {table} {id}"),
    ))
}

pub(super) fn update(
    context: &Context,
    session: &dyn Door,
    (table, id): (&str, &str),
    columns: &[String],
    detect_duplicates: bool,
) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let mut row = read(session, &table, columns, &[Right::Write])?;
    if row.values.is_empty() {
        return Err(Usage::because("nothing is to be changed: a row keeps its key"));
    }
    row.id = session.find_one(&table.name, id)?;
    reach::of_update(context, session, &row)?;
    let id = row.id;
    let response = session.execute(detecting(Request::update(row), detect_duplicates))?;
    updated(context, &table.name, id, references(&response, "RolesRemoved"))
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
fn read(session: &dyn Door, table: &TableDef, columns: &[String], rights: &[Right]) -> anyhow::Result<Row> {
    assign::row(session, table, columns).or_else(|error| {
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
fn shown(context: &Context, table: &TableDef, row: &Row) -> anyhow::Result<Outcome> {
    let columns: Vec<Name> = row.values.keys().cloned().collect();
    let text = if context.json() {
        String::new()
    } else {
        format!("nothing is made; it would be\n{}", people::sheet(context, table, row)?)
    };
    Ok(Outcome::new(rows::from_row(table, row, Some(&columns)), text))
}

/// A request is spared duplicate detection unless it asks for it.
fn detecting(request: Request, detect: bool) -> Request {
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

fn done(what: &str, table: &str, id: sluice_model::Uuid) -> Outcome {
    Outcome::new(json!({ "id": id.to_string() }), format!("{what} {table} {id}"))
}

/// What an Update did; who moves to another business unit leaves roles behind.
fn updated(context: &Context, table: &str, id: sluice_model::Uuid, removed: &[Reference]) -> anyhow::Result<Outcome> {
    if removed.is_empty() {
        return Ok(done("updated", table, id));
    }
    let labels = Labels::load(context, removed.iter().cloned())?;
    let names: Vec<String> = removed.iter().map(|role| labels.name(role)).collect();
    let one = |role: &Reference| json!({ "id": role.id.to_string(), "name": labels.name(role) });
    let roles: Vec<_> = removed.iter().map(one).collect();
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "rolesRemoved": roles }),
        format!("updated {table} {id}; taken away with the move: {}", names.join(", ")),
    ))
}

pub(super) fn list(context: &Context, session: &dyn Door, table: &str, args: &Which) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let asked = asked(session, &table, args);
    let mut query = asked.or_else(|error| after_privilege(session, &table.name, Right::Read, error))?;
    query.top = args.top;
    query.distinct = args.distinct;
    if args.distinct && query.columns.is_none() {
        return Err(Usage::because("--distinct goes with --select: rows are all different"));
    }
    if args.count {
        return super::view::count(session, query);
    }
    lists::list(context, session, query)
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

fn get(context: &Context, session: &dyn Door, table: &str, id: &str, select: Option<&str>) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let columns = select.map(|text| odata::select(&table, text)).transpose()?;
    let names: Vec<&str> = columns.iter().flatten().map(|name| &**name).collect();
    let row = names::row(session, &table.name, id, &names)?;
    let text = if context.json() {
        String::new()
    } else {
        people::sheet(context, &table, &row)?
    };
    Ok(Outcome::new(rows::from_row(&table, &row, columns.as_deref()), text))
}

fn share(
    context: &Context,
    session: &dyn Door,
    row: (&str, &str),
    principal: &str,
    (rights, replace): (&str, bool),
) -> anyhow::Result<Outcome> {
    let (target, principal) = (target(session, row.0, row.1)?, names::principal(session, principal)?);
    let mask = Rights::parse(rights).map_or_else(|| rights.to_owned(), |rights| rights.to_string());
    let request = Request::new(if replace { "ModifyAccess" } else { "GrantAccess" })
        .with("Target", target.clone())
        .with("Principal", principal.clone())
        .with("AccessMask", mask.as_str());
    session.execute(request)?;
    let name = Labels::load(context, [principal.clone()])?.name(&principal);
    let document = json!({ "id": target.id.to_string(), "principal": principal.id.to_string(), "rights": mask });
    Ok(Outcome::new(
        document,
        format!("shared {} {} with {name}: {mask}", target.table, target.id),
    ))
}

/// The references that a response carries under a name.
pub(crate) fn references<'a>(response: &'a Response, name: &str) -> &'a [Reference] {
    match response.outputs.get(name) {
        Some(Parameter::References(references)) => references,
        _ => &[],
    }
}
