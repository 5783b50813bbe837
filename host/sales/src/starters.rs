//! The roles that a new organisation begins with. The platform ships some thirty; their names are kept
//! where there is one of the kind, and what they hold is our choice: small roles for the work that the
//! program knows, to be copied and changed.

use sluice_engine::{Batch, Engine, Session};
use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Result, Right, Row, Value};

/// A role that a new organisation begins with.
#[derive(Debug, Clone, Copy)]
pub struct Starter {
    /// Its name.
    pub name: &'static str,
    /// Whom it is for.
    pub doc: &'static str,
    /// What it holds: tables, rights, depth.
    tables: &'static [(&'static [&'static str], &'static [Right], Depth)],
    /// Privileges of no table.
    others: &'static [&'static [&'static str]],
}

const ALL_RIGHTS: &[Right] = &Right::ALL;
const READ: &[Right] = &[Right::Read];
const WORK: &[Right] = &[Right::Create, Right::Read, Right::Write, Right::Append, Right::AppendTo];
const OWN: &[Right] = &[
    Right::Create,
    Right::Read,
    Right::Write,
    Right::Append,
    Right::AppendTo,
    Right::Assign,
    Right::Share,
];

/// What a salesperson works on.
const SALES: &[&str] = &["lead", "account", "contact", "opportunity"];
/// What is attached to it.
const ATTACHED: &[&str] = &["annotation", "task", "leadtoopportunitysalesprocess"];
/// What goes on behind it.
const JOBS: &[&str] = &["asyncoperation"];
/// What everybody has to read who works on it.
const AROUND: &[&str] = &["systemuser", "team", "businessunit", "transactioncurrency"];
/// What the forms, the lists, the reports and qualifying go by.
const SHOWN: &[&str] = &[
    "entitymap",
    "attributemap",
    "workflow",
    "duplicaterule",
    "systemform",
    "savedquery",
    "sl_stagevisit",
];
/// What qualifying reads of the customizations.
const CUSTOMIZATIONS: &[&str] = &["prvReadCustomization", "prvReadEntity", "prvReadAttribute"];
/// What the platform's roles of sales may do besides: merge, take lists out, run workflows by hand.
pub(crate) const SELLING: &[&str] = &["prvMerge", "prvExportToExcel", "prvWorkflowExecution"];
/// What is made of plug-ins and processes.
const LOGIC: &[&str] = &[
    "pluginassembly",
    "plugintype",
    "sdkmessageprocessingstep",
    "sdkmessageprocessingstepimage",
    "sdkmessage",
    "sdkmessagefilter",
    "workflow",
];

/// The roles.
pub const STARTERS: &[Starter] = &[
    Starter {
        name: "Salesperson",
        doc: "works on leads, accounts, contacts and opportunities of their own, and qualifies leads",
        tables: &[
            (SALES, OWN, Depth::User),
            (ATTACHED, WORK, Depth::User),
            (JOBS, READ, Depth::User),
            (AROUND, READ, Depth::Organization),
            (SHOWN, READ, Depth::Organization),
        ],
        others: &[CUSTOMIZATIONS, SELLING],
    },
    Starter {
        name: "Sales Manager",
        doc: "does the same for the rows of the own business unit and those below it, and may delete",
        tables: &[
            (SALES, ALL_RIGHTS, Depth::ParentChild),
            (ATTACHED, ALL_RIGHTS, Depth::ParentChild),
            (JOBS, READ, Depth::ParentChild),
            (AROUND, READ, Depth::Organization),
            (SHOWN, READ, Depth::Organization),
        ],
        others: &[CUSTOMIZATIONS, SELLING],
    },
    Starter {
        name: "Basic User",
        doc: "may read who is there and which tables there are, and nothing of the business",
        tables: &[(AROUND, READ, Depth::Organization)],
        others: &[CUSTOMIZATIONS],
    },
    Starter {
        name: "Support User",
        doc: "looks into everything, finds out who is refused and why, and changes nothing",
        tables: &[
            (SALES, READ, Depth::Organization),
            (ATTACHED, READ, Depth::Organization),
            (AROUND, READ, Depth::Organization),
            (LOGIC, READ, Depth::Organization),
            (SHOWN, READ, Depth::Organization),
            (
                &[
                    "role",
                    "privilege",
                    "plugintracelog",
                    "sl_messagetrace",
                    "sl_privilegeuse",
                    "asyncoperation",
                    "organization",
                    "fieldsecurityprofile",
                    "fieldpermission",
                    "solution",
                    "teamtemplate",
                    "entitykey",
                ],
                READ,
                Depth::Organization,
            ),
        ],
        others: &[
            CUSTOMIZATIONS,
            &[
                "prvActOnBehalfOfAnotherUser",
                "prvReadAuditSummary",
                "prvReadRecordAuditHistory",
            ],
        ],
    },
];

/// Makes all of them in a new organisation. How it is set up is nobody's change.
///
/// # Errors
/// What the messages give.
pub fn begin(engine: &Engine) -> Result<()> {
    add(&engine.session(engine.system_id()?), &[]).map(|_| ())
}

/// Makes the starter roles of these names, or all of them, in the root business unit; a role whose name
/// is taken, in whichever unit, stays as it is. Which were made.
///
/// # Errors
/// There is no starter role of that name, or a message is refused: nobody gives what they do not hold.
pub fn add(session: &Session, names: &[String]) -> Result<Vec<&'static str>> {
    let known = |name: &String| {
        let found = STARTERS.iter().find(|starter| starter.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let all = STARTERS
                .iter()
                .map(|starter| starter.name)
                .collect::<Vec<_>>()
                .join(", ");
            Error::invalid(format!("there is no starter role \"{name}\"; there are {all}"))
        })
    };
    let wanted: Vec<&Starter> = match names.is_empty() {
        true => STARTERS.iter().collect(),
        false => names.iter().map(known).collect::<Result<_>>()?,
    };
    session.batch(|batch| {
        let root = Filter::eq("parentbusinessunitid", Value::Null);
        let root = batch.list(Query::new("businessunit").columns(&[]).filter(root))?;
        let root = root.first().map(Row::reference);
        let root = root.ok_or_else(|| Error::invalid("you may not read the root business unit"))?;
        let mut made = Vec::new();
        for starter in &wanted {
            if starter.make(batch, &root)? {
                made.push(starter.name);
            }
        }
        Ok(made)
    })
}

impl Starter {
    /// Makes the role, unless its name is taken: by a role of any business unit, in each of which it would have a copy.
    fn make(&self, batch: &mut Batch<'_>, root: &Reference) -> Result<bool> {
        let taken = Filter::eq("name", self.name).and(Filter::eq("parentroleid", Value::Null));
        if !batch.list(Query::new("role").columns(&[]).filter(taken))?.is_empty() {
            return Ok(false);
        }
        let role = Row::unsaved("role")
            .with("name", self.name)
            .with("businessunitid", root.clone())
            .with("isinherited", Value::Choice(1));
        let id = batch.create(role)?;
        let request = Request::new("AddPrivilegesRole")
            .with("RoleId", Value::Id(id))
            .with("Privileges", Parameter::Rows(self.privileges(batch)?));
        batch.execute(request)?;
        Ok(true)
    }

    /// Its privileges: those that there are in the organisation, as deep as each may be held.
    fn privileges(&self, batch: &mut Batch<'_>) -> Result<Vec<Row>> {
        let there = batch.list(Query::new("privilege").columns(&["name", "canbebasic"]))?;
        let catalog = batch.unit().catalog();
        let mut wanted: Vec<(String, Depth)> = Vec::new();
        for (tables, rights, depth) in self.tables {
            for table in tables.iter().filter_map(|table| catalog.find(table)) {
                wanted.extend(rights.iter().map(|right| (table.privilege_name(*right), *depth)));
            }
        }
        let others = self.others.iter().copied().flatten();
        let others = others.map(|name| ((*name).to_owned(), Depth::Organization));
        wanted.extend(others);
        let row = |(name, depth): (String, Depth)| {
            let known = there
                .iter()
                .find(|row| row.text("name").is_some_and(|there| there.eq_ignore_ascii_case(&name)))?;
            let depth = match known.bool("canbebasic") {
                Some(true) => depth,
                _ => Depth::Organization,
            };
            Some(
                Row::unsaved("roleprivilege")
                    .with("PrivilegeName", name)
                    .with("Depth", depth.number()),
            )
        };
        Ok(wanted.into_iter().filter_map(row).collect())
    }
}
