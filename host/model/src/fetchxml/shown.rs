//! What a document shows beyond the columns of its entity: columns of links, totals, and the order
//! of both.

use std::sync::Arc;

use super::{Reader, linking, truth, wrong, xml::Element};
use crate::{
    Code, ColumnType, DatePart, Join, Name, Order, Query, Related, Result, TableDef, Total, What, coerce,
    query::MAX_RELATED,
};

/// Whether a link, or one in it, shows columns or is ordered by.
pub(super) fn shows(link: &Element) -> bool {
    link.children.iter().any(|child| match child.name.as_str() {
        "attribute" | "all-attributes" | "order" => true,
        "link-entity" => shows(child),
        _ => false,
    })
}

/// The condition that a joined row exists.
pub(super) fn related(join: &Join) -> Related {
    Related {
        column: join.column.clone(),
        table: join.table.clone(),
        other: join.other.clone(),
        filter: join.filter.clone(),
    }
}

impl Reader<'_> {
    /// A link whose columns are shown, or that leads to one.
    pub(super) fn join(&mut self, link: &Element, table: &Arc<TableDef>, within: Option<&Name>) -> Result<Join> {
        self.check_link(link)?;
        let outer = match link.attribute("link-type").unwrap_or("inner") {
            "inner" => false,
            "outer" => true,
            other => {
                return Err(wrong(&format!(
                    "columns are shown of links of the types inner and outer, and not `{other}`"
                )));
            }
        };
        let catalog = self.surroundings.catalog.clone();
        let other = catalog.table(link.required("name")?)?;
        let alias = self.alias(link, other)?;
        let mut columns = Vec::new();
        for child in &link.children {
            match child.name.as_str() {
                "attribute" if self.totals => self.total(child, other, Some(&alias))?,
                "all-attributes" if self.totals => {
                    return Err(wrong("with `aggregate`, each attribute says what is made of it"));
                }
                "attribute" => {
                    child.only(&["alias", "name"])?;
                    let column = coerce::column(other, child.required("name")?)?;
                    let name = match child.attribute("alias") {
                        Some(name) => Name::from(name),
                        None => format!("{alias}.{}", column.name).into(),
                    };
                    columns.push((column.name.clone(), name));
                }
                "all-attributes" => {
                    child.only(&[])?;
                    for column in &other.columns {
                        columns.push((column.name.clone(), format!("{alias}.{}", column.name).into()));
                    }
                }
                "order" => self.order(child, other, Some(&alias))?,
                "filter" | "link-entity" => {}
                unknown => return Err(wrong(&format!("<link-entity> holds no <{unknown}>"))),
            }
        }
        Ok(Join {
            alias: alias.clone(),
            within: within.cloned(),
            column: linking(table, link.required("to")?)?,
            table: other.name.clone(),
            other: linking(other, link.required("from")?)?,
            outer,
            columns,
            filter: self.rows(link, other, Some(&alias))?,
        })
    }

    /// What a link is called: as it says, else by its table.
    fn alias(&mut self, link: &Element, table: &TableDef) -> Result<Name> {
        let taken = |name: &str| self.aliases.iter().any(|known| **known == *name);
        let alias: Name = match link.attribute("alias") {
            Some(name) if !is_alias(name) => return Err(wrong(&format!("`{name}` is no alias of a link"))),
            Some(name) if taken(name) => return Err(wrong(&format!("two links have the alias `{name}`"))),
            Some(name) => name.into(),
            None => {
                let numbered = (1..=MAX_RELATED + 1).map(|number| format!("{}{number}", table.name));
                numbered
                    .into_iter()
                    .find(|name| !taken(name))
                    .unwrap_or_default()
                    .into()
            }
        };
        self.aliases.push(alias.clone());
        Ok(alias)
    }

    /// One criterion of the order.
    pub(super) fn order(&mut self, element: &Element, table: &TableDef, link: Option<&Name>) -> Result<()> {
        element.only(&["alias", "attribute", "descending"])?;
        let column: Name = match (element.attribute("alias"), self.totals) {
            (Some(name), true) => name.into(),
            (None, true) => return Err(wrong("with `aggregate`, an order names an `alias`")),
            (Some(_), false) => return Err(wrong("an order names an `alias` only with `aggregate`")),
            (None, false) => {
                let column = &coerce::column(table, element.required("attribute")?)?.name;
                match link {
                    Some(alias) => format!("{alias}.{column}").into(),
                    None => column.clone(),
                }
            }
        };
        self.shown.order.push(Order {
            column,
            descending: truth(element, "descending")?,
        });
        Ok(())
    }

    /// An attribute with what is made of it.
    pub(super) fn total(&mut self, element: &Element, table: &TableDef, link: Option<&Name>) -> Result<()> {
        element.only(&[
            "aggregate",
            "alias",
            "dategrouping",
            "distinct",
            "groupby",
            "name",
            "usertimezone",
        ])?;
        let column = coerce::column(table, element.required("name")?)?;
        let (function, groups) = (element.attribute("aggregate"), truth(element, "groupby")?);
        if truth(element, "usertimezone")? {
            return Err(wrong(
                "dates are grouped by UTC, and not by the time zone of the user (`usertimezone`)",
            ));
        }
        let distinct = truth(element, "distinct")?;
        let what = match (function, groups, element.attribute("dategrouping")) {
            (None, true, None) if matches!(column.kind, ColumnType::DateTime | ColumnType::Date) => {
                return Err(wrong(&format!(
                    "dates are grouped by a `dategrouping`, and `{}` is one",
                    column.name
                )));
            }
            (None, true, None) => What::Group,
            (None, true, Some(part)) => What::Part(date_part(part)?),
            (Some("count"), false, None) => What::Count,
            (Some("countcolumn"), false, None) if distinct => What::CountDistinct,
            (Some("countcolumn"), false, None) => What::CountColumn,
            (Some("sum"), false, None) => What::Sum,
            (Some("avg"), false, None) => What::Average,
            (Some("min"), false, None) => What::Least,
            (Some("max"), false, None) => What::Most,
            (Some(other), false, None) => return Err(wrong(&format!("there is no aggregate `{other}`"))),
            _ => {
                return Err(wrong(&format!(
                    "with `aggregate`, the attribute `{}` is either grouped by (`groupby`, dates with `dategrouping`) or \
                     made a number of (`aggregate`)",
                    column.name
                )));
            }
        };
        if distinct && what != What::CountDistinct {
            return Err(wrong("`distinct` goes with the aggregate `countcolumn`"));
        }
        self.shown.totals.push(Total {
            of: link.cloned(),
            column: column.name.clone(),
            name: element.required("alias")?.into(),
            what,
        });
        Ok(())
    }

    /// The names of totals are different, and what they are ordered by is among them.
    pub(super) fn check_totals(&self, query: &Query) -> Result<()> {
        if !self.totals {
            return Ok(());
        }
        if query.totals.is_empty() {
            return Err(wrong("`aggregate` asks for nothing: it has no <attribute>"));
        }
        let named = |name: &Name| query.totals.iter().filter(|total| total.name == *name).count();
        if let Some(twice) = query.totals.iter().find(|total| named(&total.name) > 1) {
            return Err(wrong(&format!("two attributes have the alias `{}`", twice.name)));
        }
        match query.order.iter().find(|order| named(&order.column) == 0) {
            Some(order) => Err(crate::Error::new(
                Code::ATTRIBUTE_UNKNOWN,
                format!("no attribute has the alias `{}`, by which is ordered", order.column),
            )),
            None => Ok(()),
        }
    }
}

/// Letters, digits and underscores.
fn is_alias(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(fits) && name.len() <= 100
}

fn date_part(text: &str) -> Result<DatePart> {
    Ok(match text {
        "day" => DatePart::Day,
        "week" => DatePart::Week,
        "month" => DatePart::Month,
        "quarter" => DatePart::Quarter,
        "year" => DatePart::Year,
        other => return Err(wrong(&format!("dates are not grouped by `{other}` (`dategrouping`)"))),
    })
}
