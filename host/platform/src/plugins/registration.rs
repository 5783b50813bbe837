//! Plug-ins and steps as an administrator handles them: push, register, enable, disable,
//! remove. Everything here reads and writes ordinary rows under the caller's privileges.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sluice_engine::{Batch, Rehearsal, Session, tables};
use sluice_model::{Error, Filter, Query, Reference, Remedy, Request, Result, Right, Row, Uuid, state};

use super::{
    history::{self, PluginVersion},
    needs::{self, DeclaredNeeds},
    push::{File, push},
    step_writing::{change_secure_configuration, plugin_type, register, set_images},
};

/// A plug-in file to be pushed.
#[derive(Debug, Clone)]
pub struct Assembly {
    /// The name under which it is known.
    pub name: String,
    /// The file: a core module or a component.
    pub bytes: Vec<u8>,
    /// What people should know of it.
    pub description: Option<String>,
}

/// How a plug-in is pushed.
#[derive(Debug, Clone, Default)]
pub struct PushOptions {
    /// Steps that the code no longer declares go.
    pub prune: bool,
    /// Types that are registered and that the file lacks are given up, and who calls them is put out of work.
    pub force: bool,
    /// Nothing stays of it.
    pub dry_run: bool,
    /// Configurations that the code declares take the place of those that an administrator set.
    pub configuration: bool,
    /// What the declared steps are granted of what their types ask for: `clock`, `random`,
    /// `system`.
    pub grants: Vec<String>,
    /// The version; by default the one that the file says.
    pub version: Option<String>,
}

/// A step that lacks what its type asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Its id and name.
    pub step: (Uuid, String),
    /// What it was not granted.
    pub grants: Vec<String>,
    /// What it was granted.
    pub held: Vec<String>,
    /// Whether it is disabled; a new one is, for this.
    pub disabled: bool,
}

/// What a push did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// The assembly's id.
    pub id: Uuid,
    /// Its version.
    pub version: String,
    /// The names of its types.
    pub types: Vec<String>,
    /// The steps that are new.
    pub added: Vec<(Uuid, String)>,
    /// The steps whose declaration changed.
    pub updated: Vec<(Uuid, String)>,
    /// What became of the columns of these: each step with a line for each column.
    pub changes: Vec<(Uuid, Vec<String>)>,
    /// The other plug-ins that have types of the same names, where this one is new.
    pub twins: Vec<String>,
    /// The steps that were enabled before they were taken out of work with others of the plug-in, and stay so.
    pub resting: Vec<(Uuid, String)>,
    /// Steps that are registered and that the code no longer declares.
    pub undeclared: Vec<(Uuid, String)>,
    /// Of these, the ones that were removed.
    pub removed: Vec<(Uuid, String)>,
    /// The types that were given up.
    pub given_up: Vec<String>,
    /// The steps that were disabled, because their types were given up.
    pub disabled: Vec<(Uuid, String)>,
    /// The workflows that were deactivated, because they call types that were given up.
    pub deactivated: Vec<(Uuid, String)>,
    /// The steps whose configuration an administrator set, and which keep it.
    pub kept: Vec<(Uuid, String)>,
    /// The declared steps that lack what their type asks for.
    pub lacking: Vec<Lacking>,
    /// Capabilities that types ask for and that an administrator grants per step.
    pub wants: Vec<(String, Vec<String>)>,
    /// The types that say which privileges whoever they run as needs, with these.
    pub privileges: Vec<(String, Vec<String>)>,
}

/// A step as an administrator registers it.
#[derive(Debug, Clone, Default)]
pub struct StepSpec {
    /// `assembly/type`, or the type alone where it is unique.
    pub plugin: String,
    /// The message.
    pub message: String,
    /// The table; `None` for every table.
    pub table: Option<String>,
    /// 10, 20 or 40.
    pub stage: i32,
    /// 0 synchronous, 1 asynchronous.
    pub mode: i32,
    /// The execution order.
    pub rank: i32,
    /// The name; by default "Type: Message of table".
    pub name: Option<String>,
    /// What people should know of it.
    pub description: Option<String>,
    /// The columns of Update that it listens to.
    pub filtering: Vec<String>,
    /// Its images.
    pub images: Vec<ImageSpec>,
    /// Its configuration.
    pub configuration: Option<String>,
    /// Its secure configuration.
    pub secure: Option<String>,
    /// The user that it runs as.
    pub run_as: Option<Uuid>,
    /// Capabilities granted: `clock`, `random`, `system`.
    pub grants: Vec<String>,
    /// Limits that differ from the defaults, as JSON.
    pub limits: Option<String>,
    /// Whether a job that succeeded is deleted.
    pub auto_delete: bool,
}

/// An image of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSpec {
    /// 0 before, 1 after, 2 both.
    pub kind: i32,
    /// The name by which the plug-in asks for it.
    pub alias: String,
    /// The columns; empty for all.
    pub columns: Vec<String>,
}

/// Pushing plug-ins and registering their steps.
pub trait Registration {
    /// Pushes a plug-in file: a new one, or a new version of one that is there. Steps that
    /// the code declares are added and updated; state, run-as user and secure configuration
    /// of a step are never changed, nor a configuration that an administrator set. A new step that
    /// lacks a grant arrives disabled.
    ///
    /// # Errors
    /// The file is no plug-in of this contract, lacks a registered type, a declaration is wrong, or
    /// the user may not. Then nothing has changed.
    fn push(&self, assembly: &Assembly, options: &PushOptions) -> Result<Pushed>;

    /// The contents that a plug-in had, the newest first: ten at most.
    ///
    /// # Errors
    /// The plug-in is not there, or the user may not read plug-ins.
    fn plugin_history(&self, assembly: Uuid) -> Result<Vec<PluginVersion>>;

    /// The component of a plug-in: as it is, or one that it had, by the beginning of its digest or
    /// by its version.
    ///
    /// # Errors
    /// There is no such content, or several; the user may not read plug-ins.
    fn plugin_content(&self, assembly: Uuid, which: Option<&str>) -> Result<(PluginVersion, Vec<u8>)>;

    /// Brings a content back that a plug-in had: the one before the one at work, or one by the
    /// beginning of its digest or by its version. It is pushed like any other.
    ///
    /// # Errors
    /// There is no such content, or several; what a push of it would answer.
    fn roll_back(&self, assembly: Uuid, which: Option<&str>, options: &PushOptions) -> Result<(PluginVersion, Pushed)>;

    /// Registers a step; its id.
    ///
    /// # Errors
    /// The plug-in, message or table is not there, or the step is not allowed.
    fn register_step(&self, spec: &StepSpec) -> Result<Uuid>;

    /// Changes a step: the columns present in `row`, and, where given, its images and its
    /// secure configuration.
    ///
    /// # Errors
    /// The step is not there, or the change is not allowed.
    fn update_step(&self, row: &Row, images: Option<&[ImageSpec]>, secure: Option<&str>) -> Result<()>;

    /// Enables or disables a step. It counts from the next request, in every process.
    ///
    /// # Errors
    /// The step is not there, or the user may not.
    fn set_step_enabled(&self, step: Uuid, enabled: bool) -> Result<()>;

    /// What the type of a step says that it needs, beside what the user holds that it runs as.
    ///
    /// # Errors
    /// The step is not there, or the user may not read it.
    fn declared_needs(&self, step: Uuid) -> Result<DeclaredNeeds>;

    /// Disables all steps of a plug-in file at once and remembers which were enabled, or
    /// enables those again. The steps that changed.
    ///
    /// # Errors
    /// The plug-in is not there, or the user may not.
    fn set_plugin_enabled(&self, assembly: Uuid, enabled: bool) -> Result<Vec<(Uuid, String)>>;

    /// The id of a plug-in type: `assembly/type`, or the type alone where it is unique.
    ///
    /// # Errors
    /// There is none, or there are several.
    fn find_plugin_type(&self, name: &str) -> Result<Uuid>;
}

impl Registration for Session {
    fn push(&self, assembly: &Assembly, options: &PushOptions) -> Result<Pushed> {
        self.check_push(&assembly.name)?;
        let file = File::read(self.engine(), &assembly.bytes)?;
        match options.dry_run {
            true => self.rehearse(|batch| push(batch, assembly, &file, options)),
            false => self.batch(|batch| push(batch, assembly, &file, options)),
        }
    }

    fn plugin_history(&self, assembly: Uuid) -> Result<Vec<PluginVersion>> {
        let columns = ["name", "sourcehash"];
        let response = self.execute(Request::retrieve(Reference::new(tables::ASSEMBLY, assembly), &columns))?;
        let row = response
            .row()
            .cloned()
            .unwrap_or_else(|| Row::new(tables::ASSEMBLY, assembly));
        let (mut unit, _) = self.unit()?;
        history::of(&mut unit, &row)
    }

    fn plugin_content(&self, assembly: Uuid, which: Option<&str>) -> Result<(PluginVersion, Vec<u8>)> {
        self.check_privilege(tables::ASSEMBLY, Right::Read)?;
        let all = self.plugin_history(assembly)?;
        let version = match which {
            Some(which) => history::find(&all, which)?.clone(),
            None => history::current(&all)?.clone(),
        };
        let (mut unit, _) = self.unit()?;
        let content = history::content(&mut unit, version.id)?;
        let bytes = BASE64_STANDARD.decode(content);
        let bytes = bytes.map_err(|error| Error::host(format!("a content of a plug-in is damaged: {error}")))?;
        Ok((version, bytes))
    }

    fn roll_back(&self, assembly: Uuid, which: Option<&str>, options: &PushOptions) -> Result<(PluginVersion, Pushed)> {
        let all = self.plugin_history(assembly)?;
        let to = match which {
            Some(which) => history::find(&all, which)?,
            None => history::before_current(&all)?,
        };
        let (version, bytes) = self.plugin_content(assembly, Some(&to.digest))?;
        let response = self.execute(Request::retrieve(Reference::new(tables::ASSEMBLY, assembly), &["name"]))?;
        let name = response.row().and_then(|row| row.text("name")).unwrap_or_default();
        let back = Assembly {
            name: name.to_owned(),
            bytes,
            description: None,
        };
        let options = PushOptions {
            version: Some(version.version.clone()),
            ..options.clone()
        };
        let pushed = self.push(&back, &options).map_err(|mut error| {
            for remedy in &mut error.body_mut().remedies {
                if *remedy == Remedy::PushForced {
                    *remedy = Remedy::RollbackForced;
                }
            }
            error.with_word("VERSION", &version.digest)
        })?;
        Ok((version, pushed))
    }

    fn register_step(&self, spec: &StepSpec) -> Result<Uuid> {
        self.batch(|batch| {
            let plugin_type = plugin_type(batch, &spec.plugin)?;
            register(batch, plugin_type, spec)
        })
    }

    fn update_step(&self, row: &Row, images: Option<&[ImageSpec]>, secure: Option<&str>) -> Result<()> {
        self.batch(|batch| update_step(batch, row, images, secure))
    }

    fn set_step_enabled(&self, step: Uuid, enabled: bool) -> Result<()> {
        self.execute(Request::update(state_row(step, enabled))).map(|_| ())
    }

    fn declared_needs(&self, step: Uuid) -> Result<DeclaredNeeds> {
        needs::of(self, step)
    }

    fn set_plugin_enabled(&self, assembly: Uuid, enabled: bool) -> Result<Vec<(Uuid, String)>> {
        self.batch(|batch| {
            let mut changed = Vec::new();
            for step in steps_of(batch, assembly)? {
                let is_enabled = state::step::ENABLED.is_of(&step);
                let remembered = step.bool("sl_enabledbefore") == Some(true);
                if enabled && !is_enabled && remembered {
                    // Its state was decided anew: what was remembered is forgotten.
                    batch.execute(Request::update(state_row(step.id, true)))?;
                } else if !enabled && is_enabled {
                    batch.execute(Request::update(state_row(step.id, false)))?;
                    let remember = Row::new(tables::STEP, step.id).with("sl_enabledbefore", true);
                    batch.execute(Request::update(remember))?;
                } else {
                    continue;
                }
                changed.push((step.id, step.text("name").unwrap_or_default().to_owned()));
            }
            Ok(changed)
        })
    }

    fn find_plugin_type(&self, name: &str) -> Result<Uuid> {
        self.batch(|batch| plugin_type(batch, name))
    }
}

/// [`Registration::update_step`] as a part of a batch.
fn update_step(batch: &mut Batch<'_>, row: &Row, images: Option<&[ImageSpec]>, secure: Option<&str>) -> Result<()> {
    let mut row = row.clone();
    if let Some(secure) = secure {
        change_secure_configuration(batch, &mut row, secure)?;
    }
    // A post-image comes after the move to post-operation, and goes before the move away.
    let late = row
        .int("stage")
        .is_none_or(|stage| stage == sluice_engine::step::POST_OPERATION);
    if let Some(images) = images.filter(|_| !late) {
        set_images(batch, row.id, images)?;
    }
    if !row.values.is_empty() {
        batch.execute(Request::update(row.clone()))?;
    }
    match images.filter(|_| late) {
        Some(images) => set_images(batch, row.id, images),
        None => Ok(()),
    }
}

/// A change of a step, to be tried.
pub fn changing_step(row: Row, images: Option<Vec<ImageSpec>>, secure: Option<String>) -> Rehearsal {
    Arc::new(move |batch| update_step(batch, &row, images.as_deref(), secure.as_deref()))
}

/// A push, to be tried: the file is read once.
///
/// # Errors
/// The file is none of a plug-in.
pub fn pushing(session: &Session, assembly: Assembly, options: PushOptions) -> Result<Rehearsal> {
    session.check_push(&assembly.name)?;
    let file = File::read(session.engine(), &assembly.bytes)?;
    Ok(Arc::new(move |batch| {
        push(batch, &assembly, &file, &options).map(|_| ())
    }))
}

/// The limits of a step of that mode: the defaults, with the changes in its `sl_limits`.
///
/// # Errors
/// A limit that there is not, or that is above the maximum.
pub fn limits_of(mode: i32, changes: Option<&str>) -> Result<serde_json::Value> {
    Ok(sluice_engine::step_rows::limits(mode, changes)?.to_json())
}

/// The id and the name of a step.
pub(super) fn named(step: &Row) -> (Uuid, String) {
    (step.id, step.text("name").unwrap_or_default().to_owned())
}

pub(crate) fn state_row(step: Uuid, enabled: bool) -> Row {
    Row::new(tables::STEP, step).in_state(state::step::enabled(enabled))
}

pub(super) fn step_name(batch: &mut Batch<'_>, id: Uuid) -> Result<String> {
    let response = batch.execute(Request::retrieve(Reference::new(tables::STEP, id), &["name"]))?;
    Ok(response
        .row()
        .and_then(|row| row.text("name"))
        .unwrap_or_default()
        .to_owned())
}

/// The steps of all types that an assembly has.
pub(super) fn steps_of(batch: &mut Batch<'_>, assembly: Uuid) -> Result<Vec<Row>> {
    let types = Query::new(tables::PLUGIN_TYPE)
        .columns(&[])
        .filter(Filter::eq("pluginassemblyid", assembly).and(Filter::eq(tables::GIVEN_UP, true).negated()));
    let mut steps = Vec::new();
    for plugin_type in batch.list(types)? {
        steps.extend(batch.list(Query::new(tables::STEP).filter(Filter::eq("plugintypeid", plugin_type.id)))?);
    }
    Ok(steps)
}
