//! Parameters are of the types that their message's form has: in requests, in what steps write,
//! and in what comes out; and JSON says the same of each.

use sluice_engine::{ParameterDef, Takes};
use sluice_model::{
    Name, Parameter, ParameterType, Query, Reference, Request, Row, Surroundings, Uuid, Value, parameter,
};

use crate::world::{POST_OPERATION, PRE_OPERATION, PRE_VALIDATION, Pipeline, account, probe};

const SOME: Uuid = Uuid::from_u128(7);

/// A parameter of a type.
fn of(kind: ParameterType) -> Parameter {
    let row = || Row::new("account", SOME).with("name", "Litware");
    let values = || Row::unsaved("").with("PageNumber", 1).with("Who", SOME);
    match kind {
        ParameterType::Bool => true.into(),
        ParameterType::Int => 5.into(),
        ParameterType::BigInt => Value::BigInt(5_000_000_000).into(),
        ParameterType::Text => "x".into(),
        ParameterType::Bytes => "eA==".into(),
        ParameterType::Time => Value::DateTime("2026-01-31T09:00:00Z".parse().unwrap()).into(),
        ParameterType::Id => Value::Id(SOME).into(),
        ParameterType::Row => row().into(),
        ParameterType::Rows => Parameter::Rows(vec![row()]),
        ParameterType::Structure => values().into(),
        ParameterType::Structures => Parameter::Rows(vec![values()]),
        ParameterType::Reference => Reference::new("account", SOME).into(),
        ParameterType::References => Parameter::References(vec![Reference::new("contact", SOME)]),
        ParameterType::Names => Parameter::Names(vec!["name".into()]),
        ParameterType::Query => Query::new("account").into(),
    }
}

const ALL: [ParameterType; 15] = [
    ParameterType::Bool,
    ParameterType::Int,
    ParameterType::BigInt,
    ParameterType::Text,
    ParameterType::Bytes,
    ParameterType::Time,
    ParameterType::Id,
    ParameterType::Row,
    ParameterType::Rows,
    ParameterType::Structure,
    ParameterType::Structures,
    ParameterType::Reference,
    ParameterType::References,
    ParameterType::Names,
    ParameterType::Query,
];

/// What no parameter of that type takes.
fn wrong(kind: ParameterType) -> Parameter {
    match kind {
        ParameterType::Names => Parameter::Value(Value::Float(0.5)),
        _ => Parameter::Names(vec!["x".into()]),
    }
}

#[test]
fn every_message_refuses_every_parameter_of_another_type() {
    let world = Pipeline::new();
    for message in world.admin.0.engine().messages() {
        let shape = message.shape();
        for wanted in shape.inputs() {
            let mut request = Request::new(message.name());
            for parameter in shape.inputs {
                request.inputs.insert(parameter.name.into(), of(parameter.kind));
            }
            request.inputs.insert(wanted.name.into(), wrong(wanted.kind));
            let error = world.admin.0.execute(request).unwrap_err();
            let place = format!("message {}: the parameter `{}` is no ", message.name(), wanted.name);
            assert!(error.message().starts_with(&place), "{place}: {error}");
            assert_eq!(error.code().to_string(), "0x80040203");
        }
    }
}

#[test]
fn every_message_asks_for_what_it_needs_and_knows_what_it_takes() {
    let world = Pipeline::new();
    for message in world.admin.0.engine().messages() {
        let (name, shape) = (message.name(), message.shape());
        if let Some((takes, kind)) = shape.takes.parameter() {
            let listed = shape.inputs.iter().find(|parameter| parameter.name == takes);
            let listed = listed.unwrap_or_else(|| panic!("{name} does not list `{takes}`"));
            assert_eq!((listed.kind, listed.required), (kind, true), "{name}: {takes}");
        }
        let needed: Vec<&ParameterDef> = shape.inputs.iter().filter(|parameter| parameter.required).collect();
        for missing in &needed {
            for empty in [None, Some(Parameter::Value(Value::Null))] {
                let mut request = Request::new(name);
                for parameter in &needed {
                    request.inputs.insert(parameter.name.into(), of(parameter.kind));
                }
                request.inputs.remove(missing.name);
                request.inputs.extend(empty.map(|empty| (missing.name.into(), empty)));
                let error = world.admin.0.execute(request).unwrap_err();
                let sentence = format!("message {name} needs the parameter `{}`", missing.name);
                assert!(error.message().starts_with(&sentence), "{sentence}: {error}");
            }
        }
    }
}

#[test]
fn what_is_nearly_right_is_named() {
    let world = Pipeline::new();
    let error = world.seller.0.execute(Request::new("QualfyLead")).unwrap_err();
    assert!(error.message().ends_with("did you mean `QualifyLead`?"), "{error}");
    let request = Request::new("QualifyLead").with("CreateAcount", true);
    let error = world.seller.0.execute(request).unwrap_err();
    assert!(error.message().ends_with("did you mean `CreateAccount`?"), "{error}");
    let error = world.seller.0.execute(Request::new("Xyz")).unwrap_err();
    assert_eq!(error.message(), "there is no message `Xyz`");
}

/// The platform's own forms: a lookup for a reference, a choice for a number, one reference for
/// several, nothing for what may be missing.
#[test]
fn what_the_platform_takes_is_taken() {
    let world = Pipeline::new();
    let (lead, request) = world.lead();
    let request = request
        .with("LeadId", Value::Lookup(Reference::new("lead", lead)))
        .with("Status", Value::Choice(3))
        .with("SourceCampaignId", Value::Null)
        .with("SuppressDuplicateDetection", Value::Null);
    world.run(&world.seller, request).result.unwrap();
    let team = world.admin.create(Row::unsaved("team").with("name", "Pumps").with(
        "businessunitid",
        Reference::new("businessunit", world.admin.find("businessunit", "West")),
    ));
    let member = Reference::new("systemuser", world.seller.id());
    let request = Request::new("AddMembersTeam")
        .with("TeamId", Reference::new("team", team))
        .with("MemberIds", member);
    world.admin.0.execute(request).unwrap();
}

#[test]
fn a_step_that_writes_another_type_is_named_at_once() {
    let world = Pipeline::new();
    for stage in [PRE_VALIDATION, PRE_OPERATION] {
        for (script, parameter) in [
            ("text-input CreateAccount perhaps", "CreateAccount"),
            (
                "link-input Status account 00000000-0000-0000-0000-000000000007",
                "Status",
            ),
            ("set-input SourceCampaignId yes", "SourceCampaignId"),
        ] {
            let step = world.step(&probe(stage, "QualifyLead", "lead", script));
            let (_, request) = world.lead();
            let run = world.run(&world.seller, request);
            let error = run.refused("0x80040203");
            assert!(error.message().contains(&format!("`{parameter}`")), "{error}");
            assert_eq!(error.body().step.as_ref().map(|step| step.id), Some(step), "{error}");
            world.set_enabled(step, false);
        }
    }
}

#[test]
fn a_step_that_gives_back_another_type_is_named() {
    let world = Pipeline::new();
    let step = world.step(&probe(POST_OPERATION, "Create", "account", "text-output id nobody"));
    let before = world.admin.count("account");
    let run = world.create(&world.seller, account());
    let error = run.refused("0x80040203");
    assert!(error.message().contains("the output `id` is no id"), "{error}");
    assert_eq!(error.body().step.as_ref().map(|step| step.id), Some(step), "{error}");
    assert_eq!(world.admin.count("account"), before, "nothing is kept");
    world.set_enabled(step, false);
    // What a step gives back beside the message's own parameters comes out as it is.
    world.step(&probe(
        POST_OPERATION,
        "Create",
        "account",
        "text-output Greeting hello",
    ));
    let run = world.create(&world.seller, account());
    assert_eq!(run.result.unwrap().outputs.get("Greeting"), Some(&"hello".into()));
}

fn surroundings(world: &Pipeline) -> Surroundings {
    world.admin.0.surroundings().unwrap()
}

#[test]
fn each_type_goes_to_json_and_back() {
    let surroundings = surroundings(&Pipeline::new());
    for kind in ALL {
        let given = of(kind);
        assert!(kind.takes(&given), "{kind:?}");
        if kind == ParameterType::Query {
            continue;
        }
        let json = parameter::to_json(&surroundings.catalog, &given);
        let back = kind.from_json(&surroundings, "it", &json);
        assert_eq!(back.unwrap(), given, "{json:#}");
    }
    let fetch = serde_json::json!("<fetch><entity name='account'><attribute name='name'/></entity></fetch>");
    for form in [
        fetch.clone(),
        serde_json::json!({ "@odata.type": "Microsoft.Dynamics.CRM.FetchExpression", "Query": fetch }),
    ] {
        let query = ParameterType::Query.from_json(&surroundings, "it", &form).unwrap();
        let columns = Some(vec![Name::from("name")]);
        assert!(matches!(query, Parameter::Query(query) if query.columns == columns));
    }
}

#[test]
fn json_of_another_type_is_refused_with_its_place() {
    let surroundings = surroundings(&Pipeline::new());
    let cases = [
        (ParameterType::Bool, serde_json::json!("yes")),
        (ParameterType::Int, serde_json::json!(5_000_000_000_i64)),
        (ParameterType::BigInt, serde_json::json!(0.5)),
        (ParameterType::Text, serde_json::json!(5)),
        (ParameterType::Time, serde_json::json!("tomorrow")),
        (ParameterType::Id, serde_json::json!("7")),
        (ParameterType::Row, serde_json::json!({ "name": "of no table" })),
        (ParameterType::Row, serde_json::json!({ "@odata.type": "nosuch" })),
        (ParameterType::Rows, serde_json::json!({})),
        (ParameterType::Structure, serde_json::json!([])),
        (ParameterType::Structures, serde_json::json!([{ "list": [] }])),
        (
            ParameterType::Reference,
            serde_json::json!({ "@odata.type": "account" }),
        ),
        (
            ParameterType::Reference,
            serde_json::json!({ "@odata.id": "accounts(" }),
        ),
        (ParameterType::References, serde_json::json!([5])),
        (ParameterType::Names, serde_json::json!([5])),
        (ParameterType::Query, serde_json::json!({})),
    ];
    for (kind, json) in cases {
        let error = kind.from_json(&surroundings, "the parameter `p`", &json).unwrap_err();
        assert!(
            error.message().contains("the parameter `p`"),
            "{kind:?} {json}: {error}"
        );
    }
    // References in the Web API's two forms.
    for json in [
        serde_json::json!({ "@odata.type": "#Microsoft.Dynamics.CRM.account", "accountid": SOME.to_string() }),
        serde_json::json!({ "@odata.id": format!("/api/data/v9.2/accounts({SOME})") }),
    ] {
        let reference = ParameterType::Reference.from_json(&surroundings, "it", &json).unwrap();
        assert_eq!(reference, of(ParameterType::Reference));
    }
}

#[test]
fn no_message_takes_a_row_where_it_has_none() {
    let world = Pipeline::new();
    for message in world.admin.0.engine().messages() {
        let shape = message.shape();
        let rows = shape.inputs.iter().filter(|parameter| parameter.name == "Target");
        for target in rows {
            let takes = shape.takes.parameter();
            assert_eq!(takes, Some(("Target", target.kind)), "{}", message.name());
        }
        assert!(shape.takes != Takes::Query || shape.inputs.iter().any(|input| input.kind == ParameterType::Query));
    }
}
