//! What the test host knows: tables, users, rows, steps. Rows are read and written here
//! after the access decisions; the pipeline is elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
    sync::Arc,
};

use sluice_access::{
    ColumnGrants, OwnerToBe, Principal, PrincipalFacts, PrincipalId, PrivilegeIds, RoleFacts, RowFacts, RowScope,
    Shared, Units, check_owner_to_be, check_privilege, decide, decide_create, list,
};
use sluice_model::{Code, Depth, Error, Ownership, PrincipalKind, Result, Right, TableDef, Uuid};
use sluice_sdk::{
    Parameters, Query, Reference, Row, Value,
    registration::{Plugin, Step},
};

use crate::{filter, frame::Frame};

/// The name of the user that seeds belong to and that may do everything.
pub(crate) const SYSTEM: &str = "SYSTEM";

/// A step of an installed plug-in.
#[derive(Clone)]
pub(crate) struct Installed {
    pub(crate) plugin: &'static Plugin,
    pub(crate) step: &'static Step,
    pub(crate) run_as: Option<String>,
    pub(crate) unsecure: Option<String>,
    pub(crate) secure: Option<String>,
    pub(crate) enabled: bool,
}

/// A row with its owner, where its table's rows have one.
#[derive(Clone)]
struct Stored {
    row: Row,
    owner: Option<String>,
}

/// Everything that a transaction can undo.
pub(crate) type Rows = BTreeMap<String, Vec<RowInTable>>;

/// A stored row; only this module looks inside.
#[derive(Clone)]
pub(crate) struct RowInTable(Stored);

#[derive(Default)]
pub(crate) struct State {
    tables: BTreeMap<String, TableDef>,
    /// The privileges of each user, by table.
    users: BTreeMap<String, Vec<(String, Right, Depth)>>,
    pub(crate) rows: Rows,
    pub(crate) steps: Vec<Installed>,
    pub(crate) answers: BTreeMap<String, Parameters>,
    pub(crate) traces: Vec<String>,
    pub(crate) calls: Vec<String>,
    /// The failed service calls, by handle.
    errors: Vec<Error>,
    /// The asynchronous steps that wait for the commit.
    pub(crate) jobs: Vec<(Installed, Rc<Frame>)>,
    pub(crate) job_failures: Vec<Error>,
    pub(crate) now: String,
    /// Which attempt of the job under way this is, from 1; 0 before any ran.
    pub(crate) attempt: u32,
    last_id: u128,
}

impl State {
    /// An id that no row has yet; the same ones in each run.
    pub(crate) fn next_id(&mut self) -> String {
        self.last_id += 1;
        Uuid::from_u128(0x5105_1ce0_0000_7000_8000_0000_0000_0000 + self.last_id).to_string()
    }

    /// Keeps the error of a service call; answers with its handle.
    pub(crate) fn keep(&mut self, error: Error) -> u32 {
        self.errors.push(error);
        u32::try_from(self.errors.len() - 1).unwrap_or(u32::MAX)
    }

    /// The error of that handle.
    pub(crate) fn error(&self, handle: u32) -> Error {
        let known = usize::try_from(handle).ok().and_then(|handle| self.errors.get(handle));
        known
            .cloned()
            .unwrap_or_else(|| Error::host("the plug-in made up the error of a service call"))
    }

    pub(crate) fn take_job(&mut self) -> Option<(Installed, Rc<Frame>)> {
        (!self.jobs.is_empty()).then(|| self.jobs.remove(0))
    }

    pub(crate) fn declare(&mut self, name: &str, ownership: Ownership) {
        self.tables.insert(name.to_owned(), table(name, ownership));
    }

    /// The table of that name; one that nobody declared belongs to users.
    pub(crate) fn table(&self, name: &str) -> TableDef {
        let ownership = if name == "systemuser" {
            Ownership::Business
        } else {
            Ownership::User
        };
        self.tables.get(name).cloned().unwrap_or_else(|| table(name, ownership))
    }

    pub(crate) fn add_user(&mut self, name: &str, grants: Vec<(String, Right, Depth)>) {
        self.users.entry(name.to_owned()).or_default().extend(grants);
        if self.find("systemuser", &user_id(name).to_string()).is_none() {
            let row = Row::new("systemuser")
                .with_id(user_id(name).to_string())
                .with("fullname", name);
            self.put(row, name);
        }
    }

    pub(crate) fn grants(&mut self, name: &str) -> &mut Vec<(String, Right, Depth)> {
        self.users.entry(name.to_owned()).or_default()
    }

    /// The user with everything that decides what it may do.
    pub(crate) fn principal(&self, name: &str) -> Principal {
        if name == SYSTEM {
            return Principal::system(user_id(SYSTEM), SYSTEM, unit());
        }
        let grants = self.users.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut privileges: HashMap<String, Depth> = HashMap::new();
        for (table, right, depth) in grants {
            let name = self.table(table).privilege_name(*right).to_ascii_lowercase();
            let held = privileges.entry(name).or_insert(*depth);
            *held = depth.max(held).to_owned();
        }
        let role = RoleFacts {
            id: id_of(&format!("role of {name}")),
            name: format!("Role of {name}"),
            via_team: None,
            unit: None,
            direct_inheritance: true,
            managed: false,
            privileges: Arc::new(privileges),
        };
        Principal::new(PrincipalFacts {
            id: user_id(name),
            kind: PrincipalKind::User,
            name: name.to_owned(),
            business_unit: unit(),
            access_mode: 0,
            disabled: false,
            teams: Vec::new(),
            roles: vec![role],
            directory_id: None,
            reports: Vec::new(),
            columns: ColumnGrants::default(),
        })
    }

    /// The first gate: the privilege at any depth.
    pub(crate) fn gate(&self, user: &str, table: &str, right: Right) -> Result<()> {
        check_privilege(
            &self.principal(user),
            &self.table(table),
            right,
            &PrivilegeIds::default(),
        )
    }

    /// Writes a new row.
    pub(crate) fn create(&mut self, user: &str, mut row: Row) -> Result<()> {
        let owner = self.take_owner(&mut row)?.unwrap_or_else(|| user.to_owned());
        let table = self.table(row.table());
        let to_be = OwnerToBe {
            id: user_id(&owner),
            kind: PrincipalKind::User,
            business_unit: unit(),
        };
        decide_create(
            &self.principal(user),
            &units(),
            &table,
            &to_be,
            &PrivilegeIds::default(),
        )?;
        self.check_new_owner(user, &table, &owner)?;
        if self.find(row.table(), row.id().unwrap_or_default()).is_some() {
            return Err(Error::new(Code::DUPLICATE_KEY, "a row with that id exists already").with_table(&table.name));
        }
        let attached: Vec<Reference> = row
            .columns()
            .filter_map(|(_, value)| value.as_lookup().cloned())
            .collect();
        let id = row.id().unwrap_or_default().to_owned();
        self.put(row, &owner);
        self.check_attached(user, &table, &id, &attached)
    }

    /// Changes the columns that are present in `row`.
    pub(crate) fn update(&mut self, user: &str, mut row: Row) -> Result<()> {
        let table = self.table(row.table());
        let id = row.id().unwrap_or_default().to_owned();
        let stored = self.get(&table, &id)?.clone();
        let new_owner = self
            .take_owner(&mut row)?
            .filter(|owner| Some(owner) != stored.owner.as_ref());
        self.decide(user, &table, &stored, Right::Write)?;
        if let Some(owner) = &new_owner {
            self.decide(user, &table, &stored, Right::Assign)?;
            self.check_new_owner(user, &table, owner)?;
        }
        let changed: Vec<Reference> = row
            .columns()
            .filter(|(column, value)| stored.row.get(column) != Some(value))
            .filter_map(|(_, value)| value.as_lookup().cloned())
            .collect();
        self.check_attached(user, &table, &id, &changed)?;
        let mut whole = stored.row;
        for (column, value) in row.columns() {
            whole.set(column, value.clone());
        }
        self.remove(&table.name, &id);
        self.put(whole, new_owner.or(stored.owner).as_deref().unwrap_or(SYSTEM));
        Ok(())
    }

    pub(crate) fn delete(&mut self, user: &str, target: &Reference) -> Result<()> {
        let table = self.table(&target.table);
        let stored = self.get(&table, &target.id)?;
        self.decide(user, &table, stored, Right::Delete)?;
        self.remove(&table.name, &target.id);
        Ok(())
    }

    pub(crate) fn retrieve(&self, user: &str, target: &Reference, columns: &[String]) -> Result<Row> {
        let table = self.table(&target.table);
        let stored = self.get(&table, &target.id)?;
        self.decide(user, &table, stored, Right::Read)?;
        Ok(select(stored, columns))
    }

    pub(crate) fn retrieve_multiple(&self, user: &str, query: &Query) -> Result<Vec<Row>> {
        let table = self.table(&query.table);
        let scope = list(&self.principal(user), &units(), &table, &PrivilegeIds::default())?.rows(&table.name)?;
        let mut found = Vec::new();
        for stored in self.stored(&query.table) {
            let row = select(stored, &[]);
            let meets = query
                .filter
                .as_ref()
                .map_or(Ok(true), |filter| filter::meets(filter, &row))?;
            if meets && is_in(&scope, stored) {
                found.push(row);
            }
        }
        filter::order(&mut found, &query.order);
        found.truncate(
            query
                .top
                .map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(usize::MAX)),
        );
        Ok(found.into_iter().map(|row| keep(&row, &query.columns)).collect())
    }

    /// All rows of a table with all columns, without any check.
    pub(crate) fn all(&self, table: &str) -> Vec<Row> {
        self.stored(table).map(|stored| select(stored, &[])).collect()
    }

    /// A row with all columns, without any check.
    pub(crate) fn find(&self, table: &str, id: &str) -> Option<Row> {
        self.stored(table)
            .find(|stored| is_id(stored, id))
            .map(|stored| select(stored, &[]))
    }

    /// Stores a row as it is. Empty columns are as good as none.
    pub(crate) fn put(&mut self, row: Row, owner: &str) {
        let (table, id, columns) = row.into_parts();
        let id = if id.is_empty() { self.next_id() } else { id };
        let columns = columns.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let owner = (self.table(&table).ownership == Ownership::User).then(|| owner.to_owned());
        let row = Row::from_parts(table.clone(), id, columns);
        self.rows
            .entry(table)
            .or_default()
            .push(RowInTable(Stored { row, owner }));
    }

    /// The user that the column `ownerid` names, taken out of the row.
    pub(crate) fn take_owner(&self, row: &mut Row) -> Result<Option<String>> {
        match row.remove("ownerid") {
            None | Some(Value::Empty) => Ok(None),
            Some(Value::Lookup(owner)) => {
                let known = self.users.keys().map(String::as_str).chain([SYSTEM]);
                let mut named = known.filter(|name| user_id(name).to_string() == owner.id.to_lowercase());
                let missing = || Error::invalid(format!("there is no user {} in this test host", owner.id));
                named.next().map(|name| Some(name.to_owned())).ok_or_else(missing)
            }
            Some(other) => Err(Error::invalid(format!(
                "`ownerid` takes a reference to a user, not {other:?}"
            ))),
        }
    }

    fn check_new_owner(&self, user: &str, table: &TableDef, owner: &str) -> Result<()> {
        if owner == user || table.ownership != Ownership::User {
            return Ok(());
        }
        check_owner_to_be(
            &self.principal(user),
            table,
            &self.principal(owner),
            &PrivilegeIds::default(),
        )
    }

    /// Append on the row, AppendTo on each row that it is newly attached to.
    fn check_attached(&self, user: &str, table: &TableDef, id: &str, attached: &[Reference]) -> Result<()> {
        for reference in attached {
            let other = self.table(&reference.table);
            let there = self.get(&other, &reference.id)?;
            self.decide(user, table, self.get(table, id)?, Right::Append)?;
            self.decide(user, &other, there, Right::AppendTo)?;
        }
        Ok(())
    }

    fn decide(&self, user: &str, table: &TableDef, stored: &Stored, right: Right) -> Result<()> {
        let facts = RowFacts {
            id: parse(stored.row.id().unwrap_or_default()),
            owner: stored.owner.as_deref().map(|owner| PrincipalId::user(user_id(owner))),
            business_unit: (table.ownership != Ownership::Organization).then(unit),
            shared: Shared::default(),
            limit: Shared::default(),
            reader: Shared::default(),
        };
        decide(
            &self.principal(user),
            &units(),
            table,
            right,
            &facts,
            &PrivilegeIds::default(),
        )
        .map(|_| ())
    }

    fn stored(&self, table: &str) -> impl Iterator<Item = &Stored> {
        self.rows.get(table).into_iter().flatten().map(|row| &row.0)
    }

    fn get(&self, table: &TableDef, id: &str) -> Result<&Stored> {
        let missing = || Error::not_found(&table.schema, &table.name, parse(id));
        self.stored(&table.name)
            .find(|stored| is_id(stored, id))
            .ok_or_else(missing)
    }

    fn remove(&mut self, table: &str, id: &str) {
        if let Some(rows) = self.rows.get_mut(table) {
            rows.retain(|row| !is_id(&row.0, id));
        }
    }
}

/// The id of the user of that name.
pub(crate) fn user_id(name: &str) -> Uuid {
    id_of(name)
}

/// The one business unit.
pub(crate) fn unit() -> Uuid {
    id_of("the business unit")
}

/// An id made of a name (FNV-1a), so that it is the same in each run.
fn id_of(name: &str) -> Uuid {
    let hash = name
        .bytes()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
    Uuid::from_u128(hash)
}

fn units() -> Units {
    Units::new([(unit(), None)])
}

/// The id in the text; nil where it is none, which no row has.
fn parse(id: &str) -> Uuid {
    id.parse().unwrap_or_default()
}

fn is_id(stored: &Stored, id: &str) -> bool {
    stored.row.id().is_some_and(|known| known.eq_ignore_ascii_case(id))
}

fn is_in(scope: &RowScope, stored: &Stored) -> bool {
    match scope {
        RowScope::Everything => true,
        RowScope::Only(filters) => filters.iter().all(|filter| {
            stored
                .owner
                .as_deref()
                .is_some_and(|owner| filter.owners.contains(&PrincipalId::user(user_id(owner))))
                || filter.business_units.contains(&unit())
                || filter.ids.contains(&parse(stored.row.id().unwrap_or_default()))
        }),
    }
}

/// The row with these columns, or all; with its owner where it has one.
fn select(stored: &Stored, columns: &[String]) -> Row {
    let owner = stored
        .owner
        .as_deref()
        .map(|owner| Reference::new("systemuser", user_id(owner).to_string()));
    let mut row = stored.row.clone();
    if owner.is_some() {
        row.set("ownerid", owner);
    }
    keep(&row, columns)
}

fn keep(row: &Row, columns: &[String]) -> Row {
    if columns.is_empty() {
        return row.clone();
    }
    let mut kept = Row::new(row.table()).with_id(row.id().unwrap_or_default());
    for (column, value) in row
        .columns()
        .filter(|(column, _)| columns.iter().any(|wanted| wanted == column))
    {
        kept.set(column, value.clone());
    }
    kept
}

fn table(name: &str, ownership: Ownership) -> TableDef {
    // Custom tables have a prefix and keep their names; the platform's own begin with a capital.
    let mut letters = name.chars();
    let schema = match letters.next() {
        Some(first) if !name.contains('_') => first.to_uppercase().chain(letters).collect(),
        _ => name.to_owned(),
    };
    let privilege = match name {
        "annotation" => Some("Note".to_owned()),
        "systemuser" => Some("User".to_owned()),
        "task" | "phonecall" | "appointment" | "email" | "letter" | "fax" => Some("Activity".to_owned()),
        _ => None,
    };
    TableDef {
        display: schema.clone(),
        schema,
        privilege,
        custom: name.contains('_'),
        ..TableDef::new(name, ownership)
    }
}
