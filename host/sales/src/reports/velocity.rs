//! How long rows stay in each stage, from the times at which it was entered and left.

use std::{collections::BTreeMap, sync::Arc};

use sluice_engine::Session;
use sluice_model::{Filter, Name, Query, Related, Result, Row, Uuid, Value, codes::Kind};
use sluice_platform::{Flow, prelude::*};

use super::{counted, days, each, median, ninetieth, not_merged, rows, sorted, time};

/// A stage, and how long rows stay in it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageVelocity {
    /// The flow's name.
    pub flow: String,
    /// The stage's name.
    pub stage: String,
    /// The table of the stage.
    pub table: Name,
    /// How often it was left: what the times are made of.
    pub left: usize,
    /// How many open rows stand in it.
    pub standing: usize,
    /// The median of the days in it.
    pub median: Option<f64>,
    /// The days that nine in ten do not exceed.
    pub p90: Option<f64>,
}

/// The stages of all flows, in order, as far as rows were in them that the user may read.
///
/// # Errors
/// The user may not read stage visits.
pub fn velocity(session: &Session) -> Result<Vec<StageVelocity>> {
    let flows = session.flows()?;
    let all = session.startable_flows()?;
    let mut hidden: Vec<Uuid> = all.iter().map(|flow| flow.id).collect();
    hidden.retain(|id| flows.iter().all(|flow| flow.id != *id));
    let mut stages = Stages {
        flows: &flows,
        hidden,
        all: BTreeMap::new(),
    };
    let mut tables = Vec::new();
    let visited = counted("sl_stagevisit", "sl_stagevisitid", &["sl_table"], Filter::All);
    each(session, visited, &mut |group| {
        tables.extend(group.text("sl_table").map(Name::from));
    })?;
    for table in tables {
        match stages.add(session, &table) {
            // Of a table that the user may not read there is nothing to tell.
            Err(error) if error.kind() == Kind::Denied => {}
            other => other?,
        }
    }
    Ok(stages.measured())
}

/// What tells a stage in a visit.
const STAGE: [&str; 3] = ["sl_processid", "sl_stageid", "sl_stagename"];

/// The stages with the times in them, by flow, place and name.
struct Stages<'a> {
    flows: &'a [Arc<Flow>],
    /// The flows that are there and that the user does not see.
    hidden: Vec<Uuid>,
    all: BTreeMap<(usize, usize, String), (StageVelocity, Vec<f64>)>,
}

impl Stages<'_> {
    /// Adds the visits of rows of a table that the user may read.
    fn add(&mut self, session: &Session, table: &Name) -> Result<()> {
        let catalog = session.catalog()?;
        let Some(definition) = catalog.find(table) else {
            return Ok(());
        };
        let not_merged = match definition.column("merged") {
            Some(_) => not_merged(),
            None => Filter::All,
        };
        let visits = |row: Filter| {
            Filter::eq("sl_table", &**table).and(Filter::Related(Box::new(Related {
                column: "sl_row".into(),
                table: table.clone(),
                other: definition.key.clone(),
                filter: row,
            })))
        };
        let is_left = Filter::eq("sl_lefton", Value::Null).negated();
        let mut left = Query::new("sl_stagevisit").filter(visits(not_merged.clone()).and(is_left.clone()));
        left = left.columns(&[&STAGE[..], &["sl_enteredon", "sl_lefton"]].concat());
        each(session, left, &mut |visit| {
            if let (Some(entered), Some(left)) = (time(visit, "sl_enteredon"), time(visit, "sl_lefton")) {
                self.of(table, visit).1.push(days(entered, left));
            }
        })?;
        // A row that is closed waits for nobody, wherever its process was when that happened. A stage
        // in which only such rows stand is there all the same.
        let standing = |row| {
            counted(
                "sl_stagevisit",
                "sl_stagevisitid",
                &STAGE,
                visits(row).and(is_left.clone().negated()),
            )
        };
        each(session, standing(not_merged.clone()), &mut |group| {
            self.of(table, group);
        })?;
        let open = match definition.column("statecode") {
            Some(_) => not_merged.and(Filter::eq("statecode", Value::Choice(0))),
            None => not_merged,
        };
        each(session, standing(open), &mut |group| {
            self.of(table, group).0.standing += rows(group)
        })
    }

    /// The stage of a visit.
    fn of(&mut self, table: &Name, visit: &Row) -> &mut (StageVelocity, Vec<f64>) {
        let place = self
            .flows
            .iter()
            .enumerate()
            .find(|(_, flow)| Some(flow.id) == visit.id_of("sl_processid"));
        let stage = place.and_then(|(_, flow)| flow.stage(visit.id_of("sl_stageid")?));
        // What a flow that is gone left behind comes last.
        let order = place.map_or(usize::MAX, |(order, _)| order);
        let position = stage.map_or(usize::MAX, |(position, _)| position);
        // A stage that was renamed since is one stage.
        let name = stage
            .map(|(_, stage)| stage.name.as_str())
            .or(visit.text("sl_stagename"));
        let name = name.unwrap_or_default();
        self.all.entry((order, position, name.to_owned())).or_insert_with(|| {
            let velocity = StageVelocity {
                flow: match (place, visit.id_of("sl_processid")) {
                    (Some((_, flow)), _) => flow.name.clone(),
                    (None, Some(id)) if self.hidden.contains(&id) => "(a flow that you do not see)".to_owned(),
                    (None, _) => "(deleted flow)".to_owned(),
                },
                stage: name.to_owned(),
                table: table.clone(),
                left: 0,
                standing: 0,
                median: None,
                p90: None,
            };
            (velocity, Vec::new())
        })
    }

    fn measured(self) -> Vec<StageVelocity> {
        let measured = self.all.into_values().map(|(velocity, times)| {
            let times = sorted(times);
            StageVelocity {
                left: times.len(),
                median: median(&times),
                p90: ninetieth(&times),
                ..velocity
            }
        });
        measured.collect()
    }
}
