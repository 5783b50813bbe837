//! The import of a solution: everything in it, or nothing.

use sluice_model::{Code, Error, Filter, Reference, Remedy, Request, Result, Row, Uuid};

use super::{
    Applied, Content, Filled, Gone, Installation, SOLUTION_COMPONENT,
    archive::{self, Component},
    definitions, left_options,
    manifest::{self, Kind, Manifest},
    parse, uninstall,
};
use crate::plugins::registration::Lacking;
use sluice_engine::{Session, tables, tables::MANAGED as MARK};

/// What an import did.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The solution's name.
    pub solution: String,
    /// The version that is here now.
    pub version: String,
    /// The version that was here before.
    pub before: Option<String>,
    /// Whether it is managed.
    pub managed: bool,
    /// The components that arrived: kind and name.
    pub components: Vec<(String, String)>,
    /// What an earlier version had and this one has not: kind and name.
    pub removed: Vec<(String, String)>,
    /// What of them was the organisation's own before, and is managed now: kind and name.
    pub taken: Vec<(String, String)>,
    /// The steps that arrived disabled, because they lack what their types ask for.
    pub lacking: Vec<Lacking>,
    /// The steps whose configuration an administrator set, which stays.
    pub kept_configurations: Vec<String>,
    /// The roles and column profiles that were here already, came by something else, and give more now to those who
    /// have them.
    pub reached: Vec<Filled>,
    /// The steps that were disabled because a new file lacks their types.
    pub disabled: Vec<(Uuid, String)>,
    /// The workflows that were deactivated because a new file lacks a type that they call.
    pub deactivated: Vec<(Uuid, String)>,
    /// The duplicate rules that went out of work because what they compare was changed.
    pub notices: Vec<Error>,
    /// Jobs that remain to be run ([`Session::run_job`]): they publish the duplicate rules.
    pub jobs: Vec<Uuid>,
}

/// How a solution arrives.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// As a managed one, also where the file was exported as unmanaged.
    pub managed: bool,
    /// Plug-ins give up types that their new files lack, and the steps of those are disabled.
    pub force: bool,
    /// Steps get the configurations of the file, also where an administrator has set others.
    pub configuration: bool,
    /// Whoever has a role or column profile of a name in the file that did not come by this solution gets what the file
    /// gives by it; without that such a file is refused.
    pub to_holders: bool,
}

/// When a component arrives: the options of a column after the column, the rest as its kind.
fn turn(component: &Component) -> (Kind, bool) {
    match component.kind {
        Kind::OptionSet if component.name.contains('.') => (Kind::Column, true),
        kind => (kind, false),
    }
}

/// Importing solutions.
pub trait ImportSolutions {
    /// Imports a solution's file. A managed one is marked: nobody but its next import changes
    /// it, and what this version no longer has goes. An unmanaged one adds and updates, and
    /// belongs to the organisation from then on. With `managed`, a file that was exported as
    /// unmanaged arrives as a managed one.
    ///
    /// # Errors
    /// The file is broken, too large or newer; a component does not fit; the user may not. Then
    /// nothing has changed.
    fn import_solution(&self, file: &[u8], managed: bool) -> Result<Imported> {
        self.import_solution_with(
            file,
            ImportOptions {
                managed,
                ..ImportOptions::default()
            },
        )
    }

    /// As [`Self::import_solution`], with options.
    ///
    /// # Errors
    /// As there.
    fn import_solution_with(&self, file: &[u8], options: ImportOptions) -> Result<Imported>;
}

impl ImportSolutions for Session {
    fn import_solution_with(&self, file: &[u8], options: ImportOptions) -> Result<Imported> {
        self.check_named_privilege("prvImportCustomization")?;
        let package = archive::read(file, &super::contents::kinds(self))?;
        for component in package.components.iter().filter(|one| one.kind == Kind::Plugin) {
            self.check_push(&component.name)
                .map_err(|error| about((component.kind.word(), &component.name), error))?;
        }
        let managed = options.managed || package.manifest.managed;
        let mut components = package.components;
        components.sort_by_key(turn);
        let contents = components
            .iter()
            .map(|component| parse(self.engine(), component))
            .collect::<Result<Vec<_>>>()?;
        definitions::check_numbers(self, &contents)?;
        self.batch(|batch| {
            batch.require("prvImportCustomization")?;
            batch.set_import(managed);
            let mut work = Installation::new(batch, managed);
            work.force = options.force;
            work.configuration = options.configuration;
            work.to_holders = options.to_holders;
            work.import(&package.manifest, &components, &contents)
        })
    }
}

/// The solution that is here already, as far as it may be replaced.
fn check_before(work: &mut Installation<'_, '_>, manifest: &Manifest) -> Result<Option<Row>> {
    let name = &manifest.unique_name;
    let before = work
        .batch
        .select_as_platform(
            "see which solutions are there",
            tables::SOLUTION,
            Filter::eq("uniquename", name.as_str()),
        )?
        .pop();
    let Some(row) = before else { return Ok(None) };
    let refuse =
        |code, why: String| Err(Error::new(code, format!("{why}; nothing was changed")).with_table(tables::SOLUTION));
    match (row.bool(MARK) == Some(true), work.managed) {
        (false, true) => refuse(
            Code::IMPORT_OVER_UNMANAGED,
            format!("the solution `{name}` is here as an unmanaged one, and the file brings a managed one"),
        ),
        (true, false) => refuse(
            Code::IMPORT_OVER_MANAGED,
            format!("the solution `{name}` is here as a managed one, and the file brings an unmanaged one"),
        ),
        (true, true) => {
            let here = row.text("version").unwrap_or_default();
            if manifest::version(&manifest.version)? < manifest::version(here)? {
                return refuse(
                    Code::IMPORT_FAILED,
                    format!(
                        "the solution `{name}` is here with the version {here}, and the file has the lower one {}",
                        manifest.version
                    ),
                );
            }
            Ok(Some(row))
        }
        (false, false) => Ok(Some(row)),
    }
}

impl Installation<'_, '_> {
    fn import(&mut self, manifest: &Manifest, components: &[Component], contents: &[Content]) -> Result<Imported> {
        let before = check_before(self, manifest)?;
        let earlier = match &before {
            Some(row) if self.managed => uninstall::components(self, row.id)?,
            _ => Vec::new(),
        };
        self.before = before.as_ref().filter(|_| self.managed).map(|row| row.id);
        let mut applied = Vec::new();
        let mut taken = Vec::new();
        let mut kind = None;
        for (component, content) in components.iter().zip(contents) {
            let next = turn(component);
            if kind.is_some_and(|kind| kind != next) {
                self.end_of_turn()?;
            }
            kind = Some(next);
            applied.push(
                self.apply(&component.name, content)
                    .map_err(|error| about((component.kind.word(), &component.name), error))?,
            );
            taken.extend(
                std::mem::take(&mut self.taken)
                    .iter()
                    .map(|part| piece(component, part)),
            );
        }
        self.end_of_turn()?;
        let mut gone = self.gone(&earlier, components, &applied)?;
        left_options::add(self, &mut gone, before.as_ref(), contents)?;
        for gone in &gone {
            if let Some(why) = self.in_use(gone)? {
                return Err(Error::new(
                    Code::COMPONENT_IN_USE,
                    format!(
                        "version {} of `{}` no longer has {}, which cannot be taken away: {why}; nothing was changed",
                        manifest.version,
                        manifest.unique_name,
                        uninstall::described(gone)
                    ),
                ));
            }
            self.remove(gone)?;
        }
        self.publish()?;
        self.keep(manifest, before.as_ref(), components, &applied)?;
        Ok(Imported {
            solution: manifest.unique_name.clone(),
            version: manifest.version.clone(),
            before: before.and_then(|row| row.text("version").map(ToOwned::to_owned)),
            managed: self.managed,
            components: components.iter().map(named).collect(),
            removed: gone.iter().flat_map(uninstall::pieces).collect(),
            taken,
            lacking: std::mem::take(&mut self.lacking),
            kept_configurations: std::mem::take(&mut self.kept_configurations),
            reached: std::mem::take(&mut self.reached),
            disabled: std::mem::take(&mut self.disabled),
            deactivated: self.still_out_of_work()?,
            notices: std::mem::take(&mut self.notices),
            jobs: std::mem::take(&mut self.jobs),
        })
    }

    /// The workflows that a push deactivated, but for those that the solution has activated again.
    fn still_out_of_work(&mut self) -> Result<Vec<(Uuid, String)>> {
        let mut left = Vec::new();
        for (id, name) in std::mem::take(&mut self.deactivated) {
            let reason = "see whether a solution activated a workflow again";
            let row = self
                .batch
                .unit()
                .need_as_platform(reason, &Reference::new(tables::PROCESS, id))?;
            if row.int("statecode") == Some(0) {
                left.push((id, name));
            }
        }
        Ok(left)
    }

    /// What the next kind of component builds on counts from here: choices, tables, columns.
    fn end_of_turn(&mut self) -> Result<()> {
        self.publish()?;
        definitions::make_later(self)?;
        super::states::activate_arrived(self)?;
        self.publish()
    }

    /// What the version that was here has and this one has not, unless another managed solution
    /// has it as well; what depends on others first.
    fn gone(&mut self, earlier: &[Gone], components: &[Component], applied: &[Applied]) -> Result<Vec<Gone>> {
        let mut gone = Vec::new();
        for old in earlier.iter().rev() {
            let position = components
                .iter()
                .position(|new| new.kind == old.kind && new.name.to_lowercase() == old.name.to_lowercase());
            let mut old = old.clone();
            if let Some(applied) = position.and_then(|position| applied.get(position)) {
                old.parts.retain(|part| !applied.parts.contains(part));
                old.whole = false;
            }
            gone.push(old);
        }
        uninstall::without_shared(self, gone)
    }

    /// Writes the rows of the solution and of its components.
    fn keep(
        &mut self,
        manifest: &Manifest,
        before: Option<&Row>,
        components: &[Component],
        applied: &[Applied],
    ) -> Result<()> {
        let mut row = Row::unsaved(tables::SOLUTION)
            .with("uniquename", manifest.unique_name.as_str())
            .with("friendlyname", manifest.friendly_name.as_str())
            .with("version", manifest.version.as_str());
        if let Some(description) = &manifest.description {
            row.set("description", description.as_str());
        }
        let id = match before {
            Some(before) => {
                row.id = before.id;
                row.values.remove("uniquename");
                self.batch.execute(Request::update(row))?;
                before.id
            }
            None => {
                if self.managed {
                    row.set(MARK, true);
                }
                self.batch.create(row)?
            }
        };
        let solution = Reference::new(tables::SOLUTION, id);
        let there = self.batch.select_as_platform(
            "see which solutions are there",
            SOLUTION_COMPONENT,
            Filter::eq("solutionid", id),
        )?;
        for old in &there {
            let stays = components.iter().any(|new| is_row_of(old, new));
            // An unmanaged import adds to what is there.
            if !stays && !self.managed {
                continue;
            }
            self.batch.execute(Request::delete(old.reference()))?;
        }
        for (component, applied) in components.iter().zip(applied) {
            uninstall::record(self, &solution, component, applied)?;
        }
        Ok(())
    }
}

fn is_row_of(row: &Row, component: &Component) -> bool {
    row.text("sl_kind") == Some(component.kind.word())
        && row
            .text("sl_name")
            .is_some_and(|name| name.to_lowercase() == component.name.to_lowercase())
}

fn named(component: &Component) -> (String, String) {
    (component.kind.word().to_owned(), component.name.clone())
}

/// A part of a component, or the whole where the part is none or says the same.
fn piece(component: &Component, part: &str) -> (String, String) {
    let (kind, name) = named(component);
    match part.is_empty() || name.ends_with(&format!(".{part}")) {
        true => (kind, name),
        false => (kind, format!("{name} {part}")),
    }
}

/// The error of a component, a kind and a name, says which one it was.
pub(super) fn about((kind, name): (&str, &str), mut error: Error) -> Error {
    let body = error.body_mut();
    for remedy in &mut body.remedies {
        if *remedy == Remedy::PushForced {
            *remedy = Remedy::ImportForced;
        }
    }
    body.message = format!(
        "the {kind} `{name}` of the solution: {}; nothing was changed",
        body.message
    );
    error
}
