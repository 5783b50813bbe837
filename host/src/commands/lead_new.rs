//! `sluice lead new`: a new lead as the form makes it.

use serde_json::json;
use sluice_model::{Request, json as rows};
use sluice_sales::form::{self, Filling};

use crate::{assign, context::Context, output::Outcome};

/// `lead new`
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The form; the table's default one, where none is named.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    form: Option<String>,
    /// The contact that is chosen on the form.
    #[arg(long, value_name = "ID")]
    contact: Option<String>,
    /// The account that is chosen on the form.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// What is typed in before.
    #[arg(value_name = "NAME=VALUE")]
    columns: Vec<String>,
}

/// Runs the command.
pub(super) fn run(context: &Context, args: &New) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let table = session.catalog()?.table("lead")?.clone();
    let name = args.form.as_deref().filter(|name| !name.is_empty());
    let form = form::form(&session, "lead", name)?;
    let mut lead = assign::new_row(&session, &table, &args.columns)?;
    let find =
        |table: &str, name: &Option<String>| name.as_deref().map(|name| session.find_one(table, name)).transpose();
    let (contact, account) = (find("contact", &args.contact)?, find("account", &args.account)?);
    let fillings = form::fill(&session, &form, &mut lead, contact, account)?;
    form::check_demanded(&session, &lead, &fillings)?;
    let id = session.execute(Request::create(lead))?.created().unwrap_or_default();
    let items: Vec<_> = fillings.iter().map(to_json).collect();
    let document = json!({ "id": id.to_string(), "form": form.name, "filled": items });
    let mut text = format!("created lead {id} on the form {}", form.name);
    for filling in &fillings {
        text.push_str(&format!("\n  {}", said(filling)));
    }
    Ok(Outcome::new(document, text))
}

fn to_json(filling: &Filling) -> serde_json::Value {
    let columns: serde_json::Map<_, _> = filling
        .filled
        .iter()
        .map(|(column, value)| (column.clone(), rows::from_value(value)))
        .collect();
    json!({ "group": filling.group, "columns": columns, "reason": filling.reason })
}

fn said(filling: &Filling) -> String {
    let columns: Vec<&str> = filling.filled.iter().map(|(column, _)| column.as_str()).collect();
    match &filling.reason {
        Some(reason) => format!("nothing was filled in from the {}: {reason}", filling.group),
        None if columns.is_empty() => format!("the {} has nothing to fill in", filling.group),
        None => format!("filled in from the {}: {}", filling.group, columns.join(", ")),
    }
}
