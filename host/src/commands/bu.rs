//! `sluice bu`: business units.

use serde_json::{Value as Json, json};
use sluice_model::{Filter, Query, Reference, Request, Row, json as rows};

use super::{
    row_change::{self, Changes},
    selection::Selection,
    several,
};
use crate::{context::Context, door::Door, names, output::Outcome, people};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the business units.
    List,
    /// Show a business unit with those below it.
    Show {
        /// The business unit.
        bu: String,
    },
    /// Make a business unit: its default team and the copies of the roles come by themselves.
    Create {
        /// The name.
        name: String,
        /// The business unit above; by default the root.
        #[arg(long)]
        parent: Option<String>,
    },
    /// Change columns of business units.
    Update(Changes),
    /// Let those who are in business units work again.
    Enable(Selection),
    /// Let nobody who is in business units do anything any more.
    Disable(Selection),
    /// Move business units below another one.
    Move {
        #[command(flatten)]
        bus: Selection,
        /// The business unit above.
        #[arg(long = "to", value_name = "BU")]
        unit: String,
    },
    /// Remove business units that are disabled.
    Delete(Selection),
}

const TABLE: &str = "businessunit";
const COLUMNS: [&str; 3] = ["name", "parentbusinessunitid", "isdisabled"];

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List => people::list(
            context,
            &session,
            Query::new("businessunit").columns(&COLUMNS).order_by("name"),
        ),
        Command::Show { bu } => show(context, &session, &bu),
        Command::Update(changes) => row_change::update(context, &session, "businessunit", &changes),
        Command::Enable(bus) => {
            let change = Row::unsaved("businessunit").with("isdisabled", false);
            several::update(
                context,
                &session,
                &bus.pick(&session, TABLE)?.listed(),
                &change,
                "enabled",
            )
        }
        Command::Disable(bus) => {
            let change = Row::unsaved("businessunit").with("isdisabled", true);
            several::update(
                context,
                &session,
                &bus.pick(&session, TABLE)?.listed(),
                &change,
                "disabled",
            )
        }
        Command::Move { bus, unit } => {
            let above = Reference::new("businessunit", session.find_one("businessunit", &unit)?);
            let change = Row::unsaved("businessunit").with("parentbusinessunitid", above);
            several::update(
                context,
                &session,
                &bus.pick(&session, TABLE)?.listed(),
                &change,
                "moved",
            )
        }
        Command::Delete(bus) => several::delete(context, &session, TABLE, &bus.pick(&session, TABLE)?.listed()),
        Command::Create { name, parent } => {
            let mut row = Row::unsaved("businessunit").with("name", name.as_str());
            if let Some(parent) = parent {
                row.set(
                    "parentbusinessunitid",
                    Reference::new("businessunit", session.find_one("businessunit", &parent)?),
                );
            }
            let id = session.execute(Request::create(row))?.created().unwrap_or_default();
            Ok(Outcome::new(
                json!({ "id": id.to_string() }),
                format!("created business unit {name} {id}"),
            ))
        }
    }
}

fn show(context: &Context, session: &dyn Door, name: &str) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table("businessunit")?.clone();
    let row = names::row(session, "businessunit", name, &[])?;
    let below = Query::new("businessunit")
        .columns(&["name"])
        .filter(Filter::eq("parentbusinessunitid", row.id))
        .order_by("name");
    let below = session.list(below)?;
    let mut document = rows::from_row(&table, &row, None);
    let name = |row: &Row| row.text("name").unwrap_or_default().to_owned();
    if let Json::Object(map) = &mut document {
        map.insert(
            "children".to_owned(),
            below
                .iter()
                .map(|row| json!({ "id": row.id.to_string(), "name": name(row) }))
                .collect(),
        );
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let children: Vec<String> = below.iter().map(name).collect();
    let children = if children.is_empty() {
        "none".to_owned()
    } else {
        children.join("\n")
    };
    let text = format!(
        "{}\n\n{}",
        people::sheet(context, &table, &row)?,
        people::pairs(&[("units below", children)])
    );
    Ok(Outcome::new(document, text))
}
