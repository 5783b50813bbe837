//! All tables of an organisation, found by their names.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{Code, Error, Name, Result, Right, TableDef};

/// The tables of an organisation. Immutable: a change makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    tables: BTreeMap<Name, Arc<TableDef>>,
    sets: HashMap<Name, Name>,
    privileges: HashMap<String, (Name, Right)>,
}

impl Catalog {
    /// The catalog of these tables.
    pub fn new(tables: impl IntoIterator<Item = TableDef>) -> Self {
        let mut catalog = Self::default();
        for table in tables {
            catalog.sets.insert(table.set.clone(), table.name.clone());
            if table.ownership != crate::Ownership::None {
                for right in Right::ALL {
                    // Tables may share their privileges, as the activities do.
                    catalog
                        .privileges
                        .entry(table.privilege_name(right).to_ascii_lowercase())
                        .or_insert_with(|| (table.name.clone(), right));
                }
            }
            catalog.tables.insert(table.name.clone(), Arc::new(table));
        }
        catalog
    }

    /// The table with that logical name.
    ///
    /// # Errors
    /// [`Code::ENTITY_UNKNOWN`] where there is none.
    pub fn table(&self, name: &str) -> Result<&Arc<TableDef>> {
        self.tables.get(name).ok_or_else(|| {
            Error::new(
                Code::ENTITY_UNKNOWN,
                format!("there is no table `{name}` in this organisation"),
            )
            .with_table(name)
        })
    }

    /// The table with that logical name, if there is one.
    pub fn find(&self, name: &str) -> Option<&Arc<TableDef>> {
        self.tables.get(name)
    }

    /// The table with that entity set name.
    pub fn by_set(&self, set: &str) -> Option<&Arc<TableDef>> {
        self.sets.get(set).and_then(|name| self.tables.get(name))
    }

    /// What a table privilege's name speaks of, in any case.
    pub fn privilege(&self, name: &str) -> Option<(&Name, Right)> {
        self.privileges
            .get(&name.to_ascii_lowercase())
            .map(|(table, right)| (table, *right))
    }

    /// All tables, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TableDef>> {
        self.tables.values()
    }
}
