//! What a refusal tells to grant: as deep as the row lies that it was about, and to a role that can be changed.

use sluice_model::{
    Code, Depth, Error, Filter, Ownership, PrincipalKind, Query, Reference, Remedy, Result, Right, Value, names,
};

use crate::{Operation, Unit, lookup, tables};

/// The privilege check knows no row: where the caller may read the one that the message is about, what is
/// granted has to reach it.
pub(crate) fn reaching_the_row(unit: &mut Unit, operation: &Operation, mut error: Error) -> Error {
    let body = error.body();
    let (Some(table), Some(id)) = (operation.table.clone(), operation.context.id) else {
        return error;
    };
    let principal = std::sync::Arc::new(operation.principal.unwatched());
    let is_theirs = body.principal.as_ref().is_some_and(|who| who.id == principal.id());
    let is_of_table = body.table.as_deref() == Some(&*table.name) && body.right.is_some();
    if body.code != Code::PRIVILEGE_DENIED || !is_theirs || !is_of_table {
        return error;
    }
    if unit.decide_for(&principal, &table, Right::Read, id).is_err() {
        return error;
    }
    let (Ok(facts), Ok(snapshot)) = (unit.row_facts(&principal, &table, id), unit.snapshot()) else {
        return error;
    };
    let depth = sluice_access::needed_depth(&principal, &snapshot.units, &table, &facts);
    if depth > Depth::User {
        error = error.with_word("DEPTH", depth.word());
    }
    error
}

impl Unit {
    /// A role that came with a managed solution cannot be changed: another one of whoever was refused is told,
    /// or none.
    pub(crate) fn without_managed_roles(&mut self, mut error: Error) -> Error {
        let Some(who) = error.body().principal.clone().filter(|who| who.grantee.is_some()) else {
            return error;
        };
        let own = who.roles.iter().filter(|role| !role.contains(" (via team "));
        let told = who.grantee.as_ref().map(|grantee| &grantee.role);
        let names = told.into_iter().chain(own.clone());
        let named = Filter::In {
            column: "name".into(),
            values: names.map(|name| Value::Text(name.clone())).collect(),
        };
        let columns = ["name", "parentroleid", "parentrootroleid", tables::MANAGED];
        let roles = Query::new(tables::ROLE).columns(&columns).filter(named);
        let Ok(roles) = self.select_as_platform("tell no cure that a managed role refuses", &roles) else {
            return error;
        };
        let is_managed = |name: &String| {
            let mut managed = roles.iter().filter(|role| role.bool(tables::MANAGED) == Some(true));
            managed.any(|role| role.text("name") == Some(name))
        };
        if told.is_some_and(is_managed) {
            if let Some(principal) = &mut error.body_mut().principal {
                let other = own.into_iter().find(|name| !is_managed(name)).cloned();
                principal.grantee = other.map(|role| sluice_model::Grantee {
                    id: None,
                    role,
                    only_team: false,
                });
            }
            return error;
        }
        // The command has to name the one: of several roles with that name, or where the name stands for something else.
        let originals = roles.iter().filter(|role| role.id_of("parentroleid").is_none());
        let of_name = originals.filter(|role| role.text("name") == told.map(String::as_str));
        let is_one = of_name.count() <= 1 && told.is_none_or(|name| names::is_plain(name));
        let id = who.grantee.as_ref().and_then(|grantee| grantee.id);
        match roles.iter().find(|role| !is_one && Some(role.id) == id) {
            Some(role) => error.with_word("ROLE", role.id_of("parentrootroleid").unwrap_or(role.id)),
            None => error,
        }
    }

    /// Whether a name, where people give it, names the row that has it and no other: commands name others by their ids.
    ///
    /// # Errors
    /// There is no such table, or the database cannot be read.
    pub fn is_name_of_one(&mut self, table: &str, name: &str) -> Result<bool> {
        if !names::is_plain(name) {
            return Ok(false);
        }
        let definition = self.catalog().table(table)?.clone();
        let named = lookup::names(&definition)
            .into_iter()
            .map(|column| Filter::eq(&column, name));
        let named = Filter::Or(named.collect()).and(lookup::originals(&definition));
        let reason = "see whether a name is that of several rows";
        Ok(self.count_as_platform(reason, table, &named)? <= 1)
    }

    /// Whoever is told to get a role is named so that nobody else is meant.
    pub(crate) fn with_user(&mut self, error: Error) -> Error {
        let names_user = error.remedies().iter().any(|remedy| remedy.words().contains(&"USER"));
        let who = error.body().principal.as_ref();
        let Some(who) = who.filter(|who| names_user && who.kind == PrincipalKind::User) else {
            return error;
        };
        let (id, name) = (who.id, who.name.clone());
        match self.is_name_of_one(tables::USER, &name) {
            Ok(false) => error.with_word("USER", id),
            _ => error,
        }
    }

    /// Of one row that is refused, a share of it is the least that helps.
    pub(crate) fn with_share(&mut self, error: Error) -> Error {
        let body = error.body();
        let (Some(table), Some(id), Some(right), Some(who)) = (&body.table, body.row, body.right, &body.principal)
        else {
            return error;
        };
        let catalog = self.catalog();
        let is_owned = catalog
            .find(table)
            .is_some_and(|table| table.ownership == Ownership::User);
        let row = Reference::new(table.as_str(), id);
        // A row that the request itself had made is gone with it.
        if body.code != Code::ACCESS_DENIED || !is_owned || !matches!(self.ownership(&row), Ok(Some(_))) {
            return error;
        }
        let called = match self.is_name_of_one(who.kind.table(), &who.name) {
            Ok(false) => who.id.to_string(),
            _ => who.name.clone(),
        };
        let principal = match who.kind {
            PrincipalKind::User => called,
            PrincipalKind::Team => format!("team:{called}"),
        };
        error
            .with_remedy(Remedy::ShareRow)
            .with_word("ROW", id)
            .with_word("PRINCIPAL", principal)
            .with_word("RIGHT", right.verb().to_lowercase())
    }
}
