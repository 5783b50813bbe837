//! RetrieveTimeline, a message of Sluice's own: the notes and activities that belong to a row.
//!
//! Those of a lead are shown on the account, the contact and the opportunity that were made of it
//! as well, so that nothing is lost when the lead is qualified. They are not copied: each stays one row about the lead, and what is added to
//! the lead later is shown, too. The timeline of a row into which others were merged shows what
//! theirs showed. Nobody is shown a note or an activity that they may not read;
//! `organization.sl_leadnotes` narrows it further.

use std::collections::BTreeSet;

use sluice_engine::{
    Message, Operation, ParameterDef, Shape, Takes, Unit,
    parts::{Images, require, required},
};
use sluice_model::{
    Filter, Name, Order, Parameter, ParameterType, Query, Reference, Request, Result, Right, Row, TableDef, Value,
    codes::Kind,
};

/// The tables of what a timeline shows, each with the lookup that says what it is about.
pub const TABLES: [(&str, &str); 6] = [
    ("annotation", "objectid"),
    ("appointment", "regardingobjectid"),
    ("email", "regardingobjectid"),
    ("opportunityclose", "regardingobjectid"),
    ("phonecall", "regardingobjectid"),
    ("task", "regardingobjectid"),
];

/// The columns that are read of each, where it has them. An attachment's bytes are not among
/// them.
const COLUMNS: [&str; 18] = [
    "subject",
    "notetext",
    "description",
    "objectid",
    "regardingobjectid",
    "isdocument",
    "filename",
    "mimetype",
    "filesize",
    "scheduledstart",
    "scheduledend",
    "actualend",
    "directioncode",
    "statecode",
    "statuscode",
    "ownerid",
    "createdby",
    "createdon",
];

/// How many rows of each table, the newest.
const MOST: u32 = 5_000;

/// So many rows that were merged into one are looked at.
const MERGED: usize = 200;

/// `RetrieveTimeline`.
#[derive(Debug)]
pub struct RetrieveTimeline;

/// The request for the timeline of a row.
pub fn request(target: Reference) -> Request {
    Request::new("RetrieveTimeline").with("Target", target)
}

impl Message for RetrieveTimeline {
    fn name(&self) -> &'static str {
        "RetrieveTimeline"
    }

    fn doc(&self) -> &'static str {
        "Sluice's own: reads the notes and activities of a row, the newest first; of what was made of a lead also those of the lead."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[required("Target", ParameterType::Reference)];
        const OUTPUTS: &[ParameterDef] = &[
            required("Entries", ParameterType::Structures),
            required("MissingPrivileges", ParameterType::Names),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: true,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        require(unit, operation, &*operation.table()?, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target_reference()?;
        let row = unit.row_with_rights(operation, &target.table, target.id, &[Right::Read])?;
        let mut about = vec![target];
        for one in merged_into(unit, row)? {
            if let Some(lead) = one.lookup("originatingleadid").cloned()
                && !about.contains(&lead)
                && shows_lead(unit, operation, &lead)?
            {
                about.push(lead);
            }
            if !about.contains(&one.reference()) {
                about.push(one.reference());
            }
        }
        let (mut entries, mut missing) = (Vec::new(), BTreeSet::new());
        for (name, lookup) in TABLES {
            let table = unit.catalog().table(name)?.clone();
            // Whoever may read no notes at all still sees the activities, and is told.
            match require(unit, operation, &table, Right::Read) {
                Ok(()) => entries.extend(of_table(unit, operation, &table, lookup, &about)?),
                Err(error) => missing.extend(error.body().privilege.as_deref().map(Name::from)),
            }
        }
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.get("createdon").and_then(Value::as_time), entry.id)));
        operation.output("Entries", Parameter::Rows(entries));
        operation.output("MissingPrivileges", Parameter::Names(missing.into_iter().collect()));
        Ok(())
    }
}

/// The row itself, and those that were merged into it, directly or one after the other.
fn merged_into(unit: &mut Unit, row: Row) -> Result<Vec<Row>> {
    let table = unit.catalog().table(&row.table)?.clone();
    let mut all = vec![row];
    if table.column("masterid").is_none() {
        return Ok(all);
    }
    let columns = ["originatingleadid"]
        .into_iter()
        .filter(|name| table.column(name).is_some());
    let columns: Vec<&str> = columns.collect();
    let mut next = 0;
    while let Some(row) = all.get(next) {
        let into = Query::new(table.name.clone())
            .columns(&columns)
            .filter(Filter::eq("masterid", row.reference()));
        let reason = "what belonged to a row that was merged belongs to the other one";
        for merged in unit.select_as_platform(reason, &into)? {
            if all.len() < MERGED && all.iter().all(|known| known.id != merged.id) {
                all.push(merged);
            }
        }
        next += 1;
    }
    Ok(all)
}

/// Whether the setting lets the caller see the lead's entries on what was made of it.
fn shows_lead(unit: &mut Unit, operation: &Operation, lead: &Reference) -> Result<bool> {
    match unit.setting("sl_leadnotes").and_then(Value::as_int) {
        Some(0) => Ok(false),
        Some(1) => match unit.row_with_rights(operation, &lead.table, lead.id, &[Right::Read]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::Host => Err(error),
            Err(_) => Ok(false),
        },
        _ => Ok(true),
    }
}

/// The rows of one table that are about one of these, as far as the caller may read them.
fn of_table(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    lookup: &str,
    about: &[Reference],
) -> Result<Vec<Row>> {
    let mut query = Query::new(table.name.clone()).top(MOST);
    let known = COLUMNS.into_iter().filter(|column| table.column(column).is_some());
    query.columns = Some(known.map(Name::from).collect());
    query.filter = Filter::In {
        column: lookup.into(),
        values: about.iter().cloned().map(Value::Lookup).collect(),
    };
    query.order.push(Order {
        column: "createdon".into(),
        descending: true,
    });
    unit.list_as_caller(operation, &query)
}
