//! What stands behind a [`Context`](crate::Context): the host's interfaces in a sandbox, and
//! natively whatever implements [`Backend`], such as `sluice-sdk-testing`. Authors of plug-ins
//! do not need it.

use crate::{Caller, Parameter, Parameters, Query, Question, Reference, Request, Row, ServiceError, Value};

/// The backend of a context: natively any implementation.
#[cfg(not(target_arch = "wasm32"))]
pub type Host<'a> = Box<dyn Backend + 'a>;

/// The backend of a context: in the sandbox the one implementation, so that what a plug-in
/// does not use is not in its file.
#[cfg(target_arch = "wasm32")]
pub type Host<'a> = crate::guest::Guest<'a>;

/// What a context is made of: the contract's interfaces `context`, `service`, `log`,
/// `configuration`, `background`, `clock` and `random` in one trait. See the contract for what each means.
#[expect(
    missing_docs,
    reason = "each method is the function of the contract of the same name"
)]
pub trait Backend {
    fn message(&self) -> String;
    fn stage(&self) -> i32;
    fn mode(&self) -> i32;
    fn depth(&self) -> i32;
    fn primary_table(&self) -> Option<String>;
    fn primary_id(&self) -> Option<String>;
    fn user_id(&self) -> String;
    fn initiating_user_id(&self) -> String;
    fn business_unit_id(&self) -> String;
    fn organization_id(&self) -> String;
    fn organization_name(&self) -> String;
    fn correlation_id(&self) -> String;
    fn request_id(&self) -> Option<String>;
    fn owning_extension(&self) -> String;
    fn is_in_transaction(&self) -> bool;
    fn operation_created_on(&self) -> String;

    fn target_columns(&self) -> Option<Vec<(String, Value)>>;
    fn target(&self, column: &str) -> Option<Value>;
    fn set_target(&self, column: &str, value: Value);
    fn remove_target(&self, column: &str);
    fn pre_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>>;
    fn pre_image(&self, alias: &str, column: &str) -> Option<Value>;
    fn post_image_columns(&self, alias: &str) -> Option<Vec<(String, Value)>>;
    fn post_image(&self, alias: &str, column: &str) -> Option<Value>;
    fn input_names(&self) -> Vec<String>;
    fn input(&self, name: &str) -> Option<Parameter>;
    fn set_input(&self, name: &str, parameter: Parameter);
    fn output_names(&self) -> Vec<String>;
    fn output(&self, name: &str) -> Option<Parameter>;
    fn set_output(&self, name: &str, parameter: Parameter);
    fn shared_names(&self) -> Vec<String>;
    fn shared(&self, name: &str) -> Option<Value>;
    fn set_shared(&self, name: &str, value: Value);
    fn question_of(&self, input: &str) -> Option<Question>;
    fn attempt(&self) -> u32;
    fn parent(&self) -> Option<Host<'static>>;

    fn create(&self, caller: Caller, row: Row) -> Result<String, ServiceError>;
    fn retrieve(&self, caller: Caller, row: &Reference, columns: Vec<String>) -> Result<Row, ServiceError>;
    fn retrieve_multiple(&self, caller: Caller, query: Query) -> Result<Vec<Row>, ServiceError>;
    fn update(&self, caller: Caller, row: Row) -> Result<(), ServiceError>;
    fn delete(&self, caller: Caller, row: &Reference) -> Result<(), ServiceError>;
    fn execute(&self, caller: Caller, request: Request) -> Result<Parameters, ServiceError>;

    fn trace(&self, line: &str);
    fn unsecure_configuration(&self) -> Option<String>;
    fn secure_configuration(&self) -> Option<String>;
    fn now(&self) -> String;
    fn random_bytes(&self, count: u32) -> Vec<u8>;
}
