//! People with roles of their own, for tests about what somebody may see or do.

use sluice_model::{Depth, Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};

use crate::{Actor, Organisation};

/// The rights that a salesperson has on rows: what these verbs with this table make.
pub fn privileges(verbs: &[&str], tables: &[&str], depth: Depth) -> Vec<(String, Depth)> {
    let each = |table: &&str| {
        let table = (*table).to_owned();
        verbs.iter().map(move |verb| (format!("prv{verb}{table}"), depth))
    };
    tables.iter().flat_map(each).collect()
}

/// A user of the root business unit with a role that holds these privileges, and nothing
/// else.
pub fn user(organisation: &Organisation, name: &str, privileges: &[(String, Depth)]) -> Actor {
    let admin = organisation.admin();
    let root = admin.list(
        Query::new("businessunit")
            .columns(&[])
            .filter(Filter::eq("parentbusinessunitid", Value::Null)),
    );
    let root = Reference::new("businessunit", root[0].id);
    let row = Row::unsaved("systemuser")
        .with("domainname", name)
        .with("lastname", name)
        .with("businessunitid", root.clone());
    let user = admin.create(row);
    let role = Row::unsaved("role")
        .with("name", format!("role of {name}"))
        .with("businessunitid", root);
    let role = admin.create(role);
    grant(organisation, role, privileges);
    let link = Request::new("Associate")
        .with("Target", Reference::new("systemuser", user))
        .with("Relationship", "systemuserroles_association")
        .with(
            "RelatedEntities",
            Parameter::References(vec![Reference::new("role", role)]),
        );
    admin.0.execute(link).unwrap();
    organisation.actor(name)
}

/// Grants privileges to a role.
pub fn grant(organisation: &Organisation, role: Uuid, privileges: &[(String, Depth)]) {
    let rows = privileges.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    let request = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(role))
        .with("Privileges", Parameter::Rows(rows.collect()));
    organisation.admin().0.execute(request).unwrap();
}
