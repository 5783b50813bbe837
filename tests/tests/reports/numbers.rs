//! The numbers of the reports, computed by hand.

use std::sync::Arc;

use sluice_engine::Env;
use sluice_model::{Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::prelude::*;
use sluice_sales::{
    qualify::{self, Choices},
    reports::{self, Aged, Closed, Open, StageVelocity},
};
use sluice_tests::{Actor, Organisation, clock::Clock};

struct Funnel {
    org: Organisation,
    clock: Arc<Clock>,
    admin: Actor,
}

impl Funnel {
    fn new() -> Self {
        let clock = Arc::new(Clock::at("2026-01-01T00:00:00Z"));
        let env: Arc<dyn Env> = clock.clone();
        let org = Organisation::empty_with(&env);
        let admin = org.admin();
        Self { org, clock, admin }
    }

    fn lead(&self, source: Option<i32>) -> Uuid {
        let mut row = Row::unsaved("lead").with("subject", "Pumps").with("lastname", "McKay");
        if let Some(source) = source {
            row.set("leadsourcecode", Value::Choice(source));
        }
        self.admin.create(row)
    }

    fn qualify(&self, lead: Uuid) -> Uuid {
        let choices = Choices::default();
        let response = self.admin.0.execute(qualify::request(lead, &choices)).unwrap();
        let Some(Parameter::References(made)) = response.outputs.get("CreatedEntities") else {
            panic!("{response:?}");
        };
        made[2].id
    }

    fn disqualify(&self, lead: Uuid, reason: i32) {
        let row = Row::new("lead", lead)
            .with("statecode", Value::Choice(2))
            .with("statuscode", Value::Choice(reason));
        self.admin.update(row);
    }

    fn next(&self, opportunity: Uuid) {
        let row = Reference::new("opportunity", opportunity);
        let process = self.admin.0.processes_of(&row).unwrap().remove(0);
        self.admin.update(process.to(process.next().unwrap()));
    }

    fn velocity(&self) -> Vec<StageVelocity> {
        reports::velocity(&self.admin.0).unwrap()
    }

    /// A user who may read these tables, at these depths.
    fn reader(&self, name: &str, privileges: &[(&str, i32)]) -> Actor {
        let root = self
            .admin
            .list(Query::new("businessunit").columns(&[]))
            .remove(0)
            .reference();
        let role = Row::unsaved("role")
            .with("name", name)
            .with("businessunitid", root.clone());
        let role = self.admin.create(role);
        let rows = privileges.iter().map(|(privilege, depth)| {
            Row::unsaved("roleprivilege")
                .with("PrivilegeName", *privilege)
                .with("Depth", *depth)
        });
        let request = Request::new("AddPrivilegesRole").with("RoleId", Value::Id(role));
        self.admin
            .0
            .execute(request.with("Privileges", Parameter::Rows(rows.collect())))
            .unwrap();
        let user = Row::unsaved("systemuser")
            .with("domainname", name)
            .with("lastname", name)
            .with("businessunitid", root);
        let user = self.admin.create(user);
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
}

/// See [`measured`].
type Measured<'a> = (&'a str, usize, usize, Option<f64>, Option<f64>);

/// Stage, how often left, how many stand there, median, ninth in ten.
fn measured(stages: &[StageVelocity]) -> Vec<Measured<'_>> {
    stages
        .iter()
        .map(|stage| {
            (
                stage.stage.as_str(),
                stage.left,
                stage.standing,
                stage.median,
                stage.p90,
            )
        })
        .collect()
}

#[test]
fn velocity_is_the_days_between_entering_and_leaving() {
    let world = Funnel::new();
    // Ten leads stay 1, 2, … 10 days; one is still there.
    let leads: Vec<Uuid> = (0..10).map(|_| world.lead(None)).collect();
    world.lead(None);
    let mut opportunities = Vec::new();
    for (index, lead) in leads.iter().enumerate() {
        world.clock.pass_days(1);
        if index < 3 {
            opportunities.push(world.qualify(*lead));
        } else {
            world.disqualify(*lead, 5);
        }
    }
    // It is day 10. The opportunities were developed since day 1, 2, 3.
    world.clock.pass_hours(12);
    world.next(opportunities[0]);
    world.next(opportunities[1]);
    assert_eq!(
        measured(&world.velocity()),
        [
            ("Qualify", 10, 1, Some(5.5), Some(9.0)),
            ("Develop", 2, 1, Some(9.0), Some(9.5)),
            ("Propose", 0, 2, None, None),
        ]
    );
}

#[test]
fn velocity_equals_what_the_audit_trail_tells() {
    let world = Funnel::new();
    let mut opportunities = Vec::new();
    for hours in [5, 50, 17] {
        let lead = world.lead(None);
        world.clock.pass_hours(hours);
        opportunities.push(world.qualify(lead));
    }
    for (hours, opportunity) in [30, 7, 100].into_iter().zip(opportunities) {
        world.clock.pass_hours(hours);
        world.next(opportunity);
    }
    // The trail of each process has its Create and each change of its active stage.
    let mut stays: Vec<Vec<f64>> = vec![Vec::new(), Vec::new()];
    for process in world
        .admin
        .list(Query::new("leadtoopportunitysalesprocess").columns(&[]))
    {
        let trail = Query::new("audit")
            .filter(Filter::eq("objectid", process.id))
            .order_by("createdon");
        let times: Vec<f64> = world
            .admin
            .list(trail)
            .iter()
            .filter(|row| row.text("changedata").unwrap().contains("\"activestageid\""))
            .map(|row| row.get("createdon").and_then(Value::as_time).unwrap().as_second() as f64 / 86_400.0)
            .collect();
        for (stage, pair) in stays.iter_mut().zip(times.windows(2)) {
            stage.push(pair[1] - pair[0]);
        }
    }
    let stages = world.velocity();
    for (stage, mut stays) in stages.iter().zip(stays) {
        stays.sort_by(f64::total_cmp);
        assert_eq!(stays.len(), 3);
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-6;
        assert!(close(stage.median, stays[1]), "{stage:?}: {stays:?}");
        assert!(close(stage.p90, stays[2]), "{stage:?}: {stays:?}");
    }
}

#[test]
fn the_qualify_rate_is_the_part_of_the_closed_and_its_sums_agree() {
    let world = Funnel::new();
    let [web, advertisement] = [Some(8), Some(1)];
    let leads: Vec<Uuid> = [web, web, web, advertisement, None]
        .map(|source| world.lead(source))
        .to_vec();
    world.lead(web);
    world.qualify(leads[0]);
    world.disqualify(leads[1], 4);
    world.clock.set("2026-02-10T00:00:00Z");
    world.qualify(leads[2]);
    world.disqualify(leads[3], 5);
    world.qualify(leads[4]);
    // What is written later does not move the month: the audit trail knows when it was closed.
    world.clock.set("2026-03-10T00:00:00Z");
    let other = world.reader("other", &[("prvReadLead", 0)]);
    let to = Reference::new("systemuser", other.id());
    world
        .admin
        .update(Row::new("lead", leads[0]).with("ownerid", to.clone()));

    let rate = reports::qualify_rate(&world.admin.0).unwrap();
    let closed = |qualified, disqualified| Closed {
        qualified,
        disqualified,
    };
    assert_eq!(rate.total, closed(3, 2));
    assert_eq!(rate.total.rate(), Some(0.6));
    let by: Vec<(&str, Closed)> = rate
        .by_source
        .iter()
        .map(|(name, closed)| (name.as_str(), *closed))
        .collect();
    assert_eq!(
        by,
        [
            ("(no source)", closed(1, 0)),
            ("Advertisement", closed(0, 1)),
            ("Web", closed(2, 1))
        ]
    );
    let by: Vec<(&str, Closed)> = rate
        .by_month
        .iter()
        .map(|(name, closed)| (name.as_str(), *closed))
        .collect();
    assert_eq!(by, [("2026-01", closed(1, 1)), ("2026-02", closed(2, 1))]);
    assert_eq!(rate.by_owner[&to], closed(1, 0));
    assert_eq!(rate.by_owner.len(), 2);
    assert_eq!(rate.from_audit_trail, 5);
    for groups in [
        rate.by_source.values().collect::<Vec<_>>(),
        rate.by_month.values().collect(),
        rate.by_owner.values().collect(),
    ] {
        let sum = groups.iter().fold(closed(0, 0), |sum, group| {
            closed(sum.qualified + group.qualified, sum.disqualified + group.disqualified)
        });
        assert_eq!(sum, rate.total);
    }

    // Who may not read the trail goes by the last change, and sees only what is theirs.
    let rate = reports::qualify_rate(&other.0).unwrap();
    assert_eq!((rate.total, rate.from_audit_trail), (closed(1, 0), 0));
    assert_eq!(rate.by_month.keys().collect::<Vec<_>>(), ["2026-03"]);
}

#[test]
fn aging_counts_from_the_creation_of_the_open_leads_of_a_status() {
    let world = Funnel::new();
    let old = world.lead(None);
    world.clock.pass_days(60);
    let contacted = world.lead(None);
    world
        .admin
        .update(Row::new("lead", contacted).with("statuscode", Value::Choice(2)));
    world.clock.pass_days(5);
    let young = world.lead(None);
    world.disqualify(world.lead(None), 4);
    world.clock.pass_hours(12);
    let (aging, older) = reports::aging(&world.admin.0, "new", 14.0).unwrap();
    assert_eq!(older, 1);
    assert_eq!(aging.status, "New");
    let leads: Vec<(Uuid, f64)> = aged(&world, aging.open)
        .iter()
        .map(|lead| (lead.lead, lead.days))
        .collect();
    assert_eq!((aging.leads, leads), (2, vec![(old, 65.5), (young, 0.5)]));
    let groups: Vec<usize> = aging.groups.iter().map(|(_, leads)| *leads).collect();
    assert_eq!(groups, [1, 0, 0, 1, 0]);
    let (aging, _) = reports::aging(&world.admin.0, "2", 14.0).unwrap();
    let leads = aged(&world, aging.open);
    assert_eq!(leads.iter().map(|lead| lead.lead).collect::<Vec<_>>(), [contacted]);
    let error = reports::aging(&world.admin.0, "Qualified", 14.0).unwrap_err();
    assert!(error.message().contains("1 (New), 2 (Contacted)"), "{error}");
}

fn aged(world: &Funnel, open: Open) -> Vec<Aged> {
    let mut all = Vec::new();
    open.each(&world.admin.0, &mut |leads| {
        all.extend(leads);
        Ok(())
    })
    .unwrap();
    all
}

#[test]
fn stale_are_the_leads_that_have_been_open_for_too_long() {
    let world = Funnel::new();
    let (first, closed) = (world.lead(None), world.lead(None));
    world.clock.pass_days(2);
    let second = world.lead(None);
    world.clock.pass_days(89);
    world.disqualify(closed, 4);
    let stale = |days| -> Vec<Uuid> {
        let leads = aged(
            &world,
            Open {
                status: None,
                than: Some(days),
            },
        );
        leads.iter().map(|lead| lead.lead).collect()
    };
    assert_eq!(stale(90.0), [first]);
    assert_eq!(stale(80.0), [first, second]);
    assert!(stale(91.0).is_empty());
}

#[test]
fn reasons_are_counted_and_the_funnel_has_volume_rate_and_velocity() {
    let world = Funnel::new();
    let leads: Vec<Uuid> = (0..6).map(|_| world.lead(None)).collect();
    for (lead, reason) in leads.iter().zip([6, 6, 4]) {
        world.disqualify(*lead, reason);
    }
    world.clock.pass_days(4);
    let won = world.qualify(leads[3]);
    world.qualify(leads[4]);
    let close = Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", won));
    let win = Request::new("WinOpportunity").with("OpportunityClose", close);
    world.admin.0.execute(win.with("Status", 3)).unwrap();

    let reasons = reports::reasons(&world.admin.0).unwrap();
    let reasons: Vec<(&str, usize)> = reasons
        .iter()
        .map(|reason| (reason.label.as_str(), reason.leads))
        .collect();
    assert_eq!(reasons, [("No Longer Interested", 2), ("Lost", 1)]);

    let funnel = reports::funnel(&world.admin.0).unwrap();
    assert_eq!((funnel.open, funnel.opportunities), (1, [1, 1, 0]));
    assert_eq!(
        funnel.closed,
        Closed {
            qualified: 2,
            disqualified: 3
        }
    );
    assert_eq!(
        measured(&funnel.velocity),
        [("Qualify", 5, 1, Some(0.0), Some(4.0)), ("Develop", 0, 1, None, None)],
        "what is won stands nowhere"
    );
}

#[test]
fn a_lead_that_was_merged_into_another_one_is_in_no_report() {
    let world = Funnel::new();
    let leads: Vec<Uuid> = (0..4).map(|_| world.lead(Some(8))).collect();
    world.clock.pass_days(3);
    world.qualify(leads[0]);
    world.disqualify(leads[1], 4);
    let merge = Request::new("Merge")
        .with("Target", Reference::new("lead", leads[2]))
        .with("SubordinateId", Reference::new("lead", leads[3]));
    world.admin.0.execute(merge).unwrap();
    assert_eq!(world.admin.get("lead", leads[3]).int("statecode"), Some(2));

    let closed = Closed {
        qualified: 1,
        disqualified: 1,
    };
    let reasons = reports::reasons(&world.admin.0).unwrap();
    let reasons: Vec<(&str, usize)> = reasons
        .iter()
        .map(|reason| (reason.label.as_str(), reason.leads))
        .collect();
    assert_eq!(reasons, [("Lost", 1)]);
    let rate = reports::qualify_rate(&world.admin.0).unwrap();
    assert_eq!((rate.total, rate.from_audit_trail), (closed, 2));
    assert_eq!(rate.by_source["Web"], closed);
    assert_eq!(rate.by_month["2026-01"], closed);
    let funnel = reports::funnel(&world.admin.0).unwrap();
    assert_eq!((funnel.open, funnel.closed), (1, closed));
    assert_eq!(
        measured(&funnel.velocity)[0],
        ("Qualify", 2, 1, Some(3.0), Some(3.0)),
        "the stage was not left by being merged"
    );
    // Who takes it up again has a lead like any other.
    let open = Row::new("lead", leads[3]).with("statecode", Value::Choice(0));
    world.admin.update(open);
    assert_eq!(reports::funnel(&world.admin.0).unwrap().open, 2);
}

#[test]
fn a_report_has_what_its_reader_may_read() {
    let world = Funnel::new();
    let none = world.reader("none", &[("prvReadLead", 0)]);
    let error = reports::velocity(&none.0).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvReadsl_stagevisit"));
    let own = world.reader("own", &[("prvReadLead", 0), ("prvReadsl_stagevisit", 3)]);
    let mine = world.lead(None);
    world.lead(None);
    let to = Reference::new("systemuser", own.id());
    world.admin.update(Row::new("lead", mine).with("ownerid", to));
    let visible = reports::velocity(&own.0).unwrap();
    assert_eq!(visible.iter().map(|stage| stage.standing).sum::<usize>(), 1);
    assert_eq!(world.velocity()[0].standing, 2);
}
