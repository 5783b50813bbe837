//! The small pipeline follows the platform's where plug-ins can see it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "plug-ins that fail, and the tests' own helpers"
)]

use sluice_sdk::prelude::*;
use sluice_sdk_testing::{Depth, Failure, Right, TestHost};

#[plugin(step(message = "Create", table = "swallow", stage = "pre-operation"))]
fn swallow(cx: &Context) -> Result<()> {
    let secret = Row::new("secret");
    if cx.service().create(secret).is_err() && cx.target_boolean("refuses") == Some(true) {
        return Err(Error::refuse("on purpose").with_code(7));
    }
    Ok(())
}

#[plugin(step(message = "Create", table = "swallow_twice", stage = "pre-operation"))]
fn swallow_twice(cx: &Context) -> Result<()> {
    let _ = cx.service().create(Row::new("secret"));
    let other = cx.service().create(Row::new("other"));
    cx.trace("went on");
    other?;
    Ok(())
}

#[plugin(step(message = "Create", table = "swallow_early", stage = "pre-validation"))]
fn swallow_early(cx: &Context) -> Result<()> {
    cx.trace(if cx.is_in_transaction() { "inside" } else { "outside" });
    let _ = cx.service().create(Row::new("secret"));
    Ok(())
}

#[plugin(step(message = "Create", table = "endless", stage = "post-operation"))]
fn endless(cx: &Context) -> Result<()> {
    cx.service().create(Row::new("endless").with("depth", cx.depth()))?;
    Ok(())
}

#[plugin(step(message = "Create", table = "broken", stage = "pre-operation"))]
fn broken(cx: &Context) -> Result<()> {
    let missing: Option<i32> = cx.target_integer("number");
    trace!(cx, "number {}", missing.expect("a number"));
    Ok(())
}

#[plugin(
    step(message = "Create", table = "shared", stage = "pre-validation"),
    step(message = "Create", table = "shared", stage = "pre-operation", rank = 2),
    step(message = "Create", table = "shared", stage = "post-operation"),
    step(message = "Win", stage = "pre-validation"),
    step(message = "Win", stage = "post-operation")
)]
fn shares(cx: &Context) -> Result<()> {
    let parent = cx.parent().and_then(|parent| parent.shared("by"));
    let text = |value: Option<Value>| {
        value
            .as_ref()
            .and_then(Value::as_text)
            .map_or("none".to_owned(), str::to_owned)
    };
    trace!(
        cx,
        "{:?}: own {}, parent's {}",
        cx.stage(),
        text(cx.shared("by")),
        text(parent)
    );
    if cx.shared("by").is_none() {
        cx.set_shared("by", format!("{:?}", cx.stage()));
    }
    Ok(())
}

#[plugin(step(message = "Create", table = "job", stage = "post-operation", mode = "async"))]
fn later(cx: &Context) -> Result<()> {
    trace!(cx, "{:?}, row {}", cx.mode(), cx.primary_id().is_some());
    cx.service().create(Row::new("secret"))?;
    Ok(())
}

#[plugin(step(message = "Create", table = "clock", stage = "pre-operation"))]
fn unasked(cx: &Context) -> Result<()> {
    cx.set_target("now", Value::DateTime(cx.now()));
    Ok(())
}

#[plugin(
    wants("clock", "system"),
    step(message = "Create", table = "granted", stage = "pre-operation", config = "declared")
)]
fn asked(cx: &Context) -> Result<()> {
    cx.service_as(Caller::System).create(Row::new("secret"))?;
    cx.set_target("now", Value::DateTime(cx.now()));
    cx.set_target("config", cx.configuration());
    cx.set_target("secure", cx.secure_configuration());
    Ok(())
}

#[plugin(step(
    message = "Update",
    table = "image",
    stage = "post-operation",
    image(both, alias = "row", columns = ["a", "b"])
))]
fn images(cx: &Context) -> Result<()> {
    let show = |row: Option<Row>| row.map(|row| (row.integer("a"), row.integer("b"), row.has("c")));
    trace!(
        cx,
        "{:?} -> {:?}",
        show(cx.pre_image("row")),
        show(cx.post_image("row"))
    );
    trace!(cx, "{:?}", cx.pre_image("other").is_some());
    Ok(())
}

sluice_sdk::export!(
    swallow,
    swallow_twice,
    swallow_early,
    endless,
    broken,
    shares,
    later,
    unasked,
    asked,
    images
);

fn host() -> TestHost {
    let tables = [
        "swallow",
        "swallow_twice",
        "swallow_early",
        "endless",
        "broken",
        "shared",
        "job",
        "clock",
        "granted",
        "image",
    ];
    TestHost::new().plugins(PLUGINS).user("seller", |user| {
        tables
            .into_iter()
            .fold(user, |user, table| user.grant_all(table, Depth::User))
    })
}

fn fails(host: &TestHost, row: Row) -> Failure {
    host.as_user("seller").create(row).unwrap_err()
}

#[test]
fn a_swallowed_error_dooms_the_transaction_and_names_its_privilege() {
    let host = host();
    let failure = fails(&host, Row::new("swallow"));
    assert_eq!(failure.code(), "0x8009000C");
    assert_eq!(
        (failure.privilege(), failure.call()),
        (Some("prvCreateSecret"), Some("Create secret"))
    );

    let failure = fails(&host, Row::new("swallow").with("refuses", true));
    assert_eq!(
        (failure.code().as_str(), failure.message(), failure.subcode()),
        ("0x80040265", "on purpose", Some(7))
    );
}

/// As in an organisation: a plug-in that calls once more ends there, and the first call is what failed.
#[test]
fn a_call_after_a_swallowed_error_ends_the_plugin() {
    let host = host();
    let failure = fails(&host, Row::new("swallow_twice"));
    assert_eq!(
        (failure.code().as_str(), failure.privilege(), failure.call()),
        ("0x8009000C", Some("prvCreateSecret"), Some("Create secret"))
    );
    assert!(host.traces().is_empty(), "{:?}", host.traces());
}

#[test]
fn outside_a_transaction_an_error_may_be_swallowed() {
    let host = host();
    host.as_user("seller").create(Row::new("swallow_early")).unwrap();
    assert_eq!(host.traces(), ["outside"]);
}

#[test]
fn steps_that_set_each_other_off_are_stopped() {
    let host = host();
    assert_eq!(fails(&host, Row::new("endless")).code(), "0x80044182");
    assert_eq!(host.calls().len(), 8);
    assert!(host.rows("endless").is_empty());
}

#[test]
fn a_panic_is_an_unexpected_error() {
    let failure = fails(&host(), Row::new("broken"));
    assert_eq!(failure.code(), "0x80040224");
    assert_eq!(
        (failure.message(), failure.plugin()),
        ("panic: a number", Some("broken"))
    );
}

#[test]
fn what_pre_validation_shares_is_the_parents() {
    let host = host();
    host.as_user("seller").create(Row::new("shared")).unwrap();
    assert_eq!(
        host.traces(),
        [
            "PreValidation: own none, parent's none",
            "PreOperation: own none, parent's PreValidation",
            "PostOperation: own PreOperation, parent's PreValidation",
        ]
    );
}

#[test]
fn other_messages_share_in_one_place() {
    let host = host().answers("Win", Parameters::default());
    host.as_user("seller").execute(Request::new("Win")).unwrap();
    assert_eq!(
        host.traces(),
        [
            "PreValidation: own none, parent's none",
            "PostOperation: own PreValidation, parent's none"
        ]
    );
    assert_eq!(
        host.as_user("seller").execute(Request::new("Lose")).unwrap_err().code(),
        "0x80040806"
    );
}

#[test]
fn an_asynchronous_step_fails_alone() {
    let host = host();
    host.as_user("seller").create(Row::new("job")).unwrap();
    assert_eq!(host.traces(), ["Asynchronous, row true"]);
    assert_eq!(host.job_failures()[0].privilege(), Some("prvCreateSecret"));
    assert_eq!(host.rows("job").len(), 1);
}

#[test]
fn a_capability_has_to_be_asked_for() {
    let failure = fails(&host(), Row::new("clock"));
    assert!(failure.message().contains("wants(\"clock\")"), "{failure}");

    let host = host()
        .configuration("asked", None, Some("secret"))
        .at("2027-01-01T00:00:00Z");
    let row = host.as_user("seller").create(Row::new("granted")).unwrap();
    assert_eq!(row.text("now"), Some("2027-01-01T00:00:00Z"));
    assert_eq!(
        (row.text("config"), row.text("secure")),
        (Some("declared"), Some("secret"))
    );
    assert_eq!(host.rows("secret").len(), 1);
}

#[test]
fn images_show_what_was_declared_and_there() {
    let row = Row::new("image").with_id("1").with("a", 1).with("c", 3);
    let host = host().row_of("seller", row);
    host.as_user("seller")
        .update(Row::new("image").with_id("1").with("b", 2))
        .unwrap();
    assert_eq!(
        host.traces(),
        [
            "Some((Some(1), None, false)) -> Some((Some(1), Some(2), false))",
            "false"
        ]
    );
}

#[test]
fn access_follows_owner_and_depth() {
    let host = TestHost::new()
        .user("owner", |user| user.grant_all("account", Depth::User))
        .user("colleague", |user| user.grant_all("account", Depth::User))
        .user("lead", |user| user.grant("account", Right::Read, Depth::BusinessUnit));
    let account = host
        .as_user("owner")
        .create(Row::new("account").with("name", "Contoso"))
        .unwrap();
    let reference = account.reference().unwrap();
    let failure = host.as_user("colleague").retrieve(&reference).unwrap_err();
    assert_eq!(
        (failure.code().as_str(), failure.depth()),
        ("0x80048306", Some(Depth::BusinessUnit))
    );
    assert!(host.as_user("lead").retrieve(&reference).is_ok());
    let all = |user: &str| {
        host.as_user(user)
            .retrieve_multiple(Query::new("account"))
            .unwrap()
            .len()
    };
    assert_eq!(
        (all("owner"), all("colleague"), all("lead"), all("SYSTEM")),
        (1, 0, 1, 1)
    );
    assert_eq!(
        host.as_user("nobody").retrieve(&reference).unwrap_err().privilege(),
        Some("prvReadAccount")
    );

    let given = host
        .as_user("owner")
        .update(Row::of(&reference).with("ownerid", host.reference("colleague")))
        .unwrap();
    assert_eq!(given.lookup("ownerid"), Some(&host.reference("colleague")));
    assert_eq!(
        host.as_user("owner").delete(&reference).unwrap_err().code(),
        "0x80048306"
    );
    host.as_user("colleague").delete(&reference).unwrap();
    assert_eq!(host.as_system().retrieve(&reference).unwrap_err().code(), "0x80040217");
}

#[test]
fn an_administrators_cures_work_without_new_code() {
    let host = host();
    assert!(host.as_user("seller").create(Row::new("swallow")).is_err());
    host.disable("swallow");
    host.as_user("seller").create(Row::new("swallow")).unwrap();
    host.enable("swallow");
    host.grant("seller", "secret", Right::Create, Depth::User);
    host.as_user("seller").create(Row::new("swallow")).unwrap();
    host.revoke("seller", "secret", Right::Create);
    assert!(host.as_user("seller").create(Row::new("swallow")).is_err());
}
