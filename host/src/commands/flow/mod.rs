//! `sluice flow`: business process flows, and the processes in which rows are.
//!
//! | to | look at |
//! |---|---|
//! | make, show, order, gate and move flows as a whole | `definitions` |
//! | see and move the process of a row | `rows` |
//! | see how much a flow asks of people | `lint` |

mod definitions;
mod lint;
mod rows;

use std::{path::PathBuf, sync::Arc};

use sluice_engine::Session;
use sluice_model::{
    Code, Error, Filter, Query, Value,
    names::{did_you_mean, end_of_id},
};
use sluice_platform::Flow;
use sluice_platform::prelude::*;

use super::selection::Selection;
use crate::{context::Context, output::Outcome};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the flows that you see, in the order in which they are tried.
    List {
        /// Only those that rows of this table go through.
        #[arg(long)]
        table: Option<String>,
    },
    /// Show a flow with its stages and their steps.
    Show {
        /// Its name, unique name or id; by default the first one that you see.
        flow: Option<String>,
    },
    /// Make a flow out of a file, and activate it.
    Create {
        /// The flow, as TOML.
        file: PathBuf,
        /// Do not activate it.
        #[arg(long)]
        draft: bool,
    },
    /// Let processes be started in flows.
    #[command(visible_alias = "enable")]
    Activate(Selection),
    /// Let no further processes be started in flows; those under way stay.
    #[command(visible_alias = "disable")]
    Deactivate(Selection),
    /// Remove flows in which nothing is under way.
    Delete(Selection),
    /// Give a flow its place: of a table's flows the lowest that a user has is the default.
    Order {
        /// Its name, unique name or id.
        flow: String,
        /// The place.
        #[arg(allow_negative_numbers = true)]
        order: i32,
    },
    /// Let the holders of a role see, start and move the processes of a flow.
    Grant {
        /// Its name, unique name or id.
        flow: String,
        /// The role.
        role: String,
    },
    /// Take a flow from the holders of a role.
    Revoke {
        /// Its name, unique name or id.
        flow: String,
        /// The role.
        role: String,
    },
    /// Warn of flows that ask for too much, and show which steps held people up.
    Lint {
        /// Its name, unique name or id; by default all that you see.
        flow: Option<String>,
        /// So many required steps may the first stage have.
        #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true)]
        max: usize,
    },
    /// Move the processes under way in one flow into another.
    Migrate {
        /// The flow that they leave.
        flow: String,
        /// The flow that they enter.
        #[arg(long, value_name = "FLOW")]
        to: String,
    },
    /// Show the processes of a row; the first one counts.
    Instances {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
    },
    /// Go on to the next stage, with the processes of these rows.
    Next(rows::Target),
    /// Go back to the previous stage.
    Previous(rows::Target),
    /// Set a stage active: the previous or the next one.
    SetActive {
        #[command(flatten)]
        target: rows::Target,
        /// The stage's name or id.
        #[arg(long, value_name = "NAME")]
        stage: String,
    },
    /// Finish the process, at its last stage.
    Finish(rows::Target),
    /// Give the process up.
    Abandon(rows::Target),
    /// Take up a process that was finished or given up.
    Reactivate(rows::Target),
    /// Start a process in a flow.
    Start(rows::RowAndFlow),
    /// Let another process of the row count; start it where there is none.
    Switch(rows::RowAndFlow),
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { table } => definitions::list(&session, table.as_deref()),
        Command::Show { flow } => definitions::show(context, &session, flow.as_deref()),
        Command::Create { file, draft } => definitions::create(&session, &file, draft),
        Command::Activate(flows) => definitions::set_active(context, &session, &flows, true),
        Command::Deactivate(flows) => definitions::set_active(context, &session, &flows, false),
        Command::Delete(flows) => definitions::delete(context, &session, &flows),
        Command::Order { flow, order } => definitions::order(&session, &flow, order),
        Command::Grant { flow, role } => definitions::gate(context, &session, (&flow, &role), true),
        Command::Revoke { flow, role } => definitions::gate(context, &session, (&flow, &role), false),
        Command::Lint { flow, max } => lint::run(&session, flow.as_deref(), max),
        Command::Migrate { flow, to } => definitions::migrate(context, &session, &flow, &to),
        Command::Instances { table, id } => rows::instances(context, &session, &table, &id),
        Command::Next(target) => rows::step(context, &session, &target, rows::Direction::Next),
        Command::Previous(target) => rows::step(context, &session, &target, rows::Direction::Previous),
        Command::SetActive { target, stage } => rows::step(context, &session, &target, rows::Direction::To(&stage)),
        Command::Finish(target) => rows::end(context, &session, &target, sluice_platform::Status::Finished),
        Command::Abandon(target) => rows::end(context, &session, &target, sluice_platform::Status::Aborted),
        Command::Reactivate(target) => rows::reactivate(context, &session, &target),
        Command::Start(choice) => rows::start(context, &session, &choice),
        Command::Switch(choice) => rows::switch(context, &session, &choice),
    }
}

/// The flow of that name, unique name or id, among those that the user sees.
fn find(session: &Session, name: &str) -> sluice_model::Result<Arc<Flow>> {
    find_among(session, &session.flows()?, name)
}

/// The flow of that name, unique name or id, to be started: also one that the user does not see,
/// so that the platform itself says which privilege is missing.
fn find_to_start(session: &Session, name: &str) -> sluice_model::Result<Arc<Flow>> {
    find_among(session, &session.startable_flows()?, name)
}

/// The rows that are process flows.
fn is_flow() -> Filter {
    Filter::eq("category", Value::Choice(4))
}

/// What stands for the flow that was made last.
const LAST: &str = "@last";

fn find_among(session: &Session, flows: &[Arc<Flow>], name: &str) -> sluice_model::Result<Arc<Flow>> {
    let id = match name {
        LAST => Some(session.find_among(&Query::new("workflow").filter(is_flow()), "process flow", name)?),
        name => name.parse().ok(),
    };
    let end = end_of_id(name).map(|end| end.to_ascii_lowercase());
    let is = |flow: &&Arc<Flow>| {
        let ends = || {
            end.as_ref()
                .is_some_and(|end| flow.id.simple().to_string().ends_with(end))
        };
        Some(flow.id) == id
            || ends()
            || flow.name.eq_ignore_ascii_case(name)
            || flow.unique_name.eq_ignore_ascii_case(name)
    };
    let found: Vec<&Arc<Flow>> = flows.iter().filter(is).collect();
    match found.as_slice() {
        [flow] => Ok((*flow).clone()),
        [] => {
            let hint = did_you_mean(name, flows.iter().map(|flow| &*flow.name));
            let message = format!("there is no process flow \"{name}\" that you see{hint}; `flow list` shows them");
            Err(Error::new(Code::NOT_FOUND, message).with_table("workflow"))
        }
        several => {
            let ids: Vec<String> = several
                .iter()
                .map(|flow| format!("{} ({})", flow.id, flow.unique_name))
                .collect();
            let message = format!(
                "several process flows are called \"{name}\": {}; give the id or the unique name",
                ids.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message).with_table("workflow"))
        }
    }
}
