//! What an organisation keeps of the definition of a table that ships: what it added and what
//! it changed. The rest is the program's, so that a new version of it counts when an
//! organisation is opened.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{ColumnDef, Error, Name, RelationshipDef, Result, TableDef};

/// Properties of a definition in its JSON form, by name, that take the place of those that
/// ship. `null` stands for one that the changed definition does not have.
pub type Properties = Map<String, Json>;

/// What an organisation added to a table that ships, and what it changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Of the table as a whole.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub table: Properties,
    /// Of its columns that ship, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<Name, Properties>,
    /// The columns that were added, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<ColumnDef>,
    /// Of its relationships, those of added columns among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relationships: Vec<ChangedRelationship>,
}

/// What an organisation changed of a relationship: of the one that ships for the column and the
/// target, else of a referential one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedRelationship {
    /// The lookup.
    pub column: Name,
    /// The table that it refers to.
    pub target: Name,
    /// What is other.
    pub change: Properties,
}

impl Changes {
    /// What makes `changed` out of `shipped`, two definitions of one table.
    ///
    /// # Errors
    /// A host error where a definition has no JSON form.
    pub fn between(shipped: &TableDef, changed: &TableDef) -> Result<Self> {
        let mut changes = Self {
            table: difference(&whole(shipped)?, &whole(changed)?),
            ..Self::default()
        };
        for column in &changed.columns {
            match shipped.column(&column.name) {
                None => changes.added.push(column.clone()),
                Some(ships) if ships == column => {}
                Some(ships) => {
                    let properties = difference(&object(ships)?, &object(column)?);
                    changes.columns.insert(column.name.clone(), properties);
                }
            }
        }
        for (column, target) in changed.references() {
            let ships = shipped.relationship(&column.name, target);
            let now = changed.relationship(&column.name, target);
            if ships != now {
                changes.relationships.push(ChangedRelationship {
                    column: column.name.clone(),
                    target: target.clone(),
                    change: difference(&object(&ships)?, &object(&now)?),
                });
            }
        }
        Ok(changes)
    }

    /// Whether the table is as it ships.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The definition of a table that ships, with these changes. A column that was added and
    /// ships by now is as it ships; a change of a column that ships no longer is passed over.
    ///
    /// # Errors
    /// A host error where the changes do not fit the definition.
    pub fn apply(&self, shipped: &TableDef) -> Result<TableDef> {
        let mut table = match self.table.is_empty() {
            true => shipped.clone(),
            false => {
                let mut table: TableDef = changed(whole(shipped)?, &self.table, &shipped.name)?;
                table.columns = shipped.columns.clone();
                table.relationships = shipped.relationships.clone();
                table
            }
        };
        for (name, properties) in &self.columns {
            if let Some(column) = table.columns.iter_mut().find(|column| column.name == *name) {
                *column = changed(object(column)?, properties, &shipped.name)?;
            }
        }
        for column in &self.added {
            table.columns.push(column.clone());
        }
        for ChangedRelationship { column, target, change } in &self.relationships {
            if !table
                .column(column)
                .is_some_and(|column| column.targets().contains(target))
            {
                continue;
            }
            let ships = shipped.relationship(column, target);
            let now: RelationshipDef = changed(object(&ships)?, change, &shipped.name)?;
            table.put_relationship(now);
        }
        Ok(table)
    }
}

/// A definition's JSON form.
fn object(definition: &impl Serialize) -> Result<Properties> {
    match serde_json::to_value(definition) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(other) => Err(Error::host(format!("a definition is no object: {other}"))),
        Err(error) => Err(Error::host(error.to_string())),
    }
}

/// The JSON form of a table without its columns and relationships.
fn whole(table: &TableDef) -> Result<Properties> {
    let mut bare = table.clone();
    bare.columns = Vec::new().into();
    bare.relationships = Vec::new();
    let mut object = object(&bare)?;
    object.shift_remove("column");
    Ok(object)
}

/// The properties in which `changed` is not as `shipped`.
fn difference(shipped: &Properties, changed: &Properties) -> Properties {
    let gone = shipped.keys().filter(|name| !changed.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Json::Null));
    let other = changed.iter().filter(|(name, value)| shipped.get(*name) != Some(value));
    gone.chain(other.map(|(name, value)| (name.clone(), value.clone())))
        .collect()
}

fn changed<T: for<'a> Deserialize<'a>>(mut object: Properties, properties: &Properties, table: &str) -> Result<T> {
    for (name, value) in properties {
        match value {
            Json::Null => object.shift_remove(name),
            value => object.insert(name.clone(), value.clone()),
        };
    }
    serde_json::from_value(Json::Object(object)).map_err(|error| {
        Error::host(format!(
            "what the organisation changed about the table `{table}` does not fit it: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnType, Ownership};

    fn text(max_length: u32) -> ColumnType {
        ColumnType::Text { max_length }
    }

    fn account() -> TableDef {
        let mut table = TableDef::new("account", Ownership::User);
        table.audited = true;
        table.columns.push(ColumnDef::new("name", text(160)));
        table.columns.push(ColumnDef::new("fax", text(50)));
        table.complete();
        table
    }

    #[test]
    fn what_is_as_it_ships_leaves_nothing() {
        assert!(Changes::between(&account(), &account()).unwrap().is_empty());
        assert_eq!(Changes::default().apply(&account()).unwrap(), account());
    }

    #[test]
    fn what_was_changed_and_added_is_kept_and_nothing_else() {
        let mut changed = account();
        changed.audited = false;
        changed.duplicate_detection = true;
        for column in changed.columns.iter_mut().filter(|column| &*column.name == "fax") {
            column.label = "Fax Number".to_owned();
            column.kind = text(80);
        }
        changed.columns.push(ColumnDef {
            custom: true,
            ..ColumnDef::new("sl_region", text(20))
        });
        let changes = Changes::between(&account(), &changed).unwrap();
        assert_eq!(
            serde_json::to_string(&changes).unwrap(),
            r#"{"table":{"audited":null,"duplicate_detection":true},"columns":{"fax":{"max_length":80,"label":"Fax Number"}},"added":[{"name":"sl_region","type":"text","max_length":20,"custom":true}]}"#
        );
        assert_eq!(changes.apply(&account()).unwrap(), changed);
    }

    #[test]
    fn a_new_version_of_what_ships_counts_beside_the_changes() {
        let mut old = account();
        old.columns.push(ColumnDef::new("sl_region", text(20)));
        for column in old.columns.iter_mut().filter(|column| &*column.name == "name") {
            column.label = "Client".to_owned();
        }
        let changes = Changes::between(&account(), &old).unwrap();
        let mut newer = account();
        newer.closes = true;
        newer.columns = vec![
            ColumnDef::new("name", text(200)),
            ColumnDef::new("sl_region", text(30)),
            ColumnDef::new("score", ColumnType::Float),
        ]
        .into();
        let table = changes.apply(&newer).unwrap();
        assert!(table.closes && table.audited);
        let name = table.column("name").unwrap();
        assert_eq!((&*name.label, &name.kind), ("Client", &text(200)));
        assert_eq!(table.column("sl_region").unwrap().kind, text(30), "what ships wins");
        assert!(table.column("score").is_some() && table.column("fax").is_none());
    }

    #[test]
    fn of_a_relationship_only_what_was_changed_is_kept() {
        use crate::{Behaviours, Follow, OnDelete};
        let to_account = |name: &str| {
            let targets = vec!["account".into()];
            ColumnDef::new(name, ColumnType::Lookup { targets })
        };
        let parental = |column: &str| RelationshipDef {
            behaviours: Behaviours::PARENTAL,
            ..RelationshipDef::new(column, "account")
        };
        let mut shipped = account();
        shipped.columns.push(to_account("parentaccountid"));
        shipped.put_relationship(parental("parentaccountid"));
        let mut changed = shipped.clone();
        changed.columns.push(to_account("sl_owner"));
        let mut other = parental("parentaccountid");
        other.behaviours.assign = Follow::NoCascade;
        changed.put_relationship(other.clone());
        let mut own = RelationshipDef::new("sl_owner", "account");
        own.behaviours.delete = OnDelete::Restrict;
        changed.put_relationship(own.clone());
        let changes = Changes::between(&shipped, &changed).unwrap();
        assert_eq!(
            serde_json::to_string(&changes.relationships).unwrap(),
            r#"[{"column":"parentaccountid","target":"account","change":{"assign":null}},{"column":"sl_owner","target":"account","change":{"delete":"restrict"}}]"#
        );
        let again = changes.apply(&shipped).unwrap();
        assert_eq!(again.relationship("parentaccountid", "account"), other);
        assert_eq!(again.relationship("sl_owner", "account"), own);
        // What ships with a later version counts where nothing was changed.
        let mut newer = shipped.clone();
        let mut newer_one = parental("parentaccountid");
        newer_one.behaviours.delete = OnDelete::RemoveLink;
        newer.put_relationship(newer_one);
        let now = changes
            .apply(&newer)
            .unwrap()
            .relationship("parentaccountid", "account")
            .behaviours;
        assert_eq!((now.assign, now.delete), (Follow::NoCascade, OnDelete::RemoveLink));
    }

    #[test]
    fn changes_that_do_not_fit_are_an_error() {
        let mut changes = Changes::default();
        changes.table.insert("ownership".to_owned(), "nobody".into());
        let error = changes.apply(&account()).unwrap_err();
        assert!(error.to_string().contains("`account`"), "{error}");
    }
}
