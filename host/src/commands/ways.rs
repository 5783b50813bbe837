//! The ways by which somebody may do something, as people and machines read them.

use serde_json::{Map, Value as Json, json};
use sluice_model::{Depth, Parameter, Request, Row};

use crate::door::Door;

/// Sends a message, and takes the structures out of one of its outputs.
pub(super) fn ask(session: &dyn Door, request: Request, output: &str) -> anyhow::Result<Vec<Row>> {
    Ok(taken(session.execute(request)?.outputs.remove(output)))
}

/// The structures of an output.
pub(super) fn taken(output: Option<Parameter>) -> Vec<Row> {
    match output {
        Some(Parameter::Rows(rows)) => rows,
        _ => Vec::new(),
    }
}

/// How deep, as the structure has it.
pub(super) fn depth(line: &Row) -> Option<Depth> {
    line.int("Depth").and_then(Depth::from_number)
}

/// Somebody that a structure names: `team West`, `tina`.
pub(super) fn party(line: &Row, what: &str) -> String {
    let of = |part: &str| line.text(&format!("{what}{part}")).map(str::to_owned);
    let id = line.id_of(&format!("{what}Id")).map(|id| id.to_string());
    let name = of("Name").or(id).unwrap_or_default();
    match of("Type").as_deref() {
        Some("team") => format!("team {name}"),
        _ => name,
    }
}

/// The same for machines.
pub(super) fn party_json(line: &Row, what: &str) -> Json {
    match party_map(line, what) {
        map if map.is_empty() => Json::Null,
        map => map.into(),
    }
}

/// The same with more about it.
pub(super) fn party_with(line: &Row, what: &str, more: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let mut map = party_map(line, what);
    map.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    map.into()
}

fn party_map(line: &Row, what: &str) -> Map<String, Json> {
    let mut map = Map::new();
    if let Some(id) = line.id_of(&format!("{what}Id")) {
        map.insert("id".to_owned(), id.to_string().into());
        map.insert("name".to_owned(), line.text(&format!("{what}Name")).into());
        if let Some(table) = line.text(&format!("{what}Type")) {
            let kind = if table == "team" { "Team" } else { "User" };
            map.insert("type".to_owned(), kind.into());
        }
    }
    map
}

/// `role Salesperson at depth User, via team West`
pub(super) fn role(line: &Row) -> String {
    let depth = depth(line).map_or("", Depth::label);
    // Whoever may not read the role is told that it is one.
    let role = match line.text("RoleName") {
        Some(name) => format!("role {name}"),
        None => "a role".to_owned(),
    };
    match (line.id_of("TeamId"), line.text("TeamName")) {
        (None, _) => format!("{role} at depth {depth}"),
        (Some(_), Some(team)) => format!("{role} at depth {depth}, via team {team}"),
        (Some(_), None) => format!("{role} at depth {depth}, via a team"),
    }
}

/// The role, the depth and the team for machines.
pub(super) fn role_json(line: &Row) -> Json {
    json!({
        "role": party_json(line, "Role"),
        "depth": depth(line).map(Depth::label),
        "via": party_json(line, "Team"),
    })
}

/// A way that reaches a row.
pub(super) fn way(line: &Row) -> String {
    match line.text("Kind").unwrap_or_default() {
        "System" => "the platform itself".to_owned(),
        "Owner" => format!("own row ({})", role(line)),
        "OwnerTeam" => format!("row of {} ({})", party(line, "Owner"), role(line)),
        "Manager" => format!("row of {}, who reports to the user", party(line, "Report")),
        "IndirectManager" => format!(
            "row of {}, who reports to the user through others",
            party(line, "Report")
        ),
        "ManagerShare" => format!(
            "shared with {}, by {}, who reports to the user",
            party(line, "SharedWith"),
            party(line, "Report")
        ),
        "Share" => format!("shared with {}", party(line, "SharedWith")),
        "Inherited" => format!(
            "inherited by {} from {}",
            party(line, "SharedWith"),
            line.text("From").unwrap_or("a row that it refers to")
        ),
        _ => role(line),
    }
}

/// The same for machines.
pub(super) fn way_json(line: &Row) -> Json {
    let kind = line.text("Kind").unwrap_or_default();
    let mut map = Map::new();
    map.insert("kind".to_owned(), kind.into());
    if let ("Owner" | "OwnerTeam" | "Role" | "Organization", Json::Object(role)) = (kind, role_json(line)) {
        map.extend(role);
    }
    for (what, key) in [("Owner", "owner"), ("SharedWith", "sharedWith"), ("Report", "report")] {
        if let party @ Json::Object(_) = party_json(line, what) {
            map.insert(key.to_owned(), party);
        }
    }
    if let Some(from) = line.text("From") {
        map.insert("from".to_owned(), from.into());
    }
    map.into()
}

/// The ways of several lines, each once.
pub(super) fn joined(lines: &[&Row], text: impl Fn(&Row) -> String) -> String {
    let mut texts: Vec<String> = Vec::new();
    for line in lines {
        let text = text(line);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("; ")
}

/// Lines that speak of the same, in the order in which it comes first.
pub(super) fn grouped<'a, K: PartialEq>(lines: &'a [Row], key: impl Fn(&'a Row) -> K) -> Vec<(K, Vec<&'a Row>)> {
    let mut groups: Vec<(K, Vec<&Row>)> = Vec::new();
    for line in lines {
        let key = key(line);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(line),
            None => groups.push((key, vec![line])),
        }
    }
    groups
}
