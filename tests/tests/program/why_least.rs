//! The least that cures, where the same privilege is asked twice, a role comes through a team, a step's value is
//! refused, or a command sends several messages.

use serde_json::Value;
use sluice_tests::world::{World, list, text};

use super::why::{cured, printed};

fn commands(fixes: &Value) -> Vec<String> {
    let fixes = fixes.as_array().cloned().unwrap_or_default();
    fixes.iter().map(|fix| text(fix, "command")).collect()
}

/// The commands of every cure of every culprit.
fn all_commands(found: &Value) -> Vec<Vec<String>> {
    let culprits = found["culprits"].as_array().cloned().unwrap_or_default();
    let cures = culprits
        .iter()
        .flat_map(|culprit| culprit["cures"].as_array().cloned().unwrap_or_default());
    cures.map(|cure| commands(&cure["fixes"])).collect()
}

/// The privilege is missing at every depth, Write on the row is asked next, and then the same privilege on the row:
/// the second refusal is one of its own, and a share cures it.
#[test]
fn a_privilege_that_is_refused_again_on_the_row_is_shared() {
    let world = World::sample();
    let lead = world.lead("seller.east");
    let found = cured(&world, "seller.west", &["row", "assign", "lead", &lead, "manager"]);
    let mut expected = vec!["sluice role grant Salesperson prvAssignLead user".to_owned()];
    expected.extend(["write", "assign"].map(|right| format!("sluice row share lead {lead} seller.west {right}")));
    assert_eq!(commands(&found["cure"]["fixes"]), expected, "{found:#}");
}

/// The same where another privilege that is missing stands between the two.
#[test]
fn what_stands_between_two_refusals_of_one_privilege_hides_no_right() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "grant", "Salesperson", "prvReadsl_commissionrule", "org"]);
    admin.json(&["role", "revoke", "Salesperson", "prvReadLead", "prvReadAccount"]);
    let lead = world.lead("seller.east");
    let found = cured(&world, "seller.west", &["lead", "qualify", &lead]);
    let grant = |privilege| format!("sluice role grant Salesperson {privilege} user");
    let share = |right| format!("sluice row share lead {lead} seller.west {right}");
    let mut expected = ["prvReadLead", "prvReadAccount"].map(grant).to_vec();
    expected.extend(["read", "write", "append", "appendto"].map(share));
    assert_eq!(commands(&found["cure"]["fixes"]), expected, "{found:#}");
}

/// A team of a disabled business unit gives its members nothing: its role is given to the member, or the unit enabled.
#[test]
fn a_role_of_a_team_at_rest_is_given_again() {
    let world = World::sample();
    let admin = world.admin();
    let lead = world.lead("seller.west");
    admin.json(&["bu", "create", "North"]);
    admin.json(&["team", "create", "T", "--bu", "North", "--role", "Salesperson"]);
    admin.json(&["team", "member-add", "T", "seller.west"]);
    admin.json(&["user", "role-remove", "seller.west", "Salesperson"]);
    admin.json(&["bu", "disable", "North", "--yes"]);
    let update = ["row", "update", "lead", &lead, "subject=x"];
    let found = cured(&world, "seller.west", &update);
    let given = "sluice user role-add seller.west Salesperson";
    assert_eq!(commands(&found["cure"]["fixes"]), [given], "{found:#}");

    // The other way is offered, and does.
    let enabled = ["sluice bu enable North".to_owned()];
    assert!(all_commands(&found).iter().any(|cure| *cure == enabled), "{found:#}");
    let cures = &found["culprits"][0]["cures"];
    let last = cures.as_array().unwrap().last().unwrap();
    assert_eq!(
        (commands(&last["fixes"]).as_slice(), &last["reach"]),
        (&enabled[..], &"1 user".into())
    );
    admin.json(&["user", "role-remove", "seller.west", "Salesperson"]);
    assert_eq!(world.user("seller.west").run(&update).code, 1);
    admin.json(&["bu", "enable", "North"]);
    assert_eq!(world.user("seller.west").run(&update).code, 0);
}

/// A role that counts for a team's rows alone is not held for one's own: it is given itself.
#[test]
fn a_role_for_the_teams_rows_alone_is_given_itself() {
    let world = World::sample();
    let admin = world.admin();
    let lead = world.lead("seller.west");
    admin.json(&["role", "grant", "Salesperson", "prvReadsl_commissionrule", "org"]);
    admin.json(&["user", "role-remove", "seller.west", "Salesperson"]);
    admin.json(&["team", "create", "Sellers", "--bu", "West", "--role", "Salesperson"]);
    admin.json(&["team", "member-add", "Sellers", "seller.west"]);
    admin.json(&["row", "update", "role", "Salesperson", "isinherited=0"]);
    let found = cured(&world, "seller.west", &["lead", "qualify", &lead]);
    let given = "sluice user role-add seller.west Salesperson";
    assert_eq!(commands(&found["cure"]["fixes"]), [given], "{found:#}");
    assert_eq!(found["cure"]["reach"], "1 user");
}

/// What a step wrote is refused to the caller, whoever the step runs as: that it runs as another user is no cure.
#[test]
fn a_step_whose_value_is_refused_is_not_run_as_another_user() {
    let world = World::sample();
    let admin = world.admin();
    for privilege in [
        "prvReadsl_commissionrule:org",
        "prvAssignAccount:user",
        "prvCreateAccount:org",
        "prvAppendAccount:org",
    ] {
        admin.json(&["role", "grant", "Salesperson", privilege]);
    }
    admin.json(&["plugin", "push", "scripted", "--shipped"]);
    let east = text(
        &admin.json(&["row", "get", "systemuser", "seller.east"]),
        "systemuserid",
    );
    let config = format!("set ownerid=systemuser:{east}");
    admin.json(&[
        "step",
        "register",
        "--plugin",
        "scripted/scripted",
        "--message",
        "Create",
        "--table",
        "account",
        "--stage",
        "pre-operation",
        "--config",
        &config,
    ]);
    let lead = world.lead("seller.west");
    let found = cured(&world, "seller.west", &["lead", "qualify", &lead]);
    let runs_as = |command: &String| command.contains("--run-as");
    assert!(!all_commands(&found).iter().flatten().any(runs_as), "{found:#}");
}

/// The processes of a row are read before one of them is moved: what cures that alone is told so.
#[test]
fn what_is_read_before_a_process_is_moved_is_told_apart() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["role", "grant", "Salesperson", "prvReadsl_commissionrule", "org"]);
    let moves = "prvWriteleadtoopportunitysalesprocess";
    admin.json(&["role", "revoke", "Salesperson", moves]);
    let lead = world.lead("seller.west");
    admin.json(&["lead", "qualify", &lead]);
    let opportunity = text(&list(&admin.json(&["opportunity", "list"]))[0], "opportunityid");
    admin.json(&["row", "assign", "opportunity", &opportunity, "manager"]);
    let refused = world
        .user("seller.west")
        .run(&["flow", "next", &opportunity, "--table", "opportunity"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let command = printed(&format!("{}{}", refused.stdout, refused.stderr));
    let command: Vec<&str> = command[1..].iter().map(String::as_str).collect();
    let told = admin.run(&command).stdout;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("look up the processes of the opportunity"), "{told}");
    assert!(told.contains("was not sent, and may take more"), "{told}");
    assert!(!told.contains("RetrieveProcessInstances"), "{told}");
}
