//! One message under way: its parameters, its Target, and for whom it runs.

mod primary;

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Code, Error, Name, Parameter, Reference, Request, Result, Row, TableDef, Timestamp, Uuid};
use sluice_sandbox::Context;

use crate::{Message, Unit, attribution::Written, bypass::Bypass, change::Why, snapshot::Snapshot, step, steps};

use primary::{Primary, check_columns, check_table, form_rows};

/// A request on its way into the pipeline.
pub(crate) struct Incoming {
    pub(crate) principal: Arc<Principal>,
    pub(crate) initiating: Arc<Principal>,
    /// How many messages are around this one, and this one: what plug-ins and traces see.
    pub(crate) depth: u32,
    /// The same, where only messages that plug-ins sent are counted, and the request itself: what
    /// ends loops.
    pub(crate) level: u32,
    pub(crate) correlation: Uuid,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) parent: Option<Arc<Context>>,
    pub(crate) request: Request,
    /// Lookups among the Target's columns that the platform itself put there: they need no
    /// Append and no AppendTo.
    pub(crate) platform_links: &'static [&'static str],
    /// Why it runs.
    pub(crate) why: Why,
    /// The message of which it is a part that the platform itself sends.
    pub(crate) part_of: Option<&'static str>,
    /// A part of the import of a solution: it may mark rows as managed, and change what is.
    pub(crate) importing: bool,
    /// What the message passes over that it is a part of.
    pub(crate) bypass: Option<Arc<Bypass>>,
}

impl Incoming {
    /// A request that comes from outside: from the principal, or from who calls on its behalf.
    pub(crate) fn outermost(principal: Arc<Principal>, correlation: Uuid, request: Request) -> Self {
        Self {
            initiating: principal.limit().unwrap_or(&principal).clone(),
            principal,
            depth: 1,
            level: 1,
            correlation,
            request_id: None,
            parent: None,
            request,
            platform_links: &[],
            why: Why::Asked,
            part_of: None,
            importing: false,
            bypass: None,
        }
    }

    /// A request that an operation or a plug-in makes, one message deeper.
    pub(crate) fn nested(
        parent: &Context,
        level: u32,
        principal: Arc<Principal>,
        initiating: Arc<Principal>,
        request: Request,
    ) -> Self {
        Self {
            principal,
            initiating,
            depth: parent.depth + 1,
            level,
            correlation: parent.correlation,
            request_id: parent.request,
            parent: Some(Arc::new(parent.clone())),
            request,
            platform_links: &[],
            why: Why::Asked,
            part_of: None,
            importing: false,
            bypass: None,
        }
    }
}

/// What a request tells the steps that run in it.
fn tag(inputs: &mut sluice_model::Parameters) -> Option<(Name, sluice_model::Value)> {
    match inputs.remove("tag")? {
        Parameter::Value(tag) => Some((Name::from("tag"), tag)),
        _ => None,
    }
}

/// A message under way.
#[derive(Clone)]
pub struct Operation {
    pub(crate) message: &'static dyn Message,
    pub(crate) principal: Arc<Principal>,
    pub(crate) initiating: Arc<Principal>,
    pub(crate) table: Option<Arc<TableDef>>,
    /// What plug-ins see of it. The Target row is here.
    pub(crate) context: Context,
    /// The row before the main operation, where a step wants an image of it.
    pub(crate) before: Option<Arc<Row>>,
    /// The row after the main operation, where a step wants an image of it.
    pub(crate) after: Option<Arc<Row>>,
    /// How many messages that steps sent are around this one, and the request itself: what ends loops.
    pub(crate) level: u32,
    /// What steps wrote into it.
    pub(crate) written: Written,
    pub(crate) platform_links: &'static [&'static str],
    /// Why it runs: what is deleted along with another row goes whatever its own rules say; a
    /// process that is made along with its row finds no other process of that row.
    pub(crate) why: Why,
    pub(crate) part_of: Option<&'static str>,
    /// See [`Incoming::importing`].
    pub(crate) importing: bool,
    /// What the request passes over.
    pub(crate) bypass: Option<Arc<Bypass>>,
    /// Of a Delete: how many steps had run when it was collected what goes with the row.
    pub(crate) collected: Option<u64>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.message.name(), self.context.table)
    }
}

impl Operation {
    /// Checks the form of a request and makes an operation of it.
    pub(crate) fn begin(unit: &mut Unit, incoming: Incoming) -> Result<Self> {
        let Incoming {
            principal,
            initiating,
            depth,
            level,
            correlation,
            request_id,
            parent,
            request,
            platform_links,
            why,
            part_of,
            importing,
            bypass,
        } = incoming;
        let snapshot = unit.snapshot()?;
        let message = unit.core.message(&request.message)?;
        let shape = message.shape();
        let mut inputs = request.inputs;
        shape.check_request(message.name(), &mut inputs)?;
        let bypass = Bypass::of(&inputs)?.or(bypass);
        let Primary { table, id, mut target } = Primary::of(&snapshot, shape.takes, &mut inputs)?;
        if let (Some(table), Some(row)) = (&table, &target) {
            check_columns(message, (table, row), why, (importing, snapshot.settings.across.is_on))?;
        }
        form_rows(&snapshot, target.as_mut(), &mut inputs);
        if let Some(table) = &table {
            check_table(message, table)?;
        }
        let tag = tag(&mut inputs);
        let context = Context {
            message: message.name().into(),
            stage: step::PRE_VALIDATION,
            mode: step::SYNCHRONOUS,
            depth,
            table: table.as_ref().map(|table| table.name.clone()),
            id,
            user: principal.id(),
            initiating_user: initiating.id(),
            business_unit: principal.business_unit(),
            organization: snapshot.settings.id,
            organization_name: snapshot.settings.name.clone(),
            correlation,
            request: request_id,
            created_on: unit.core.env.now(),
            target,
            inputs,
            parent,
            shared: tag.into_iter().collect(),
            ..Context::default()
        };
        Ok(Self {
            message,
            principal,
            initiating,
            table,
            context,
            before: None,
            after: None,
            level,
            written: Written::default(),
            platform_links,
            why,
            part_of,
            importing,
            bypass,
            collected: None,
        })
    }

    /// An operation that a job has kept: enough for the step that the job runs.
    pub(crate) fn kept(
        message: &'static dyn Message,
        (principal, initiating): (Arc<Principal>, Arc<Principal>),
        table: Option<Arc<TableDef>>,
        context: Context,
        level: u32,
    ) -> Self {
        Self {
            message,
            principal,
            initiating,
            table,
            context,
            before: None,
            after: None,
            level,
            written: Written::default(),
            platform_links: &[],
            why: Why::Asked,
            part_of: None,
            importing: false,
            bypass: None,
            collected: None,
        }
    }

    /// The operation without what it carries: who does what to which row, and when. That is
    /// enough for a trace, and much less to copy.
    pub(crate) fn outline(&self) -> Self {
        let context = &self.context;
        Self {
            message: self.message,
            principal: self.principal.clone(),
            initiating: self.initiating.clone(),
            table: self.table.clone(),
            context: Context {
                message: context.message.clone(),
                stage: context.stage,
                depth: context.depth,
                table: context.table.clone(),
                id: context.id,
                user: context.user,
                initiating_user: context.initiating_user,
                business_unit: context.business_unit,
                organization: context.organization,
                organization_name: context.organization_name.clone(),
                correlation: context.correlation,
                request: context.request,
                created_on: context.created_on,
                ..Context::default()
            },
            before: None,
            after: None,
            level: self.level,
            written: Written::default(),
            platform_links: &[],
            why: self.why,
            part_of: self.part_of,
            importing: false,
            bypass: self.bypass.clone(),
            collected: None,
        }
    }

    /// The row before the main operation, where a step wants to know it.
    pub fn row_before(&self) -> Option<&Row> {
        self.before.as_deref()
    }

    /// How many messages that steps sent are around this one, and the request itself.
    pub fn level(&self) -> u32 {
        self.level
    }

    /// In these lookups the platform itself links what the message is about: nobody needs Append.
    pub fn link_as_platform(&mut self, lookups: &'static [&'static str]) {
        self.platform_links = lookups;
    }

    /// Whether it is a part of the import of a solution.
    pub fn is_import(&self) -> bool {
        self.importing
    }

    /// Why the message runs.
    pub fn why(&self) -> Why {
        self.why
    }

    /// The message of which this one is a part that no step and nobody else has sent: an Assign is an Update of
    /// the owner.
    pub fn part_of(&self) -> Option<&'static str> {
        self.part_of
    }

    /// In whose name the message runs.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The message of which this one is a part, directly or through a step; this one's own context
    /// of pre-validation, which may be its parent, is passed over.
    pub fn cause(&self) -> Option<&Context> {
        let mut next = self.context.parent.as_deref();
        while let Some(own) = next.filter(|context| context.depth == self.context.depth) {
            next = own.parent.as_deref();
        }
        next
    }

    /// When the message began.
    pub fn created_on(&self) -> Timestamp {
        self.context.created_on
    }

    /// The caller's own id for the request.
    pub fn request_id(&self) -> Option<Uuid> {
        self.context.request
    }

    /// Whose request started the pipeline.
    pub fn initiating(&self) -> &Arc<Principal> {
        &self.initiating
    }

    /// Whether that user calls, and in no one's place: who calls on behalf of somebody may not do all
    /// that they may, and what is theirs is another's. Nothing is SYSTEM's own.
    pub fn is_called_by(&self, user: Uuid) -> bool {
        self.principal.id() == user && self.principal.limit().is_none() && !self.principal.is_system()
    }

    /// The id of the caller.
    pub fn caller_id(&self) -> Uuid {
        self.principal.id()
    }

    /// The definition of the table that the message works on.
    ///
    /// # Errors
    /// The message works on no table.
    pub fn table(&self) -> Result<Arc<TableDef>> {
        self.table
            .clone()
            .ok_or_else(|| Error::host(format!("message {} has no table", self.message.name())))
    }

    /// The id of the row that the message works on.
    ///
    /// # Errors
    /// The request gave none.
    pub fn id(&self) -> Result<Uuid> {
        self.context
            .id
            .ok_or_else(|| Error::invalid(format!("message {} needs the id of a row", self.message.name())))
    }

    /// The row that the message works on.
    ///
    /// # Errors
    /// The request gave none.
    pub fn target_reference(&self) -> Result<Reference> {
        Ok(Reference {
            table: self.table()?.name.clone(),
            id: self.id()?,
        })
    }

    /// The Target row, as the steps left it.
    ///
    /// # Errors
    /// The message has none.
    pub fn target(&self) -> Result<&Row> {
        self.context
            .target
            .as_ref()
            .ok_or_else(|| Error::host(format!("message {} has no Target row", self.message.name())))
    }

    /// What plug-ins see of it.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The Target row, to be changed, where the message has one.
    pub fn target_mut(&mut self) -> Option<&mut Row> {
        self.context.target.as_mut()
    }

    /// The Target row, taken out while rules work on it with the operation: [`Self::put_target`] puts it back.
    pub fn take_target(&mut self) -> Option<Row> {
        self.context.target.take()
    }

    /// Puts the Target row back.
    pub fn put_target(&mut self, row: Row) {
        self.context.target = Some(row);
    }

    /// The id of the row that the message is about, where it is known.
    pub fn row_id(&self) -> Option<Uuid> {
        self.context.id
    }

    /// Says which row the message is about: it was found, or made, by its main operation.
    pub fn set_row_id(&mut self, id: Uuid) {
        self.context.id = Some(id);
    }

    /// What a step left in the parameters is held to the types that the message's form has.
    pub(crate) fn check_parameters(&mut self) -> Result<()> {
        let (shape, name) = (self.message.shape(), self.message.name());
        if self.context.stage < step::POST_OPERATION {
            shape.check_inputs(name, &mut self.context.inputs)
        } else {
            shape.check_outputs(name, &mut self.context.outputs)
        }
    }

    /// What the message itself gives back is of the types that its form has.
    pub(crate) fn check_outputs(&mut self) -> Result<()> {
        let (shape, name) = (self.message.shape(), self.message.name());
        let checked = shape.check_outputs(name, &mut self.context.outputs);
        checked.map_err(|error| Error::host(error.message()))
    }

    /// What a step wrote has the form in which it is stored, as what was sent has.
    pub(crate) fn form_rows(&mut self, snapshot: &Snapshot) {
        if !self.context.changes.is_empty() {
            form_rows(snapshot, self.context.target.as_mut(), &mut self.context.inputs);
        }
    }

    /// What the steps left in the Target is held to the same as what was sent.
    pub(crate) fn check_target(&self, unit: &Unit) -> Result<()> {
        let across = unit.snapshot.settings.across.is_on;
        let what = (&*self.table()?, self.target()?);
        check_columns(self.message, what, self.why, (self.importing, across))
    }

    /// Refuses to do to a row of a table that the platform keeps what only the platform does.
    pub(crate) fn refuse_kept(&self) -> Result<()> {
        let table = self.table()?;
        if self.why.is_platform() || !table.kept.refuses(self.message.name()) {
            return Ok(());
        }
        let sentence = format!(
            "the platform keeps the rows of `{}` itself: {} does not work on it",
            table.name,
            self.message.name()
        );
        Err(Error::new(Code::MESSAGE_NOT_SUPPORTED, sentence).with_table(&table.name))
    }

    /// An input parameter.
    pub fn input(&self, name: &str) -> Option<&Parameter> {
        self.context.inputs.get(name)
    }

    /// Sets an output parameter.
    pub fn output(&mut self, name: &str, parameter: impl Into<Parameter>) {
        self.context.outputs.insert(name.into(), parameter.into());
    }

    /// Whether a reader is enough: the message reads, and no step is registered on it.
    pub(crate) fn only_reads(&self, unit: &Unit) -> bool {
        self.message.shape().reads && steps::of(&unit.registered, self).is_empty()
    }

    /// The part of an Update that concerns some of the columns, for the pre-operation and
    /// post-operation stages.
    pub(crate) fn part(&self, mut keep: impl FnMut(&Name) -> bool) -> Self {
        let mut part = self.clone();
        if let Some(target) = &mut part.context.target {
            target.values.retain(|name, _| keep(name));
        }
        part.written.retain(&mut keep);
        part
    }
}
