//! In real time a workflow acts as whoever sets it off, where its owner may change their workflows: else whoever
//! writes one for rows of their own would act as everybody who changes such a row.

use serde_json::{Value as Json, json};
use sluice_model::{Depth, Error, Filter, Parameter, Query, Reference, Request, Row, Uuid};
use sluice_platform::WorkflowSpec;
use sluice_tests::{Actor, people};

use crate::world::{Workplace, account, spec, switch, task};

/// Somebody who reads their own accounts and makes tasks, and works with workflows at a depth.
fn author(world: &Workplace, depth: Depth) -> Actor {
    let mut rights = people::privileges(&["Read"], &["Account"], Depth::User);
    rights.extend(people::privileges(
        &["Create", "Read", "Append"],
        &["Activity"],
        Depth::User,
    ));
    rights.extend(people::privileges(&["AppendTo"], &["Account"], Depth::User));
    rights.extend(people::privileges(&["Create", "Read", "Write"], &["Workflow"], depth));
    rights.extend([("prvActivateSynchronousWorkflow".to_owned(), Depth::Organization)]);
    people::user(&world.org, "author", &rights)
}

fn written(author: &Actor, name: &str, scope: &str, more: &Json, actions: Json) -> (Uuid, Result<(), Error>) {
    let mut more = more.clone();
    more["scope"] = json!(scope);
    more["mode"] = json!("real-time");
    let workflow = author.create(WorkflowSpec::parse(&spec(name, &more, actions)).unwrap().row());
    (workflow, switch(author, workflow, true))
}

fn owned_by(author: &Actor) -> Row {
    account("Novak").with("ownerid", Reference::new("systemuser", author.id()))
}

/// Whose the task is that a workflow made.
fn task_of(world: &Workplace, subject: &str) -> Option<Uuid> {
    let tasks = Query::new("task").columns(&["subject", "ownerid"]);
    let tasks = world.admin.list(tasks);
    let task = tasks.iter().find(|task| task.text("subject") == Some(subject));
    task.and_then(|task| task.id_of("ownerid"))
}

#[test]
fn for_the_rows_of_its_owner_it_acts_as_its_owner() {
    let world = Workplace::new();
    let author = author(&world, Depth::User);
    let on = json!({ "on": { "create": true, "update": ["fax"] } });
    written(&author, "own", "user", &on, json!([task(json!("made"))]))
        .1
        .unwrap();
    world.admin.create(owned_by(&author));
    assert_eq!(task_of(&world, "made"), Some(author.id()));
    // What its owner may not do is not done as the administrator.
    let to = json!([{ "create": { "table": "role", "set": { "name": "Mine" } } }]);
    written(&author, "more", "user", &on, to).1.unwrap();
    let refused = world.admin.try_create(owned_by(&author)).unwrap_err();
    assert_eq!(refused.body().privilege.as_deref(), Some("prvCreateRole"), "{refused}");
    let principal = refused.body().principal.as_ref().unwrap();
    assert_eq!(principal.id, author.id());
}

#[test]
fn a_child_goes_no_further_than_its_owner_when_it_is_rewritten() {
    let world = Workplace::new();
    let author = author(&world, Depth::User);
    let child = json!({ "child": true });
    let (workflow, activated) = written(&author, "Child", "user", &child, json!([task(json!("one"))]));
    activated.unwrap();
    world.active(&spec(
        "Parent",
        &json!({ "mode": "real-time", "run-as": "caller", "on": { "create": true } }),
        json!([{ "start-child": { "workflow": "Child" } }]),
    ));
    world.admin.create(account("Novak"));
    assert_eq!(task_of(&world, "one"), Some(world.admin.id()));
    switch(&author, workflow, false).unwrap();
    let refused = switch(&author, workflow, true).unwrap_err();
    assert!(refused.message().contains("the scope of \"Parent\""), "{refused}");
    assert_eq!(refused.body().privilege.as_deref(), Some("prvWriteWorkflow"));
}

#[test]
fn it_goes_no_further_than_its_owner_may_change_workflows_now() {
    let world = Workplace::new();
    let author = author(&world, Depth::BusinessUnit);
    let on = json!({ "on": { "create": true } });
    written(&author, "unit", "business-unit", &on, json!([task(json!("made"))]))
        .1
        .unwrap();
    world.admin.create(account("Novak"));
    // Its owner may change the workflows of the unit, and so acts as the administrator there.
    assert_eq!(task_of(&world, "made"), Some(world.admin.id()));
    let role = Query::new("role")
        .columns(&[])
        .filter(Filter::eq("name", "role of author"));
    let role = world.admin.list(role)[0].reference();
    let taken = Request::new("Disassociate")
        .with("Target", Reference::new("systemuser", author.id()))
        .with("Relationship", "systemuserroles_association")
        .with("RelatedEntities", Parameter::References(vec![role]));
    world.admin.0.execute(taken).unwrap();
    let before = world.told().len();
    world.admin.create(account("Other"));
    assert_eq!(world.told().len(), before);
}

/// Nothing runs as a team, so that one which may not act as everybody is not activated.
#[test]
fn a_team_acts_as_nobody_whose_workflows_it_may_not_change() {
    let world = Workplace::new();
    let own = people::privileges(&["Read", "Write"], &["Workflow"], Depth::User);
    people::user(&world.org, "giver", &own);
    let crew = ["team", "create", "Crew", "--role", "role of giver"];
    world.org.program().json(&crew);
    let crew = Reference::new("team", world.admin.find("team", "Crew"));
    let more = json!({ "on": { "create": true }, "mode": "real-time", "scope": "user" });
    let workflow = world.draft(&spec("of the crew", &more, json!([task(json!("made"))])));
    world.admin.update(Row::new("workflow", workflow).with("ownerid", crew));
    let refused = switch(&world.admin, workflow, true).unwrap_err();
    assert!(refused.message().contains("which is a team"), "{refused}");
}
