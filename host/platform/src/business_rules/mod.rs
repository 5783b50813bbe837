//! Business rules of the scope table: what every Create and Update of a row has to go by, as data. A
//! rule is a row of `workflow` with a category of its own. It sees the row as it will be, before it
//! is written, and what it sets goes into the request.
//!
//! | to | look at |
//! |---|---|
//! | see what a rule may say, and whether it makes sense for a table | `definition` |
//! | see how a rule is written in a file | `spec` |
//! | see how it is activated and deactivated, and what may be changed | `life` |
//! | see which steps apply it | `active` |
//! | see what it does to a row | `apply` |

mod active;
mod apply;
mod definition;
mod dependants;
mod life;
mod spec;

use sluice_engine::{Capability, Component, ComponentStates, Meaning, Tables, tables, tasks::Task};

pub use spec::BusinessRuleSpec;

/// A rule with its actions.
static COMPONENTS: Component = Component {
    only: &[("category", CATEGORY), ("type", DEFINITION)],
    states: Some(ComponentStates {
        later: Some(life::arrived),
        ..ComponentStates::ACTIVATED
    }),
    is_released: true,
    ..Component::plain("business-rule", tables::PROCESS)
};

/// Business rules.
pub(crate) static BUSINESS_RULES: Capability = Capability {
    components: &[&COMPONENTS],
    tasks: &[Task::asked(life::ACTIVATE)],
    rules: &[(Tables::Named(tables::PROCESS), &life::Life)],
    dependants: &[&dependants::Definitions],
    parts: &[&active::ActivePart],
    steps: &[&active::Steps],
    meanings: &[Meaning::new(tables::PROCESS, "clientdata", |process, text| {
        process.int("category") != Some(CATEGORY) || definition::Definition::parse(text).is_ok()
    })],
    ..Capability::named("business rules")
};

/// `workflow.category` of business rules.
const CATEGORY: i32 = 2;
/// `workflow.type`: what people draw up, and what applies once it is active.
const DEFINITION: i32 = 1;
/// `workflow.scope` of rules that hold for all forms and for the server.
const TABLE_SCOPE: i32 = 4;
