//! `sluice access`: what a user or team may do to a row, through what, and who else may.

use serde_json::{Value as Json, json};
use sluice_model::{Parameter, Reference, Request, Row};

use super::{access_explain, row, ways};
use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what somebody may do to a row, by ownership, roles, teams and shares.
    Show {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// A user, or team:NAME.
        #[arg(long)]
        user: String,
    },
    /// Show what runs when a user does something, what each message and step needs, and what is missing.
    Explain(access_explain::Args),
    /// Say of each right of a row through what somebody has it, or why not.
    Why {
        /// A user, or team:NAME.
        user: String,
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
    },
    /// List who may do something to a row, and through what.
    Who {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
        /// What they may do: read, write, delete, assign, share, append or appendto.
        #[arg(long, default_value = "read")]
        right: String,
    },
    /// List with whom a row is shared, and who inherits rights on it.
    Shares {
        /// The table.
        table: String,
        /// The row's id or name.
        id: String,
    },
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Show { table, id, user } => show(context, &session, &table, &id, &user),
        Command::Why { user, table, id } => why(context, &session, &user, &row::target(&session, &table, &id)?),
        Command::Who { table, id, right } => who(&session, &row::target(&session, &table, &id)?, &right),
        Command::Shares { table, id } => shares(&session, &row::target(&session, &table, &id)?),
        Command::Explain(args) => access_explain::run(context, &args),
    }
}

fn show(context: &Context, session: &dyn Door, table: &str, id: &str, user: &str) -> anyhow::Result<Outcome> {
    let (target, principal) = (row::target(session, table, id)?, names::principal(session, user)?);
    let request = Request::new("RetrievePrincipalAccess")
        .with("Target", target.clone())
        .with("Principal", principal.clone());
    let response = session.execute(request)?;
    let rights = match response.outputs.get("AccessRights") {
        Some(Parameter::Value(value)) => value.as_text().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    // How each right comes about: rights that come about in one way stand together.
    let reasons: Vec<(String, String)> = match response.outputs.get("Reasons") {
        Some(Parameter::Names(reasons)) => {
            let parts = reasons.iter().filter_map(|reason| reason.split_once(": "));
            parts.map(|(right, why)| (right.to_owned(), why.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let labels = Labels::load(context, [principal.clone(), target.clone()])?;
    let document = json!({
        "table": table,
        "id": target.id.to_string(),
        "principal": { "id": principal.id.to_string(), "name": labels.name(&principal), "type": kind(&principal) },
        "AccessRights": rights,
        "reasons": reasons.iter().map(|(right, why)| json!({ "right": right, "because": why })).collect::<Vec<_>>(),
    });
    let text = match rights.as_str() {
        "None" => format!(
            "{} may do nothing to {table} {}",
            labels.name(&principal),
            labels.name(&target)
        ),
        _ => format!(
            "{} may, on {table} {}: {}",
            labels.name(&principal),
            labels.name(&target),
            by_reason(&reasons)
        ),
    };
    Ok(Outcome::new(document, text))
}

/// `Read, Write (own row); Share (shared)`.
fn by_reason(reasons: &[(String, String)]) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (right, why) in reasons {
        let right = right.replace("Access", "");
        match groups.iter_mut().find(|(other, _)| other == why) {
            Some((_, rights)) => rights.push(right),
            None => groups.push((why, vec![right])),
        }
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|(why, rights)| format!("{} ({why})", rights.join(", ")))
        .collect();
    groups.join("; ")
}

fn kind(principal: &Reference) -> &'static str {
    if &*principal.table == "team" { "Team" } else { "User" }
}

/// Two lines for each right: the privilege check and the access check.
fn why(context: &Context, session: &dyn Door, user: &str, target: &Reference) -> anyhow::Result<Outcome> {
    let principal = names::principal(session, user)?;
    let request = Request::new("RetrieveAccessReasons")
        .with("Target", target.clone())
        .with("Principal", principal.clone());
    let mut response = session.execute(request)?;
    let mut rows = |name: &str| match response.outputs.remove(name) {
        Some(Parameter::Rows(rows)) => rows,
        _ => Vec::new(),
    };
    let (lines, secured) = (rows("Reasons"), rows("SecuredColumns"));
    let labels = Labels::load(context, [principal.clone(), target.clone()])?;
    let mut grid = Grid::new(["right", "check", "passes", "through what, or why not"]).uncut();
    let mut rights = Vec::new();
    for (right, lines) in ways::grouped(&lines, |line| line.text("Right")) {
        let of = |check: &str| -> Vec<&Row> {
            let of_check = lines.iter().filter(|line| line.text("Check") == Some(check));
            of_check.copied().collect()
        };
        let (privilege, access) = (of("Privilege"), of("Access"));
        let verb = right.unwrap_or_default().trim_end_matches("Access");
        let name = privilege
            .first()
            .or(access.first())
            .and_then(|line| line.text("Privilege"));
        let name = name.unwrap_or_default();
        let held = format!("{name}: {}", ways::joined(&privilege, held));
        grid.row([verb, "privilege", passes(&privilege), &held]);
        let reached = match access.is_empty() {
            true => "not asked: a right needs its privilege first".to_owned(),
            false => ways::joined(&access, reached),
        };
        grid.row(["", "access", passes(&access), &reached]);
        rights.push(json!({
            "right": right,
            "privilege": { "name": name, "passes": passes(&privilege) == "yes", "ways": checked(&privilege, ways::role_json) },
            "access": { "passes": passes(&access) == "yes", "ways": checked(&access, ways::way_json) },
        }));
    }
    let document = json!({
        "table": &*target.table,
        "id": target.id.to_string(),
        "principal": { "id": principal.id.to_string(), "name": labels.name(&principal), "type": kind(&principal) },
        "rights": rights,
        "securedColumns": secured.iter().map(column_json).collect::<Vec<_>>(),
    });
    let heading = format!(
        "{} on {} {}",
        labels.name(&principal),
        target.table,
        labels.name(target)
    );
    let mut text = format!("{heading}\n{}", grid.text(""));
    if !secured.is_empty() {
        text.push_str(&format!("\n\n{}", columns(&secured)));
    }
    Ok(Outcome::new(document, text))
}

/// What may be done with a secured column.
const COLUMN_RIGHTS: [&str; 3] = ["Read", "Create", "Update"];

/// The secured columns, with the profiles that give something on them.
fn columns(secured: &[Row]) -> crate::output::Written {
    let mut grid = Grid::new(["secured column", "read", "create", "update"]).uncut();
    for line in secured {
        let of = |right: &str| match (line.bool(right), line.text(&format!("{right}Through"))) {
            (Some(true), Some(through)) => format!("yes, by {through}"),
            (Some(true), None) => "yes".to_owned(),
            _ => "no".to_owned(),
        };
        let [read, create, update] = COLUMN_RIGHTS.map(of);
        grid.row([line.text("Column").unwrap_or_default(), &read, &create, &update]);
    }
    grid.text("")
}

fn column_json(line: &Row) -> Json {
    let of = |right: &str| json!({ "allowed": line.bool(right) == Some(true), "through": line.text(&format!("{right}Through")) });
    let [read, create, update] = COLUMN_RIGHTS.map(of);
    json!({ "column": line.text("Column"), "read": read, "create": create, "update": update })
}

/// `yes`, `no`, or `–` where it was not asked.
fn passes(lines: &[&Row]) -> &'static str {
    match lines.first().map(|line| line.bool("Passes")) {
        Some(Some(true)) => "yes",
        Some(_) => "no",
        None => "–",
    }
}

/// How a privilege is held, or why it counts for nothing.
fn held(line: &Row) -> String {
    let depth = || ways::depth(line).map_or("", |depth| depth.label());
    match line.text("Code") {
        None => ways::role(line),
        Some("0x80042F09") => "there is no role at all".to_owned(),
        Some("0x80040225") => "the user is disabled, or its business unit is".to_owned(),
        Some("0x80044502") => "the user's access mode lets it read only".to_owned(),
        Some(_) if ways::depth(line).is_none() => "no role can have it".to_owned(),
        Some(_) => format!("missing; any depth passes this check, {} is the least", depth()),
    }
}

/// How a privilege reaches the row, or what would.
fn reached(line: &Row) -> String {
    match (line.text("Code"), ways::depth(line)) {
        (None, _) => ways::way(line),
        (Some(_), Some(depth)) if line.bool("AcrossUnits") == Some(true) => format!(
            "no role that has it reaches the row, and no share does; a role of the business unit in which the row lies \
             would, or depth {} in a direct role",
            depth.label()
        ),
        (Some(_), Some(depth)) => format!(
            "no role that has it reaches the row, and no share does; depth {} in a direct role would",
            depth.label()
        ),
        (Some(code), None) => code.to_owned(),
    }
}

/// The ways for machines; none where the check does not pass.
fn checked(lines: &[&Row], json: impl Fn(&Row) -> Json) -> Vec<Json> {
    let passing = lines.iter().filter(|line| line.bool("Passes") == Some(true));
    passing.map(|line| json(line)).collect()
}

fn who(session: &dyn Door, target: &Reference, right: &str) -> anyhow::Result<Outcome> {
    let request = Request::new("RetrievePrincipalsWithAccess")
        .with("Target", target.clone())
        .with("AccessRight", right);
    let lines = ways::ask(session, request, "Principals")?;
    let mut grid = Grid::new(["who", "through what"]).uncut();
    let mut items = Vec::new();
    for (_, lines) in ways::grouped(&lines, |line| line.id_of("PrincipalId")) {
        let Some(first) = lines.first() else { continue };
        grid.row([ways::party(first, "Principal"), ways::joined(&lines, ways::way)]);
        let each = lines.iter().map(|line| ways::way_json(line)).collect();
        items.push(ways::party_with(first, "Principal", [("ways", each)]));
    }
    Ok(Outcome::list(items, grid.text("nobody whom you may read")))
}

fn shares(session: &dyn Door, target: &Reference) -> anyhow::Result<Outcome> {
    let request = Request::new("RetrieveSharedPrincipalsAndAccess").with("Target", target.clone());
    let lines = ways::ask(session, request, "PrincipalAccesses")?;
    let mut grid = Grid::new(["with", "shared", "inherited", "from"]).uncut();
    let mut items = Vec::new();
    for line in &lines {
        let mask = |column: &str| line.text(column).unwrap_or("None").to_owned();
        let (shared, inherited) = (mask("AccessMask"), mask("InheritedAccessMask"));
        let verbs = |mask: &str| mask.replace("Access", "").replace("None", "");
        grid.row([
            ways::party(line, "Principal"),
            verbs(&shared),
            verbs(&inherited),
            line.text("From").unwrap_or_default().to_owned(),
        ]);
        let more = [
            ("AccessMask", shared.into()),
            ("InheritedAccessMask", inherited.into()),
            ("from", line.text("From").into()),
        ];
        items.push(ways::party_with(line, "Principal", more));
    }
    Ok(Outcome::list(items, grid.text("shared with nobody")))
}
