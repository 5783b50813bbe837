//! A request of the past in words: what was to be done, to which row.

use sluice_engine::{RecordedRequest, Refused, Session};
use sluice_model::{Filter, Parameter, Query, Reference, Request, Right, Row, Value};
use sluice_platform::rows_of_process;

use crate::{culprits::DETECTING, names::Labels, text::quoted};

/// Parameters that hold the id of a row, with its table.
const IDS: [(&str, &str); 4] = [
    ("TeamId", "team"),
    ("RoleId", "role"),
    ("UserId", "systemuser"),
    ("WorkflowId", "workflow"),
];

/// The row that it was about, where it was there already: of a process, the row that goes through it, where the
/// reader may see that.
pub(super) fn row_of(session: &Session, refused: &Refused) -> anyhow::Result<Option<Reference>> {
    let row = match refused {
        Refused::Request(recorded) => row_in(&recorded.request),
        Refused::Job(job) => job.row.clone(),
    };
    match row {
        Some(row) => Ok(Some(going_through(session, &row)?.unwrap_or(row))),
        None => Ok(None),
    }
}

fn row_in(request: &Request) -> Option<Reference> {
    let of = |name: &str| match request.inputs.get(name)? {
        Parameter::Reference(row) => Some(row.clone()),
        Parameter::Row(row) if !row.id.is_nil() => Some(row.reference()),
        _ => None,
    };
    let by_id = |(name, table): (&str, &str)| match request.inputs.get(name)? {
        Parameter::Value(Value::Id(id)) => Some(Reference::new(table, *id)),
        _ => None,
    };
    // An opportunity is closed by a row that is made for it.
    let closed = || match request.inputs.get("OpportunityClose")? {
        Parameter::Row(close) => close.lookup("opportunityid").cloned(),
        _ => None,
    };
    let rows = ["Target", "LeadId", "OpportunityClose"];
    let found = rows.into_iter().find_map(of);
    let found = found.or_else(closed).or_else(|| processes_of(request));
    found.or_else(|| IDS.into_iter().find_map(by_id))
}

/// The command that sends a Create, Update or Delete again; nothing, where it has something that a command line does
/// not say, or too much.
pub(super) fn command(request: &Request) -> Option<String> {
    let mut inputs = request.inputs.iter().filter(|(name, _)| &***name != "Target");
    let detects = match (inputs.next(), inputs.next()) {
        (None, _) => "",
        (Some((name, Parameter::Value(Value::Bool(false)))), None) if &**name == "SuppressDuplicateDetection" => {
            DETECTING
        }
        _ => return None,
    };
    let command = match (&*request.message, request.inputs.get("Target")?) {
        ("Create", Parameter::Row(row)) if row.id.is_nil() => {
            format!("sluice row create {}{}", row.table, assignments(row)?)
        }
        ("Update", Parameter::Row(row)) if !row.id.is_nil() => {
            format!("sluice row update {} {}{}", row.table, row.id, assignments(row)?)
        }
        ("Delete", Parameter::Reference(row)) => format!("sluice row delete {} {}", row.table, row.id),
        _ => return None,
    };
    Some(format!("{command}{detects}")).filter(|command| command.len() <= LONGEST)
}

/// A longer command is none that people paste.
const LONGEST: usize = 1_000;

/// ` name=Zed creditlimit=5`; nothing, where a value is one that is not written so.
fn assignments(row: &Row) -> Option<String> {
    let each = row.values.iter().map(|(name, value)| {
        let text = match value {
            Value::Null => "null".to_owned(),
            // These would be taken for something else.
            Value::Text(text) if text.is_empty() || text == "null" || text.starts_with('@') => return None,
            Value::Text(text) => text.to_string(),
            Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Value::Int(number) | Value::Choice(number) => number.to_string(),
            Value::BigInt(number) => number.to_string(),
            Value::Decimal(number) | Value::Money(number) => number.to_string(),
            Value::Lookup(row) => format!("{}:{}", row.table, row.id),
            Value::DateTime(time) => time.to_string(),
            Value::Date(date) => date.to_string(),
            _ => return None,
        };
        Some(format!(" {}", quoted(&format!("{name}={text}"))))
    });
    each.collect()
}

/// The row that goes through a process, at its present stage.
fn going_through(session: &Session, row: &Reference) -> anyhow::Result<Option<Reference>> {
    let catalog = session.catalog()?;
    let Some(table) = catalog.find(&row.table) else {
        return Ok(None);
    };
    let Some(columns) = rows_of_process(table) else {
        return Ok(None);
    };
    if session.check_privilege(&row.table, Right::Read).is_err() {
        return Ok(None);
    }
    let names: Vec<&str> = columns.iter().map(|name| &**name).collect();
    let query = Query::new(&*row.table).columns(&names);
    let query = query.filter(Filter::eq(&table.key, row.id));
    let found = session.list(query)?;
    let last = found.first().and_then(|process| {
        let mut rows = names.iter().rev();
        rows.find_map(|column| process.lookup(column).cloned())
    });
    Ok(last)
}

/// The row whose processes were looked up, where a request did that: commands do it before they move one.
pub(super) fn processes_of(request: &Request) -> Option<Reference> {
    let (table, id) = (
        request.inputs.get("EntityLogicalName")?,
        request.inputs.get("EntityId")?,
    );
    match (&*request.message, table, id) {
        ("RetrieveProcessInstances", Parameter::Value(table), Parameter::Value(Value::Id(id))) => {
            Some(Reference::new(table.as_text()?, *id))
        }
        _ => None,
    }
}

/// The name that was looked up, where a request did that and nothing else.
pub(super) fn looked_up(recorded: &RecordedRequest) -> Option<&str> {
    match recorded.request.inputs.get("LookedUp")? {
        Parameter::Value(name) => name.as_text(),
        _ => None,
    }
}

/// `qualify the lead "Yvonne McKay"`, `create a row of account with name`.
pub(super) fn what(recorded: &RecordedRequest, row: Option<&Reference>, labels: &Labels) -> String {
    let message = &*recorded.request.message;
    let target = recorded.request.inputs.get("Target");
    let columns = match target {
        Some(Parameter::Row(row)) if !row.values.is_empty() => {
            let names: Vec<&str> = row.values.keys().map(|name| &**name).collect();
            format!(" with {}", names.join(", "))
        }
        _ => String::new(),
    };
    let Some(row) = row else {
        return match (message, target, recorded.request.inputs.get("Query")) {
            ("Create", Some(Parameter::Row(row)), _) => format!("create a row of {}{columns}", row.table),
            ("RetrieveMultiple", _, Some(Parameter::Query(query))) => match looked_up(recorded) {
                Some(name) => format!("look up the {} \"{name}\"", sluice_engine::noun(&query.table)),
                None => format!("list rows of {}", query.table),
            },
            ("RetrieveMultiple", ..) => "list rows".to_owned(),
            _ => format!("send {message}"),
        };
    };
    let named = format!("the {} \"{}\"", row.table, labels.name(row));
    // Of a process the row is named that goes through it.
    if let Some(Parameter::Row(process)) = target.filter(|_| message == "Update")
        && process.table != row.table
    {
        return match process.has("activestageid") {
            true => format!("move {named} to another stage of its process"),
            false => format!("change the process of {named}{columns}"),
        };
    }
    match message {
        "Create" => match target {
            Some(Parameter::Row(row)) => format!("create a row of {}{columns}", row.table),
            _ => format!("send {message} for {named}"),
        },
        "Update" | "Delete" | "Assign" | "Retrieve" => format!("{} {named}{columns}", message.to_lowercase()),
        "RetrieveProcessInstances" => format!("look up the processes of {named}"),
        "QualifyLead" => format!("qualify {named}"),
        "WinOpportunity" => format!("win {named}"),
        "LoseOpportunity" => format!("lose {named}"),
        "GrantAccess" => format!("share {named}"),
        "ModifyAccess" => format!("change the share of {named}"),
        "RevokeAccess" => format!("take back the share of {named}"),
        "AddMembersTeam" => format!("add members to {named}"),
        "RemoveMembersTeam" => format!("remove members from {named}"),
        "AddPrivilegesRole" => format!("grant privileges to {named}"),
        "RemovePrivilegeRole" => format!("take privileges from {named}"),
        _ => format!("send {message} for {named}"),
    }
}
