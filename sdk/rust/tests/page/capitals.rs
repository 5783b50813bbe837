//! Contacts as the house writes them.

use sluice_sdk::prelude::*;

/// Writes last names in capitals.
#[plugin(step(message = "Create", table = "contact", stage = "pre-operation", rank = 20))]
fn capitals(cx: &Context) -> Result<()> {
    if let Some(name) = cx.target_text("lastname") {
        cx.set_target("lastname", name.to_uppercase());
    }
    Ok(())
}

sluice_sdk::export!(capitals);
