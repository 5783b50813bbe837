//! The options that a definition names. People write their labels, which may be other ones tomorrow: what is
//! kept are their numbers.

use serde_json::Value as Json;
use sluice_model::{Catalog, ColumnType, Result, TableDef, Value, coerce};

use super::Checker;
use crate::workflows::definition::{LONGEST, Place};

/// A definition that was looked through, with numbers in the place of the labels of options; nothing, where it
/// has none.
///
/// # Errors
/// It cannot be read for rows of that table.
pub(crate) fn numbered(catalog: &Catalog, table: &str, text: &str) -> Result<Option<String>> {
    let Ok(mut whole) = serde_json::from_str::<Json>(text) else {
        return Ok(None);
    };
    let mut numbering = Numbering {
        checker: Checker::nothing(catalog, table)?,
        changed: false,
    };
    if let Some(actions) = whole.get_mut("actions") {
        numbering.actions(actions);
    }
    let text = numbering.changed.then(|| whole.to_string());
    Ok(text.filter(|text| text.len() <= LONGEST))
}

/// The walk through a definition as it is written, which knows the tables of its rows.
struct Numbering<'a> {
    checker: Checker<'a>,
    changed: bool,
}

impl Numbering<'_> {
    fn actions(&mut self, actions: &mut Json) {
        let actions = actions.as_array_mut().into_iter().flatten();
        for (kind, action) in actions.filter_map(Json::as_object_mut).flatten() {
            self.action(kind, action);
        }
    }

    fn action(&mut self, kind: &str, action: &mut Json) {
        let place = |action: &Json| match action.get("row") {
            Some(row) => serde_json::from_value::<Place>(row.clone()).ok(),
            None => Some(Place::default()),
        };
        let own = match kind {
            "create" => action.get("table").and_then(Json::as_str).map(ToOwned::to_owned),
            "send-email" => Some(crate::email::TABLE.to_owned()),
            "set" | "default" => Some(self.checker.table.name.to_string()),
            _ => place(action)
                .and_then(|place| self.checker.row(&place).ok())
                .map(|table| table.name.to_string()),
        };
        let Some(table) = own.and_then(|table| self.checker.catalog.table(&table).ok().cloned()) else {
            return;
        };
        match kind {
            "check" => {
                if let Some(condition) = action.get_mut("if") {
                    self.condition(condition);
                }
                for branch in ["then", "else"] {
                    if let Some(actions) = action.get_mut(branch) {
                        self.actions(actions);
                    }
                }
            }
            "wait" => {
                if let Some(condition) = action.get_mut("for") {
                    self.condition(condition);
                }
            }
            "set" | "default" => self.set(&table, action),
            "change-state" => {
                for (name, column) in [("state", "statecode"), ("status", "statuscode")] {
                    if let Some(value) = action.get_mut(name) {
                        self.value(&table, column, value);
                    }
                }
            }
            _ => {
                if let Some(set) = action.get_mut("set") {
                    self.set(&table, set);
                }
            }
        }
        if matches!(kind, "create" | "send-email")
            && let Some(name) = action.get("as").and_then(Json::as_str)
        {
            self.checker.created.insert(name.to_owned(), table);
        }
    }

    fn set(&mut self, table: &TableDef, set: &mut Json) {
        for (column, value) in set.as_object_mut().into_iter().flatten() {
            self.value(table, column, value);
        }
    }

    fn condition(&mut self, condition: &mut Json) {
        for (kind, inner) in condition.as_object_mut().into_iter().flatten() {
            match kind.as_str() {
                "and" | "or" => {
                    for one in inner.as_array_mut().into_iter().flatten() {
                        self.condition(one);
                    }
                }
                "not" => self.condition(inner),
                _ => {
                    let row = inner
                        .get("row")
                        .cloned()
                        .unwrap_or_else(|| Json::Object(Default::default()));
                    let place = serde_json::from_value::<Place>(row).ok();
                    let table = place.and_then(|place| self.checker.row(&place).ok());
                    let column = inner.get("column").and_then(Json::as_str).map(ToOwned::to_owned);
                    if let (Some(table), Some(column), Some(value)) = (table, column, inner.get_mut("value")) {
                        self.value(&table, &column, value);
                    }
                }
            }
        }
    }

    /// A value for a column: each label in it becomes a number.
    fn value(&mut self, table: &TableDef, name: &str, value: &mut Json) {
        use ColumnType as C;
        let Some(column) = table.column(name) else { return };
        if !matches!(
            column.kind,
            C::Choice { .. } | C::Choices { .. } | C::State { .. } | C::Status { .. }
        ) {
            return;
        }
        if let Some(parts) = value.get_mut("first").and_then(Json::as_array_mut) {
            for part in parts {
                self.value(table, name, part);
            }
            return;
        }
        if !(value.is_string() || value.is_array()) {
            return;
        }
        let numbers = match coerce::from_json(table, column, value) {
            Ok(Value::Choice(number)) => Json::from(number),
            Ok(Value::Choices(numbers)) => Json::from(numbers),
            _ => return,
        };
        if numbers != *value {
            *value = numbers;
            self.changed = true;
        }
    }
}
