//! What the platform does when certain tables change: one file per table. The rules run
//! inside Create, Update and Delete, whatever door the change came through. Capabilities bring
//! the rules of their tables in [`crate::Capability::rules`].

mod business_unit;
mod column_security;
mod currency;
mod job;
mod job_shown;
pub(crate) mod message_trace;
mod moving;
mod organization;
mod position;
pub(crate) mod role;
mod team;
mod team_template;
mod trace_names;
mod user;

use std::sync::Arc;

use sluice_model::{Name, Result, Row};

use crate::{Operation, Tables, Unit, tables};

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

    /// Before a change is checked and written; may change the operation's Target. `before` is the row as it is,
    /// without what profiles keep from whoever asks for the change ([`Operation::hidden`]): what a rule makes of a
    /// row, or refuses, would tell of it.
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

    /// What readers are shown of the table's rows, where that is not what is stored.
    fn reading(&self) -> Option<&dyn ReadRules> {
        None
    }

    /// Before a process of a row of this table leaves its stage for one of the table `next`; the row is as whoever
    /// moves it sees it.
    ///
    /// # Errors
    /// The refusal.
    fn before_stage_left(&self, _: &mut Unit, _: &Operation, _row: &Row, _next: &Name) -> Result<()> {
        Ok(())
    }

    /// Whether the platform itself, and not the caller, changes rows of this table when something
    /// happens to a row that they refer to.
    fn follows_as_platform(&self) -> bool {
        false
    }

    /// Before a row is deleted.
    ///
    /// # Errors
    /// The refusal.
    fn before_delete(&self, _: &mut Unit, _: &Operation) -> Result<()> {
        Ok(())
    }
}

/// What readers are shown of a table's rows. A list of them is not handed on while it is read.
pub trait ReadRules: Sync {
    /// After rows were read for Retrieve or RetrieveMultiple with these columns; `None` is all
    /// of them. Rows have nothing that profiles keep from the caller; what is added to them beside
    /// what is stored has to be asked for here.
    ///
    /// # Errors
    /// The refusal.
    fn after_read(&self, _: &mut Unit, _: &Operation, columns: Option<&[Name]>, _: &mut [Row]) -> Result<()>;
}

/// All rules of a table, in the order of the capabilities; none, where it has no rules of its own.
#[derive(Clone, Default)]
pub struct RulesOf(Arc<[&'static dyn Rules]>);

impl std::fmt::Debug for RulesOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rules", self.0.len())
    }
}

impl From<&'static dyn Rules> for RulesOf {
    fn from(rules: &'static dyn Rules) -> Self {
        Self(Arc::new([rules]))
    }
}

impl RulesOf {
    /// Adds the rules of a further capability.
    pub(crate) fn add(&mut self, rules: &'static dyn Rules) {
        self.0 = self.0.iter().copied().chain([rules]).collect();
    }

    /// Whether readers are shown what is stored.
    pub(crate) fn are_shown_as_stored(&self) -> bool {
        self.0.iter().all(|rules| rules.reading().is_none())
    }

    /// See [`ReadRules::after_read`].
    pub(crate) fn after_read(
        &self,
        unit: &mut Unit,
        operation: &Operation,
        columns: Option<&[Name]>,
        rows: &mut [Row],
    ) -> Result<()> {
        let mut all = self.0.iter().filter_map(|rules| rules.reading());
        all.try_for_each(|rules| rules.after_read(unit, operation, columns, rows))
    }
}

impl Rules for RulesOf {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        self.0.iter().try_for_each(|rules| rules.before_create(unit, operation))
    }

    fn after_create(&self, unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|rules| rules.after_create(unit, operation, row))
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|rules| rules.before_update(unit, operation, before))
    }

    fn after_update(&self, unit: &mut Unit, operation: &Operation, before: &Row, changed: &Row) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|rules| rules.after_update(unit, operation, before, changed))
    }

    fn before_stage_left(&self, unit: &mut Unit, operation: &Operation, row: &Row, next: &Name) -> Result<()> {
        self.0
            .iter()
            .try_for_each(|rules| rules.before_stage_left(unit, operation, row, next))
    }

    fn follows_as_platform(&self) -> bool {
        self.0.iter().any(|rules| rules.follows_as_platform())
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        self.0.iter().try_for_each(|rules| rules.before_delete(unit, operation))
    }
}

/// The rules of the tables of the core.
pub(crate) static CORE: &[(Tables, &dyn Rules)] = &[
    (Tables::Named(tables::CURRENCY), &currency::Currency),
    (Tables::Named(tables::BUSINESS_UNIT), &business_unit::BusinessUnit),
    (Tables::Named(tables::PROFILE), &column_security::Profile),
    (Tables::Named(tables::COLUMN_PERMISSION), &column_security::Permission),
    (Tables::Named(tables::JOB), &job::Job),
    (Tables::Named(tables::ORGANIZATION), &organization::Organization),
    (Tables::Named(tables::ROLE), &role::Role),
    (Tables::Named(tables::POSITION), &position::Position),
    (Tables::Named(tables::TEAM), &team::Team),
    (Tables::Named(tables::TEAM_TEMPLATE), &team_template::TeamTemplate),
    (Tables::Named(tables::USER), &user::User),
    (Tables::Named(tables::MESSAGE_TRACE), &message_trace::MessageTrace),
    (Tables::Named(tables::PLUGIN_TRACE), &message_trace::PluginTrace),
];
