//! Sets the commission rate of a new account from the rule of its state or province.
//!
//! The plug-in of the showcase: it reads a table of the administrators, as the user who
//! creates the account. Who may create accounts but not read `sl_commissionrule` gets
//! `0x80040220`, and an account is created by qualifying a lead, too.

use sluice_sdk::prelude::*;

/// Sets the commission rate of a new account from the rule of its state or province.
///
/// Looks the rule up whenever the account has a state or province, also where the caller has
/// set a rate: the rule wins. Without a rule, the account stays as it is.
#[plugin(step(
    message = "Create",
    table = "account",
    stage = "pre-operation",
    rank = 10,
    description = "Commission rate from the rule of the state or province",
))]
pub fn commission(cx: &Context) -> Result<()> {
    let state = cx.target_text("address1_stateorprovince").unwrap_or_default();
    let state = state.trim();
    if state.is_empty() {
        return Ok(());
    }
    let query = Query::new("sl_commissionrule")
        .columns(["sl_rate"])
        .filter(Filter::eq("sl_name", state))
        .top(1);
    let rules = cx.service().retrieve_multiple(query)?;
    match rules.first().and_then(|rule| rule.decimal("sl_rate")) {
        Some(rate) => {
            trace!(cx, "{state}: {rate}");
            cx.set_target("sl_commissionrate", rate);
        }
        None => trace!(cx, "{state}: no rule"),
    }
    Ok(())
}

sluice_sdk::export!(commission);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, Right, TestHost};

    fn host() -> TestHost {
        TestHost::new()
            .plugins(PLUGINS)
            .organization_table("sl_commissionrule")
            .row(rule("California", Decimal::new(75, 1)))
            .row(rule("Coahuila d'Aragó", Decimal::from(3)))
            .row(Row::new("sl_commissionrule").with("sl_name", "Nevada"))
            .user("seller", |user| {
                user.grant("account", Right::Create, Depth::User).grant(
                    "sl_commissionrule",
                    Right::Read,
                    Depth::Organization,
                )
            })
    }

    fn rule(state: &str, rate: Decimal) -> Row {
        Row::new("sl_commissionrule")
            .with("sl_name", state)
            .with("sl_rate", rate)
    }

    fn rate_in(state: impl Into<Value>) -> Option<Decimal> {
        let account = Row::new("account").with("address1_stateorprovince", state);
        host()
            .as_user("seller")
            .create(account)
            .unwrap()
            .decimal("sl_commissionrate")
    }

    #[test]
    fn the_rule_of_the_state_sets_the_rate() {
        assert_eq!(rate_in("California"), Some(Decimal::new(75, 1)));
        assert_eq!(rate_in(" california "), Some(Decimal::new(75, 1)));
        assert_eq!(rate_in("Coahuila d'Aragó"), Some(Decimal::from(3)));
    }

    #[test]
    fn without_a_rule_or_a_rate_nothing_is_set() {
        assert_eq!(rate_in("Oregon"), None);
        assert_eq!(rate_in("Nevada"), None);
    }

    #[test]
    fn a_blank_state_reads_nothing() {
        let host = host();
        host.revoke("seller", "sl_commissionrule", Right::Read);
        for account in [
            Row::new("account"),
            Row::new("account").with("address1_stateorprovince", Value::Empty),
            Row::new("account").with("address1_stateorprovince", "  "),
        ] {
            host.as_user("seller").create(account).unwrap();
        }
        assert!(host.calls().is_empty());
    }

    #[test]
    fn the_rule_wins_over_the_caller() {
        let account = Row::new("account")
            .with("address1_stateorprovince", "California")
            .with("sl_commissionrate", 99);
        let account = host().as_user("seller").create(account).unwrap();
        assert_eq!(account.decimal("sl_commissionrate"), Some(Decimal::new(75, 1)));
    }

    #[test]
    fn a_seller_who_may_not_read_rules_is_told_so() {
        let host = host();
        host.revoke("seller", "sl_commissionrule", Right::Read);
        let account = Row::new("account").with("address1_stateorprovince", "Oregon");
        let failure = host.as_user("seller").create(account).unwrap_err();
        assert_eq!(failure.code(), "0x80040220");
        assert_eq!(failure.privilege(), Some("prvReadsl_commissionrule"));
        assert_eq!(failure.call(), Some("RetrieveMultiple sl_commissionrule"));
        assert_eq!(failure.plugin(), Some("commission"));
        assert!(host.rows("account").is_empty());
    }
}
