//! The commands that do what cures say.

use std::collections::HashSet;

use sluice_model::{Reference, Uuid};
use sluice_platform::{Fix, NewRole, Way};

use crate::{door::Door, names, text::quoted};

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
    /// A user, or one who called on behalf of that user: each with the name.
    pub(crate) fn of(session: &dyn Door, user: (Uuid, &str), caller: Option<(Uuid, &str)>) -> Self {
        let word = |(id, name)| names::word(session, &Reference::new("systemuser", id), name);
        let flags = match caller {
            Some(caller) => format!("--as {} --on-behalf-of {}", word(caller), word(user)),
            None => format!("--as {}", word(user)),
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
            user,
            name,
            itself,
            units,
        } => {
            let units = units
                .iter()
                .map(|(id, unit)| format!("sluice bu enable {}", sender.row(*id, unit)));
            let user = itself.then(|| format!("sluice user enable {}", sender.row(*user, name)));
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
            let called = quoted(called);
            let mut commands = vec![format!("sluice profile create {called}")];
            let grant = |(table, column, right): &(String, String, &str)| profile_grant(&called, table, column, right);
            commands.extend(gives.iter().map(grant));
            commands.push(member_add(&called, to, name, sender));
            commands
        }
        _ => command_of(fix, sender).into_iter().collect(),
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

/// The command of what takes one.
fn command_of(fix: &Fix, sender: &Sender) -> Option<String> {
    Some(match fix {
        Fix::Again { .. }
        | Fix::NewProfile { .. }
        | Fix::NewRole(_)
        | Fix::Own { .. }
        | Fix::AsCaller { .. }
        | Fix::Enable { .. } => return None,
        Fix::JoinProfile {
            profile,
            called,
            to,
            name,
        } => member_add(&sender.row(*profile, called), to, name, sender),
        Fix::GrantColumn {
            profile,
            called,
            table,
            column,
            right,
            ..
        } => profile_grant(&sender.row(*profile, called), table, column, right),
        Fix::Activate { workflow, .. } => format!("sluice workflow activate {workflow}"),
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
            let own = of_unit.is_none().then(|| sender.row(*copy, role));
            role_add(to, name, &own.unwrap_or_else(|| copy.to_string()), sender)
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
        Fix::Break { step, is_own } if step.calls_plugin() => disable(step.id, *is_own),
        Fix::Break { step, .. } => deactivate(step.id, step.kind),
        Fix::Raise { step, limits, .. } => format!("sluice step update {step} --limits {}", quoted(limits)),
        Fix::OpenAccess { user, .. } => format!("sluice row update systemuser {user} accessmode=0"),
        Fix::RunAs { step, id, user, .. } => format!("sluice step update {step} --run-as {}", sender.row(*id, user)),
        Fix::Allow { step, capabilities } => {
            format!("sluice step update {step} --grant {}", quoted(&capabilities.join(",")))
        }
    })
}

/// The command that lets a column security profile, which it names so, give a right on a column.
fn profile_grant(profile: &str, table: &str, column: &str, right: &str) -> String {
    let right = right.trim_start_matches("can");
    format!("sluice profile grant {profile} {table} {column} {right}")
}

/// The command that adds somebody to a column security profile, which it names so.
fn member_add(profile: &str, to: &Reference, name: &str, sender: &Sender) -> String {
    format!("sluice profile member-add {profile} {}", sender.principal(to, name))
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
        let flags = ways.map(of_lead).filter(|flag| !flag.is_empty());
        let flags: String = flags.map(|flag| format!(" {flag}")).collect();
        return Some(format!("sluice lead qualify {}{flags} {sender}", lead.id));
    }
    let (mut flags, mut more) = (Vec::new(), Vec::new());
    for way in ways {
        match way {
            Way::PassingOver(steps) => flags.push(bypass(steps)),
            Way::Whole => {}
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
        if flags.is_empty() {
            return Some("send the same again without a bypass".to_owned());
        }
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
        Way::Whole => String::new(),
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
