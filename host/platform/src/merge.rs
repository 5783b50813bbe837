//! Merge: makes one row of two. The Target stays and takes what `UpdateContent` gives; what
//! belongs to the other row goes over to it; the other row is closed and points to it.
//! Source: the platform's error codes 0x80045300 to 0x80045305.

use std::{collections::HashSet, sync::Arc};

use sluice_model::{
    Code, ColumnDef, Error, Filter, OnMerge, ParameterType, Query, Reference, Relationship, Request, Required, Result,
    Right, Row, TableDef, Uuid, Value,
};

use sluice_engine::{
    Capability, Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, optional, required},
    principals,
    tasks::{Gate, Task},
};

/// Merging rows.
pub(crate) static MERGE: Capability = Capability {
    messages: &[&Merge],
    tasks: &[Task {
        privilege: "prvMerge",
        gates: &[Gate::Message("Merge")],
    }],
    ..Capability::named("merge")
};

/// `Merge`.
pub(crate) struct Merge;

/// What both rows must allow.
const RIGHTS: [Right; 2] = [Right::Read, Right::Write];

impl Message for Merge {
    fn name(&self) -> &'static str {
        "Merge"
    }

    fn doc(&self) -> &'static str {
        "Makes one row of two: the Target takes columns and children of the other, which is closed."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("SubordinateId", ParameterType::Reference),
            optional("UpdateContent", ParameterType::Row),
            optional("PerformParentingChecks", ParameterType::Bool),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::Both,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let table = operation.table()?;
        for right in RIGHTS {
            principals::require(unit, operation, &table, right).map_err(denied)?;
        }
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        let target = operation.target_reference()?;
        let other = subordinate(operation, &table, &target)?;
        let mut rows = Vec::with_capacity(2);
        for row in [&target, &other] {
            let row = unit
                .row_with_rights(operation, &row.table, row.id, &RIGHTS)
                .map_err(denied)?;
            refuse_inactive(&table, &row)?;
            rows.push(row);
        }
        if let [kept, merged] = rows.as_slice()
            && input::bool(operation, "PerformParentingChecks")?
        {
            check_parents(&table, kept, merged)?;
        }
        update_target(unit, operation, &table, &rows)?;
        check_descent(unit, &table, &target, &other)?;
        move_children(unit, operation, &table, &target, &other)?;
        close(unit, operation, &table, &target, &other)
    }
}

/// The row that is merged into the Target.
fn subordinate(operation: &Operation, table: &TableDef, target: &Reference) -> Result<Reference> {
    let other = input::reference(operation, "SubordinateId")?;
    if other.table != target.table || !table.merges {
        let message =
            format!("{target} and {other} cannot be merged: only two leads, two accounts or two contacts can");
        return Err(Error::new(Code::MERGE_OTHER_TABLE, message).with_table(&table.name));
    }
    if other.id == target.id {
        let message = format!("{target} cannot be merged with itself");
        return Err(Error::new(Code::MERGE_IDENTICAL, message).with_table(&table.name));
    }
    Ok(other)
}

/// The lack of a right shows as the platform shows it here, with everything that is known.
fn denied(mut error: Error) -> Error {
    if [Code::PRIVILEGE_DENIED, Code::ACCESS_DENIED].contains(&error.code()) {
        let body = error.body_mut();
        body.inner = Some(std::mem::take(&mut body.message));
        let right = body.privilege.as_deref().unwrap_or("a right");
        let depth = body.depth.filter(|_| body.code == Code::ACCESS_DENIED);
        let missing = depth.map_or_else(
            || format!("{right} is missing"),
            |depth| format!("{right} at the depth {} is missing", depth.label()),
        );
        body.message = format!("The rows cannot be merged, because {missing}.");
        body.code = Code::MERGE_DENIED;
    }
    error
}

fn refuse_inactive(table: &TableDef, row: &Row) -> Result<()> {
    if row.int("statecode").unwrap_or_default() == 0 {
        return Ok(());
    }
    let name = table
        .primary_name
        .as_ref()
        .and_then(|name| row.text(name))
        .unwrap_or_default();
    let message = format!(
        "{} {name} ({}) is not active, so it cannot be merged",
        table.display, row.id
    );
    Err(Error::new(Code::MERGE_INACTIVE, message).with_table(&table.name))
}

/// The columns through which a row of the table has a parent of the same table.
fn parent_columns(table: &TableDef) -> impl Iterator<Item = &ColumnDef> {
    table
        .columns
        .iter()
        .filter(|column| {
            matches!(
                &*column.name,
                "parentaccountid" | "parentcustomerid" | "parentcontactid"
            )
        })
        .filter(|column| {
            column
                .kind
                .targets()
                .is_some_and(|targets| targets.contains(&table.name))
        })
}

/// Both rows must have the same parent.
fn check_parents(table: &TableDef, kept: &Row, merged: &Row) -> Result<()> {
    match parent_columns(table).find(|column| kept.get(&column.name) != merged.get(&column.name)) {
        None => Ok(()),
        Some(column) => {
            let message = format!(
                "the rows have different parents (`{}`), and equal ones were asked for",
                column.name
            );
            Err(Error::invalid(message).with_table(&table.name))
        }
    }
}

/// The Target, as it is with the columns that it took, may descend neither from the row that is
/// merged into it nor from itself.
fn check_descent(unit: &mut Unit, table: &TableDef, target: &Reference, other: &Reference) -> Result<()> {
    for column in parent_columns(table) {
        let wanted = [column.name.clone()];
        let (mut seen, mut next) = (HashSet::new(), Some(target.id));
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            let row = Reference::new(table.name.clone(), id);
            let row = unit.read_as_platform("follow the parents of the row that is kept", &row, Some(&wanted))?;
            next = row
                .as_ref()
                .and_then(|row| row.lookup(&column.name))
                .filter(|parent| parent.table == table.name)
                .map(|parent| parent.id);
            if next.is_some_and(|parent| parent == target.id || parent == other.id) {
                let message = format!(
                    "{target} would descend from {other} or from itself through `{}`: merging them would make a row \
                     its own parent",
                    column.name
                );
                return Err(Error::new(Code::MERGE_CYCLE, message).with_table(&table.name));
            }
        }
    }
    Ok(())
}

/// The amounts that the Target takes from the other row stay what they are: where the Target has no
/// currency, it takes that one as well, and where it has another, they are refused.
fn keep_currency(table: &TableDef, content: &mut Row, [kept, merged]: [&Row; 2]) -> Result<()> {
    const CURRENCY: &str = "transactioncurrencyid";
    let Some(theirs) = merged.lookup(CURRENCY) else {
        return Ok(());
    };
    let taken = |column: &&ColumnDef| {
        let of = |row: &Row| row.get(&column.name).and_then(Value::as_decimal);
        of(content).is_some() && of(content) == of(merged)
    };
    let taken: Vec<&str> = table.amounts().filter(taken).map(|column| &*column.name).collect();
    // Another currency would be that of the amounts that the Target has itself.
    let own = kept.lookup(CURRENCY);
    let changes = content.has(CURRENCY) && own.is_some() && content.lookup(CURRENCY) != own;
    let has = |column: &str| kept.get(column).is_some_and(|amount| !amount.is_null());
    let stays = |column: &&ColumnDef| has(&column.name) && !content.has(&column.name);
    let own: Vec<&str> = table.amounts().filter(stays).map(|column| &*column.name).collect();
    if changes && !own.is_empty() {
        let message = format!(
            "`{}` of the row that is kept would be amounts of another currency: leave `{CURRENCY}` out, or take these \
             amounts as well",
            own.join("`, `")
        );
        return Err(Error::invalid(message).with_table(&table.name));
    }
    let coming = match content.has(CURRENCY) {
        true => content.lookup(CURRENCY),
        false => kept.lookup(CURRENCY),
    };
    if taken.is_empty() || coming == Some(theirs) {
        return Ok(());
    }
    if coming.is_none() && !content.has(CURRENCY) {
        content.set(CURRENCY, theirs.clone());
        return Ok(());
    }
    let message = format!(
        "`{}` of the row that is merged would be amounts of another currency in the row that is kept: leave them out, or \
         let it take `{CURRENCY}` as well",
        taken.join("`, `")
    );
    Err(Error::invalid(message).with_table(&table.name))
}

/// What tells rows apart is one row's: where the Target takes such a value of the other row, that one gives it up.
fn give_keys_up(unit: &mut Unit, operation: &Operation, table: &TableDef, content: &Row, merged: &Row) -> Result<()> {
    let mut gives = Row::new(table.name.clone(), merged.id);
    for column in table.keys.iter().flat_map(|key| &key.columns) {
        let taken = content.get(column).filter(|value| !value.is_null());
        if taken.is_none() || taken != merged.get(column) {
            continue;
        }
        if table
            .column(column)
            .is_some_and(|column| column.required == Required::System)
        {
            let message = format!(
                "`{column}` is a part of an alternate key, and the row that is merged needs it, too: leave it out"
            );
            return Err(Error::invalid(message).with_table(&table.name));
        }
        gives.set(column.clone(), Value::Null);
    }
    if gives.values.is_empty() {
        return Ok(());
    }
    let reason = "a row that is merged gives up what tells the row apart that takes it";
    unit.run_as_system(operation, reason, Request::update(gives))
        .map(|_| ())
}

/// The Target takes the columns that the caller chose.
fn update_target(unit: &mut Unit, operation: &Operation, table: &TableDef, rows: &[Row]) -> Result<()> {
    let [kept, merged] = rows else { return Ok(()) };
    let mut content = match input::optional_row(operation, "UpdateContent")? {
        None => return Ok(()),
        Some(row) if row.table == table.name => row.clone(),
        Some(_) => return Err(Error::invalid(format!("UpdateContent is a row of `{}`", table.name))),
    };
    if content.values.is_empty() {
        return Ok(());
    }
    if let Some(column) = ["statecode", "statuscode"]
        .into_iter()
        .find(|column| content.has(column))
    {
        let message = format!("a merge leaves the state of the row that is kept; `{column}` cannot be taken");
        return Err(Error::invalid(message).with_table(&table.name));
    }
    keep_currency(table, &mut content, [kept, merged])?;
    give_keys_up(unit, operation, table, &content, merged)?;
    content.id = kept.id;
    // A parent that it would take and that is below it shows as what it is here.
    let taken = unit.run_as_caller(operation, Request::update(content));
    taken.map(|_| ()).map_err(|mut error| {
        if [Code::ACCOUNT_LOOP, Code::CONTACT_LOOP, Code::ROW_LOOP].contains(&error.code()) {
            error.body_mut().code = Code::MERGE_CYCLE;
        }
        error
    })
}

/// Every row that refers to the other one refers to the Target from now on, where its
/// relationship says so.
fn move_children(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    target: &Reference,
    other: &Reference,
) -> Result<()> {
    let catalog = unit.catalog();
    let moves = |one: &&Arc<Relationship>| one.behaviours.merge == OnMerge::Cascade;
    for Relationship {
        table: child, column, ..
    } in catalog
        .relationships_to(&table.name)
        .iter()
        .filter(moves)
        .map(|one| &**one)
    {
        for id in referring(unit, child, column, other)? {
            if *child.name == *table.name && (id == target.id || id == other.id) {
                continue;
            }
            let row = Row::new(child.name.clone(), id).with(column.clone(), target.clone());
            let reason = "what belonged to a row that is merged belongs to the other one";
            unit.run_as_system(operation, reason, Request::update(row))?;
        }
    }
    Ok(())
}

fn referring(unit: &mut Unit, child: &TableDef, column: &str, other: &Reference) -> Result<Vec<Uuid>> {
    let query = Query::new(child.name.clone())
        .columns(&[])
        .filter(Filter::eq(column, other.clone()));
    let rows = unit.select_as_platform("find every row that refers to the one that is merged", &query)?;
    Ok(rows.iter().map(|row| row.id).collect())
}

/// The other row is closed: inactive, a lead disqualified.
fn close(
    unit: &mut Unit,
    operation: &Operation,
    table: &TableDef,
    target: &Reference,
    other: &Reference,
) -> Result<()> {
    let states = table.states().map(|(states, _)| states).unwrap_or_default();
    let closed = states.last().map_or(1, |state| state.value);
    let row = Row::new(table.name.clone(), other.id)
        .with("merged", true)
        .with("masterid", target.clone())
        .with("statecode", Value::Choice(closed));
    unit.run_as_system(operation, "a row that was merged is closed", Request::update(row))?;
    Ok(())
}
