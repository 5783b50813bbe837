//! The attribute and `export!`, as a plug-in's author uses them.

use sluice_sdk::{
    prelude::*,
    registration::{Image, Step},
};

/// Flags large accounts,
/// once for each rise.
///
/// More that is not for lists.
#[plugin(
    name = "Flag",
    wants("clock"),
    step(
        message = "Update",
        table = "account",
        stage = "post-operation",
        mode = "async",
        rank = 7,
        columns = ["revenue"],
        image(both, alias = "row"),
        config = concat!("a", "b"),
        description = "flags",
    ),
    step(message = "Delete", stage = "pre-validation")
)]
fn flag(_: &Context) -> Result<()> {
    Ok(())
}

mod inner {
    use sluice_sdk::prelude::*;

    #[plugin(step(message = "Create", table = "lead", stage = "pre-operation"))]
    pub(super) fn guard(_cx: &Context<'_>) -> Result<()> {
        Err(Error::refuse("no"))
    }
}

sluice_sdk::export!(flag, inner::guard);

#[test]
fn the_registration_is_a_constant() {
    let [flag, guard] = PLUGINS else { panic!("two plug-ins") };
    assert_eq!(
        (flag.name, flag.description),
        ("Flag", "Flags large accounts, once for each rise.")
    );
    assert_eq!(flag.wants, ["clock"]);
    assert_eq!(flag.function, "plugin::flag");
    let step = Step {
        message: "Update",
        table: "account",
        stage: 40,
        mode: 1,
        rank: 7,
        filtering_columns: &["revenue"],
        images: &[Image {
            kind: "both",
            alias: "row",
            columns: &[],
        }],
        configuration: Some("ab"),
        description: "flags",
    };
    assert_eq!(flag.steps[0], step);
    assert_eq!(
        (flag.steps[1].stage, flag.steps[1].rank, flag.steps[1].table),
        (10, 1, "")
    );
    assert_eq!((guard.name, guard.description), ("guard", ""));
    assert_eq!(guard.function, "plugin::inner::guard");
}

#[test]
fn filters_are_odata_with_quotes_escaped() {
    let text = |filter: Filter| filter.to_string();
    assert_eq!(
        text(Filter::eq("name", "O'Hara' or 1 eq 1")),
        "name eq 'O''Hara'' or 1 eq 1'"
    );
    assert_eq!(text(Filter::eq("revenue", Decimal::new(10050, 2))), "revenue eq 100.50");
    assert_eq!(text(Filter::gt("score", 0.5)), "score gt 0.5");
    assert_eq!(
        text(Filter::eq("parentaccountid", Reference::new("account", "1"))),
        "_parentaccountid_value eq 1"
    );
    assert_eq!(
        text(Filter::eq("_parentaccountid_value", Value::Id("1".into()))),
        "_parentaccountid_value eq 1"
    );
    assert_eq!(text(Filter::ne("fax", Value::Empty)), "fax ne null");
    assert_eq!(text(Filter::contains("name", "a'b")), "contains(name,'a''b')");
    let either = Filter::one_of("statecode", [0, 1]).and(!Filter::eq("a", true).or(Filter::odata("b eq 1")));
    assert_eq!(
        text(either),
        "(statecode eq 0 or statecode eq 1) and not (a eq true or (b eq 1))"
    );
    let three = Filter::eq("a", 1).and(Filter::eq("b", 2)).and(Filter::eq("c", 3));
    assert_eq!(text(three), "a eq 1 and b eq 2 and c eq 3");
}

#[test]
fn errors_keep_what_they_are() {
    let refused = Error::refuse("no").with_code(7);
    assert!(matches!(&refused, Error::Refused(refusal) if refusal.code == Some(7)));
    assert_eq!(refused.to_string(), "no");
    assert_eq!(
        Error::unexpected("x".parse::<i32>().unwrap_err()).to_string(),
        "invalid digit found in string"
    );
    let handed_on: Error = ServiceError::new(3, "0x80040220", "denied").into();
    assert_eq!(handed_on.clone().with_code(7), handed_on);
}
