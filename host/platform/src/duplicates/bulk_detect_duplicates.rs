//! BulkDetectDuplicates: begins a job that finds the duplicates of a list of rows. They become
//! rows of `duplicaterecord`.

use sluice_model::{Catalog, Code, Error, ParameterType, Query, Related, Result, Right, Uuid, Value, looks};

use super::part::rules_of;
use crate::duplicates::{
    notice,
    work::{self, Detecting},
};
use sluice_engine::{
    Operation, Unit,
    message::{Images, Message, ParameterDef, Shape, Takes, input, optional, required},
    principals, reading, runner, tables,
};

/// `BulkDetectDuplicates`.
pub(crate) struct BulkDetectDuplicates;

impl Message for BulkDetectDuplicates {
    fn name(&self) -> &'static str {
        "BulkDetectDuplicates"
    }

    fn doc(&self) -> &'static str {
        "Begins a job that finds the duplicates of a list of rows."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Query", ParameterType::Query),
            required("JobName", ParameterType::Text),
            optional("SendEmailNotification", ParameterType::Bool),
            optional("ToRecipients", ParameterType::References),
            optional("RecurrencePattern", ParameterType::Text),
            optional("RecurrenceStartTime", ParameterType::Time),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("JobId", ParameterType::Id)];
        Shape {
            takes: Takes::Query,
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        unit.require_read(operation, input::query(operation, "Query")?)?;
        let jobs = unit.snapshot()?.table(tables::JOB)?.clone();
        principals::require(unit, operation, &jobs, Right::Create)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let table = operation.table()?;
        if !input::query(operation, "Query")?.gives_rows(&table.key) {
            return Err(Error::invalid(
                "duplicates are looked for among rows of one table; the query joins, counts or groups them",
            ));
        }
        let name = input::text(operation, "JobName")?;
        if looks::is_blank(&name) {
            return Err(Error::invalid("a duplicate detection job needs a name"));
        }
        let query = input::query(operation, "Query")?.clone();
        let catalog = unit.catalog();
        reading::check(&catalog, &query)?;
        refuse_links(&catalog, &query)?;
        if rules_of(&*unit.snapshot()?).asked(&table.name).next().is_none() {
            let sentence = format!(
                "There are no published duplicate detection rules in the system. To run duplicate detection, you must create \
                 and publish one or more rules. (None for `{}`.)",
                table.name
            );
            return Err(Error::new(Code::NO_PUBLISHED_RULES, sentence).with_table(&table.name));
        }
        let owner = operation.principal().clone();
        // The job will ask the same; it is not made where that is refused.
        unit.list_permit(&owner, &query)?;
        let caller = owner.limit().map(|caller| caller.id());
        let detecting = Detecting::new(query, recipients(unit, operation)?, caller);
        let mut job = runner::NewJob::new(work::DETECT, name, &detecting)?.about(&table.name);
        if let Some(pattern) = input::optional_text(operation, "RecurrencePattern")? {
            sluice_engine::recurrence::days(&pattern)?;
            job = job.again(Some(&pattern));
        }
        if let Some(start) = input::time(operation, "RecurrenceStartTime")? {
            job = job.from(start);
        }
        let job = runner::write(unit, &owner, job)?;
        operation.output("JobId", Value::Id(job));
        Ok(())
    }
}

/// A link that may lead to several rows is a join, also where it shows nothing of them. What a lookup refers to, and what
/// its row is called, is asked of one row.
fn refuse_links(catalog: &Catalog, query: &Query) -> Result<()> {
    let is_join = |related: &Related| {
        catalog
            .find(&related.table)
            .is_none_or(|other| other.key != related.other)
    };
    match query.filter.any_related(&is_join) {
        false => Ok(()),
        true => Err(Error::invalid(
            "duplicates are looked for among rows of one table, by what these rows and those that their lookups refer to \
             hold; the query has a link to rows that refer to them, or to rows that share a lookup with them",
        )
        .with_table(&query.table)),
    }
}

/// Whom to tell that the job is done: those named, else the caller.
fn recipients(unit: &mut Unit, operation: &Operation) -> Result<Vec<Uuid>> {
    if !input::bool(operation, "SendEmailNotification")? {
        return Ok(Vec::new());
    }
    let users = match operation.input("ToRecipients") {
        None => vec![operation.principal().id()],
        Some(_) => {
            let rows = input::references(operation, "ToRecipients")?;
            rows.into_iter().map(|row| row.id).collect()
        }
    };
    for user in &users {
        notice::address(unit, *user)?;
    }
    Ok(users)
}
