//! Upsert: changes a row, or makes it where it is not there. It runs as that Create or Update: the
//! steps, the privileges and the traces are those of these two, and nobody sees an Upsert.

use sluice_access::Principal;
use sluice_model::{
    Code, Error, MADE_ELSEWHERE, Name, Parameter, ParameterType, Reference, Request, Response, Result, Right, Row,
};

use super::{Images, Message, ParameterDef, Shape, Takes, optional, required};
use crate::{Operation, Unit, keys, operation::Incoming, pipeline};

/// `Upsert`.
pub(crate) struct Upsert;

/// Its name.
pub(crate) const NAME: &str = "Upsert";

/// Sends the Create or the Update that an Upsert comes to.
pub(crate) fn run(unit: &mut Unit, incoming: Incoming) -> Result<Response> {
    let mut inputs = incoming.request.inputs;
    Upsert.shape().check_request(NAME, &mut inputs)?;
    let Some(Parameter::Row(mut target)) = inputs.remove("Target") else {
        return Err(Error::invalid("the parameter `Target` of Upsert is no row"));
    };
    let key = match inputs.remove("KeyAttributes") {
        Some(Parameter::Names(names)) if !names.is_empty() => names,
        _ => Vec::new(),
    };
    let there = check_both(unit, &incoming.principal, &target.table).and_then(|()| found(unit, &target, &key));
    let there = match there {
        Ok(there) => there,
        Err(error) => {
            let request = Request {
                message: NAME.into(),
                inputs,
            };
            let request = request
                .with("Target", target)
                .with("KeyAttributes", Parameter::Names(key));
            return Err(refused(unit, Incoming { request, ..incoming }, error));
        }
    };
    let (message, created) = match there {
        Some(id) => {
            target.id = id;
            // They are what the row has already; when it was made elsewhere is said of a new one.
            target
                .values
                .retain(|name, _| !key.contains(name) && &**name != MADE_ELSEWHERE);
            ("Update", false)
        }
        None => ("Create", true),
    };
    // Within a transaction nobody else's row comes.
    let raced = (created && !unit.tx.is_open()).then(|| (target.clone(), key));
    let table = target.table.clone();
    let request = Request {
        message: message.into(),
        inputs,
    };
    let (id, request) = (target.id, request.with("Target", target));
    unit.upserts = raced.is_some();
    let response = pipeline::run(unit, Incoming { request, ..incoming });
    unit.upserts = false;
    if let (Err(error), Some((target, key))) = (&response, &raced)
        && is_taken(error)
        && found(unit, target, key)?.is_some()
    {
        // Somebody else has made the row meanwhile: the request begins anew, and changes it.
        unit.outdated = true;
    }
    let mut response = response?;
    let id = response.created().unwrap_or(id);
    response.outputs.remove("id");
    Ok(response
        .with("RecordCreated", created)
        .with("Target", Reference::new(table, id)))
}

/// What was refused before it came to a Create or an Update is on record as the Upsert that it was, with what was asked.
fn refused(unit: &mut Unit, incoming: Incoming, error: Error) -> Error {
    let Ok(operation) = Operation::begin(unit, incoming) else {
        return error;
    };
    unit.trace.enter_message(&operation);
    let asked = operation.table().map(|table| table.name.clone());
    let asked = asked.and_then(|table| check_both(unit, &operation.principal, &table));
    let error = asked.err().unwrap_or(error);
    unit.trace.leave(Some(&error));
    error
}

/// Whether a row was refused because there may be one with its id or its key: a name that is taken has the same code.
pub(crate) fn is_taken(error: &Error) -> bool {
    [Code::DUPLICATE_KEY, Code::KEY_TAKEN].contains(&error.code()) && error.body().step.is_none()
}

/// Whoever may only make rows, or only change them, is refused alike whether the row is there or
/// not: which of the two an Upsert is tells what the table holds.
fn check_both(unit: &mut Unit, principal: &Principal, table: &str) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let table = snapshot.table(table)?;
    sluice_access::check_enabled(principal).map_err(|error| error.with_table(&table.name))?;
    [Right::Create, Right::Write]
        .into_iter()
        .try_for_each(|right| sluice_access::check_privilege(principal, table, right, &snapshot.privileges))
}

/// The id of the row that is there: the one that has the values of the key, else the one of the id.
fn found(unit: &mut Unit, target: &Row, key: &[Name]) -> Result<Option<sluice_model::Uuid>> {
    if !key.is_empty() {
        return keys::row_of(unit, target, key);
    }
    if target.id.is_nil() {
        return Ok(None);
    }
    let reason = "see whether the row of an Upsert is there";
    let row = unit.read_as_platform(reason, &target.reference(), Some(&[]))?;
    Ok(row.map(|row| row.id))
}

impl Message for Upsert {
    fn name(&self) -> &'static str {
        NAME
    }

    fn doc(&self) -> &'static str {
        "Changes a row, or makes it where it is not there: runs as Update or as Create."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Row),
            optional("KeyAttributes", ParameterType::Names),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("RecordCreated", ParameterType::Bool),
            required("Target", ParameterType::Reference),
        ];
        Shape {
            takes: Takes::Row,
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: false,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        check_both(unit, &operation.principal, &operation.table()?.name)
    }

    /// The pipeline sends Create or Update in its place ([`run`]), so it comes to nobody.
    fn run(&self, _: &mut Unit, _: &mut Operation) -> Result<()> {
        Err(Error::host("an Upsert runs as Create or Update"))
    }
}
