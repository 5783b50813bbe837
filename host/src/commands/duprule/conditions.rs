//! The conditions of a rule, as texts that people write.

use sluice_engine::Session;
use sluice_model::{Code, Error, Request, Row};

use super::{CONDITION, one, show};
use crate::commands::{condition, reach};
use crate::{context::Context, output::Outcome, usage::Usage};

/// The conditions that texts describe, as rows of a rule.
pub(super) fn parsed(session: &Session, rule: &Row, conditions: &[String]) -> anyhow::Result<Vec<Row>> {
    let catalog = session.catalog()?;
    let table = |column: &str| catalog.table(rule.text(column).unwrap_or_default());
    let (base, matching) = (table("baseentityname")?, table("matchingentityname")?);
    conditions
        .iter()
        .map(|text| {
            let condition = condition::parse(text, base, matching)?;
            Ok(match rule.id.is_nil() {
                true => condition,
                false => condition.with("regardingobjectid", rule.reference()),
            })
        })
        .collect()
}

pub(super) fn remove_condition(
    context: &Context,
    session: &Session,
    rule: &str,
    column: &str,
) -> anyhow::Result<Outcome> {
    let shown = one(session, rule)?;
    let found: Vec<&Row> = shown
        .conditions
        .iter()
        .filter(|row| row.text("baseattributename") == Some(column) || row.id.to_string() == column)
        .collect();
    match found.as_slice() {
        [only] => {
            reach::of_definition(context, &format!("the condition on {column} of the rule {rule}"))?;
            session.execute(Request::delete(only.reference()))?;
            show(session, &shown.rule.id.to_string())
        }
        [] => {
            let sentence = format!(
                "the rule \"{rule}\" has no condition on `{column}`; it has {}",
                if shown.conditions.is_empty() {
                    "none".to_owned()
                } else {
                    shown.conditions()
                }
            );
            Err(Error::new(Code::NOT_FOUND, sentence).with_table(CONDITION).into())
        }
        several => {
            let ids: Vec<String> = several.iter().map(|row| row.id.to_string()).collect();
            Err(Usage::because(format!(
                "the rule has several conditions on `{column}`; give the id of one: {}",
                ids.join(", ")
            )))
        }
    }
}
