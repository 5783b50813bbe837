//! Mappings in solutions: what is mapped from one table to another, without the platform's own.
//! The component's name is `SOURCE:TARGET`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sluice_model::{Code, Error, Filter, Reference, Request, Result, Row};

use super::{Applied, Gone, Installation, document, misfit, removing};
use crate::customizing::publish::Publishing as _;
use sluice_engine::{Session, tables, tables::MANAGED as MARK};

/// The maps from one table to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Maps {
    source: String,
    target: String,
    maps: Vec<Pair>,
}

/// A column and the column that it is mapped onto.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    source: String,
    target: String,
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.text(column).unwrap_or_default()
}

fn split(name: &str) -> Result<(&str, &str)> {
    name.split_once(':').ok_or_else(|| {
        Error::invalid(format!(
            "`{name}` names no mapping; write SOURCE:TARGET, such as lead:contact"
        ))
    })
}

pub(super) fn export(session: &Session, name: &str) -> Result<Json> {
    let (source, target) = split(name)?;
    let map = session
        .published(tables::ENTITY_MAP)?
        .into_iter()
        .find(|map| text(map, "sourceentityname") == source && text(map, "targetentityname") == target);
    let own = session.published(tables::ATTRIBUTE_MAP)?.into_iter().filter(|row| {
        row.bool("issystem") != Some(true) && map.as_ref().is_some_and(|map| row.id_of("entitymapid") == Some(map.id))
    });
    let mut maps: Vec<Pair> = own
        .map(|row| Pair {
            source: text(&row, "sourceattributename").to_owned(),
            target: text(&row, "targetattributename").to_owned(),
        })
        .collect();
    maps.sort_by(|a, b| a.target.cmp(&b.target));
    if maps.is_empty() {
        return Err(Error::new(
            Code::NOT_FOUND,
            format!("nothing but the platform's own is mapped from `{source}` to `{target}` and published"),
        ));
    }
    document(&Maps {
        source: source.to_owned(),
        target: target.to_owned(),
        maps,
    })
}

/// The row of the two tables.
fn table_map(work: &mut Installation<'_, '_>, source: &str, target: &str) -> Result<Option<Row>> {
    let tables_of = Filter::eq("sourceentityname", source).and(Filter::eq("targetentityname", target));
    Ok(work
        .batch
        .select_as_platform("see which mappings a solution meets", tables::ENTITY_MAP, tables_of)?
        .pop())
}

pub(super) fn apply(work: &mut Installation<'_, '_>, name: &str, sent: &Maps) -> Result<Applied> {
    if name != format!("{}:{}", sent.source, sent.target) {
        return Err(misfit(format!(
            "the file of the mapping `{name}` holds `{}:{}`",
            sent.source, sent.target
        )));
    }
    let map = match table_map(work, &sent.source, &sent.target)? {
        Some(row) => row.id,
        None => {
            let mut row = Row::unsaved(tables::ENTITY_MAP)
                .with("sourceentityname", sent.source.as_str())
                .with("targetentityname", sent.target.as_str());
            if work.managed {
                row.set(MARK, true);
            }
            work.batch.create(row)?
        }
    };
    let map = Reference::new(tables::ENTITY_MAP, map);
    work.touched.push(map.clone());
    let there = work.batch.select_as_platform(
        "see which mappings a solution meets",
        tables::ATTRIBUTE_MAP,
        Filter::eq("entitymapid", map.id),
    )?;
    for pair in &sent.maps {
        let same = there.iter().find(|row| {
            text(row, "sourceattributename") == pair.source && text(row, "targetattributename") == pair.target
        });
        let id = match same {
            Some(row) if row.bool("issystem") == Some(true) => continue,
            Some(row) => {
                if work.managed && row.bool(MARK) != Some(true) {
                    let mark = Row::new(tables::ATTRIBUTE_MAP, row.id).with(MARK, true);
                    work.batch.execute(Request::update(mark))?;
                    work.taken.push(format!("{}>{}", pair.source, pair.target));
                }
                row.id
            }
            None => {
                let mut row = Row::unsaved(tables::ATTRIBUTE_MAP)
                    .with("entitymapid", map.clone())
                    .with("sourceattributename", pair.source.as_str())
                    .with("targetattributename", pair.target.as_str());
                if work.managed {
                    row.set(MARK, true);
                }
                work.batch.create(row)?
            }
        };
        work.touched.push(Reference::new(tables::ATTRIBUTE_MAP, id));
    }
    Ok(Applied {
        row: Some(map.id),
        parts: sent
            .maps
            .iter()
            .map(|pair| format!("{}>{}", pair.source, pair.target))
            .collect(),
    })
}

pub(super) fn remove(work: &mut Installation<'_, '_>, gone: &Gone) -> Result<()> {
    let (source, target) = split(&gone.name)?;
    let Some(map) = table_map(work, source, target)? else {
        return Ok(());
    };
    let there = work.batch.select_as_platform(
        "see which mappings a solution meets",
        tables::ATTRIBUTE_MAP,
        Filter::eq("entitymapid", map.id),
    )?;
    let is_gone = |row: &&Row| {
        let pair = format!(
            "{}>{}",
            text(row, "sourceattributename"),
            text(row, "targetattributename")
        );
        row.bool(MARK) == Some(true) && gone.parts.contains(&pair)
    };
    let (gone_maps, left): (Vec<&Row>, Vec<&Row>) = there.iter().partition(is_gone);
    for row in gone_maps {
        work.touched.push(row.reference());
        removing::delete(work, tables::ATTRIBUTE_MAP, Some(row.id))?;
    }
    if gone.whole && left.is_empty() && map.bool(MARK) == Some(true) {
        work.touched.push(map.reference());
        removing::delete(work, tables::ENTITY_MAP, Some(map.id))?;
    }
    Ok(())
}
