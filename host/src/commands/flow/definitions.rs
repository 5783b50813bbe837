//! Flows as a whole: made, shown, activated, ordered, granted, moved.

use std::path::Path;

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{
    Code, Depth, Error, Filter, Parameter, Query, Reference, Request, Right, Row, Uuid, Value, codes::Kind,
};
use sluice_platform::prelude::*;
use sluice_platform::{Flow, FlowSpec};

use super::{
    super::{
        holders::{self, UNREAD},
        reach,
        selection::Selection,
        several,
    },
    find,
};
use crate::{
    context::Context,
    output::{Exit, Grid, Outcome},
    people, reading, report,
};

const TABLE: &str = "workflow";
const NOUN: &str = "process flow";

/// What the holders of a role need on the processes of a flow.
const RIGHTS: [Right; 5] = [Right::Create, Right::Read, Right::Write, Right::Append, Right::AppendTo];

pub(super) fn list(session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    if let Some(table) = table {
        session.catalog()?.table(table)?;
    }
    let mut grid = Grid::new(["order", "name", "unique name", "tables", "stages", "active", "id"]);
    let mut rows = Vec::new();
    for flow in session.flows()? {
        if table.is_some_and(|table| !flow.tables().iter().any(|name| ***name == *table)) {
            continue;
        }
        grid.row([
            flow.order.to_string(),
            flow.name.clone(),
            flow.unique_name.to_string(),
            flow.tables().iter().map(|name| &***name).collect::<Vec<_>>().join(", "),
            flow.stages.len().to_string(),
            if flow.active { "yes" } else { "" }.to_owned(),
            flow.id.to_string(),
        ]);
        rows.push(head(&flow));
    }
    Ok(Outcome::list(rows, grid.text("no process flows that you see")))
}

/// What a flow is, without its stages.
fn head(flow: &Flow) -> Json {
    json!({
        "id": flow.id.to_string(),
        "name": flow.name,
        "uniquename": flow.unique_name,
        "description": flow.description,
        "order": flow.order,
        "active": flow.active,
        "table": flow.begins_at(),
        "tables": flow.tables(),
        "stages": flow.stages.iter().map(|stage| &stage.name).collect::<Vec<_>>(),
    })
}

pub(super) fn show(context: &Context, session: &Session, name: Option<&str>) -> anyhow::Result<Outcome> {
    let flow = match name {
        Some(name) => find(session, name)?,
        None => session.flows()?.into_iter().next().ok_or_else(|| {
            Error::new(Code::NOT_FOUND, "there is no process flow that you see").with_table("workflow")
        })?,
    };
    let roles = roles(context, session, &flow)?;
    let mut document = head(&flow);
    if let Json::Object(map) = &mut document {
        map.insert("stages".to_owned(), stages(&flow));
        map.insert("roles".to_owned(), json!(roles));
        map.extend(holders::unread([("roles", roles.is_none())]));
    }
    if context.json() {
        return Ok(Outcome::new(document, String::new()));
    }
    let mut lines = vec![
        ("flow", flow.name.clone()),
        ("unique name", flow.unique_name.to_string()),
        ("id", flow.id.to_string()),
        ("order", flow.order.to_string()),
        ("active", if flow.active { "yes" } else { "no" }.to_owned()),
        (
            "roles",
            roles.map_or_else(|| UNREAD.to_owned(), |roles| roles.join(", ")),
        ),
    ];
    if let Some(description) = &flow.description {
        lines.insert(1, ("description", description.clone()));
    }
    let mut grid = Grid::new(["", "stage", "table", "step", "column", "required"]);
    for (position, stage) in flow.stages.iter().enumerate() {
        let mut place = [(position + 1).to_string(), stage.name.clone(), stage.table.to_string()];
        if stage.steps.is_empty() {
            grid.row(place.iter().map(String::as_str).chain(["", "", ""]));
        }
        for step in &stage.steps {
            let required = if step.required { "yes" } else { "" };
            let step = [step.label.as_str(), &step.column, required];
            grid.row(place.iter().map(String::as_str).chain(step));
            place = Default::default();
        }
    }
    let head = people::pairs(&lines);
    Ok(Outcome::table(
        document,
        &format!("{head}\n"),
        grid.text("no stages"),
        "",
    ))
}

fn stages(flow: &Flow) -> Json {
    let stages = flow.stages.iter().map(|stage| {
        let steps = stage.steps.iter().map(|step| {
            json!({
                "id": step.id.to_string(),
                "label": step.label,
                "column": step.column,
                "required": step.required,
            })
        });
        json!({
            "id": stage.id.to_string(),
            "name": stage.name,
            "table": stage.table,
            "steps": steps.collect::<Vec<_>>(),
        })
    });
    stages.collect()
}

/// The roles whose holders may start processes in a flow; nothing, for who may not read roles.
fn roles(context: &Context, session: &Session, flow: &Flow) -> anyhow::Result<Option<Vec<String>>> {
    let catalog = session.catalog()?;
    let Some(table) = catalog.find(&flow.unique_name) else {
        return Ok(Some(Vec::new()));
    };
    let create = table.privilege_name(Right::Create);
    let roots = Query::new("role")
        .columns(&["name"])
        .filter(Filter::eq("parentroleid", Value::Null))
        .order_by("name");
    let roots = match session.list(roots) {
        Err(error) if error.kind() == Kind::Denied => return Ok(None),
        other => other?,
    };
    let mut names = Vec::new();
    for role in roots {
        let held = holders::privileges(context, role.id)?;
        if held.iter().any(|(name, _)| name.eq_ignore_ascii_case(&create)) {
            names.push(role.text("name").unwrap_or_default().to_owned());
        }
    }
    Ok(Some(names))
}

pub(super) fn create(session: &Session, file: &Path, draft: bool) -> anyhow::Result<Outcome> {
    session.check_privilege("workflow", Right::Create)?;
    let spec = FlowSpec::parse(&reading::description(file)?)?;
    let id = session.create_flow(&spec, !draft)?;
    let flow = find(session, &id.to_string())?;
    let text = format!(
        "created process flow {} ({id}){}",
        flow.name,
        if draft {
            "; it is a draft: `flow activate` lets processes be started".to_owned()
        } else {
            format!(
                "; its processes are rows of {}, and only System Administrator may use them: `flow grant` gives it to a role",
                flow.unique_name
            )
        }
    );
    Ok(Outcome::new(head(&flow), text))
}

pub(super) fn set_active(
    context: &Context,
    session: &Session,
    flows: &Selection,
    active: bool,
) -> anyhow::Result<Outcome> {
    let flows = flows.pick(session, TABLE)?;
    let done = if active { "activated" } else { "deactivated" };
    let find_id = |name: &str| Ok(find(session, name)?.id);
    let first = |found: &[&Uuid]| {
        let names = found
            .iter()
            .map(|id| Ok(find(session, &id.to_string())?.name.clone()))
            .collect::<anyhow::Result<Vec<String>>>()?;
        let told = format!(
            "nobody starts a process in {} any more; those under way stay",
            names.join(", ")
        );
        match active || names.is_empty() {
            true => Ok(()),
            false => reach::told(context, &told),
        }
    };
    several::picked(context, (NOUN, done), &flows, find_id, first, |id| {
        change(session, id, "statecode", Value::Choice(i32::from(active)))?;
        let flow = find(session, &id.to_string())?;
        let item = head(&flow).as_object().cloned().unwrap_or_default();
        Ok((item, format!("{done} process flow {}", flow.name)))
    })
}

pub(super) fn order(session: &Session, name: &str, order: i32) -> anyhow::Result<Outcome> {
    let flow = find(session, name)?;
    change(session, flow.id, "processorder", Value::Int(order))?;
    said(
        session,
        flow.id,
        &format!("process flow {} has the place {order}", flow.name),
    )
}

fn change(session: &Session, flow: Uuid, column: &str, value: Value) -> anyhow::Result<()> {
    session.execute(Request::update(Row::new(TABLE, flow).with(column, value)))?;
    Ok(())
}

fn said(session: &Session, flow: Uuid, text: &str) -> anyhow::Result<Outcome> {
    Ok(Outcome::new(head(&*find(session, &flow.to_string())?), text))
}

pub(super) fn delete(context: &Context, session: &Session, flows: &Selection) -> anyhow::Result<Outcome> {
    let flows = flows.pick(session, TABLE)?;
    let find_id = |name: &str| Ok(find(session, name)?.id);
    let first = |found: &[&Uuid]| {
        let rows: Vec<Reference> = found.iter().map(|id| Reference::new(TABLE, **id)).collect();
        reach::of_deletes(context, &rows)
    };
    several::picked(context, (NOUN, "deleted"), &flows, find_id, first, |id| {
        let flow = find(session, &id.to_string())?;
        session.execute(Request::delete(Reference::new(TABLE, id)))?;
        let text = format!(
            "deleted process flow {}; the processes that have ended stay in {}",
            flow.name, flow.unique_name
        );
        Ok((several::item(id), text))
    })
}

/// Grants a flow to a role, or takes it away: the privileges on the table of its processes.
pub(super) fn gate(
    context: &Context,
    session: &Session,
    (name, role): (&str, &str),
    grant: bool,
) -> anyhow::Result<Outcome> {
    let flow = find(session, name)?;
    let catalog = session.catalog()?;
    let table = catalog.find(&flow.unique_name).ok_or_else(|| {
        let message = format!(
            "the process flow {} was never activated, so it has no processes yet: `flow activate` it first",
            flow.name
        );
        Error::invalid(message)
    })?;
    let (id, role) = crate::names::called(session, "role", role)?;
    let privileges = RIGHTS.map(|right| table.privilege_name(right));
    if grant {
        let rows = privileges.iter().map(|privilege| {
            Row::unsaved("roleprivilege")
                .with("PrivilegeName", privilege.as_str())
                .with("Depth", Depth::Organization.number())
        });
        let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(id));
        session.execute(request.with("Privileges", Parameter::Rows(rows.collect())))?;
    } else {
        let lost = privileges.iter().map(|privilege| (privilege.clone(), None));
        reach::of_lowering(context, (&role, id), &lost.collect::<Vec<_>>())?;
        let request = Request::new("RemovePrivilegeRole").with("RoleId", Value::Id(id));
        let removals = privileges
            .iter()
            .map(|privilege| session.find_one("privilege", privilege))
            .map(|privilege| Ok(request.clone().with("PrivilegeId", Value::Id(privilege?))))
            .collect::<sluice_model::Result<Vec<_>>>()?;
        session.execute_all(&removals)?;
    }
    let document = json!({ "id": flow.id.to_string(), "role": id.to_string(), "privileges": privileges });
    let text = match grant {
        true => format!("role {role} sees, starts and moves processes of {} now", flow.name),
        false => format!("role {role} no longer has the process flow {}", flow.name),
    };
    Ok(Outcome::new(document, text))
}

pub(super) fn migrate(context: &Context, session: &Session, from: &str, to: &str) -> anyhow::Result<Outcome> {
    let (from, to) = (find(session, from)?, find(session, to)?);
    let migrations = session.migrate_processes(from.id, to.id)?;
    let mut items = Vec::new();
    let mut texts = Vec::new();
    let mut refused = 0;
    for migration in &migrations {
        let process = &migration.process;
        let rows: Vec<String> = process.rows.values().map(ToString::to_string).collect();
        let rows = rows.join(", ");
        let from = process.instance.id.to_string();
        match &migration.outcome {
            Ok(moved) => {
                items.push(json!({ "from": from, "to": moved.instance.id.to_string(), "stage": moved.stage }));
                texts.push(format!("{rows}: at {} of {} now", moved.stage, to.name));
            }
            Err(error) => {
                refused += 1;
                items.push(json!({ "from": from, "error": crate::report::error_to_json(error) }));
                texts.push(format!("{rows} stays: {}", report::error(context, error)));
            }
        }
    }
    let moved = match migrations.len() - refused {
        1 => "1 process".to_owned(),
        count => format!("{count} processes"),
    };
    let stayed = match refused {
        0 => String::new(),
        count => format!(", {count} not"),
    };
    texts.push(format!("{moved} moved from {} to {}{stayed}", from.name, to.name));
    let exit = if refused > 0 { Exit::Refused } else { Exit::Done };
    Ok(Outcome::items(items, texts.join("\n")).with_exit(exit))
}
