//! The states and status reasons that a definition gives to rows.

use std::collections::BTreeMap;

use sluice_model::{Code, Error, Name, Row, TableDef, Value, choices, coerce};

use super::Checker;
use crate::workflows::definition::Source;

/// The state and the status reason that are written in a definition, as a row has them.
pub(super) fn constants(table: &TableDef, set: &BTreeMap<Name, Source>) -> Row {
    let mut row = Row::unsaved(table.name.clone());
    for name in ["statecode", "statuscode"] {
        let Some(source) = set.get(name) else { continue };
        let value = match (source, table.column(name)) {
            (Source::Constant(json), Some(column)) => coerce::from_json(table, column, json).ok(),
            _ => None,
        };
        // What is not known yet is some number.
        row.set(name, value.unwrap_or(Value::Text(String::new())));
    }
    row
}

impl Checker<'_> {
    /// The state and the status reason of a row belong together, as far as they are known.
    pub(super) fn states(&mut self, table: &TableDef, row: &Row, is_new: bool) {
        let Some((states, statuses)) = table.states() else {
            return;
        };
        let is_emptied = |column: &&str| row.get(column) == Some(&Value::Null);
        let mut columns = ["statecode", "statuscode"].into_iter();
        if let Some(column) = columns.find(is_emptied).filter(|_| !is_new) {
            let message = format!(
                "`{column}` of a row of `{}` cannot be emptied: a row always has a state",
                table.name
            );
            return self.cannot_work(Error::new(Code::INVALID_STATE, message).with_table(&table.name));
        }
        let first = states.first().map(|option| option.value).filter(|_| is_new);
        let state = match row.has("statecode") {
            true => row.int("statecode"),
            false => first,
        };
        let of_state = states.iter().find(|option| Some(option.value) == state);
        if let Some((option, message)) = of_state.and_then(|option| Some((option, option.only_by.as_ref()?))) {
            let message = format!(
                "only the message {message} brings a row of `{}` into the state {}, and no action sends that",
                table.name,
                choices::shown(option)
            );
            return self.cannot_work(Error::new(Code::INVALID_STATE, message).with_table(&table.name));
        }
        let (Some(state), Some(status)) = (state, row.int("statuscode")) else {
            return;
        };
        let status = statuses.iter().find(|option| option.value == status);
        let Some(status) = status.filter(|option| option.state.is_some_and(|of| of != state)) else {
            return;
        };
        let valid = statuses.iter().filter(|option| option.state == Some(state));
        let valid: Vec<String> = valid.map(choices::shown).collect();
        let message = format!(
            "{} is no status reason of the state {} of `{}`; valid there: {}",
            choices::shown(status),
            of_state.map_or_else(|| state.to_string(), choices::shown),
            table.name,
            valid.join(", ")
        );
        self.cannot_work(Error::new(Code::INVALID_STATE, message).with_table(&table.name));
    }
}
