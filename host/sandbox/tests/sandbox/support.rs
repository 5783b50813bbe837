//! A sandbox with the hostile guests, and services that answer as a test wants.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use sluice_model::{Code, Error, Name, Named, Order, Query, Request, Response, Result, Row, Timestamp, Uuid, Value};
use sluice_sandbox::{
    Call, Caller, Compiler, Context, Finished, Grants, Left, Limits, Plugin, Sandbox, Services, Settings, componentize,
};

/// The component of all hostile guests.
pub(crate) static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/guests/hostile.wasm");
    let Ok(bytes) = std::fs::read(&path) else {
        panic!("{} is missing: run `make guests`", path.display())
    };
    componentize(&bytes).unwrap()
});

/// Settings with the process that compiles.
pub(crate) fn settings() -> Settings {
    Settings {
        compiler: Some(Compiler::new(env!("CARGO_BIN_EXE_sluice-compile"), Vec::new())),
        ..Settings::default()
    }
}

static SANDBOX: LazyLock<(Sandbox, Plugin)> = LazyLock::new(|| {
    let sandbox = Sandbox::new(settings()).unwrap();
    let plugin = sandbox.load(&HOSTILE).unwrap();
    (sandbox, plugin)
});

/// The sandbox that the tests share.
pub(crate) fn sandbox() -> Sandbox {
    SANDBOX.0.clone()
}

/// The hostile guests in it.
pub(crate) fn hostile() -> Plugin {
    SANDBOX.1.clone()
}

/// A call of the hostile guest `name`. Its time is ample, so that a busy machine fails no test.
pub(crate) fn call(name: &str) -> Call {
    Call {
        type_name: name.to_owned(),
        context: context(),
        limits: Limits {
            cpu: Duration::from_secs(20),
            wall: Duration::from_secs(60),
            ..Limits::default()
        },
        grants: Grants::default(),
        configuration: None,
        secure_configuration: None,
        left: Left::default(),
    }
}

/// Runs a hostile guest against services that answer nothing.
pub(crate) fn run(name: &str) -> Finished<Fake> {
    finish(call(name), Fake::default())
}

/// Runs a hostile guest with an argument.
pub(crate) fn run_with(name: &str, argument: &str) -> Finished<Fake> {
    finish(
        Call {
            configuration: Some(argument.to_owned()),
            ..call(name)
        },
        Fake::default(),
    )
}

/// Runs a call of a hostile guest.
pub(crate) fn finish<S: Services>(call: Call, services: S) -> Finished<S> {
    sandbox().call(&hostile(), call, services)
}

/// The error of a call that did not end well.
pub(crate) fn error(finished: Finished<Fake>) -> Error {
    finished.outcome.unwrap_err()
}

/// An id for tests.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_0000_0000 + n)
}

/// An Update of an account in pre-operation.
pub(crate) fn context() -> Context {
    let table: Name = "account".into();
    Context {
        message: "Update".into(),
        stage: 20,
        mode: 0,
        depth: 1,
        table: Some(table.clone()),
        id: Some(id(1)),
        user: id(2),
        initiating_user: id(3),
        business_unit: id(4),
        organization: id(5),
        organization_name: "Contoso".into(),
        correlation: id(6),
        request: Some(id(7)),
        step: id(8),
        in_transaction: true,
        created_on: "2026-01-31T12:00:00Z".parse().unwrap(),
        target: Some(Row::new(table.clone(), id(1)).with("name", "new").with("old", 1)),
        shared: Named::from_iter([("colour".into(), Value::from("red"))]),
        pre_images: Named::from_iter([(
            "before".into(),
            Arc::new(Row::new(table.clone(), id(1)).with("name", "old")),
        )]),
        ..Context::default()
    }
}

type Answer = Box<dyn FnMut(Caller, &Request) -> Result<Response> + Send>;

/// Services that remember what they were asked, and answer as told.
pub(crate) struct Fake {
    pub(crate) calls: Vec<(Caller, Request)>,
    pub(crate) refused: Vec<Error>,
    pub(crate) tops: Vec<Option<u32>>,
    answer: Answer,
}

impl Default for Fake {
    fn default() -> Self {
        Self::answering(|_, _| Ok(Response::default()))
    }
}

impl Fake {
    /// Services with this answer.
    pub(crate) fn answering(answer: impl FnMut(Caller, &Request) -> Result<Response> + Send + 'static) -> Self {
        Self {
            calls: Vec::new(),
            refused: Vec::new(),
            tops: Vec::new(),
            answer: Box::new(answer),
        }
    }

    /// Services that deny everything.
    pub(crate) fn denying() -> Self {
        Self::answering(|_, _| Err(denied()))
    }
}

/// An error with everything on it.
pub(crate) fn denied() -> Error {
    let mut error = Error::new(Code::PRIVILEGE_DENIED, "missing prvWriteAccount").with_table("account");
    error.body_mut().privilege = Some("prvWriteAccount".to_owned());
    error.body_mut().call = Some("Update account".to_owned());
    error
}

impl Services for Fake {
    fn execute(&mut self, _: &Context, caller: Caller, request: Request) -> Result<Response> {
        let answer = (self.answer)(caller, &request);
        self.calls.push((caller, request));
        answer
    }

    fn now(&mut self) -> Timestamp {
        "2026-02-01T00:00:00Z".parse().unwrap()
    }

    fn random(&mut self, count: usize) -> Vec<u8> {
        vec![4; count]
    }

    fn parse_query(
        &mut self,
        table: &str,
        columns: Vec<Name>,
        filter: Option<&str>,
        order: Vec<Order>,
        top: Option<u32>,
    ) -> Result<Query> {
        self.tops.push(top);
        if filter == Some("nonsense") {
            return Err(Error::invalid("`nonsense` is no filter"));
        }
        let columns = (!columns.is_empty()).then_some(columns);
        Ok(Query {
            columns,
            order,
            top,
            ..Query::new(table)
        })
    }

    fn refused(&mut self, error: &Error) {
        self.refused.push(error.clone());
    }
}
