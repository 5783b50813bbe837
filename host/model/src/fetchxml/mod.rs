//! The other text form of a query: FetchXML, as views keep it and as the platform's editors
//! write it. What it can say beyond the query tree is refused by name.
//!
//! Links narrow the rows and show nothing: the columns of a list are those of its own table.

mod condition;
mod xml;

use std::sync::Arc;

use crate::{
    Code, ColumnType, Error, Filter, Name, Order, Query, Related, Result, Surroundings, TableDef, coerce,
    odata::{MAX_CONDITIONS, MAX_RELATED},
    operators::Operator,
};
use condition::Condition;
use xml::Element;

/// The query that a document asks for.
///
/// # Errors
/// [`Code::INVALID_ARGUMENT`] with what is wrong; [`Code::ENTITY_UNKNOWN`] and
/// [`Code::ATTRIBUTE_UNKNOWN`] for a table and a column that are not there.
pub fn parse(surroundings: &Surroundings, text: &str) -> Result<Query> {
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
        "returntotalrecordcount",
        "top",
        "useraworderby",
        "version",
    ])?;
    // A flag that is read is read strictly, and one that changes the answer is refused by its name.
    truth(&fetch, "no-lock")?;
    for (flag, why) in [
        ("aggregate", "sums and counts are not computed"),
        (
            "returntotalrecordcount",
            "the number of all rows does not come with them",
        ),
    ] {
        if truth(&fetch, flag)? {
            return Err(wrong(&format!("{why} (`{flag}`)")));
        }
    }
    if fetch.attribute("page").is_some_and(|page| page.trim() != "1") {
        return Err(wrong("pages after the first are not fetched by their number (`page`)"));
    }
    let [entity] = fetch.children.as_slice() else {
        return Err(wrong("<fetch> holds one <entity>, and nothing else"));
    };
    if entity.name != "entity" {
        return Err(wrong(&format!("<fetch> holds no <{}>", entity.name)));
    }
    let mut query = Reader::new(surroundings).entity(entity)?;
    query.raw_order = truth(&fetch, "useraworderby")?;
    if truth(&fetch, "distinct")? && may_repeat(surroundings, entity, &query)? {
        return Err(wrong(
            "rows that are the same in their columns do not come once (`distinct`): each comes with its key",
        ));
    }
    query.top = match (fetch.attribute("top"), fetch.attribute("count")) {
        (Some(_), Some(_)) => return Err(wrong("`top` and `count` are not given together")),
        (top, count) => top.or(count).map(number).transpose()?,
    };
    Ok(query)
}

/// The table that a document asks for, by its first element `entity`; the rest is not read.
pub fn table(text: &str) -> Option<String> {
    xml::first(text, "entity")?.attribute("name").map(ToOwned::to_owned)
}

/// Whether rows may be the same in what a document shows: not with their key among it. Links only
/// narrow rows, which come once each.
fn may_repeat(surroundings: &Surroundings, entity: &Element, query: &Query) -> Result<bool> {
    let key = &surroundings.catalog.table(&query.table)?.key;
    let keyed = query.columns.as_ref().is_none_or(|columns| columns.contains(key));
    Ok(!keyed && !entity.children.iter().any(|child| child.name == "link-entity"))
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

/// A link that narrows nothing by itself: conditions ask whether it leads anywhere.
struct Outer {
    alias: String,
    related: Related,
}

struct Reader<'a> {
    surroundings: &'a Surroundings,
    conditions: usize,
    related: usize,
}

impl<'a> Reader<'a> {
    fn new(surroundings: &'a Surroundings) -> Self {
        Self {
            surroundings,
            conditions: 0,
            related: 0,
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
                "attribute" => {
                    child.only(&["name"])?;
                    let column = coerce::column(table, child.required("name")?)?;
                    if !columns.contains(&column.name) {
                        columns.push(column.name.clone());
                    }
                }
                "all-attributes" => everything = true,
                "order" => {
                    child.only(&["attribute", "descending"])?;
                    query.order.push(Order {
                        column: coerce::column(table, child.required("attribute")?)?.name.clone(),
                        descending: truth(child, "descending")?,
                    });
                }
                "filter" | "link-entity" => {}
                other => return Err(wrong(&format!("<entity> holds no <{other}>"))),
            }
        }
        query.columns = (!everything && !columns.is_empty()).then_some(columns);
        query.filter = self.rows(entity, table)?;
        Ok(query)
    }

    /// What the filters and the links in an element leave of the rows of its table.
    fn rows(&mut self, element: &Element, table: &Arc<TableDef>) -> Result<Filter> {
        let children = |name: &'static str| element.children.iter().filter(move |child| child.name == name);
        let mut filter = Filter::All;
        let mut outer = Vec::new();
        for link in children("link-entity") {
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
        link.only(&["alias", "from", "intersect", "link-type", "name", "to", "visible"])?;
        self.count_related(1)?;
        for child in &link.children {
            match child.name.as_str() {
                "filter" | "link-entity" => {}
                "attribute" | "all-attributes" | "order" => {
                    return Err(wrong(&format!(
                        "columns of related tables are not shown, and rows are not ordered by them: take <{}> out of \
                         the <link-entity> of `{}`",
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
            filter: self.rows(link, other)?,
        })
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
        let operator = element.required("operator")?;
        let name = element.required("attribute")?;
        if let Some(alias) = element.attribute("entityname").filter(|alias| *alias != &*table.name) {
            return self.leads_anywhere(alias, name, operator, outer);
        }
        let condition = Condition {
            catalog: &self.surroundings.catalog,
            table,
            column: coerce::column(table, name)?,
            operator,
            values: condition::values(element)?,
        };
        let known = Operator::in_fetch(operator).is_none();
        self.count_related(if known { condition.names() } else { 0 })?;
        condition.filter(self.surroundings)
    }

    fn count_related(&mut self, more: usize) -> Result<()> {
        self.related += more;
        match self.related > MAX_RELATED {
            true => Err(wrong(&format!("it looks at more than {MAX_RELATED} related tables"))),
            false => Ok(()),
        }
    }

    /// "Contains data" and "does not contain data": whether an outer link leads to a row.
    fn leads_anywhere(&self, alias: &str, column: &str, operator: &str, outer: &[Outer]) -> Result<Filter> {
        let Some(link) = outer.iter().find(|link| link.alias == alias) else {
            return Err(wrong(&format!(
                "a condition on `{alias}` stands in that <link-entity>; only whether an outer link leads to a row is \
                 asked from outside"
            )));
        };
        let other = self.surroundings.catalog.table(&link.related.table)?;
        if *column != *other.key && *column != *link.related.other {
            return Err(wrong(&format!(
                "whether the outer link `{alias}` leads to a row is asked of `{}` or `{}`, not of `{column}`",
                other.key, link.related.other
            )));
        }
        match operator {
            "null" => Ok(exists(link.related.clone()).negated()),
            "not-null" => Ok(exists(link.related.clone())),
            operator => Err(wrong(&format!(
                "a condition `{operator}` on `{alias}` stands in that <link-entity>"
            ))),
        }
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
