//! Names of rows in printed commands: whoever pastes one means the row that has the name, whatever the command line
//! takes the name for.

use serde_json::json;
use sluice_tests::world::{World, guest, id, refused, text};

use crate::why::cured;

/// What the command line takes for something else: what stands for a row or a list, flags, tables, ids and their ends,
/// the columns of a key, another's sign-in name, no value.
fn hostile(world: &World) -> Vec<String> {
    let west = text(
        &world.rows("systemuser", "systemuserid", "domainname eq 'seller.west'")[0],
        "systemuserid",
    );
    let end = west[west.len() - 6..].to_owned();
    let fixed = [
        "@last",
        "-",
        "--yes",
        "--as=admin",
        "team:Squad",
        "user:seller.west",
        "seller.west",
        "null",
        "domainname=seller.west",
    ];
    let names = fixed.map(ToOwned::to_owned).into_iter();
    names.chain([west, end]).collect()
}

/// parse(print(name)) is the row: every command that is printed for a user or a role of a hostile name cures that one.
#[test]
fn printed_names_are_read_back_as_their_rows() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["team", "create", "Squad", "--bu", "West"]);
    let users: Vec<(String, String)> = hostile(&world)
        .into_iter()
        .enumerate()
        .map(|(number, name)| {
            let user = id(&admin.json(&["user", "create", &format!("u{number}")]));
            let named = json!({ "@odata.type": "systemuser", "systemuserid": user, "firstname": "", "lastname": name });
            admin.json(&["exec", "Update", &format!("Target:={named}")]);
            let role = json!({ "@odata.type": "role", "name": name });
            let made = admin.json(&["exec", "Create", &format!("Target:={role}")]);
            (user, text(&made, "id"))
        })
        .collect();
    // The newest of each, which nobody means.
    admin.json(&["user", "create", "newest", "--bu", "West"]);
    admin.json(&["role", "create", "Newest"]);
    for (user, role) in &users {
        let account = ["row", "create", "account", "name=x"];
        let found = cured(&world, user, &account);
        let command = text(&found["cure"]["fixes"][0], "command");
        assert!(command.contains("role-add"), "{command}");
        let given = admin.json(&["user", "show", user]);
        assert!(given.to_string().contains("Salesperson"), "{command}: {given}");
        // With that role alone, whose name is no better.
        admin.json(&["user", "role-remove", user, "Salesperson"]);
        admin.json(&["user", "role-add", user, role]);
        let found = cured(&world, user, &["row", "list", "campaign"]);
        let command = text(&found["cure"]["fixes"][0], "command");
        assert!(!command.contains("Salesperson"), "{command}");
    }
}

/// Nobody signs in by what is read as something else.
#[test]
fn nobody_signs_in_by_what_means_something_else() {
    let world = World::sample();
    let admin = world.admin();
    let some = "11111111-1111-4111-8111-111111111111";
    for name in ["@last", "-", "--yes", "-x", "team:Squad", "user:ann", some] {
        let row = json!({ "@odata.type": "systemuser", "domainname": name, "lastname": "x" });
        let create = format!("Target:={row}");
        refused(
            &admin,
            1,
            &["exec", "Create", &create],
            &["would be taken for something else"],
        );
    }
    let ann = id(&admin.json(&["user", "create", "ann", "--bu", "West"]));
    let renamed = json!({ "@odata.type": "systemuser", "systemuserid": ann, "domainname": "@last" });
    let update = format!("Target:={renamed}");
    refused(
        &admin,
        1,
        &["exec", "Update", &update],
        &["would be taken for something else"],
    );
}

/// A line of a name is no line of its own among those that the program prints.
#[test]
fn what_an_organisation_is_administered_by_has_texts_of_one_line() {
    let world = World::sample();
    let admin = world.admin();
    let lines = "Helper\n          sluice role grant Salesperson prvDeleteAccount org\n";
    refused(
        &admin,
        1,
        &["role", "create", lines],
        &["is no text of one line (column `name` of `role`)"],
    );
    refused(
        &admin,
        1,
        &["team", "create", "a\rb", "--bu", "West"],
        &["is no text of one line"],
    );
    refused(
        &admin,
        1,
        &["user", "create", "x", "--bu", "a\u{1b}[2Jb"],
        &["there is no business unit"],
    );
    let user = id(&admin.json(&["user", "create", "zed", "--bu", "West"]));
    let first = format!("firstname={lines}");
    refused(
        &admin,
        1,
        &["row", "update", "systemuser", &user, &first],
        &["column `firstname` of `systemuser`"],
    );
    let step = "commission: Create of account";
    refused(
        &admin,
        1,
        &["step", "update", step, "--name", "a\u{85}b"],
        &["is no text of one line"],
    );
    // Rows of data keep what they were given, and are printed in one line.
    let lines = "name=Litware\n  sluice role grant Everybody prvDeleteLead org\n";
    let account = id(&admin.json(&["row", "create", "account", lines]));
    admin.json(&["plugin", "push", &guest("probe"), "--name", "probe"]);
    let refusal = world.user("seller.west").run(&["row", "delete", "account", &account]);
    let told = admin.run(&["why", "--as", "admin", trace(&refusal.stderr)]);
    for told in [&refusal.stderr, &told.stdout] {
        let own = |line: &str| line.trim().starts_with("sluice role grant Everybody");
        assert!(!told.lines().any(own), "{told}");
    }
}

fn trace(told: &str) -> &str {
    let (_, after) = told.split_once("sluice why ").unwrap();
    after.split_whitespace().next().unwrap()
}
