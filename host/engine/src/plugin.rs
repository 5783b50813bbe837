//! The plug-in that a step calls: how it is found, what it may use and what it was granted.

use std::sync::Arc;

use sluice_model::{Code, Error, Filter, Query, Result, Uuid};
use sluice_sandbox::{Call, Context, Grants, Limits};

use crate::{
    Unit,
    handler::{Called, Handler},
    step::Step,
    steps::{enter_frame, leave_frame},
    tables,
};

/// A plug-in, as a step calls it.
#[derive(Debug, Default)]
pub(crate) struct PluginHandler {
    pub(crate) type_name: String,
    pub(crate) assembly: Uuid,
    pub(crate) assembly_name: String,
    pub(crate) digest: String,
    pub(crate) configuration: Option<String>,
    pub(crate) secure: Option<String>,
    pub(crate) grants: Grants,
    pub(crate) limits: Limits,
}

/// What a plug-in is called among the handlers.
pub(crate) const KIND: &str = "plug-in";

impl PluginHandler {
    /// What used a capability that the step lacks needs it beside those that the step has.
    fn with_grants(&self, error: Error) -> Error {
        let Some(lacks) = error.body().capability.clone() else {
            return error;
        };
        let Grants { clock, random, system } = self.grants;
        let held = [("clock", clock), ("random", random), ("system", system)];
        let held = held.into_iter().filter_map(|(name, held)| held.then_some(name));
        let grants: Vec<&str> = held.chain([&*lacks]).collect();
        error.with_word("GRANTS", grants.join(","))
    }
}

impl Handler for PluginHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn plugin(&self) -> String {
        format!("{}/{}", self.assembly_name, self.type_name)
    }

    fn configuration(&self) -> Option<&str> {
        self.configuration.as_deref()
    }

    fn prepare(&self, unit: &mut Unit) -> Result<()> {
        unit.plugin(self).map(|_| ())
    }

    fn call(&self, unit: &mut Unit, step: &Step, context: Context) -> Called {
        let ready = unit.plugin(self).and_then(|plugin| Ok((plugin, unit.core.sandbox()?)));
        let (plugin, sandbox) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                return Called {
                    context,
                    outcome: Err(error),
                    ran: None,
                };
            }
        };
        let recorder = unit.purpose.recorder().cloned();
        if let Some(recorder) = &recorder {
            recorder.enter(self, step, &context);
        }
        let call = Call {
            type_name: self.type_name.clone(),
            context,
            limits: self.limits,
            grants: self.grants,
            configuration: self.configuration.clone(),
            secure_configuration: self.secure.clone(),
            left: unit.left(),
        };
        unit.lend(|unit| {
            let finished = sandbox.call(&plugin, call, unit);
            if let Some(recorder) = &recorder {
                recorder.leave(step, &finished.outcome, &finished.context);
            }
            let called = Called {
                context: finished.context,
                outcome: finished.outcome.map_err(|error| self.with_grants(error)),
                ran: Some((finished.trace, finished.usage)),
            };
            (finished.services, called)
        })
    }
}

/// What a workflow gives to a plug-in, or takes from it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Argument {
    /// The parameter's name.
    pub name: String,
    /// `boolean`, `integer`, `decimal`, `text`, `date-time`, `id` or `reference`.
    pub kind: String,
    /// Of an input: a workflow has to give it.
    #[serde(default)]
    pub required: bool,
    /// What it is.
    #[serde(default)]
    pub description: String,
}

/// All of them, as `plugintype.customworkflowactivityinfo` keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Arguments {
    /// What workflows give.
    pub inputs: Vec<Argument>,
    /// What they take.
    pub outputs: Vec<Argument>,
}

/// Whether a text is what workflows give a plug-in and take from it.
pub(crate) fn are_arguments(text: &str) -> bool {
    serde_json::from_str::<Arguments>(text).is_ok()
}

impl Unit {
    /// Calls a plug-in as a part of what the handler that runs now does: in the name of its step's
    /// user, with the usual limits and no grants. The plug-in sees the handler's context.
    ///
    /// # Errors
    /// There is no such plug-in, or it fails.
    pub fn call_plugin(&mut self, name: &str, configuration: Option<String>, context: &mut Context) -> Result<()> {
        let mut handler = self.plugin_named(name)?;
        handler.configuration = configuration;
        handler.prepare(self)?;
        let Some(outer) = self.frames.last().cloned() else {
            return Err(Error::host("a plug-in is called outside any step"));
        };
        let handler = Arc::new(handler);
        let step = Arc::new(outer.step.instead(handler.clone()));
        self.trace.enter_plugin(&step);
        // What the plug-in does is its own, and not the handler's.
        let users = (outer.step_user, outer.initiating);
        enter_frame(self, users, outer.level, outer.in_transaction, &step);
        let started = self.core.env.now();
        let Called {
            context: left,
            outcome,
            ran,
        } = handler.call(self, &step, std::mem::take(context));
        *context = left;
        let took = ran.as_ref().map(|(_, usage)| usage.wall);
        let outcome = leave_frame(self, &outer.step, took, outcome);
        let outcome = outcome.map_err(|mut error| {
            error.body_mut().plugin.get_or_insert(handler.plugin());
            error
        });
        if let Some(ran) = ran {
            let setting = self.snapshot.settings.trace;
            let times = (started, self.core.env.now());
            self.trace
                .finish_step(context, &step, times, ran, outcome.as_ref().err(), setting);
        }
        self.trace.leave(outcome.as_ref().err());
        outcome
    }

    /// Whether there is a plug-in of that name: `assembly/type`, or the type alone where it is the
    /// only one of its name.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn check_plugin(&mut self, name: &str) -> Result<()> {
        self.plugin_named(name).map(|_| ())
    }

    /// What the file of a plug-in of that name says of what workflows give it and take from it.
    ///
    /// # Errors
    /// There is no such plug-in, or there are several.
    pub fn arguments_of_plugin(&mut self, name: &str) -> Result<Arguments> {
        let plugin = self.plugin_named(name)?;
        let of_type = Filter::eq("pluginassemblyid", plugin.assembly).and(Filter::eq("typename", plugin.type_name));
        let query = Query::new(tables::PLUGIN_TYPE)
            .columns(&["customworkflowactivityinfo"])
            .filter(of_type);
        let rows = self.select_as_platform("see what a plug-in is given by workflows", &query)?;
        let told = rows.first().and_then(|row| row.text("customworkflowactivityinfo"));
        let parse = |text: &str| {
            serde_json::from_str(text)
                .map_err(|error| Error::host(format!("what is kept of a plug-in's arguments is broken: {error}")))
        };
        told.map_or_else(|| Ok(Arguments::default()), parse)
    }

    fn plugin_named(&mut self, name: &str) -> Result<PluginHandler> {
        let (of, type_name) = match name.split_once('/') {
            Some((assembly, type_name)) => (Some(assembly), type_name),
            None => (None, name),
        };
        let reason = "find a plug-in that is called by its name";
        // A type that was given up is kept for its steps alone.
        let there = Filter::eq("typename", type_name).and(Filter::eq(tables::GIVEN_UP, true).negated());
        let types = Query::new(tables::PLUGIN_TYPE).filter(there);
        let mut found = Vec::new();
        for row in self.select_as_platform(reason, &types)? {
            let Some(id) = row.id_of("pluginassemblyid") else {
                continue;
            };
            let assembly = Query::new(tables::ASSEMBLY)
                .columns(&["name", "sourcehash"])
                .filter(Filter::eq("pluginassemblyid", id));
            for assembly in self.select_as_platform(reason, &assembly)? {
                let text = |column: &str| assembly.text(column).unwrap_or_default().to_owned();
                if of.is_none_or(|of| of == text("name")) {
                    found.push(PluginHandler {
                        type_name: type_name.to_owned(),
                        assembly: id,
                        assembly_name: text("name"),
                        digest: text("sourcehash"),
                        ..PluginHandler::default()
                    });
                }
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(plugin), true) => Ok(plugin),
            (Some(_), false) => {
                let message = format!("several plug-ins have a type \"{name}\": write ASSEMBLY/TYPE");
                Err(Error::new(Code::AMBIGUOUS, message).with_table(tables::PLUGIN_TYPE))
            }
            (None, _) => {
                let message = format!("there is no plug-in \"{name}\"");
                Err(Error::new(Code::NOT_FOUND, message).with_table(tables::PLUGIN_TYPE))
            }
        }
    }
}
