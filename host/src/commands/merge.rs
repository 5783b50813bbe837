//! `sluice merge`: makes one row of two.

use serde_json::json;
use sluice_model::{Filter, Order, Query, Reference, Request, Row, TableDef, Value, coerce, json as rows, odata};

use super::reach;
use crate::{context::Context, door::Door, names, output::Outcome, usage::Usage};

/// Make one row of two: what belongs to the other goes over to the one that is kept, and the
/// other is closed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table: lead, account or contact.
    table: String,
    /// The row that is kept: its id or name.
    keep: String,
    /// The row that is merged into it: its id or name, or TABLE:ID.
    other: String,
    /// Columns that the kept row takes from the other.
    #[arg(long, value_name = "a,b")]
    take: Option<String>,
    /// Take every column that is empty in the kept row.
    #[arg(long)]
    fill: bool,
    /// Refuse rows with different parents.
    #[arg(long)]
    same_parent: bool,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let table = session.catalog()?.table(&args.table)?.clone();
    let keep = Reference::new(table.name.clone(), session.find_one(&table.name, &args.keep)?);
    let other = match args.other.split_once(':') {
        Some((other, id)) if session.catalog()?.find(other).is_some() => {
            Reference::new(other, session.find_one(other, id)?)
        }
        _ => Reference::new(table.name.clone(), session.find_one(&table.name, &args.other)?),
    };
    let mut request = Request::new("Merge")
        .with("Target", keep.clone())
        .with("SubordinateId", other.clone())
        .with("PerformParentingChecks", args.same_parent);
    let (taken, left) = taken(&session, &table, &keep, &other, args)?;
    if !taken.values.is_empty() {
        request = request.with("UpdateContent", taken.clone());
    }
    reach::of_merge(context, (&keep, &other))?;
    session.execute(request)?;
    let merged = merged(&session, &keep, &other)?;
    let columns: serde_json::Map<_, _> = taken
        .values
        .iter()
        .map(|(name, value)| (name.to_string(), rows::from_value(value)))
        .collect();
    let names: Vec<&str> = taken.values.keys().map(|name| &**name).collect();
    let took = if names.is_empty() {
        String::new()
    } else {
        format!("; it took {}", names.join(", "))
    };
    let left_out = match left.is_empty() {
        true => String::new(),
        false => format!(
            "; left out, being amounts in another currency: {} (`--take` names what to take, transactioncurrencyid as well)",
            left.join(", ")
        ),
    };
    Ok(Outcome::new(
        json!({ "id": keep.id.to_string(), "merged": merged.id.to_string(), "taken": columns, "left": left }),
        match merged == other {
            true => format!("merged {other} into {keep}{took}{left_out}"),
            false => format!("merged {merged} into {keep}, which a step named in the place of {other}{took}{left_out}"),
        },
    ))
}

/// The row that was merged: a step before the merge may have named another one. Where that is not to be read, the one
/// that was asked for.
fn merged(session: &dyn Door, keep: &Reference, other: &Reference) -> anyhow::Result<Reference> {
    const INTO: &str = "masterid";
    let of_other = names::get(session, &other.table, other.id, &[INTO]);
    if other.table != keep.table || of_other.is_ok_and(|row| row.lookup(INTO) == Some(keep)) {
        return Ok(other.clone());
    }
    let mut query = Query::new(keep.table.clone())
        .columns(&[])
        .filter(Filter::eq(INTO, keep.clone()))
        .top(1);
    query.order.push(Order {
        column: "modifiedon".into(),
        descending: true,
    });
    let found = session.list(query)?;
    Ok(found.first().map_or_else(|| other.clone(), Row::reference))
}

/// The columns that the kept row takes, and the amounts that `--fill` leaves because they are in another
/// currency than those of the row.
fn taken(
    session: &dyn Door,
    table: &TableDef,
    keep: &Reference,
    other: &Reference,
    args: &Args,
) -> anyhow::Result<(Row, Vec<String>)> {
    let (mut taken, mut left) = (Row::unsaved(table.name.clone()), Vec::new());
    if (args.take.is_none() && !args.fill) || other.table != keep.table {
        return Ok((taken, left));
    }
    let there = names::get(session, &other.table, other.id, &[])?;
    let wanted = match &args.take {
        Some(text) => odata::select(table, text)?,
        None => Vec::new(),
    };
    for name in &wanted {
        if coerce::column(table, name)?.filled {
            return Err(Usage::because(format!(
                "the platform fills column `{name}`; it cannot be taken"
            )));
        }
        taken
            .values
            .insert(name.clone(), there.get(name).cloned().unwrap_or(Value::Null));
    }
    if args.fill {
        let is_either = |value: &Value| value.as_lookup().is_some_and(|row| row == keep || row == other);
        let here = names::get(session, &keep.table, keep.id, &[])?;
        let currency = |row: &Row| row.lookup("transactioncurrencyid").cloned();
        let is_other_currency =
            !taken.has("transactioncurrencyid") && currency(&here).is_some() && currency(&here) != currency(&there);
        for column in &table.columns {
            let empty = !here.has(&column.name) && !taken.has(&column.name);
            let own = column.filled
                || matches!(
                    &*column.name,
                    "ownerid" | "statecode" | "statuscode" | "processid" | "stageid" | "traversedpath"
                );
            let value = there.get(&column.name).filter(|value| !is_either(value));
            let amount = table.amounts().any(|amount| amount.name == column.name);
            if let (true, false, Some(value)) = (empty, own, value) {
                if amount && is_other_currency {
                    left.push(column.name.to_string());
                    continue;
                }
                taken.values.insert(column.name.clone(), value.clone());
            }
        }
    }
    Ok((taken, left))
}
