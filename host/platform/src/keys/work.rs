//! The job that makes the index of a key.

use serde::{Deserialize, Serialize};
use sluice_engine::{
    Unit,
    runner::{self, JobKind, JobStep},
};
use sluice_model::{Filter, Result, Row, Uuid, Value};

use super::life;

/// `asyncoperation.operationtype`: Entity Key Index Creation.
pub(super) const MAKE_INDEX: i32 = 63;

/// What the job knows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Making {
    key: Uuid,
    /// Everybody sees that it is in progress.
    begun: bool,
}

impl Making {
    pub(super) fn new(key: Uuid) -> Self {
        Self { key, begun: false }
    }
}

/// Makes the index over the rows that are there.
pub(super) struct MakeIndex;

impl JobKind for MakeIndex {
    fn number(&self) -> i32 {
        MAKE_INDEX
    }

    fn label(&self) -> &'static str {
        "Entity Key Index Creation"
    }

    fn step(&self, unit: &mut Unit, _: &Row, data: &str) -> Result<JobStep> {
        let mut data: Making = runner::parse(data)?;
        let row = life::read(unit, data.key)?.filter(life::is_under_way);
        let Some(row) = row else {
            return Ok(JobStep::new(&data, 0, 0)?.canceled());
        };
        if !data.begun {
            life::begun(unit, data.key)?;
            data.begun = true;
            return JobStep::new(&data, 0, 1);
        }
        let table = row.text("entitylogicalname").unwrap_or_default();
        // Rows that lack one of the values are not compared.
        let lacks = life::definition(&row).columns;
        let lacks = lacks.iter().map(|column| Filter::eq(column, Value::Null));
        let has_all = Filter::Or(lacks.collect()).negated();
        let rows = unit.count_as_platform("say over how many rows an index was made", table, &has_all)?;
        life::activate(unit, &row)?;
        let told = format!(
            "the key {} of `{table}` is active: {rows} {} told apart by it",
            row.text("name").unwrap_or_default(),
            if rows == 1 { "row is" } else { "rows are" }
        );
        Ok(JobStep::new(&data, 1, 1)?.done(told))
    }

    fn undone(&self, unit: &mut Unit, data: &str) -> Result<()> {
        let data: Making = runner::parse(data)?;
        match life::read(unit, data.key)?.filter(life::is_under_way) {
            Some(row) => life::failed(unit, row.id),
            None => Ok(()),
        }
    }
}
