//! RetrieveLeadMatches, Sluice's own: what the dialog of a qualification would show, without
//! qualifying. The lookups of the classic dialog search in it, so they find matches only.

use sluice_engine::{
    Message, Operation, ParameterDef, Shape, Takes, Unit,
    parts::{Images, input, optional, require, required},
};
use sluice_model::{Dialog, Match, Parameter, ParameterType, Result, Right, Row, Uuid};
use sluice_platform::duplicates::describe_matches;

use super::{duplicates, records::Plan, wanted::Wanted};

/// `RetrieveLeadMatches`.
#[derive(Debug)]
pub struct RetrieveLeadMatches;

impl Message for RetrieveLeadMatches {
    fn name(&self) -> &'static str {
        "RetrieveLeadMatches"
    }

    fn doc(&self) -> &'static str {
        "Finds the accounts and contacts that a lead to be qualified might be, as its dialog shows them."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("LeadId", ParameterType::Reference),
            // Only the matches of this table.
            optional("MatchingEntityName", ParameterType::Text),
            // Only the matches that show this text.
            optional("Search", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("Kind", ParameterType::Text),
            required("Title", ParameterType::Text),
            // Rows with name, rules (the names, as a JSON list), email, phone, city; without an
            // id where the caller may not open the row.
            required("Matches", ParameterType::Structures),
            // There are more than are listed.
            required("MoreRecords", ParameterType::Bool),
        ];
        Shape {
            takes: Takes::Reference("LeadId"),
            tables: Some(&["lead"]),
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let lead = unit.row_with_rights(operation, "lead", operation.id()?, &[Right::Read])?;
        let table = input::optional_text(operation, "MatchingEntityName")?;
        let search = input::optional_text(operation, "Search")?;
        let both = Wanted::both(unit, &lead);
        let found = duplicates::parties(unit, operation, &both, &mut Plan::of(&lead))?;
        let told = describe_matches(unit, operation, &found)?;
        let dialog = Dialog::new(duplicates::dialog_kind(unit), &told.matches);
        let wanted = |found: &&Match| {
            table.as_deref().is_none_or(|table| *found.table == *table)
                && search
                    .as_deref()
                    .is_none_or(|text| found.id.is_some() && found.shows(text))
        };
        let all = dialog.accounts.iter().chain(&dialog.contacts);
        let rows = all.filter(wanted).map(row).collect();
        operation.output("Kind", dialog.kind.word());
        operation.output("Title", dialog.title);
        operation.output("MoreRecords", told.more);
        operation.output("Matches", Parameter::Rows(rows));
        Ok(())
    }
}

fn row(found: &Match) -> Row {
    let mut row = Row::new(found.table.clone(), found.id.unwrap_or_else(Uuid::nil))
        .with("name", found.name.as_str())
        .with("rules", serde_json::Value::from(found.rules.clone()).to_string());
    let details = [
        ("email", &found.details.email),
        ("phone", &found.details.phone),
        ("city", &found.details.city),
    ];
    for (column, detail) in details {
        if let Some(detail) = detail {
            row.set(column, detail.as_str());
        }
    }
    row
}
