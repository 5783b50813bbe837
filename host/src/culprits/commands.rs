//! Cures in words, and the commands that do what they say.

use sluice_model::{Reference, Uuid};
use sluice_platform::{Cure, Fix, Way};

use crate::{
    people::count,
    text::{grouped, quoted},
};

/// What a cure does, in words.
pub(super) fn title(cure: &Cure) -> String {
    let grants = cure.fixes.iter().filter(|fix| matches!(fix, Fix::Grant { .. })).count();
    let Some(first) = cure.fixes.first() else {
        return String::new();
    };
    let mut text = match first {
        Fix::Again { way, .. } => match way {
            Way::Existing(row) => format!("Take the {} that is there", row.table),
            Way::Continue => "Go on although something matches".to_owned(),
            Way::Unchecked => "Send it without looking for duplicates".to_owned(),
            Way::PassingOver(steps) => format!("Pass over {} for this one request", count(steps.len(), "step")),
        },
        Fix::Share { row, name, .. } => format!("Share the one {} with {name}", row.table),
        Fix::Assign { row, name, .. } => format!("Give the one {} to {name}", row.table),
        Fix::GiveRole { name, .. } => given(cure, name),
        Fix::Inherit { role, .. } => format!("Let members use the team's role {role} for rows of their own"),
        Fix::Grant { role, .. } if grants == 1 => format!("Grant the privilege to the role {role}"),
        Fix::Grant { .. } => format!("Grant these {grants} privileges, all of them"),
        Fix::JoinProfile { called, name, .. } => format!("Add {name} to the column security profile {called}"),
        Fix::NewProfile { name, gives, .. } => {
            let columns: Vec<String> = gives
                .iter()
                .map(|(table, column, _)| format!("{table}.{column}"))
                .collect();
            format!("Make a column security profile for {name}, with {}", columns.join(", "))
        }
        Fix::GrantColumn {
            called,
            table,
            column,
            right,
            ..
        } => format!(
            "Let the column security profile {called} {} {table}.{column}",
            right.trim_start_matches("can")
        ),
        Fix::RunAs { user, is_service, .. } => {
            let who = able(user, *is_service);
            format!("Let the step run as {who}; whoever sets it off, it then does all that {user} may")
        }
        Fix::Own { user, is_service, .. } => format!(
            "Give the workflow to {}, and activate it again; whoever sets it off, it then does all that {user} may",
            able(user, *is_service)
        ),
        Fix::Raise { limit, to, unit, .. } => format!("Let the step use more: {limit} up to {} {unit}", grouped(*to)),
        Fix::OpenAccess { name, .. } => format!("Let {name} write again (access mode Read-Write)"),
        Fix::Enable { .. } => enabled(first),
        Fix::Allow { capabilities, .. } => {
            let wanted = capabilities.last().map(String::as_str).unwrap_or_default();
            match wanted {
                "system" => "Let the step's plug-in act as the system, which may do everything".to_owned(),
                _ => format!("Let the step's plug-in use {wanted}"),
            }
        }
        Fix::Disable { .. } => "Disable this one step until the plug-in is mended".to_owned(),
        Fix::AsCaller { .. } => "Let the workflow run as whoever sets it off".to_owned(),
        Fix::Activate { name, .. } => format!("Activate the workflow \"{name}\", which is started there"),
        Fix::Deactivate { kind, .. } => format!("Deactivate this one {kind} until it is mended"),
        Fix::Break { .. } => broken(cure),
    };
    let shares = cure.fixes.iter().filter(|fix| matches!(fix, Fix::Share { .. })).count();
    if shares > 0 && matches!(first, Fix::Grant { .. }) {
        text.push_str(&format!(", and share {}", count(shares, "row")));
    }
    if grants > 0 && !matches!(first, Fix::Grant { .. }) {
        text.push_str(&format!(", and grant {}", count(grants, "privilege")));
    }
    text
}

/// `robot who has what it needs`; of somebody who signs in, that it is a person.
fn able(user: &str, is_service: bool) -> String {
    let person = if is_service { "" } else { ", a person," };
    format!("{user}{person} who has what it needs")
}

/// `Give robot the role Integration, which brings 12 privileges more`.
fn given(cure: &Cure, name: &str) -> String {
    let (mut roles, mut more, mut reaches) = (Vec::new(), 0, false);
    for fix in &cure.fixes {
        if let Fix::GiveRole {
            role,
            unit,
            gives,
            reaches_others,
            ..
        } = fix
        {
            let of = unit.as_ref().map(|unit| format!(" of {unit}"));
            roles.push(format!("{role}{}", of.unwrap_or_default()));
            more += *gives;
            reaches |= *reaches_others;
        }
    }
    let (roles, bring) = match roles.as_slice() {
        [role] => (format!("role {role}"), "brings"),
        roles => (format!("roles {}", roles.join(" and ")), "bring"),
    };
    let others = if reaches { ", not for own rows alone" } else { "" };
    format!(
        "Give {name} the {roles}, which {bring} {} more{others}",
        count(more, "privilege")
    )
}

/// `Enable the business unit West, and all who are in it or below it`
fn enabled(fix: &Fix) -> String {
    let Fix::Enable {
        name, itself, units, ..
    } = fix
    else {
        return String::new();
    };
    let user = format!("the user {name}, who may then sign in again");
    let names: Vec<&str> = units.iter().map(|(_, unit)| unit.as_str()).collect();
    let units = match names.as_slice() {
        [] => return format!("Enable {user}"),
        [unit] => format!("the business unit {unit}, and all who are in it or below it"),
        units => format!(
            "the business units {}, and all who are in them or below them",
            units.join(" and ")
        ),
    };
    match itself {
        true => format!("Enable {units}, and {user}"),
        false => format!("Enable {units}"),
    }
}

/// `Disable the step "marker", without which it does not fail`.
fn broken(cure: &Cure) -> String {
    let name = |fix: &Fix| match fix {
        Fix::Break { step, .. } if step.calls_plugin() => Some(format!("the step \"{}\"", step.name)),
        Fix::Break { step, .. } => Some(format!("the {} \"{}\"", step.kind, step.name)),
        _ => None,
    };
    let names: Vec<String> = cure.fixes.iter().filter_map(name).collect();
    format!("Disable {}, without which it does not fail", names.join(" and "))
}

/// Who sends the request again, as flags (`--as tina`), and the command that sends it, where there is one.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    flags: String,
    command: Option<String>,
}

impl Sender {
    /// A user, or one who called on behalf of that user.
    pub(crate) fn of(user: &str, caller: Option<&str>) -> Self {
        let flags = match caller {
            Some(caller) => format!("--as {} --on-behalf-of {}", quoted(caller), quoted(user)),
            None => format!("--as {}", quoted(user)),
        };
        Self { flags, command: None }
    }

    /// The same, who sends it with this command.
    pub(crate) fn with(self, command: Option<String>) -> Self {
        Self { command, ..self }
    }
}

/// The commands that do what a fix says.
pub(super) fn commands_of(fix: &Fix, sender: &Sender) -> Vec<String> {
    if let Fix::Own { workflow, user, .. } = fix {
        return vec![
            format!("sluice row assign workflow {workflow} {}", quoted(user)),
            format!("sluice workflow activate {workflow}"),
        ];
    }
    if let Fix::AsCaller { workflow } = fix {
        return vec![
            format!("sluice workflow deactivate {workflow}"),
            format!("sluice row update workflow {workflow} runas=1"),
            format!("sluice workflow activate {workflow}"),
        ];
    }
    if let Fix::Enable {
        user, itself, units, ..
    } = fix
    {
        let units = units
            .iter()
            .map(|(_, unit)| format!("sluice bu enable {}", quoted(unit)));
        let user = itself.then(|| format!("sluice row update systemuser {user} isdisabled=no"));
        return units.chain(user).collect();
    }
    let Fix::NewProfile {
        called,
        to,
        name,
        gives,
        ..
    } = fix
    else {
        return vec![command_of(fix, sender)];
    };
    let mut commands = vec![format!("sluice profile create {}", quoted(called))];
    commands.extend(gives.iter().map(|(table, column, right)| {
        let right = right.trim_start_matches("can");
        format!("sluice profile grant {} {table} {column} {right}", quoted(called))
    }));
    commands.push(format!(
        "sluice profile member-add {} {}",
        quoted(called),
        principal(to, name)
    ));
    commands
}

/// The command that does what a fix says that takes one.
fn command_of(fix: &Fix, sender: &Sender) -> String {
    match fix {
        Fix::NewProfile { called, .. } => format!("sluice profile create {}", quoted(called)),
        Fix::Own { workflow, .. } | Fix::AsCaller { workflow } | Fix::Activate { workflow, .. } => {
            format!("sluice workflow activate {workflow}")
        }
        Fix::Enable { user, .. } => format!("sluice user enable {user}"),
        Fix::Again { message, row, way } => again(message, row.as_ref(), way, sender),
        Fix::Share {
            row, with, name, right, ..
        } => format!(
            "sluice row share {} {} {} {}",
            row.table,
            row.id,
            principal(with, name),
            right.verb().to_lowercase()
        ),
        Fix::Assign { row, to, name } => {
            format!("sluice row assign {} {} {}", row.table, row.id, principal(to, name))
        }
        Fix::GiveRole {
            to,
            name,
            copy,
            role,
            unit,
            ..
        } => {
            let noun = if &*to.table == "team" { "team" } else { "user" };
            let role = match unit {
                Some(_) => copy.to_string(),
                None => quoted(role),
            };
            format!("sluice {noun} role-add {} {role}", quoted(name))
        }
        Fix::Inherit { id, .. } => format!("sluice row update role {id} isinherited=1"),
        Fix::Grant {
            role, privilege, depth, ..
        } => format!("sluice role grant {} {privilege} {}", quoted(role), depth.word()),
        Fix::JoinProfile { called, to, name, .. } => {
            format!("sluice profile member-add {} {}", quoted(called), principal(to, name))
        }
        Fix::GrantColumn {
            called,
            table,
            column,
            right,
            ..
        } => format!(
            "sluice profile grant {} {table} {column} {}",
            quoted(called),
            right.trim_start_matches("can")
        ),
        Fix::Disable { step, is_own } => disable(*step, *is_own),
        Fix::Deactivate { workflow, kind } => deactivate(*workflow, kind),
        Fix::Break { step, is_own } => match step.calls_plugin() {
            true => disable(step.id, *is_own),
            false => deactivate(step.id, step.kind),
        },
        Fix::Raise { step, limits, .. } => format!("sluice step update {step} --limits {}", quoted(limits)),
        Fix::OpenAccess { user, .. } => format!("sluice row update systemuser {user} accessmode=0"),
        Fix::RunAs { step, user, .. } => format!("sluice step update {step} --run-as {}", quoted(user)),
        Fix::Allow { step, capabilities } => {
            format!("sluice step update {step} --grant {}", quoted(&capabilities.join(",")))
        }
    }
}

/// The request in another way; where no command is known that sends it, the parameter is named.
fn again(message: &str, row: Option<&Reference>, way: &Way, sender: &Sender) -> String {
    let Sender { flags, command } = sender;
    if let Way::PassingOver(steps) = way {
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let flag = format!("--bypass-steps {}", steps.join(","));
        return match row.filter(|_| message == "QualifyLead") {
            Some(lead) => format!("sluice lead qualify {} {flag} {flags}", lead.id),
            None => match command {
                Some(command) => format!("{command} {flag} {flags}"),
                None => format!("send the same again with {flag}"),
            },
        };
    }
    let Some(lead) = row.filter(|_| message == "QualifyLead") else {
        let unchecked = command.as_ref().and_then(|command| command.strip_suffix(DETECTING));
        return match unchecked {
            Some(command) => format!("{command} {flags}"),
            None => "send the same again without --detect-duplicates (SuppressDuplicateDetection: true)".to_owned(),
        };
    };
    let how = match way {
        Way::Existing(row) => format!("--{} existing:{}", row.table, row.id),
        Way::Continue => "--continue".to_owned(),
        Way::Unchecked | Way::PassingOver(_) => "--from grid".to_owned(),
    };
    format!("sluice lead qualify {} {how} {flags}", lead.id)
}

/// How a command ends that looks for duplicates.
pub(crate) const DETECTING: &str = " --detect-duplicates";

fn disable(step: Uuid, is_own: bool) -> String {
    let force = if is_own { "" } else { " --force" };
    format!("sluice step disable {step}{force}")
}

fn deactivate(workflow: Uuid, kind: &str) -> String {
    format!("sluice {} deactivate {workflow}", kind.replace(' ', ""))
}

fn principal(row: &Reference, name: &str) -> String {
    match &*row.table {
        "team" => quoted(&format!("team:{name}")),
        _ => quoted(name),
    }
}
