//! The context as a plug-in sees and leaves it.

use std::sync::Arc;

use sluice_model::{Code, Parameter, Parameters, Query, Reference, Row, Value};
use sluice_sandbox::{Call, Grants};

use crate::support::{Fake, call, context, error, finish, id, run, run_with};

#[test]
fn every_getter_says_what_is_there() {
    let mut call = call("dump-context");
    let whole = Row::new("account", id(1))
        .with("big", Value::BigInt(i64::MAX))
        .with("choices", Value::Choices(vec![1, 2]))
        .with("choice", Value::Choice(3))
        .with("date", Value::Date("2026-01-31".parse().unwrap()))
        .with("decimal", Value::Decimal("1.50".parse().unwrap()))
        .with("empty", Value::Null)
        .with("flag", true)
        .with("float", Value::Float(0.5))
        .with("id", id(9))
        .with("int", 7)
        .with("lookup", Reference::new("contact", id(10)))
        .with("money", Value::Money("12.3400".parse().unwrap()))
        .with("name", "after")
        .with("time", context().created_on);
    call.context.post_images.insert("after".into(), Arc::new(whole));
    call.context.inputs = Parameters::from_iter([
        ("ColumnSet".into(), Parameter::Names(vec!["name".into()])),
        ("Flag".into(), true.into()),
        ("Query".into(), Query::new("account").into()),
        ("Ref".into(), Reference::new("team", id(11)).into()),
    ]);
    call.context.outputs = Parameters::from_iter([("Rows".into(), Parameter::Rows(vec![Row::unsaved("contact")]))]);
    call.context.parent = Some(Arc::new(context()));
    let finished = finish(call, Fake::default());
    assert_eq!(finished.outcome, Ok(()));
    let expected = "\
message: Update
stage: 20
mode: 0
depth: 1
primary-table: Some(\"account\")
primary-id: Some(\"0198c0de-0000-7000-8000-000000000001\")
user-id: 0198c0de-0000-7000-8000-000000000002
initiating-user-id: 0198c0de-0000-7000-8000-000000000003
business-unit-id: 0198c0de-0000-7000-8000-000000000004
organization-id: 0198c0de-0000-7000-8000-000000000005
organization-name: Contoso
correlation-id: 0198c0de-0000-7000-8000-000000000006
request-id: Some(\"0198c0de-0000-7000-8000-000000000007\")
owning-extension: 0198c0de-0000-7000-8000-000000000008
is-in-transaction: true
operation-created-on: 2026-01-31T12:00:00Z
target: Some(\"name = text new, old = integer 1\")
target name: Some(\"text new\")
target none: None
pre-image: Some(\"name = text old\")
pre-image name: Some(\"text old\")
pre-image none: None
post-image: Some(\"big = big-integer 9223372036854775807, choice = choice 3, choices = choices [1, 2], \
date = date 2026-01-31, decimal = decimal 1.50, empty = empty, flag = boolean true, float = float 0.5, \
id = id 0198c0de-0000-7000-8000-000000000009, int = integer 7, \
lookup = lookup contact:0198c0de-0000-7000-8000-00000000000a, money = money 12.3400, name = text after, \
time = date-time 2026-01-31T12:00:00Z\")
post-image name: Some(\"text after\")
input ColumnSet: Some(\"names [\\\"name\\\"]\")
input Flag: Some(\"boolean true\")
input Ref: Some(\"team:0198c0de-0000-7000-8000-00000000000b\")
output Rows: Some(\"rows contact: \")
shared colour: Some(\"text red\")
parent: Update
grandparent: None
";
    assert_eq!(finished.trace, expected);
}

#[test]
fn every_setter_changes_what_comes_back() {
    let changed = run("change-context").context;
    let target = changed.target.unwrap();
    assert_eq!(
        target,
        Row::new("account", id(1))
            .with("name", "changed")
            .with("amount", Value::Money("12.34".parse().unwrap()))
            .with("due", Value::Date("2026-01-31".parse().unwrap()))
            .with("at", context().created_on)
            .with("owner", Reference::new("systemuser", id(1)))
    );
    assert_eq!(changed.inputs.get("Flag"), Some(&true.into()));
    assert_eq!(
        changed.outputs.get("Rows"),
        Some(&Parameter::Rows(vec![Row::unsaved("contact").with("a", Value::Null)]))
    );
    assert_eq!(changed.shared.get("count"), Some(&Value::BigInt(9_007_199_254_740_993)));
    assert_eq!(changed.shared.get("colour"), Some(&Value::from("red")));
}

#[test]
fn a_target_that_is_no_row_cannot_be_changed() {
    let mut call = call("change-context");
    call.context.message = "Delete".into();
    call.context.target = None;
    let error = error(finish(call, Fake::default()));
    assert_eq!(error.code(), Code::ISV_UNEXPECTED);
    assert_eq!(
        error.message(),
        "`Delete` has no Target row whose column `name` could be changed"
    );
}

#[test]
fn a_parents_context_cannot_be_changed() {
    let mut call = call("change-parent");
    call.context.parent = Some(Arc::new(context()));
    assert_eq!(
        error(finish(call, Fake::default())).message(),
        "the context of a parent operation cannot be changed"
    );
}

#[test]
fn a_value_of_the_wrong_form_ends_the_call_and_is_named() {
    for (kind, says) in [
        ("big-integer", "`name`: `12x` is not a whole number of 64 bits"),
        ("float", "`name`: `NaN` is not a finite number"),
        ("decimal", "`name`: `1,5` is not a decimal number of at most 28 digits"),
        ("money", "`name`: `` is not a decimal number of at most 28 digits"),
        (
            "date-time",
            "`name`: `yesterday` is not a point in time such as `2026-01-31T12:00:00Z`",
        ),
        ("date", "`name`: `2026-02-30` is not a day such as `2026-01-31`"),
        ("lookup", "`name`: `nobody` is not a row id"),
    ] {
        let finished = run_with("bad-value", kind);
        assert_eq!(finished.context.target, context().target);
        let error = error(finished);
        assert_eq!((error.code(), error.message()), (Code::ISV_UNEXPECTED, says));
    }
    let error = error(run_with("bad-value", "id"));
    assert!(error.message().len() < 200, "{error}");
}

#[test]
fn configurations_reach_the_plugin() {
    let call = Call {
        configuration: Some("open".to_owned()),
        secure_configuration: Some("closed".to_owned()),
        ..call("configuration")
    };
    assert_eq!(finish(call, Fake::default()).trace, "Some(\"open\") Some(\"closed\")\n");
    assert_eq!(run("configuration").trace, "None None\n");
}

#[test]
fn what_is_not_granted_ends_the_call() {
    for name in ["clock", "random"] {
        let error = error(run(name));
        assert_eq!(error.code(), Code::ISV_UNEXPECTED);
        assert!(
            error
                .message()
                .contains(&format!("`{name}`, which the step was not granted")),
            "{error}"
        );
    }
    for (name, grants) in [
        (
            "clock",
            Grants {
                random: true,
                ..Grants::default()
            },
        ),
        (
            "random",
            Grants {
                clock: true,
                ..Grants::default()
            },
        ),
    ] {
        assert!(finish(Call { grants, ..call(name) }, Fake::default()).outcome.is_err());
    }
}

#[test]
fn what_is_granted_works() {
    let clock = Grants {
        clock: true,
        ..Grants::default()
    };
    let random = Grants {
        random: true,
        ..Grants::default()
    };
    let both = Grants {
        clock: true,
        random: true,
        ..Grants::default()
    };
    for grants in [clock, both] {
        let finished = finish(
            Call {
                grants,
                ..call("clock")
            },
            Fake::default(),
        );
        assert_eq!(
            (finished.outcome, finished.trace.as_str()),
            (Ok(()), "2026-02-01T00:00:00Z\n")
        );
    }
    for grants in [random, both] {
        let finished = finish(
            Call {
                grants,
                ..call("random")
            },
            Fake::default(),
        );
        assert_eq!((finished.outcome, finished.trace.as_str()), (Ok(()), "16 1024\n"));
    }
}
