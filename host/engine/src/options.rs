//! The options of choices as customizers have them: rows of `optionset`, laid over the
//! definitions of the columns when the catalogue is read.

use std::collections::HashMap;

use sluice_model::{Catalog, Choice, Code, ColumnDef, ColumnType, Error, Name, Remedy, Result, TableDef, coerce};
use sluice_store::Tx;

use crate::{published::Stored, tables};

/// The options in their JSON form.
///
/// # Errors
/// The text is no list of options, or two have one number.
pub fn parse(text: &str) -> Result<Vec<Choice>> {
    let options: Vec<Choice> =
        serde_json::from_str(text).map_err(|error| Error::invalid(format!("these are no options: {error}")))?;
    let mut values: Vec<i32> = options.iter().map(|option| option.value).collect();
    values.sort_unstable();
    if let Some(pair) = values.windows(2).find(|pair| pair.first() == pair.last()) {
        let twice = pair.first().copied().unwrap_or_default();
        return Err(Error::invalid(format!("two options have the number {twice}")));
    }
    Ok(options)
}

/// The options as JSON.
pub fn to_text(options: &[Choice]) -> String {
    serde_json::to_string(options).unwrap_or_default()
}

/// The column that a name such as `lead.statuscode` means: one whose options can be changed.
///
/// # Errors
/// It names no column, a column without options, or one whose options are fixed or a global
/// choice's.
pub fn column<'a>(catalog: &'a Catalog, name: &str) -> Result<(&'a TableDef, &'a ColumnDef)> {
    let Some((table, column)) = name.split_once('.') else {
        let message = format!("there is no global choice `{name}`; the options of a column are TABLE.COLUMN");
        return Err(Error::new(Code::NOT_FOUND, message).with_remedy(Remedy::ListChoices));
    };
    let table = catalog.table(table)?;
    let column = coerce::column(table, column)?;
    let refuse = |why: String| Err(Error::new(Code::NOT_A_CHOICE, why).with_table(&table.name));
    if let Some(global) = column.kind.global() {
        return refuse(format!(
            "`{name}` has the options of the global choice `{global}`; change that one, and every column of it follows"
        ));
    }
    match &column.kind {
        ColumnType::Choice { .. } | ColumnType::Choices { .. } | ColumnType::Status { .. } => Ok((table, column)),
        ColumnType::State { .. } => refuse(format!(
            "the states of `{}` are fixed; add a status reason to one of them: {}.statuscode",
            table.name, table.name
        )),
        other => refuse(format!(
            "`{name}` is a column of type {} and has no options",
            other.word()
        )),
    }
}

/// The options of the column that a name means, as they are published.
///
/// # Errors
/// See [`column`].
pub fn of_column(catalog: &Catalog, name: &str) -> Result<Vec<Choice>> {
    let (_, column) = column(catalog, name)?;
    Ok(column.kind.options().unwrap_or_default().to_vec())
}

/// The options of a column as its definition has them, before any customizer's.
pub fn defined(tx: &mut Tx, table: &str, column: &str) -> Result<Vec<Choice>> {
    let definitions = tx.definitions()?;
    let column = definitions
        .iter()
        .find(|definition| &*definition.name == table)
        .and_then(|definition| definition.column(column));
    Ok(column
        .and_then(|column| column.kind.options())
        .unwrap_or_default()
        .to_vec())
}

/// Lays the published options over the definitions.
pub(crate) fn lay_over(definitions: &mut [TableDef], published: &Stored) -> Result<()> {
    let mut of_columns: HashMap<(Name, Name), Vec<Choice>> = HashMap::new();
    let mut global: HashMap<Name, Vec<Choice>> = HashMap::new();
    for (_, _, content) in published.iter().filter(|(table, ..)| **table == *tables::OPTION_SET) {
        let row: serde_json::Value = serde_json::from_str(content)
            .map_err(|error| Error::host(format!("a published choice is broken: {error}")))?;
        let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
        let options = parse(text("options").unwrap_or("[]"))?;
        match (text("tablename"), text("columnname"), text("name")) {
            (Some(table), Some(column), _) => {
                of_columns.insert((table.into(), column.into()), options);
            }
            (_, _, Some(name)) => {
                global.insert(name.into(), options);
            }
            _ => {}
        }
    }
    if of_columns.is_empty() && global.is_empty() {
        return Ok(());
    }
    for table in definitions {
        let name = table.name.clone();
        for column in table.columns.iter_mut() {
            let laid = match column.kind.global() {
                Some(choice) => global.get(choice),
                None => of_columns.get(&(name.clone(), column.name.clone())),
            };
            if let (Some(laid), Some(options)) = (laid, column.kind.options_mut()) {
                options.clone_from(laid);
            }
        }
    }
    Ok(())
}
