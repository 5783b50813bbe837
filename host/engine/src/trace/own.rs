//! Traces of one's own requests: whoever sent a request sees what it did without Read on traces, as far
//! as a trace shows its values to its sender. What plug-ins said stays with those who may read it, and the work
//! of jobs with whoever these are of.

use sluice_model::{Filter, Name, Query, Result, Right, Row, Value};

use super::recorded::sent_by;
use crate::{Session, reading, rules::message_trace, tables};

/// What of a plug-in call is the plug-in's own.
const OF_PLUGIN: [&str; 3] = ["messageblock", "configuration", "exceptiondetails"];

impl Session {
    /// The traces that a query of requests (`sl_messagetrace`) or of plug-in calls (`plugintracelog`) asks
    /// for: all that this user may read, and without Read on them those of requests that the user sent.
    ///
    /// # Errors
    /// The refusal of the query. Without Read on traces: it asks for more than the columns of traces, or
    /// by what plug-ins said.
    pub fn traces(&self, query: Query) -> Result<Vec<Row>> {
        let is_call = *query.table == *tables::PLUGIN_TRACE;
        let is_trace = is_call || *query.table == *tables::MESSAGE_TRACE;
        let allowed = self.check_privilege(&query.table, Right::Read);
        let is_plain = query.joins.is_empty() && is_plain(&query.filter);
        let refused = match allowed {
            Err(refused) if is_trace => refused,
            _ => return self.list(query),
        };
        // What is refused here is not what the user wants to look into.
        if !is_plain {
            return Err(refused);
        }
        let (mut unit, reader) = self.unit()?;
        let catalog = unit.catalog();
        reading::check(&catalog, &query)?;
        let reason = "whoever sent a request sees its trace";
        let mut query = query;
        // What is done in the background because of it is of whoever the job is of.
        query.filter = query.filter.and(sent_by(self.acting().person()));
        let columns = query.columns.clone();
        let mut rows = unit.select_as_platform(reason, &query)?;
        match is_call {
            true => {
                for row in &mut rows {
                    row.values.retain(|name, _| !OF_PLUGIN.contains(&&**name));
                }
            }
            false => message_trace::show(&mut unit, &reader, columns.as_deref(), &mut rows)?,
        }
        Ok(rows)
    }
}

/// Whether a filter looks at a trace's own columns, and not at what plug-ins said; that one said nothing, or
/// something, as of a call that failed, is no part of it.
fn is_plain(filter: &Filter) -> bool {
    let told = |column: &Name| !OF_PLUGIN.contains(&&**column);
    match filter {
        Filter::All => true,
        Filter::And(all) | Filter::Or(all) => all.iter().all(is_plain),
        Filter::Not(filter) => is_plain(filter),
        Filter::Compare { value: Value::Null, .. } => true,
        Filter::Compare { column, .. } | Filter::In { column, .. } => told(column),
        Filter::Related(_) => false,
    }
}
