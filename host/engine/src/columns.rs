//! Changes of columns that are there. What compares a column that changes is unpublished, and
//! the caller is told. Metadata operations raise no events.
//! Source: R91.

use sluice_model::{
    Code, ColumnDef, ColumnType, Comparison, Error, Filter, Name, Ownership, Query, Result, Row, TableDef, Value,
    coerce, definition::Columns,
};

use crate::{Session, Unit, duplicates::life, engine::Batch, snapshot, tables};

/// What may be changed about a column; what is not there stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnChange {
    /// What people see.
    pub label: Option<String>,
    /// Of a text: at most so many characters, no fewer than before.
    pub max_length: Option<u32>,
}

impl Session {
    /// Changes what a column of a table is. What compares it is unpublished: the notices say
    /// so.
    ///
    /// # Errors
    /// There is no such column, it takes no such change, or the user may not customize.
    pub fn update_column(&self, table: &str, column: &str, change: &ColumnChange) -> Result<Vec<Error>> {
        self.batch(|batch| batch.update_column(table, column, change))
    }

    /// Takes a custom column out of a table, with everything that rows hold in it. What
    /// compares it is unpublished: the notices say so.
    ///
    /// # Errors
    /// There is no such column, something depends on it, or the user may not customize.
    pub fn delete_column(&self, table: &str, column: &str) -> Result<Vec<Error>> {
        self.batch(|batch| batch.delete_column(table, column))
    }
}

impl Batch<'_> {
    /// See [`Session::update_column`].
    ///
    /// # Errors
    /// See there.
    pub fn update_column(&mut self, table: &str, column: &str, change: &ColumnChange) -> Result<Vec<Error>> {
        self.require("prvWriteAttribute")?;
        let (mut definition, column) = customizable(self.unit, table, column)?;
        let mut changed = column.clone();
        if let Some(label) = &change.label {
            changed.label.clone_from(label);
        }
        if let Some(length) = change.max_length {
            lengthen(&definition, &mut changed, length)?;
        }
        if changed == column {
            return Ok(Vec::new());
        }
        let all = definition.columns.iter().map(|other| match other.name == column.name {
            true => changed.clone(),
            false => other.clone(),
        });
        definition.columns = Columns::from(all.collect::<Vec<_>>());
        let notices = life::column_changed(self.unit, table, &column.name)?;
        self.unit.tx.save_definition(&definition)?;
        self.unit.configuration_written()?;
        Ok(notices)
    }

    /// See [`Session::delete_column`].
    ///
    /// # Errors
    /// See there.
    pub fn delete_column(&mut self, table: &str, column: &str) -> Result<Vec<Error>> {
        self.require("prvDeleteAttribute")?;
        let (mut definition, column) = customizable(self.unit, table, column)?;
        let wrong = |why: &str| Err(Error::invalid(format!("column `{}` of `{table}` {why}", column.name)));
        if !column.custom {
            return wrong("belongs to the platform and cannot be deleted");
        }
        if definition.primary_name.as_ref() == Some(&column.name) {
            return wrong("names the rows of the table and cannot be deleted");
        }
        refuse_depended_on(self.unit, &definition, &column)?;
        let notices = life::column_changed(self.unit, table, &column.name)?;
        // An amount's base amount goes with it.
        let base: Name = format!("{}_base", column.name).into();
        let amount = matches!(column.kind, ColumnType::Money { .. });
        let gone: Vec<ColumnDef> = definition
            .columns
            .iter()
            .filter(|other| other.name == column.name || (amount && other.name == base))
            .cloned()
            .collect();
        for column in &gone {
            self.unit.tx.drop_column(&definition, column)?;
            let left = definition.columns.iter().filter(|other| other.name != column.name);
            definition.columns = Columns::from(left.cloned().collect::<Vec<_>>());
        }
        self.unit.configuration_written()?;
        Ok(notices)
    }
}

/// A column that customizers may change, and its table.
fn customizable(unit: &mut Unit, table: &str, column: &str) -> Result<(TableDef, ColumnDef)> {
    let catalog = unit.snapshot()?.catalog.clone();
    let definition = TableDef::clone(catalog.table(table)?);
    if definition.ownership == Ownership::None {
        return Err(Error::invalid(format!(
            "table `{table}` is internal and its columns stay"
        )));
    }
    let column = coerce::column(&definition, column)?.clone();
    if column.managed {
        return Err(Error::invalid(format!(
            "column `{}` of `{table}` came with a managed solution; the next import of the solution changes it",
            column.name
        )));
    }
    Ok((definition, column))
}

/// Rows may hold texts of the length that was allowed so far, so it only grows.
fn lengthen(table: &TableDef, column: &mut ColumnDef, length: u32) -> Result<()> {
    let (most, old) = match &mut column.kind {
        ColumnType::Text { max_length } => (4_000, max_length),
        ColumnType::Memo { max_length } => (1_048_576, max_length),
        other => {
            return Err(Error::invalid(format!(
                "column `{}` of `{}` is of the type {}, which has no length",
                column.name,
                table.name,
                other.word()
            )));
        }
    };
    if length < *old || length > most.max(*old) {
        return Err(Error::invalid(format!(
            "column `{}` of `{}` takes {old} characters now; it can be given {old} to {most}, not {length}: rows may hold \
             texts of the length that was allowed so far",
            column.name, table.name
        )));
    }
    *old = length;
    Ok(())
}

/// Refuses to delete a column that mappings or steps name.
fn refuse_depended_on(unit: &mut Unit, table: &TableDef, column: &ColumnDef) -> Result<()> {
    let mut by = mapped_by(unit, table, column)?;
    by.extend(steps_with(unit, table, column)?);
    if by.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        Code::REFERENCED,
        format!(
            "column `{}` of `{}` cannot be deleted: {} depend on it; change or remove them first",
            column.name,
            table.name,
            by.join(", ")
        ),
    )
    .with_table(&table.name))
}

fn rows(unit: &mut Unit, query: &Query) -> Result<Vec<Row>> {
    let table = unit.snapshot()?.table(&query.table)?.clone();
    unit.tx.select(&snapshot::permit(), &table, query)
}

/// The mappings that name the column, as drafts or published.
fn mapped_by(unit: &mut Unit, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
    let mut maps = rows(unit, &Query::new(tables::ENTITY_MAP))?;
    let mut pairs = rows(unit, &Query::new(tables::ATTRIBUTE_MAP))?;
    let snapshot = unit.snapshot()?;
    maps.extend(snapshot.published(tables::ENTITY_MAP).iter().cloned());
    pairs.extend(snapshot.published(tables::ATTRIBUTE_MAP).iter().cloned());
    let mut named: Vec<String> = pairs
        .iter()
        .filter_map(|pair| {
            let map = maps.iter().find(|map| Some(map.id) == pair.id_of("entitymapid"))?;
            let end =
                |of: &str, name: &str| map.text(of) == Some(&*table.name) && pair.text(name) == Some(&*column.name);
            let named =
                end("sourceentityname", "sourceattributename") || end("targetentityname", "targetattributename");
            named.then(|| {
                format!(
                    "the mapping {}.{} → {}.{}",
                    map.text("sourceentityname").unwrap_or_default(),
                    pair.text("sourceattributename").unwrap_or_default(),
                    map.text("targetentityname").unwrap_or_default(),
                    pair.text("targetattributename").unwrap_or_default()
                )
            })
        })
        .collect();
    named.sort();
    named.dedup();
    Ok(named)
}

/// The steps that filter by the column, or have it in an image.
fn steps_with(unit: &mut Unit, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
    let names_it = |text: Option<&str>| snapshot::names(text).contains(&column.name);
    let containing = |list: &str| Filter::Compare {
        column: list.into(),
        comparison: Comparison::Contains,
        value: Value::from(&*column.name),
    };
    let filters = Query::new(tables::MESSAGE_FILTER)
        .columns(&[])
        .filter(Filter::eq("primaryobjecttypecode", &*table.name));
    let filters: Vec<_> = rows(unit, &filters)?.iter().map(|row| row.id).collect();
    let images = Query::new(tables::STEP_IMAGE).filter(containing("attributes"));
    let images: Vec<_> = rows(unit, &images)?
        .iter()
        .filter(|image| names_it(image.text("attributes")))
        .filter_map(|image| image.id_of("sdkmessageprocessingstepid"))
        .collect();
    let steps = rows(
        unit,
        &Query::new(tables::STEP).columns(&["name", "sdkmessagefilterid", "filteringattributes"]),
    )?;
    Ok(steps
        .iter()
        .filter(|step| {
            step.id_of("sdkmessagefilterid")
                .is_some_and(|filter| filters.contains(&filter))
        })
        .filter(|step| images.contains(&step.id) || names_it(step.text("filteringattributes")))
        .map(|step| format!("the step \"{}\"", step.text("name").unwrap_or_default()))
        .collect())
}
