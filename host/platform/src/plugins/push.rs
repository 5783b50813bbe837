//! A plug-in file that is pushed: what it declares, its types, and the steps that it asks for.

use serde_json::json;
use sluice_engine::{Batch, Engine, Unit, compiling::digest, tables};
use sluice_model::{Code, Error, Filter, Query, Reference, Request, Result, Row, Uuid, Value, state::step::ENABLED};
use sluice_sandbox::{Argument, DeclaredStep, PluginType};

use super::{
    history, missing,
    plugin_assembly::check_version,
    registration::{
        Assembly, ImageSpec, Lacking, PushOptions, Pushed, StepSpec, named, state_row, step_name, steps_of,
    },
    step_writing::{declared_columns, images_of, message_and_filter, register, set_images},
    telling,
};

/// A file that has been read: what is written of it.
pub(crate) struct File {
    /// The digest of the component.
    pub(crate) digest: String,
    /// The component, in Base64.
    pub(crate) content: String,
    /// What it declares.
    pub(crate) types: Vec<PluginType>,
    /// The version that it says it has.
    pub(crate) version: Option<String>,
}

impl File {
    /// What the file of a plug-in says of itself: its code is compiled and run once, under limits.
    pub(crate) fn read(engine: &Engine, bytes: &[u8]) -> Result<Self> {
        use base64::{Engine as _, prelude::BASE64_STANDARD};
        let component = engine.sandbox()?.componentize(bytes)?;
        Ok(Self {
            digest: digest(&component),
            types: describe(engine, &component)?,
            version: sluice_sandbox::version(&component).filter(|version| check_version(version).is_ok()),
            content: BASE64_STANDARD.encode(&component),
        })
    }
}

/// What a component declares; run once, under limits.
fn describe(engine: &Engine, component: &[u8]) -> Result<Vec<PluginType>> {
    let sandbox = engine.sandbox()?;
    let types = sandbox.describe(&sandbox.load(component)?)?;
    let mut names: Vec<&str> = types.iter().map(|plugin_type| plugin_type.name.as_str()).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(Error::new(
            Code::PLUGIN_TYPE_TWICE,
            format!(
                "Multiple plug-in types from the same assembly and with the same typename are not allowed. (`{twice}`)"
            ),
        ));
    }
    if names.is_empty() {
        return Err(Error::new(
            Code::NO_PLUGIN_TYPE,
            "the file declares no plug-in; name one in `export!`",
        ));
    }
    Ok(types)
}

/// [`super::registration::Registration::push`] as a part of a batch.
pub(crate) fn push(batch: &mut Batch<'_>, assembly: &Assembly, file: &File, options: &PushOptions) -> Result<Pushed> {
    let mut push = Push {
        batch,
        assembly,
        file,
        options,
        is_new: false,
        pushed: Pushed::default(),
    };
    let id = push.write_assembly()?;
    push.pushed.id = id;
    if push.is_new {
        push.pushed.twins = telling::twins(push.batch, id, file)?;
    }
    let known = Query::new(tables::PLUGIN_TYPE).filter(Filter::eq("pluginassemblyid", id));
    let known = push.batch.list(known)?;
    let mut declared = Vec::new();
    for plugin_type in &file.types {
        let existing = known.iter().find(|row| row.text("typename") == Some(&plugin_type.name));
        let type_id = push.write_type(existing, plugin_type)?;
        push.pushed.types.push(plugin_type.name.clone());
        if !plugin_type.wants.is_empty() {
            let wants = (plugin_type.name.clone(), plugin_type.wants.clone());
            push.pushed.wants.push(wants);
        }
        if !plugin_type.privileges.is_empty() {
            let needs = (plugin_type.name.clone(), plugin_type.privileges.clone());
            push.pushed.privileges.push(needs);
        }
        keep_details(push.batch.unit(), type_id, plugin_type)?;
        for step in &plugin_type.steps {
            let written = push.write_step(type_id, plugin_type, step);
            declared.push(written.map_err(|error| of_declaration(error, plugin_type, step))?);
        }
    }
    push.remove_undeclared(&declared)?;
    missing::forget(push.batch, id)?;
    push.pushed.resting = telling::resting(push.batch, id)?;
    history::newest(push.batch.unit(), id, &file.digest)?;
    Ok(push.pushed)
}

/// A push under way.
struct Push<'a, 'b> {
    batch: &'a mut Batch<'b>,
    assembly: &'a Assembly,
    file: &'a File,
    options: &'a PushOptions,
    /// There was none of that name.
    is_new: bool,
    pushed: Pushed,
}

impl Push<'_, '_> {
    fn write_assembly(&mut self) -> Result<Uuid> {
        let query = Query::new(tables::ASSEMBLY)
            .columns(&["sourcehash", "version"])
            .filter(Filter::eq("name", self.assembly.name.as_str()));
        let existing = self.batch.list(query)?.pop();
        let mut row = Row::unsaved(tables::ASSEMBLY);
        if let Some(description) = &self.assembly.description {
            row.set("description", description.as_str());
        }
        let version = self.options.version.as_ref().or(self.file.version.as_ref());
        let Some(existing) = existing else {
            self.is_new = true;
            let version = version.map_or("1.0.0.0", String::as_str);
            self.pushed.version = version.to_owned();
            row.set("name", self.assembly.name.as_str());
            row.set("content", self.file.content.as_str());
            row.set("version", version);
            row.set("isolationmode", Value::Choice(2));
            row.set("sourcetype", Value::Choice(0));
            return self.batch.create(row);
        };
        if self.options.force {
            missing::give_up(self.batch, existing.id, &self.file.types, &mut self.pushed)?;
        }
        row.id = existing.id;
        if existing.text("sourcehash") != Some(&self.file.digest) {
            row.set("content", self.file.content.as_str());
        }
        let before = existing.text("version").unwrap_or_default();
        self.pushed.version = version.map_or(before, String::as_str).to_owned();
        if self.pushed.version != before {
            row.set("version", self.pushed.version.as_str());
        }
        if !row.values.is_empty() {
            self.batch.execute(Request::update(row))?;
        }
        Ok(existing.id)
    }

    fn write_type(&mut self, existing: Option<&Row>, declared: &PluginType) -> Result<Uuid> {
        let Some(row) = existing else {
            return self.batch.create(
                Row::unsaved(tables::PLUGIN_TYPE)
                    .with("name", declared.name.as_str())
                    .with("typename", declared.name.as_str())
                    .with("friendlyname", declared.name.as_str())
                    .with("description", declared.description.as_str())
                    .with("pluginassemblyid", Reference::new(tables::ASSEMBLY, self.pushed.id)),
            );
        };
        if row.text("description").unwrap_or_default() != declared.description {
            let row = Row::new(tables::PLUGIN_TYPE, row.id).with("description", declared.description.as_str());
            self.batch.execute(Request::update(row))?;
        }
        Ok(row.id)
    }

    /// Adds or updates a declared step: it is known by type, message, table and stage.
    fn write_step(&mut self, plugin_type: Uuid, kind: &PluginType, step: &DeclaredStep) -> Result<Uuid> {
        let spec = declared(&self.assembly.name, kind, step);
        let (message, filter) = message_and_filter(self.batch, &spec.message, spec.table.as_deref())?;
        let same = Filter::eq("plugintypeid", plugin_type)
            .and(Filter::eq("sdkmessageid", message))
            .and(Filter::eq("stage", Value::Choice(spec.stage)))
            .and(Filter::eq("sdkmessagefilterid", filter.map_or(Value::Null, Value::Id)));
        let existing = self
            .batch
            .list(Query::new(tables::STEP).filter(same))?
            .into_iter()
            .next();
        match existing {
            Some(existing) => self.update_step(&existing, kind, &spec),
            None => self.add_step(plugin_type, kind, spec),
        }
    }

    /// A new step; one that lacks what its type asks for arrives disabled.
    fn add_step(&mut self, plugin_type: Uuid, kind: &PluginType, mut spec: StepSpec) -> Result<Uuid> {
        spec.grants = wanted(&kind.wants, &self.options.grants);
        let id = register(self.batch, plugin_type, &spec)?;
        let mut mark = Row::new(tables::STEP, id).with("sl_origin", DECLARED);
        if let Some(configuration) = &spec.configuration {
            mark.set(DECLARED_CONFIGURATION, configuration.as_str());
        }
        self.batch.execute(Request::update(mark))?;
        let name = step_name(self.batch, id)?;
        let lacks = lacking(&kind.wants, &spec.grants);
        if !lacks.is_empty() {
            self.batch.execute(Request::update(state_row(id, false)))?;
            self.pushed.lacking.push(Lacking {
                step: (id, name.clone()),
                grants: lacks,
                held: spec.grants.clone(),
                disabled: true,
            });
        }
        self.pushed.added.push((id, name));
        Ok(id)
    }

    /// What the declaration of a step that is there decides on; what an administrator set stays.
    fn update_step(&mut self, existing: &Row, kind: &PluginType, spec: &StepSpec) -> Result<Uuid> {
        let mut row = Row::new(tables::STEP, existing.id);
        let mut changes = Vec::new();
        for (column, value) in declared_columns(spec) {
            let now = existing.get(column).cloned().unwrap_or(Value::Null);
            if now == value {
                continue;
            }
            if column == "configuration"
                && !self.options.configuration
                && existing.get(DECLARED_CONFIGURATION) != existing.get(column)
            {
                self.pushed.kept.push(named(existing));
                continue;
            }
            changes.push(telling::change(column, &now, &value));
            row.set(column, value);
        }
        let held = names_of(existing.text("sl_grants"));
        let mut grants = held.clone();
        grants.extend(
            wanted(&kind.wants, &self.options.grants)
                .into_iter()
                .filter(|grant| !held.contains(grant)),
        );
        if grants != held {
            changes.push(telling::change(
                "grants",
                &held.join(",").into(),
                &grants.join(",").into(),
            ));
            row.set("sl_grants", grants.join(","));
        }
        let lacks = lacking(&kind.wants, &grants);
        if !lacks.is_empty() {
            self.pushed.lacking.push(Lacking {
                step: named(existing),
                grants: lacks,
                held: grants,
                disabled: !ENABLED.is_of(existing),
            });
        }
        let images_differ = images_of(self.batch, existing.id)? != spec.images;
        if images_differ {
            changes.push("images".to_owned());
        }
        if !changes.is_empty() {
            self.pushed.updated.push(named(existing));
            self.pushed.changes.push((existing.id, changes));
        }
        let declared = spec.configuration.as_deref();
        if existing.text(DECLARED_CONFIGURATION) != declared {
            row.set(DECLARED_CONFIGURATION, declared.map_or(Value::Null, Value::from));
        }
        if !row.values.is_empty() {
            self.batch.execute(Request::update(row))?;
        }
        if images_differ {
            set_images(self.batch, existing.id, &spec.images)?;
        }
        Ok(existing.id)
    }

    /// The steps that earlier versions declared and this one does not, of types that it has.
    fn remove_undeclared(&mut self, declared: &[Uuid]) -> Result<()> {
        for step in steps_of(self.batch, self.pushed.id)? {
            if declared.contains(&step.id) || step.text("sl_origin") != Some(DECLARED) {
                continue;
            }
            self.pushed.undeclared.push(named(&step));
            if self.options.prune {
                self.batch.execute(Request::delete(step.reference()))?;
                self.pushed.removed.push(named(&step));
            }
        }
        Ok(())
    }
}

/// Keeps what a file says of a type beside its steps: the privileges that it needs, and what
/// workflows give it and take from it.
fn keep_details(unit: &mut Unit, id: Uuid, declared: &PluginType) -> Result<()> {
    let snapshot = unit.snapshot()?;
    let unknown = declared
        .privileges
        .iter()
        .find(|name| snapshot.privileges().id(name).is_nil());
    if let Some(unknown) = unknown {
        return Err(Error::invalid(format!(
            "the type `{}` says that it needs the privilege `{unknown}`, which is not there",
            declared.name
        )));
    }
    let argument = |one: &Argument| json!({ "name": one.name, "kind": one.kind, "required": one.required, "description": one.description });
    let of = |arguments: &[Argument]| arguments.iter().map(argument).collect::<Vec<_>>();
    let is_activity = !declared.inputs.is_empty() || !declared.outputs.is_empty();
    let told = json!({ "inputs": of(&declared.inputs), "outputs": of(&declared.outputs) }).to_string();
    let text = |text: String| {
        if text.is_empty() {
            Value::Null
        } else {
            Value::Text(text)
        }
    };
    let row = Reference::new(tables::PLUGIN_TYPE, id);
    let reason = "keep what a plug-in's file says of a type";
    let before = unit.need_as_platform(reason, &row)?;
    let mut change = Row::new(tables::PLUGIN_TYPE, id);
    for (column, value) in [
        ("sl_privileges", text(declared.privileges.join(","))),
        ("isworkflowactivity", Value::Bool(is_activity)),
        (
            "customworkflowactivityinfo",
            text(if is_activity { told } else { String::new() }),
        ),
    ] {
        if before.get(column).unwrap_or(&Value::Null) != &value {
            change.set(column, value);
        }
    }
    match change.values.is_empty() {
        true => Ok(()),
        false => unit.update_as_platform(reason, change),
    }
}

/// `sl_origin` of a step that a push made from a declaration.
pub(crate) const DECLARED: &str = "declared";

/// The configuration that the last push declared: one that differs from it is an administrator's.
pub(crate) const DECLARED_CONFIGURATION: &str = "sl_declaredconfiguration";

pub(super) fn names_of(list: Option<&str>) -> Vec<String> {
    let names = sluice_engine::step_rows::names(list);
    names.iter().map(ToString::to_string).collect()
}

/// What is both asked for and granted.
fn wanted(wants: &[String], grants: &[String]) -> Vec<String> {
    wants.iter().filter(|want| grants.contains(want)).cloned().collect()
}

/// What is asked for and not granted.
pub(crate) fn lacking(wants: &[String], grants: &[String]) -> Vec<String> {
    wants.iter().filter(|want| !grants.contains(want)).cloned().collect()
}

/// What is wrong with a declared step says which one it is.
fn of_declaration(mut error: Error, kind: &PluginType, step: &DeclaredStep) -> Error {
    let body = error.body_mut();
    let table = if step.table.is_empty() {
        "any table"
    } else {
        &step.table
    };
    body.message = format!(
        "the step that `{}` declares for {} of {table}: {}",
        kind.name, step.message, body.message
    );
    error
}

fn declared(assembly: &str, kind: &PluginType, step: &DeclaredStep) -> StepSpec {
    StepSpec {
        plugin: format!("{assembly}/{}", kind.name),
        message: step.message.clone(),
        table: Some(step.table.clone()).filter(|table| !table.is_empty()),
        stage: step.stage,
        mode: step.mode,
        rank: step.rank,
        description: Some(step.description.clone()).filter(|text| !text.is_empty()),
        filtering: step.filtering_columns.clone(),
        images: step
            .images
            .iter()
            .map(|image| ImageSpec {
                kind: match image.kind.as_str() {
                    "pre" => 0,
                    "post" => 1,
                    _ => 2,
                },
                alias: image.alias.clone(),
                columns: image.columns.clone(),
            })
            .collect(),
        configuration: step.configuration.clone(),
        ..StepSpec::default()
    }
}
