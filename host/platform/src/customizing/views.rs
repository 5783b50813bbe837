//! Views: stored queries, which are rows of `savedquery`. Changing them needs the privileges
//! on that table; what they say is shown to everybody who may read the rows that they list.

use super::OFFLINE_PROFILE_ITEM;
use std::sync::Arc;

use sluice_access::check_privilege;
use sluice_model::{
    Catalog, Code, ColumnDef, Columns, Error, Filter, Name, Query, Remedy, Result, Right, Row, Surroundings, TableDef,
    Timestamp, Uuid, Value, fetchxml,
    names::{did_you_mean, end_of_id},
};

use sluice_engine::{
    Session, Unit,
    capability::{Dependant, Dependency, RequiredComponent, Succession},
    tables,
};

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The id of its row.
    pub id: Uuid,
    /// Its name; views of different tables may have the same.
    pub name: String,
    /// The table whose rows it lists.
    pub table: Name,
    /// Its query as FetchXML.
    pub fetch: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the table's lists begin with it.
    pub is_default: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// Views, as stored queries.
pub trait Views {
    /// The active views of the tables that the user may read, or of one of them, by table and
    /// name.
    ///
    /// # Errors
    /// There is no such table, or the user may not read it.
    fn views(&self, of: Option<&str>) -> Result<Vec<View>>;

    /// The view with that name or id; `table` tells views of one name apart.
    ///
    /// # Errors
    /// There is none that the user may see, or there are several, and the message lists them.
    fn view(&self, name_or_id: &str, table: Option<&str>) -> Result<View>;
}

/// What stands for the view that was made last.
const LAST: &str = "@last";

impl Views for Session {
    fn views(&self, of: Option<&str>) -> Result<Vec<View>> {
        let (mut unit, principal) = self.unit()?;
        let snapshot = unit.snapshot()?;
        let readable = |name: &str| {
            let table = snapshot.table(name)?;
            check_privilege(&principal, table, Right::Read, snapshot.privileges())
        };
        let mut filter = Filter::eq("statecode", Value::Choice(0));
        if let Some(table) = of {
            readable(table)?;
            filter = filter.and(Filter::eq("returnedtypecode", table));
        }
        let query = Query::new(tables::VIEW)
            .filter(filter)
            .order_by("returnedtypecode")
            .order_by("name");
        let rows = unit.select_as_platform("show the views of a table to everybody who may read its rows", &query)?;
        let views = rows.into_iter().map(|row| View {
            id: row.id,
            name: row.text("name").unwrap_or_default().to_owned(),
            table: row.text("returnedtypecode").unwrap_or_default().into(),
            fetch: row.text("fetchxml").unwrap_or_default().to_owned(),
            description: row.text("description").map(ToOwned::to_owned),
            is_default: row.bool("isdefault") == Some(true),
            created: row.get("createdon").and_then(Value::as_time),
        });
        Ok(views.filter(|view| readable(&view.table).is_ok()).collect())
    }

    fn view(&self, name_or_id: &str, table: Option<&str>) -> Result<View> {
        let id = name_or_id.parse::<Uuid>().ok();
        let end = end_of_id(name_or_id).map(|end| end.to_ascii_lowercase());
        let ends = |view: &View| {
            let id = view.id.simple().to_string();
            end.as_ref().is_some_and(|end| id.ends_with(end))
        };
        let views = self.views(table)?;
        let newest = views.iter().max_by_key(|view| (view.created, view.id));
        let newest = newest.map(|view| view.id).filter(|_| name_or_id == LAST);
        let collation = self.catalog()?.collation();
        let is = |view: &View| Some(view.id) == id.or(newest) || collation.same(&view.name, name_or_id) || ends(view);
        let (mut found, others): (Vec<View>, Vec<View>) = views.into_iter().partition(is);
        match (found.len(), found.pop()) {
            (1, Some(only)) => Ok(only),
            (0, _) => {
                refuse_without_roles(self, name_or_id, id)?;
                let of = table.map(|table| format!(" of `{table}`")).unwrap_or_default();
                let hint = did_you_mean(name_or_id, others.iter().map(|view| view.name.as_str()));
                Err(
                    Error::new(Code::NOT_FOUND, format!("there is no view \"{name_or_id}\"{of}{hint}"))
                        .with_table(tables::VIEW)
                        .with_remedy(Remedy::ListViews),
                )
            }
            (_, last) => {
                let all = found.iter().chain(&last);
                let list: Vec<String> = all.map(|view| format!("{} ({})", view.id, view.table)).collect();
                Err(Error::new(
                    Code::AMBIGUOUS,
                    format!(
                        "\"{name_or_id}\" is the name of several views: {}; give the id",
                        list.join(", ")
                    ),
                )
                .with_table(tables::VIEW))
            }
        }
    }
}

/// Refuses a user who has no roles, and so sees none of the views that there are; of what others may
/// not see they are told nothing.
fn refuse_without_roles(session: &Session, name: &str, id: Option<Uuid>) -> Result<()> {
    let (mut unit, principal) = session.unit()?;
    let snapshot = unit.snapshot()?;
    let named = match id {
        Some(id) => Filter::eq("savedqueryid", id),
        None => Filter::eq("name", name),
    };
    let query = Query::new(tables::VIEW)
        .columns(&["returnedtypecode"])
        .filter(named.and(Filter::eq("statecode", Value::Choice(0))));
    let reason = "show the views of a table to everybody who may read its rows";
    for view in unit.select_as_platform(reason, &query)? {
        let table = snapshot.table(view.text("returnedtypecode").unwrap_or_default())?;
        match check_privilege(&principal, table, Right::Read, snapshot.privileges()) {
            Err(error) if error.code() == Code::NO_ROLES => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Views, forms and items of offline profiles, which depend on the tables that they are about, and
/// views on everything that their queries name.
pub(super) struct Shown;

impl Dependant for Shown {
    fn dependencies(&self, unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let mut dependencies = queries(unit, definition)?;
        if definition.column.is_some() {
            return Ok(dependencies);
        }
        for (of, column, what) in [
            (tables::VIEW, "returnedtypecode", "view"),
            (tables::FORM, "objecttypecode", "form"),
            (OFFLINE_PROFILE_ITEM, "selectedentitytypecode", "offline profile item"),
        ] {
            let about = Query::new(of).filter(Filter::eq(column, &*definition.table.name));
            for row in unit.select_as_platform("see which views and forms are about a table", &about)? {
                let name = row.text("name").unwrap_or_default();
                dependencies.push(Dependency::of(format!("the {what} \"{name}\""), "is about it"));
            }
        }
        Ok(dependencies)
    }

    fn misfits(&self, unit: &mut Unit, succession: Succession<'_>) -> Result<Vec<Dependency>> {
        let system = unit.snapshot()?.system().clone();
        let around = unit.surroundings(&system)?;
        let reason = "see which views depend on a definition";
        let mut dependencies = Vec::new();
        for view in unit.select_as_platform(reason, &Query::new(tables::VIEW))? {
            let fetch = view.text("fetchxml").unwrap_or_default();
            let understand = |catalog: &Arc<Catalog>| {
                let around = Surroundings {
                    catalog: catalog.clone(),
                    ..around.clone()
                };
                fetchxml::options(&around, fetch)
            };
            if succession.changes(understand) {
                dependencies.push(of_view(&view, "names one of them"));
            }
        }
        Ok(dependencies)
    }
}

fn of_view(view: &Row, does: &'static str) -> Dependency {
    let name = view.text("name").unwrap_or_default();
    let of = view.text("returnedtypecode").unwrap_or_default();
    Dependency::of(format!("the view \"{name}\" of {of}"), does)
}

/// The views whose query can be read now, and could not be without the definition: whatever it is
/// that names it there.
fn queries(unit: &mut Unit, definition: RequiredComponent<'_>) -> Result<Vec<Dependency>> {
    let system = unit.snapshot()?.system().clone();
    let with = unit.surroundings(&system)?;
    let without = Surroundings {
        catalog: Arc::new(without(&with.catalog, definition)),
        ..with.clone()
    };
    let reason = "see which views depend on a definition";
    let mut dependencies = Vec::new();
    for view in unit.select_as_platform(reason, &Query::new(tables::VIEW))? {
        let (table, fetch) = (view.text("returnedtypecode"), view.text("fetchxml").unwrap_or_default());
        let about = definition.column.is_none() && table == Some(&*definition.table.name);
        if about || fetchxml::parse(&with, fetch).is_err() || fetchxml::parse(&without, fetch).is_ok() {
            continue;
        }
        dependencies.push(of_view(&view, "uses it"));
    }
    Ok(dependencies)
}

/// The tables as they would be without a definition.
fn without(catalog: &Catalog, definition: RequiredComponent<'_>) -> Catalog {
    let Some(column) = definition.column else {
        let others = catalog.iter().filter(|table| table.name != definition.table.name);
        return Catalog::new(others.map(|table| TableDef::clone(table))).speaking(catalog.collation());
    };
    // An amount goes with what it is in the base currency.
    let base = format!("{}_base", column.name);
    let stays = |other: &&ColumnDef| other.name != column.name && *other.name != *base;
    Catalog::new(catalog.iter().map(|table| {
        let mut table = TableDef::clone(table);
        if table.name == definition.table.name {
            table.columns = Columns::from(table.columns.iter().filter(stays).cloned().collect::<Vec<_>>());
        }
        table
    }))
    .speaking(catalog.collation())
}
