//! Makes an account a preferred customer when its revenue rises above a million.

use sluice_sdk::prelude::*;

/// Above so much revenue an account is a preferred customer.
const LIMIT: i64 = 1_000_000;

/// `accountcategorycode`: Preferred Customer.
const PREFERRED: i32 = 1;

/// Makes an account a preferred customer when its revenue rises above 1,000,000.
///
/// Only the rise counts: whom somebody has made an ordinary customer again stays one, however
/// often the revenue above the limit is written.
#[plugin(step(
    message = "Update",
    table = "account",
    stage = "pre-operation",
    columns = ["revenue"],
    image(pre, alias = "before", columns = ["revenue"]),
    description = "Preferred customer from 1,000,000 on",
))]
pub fn vip_flag(cx: &Context) -> Result<()> {
    let limit = Decimal::from(LIMIT);
    let before = cx
        .pre_image_value("before", "revenue")
        .and_then(|revenue| revenue.as_decimal());
    let is_above = |revenue: Option<Decimal>| revenue.is_some_and(|revenue| revenue > limit);
    if !is_above(before) && is_above(cx.target_decimal("revenue")) {
        trace!(cx, "revenue rises above {limit}");
        cx.set_target("accountcategorycode", Value::Choice(PREFERRED));
    }
    Ok(())
}

sluice_sdk::export!(vip_flag);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, TestHost};

    /// The category after the revenue went from one amount to the other.
    fn category(before: Option<Decimal>, after: Option<Decimal>) -> Option<i32> {
        let row = Row::new("account")
            .with_id("1")
            .with("revenue", before.map(Value::Money));
        let host = TestHost::new()
            .plugins(PLUGINS)
            .user("seller", |user| user.grant_all("account", Depth::User))
            .row_of("seller", row);
        let row = Row::new("account")
            .with_id("1")
            .with("revenue", after.map(Value::Money));
        host.as_user("seller")
            .update(row)
            .unwrap()
            .integer("accountcategorycode")
    }

    fn amount(whole: i64) -> Option<Decimal> {
        Some(Decimal::from(whole))
    }

    #[test]
    fn rising_above_the_limit_makes_a_preferred_customer() {
        assert_eq!(category(amount(5), amount(1_000_001)), Some(1));
        assert_eq!(category(amount(1_000_000), Some(Decimal::new(100_000_001, 2))), Some(1));
        assert_eq!(category(None, amount(2_000_000)), Some(1));
    }

    #[test]
    fn everything_else_leaves_it() {
        assert_eq!(category(amount(5), amount(1_000_000)), None, "at the limit");
        assert_eq!(category(amount(1_000_001), amount(9_000_000)), None, "above before");
        assert_eq!(category(amount(2_000_000), amount(1)), None, "falling");
        assert_eq!(category(amount(5), None), None, "emptied");
        assert_eq!(category(None, amount(-2_000_000)), None, "negative");
    }

    #[test]
    fn other_columns_do_not_wake_it() {
        let host = TestHost::new()
            .plugins(PLUGINS)
            .user("seller", |user| user.grant_all("account", Depth::User))
            .row_of("seller", Row::new("account").with_id("1").with("revenue", 5));
        let row = host
            .as_user("seller")
            .update(Row::new("account").with_id("1").with("name", "x"))
            .unwrap();
        assert_eq!(row.integer("accountcategorycode"), None);
        assert!(host.traces().is_empty());
    }
}
