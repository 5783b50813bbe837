//! RetrieveDuplicates: the rows that are the same as one row, which need not be saved.
//! Asks the published rules, whatever a request says of suppressing them.

use sluice_model::{Error, Parameter, ParameterType, Result, Right, Row};

use super::detect::{duplicates_for, may_read};
use crate::duplicates::detect;
use sluice_engine::{
    Operation, ParameterDef, Unit,
    message::{Message, Shape, Takes, input, optional, required},
    principals,
};

/// `RetrieveDuplicates`.
pub(crate) struct RetrieveDuplicates;

/// The platform's page.
const PAGE: i32 = 5_000;

/// Which of the rows are wanted: from where, and how many.
fn page(operation: &Operation) -> Result<(usize, usize)> {
    let page = input::optional_row(operation, "PagingInfo")?;
    let number = page.and_then(|page| page.int("PageNumber"));
    let count = page.and_then(|page| page.int("Count"));
    let (number, count) = (number.unwrap_or(1), count.unwrap_or(PAGE));
    if number < 1 || !(1..=PAGE).contains(&count) {
        return Err(Error::invalid(format!(
            "message RetrieveDuplicates: pages count from 1 and hold 1 to {PAGE} rows; asked for page {number} of {count}"
        )));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    Ok(((number - 1).saturating_mul(count), count))
}

impl Message for RetrieveDuplicates {
    fn name(&self) -> &'static str {
        "RetrieveDuplicates"
    }

    fn doc(&self) -> &'static str {
        "Finds the rows that are the same as a row by the published duplicate rules."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("BusinessEntity", ParameterType::Row),
            required("MatchingEntityName", ParameterType::Text),
            // PageNumber and Count.
            optional("PagingInfo", ParameterType::Structure),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("DuplicateCollection", ParameterType::Rows),
            required("MoreRecords", ParameterType::Bool),
            // Sluice's own: the rules that found the rows, a row for each of a row's rules,
            // with the row's id and the rule's name in `rule`.
            required("MatchedRules", ParameterType::Rows),
        ];
        Shape::reading(Takes::Nothing, INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let asked = input::row(operation, "BusinessEntity")?.table.clone();
        let matching = input::text(operation, "MatchingEntityName")?;
        for table in [&*asked, &*matching] {
            let table = unit.snapshot()?.table(table)?.clone();
            principals::require(unit, operation, &table, Right::Read)?;
        }
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let (skip, count) = page(operation)?;
        let matching = input::text(operation, "MatchingEntityName")?;
        let table = unit.snapshot()?.table(&matching)?.clone();
        let sent = input::row(operation, "BusinessEntity")?.clone();
        let row = detect::asked_about(unit, operation, &sent)?;
        let found = duplicates_for(unit, operation, &row, &matching)?;
        let (mut rows, mut rules) = (Vec::new(), Vec::new());
        let mut passed = 0;
        let mut more = found.more;
        for (reference, names) in found.rows() {
            if !may_read(unit, operation, &table, reference)? {
                continue;
            }
            passed += 1;
            if passed <= skip {
                continue;
            }
            if rows.len() == count {
                more = true;
                break;
            }
            let permit = unit.decide(operation, &table, Right::Read, reference.id)?;
            if let Some(row) = unit.read(|tx| tx.get(&permit, &table, reference.id, None))? {
                let of_row = names
                    .iter()
                    .map(|name| Row::new(row.table.clone(), row.id).with("rule", name.as_str()));
                rules.extend(of_row);
                rows.push(row);
            }
        }
        operation.output("DuplicateCollection", Parameter::Rows(rows));
        operation.output("MatchedRules", Parameter::Rows(rules));
        operation.output("MoreRecords", more);
        Ok(())
    }
}
