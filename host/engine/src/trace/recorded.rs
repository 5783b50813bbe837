//! The request of a trace, as it was sent, so that it can be run again. What is never recorded is
//! left out by name: configurations, secrets, the contents of files. A long request is recorded by
//! names and sizes.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{
    Catalog, Code, Comparison, Error, Filter, Name, Order, Parameter, ParameterType, Parameters, Query, Remedy,
    Request, Result, Right, Row, Timestamp, Uuid, Value,
};

use super::{CHECKS, KeptChecks, Node, TracedCheck};
use crate::{Acting, Message, Session, Unit, rules::message_trace, snapshot::RequestSetting, tables};

/// The column that holds it.
pub(crate) const REQUEST: &str = "sl_request";

/// A longer request is recorded by names and sizes, in bytes.
const LONGEST: usize = 64 << 10;

/// A request as a trace keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    message: Name,
    /// The parameters; none where the request was too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inputs: Option<Parameters>,
    /// What is never recorded and was there: `content of pluginassembly`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    /// Of a long request: how many bytes each parameter has as JSON.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sizes: BTreeMap<Name, usize>,
}

impl Recorded {
    /// What is kept of a request.
    pub(crate) fn of(request: &Request, message: &dyn Message, catalog: &Catalog) -> Self {
        let mut left_out = Vec::new();
        let is_file = |name: &Name| {
            let parameters = message.shape().inputs.iter();
            let mut bytes = parameters.filter(|parameter| parameter.kind == ParameterType::Bytes);
            bytes.any(|parameter| parameter.name == &**name)
        };
        let mut inputs = Parameters::new();
        for (name, parameter) in &request.inputs {
            if is_file(name) {
                left_out.push(name.to_string());
                continue;
            }
            let kept = match parameter {
                Parameter::Row(row) => Parameter::Row(shown(row, catalog, &mut left_out)),
                Parameter::Rows(rows) => {
                    Parameter::Rows(rows.iter().map(|row| shown(row, catalog, &mut left_out)).collect())
                }
                other => other.clone(),
            };
            inputs.insert(name.clone(), kept);
        }
        Self {
            message: request.message.clone(),
            inputs: Some(inputs),
            left_out,
            sizes: BTreeMap::new(),
        }
    }

    /// The rows whose values it carries, by table and id; `None` is one without an id. What a message takes as sets
    /// of values (the privileges of a grant) are no rows.
    pub(crate) fn carried(unit: &Unit, text: &str) -> Vec<(Name, Option<Uuid>)> {
        let Ok(Self { message, inputs, .. }) = serde_json::from_str(text) else {
            return Vec::new();
        };
        let shape = unit.message(&message).map(Message::shape);
        let is_structure = |name: &Name| {
            let mut inputs = shape.iter().flat_map(|shape| shape.inputs);
            inputs.any(|input| input.kind == ParameterType::Structures && input.name == &**name)
        };
        let inputs = inputs.into_iter().flatten().filter(|(name, _)| !is_structure(name));
        let rows = inputs.flat_map(|(_, parameter)| match parameter {
            Parameter::Row(row) => vec![row],
            Parameter::Rows(rows) => rows,
            _ => Vec::new(),
        });
        rows.map(|row| (row.table, Some(row.id).filter(|id| !id.is_nil())))
            .collect()
    }

    /// The text of it.
    pub(super) fn text(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        if text.len() <= LONGEST {
            return text;
        }
        let size = |parameter: &Parameter| serde_json::to_string(parameter).map_or(0, |text| text.len());
        let sizes = self.inputs.iter().flatten();
        let short = Self {
            message: self.message.clone(),
            inputs: None,
            sizes: sizes.map(|(name, parameter)| (name.clone(), size(parameter))).collect(),
            left_out: self.left_out.clone(),
        };
        serde_json::to_string(&short).unwrap_or_default()
    }
}

/// A row without what is never recorded.
fn shown(row: &Row, catalog: &Catalog, left_out: &mut Vec<String>) -> Row {
    let table = catalog.find(&row.table);
    let Some(table) = table.filter(|table| table.columns.iter().any(|column| column.withheld)) else {
        return row.clone();
    };
    let mut shown = row.clone();
    shown.values.retain(|name, _| {
        let is_withheld = table.column(name).is_some_and(|column| column.withheld);
        if is_withheld {
            left_out.push(format!("{name} of {}", table.name));
        }
        !is_withheld
    });
    shown
}

/// A request that left a trace.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The correlation id under which it ran.
    pub correlation: Uuid,
    /// In whose name it ran.
    pub caller: Uuid,
    /// Who called on behalf of that user; `None` where the user called.
    pub by: Option<Uuid>,
    /// When it began.
    pub started: Timestamp,
    /// Whether it passed.
    pub succeeded: bool,
    /// The request.
    pub request: Request,
}

impl RecordedRequest {
    /// Who sent it: whoever called, where somebody called on behalf of the user.
    pub fn sender(&self) -> Uuid {
        self.acting().person()
    }

    /// In whose name it ran, and who called.
    pub fn acting(&self) -> Acting {
        Acting {
            user: self.caller,
            caller: self.by,
        }
    }
}

impl Session {
    /// The correlation id of the one request that ends so, or whose trace has an id that does, or the id of
    /// the one failed job that does, among those that this user may look at.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn request_ending(&self, end: &str) -> Result<Uuid> {
        let ends = |column| Filter::ends_with(column, end);
        let filter = Filter::Or(vec![ends("sl_correlationid"), ends("sl_messagetraceid")]);
        let query = Query::new(tables::MESSAGE_TRACE)
            .columns(&["sl_userid", "sl_callerid", "sl_correlationid", "sl_name"])
            .filter(filter);
        let (mut unit, _) = self.unit()?;
        let mut rows = unit.select_as_platform("find the request whose id ends so", &query)?;
        if self.check_named_privilege("prvActOnBehalfOfAnotherUser").is_err() {
            rows.retain(|row| Acting::sender_of(row) == Some(self.acting().person()));
        }
        let named = |row: &Row| Some((row.id_of("sl_correlationid")?, row.text("sl_name")?.to_owned()));
        let mut found: BTreeMap<Uuid, String> = rows.iter().filter_map(named).collect();
        let job = |job: &Row| (job.id, format!("the job {}", job.text("name").unwrap_or_default()));
        found.extend(self.jobs_ending(end)?.iter().map(job));
        let error = |code, message| Error::new(code, message).with_table(tables::MESSAGE_TRACE);
        let mut ids = found.keys();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(*id),
            (None, _) => Err(error(
                Code::NOT_FOUND,
                format!("there is no trace of a request that ends in {end}, and no failed job, or it is not yours"),
            )),
            (Some(_), Some(_)) => {
                let each: Vec<String> = found.iter().map(|(id, name)| format!("{id} ({name})")).collect();
                let message = format!(
                    "several requests or jobs end in {end}: {}; give more digits",
                    each.join(", ")
                );
                Err(error(Code::AMBIGUOUS, message))
            }
        }
    }

    /// The request with that correlation id, or whose trace has that id; without one, the last of
    /// this user's own that was refused. Of several messages that ran under one correlation, the
    /// first that failed, of those that were recorded.
    ///
    /// # Errors
    /// There is no such trace; it is another user's, and this one may not act for others
    /// (prvActOnBehalfOfAnotherUser) or not read traces; the request was not recorded, or not all of
    /// it.
    pub fn recorded_request(&self, which: Option<Uuid>) -> Result<RecordedRequest> {
        let rows = self.traces_of(which, 1)?;
        let failed = |row: &&Row| row.bool("sl_succeeded") == Some(false);
        let is_whole = |row: &&Row| row.text(REQUEST).is_some();
        // What a job was refused cannot be sent again: the request that set it off can.
        let whole = rows.iter().filter(is_whole).find(failed).or(rows.iter().find(is_whole));
        let row = whole.or(rows.iter().find(failed)).or(rows.first());
        let row = row.ok_or_else(|| none(which))?;
        self.recorded_in(row)
    }

    /// The traces with that correlation id, or that id, the earliest first; without one, the last of this
    /// user's own requests that were refused.
    pub(super) fn traces_of(&self, which: Option<Uuid>, most: u32) -> Result<Vec<Row>> {
        let filter = match which {
            Some(id) => Filter::Or(vec![
                Filter::eq("sl_correlationid", id),
                Filter::eq("sl_messagetraceid", id),
            ]),
            None => sent_by(self.acting().person()).and(Filter::eq("sl_succeeded", false)),
        };
        // What ran in the background is told from requests by its tree.
        let tree = which.is_none().then_some("sl_tree");
        let columns: Vec<&str> = COLUMNS.into_iter().chain(tree).collect();
        let mut query = Query::new(tables::MESSAGE_TRACE).columns(&columns).filter(filter);
        query.order.push(Order {
            column: "sl_startedon".into(),
            descending: which.is_none(),
        });
        if which.is_none() {
            query = query.top(most);
        }
        let (mut unit, _) = self.unit()?;
        unit.select_as_platform("find the request that is to be run again", &query)
    }

    /// The request that a trace has recorded.
    pub(super) fn recorded_in(&self, row: &Row) -> Result<RecordedRequest> {
        if Acting::sender_of(row) != Some(self.acting().person()) {
            self.check_named_privilege("prvActOnBehalfOfAnotherUser")?;
            let (mut unit, reader) = self.unit()?;
            // Asked here, and not of a message: its refusal would be on record as this user's last one.
            let traces = unit.snapshot()?.table(tables::MESSAGE_TRACE)?.clone();
            unit.decide_for(&reader, &traces, Right::Read, row.id)?;
            // What the request would say anew is as little this user's to see as what it said.
            if row.text(REQUEST).is_some()
                && let Some(unseen) = message_trace::unseen_request(&mut unit, &reader, row)?
            {
                return Err(message_trace::not_yours("what was sent", unseen));
            }
        }
        recorded(row)
    }
}

/// The requests that somebody sent.
pub(super) fn sent_by(person: Uuid) -> Filter {
    let own = Filter::eq("sl_callerid", Value::Null).and(Filter::eq("sl_userid", person));
    Filter::Or(vec![own, Filter::eq("sl_callerid", person)])
}

/// A request of the past, as far as it was recorded.
#[derive(Debug, Clone)]
pub struct PastRequest {
    /// The correlation id under which it ran.
    pub correlation: Uuid,
    /// Whose request it was.
    pub caller: Uuid,
    /// Who called on behalf of that user, where somebody did.
    pub by: Option<Uuid>,
    /// When it began.
    pub started: Timestamp,
    /// Whether it passed.
    pub succeeded: bool,
    /// The message.
    pub message: String,
    /// The table that it was about.
    pub table: Option<String>,
    /// What it was refused with, as an object.
    pub refusal: Option<Json>,
    /// The request; why it cannot run again, where it was not recorded whole.
    pub request: Result<Request>,
    /// Whether it is no request, but what one set off in the background: that never runs again as a request.
    pub is_background: bool,
    /// What it asked about privileges.
    pub(crate) checks: Option<KeptChecks>,
}

impl PastRequest {
    /// In whose name it ran, and who called.
    pub fn acting(&self) -> Acting {
        Acting {
            user: self.caller,
            caller: self.by,
        }
    }

    /// What it asked in a step; nothing, where the step did not run or that was not recorded.
    pub fn asked_in(&self, step: Uuid) -> Vec<TracedCheck> {
        let shown = self.checks.as_ref().map(|kept| kept.shown(&HashSet::new()));
        let mut asked = shown.map(|shown| shown.checks).unwrap_or_default();
        asked.retain(|check| check.step.as_ref().is_some_and(|asking| asking.id == step));
        asked
    }

    pub(super) fn of(row: &Row) -> Self {
        let tree = row.text("sl_tree").and_then(Node::read);
        let is_background = tree.as_ref().is_some_and(|root| !root.is_request());
        Self {
            is_background,
            correlation: row.id_of("sl_correlationid").unwrap_or_default(),
            caller: row.id_of("sl_userid").unwrap_or_default(),
            by: row.id_of("sl_callerid"),
            started: started(row),
            succeeded: row.bool("sl_succeeded").unwrap_or_default(),
            message: row.text("sl_message").unwrap_or_default().to_owned(),
            table: row.text("sl_table").map(ToOwned::to_owned),
            refusal: tree.and_then(|root| root.error),
            request: request_of(row),
            checks: row.text(CHECKS).and_then(KeptChecks::read),
        }
    }
}

impl Session {
    /// The requests that were recorded since a time, with what they set off in the background: the newest first
    /// and at most so many, and how many were not recorded at all. They are everybody's: it takes
    /// prvActOnBehalfOfAnotherUser, and Read on traces.
    ///
    /// # Errors
    /// A privilege is missing, or the database cannot be read.
    pub fn recorded_requests(&self, since: Timestamp, most: usize) -> Result<(Vec<PastRequest>, usize)> {
        self.check_named_privilege("prvActOnBehalfOfAnotherUser")?;
        self.check_use(tables::MESSAGE_TRACE, Right::Read)?;
        let unrecorded = Filter::eq(REQUEST, Value::Null).and(Filter::eq(CHECKS, Value::Null));
        let since = Filter::Compare {
            column: "sl_startedon".into(),
            comparison: Comparison::Ge,
            value: Value::DateTime(since),
        };
        let columns = [&COLUMNS[..], &["sl_message", "sl_table", "sl_tree", CHECKS]].concat();
        let mut query = Query::new(tables::MESSAGE_TRACE)
            .columns(&columns)
            .filter(since.clone().and(Filter::Not(Box::new(unrecorded.clone()))))
            .top(u32::try_from(most).unwrap_or(u32::MAX));
        query.order.push(Order {
            column: "sl_startedon".into(),
            descending: true,
        });
        let (mut unit, _) = self.unit()?;
        let rows = unit.select_as_platform("find the requests that are run again with a change", &query)?;
        let unrecorded = since.and(unrecorded);
        let unrecorded = unit.count_as_platform(
            "count the requests that cannot run again",
            tables::MESSAGE_TRACE,
            &unrecorded,
        )?;
        let past = rows.iter().map(PastRequest::of).collect();
        Ok((past, usize::try_from(unrecorded).unwrap_or(usize::MAX)))
    }
}

/// What is read of the row of a request.
pub(super) const COLUMNS: [&str; 6] = [
    "sl_userid",
    "sl_callerid",
    "sl_correlationid",
    "sl_startedon",
    "sl_succeeded",
    REQUEST,
];

fn recorded(row: &Row) -> Result<RecordedRequest> {
    Ok(RecordedRequest {
        correlation: row.id_of("sl_correlationid").unwrap_or_default(),
        caller: row.id_of("sl_userid").unwrap_or_default(),
        by: row.id_of("sl_callerid"),
        started: started(row),
        succeeded: row.bool("sl_succeeded").unwrap_or_default(),
        request: request_of(row)?,
    })
}

fn started(row: &Row) -> Timestamp {
    match row.get("sl_startedon") {
        Some(Value::DateTime(time)) => *time,
        _ => Timestamp::UNIX_EPOCH,
    }
}

pub(super) fn none(which: Option<Uuid>) -> Error {
    let message = match which {
        Some(id) => format!("there is no trace of a request {id}, and none with that id"),
        None => {
            "none of your requests that left a trace was refused (what is refused before a request is sent, such as \
                 a change of definitions, leaves none: its refusal says what is missing)"
                .to_owned()
        }
    };
    Error::new(Code::NOT_FOUND, message).with_table(tables::MESSAGE_TRACE)
}

fn request_of(row: &Row) -> Result<Request> {
    let cannot = |why: String| {
        let message = format!("the request cannot be run again: {why}");
        let correlation = row.id_of("sl_correlationid").unwrap_or_default();
        // What it asked, and what it was refused with, was recorded all the same.
        Error::invalid(message)
            .with_table(tables::MESSAGE_TRACE)
            .with_word("CORRELATION", correlation)
            .with_remedy(Remedy::ShowTrace)
            .with_remedy(Remedy::ShowChecks)
    };
    let Some(text) = row.text(REQUEST) else {
        return Err(cannot(
            "its parameters were not recorded (the setting trace.requests was off, or it was a job)".to_owned(),
        ));
    };
    let recorded: Recorded = serde_json::from_str(text)
        .map_err(|error| Error::host(format!("the request of the trace {} is broken: {error}", row.id)))?;
    let Some(inputs) = recorded.inputs else {
        let each = recorded.sizes.iter().map(|(name, size)| format!("{name} {size} bytes"));
        let each = each.collect::<Vec<_>>().join(", ");
        return Err(cannot(format!(
            "it is longer than {LONGEST} bytes ({each}), so only sizes were recorded"
        )));
    };
    if !recorded.left_out.is_empty() {
        let each = recorded.left_out.join(", ");
        return Err(cannot(format!("what is never recorded was a part of it: {each}")));
    }
    Ok(Request {
        message: recorded.message,
        inputs,
    })
}

impl RequestSetting {
    /// Whether a request is recorded that came out so.
    pub(crate) fn records(self, failed: bool) -> bool {
        match self {
            Self::Off => false,
            Self::Failed => failed,
            Self::All => true,
        }
    }
}
