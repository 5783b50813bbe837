//! Secured columns: who may read, make and change what they hold. Column security profiles give
//! it, and nothing else does; a row that somebody may read tells nothing of its secured columns.

use std::collections::{BTreeMap, HashMap};

use sluice_model::{Code, Filter, Name, Query, Result, TableDef, Uuid};

use crate::{Permit, Principal, text};

/// What may be done with a secured column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnRight {
    /// Write it into a new row.
    Create,
    /// Read it, and ask for rows by it.
    Read,
    /// Change it.
    Update,
}

impl ColumnRight {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Create, Self::Read, Self::Update];

    /// The platform's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Update => "Update",
        }
    }

    const fn code(self) -> Code {
        match self {
            Self::Create => Code::COLUMN_CREATE_DENIED,
            Self::Read => Code::COLUMN_READ_DENIED,
            Self::Update => Code::COLUMN_UPDATE_DENIED,
        }
    }
}

/// What the profiles of a principal give, its teams' profiles included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnGrants {
    /// Through what everything is given.
    all: Vec<String>,
    /// By table and column, each right with the profiles that give it.
    granted: HashMap<Name, HashMap<Name, Rights>>,
}

/// The rights on a column, each with what gives it.
type Rights = BTreeMap<ColumnRight, Vec<String>>;

impl ColumnGrants {
    /// Everything, through a profile or role that people know by that name.
    pub fn give_all(&mut self, through: &str) {
        self.all.push(through.to_owned());
    }

    /// A right on a column of a table, through a profile that people know by that name.
    pub fn give(&mut self, table: &str, column: &str, right: ColumnRight, through: &str) {
        let of_table = self.granted.entry(table.into()).or_default();
        let rights = of_table.entry(column.into()).or_default();
        rights.entry(right).or_default().push(through.to_owned());
    }

    fn of(&self, table: &str, column: &str) -> Option<&Rights> {
        self.granted.get(table)?.get(column)
    }

    fn gives(&self, table: &str, column: &str, right: ColumnRight) -> bool {
        !self.all.is_empty() || self.of(table, column).is_some_and(|rights| rights.contains_key(&right))
    }

    /// All that is given by name: table, column, right.
    fn each(&self) -> impl Iterator<Item = (&Name, &Name, ColumnRight)> {
        self.granted.iter().flat_map(|(table, columns)| {
            let rights = columns
                .iter()
                .flat_map(|(column, rights)| rights.keys().map(move |right| (column, *right)));
            rights.map(move |(column, right)| (table, column, right))
        })
    }
}

impl Principal {
    /// Whether the principal may do that with a column of a table, were its row the principal's own.
    pub fn may_with_column(&self, table: &TableDef, column: &str, right: ColumnRight) -> bool {
        let reader = self.reader_of_column(right);
        let others = self.limit().map(AsRef::as_ref).into_iter().chain(reader);
        self.may_by_itself(table, column, right)
            && others.into_iter().all(|one| one.may_with_column(table, column, right))
    }

    /// The same, whoever limits it.
    pub(crate) fn may_by_itself(&self, table: &TableDef, column: &str, right: ColumnRight) -> bool {
        table
            .secured_as(column)
            .is_none_or(|secured| self.is_system() || self.facts().columns.gives(&table.name, secured, right))
    }

    fn reader_of_column(&self, right: ColumnRight) -> Option<&Self> {
        let reader = self.reader.as_deref().filter(|_| right == ColumnRight::Read);
        reader.map(|reader| reader.principal())
    }

    /// What the profiles of the principal give, its teams' profiles included.
    pub fn column_grants(&self) -> &ColumnGrants {
        &self.facts().columns
    }

    /// Through which profiles the principal has a right on a column by itself.
    pub fn column_ways(&self, table: &TableDef, column: &str, right: ColumnRight) -> Vec<&str> {
        let Some(secured) = table.secured_as(column) else {
            return Vec::new();
        };
        let columns = &self.facts().columns;
        let by_name = columns.of(&table.name, secured).and_then(|rights| rights.get(&right));
        let ways = columns.all.iter().chain(by_name.into_iter().flatten());
        ways.map(String::as_str).collect()
    }

    /// Whether the principal reads every column, whichever is secured: also one that is gone, of which no profile
    /// says anything any more.
    pub fn reads_every_column(&self) -> bool {
        let reader = self.reader_of_column(ColumnRight::Read);
        let mut others = self.limit().map(AsRef::as_ref).into_iter().chain(reader);
        (self.is_system() || !self.facts().columns.all.is_empty()) && others.all(Self::reads_every_column)
    }

    /// The columns of a table that the principal may not read.
    pub fn hidden(&self, table: &TableDef) -> Vec<Name> {
        if !table.columns.iter().any(|column| column.secured) {
            return Vec::new();
        }
        let names = table.columns.iter().map(|column| &column.name);
        names
            .filter(|name| !self.may_with_column(table, name, ColumnRight::Read))
            .cloned()
            .collect()
    }
}

/// The principal may write these columns of a table, as they are in a new row or in a change of
/// the row `id`.
///
/// # Errors
/// `0x8004F502` or `0x8004F507` with the first column that it may not write.
pub fn check_columns<'a>(
    principal: &Principal,
    table: &TableDef,
    right: ColumnRight,
    columns: impl IntoIterator<Item = &'a Name>,
    id: Uuid,
) -> Result<()> {
    let mut columns = columns.into_iter();
    let Some(denied) = columns.find(|name| !principal.may_with_column(table, name, right)) else {
        return Ok(());
    };
    // Who is limited by somebody else lacks it, or that one does.
    let own = principal.is_system()
        || table
            .secured_as(denied)
            .is_none_or(|secured| principal.facts().columns.gives(&table.name, secured, right));
    let lacking = principal.limit().filter(|_| own).map_or(principal, |limit| limit);
    Err(text::column_denied(
        lacking,
        table,
        right.code(),
        right.word(),
        denied,
        id,
    ))
}

/// Nobody gives what they do not hold: the principal holds all that a profile gives.
///
/// # Errors
/// `0x80040220` with the first column and right that it lacks.
pub fn check_gives_columns(principal: &Principal, given: &ColumnGrants) -> Result<()> {
    let holds = |principal: &Principal, table: &str, column: &str, right| {
        principal.is_system() || principal.facts().columns.gives(table, column, right)
    };
    for one in std::iter::once(principal).chain(principal.limit().map(AsRef::as_ref)) {
        if !given.all.is_empty() && !one.is_system() && one.facts().columns.all.is_empty() {
            return Err(text::gives_all_columns(one));
        }
        let mut lacking: Vec<_> = given
            .each()
            .filter(|(table, column, right)| !holds(one, table, column, *right))
            .collect();
        lacking.sort();
        if let Some((table, column, right)) = lacking.first() {
            return Err(text::gives_column(one, table, column, right.word()));
        }
    }
    Ok(())
}

/// What of each table a permit hides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hidden(Vec<(Name, Vec<Name>)>);

impl Hidden {
    pub(crate) fn of(principal: &Principal, table: &TableDef) -> Self {
        let hidden = principal.hidden(table);
        Self(match hidden.is_empty() {
            true => Vec::new(),
            false => vec![(table.name.clone(), hidden)],
        })
    }

    /// Of one table the first counts, as with the rows of a permit.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        for (table, columns) in &other.0 {
            match self.0.iter_mut().find(|(known, _)| known == table) {
                Some((_, known)) => known.extend(
                    columns
                        .iter()
                        .filter(|name| !known.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                ),
                None => self.0.push((table.clone(), columns.clone())),
            }
        }
        self
    }

    fn has(&self, table: &str, column: &str) -> bool {
        let mut tables = self.0.iter().filter(|(known, _)| **known == *table);
        tables.any(|(_, columns)| columns.iter().any(|known| **known == *column))
    }
}

impl Permit {
    /// Whether the value of a column of a table is kept from whoever has the permit: the store
    /// shows a row without it.
    pub fn hides(&self, table: &str, column: &str) -> bool {
        self.hidden().has(table, column)
    }

    /// What the store asks before it answers a query: it does not look for rows by what it would
    /// not show of them, nor order, join or count them by it.
    ///
    /// # Errors
    /// `0x8004F506`.
    pub fn check_query(&self, query: &Query) -> Result<()> {
        if self.hidden().0.is_empty() {
            return Ok(());
        }
        let of = |alias: Option<&str>| -> &str {
            let join = alias.and_then(|alias| query.joins.iter().find(|join| *join.alias == *alias));
            join.map_or(&query.table, |join| &join.table)
        };
        self.check_filter(&query.table, &query.filter)?;
        for join in &query.joins {
            self.check_asked(of(join.within.as_deref()), &join.column)?;
            self.check_asked(&join.table, &join.other)?;
            self.check_filter(&join.table, &join.filter)?;
        }
        // How many different rows there are tells of what makes them different.
        if query.distinct {
            let own = query.columns.iter().flatten().map(|column| (&query.table, column));
            let beside = query.joins.iter();
            let beside = beside.flat_map(|join| join.columns.iter().map(move |(column, _)| (&join.table, column)));
            own.chain(beside)
                .try_for_each(|(table, column)| self.check_asked(table, column))?;
        }
        for total in &query.totals {
            self.check_asked(of(total.of.as_deref()), &total.column)?;
        }
        for order in &query.order {
            match order.column.split_once('.') {
                Some((alias, column)) => self.check_asked(of(Some(alias)), column)?,
                None => self.check_asked(&query.table, &order.column)?,
            }
        }
        Ok(())
    }

    fn check_filter(&self, table: &str, filter: &Filter) -> Result<()> {
        match filter {
            Filter::All => Ok(()),
            Filter::And(all) | Filter::Or(all) => all.iter().try_for_each(|filter| self.check_filter(table, filter)),
            Filter::Not(filter) => self.check_filter(table, filter),
            Filter::Compare { column, .. } | Filter::In { column, .. } => self.check_asked(table, column),
            Filter::Related(related) => {
                self.check_asked(table, &related.column)?;
                self.check_asked(&related.table, &related.other)?;
                self.check_filter(&related.table, &related.filter)
            }
        }
    }

    fn check_asked(&self, table: &str, column: &str) -> Result<()> {
        match self.hides(table, column) {
            true => Err(text::column_asked(table, column)),
            false => Ok(()),
        }
    }
}
