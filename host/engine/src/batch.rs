//! Several messages in one transaction: all of them or none.

use std::sync::Arc;

use sluice_model::{Filter, Query, Request, Response, Result, Row, Uuid};

use crate::{Acting, Session, Unit, change::Why, operation::Incoming, pipeline};

/// Several messages in one transaction.
pub struct Batch<'a> {
    pub(crate) unit: &'a mut Unit,
    pub(crate) session: &'a Session,
    pub(crate) principal: Arc<sluice_access::Principal>,
    pub(crate) correlation: Uuid,
    /// Its messages are parts of the import of a solution.
    pub(crate) importing: bool,
    /// What the messages so far leave behind, whatever becomes of the batch.
    pub(crate) traces: &'a mut sluice_store::Beside,
}

impl std::fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch")
    }
}

impl Batch<'_> {
    /// The unit of work of the batch.
    pub fn unit(&mut self) -> &mut Unit {
        self.unit
    }

    /// The correlation id of the batch, by which what it changes is on record as one request.
    pub fn correlation(&self) -> Uuid {
        self.correlation
    }

    /// Whether the batch imports a solution.
    pub fn is_import(&self) -> bool {
        self.importing
    }

    /// Says whether what follows is the import of a managed solution, or the removal of one.
    pub fn set_import(&mut self, importing: bool) {
        self.importing = importing;
    }

    /// Refuses who does not hold a privilege.
    ///
    /// # Errors
    /// The privilege is missing, or there is none of that name.
    pub fn require(&mut self, privilege: &str) -> Result<()> {
        let snapshot = self.unit.snapshot()?;
        sluice_access::check_named(self.principal(), privilege, &snapshot.privileges)
    }

    /// The rows of a table that a decision about customizations needs, whoever asks; `reason`
    /// says which.
    ///
    /// # Errors
    /// There is no such table or column, or the database cannot be read.
    pub fn select_as_platform(&mut self, reason: &'static str, table: &str, filter: Filter) -> Result<Vec<Row>> {
        self.unit.select_as_platform(reason, &Query::new(table).filter(filter))
    }

    /// Who acts.
    pub fn principal(&self) -> &sluice_access::Principal {
        &self.principal
    }

    /// Runs a message.
    ///
    /// # Errors
    /// The refusal; then the batch must end with it.
    pub fn execute(&mut self, request: Request) -> Result<Response> {
        // What the batch itself changed about the user counts at once.
        let (user, caller) = (self.principal.id(), self.principal.limit().map(|caller| caller.id()));
        self.principal = self.unit.acting(Acting { user, caller })?;
        let request = self.session.completed(request);
        self.run(Incoming {
            importing: self.importing,
            ..Incoming::outermost(self.principal.clone(), self.correlation, request)
        })
    }

    /// Runs a message as the system, on the user's behalf. `reason` says why the user's own
    /// privileges do not count.
    pub fn execute_as_system(&mut self, reason: &'static str, request: Request) -> Result<Response> {
        let system = self.unit.system();
        self.run(Incoming {
            initiating: self.principal.clone(),
            why: Why::Platform(reason),
            ..Incoming::outermost(system, self.correlation, request)
        })
    }

    fn run(&mut self, incoming: Incoming) -> Result<Response> {
        self.unit.record(&incoming.request);
        let result = pipeline::run(self.unit, incoming);
        let left = self.unit.traces_of_part(result.as_ref().err());
        let recorded = !left.is_empty() && self.unit.snapshot.settings.requests.records(true);
        self.traces.extend(left);
        result.map_err(|mut error| {
            error.body_mut().recorded = recorded;
            error
        })
    }

    /// Creates a row; its id.
    ///
    /// # Errors
    /// The refusal.
    pub fn create(&mut self, row: Row) -> Result<Uuid> {
        Ok(self.execute(Request::create(row))?.created().unwrap_or_default())
    }

    /// The rows that a query asks for.
    ///
    /// # Errors
    /// The refusal.
    pub fn list(&mut self, query: Query) -> Result<Vec<Row>> {
        Ok(self.execute(Request::retrieve_multiple(query))?.rows().to_vec())
    }
}
