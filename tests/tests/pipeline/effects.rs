//! What each message writes, in which order: which rows with which columns, which matchcodes,
//! and what the audit trail keeps. The text beside this file is the contract of the writing
//! door: who runs when, what is stamped, what is recorded. `UPDATE_GOLDEN=1` writes it anew;
//! review every line that changes.

use std::{
    collections::HashSet,
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
};

use sluice_engine::Env;
use sluice_model::{Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::{clock::Clock, golden, new_company};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::world::{Pipeline, account, contact};

/// Hears every write of the store.
#[derive(Clone, Default)]
struct Writes(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Heard {
    what: String,
    columns: String,
}

impl Visit for Heard {
    fn record_str(&mut self, field: &Field, value: &str) {
        if ["kind", "table"].contains(&field.name()) {
            let space = if self.what.is_empty() { "" } else { " " };
            self.what = format!("{}{space}{value}", self.what);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "columns" {
            let names = format!("{value:?}");
            let mut names: Vec<&str> = names.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
            names.retain(|name| !name.is_empty());
            names.sort_unstable();
            self.columns = names.join(" ");
        }
    }
}

impl Subscriber for Writes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sluice::writes"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut heard = Heard::default();
        event.record(&mut heard);
        let colon = if heard.columns.is_empty() { "" } else { ": " };
        self.0
            .lock()
            .unwrap()
            .push(format!("{}{colon}{}", heard.what, heard.columns));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// A world whose writes are written down. Its clock moves when the test moves it: whether a time
/// that is stamped again is another one does not depend on how fast the test runs.
struct Protocol {
    world: Pipeline,
    clock: Arc<Clock>,
    writes: Writes,
    seen: HashSet<Uuid>,
    text: String,
}

impl Protocol {
    fn new(writes: Writes) -> Self {
        let clock = Arc::new(Clock::at("2031-03-01T09:00:00Z"));
        let env: Arc<dyn Env> = clock.clone();
        let world = Pipeline::on(&env);
        let seen = world.admin.list(Query::new("audit").columns(&[]));
        let mut protocol = Self {
            world,
            clock,
            writes,
            seen: seen.iter().map(|row| row.id).collect(),
            text: String::new(),
        };
        protocol.writes.0.lock().unwrap().clear();
        protocol.world.trace_setting(0);
        // What is noted of use comes after the answer, and once a day.
        let admin = &protocol.world.admin;
        let organization = admin.list(Query::new("organization").columns(&[])).remove(0);
        admin.update(Row::new("organization", organization.id).with("sl_notesuse", false));
        protocol.forget();
        protocol
    }

    /// What was done to prepare the next message is not written down.
    fn forget(&mut self) {
        self.audit();
        self.writes.0.lock().unwrap().clear();
    }

    /// The entries of the audit trail since the last time.
    fn audit(&mut self) -> Vec<String> {
        let rows = self.world.admin.list(Query::new("audit").order_by("auditid"));
        let new: Vec<Row> = rows.into_iter().filter(|row| self.seen.insert(row.id)).collect();
        let mut entries: Vec<String> = new.iter().map(entry).collect();
        // Those of one moment have no order.
        entries.sort();
        entries
    }

    /// Runs a message and writes down what it wrote.
    fn run<T>(&mut self, title: &str, work: impl FnOnce(&Pipeline) -> T) -> T {
        self.clock.pass_hours(1);
        let done = work(&self.world);
        let heard = std::mem::take(&mut *self.writes.0.lock().unwrap());
        writeln!(self.text, "# {title}").unwrap();
        for line in heard {
            writeln!(self.text, "{line}").unwrap();
        }
        for line in self.audit() {
            writeln!(self.text, "  {line}").unwrap();
        }
        self.text.push('\n');
        done
    }
}

/// `trail: ACTION TABLE by WHOM: columns`.
fn entry(row: &Row) -> String {
    let changes: serde_json::Value = serde_json::from_str(row.text("changedata").unwrap_or("{}")).unwrap();
    let changes = changes["changedAttributes"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<&str> = changes
        .iter()
        .filter_map(|change| change["logicalName"].as_str())
        // Of a share it is with whom, `systemuser:ID`: whoever it is.
        .map(|name| name.split(':').next().unwrap())
        .collect();
    names.sort_unstable();
    let behalf = row.id_of("userid") != row.id_of("callinguserid");
    format!(
        "trail: {} {}{}: {}",
        row.int("action").unwrap_or_default(),
        row.text("objecttypecode").unwrap_or_default(),
        if behalf { " on behalf" } else { "" },
        names.join(" ")
    )
}

fn lead(world: &Pipeline) -> Row {
    let owner = Reference::new("systemuser", world.seller.id());
    Row::unsaved("lead")
        .with("subject", "Twelve pumps")
        .with("firstname", "Yvonne")
        .with("lastname", "McKay")
        .with("emailaddress1", "yvonne@mckay.example")
        .with("companyname", new_company())
        .with("ownerid", owner)
}

fn rows_of(protocol: &mut Protocol) {
    let company = protocol.run("Create account", |world| world.admin.create(account()));
    let person = protocol.run("Create contact with a lookup", |world| {
        let parent = Reference::new("account", company);
        world.admin.create(contact().with("parentcustomerid", parent))
    });
    protocol.run("Update contact", |world| {
        world
            .admin
            .update(Row::new("contact", person).with("emailaddress1", "ng@litware.example"));
    });
    protocol.run("Update contact, to the same", |world| {
        world
            .admin
            .update(Row::new("contact", person).with("emailaddress1", "ng@litware.example"));
    });
    protocol.run("Assign account", |world| {
        let request = Request::new("Assign")
            .with("Target", Reference::new("account", company))
            .with("Assignee", Reference::new("systemuser", world.seller.id()));
        world.admin.0.execute(request).unwrap();
    });
    protocol.run("GrantAccess, twice, and RevokeAccess", |world| {
        let target = Reference::new("account", company);
        let whom = Reference::new("systemuser", world.user("seller.east"));
        for rights in ["ReadAccess", "WriteAccess"] {
            let request = Request::new("GrantAccess")
                .with("Target", target.clone())
                .with("Principal", whom.clone())
                .with("AccessMask", rights);
            world.admin.0.execute(request).unwrap();
        }
        let request = Request::new("RevokeAccess")
            .with("Target", target)
            .with("Revokee", whom);
        world.admin.0.execute(request).unwrap();
    });
    protocol.run("Update account: state and another column", |world| {
        let row = Row::new("account", company)
            .with("statecode", Value::Choice(1))
            .with("name", "Litware Ltd");
        world.admin.update(row);
    });
    protocol.run("Delete account with its contact", |world| {
        world.admin.try_delete("account", company).unwrap();
    });
}

fn cascades(protocol: &mut Protocol) {
    let owner = protocol.world.admin.create(account());
    let regarding = Reference::new("account", owner);
    protocol.forget();
    let call = protocol.run("Create phonecall with a participant", |world| {
        let call = Row::unsaved("phonecall")
            .with("subject", "Call")
            .with("regardingobjectid", regarding.clone());
        let call = world.admin.create(call);
        let party = Row::unsaved("activityparty")
            .with("activityid", Reference::new("phonecall", call))
            .with("partyid", Reference::new("systemuser", world.seller.id()))
            .with("participationtypemask", Value::Choice(1));
        world.admin.create(party);
        call
    });
    protocol.run("Assign phonecall: the participant follows", |world| {
        let owner = Reference::new("systemuser", world.seller.id());
        world.admin.update(Row::new("phonecall", call).with("ownerid", owner));
    });
    protocol.run("Update phonecall: completed", |world| {
        let closed = Row::new("phonecall", call).with("statecode", Value::Choice(1));
        world.admin.update(closed);
    });
    let note = protocol.run("Create annotation with an attachment", |world| {
        let note = Row::unsaved("annotation")
            .with("subject", "Note")
            .with("objectid", regarding.clone())
            .with("filename", "a.txt")
            .with("documentbody", "aGVsbG8=");
        world.admin.create(note)
    });
    protocol.run("Delete annotation", |world| {
        world.admin.try_delete("annotation", note).unwrap()
    });
    protocol.run("Delete account: its activities go along", |world| {
        world.admin.try_delete("account", owner).unwrap();
    });
}

fn leads(protocol: &mut Protocol) {
    let first = protocol.run("Create lead: its process begins", |world| {
        let row = lead(world);
        world.seller.create(row)
    });
    let other = protocol.world.seller.create(lead(&protocol.world));
    protocol.forget();
    protocol.run("Merge lead", |world| {
        let request = Request::new("Merge")
            .with("Target", Reference::new("lead", first))
            .with("SubordinateId", Reference::new("lead", other))
            .with("PerformParentingChecks", Parameter::Value(Value::Bool(false)));
        world.admin.0.execute(request).unwrap();
    });
    protocol.run("Delete lead with its process", |world| {
        world.admin.try_delete("lead", other).unwrap();
    });
    protocol.run("QualifyLead", |world| {
        world
            .seller
            .0
            .execute(qualify::request(first, &Choices::default()))
            .unwrap();
    });
}

fn administration(protocol: &mut Protocol) {
    protocol.run("Associate and Disassociate a role", |world| {
        let user = Reference::new("systemuser", world.user("seller.east"));
        let unit = world.admin.get("systemuser", user.id).id_of("businessunitid").unwrap();
        let query = Query::new("role")
            .filter(Filter::eq("businessunitid", unit).and(Filter::eq("name", "System Administrator")));
        let role = world.admin.list(query)[0].reference();
        for message in ["Associate", "Disassociate"] {
            let request = Request::new(message)
                .with("Target", user.clone())
                .with("Relationship", "systemuserroles_association")
                .with("RelatedEntities", Parameter::References(vec![role.clone()]));
            world.admin.0.execute(request).unwrap();
        }
    });
    let role = protocol.run("Create role", |world| {
        world.admin.create(Row::unsaved("role").with("name", "Visitor"))
    });
    protocol.run("AddPrivilegesRole", |world| {
        let row = Row::unsaved("roleprivilege")
            .with("PrivilegeName", "prvReadAccount")
            .with("Depth", 0);
        let request = Request::new("AddPrivilegesRole")
            .with("RoleId", Value::Id(role))
            .with("Privileges", Parameter::Rows(vec![row]));
        world.admin.0.execute(request).unwrap();
    });
    protocol.run("Delete role", |world| world.admin.try_delete("role", role).unwrap());
    protocol.run("Unpublish and publish a duplicate rule", |world| {
        let rule = world.admin.find("duplicaterule", "Accounts with the same name");
        for message in ["UnpublishDuplicateRule", "PublishDuplicateRule"] {
            let request = Request::new(message).with("DuplicateRuleId", Value::Id(rule));
            world.admin.0.execute(request).unwrap();
        }
    });
    protocol.run("Update organization", |world| world.trace_setting(1));
}

#[test]
fn what_each_message_writes_and_in_which_order() {
    let writes = Writes::default();
    let _listening = tracing::subscriber::set_default(writes.clone());
    let mut text = String::new();
    let org = sluice_tests::Organisation::empty();
    // A message runs on the thread of its caller where that is a pipeline thread.
    let on_one_thread = org.engine().on_pipeline_thread(|| {
        let _listening = tracing::subscriber::set_default(writes.clone());
        let mut protocol = Protocol::new(writes.clone());
        rows_of(&mut protocol);
        cascades(&mut protocol);
        leads(&mut protocol);
        administration(&mut protocol);
        text = protocol.text;
        Ok(())
    });
    on_one_thread.unwrap();
    golden("tests/tests/pipeline/effects.txt", &text);
}
