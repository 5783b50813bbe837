//! The rows that traces are written into.

use std::sync::Arc;

use sluice_model::{Code, Error, Reference, Row, TableDef};
use sluice_store::{Beside, weight};

use super::{CHECKS, KeptChecks, REQUEST};
use crate::{Unit, operation::Operation, snapshot::TraceSetting, tables};

impl Unit {
    /// The rows that the outermost message leaves behind, under the organisation's setting.
    pub(crate) fn trace_rows(&mut self, operation: &Operation, error: Option<&Error>) -> Beside {
        self.trace.written = true;
        if self.purpose.is_trial() {
            return Vec::new();
        }
        let settings = &self.snapshot.settings;
        let (failed, calls) = (error.is_some(), settings.trace.keeps(error.is_some()));
        let request = settings.requests.records(failed);
        // What runs again goes back to a mark among them: they stay.
        let mut rows = self.trace.logs.clone();
        if calls {
            let calls = self.trace.calls.iter().cloned();
            rows.extend(calls.map(|row| of_request(row, operation)));
        }
        if (calls || request)
            && let Some(row) = self.tree_row(operation, error, request)
        {
            rows.push(row);
        }
        self.complete(rows)
    }

    /// Logs a row, which stays whatever becomes of the request, as its trace does; nothing where there
    /// is no room for it.
    pub fn log(&mut self, row: Row) {
        if self
            .trace
            .room
            .take(usize::try_from(weight(&row)).unwrap_or(usize::MAX), true)
        {
            self.trace.logs.push(row);
        }
    }

    /// Gives rows what each has.
    fn complete(&mut self, rows: Vec<Row>) -> Beside {
        let now = self.core.env.now();
        let now = self.trace.after_the_last(now);
        let system = Reference::new(tables::USER, self.snapshot.system.id());
        let snapshot = self.snapshot.clone();
        let complete = |mut row: Row| -> Option<(Arc<TableDef>, Row)> {
            row.id = self.core.env.new_id();
            let table = snapshot.catalog.find(&row.table)?.clone();
            if !row.has("createdon") {
                row.set("createdon", now);
            }
            row.set("createdby", system.clone());
            Some((table, row))
        };
        rows.into_iter().filter_map(complete).collect()
    }

    /// Writes the traces of a request whose own transaction could not take them along: it
    /// was refused before there was one, or it only read.
    pub(crate) fn write_leftover_traces(&mut self, error: Option<&Error>) {
        let Some(operation) = self.trace.outermost.take().filter(|_| !self.trace.written) else {
            return;
        };
        // Who waited in vain for the write lock does not wait again for the trace.
        let busy = error.is_some_and(|error| error.code() == Code::BUSY && error.body().limit.is_none());
        let nothing = self.trace.calls.is_empty() && self.trace.logs.is_empty();
        if busy || (error.is_none() && nothing) {
            return;
        }
        let rows = self.trace_rows(&operation, error);
        // A backup that somebody looks at stays as it is.
        if rows.is_empty() || self.core.store().is_ok_and(|store| store.is_sealed()) {
            return;
        }
        let done = self.core.store().and_then(|store| {
            store.write(&mut |tx| {
                (
                    tx,
                    sluice_store::End {
                        keep: true,
                        value: (),
                        beside: rows.clone(),
                    },
                )
            })
        });
        if let Err(error) = done {
            tracing::warn!(%error, "the trace of a request could not be written");
        }
    }

    /// The traces of one message of a batch; the next one begins anew, with the room that is left.
    pub(crate) fn traces_of_part(&mut self, error: Option<&Error>) -> Beside {
        let Some(operation) = self.trace.outermost.take() else {
            return Vec::new();
        };
        let only_read = error.is_none() && self.trace.calls.is_empty() && operation.message.shape().reads;
        let rows = match only_read {
            true => Vec::new(),
            false if error.is_some() || self.trace.room.take(super::ROW, false) => self.trace_rows(&operation, error),
            false => {
                self.trace.messages_cut += u64::from(self.snapshot.settings.trace == TraceSetting::All);
                Vec::new()
            }
        };
        self.trace.begin_anew();
        rows
    }

    /// What a batch leaves behind, with a row that counts the messages for which there was no room.
    pub(crate) fn with_rest(&mut self, mut beside: Beside) -> Beside {
        let cut = std::mem::take(&mut self.trace.messages_cut);
        let last = beside
            .iter()
            .rev()
            .map(|(_, row)| row)
            .find(|row| &*row.table == tables::MESSAGE_TRACE);
        if let Some(last) = last.filter(|_| cut > 0) {
            let mut row = last.clone();
            for column in ["sl_tree", "sl_table", "sl_duration", REQUEST, CHECKS] {
                row.values.remove(column);
            }
            row.set("sl_name", format!("{cut} messages more, whose traces were not kept"));
            let counted = serde_json::json!({ "kind": "request", "name": "the rest", "microseconds": 0, "cut": cut });
            row.set("sl_tree", counted.to_string());
            beside.extend(self.complete(vec![row]));
        }
        beside
    }

    /// The row of a request, with the request itself where that is `recorded`.
    fn tree_row(&mut self, operation: &Operation, error: Option<&Error>, recorded: bool) -> Option<Row> {
        let tree = self.trace.tree(error)?;
        let context = &operation.context;
        let mut row = Row::unsaved(tables::MESSAGE_TRACE)
            .with("sl_name", tree.name())
            .with("sl_correlationid", context.correlation)
            .with("sl_message", &*context.message)
            .with("sl_startedon", context.created_on)
            .with("sl_duration", i32::try_from(tree.root.took).unwrap_or(i32::MAX))
            .with("sl_succeeded", error.is_none())
            .with("sl_tree", serde_json::to_string(&tree).unwrap_or_default());
        if let Some(table) = &context.table {
            row.set("sl_table", &**table);
        }
        if let Some(request) = self.trace.request.as_ref().filter(|_| recorded) {
            row.set(REQUEST, request.text());
        }
        if recorded {
            let caller = operation.principal.id();
            let kept = KeptChecks::of(self.trace.checks(), caller, &self.snapshot.catalog, &self.trace.names);
            let text = kept.text();
            // What finds no room is counted.
            let text = match self.trace.room.take(text.len(), error.is_some()) {
                true => text,
                false => kept.counted().text(),
            };
            row.set(CHECKS, text);
        }
        Some(of_request(row, operation))
    }
}

/// A row of traces with whose request it is of, by which its sender is known.
fn of_request(mut row: Row, operation: &Operation) -> Row {
    row.set("sl_userid", Reference::new(tables::USER, operation.principal.id()));
    if let Some(caller) = operation.principal.limit() {
        row.set("sl_callerid", Reference::new(tables::USER, caller.id()));
    }
    row
}
