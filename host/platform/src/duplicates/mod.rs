//! Duplicate detection: rules say by which columns rows are the same; every row has a code
//! for each rule, kept in an index, so that a check is a look-up.
//!
//! | to | look at |
//! |---|---|
//! | see what makes rows the same | `code`, pure |
//! | see what a rule may be | `rule` |
//! | follow a row's codes through its changes | `upkeep` |
//! | see what a request is told of duplicates | `detect` |
//! | publish and unpublish | `life`; for trial: `trial` |
//! | follow the jobs | `work`, run by [`sluice_engine::runner`]; `notice` |
//!
//! What of the platform is there: `docs/duplicates.md`.

mod bulk_detect_duplicates;
pub(crate) mod code;
mod dependants;
pub(crate) mod detect;
mod jobs;
pub(crate) mod life;
pub(crate) mod notice;
mod part;
mod publish_duplicate_rule;
mod retrieve_duplicates;
pub(crate) mod rule;
mod rules;
mod soundness;
mod trial;
mod unpublish_duplicate_rule;
pub(crate) mod upkeep;
pub(crate) mod work;

pub use detect::{describe_matches, duplicates_of, has_duplicate_rules, same_by_rules};
use sluice_model::{Code, Error, Filter, Parameter, Query, Reference, Request, Result, Row, Uuid, Value};

use code::Seen;
pub use detect::{FoundDuplicate, Matches};
use rule::{Rule, Side};
use sluice_engine::{
    Batch, Capability, Component, ComponentPart, ComponentStates, Session, Tables, Unit,
    tasks::{Gate, Task},
};
pub use trial::publishing_rule;

/// A duplicate rule with its conditions. A rule at work does not take a mark.
static COMPONENTS: Component = Component {
    parts: &[ComponentPart {
        table: DUPLICATE_CONDITION,
        key: &["baseattributename", "matchingattributename", "operatorcode"],
        parts: &[],
    }],
    states: Some(ComponentStates {
        is_active: life::is_in_use,
        set_active: set_published,
        rests_for_mark: true,
        ..ComponentStates::ACTIVATED
    }),
    ..Component::plain("duplicate-rule", DUPLICATE_RULE)
};

/// A rule is published by a job.
fn set_published(batch: &mut Batch<'_>, rule: &Reference, published: bool) -> Result<Option<Uuid>> {
    let message = if published {
        "PublishDuplicateRule"
    } else {
        "UnpublishDuplicateRule"
    };
    let request = Request::new(message).with("DuplicateRuleId", Value::Id(rule.id));
    Ok(match batch.execute(request)?.outputs.get("JobId") {
        Some(Parameter::Value(Value::Id(job))) => Some(*job),
        _ => None,
    })
}

/// The privilege to publish and unpublish rules.
const PUBLISHES: &str = "prvPublishDuplicateRule";
pub(crate) const DUPLICATE_RULE: &str = "duplicaterule";
pub(crate) const DUPLICATE_CONDITION: &str = "duplicaterulecondition";
pub(crate) const DUPLICATE_RECORD: &str = "duplicaterecord";

/// Duplicate rules.
pub(crate) static DUPLICATES: Capability = Capability {
    tables: sluice_engine::tables!["duplicaterule", "duplicaterulecondition", "duplicaterecord"],
    components: &[&COMPONENTS],
    messages: &[
        &bulk_detect_duplicates::BulkDetectDuplicates,
        &publish_duplicate_rule::PublishDuplicateRule,
        &retrieve_duplicates::RetrieveDuplicates,
        &unpublish_duplicate_rule::UnpublishDuplicateRule,
    ],
    rules: &[
        (Tables::Named(DUPLICATE_CONDITION), &rules::DuplicateCondition),
        (Tables::Named(DUPLICATE_RULE), &rules::DuplicateRule),
        (Tables::Named(sluice_engine::tables::ORGANIZATION), &rules::Detection),
    ],
    tasks: &[Task {
        privilege: PUBLISHES,
        gates: &[
            Gate::Message("PublishDuplicateRule"),
            Gate::Message("UnpublishDuplicateRule"),
            // Whoever switches duplicate detection off.
            Gate::Asked,
        ],
    }],
    watches: &[&detect::Detection, &upkeep::Codes],
    dependants: &[&dependants::DuplicateRules],
    parts: &[&part::RulePart],
    jobs: &[&jobs::Publish, &jobs::Detect, &jobs::Purge],
    compared_anew: work::code_anew,
    sound: soundness::check,
    ..Capability::named("duplicates")
};

/// A row's matchcode under a rule, as base row and as matching row; `None` where the row is
/// the same as no other on that side, or does not stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matchcodes {
    /// As the row that is checked.
    pub base: Option<String>,
    /// As a row that others are compared with.
    pub matching: Option<String>,
}

/// The codes by which rows are compared.
pub trait RowMatchcodes {
    /// The matchcodes of a row under a rule, published or not.
    ///
    /// # Errors
    /// The rule or the row is not there, the user may not read one of them, or the rule does
    /// not speak of the row's table.
    fn matchcodes(&self, rule: &Reference, row: &Reference) -> Result<Matchcodes>;
}

impl RowMatchcodes for Session {
    fn matchcodes(&self, rule: &Reference, row: &Reference) -> Result<Matchcodes> {
        let read = |row: &Reference| -> Result<Row> {
            let response = self.execute(Request::retrieve(row.clone(), &[]))?;
            response
                .row()
                .cloned()
                .ok_or_else(|| Error::not_found(&row.table, &row.table, row.id))
        };
        let (definition, found) = (read(rule)?, read(row)?);
        let conditions = Query::new(DUPLICATE_CONDITION).filter(Filter::eq("regardingobjectid", rule.id));
        let conditions = self.list(conditions)?;
        let catalog = self.catalog()?;
        let rule = Rule::compile(&catalog, &definition, &conditions)?;
        if rule.base != row.table && rule.matching != row.table {
            let sentence = format!(
                "the rule \"{}\" compares `{}` with `{}`; it says nothing of rows of `{}`",
                rule.name, rule.base, rule.matching, row.table
            );
            return Err(Error::new(Code::INVALID_ARGUMENT, sentence));
        }
        let code = |side, table: &sluice_model::Name| {
            (*table == row.table)
                .then(|| code::matchcode(&rule, side, Seen::now(&found)))
                .flatten()
                .map(|code| code::shown(&code))
        };
        Ok(Matchcodes {
            base: code(Side::Base, &rule.base),
            matching: code(Side::Matching, &rule.matching),
        })
    }
}

/// Makes and publishes a rule: only while an organisation is founded or an app installed,
/// when there are no rows yet that it could find.
///
/// # Errors
/// What is wrong with the rule.
pub fn found_duplicate_rule(unit: &mut Unit, rule: Row, conditions: Vec<Row>) -> Result<()> {
    let rule = unit.found(rule)?;
    for condition in conditions {
        unit.found(condition.with("regardingobjectid", rule.clone()))?;
    }
    life::published_when_founded(unit, rule.id)
}
