//! The cures that `why` prints first, pasted: which role is given, which profile is made, and what is enabled.

use serde_json::Value;
use sluice_tests::{
    program::words,
    world::{World, guest, id, list, probe_step, refused, text},
};

use crate::why::cured;

/// A role that looks into everything, beside the one that every seller has.
fn helpdesk(world: &World) {
    let admin = world.admin();
    admin.json(&["role", "create", "Helpdesk"]);
    for privilege in [
        "prvActOnBehalfOfAnotherUser",
        "prvReadsl_messagetrace",
        "prvReadPluginTraceLog",
        "account,contact,lead,opportunity:r:org",
    ] {
        let grant = ["role", "grant", "Helpdesk", privilege];
        match privilege.contains(':') {
            true => admin.json(&grant),
            false => admin.json(&[&grant[..], &["org"]].concat()),
        };
    }
    admin.json(&["role", "grant", "Salesperson", "prvAssignLead", "user"]);
}

fn first(found: &Value) -> String {
    text(&found["cure"]["fixes"][0], "command")
}

/// To work on rows of one's own is less than to see everybody's, and nobody is let act for others by the way.
#[test]
fn a_new_colleague_is_given_what_every_seller_has() {
    let world = World::sample();
    helpdesk(&world);
    let admin = world.admin();
    admin.json(&["user", "create", "newbie", "--bu", "West"]);
    let lead = world.lead("seller.west");
    let found = cured(&world, "seller.west", &["row", "assign", "lead", &lead, "newbie"]);
    assert_eq!(first(&found), "sluice user role-add newbie Salesperson");
    assert!(!found.to_string().contains("Helpdesk"), "{found:#}");
    let told = admin.run(&["user", "privileges", "newbie"]).stdout;
    assert!(!told.contains("prvActOnBehalfOfAnotherUser"), "{told}");
}

/// Of a team the same; and a role that sees all rows comes behind one for own rows, whatever else they hold.
#[test]
fn a_team_is_given_a_role_for_rows_of_its_own() {
    let world = World::sample();
    helpdesk(&world);
    let admin = world.admin();
    admin.json(&["role", "revoke", "Helpdesk", "prvActOnBehalfOfAnotherUser"]);
    admin.json(&["role", "grant", "Helpdesk", "account,contact:w:org"]);
    admin.json(&["team", "create", "Squad", "--bu", "West"]);
    let squad = text(&world.rows("team", "name", "name eq 'Squad'")[0], "teamid");
    admin.json(&["role", "grant", "Salesperson", "prvReadTeam", "org"]);
    let lead = world.lead("seller.west");
    let found = cured(
        &world,
        "seller.west",
        &["row", "assign", "lead", &lead, &format!("team:{squad}")],
    );
    assert_eq!(first(&found), "sluice team role-add Squad Salesperson");
}

/// A role is never changed, and none given, so that somebody may act for everybody.
#[test]
fn acting_for_others_is_given_to_no_role() {
    let world = World::sample();
    let admin = world.admin();
    let west = text(
        &admin.json(&["row", "get", "systemuser", "seller.west"]),
        "systemuserid",
    );
    let create = ["row", "create", "account", "name=Q", "--on-behalf-of", &west];
    assert_eq!(world.user("seller.east").run(&create).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
    assert_eq!(
        found["culprits"][0]["error"]["privilege"],
        "prvActOnBehalfOfAnotherUser"
    );
    assert_eq!(found["culprits"][0]["fixes"], serde_json::json!([]), "{found:#}");
}

/// Who is stopped by a business unit is told which, and enabled with it.
#[test]
fn a_disabled_business_unit_is_named_and_enabled() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["bu", "create", "Harbour", "--parent", "West"]);
    admin.json(&["user", "create", "hanna", "--bu", "Harbour", "--role", "Salesperson"]);
    admin.json(&["bu", "disable", "Harbour", "--yes"]);
    admin.json(&["bu", "disable", "West", "--yes"]);
    let create = ["row", "create", "lead", "lastname=Q", "subject=s"];
    let found = cured(&world, "hanna", &create);
    let fixes = found["cure"]["fixes"].as_array().unwrap();
    let commands: Vec<String> = fixes.iter().map(|fix| text(fix, "command")).collect();
    assert_eq!(commands, ["sluice bu enable West", "sluice bu enable Harbour"]);
    assert_eq!(found["cure"]["reach"], "3 users", "those of the one above as well");

    // A unit and the user in it.
    admin.json(&["bu", "disable", "Harbour", "--yes"]);
    admin.json(&["user", "disable", "hanna", "--yes"]);
    let told = world.user("hanna").run(&create);
    assert_eq!(told.code, 1, "{told:?}");
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let told = admin.run(&["why", &correlation]).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("hanna is disabled, and the business unit Harbour is"),
        "{told}"
    );
    cured(&world, "hanna", &create);
}

/// A user who is disabled is enabled by the command that there is for it.
#[test]
fn a_disabled_user_is_enabled() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["user", "disable", "seller.west", "--yes"]);
    let found = cured(
        &world,
        "seller.west",
        &["row", "create", "lead", "lastname=Q", "subject=s"],
    );
    assert_eq!(first(&found), "sluice user enable seller.west");
}

/// What is lacking on one column, of a step and of the platform, takes one profile.
#[test]
fn two_rights_on_a_column_take_one_profile() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "grant", "Salesperson", "account:w:user"]);
    let account = id(&world.user("seller.west").json(&["row", "create", "account", "name=Q"]));
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    admin.json(&["row", "update", "account", &account, "creditlimit=5"]);
    admin.json(&["plugin", "push", &guest("probe")]);
    let needs = ["--stage", "pre-operation", "--config", "need creditlimit"];
    admin.json(&probe_step("Update", "account", &needs));
    let found = cured(
        &world,
        "seller.west",
        &["row", "update", "account", &account, "telephone1=7", "creditlimit=7"],
    );
    assert_eq!(found["culprits"].as_array().unwrap().len(), 2, "{found:#}");
    let profiles = world.rows("fieldsecurityprofile", "name", "startswith(name,'seller.west')");
    assert_eq!(profiles.len(), 1, "{found:#}");
}

/// Rows of the configuration are others': what is granted to look one up finds it.
#[test]
fn what_is_looked_up_by_name_is_found_behind_the_cure() {
    let world = World::sample();
    let admin = world.admin();
    for (command, privilege) in [
        (&["user", "role-add", "seller.west", "Integration"][..], "prvReadRole"),
        (&["team", "member-add", "Squad", "seller.east"], "prvReadTeam"),
        (&["role", "create", "X"], "prvReadBusinessUnit"),
    ] {
        if privilege == "prvReadTeam" {
            admin.json(&["team", "create", "Squad"]);
        }
        for role in ["Sales Manager", "Salesperson"] {
            admin.run(&["role", "revoke", role, privilege]);
        }
        let refused = world.user("manager").run(command);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.says(&format!("manager lacks {privilege}")), "{refused:?}");
        let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
        let found = admin.json(&["why", &text(&requests[0], "sl_correlationid")]);
        let cure = first(&found);
        assert!(cure.ends_with(&format!("{privilege} org")), "{cure}");
        admin.json(&words(&cure)[1..].iter().map(String::as_str).collect::<Vec<_>>());
        // What stands behind it is another refusal, or none; it is found.
        let again = world.user("manager").run(command);
        assert!(
            !again.says("0x80040217") && !again.says("you may not read"),
            "{again:?}"
        );
        let own = world.user("manager").json(&["why"]);
        assert!(own["request"]["message"].is_string(), "{own:#}");
    }
}

/// Who may not look into a request is told what they lack, and so is who hands it on.
#[test]
fn who_may_not_look_into_a_request_is_told_what_is_missing() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "starter", "add", "Support User"]);
    admin.json(&["user", "create", "sup", "--role", "Support User"]);
    admin.json(&["role", "revoke", "Support User", "prvReadOpportunity"]);
    admin.json(&["role", "revoke", "Salesperson", "prvCreateOpportunity"]);
    let create = ["row", "create", "opportunity", "name=zz"];
    assert_eq!(world.user("seller.west").run(&create).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let sup = world.user("sup");
    let why = ["why", &correlation];
    let told = refused(
        &sup,
        1,
        &why,
        &["is not yours to see", "prvReadOpportunity at depth Organization"],
    );
    assert_eq!(told["privilege"], "prvReadOpportunity", "{told:#}");
    admin.json(&["role", "grant", "Support User", "prvReadOpportunity", "org"]);
    sup.json(&why);

    // A secured column of any table: what was sent could tell of it.
    admin.json(&["column", "update", "account", "creditlimit", "--secured", "yes"]);
    let told = refused(
        &sup,
        1,
        &why,
        &["no column security profile of yours", "account.creditlimit"],
    );
    assert_eq!(told["code"], "0x8004F504");
    let bundle = sup.run(&["support", "bundle", "b.json", "--correlation", &correlation]);
    assert_eq!(bundle.code, 0, "{bundle:?}");
    let said = bundle.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("not in it") && said.contains("account.creditlimit"),
        "{said}"
    );
    // It leaves no refusal of its own that `why` would speak of.
    assert!(
        sup.run(&["why"]).says("none of your requests"),
        "nothing of its own is on record"
    );
    admin.json(&["profile", "create", "Looking"]);
    admin.json(&["profile", "grant", "Looking", "account", "creditlimit", "read"]);
    admin.json(&["profile", "member-add", "Looking", "sup"]);
    sup.json(&why);
}

/// What was refused of a message about roles is looked into by who may read the role, and by nobody else.
#[test]
fn a_refused_grant_of_somebody_else_is_looked_into() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "starter", "add", "Support User"]);
    for user in ["sup", "other"] {
        admin.json(&["user", "create", user, "--role", "Support User"]);
    }
    let grant = ["role", "grant", "Salesperson", "prvReadCampaign", "org"];
    assert_eq!(world.user("sup").run(&grant).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let correlation = text(&requests[0], "sl_correlationid");
    let why = ["why", &correlation];
    for reader in [&admin, &world.user("other")] {
        let found = reader.json(&why);
        assert_eq!(found["request"]["message"], "AddPrivilegesRole");
        assert_eq!(found["culprits"][0]["error"]["privilege"], "prvWriteRole", "{found:#}");
    }
    admin.json(&["role", "revoke", "Support User", "prvReadRole"]);
    let told = refused(
        &world.user("other"),
        1,
        &why,
        &["is not yours to see", "prvReadRole at depth"],
    );
    assert_eq!(told["privilege"], "prvReadRole", "{told:#}");
}

/// Who acts for somebody lacks one privilege: to grant it is contained in giving a role and granting it.
#[test]
fn a_cure_that_another_one_contains_comes_alone() {
    let world = World::sample();
    let admin = world.admin();
    for privilege in ["prvActOnBehalfOfAnotherUser", "prvReadUser"] {
        admin.json(&["role", "grant", "Sales Manager", privilege, "org"]);
    }
    admin.json(&["role", "grant", "Salesperson", "prvCreateCampaign", "user"]);
    let create = ["row", "create", "campaign", "name=s", "--on-behalf-of", "seller.west"];
    let found = cured(&world, "manager", &create);
    assert_eq!(first(&found), "sluice role grant 'Sales Manager' prvCreateCampaign bu");
    assert_eq!(found["cure"]["fixes"].as_array().unwrap().len(), 1, "{found:#}");
}
