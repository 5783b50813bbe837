//! What rules, flows and mappings make of secured columns tells nothing of them to those who may not read them.

use sluice_model::{Code, Depth, Error, Filter, Reference, Request, Right, Row, Timestamp, Uuid, Value};
use sluice_platform::{FlowSpec, prelude::*};
use sluice_sales::qualify::Choices;
use sluice_tests::{Actor, people};

use crate::{
    columns::{Columns, join, permission, secure},
    world::{Security, associate, grants, outcome, qualify, qualifying, user, without},
};

fn time(text: &str) -> Value {
    Value::DateTime(text.parse::<Timestamp>().unwrap())
}

/// Somebody with these rights on these tables, in the whole organisation.
fn mallory(world: &Security, rights: &[(&[&str], &[&str])]) -> Actor {
    let all = rights.iter();
    let all = all.flat_map(|(verbs, tables)| people::privileges(verbs, tables, Depth::Organization));
    people::user(&world.organisation, "mallory", &all.collect::<Vec<_>>())
}

#[test]
fn the_times_of_an_appointment_are_compared_as_far_as_they_are_shown() {
    let world = Security::new();
    let mallory = mallory(&world, &[(&["Read", "Write"], &["Activity"])]);
    let appointment = Row::unsaved("appointment")
        .with("subject", "Visit")
        .with("scheduledstart", time("2026-12-01T09:00:00Z"))
        .with("scheduledend", time("2027-03-15T13:45:00Z"));
    let appointment = world.admin.create(appointment);
    let begin = |text: &str| Row::new("appointment", appointment).with("scheduledstart", time(text));
    assert_eq!(
        outcome(&mallory.try_update(begin("2027-03-15T13:46:00Z"))),
        "0x80040203"
    );
    secure(&world.admin, "appointment", "scheduledend", true).unwrap();
    for begins in ["2027-03-15T13:44:00Z", "2027-03-15T13:46:00Z"] {
        assert_eq!(outcome(&mallory.try_update(begin(begins))), "ok", "{begins}");
    }
    // What is sent is compared, and who reads both is held to both.
    assert_eq!(
        outcome(&world.admin.try_update(begin("2027-03-15T13:46:00Z"))),
        "0x80040203"
    );
    // Who sends neither is stopped by neither.
    let subject = Row::new("appointment", appointment).with("subject", "Later");
    assert_eq!(outcome(&world.admin.try_update(subject)), "ok");
}

/// Whoever closes an activity writes no end over one that they do not see.
#[test]
fn a_hidden_end_stays_when_an_activity_is_closed() {
    let world = Security::new();
    let mallory = mallory(&world, &[(&["Read", "Write"], &["Activity"])]);
    let end = time("2026-01-02T03:04:05Z");
    let task = Row::unsaved("task")
        .with("subject", "Call")
        .with("actualend", end.clone());
    let task = world.admin.create(task);
    secure(&world.admin, "task", "actualend", true).unwrap();
    mallory.update(Row::new("task", task).with("statecode", Value::Choice(1)));
    assert_eq!(world.admin.get("task", task).get("actualend"), Some(&end));
}

fn currency(columns: &Columns, code: &str, rate: i64) -> Reference {
    let row = Row::unsaved("transactioncurrency")
        .with("currencyname", format!("The {code}"))
        .with("isocurrencycode", code)
        .with("currencysymbol", code)
        .with("exchangerate", Value::Decimal(rate.into()));
    Reference::new("transactioncurrency", columns.world.admin.create(row))
}

#[test]
fn a_secured_amount_is_not_changed_or_told_of_through_its_currency() {
    let columns = Columns::new();
    let (admin, seller) = (&columns.world.admin, &columns.seller);
    let empty = admin.create(
        Row::unsaved("account")
            .with("name", "Empty")
            .with("creditlimit", Value::Money(1.into())),
    );
    admin.update(Row::new("account", empty).with("creditlimit", Value::Null));
    let euro = currency(&columns, "EUR", 2);
    let clerks = grants("TransactionCurrency", &[Right::AppendTo], Depth::Organization);
    columns.world.role("Clerk", &clerks);
    let clerk = columns.world.role_in("Clerk", columns.world.root());
    associate(admin, user(seller), "systemuserroles_association", clerk).unwrap();
    let gives = |account: Uuid, currency: Value| {
        seller.try_update(Row::new("account", account).with("transactioncurrencyid", currency))
    };
    // Whether it is there or not: without Update on the amount nobody makes another one of it.
    for account in [columns.account, empty] {
        for currency in [Value::Null, Value::Lookup(euro.clone())] {
            assert_eq!(outcome(&gives(account, currency.clone())), "0x8004F507", "{currency:?}");
        }
    }
    // Nor does Update without Read tell whether it is there.
    join(&columns.world, seller, columns.profile);
    columns.gives("creditlimit", [false, false, true]);
    let words = |account: Uuid| gives(account, Value::Null).unwrap_err().message().to_owned();
    assert_eq!(words(columns.account), words(empty));
    gives(columns.account, Value::Lookup(euro)).unwrap();
}

/// Nor is it told of by the rate that a row comes to, where somebody changes something else of it.
#[test]
fn the_rate_of_a_row_tells_nothing_of_a_secured_amount() {
    let columns = Columns::new();
    let (admin, seller) = (&columns.world.admin, &columns.seller);
    let euro = currency(&columns, "EUR", 2);
    let row = || {
        Row::unsaved("account")
            .with("name", "Novak")
            .with("transactioncurrencyid", euro.clone())
    };
    let rich = admin.create(row().with("creditlimit", Value::Money(7.into())));
    let empty = admin.create(row());
    let three = Value::Decimal(3.into());
    admin.update(Row::new(euro.table.clone(), euro.id).with("exchangerate", three.clone()));
    for account in [rich, empty] {
        seller.update(Row::new("account", account).with("description", "x"));
        assert_eq!(seller.get("account", account).get("exchangerate"), Some(&three));
    }
}

/// A flow with a required step, on a stage of leads.
fn flow(world: &Security, name: &str, column: &str) -> Uuid {
    let text = format!(
        r#"
        name = "{name}"
        uniquename = "{name}"
        order = 1000
        [[stages]]
        name = "One"
        table = "lead"
        steps = [{{ column = "{column}", label = "P", required = true }}]
        [[stages]]
        name = "Two"
        table = "lead"
        "#
    );
    let flow = world.admin.0.create_flow(&FlowSpec::parse(&text).unwrap(), true);
    flow.unwrap()
}

fn stages(world: &Security, flow: Uuid) -> [Uuid; 2] {
    ["One", "Two"].map(|name| {
        let of_flow = Filter::eq("processid", flow).and(Filter::eq("stagename", name));
        world.ids("processstage", of_flow).into_iter().next().unwrap()
    })
}

#[test]
fn a_required_step_of_a_hidden_column_is_open_whatever_is_in_it() {
    let world = Security::new();
    let flow = flow(&world, "sl_leak", "donotphone");
    let [_, two] = stages(&world, flow);
    let rights: &[(&[&str], &[&str])] = &[
        (&["Read", "AppendTo"], &["Lead"]),
        (&["Create", "Read", "Write", "Append", "AppendTo"], &["sl_leak"]),
    ];
    let mallory = mallory(&world, rights);
    let go = |ticked: bool| {
        let lead = world.lead(user(&world.admin));
        world.admin.update(Row::new("lead", lead).with("donotphone", ticked));
        let process = mallory.create(Row::unsaved("sl_leak").with("bpf_leadid", Reference::new("lead", lead)));
        let next = Row::new("sl_leak", process).with("activestageid", Reference::new("processstage", two));
        let tried = mallory.try_update(next.clone());
        let is_hidden = |error: &Error| error.message().contains("which is not shown to you");
        let told = tried.as_ref().err().map(is_hidden);
        (outcome(&tried), told, outcome(&world.admin.try_update(next)))
    };
    let open = Code::STEP_REQUIRED.to_string();
    assert_eq!(go(true).0, "ok");
    assert_eq!(go(false), (open.clone(), Some(false), open.clone()));
    secure(&world.admin, "lead", "donotphone", true).unwrap();
    // Nobody is told to fill in what they do not see.
    assert_eq!(go(true), (open.clone(), Some(true), "ok".to_owned()));
    assert_eq!(go(false), (open.clone(), Some(true), open));
}

/// A process tells what is empty in its row, and stands beside it.
#[test]
fn a_process_is_started_with_a_row_that_one_may_read() {
    let world = Security::new();
    let flow = flow(&world, "sl_trap", "telephone2");
    let [one, two] = stages(&world, flow);
    let rights: &[(&[&str], &[&str])] = &[
        (&["Create", "Append", "AppendTo"], &["sl_trap"]),
        (&["AppendTo"], &["Lead"]),
    ];
    let mallory = mallory(&world, rights);
    let lead = world.lead(user(&world.admin));
    let before = world.admin.get("lead", lead).get("processid").cloned();
    let start = || Row::unsaved("sl_trap").with("bpf_leadid", Reference::new("lead", lead));
    let later = start()
        .with("activestageid", Reference::new("processstage", two))
        .with("traversedpath", format!("{one},{two}"));
    for row in [start(), later.clone()] {
        let error = mallory.try_create(row).unwrap_err();
        assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
        assert_eq!(error.body().privilege.as_deref(), Some("prvReadLead"));
    }
    assert_eq!(world.admin.get("lead", lead).get("processid").cloned(), before);
    assert_eq!(outcome(&world.admin.try_create(later)), Code::STEP_REQUIRED.to_string());
    world.admin.create(start());
}

/// Nor does a row join one but by who may read it.
#[test]
fn a_process_goes_on_with_a_row_that_one_may_read() {
    let world = Security::new();
    let text = r#"
        name = "sl_join"
        uniquename = "sl_join"
        order = 1000
        stages = [{ name = "One", table = "opportunity" }, { name = "Two", table = "account" }]
        "#;
    let flow = world.admin.0.create_flow(&FlowSpec::parse(text).unwrap(), true);
    let [_, two] = stages(&world, flow.unwrap());
    let rights: &[(&[&str], &[&str])] = &[
        (&["Create", "Read", "Write", "Append"], &["sl_join"]),
        (&["Read", "AppendTo"], &["Opportunity"]),
        (&["AppendTo"], &["Account"]),
    ];
    let mallory = mallory(&world, rights);
    let account = world.admin.create(Row::unsaved("account").with("name", "Litware"));
    let opportunity = Row::unsaved("opportunity").with("name", "Pumps");
    let opportunity = world
        .admin
        .create(opportunity.with("processid", Value::Id(Uuid::nil())));
    let opportunity = Reference::new("opportunity", opportunity);
    let process = mallory.create(Row::unsaved("sl_join").with("bpf_opportunityid", opportunity));
    let goes_on = Row::new("sl_join", process)
        .with("activestageid", Reference::new("processstage", two))
        .with("bpf_accountid", Reference::new("account", account));
    let error = mallory.try_update(goes_on.clone()).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadAccount"));
    world.admin.update(goes_on);
}

/// Leads and opportunities, with one secured column of leads; who draws mappings, and a profile that reads it.
struct Maps {
    world: Security,
    mallory: Actor,
    profile: Uuid,
}

impl Maps {
    fn new() -> Self {
        let world = Security::new();
        secure(&world.admin, "lead", "budgetamount", true).unwrap();
        let rights: &[(&[&str], &[&str])] = &[
            (&["Read", "AppendTo"], &["EntityMap"]),
            (&["Create", "Read", "Write", "Delete", "Append"], &["AttributeMap"]),
            (&["Publish", "Read"], &["Customization"]),
        ];
        let mallory = mallory(&world, rights);
        let profile = Row::unsaved("fieldsecurityprofile").with("name", "Finance");
        let profile = world.admin.create(profile);
        let read = permission(profile, "budgetamount", [false, true, false]).with("entityname", "lead");
        world.admin.create(read);
        Self {
            world,
            mallory,
            profile,
        }
    }

    fn draw(&self, actor: &Actor) -> Result<Uuid, Error> {
        let pair = Filter::eq("sourceentityname", "lead").and(Filter::eq("targetentityname", "opportunity"));
        let map = self.world.ids("entitymap", pair).into_iter().next().unwrap();
        actor.try_create(
            Row::unsaved("attributemap")
                .with("entitymapid", Reference::new("entitymap", map))
                .with("sourceattributename", "budgetamount")
                .with("targetattributename", "estimatedvalue"),
        )
    }
}

#[test]
fn a_mapping_of_a_secured_column_is_drawn_and_published_by_those_who_read_it() {
    let maps = Maps::new();
    let denied = |tried: Result<(), Error>| {
        let error = tried.unwrap_err();
        assert_eq!(error.code(), Code::PRIVILEGE_DENIED, "{error}");
        assert!(error.message().contains("budgetamount"), "{error}");
    };
    let publish = || maps.mallory.0.execute(Request::new("PublishAllXml")).map(|_| ());
    denied(maps.draw(&maps.mallory).map(|_| ()));
    publish().unwrap();
    let drawn = maps.draw(&maps.world.admin).unwrap();
    denied(publish());
    let other = Row::new("attributemap", drawn).with("targetattributename", "budgetamount");
    denied(maps.mallory.try_update(other.clone()));
    join(&maps.world, &maps.mallory, maps.profile);
    maps.mallory.update(other);
    publish().unwrap();
    maps.mallory.try_delete("attributemap", drawn).unwrap();
    publish().unwrap();
}

/// Whoever generates mappings gets none of a column that they do not read.
#[test]
fn mappings_are_generated_of_what_one_reads() {
    let maps = Maps::new();
    secure(&maps.world.admin, "opportunity", "budgetamount", true).unwrap();
    let pair = Filter::eq("sourceentityname", "lead").and(Filter::eq("targetentityname", "opportunity"));
    let map = maps.world.ids("entitymap", pair).into_iter().next().unwrap();
    let clerks = grants("EntityMap", &[Right::Write], Depth::Organization);
    maps.world.role("Clerk", &clerks);
    let clerk = maps.world.role_in("Clerk", maps.world.root());
    associate(
        &maps.world.admin,
        user(&maps.mallory),
        "systemuserroles_association",
        clerk,
    )
    .unwrap();
    let generates = || {
        let request = Request::new("AutoMapEntity").with("EntityMapId", Value::Id(map));
        maps.mallory.0.execute(request).unwrap();
        let budget = Filter::eq("entitymapid", map).and(Filter::eq("targetattributename", "budgetamount"));
        maps.world.ids("attributemap", budget).len()
    };
    assert_eq!(generates(), 0);
    let read = permission(maps.profile, "budgetamount", [false, true, false]);
    maps.world.admin.create(read.with("entityname", "opportunity"));
    join(&maps.world, &maps.mallory, maps.profile);
    assert_eq!(generates(), 1);
}

#[test]
fn a_mapping_that_opens_a_secured_column_is_told() {
    let maps = Maps::new();
    maps.draw(&maps.world.admin).unwrap();
    let words = "lead.budgetamount is secured and opportunity.estimatedvalue is not";
    let admin = &maps.world.admin;
    let problems = || {
        let all = admin.0.mapping_problems().unwrap().into_iter();
        let secured = all.filter(|problem| problem.sort == "secured");
        secured.map(|problem| problem.text).collect::<Vec<_>>()
    };
    assert!(problems().iter().any(|text| text.contains(words)), "{:?}", problems());
    let pair = (("lead", "budgetamount"), ("opportunity", "estimatedvalue"));
    let warned = admin.0.mapping_warnings(pair.0, pair.1).unwrap();
    assert!(warned.iter().any(|text| text.contains(words)), "{warned:?}");
    secure(admin, "opportunity", "estimatedvalue", true).unwrap();
    assert_eq!(problems(), Vec::<String>::new());
    // Securing a column that a mapping carries over says so, and so does opening its target.
    let change = |table: &str, column: &str, secured: bool| {
        let change = sluice_platform::ColumnChange {
            secured: Some(secured),
            ..sluice_platform::ColumnChange::default()
        };
        let notices = admin.0.update_column(table, column, &change).unwrap();
        notices
            .iter()
            .map(|notice| notice.message().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let opened = change("opportunity", "estimatedvalue", false);
    assert!(opened.contains(words), "{opened}");
    let secured = change("lead", "description", true);
    assert!(secured.contains("opportunity.description is not"), "{secured}");
}

#[test]
fn who_reads_an_amount_is_told_of_it() {
    let columns = Columns::new();
    let refused = Row::new("account", columns.account).with("transactioncurrencyid", Value::Null);
    let error = columns.world.admin.try_update(refused).unwrap_err();
    assert!(error.message().contains("`creditlimit`"), "{error}");
}

/// Whoever lacks Create on accounts is refused where one would be made, and not where the lead names none: of a lead, or
/// of a column, that is hidden from them, that would tell what is in it.
#[test]
fn qualifying_tells_nothing_of_a_lead_that_one_may_not_read() {
    let world = Security::new();
    let rights = without(qualifying(Depth::User), |name| name == "prvCreateAccount");
    world.role("Seller", &rights);
    let seller = world.user("seller", world.root(), &["Seller"]);
    let admin = &world.admin;
    let account = world.account(user(admin));
    let lead = |owner: Reference, company: Option<&str>, parent: Option<Uuid>| {
        let mut row = Row::unsaved("lead").with("subject", "Pumps").with("lastname", "McKay");
        row.set("ownerid", owner);
        if let Some(company) = company {
            row.set("companyname", company);
        }
        if let Some(parent) = parent {
            row.set("parentaccountid", Reference::new("account", parent));
        }
        admin.create(row)
    };
    let by_default = |lead: Uuid| {
        let request = Request::new("QualifyLead")
            .with("LeadId", Reference::new("lead", lead))
            .with("Status", 3)
            .with("ByDefault", true);
        outcome(&seller.0.execute(request))
    };
    let with_account = |lead: Uuid| outcome(&qualify(&seller, lead, &Choices::default()));
    let hidden = |company, parent| lead(user(admin), company, parent);
    let (filled, empty) = (hidden(Some("Litware"), None), hidden(None, None));
    assert_eq!(by_default(filled), by_default(empty));
    let (filled, empty) = (hidden(None, Some(account)), hidden(None, None));
    assert_eq!(with_account(filled), with_account(empty));
    // So of a secured column of one's own lead: what is hidden is not there.
    let own = |company| lead(user(&seller), company, None);
    let refused = by_default(own(Some("Litware")));
    assert_eq!(refused, Code::CANNOT_QUALIFY_LEAD.to_string(), "who sees it is told");
    secure(admin, "lead", "companyname", true).unwrap();
    assert_eq!(by_default(own(Some("Litware"))), "ok");
    assert_eq!(by_default(own(None)), "ok");
}
