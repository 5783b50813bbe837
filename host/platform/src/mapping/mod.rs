//! Column mappings between tables: the rows of `entitymap` and `attributemap` at work.

mod attribute_map;
mod auto_map_entity;
mod currency;
mod dependants;
pub(crate) mod entity_map;
mod initialize_from;
mod part;

use std::collections::{HashMap, HashSet};

use sluice_model::{
    Catalog, Choice, ColumnDef, ColumnType, Error, Name, Query, Result, Row, TableDef, Uuid, Value, coerce, looks,
};

pub use self::currency::{other_amounts, with_given};
use self::part::mappings_of;
use sluice_engine::{
    Session, Unit,
    capability::{Capability, Tables},
    tables,
};

/// A mapped pair of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) source: Name,
    pub(crate) target: Name,
}

/// A column of a table.
pub(crate) type Place<'a> = (&'a TableDef, &'a ColumnDef);

/// Why two columns cannot be mapped onto each other, whatever the values are; nothing, where
/// they can.
pub(crate) fn refusal(source: Place<'_>, target: Place<'_>) -> Option<Flaw> {
    let (from, to) = (source.1, target.1);
    let flaw = |sort, text: String| Some(Flaw { sort, text });
    let unmappable =
        |column: &ColumnDef| matches!(column.kind, ColumnType::Key | ColumnType::Id | ColumnType::State { .. });
    if let Some((table, column)) = [source, target].into_iter().find(|(_, column)| is_address_id(column)) {
        let text = format!(
            "`{}` of `{}` is the id of an address, and an address is one row's",
            column.name, table.name
        );
        return flaw("column", text);
    }
    if let Some((table, column)) = [source, target].into_iter().find(|place| is_party_list(*place)) {
        let text = format!("`{}` of `{}` is a list of parties", column.name, table.name);
        return flaw("column", text);
    }
    if to.filled {
        let text = format!("the platform itself fills `{}` of `{}`", to.name, target.0.name);
        return flaw("target", text);
    }
    if unmappable(from) || unmappable(to) {
        let column = if unmappable(from) { from } else { to };
        let text = format!(
            "a column of type {} cannot be mapped (`{}`)",
            column.kind.word(),
            column.name
        );
        return flaw("type", text);
    }
    if from.kind.word() != to.kind.word() {
        let text = format!(
            "one is of type {}, the other of type {}",
            from.kind.word(),
            to.kind.word()
        );
        return flaw("type", text);
    }
    if from.format != to.format {
        let format = |column: &ColumnDef| {
            column
                .format
                .map_or_else(|| "no format".to_owned(), |it| format!("{it:?}"))
        };
        let text = format!(
            "one text has {}, the other {}",
            format(from).to_lowercase(),
            format(to).to_lowercase()
        );
        return flaw("format", text);
    }
    if let (Some(long), Some(short)) = (length(from), length(to))
        && long > short
    {
        let text = format!("the source takes {long} characters, the target only {short}");
        return flaw("length", text);
    }
    if let (Some(from), Some(to)) = (from.kind.targets(), to.kind.targets())
        && !from.iter().any(|table| to.contains(table))
    {
        let text = format!("one refers to {}, the other to {}", from.join(", "), to.join(", "));
        return flaw("type", text);
    }
    None
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// `type`, `format`, `length`, `target`, `column`, `option`, `status`, `range`, `lookup`,
    /// `precision`, `secured` or `twice`.
    pub(crate) sort: &'static str,
    /// In words.
    pub(crate) text: String,
}

/// `address1_addressid` and its like.
fn is_address_id(column: &ColumnDef) -> bool {
    column.name.starts_with("address") && column.name.ends_with("_addressid")
}

/// The columns of activities that hold several parties.
fn is_party_list((table, column): Place<'_>) -> bool {
    let lists = [
        "from",
        "to",
        "cc",
        "bcc",
        "customers",
        "organizer",
        "partners",
        "requiredattendees",
        "optionalattendees",
        "resources",
    ];
    table.column("activityid").is_some() && lists.contains(&&*column.name)
}

fn length(column: &ColumnDef) -> Option<u32> {
    match column.kind {
        ColumnType::Text { max_length } | ColumnType::Memo { max_length } => Some(max_length),
        _ => None,
    }
}

/// The options of the source that the target lacks; of status reasons, those of the first
/// state: a row is made in that one.
pub(crate) fn missing_options<'a>(source: Place<'a>, target: Place<'a>) -> Vec<&'a Choice> {
    let (Some(from), Some(to)) = (source.1.kind.options(), target.1.kind.options()) else {
        return Vec::new();
    };
    if to.is_empty() {
        return Vec::new();
    }
    let open = |table: &TableDef, option: &Choice| {
        option.state.is_none_or(|state| {
            table
                .states()
                .and_then(|(states, _)| states.first())
                .is_some_and(|first| first.value == state)
        })
    };
    from.iter()
        .filter(|option| open(source.0, option))
        .filter(|option| {
            !to.iter()
                .any(|other| other.value == option.value && open(target.0, other))
        })
        .collect()
}

/// Of a mapping that is possible, that the source is secured and the target is not.
pub(crate) fn exposure(source: Place<'_>, target: Place<'_>) -> Option<Flaw> {
    let is_secured = |(table, column): Place<'_>| table.secured_as(&column.name).is_some();
    (is_secured(source) && !is_secured(target)).then(|| Flaw {
        sort: "secured",
        text: format!(
            "{}.{} is secured and {}.{} is not: whoever reads the target reads what the mapping carries over; secure it too",
            source.0.name, source.1.name, target.0.name, target.1.name
        ),
    })
}

/// What a mapping that is possible is warned of: values of the source that the target does not
/// take as they are.
fn warning(source: Place<'_>, target: Place<'_>) -> Option<Flaw> {
    let place = format!("{}.{}", target.0.name, target.1.name);
    match (&source.1.kind, &target.1.kind) {
        (ColumnType::Int { min, max }, ColumnType::Int { min: least, max: most }) => {
            let takes = |min: Option<i32>, max: Option<i32>| (min.unwrap_or(i32::MIN), max.unwrap_or(i32::MAX));
            let (from, to) = (takes(*min, *max), takes(*least, *most));
            (from.0 < to.0 || from.1 > to.1).then(|| Flaw {
                sort: "range",
                text: format!(
                    "{place} takes {} to {}, the source {} to {}; a row with a value outside is refused",
                    to.0, to.1, from.0, from.1
                ),
            })
        }
        (ColumnType::Lookup { targets: from }, ColumnType::Lookup { targets: to }) => {
            let missing: Vec<&str> = from
                .iter()
                .filter(|table| !to.contains(table))
                .map(|it| &**it)
                .collect();
            (!missing.is_empty()).then(|| Flaw {
                sort: "lookup",
                text: format!(
                    "{place} refers to {} and not to {}; a row that refers to one is refused",
                    to.join(", "),
                    missing.join(", ")
                ),
            })
        }
        (ColumnType::Decimal { precision: from }, ColumnType::Decimal { precision: to })
        | (ColumnType::Money { precision: from }, ColumnType::Money { precision: to })
            if from > to =>
        {
            Some(Flaw {
                sort: "precision",
                text: format!("{place} keeps {to} decimal places, the source {from}; values are rounded"),
            })
        }
        _ => option_flaw(source, target),
    }
}

/// The warning about a choice whose target lacks options.
fn option_flaw(source: Place<'_>, target: Place<'_>) -> Option<Flaw> {
    let missing = missing_options(source, target);
    if missing.is_empty() {
        return None;
    }
    let list: Vec<String> = missing
        .iter()
        .map(|option| format!("{} ({})", option.value, option.label))
        .collect();
    let (table, column) = (&target.0.name, &target.1.name);
    let status = matches!(target.1.kind, ColumnType::Status { .. });
    Some(Flaw {
        sort: if status { "status" } else { "option" },
        text: format!(
            "{table}.{column} lacks {}; a row with such a value is refused. Add them to the target{}",
            list.join(", "),
            if status {
                ""
            } else {
                ", or give both columns one global choice"
            }
        ),
    })
}

/// Mappings of columns.
pub(crate) static MAPPING: Capability = Capability {
    tables: sluice_engine::tables!["entitymap", "attributemap"],
    messages: &[&auto_map_entity::AutoMapEntity, &initialize_from::InitializeFrom],
    rules: &[
        (Tables::Named(tables::ATTRIBUTE_MAP), &attribute_map::AttributeMap),
        (Tables::Named(tables::ENTITY_MAP), &entity_map::EntityMap),
    ],
    dependants: &[&dependants::Maps],
    parts: &[&part::MappingPart],
    ..Capability::named("mapping")
};

/// A new row of `target` with what the mappings carry over from `source`.
///
/// # Errors
/// A value that the target's column does not take; the error names the mapping.
pub fn mapped(unit: &mut Unit, source: &Row, target: &str) -> Result<Row> {
    let snapshot = unit.snapshot()?;
    let table = snapshot.table(target)?;
    let mut row = carried(mappings_of(&snapshot, &source.table, target), source, target);
    for pair in mappings_of(&snapshot, &source.table, target) {
        let Some(value) = row.get(&pair.target).cloned() else {
            continue;
        };
        let checked = coerce::column(table, &pair.target).and_then(|column| match column.kind {
            // A wrong status reason is refused by the Create, which knows the row.
            ColumnType::Status { .. } => Ok(value),
            _ => coerce::check(table, column, value),
        });
        let checked = checked.map_err(|mut error| {
            let body = error.body_mut();
            body.message = format!(
                "the mapping {}.{} → {}.{} cannot carry the value over: {}",
                source.table, pair.source, table.name, pair.target, body.message
            );
            error
        })?;
        row.values.insert(pair.target.clone(), checked);
    }
    Ok(row)
}

/// Whether the mappings carry over, into one of these columns of `target`, anything that people see.
pub fn fills(unit: &Unit, source: &Row, target: &str, columns: &[&str]) -> bool {
    let tells = |value: &Value| !value.is_null() && value.as_text().is_none_or(|text| !looks::is_blank(text));
    mappings_of(unit.configuration(), &source.table, target)
        .iter()
        .any(|pair| columns.contains(&&*pair.target) && source.get(&pair.source).is_some_and(tells))
}

/// The values that the pairs carry over, as they are.
fn carried(pairs: &[Pair], source: &Row, target: &str) -> Row {
    let mut row = Row::unsaved(target);
    for pair in pairs {
        if let Some(value) = source.get(&pair.source).filter(|value| !value.is_null()) {
            row.set(pair.target.clone(), value.clone());
        }
    }
    row
}

/// Something that is wrong with a mapping as the tables are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// The row of the mapping.
    pub map: Uuid,
    /// The table and the column that are mapped.
    pub source: (Name, Name),
    /// The table and the column that they are mapped onto.
    pub target: (Name, Name),
    /// Whether the mapping counts already.
    pub published: bool,
    /// `type`, `format`, `length`, `target`, `column`, `option`, `status`, `range`, `lookup`,
    /// `precision`, `secured` or `twice`.
    pub sort: &'static str,
    /// In words.
    pub text: String,
}

/// What is carried over from a row to another.
pub trait Mappings {
    /// A new row of `target` with what the mappings carry over from `source`, as it is: whether
    /// the target takes the values shows when the row is created.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn mapped(&self, source: &Row, target: &str) -> Result<Row>;

    /// The columns that are mapped from one table to another: source and target.
    ///
    /// # Errors
    /// The configuration cannot be read.
    fn mapped_columns(&self, source: &str, target: &str) -> Result<Vec<(Name, Name)>>;

    /// What a mapping of these two columns is warned of: options that the target lacks, other
    /// values that it does not take as they are, and that it opens a secured column.
    ///
    /// # Errors
    /// There is no such table or column.
    fn mapping_warnings(&self, source: (&str, &str), target: (&str, &str)) -> Result<Vec<String>>;

    /// Everything that is wrong with the mappings, published or not.
    ///
    /// # Errors
    /// The user may not read the mappings.
    fn mapping_problems(&self) -> Result<Vec<MappingProblem>>;
}

impl Mappings for Session {
    fn mapped(&self, source: &Row, target: &str) -> Result<Row> {
        let snapshot = self.snapshot()?;
        Ok(carried(mappings_of(&snapshot, &source.table, target), source, target))
    }

    fn mapped_columns(&self, source: &str, target: &str) -> Result<Vec<(Name, Name)>> {
        let snapshot = self.snapshot()?;
        let pairs = mappings_of(&snapshot, &source.into(), target).iter();
        Ok(pairs.map(|pair| (pair.source.clone(), pair.target.clone())).collect())
    }

    fn mapping_warnings(&self, source: (&str, &str), target: (&str, &str)) -> Result<Vec<String>> {
        let catalog = self.catalog()?;
        let place = |(table, column): (&str, &str)| -> Result<(TableDef, ColumnDef)> {
            let table = catalog.table(table)?;
            Ok((TableDef::clone(table), coerce::column(table, column)?.clone()))
        };
        let (from, to) = (place(source)?, place(target)?);
        let (from, to) = ((&from.0, &from.1), (&to.0, &to.1));
        Ok(warnings(from, to).map(|flaw| flaw.text).collect())
    }

    fn mapping_problems(&self) -> Result<Vec<MappingProblem>> {
        let catalog = self.catalog()?;
        let drafts = [tables::ENTITY_MAP, tables::ATTRIBUTE_MAP].map(|table| self.list(Query::new(table)));
        let [drafts_of_tables, drafts] = drafts;
        let (drafts_of_tables, drafts) = (drafts_of_tables?, drafts?);
        let published_tables = self.snapshot()?.published(tables::ENTITY_MAP).to_vec();
        let published = self.snapshot()?.published(tables::ATTRIBUTE_MAP).to_vec();
        let maps: HashMap<Uuid, &Row> = published_tables
            .iter()
            .chain(&drafts_of_tables)
            .map(|row| (row.id, row))
            .collect();
        let mut problems = Vec::new();
        for (rows, counts) in [(&published, true), (&drafts, false)] {
            let mut targets = HashSet::new();
            for row in rows {
                let Some(map) = row.id_of("entitymapid").and_then(|id| maps.get(&id)) else {
                    continue;
                };
                let names = |map_column, column| -> (Name, Name) {
                    let text = |row: &Row, column| Name::from(row.text(column).unwrap_or_default());
                    (text(map, map_column), text(row, column))
                };
                let source = names("sourceentityname", "sourceattributename");
                let target = names("targetentityname", "targetattributename");
                let mut flaws = flaws(&catalog, &source, &target);
                if !targets.insert((source.0.clone(), target.clone())) {
                    flaws.push(Flaw {
                        sort: "twice",
                        text: format!("{}.{} is mapped from two columns", target.0, target.1),
                    });
                }
                // A draft that is as it was published has been looked at.
                let known = |text: &str| {
                    problems
                        .iter()
                        .any(|problem: &MappingProblem| problem.map == row.id && problem.text == text)
                };
                flaws.retain(|flaw| !known(&flaw.text));
                problems.extend(flaws.into_iter().map(|flaw| MappingProblem {
                    map: row.id,
                    source: source.clone(),
                    target: target.clone(),
                    published: counts,
                    sort: flaw.sort,
                    text: flaw.text,
                }));
            }
        }
        Ok(problems)
    }
}

/// What a mapping that can be is warned of.
fn warnings<'a>(source: Place<'a>, target: Place<'a>) -> impl Iterator<Item = Flaw> {
    warning(source, target).into_iter().chain(exposure(source, target))
}

/// What is wrong with one mapping.
fn flaws(catalog: &Catalog, source: &(Name, Name), target: &(Name, Name)) -> Vec<Flaw> {
    let place = |(table, column): &(Name, Name)| {
        let gone = |error: Error| Flaw {
            sort: "column",
            text: error.message().to_owned(),
        };
        let table = catalog.table(table).map_err(gone)?;
        Ok((&**table, coerce::column(table, column).map_err(gone)?))
    };
    match (place(source), place(target)) {
        (Ok(source), Ok(target)) => match refusal(source, target) {
            Some(refused) => vec![refused],
            None => warnings(source, target).collect(),
        },
        (source, target) => [source.err(), target.err()].into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use sluice_model::Ownership;

    use super::*;

    fn table(name: &str, columns: &[&str]) -> TableDef {
        let text = |name: &&str| ColumnDef::new(name, ColumnType::Text { max_length: 10 });
        TableDef {
            columns: columns.iter().map(text).collect::<Vec<_>>().into(),
            ..TableDef::new(name, Ownership::User)
        }
    }

    /// Activities keep their parties in rows of their own; a table with such a column is none of
    /// ours, yet.
    #[test]
    fn lists_of_parties_are_not_mapped() {
        let lead = table("lead", &["subject", "to"]);
        let email = table("email", &["activityid", "subject", "to"]);
        let flaw = |from: &str, to: &str| {
            let source = (&lead, lead.column(from).unwrap());
            refusal(source, (&email, email.column(to).unwrap())).map(|flaw| flaw.text)
        };
        assert_eq!(flaw("subject", "to").unwrap(), "`to` of `email` is a list of parties");
        assert_eq!(flaw("to", "subject"), None, "elsewhere it is a name like any");
    }
}
