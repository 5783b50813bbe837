//! What a step may be registered on.

use sluice_model::{
    Code, Error, Filter, Name, Query, Reference, Result, Right, Row, TableDef, Uuid, Value, coerce,
    state::step::DISABLED,
};

use super::{missing, plugin_step_image};
use sluice_engine::{Operation, Unit, giving, rules::Rules, step, step_rows, tables};

pub(super) struct PluginStep;

impl Rules for PluginStep {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let Some(mut row) = operation.take_target() else {
            return Ok(());
        };
        for (here, there) in [("plugintypeid", "eventhandler"), ("eventhandler", "plugintypeid")] {
            if !row.has(here)
                && let Some(value) = row.get(there).cloned()
            {
                row.set(here, value);
            }
        }
        for (column, default) in [
            ("rank", Value::Int(1)),
            ("mode", Value::Choice(step::SYNCHRONOUS)),
            ("stage", Value::Choice(step::PRE_VALIDATION)),
        ] {
            if !row.has(column) {
                row.set(column, default);
            }
        }
        let result = check(unit, &row).and_then(|registration| {
            if let Some(filtering) = &registration.filtering {
                row.set("filteringattributes", filtering.as_str());
            }
            if is_nameless(&row) {
                row.set("name", registration.default_name(unit, &row)?);
            }
            Ok(())
        });
        let result = result.and_then(|()| giving::check_step(unit, operation, &row));
        let result = result.and_then(|()| check_secret(unit, operation, None, &row));
        operation.put_target(row);
        result
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        if let Some(target) = operation.target_mut().filter(|target| target.has("statecode")) {
            // Who decides on the state now overrules what disabling the plug-in remembered.
            target.set("sl_enabledbefore", Value::Null);
            for (column, nothing) in [
                (RESTS_UNTIL, Value::Null),
                ("sl_restreason", Value::Null),
                (MONITORED, Value::Bool(false)),
            ] {
                if !target.has(column) {
                    target.set(column, nothing);
                }
            }
        }
        rest_or_watch(operation)?;
        let mut whole = before.clone();
        whole.values.extend(operation.target()?.values.clone());
        refuse_rest_of_disabled(operation.target()?, &whole)?;
        check_secret(unit, operation, Some(before), &whole)?;
        let registration = check(unit, &whole)?;
        let registers = ["stage", "sdkmessageid", "sdkmessagefilterid"];
        if registers.iter().any(|column| whole.get(column) != before.get(column)) {
            plugin_step_image::check_all(unit, &whole)?;
        }
        if !only_disables(operation.target()?, before, &whole) {
            giving::check_step(unit, operation, &whole)?;
        }
        if operation.target()?.has("name") && is_nameless(&whole) {
            let name = registration.default_name(unit, &whole)?;
            if let Some(target) = operation.target_mut() {
                target.set("name", name);
            }
        }
        if let (Some(filtering), Some(target)) = (registration.filtering, operation.target_mut())
            && target.has("filteringattributes")
        {
            target.set("filteringattributes", filtering);
        }
        Ok(())
    }

    /// A secret that a step no longer has goes, as it does with the step.
    fn after_update(&self, unit: &mut Unit, _: &Operation, before: &Row, changed: &Row) -> Result<()> {
        match before.lookup(SECRET).cloned() {
            Some(secret) if changed.has(SECRET) && changed.lookup(SECRET) != Some(&secret) => {
                forget_secret(unit, before.id, &secret)
            }
            _ => Ok(()),
        }
    }

    /// A step's secret goes with the step, whoever deletes that: no later one finds it.
    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let step = unit.need_as_platform("a step's secret goes with the step", &operation.target_reference()?)?;
        let Some(secret) = step.lookup(SECRET).cloned() else {
            return Ok(());
        };
        let without = Row::new(tables::STEP, step.id).with(SECRET, Value::Null);
        unit.update_as_platform("a step's secret goes with the step", without)?;
        forget_secret(unit, step.id, &secret)
    }
}

/// The columns that say what a step calls.
const CALLS: [&str; 2] = ["plugintypeid", "eventhandler"];

/// A secret is handed to what a step calls: whoever lets the step call something else, or gives it the secret of another
/// step, may read it. Where the step has it no longer, it goes: whoever takes it away may delete it.
fn check_secret(unit: &mut Unit, operation: &Operation, before: Option<&Row>, whole: &Row) -> Result<()> {
    let (held, has) = (before.and_then(|before| before.lookup(SECRET)), whole.lookup(SECRET));
    if let Some(held) = held.filter(|held| has != Some(*held)) {
        decide(unit, operation, Right::Delete, held)?;
    }
    let Some(secret) = has else { return Ok(()) };
    let step = before.map_or_else(Uuid::nil, |before| before.id);
    let calls_another = |before: &Row| CALLS.iter().any(|column| whole.id_of(column) != before.id_of(column));
    let is_handed_on = match before.filter(|_| held == has) {
        Some(before) => calls_another(before),
        // One that no step has was made for this one.
        None => others_have(unit, step, secret)?,
    };
    match is_handed_on {
        true => decide(unit, operation, Right::Read, secret),
        false => Ok(()),
    }
}

/// Whoever changes what a type is may read the secrets of the steps that call it.
pub(super) fn check_secrets_of(unit: &mut Unit, operation: &Operation, plugin_type: Uuid) -> Result<()> {
    let calls = CALLS.map(|column| Filter::eq(column, Reference::new(tables::PLUGIN_TYPE, plugin_type)));
    let query = Query::new(tables::STEP)
        .columns(&[SECRET])
        .filter(Filter::Or(calls.into()));
    for step in unit.select_as_platform("see which secrets go to a type of a plug-in", &query)? {
        if let Some(secret) = step.lookup(SECRET) {
            decide(unit, operation, Right::Read, secret)?;
        }
    }
    Ok(())
}

fn decide(unit: &mut Unit, operation: &Operation, right: Right, secret: &Reference) -> Result<()> {
    let table = unit.snapshot()?.table(&secret.table)?.clone();
    unit.decide(operation, &table, right, secret.id).map(|_| ())
}

/// Whether a step is to be called as it is by default.
fn is_nameless(row: &Row) -> bool {
    row.text("name").is_none_or(|name| name.trim().is_empty())
}

/// Whether other steps have a secret.
fn others_have(unit: &mut Unit, step: Uuid, secret: &Reference) -> Result<bool> {
    let with_it = Query::new(tables::STEP)
        .columns(&[])
        .filter(Filter::eq(SECRET, secret.clone()));
    let others = unit.select_as_platform("see which steps have a secret", &with_it)?;
    Ok(others.iter().any(|other| other.id != step))
}

/// Removes a secret that the step does not have any more, unless another one has it.
fn forget_secret(unit: &mut Unit, step: Uuid, secret: &Reference) -> Result<()> {
    match others_have(unit, step, secret)? {
        true => Ok(()),
        false => unit.delete_as_platform("a step's secret goes with the step", secret),
    }
}

/// Whoever may change steps may take one out of work, or let it rest for longer, whoever it runs as:
/// that gives nothing.
fn only_disables(target: &Row, before: &Row, whole: &Row) -> bool {
    let of_state = |name: &str| {
        let rest = matches!(name, RESTS_UNTIL | "sl_restreason" | MONITORED);
        rest || matches!(name, "statecode" | "statuscode" | "sl_enabledbefore")
    };
    let until = |row: &Row| row.get(RESTS_UNTIL).and_then(Value::as_time);
    let watched = |row: &Row| row.bool(MONITORED) == Some(true);
    let enables = target.has("statecode") || until(whole) < until(before) || watched(before);
    // What a step does that is only watched is discarded.
    let out_of_work = DISABLED.is_of(whole) || watched(whole) || !enables;
    out_of_work && target.values.keys().all(|name| of_state(name))
}

/// Until when an enabled step is passed over.
const RESTS_UNTIL: &str = "sl_restsuntil";

/// Whether an enabled step is only watched.
const MONITORED: &str = "sl_monitored";

/// A step rests, or it is only watched: what was said last counts. Who lets one rest that is watched has it work
/// again after the time; who watches one that rests ends the rest.
fn rest_or_watch(operation: &mut Operation) -> Result<()> {
    let Some(target) = operation.target_mut() else {
        return Ok(());
    };
    let rests = target.get(RESTS_UNTIL).is_some_and(|until| !until.is_null());
    let other = match (rests, target.bool(MONITORED) == Some(true)) {
        (true, true) => {
            let message = "a step either rests until a time or is only watched: not both at once";
            return Err(Error::invalid(message).with_table(tables::STEP));
        }
        (true, false) => (MONITORED, Value::Bool(false)),
        (false, true) => (RESTS_UNTIL, Value::Null),
        (false, false) => return Ok(()),
    };
    target.set(other.0, other.1);
    Ok(())
}

/// A disabled step stays so: whoever lets it rest until a time would wait for it in vain, as whoever
/// watches it.
fn refuse_rest_of_disabled(target: &Row, whole: &Row) -> Result<()> {
    let rests = target.get(RESTS_UNTIL).is_some_and(|until| !until.is_null());
    let watched = target.bool(MONITORED) == Some(true);
    if !(rests || watched) || !DISABLED.is_of(whole) {
        return Ok(());
    }
    let name = whole.text("name").unwrap_or_default();
    let what = match rests {
        true => "cannot rest until a time",
        false => "does not run, so there is nothing to watch",
    };
    Err(Error::invalid(format!(
        "the step \"{name}\" is disabled and stays so until it is enabled: it {what}"
    ))
    .with_table(tables::STEP))
}

/// The column that refers to a step's secret.
const SECRET: &str = "sdkmessageprocessingstepsecureconfigid";

/// The message and the table of a step.
struct Registration {
    message: String,
    table: Option<String>,
    /// The filtering columns, as the table names them.
    filtering: Option<String>,
}

impl Registration {
    fn default_name(&self, unit: &mut Unit, row: &Row) -> Result<String> {
        let plugin_type = unit.need_as_platform(
            "a step fits its message, its table and its plug-in",
            &Reference::new(tables::PLUGIN_TYPE, id(row, "plugintypeid")?),
        )?;
        let table = self.table.as_deref().unwrap_or("any table");
        Ok(format!(
            "{}: {} of {table}",
            plugin_type.text("typename").unwrap_or_default(),
            self.message
        ))
    }
}

fn id(row: &Row, column: &str) -> Result<Uuid> {
    row.id_of(column).ok_or_else(|| {
        Error::new(Code::REQUIRED_MISSING, format!("a step needs the column `{column}`")).with_table(tables::STEP)
    })
}

fn check(unit: &mut Unit, row: &Row) -> Result<Registration> {
    let plugin_type = unit.need_as_platform(
        "a step fits its message, its table and its plug-in",
        &Reference::new(tables::PLUGIN_TYPE, id(row, "plugintypeid")?),
    )?;
    missing::check_step(unit, row, &plugin_type)?;
    let message = id(row, "sdkmessageid")?;
    let message = unit
        .need_as_platform(
            "a step fits its message, its table and its plug-in",
            &Reference::new(tables::MESSAGE, message),
        )?
        .text("name")
        .unwrap_or_default()
        .to_owned();
    let table = match row.id_of("sdkmessagefilterid") {
        Some(filter) => {
            let filter = unit.need_as_platform(
                "a step fits its message, its table and its plug-in",
                &Reference::new(tables::MESSAGE_FILTER, filter),
            )?;
            if filter.id_of("sdkmessageid") != row.id_of("sdkmessageid") {
                return Err(Error::new(
                    Code::STEP_NOT_ALLOWED,
                    format!("the step's filter belongs to another message than {message}"),
                ));
            }
            if filter.bool("iscustomprocessingstepallowed") == Some(false) {
                return Err(Error::new(
                    Code::STEP_NOT_ALLOWED,
                    "Custom SdkMessageProcessingStep is not allowed on the specified message and entity.",
                ));
            }
            filter
                .text("primaryobjecttypecode")
                .filter(|table| *table != "none")
                .map(ToOwned::to_owned)
        }
        None => None,
    };
    if message == "Merge"
        && let Some(table) = &table
        && !unit.configuration().table(table)?.merges
    {
        return Err(Error::new(
            Code::STEP_NOT_ALLOWED,
            format!("rows of `{table}` are never merged, so such a step would never run"),
        ));
    }
    check_stage(row)?;
    let filtering = filtering(unit, row, &message, table.as_deref())?;
    step_rows::limits(row.int("mode").unwrap_or_default(), row.text("sl_limits"))?;
    for grant in step_rows::names(row.text("sl_grants")) {
        if !matches!(&*grant, "clock" | "random" | "system") {
            return Err(Error::invalid(format!(
                "`{grant}` cannot be granted to a step: clock, random or system"
            )));
        }
    }
    Ok(Registration {
        message,
        table,
        filtering,
    })
}

fn check_stage(row: &Row) -> Result<()> {
    let stage = row.int("stage").unwrap_or_default();
    if !matches!(stage, step::PRE_VALIDATION | step::PRE_OPERATION | step::POST_OPERATION) {
        return Err(Error::new(
            Code::STAGE_NOT_ALLOWED,
            "Invalid plug-in registration stage. Steps can only be modified in stages BeforeMainOperationOutsideTransaction, \
             BeforeMainOperationInsideTransaction, AfterMainOperationInsideTransaction and AfterMainOperationOutsideTransaction.",
        ));
    }
    if row.int("mode") != Some(step::SYNCHRONOUS) && stage != step::POST_OPERATION {
        return Err(Error::new(
            Code::STAGE_NOT_ALLOWED,
            "an asynchronous step runs in post-operation (40) only",
        ));
    }
    Ok(())
}

/// The filtering columns of a step, as the table names them.
fn filtering(unit: &Unit, row: &Row, message: &str, table: Option<&str>) -> Result<Option<String>> {
    let columns = step_rows::names(row.text("filteringattributes"));
    if columns.is_empty() {
        return Ok(None);
    }
    let (true, Some(table)) = (step::takes_filter(message), table) else {
        return Err(Error::new(
            Code::STEP_NOT_ALLOWED,
            "filtering columns are for steps on Create or Update of one table",
        ));
    };
    columns_of(unit.configuration().table(table)?, &columns).map(Some)
}

/// The columns of a table that a list names in any case, as the table names them.
pub(super) fn columns_of(table: &TableDef, names: &[Name]) -> Result<String> {
    let named = |name: &Name| {
        let in_any_case = table
            .columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name));
        in_any_case.map_or_else(|| coerce::column(table, name), Ok)
    };
    let names: Vec<&str> = names
        .iter()
        .map(|name| Ok(&*named(name)?.name))
        .collect::<Result<_>>()?;
    Ok(names.join(","))
}
