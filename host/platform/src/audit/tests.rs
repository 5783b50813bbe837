//! The form of changes in the trail.

use super::*;

#[test]
fn changes_are_written_as_json() {
    let mut changes = Changes::new();
    assert!(changes.is_empty());
    let id = sluice_model::Uuid::nil();
    changes
        .add("name", &Value::Null, &Value::from("Ünal \"&\" \\ Sons\n"))
        .unwrap();
    changes
        .add("ownerid", &Reference::new("team", id).into(), &Value::Bool(true))
        .unwrap();
    changes
        .add("notes", &Value::Int(7), &"x".repeat(LONGEST + 1).into())
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(&changes.end()).unwrap();
    let expected = serde_json::json!({ "changedAttributes": [
        { "logicalName": "name", "oldValue": null, "newValue": "Ünal \"&\" \\ Sons\n" },
        { "logicalName": "ownerid", "oldValue": format!("team,{id}"), "newValue": true },
        { "logicalName": "notes", "oldValue": 7, "newValue": "(10001 characters)" },
    ]});
    assert_eq!(json, expected);
}
