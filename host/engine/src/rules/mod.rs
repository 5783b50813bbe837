//! What the platform does when certain tables change: one file per table. The rules run
//! inside Create, Update and Delete, whatever door the change came through. Apps bring the
//! rules of their own tables in [`crate::App::rules`].

mod business_unit;
mod currency;
mod duplicate_rule;
mod job;
mod kept;
mod organization;
pub(crate) mod plugin_assembly;
mod plugin_step;
mod plugin_step_image;
pub(crate) mod role;
mod team;
mod user;

use sluice_model::{Result, Row};

use crate::{Operation, Unit, tables};

/// The rules of one table. Every one may be left out.
pub trait Rules: Sync {
    /// Before a new row is checked and written; may change the operation's Target.
    ///
    /// # Errors
    /// The refusal.
    fn before_create(&self, _: &mut Unit, _: &mut Operation) -> Result<()> {
        Ok(())
    }

    /// After a new row was written.
    ///
    /// # Errors
    /// The refusal.
    fn after_create(&self, _: &mut Unit, _: &Operation, _: &Row) -> Result<()> {
        Ok(())
    }

    /// Before a change is checked and written; may change the operation's Target.
    ///
    /// # Errors
    /// The refusal.
    fn before_update(&self, _: &mut Unit, _: &mut Operation, _before: &Row) -> Result<()> {
        Ok(())
    }

    /// After a change was written.
    ///
    /// # Errors
    /// The refusal.
    fn after_update(&self, _: &mut Unit, _: &Operation, _before: &Row, _changed: &Row) -> Result<()> {
        Ok(())
    }

    /// Before a row is deleted.
    ///
    /// # Errors
    /// The refusal.
    fn before_delete(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Ok(())
    }
}

/// Tables without rules of their own.
pub(crate) struct None;
impl Rules for None {}

/// The rules of the platform's own tables.
pub(crate) static ALL: &[(&str, &dyn Rules)] = &[
    (tables::ASSEMBLY, &plugin_assembly::PluginAssembly),
    (tables::AUDIT, &kept::Kept),
    (tables::CURRENCY, &currency::Currency),
    (tables::DUPLICATE_RULE, &duplicate_rule::DuplicateRule),
    (tables::DUPLICATE_CONDITION, &duplicate_rule::DuplicateCondition),
    (tables::BUSINESS_UNIT, &business_unit::BusinessUnit),
    (tables::JOB, &job::Job),
    (tables::MESSAGE, &kept::Kept),
    (tables::MESSAGE_FILTER, &kept::Kept),
    (tables::PRIVILEGE, &kept::Kept),
    (tables::ORGANIZATION, &organization::Organization),
    (tables::ROLE, &role::Role),
    (tables::STEP, &plugin_step::PluginStep),
    (tables::STEP_IMAGE, &plugin_step_image::PluginStepImage),
    (tables::TEAM, &team::Team),
    (tables::USER, &user::User),
    // ← rules for another table go here, in the order of the names
];

/// The row of a table as it is, for rules that need another row.
fn read(unit: &mut Unit, table: &str, id: sluice_model::Uuid) -> Result<Row> {
    let table = unit.snapshot.table(table)?.clone();
    let row = unit.tx.get(&crate::snapshot::permit(), &table, id, Option::None)?;
    row.ok_or_else(|| sluice_model::Error::not_found(&table.schema, &table.name, id))
}

/// The rows that a rule needs to know of.
fn select(unit: &mut Unit, query: &sluice_model::Query) -> Result<Vec<Row>> {
    let table = unit.snapshot.table(&query.table)?.clone();
    unit.tx.select(&crate::snapshot::permit(), &table, query)
}
