//! What somebody may not read is told as that, and not as if there were none of it.

use serde_json::Value;
use sluice_tests::world::World;

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const UNREAD: &str = "what you may not read";

/// Who has roles and a team shows as that to whoever may read neither.
#[test]
fn roles_teams_and_members_that_may_not_be_read_are_no_empty_list() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "create", "Reader"]);
    admin.json(&["role", "grant", "Reader", "systemuser,team,businessunit:r:org"]);
    admin.json(&["user", "create", "rr", "--role", "Reader"]);
    admin.json(&["role", "create", "Roles"]);
    admin.json(&["role", "grant", "Roles", "role,systemuser:r:org"]);
    admin.json(&["user", "create", "ro", "--role", "Roles"]);
    let reader = world.user("rr");

    let told = flat(&reader.run(&["user", "show", "seller.west"]).stdout);
    assert!(
        told.contains(&format!("roles {UNREAD}")) && told.contains("teams West"),
        "{told}"
    );
    let user = reader.json(&["user", "show", "seller.west"]);
    assert_eq!(user["roles"], Value::Null, "{user:#}");
    assert_eq!(user["teams"][0]["name"], "West");

    let told = flat(&reader.run(&["team", "show", "West"]).stdout);
    assert!(
        told.contains(&format!("roles {UNREAD}")) && told.contains("seller.west"),
        "{told}"
    );

    // Roles that come through teams are not known to be none, either.
    admin.json(&["user", "create", "plain", "--bu", "West"]);
    let told = flat(&world.user("ro").run(&["user", "show", "plain"]).stdout);
    assert!(
        told.contains(&format!("roles {UNREAD}")) && told.contains(&format!("teams {UNREAD}")),
        "{told}"
    );
    let told = flat(&world.user("ro").run(&["user", "show", "seller.west"]).stdout);
    assert!(told.contains(&format!("roles Salesperson and {UNREAD}")), "{told}");
    let user = world.user("ro").json(&["user", "show", "seller.west"]);
    assert_eq!(user["roles"][0]["name"], "Salesperson");
    assert_eq!(user["teams"], Value::Null);
    assert_eq!(user["unread"], serde_json::json!(["roles", "teams"]));

    let told = flat(&reader.run(&["user", "diff", "seller.west", "seller.east"]).stdout);
    assert!(told.contains(&format!("role: {UNREAD}")), "{told}");
    assert!(!told.contains("no role differs") && told.contains("East"), "{told}");
    let diff = reader.json(&["user", "diff", "seller.west", "seller.east"]);
    assert_eq!(diff["roles"], Value::Null, "{diff:#}");

    let told = flat(&world.user("ro").run(&["role", "users", "Salesperson"]).stdout);
    assert!(told.contains("seller.west") && told.contains(UNREAD), "{told}");

    // Who may read them is told that there are none.
    let told = flat(&admin.run(&["user", "show", "plain"]).stdout);
    assert!(told.contains("roles none"), "{told}");
    assert_eq!(admin.json(&["user", "show", "plain"])["roles"], serde_json::json!([]));
}
