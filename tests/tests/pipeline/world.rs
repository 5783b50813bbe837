//! A sample organisation in which nothing runs but what a test registers, and what a request
//! set off in it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sluice_engine::{CallOptions, Env, TraceNode};
use sluice_model::{Error, Filter, Query, Request, Response, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{Assembly, PushOptions, Pushed, StepSpec};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, Organisation, wasm};

pub const PRE_VALIDATION: i32 = 10;
pub const PRE_OPERATION: i32 = 20;
pub const POST_OPERATION: i32 = 40;

/// The organisation, its administrator and a salesperson.
pub struct Pipeline {
    pub org: Organisation,
    pub admin: Actor,
    pub seller: Actor,
}

impl Pipeline {
    /// Only the probe is there to run.
    pub fn new() -> Self {
        Self::quiet(Self::shipped())
    }

    /// The same, on a clock of the test's own.
    pub fn on(clock: &Arc<dyn Env>) -> Self {
        Self::quiet(Self::of(Organisation::sample_with(clock)))
    }

    fn quiet(world: Self) -> Self {
        for row in world.admin.list(Query::new("pluginassembly").columns(&["name"])) {
            if row.text("name") != Some("probe") {
                world.admin.0.set_plugin_enabled(row.id, false).unwrap();
            }
        }
        world
    }

    /// The probe and the plug-ins that ship.
    pub fn shipped() -> Self {
        Self::of(Organisation::sample())
    }

    fn of(org: Organisation) -> Self {
        let (admin, seller) = (org.admin(), org.actor("seller.west"));
        let world = Self { org, admin, seller };
        world.push("probe", "probe", false);
        world
    }

    /// Pushes a guest under a name.
    pub fn push(&self, name: &str, guest: &str, prune: bool) -> Pushed {
        let options = PushOptions {
            prune,
            ..PushOptions::default()
        };
        self.push_with(name, guest, &options).unwrap()
    }

    /// Pushes a guest under a name, in some way.
    pub fn push_with(&self, name: &str, guest: &str, options: &PushOptions) -> Result<Pushed, Error> {
        let bytes = wasm("guests", guest);
        let assembly = Assembly {
            name: name.to_owned(),
            bytes,
            description: None,
        };
        self.admin.0.push(&assembly, options)
    }

    /// Registers a step.
    pub fn step(&self, spec: &StepSpec) -> Uuid {
        self.admin
            .0
            .register_step(spec)
            .unwrap_or_else(|error| panic!("{error}: {spec:?}"))
    }

    /// What the registration of a step is refused with.
    pub fn refused_step(&self, spec: &StepSpec) -> String {
        let before = self.admin.count("sdkmessageprocessingstep");
        let code = self.admin.0.register_step(spec).unwrap_err().code().to_string();
        assert_eq!(
            self.admin.count("sdkmessageprocessingstep"),
            before,
            "a refused step is not kept"
        );
        code
    }

    pub fn set_enabled(&self, step: Uuid, enabled: bool) {
        self.admin.0.set_step_enabled(step, enabled).unwrap();
    }

    /// Runs a request and looks at what it set off.
    pub fn run(&self, actor: &Actor, request: Request) -> Run {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = Uuid::from_u128(NEXT.fetch_add(1, Ordering::Relaxed).into());
        let result = actor.0.execute_with(request, &CallOptions { request_id: Some(id) });
        let query = Query::new("plugintracelog").filter(Filter::eq("requestid", id));
        let calls = self.admin.list(query.order_by("performanceexecutionstarttime"));
        Run { result, calls }
    }

    pub fn create(&self, actor: &Actor, row: Row) -> Run {
        self.run(actor, Request::create(row))
    }

    pub fn update(&self, actor: &Actor, row: Row) -> Run {
        self.run(actor, Request::update(row))
    }

    /// A lead of the seller's, and the request that qualifies it.
    pub fn lead(&self) -> (Uuid, Request) {
        let lead = Row::unsaved("lead")
            .with("subject", "Twelve pumps")
            .with("firstname", "Yvonne")
            .with("lastname", "McKay")
            .with("companyname", sluice_tests::new_company())
            .with("address1_stateorprovince", "WA");
        let lead = self.seller.create(lead);
        (lead, qualify::request(lead, &Choices::default()))
    }

    pub fn trace_setting(&self, setting: i32) {
        let row = self.admin.list(Query::new("organization").columns(&[])).remove(0);
        self.admin
            .update(Row::new("organization", row.id).with("plugintracelogsetting", Value::Choice(setting)));
    }

    /// Which requests are recorded: 0 none, 1 those that fail, 2 all.
    pub fn record_setting(&self, setting: i32) {
        let row = self.admin.list(Query::new("organization").columns(&[])).remove(0);
        self.admin
            .update(Row::new("organization", row.id).with("sl_tracerequests", Value::Choice(setting)));
    }

    /// The tree of the outermost message of that correlation, and its row.
    pub fn tree(&self, correlation: Uuid) -> (Row, TraceNode) {
        let query = Query::new("sl_messagetrace").filter(Filter::eq("sl_correlationid", correlation));
        let mut rows = self.admin.list(query);
        assert_eq!(rows.len(), 1, "{rows:#?}");
        let row = rows.remove(0);
        let tree = serde_json::from_str(row.text("sl_tree").unwrap()).unwrap();
        (row, tree)
    }

    /// How many rows there are of each of these tables.
    pub fn counts<const N: usize>(&self, tables: [&str; N]) -> [usize; N] {
        tables.map(|table| self.admin.count(table))
    }

    /// Writes a setting: a column of the organisation's row.
    pub fn setting(&self, column: &str, value: i32) {
        let row = self.admin.list(Query::new("organization").columns(&[])).remove(0);
        self.admin.update(Row::new("organization", row.id).with(column, value));
    }

    pub fn user(&self, name: &str) -> Uuid {
        self.admin.find("systemuser", name)
    }

    /// The administrator in a second process that has the organisation open.
    pub fn second_admin(&self) -> Actor {
        Actor(self.org.second_process().session_of("admin").unwrap())
    }

    /// Gives a privilege to a role, with its copies.
    pub fn grant(&self, role: &str, privilege: &str, depth: i32) {
        let role = self.admin.find("role", role);
        let row = Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege)
            .with("Depth", depth);
        let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(role));
        let request = request.with("Privileges", sluice_model::Parameter::Rows(vec![row]));
        self.admin.0.execute(request).unwrap();
    }
}

/// What a request did.
#[derive(Debug)]
pub struct Run {
    pub result: Result<Response, Error>,
    /// The rows of the plug-in trace log, in the order in which the calls began.
    pub calls: Vec<Row>,
}

impl Run {
    /// Every line that a plug-in traced.
    pub fn said(&self) -> Vec<String> {
        let blocks = self.calls.iter().filter_map(|row| row.text("messageblock"));
        blocks.flat_map(str::lines).map(ToOwned::to_owned).collect()
    }

    /// The request went well, and exactly these lines were traced, by as many calls.
    #[track_caller]
    pub fn says(self, lines: &[&str]) -> Self {
        if let Err(error) = &self.result {
            panic!("{error}: {:#}", error.to_json());
        }
        assert_eq!(self.said(), lines);
        self
    }

    /// The request went well; the id of the row it made.
    #[track_caller]
    pub fn created(&self) -> Uuid {
        match &self.result {
            Ok(response) => response.created().unwrap(),
            Err(error) => panic!("{error}: {:#}", error.to_json()),
        }
    }

    /// The request was refused with that code.
    #[track_caller]
    pub fn refused(&self, code: &str) -> &Error {
        let error = self.result.as_ref().unwrap_err();
        assert_eq!(error.code().to_string(), code, "{:#}", error.to_json());
        error
    }
}

/// A step of the probe; an empty table stands for every table.
pub fn probe(stage: i32, message: &str, table: &str, script: &str) -> StepSpec {
    StepSpec {
        plugin: "probe/probe".to_owned(),
        message: message.to_owned(),
        table: Some(table.to_owned()).filter(|table| !table.is_empty()),
        stage,
        configuration: Some(script.to_owned()),
        ..StepSpec::default()
    }
}

/// An asynchronous step of the probe.
pub fn job(message: &str, table: &str, script: &str) -> StepSpec {
    StepSpec {
        mode: 1,
        ..probe(POST_OPERATION, message, table, script)
    }
}

pub fn contact() -> Row {
    Row::unsaved("contact").with("lastname", "Ng")
}

pub fn account() -> Row {
    Row::unsaved("account").with("name", "Litware")
}
