//! What an asynchronous step will be given, as it was when its message ended: kept beside the
//! job, in a table that no message reads, and written in the transaction of the change. The
//! step's configuration is not in it: a job runs the step as it is registered by then.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sluice_model::{Error, Named, Reference, Result, Row, Uuid, case::CaseContext};
use sluice_sandbox::Context;

use crate::{Acting, Unit, operation::Operation, tables};

/// The form in which contexts are written. A reader refuses later ones.
const FORM: u32 = 1;

#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// Everything that the job of an asynchronous step needs.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    form: u32,
    pub(super) step: Uuid,
    /// The step's name, for the day on which it is gone.
    pub(super) step_name: String,
    principal: Uuid,
    initiating: Uuid,
    /// Who initiated it called on behalf of the principal: both must be allowed what is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    limited: bool,
    /// See [`crate::operation::Incoming::level`].
    level: u32,
    /// The messages and steps that led to it; none in those that an earlier version wrote.
    #[serde(default)]
    pub(super) chain: Vec<String>,
    /// What the randomness of the plug-in is made of; empty in those that an earlier version wrote.
    #[serde(default)]
    pub(super) seed: String,
    context: CaseContext,
}

/// What a step sees, as it is kept.
pub(crate) fn kept(context: &Context) -> CaseContext {
    CaseContext {
        message: context.message.clone(),
        stage: context.stage,
        mode: context.mode,
        depth: context.depth,
        table: context.table.clone(),
        id: context.id,
        user: context.user,
        initiating_user: context.initiating_user,
        business_unit: context.business_unit,
        correlation: context.correlation,
        request: context.request,
        step: context.step,
        in_transaction: context.in_transaction,
        created_on: context.created_on,
        target: context.target.clone(),
        inputs: context.inputs.clone(),
        outputs: context.outputs.clone(),
        shared: context.shared.clone(),
        pre_images: rows(&context.pre_images),
        post_images: rows(&context.post_images),
        parent: context.parent.as_deref().map(|parent| Box::new(kept(parent))),
    }
}

/// The context again, in the organisation of that id and name.
pub(crate) fn whole(kept: CaseContext, organization: (Uuid, &str)) -> Context {
    Context {
        message: kept.message,
        stage: kept.stage,
        mode: kept.mode,
        depth: kept.depth,
        table: kept.table,
        id: kept.id,
        user: kept.user,
        initiating_user: kept.initiating_user,
        business_unit: kept.business_unit,
        organization: organization.0,
        organization_name: organization.1.into(),
        correlation: kept.correlation,
        request: kept.request,
        step: kept.step,
        in_transaction: kept.in_transaction,
        created_on: kept.created_on,
        target: kept.target,
        inputs: kept.inputs,
        outputs: kept.outputs,
        shared: kept.shared,
        pre_images: shared_rows(kept.pre_images),
        post_images: shared_rows(kept.post_images),
        parent: kept.parent.map(|parent| Arc::new(whole(*parent, organization))),
        ..Context::default()
    }
}

fn rows(images: &Named<Arc<Row>>) -> Named<Row> {
    images
        .iter()
        .map(|(alias, row)| (alias.clone(), Row::clone(row)))
        .collect()
}

fn shared_rows(images: Named<Row>) -> Named<Arc<Row>> {
    images.into_iter().map(|(alias, row)| (alias, Arc::new(row))).collect()
}

/// Keeps what the job of a step will be given.
pub(super) fn keep(unit: &mut Unit, job: Uuid, operation: &Operation, step: &crate::step::Step) -> Result<()> {
    let mut seed = [0; 16];
    unit.core.env.random(&mut seed);
    let kept = Kept {
        form: FORM,
        step: step.id,
        step_name: step.name.clone(),
        principal: operation.principal.id(),
        initiating: operation.initiating.id(),
        limited: operation.principal.limit().is_some(),
        level: operation.level,
        chain: unit.trace.chain(),
        seed: seed.iter().map(|byte| format!("{byte:02x}")).collect(),
        context: self::kept(&operation.context),
    };
    let text = serde_json::to_string(&kept)
        .map_err(|error| Error::host(format!("the context of a job cannot be written: {error}")))?;
    let row = Row::new(tables::JOB_CONTEXT, job).with("sl_context", text);
    unit.insert_as_platform("keep what an asynchronous step will be given", row)
}

/// What the job of a step was to be given.
///
/// # Errors
/// It is not there, or a later version wrote it.
pub(super) fn find(unit: &mut Unit, job: Uuid) -> Result<Kept> {
    let kept = Reference::new(tables::JOB_CONTEXT, job);
    let row = unit.read_as_platform("give an asynchronous step what was kept for it", &kept, None)?;
    let Some(text) = row.as_ref().and_then(|row| row.text("sl_context")) else {
        return Err(Error::invalid(
            "the job cannot be run: nothing was kept of what its step was to be given; an earlier version made it, which \
             ran such jobs only in the process that had made the change",
        ));
    };
    parse(text)
}

fn parse(text: &str) -> Result<Kept> {
    let broken = |error| {
        Error::invalid(format!(
            "the job cannot be run: what its step was to be given is broken ({error})"
        ))
    };
    // Nearly always it is of this form, and read once.
    let kept: std::result::Result<Kept, _> = serde_json::from_str(text);
    let form = match &kept {
        Ok(kept) => kept.form,
        Err(_) => serde_json::from_str::<Form>(text).map_err(broken)?.form,
    };
    if form > FORM {
        return Err(Error::invalid(format!(
            "the job cannot be run: a later version wrote it (form {form}; this version knows forms up to {FORM})"
        )));
    }
    kept.map_err(broken)
}

/// Whether a text is what a step will be given, or a later version has to say.
pub(crate) fn is_context(text: &str) -> bool {
    serde_json::from_str(text).is_ok_and(|Form { form }| form > FORM || parse(text).is_ok())
}

/// The job will not run any more.
pub(super) fn forget(unit: &mut Unit, job: Uuid) -> Result<()> {
    let kept = Reference::new(tables::JOB_CONTEXT, job);
    unit.delete_as_platform("a job that will not run any more needs nothing", &kept)
}

impl Kept {
    /// In whose name the step runs, the step, and the row that it is about.
    pub(super) fn about(&self) -> (Acting, Uuid, Option<Reference>) {
        let acting = Acting {
            user: self.principal,
            caller: Some(self.initiating).filter(|_| self.limited),
        };
        let (table, id) = (self.context.table.clone(), self.context.id);
        (
            acting,
            self.step,
            table.zip(id).map(|(table, id)| Reference::new(table, id)),
        )
    }

    /// The operation that set the step off, as the step sees it.
    ///
    /// # Errors
    /// The message, its table or one of its users is gone.
    pub(super) fn operation(self, unit: &mut Unit) -> Result<Operation> {
        let snapshot = unit.snapshot()?;
        let message = unit.core.message(&self.context.message)?;
        let table = match &self.context.table {
            Some(table) => Some(snapshot.table(table)?.clone()),
            None => None,
        };
        let principal = match self.limited {
            true => unit.limited(self.principal, self.initiating)?,
            false => unit.principal(self.principal)?,
        };
        let initiating = unit.principal(self.initiating)?;
        let settings = &unit.snapshot.settings;
        let context = whole(self.context, (settings.id, &settings.name));
        Ok(Operation::kept(
            message,
            (principal, initiating),
            table,
            context,
            self.level,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_form_and_a_broken_one_are_told_apart() {
        let told = |text: &str| parse(text).err().unwrap().message().to_owned();
        assert!(told(r#"{"form": 2, "what": "ever"}"#).contains("a later version wrote it (form 2"));
        assert!(told(r#"{"form": 1}"#).contains("is broken"));
        assert!(told("").contains("is broken"));
    }
}
