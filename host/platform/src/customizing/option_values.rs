//! What the messages about single options have in common: which choice is meant, and the row
//! of `optionset` that holds its options. Its rules decide on what may be changed.

use sluice_model::{Choice, Code, Error, Filter, ParameterType, Query, Remedy, Request, Result, Right, Row};

use sluice_engine::{
    Operation, Unit,
    message::{Images, ParameterDef, Shape, Takes, input, optional, required},
    options, principals, tables,
};

/// A global choice …
pub(super) const NAME: ParameterDef = optional("OptionSetName", ParameterType::Text);
/// … or the choice of one column: its table …
pub(super) const TABLE: ParameterDef = optional("EntityLogicalName", ParameterType::Text);
/// … and its name.
pub(super) const COLUMN: ParameterDef = optional("AttributeLogicalName", ParameterType::Text);

/// The number of the option.
pub(super) const VALUE: ParameterDef = required("Value", ParameterType::Int);

/// The first number that an option gets by itself.
const FIRST_OWN: i32 = 100_000_000;

/// The form of these messages: they work on no row, and run no steps.
pub(super) const fn shape(inputs: &'static [ParameterDef], outputs: &'static [ParameterDef]) -> Shape {
    Shape {
        takes: Takes::Nothing,
        tables: None,
        reads: false,
        images: Images::None,
        binds_table: false,
        inputs,
        outputs,
    }
}

/// The gate: options are changed by whoever may change choices.
pub(super) fn check(unit: &mut Unit, operation: &Operation) -> Result<()> {
    let table = unit.snapshot()?.table(tables::OPTION_SET)?.clone();
    principals::require(unit, operation, &table, Right::Write)
}

/// The name of the choice that the request speaks of: `NAME`, or `table.column`.
fn name(operation: &Operation) -> Result<String> {
    let texts = [
        input::optional_text(operation, "OptionSetName")?,
        input::optional_text(operation, "EntityLogicalName")?,
        input::optional_text(operation, "AttributeLogicalName")?,
    ];
    match texts {
        [Some(name), None, None] => Ok(name),
        [None, Some(table), Some(column)] => Ok(format!("{table}.{column}")),
        _ => Err(Error::invalid(
            "a choice is named by OptionSetName, or by EntityLogicalName and AttributeLogicalName",
        )),
    }
}

/// The label, which must be there.
pub(super) fn label(operation: &Operation) -> Result<String> {
    input::text(operation, "Label")
}

/// Changes the options of the choice, as customizers see them: in its row, which is made from
/// the column's definition where there is none yet.
pub(super) fn change<T>(
    unit: &mut Unit,
    operation: &Operation,
    edit: impl FnOnce(&str, &mut Vec<Choice>) -> Result<T>,
) -> Result<T> {
    let name = name(operation)?;
    let query = Query::new(tables::OPTION_SET).filter(Filter::eq("name", &*name));
    let row = unit
        .select_as_platform("find the choice whose options an ordinary Update will change", &query)?
        .pop();
    let mut options = match &row {
        Some(row) => options::parse(row.text("options").unwrap_or("[]"))?,
        None => options::of_column(&unit.catalog(), &name)?,
    };
    let result = edit(&name, &mut options)?;
    let text = options::to_text(&options);
    let request = match row {
        Some(row) => Request::update(Row::new(tables::OPTION_SET, row.id).with("options", text)),
        None => Request::create(
            Row::unsaved(tables::OPTION_SET)
                .with("name", name)
                .with("options", text),
        ),
    };
    unit.run_as_caller(operation, request)?;
    Ok(result)
}

/// Adds an option; its number, which it gets by itself where the request gives none.
pub(super) fn insert(unit: &mut Unit, operation: &Operation, state: Option<i32>) -> Result<i32> {
    let (given, label) = (input::int(operation, "Value")?, label(operation)?);
    change(unit, operation, |name, options| {
        let highest = options.iter().map(|option| option.value).max().unwrap_or_default();
        let value = given.unwrap_or_else(|| highest.saturating_add(1).max(FIRST_OWN));
        if let Some(there) = options.iter().find(|option| option.value == value) {
            return Err(Error::new(
                Code::DUPLICATE_KEY,
                format!(
                    "{name} has the option {value} already ({}), which can be given another label",
                    there.label
                ),
            )
            .with_remedy(Remedy::RelabelOption)
            .with_word("CHOICE", name)
            .with_word("VALUE", value));
        }
        options.push(Choice {
            state,
            ..Choice::new(value, label)
        });
        Ok(value)
    })
}

/// The option of that number.
pub(super) fn find<'a>(name: &str, options: &'a mut [Choice], value: i32) -> Result<&'a mut Choice> {
    options
        .iter_mut()
        .find(|option| option.value == value)
        .ok_or_else(|| Error::new(Code::NOT_FOUND, format!("{name} has no option {value}")))
}
