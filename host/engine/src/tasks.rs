//! Task privileges: those that belong to no table. What each of them gates is data of the capability
//! that brings it, so that one place asks for all of them. Source: the platform's list of
//! miscellaneous privileges.

use std::collections::HashMap;

use sluice_model::{MADE_ELSEWHERE, Result, Row, TableDef, Value};

use crate::{Operation, Unit, bypass, change::Why, tables, whole};

/// A privilege that belongs to no table.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// Its name.
    pub privilege: &'static str,
    /// What takes it.
    pub gates: &'static [Gate],
}

/// What takes a task privilege.
#[derive(Debug, Clone, Copy)]
pub enum Gate {
    /// A message, by its name.
    Message(&'static str),
    /// An Update that changes that column of that table. Nothing and No are the same.
    Changed(&'static str, &'static str),
    /// The same, and a Create that gives the column a value.
    Given(&'static str, &'static str),
    /// A Create, of whichever table, that gives the column a value.
    Anywhere(&'static str),
    /// Whoever does it asks for it there: it hangs on more than a message or a column.
    Asked,
}

impl Task {
    /// One that its own place asks for.
    pub const fn asked(privilege: &'static str) -> Self {
        Self {
            privilege,
            gates: &[Gate::Asked],
        }
    }
}

/// The privilege to take lists of rows out, as files.
pub const EXPORT: &str = "prvExportToExcel";

/// Those of the core.
pub(crate) const CORE: &[Task] = &[
    Task::asked("prvReadCustomization"),
    Task::asked("prvReadEntity"),
    Task::asked("prvReadAttribute"),
    Task::asked("prvCreateEntity"),
    Task::asked("prvCreateAttribute"),
    Task::asked("prvWriteEntity"),
    Task::asked("prvWriteAttribute"),
    Task::asked("prvCreateRelationship"),
    Task::asked("prvWriteRelationship"),
    Task::asked("prvDeleteRelationship"),
    Task::asked("prvDeleteAttribute"),
    Task::asked("prvDeleteEntity"),
    Task::asked("prvActOnBehalfOfAnotherUser"),
    Task::asked("prvReadRecordAuditHistory"),
    Task::asked(EXPORT),
    Task::asked(bypass::PLUGINS_PRIVILEGE),
    Task::asked(bypass::LOGIC_PRIVILEGE),
    Task::asked(whole::MAINTAIN),
    Task {
        privilege: "prvReparentUser",
        gates: &[Gate::Changed(tables::USER, "businessunitid")],
    },
    Task {
        privilege: "prvReparentTeam",
        gates: &[Gate::Changed(tables::TEAM, "businessunitid")],
    },
    Task {
        privilege: "prvReparentBusinessUnit",
        gates: &[Gate::Changed(tables::BUSINESS_UNIT, "parentbusinessunitid")],
    },
    Task {
        privilege: "prvDisableUser",
        gates: &[Gate::Changed(tables::USER, "isdisabled")],
    },
    Task {
        privilege: "prvDisableBusinessUnit",
        gates: &[Gate::Changed(tables::BUSINESS_UNIT, "isdisabled")],
    },
    Task {
        privilege: "prvAssignManager",
        gates: &[Gate::Given(tables::USER, "parentsystemuserid")],
    },
    Task {
        privilege: "prvAssignPosition",
        gates: &[
            Gate::Given(tables::USER, "positionid"),
            // Whoever turns the tree of positions round makes other managers of those who have them.
            Gate::Changed(tables::POSITION, "parentpositionid"),
        ],
    },
    Task {
        privilege: "prvWriteHierarchicalSecurityConfiguration",
        gates: &[
            Gate::Changed(tables::ORGANIZATION, "ishierarchicalsecuritymodelenabled"),
            Gate::Changed(tables::ORGANIZATION, "usepositionhierarchy"),
            Gate::Changed(tables::ORGANIZATION, "maxdepthforhierarchicalsecuritymodel"),
        ],
    },
    Task {
        privilege: "prvOverrideCreatedOnCreatedBy",
        gates: &[Gate::Anywhere(MADE_ELSEWHERE)],
    },
];

/// The task privileges of an organisation, by what takes them.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    privileges: Vec<&'static str>,
    messages: HashMap<&'static str, Vec<&'static str>>,
    columns: HashMap<&'static str, Vec<OfColumn>>,
    /// Column, privilege.
    anywhere: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
struct OfColumn {
    column: &'static str,
    privilege: &'static str,
    /// A Create with a value takes it as well.
    when_new: bool,
}

impl Tasks {
    pub(crate) fn of(tasks: impl Iterator<Item = &'static Task>) -> Self {
        let mut all = Self::default();
        for task in tasks {
            let privilege = task.privilege;
            all.privileges.push(privilege);
            for gate in task.gates {
                match gate {
                    Gate::Message(message) => all.messages.entry(message).or_default().push(privilege),
                    Gate::Changed(table, column) => all.columns.entry(table).or_default().push(OfColumn {
                        column,
                        privilege,
                        when_new: false,
                    }),
                    Gate::Given(table, column) => all.columns.entry(table).or_default().push(OfColumn {
                        column,
                        privilege,
                        when_new: true,
                    }),
                    Gate::Anywhere(column) => all.anywhere.push((column, privilege)),
                    Gate::Asked => {}
                }
            }
        }
        all
    }

    /// The names of all of them.
    pub(crate) fn privileges(&self) -> &[&'static str] {
        &self.privileges
    }

    fn of_table(&self, table: &TableDef) -> &[OfColumn] {
        self.columns.get(&*table.name).map_or(&[], Vec::as_slice)
    }
}

/// The caller holds what the message takes.
///
/// # Errors
/// The privilege is missing.
pub(crate) fn check_message(unit: &Unit, operation: &Operation) -> Result<()> {
    let core = unit.core.clone();
    let wanted = core.tasks.messages.get(operation.message.name());
    let mut wanted = wanted.into_iter().flatten();
    wanted.try_for_each(|privilege| unit.require_named(operation, privilege))
}

/// The caller holds what the values of a new row take.
///
/// # Errors
/// The privilege is missing.
pub(crate) fn check_new(unit: &Unit, operation: &Operation, table: &TableDef) -> Result<()> {
    if operation.why != Why::Asked {
        return Ok(());
    }
    let core = unit.core.clone();
    let target = operation.target()?;
    let of_table = core.tasks.of_table(table).iter().filter(|gate| gate.when_new);
    let of_table = of_table.map(|gate| (gate.column, gate.privilege));
    of_table
        .chain(core.tasks.anywhere.iter().copied())
        .filter(|(column, _)| is_something(target, column))
        .try_for_each(|(_, privilege)| unit.require_named(operation, privilege))
}

/// The caller holds what the changes of a row take.
///
/// # Errors
/// The privilege is missing.
pub(crate) fn check_changes(unit: &Unit, operation: &Operation, table: &TableDef, before: &Row) -> Result<()> {
    let core = unit.core.clone();
    let target = operation.target()?;
    let mut changed = core.tasks.of_table(table).iter();
    changed.try_for_each(|gate| match is_changed(target, before, gate.column) {
        true => unit.require_named(operation, gate.privilege),
        false => Ok(()),
    })
}

fn is_something(row: &Row, column: &str) -> bool {
    row.get(column)
        .is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)))
}

fn is_changed(target: &Row, before: &Row, column: &str) -> bool {
    if !target.has(column) {
        return false;
    }
    match (target.id_of(column), before.id_of(column)) {
        (None, None) => {
            let somethings = (is_something(target, column), is_something(before, column));
            somethings.0 != somethings.1 || somethings.0 && target.get(column) != before.get(column)
        }
        (now, then) => now != then,
    }
}
