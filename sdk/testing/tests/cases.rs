//! A case that a host wrote is run natively: as it was, and with another plug-in than then.

use sluice_model::{
    Name, Named, Parameters, Row as Held, Timestamp, Uuid, Value as Was,
    case::{Answer, Asked, Case as Written, CaseContext, Question},
};
use sluice_sdk::prelude::*;
use sluice_sdk_testing::Case;

/// Writes the rate of the account's state into it.
#[plugin(step(message = "Create", table = "account", stage = "pre-operation"))]
fn rate(cx: &Context) -> Result<()> {
    let state = cx.target_text("address1_stateorprovince").unwrap_or_default();
    let query = Query::new("sl_rule")
        .filter(Filter::eq("sl_name", state.as_str()))
        .top(1);
    let rules = cx.service().retrieve_multiple(query)?;
    let Some(rule) = rules.first() else {
        return Err(Error::refuse(format!("there is no rule for {state}")));
    };
    cx.set_target("sl_rate", rule.integer("sl_rate").unwrap_or_default());
    cx.trace(&format!("rate of {state}"));
    Ok(())
}

/// Says what is asked for.
#[plugin(step(message = "RetrieveMultiple", table = "account", stage = "pre-operation"))]
fn asks(cx: &Context) -> Result<()> {
    let question = cx.question().ok_or_else(|| Error::refuse("no question"))?;
    cx.trace(&format!(
        "{} where {}, {} inputs",
        question.table,
        question.filter.unwrap_or_default(),
        cx.input_names().len()
    ));
    Ok(())
}

/// Looks beyond the end of a list.
#[plugin(step(message = "Create", table = "contact", stage = "pre-operation"))]
fn breaks(cx: &Context) -> Result<()> {
    let list: Vec<i32> = Vec::new();
    let place = usize::try_from(cx.depth()).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "this is the panic that the case is about")]
    let beyond = list[place];
    cx.trace(&beyond.to_string());
    Ok(())
}
sluice_sdk::export!(rate, asks, breaks);

fn case(state: &str, rules: Answer<Parameters>) -> Written {
    let target = Held::unsaved("account").with("address1_stateorprovince", state);
    let context = CaseContext {
        message: "Create".into(),
        stage: 20,
        mode: 0,
        depth: 1,
        table: Some("account".into()),
        id: None,
        user: Uuid::from_u128(1),
        initiating_user: Uuid::from_u128(1),
        business_unit: Uuid::from_u128(2),
        correlation: Uuid::from_u128(3),
        request: None,
        step: Uuid::from_u128(4),
        in_transaction: true,
        created_on: Timestamp::UNIX_EPOCH,
        target: Some(target),
        inputs: Parameters::new(),
        outputs: Parameters::new(),
        shared: Default::default(),
        pre_images: Default::default(),
        post_images: Default::default(),
        parent: None,
    };
    let organization = (Uuid::from_u128(5), "Contoso".to_owned());
    let mut case = Written::begin("rates/rate".to_owned(), "the step".to_owned(), organization, context);
    let query = sluice_model::Query::new("sl_rule");
    case.asked = vec![
        Asked::Query {
            question: Question {
                table: "sl_rule".to_owned(),
                columns: Vec::new(),
                filter: Some("sl_name eq 'CA'".to_owned()),
                order: Vec::new(),
                top: Some(1),
            },
            answer: Box::new(Answer::Passed(query.clone())),
        },
        Asked::Call {
            caller: 0,
            message: "RetrieveMultiple".into(),
            inputs: Named::from_iter([(Name::from("Query"), sluice_model::Parameter::Query(query))]),
            answer: rules,
        },
    ];
    case
}

fn rules(rate: i32) -> Answer<Parameters> {
    let rule = Held::new("sl_rule", Uuid::from_u128(9)).with("sl_rate", rate);
    let rows = sluice_model::Parameter::Rows(vec![rule]);
    Answer::Passed(Named::from_iter([(Name::from("BusinessEntityCollection"), rows)]))
}

#[test]
fn a_case_comes_out_as_it_was() {
    let mut written = case("CA", rules(7));
    written.ended.target.as_mut().unwrap().set("sl_rate", Was::Int(7));
    let run = Case::read(&written.text().unwrap()).unwrap().run(PLUGINS);
    assert_eq!(run.difference, None);
    run.result.unwrap();
    assert_eq!(run.traces, ["rate of CA"]);
}

#[test]
fn a_failure_of_a_call_is_the_failure_of_the_case() {
    let mut written = case(
        "CA",
        Answer::Refused {
            code: 0x8004_0220,
            message: "is missing prvReadsl_rule privilege".to_owned(),
        },
    );
    written.ended.result = Answer::Refused {
        code: 0x8004_0220,
        message: "is missing prvReadsl_rule privilege".to_owned(),
    };
    let run = Case::read(&written.text().unwrap()).unwrap().run(PLUGINS);
    assert_eq!(run.difference, None);
    assert_eq!(run.result.unwrap_err().code(), "0x80040220");
}

#[test]
fn the_first_difference_is_told() {
    let mut written = case("CA", rules(7));
    written.ended.target.as_mut().unwrap().set("sl_rate", Was::Int(8));
    let told = Case::read(&written.text().unwrap())
        .unwrap()
        .run(PLUGINS)
        .difference
        .unwrap();
    assert!(
        told.contains("`sl_rate` the whole number 8; now the whole number 7"),
        "{told}"
    );
    let told = Case::read(&case("WA", rules(7)).text().unwrap())
        .unwrap()
        .run(PLUGINS)
        .difference
        .unwrap();
    assert!(told.contains("question 1 was a query on sl_rule"), "{told}");
}

#[test]
fn a_list_is_asked_as_it_was() {
    let mut written = case("CA", rules(7));
    written.asked.clear();
    written.plugin = "rates/asks".to_owned();
    let query = sluice_model::Query::new("account").filter(sluice_model::Filter::eq("name", "Litware"));
    let inputs: Parameters = Named::from_iter([(Name::from("Query"), sluice_model::Parameter::Query(query))]);
    written.context.message = "RetrieveMultiple".into();
    written.context.inputs.clone_from(&inputs);
    written.ended.inputs = inputs;
    let run = Case::read(&written.text().unwrap()).unwrap().run(PLUGINS);
    assert_eq!(run.difference, None);
    run.result.unwrap();
    assert_eq!(run.traces, ["account where name eq 'Litware', 0 inputs"]);
}

/// Where a panic was, only a host knows; what it was about is compared.
#[test]
fn the_same_panic_is_the_same() {
    let panicked = |message: &str| {
        let mut written = case("CA", rules(7));
        written.plugin = "rates/breaks".to_owned();
        written.asked.clear();
        written.ended.result = Answer::Refused {
            code: 0x8004_0224,
            message: format!("the plug-in panicked: {message} in `rates::breaks` at src/lib.rs:9"),
        };
        Case::read(&written.text().unwrap()).unwrap().run(PLUGINS).difference
    };
    let same = "index out of bounds: the len is 0 but the index is 1";
    assert_eq!(panicked(same), None);
    let other = panicked("index out of bounds: the len is 0 but the index is 10");
    assert!(other.is_some_and(|told| told.contains("it ended with")));
}

#[test]
fn what_is_no_case_is_refused() {
    assert!(
        Case::read("{}")
            .unwrap_err()
            .message()
            .contains("no case of a plug-in call")
    );
}
