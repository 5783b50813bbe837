//! `sluice form`: forms with their scripts. A change counts once it is published, which each
//! command does with its own change, unless it is told to leave a draft.

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Code, Error, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_sales::form::{self, Definition, LEAD_LIBRARY};

use super::{reach, selection::Selection, several};
use crate::{
    assign,
    context::Context,
    names,
    output::{Exit, Grid, Outcome},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the forms.
    List {
        /// Only those of this table.
        table: Option<String>,
    },
    /// Show a form with its scripts.
    Show {
        /// The form's name or id.
        form: String,
    },
    /// Make a main form.
    Create {
        /// The name.
        name: String,
        /// The table.
        #[arg(long)]
        table: String,
        /// A script that runs when the form opens; as often as needed.
        #[arg(long = "library", value_name = "WEB RESOURCE")]
        libraries: Vec<String>,
        /// Clients open this form where none is named.
        #[arg(long)]
        default: bool,
        #[command(flatten)]
        draft: Draft,
    },
    /// Let a script run when the form opens.
    AddLibrary {
        /// The form's name or id.
        form: String,
        /// The web resource.
        library: String,
        /// The function in it.
        #[arg(long, default_value = "onLoad")]
        function: String,
        #[command(flatten)]
        draft: Draft,
    },
    /// Take a script off a form.
    RemoveLibrary {
        /// The form's name or id.
        form: String,
        /// The web resource.
        library: String,
        #[command(flatten)]
        draft: Draft,
    },
    /// Let the handler of a script run again.
    Enable {
        /// The form's name or id.
        form: String,
        /// The web resource.
        library: String,
        #[command(flatten)]
        draft: Draft,
    },
    /// Keep the handler of a script from running, without taking it off the form.
    Disable {
        /// The form's name or id.
        form: String,
        /// The web resource.
        library: String,
        #[command(flatten)]
        draft: Draft,
    },
    /// Let clients open this form where none is named.
    SetDefault {
        /// The form's name or id.
        form: String,
        #[command(flatten)]
        draft: Draft,
    },
    /// Change columns of a form: name, description.
    Update {
        /// The form's name or id.
        form: String,
        /// Columns.
        #[arg(value_name = "NAME=VALUE", required = true)]
        columns: Vec<String>,
        #[command(flatten)]
        draft: Draft,
    },
    /// Remove forms that are not the default one.
    Delete {
        #[command(flatten)]
        forms: Selection,
        #[command(flatten)]
        draft: Draft,
    },
    /// Say whether the forms of a table fill in contact and account by themselves, and why not.
    Check {
        /// The table.
        table: String,
        /// Only this form.
        #[arg(long)]
        form: Option<String>,
    },
}

/// Whether a change is published.
#[derive(Debug, clap::Args)]
pub(crate) struct Draft {
    /// Leave the change unpublished.
    #[arg(long)]
    pub(crate) draft: bool,
}

impl Draft {
    /// Publishes the changes of these rows, unless they are to stay drafts.
    pub(crate) fn publish(&self, session: &Session, rows: Vec<Reference>) -> anyhow::Result<&'static str> {
        if self.draft {
            return Ok("not yet published (`publish` does)");
        }
        session.execute(Request::new("PublishXml").with("Components", Parameter::References(rows)))?;
        Ok("published")
    }
}

const TABLE: &str = "systemform";

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { table } => list(&session, table.as_deref()),
        Command::Show { form } => show(&session, &form),
        Command::Create {
            name,
            table,
            libraries,
            default,
            draft,
        } => create(&session, (&name, &table), &libraries, default, &draft),
        Command::AddLibrary {
            form,
            library,
            function,
            draft,
        } => change(&session, &form, &draft, |definition| {
            definition.add_library(&library, &function);
            true
        }),
        Command::RemoveLibrary { form, library, draft } => change(&session, &form, &draft, |definition| {
            definition.remove_library(&library)
        }),
        Command::Enable { form, library, draft } => change(&session, &form, &draft, |definition| {
            set_enabled(definition, &library, true)
        }),
        Command::Disable { form, library, draft } => change(&session, &form, &draft, |definition| {
            set_enabled(definition, &library, false)
        }),
        Command::SetDefault { form, draft } => {
            let row = names::row(&session, TABLE, &form, &["name", "objecttypecode"])?;
            let rows = make_default(&session, row.text("objecttypecode").unwrap_or_default(), row.id)?;
            let published = draft.publish(&session, rows)?;
            Ok(Outcome::new(
                json!({ "id": row.id.to_string() }),
                format!("clients open the form {form} where none is named; {published}"),
            ))
        }
        Command::Update { form, columns, draft } => {
            let row = names::row(&session, TABLE, &form, &["name"])?;
            let table = session.catalog()?.table(TABLE)?.clone();
            let change = Row {
                id: row.id,
                ..assign::row(&session, &table, &columns)?
            };
            session.execute(Request::update(change))?;
            let published = draft.publish(&session, vec![row.reference()])?;
            let name = row.text("name").unwrap_or(&form);
            Ok(Outcome::new(
                json!({ "id": row.id.to_string() }),
                format!("changed the form {name}; {published}"),
            ))
        }
        Command::Delete { forms, draft } => delete(context, &session, &forms, &draft),
        Command::Check { table, form } => check(context, &session, &table, form.as_deref()),
    }
}

fn delete(context: &Context, session: &Session, forms: &Selection, draft: &Draft) -> anyhow::Result<Outcome> {
    let forms = forms.pick(session, TABLE)?;
    let find = |name: &str| session.find_one(TABLE, name);
    let first = |found: &[&Uuid]| {
        let rows: Vec<Reference> = found.iter().map(|id| Reference::new(TABLE, **id)).collect();
        reach::of_deletes(context, &rows)
    };
    several::picked(context, ("form", "removed"), &forms, find, first, |id| {
        let name = names::called(session, TABLE, &id.to_string())?.1;
        let target = Reference::new(TABLE, id);
        session.execute(Request::delete(target.clone()))?;
        let published = draft.publish(session, vec![target])?;
        Ok((several::item(id), format!("removed the form {name}; {published}")))
    })
}

fn list(session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let mut query = Query::new(TABLE).order_by("objecttypecode").order_by("name");
    if let Some(table) = table {
        session.catalog()?.table(table)?;
        query.filter = Filter::eq("objecttypecode", table);
    }
    let mut grid = Grid::new(["form", "table", "default", "published", "id"]);
    let mut items = Vec::new();
    for row in session.list(query)? {
        let state = match session.is_as_published(&row)? {
            Some(true) => "yes",
            Some(false) => "changed since",
            None => "no",
        };
        let default = row.bool("isdefault") == Some(true);
        let (name, table) = (
            row.text("name").unwrap_or_default(),
            row.text("objecttypecode").unwrap_or_default(),
        );
        let id = row.id.to_string();
        grid.row([name, table, if default { "yes" } else { "" }, state, &id]);
        items.push(json!({ "formid": id, "name": name, "table": table, "default": default, "published": state }));
    }
    Ok(Outcome::list(items, grid.text("no forms")))
}

fn show(session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let row = names::row(session, TABLE, name, &[])?;
    let definition = Definition::of(&row)?;
    let mut grid = Grid::new(["OnLoad handler", "function", "enabled"]);
    for handler in &definition.events.onload {
        let enabled = if handler.enabled { "yes" } else { "no" };
        grid.row([handler.library.as_str(), handler.function.as_str(), enabled]);
    }
    let title = format!(
        "form {} of {}",
        row.text("name").unwrap_or_default(),
        row.text("objecttypecode").unwrap_or_default()
    );
    let document = json!({
        "formid": row.id.to_string(),
        "name": row.text("name"),
        "table": row.text("objecttypecode"),
        "definition": serde_json::to_value(&definition)?,
    });
    Ok(Outcome::table(
        document,
        &title,
        grid.text("no script runs when it opens"),
        "",
    ))
}

fn create(
    session: &Session,
    (name, table): (&str, &str),
    libraries: &[String],
    default: bool,
    draft: &Draft,
) -> anyhow::Result<Outcome> {
    session.catalog()?.table(table)?;
    let mut definition = Definition::default();
    for library in libraries {
        definition.add_library(library, "onLoad");
    }
    let row = Row::unsaved(TABLE)
        .with("name", name)
        .with("objecttypecode", table)
        .with("type", Value::Choice(2))
        .with("formjson", definition.to_text());
    let id = session.execute(Request::create(row))?.created().unwrap_or_default();
    let mut rows = vec![Reference::new(TABLE, id)];
    if default {
        rows.extend(make_default(session, table, id)?);
    }
    let published = draft.publish(session, rows)?;
    Ok(Outcome::new(
        json!({ "id": id.to_string() }),
        format!("made the form {name} of {table}; {published}"),
    ))
}

/// One form of a table is the default one.
fn make_default(session: &Session, table: &str, id: Uuid) -> anyhow::Result<Vec<Reference>> {
    let filter = Filter::eq("objecttypecode", table);
    let mut changed = Vec::new();
    for row in session.list(Query::new(TABLE).columns(&["isdefault"]).filter(filter))? {
        let default = row.id == id;
        if row.bool("isdefault") != Some(default) {
            session.execute(Request::update(Row::new(TABLE, row.id).with("isdefault", default)))?;
            changed.push(row.reference());
        }
    }
    Ok(changed)
}

/// Changes a form's definition, as the customizer sees it.
fn change(
    session: &Session,
    name: &str,
    draft: &Draft,
    change: impl FnOnce(&mut Definition) -> bool,
) -> anyhow::Result<Outcome> {
    let row = names::row(session, TABLE, name, &[])?;
    let mut definition = Definition::of(&row)?;
    if !change(&mut definition) {
        let message = format!(
            "the form {} has no such script; `form show` lists them",
            row.text("name").unwrap_or_default()
        );
        return Err(Error::new(Code::NOT_FOUND, message).into());
    }
    let update = Row::new(TABLE, row.id).with("formjson", definition.to_text());
    session.execute(Request::update(update))?;
    let published = draft.publish(session, vec![row.reference()])?;
    let document = json!({ "id": row.id.to_string(), "definition": serde_json::to_value(&definition)? });
    Ok(Outcome::new(
        document,
        format!("changed the form {}; {published}", row.text("name").unwrap_or_default()),
    ))
}

fn set_enabled(definition: &mut Definition, library: &str, enabled: bool) -> bool {
    let mut found = false;
    for handler in &mut definition.events.onload {
        if handler.library == library {
            handler.enabled = enabled;
            found = true;
        }
    }
    found
}

fn check(context: &Context, session: &Session, table: &str, name: Option<&str>) -> anyhow::Result<Outcome> {
    session.catalog()?.table(table)?;
    if table != "lead" {
        return Ok(Outcome::items(
            Vec::new(),
            format!("forms of {table} fill nothing in by themselves; those of lead do"),
        ));
    }
    let mut forms = form::forms(session, table)?;
    if let Some(name) = name {
        forms = vec![form::form(session, table, Some(name))?];
    }
    let mut items = Vec::new();
    let mut lines = Vec::new();
    let mut exit = Exit::Done;
    for form in &forms {
        let cause = form::why_not_filled(form);
        lines.push(match &cause {
            None => format!("{}: contact and account are filled in", form.name),
            Some(cause) => format!(
                "{}: contact and account are not filled in, because {cause}\n  what to do: {}",
                form.name,
                context.command(&format!(
                    "sluice form {} {} {LEAD_LIBRARY}",
                    if form.has(LEAD_LIBRARY) {
                        "enable"
                    } else {
                        "add-library"
                    },
                    names::word(session, &Reference::new(TABLE, form.id), &form.name)
                ))
            ),
        });
        if cause.is_some() {
            exit = Exit::Refused;
        }
        items.push(json!({ "form": form.name, "default": form.default, "ok": cause.is_none(), "cause": cause.map(Json::from) }));
    }
    if forms.is_empty() {
        lines.push(format!("{table} has no published form"));
        exit = Exit::Refused;
    }
    Ok(Outcome::items(items, lines.join("\n")).with_exit(exit))
}
