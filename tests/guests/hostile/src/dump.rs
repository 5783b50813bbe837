//! Every getter and every setter of the context.

use super::{
    ExecutionContext, NamedParameter, Outcome, Parameter, Row, Value,
    bindings::sluice::plugin::types::{Column, Reference},
    column, log,
};

/// Traces what every getter gives.
pub fn dump(context: &ExecutionContext) -> Outcome {
    let say = |name: &str, value: String| log::trace(&format!("{name}: {value}"));
    say("message", context.message());
    say("stage", context.stage().to_string());
    say("mode", context.mode().to_string());
    say("depth", context.depth().to_string());
    say("primary-table", format!("{:?}", context.primary_table()));
    say("primary-id", format!("{:?}", context.primary_id()));
    say("user-id", context.user_id());
    say("initiating-user-id", context.initiating_user_id());
    say("business-unit-id", context.business_unit_id());
    say("organization-id", context.organization_id());
    say("organization-name", context.organization_name());
    say("correlation-id", context.correlation_id());
    say("request-id", format!("{:?}", context.request_id()));
    say("owning-extension", context.owning_extension());
    say("is-in-transaction", context.is_in_transaction().to_string());
    say("operation-created-on", context.operation_created_on());
    say(
        "target",
        format!("{:?}", context.target_columns().map(|all| columns(&all))),
    );
    say(
        "target name",
        format!("{:?}", context.target("name").as_ref().map(value)),
    );
    say(
        "target none",
        format!("{:?}", context.target("none").as_ref().map(value)),
    );
    say(
        "pre-image",
        format!("{:?}", context.pre_image_columns("before").map(|all| columns(&all))),
    );
    say(
        "pre-image name",
        format!("{:?}", context.pre_image("before", "name").as_ref().map(value)),
    );
    say(
        "pre-image none",
        format!("{:?}", context.pre_image_columns("none").map(|all| columns(&all))),
    );
    say(
        "post-image",
        format!("{:?}", context.post_image_columns("after").map(|all| columns(&all))),
    );
    say(
        "post-image name",
        format!("{:?}", context.post_image("after", "name").as_ref().map(value)),
    );
    for name in context.input_names() {
        say(
            &format!("input {name}"),
            format!("{:?}", context.input(&name).as_ref().map(parameter)),
        );
    }
    for name in context.output_names() {
        say(
            &format!("output {name}"),
            format!("{:?}", context.output(&name).as_ref().map(parameter)),
        );
    }
    for name in context.shared_names() {
        say(
            &format!("shared {name}"),
            format!("{:?}", context.shared(&name).as_ref().map(value)),
        );
    }
    if let Some(parent) = context.parent() {
        say("parent", parent.message());
        say(
            "grandparent",
            format!("{:?}", parent.parent().map(|grand| grand.message())),
        );
    }
    Ok(())
}

/// Uses every setter.
pub fn change(context: &ExecutionContext) -> Outcome {
    let id = "0198c0de-0000-7000-8000-000000000001";
    context.set_target("name", &Value::Text("changed".into()));
    context.set_target("amount", &Value::Money("12.34".into()));
    context.set_target("due", &Value::Date("2026-01-31".into()));
    context.set_target("at", &Value::DateTime("2026-01-31T12:00:00Z".into()));
    context.set_target(
        "owner",
        &Value::Lookup(Reference {
            table: "systemuser".into(),
            id: id.into(),
        }),
    );
    context.remove_target("old");
    context.set_input("Flag", &Parameter::Value(Value::Boolean(true)));
    let row = Row {
        table: "contact".into(),
        id: String::new(),
        columns: vec![column("a", Value::Empty)],
    };
    context.set_output("Rows", &Parameter::Rows(vec![row]));
    context.set_shared("count", &Value::BigInteger("9007199254740993".into()));
    Ok(())
}

pub fn value(value: &Value) -> String {
    match value {
        Value::Empty => "empty".into(),
        Value::Boolean(b) => format!("boolean {b}"),
        Value::Integer(n) => format!("integer {n}"),
        Value::BigInteger(text) => format!("big-integer {text}"),
        Value::Float(n) => format!("float {n}"),
        Value::Decimal(text) => format!("decimal {text}"),
        Value::Money(text) => format!("money {text}"),
        Value::Text(text) => format!("text {text}"),
        Value::DateTime(text) => format!("date-time {text}"),
        Value::Date(text) => format!("date {text}"),
        Value::Choice(n) => format!("choice {n}"),
        Value::Choices(numbers) => format!("choices {numbers:?}"),
        Value::Id(text) => format!("id {text}"),
        Value::Lookup(one) => format!("lookup {}", reference(one)),
    }
}

pub fn named(one: &NamedParameter) -> String {
    format!("{} = {}", one.name, parameter(&one.parameter))
}

pub fn row(row: &Row) -> String {
    format!("{}:{} {}", row.table, row.id, columns(&row.columns))
}

fn columns(columns: &[Column]) -> String {
    columns
        .iter()
        .map(|one| format!("{} = {}", one.name, value(&one.value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn reference(one: &Reference) -> String {
    format!("{}:{}", one.table, one.id)
}

fn parameter(one: &Parameter) -> String {
    match one {
        Parameter::Value(one) => value(one),
        Parameter::Row(one) => row(one),
        Parameter::Rows(all) => format!("rows {}", all.iter().map(row).collect::<Vec<_>>().join("; ")),
        Parameter::Reference(one) => reference(one),
        Parameter::References(all) => all.iter().map(reference).collect::<Vec<_>>().join("; "),
        Parameter::Names(names) => format!("names {names:?}"),
    }
}
