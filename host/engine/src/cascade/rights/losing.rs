//! Inherited rights that are taken back: what other rows still pass on stays.

use std::collections::{HashMap, VecDeque};

use sluice_model::{Filter, Name, Query, Reference, Result, Rights, Row, Value};

use super::{Member, READ, Share, passed_to, passes_on, write};
use crate::{Unit, tables};

/// A row and those below it, and what somebody has on each.
pub(super) struct Node {
    share: Option<Row>,
    now: Share,
    /// What stays of what is inherited.
    kept: Rights,
    /// Places of rows that it refers to, and whether their owner may read it.
    above: Vec<(usize, bool)>,
    /// It is the principal's own.
    own: bool,
}

/// Somebody loses rights on rows that they inherit there, unless other rows pass them on.
///
/// What rows of the same cycle pass on to each other counts only where it comes from outside:
/// so all of them first lose it, and then get back what is still passed on.
pub(super) fn lose(unit: &mut Unit, members: &[Member], principal: &Reference, lost: Rights) -> Result<()> {
    let mut shares = shares_with(unit, members, principal)?;
    let inherits = |share: &Row| (Share::of(share).inherited & lost) != Rights::NONE;
    if !shares.values().any(inherits) {
        return Ok(());
    }
    let places: HashMap<&Reference, usize> = members
        .iter()
        .enumerate()
        .map(|(place, member)| (&member.row, place))
        .collect();
    let mut nodes = Vec::with_capacity(members.len());
    for member in members {
        let share = shares.remove(&member.row);
        let now = share.as_ref().map_or(Share::NONE, Share::of);
        let mut node = Node {
            share,
            now,
            kept: now.inherited.without(lost),
            above: Vec::new(),
            own: member.owner.as_ref() == Some(principal),
        };
        if (now.inherited & lost) != Rights::NONE {
            stays(unit, &mut node, &member.row, principal, &places)?;
        }
        nodes.push(node);
    }
    settle(&mut nodes);
    for (member, node) in members.iter().zip(&nodes) {
        if node.kept != node.now.inherited {
            write(unit, &member.row, principal, node.share.as_ref(), node.kept)?;
        }
    }
    Ok(())
}

/// What rows that are not among those that lose something still pass on to one that is.
pub(super) fn stays(
    unit: &mut Unit,
    node: &mut Node,
    row: &Reference,
    principal: &Reference,
    places: &HashMap<&Reference, usize>,
) -> Result<()> {
    let catalog = unit.catalog();
    let relationships = catalog.relationships_above(&row.table);
    let columns: Vec<Name> = relationships.iter().map(|one| one.column.clone()).collect();
    let reason = "see from which rows a row inherits rights";
    let Some(now) = unit.read_as_platform(reason, row, Some(&columns))? else {
        return Ok(());
    };
    for relationship in relationships {
        let above = now
            .lookup(&relationship.column)
            .filter(|above| above.table == relationship.target);
        let Some(above) = above else { continue };
        match places.get(above) {
            Some(place) => node.above.push((*place, passes_on(relationship))),
            None => {
                let passed = passed_to(unit, relationship, above, principal)?;
                node.kept = node.kept | (node.now.inherited & passed);
            }
        }
    }
    Ok(())
}

/// Passes on what stays until nothing comes by it any more.
pub(super) fn settle(nodes: &mut [Node]) {
    let mut below: HashMap<usize, Vec<(usize, bool)>> = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        for (above, read) in &node.above {
            below.entry(*above).or_default().push((place, *read));
        }
    }
    let mut waiting: VecDeque<usize> = (0..nodes.len()).collect();
    while let Some(place) = waiting.pop_front() {
        let Some(above) = nodes.get(place) else { continue };
        let (passed, own) = (above.now.own | above.kept, above.own);
        for (child, read) in below.get(&place).into_iter().flatten() {
            if let Some(node) = nodes.get_mut(*child) {
                let passed = if own && *read { passed | READ } else { passed };
                let kept = node.kept | (node.now.inherited & passed);
                if kept != node.kept {
                    node.kept = kept;
                    waiting.push_back(*child);
                }
            }
        }
    }
}

/// The shares of these rows with somebody.
pub(super) fn shares_with(
    unit: &mut Unit,
    members: &[Member],
    principal: &Reference,
) -> Result<HashMap<Reference, Row>> {
    const CHUNK: usize = 500;
    let mut all = HashMap::new();
    for members in members.chunks(CHUNK) {
        let ids = members.iter().map(|member| Value::Lookup(member.row.clone())).collect();
        let of_rows = Filter::In {
            column: "objectid".into(),
            values: ids,
        };
        let query = Query::new(tables::SHARE).filter(of_rows.and(Filter::eq("principalid", principal.clone())));
        for share in unit.select_as_platform("see what somebody inherits on rows", &query)? {
            if let (Some(table), Some(id)) = (share.text("objecttypecode"), share.id_of("objectid")) {
                all.insert(Reference::new(table, id), share);
            }
        }
    }
    Ok(all)
}
