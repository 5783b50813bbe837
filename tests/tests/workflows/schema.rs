//! The schema of workflow files and the program agree on what may be written.

use serde_json::{Value as Json, json};
use sluice_platform::WorkflowSpec;
use sluice_tests::world::World;

/// Whether a value is as a part of the schema has it: the words that the schema uses.
fn fits(schema: &Json, root: &Json, value: &Json) -> bool {
    if let Some(fixed) = schema.as_bool() {
        return fixed;
    }
    if let Some(path) = schema["$ref"].as_str() {
        let part = root.pointer(path.trim_start_matches('#')).unwrap();
        return fits(part, root, value);
    }
    if let Some(ways) = schema["oneOf"].as_array() {
        return ways.iter().filter(|way| fits(way, root, value)).count() == 1;
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("a type that no test knows: {other}"),
    };
    let of_kind = match &schema["type"] {
        Json::String(kind) => is(kind),
        Json::Array(kinds) => kinds.iter().any(|kind| is(kind.as_str().unwrap())),
        _ => panic!("a part without a type: {schema}"),
    };
    let items = || value.as_array().into_iter().flatten();
    let each = schema["items"].is_null() || items().all(|item| fits(&schema["items"], root, item));
    of_kind && each && value.as_object().is_none_or(|map| holds(schema, root, map))
}

fn holds(schema: &Json, root: &Json, map: &serde_json::Map<String, Json>) -> bool {
    let required = schema["required"].as_array().into_iter().flatten();
    let others = &schema["additionalProperties"];
    required.clone().all(|name| map.contains_key(name.as_str().unwrap()))
        && map.iter().all(|(name, value)| match schema["properties"].get(name) {
            Some(part) => fits(part, root, value),
            None => fits(others, root, value),
        })
}

/// Every word that a workflow in real time may have.
fn everything() -> Json {
    let values = json!([
        1, 1.5, "x", true, null, [1, 2],
        { "column": "name" }, { "column": "name", "row": { "related": "a", "table": "b" } }, { "row": {} },
        { "first": [1, { "now": {} }] }, { "text": ["a", { "column": "b" }] },
        { "now": { "years": 1, "months": -1, "weeks": 2, "days": 1, "hours": 2, "minutes": -3 } },
        { "column": "name", "plus": { "months": -1 } }, { "first": [{ "column": "b" }], "plus": {} },
        { "output": "Rate", "of": "rate", "plus": { "days": 1 } },
        { "output": "Rate", "of": "rate" }, { "append": "x" }, { "increment": 1 }, { "decrement": 1 }, { "multiply": { "column": "c" } },
    ]);
    let set: serde_json::Map<String, Json> = values
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(number, value)| (format!("column{number}"), value.clone()))
        .collect();
    let operators = [
        "eq",
        "ne",
        "gt",
        "ge",
        "lt",
        "le",
        "contains",
        "begins-with",
        "ends-with",
        "has-data",
        "has-no-data",
        "under",
        "not-under",
    ];
    let compared: Vec<Json> = operators
        .iter()
        .map(|is| json!({ "compare": { "row": { "created": "a" }, "column": "b", "is": is, "value": 1 } }))
        .collect();
    json!({
        "$schema": "workflow.schema.json",
        "name": "All", "description": "x", "table": "account", "mode": "real-time",
        "on": { "create": true, "update": ["a"], "state": true, "assign": true, "delete": true },
        "when": "before", "scope": "parent-child", "run-as": "owner", "rank": 3,
        "on-demand": true, "child": true, "log-failures": true,
        "actions": [
            { "check": { "if": { "and": [{ "or": compared }, { "not": { "and": [] } }] }, "then": [], "else": [] } },
            { "create": { "table": "task", "set": set.clone(), "as": "a" } },
            { "update": { "row": { "created": "a" }, "set": set } },
            { "assign": { "row": {}, "to": "x" } },
            { "change-state": { "row": {}, "state": "x", "status": 1 } },
            { "start-child": { "row": {}, "workflow": "x", "called": "y" } },
            { "call": { "plugin": "a/b", "configuration": "x", "row": {}, "inputs": { "A": 1 }, "as": "rate" } },
            { "send-email": {
                "from": { "related": "a", "table": "b" }, "to": [{}], "cc": [{ "created": "a" }], "bcc": [{ "address": "x" }],
                "subject": "x", "body": "y", "row": {}, "as": "mail",
            } },
            { "wait": { "until": { "now": {} }, "for": { "or": [] } } },
            { "stop": { "as": "canceled", "message": "x" } },
        ],
    })
}

/// All paths to values in a document.
fn paths(value: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Json::Object(map) => map
            .iter()
            .for_each(|(name, value)| paths(value, &format!("{at}/{name}"), found)),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(number, value)| paths(value, &format!("{at}/{number}"), found)),
        _ => {}
    }
}

/// Each value in turn is put in the place of by something else, and each object gets a further word: both agree, every
/// time, whether that is still a workflow.
#[test]
fn the_schema_and_the_program_agree() {
    let world = World::bare();
    let schema = world.admin().run(&["workflow", "schema"]);
    let schema: Json = serde_json::from_str(&schema.stdout).unwrap();
    let (mut taken, mut refused) = (0, 0);
    let later =
        json!({ "name": "Later", "table": "account", "mode": "background", "auto-delete": true, "actions": [] });
    for whole in [everything(), later] {
        agree(&schema, &whole, &mut taken, &mut refused);
    }
    assert!(taken > 100 && refused > 500, "{taken} and {refused}");
}

fn agree(schema: &Json, whole: &Json, taken: &mut u32, refused: &mut u32) {
    assert!(fits(schema, schema, whole));
    WorkflowSpec::parse(&whole.to_string()).unwrap();
    let mut places = Vec::new();
    paths(whole, "", &mut places);
    for place in places {
        for other in [json!("other"), json!(7), json!({ "more": 1 }), json!([]), json!(true)] {
            let mut changed = whole.clone();
            // The reader of JSON takes a list for an object whose words may all be left out.
            if other.is_array() && changed.pointer(&place).unwrap().is_object() {
                continue;
            }
            *changed.pointer_mut(&place).unwrap() = other;
            check(schema, &changed, taken, refused);
        }
        let mut longer = whole.clone();
        if let Some(map) = longer.pointer_mut(&place).unwrap().as_object_mut() {
            map.insert("unheard".to_owned(), json!({ "of": 1 }));
            check(schema, &longer, taken, refused);
        }
    }
}

#[track_caller]
fn check(schema: &Json, value: &Json, taken: &mut u32, refused: &mut u32) {
    let (by_schema, by_program) = (fits(schema, schema, value), WorkflowSpec::parse(&value.to_string()));
    assert_eq!(by_schema, by_program.is_ok(), "{by_program:?} {value:#}");
    *(if by_schema { taken } else { refused }) += 1;
}
