//! What customizers may say of a table or a column, whichever door a definition comes through: a verb,
//! or the file of a solution. Each property of a definition is named here, so that a new one has to be
//! decided on: it is taken over, or only the platform has it.

use sluice_model::{ColumnDef, ColumnType, Error, Name, Result, TableDef};

use super::definitions::TableChange;

/// The longest set name.
const LONGEST_SET: usize = 128;

/// A new table as a customizer may define it, with its columns and relationships, and what is chosen
/// about it as a whole: that is asked for by itself.
///
/// # Errors
/// It, or a column, claims what only the platform says, or its set name is none.
pub(crate) fn table(sent: &TableDef) -> Result<(TableDef, TableChange)> {
    let plain = TableDef::new(&sent.name, sent.ownership);
    let TableDef {
        // Whoever makes the table decides on these, or checks them.
        name,
        ownership: _,
        otc: _,
        custom: _,
        managed,
        relationships,
        speech: _,
        // These are the customizer's.
        display,
        set,
        primary_name,
        source,
        columns,
        audited,
        duplicate_detection,
        read_only_in_mobile,
        access_teams,
        outside_hierarchy,
        // And these the platform's.
        schema: _,
        key: _,
        privilege: _,
        configuration: _,
        closes: _,
        kept: _,
        takes_steps: _,
        takes_workflows: _,
        copy_of: _,
        part_of: _,
        merges: _,
        keys: _,
        privilege_ids: _,
        published: _,
        undone: _,
        customizes: _,
    } = sent;
    if let Some(claim) = claim(sent, &plain) {
        let message = format!("the table `{name}` claims what only tables of the platform have (`{claim}`)");
        return Err(Error::invalid(message).with_table(name));
    }
    check_set(name, set)?;
    let change = TableChange {
        display: Some(display.clone()),
        audited: Some(*audited),
        duplicate_detection: Some(*duplicate_detection),
        read_only_in_mobile: Some(*read_only_in_mobile),
        access_teams: Some(*access_teams),
        hierarchy: Some(!*outside_hierarchy),
    };
    let columns = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
    let new = TableDef {
        set: set.clone(),
        primary_name: primary_name.clone(),
        source: source.clone(),
        managed: *managed,
        columns: columns.into(),
        relationships: relationships.clone(),
        ..plain
    };
    Ok((new, change))
}

/// What a definition says that is the platform's to say, where it is other than of a plain table.
fn claim(sent: &TableDef, plain: &TableDef) -> Option<&'static str> {
    let claims = [
        // With the privileges of another table's name it would open that table.
        ("schema", sent.schema != plain.schema),
        ("privilege", sent.privilege != plain.privilege),
        ("key", sent.key != plain.key),
        ("configuration", sent.configuration != plain.configuration),
        ("closes", sent.closes != plain.closes),
        ("kept", sent.kept != plain.kept),
        ("takes_steps", sent.takes_steps != plain.takes_steps),
        ("takes_workflows", sent.takes_workflows != plain.takes_workflows),
        ("copy_of", sent.copy_of != plain.copy_of),
        ("part_of", sent.part_of != plain.part_of),
        ("merges", sent.merges != plain.merges),
        ("alternate_key", sent.keys != plain.keys),
        ("privilege_ids", sent.privilege_ids != plain.privilege_ids),
        ("published", sent.published != plain.published),
        ("undone", sent.undone != plain.undone),
        ("customizes", sent.customizes != plain.customizes),
    ];
    claims.iter().find(|(_, claimed)| *claimed).map(|(claim, _)| *claim)
}

/// A set name stands in addresses.
fn check_set(table: &Name, set: &str) -> Result<()> {
    let simple = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if set.starts_with(|c: char| c.is_ascii_alphabetic()) && set.chars().all(simple) && set.len() <= LONGEST_SET {
        return Ok(());
    }
    let message = format!(
        "`{set}` is no set name for the table `{table}`: it begins with a letter and has letters, digits and \
         underscores, at most {LONGEST_SET}"
    );
    Err(Error::invalid(message).with_table(table))
}

/// Refuses a new table whose rows would be named by something else than a text of its own.
pub(crate) fn check_primary_name(table: &TableDef) -> Result<()> {
    let Some(name) = &table.primary_name else {
        return Ok(());
    };
    let named = table.column(name).filter(|_| *name != table.key);
    if named.is_some_and(|column| matches!(column.kind, ColumnType::Text { .. })) {
        return Ok(());
    }
    let message = format!(
        "the rows of the table `{}` cannot be named by `{name}`: that is no column of the type text in its definition",
        table.name
    );
    Err(Error::invalid(message).with_table(&table.name))
}

/// A new column as a customizer may define it.
///
/// # Errors
/// As of [`take`].
pub(crate) fn column(sent: &ColumnDef) -> Result<ColumnDef> {
    let mut new = ColumnDef::new(&sent.name, sent.kind.clone());
    new.custom = sent.custom;
    new.managed = sent.managed;
    take(&mut new, sent)?;
    Ok(new)
}

/// Takes over what a customizer says of a column; its name and its type stay.
///
/// # Errors
/// It claims what only the platform says.
pub(crate) fn take(column: &mut ColumnDef, sent: &ColumnDef) -> Result<()> {
    let ColumnDef {
        // Whoever makes or changes the column decides on these.
        name,
        kind,
        custom: _,
        managed: _,
        // These are the customizer's.
        label,
        required,
        default,
        format,
        secured,
        source,
        // And these the platform's.
        filled,
        points,
        indexed,
        range,
        withheld,
        in_part,
    } = sent;
    let claims = [
        ("filled", *filled),
        ("points", points.is_some()),
        ("indexed", *indexed),
        ("range", range.is_some()),
        ("withheld", *withheld),
        ("in_part", *in_part),
    ];
    if let Some((claim, _)) = claims.iter().find(|(_, claimed)| *claimed) {
        return Err(Error::invalid(format!(
            "the column `{name}` claims what only columns of the platform have (`{claim}`)"
        )));
    }
    if format.is_some() && !matches!(kind, ColumnType::Text { .. }) {
        return Err(Error::invalid(format!(
            "the column `{name}` is of the type {}, and only a text has a format",
            kind.word()
        )));
    }
    column.label.clone_from(label);
    column.required = *required;
    column.default.clone_from(default);
    column.format = *format;
    column.secured = *secured;
    column.source.clone_from(source);
    Ok(())
}

/// Marks a column with its options as managed, or takes the mark away.
pub(crate) fn mark(column: &mut ColumnDef, managed: bool) {
    column.managed = managed;
    if let Some(options) = column.kind.options_mut() {
        options.iter_mut().for_each(|option| option.managed = managed);
    }
}
