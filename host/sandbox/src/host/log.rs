//! `log`, `configuration`, `background`, `clock` and `random`.

use sluice_model::{Code, Error};
use wasmtime::Result;

use super::{Panic, State, abort};
use crate::bindings::sluice::plugin::{background, clock, configuration, log, random, types};

/// The most bytes that a plug-in gets at once.
const MOST_RANDOM: u32 = 1024;

impl types::Host for State {}

impl log::Host for State {
    fn trace(&mut self, line: String) -> Result<()> {
        self.trace.line(&line);
        Ok(())
    }

    fn report_panic(&mut self, message: String, function: String, file: String, line: u32) -> Result<()> {
        self.panic = Some(Panic {
            message,
            function,
            file,
            line,
        });
        Ok(())
    }
}

impl configuration::Host for State {
    fn unsecure(&mut self) -> Result<Option<String>> {
        Ok(self.configuration.clone())
    }

    fn secure(&mut self) -> Result<Option<String>> {
        Ok(self.secure_configuration.clone())
    }
}

impl background::Host for State {
    fn attempt(&mut self) -> Result<u32> {
        Ok(self.context.attempt.max(1))
    }

    fn try_again(&mut self, reason: String) -> Result<()> {
        self.again = Some(reason);
        Ok(())
    }
}

impl clock::Host for State {
    fn now(&mut self) -> Result<String> {
        Ok(self.services.now().to_string())
    }
}

impl random::Host for State {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>> {
        let count = usize::try_from(count.min(MOST_RANDOM)).unwrap_or_default();
        Ok(self.services.random(count))
    }
}

/// Ends the call of a plug-in that used what it was not granted.
pub(crate) fn not_granted(capability: &str) -> wasmtime::Error {
    let message =
        format!("the plug-in used `{capability}`, which the step was not granted; an administrator can grant it");
    let mut error = Error::new(Code::ISV_UNEXPECTED, message);
    error.body_mut().capability = Some(capability.to_owned());
    abort(error)
}
