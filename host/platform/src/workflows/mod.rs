//! Workflows: what happens to a row without a program. A definition is a row of `workflow`; what
//! runs is a copy of it that is made when it is activated.
//!
//! | to | look at |
//! |---|---|
//! | see what a definition may say | `definition`, `check` |
//! | see how a workflow is written in a file | `spec` |
//! | see which others it starts | `children`, `names` |
//! | see what its owner has to hold | `owner` |
//! | see how it is activated and deactivated, and what may be changed | `life` |
//! | see which steps call it, for which rows and as whom | `active` |
//! | see what it does | `program`, `run`, `values` |
//! | see what it gives to plug-ins and takes from them | `arguments` |
//! | see how it goes on in the background, waits and is woken | `background` |
//! | see what its actions leave in the log | `log` |
//! | run one by hand | `execute_workflow` |
mod active;
mod arguments;
mod background;
mod check;
mod children;
mod definition;
mod dependants;
mod execute_workflow;
mod life;
mod log;
mod names;
pub(crate) mod naming;
mod owner;
mod program;
mod run;
mod scope;
mod spec;
pub(crate) mod values;

use sluice_model::{Filter, Name, Value};

use sluice_engine::{Capability, Component, ComponentStates, Meaning, Tables, tables, tasks::Task};

pub(crate) use life::{check_owner, takes_workflows};
pub(crate) use owner::{check_sees, refuse_system};
pub use spec::WorkflowSpec;

/// What definitions are written in, for those that say something of the same kind.
pub(crate) mod language {
    pub(crate) use super::{
        check::{Checker, are_there, numbered},
        definition::{
            Action, Check, Compare, Condition, Definition, Ending, LONGEST, Operator, Place, Source, Stop, Update,
            check_once, malformed,
        },
        naming::name_of,
        run::{Bounded, longest_text},
        spec::read,
        values,
    };
}

/// A workflow; the copy that runs stays where it is. One that starts others needs them to be active.
static COMPONENTS: Component = Component {
    only: &[("category", CATEGORY), ("type", DEFINITION)],
    states: Some(ComponentStates {
        later: Some(children::children_first),
        ..ComponentStates::ACTIVATED
    }),
    is_released: true,
    in_use: names::in_use,
    ..Component::plain("workflow", tables::PROCESS)
};

/// Workflows.
pub(crate) static WORKFLOWS: Capability = Capability {
    tables: sluice_engine::tables!["workflowlog"],
    components: &[&COMPONENTS],
    messages: &[&execute_workflow::ExecuteWorkflow],
    tasks: &[Task::asked(life::ACTIVATE), Task::asked(execute_workflow::RUN)],
    rules: &[
        (Tables::Named(tables::PROCESS), &life::Life),
        (Tables::Named("workflowlog"), &log::Log),
    ],
    dependants: &[&dependants::Definitions],
    parts: &[&active::ActivePart],
    steps: &[&active::Steps],
    jobs: &[&background::Jobs],
    kept: &[log::KEPT],
    meanings: &[Meaning::new(tables::PROCESS, "clientdata", |process, text| {
        process.int("category") != Some(CATEGORY) || definition::Definition::activated(text).is_ok()
    })],
    ..Capability::named("workflows")
};

/// `workflow.category` of workflows.
const CATEGORY: i32 = 0;
/// `workflow.type` of what people draw up.
const DEFINITION: i32 = 1;
/// `workflow.type` of the copy that runs.
const ACTIVATION: i32 = 2;

/// What starts a workflow by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trigger {
    message: &'static str,
    stage: i32,
    /// Of an Update: at least one of these must be among the columns sent.
    columns: Vec<Name>,
}

/// The rows that are workflows.
fn is_workflow() -> Filter {
    Filter::eq("category", Value::Choice(CATEGORY))
}
