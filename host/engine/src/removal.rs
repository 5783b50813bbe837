//! Custom tables and columns, taken away again: what stands in the way of it, and the removal
//! itself. Metadata operations raise no events.

use sluice_access::Permit;
use sluice_model::{Comparison, Filter, Query, Result, Value, coerce};

use crate::{engine::Batch, organization::table_privileges, tables};

impl Batch<'_> {
    /// Why a column cannot be taken away; nothing, where it can.
    pub(crate) fn column_in_use(&mut self, table: &str, column: &str) -> Result<Option<String>> {
        let definition = self.unit.snapshot()?.table(table)?.clone();
        let other_than = |value: Value| Filter::Compare {
            column: column.into(),
            comparison: Comparison::Ne,
            value,
        };
        let mut holds = other_than(Value::Null);
        let place = coerce::column(&definition, column)?;
        if let Some(default) = &place.default {
            // What a row has by itself is no data.
            holds = holds.and(other_than(coerce::from_json(&definition, place, default)?));
        }
        let rows = self.unit.tx.count(&crate::snapshot::permit(), &definition, &holds)?;
        if rows > 0 {
            return Ok(Some(format!("{} in it", hold(rows))));
        }
        for (side, end) in [
            ("baseentityname", "baseattributename"),
            ("matchingentityname", "matchingattributename"),
        ] {
            for rule in self.select(tables::DUPLICATE_RULE, Filter::eq(side, table))? {
                let of_column = Filter::eq("regardingobjectid", rule.id).and(Filter::eq(end, column));
                if !self.select(tables::DUPLICATE_CONDITION, of_column)?.is_empty() {
                    let name = rule.text("name").unwrap_or_default();
                    return Ok(Some(format!("the duplicate rule \"{name}\" compares it")));
                }
            }
        }
        let users = self.users_of_column(&definition, place)?;
        Ok((!users.is_empty()).then(|| format!("it is used by {}", users.join(", "))))
    }

    /// Takes a column away with all that is in it; whoever calls has asked what stands in the way.
    pub(crate) fn drop_column(&mut self, table: &str, column: &str) -> Result<()> {
        self.require("prvDeleteAttribute")?;
        let base = format!("{column}_base");
        for name in [column, &base] {
            let definition = self.definition(table)?;
            if let Some(column) = definition.column(name) {
                self.unit.tx.drop_column(&definition, column)?;
            }
        }
        self.unit.configuration_written()
    }

    /// Why a table cannot be taken away; nothing, where it can.
    pub(crate) fn table_in_use(&mut self, table: &str) -> Result<Option<String>> {
        let snapshot = self.unit.snapshot()?;
        let definition = snapshot.table(table)?;
        let rows = self
            .unit
            .tx
            .count(&crate::snapshot::permit(), definition, &Filter::All)?;
        if rows > 0 {
            return Ok(Some(hold(rows)));
        }
        for other in snapshot.catalog.iter().filter(|other| &*other.name != table) {
            let refers = other.columns.iter().find(|column| {
                column
                    .kind
                    .targets()
                    .is_some_and(|targets| targets.contains(&definition.name))
            });
            if let Some(column) = refers {
                return Ok(Some(format!("`{}.{}` refers to it", other.name, column.name)));
            }
        }
        for filter in self.select(tables::MESSAGE_FILTER, Filter::eq("primaryobjecttypecode", table))? {
            let steps = self.select(tables::STEP, Filter::eq("sdkmessagefilterid", filter.id))?;
            if let Some(step) = steps.first() {
                let name = step.text("name").unwrap_or_default();
                return Ok(Some(format!("the step \"{name}\" is registered on it")));
            }
        }
        let sides = ["sourceentityname", "targetentityname"].map(|side| Filter::eq(side, table));
        if !self.select(tables::ENTITY_MAP, Filter::Or(sides.to_vec()))?.is_empty() {
            return Ok(Some("columns are mapped from or onto it".to_owned()));
        }
        for (of, column, what) in [
            (tables::DUPLICATE_RULE, "baseentityname", "duplicate rule"),
            (tables::DUPLICATE_RULE, "matchingentityname", "duplicate rule"),
            (tables::STAGE, "primaryentitytypecode", "stage"),
            (tables::VIEW, "returnedtypecode", "view"),
            (tables::FORM, "objecttypecode", "form"),
        ] {
            if let Some(row) = self.select(of, Filter::eq(column, table))?.first() {
                let names = ["name", "stagename"].iter().find_map(|name| row.text(name));
                return Ok(Some(format!(
                    "the {what} \"{}\" is about it",
                    names.unwrap_or_default()
                )));
            }
        }
        Ok(None)
    }

    /// Takes a table away, with its privileges; whoever calls has asked [`Self::table_in_use`].
    pub(crate) fn drop_table(&mut self, table: &str) -> Result<()> {
        self.require("prvDeleteEntity")?;
        let definition = self.definition(table)?;
        self.forget(tables::MESSAGE_FILTER, Filter::eq("primaryobjecttypecode", table))?;
        for (name, _) in table_privileges(&definition) {
            for privilege in self.select(tables::PRIVILEGE, Filter::eq("name", name))? {
                self.forget(tables::ROLE_PRIVILEGES, Filter::eq("privilegeid", privilege.id))?;
                self.forget(tables::PRIVILEGE, Filter::eq("privilegeid", privilege.id))?;
            }
        }
        self.unit.tx.drop_table(&definition)?;
        self.unit.configuration_written()
    }

    /// Removes what the platform itself keeps about a table.
    fn forget(&mut self, table: &str, filter: Filter) -> Result<()> {
        let permit = Permit::system("remove what the platform keeps about a table that is taken away");
        let definition = self.unit.snapshot()?.table(table)?.clone();
        for row in self.select(table, filter)? {
            self.unit.tx.delete(&permit, &definition, row.id)?;
        }
        Ok(())
    }

    /// The rows of a table that a decision about customizations needs, whoever asks.
    pub(crate) fn select(&mut self, table: &str, filter: Filter) -> Result<Vec<sluice_model::Row>> {
        let definition = self.unit.snapshot()?.table(table)?.clone();
        let query = Query::new(table).filter(filter);
        self.unit.tx.select(&crate::snapshot::permit(), &definition, &query)
    }
}

fn hold(rows: u64) -> String {
    match rows {
        1 => "1 row holds data".to_owned(),
        rows => format!("{rows} rows hold data"),
    }
}
