//! What cures do, in words: the line above their commands.

use sluice_engine::bypass;
use sluice_platform::{Cure, Fix, NewRole, Way};

use crate::{people::count, text::grouped};

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
            Way::Whole => "Send it so that it passes over nothing".to_owned(),
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
    for fix in cure.fixes.iter().skip(1) {
        text.push_str(&beside(first, fix));
    }
    if cure.fixes.iter().any(gives_bypass) {
        text.push_str("; whoever has it may then pass over all plug-ins and workflows, in whatever they send");
    }
    text
}

/// Whether a fix gives a privilege with which requests pass over what an organisation has put in their way.
fn gives_bypass(fix: &Fix) -> bool {
    let is_it = |privilege: &str| bypass::PRIVILEGES.contains(&privilege);
    match fix {
        Fix::Grant { privilege, .. } => is_it(privilege),
        Fix::NewRole(NewRole { gives, .. }) => gives.iter().any(|(privilege, _)| is_it(privilege)),
        _ => false,
    }
}

/// What a later one of several fixes does beside the first one, where that has not said it.
fn beside(first: &Fix, fix: &Fix) -> String {
    let is_taken = matches!(
        first,
        Fix::Again {
            way: Way::Existing(_),
            ..
        }
    );
    match (first, fix) {
        (Fix::NewRole(_), Fix::NewRole(_)) | (Fix::GiveRole { .. }, Fix::GiveRole { .. }) => String::new(),
        (_, Fix::NewRole(NewRole { name, gives, .. })) => {
            format!(", and make a role for {name}, with {}", count(gives.len(), "privilege"))
        }
        (_, Fix::GiveRole { name, role, .. }) => format!(", and give {name} the role {role}"),
        (
            _,
            Fix::Again {
                way: Way::Continue | Way::Unchecked,
                ..
            },
        ) if is_taken => ", and go on although something else matches".to_owned(),
        _ => String::new(),
    }
}

/// `robot, who has what it needs`; of somebody who signs in, that it is a person.
fn able(user: &str, is_service: bool) -> String {
    let person = if is_service { "" } else { ", a person" };
    format!("{user}{person}, who has what it needs")
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

/// `Enable the business unit West, for all who are in it or below it, and for the members of their teams`
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
        [unit] => format!("the business unit {unit}, for all who are in it or below it"),
        units => format!(
            "the business units {}, for all who are in them or below them",
            units.join(" and ")
        ),
    };
    let user = if *itself {
        format!(", and {user}")
    } else {
        String::new()
    };
    format!("Enable {units}, and for the members of their teams{user}")
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
