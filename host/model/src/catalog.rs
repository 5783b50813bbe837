//! All tables of an organisation, found by their names.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{Code, Error, Name, Relationship, Result, Right, TableDef, definition::Speech, names, text::Collation};

/// The tables of an organisation. Immutable: a change makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    tables: BTreeMap<Name, Arc<TableDef>>,
    sets: HashMap<Name, Name>,
    privileges: HashMap<String, (Name, Right)>,
    /// By the table that is referred to, then by table and column.
    relationships: BTreeMap<Name, Vec<Arc<Relationship>>>,
    /// Those along which rights come down, by the table whose rows refer.
    above: BTreeMap<Name, Vec<Arc<Relationship>>>,
    /// How texts compare.
    collation: &'static Collation,
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
        catalog.relationships = catalog.relate();
        for one in catalog.relationships.values().flatten() {
            if one.passes_rights() {
                let above = catalog.above.entry(one.table.name.clone()).or_default();
                above.push(one.clone());
            }
        }
        catalog
    }

    /// The catalog of an organisation whose texts compare so.
    #[must_use]
    pub fn speaking(mut self, collation: &'static Collation) -> Self {
        self.collation = collation;
        for table in self.tables.values_mut() {
            Arc::make_mut(table).speech = Speech(collation);
        }
        self
    }

    /// How the organisation's texts compare.
    pub fn collation(&self) -> &'static Collation {
        self.collation
    }

    fn relate(&self) -> BTreeMap<Name, Vec<Arc<Relationship>>> {
        let mut relationships: BTreeMap<Name, Vec<_>> = BTreeMap::new();
        for table in self.iter() {
            for (column, name) in table.references() {
                if let Some(target) = self.find(name) {
                    let new = Arc::new(Relationship::of(table, column, target));
                    relationships.entry(target.name.clone()).or_default().push(new);
                }
            }
        }
        relationships
    }

    /// The relationships of the rows that refer to rows of a table, by table and column.
    pub fn relationships_to(&self, target: &str) -> &[Arc<Relationship>] {
        self.relationships.get(target).map_or(&[], Vec::as_slice)
    }

    /// The relationships along which rows of a table inherit rights from others.
    pub fn relationships_above(&self, table: &str) -> &[Arc<Relationship>] {
        self.above.get(table).map_or(&[], Vec::as_slice)
    }

    /// All relationships.
    pub fn relationships(&self) -> impl Iterator<Item = &Arc<Relationship>> {
        self.relationships.values().flatten()
    }

    /// The relationships of a column, one for each table that it refers to.
    pub fn relationships_of(&self, table: &str, column: &str) -> impl Iterator<Item = &Arc<Relationship>> {
        let targets = self
            .find(table)
            .and_then(|table| table.column(column))
            .map(|column| column.targets());
        let to = targets
            .unwrap_or_default()
            .iter()
            .flat_map(|target| self.relationships_to(target));
        to.filter(move |one| *one.table.name == *table && *one.column == *column)
    }

    /// The relationship with that schema name, in any case.
    ///
    /// # Errors
    /// There is none.
    pub fn relationship(&self, name: &str) -> Result<&Arc<Relationship>> {
        let mut all = self.relationships();
        all.find(|one| one.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let hint = names::did_you_mean(name, self.relationships().map(|one| one.name.as_str()));
            Error::invalid(format!(
                "there is no 1:N relationship `{name}` in this organisation{hint}"
            ))
        })
    }

    /// The table with that logical name.
    ///
    /// # Errors
    /// [`Code::ENTITY_UNKNOWN`] where there is none.
    pub fn table(&self, name: &str) -> Result<&Arc<TableDef>> {
        self.tables.get(name).ok_or_else(|| {
            let hint = names::did_you_mean(name, self.tables.keys().map(|known| &**known));
            let message = format!("there is no table `{name}` in this organisation{hint}");
            Error::new(Code::ENTITY_UNKNOWN, message).with_table(name)
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
