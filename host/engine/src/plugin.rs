//! The plug-in that a step calls: how it is found, what it may use and what it was granted.

use sluice_model::{Result, Uuid};
use sluice_sandbox::{Call, Context, Grants, Limits};

use crate::{
    Unit,
    handler::{Called, Handler},
    step::Step,
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

    fn call(&self, unit: &mut Unit, _: &Step, context: Context) -> Called {
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
            let called = Called {
                context: finished.context,
                outcome: finished.outcome,
                ran: Some((finished.trace, finished.usage)),
            };
            (finished.services, called)
        })
    }
}
