//! What steps see of their message.

use sluice_sdk::prelude::*;

/// Says by how much the revenue of an account changed, and tells later steps.
#[plugin(step(
    message = "Update", table = "account", stage = "post-operation", columns = ["revenue"],
    image(pre, alias = "before", columns = ["revenue"]),
    image(post, alias = "after", columns = ["revenue"]),
))]
fn growth(cx: &Context) -> Result<()> {
    // An image that the step has not is told from a column that was empty.
    assert!(cx.has_pre_image("before"));
    let before = cx
        .pre_image("before")
        .and_then(|row| row.decimal("revenue"))
        .unwrap_or_default();
    let after = cx
        .post_image_value("after", "revenue")
        .and_then(|value| value.as_decimal())
        .unwrap_or_default();
    cx.set_shared("growth", after - before);
    Ok(())
}

/// Makes no account of a lead where a step before it said so.
#[plugin(step(message = "QualifyLead", table = "lead", stage = "pre-operation"))]
fn contacts_only(cx: &Context) -> Result<()> {
    // A message's parameters: what it takes, and after the main operation what it gives back.
    let status = cx.input("Status").and_then(|status| status.as_integer());
    trace!(cx, "qualifies with status {status:?}, stage {}", cx.stage().number());
    // Variables go to later steps of the message; those of pre-validation are the parent's.
    let shared = cx.shared("no-account").or_else(|| cx.parent()?.shared("no-account"));
    if shared.is_some_and(|value| value.as_boolean() == Some(true)) {
        cx.set_input("CreateAccount", false);
    }
    Ok(())
}

/// Asks for any other message, and reads what it answers.
#[plugin(step(message = "Create", table = "opportunity", stage = "post-operation"))]
fn who(cx: &Context) -> Result<()> {
    let answer = cx.service().execute(Request::new("WhoAmI"))?;
    for (name, parameter) in answer.iter() {
        trace!(cx, "{name} = {}", parameter.as_text().unwrap_or_default());
    }
    Ok(())
}

sluice_sdk::export!(growth, contacts_only, who);
