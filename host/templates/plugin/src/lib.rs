//! A plug-in for Sluice: refuses contacts without a last name, and tidies names up.
//!
//! ```sh
//! cargo test                       # runs the tests below, natively
//! sluice plugin push .             # builds the package for wasm and pushes it
//! sluice trace list                # what it said
//! ```

use sluice_sdk::prelude::*;

/// Refuses contacts without a last name, and takes the white space off what is there.
#[plugin(step(message = "Create", table = "contact", stage = "pre-operation"))]
pub fn FUNCTION(cx: &Context) -> Result<()> {
    let name = cx.target_text("lastname").unwrap_or_default();
    trace!(cx, "the last name is `{name}`");
    if name.trim().is_empty() {
        return Err(Error::refuse("Give the contact a last name."));
    }
    cx.set_target("lastname", name.trim());
    Ok(())
}

sluice_sdk::export!(FUNCTION);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, Failure, TestHost};

    fn create(name: &str) -> Result<Row, Failure> {
        let host = TestHost::new()
            .plugins(PLUGINS)
            .user("seller", |user| user.grant_all("contact", Depth::User));
        host.as_user("seller").create(Row::new("contact").with("lastname", name))
    }

    #[test]
    fn names_are_tidied_up() {
        let contact = create(" Novak ").unwrap();
        assert_eq!(contact.text("lastname"), Some("Novak"));
    }

    #[test]
    fn a_contact_without_a_name_is_refused() {
        let failure = create("  ").unwrap_err();
        assert_eq!(failure.code(), "0x80040265");
        assert_eq!(failure.message(), "Give the contact a last name.");
    }
}
