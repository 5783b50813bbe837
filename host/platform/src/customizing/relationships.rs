//! What happens along lookups, chosen by a customizer: when a column is made, and later.
//! Metadata operations raise no events.

use std::sync::Arc;

use sluice_model::{
    Behaviours, Catalog, Code, ColumnDef, Error, Follow, Kept, OnDelete, OnMerge, Ownership, Relationship,
    RelationshipDef, Result, TableDef, coerce,
};

use super::definitions::create_lookup;
use crate::managed;
use sluice_engine::{Batch, Rules as _, Session, Unit};

/// What may be changed about a relationship; what is not there stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BehaviourChange {
    /// All of it but Merge; the others are laid over it.
    pub all: Option<Behaviours>,
    /// When a row gets another owner.
    pub assign: Option<Follow>,
    /// When a row is shared.
    pub share: Option<Follow>,
    /// When a share is taken back.
    pub unshare: Option<Follow>,
    /// When rows come to refer to a row.
    pub reparent: Option<Follow>,
    /// When a row is deleted.
    pub delete: Option<OnDelete>,
    /// When a row is merged into another.
    pub merge: Option<OnMerge>,
}

impl BehaviourChange {
    /// The behaviours with the change.
    pub fn of(&self, now: Behaviours) -> Behaviours {
        let all = self.all.unwrap_or(now);
        Behaviours {
            assign: self.assign.unwrap_or(all.assign),
            share: self.share.unwrap_or(all.share),
            unshare: self.unshare.unwrap_or(all.unshare),
            reparent: self.reparent.unwrap_or(all.reparent),
            delete: self.delete.unwrap_or(all.delete),
            merge: self.merge.unwrap_or(now.merge),
        }
    }
}

/// What happens along lookups.
pub trait Relationships {
    /// Adds a custom lookup with these behaviours towards each of its tables.
    ///
    /// # Errors
    /// Those of a new column, and those of [`Self::update_relationship`].
    fn create_lookup(&self, table: &str, column: &ColumnDef, behaviours: Behaviours) -> Result<()>;

    /// Changes what happens along a relationship. It counts at once, and for what happens from
    /// then on: access that was inherited stays until it is taken back.
    ///
    /// # Errors
    /// There is no such relationship, it cannot have these behaviours, it belongs to the platform
    /// or to a managed solution, or the user may not customize.
    fn update_relationship(&self, name: &str, change: &BehaviourChange) -> Result<Behaviours>;
}

impl Relationships for Session {
    fn create_lookup(&self, table: &str, column: &ColumnDef, behaviours: Behaviours) -> Result<()> {
        self.batch(|batch| create_lookup(batch, table, column, &relationships(column, Some(behaviours))))
    }

    fn update_relationship(&self, name: &str, change: &BehaviourChange) -> Result<Behaviours> {
        self.batch(|batch| update_relationship(batch, name, change))
    }
}

/// The relationships of a new lookup, one for each of its tables: the given behaviours, else
/// referential ones. A lookup that every row needs is not emptied.
pub(crate) fn relationships(column: &ColumnDef, behaviours: Option<Behaviours>) -> Vec<RelationshipDef> {
    let needed = column.required == sluice_model::Required::System;
    let usual = match needed {
        true => Behaviours::RESTRICT,
        false => Behaviours::REFERENTIAL,
    };
    let of = |target| RelationshipDef {
        behaviours: behaviours.unwrap_or(usual),
        ..RelationshipDef::new(&column.name, target)
    };
    column.targets().iter().map(|target| of(target)).collect()
}

/// Refuses behaviours that relationships of a table cannot have: of those of a column, or of all
/// custom columns.
pub(crate) fn check(catalog: &Catalog, table: &TableDef, column: Option<&str>) -> Result<()> {
    let shared = Arc::new(table.clone());
    let definition = |name: &str| match *name == *table.name {
        true => Some(table),
        false => catalog.find(name).map(|table| &**table),
    };
    let of = |(column, target): (&ColumnDef, &sluice_model::Name)| {
        Some((Relationship::of(&shared, column, definition(target)?), column.custom))
    };
    let all: Vec<(Relationship, bool)> = table.references().filter_map(of).collect();
    for (relationship, custom) in &all {
        let asked = column.map_or(*custom, |column| *relationship.column == *column);
        if let Some(target) = definition(&relationship.target).filter(|_| asked) {
            let same = all.iter().map(|(other, _)| other);
            relationship.check(target, same.filter(|other| other.target == relationship.target))?;
        }
    }
    Ok(())
}

/// [`Relationships::update_relationship`] as a part of a batch.
fn update_relationship(batch: &mut Batch<'_>, name: &str, change: &BehaviourChange) -> Result<Behaviours> {
    batch.require("prvWriteRelationship")?;
    let now = batch.unit().snapshot()?.catalog().relationship(name)?.clone();
    refuse_kept(batch.unit(), &now.table, coerce::column(&now.table, &now.column)?)?;
    let target = batch.unit().snapshot()?.table(&now.target)?.clone();
    let wanted = change.of(now.behaviours);
    let as_asked = Relationship {
        behaviours: wanted,
        ..Relationship::clone(&now)
    };
    as_asked.check(&target, [])?;
    // What is merged nowhere needs no word in the definition.
    let merge = if target.merges {
        wanted.merge
    } else {
        OnMerge::default()
    };
    let relationship = RelationshipDef {
        behaviours: Behaviours { merge, ..wanted },
        ..RelationshipDef::new(&now.column, &now.target)
    };
    put_behaviours(batch, &now.table.name, &now.column, &[relationship])?;
    Ok(wanted)
}

/// Keeps what a lookup does towards some of its tables.
pub(crate) fn put_behaviours(
    batch: &mut Batch<'_>,
    table: &str,
    column: &str,
    wanted: &[RelationshipDef],
) -> Result<()> {
    let mut definition = batch.unit().definition(table)?;
    let place = coerce::column(&definition, column)?.clone();
    let mut changed = false;
    for wanted in wanted {
        let now = definition.relationship(column, &wanted.target);
        let wanted = RelationshipDef {
            behaviours: wanted.behaviours,
            ..now.clone()
        };
        if now != wanted {
            definition.put_relationship(wanted);
            changed = true;
        }
    }
    if !changed {
        return Ok(());
    }
    batch.require("prvWriteRelationship")?;
    refuse_kept(batch.unit(), &definition, &place)?;
    if place.managed && !batch.is_import() {
        let what = format!("what happens along the column `{column}` of `{table}`");
        return Err(managed::refused(Code::MANAGED, &what).with_table(table));
    }
    check(&batch.unit().snapshot()?.catalog().clone(), &definition, Some(column))?;
    batch.unit().save_definition(&definition)
}

/// Refuses a new lookup that would let the platform's own rows follow others: these go where what they
/// belong to goes, and nowhere else.
pub(crate) fn check_added(unit: &Unit, table: &TableDef, column: &ColumnDef, added: &[RelationshipDef]) -> Result<()> {
    match added.iter().any(|one| one.behaviours.is_parental()) {
        true => refuse_kept(unit, table, column),
        false => Ok(()),
    }
}

/// What the platform's own rows do stays as it is.
fn refuse_kept(unit: &Unit, table: &TableDef, column: &ColumnDef) -> Result<()> {
    let owned = matches!(table.ownership, Ownership::User | Ownership::Organization);
    let kept = !owned || table.configuration || table.kept != Kept::No || column.filled;
    if !kept && !unit.rules(table).follows_as_platform() && !RelationshipDef::is_of_platform(&column.name) {
        return Ok(());
    }
    let message = format!(
        "what happens along the column `{}` of `{}` is the platform's affair and stays as it is",
        column.name, table.name
    );
    Err(Error::invalid(message).with_table(&table.name))
}
