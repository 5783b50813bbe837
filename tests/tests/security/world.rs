//! An organisation as a test needs it: its own business units, roles, teams and people.

use std::collections::BTreeSet;

use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Response, Right, Row, Uuid, Value};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, Organisation};

/// A privilege at a depth.
pub type Grant = (String, Depth);

/// What qualifying needs on each of its four tables.
pub const FOUR: [Right; 4] = [Right::Create, Right::Read, Right::Append, Right::AppendTo];

/// The four tables, as privileges name them.
pub const TABLES: [&str; 4] = ["Account", "Contact", "Lead", "Opportunity"];

/// What qualifying needs on the Customizations tab.
pub const CUSTOMIZATIONS: [&str; 4] = [
    "prvReadAttributeMap",
    "prvReadCustomization",
    "prvReadEntity",
    "prvReadEntityMap",
];

/// One privilege.
pub fn grant(privilege: &str, depth: Depth) -> Grant {
    (privilege.to_owned(), depth)
}

/// These rights on one table.
pub fn grants(table: &str, rights: &[Right], depth: Depth) -> Vec<Grant> {
    rights
        .iter()
        .map(|right| (format!("prv{}{table}", right.verb()), depth))
        .collect()
}

/// Everything that qualifying needs where no plug-in runs, at one level.
pub fn qualifying(depth: Depth) -> Vec<Grant> {
    let mut all: Vec<Grant> = TABLES.iter().flat_map(|table| grants(table, &FOUR, depth)).collect();
    all.push(grant("prvWriteLead", depth));
    all.extend(CUSTOMIZATIONS.map(|privilege| grant(privilege, Depth::Organization)));
    all
}

/// A role's privileges without those that `drop` names.
pub fn without(mut grants: Vec<Grant>, drop: impl Fn(&str) -> bool) -> Vec<Grant> {
    grants.retain(|(privilege, _)| !drop(privilege));
    grants
}

/// `ok`, or the code of the refusal.
pub fn outcome<T>(result: &Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().to_string(),
    }
}

/// `0x80040220 prvReadLead`.
#[track_caller]
pub fn refusal<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => format!("{} {}", error.code(), error.body().privilege.as_deref().unwrap_or("-")),
    }
}

/// The user as a reference.
pub fn user(actor: &Actor) -> Reference {
    Reference::new("systemuser", actor.id())
}

/// The row of a team as a reference.
pub fn team(id: Uuid) -> Reference {
    Reference::new("team", id)
}

/// Links two rows through a relationship.
pub fn associate(actor: &Actor, target: Reference, relationship: &str, related: Reference) -> Result<(), Error> {
    link(actor, "Associate", target, relationship, related)
}

/// Unlinks two rows of a relationship.
pub fn disassociate(actor: &Actor, target: Reference, relationship: &str, related: Reference) -> Result<(), Error> {
    link(actor, "Disassociate", target, relationship, related)
}

fn link(actor: &Actor, message: &str, target: Reference, relationship: &str, related: Reference) -> Result<(), Error> {
    let request = Request::new(message)
        .with("Target", target)
        .with("Relationship", relationship)
        .with("RelatedEntities", Parameter::References(vec![related]));
    actor.0.execute(request).map(|_| ())
}

/// Qualifies a lead.
pub fn qualify(actor: &Actor, lead: Uuid, choices: &Choices) -> Result<Response, Error> {
    actor.0.execute(qualify::request(lead, choices))
}

/// Shares a row.
pub fn share(actor: &Actor, target: Reference, with: Reference, mask: &str) -> Result<(), Error> {
    let request = Request::new("GrantAccess")
        .with("Target", target)
        .with("Principal", with)
        .with("AccessMask", mask);
    actor.0.execute(request).map(|_| ())
}

/// Takes a share back.
pub fn revoke(actor: &Actor, target: Reference, from: Reference) -> Result<(), Error> {
    let request = Request::new("RevokeAccess")
        .with("Target", target)
        .with("Revokee", from);
    actor.0.execute(request).map(|_| ())
}

/// Gives a row to another owner.
pub fn assign(actor: &Actor, target: Reference, to: Reference) -> Result<(), Error> {
    actor
        .0
        .execute(Request::new("Assign").with("Target", target).with("Assignee", to))
        .map(|_| ())
}

/// Grants privileges to a role.
pub fn add_privileges(role: Uuid, grants: &[Grant]) -> Request {
    let rows = grants.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(role));
    request.with("Privileges", Parameter::Rows(rows.collect()))
}

/// The organisation and its administrator.
pub struct Security {
    pub organisation: Organisation,
    pub admin: Actor,
}

impl Security {
    /// Without business units, people and rows.
    pub fn new() -> Self {
        Self::of(Organisation::empty())
    }

    /// The sample organisation.
    pub fn sample() -> Self {
        Self::of(Organisation::sample())
    }

    fn of(organisation: Organisation) -> Self {
        Self {
            admin: organisation.admin(),
            organisation,
        }
    }

    /// The user who may do everything, and sees what belongs to nobody.
    pub fn system(&self) -> Actor {
        let engine = self.organisation.engine();
        Actor(engine.session(engine.system_id().unwrap()))
    }

    /// The root business unit.
    pub fn root(&self) -> Uuid {
        self.ids("businessunit", Filter::eq("parentbusinessunitid", Value::Null))
            .into_iter()
            .next()
            .unwrap()
    }

    /// The ids of the rows that a filter finds.
    pub fn ids(&self, table: &str, filter: Filter) -> BTreeSet<Uuid> {
        let rows = self.system().list(Query::new(table).columns(&[]).filter(filter));
        rows.iter().map(|row| row.id).collect()
    }

    /// A business unit below another one.
    pub fn unit(&self, name: &str, parent: Uuid) -> Uuid {
        let parent = Reference::new("businessunit", parent);
        self.admin.create(
            Row::unsaved("businessunit")
                .with("name", name)
                .with("parentbusinessunitid", parent),
        )
    }

    /// A role at the root, with copies in every business unit.
    pub fn role(&self, name: &str, grants: &[Grant]) -> Uuid {
        self.role_with_inheritance(name, grants, 1)
    }

    /// A role with a setting of *Member's privilege inheritance*: 0 team only, 1 direct.
    pub fn role_with_inheritance(&self, name: &str, grants: &[Grant], inheritance: i32) -> Uuid {
        let row = Row::unsaved("role")
            .with("name", name)
            .with("businessunitid", Reference::new("businessunit", self.root()))
            .with("isinherited", Value::Choice(inheritance));
        let role = self.admin.create(row);
        self.allow(role, grants);
        role
    }

    /// Grants privileges to a role.
    pub fn allow(&self, role: Uuid, grants: &[Grant]) {
        self.admin.0.execute(add_privileges(role, grants)).unwrap();
    }

    /// The request that takes a privilege from a role.
    pub fn remove_privilege(&self, role: Uuid, privilege: &str) -> Request {
        // The administrator of a random organisation may have lost every role by now.
        let privilege = self.system().find("privilege", privilege);
        Request::new("RemovePrivilegeRole")
            .with("RoleId", Value::Id(role))
            .with("PrivilegeId", Value::Id(privilege))
    }

    /// Takes a privilege from a role.
    pub fn forbid(&self, role: Uuid, privilege: &str) {
        self.admin.0.execute(self.remove_privilege(role, privilege)).unwrap();
    }

    /// The copy of a role in a business unit.
    pub fn role_in(&self, name: &str, unit: Uuid) -> Reference {
        let found = self.ids("role", Filter::eq("name", name).and(Filter::eq("businessunitid", unit)));
        Reference::new(
            "role",
            found
                .into_iter()
                .next()
                .unwrap_or_else(|| panic!("no role {name} in that unit")),
        )
    }

    /// A user with roles.
    pub fn user(&self, name: &str, unit: Uuid, roles: &[&str]) -> Actor {
        let row = Row::unsaved("systemuser")
            .with("domainname", name)
            .with("lastname", name)
            .with("businessunitid", Reference::new("businessunit", unit));
        let id = self.admin.create(row);
        for role in roles {
            let role = self.role_in(role, unit);
            associate(
                &self.admin,
                Reference::new("systemuser", id),
                "systemuserroles_association",
                role,
            )
            .unwrap();
        }
        self.organisation.actor(name)
    }

    /// An owner team with roles and members.
    pub fn owner_team(&self, name: &str, unit: Uuid, roles: &[&str], members: &[&Actor]) -> Uuid {
        let id = self.team_of_kind(name, unit, 0, members);
        for role in roles {
            associate(&self.admin, team(id), "teamroles_association", self.role_in(role, unit)).unwrap();
        }
        id
    }

    /// An access team with members.
    pub fn access_team(&self, name: &str, unit: Uuid, members: &[&Actor]) -> Uuid {
        self.team_of_kind(name, unit, 1, members)
    }

    fn team_of_kind(&self, name: &str, unit: Uuid, kind: i32, members: &[&Actor]) -> Uuid {
        let row = Row::unsaved("team")
            .with("name", name)
            .with("businessunitid", Reference::new("businessunit", unit))
            .with("teamtype", Value::Choice(kind));
        let id = self.admin.create(row);
        let members = members.iter().map(|member| user(member)).collect();
        let request = Request::new("AddMembersTeam").with("TeamId", Value::Id(id));
        self.admin
            .0
            .execute(request.with("MemberIds", Parameter::References(members)))
            .unwrap();
        id
    }

    /// The default team of a business unit.
    pub fn default_team(&self, unit: Uuid) -> Uuid {
        let found = self.ids(
            "team",
            Filter::eq("businessunitid", unit).and(Filter::eq("isdefault", true)),
        );
        found.into_iter().next().unwrap()
    }

    /// An open lead, as the administrator enters it for somebody.
    pub fn lead(&self, owner: Reference) -> Uuid {
        let row = Row::unsaved("lead")
            .with("subject", "Twelve pumps")
            .with("firstname", "Yvonne")
            .with("lastname", "McKay")
            .with("companyname", sluice_tests::new_company())
            .with("address1_stateorprovince", "WA")
            .with("ownerid", owner);
        self.admin.create(row)
    }

    /// An account, as the administrator enters it for somebody.
    pub fn account(&self, owner: Reference) -> Uuid {
        self.admin.create(
            Row::unsaved("account")
                .with("name", "Litware, Inc.")
                .with("ownerid", owner),
        )
    }

    /// How many rows there are of every table that a qualification writes, and which leads
    /// are closed.
    pub fn written(&self) -> (Vec<(&'static str, usize)>, BTreeSet<Uuid>) {
        let tables = [
            "account",
            "annotation",
            "asyncoperation",
            "contact",
            "lead",
            "opportunity",
        ];
        let counts = tables.map(|table| (table, self.admin.count(table))).to_vec();
        (counts, self.ids("lead", Filter::eq("statecode", Value::Choice(1))))
    }
}
