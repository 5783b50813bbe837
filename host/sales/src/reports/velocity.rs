//! How long rows stay in each stage, from the times at which it was entered and left.

use std::collections::{BTreeMap, HashMap};

use sluice_engine::Session;
use sluice_model::{Name, Query, Result, Row, Uuid};
use sluice_platform::prelude::*;

use super::{all, days, median, ninetieth, readable, time};

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
    let visits = all(session, &Query::new("sl_stagevisit"))?;
    let mut rows: HashMap<Name, HashMap<Uuid, bool>> = HashMap::new();
    for table in visits.iter().filter_map(|visit| visit.text("sl_table")) {
        if !rows.contains_key(table) {
            let table = Name::from(table);
            rows.insert(table.clone(), readable(session, &table)?);
        }
    }
    // Whether the row of a visit is open; nothing, if the user may not read it.
    let open = |visit: &Row| rows.get(visit.text("sl_table")?)?.get(&visit.id_of("sl_row")?).copied();
    let flows = session.flows()?;
    let mut stages: BTreeMap<(usize, usize, String), (StageVelocity, Vec<f64>)> = BTreeMap::new();
    for visit in &visits {
        let Some(open) = open(visit) else { continue };
        let place = flows
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
        let (velocity, times) = stages.entry((order, position, name.to_owned())).or_insert_with(|| {
            let velocity = StageVelocity {
                flow: place.map_or_else(|| "(deleted flow)".to_owned(), |(_, flow)| flow.name.clone()),
                stage: name.to_owned(),
                table: visit.text("sl_table").unwrap_or_default().into(),
                left: 0,
                standing: 0,
                median: None,
                p90: None,
            };
            (velocity, Vec::new())
        });
        match (time(visit, "sl_enteredon"), time(visit, "sl_lefton")) {
            (Some(entered), Some(left)) => times.push(days(entered, left)),
            // A row that is closed waits for nobody, wherever its process was when that happened.
            _ => velocity.standing += usize::from(open),
        }
    }
    let measured = stages.into_values().map(|(velocity, times)| StageVelocity {
        left: times.len(),
        median: median(&times),
        p90: ninetieth(&times),
        ..velocity
    });
    Ok(measured.collect())
}
