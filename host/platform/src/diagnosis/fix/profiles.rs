//! The messages of fixes that are about column security profiles.

use sluice_engine::tables;
use sluice_model::{Parameter, Reference, Request, Row, Uuid, Value};

use crate::diagnosis::columns::GIVEN;

pub(super) fn join_profile(profile: Uuid, to: &Reference) -> Request {
    let relationship = match &*to.table {
        tables::TEAM => "teamprofiles_association",
        _ => "systemuserprofiles_association",
    };
    Request::new("Associate")
        .with("Target", Reference::new(tables::PROFILE, profile))
        .with("Relationship", relationship)
        .with("RelatedEntities", Parameter::References(vec![to.clone()]))
}

/// The profile, what it gives on each column, and its first member.
pub(super) fn new_profile(
    profile: Uuid,
    called: &str,
    to: &Reference,
    gives: &[(String, String, &'static str)],
) -> Vec<Request> {
    let mut requests = vec![Request::create(Row::new(tables::PROFILE, profile).with("name", called))];
    let mut permissions: Vec<Row> = Vec::new();
    for (table, column, right) in gives {
        let is_of =
            |row: &&mut Row| row.text("entityname") == Some(table) && row.text("attributelogicalname") == Some(column);
        match permissions.iter_mut().find(is_of) {
            Some(permission) => permission.set(*right, Value::Choice(GIVEN)),
            None => permissions.push(permission_row(profile, (table, column), right)),
        }
    }
    requests.extend(permissions.into_iter().map(Request::create));
    requests.push(join_profile(profile, to));
    requests
}

fn permission_row(profile: Uuid, (table, column): (&str, &str), right: &'static str) -> Row {
    Row::unsaved(tables::COLUMN_PERMISSION)
        .with("fieldsecurityprofileid", Reference::new(tables::PROFILE, profile))
        .with("entityname", table)
        .with("attributelogicalname", column)
        .with(right, Value::Choice(GIVEN))
}

/// `permission` is what the profile says of the column so far.
pub(super) fn grant_column(
    profile: Uuid,
    permission: Option<Uuid>,
    (table, column): (&str, &str),
    right: &'static str,
) -> Request {
    let given = Value::Choice(GIVEN);
    match permission {
        Some(id) => Request::update(Row::new(tables::COLUMN_PERMISSION, id).with(right, given)),
        None => Request::create(permission_row(profile, (table, column), right)),
    }
}
