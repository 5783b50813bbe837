//! Which options a choice may have. A name with a dot, `table.column`, is the choice of one
//! column, any other a global one.

use sluice_model::{Choice, Code, ColumnType, Error, Filter, Query, Reference, Result, Row, TableDef, looks};

use crate::{customizing::definitions, managed};
use sluice_engine::{Operation, Unit, options, rules::Rules, tables};

/// A longer label is shown nowhere.
const LONGEST_LABEL: usize = 200;

pub(super) struct OptionSet;

impl Rules for OptionSet {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let name = operation.target()?.text("name").unwrap_or_default().to_owned();
        let same = Query::new(tables::OPTION_SET)
            .columns(&[])
            .filter(Filter::eq("name", &*name));
        if !unit
            .select_as_platform(
                "names of choices are unique, and their columns hold them to their options",
                &same,
            )?
            .is_empty()
        {
            let message = format!("there is a choice `{name}` already; add options to it");
            return Err(Error::new(Code::DUPLICATE_KEY, message).with_table(tables::OPTION_SET));
        }
        let before = match name.split_once('.') {
            Some((table, column)) => {
                options::column(&unit.catalog(), &name)?;
                if let Some(target) = operation.target_mut() {
                    target.set("isglobal", false);
                    target.set("tablename", table);
                    target.set("columnname", column);
                }
                unit.read(|tx| options::defined(tx, table, column))?
            }
            None => {
                definitions::check_name("choice", &name)?;
                Vec::new()
            }
        };
        take_options(unit, operation, &name, &before)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let name = before.text("name").unwrap_or_default();
        let target = operation.target()?;
        if target.has("name") && target.text("name") != Some(name) {
            return Err(Error::invalid(format!(
                "the choice `{name}` keeps its name: columns know it by that"
            )));
        }
        let options = options::parse(before.text("options").unwrap_or("[]"))?;
        take_options(unit, operation, name, &options)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let row = unit.need_as_platform(
            "names of choices are unique, and their columns hold them to their options",
            &Reference::new(tables::OPTION_SET, operation.id()?),
        )?;
        let name = row.text("name").unwrap_or_default();
        let options = options::parse(row.text("options").unwrap_or("[]"))?;
        if let Some(option) = options.iter().find(|option| option.managed)
            && !operation.is_import()
        {
            return Err(managed::refused(Code::MANAGED, &described(name, option)));
        }
        let users: Vec<String> = unit
            .catalog()
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
            .filter(|(_, column)| column.kind.global().is_some_and(|global| &**global == name))
            .map(|(table, column)| format!("{}.{}", table.name, column.name))
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the global choice `{name}` cannot be deleted: {} {} its options",
            users.join(", "),
            if users.len() == 1 { "has" } else { "have" }
        );
        Err(Error::new(Code::CHOICE_IN_USE, message).with_table(tables::OPTION_SET))
    }
}

fn described(name: &str, option: &Choice) -> String {
    format!("the option {} ({}) of `{name}`", option.value, option.label)
}

/// Checks the options of the Target, if it has any, and brings them into one form.
fn take_options(unit: &mut Unit, operation: &mut Operation, name: &str, before: &[Choice]) -> Result<()> {
    let target = operation.target()?;
    if !target.has("options") {
        return Ok(());
    }
    // Nothing is no option.
    let after = options::parse(target.text("options").unwrap_or("[]"))?;
    if !operation.is_import() {
        check_managed(name, before, &after)?;
    }
    check_form(&after)?;
    match name.split_once('.') {
        Some((table, column)) => {
            let catalog = unit.catalog();
            let (definition, kind) = options::column(&catalog, name)?;
            check_states(definition, &kind.kind, &after)?;
            if matches!(kind.kind, ColumnType::Status { .. }) {
                let defined = unit.read(|tx| options::defined(tx, table, column))?;
                check_platform(name, &defined, &after)?;
            }
        }
        None => check_no_states(&after)?,
    }
    if let Some(target) = operation.target_mut() {
        target.set("options", options::to_text(&after));
    }
    Ok(())
}

fn check_form(options: &[Choice]) -> Result<()> {
    if options.is_empty() {
        return Err(Error::invalid("a choice has at least one option"));
    }
    for option in options {
        let Choice {
            value,
            label,
            state: _,
            default_status,
            entered,
            only_by,
            managed: _,
        } = option;
        if looks::is_blank(label) || label.chars().count() > LONGEST_LABEL {
            return Err(Error::invalid(format!(
                "the option {value} needs a label of 1 to {LONGEST_LABEL} characters"
            )));
        }
        if default_status.is_some() {
            return Err(Error::invalid(format!(
                "the option {value} has a default status; only states have one, and they are fixed"
            )));
        }
        if entered.is_some() || only_by.is_some() {
            return Err(Error::invalid(format!(
                "the option {value} says what it is to come into it; only states do, and they are fixed"
            )));
        }
    }
    Ok(())
}

/// Checks the options of a choice, which are neither states nor status reasons.
pub(crate) fn check_plain(options: &[Choice]) -> Result<()> {
    check_form(options)?;
    check_no_states(options)
}

/// A status reason belongs to a state of its table; no other option has one.
fn check_states(table: &TableDef, kind: &ColumnType, options: &[Choice]) -> Result<()> {
    if !matches!(kind, ColumnType::Status { .. }) {
        return check_no_states(options);
    }
    let states = table.states().map_or(&[][..], |(states, _)| states);
    let known = |option: &Choice| states.iter().any(|state| Some(state.value) == option.state);
    match options.iter().find(|option| !known(option)) {
        None => Ok(()),
        Some(option) => {
            let list: Vec<String> = states
                .iter()
                .map(|state| format!("{} {}", state.value, state.label))
                .collect();
            Err(Error::new(
                Code::INVALID_STATE,
                format!(
                    "the status reason {} ({}) needs a state of `{}`: {}",
                    option.value,
                    option.label,
                    table.name,
                    list.join(", ")
                ),
            )
            .with_table(&table.name))
        }
    }
}

fn check_no_states(options: &[Choice]) -> Result<()> {
    match options.iter().find(|option| option.state.is_some()) {
        None => Ok(()),
        Some(option) => Err(Error::invalid(format!(
            "the option {} ({}) has a state; only status reasons do",
            option.value, option.label
        ))),
    }
}

/// The status reasons that the definition has stay, each in its state: the platform sets some
/// of them itself, and others are the default of their state.
fn check_platform(name: &str, defined: &[Choice], after: &[Choice]) -> Result<()> {
    for option in defined {
        let same = after
            .iter()
            .any(|other| other.value == option.value && other.state == option.state);
        if !same {
            let message = format!(
                "{} came with the platform: it stays, in its state; only its label can be changed",
                described(name, option)
            );
            return Err(Error::new(Code::DEFAULT_STATUS, message).with_table(tables::OPTION_SET));
        }
    }
    Ok(())
}

/// Managed options stay as they are, and nobody but an import makes one.
fn check_managed(name: &str, before: &[Choice], after: &[Choice]) -> Result<()> {
    if let Some(option) = before.iter().find(|option| option.managed && !after.contains(option)) {
        return Err(managed::refused(Code::MANAGED, &described(name, option)));
    }
    match after.iter().find(|option| option.managed && !before.contains(option)) {
        None => Ok(()),
        Some(option) => Err(Error::invalid(format!(
            "{} cannot be marked as managed: only the import of a solution does that",
            described(name, option)
        ))),
    }
}
