//! What workflows call.

use sluice_sdk::prelude::*;

/// Reckons the rate of an account.
#[plugin(
    needs("prvReadAccount"),
    input(
        name = "Amount",
        kind = "decimal",
        required,
        description = "What is to be reckoned with"
    ),
    output(name = "Rate", kind = "decimal")
)]
fn rate(cx: &Context) -> Result<()> {
    let amount = cx
        .input("Amount")
        .and_then(|amount| amount.as_decimal())
        .unwrap_or_default();
    cx.set_output("Rate", amount / Decimal::from(100));
    Ok(())
}

sluice_sdk::export!(rate);
