//! What is missing to whom, in words.

use sluice_model::{Catalog, Code, Depth, Error, PrincipalKind, Right};
use sluice_platform::{Culprit, Fix, Lacked};

use sluice_engine::HIDDEN_ROLE;

/// Which privileges are missing to whom, each at the depth that does, and by which of the two checks. `is_own`: it was
/// looked with the asker's own rights alone, and not behind what refuses first.
pub(super) fn missing(catalog: &Catalog, culprit: &Culprit, is_own: bool) -> String {
    let error = culprit.error.origin();
    let body = error.body();
    let (Some(privilege), Some(principal)) = (&body.privilege, &body.principal) else {
        return match (body.code, &body.principal) {
            (Code::USER_DISABLED, Some(user)) => disabled(culprit, &user.name),
            (Code::READ_ONLY_ACCESS_MODE, Some(user)) => {
                format!(" The access mode of {} lets it read only.", user.name)
            }
            (_, Some(who)) => missing_column(error, &who.name),
            _ => String::new(),
        };
    };
    let kind = match principal.kind {
        _ if body.code == Code::OWNER_LACKS_READ => "Whose the row is to be,",
        PrincipalKind::Team => "The team",
        PrincipalKind::User => "The user",
    };
    let stop = if body.code == Code::OWNER_LACKS_READ { "," } else { "" };
    // A message that words its refusals itself asks for depths as well.
    let is_held = body.held.as_ref().is_some_and(|held| held.only.is_none());
    let far = if body.code == Code::ACCESS_DENIED || is_held {
        "deep enough for that row"
    } else {
        "at any depth"
    };
    // Whether it is deep enough for the row is asked only once it is held.
    let deeper = |lacked: &Lacked| {
        let is_open = is_own && body.code == Code::PRIVILEGE_DENIED && lacked.depth < Depth::Organization;
        if is_open { " or deeper" } else { "" }
    };
    let each = culprit.lacks.iter();
    let each: Vec<String> = each
        .map(|lacked| format!("{}{}", worded(catalog, error, lacked), deeper(lacked)))
        .collect();
    let (what, it) = match each.as_slice() {
        [] => (
            format!(" is {privilege}{}", meaning(catalog, error, privilege)),
            format!("it {far}"),
        ),
        [one] => (format!(" is {one}"), format!("it {far}")),
        [most @ .., last] => (format!(": {} and {last}", most.join("; ")), "all of it".to_owned()),
    };
    let held = body.held.as_ref().map(|held| match each.len() {
        0 | 1 => format!("; it is {held}"),
        _ => format!("; {privilege} is {held}"),
    });
    let roles = match principal.roles.as_slice() {
        [hidden] if hidden == HIDDEN_ROLE => format!("has no role that holds {it}"),
        [] => "has no role at all".to_owned(),
        [role] => format!("has the role {role}, which does not hold {it}"),
        roles => format!("has the roles {}, none of which holds {it}", roles.join(", ")),
    };
    format!(
        " What is missing{what}. {kind} {}{stop} {roles}{}.",
        principal.name,
        held.unwrap_or_default()
    )
}

/// Which it is that is disabled: the user, or a business unit, as far as it was found out what to enable.
fn disabled(culprit: &Culprit, name: &str) -> String {
    let found = culprit
        .cures
        .iter()
        .flat_map(|cure| &cure.fixes)
        .find_map(|fix| match fix {
            Fix::Enable { itself, units, .. } => Some((*itself, units)),
            _ => None,
        });
    let Some((itself, units)) = found else {
        return match culprit.error.origin().body().case {
            Some(case) => format!(" {name} can do nothing: {}.", case.cause),
            None => format!(" {name} is disabled."),
        };
    };
    let names: Vec<&str> = units.iter().map(|(_, unit)| unit.as_str()).collect();
    let units = match names.as_slice() {
        [] => return format!(" {name} is disabled."),
        [unit] => format!("the business unit {unit} is, which is that of {name} or lies above it"),
        units => format!(
            "the business units {} are, one that of {name} or all of them above it",
            units.join(" and ")
        ),
    };
    match itself {
        true => format!(" {name} is disabled, and {units}."),
        false => format!(" Not {name} is disabled: {units}."),
    }
}

/// `prvWriteAccount (to write account), at depth User`.
fn worded(catalog: &Catalog, error: &Error, lacked: &Lacked) -> String {
    let Lacked {
        privilege,
        depth,
        if_shared,
    } = lacked;
    let meaning = meaning(catalog, error, privilege);
    let shared = if_shared.map(|depth| format!(" (or {}, with the row shared)", depth.label()));
    let depth = depth.label();
    format!("{privilege}{meaning}, at depth {depth}{}", shared.unwrap_or_default())
}

/// What a privilege is for: ` (to write account)`.
fn meaning(catalog: &Catalog, error: &Error, privilege: &str) -> String {
    let body = error.body();
    // Several tables may have one privilege, as the activities do: the one that was refused counts.
    let refused = body.table.as_deref().zip(body.right).filter(|(table, right)| {
        let of = catalog.find(table).map(|table| table.privilege_name(*right));
        of.is_some_and(|of| of.eq_ignore_ascii_case(privilege))
    });
    let named = catalog
        .privilege(privilege)
        .map(|(table, right)| (table.to_string(), right));
    let of = refused.map(|(table, right)| (table.to_owned(), right)).or(named);
    of.map(|(table, right)| format!(" (to {} {table})", verb(right)))
        .unwrap_or_default()
}

/// Which right on which secured column somebody lacks.
fn missing_column(error: &Error, who: &str) -> String {
    let words = error.words();
    let word = |wanted: &str| words.iter().find(|(word, _)| *word == wanted).map(|(_, text)| text);
    match (word("RIGHT"), word("TABLE"), word("COLUMN")) {
        (Some(right), Some(table), Some(column)) => format!(
            " What is missing is {right} on the secured column {table}.{column}: no column security profile of {who} \
             gives it."
        ),
        _ => String::new(),
    }
}

/// What a right lets do.
fn verb(right: Right) -> String {
    match right {
        Right::Append => "attach rows of".to_owned(),
        Right::AppendTo => "attach rows to those of".to_owned(),
        other => other.verb().to_lowercase(),
    }
}
