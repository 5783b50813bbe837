//! The one way from the command line to an organisation, in the name of the acting user: send a
//! message, run a query, read definitions. Bytes go up and down in messages ([`crate::transfer`]).
//! What commands need beside it is on the list of `tests/tests/client-exceptions.txt`.

use std::sync::Arc;

use sluice_engine::{CallOptions, Found, Message, Session};
use sluice_model::{
    Catalog, ColumnDef, Error, Name, Query, Request, Response, Result, Right, Row, Surroundings, TableDef, Uuid, Value,
};

/// See the module.
pub(crate) trait Door {
    /// The acting user.
    fn user(&self) -> Uuid;

    /// Sends a message.
    fn execute(&self, request: Request) -> Result<Response>;

    /// Sends a message with an id of its own.
    fn execute_with(&self, request: Request, options: &CallOptions) -> Result<Response>;

    /// Sends messages in one transaction: all of them or none.
    fn execute_all(&self, requests: &[Request]) -> Result<Vec<Response>>;

    /// An id for a row that is to be made, by which the later ones of several messages name it.
    fn new_id(&self) -> Uuid;

    /// Refuses who may not do that to rows of a table at all: asked before a file is read.
    fn check_privilege(&self, table: &str, right: Right) -> Result<()>;

    /// The refusal of that, recorded as the one of the message which would have followed.
    fn refused_at_gate(&self, request: &Request, refusal: Error) -> Error;

    /// Refuses who lacks a privilege that belongs to no table.
    fn check_task(&self, privilege: &str) -> Result<()>;

    /// Runs a query.
    fn list(&self, query: Query) -> Result<Vec<Row>>;

    /// Runs a query of traces: who may not read them sees those of their own requests.
    fn traces(&self, query: Query) -> Result<Vec<Row>>;

    /// Shows all rows of a query, some at a time, as they are read.
    fn each(&self, query: Query, visit: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()>;

    /// The tables and their columns, by which names and values are read.
    fn catalog(&self) -> Result<Arc<Catalog>>;

    /// The tables and their columns, for whoever may look at definitions.
    fn definitions(&self) -> Result<Arc<Catalog>>;

    /// One of these tables.
    fn definition(&self, table: &str) -> Result<Arc<TableDef>>;

    /// A message, with the types of its parameters.
    fn message(&self, name: &str) -> Result<&'static dyn Message>;

    /// What the text form of a query is read in.
    fn surroundings(&self) -> Result<Surroundings>;

    /// The rows with a name, or the one with an id.
    fn find(&self, table: &str, name_or_id: &str) -> Result<Found>;

    /// The row with a name or an id.
    fn find_one(&self, table: &str, name_or_id: &str) -> Result<Uuid>;

    /// The same among the rows of a query; `noun` is what people call one of them.
    fn find_among(&self, among: &Query, noun: &str, name_or_id: &str) -> Result<Uuid>;

    /// Which name is meant, where one of a query's rows is nearly called so in one of the columns.
    fn near(&self, query: Query, columns: &[Name], wrong: &str) -> String;

    /// The value that a text means in a column.
    fn value(&self, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value>;
}

/// What is said of input that is wrong: first that the user may not do that at all.
///
/// # Errors
/// The privilege is missing; or `error`.
pub(crate) fn after_privilege<T, E: From<Error>>(
    session: &dyn Door,
    table: &str,
    right: Right,
    error: E,
) -> std::result::Result<T, E> {
    session.check_privilege(table, right)?;
    Err(error)
}

impl Door for Session {
    fn user(&self) -> Uuid {
        self.user()
    }

    fn execute(&self, request: Request) -> Result<Response> {
        self.execute(request)
    }

    fn execute_with(&self, request: Request, options: &CallOptions) -> Result<Response> {
        self.execute_with(request, options)
    }

    fn execute_all(&self, requests: &[Request]) -> Result<Vec<Response>> {
        self.execute_all(requests)
    }

    fn new_id(&self) -> Uuid {
        self.new_id()
    }

    fn check_privilege(&self, table: &str, right: Right) -> Result<()> {
        self.check_privilege(table, right)
    }

    fn check_task(&self, privilege: &str) -> Result<()> {
        self.check_named_privilege(privilege)
    }

    fn refused_at_gate(&self, request: &Request, refusal: Error) -> Error {
        self.refused_at_gate(request, refusal)
    }

    fn list(&self, query: Query) -> Result<Vec<Row>> {
        self.list(query)
    }

    fn traces(&self, query: Query) -> Result<Vec<Row>> {
        self.traces(query)
    }

    fn each(&self, query: Query, visit: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
        self.each(query, visit)
    }

    fn catalog(&self) -> Result<Arc<Catalog>> {
        self.catalog()
    }

    fn definitions(&self) -> Result<Arc<Catalog>> {
        self.definitions()
    }

    fn definition(&self, table: &str) -> Result<Arc<TableDef>> {
        self.definition(table)
    }

    fn message(&self, name: &str) -> Result<&'static dyn Message> {
        self.engine().message(name)
    }

    fn surroundings(&self) -> Result<Surroundings> {
        self.surroundings()
    }

    fn find(&self, table: &str, name_or_id: &str) -> Result<Found> {
        self.find(table, name_or_id)
    }

    fn find_one(&self, table: &str, name_or_id: &str) -> Result<Uuid> {
        self.find_one(table, name_or_id)
    }

    fn find_among(&self, among: &Query, noun: &str, name_or_id: &str) -> Result<Uuid> {
        self.find_among(among, noun, name_or_id)
    }

    fn near(&self, query: Query, columns: &[Name], wrong: &str) -> String {
        self.near(query, columns, wrong)
    }

    fn value(&self, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
        self.value(table, column, text)
    }
}
