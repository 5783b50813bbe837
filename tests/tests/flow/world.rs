//! An organisation with the shipped flow, on a clock of the test's own.

use std::sync::Arc;

use sluice_engine::Env;
use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Response, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_platform::{FlowSpec, Process, Stage};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{Actor, Organisation, clock::Clock};

/// The table of the shipped flow's processes.
pub const SHIPPED: &str = "leadtoopportunitysalesprocess";

/// The shipped flow's id.
pub const SHIPPED_ID: Uuid = Uuid::from_u128(0x919e_14d1_6489_4852_abd0_a63a_6eca_ac5d);

/// What qualifying needs where no plug-in runs, and nothing on flows.
const QUALIFYING: [&str; 5] = ["Create", "Read", "Append", "AppendTo", "Write"];

/// The organisation, its clock and its administrator.
pub struct Flows {
    pub org: Organisation,
    pub clock: Arc<Clock>,
    pub admin: Actor,
}

impl Flows {
    pub fn new() -> Self {
        let clock = Arc::new(Clock::at("2026-03-02T09:00:00Z"));
        let env: Arc<dyn Env> = clock.clone();
        let org = Organisation::empty_with(&env);
        Self {
            admin: org.admin(),
            org,
            clock,
        }
    }

    /// An open lead of the administrator's.
    pub fn lead(&self) -> Uuid {
        self.lead_of(&self.admin)
    }

    /// An open lead, made by somebody.
    pub fn lead_of(&self, actor: &Actor) -> Uuid {
        actor.create(a_lead())
    }

    /// Every process of a row, the one that counts before the others, whoever may see it.
    pub fn processes(&self, table: &str, id: Uuid) -> Vec<Process> {
        self.admin.0.processes_of(&Reference::new(table, id)).unwrap()
    }

    /// The only process of a row.
    #[track_caller]
    pub fn process(&self, table: &str, id: Uuid) -> Process {
        let mut processes = self.processes(table, id);
        assert_eq!(processes.len(), 1, "{processes:#?}");
        processes.remove(0)
    }

    /// Where the only process of a row stands: `Develop, Active`.
    #[track_caller]
    pub fn stands(&self, table: &str, id: Uuid) -> String {
        stands(&self.process(table, id))
    }

    /// Qualifies a lead, making all three; the opportunity.
    #[track_caller]
    pub fn qualify(&self, lead: Uuid) -> Uuid {
        let response = self.try_qualify(&self.admin, lead).unwrap();
        opportunity(&response)
    }

    /// Qualifies a lead as somebody.
    pub fn try_qualify(&self, actor: &Actor, lead: Uuid) -> Result<Response, Error> {
        actor.0.execute(qualify::request(lead, &Choices::default()))
    }

    /// Moves the process of a row to a stage of that name.
    pub fn to(&self, actor: &Actor, process: &Process, stage: &str) -> Result<(), Error> {
        let stage = process.flow.stage_named(stage).unwrap();
        actor.try_update(process.to(stage))
    }

    /// Moves the process of a row on by one stage.
    pub fn next(&self, actor: &Actor, table: &str, id: Uuid) -> Result<(), Error> {
        let process = self.process(table, id);
        actor.try_update(process.to(process.next().unwrap()))
    }

    /// Marks a step of the shipped flow as required.
    pub fn require(&self, stage: &str, column: &str) {
        self.set_required(stage, column, true);
    }

    pub fn set_required(&self, stage: &str, column: &str, required: bool) {
        let flow = self.flow("Lead to Opportunity Sales Process");
        let step = flow.stage_named(stage).unwrap();
        let step = step.steps.iter().find(|step| &*step.column == column).unwrap();
        self.admin
            .update(Row::new("sl_processstep", step.id).with("sl_required", required));
    }

    /// The flow of that name.
    #[track_caller]
    pub fn flow(&self, name: &str) -> Arc<sluice_platform::Flow> {
        let flows = self.admin.0.flows().unwrap();
        flows.into_iter().find(|flow| flow.name == name).unwrap()
    }

    /// Makes and activates a flow.
    pub fn make(&self, toml: &str) -> Uuid {
        let spec = FlowSpec::parse(toml).unwrap();
        self.admin.0.create_flow(&spec, true).unwrap()
    }

    /// A flow of leads alone, with one step.
    pub fn fast_lane(&self, order: i32) -> Uuid {
        self.make(&format!(
            r#"
            name = "Fast lane"
            uniquename = "sl_fastlane"
            order = {order}
            [[stages]]
            name = "Call"
            table = "lead"
            steps = [{{ column = "telephone1", required = true }}]
            [[stages]]
            name = "Decide"
            table = "lead"
            "#
        ))
    }

    /// A user whose role has the privileges that qualifying needs, and these.
    pub fn seller(&self, name: &str, more: &[&str]) -> Actor {
        let units = Query::new("businessunit").columns(&[]);
        let root = self.admin.list(units).remove(0).reference();
        let role = self.admin.create(
            Row::unsaved("role")
                .with("name", format!("role of {name}"))
                .with("businessunitid", root.clone()),
        );
        let mut privileges: Vec<(String, Depth)> = Vec::new();
        for table in ["Account", "Contact", "Lead", "Opportunity"] {
            privileges.extend(QUALIFYING.map(|right| (format!("prv{right}{table}"), Depth::User)));
        }
        let organization =
            ["AttributeMap", "Customization", "Entity", "EntityMap"].map(|table| format!("prvRead{table}"));
        privileges.extend(organization.map(|name| (name, Depth::Organization)));
        privileges.extend(more.iter().map(|name| ((*name).to_owned(), Depth::Organization)));
        self.allow(role, &privileges);
        let user = self.admin.create(
            Row::unsaved("systemuser")
                .with("domainname", name)
                .with("lastname", name)
                .with("businessunitid", root),
        );
        let request = Request::new("Associate")
            .with("Target", Reference::new("systemuser", user))
            .with("Relationship", "systemuserroles_association")
            .with(
                "RelatedEntities",
                Parameter::References(vec![Reference::new("role", role)]),
            );
        self.admin.0.execute(request).unwrap();
        self.org.actor(name)
    }

    fn allow(&self, role: Uuid, privileges: &[(String, Depth)]) {
        let rows = privileges.iter().map(|(privilege, depth)| {
            Row::unsaved("roleprivilege")
                .with("PrivilegeName", privilege.as_str())
                .with("Depth", depth.number())
        });
        let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(role));
        let request = request.with("Privileges", Parameter::Rows(rows.collect()));
        self.admin.0.execute(request).unwrap();
    }

    /// Closes an opportunity.
    pub fn close(&self, message: &str, opportunity: Uuid, status: i32) -> Result<Response, Error> {
        let activity =
            Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", opportunity));
        let request = Request::new(message).with("OpportunityClose", activity);
        self.admin.0.execute(request.with("Status", status))
    }

    /// The visits of a process in the order in which the stages were entered: stage, time of
    /// entering, time of leaving.
    pub fn visits(&self, process: &Process) -> Vec<(String, String, String)> {
        let query = Query::new("sl_stagevisit")
            .filter(Filter::eq("sl_instanceid", process.instance.id))
            .order_by("sl_enteredon");
        let time = |row: &Row, column: &str| {
            let time = row.get(column).and_then(Value::as_time);
            time.map_or("-".to_owned(), |time| time.to_string())
        };
        let visits = self.admin.list(query);
        let visit = |row: &Row| {
            let stage = row.text("sl_stagename").unwrap().to_owned();
            (stage, time(row, "sl_enteredon"), time(row, "sl_lefton"))
        };
        visits.iter().map(visit).collect()
    }
}

/// A lead as somebody enters it.
pub fn a_lead() -> Row {
    Row::unsaved("lead")
        .with("subject", "Twelve pumps")
        .with("firstname", "Yvonne")
        .with("lastname", "McKay")
        .with("companyname", sluice_tests::new_company())
}

/// `Develop, Active`
pub fn stands(process: &Process) -> String {
    let stage = process.stage().map_or("-", |stage| stage.name.as_str());
    format!("{stage}, {}", process.status.word())
}

/// The five rights on the processes of a flow, as `flow grant` gives them.
pub fn on(table: &str) -> Vec<String> {
    ["Create", "Read", "Write", "Append", "AppendTo"]
        .map(|right| format!("prv{right}{table}"))
        .to_vec()
}

/// The opportunity among the rows that a qualification made.
#[track_caller]
pub fn opportunity(response: &Response) -> Uuid {
    let Some(Parameter::References(made)) = response.outputs.get("CreatedEntities") else {
        panic!("{response:?}");
    };
    made.iter().find(|row| &*row.table == "opportunity").unwrap().id
}

/// The code of a refusal.
#[track_caller]
pub fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().code().to_string()
}

/// The names of stages.
pub fn names(stages: &[Stage]) -> Vec<&str> {
    stages.iter().map(|stage| stage.name.as_str()).collect()
}
