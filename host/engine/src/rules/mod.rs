//! What the platform does when certain tables change: one file per table. The rules run
//! inside Create, Update and Delete, whatever door the change came through. Apps bring the
//! rules of their own tables in [`crate::App::rules`].

mod activity;
mod annotation;
mod attribute_map;
mod business_unit;
mod currency;
mod duplicate_rule;
pub(crate) mod entity_map;
mod job;
mod moving;
mod option_set;
mod organization;
pub(crate) mod plugin_assembly;
mod plugin_step;
mod plugin_step_image;
mod plugin_type;
pub(crate) mod role;
mod saved_query;
mod secure_configuration;
mod solution;
mod team;
mod user;
mod web_resource;

use sluice_model::{Name, Reference, Result, Row};

use crate::{Operation, Stage, Unit, flow, tables};

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

    /// After rows were read for Retrieve or RetrieveMultiple with these columns; `None` is all
    /// of them.
    ///
    /// # Errors
    /// The refusal.
    fn after_read(&self, _: &mut Unit, _: &Operation, _columns: Option<&[Name]>, _: &mut [Row]) -> Result<()> {
        Ok(())
    }

    /// Before a process of a row of this table leaves its stage for the `next` one.
    ///
    /// # Errors
    /// The refusal.
    fn before_stage_left(&self, _: &mut Unit, _: &Operation, _row: &Row, _next: &Stage) -> Result<()> {
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
    ("appointment", &activity::Activity),
    ("email", &activity::Activity),
    ("phonecall", &activity::Activity),
    ("task", &activity::Activity),
    (tables::ACTIVITY_PARTY, &activity::Party),
    (tables::NOTE, &annotation::Annotation),
    (tables::ASSEMBLY, &plugin_assembly::PluginAssembly),
    (tables::ATTRIBUTE_MAP, &attribute_map::AttributeMap),
    (tables::CURRENCY, &currency::Currency),
    (tables::DUPLICATE_RULE, &duplicate_rule::DuplicateRule),
    (tables::DUPLICATE_CONDITION, &duplicate_rule::DuplicateCondition),
    (tables::BUSINESS_UNIT, &business_unit::BusinessUnit),
    (tables::ENTITY_MAP, &entity_map::EntityMap),
    (tables::JOB, &job::Job),
    (tables::OPTION_SET, &option_set::OptionSet),
    (tables::ORGANIZATION, &organization::Organization),
    (tables::PROCESS, &flow::FlowRules),
    (tables::PROCESS_STEP, &flow::StepRules),
    (tables::PLUGIN_TYPE, &plugin_type::PluginType),
    (tables::ROLE, &role::Role),
    (tables::SECURE_CONFIG, &secure_configuration::SecureConfiguration),
    (tables::VIEW, &saved_query::SavedQuery),
    (tables::STAGE, &flow::StageRules),
    (tables::SOLUTION, &solution::Solution),
    (tables::STEP, &plugin_step::PluginStep),
    (tables::STEP_IMAGE, &plugin_step_image::PluginStepImage),
    (tables::TEAM, &team::Team),
    (tables::USER, &user::User),
    (tables::WEB_RESOURCE, &web_resource::WebResource),
    // ← rules for another table go here, in the order of the names
];

/// The row of a table as it is, for rules that need another row; `reason` is the rule.
pub(crate) fn read(unit: &mut Unit, reason: &'static str, table: &str, id: sluice_model::Uuid) -> Result<Row> {
    unit.need_as_platform(reason, &Reference::new(table, id))
}

/// The rows that a rule needs to know of; `reason` is the rule.
pub(crate) fn select(unit: &mut Unit, reason: &'static str, query: &sluice_model::Query) -> Result<Vec<Row>> {
    unit.select_as_platform(reason, query)
}
