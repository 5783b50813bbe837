//! Conditions on what people see of a column: the names of the rows that lookups refer to, and the
//! labels of options. An id and a number of an option mean themselves.

use std::cmp::Ordering;

use uuid::Uuid;

use crate::{
    Catalog, Choice, ColumnDef, ColumnType, Comparison, Error, Filter, Name, Reference, Related, Result, TableDef,
    Value,
};
use crate::{choices, coerce, text::Collation};

/// Whether a text that a column is compared with is the name of a row.
pub(crate) fn is_name(column: &ColumnDef, text: &str) -> bool {
    column.kind.targets().is_some() && text.parse::<Uuid>().is_err()
}

/// The column is compared with a text, or searched for one.
///
/// # Errors
/// As [`coerce::compared`]; the column has nothing that could be searched.
pub(crate) fn compare(
    catalog: &Catalog,
    table: &TableDef,
    column: &ColumnDef,
    comparison: Comparison,
    text: &str,
) -> Result<Filter> {
    let is = |value| Filter::Compare {
        column: column.name.clone(),
        comparison,
        value,
    };
    let searches = is_search(comparison);
    match &column.kind {
        ColumnType::Text { .. } | ColumnType::Memo { .. } if searches => Ok(is(text.into())),
        ColumnType::Lookup { .. } if searches || is_name(column, text) => {
            by_name(catalog, table, column, comparison, text)
        }
        // One of several.
        ColumnType::Choices { options, .. } if comparison == Comparison::Contains => {
            let found = choices::meant(catalog.collation(), options, text);
            match found.as_slice() {
                [] => Err(choices::out_of_range(table, column, text)),
                [only] => Ok(is(Value::Choice(*only))),
                several => Ok(Filter::Or(several.iter().map(|one| is(Value::Choice(*one))).collect())),
            }
        }
        ColumnType::Choice { options, .. } | ColumnType::State { options } | ColumnType::Status { options }
            if searches || (is_order(comparison) && text.parse::<i32>().is_err()) =>
        {
            Ok(by_label(catalog.collation(), column, options, comparison, text))
        }
        // All that are called so.
        ColumnType::Choice { .. } | ColumnType::State { .. } | ColumnType::Status { .. }
            if matches!(comparison, Comparison::Eq | Comparison::Ne) =>
        {
            Ok(match (options_called(table, column, text)?.as_slice(), comparison) {
                ([only], _) => is(only.clone()),
                (several, Comparison::Eq) => one_of(column, several.to_vec()),
                (several, _) => one_of(column, several.to_vec()).negated(),
            })
        }
        _ if searches => Err(Error::invalid(format!(
            "column `{}` of `{}` holds no text",
            column.name, table.name
        ))),
        _ => coerce::compared(table, column, text).map(is),
    }
}

/// The column is one of these; where it holds several choices, it holds these and no others.
///
/// # Errors
/// As [`compare`].
pub(crate) fn among<'a>(
    catalog: &Catalog,
    table: &TableDef,
    column: &ColumnDef,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Filter> {
    let (names, others): (Vec<&str>, Vec<&str>) = texts.into_iter().partition(|text| is_name(column, text));
    if matches!(column.kind, ColumnType::Choices { .. }) && !others.is_empty() {
        let mut set = Vec::new();
        for text in others {
            set.extend(numbers(coerce::compared(table, column, text)?));
        }
        set.sort_unstable();
        set.dedup();
        return Ok(Filter::eq(&column.name, Value::Choices(set)));
    }
    let values = others.iter().map(|text| options_called(table, column, text));
    let values = one_of(column, values.collect::<Result<Vec<_>>>()?.concat());
    if names.is_empty() {
        return Ok(values);
    }
    let named = names
        .iter()
        .map(|name| by_name(catalog, table, column, Comparison::Eq, name));
    let mut any = named.collect::<Result<Vec<_>>>()?;
    if !others.is_empty() {
        any.push(values);
    }
    Ok(Filter::Or(any))
}

/// What a text means where the column is compared with it: of choices, each option that is called so.
fn options_called(table: &TableDef, column: &ColumnDef, text: &str) -> Result<Vec<Value>> {
    let found = match &column.kind {
        ColumnType::Choice { options, .. } | ColumnType::State { options } | ColumnType::Status { options } => {
            choices::meant(table.collation(), options, text)
        }
        _ => Vec::new(),
    };
    match found.as_slice() {
        [] | [_] => Ok(vec![coerce::compared(table, column, text)?]),
        several => Ok(several.iter().copied().map(Value::Choice).collect()),
    }
}

/// The numbers of the options that texts name where the column is compared with them; none of a column
/// without options.
///
/// # Errors
/// As [`compare`].
pub(crate) fn options<'a>(
    table: &TableDef,
    column: &ColumnDef,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<i32>> {
    let Some(options) = column.kind.options() else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for text in texts {
        match choices::meant(table.collation(), options, text) {
            called if !called.is_empty() => all.extend(called),
            _ => all.extend(numbers(coerce::compared(table, column, text)?)),
        }
    }
    Ok(all)
}

/// The numbers of a value of a choice, or of several.
fn numbers(value: Value) -> Vec<i32> {
    match value {
        Value::Choice(number) => vec![number],
        Value::Choices(several) => several,
        _ => Vec::new(),
    }
}

fn one_of(column: &ColumnDef, values: Vec<Value>) -> Filter {
    Filter::In {
        column: column.name.clone(),
        values,
    }
}

fn is_search(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith
    )
}

fn is_order(comparison: Comparison) -> bool {
    matches!(
        comparison,
        Comparison::Lt | Comparison::Le | Comparison::Gt | Comparison::Ge
    )
}

/// The lookup refers to a row whose name compares so.
fn by_name(
    catalog: &Catalog,
    table: &TableDef,
    column: &ColumnDef,
    comparison: Comparison,
    text: &str,
) -> Result<Filter> {
    if comparison == Comparison::Ne {
        return by_name(catalog, table, column, Comparison::Eq, text).map(Filter::negated);
    }
    // As it is written, the name has its table before it.
    let with_table = text.split_once(':').filter(|_| comparison == Comparison::Eq);
    let with_table = with_table.map(|(table, name)| {
        if table == "user" {
            ("systemuser", name)
        } else {
            (table, name)
        }
    });
    let named =
        with_table.and_then(|(table, name)| Some((column.targets().iter().find(|one| ***one == *table)?, name)));
    if let Some((table, id)) = named.and_then(|(table, name)| Some((table, name.parse().ok()?))) {
        return Ok(Filter::eq(&column.name, Reference::new(table.clone(), id)));
    }
    // A name with its table asks that table alone.
    let asked = |target: &&Name| named.is_none_or(|(table, _)| table == *target);
    let mut any = Vec::new();
    for target in column.targets().iter().filter(asked) {
        let target = catalog.table(target)?;
        let Some(name) = &target.primary_name else { continue };
        let wanted = match named {
            Some((table, wanted)) if *table == target.name => vec![text, wanted],
            _ => vec![text],
        };
        let is = |text: &&str| Filter::Compare {
            column: name.clone(),
            comparison,
            value: (*text).into(),
        };
        any.push(Filter::Related(Box::new(Related {
            column: column.name.clone(),
            table: target.name.clone(),
            other: target.key.clone(),
            filter: match wanted.as_slice() {
                [only] => is(only),
                several => Filter::Or(several.iter().map(is).collect()),
            },
        })));
    }
    match (any.len(), any.pop()) {
        (1, Some(only)) => Ok(only),
        (_, Some(last)) => {
            any.push(last);
            Ok(Filter::Or(any))
        }
        (_, None) => Err(Error::invalid(format!(
            "`{text}` is no id, and what column `{}` of `{}` refers to has no names",
            column.name, table.name
        ))),
    }
}

fn by_label(
    collation: &Collation,
    column: &ColumnDef,
    options: &[Choice],
    comparison: Comparison,
    part: &str,
) -> Filter {
    let fold = collation.fold(part);
    let passes = |option: &&Choice| {
        let order = collation.compare(&option.label, part);
        match comparison {
            Comparison::Contains => collation.contains(&option.label, &fold),
            Comparison::StartsWith => collation.starts_with(&option.label, &fold),
            Comparison::EndsWith => collation.ends_with(&option.label, &fold),
            Comparison::Eq => order == Ordering::Equal,
            Comparison::Ne => order != Ordering::Equal,
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
        }
    };
    let found = options.iter().filter(passes);
    one_of(column, found.map(|option| Value::Choice(option.value)).collect())
}
