//! Changes of columns that are there. What compares a column that changes is unpublished, and
//! the caller is told. Metadata operations raise no events.
//! Source: R91.

use sluice_model::{
    Code, ColumnDef, ColumnType, Comparison, Error, Filter, Ownership, Result, TableDef, Value, coerce,
    definition::Columns,
};

use crate::{Session, duplicates::life, engine::Batch, managed, snapshot, tables};

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
        let (definition, column) = self.customizable(table, column)?;
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
        self.put_column(definition, changed)
    }

    /// Keeps a changed column of a table. The notices say which duplicate rules went out of work:
    /// those that compare it, unless only what people call it has changed.
    pub(crate) fn put_column(&mut self, mut table: TableDef, column: ColumnDef) -> Result<Vec<Error>> {
        let mut notices = Vec::new();
        let all = table.columns.iter().map(|other| match other.name == column.name {
            true => column.clone(),
            false => other.clone(),
        });
        let before = table.column(&column.name);
        if before.is_none_or(|before| (&before.kind, before.format) != (&column.kind, column.format)) {
            notices = life::column_changed(self.unit, &table.name, &column.name)?;
        }
        table.columns = Columns::from(all.collect::<Vec<_>>());
        self.save_definition(&table)?;
        Ok(notices)
    }

    /// See [`Session::delete_column`].
    ///
    /// # Errors
    /// See there.
    pub fn delete_column(&mut self, table: &str, column: &str) -> Result<Vec<Error>> {
        self.require("prvDeleteAttribute")?;
        let (definition, column) = self.customizable(table, column)?;
        let wrong = |why: &str| Err(Error::invalid(format!("column `{}` of `{table}` {why}", column.name)));
        if !column.custom {
            return wrong("belongs to the platform and cannot be deleted");
        }
        if definition.primary_name.as_ref() == Some(&column.name) {
            return wrong("names the rows of the table and cannot be deleted");
        }
        let users = self.users_of_column(&definition, &column)?;
        if !users.is_empty() {
            let message = format!(
                "column `{}` of `{table}` cannot be deleted: it is used by {}; change that first",
                column.name,
                users.join(", ")
            );
            return Err(Error::new(Code::REFERENCED, message).with_table(table));
        }
        let notices = life::column_changed(self.unit, table, &column.name)?;
        self.drop_column(table, &column.name)?;
        Ok(notices)
    }

    /// A column that customizers may change, and its table, as they are kept.
    fn customizable(&mut self, table: &str, column: &str) -> Result<(TableDef, ColumnDef)> {
        let definition = self.definition(table)?;
        if definition.ownership == Ownership::None {
            return Err(Error::invalid(format!(
                "table `{table}` is internal and its columns stay"
            )));
        }
        let column = coerce::column(&definition, column)?.clone();
        if column.managed && !self.importing {
            let what = format!("the column `{}` of `{table}`", column.name);
            return Err(managed::refused(Code::MANAGED, &what).with_table(table));
        }
        Ok((definition, column))
    }

    /// The mappings, steps and stages of processes that name a column.
    pub(crate) fn users_of_column(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
        let mut users = self.mappings_with(table, column)?;
        users.extend(self.steps_with(table, column)?);
        users.extend(self.stages_with(table, column)?);
        Ok(users)
    }

    /// The mappings that name the column, as drafts or published.
    fn mappings_with(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
        let mut maps = self.select("see what names a column that is to go", tables::ENTITY_MAP, Filter::All)?;
        let mut pairs = self.select(
            "see what names a column that is to go",
            tables::ATTRIBUTE_MAP,
            Filter::All,
        )?;
        let snapshot = self.unit.snapshot()?;
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
    fn steps_with(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
        let names_it = |text: Option<&str>| snapshot::names(text).contains(&column.name);
        let containing = Filter::Compare {
            column: "attributes".into(),
            comparison: Comparison::Contains,
            value: Value::from(&*column.name),
        };
        let of_table = Filter::eq("primaryobjecttypecode", &*table.name);
        let filters: Vec<_> = self.select(
            "see what names a column that is to go",
            tables::MESSAGE_FILTER,
            of_table,
        )?;
        let images = self.select("see what names a column that is to go", tables::STEP_IMAGE, containing)?;
        let images: Vec<_> = images
            .iter()
            .filter(|image| names_it(image.text("attributes")))
            .filter_map(|image| image.id_of("sdkmessageprocessingstepid"))
            .collect();
        let steps = self.select("see what names a column that is to go", tables::STEP, Filter::All)?;
        Ok(steps
            .iter()
            .filter(|step| {
                let filter = step.id_of("sdkmessagefilterid");
                filter.is_some_and(|id| filters.iter().any(|filter| filter.id == id))
            })
            .filter(|step| images.contains(&step.id) || names_it(step.text("filteringattributes")))
            .map(|step| format!("the step \"{}\"", step.text("name").unwrap_or_default()))
            .collect())
    }

    /// The stages of processes that ask for the column.
    fn stages_with(&mut self, table: &TableDef, column: &ColumnDef) -> Result<Vec<String>> {
        let mut users = Vec::new();
        for stage in self.select(
            "see what names a column that is to go",
            tables::STAGE,
            Filter::eq("primaryentitytypecode", &*table.name),
        )? {
            let of_column = Filter::eq("sl_stageid", stage.id).and(Filter::eq("sl_column", &*column.name));
            if !self
                .select("see what names a column that is to go", tables::PROCESS_STEP, of_column)?
                .is_empty()
            {
                let name = stage.text("stagename").unwrap_or_default();
                users.push(format!("the stage \"{name}\" of a process"));
            }
        }
        Ok(users)
    }
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
