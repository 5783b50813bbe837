//! `context`: the operation, as the plug-in sees and changes it.

use std::sync::Arc;

use sluice_model::{Error, Named, Parameter, Parameters, Row};
use wasmtime::{Result, component::Resource};

use super::{ExecutionContext, State, abort, misuse};
use crate::{
    Context, Place,
    bindings::sluice::plugin::{context, types},
    convert,
};

type Handle = Resource<ExecutionContext>;

impl State {
    /// The context behind a handle: the call's own, or one of its parents.
    fn at(&self, handle: &Handle) -> &Context {
        let mut context = &self.context;
        for _ in 0..handle.rep() {
            match &context.parent {
                Some(parent) => context = parent,
                None => break,
            }
        }
        context
    }

    /// The call's own context, to be written to, after `bytes` are charged.
    fn own(&mut self, handle: &Handle, bytes: u64) -> Result<&mut Context> {
        if handle.rep() != 0 {
            return Err(misuse(Error::invalid(
                "the context of a parent operation cannot be changed",
            )));
        }
        self.budget.output(bytes).map_err(abort)?;
        Ok(&mut self.context)
    }

    /// Remembers what stands in a place, before the plug-in first writes there.
    fn remember(&mut self, place: Place) {
        if !self.context.changes.contains_key(&place) {
            let before = place.of(&self.context);
            self.context.changes.insert(place, before);
        }
    }

    fn own_target(&mut self, handle: &Handle, column: &str, bytes: u64) -> Result<&mut Row> {
        let context = self.own(handle, bytes)?;
        let message = context.message.clone();
        context.target.as_mut().ok_or_else(|| {
            misuse(Error::invalid(format!(
                "`{message}` has no Target row whose column `{column}` could be changed"
            )))
        })
    }
}

fn image(images: &Named<Arc<Row>>, alias: &str, column: &str) -> Option<types::Value> {
    images.get(alias)?.get(column).map(convert::value_out)
}

/// The names of the parameters that the contract has a form for.
fn names(parameters: &Parameters) -> Vec<String> {
    parameters
        .iter()
        .filter(|(_, parameter)| !matches!(parameter, Parameter::Query(_)))
        .map(|(name, _)| name.to_string())
        .collect()
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

impl context::Host for State {}

impl context::HostExecutionContext for State {
    fn message(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).message.to_string())
    }

    fn stage(&mut self, this: Handle) -> Result<i32> {
        Ok(self.at(&this).stage)
    }

    fn mode(&mut self, this: Handle) -> Result<i32> {
        Ok(self.at(&this).mode)
    }

    fn depth(&mut self, this: Handle) -> Result<i32> {
        Ok(i32::try_from(self.at(&this).depth).unwrap_or(i32::MAX))
    }

    fn primary_table(&mut self, this: Handle) -> Result<Option<String>> {
        Ok(self.at(&this).table.as_ref().map(ToString::to_string))
    }

    fn primary_id(&mut self, this: Handle) -> Result<Option<String>> {
        Ok(self.at(&this).id.map(|id| id.to_string()))
    }

    fn user_id(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).user.to_string())
    }

    fn initiating_user_id(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).initiating_user.to_string())
    }

    fn business_unit_id(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).business_unit.to_string())
    }

    fn organization_id(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).organization.to_string())
    }

    fn organization_name(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).organization_name.to_string())
    }

    fn correlation_id(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).correlation.to_string())
    }

    fn request_id(&mut self, this: Handle) -> Result<Option<String>> {
        Ok(self.at(&this).request.map(|id| id.to_string()))
    }

    fn owning_extension(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).step.to_string())
    }

    fn is_in_transaction(&mut self, this: Handle) -> Result<bool> {
        Ok(self.at(&this).in_transaction)
    }

    fn operation_created_on(&mut self, this: Handle) -> Result<String> {
        Ok(self.at(&this).created_on.to_string())
    }

    fn target_columns(&mut self, this: Handle) -> Result<Option<Vec<types::Column>>> {
        Ok(self.at(&this).target.as_ref().map(convert::columns_out))
    }

    fn target(&mut self, this: Handle, column: String) -> Result<Option<types::Value>> {
        Ok(self
            .at(&this)
            .target
            .as_ref()
            .and_then(|row| row.get(&column))
            .map(convert::value_out))
    }

    fn set_target(&mut self, this: Handle, column: String, value: types::Value) -> Result<()> {
        let value = convert::value_in(&column, value).map_err(misuse)?;
        let bytes = length(&column) + convert::value_size(&value);
        self.own_target(&this, &column, bytes)?;
        self.remember(Place::Column(column.as_str().into()));
        self.own_target(&this, &column, 0)?.values.insert(column.into(), value);
        Ok(())
    }

    fn remove_target(&mut self, this: Handle, column: String) -> Result<()> {
        if self.own_target(&this, &column, 0)?.has(&column) {
            self.remember(Place::Column(column.as_str().into()));
        }
        self.own_target(&this, &column, 0)?.values.remove(column.as_str());
        Ok(())
    }

    fn pre_image_columns(&mut self, this: Handle, alias: String) -> Result<Option<Vec<types::Column>>> {
        Ok(self
            .at(&this)
            .pre_images
            .get(alias.as_str())
            .map(|row| convert::columns_out(row)))
    }

    fn pre_image(&mut self, this: Handle, alias: String, column: String) -> Result<Option<types::Value>> {
        Ok(image(&self.at(&this).pre_images, &alias, &column))
    }

    fn post_image_columns(&mut self, this: Handle, alias: String) -> Result<Option<Vec<types::Column>>> {
        Ok(self
            .at(&this)
            .post_images
            .get(alias.as_str())
            .map(|row| convert::columns_out(row)))
    }

    fn post_image(&mut self, this: Handle, alias: String, column: String) -> Result<Option<types::Value>> {
        Ok(image(&self.at(&this).post_images, &alias, &column))
    }

    fn input_names(&mut self, this: Handle) -> Result<Vec<String>> {
        Ok(names(&self.at(&this).inputs))
    }

    fn input(&mut self, this: Handle, name: String) -> Result<Option<types::Parameter>> {
        Ok(self
            .at(&this)
            .inputs
            .get(name.as_str())
            .and_then(convert::parameter_out))
    }

    fn set_input(&mut self, this: Handle, name: String, parameter: types::Parameter) -> Result<()> {
        let parameter = convert::parameter_in(&name, parameter).map_err(misuse)?;
        let bytes = length(&name) + convert::parameter_size(&parameter);
        self.own(&this, bytes)?;
        self.remember(Place::Input(name.as_str().into()));
        self.own(&this, 0)?.inputs.insert(name.into(), parameter);
        Ok(())
    }

    fn output_names(&mut self, this: Handle) -> Result<Vec<String>> {
        Ok(names(&self.at(&this).outputs))
    }

    fn output(&mut self, this: Handle, name: String) -> Result<Option<types::Parameter>> {
        Ok(self
            .at(&this)
            .outputs
            .get(name.as_str())
            .and_then(convert::parameter_out))
    }

    fn set_output(&mut self, this: Handle, name: String, parameter: types::Parameter) -> Result<()> {
        let parameter = convert::parameter_in(&name, parameter).map_err(misuse)?;
        let bytes = length(&name) + convert::parameter_size(&parameter);
        self.own(&this, bytes)?.outputs.insert(name.into(), parameter);
        Ok(())
    }

    fn shared_names(&mut self, this: Handle) -> Result<Vec<String>> {
        Ok(self.at(&this).shared.keys().map(ToString::to_string).collect())
    }

    fn shared(&mut self, this: Handle, name: String) -> Result<Option<types::Value>> {
        Ok(self.at(&this).shared.get(name.as_str()).map(convert::value_out))
    }

    fn set_shared(&mut self, this: Handle, name: String, value: types::Value) -> Result<()> {
        let value = convert::value_in(&name, value).map_err(misuse)?;
        let bytes = length(&name) + convert::value_size(&value);
        self.own(&this, bytes)?.shared.insert(name.into(), value);
        Ok(())
    }

    fn question_of(&mut self, this: Handle, input: String) -> Result<Option<types::Question>> {
        Ok(match self.at(&this).inputs.get(input.as_str()) {
            Some(Parameter::Query(query)) => Some(convert::question_out(query)),
            _ => None,
        })
    }

    fn parent(&mut self, this: Handle) -> Result<Option<Handle>> {
        Ok(self
            .at(&this)
            .parent
            .is_some()
            .then(|| Resource::new_own(this.rep() + 1)))
    }

    fn drop(&mut self, _: Handle) -> Result<()> {
        Ok(())
    }
}
