//! Refuses new leads whose name is a placeholder.

use sluice_sdk::prelude::*;

/// What people type where a name is demanded that they do not have.
const PLACEHOLDERS: [&str; 3] = ["test", "asdf", "n/a"];

/// Refuses new leads whose first or last name is a placeholder: `test`, `asdf` or `n/a`.
///
/// An empty name is no lie, and passes. Runs before the operation and its privilege check.
#[plugin(step(
    message = "Create",
    table = "lead",
    stage = "pre-validation",
    description = "Refuses placeholders as names",
))]
pub fn name_guard(cx: &Context) -> Result<()> {
    for (column, label) in [("lastname", "last name"), ("firstname", "first name")] {
        let Some(name) = cx.target_text(column) else { continue };
        let name = name.trim();
        if PLACEHOLDERS
            .iter()
            .any(|placeholder| name.eq_ignore_ascii_case(placeholder))
        {
            let message = format!("`{name}` is not a {label}: enter the lead's real one, or leave the field empty");
            return Err(Error::refuse(message));
        }
    }
    Ok(())
}

sluice_sdk::export!(name_guard);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, Failure, TestHost};

    fn create(column: &str, name: impl Into<Value>) -> Result<Row, Failure> {
        let host = TestHost::new()
            .plugins(PLUGINS)
            .user("seller", |user| user.grant_all("lead", Depth::User));
        host.as_user("seller").create(Row::new("lead").with(column, name))
    }

    #[test]
    fn placeholders_are_refused_by_name() {
        for name in ["test", "TEST", " Asdf ", "n/a", "N/A\t"] {
            for column in ["lastname", "firstname"] {
                let failure = create(column, name).unwrap_err();
                assert!(failure.is_refusal());
                assert_eq!(failure.code(), "0x80040265");
                assert!(failure.message().contains(&format!("`{}`", name.trim())), "{failure}");
            }
        }
        let failure = create("lastname", "asdf").unwrap_err();
        assert_eq!(
            failure.message(),
            "`asdf` is not a last name: enter the lead's real one, or leave the field empty"
        );
    }

    #[test]
    fn real_and_empty_names_pass() {
        for name in ["Testa", "Attest", "Na", "n / a", "", "  "] {
            create("lastname", name).unwrap();
        }
        create("firstname", Value::Empty).unwrap();
        create("subject", "test").unwrap();
        create("companyname", "N/A").unwrap();
    }

    #[test]
    fn it_refuses_before_privileges_are_asked_for() {
        let host = TestHost::new().plugins(PLUGINS).user("guest", |user| user);
        let failure = host
            .as_user("guest")
            .create(Row::new("lead").with("lastname", "test"))
            .unwrap_err();
        assert!(failure.is_refusal());
    }
}
