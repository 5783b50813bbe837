//! The least that cures, where the same privilege is asked twice, a role comes through a team, a step's value is
//! refused, or a command sends several messages.

use serde_json::Value;
use sluice_tests::world::{World, text};

use super::why::cured;

fn commands(fixes: &Value) -> Vec<String> {
    let fixes = fixes.as_array().cloned().unwrap_or_default();
    fixes.iter().map(|fix| text(fix, "command")).collect()
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
