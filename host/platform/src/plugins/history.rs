//! The contents that a plug-in had: the last ten, by their digests, so that an earlier one can be
//! brought back. They are kept with the plug-in's row, whatever door a content came through.

use super::PLUGIN_VERSION;
use sluice_model::{Code, Error, Filter, Order, Query, Result, Row, Timestamp, Uuid, Value};

use sluice_engine::{Operation, Unit, tables};

/// So many are kept of each plug-in, the one at work among them.
const KEPT: usize = 10;

const OWN: &str = "keep the contents that a plug-in had";

/// A content that a plug-in had, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginVersion {
    /// The id under which it is kept.
    pub id: Uuid,
    /// The digest of the component: SHA-256, in hexadecimal.
    pub digest: String,
    /// The version that it was last pushed as.
    pub version: String,
    /// When it was last put to work.
    pub pushed: Option<Timestamp>,
    /// Who first pushed it.
    pub by: Option<Uuid>,
    /// Whether it is at work.
    pub current: bool,
}

/// The contents of a plug-in that are kept, the newest first, without their bytes.
pub(super) fn of(unit: &mut Unit, assembly: &Row) -> Result<Vec<PluginVersion>> {
    let rows = rows(unit, assembly.id)?;
    let current = assembly.text("sourcehash");
    let text = |row: &Row, column: &str| row.text(column).unwrap_or_default().to_owned();
    let version = |row: &Row| PluginVersion {
        id: row.id,
        digest: text(row, "sl_digest"),
        version: text(row, "sl_version"),
        pushed: row.get("sl_pushedon").and_then(Value::as_time),
        by: row.id_of("sl_pushedby"),
        current: row.text("sl_digest") == current,
    };
    Ok(rows.iter().map(version).collect())
}

/// The one that is at work.
pub(super) fn current(all: &[PluginVersion]) -> Result<&PluginVersion> {
    let current = all.iter().find(|version| version.current);
    current.ok_or_else(|| none("nothing is kept of what the plug-in is; push it once"))
}

/// The one that was at work before the one that is.
pub(super) fn before_current(all: &[PluginVersion]) -> Result<&PluginVersion> {
    let mut rest = all.iter().skip_while(|version| !version.current).skip(1);
    rest.next()
        .ok_or_else(|| none("nothing is kept of what the plug-in was before"))
}

/// The one with that version, or whose digest begins so.
pub(super) fn find<'a>(all: &'a [PluginVersion], which: &str) -> Result<&'a PluginVersion> {
    let digest = which.to_ascii_lowercase();
    let named = |version: &&PluginVersion| version.version == which || version.digest.starts_with(&digest);
    let found: Vec<_> = all.iter().filter(named).collect();
    let list = |all: &[&PluginVersion]| -> String {
        let each = all
            .iter()
            .map(|version| format!("{} ({})", short(&version.digest), version.version));
        each.collect::<Vec<_>>().join(", ")
    };
    match found.as_slice() {
        [only] if !which.is_empty() => Ok(only),
        [] | [_] => Err(none(&format!(
            "the plug-in has no content `{which}`; it has {}",
            list(&all.iter().collect::<Vec<_>>())
        ))),
        several => Err(Error::new(
            Code::AMBIGUOUS,
            format!(
                "several contents of the plug-in are `{which}`: {}; give the digest",
                list(several)
            ),
        )),
    }
}

/// A digest as people tell contents apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn none(message: &str) -> Error {
    Error::new(Code::NOT_FOUND, message).with_table(tables::ASSEMBLY)
}

/// One of them as it was pushed, in Base64.
pub(super) fn content(unit: &mut Unit, version: Uuid) -> Result<String> {
    let row = sluice_model::Reference::new(PLUGIN_VERSION, version);
    let row = unit.read_as_platform(OWN, &row, Some(&["sl_content".into()]))?;
    Ok(row
        .and_then(|row| row.text("sl_content").map(ToOwned::to_owned))
        .unwrap_or_default())
}

fn rows(unit: &mut Unit, assembly: Uuid) -> Result<Vec<Row>> {
    let mut query = Query::new(PLUGIN_VERSION)
        .columns(&["sl_digest", "sl_version", "sl_pushedon", "sl_pushedby"])
        .filter(Filter::eq("sl_assembly", assembly));
    query.order.push(Order {
        column: "sl_pushedon".into(),
        descending: true,
    });
    unit.select_as_platform(OWN, &query)
}

/// Keeps the content that a plug-in's row has now, and the one that it had before, unless they are
/// kept already. `row` has all columns of the plug-in.
pub(super) fn keep(unit: &mut Unit, operation: &Operation, before: Option<&Row>, row: &Row) -> Result<()> {
    let there = rows(unit, row.id)?;
    for one in before.into_iter().chain([row]) {
        let (Some(digest), Some(content)) = (one.text("sourcehash"), one.text("content")) else {
            continue;
        };
        if let Some(kept) = there.iter().find(|kept| kept.text("sl_digest") == Some(digest)) {
            let version = one.text("version").unwrap_or_default();
            if std::ptr::eq(one, row) && kept.text("sl_version") != Some(version) {
                let kept = Row::new(PLUGIN_VERSION, kept.id).with("sl_version", version);
                unit.update_as_platform(OWN, kept)?;
            }
            continue;
        }
        let is_earlier = before.is_some_and(|before| std::ptr::eq(before, one));
        let (pushed, by) = match is_earlier {
            true => (one.get("modifiedon").cloned(), one.id_of("modifiedby")),
            false => (Some(operation.created_on().into()), Some(operation.initiating().id())),
        };
        let kept = Row::new(PLUGIN_VERSION, unit.new_id())
            .with("sl_assembly", row.id)
            .with("sl_digest", digest)
            .with("sl_version", one.text("version").unwrap_or_default())
            .with("sl_pushedon", pushed.unwrap_or(Value::Null))
            .with("sl_pushedby", by.map_or(Value::Null, Value::Id))
            .with("sl_content", content);
        unit.insert_as_platform(OWN, kept)?;
    }
    forget_oldest(unit, row)
}

fn forget_oldest(unit: &mut Unit, assembly: &Row) -> Result<()> {
    let current = assembly.text("sourcehash");
    let rows = rows(unit, assembly.id)?;
    let earlier = rows.iter().filter(|row| row.text("sl_digest") != current);
    for row in earlier.skip(KEPT - 1) {
        unit.delete_as_platform(OWN, &row.reference())?;
    }
    Ok(())
}

/// A content that is pushed or brought back is the newest: what was at work before it comes next.
pub(super) fn newest(unit: &mut Unit, assembly: Uuid, digest: &str) -> Result<()> {
    let now = unit.author().when;
    for row in rows(unit, assembly)? {
        if row.text("sl_digest") == Some(digest) {
            let row = Row::new(PLUGIN_VERSION, row.id).with("sl_pushedon", now);
            unit.update_as_platform(OWN, row)?;
        }
    }
    Ok(())
}
