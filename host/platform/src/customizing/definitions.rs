//! Custom tables and columns, made at run time. Metadata operations raise no events.

use sluice_model::{
    Code, ColumnDef, ColumnType, Error, Name, Ownership, Query, RelationshipDef, Remedy, Result, TableDef, coerce,
    definition::Columns, error::Limit,
};

use super::{new_default, option_set, own, privileges, relationships, removal};
use crate::managed;
use sluice_engine::{
    Batch, Session, Unit,
    capability::{Dependency, Redefinition, RequiredComponent},
    organization::{add_privilege, table_privileges},
    snapshot::Snapshot,
    tables,
};

/// The first object type code of custom tables.
const FIRST_CUSTOM_CODE: i32 = 10_100;

/// Making tables and columns, and changing what a table is as a whole.
pub trait Definitions {
    /// Makes a custom table: `prefix_name`, with the columns in the definition. The key, the
    /// audit columns and, unless the definition has them, Active and Inactive come by
    /// themselves. System Administrator gets its privileges; no other role does.
    ///
    /// # Errors
    /// The name or a column is wrong or taken, or the user may not customize.
    fn create_table(&self, definition: &TableDef) -> Result<()>;

    /// Changes what a table is as a whole. It counts at once.
    ///
    /// # Errors
    /// There is no such table, or the user may not customize.
    fn update_table(&self, table: &str, change: TableChange) -> Result<()>;

    /// Takes a custom table away, with its privileges.
    ///
    /// # Errors
    /// It holds rows, something uses it, it is the platform's or came with a managed solution, or the
    /// user may not customize.
    fn delete_table(&self, table: &str) -> Result<()>;

    /// Adds a custom column to a table.
    ///
    /// # Errors
    /// The name or the type is wrong or taken, or the user may not customize.
    fn create_column(&self, table: &str, column: &ColumnDef) -> Result<()>;

    /// Who uses a table, or a column of it: what stands in the way of taking it away, and what gives way.
    ///
    /// # Errors
    /// There is no such table or column, or the user may not look at customizations.
    fn uses(&self, table: &str, column: Option<&str>) -> Result<Vec<Dependency>>;
}

impl Definitions for Session {
    fn create_table(&self, definition: &TableDef) -> Result<()> {
        self.batch(|batch| create_table(batch, definition))
    }

    fn update_table(&self, table: &str, change: TableChange) -> Result<()> {
        self.batch(|batch| update_table(batch, table, &change))
    }

    fn delete_table(&self, table: &str) -> Result<()> {
        self.batch(|batch| removal::delete_table(batch, table))
    }

    fn create_column(&self, table: &str, column: &ColumnDef) -> Result<()> {
        self.batch(|batch| create_column(batch, table, column))
    }

    fn uses(&self, table: &str, column: Option<&str>) -> Result<Vec<Dependency>> {
        self.check_named_privilege("prvReadCustomization")?;
        let table = self.definition(table)?;
        let column = column.map(|column| coerce::column(&table, column)).transpose()?;
        let (mut unit, _) = self.unit()?;
        unit.dependencies_of(RequiredComponent { table: &table, column })
    }
}

/// What may be changed about a table as a whole; what is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableChange {
    /// What people see. Of custom tables.
    pub display: Option<String>,
    /// Whether changes of its rows leave audit rows.
    pub audited: Option<bool>,
    /// Whether duplicate rules may be made for it.
    pub duplicate_detection: Option<bool>,
    /// *Read-only in mobile*.
    pub read_only_in_mobile: Option<bool>,
    /// Whether its rows may have access teams.
    pub access_teams: Option<bool>,
    /// Whether managers see its rows as those of who reports to them, where the organisation has it so.
    pub hierarchy: Option<bool>,
}

impl TableChange {
    /// What of it is other than the table is.
    pub(crate) fn other_than(self, now: &TableDef) -> Self {
        let other = |asked: Option<bool>, now: bool| asked.filter(|asked| *asked != now);
        Self {
            display: self.display.filter(|display| *display != now.display),
            audited: other(self.audited, now.audited),
            duplicate_detection: other(self.duplicate_detection, now.duplicate_detection),
            read_only_in_mobile: other(self.read_only_in_mobile, now.read_only_in_mobile),
            access_teams: other(self.access_teams, now.access_teams),
            hierarchy: other(self.hierarchy, !now.outside_hierarchy),
        }
    }
}

/// A table has at most so many columns; the database takes two thousand, and a lookup may be two.
const MOST_COLUMNS: usize = 900;

/// Refuses a table of more columns than one may have.
pub(crate) fn check_number(table: &str, used: usize) -> Result<()> {
    if used <= MOST_COLUMNS {
        return Ok(());
    }
    let message = format!("table `{table}` would have {used} columns; a table has at most {MOST_COLUMNS}");
    let mut error = Error::invalid(message).with_table(table);
    error.body_mut().limit = Some(Limit {
        name: "columns".to_owned(),
        allowed: MOST_COLUMNS as u64,
        used: used as u64,
        unit: "columns",
    });
    Err(error)
}

/// [`Definitions::create_table`] as a part of a batch.
pub(crate) fn create_table(batch: &mut Batch<'_>, sent: &TableDef) -> Result<()> {
    batch.require("prvCreateEntity")?;
    let catalog = batch.unit().snapshot()?.catalog().clone();
    check_name("table", &sent.name)?;
    if !matches!(sent.ownership, Ownership::User | Ownership::Organization) {
        return Err(Error::invalid("a custom table belongs to users or to the organization"));
    }
    let (mut table, asked) = own::table(sent)?;
    let asked = asked.other_than(&table);
    settle(batch, &mut table, &asked)?;
    own::check_primary_name(&table)?;
    // The name of its rows is a part of every table.
    if table
        .columns
        .iter()
        .any(|column| Some(&column.name) != table.primary_name.as_ref())
    {
        batch.require("prvCreateAttribute")?;
    }
    if table.references().next().is_some() {
        batch.require("prvCreateRelationship")?;
    }
    let as_sent = table.clone();
    for column in table.columns.iter_mut() {
        fit_column(batch, &as_sent, column)?;
    }
    for column in table.columns.iter().filter(|column| column.secured) {
        table.check_securable(column)?;
    }
    complete_lookups(&mut table);
    relationships::check(&catalog, &table, None)?;
    if !batch.is_import() {
        table.managed = false;
        table.columns.iter_mut().for_each(|column| own::mark(column, false));
    }
    check_number(&table.name, table.columns.iter().count())?;
    make_table(batch.unit(), table)
}

/// [`Definitions::create_column`] as a part of a batch.
pub(crate) fn create_column(batch: &mut Batch<'_>, table: &str, column: &ColumnDef) -> Result<()> {
    let usual = relationships::relationships(column, None);
    create_lookup(batch, table, column, &usual)
}

/// Adds a column with what happens along it, where it is a lookup.
pub(crate) fn create_lookup(
    batch: &mut Batch<'_>,
    table: &str,
    sent: &ColumnDef,
    relationships: &[RelationshipDef],
) -> Result<()> {
    batch.require("prvCreateAttribute")?;
    if sent.kind.targets().is_some() {
        batch.require("prvCreateRelationship")?;
    }
    let mut column = own::column(sent)?;
    let mut definition = batch.unit().definition(table)?;
    if definition.ownership == Ownership::None {
        return Err(Error::invalid(format!(
            "table `{table}` is internal and takes no columns"
        )));
    }
    if column.secured {
        definition.check_securable(&column)?;
    }
    if definition.column(&column.name).is_some() {
        return Err(Error::new(
            Code::DUPLICATE_KEY,
            format!("table `{table}` has a column `{}` already", column.name),
        ));
    }
    fit_column(batch, &definition, &mut column)?;
    relationships::check_added(batch.unit(), &definition, &column, relationships)?;
    column.custom = true;
    if !batch.is_import() {
        own::mark(&mut column, false);
    }
    let before: Vec<Name> = definition.columns.iter().map(|column| column.name.clone()).collect();
    let name = column.name.clone();
    let mut all: Vec<ColumnDef> = std::mem::take(&mut definition.columns).into();
    all.push(column);
    definition.columns = Columns::from(all);
    put_relationships(&mut definition, &name, relationships);
    relationships::check(&batch.unit().snapshot()?.catalog().clone(), &definition, Some(&name))?;
    // An amount brings its base amount, and where it is the first one, the currency.
    definition.complete();
    check_number(&definition.name, definition.columns.iter().count())?;
    for added in definition
        .columns
        .iter()
        .filter(|column| !before.contains(&column.name))
    {
        batch.unit().add_column(&definition, added)?;
    }
    Ok(())
}

/// [`Definitions::update_table`] as a part of a batch.
pub(crate) fn update_table(batch: &mut Batch<'_>, table: &str, change: &TableChange) -> Result<()> {
    batch.require("prvWriteEntity")?;
    let before = batch.unit().definition(table)?;
    let mut definition = before.clone();
    if definition.ownership == Ownership::None {
        return Err(Error::invalid(format!(
            "table `{table}` is internal and has no settings"
        )));
    }
    check_managed(batch, &definition)?;
    settle(batch, &mut definition, change)?;
    put_table(batch, &before, &definition)
}

/// Brings what is chosen about a table as a whole to what is asked for, by whatever door.
fn settle(batch: &mut Batch<'_>, table: &mut TableDef, asked: &TableChange) -> Result<()> {
    let TableChange {
        display,
        audited,
        duplicate_detection,
        read_only_in_mobile,
        access_teams,
        hierarchy,
    } = asked;
    if let Some(display) = display {
        table.display.clone_from(display);
    }
    table.audited = audited.unwrap_or(table.audited);
    table.duplicate_detection = duplicate_detection.unwrap_or(table.duplicate_detection);
    table.read_only_in_mobile = read_only_in_mobile.unwrap_or(table.read_only_in_mobile);
    if let Some(enabled) = access_teams {
        enable_access_teams(batch, table, *enabled)?;
    }
    if let Some(reached) = hierarchy {
        batch.require("prvWriteHierarchicalSecurityConfiguration")?;
        table.outside_hierarchy = !*reached;
    }
    Ok(())
}

/// At most so many tables have access teams.
const MOST_WITH_TEAMS: usize = 100;

fn enable_access_teams(batch: &mut Batch<'_>, table: &mut TableDef, enabled: bool) -> Result<()> {
    if enabled && !table.access_teams {
        if table.ownership != Ownership::User {
            let message = format!(
                "nobody owns rows of `{}`, and so they are shared with nobody",
                table.name
            );
            return Err(Error::invalid(message).with_table(&table.name));
        }
        let catalog = batch.unit().catalog();
        if catalog.iter().filter(|table| table.access_teams).count() >= MOST_WITH_TEAMS {
            return Err(Error::said(Code::TEMPLATES_OF_TABLES).with_table(&table.name));
        }
    }
    table.access_teams = enabled;
    Ok(())
}

/// Keeps what was changed of a table as a whole: it is on record, and where duplicates are
/// not detected any more, its rules go out of work.
fn put_table(batch: &mut Batch<'_>, before: &TableDef, after: &TableDef) -> Result<()> {
    batch.unit().redefined(Redefinition::Table { before, after })?;
    batch.unit().save_definition(after)
}

/// Refuses a column that does not fit in the table, and keeps its default as the value that it is now.
pub(crate) fn fit_column(batch: &mut Batch<'_>, table: &TableDef, column: &mut ColumnDef) -> Result<()> {
    let snapshot = batch.unit().snapshot()?;
    fits(&snapshot, table, column)?;
    column.default = new_default::settled(&snapshot, table, column)?;
    Ok(())
}

/// Refuses to change a table that came with a managed solution, unless an import does.
pub(crate) fn check_managed(batch: &Batch<'_>, table: &TableDef) -> Result<()> {
    match table.managed && !batch.is_import() {
        true => Err(managed::refused(Code::MANAGED, &format!("the table `{}`", table.name)).with_table(&table.name)),
        false => Ok(()),
    }
}

/// Makes a table at run time, with its privileges, and open to the steps of every message
/// that it takes.
pub(crate) fn make_table(unit: &mut Unit, mut table: TableDef) -> Result<()> {
    let catalog = unit.snapshot()?.catalog().clone();
    if catalog.find(&table.name).is_some() {
        return Err(Error::new(
            Code::DUPLICATE_KEY,
            format!("there is a table `{}` already", table.name),
        ));
    }
    if catalog.by_set(&table.set).is_some() {
        return Err(Error::new(
            Code::DUPLICATE_KEY,
            format!("another table has the set name `{}` already", table.set),
        ));
    }
    table.otc = catalog
        .iter()
        .map(|table| table.otc + 1)
        .max()
        .unwrap_or_default()
        .max(FIRST_CUSTOM_CODE);
    table.custom = true;
    table.complete();
    if table.states().is_none() {
        table.add_default_states();
    }
    privileges::refuse_taken(unit, &table)?;
    unit.create_table(&table)?;
    for (name, right) in table_privileges(&table) {
        add_privilege(unit, &name, Some((&table, right)))?;
    }
    unit.configuration_written(None)?;
    let query = Query::new(tables::MESSAGE).columns(&["name"]);
    for row in unit.select_as_platform("let steps be registered on a new table", &query)? {
        let message = unit.message(row.text("name").unwrap_or_default())?;
        sluice_engine::filters::write_filter(unit, message, &row.reference(), &table)?;
    }
    unit.configuration_written(None)
}

/// Keeps the relationships of a column, those that are no more than usual aside.
fn put_relationships(table: &mut TableDef, column: &str, relationships: &[RelationshipDef]) {
    let of_column = relationships.iter().filter(|one| *one.column == *column);
    for relationship in of_column.filter(|one| **one != RelationshipDef::new(column, &one.target)) {
        table.put_relationship(relationship.clone());
    }
}

/// Lookups of a new table that every row needs are not emptied, unless the definition says what
/// else happens along them; what it says of other columns is the platform's.
fn complete_lookups(table: &mut TableDef) {
    let said = std::mem::take(&mut table.relationships);
    let columns: Vec<ColumnDef> = table
        .columns
        .iter()
        .filter(|column| column.kind.targets().is_some())
        .cloned()
        .collect();
    for column in columns {
        for usual in relationships::relationships(&column, None) {
            let said = said
                .iter()
                .find(|one| one.column == usual.column && one.target == usual.target);
            let relationship = RelationshipDef {
                behaviours: said.map_or(usual.behaviours, |said| said.behaviours),
                ..usual
            };
            put_relationships(table, &column.name, &[relationship]);
        }
    }
}

/// A customizer's name: a publisher's prefix of two to eight letters or digits, an
/// underscore, and lower-case letters, digits or underscores.
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    let wrong = |why: &str| {
        Err(Error::invalid(format!(
            "`{name}` is no name for a custom {what}: {why} (such as sl_commissionrule)"
        )))
    };
    let Some((prefix, rest)) = name.split_once('_') else {
        return wrong("it needs a publisher's prefix and an underscore");
    };
    let simple = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let starts_with_letter = prefix.chars().next().is_some_and(|c| c.is_ascii_lowercase());
    if !(2..=8).contains(&prefix.len()) || !starts_with_letter || !simple(prefix) {
        return wrong("the prefix has two to eight lower-case letters or digits and begins with a letter");
    }
    if prefix.starts_with("mscrm") {
        return wrong("the prefix mscrm is the platform's");
    }
    if rest.is_empty() || rest.len() > 50 || !simple(rest) {
        return wrong("after the prefix come one to fifty lower-case letters, digits or underscores");
    }
    Ok(())
}

fn fits(snapshot: &Snapshot, table: &TableDef, column: &ColumnDef) -> Result<()> {
    check_name("column", &column.name)?;
    let wrong = |why: String| {
        Err(Error::invalid(format!(
            "column `{}` of `{}`: {why}",
            column.name, table.name
        )))
    };
    if column.name == table.key {
        return wrong("the key is called so".to_owned());
    }
    match &column.kind {
        ColumnType::Int {
            min: Some(min),
            max: Some(max),
        } if min > max => wrong(format!("the smallest value {min} is above the largest, {max}")),
        ColumnType::Text { max_length } if !(1..=4_000).contains(max_length) => {
            wrong("a text has 1 to 4,000 characters".to_owned())
        }
        ColumnType::Memo { max_length } if !(1..=1_048_576).contains(max_length) => {
            wrong("a memo has 1 to 1,048,576 characters".to_owned())
        }
        ColumnType::Decimal { precision } if *precision > 10 => wrong("a decimal has at most 10 places".to_owned()),
        ColumnType::Money { precision } if *precision > 4 => wrong("an amount has at most 4 places".to_owned()),
        ColumnType::Lookup { targets } => {
            if targets.is_empty() {
                return wrong("a lookup needs a table to refer to".to_owned());
            }
            targets.iter().try_for_each(|target| {
                if *target == table.name {
                    Ok(())
                } else {
                    snapshot.table(target).map(|_| ())
                }
            })
        }
        ColumnType::Choice {
            global: Some(global), ..
        }
        | ColumnType::Choices {
            global: Some(global), ..
        } => match snapshot.global_choice(global) {
            Some(_) => Ok(()),
            None => wrong(format!("there is no global choice `{global}`"))
                .map_err(|error| error.with_remedy(Remedy::ListChoices)),
        },
        ColumnType::Choice { options, .. } | ColumnType::Choices { options, .. } => {
            let mut values: Vec<i32> = options.iter().map(|option| option.value).collect();
            values.sort_unstable();
            values.dedup();
            match options.len() {
                0 => wrong("a choice needs options".to_owned()),
                count if count != values.len() => wrong("two options have the same number".to_owned()),
                _ => option_set::check_plain(options).or_else(|error| wrong(error.message().to_owned())),
            }
        }
        ColumnType::Key | ColumnType::State { .. } | ColumnType::Status { .. } => {
            wrong("the platform itself adds the key, the state and the status".to_owned())
        }
        _ => Ok(()),
    }
}
