//! `sluice lead matches`: what the dialog of a qualification would show, without qualifying.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Parameter, Reference, Request, Row, Value};

use crate::{
    context::Context,
    output::{Grid, Outcome},
    report,
};

/// `lead matches`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The lead's id or name.
    lead: String,
    /// Only the matches of this table.
    #[arg(long, value_name = "account|contact")]
    table: Option<Table>,
    /// Only the matches that show this text: as the dialog's lookup, it finds no others.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

/// What a lead may match.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Table {
    Account,
    Contact,
}

impl Table {
    fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Contact => "contact",
        }
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let lead = session.find_one("lead", &args.lead)?;
    let mut request = Request::new("RetrieveLeadMatches").with("LeadId", Reference::new("lead", lead));
    if let Some(table) = args.table {
        request = request.with("MatchingEntityName", table.word());
    }
    if let Some(search) = &args.search {
        request = request.with("Search", search.as_str());
    }
    let response = session.execute(request)?;
    let text = |name: &str| match response.outputs.get(name) {
        Some(Parameter::Value(Value::Text(text))) => text.clone(),
        _ => String::new(),
    };
    let rows = match response.outputs.get("Matches") {
        Some(Parameter::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let of = |table: &str| -> Vec<Json> { rows.iter().filter(|row| *row.table == *table).map(document).collect() };
    let dialog = json!({
        "kind": text("Kind"),
        "title": text("Title"),
        "accounts": of("account"),
        "contacts": of("contact"),
    });
    let more = matches!(
        response.outputs.get("MoreRecords"),
        Some(Parameter::Value(Value::Bool(true)))
    );
    Ok(Outcome::new(
        json!({ "lead": lead.to_string(), "dialog": dialog, "more": more }),
        match (rows, args.table) {
            ([], None) => "no account and no contact matches".to_owned(),
            ([], Some(table)) => format!("no {} matches", table.word()),
            _ => format!(
                "{}\n{}{}",
                text("Title"),
                grid(rows),
                if more { "\nand more" } else { "" }
            ),
        },
    )
    .with_rows())
}

fn document(row: &Row) -> Json {
    let mut map = Map::new();
    map.insert("table".to_owned(), row.table.to_string().into());
    if !row.id.is_nil() {
        map.insert("id".to_owned(), row.id.to_string().into());
    }
    map.insert("name".to_owned(), row.text("name").into());
    map.insert("rules".to_owned(), rules(row).into());
    let mut details = Map::new();
    for column in ["email", "phone", "city"] {
        if let Some(text) = row.text(column) {
            details.insert(column.to_owned(), text.into());
        }
    }
    if !details.is_empty() {
        map.insert("details".to_owned(), details.into());
    }
    map.into()
}

/// The names of the rules that found a match.
fn rules(row: &Row) -> Vec<String> {
    serde_json::from_str(row.text("rules").unwrap_or_default()).unwrap_or_default()
}

fn grid(rows: &[Row]) -> crate::output::Written {
    let mut grid = Grid::new(["table", "name", "e-mail", "phone", "city", "rules", "id"]).uncut();
    for row in rows {
        let text = |column: &str| row.text(column).unwrap_or_default();
        let id = if row.id.is_nil() {
            String::new()
        } else {
            row.id.to_string()
        };
        grid.row([
            &*row.table,
            text("name"),
            text("email"),
            text("phone"),
            text("city"),
            &report::quoted_each(&rules(row)),
            &id,
        ]);
    }
    grid.text("")
}
