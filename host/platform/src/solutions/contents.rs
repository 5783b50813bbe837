//! What is in a solution: components are added to it and removed from it by their names, and it
//! is written to a file.

use sluice_model::{Code, Error, Filter, Query, Reference, Remedy, Request, Result, Row};

use super::{
    SOLUTION_COMPONENT,
    archive::{self, Component},
    export,
    manifest::{FORMAT, Kind, Kinds, Manifest},
};
use sluice_engine::{Session, tables};

/// What a component's row is called after.
fn names(row: &Row) -> (String, String) {
    let text = |column| row.text(column).unwrap_or_default().to_owned();
    (text("sl_kind"), text("sl_name"))
}

/// What is in a solution, and its file.
pub trait SolutionContents {
    /// The components of a solution, in the order of their kinds: kind and name.
    ///
    /// # Errors
    /// There is no such solution, or the user may not read it.
    fn solution_components(&self, solution: &str) -> Result<Vec<(String, String)>>;

    /// Adds components to an unmanaged solution: all of them or none. What is in it already
    /// stays in it once. Those that were added.
    ///
    /// # Errors
    /// There is no such solution or component, or the solution is managed.
    fn add_to_solution(&self, solution: &str, kind: &str, components: &[String]) -> Result<Vec<String>>;

    /// Takes components out of an unmanaged solution; in the organisation they stay.
    ///
    /// # Errors
    /// There is no such solution, it does not have one of them, or it is managed.
    fn remove_from_solution(&self, solution: &str, kind: &str, components: &[String]) -> Result<()>;

    /// The file of a solution, with what is published of its components.
    ///
    /// # Errors
    /// The user may not export, the solution is managed or empty, or a component is gone.
    fn export_solution(&self, name: &str, managed: bool) -> Result<Vec<u8>>;
}

impl SolutionContents for Session {
    fn solution_components(&self, solution: &str) -> Result<Vec<(String, String)>> {
        let solution = solution_row(self, solution)?;
        let mut all = components_of(self, &solution)?;
        all.sort();
        Ok(all
            .into_iter()
            .map(|(kind, name)| (kind.word().to_owned(), name))
            .collect())
    }

    fn add_to_solution(&self, solution: &str, kind: &str, components: &[String]) -> Result<Vec<String>> {
        let solution = solution_row(self, solution)?;
        if solution.bool(sluice_engine::tables::MANAGED) == Some(true) {
            let name = solution.text("uniquename").unwrap_or_default();
            return Err(crate::managed::refused_solution(&format!("\"{name}\"")));
        }
        let kind = kinds(self).parse(kind)?;
        let there = components_of(self, &solution)?;
        let is_there = |name: &String| {
            there
                .iter()
                .any(|(other, known)| *other == kind && known.to_lowercase() == name.to_lowercase())
        };
        let mut new: Vec<&String> = components.iter().filter(|name| !is_there(name)).collect();
        new.sort();
        new.dedup();
        for name in &new {
            // What could not be exported does not come in.
            export(self, kind, name)?;
        }
        self.batch(|batch| {
            for name in &new {
                batch.create(
                    Row::unsaved(SOLUTION_COMPONENT)
                        .with("solutionid", solution.reference())
                        .with("sl_kind", kind.word())
                        .with("sl_name", name.as_str()),
                )?;
            }
            Ok(new.iter().map(|name| (*name).clone()).collect())
        })
    }

    fn remove_from_solution(&self, solution: &str, kind: &str, components: &[String]) -> Result<()> {
        let row = solution_row(self, solution)?;
        let kind = kinds(self).parse(kind)?;
        let query = Query::new(SOLUTION_COMPONENT).filter(Filter::eq("solutionid", row.id));
        let there = self.list(query)?;
        let mut gone = Vec::new();
        for name in components {
            let found = there.iter().find(|row| {
                let (word, known) = names(row);
                word == kind.word() && known.to_lowercase() == name.to_lowercase()
            });
            let found = found.ok_or_else(|| {
                let message = format!("the solution `{solution}` has no {} `{name}`", kind.word());
                Error::new(Code::NOT_FOUND, message).with_table(SOLUTION_COMPONENT)
            })?;
            gone.push(found.id);
        }
        self.batch(|batch| {
            for id in &gone {
                let component = Reference::new(SOLUTION_COMPONENT, *id);
                batch.execute(Request::delete(component))?;
            }
            Ok(())
        })
    }

    fn export_solution(&self, name: &str, managed: bool) -> Result<Vec<u8>> {
        self.check_named_privilege("prvExportCustomization")?;
        let solution = solution_row(self, name)?;
        if solution.bool(sluice_engine::tables::MANAGED) == Some(true) {
            return Err(Error::new(
                Code::MANAGED_SOLUTION,
                format!("the solution `{name}` is managed and is exported where it was made"),
            )
            .with_table(tables::SOLUTION));
        }
        let mut all = components_of(self, &solution)?;
        all.sort();
        if all.is_empty() {
            let error = Error::invalid(format!("the solution `{name}` has no components; add one"));
            return Err(error.with_remedy(Remedy::AddComponent).with_word("SOLUTION", name));
        }
        let text = |column: &str| solution.text(column).map(ToOwned::to_owned);
        let manifest = Manifest {
            format: FORMAT,
            unique_name: text("uniquename").unwrap_or_default(),
            friendly_name: text("friendlyname").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            description: text("description"),
            managed,
            components: Vec::new(),
        };
        let components = all
            .into_iter()
            .map(|(kind, name)| {
                let content = export(self, kind, &name).map_err(|mut error| {
                    let body = error.body_mut();
                    body.message = format!("{}; take it out of the solution", body.message);
                    error
                        .with_remedy(Remedy::RemoveComponent)
                        .with_word("SOLUTION", &manifest.unique_name)
                        .with_word("KIND", kind.word())
                        .with_word("COMPONENT", &name)
                })?;
                Ok(Component { kind, name, content })
            })
            .collect::<Result<Vec<_>>>()?;
        archive::write(manifest, &components)
    }
}

/// The solution of that name.
fn solution_row(session: &Session, name: &str) -> Result<Row> {
    let query = Query::new(tables::SOLUTION).filter(Filter::eq("uniquename", name));
    session.list(query)?.pop().ok_or_else(|| {
        let hint = session.near(Query::new(tables::SOLUTION), &["uniquename".into()], name);
        Error::new(Code::NOT_FOUND, format!("there is no solution `{name}`{hint}"))
            .with_table(tables::SOLUTION)
            .with_remedy(Remedy::ListSolutions)
    })
}

/// The kinds of components that the organisation knows.
pub(super) fn kinds(session: &Session) -> Kinds {
    Kinds::with(session.engine().components())
}

fn components_of(session: &Session, solution: &Row) -> Result<Vec<(Kind, String)>> {
    let query = Query::new(SOLUTION_COMPONENT).filter(Filter::eq("solutionid", solution.id));
    let kinds = kinds(session);
    session
        .list(query)?
        .iter()
        .map(|row| {
            let (kind, name) = names(row);
            Ok((kinds.parse(&kind)?, name))
        })
        .collect()
}
