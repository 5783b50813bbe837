//! The other text form of a query: FetchXML, as views keep it and as the platform's editors
//! write it. What it can say beyond the query tree is refused by name.
//!
//! A link whose columns are shown joins their table, and a row comes once for each row there. One
//! that shows nothing narrows the rows.

mod condition;
mod shown;
mod xml;

use std::sync::Arc;

use crate::{
    Code, ColumnType, Error, Filter, Join, Name, Page, Query, Related, Result, Surroundings, TableDef, coerce,
    odata::MAX_CONDITIONS,
    operators::Operator,
    query::{MAX_RELATED, too_many_links},
};
use condition::Condition;
use xml::Element;

/// The query that a document asks for.
///
/// # Errors
/// [`Code::INVALID_ARGUMENT`] with what is wrong; [`Code::ENTITY_UNKNOWN`] and
/// [`Code::ATTRIBUTE_UNKNOWN`] for a table and a column that are not there.
pub fn parse(surroundings: &Surroundings, text: &str) -> Result<Query> {
    read(surroundings, text).map(|(query, _)| query)
}

/// The options that one condition of a document names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The table.
    pub table: Name,
    /// Its column.
    pub column: Name,
    /// The numbers of the options.
    pub options: Vec<i32>,
}

/// The options that the conditions of a document name, by numbers and labels, in their order.
///
/// # Errors
/// As [`parse`].
pub fn options(surroundings: &Surroundings, text: &str) -> Result<Vec<Named>> {
    read(surroundings, text).map(|(_, named)| named)
}

fn read(surroundings: &Surroundings, text: &str) -> Result<(Query, Vec<Named>)> {
    let fetch = xml::parse(text)?;
    if fetch.name != "fetch" {
        return Err(wrong(&format!("it begins with <{}> and not with <fetch>", fetch.name)));
    }
    fetch.only(&[
        "aggregate",
        "count",
        "distinct",
        "mapping",
        "no-lock",
        "output-format",
        "page",
        "paging-cookie",
        "returntotalrecordcount",
        "top",
        "useraworderby",
        "version",
    ])?;
    // These are read as well, so that none is taken for what it is not.
    truth(&fetch, "no-lock")?;
    only_value(&fetch, "mapping", "logical")?;
    only_value(&fetch, "output-format", "xml-platform")?;
    let [entity] = fetch.children.as_slice() else {
        return Err(wrong("<fetch> holds one <entity>, and nothing else"));
    };
    if entity.name != "entity" {
        return Err(wrong(&format!("<fetch> holds no <{}>", entity.name)));
    }
    let mut reader = Reader::new(surroundings);
    reader.totals = truth(&fetch, "aggregate")?;
    let mut query = reader.entity(entity)?;
    query.distinct = truth(&fetch, "distinct")?;
    query.raw_order = truth(&fetch, "useraworderby")?;
    query.counted = truth(&fetch, "returntotalrecordcount")?;
    part(&fetch, &mut query)?;
    check_distinct(&query)?;
    Ok((query, reader.named))
}

/// Whether a text is a document at all, whatever it asks for.
pub fn is_document(text: &str) -> bool {
    xml::parse(text).is_ok()
}

/// Which of the rows: the first ones, or a page.
fn part(fetch: &Element, query: &mut Query) -> Result<()> {
    let of = |name| fetch.attribute(name).map(number).transpose();
    let (top, count, number, after) = (of("top")?, of("count")?, of("page")?, fetch.attribute("paging-cookie"));
    if top.is_some() && (count.is_some() || number.is_some() || after.is_some()) {
        return Err(wrong(
            "`top` is not given together with `count`, `page` or `paging-cookie`",
        ));
    }
    query.top = top;
    if count.is_some() || number.is_some() || after.is_some() {
        if count == Some(0) || number == Some(0) {
            return Err(wrong("pages are counted from 1, and have a row at least"));
        }
        query.page = Some(Page {
            number: number.unwrap_or(1),
            size: count.unwrap_or(MOST_ROWS).min(MOST_ROWS),
            after: after.map(ToOwned::to_owned),
        });
    }
    Ok(())
}

/// Of rows that come once for several, only what is shown has an order.
fn check_distinct(query: &Query) -> Result<()> {
    let Some(columns) = query.columns.as_ref().filter(|_| query.distinct) else {
        return Ok(());
    };
    let joined = |name: &Name| {
        let shows = |join: &Join| {
            join.columns
                .iter()
                .any(|(column, _)| **name == *format!("{}.{column}", join.alias))
        };
        query.joins.iter().any(shows)
    };
    let missing = query
        .order
        .iter()
        .find(|order| !columns.contains(&order.column) && !joined(&order.column));
    match missing {
        Some(order) => Err(wrong(&format!(
            "with `distinct`, rows are ordered by columns that are shown, and `{}` is not",
            order.column
        ))),
        None => Ok(()),
    }
}

fn only_value(element: &Element, attribute: &str, value: &str) -> Result<()> {
    match element.attribute(attribute) {
        Some(other) if other != value => Err(wrong(&format!("`{attribute}` is {value}, not `{other}`"))),
        _ => Ok(()),
    }
}

/// The table that a document asks for, by its first element `entity`; the rest is not read.
pub fn table(text: &str) -> Option<String> {
    xml::first(text, "entity")?.attribute("name").map(ToOwned::to_owned)
}

fn wrong(what: &str) -> Error {
    Error::invalid(format!("this FetchXML cannot be used: {what}"))
}

fn number(text: &str) -> Result<u32> {
    text.trim()
        .parse()
        .map_err(|_| wrong(&format!("`{text}` is no number of rows")))
}

fn truth(element: &Element, attribute: &str) -> Result<bool> {
    match element.attribute(attribute) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(wrong(&format!("`{attribute}` is true or false, not `{other}`"))),
    }
}

/// The most rows of a page.
const MOST_ROWS: u32 = 5_000;

/// A link that narrows nothing by itself: conditions ask whether it leads anywhere.
struct Outer {
    alias: String,
    related: Related,
}

struct Reader<'a> {
    surroundings: &'a Surroundings,
    conditions: usize,
    related: usize,
    /// Totals are asked for, and not rows.
    totals: bool,
    /// What is shown beyond the columns of the entity itself.
    shown: Query,
    /// What the links are called.
    aliases: Vec<Name>,
    /// The options that conditions name.
    named: Vec<Named>,
}

impl<'a> Reader<'a> {
    fn new(surroundings: &'a Surroundings) -> Self {
        Self {
            surroundings,
            conditions: 0,
            related: 0,
            totals: false,
            shown: Query::new(""),
            aliases: Vec::new(),
            named: Vec::new(),
        }
    }

    fn entity(&mut self, entity: &Element) -> Result<Query> {
        entity.only(&["name"])?;
        let table = self.surroundings.catalog.table(entity.required("name")?)?;
        let mut query = Query::new(table.name.clone());
        let mut columns: Vec<Name> = Vec::new();
        let mut everything = false;
        for child in &entity.children {
            match child.name.as_str() {
                "attribute" if self.totals => self.total(child, table, None)?,
                "all-attributes" if self.totals => {
                    return Err(wrong("with `aggregate`, each attribute says what is made of it"));
                }
                "attribute" => {
                    child.only(&["name"])?;
                    let column = coerce::column(table, child.required("name")?)?;
                    if !columns.contains(&column.name) {
                        columns.push(column.name.clone());
                    }
                }
                "all-attributes" => {
                    child.only(&[])?;
                    everything = true;
                }
                "order" => self.order(child, table, None)?,
                "filter" | "link-entity" => {}
                other => return Err(wrong(&format!("<entity> holds no <{other}>"))),
            }
        }
        query.columns = (!everything && !columns.is_empty()).then_some(columns);
        query.filter = self.rows(entity, table, None)?;
        query.order = std::mem::take(&mut self.shown.order);
        query.joins = std::mem::take(&mut self.shown.joins);
        query.totals = std::mem::take(&mut self.shown.totals);
        self.check_totals(&query)?;
        Ok(query)
    }

    /// What the filters and the links in an element leave of the rows of its table, which is
    /// joined under that alias, or is the query's own.
    fn rows(&mut self, element: &Element, table: &Arc<TableDef>, alias: Option<&Name>) -> Result<Filter> {
        let children = |name: &'static str| element.children.iter().filter(move |child| child.name == name);
        let mut filter = Filter::All;
        let mut outer = Vec::new();
        for link in children("link-entity") {
            if shown::shows(link) {
                // The joins in it come after it.
                let place = self.shown.joins.len();
                let join = self.join(link, table, alias)?;
                if join.outer {
                    outer.push(Outer {
                        alias: join.alias.to_string(),
                        related: shown::related(&join),
                    });
                }
                self.shown.joins.insert(place, join);
                continue;
            }
            let related = self.link(link, table)?;
            match link.attribute("link-type").unwrap_or("inner") {
                "inner" | "exists" | "in" | "matchfirstrowusingcrossapply" => filter = filter.and(exists(related)),
                "outer" => outer.push(Outer {
                    alias: link.attribute("alias").unwrap_or_default().to_owned(),
                    related,
                }),
                kind @ ("any" | "not any" | "all" | "not all") => {
                    return Err(wrong(&format!("a link of the type `{kind}` stands in a <filter>")));
                }
                other => return Err(wrong(&format!("there is no link of the type `{other}`"))),
            }
        }
        for child in children("filter") {
            filter = filter.and(self.filter(child, table, &outer)?);
        }
        Ok(filter)
    }

    fn link(&mut self, link: &Element, table: &TableDef) -> Result<Related> {
        self.check_link(link)?;
        self.called_once(link)?;
        for child in &link.children {
            match child.name.as_str() {
                "filter" | "link-entity" => {}
                "attribute" | "all-attributes" | "order" => {
                    return Err(wrong(&format!(
                        "a link in a <filter> shows no columns: take <{}> out of the <link-entity> of `{}`",
                        child.name,
                        link.required("name")?
                    )));
                }
                other => return Err(wrong(&format!("<link-entity> holds no <{other}>"))),
            }
        }
        let other = self.surroundings.catalog.table(link.required("name")?)?;
        Ok(Related {
            column: linking(table, link.required("to")?)?,
            table: other.name.clone(),
            other: linking(other, link.required("from")?)?,
            filter: self.rows(link, other, None)?,
        })
    }

    /// A link has nothing that is not understood; how many there may be.
    fn check_link(&mut self, link: &Element) -> Result<()> {
        link.only(&["alias", "from", "intersect", "link-type", "name", "to", "visible"])?;
        // They change no answer: the one says that the table is one of pairs, the other what a
        // designer shows.
        truth(link, "intersect")?;
        truth(link, "visible")?;
        self.count_related(1)
    }

    /// Two links of one alias could not be told apart by what names it.
    fn called_once(&mut self, link: &Element) -> Result<()> {
        let Some(alias) = link.attribute("alias") else {
            return Ok(());
        };
        if self.aliases.iter().any(|known| **known == *alias) {
            return Err(wrong(&format!("two links have the alias `{alias}`")));
        }
        self.aliases.push(alias.into());
        Ok(())
    }

    fn filter(&mut self, element: &Element, table: &Arc<TableDef>, outer: &[Outer]) -> Result<Filter> {
        element.only(&["type"])?;
        let mut parts = Vec::new();
        for child in &element.children {
            parts.push(match child.name.as_str() {
                "condition" => self.condition(child, table, outer)?,
                "filter" => match self.filter(child, table, outer)? {
                    // One without conditions says nothing, also as one of several.
                    Filter::All => continue,
                    filter => filter,
                },
                "link-entity" => {
                    let related = self.link(child, table)?;
                    any_or_all(child.attribute("link-type").unwrap_or("inner"), related)?
                }
                other => return Err(wrong(&format!("<filter> holds no <{other}>"))),
            });
        }
        match element.attribute("type").unwrap_or("and") {
            _ if parts.is_empty() => Ok(Filter::All),
            "and" => Ok(Filter::And(parts)),
            "or" => Ok(Filter::Or(parts)),
            other => Err(wrong(&format!("a filter's type is `and` or `or`, not `{other}`"))),
        }
    }

    fn condition(&mut self, element: &Element, table: &Arc<TableDef>, outer: &[Outer]) -> Result<Filter> {
        element.only(&[
            "attribute",
            "entityname",
            "operator",
            "uihidden",
            "uiname",
            "uitype",
            "value",
        ])?;
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(wrong(&format!("it has more than {MAX_CONDITIONS} conditions")));
        }
        match element.attribute("entityname").filter(|alias| *alias != &*table.name) {
            Some(alias) => self.of_link(alias, element, outer),
            None => self.compared(element, table),
        }
    }

    /// What a condition says of a row of a table.
    fn compared(&mut self, element: &Element, table: &Arc<TableDef>) -> Result<Filter> {
        let operator = element.required("operator")?;
        let condition = Condition {
            catalog: &self.surroundings.catalog,
            table,
            column: coerce::column(table, element.required("attribute")?)?,
            operator,
            values: condition::values(element)?,
        };
        let known = Operator::in_fetch(operator).is_none();
        self.count_related(if known { condition.names() } else { 0 })?;
        let filter = condition.filter(self.surroundings)?;
        let options = condition.options()?;
        if !options.is_empty() {
            self.named.push(Named {
                table: table.name.clone(),
                column: condition.column.name.clone(),
                options,
            });
        }
        Ok(filter)
    }

    fn count_related(&mut self, more: usize) -> Result<()> {
        self.related += more;
        match self.related > MAX_RELATED {
            true => Err(too_many_links("This FetchXML looks at more than")),
            false => Ok(()),
        }
    }

    /// A condition on an outer link from outside: of its key, whether it leads to a row; of other
    /// columns, where it leads to one row at most. A column of a row that is not there is empty.
    fn of_link(&mut self, alias: &str, element: &Element, outer: &[Outer]) -> Result<Filter> {
        let Some(link) = outer.iter().find(|link| link.alias == alias) else {
            return Err(wrong(&format!(
                "a condition on `{alias}` stands in that <link-entity>; only an outer link is asked from outside"
            )));
        };
        let (column, operator) = (element.required("attribute")?, element.required("operator")?);
        let surroundings = self.surroundings;
        let other = surroundings.catalog.table(&link.related.table)?;
        let names_it = *column == *other.key || *column == *link.related.other;
        if names_it && matches!(operator, "null" | "not-null") {
            let related = exists(link.related.clone());
            return Ok(match operator {
                "null" => related.negated(),
                _ => related,
            });
        }
        if link.related.other != other.key {
            return Err(wrong(&format!(
                "the outer link `{alias}` may lead to several rows: from outside, only `null` and `not-null` of its `{}` or \
                 `{}` are asked; any other condition stands in that <link-entity>",
                other.key, link.related.other
            )));
        }
        let filter = self.compared(element, other)?;
        self.count_related(1)?;
        Ok(link.related.clone().of_one(filter))
    }
}

fn exists(related: Related) -> Filter {
    Filter::Related(Box::new(related))
}

/// A link within a filter. The platform's `all` is true where rows are linked and none of them
/// passes the filters in the link; its `not all` means the same as `any`.
fn any_or_all(kind: &str, related: Related) -> Result<Filter> {
    Ok(match kind {
        "any" | "not all" => exists(related),
        "not any" => exists(related).negated(),
        "all" => {
            let linked = Related {
                filter: Filter::All,
                ..related.clone()
            };
            exists(linked).and(exists(related).negated())
        }
        other => {
            return Err(wrong(&format!(
                "a link in a <filter> is of the type any, not any, all or not all, not `{other}`"
            )));
        }
    })
}

/// A column by which tables are linked: a key, a lookup, an id.
fn linking(table: &TableDef, name: &str) -> Result<Name> {
    let column = coerce::column(table, name)?;
    match column.kind {
        ColumnType::Key | ColumnType::Id | ColumnType::Lookup { .. } => Ok(column.name.clone()),
        _ => Err(Error::new(
            Code::INVALID_LINK,
            format!(
                "tables are linked by keys and lookups, and column `{name}` of `{}` is of type {}",
                table.name,
                column.kind.word()
            ),
        )
        .with_table(&table.name)),
    }
}

#[cfg(test)]
mod tests;
