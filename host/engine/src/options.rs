//! The options of choices as customizers have them: rows of `optionset`, laid over the
//! definitions of the columns when the catalogue is read.
//! Source: requirements R2, R54, R57, R202; reference §4.5.

use std::collections::HashMap;

use sluice_model::{Choice, Error, Name, Result, TableDef};

use crate::{publish::Stored, tables};

/// The options in their JSON form.
///
/// # Errors
/// The text is no list of options, or two have one number.
pub(crate) fn parse(text: &str) -> Result<Vec<Choice>> {
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
#[expect(dead_code, reason = "the command line edits options next")]
pub(crate) fn to_text(options: &[Choice]) -> String {
    serde_json::to_string(options).unwrap_or_default()
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
