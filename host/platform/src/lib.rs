//! The capabilities of the platform, a folder each: what stands on the core and not in it. What
//! each brings along is a [`Capability`] in the first file of its folder; which of them know each
//! other is a table in the architecture test. To add one, write it in a folder, a line in [`ALL`],
//! and, if it watches rows, in [`ORDER`]; if it lets something travel in solutions, in [`TRAVEL`].

pub mod audit;
mod business_rules;
pub mod customizing;
pub mod diagnosis;
pub mod duplicates;
mod email;
pub mod flow;
pub mod import;
mod keys;
pub mod managed;
pub mod mapping;
pub mod merge;
pub mod notes;
pub mod plugins;
pub mod solutions;
mod workflows;

use sluice_engine::{Capabilities, Capability};

pub use audit::{TakenBack, Undone, Wanted};
pub use business_rules::BusinessRuleSpec;
pub use customizing::columns::{ColumnChange, changing_column};
pub use customizing::definitions::TableChange;
pub use customizing::publish::{Change, Unpublished};
pub use customizing::relationships::BehaviourChange;
pub use customizing::views::View;
pub use diagnosis::{
    Culprit, Cure, Explanation, Fix, Isolation, Judged, Lacked, LostUse, Need, NewRole, Reach, Resting, SeenNeed,
    SeenNeeds, SeenParty, Suggested, Taken, Turned, UnusedPrivilege, UsedBy, UsedPrivilege, Way, WhatIf,
    WithheldColumn,
};
pub use duplicates::{FoundDuplicate, Matchcodes, Matches, publishing_rule};
pub use flow::{
    Flow, FlowSpec, FlowStep, FlowStepSpec, Migrated, Migration, Process, Stage, StageSpec, Status, rows_of_process,
};
pub use mapping::MappingProblem;
pub use plugins::{
    history::PluginVersion,
    needs::DeclaredNeeds,
    registration::{Assembly, ImageSpec, Lacking, PushOptions, Pushed, StepSpec, changing_step, limits_of, pushing},
};
pub use sluice_access::Gate;
pub use solutions::{Filled, ImportOptions, Imported, Uninstalled};
pub use workflows::WorkflowSpec;

/// What the capabilities add to a session: `use sluice_platform::prelude::*`.
pub mod prelude {
    pub use crate::{
        audit::Undo as _,
        customizing::{
            columns::ColumnChanges as _, definitions::Definitions as _, publish::Publishing as _,
            relationships::Relationships as _, views::Views as _,
        },
        diagnosis::Diagnosis as _,
        duplicates::RowMatchcodes as _,
        flow::{CreateFlows as _, MigrateProcesses as _, Processes as _},
        mapping::Mappings as _,
        plugins::registration::Registration as _,
        solutions::{ImportSolutions as _, SolutionContents as _, UninstallSolutions as _},
    };
}

/// The capabilities of the platform. Apps come after them.
static ALL: &[&Capability] = &[
    &plugins::PLUGINS,
    &mapping::MAPPING,
    &duplicates::DUPLICATES,
    &flow::FLOWS,
    &workflows::WORKFLOWS,
    &business_rules::BUSINESS_RULES,
    &customizing::CUSTOMIZING,
    &keys::KEYS,
    &notes::NOTES,
    &merge::MERGE,
    &managed::MANAGED,
    &solutions::SOLUTIONS,
    &audit::AUDIT,
];

/// The watches by name, in the order in which a change passes them.
const ORDER: &[&str] = &[
    // Before the rules of the table.
    "managed rows",
    // Before the row is written.
    "place in a process",
    "duplicate detection",
    // ── the row is written ──
    "matchcodes",
    "audit trail",
    "start of a process",
];

/// What travels in solutions, in the order in which it arrives: what others depend on comes first. It goes in the
/// opposite order.
const TRAVEL: &[&str] = &[
    "option-set",
    "table",
    "column",
    "column-profile",
    "team-template",
    "key",
    "web-resource",
    "form",
    "view",
    "mapping",
    "flow",
    "role",
    "plugin",
    "workflow",
    "business-rule",
    "duplicate-rule",
    "offline-profile",
];

/// The capabilities of an organisation: those of the platform and these apps.
pub fn with(apps: &[Capability]) -> Capabilities {
    Capabilities {
        all: ALL.iter().copied().chain(apps).copied().collect(),
        order: ORDER,
    }
}
