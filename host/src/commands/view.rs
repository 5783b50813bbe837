//! `sluice view`: stored queries, and queries of FetchXML that are not stored.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Parameter, Query, Reference, Request, Right, Row, Uuid, Value, fetchxml, odata};
use sluice_platform::View;
use sluice_platform::prelude::*;

use super::{reach, selection::Picked, several};
use crate::{
    context::Context,
    door::Door,
    lists,
    output::{Grid, Outcome},
    people, reading,
    text::grouped,
    usage::Usage,
};

const OPERATORS: &str = "\
The operators of FetchXML and of --filter are in docs/views.md: comparisons, periods such as last-x-months, the user \
who asks, and whether related rows exist.";

/// See the module.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = OPERATORS)]
pub(crate) enum Command {
    /// List the views of the tables that you may read, or of one of them.
    List {
        /// The table.
        table: Option<String>,
        /// The same.
        #[arg(long = "table", value_name = "TABLE", conflicts_with = "table")]
        of: Option<String>,
    },
    /// Show a view with its query.
    Show(Named),
    /// List the rows that a view asks for.
    Run(Run),
    /// Make a view.
    Create(Create),
    /// Change a view.
    Update(Update),
    /// Remove views.
    Delete {
        /// Their names or ids; - reads them from standard input, one a line.
        #[arg(value_name = "VIEW", required = true)]
        view: Vec<String>,
        /// Their table, where several have a view of that name.
        #[arg(long)]
        table: Option<String>,
    },
}

/// A view by its name.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The view's name or id.
    view: String,
    /// Its table, where several have a view of that name.
    #[arg(long)]
    table: Option<String>,
}

/// `view run`
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The view's name or id.
    #[arg(conflicts_with = "fetch")]
    pub(super) view: Option<String>,
    /// Its table, where several have a view of that name.
    #[arg(long, conflicts_with = "fetch")]
    pub(super) table: Option<String>,
    /// A query that is not stored.
    #[arg(long, value_name = "XML|@FILE")]
    pub(super) fetch: Option<String>,
    /// Of these rows only some: "statecode eq 0 and contains(companyname,'oil')".
    #[arg(long, value_name = "ODATA")]
    pub(super) filter: Option<String>,
    /// Only these columns.
    #[arg(long, value_name = "a,b")]
    pub(super) select: Option<String>,
    /// In this order, and not in the view's: "createdon desc,subject".
    #[arg(long, visible_alias = "orderby", value_name = "a,b")]
    pub(super) order: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(super) top: Option<u32>,
    /// How many rows there are, and not the rows.
    #[arg(long, conflicts_with = "top")]
    pub(super) count: bool,
}

/// `view create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What people call it.
    name: String,
    /// The table whose rows it lists.
    #[arg(long)]
    table: String,
    /// The query.
    #[arg(long, value_name = "XML|@FILE")]
    fetch: String,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// The table's lists begin with it.
    #[arg(long)]
    default: bool,
}

/// `view update`
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    view: Named,
    /// Another name.
    #[arg(long)]
    name: Option<String>,
    /// Another query.
    #[arg(long, value_name = "XML|@FILE")]
    fetch: Option<String>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// The table's lists begin with it.
    #[arg(long)]
    default: bool,
}

const TABLE: &str = "savedquery";

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { table, of } => list(&session, table.or(of).as_deref()),
        Command::Show(named) => Ok(show(&find(&session, &named)?)),
        Command::Run(args) => rows(context, &session, &args),
        Command::Create(args) => create(&session, &args),
        Command::Update(args) => update(&session, &args),
        Command::Delete { view, table } => {
            let views = Picked::named(&view)?;
            let find = |name: &str| Ok(session.view(name, table.as_deref())?.id);
            let first = |found: &[&Uuid]| {
                let rows: Vec<Reference> = found.iter().map(|id| Reference::new(TABLE, **id)).collect();
                reach::of_deletes(context, &rows)
            };
            several::picked(context, ("view", "deleted"), &views, find, first, |id| {
                let view = session.view(&id.to_string(), None)?;
                session.execute(Request::delete(Reference::new(TABLE, id)))?;
                Ok(several::of_one(done("deleted", &view)))
            })
        }
    }
}

fn find(session: &Session, named: &Named) -> anyhow::Result<View> {
    Ok(session.view(&named.view, named.table.as_deref())?)
}

fn list(session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let views = session.views(table)?;
    let mut grid = Grid::new(["view", "table", "default", "id"]);
    for view in &views {
        let default = if view.is_default { "yes" } else { "" };
        grid.row([&*view.name, &view.table, default, &view.id.to_string()]);
    }
    Ok(Outcome::list(
        views.iter().map(to_json).collect(),
        grid.text("no views of tables that you may read"),
    ))
}

fn to_json(view: &View) -> Json {
    json!({
        "savedqueryid": view.id.to_string(),
        "name": view.name,
        "returnedtypecode": view.table,
        "isdefault": view.is_default,
        "description": view.description,
        "fetchxml": view.fetch,
    })
}

fn show(view: &View) -> Outcome {
    let id = view.id.to_string();
    let mut lines = vec![("view", view.name.as_str()), ("table", &view.table)];
    if let Some(description) = &view.description {
        lines.push(("description", description));
    }
    lines.push(("default", if view.is_default { "yes" } else { "no" }));
    lines.push(("id", &id));
    let text = format!("{}\n\n{}", people::pairs(&lines), view.fetch);
    Outcome::new(to_json(view), text)
}

/// The rows of a stored query, or of one that is not.
pub(super) fn rows(context: &Context, session: &Session, args: &Run) -> anyhow::Result<Outcome> {
    let surroundings = session.surroundings()?;
    let mut query = match (&args.fetch, &args.view) {
        (Some(fetch), _) => {
            reading::allowed(session)?;
            let fetch = reading::text_or_file(fetch)?;
            // Who may not read the table is told before the rest is read.
            if let Some(table) = fetchxml::table(&fetch) {
                session.check_privilege(&table, Right::Read)?;
            }
            fetchxml::parse(&surroundings, &fetch)?
        }
        (None, Some(view)) => fetchxml::parse(&surroundings, &session.view(view, args.table.as_deref())?.fetch)?,
        (None, None) => return Err(Usage::because("name a view, or give a query with --fetch")),
    };
    let table = surroundings.catalog.table(&query.table)?;
    if let Some(text) = &args.filter {
        query.filter = query.filter.and(odata::filter(&surroundings, table, text)?);
    }
    if let Some(text) = &args.select {
        query.columns = Some(odata::select(table, text)?);
    }
    if let Some(text) = &args.order {
        query.order = odata::order(table, text)?;
    }
    if args.count {
        return count(session, query);
    }
    lists::list(context, session, query, args.top)
}

/// How many rows there are.
pub(crate) fn count(session: &dyn Door, query: Query) -> anyhow::Result<Outcome> {
    // A page has as many as it shows.
    if query.page.is_some() {
        let count = session.execute(Request::retrieve_multiple(query))?.rows().len();
        return Ok(Outcome::new(json!({ "count": count }), grouped(count as u64)));
    }
    let most = query.top.map(u64::from);
    let query = Query {
        top: Some(0),
        order: Vec::new(),
        ..query
    };
    let response = session.execute(Request::retrieve_multiple(query).with("ReturnTotalRecordCount", true))?;
    let all = match response.outputs.get("TotalRecordCount") {
        Some(Parameter::Value(Value::BigInt(count))) => count.unsigned_abs(),
        _ => 0,
    };
    let count = most.map_or(all, |most| all.min(most));
    Ok(Outcome::new(json!({ "count": count }), grouped(count)))
}

fn create(session: &Session, args: &Create) -> anyhow::Result<Outcome> {
    let mut row = Row::unsaved(TABLE)
        .with("name", args.name.as_str())
        .with("returnedtypecode", args.table.as_str())
        .with("fetchxml", reading::text_or_file(&args.fetch)?)
        .with("isdefault", args.default);
    if let Some(description) = &args.description {
        row.set("description", description.as_str());
    }
    let id = session.execute(Request::create(row))?.created().unwrap_or_default();
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("created view \"{}\" {id}", args.name),
    ))
}

fn update(session: &Session, args: &Update) -> anyhow::Result<Outcome> {
    let view = find(session, &args.view)?;
    let mut row = Row::new(TABLE, view.id);
    if let Some(name) = &args.name {
        row.set("name", name.as_str());
    }
    if let Some(fetch) = &args.fetch {
        row.set("fetchxml", reading::text_or_file(fetch)?);
    }
    if let Some(description) = &args.description {
        row.set("description", description.as_str());
    }
    if args.default {
        row.set("isdefault", true);
    }
    if row.values.is_empty() {
        return Err(Usage::because(
            "nothing is to be changed: give --name, --fetch, --description or --default",
        ));
    }
    session.execute(Request::update(row))?;
    Ok(done("updated", &view))
}

fn done(what: &str, view: &View) -> Outcome {
    Outcome::new(
        json!({ "id": view.id.to_string() }),
        format!("{what} view \"{}\" of {} {}", view.name, view.table, view.id),
    )
}
