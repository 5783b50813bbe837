//! The lesson, line by line: the broken state, the error, and each cure by itself.

use sluice_sdk::prelude::*;
use sluice_sdk_testing::{Depth, Right, TestHost};

/// A salesperson who may do everything with accounts, and a rule that only administrators see.
fn broken() -> TestHost {
    TestHost::new()
        .organization_table("sl_commissionrule")
        .row(
            Row::new("sl_commissionrule")
                .with("sl_name", "California")
                .with("sl_rate", Decimal::new(75, 1)),
        )
        .plugins(commission::PLUGINS)
        .user("seller", |user| user.grant_all("account", Depth::User))
        .user("clerk", |user| {
            user.grant("sl_commissionrule", Right::Read, Depth::Organization)
        })
}

fn account() -> Row {
    Row::new("account")
        .with("name", "Adventure Works")
        .with("address1_stateorprovince", "California")
}

#[test]
fn the_error_names_privilege_call_plug_in_and_person() {
    let host = broken();
    let failure = host.as_user("seller").create(account()).unwrap_err();
    assert_eq!(failure.code(), "0x80040220");
    assert_eq!(failure.privilege(), Some("prvReadsl_commissionrule"));
    assert_eq!(failure.table(), Some("sl_commissionrule"));
    assert_eq!(failure.depth(), Some(Depth::Organization));
    assert_eq!(failure.call(), Some("RetrieveMultiple sl_commissionrule"));
    assert_eq!(failure.plugin(), Some("commission"));
    assert_eq!(failure.principal(), Some("seller"));
    assert!(host.rows("account").is_empty());
}

#[test]
fn an_account_without_a_state_hides_it() {
    let host = broken();
    host.as_user("seller")
        .create(Row::new("account").with("name", "Adventure Works"))
        .unwrap();
}

#[test]
fn granting_the_privilege_cures_it() {
    let host = broken();
    host.grant("seller", "sl_commissionrule", Right::Read, Depth::Organization);
    let account = host.as_user("seller").create(account()).unwrap();
    assert_eq!(account.decimal("sl_commissionrate"), Some(Decimal::new(75, 1)));
}

#[test]
fn deactivating_the_step_cures_it_without_a_rate() {
    let host = broken();
    host.disable("commission");
    let account = host.as_user("seller").create(account()).unwrap();
    assert_eq!(account.decimal("sl_commissionrate"), None);
}

#[test]
fn running_the_step_as_somebody_else_cures_it_too() {
    let host = broken().run_as("commission", "clerk");
    let account = host.as_user("seller").create(account()).unwrap();
    assert_eq!(account.decimal("sl_commissionrate"), Some(Decimal::new(75, 1)));
    assert_eq!(account.lookup("ownerid"), Some(&host.reference("seller")));
}
