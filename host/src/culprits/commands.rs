//! Cures in words, and the commands that do what they say.

use std::collections::HashSet;

use sluice_model::{Reference, Uuid};
use sluice_platform::{Cure, Fix, NewRole, Way};

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
            Way::Existing(rows) => {
                let tables: Vec<&str> = rows.iter().map(|row| &*row.table).collect();
                let are = if rows.len() == 1 { "is" } else { "are" };
                format!("Take the {} that {are} there", tables.join(" and the "))
            }
            Way::Continue => "Go on although something matches".to_owned(),
            Way::Unchecked => "Send it without looking for duplicates".to_owned(),
            Way::PassingOver(steps) => format!("Pass over {} for this one request", count(steps.len(), "step")),
        },
        Fix::Share { row, name, .. } => format!("Share the one {} with {name}", row.table),
        Fix::Assign { row, name, .. } => format!("Give the one {} to {name}", row.table),
        Fix::GiveRole { name, .. } => given(cure, name),
        Fix::NewRole(NewRole { name, gives, .. }) => {
            format!("Make a role for {name}, with {}", count(gives.len(), "privilege"))
        }
        Fix::Inherit { role, .. } => format!("Let members use the team's role {role} for rows of their own"),
        Fix::Grant { role, .. } if grants == 1 => format!("Grant the privilege to the role {role}"),
        Fix::Grant { .. } => format!("Grant these {grants} privileges, all of them"),
        Fix::JoinProfile { .. } | Fix::NewProfile { .. } | Fix::GrantColumn { .. } => of_profile(first),
        Fix::RunAs { .. } | Fix::Own { .. } => in_another_name(first),
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

/// What a cure does with a column security profile.
fn of_profile(fix: &Fix) -> String {
    match fix {
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
        _ => String::new(),
    }
}

/// That a step or a workflow runs as another user.
fn in_another_name(fix: &Fix) -> String {
    match fix {
        Fix::RunAs {
            user,
            is_service,
            acts_for_others,
            ..
        } => format!(
            "Let the step run as {}; {}",
            able(user, *is_service),
            then_does(user, *acts_for_others)
        ),
        Fix::Own {
            user,
            is_service,
            acts_for_others,
            ..
        } => format!(
            "Give the workflow to {}, and activate it again; {}",
            able(user, *is_service),
            then_does(user, *acts_for_others)
        ),
        _ => String::new(),
    }
}

/// What a step may do that runs as a user.
fn then_does(user: &str, acts_for_others: bool) -> String {
    let acts = if acts_for_others {
        ", who may act for everybody"
    } else {
        ""
    };
    format!("whoever sets it off, it then does all that {user} may{acts}")
}

/// `Give robot the role Integration, which brings 12 privileges more`.
fn given(cure: &Cure, name: &str) -> String {
    let (mut roles, mut more, mut reaches) = (Vec::new(), 0, false);
    for fix in &cure.fixes {
        if let Fix::GiveRole {
            role,
            of_unit,
            gives,
            reaches_others,
            ..
        } = fix
        {
            let of = of_unit.as_ref().map(|unit| format!(" of {unit}"));
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

/// Who sends the request again, as flags: `--as tina`, with the command that sends it, where there is one; and how
/// commands name rows.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    flags: String,
    command: Option<String>,
    /// The rows whose names are other rows' as well.
    by_id: HashSet<Uuid>,
    /// Whether commands may show what was sent.
    shows_sent: bool,
}

impl Sender {
    /// A user, or one who called on behalf of that user.
    pub(crate) fn of(user: &str, caller: Option<&str>) -> Self {
        let flags = match caller {
            Some(caller) => format!("--as {} --on-behalf-of {}", quoted(caller), quoted(user)),
            None => format!("--as {}", quoted(user)),
        };
        Self {
            flags,
            command: None,
            by_id: HashSet::new(),
            shows_sent: true,
        }
    }

    /// The same, who sends it with this command.
    pub(crate) fn with(self, command: Option<String>) -> Self {
        Self { command, ..self }
    }

    /// The same, whose commands show what was sent, or do not.
    pub(crate) fn showing(self, shows_sent: bool) -> Self {
        Self { shows_sent, ..self }
    }

    /// The same, where commands name these rows by their ids.
    pub(super) fn naming(&self, by_id: &HashSet<Uuid>) -> Self {
        Self {
            by_id: by_id.clone(),
            ..self.clone()
        }
    }

    /// A row as commands name it, where it has that name.
    fn row(&self, id: Uuid, name: &str) -> String {
        match self.by_id.contains(&id) {
            true => id.to_string(),
            false => quoted(name),
        }
    }

    /// A user, or a team.
    fn principal(&self, row: &Reference, name: &str) -> String {
        match (&*row.table, self.by_id.contains(&row.id)) {
            ("team", true) => format!("team:{}", row.id),
            ("team", false) => quoted(&format!("team:{name}")),
            _ => self.row(row.id, name),
        }
    }
}

/// The commands of several fixes, in their order, with the kind of each. The request that is sent in other ways is
/// sent once.
pub(super) fn commands_of_all(fixes: &[Fix], sender: &Sender) -> Vec<(&'static str, String)> {
    let (again, before): (Vec<&Fix>, Vec<&Fix>) = fixes.iter().partition(|fix| matches!(fix, Fix::Again { .. }));
    let of = |fix: &&Fix| {
        let kind = fix.kind();
        commands_of(fix, sender).into_iter().map(move |command| (kind, command))
    };
    let mut commands: Vec<(&'static str, String)> = before.iter().flat_map(of).collect();
    let kind = again.first().map_or("again", |fix| fix.kind());
    commands.extend(self::again(&again, sender).map(|command| (kind, command)));
    commands
}

/// The commands that do what a fix says.
pub(super) fn commands_of(fix: &Fix, sender: &Sender) -> Vec<String> {
    match fix {
        Fix::Own { workflow, id, user, .. } => vec![
            format!("sluice row assign workflow {workflow} {}", sender.row(*id, user)),
            format!("sluice workflow activate {workflow}"),
        ],
        Fix::AsCaller { workflow } => vec![
            format!("sluice workflow deactivate {workflow}"),
            format!("sluice row update workflow {workflow} runas=1"),
            format!("sluice workflow activate {workflow}"),
        ],
        Fix::NewRole(role) => new_role(role, sender),
        Fix::Enable {
            user, itself, units, ..
        } => {
            let units = units
                .iter()
                .map(|(id, unit)| format!("sluice bu enable {}", sender.row(*id, unit)));
            let user = itself.then(|| format!("sluice row update systemuser {user} isdisabled=no"));
            units.chain(user).collect()
        }
        Fix::Again { .. } => again(&[fix], sender).into_iter().collect(),
        Fix::NewProfile {
            called,
            to,
            name,
            gives,
            ..
        } => {
            let mut commands = vec![format!("sluice profile create {}", quoted(called))];
            commands.extend(gives.iter().map(|(table, column, right)| {
                let right = right.trim_start_matches("can");
                format!("sluice profile grant {} {table} {column} {right}", quoted(called))
            }));
            commands.push(format!(
                "sluice profile member-add {} {}",
                quoted(called),
                sender.principal(to, name)
            ));
            commands
        }
        _ => vec![command_of(fix, sender)],
    }
}

/// The role, each privilege that it gives, and to whom it is given.
fn new_role(new: &NewRole, sender: &Sender) -> Vec<String> {
    let called = quoted(&new.called);
    let unit = sender.row(new.unit.id, &new.unit_name);
    let mut commands = vec![format!("sluice role create {called} --bu {unit}")];
    let grants = new.gives.iter();
    commands
        .extend(grants.map(|(privilege, depth)| format!("sluice role grant {called} {privilege} {}", depth.word())));
    commands.push(role_add(&new.to, &new.name, &called, sender));
    commands
}

/// The command that gives a role, which it names so.
fn role_add(to: &Reference, name: &str, role: &str, sender: &Sender) -> String {
    let noun = if &*to.table == "team" { "team" } else { "user" };
    format!("sluice {noun} role-add {} {role}", sender.row(to.id, name))
}

/// The command that does what a fix says that takes one.
fn command_of(fix: &Fix, sender: &Sender) -> String {
    match fix {
        Fix::JoinProfile { .. } | Fix::GrantColumn { .. } | Fix::NewProfile { .. } => profile_command(fix, sender),
        Fix::NewRole(new) => format!("sluice role create {}", quoted(&new.called)),
        // Each unit has a command of its own: `commands_of`.
        Fix::Enable { user, .. } => format!("sluice user enable {user}"),
        Fix::Own { workflow, .. } | Fix::AsCaller { workflow } | Fix::Activate { workflow, .. } => {
            format!("sluice workflow activate {workflow}")
        }
        Fix::Again { .. } => again(&[fix], sender).unwrap_or_default(),
        Fix::Share {
            row, with, name, right, ..
        } => format!(
            "sluice row share {} {} {} {}",
            row.table,
            row.id,
            sender.principal(with, name),
            right.verb().to_lowercase()
        ),
        Fix::Assign { row, to, name } => {
            let to = sender.principal(to, name);
            format!("sluice row assign {} {} {to}", row.table, row.id)
        }
        Fix::GiveRole {
            to,
            name,
            copy,
            of_unit,
            role,
            ..
        } => {
            // A role's name is that of the copy in the unit of who gets it.
            let role = of_unit
                .as_ref()
                .map_or_else(|| sender.row(*copy, role), |_| copy.to_string());
            role_add(to, name, &role, sender)
        }
        Fix::Inherit { id, .. } => format!("sluice row update role {id} isinherited=1"),
        Fix::Grant {
            id,
            role,
            privilege,
            depth,
        } => {
            let role = sender.row(*id, role);
            format!("sluice role grant {role} {privilege} {}", depth.word())
        }
        Fix::Disable { step, is_own } => disable(*step, *is_own),
        Fix::Deactivate { workflow, kind } => deactivate(*workflow, kind),
        Fix::Break { step, is_own } => match step.calls_plugin() {
            true => disable(step.id, *is_own),
            false => deactivate(step.id, step.kind),
        },
        Fix::Raise { step, limits, .. } => format!("sluice step update {step} --limits {}", quoted(limits)),
        Fix::OpenAccess { user, .. } => format!("sluice row update systemuser {user} accessmode=0"),
        Fix::RunAs { step, id, user, .. } => format!("sluice step update {step} --run-as {}", sender.row(*id, user)),
        Fix::Allow { step, capabilities } => {
            format!("sluice step update {step} --grant {}", quoted(&capabilities.join(",")))
        }
    }
}

/// The command that changes a column security profile.
fn profile_command(fix: &Fix, sender: &Sender) -> String {
    match fix {
        Fix::JoinProfile {
            profile,
            called,
            to,
            name,
        } => {
            let (profile, to) = (sender.row(*profile, called), sender.principal(to, name));
            format!("sluice profile member-add {profile} {to}")
        }
        Fix::GrantColumn {
            profile,
            called,
            table,
            column,
            right,
            ..
        } => {
            let (profile, right) = (sender.row(*profile, called), right.trim_start_matches("can"));
            format!("sluice profile grant {profile} {table} {column} {right}")
        }
        Fix::NewProfile { called, .. } => format!("sluice profile create {}", quoted(called)),
        _ => String::new(),
    }
}

/// How a command ends that looks for duplicates.
pub(crate) const DETECTING: &str = " --detect-duplicates";

/// The request in other ways, all of them at once: as its own command, or else as it is. Where it is long, or lists
/// rows, what is to be said beside.
fn again(fixes: &[&Fix], sender: &Sender) -> Option<String> {
    let ways = fixes.iter().filter_map(|fix| match fix {
        Fix::Again { way, .. } => Some(way),
        _ => None,
    });
    let Some(Fix::Again {
        message, row, inputs, ..
    }) = fixes.first()
    else {
        return None;
    };
    let inputs = inputs.as_ref().filter(|_| sender.shows_sent);
    let (own, sender) = (sender.command.as_deref(), &sender.flags);
    if let Some(lead) = row.as_ref().filter(|_| &**message == "QualifyLead") {
        let flags: Vec<String> = ways.map(of_lead).collect();
        return Some(format!("sluice lead qualify {} {} {sender}", lead.id, flags.join(" ")));
    }
    let (mut flags, mut more) = (Vec::new(), Vec::new());
    for way in ways {
        match way {
            Way::PassingOver(steps) => flags.push(bypass(steps)),
            _ => more.push("SuppressDuplicateDetection"),
        }
    }
    let own = match more.is_empty() {
        true => own,
        false => own.and_then(|command| command.strip_suffix(DETECTING)),
    };
    if let Some(own) = own {
        let words: Vec<&str> = [own].into_iter().chain(flags.iter().map(String::as_str)).collect();
        return Some(format!("{} {sender}", words.join(" ")));
    }
    let Some(inputs) = inputs else {
        flags.extend(more.iter().map(|input| format!("{input}:=true")));
        return Some(format!("send the same again with {}", flags.join(" ")));
    };
    let given = inputs.iter().filter(|(name, _)| !more.contains(&&**name));
    let given = given.map(|(name, json)| quoted(&format!("{name}:={json}")));
    let more = more.iter().map(|input| format!("{input}:=true"));
    let words: Vec<String> = given.chain(more).chain(flags).collect();
    Some(format!("sluice exec {message} {} {sender}", words.join(" ")))
}

/// How a lead is qualified in a way.
fn of_lead(way: &Way) -> String {
    match way {
        Way::Existing(rows) => {
            let each = rows.iter().map(|row| format!("--{} existing:{}", row.table, row.id));
            each.collect::<Vec<_>>().join(" ")
        }
        Way::Continue => "--continue".to_owned(),
        Way::Unchecked => "--from grid".to_owned(),
        Way::PassingOver(steps) => bypass(steps),
    }
}

fn bypass(steps: &[Uuid]) -> String {
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    format!("--bypass-steps {}", steps.join(","))
}

fn disable(step: Uuid, is_own: bool) -> String {
    let force = if is_own { "" } else { " --force" };
    format!("sluice step disable {step}{force}")
}

fn deactivate(workflow: Uuid, kind: &str) -> String {
    format!("sluice {} deactivate {workflow}", kind.replace(' ', ""))
}
