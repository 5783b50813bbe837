//! Rows that a rule of this version would refuse and that are there all the same, because an
//! earlier version took them. They are left as they are; `org check` lists them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sluice_model::{Catalog, Error, Filter, Name, Query, Result, Row, Surroundings, Timestamp, Uuid, fetchxml, looks};
use sluice_store::Tx;

use crate::{
    Engine, change,
    organization::{ADMINISTRATOR_ROLE, administrator_roles},
    snapshot::Snapshot,
    tables,
};

/// A row, or the definition of a table, that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Its table.
    pub table: Name,
    /// Its id; none, where it is the definition of the table.
    pub id: Option<Uuid>,
    /// What it breaks, as a sentence.
    pub rule: String,
}

/// Lookups whose rows lie below each other, which makes a tree, beside those that are parental.
const TREES: [(&str, &str); 3] = [
    (tables::BUSINESS_UNIT, "parentbusinessunitid"),
    (tables::POSITION, "parentpositionid"),
    (tables::USER, "parentsystemuserid"),
];

/// Columns that name one row, of all or of those with the same value in another column.
const NAMES: [(&str, &str, Option<&str>); 6] = [
    (tables::USER, "domainname", None),
    (tables::ROLE, "name", Some("businessunitid")),
    (tables::SOLUTION, "uniquename", None),
    (tables::WEB_RESOURCE, "name", None),
    (tables::CURRENCY, "isocurrencycode", None),
    (tables::CURRENCY, "currencyname", None),
];

impl Engine {
    /// The rows that break a rule of this version.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn strays(&self) -> Result<Vec<Stray>> {
        let snapshot = self.core.current_snapshot()?;
        let now = self.core.env.now();
        self.core.store()?.read(|mut tx| {
            let mut search = Search {
                tx: &mut tx,
                catalog: &snapshot.catalog,
                now,
                found: Vec::new(),
            };
            let found = search.all(&snapshot).map(|()| search.found);
            (tx, found)
        })?
    }
}

struct Search<'a> {
    tx: &'a mut Tx,
    catalog: &'a Arc<Catalog>,
    now: Timestamp,
    found: Vec<Stray>,
}

impl Search<'_> {
    fn all(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.administrators()?;
        self.steps(snapshot.system.id())?;
        self.principals()?;
        self.default_teams()?;
        self.shares()?;
        self.names()?;
        self.definitions();
        self.views()?;
        let catalog = self.catalog;
        let of_tables = catalog.iter().flat_map(|table| catalog.relationships_to(&table.name));
        let parental = of_tables.filter(|one| one.is_of_itself() && one.behaviours.is_parental());
        // What the platform fills may name the row itself: the root of a role.
        let parental = parental.filter(|one| one.table.column(&one.column).is_some_and(|column| !column.filled));
        let parental = parental.map(|one| (&*one.table.name, &*one.column));
        let trees: BTreeSet<(&str, &str)> = TREES.into_iter().chain(parental).collect();
        trees
            .into_iter()
            .try_for_each(|(table, column)| self.loops(table, column))
    }

    fn rows(&mut self, table: &str, columns: &[&str], filter: Filter) -> Result<Vec<Row>> {
        let query = Query::new(table).columns(columns).filter(filter);
        self.tx
            .select(&change::permit_to_check(), self.catalog.table(table)?, &query)
    }

    fn add(&mut self, row: &Row, rule: impl Into<String>) {
        self.found.push(Stray {
            table: row.table.clone(),
            id: Some(row.id),
            rule: rule.into(),
        });
    }

    /// A view asks for options that there are: a whole number is a number, and never a label.
    fn views(&mut self) -> Result<()> {
        let around = Surroundings {
            catalog: self.catalog.clone(),
            now: self.now,
            user: Uuid::nil(),
            business_unit: Uuid::nil(),
            teams: Vec::new(),
        };
        for view in self.rows(tables::VIEW, &["fetchxml"], Filter::All)? {
            // What is no query at all is damage, and is told as that.
            let named = view.text("fetchxml").map(|fetch| fetchxml::options(&around, fetch));
            for named in named.and_then(Result::ok).unwrap_or_default() {
                let column = self.catalog.table(&named.table)?.column(&named.column);
                let options = column.and_then(|column| column.kind.options()).unwrap_or_default();
                let is_there = |number: &i32| options.iter().any(|option| option.value == *number);
                if let Some(number) = named.options.iter().find(|number| !is_there(number)) {
                    let rule = format!(
                        "it asks for {number}, which is no option of `{}` of `{}`: a whole number is the number of an option, \
                         and never its label",
                        named.column, named.table
                    );
                    self.add(&view, rule);
                }
            }
        }
        Ok(())
    }

    /// No definition says what none may.
    fn definitions(&mut self) {
        for table in self.catalog.iter() {
            let rules = table.faults().into_iter().map(|fault| fault.message().to_owned());
            self.found.extend(rules.map(|rule| Stray {
                table: table.name.clone(),
                id: None,
                rule,
            }));
        }
    }

    /// System Administrator holds every privilege.
    fn administrators(&mut self) -> Result<()> {
        let privileges = self.rows(tables::PRIVILEGE, &["name"], Filter::All)?;
        for role in self.rows(tables::ROLE, &[], administrator_roles())? {
            let held = self.rows(tables::ROLE_PRIVILEGES, &["privilegeid"], Filter::eq("roleid", role.id))?;
            let held: HashSet<Uuid> = held.iter().filter_map(|row| row.id_of("privilegeid")).collect();
            let mut missing = privileges.iter().filter(|privilege| !held.contains(&privilege.id));
            if let Some(first) = missing.next() {
                let (name, more) = (first.text("name").unwrap_or_default(), missing.count());
                self.add(
                    &role,
                    format!("the role {ADMINISTRATOR_ROLE} lacks {name} and {more} more privileges"),
                );
            }
        }
        Ok(())
    }

    /// No step runs as SYSTEM.
    fn steps(&mut self, system: Uuid) -> Result<()> {
        for step in self.rows(tables::STEP, &["name"], Filter::eq("impersonatinguserid", system))? {
            let name = step.text("name").unwrap_or_default().to_owned();
            self.add(&step, format!("the step {name} runs as SYSTEM"));
        }
        Ok(())
    }

    /// Users and teams share one space of ids.
    fn principals(&mut self) -> Result<()> {
        let teams = self.rows(tables::TEAM, &[], Filter::All)?;
        let teams: HashSet<Uuid> = teams.iter().map(|team| team.id).collect();
        for user in self.rows(tables::USER, &[], Filter::All)? {
            if teams.contains(&user.id) {
                self.add(&user, "a team has the id of this user");
            }
        }
        Ok(())
    }

    /// Each business unit has its default team.
    fn default_teams(&mut self) -> Result<()> {
        let teams = self.rows(tables::TEAM, &["businessunitid"], Filter::eq("isdefault", true))?;
        let units: HashSet<Uuid> = teams.iter().filter_map(|team| team.id_of("businessunitid")).collect();
        for unit in self.rows(tables::BUSINESS_UNIT, &["name"], Filter::All)? {
            if !units.contains(&unit.id) {
                let name = unit.text("name").unwrap_or_default().to_owned();
                self.add(&unit, format!("the business unit {name} lacks its default team"));
            }
        }
        Ok(())
    }

    /// What is shared is there, and so is whom it is shared with.
    fn shares(&mut self) -> Result<()> {
        let columns = ["objectid", "objecttypecode", "principalid", "principaltypecode"];
        for share in self.rows(tables::SHARE, &columns, Filter::All)? {
            for (id, kind, what) in [
                ("objectid", "objecttypecode", "a row that is not there"),
                ("principalid", "principaltypecode", "somebody who is not there"),
            ] {
                let table = share.text(kind).and_then(|name| self.catalog.find(name));
                let there = match (table, share.id_of(id)) {
                    (Some(table), Some(id)) => self.tx.facts().exists(table, id)?,
                    _ => false,
                };
                if !there {
                    self.add(&share, format!("the share is about {what}"));
                }
            }
        }
        Ok(())
    }

    /// No two rows have one name, where a name is to be one row's.
    fn names(&mut self) -> Result<()> {
        for (table, name, within) in NAMES {
            let columns: Vec<&str> = std::iter::once(name).chain(within).collect();
            let mut known: HashMap<(Option<Uuid>, String), Uuid> = HashMap::new();
            for row in self.rows(table, &columns, Filter::All)? {
                let Some(text) = row.text(name) else { continue };
                let key = (
                    within.and_then(|within| row.id_of(within)),
                    self.catalog.collation().fold(text).into_owned(),
                );
                match known.get(&key) {
                    Some(other) => {
                        let rule = format!("by the organisation's language, its {name} \"{text}\" is that of {other}");
                        self.add(&row, rule);
                    }
                    None => {
                        known.insert(key, row.id);
                    }
                }
            }
        }
        self.looks()
    }

    /// Nobody's sign-in name can be taken for another's.
    fn looks(&mut self) -> Result<()> {
        let collation = self.catalog.collation();
        let mut known: HashMap<String, Row> = HashMap::new();
        for row in self.rows(tables::USER, &["domainname"], Filter::All)? {
            let name = row.text("domainname").unwrap_or_default();
            let looks = looks::looks(collation, name);
            let other = looks.iter().find_map(|look| known.get(look)).cloned();
            if let Some((other, called)) = other.as_ref().and_then(|row| Some((row, row.text("domainname")?)))
                && !collation.same(called, name)
            {
                let rule = format!(
                    "its domainname \"{name}\" looks like \"{called}\", that of {}",
                    other.id
                );
                self.add(&row, rule);
            }
            for look in looks {
                known.entry(look).or_insert_with(|| row.clone());
            }
        }
        Ok(())
    }

    /// Rows that lie below each other make a tree.
    fn loops(&mut self, table: &str, column: &str) -> Result<()> {
        let filter = Filter::Not(Box::new(Filter::eq(column, sluice_model::Value::Null)));
        let rows = self.rows(table, &[column], filter)?;
        let above: HashMap<Uuid, Uuid> = rows
            .iter()
            .filter_map(|row| Some((row.id, row.lookup(column).filter(|above| *above.table == *table)?.id)))
            .collect();
        let mut done = HashSet::new();
        for row in &rows {
            let mut path = HashSet::new();
            let mut at = row.id;
            while done.insert(at) {
                path.insert(at);
                match above.get(&at) {
                    Some(next) => at = *next,
                    None => break,
                }
            }
            // The row was met again on the way up from itself, or from one below it.
            if path.contains(&at) && above.contains_key(&at) {
                let first = rows
                    .iter()
                    .find(|row| row.id == at)
                    .ok_or_else(|| Error::host("a row is gone"))?;
                self.add(
                    first,
                    format!("rows of `{table}` lie below each other in a loop, through `{column}`"),
                );
            }
        }
        Ok(())
    }
}
