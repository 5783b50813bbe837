//! Writes a note on each new opportunity, as the integration user.
//!
//! Sellers need no privilege on notes for it: an administrator registers the step to run as
//! the user `integration` (`step update … --run-as integration`). A declaration cannot say
//! so, because users are the organisation's. Without it, the seller's own privileges count:
//! Create and Append on notes (`prvCreateNote`, `prvAppendNote`) and AppendTo on opportunities
//! (`prvAppendToOpportunity`).

use sluice_sdk::prelude::*;

/// Writes a note on each new opportunity: who made it, and when.
///
/// Register it to run as the user `integration`, who needs Create and Append on notes and
/// AppendTo on opportunities.
#[plugin(step(
    message = "Create",
    table = "opportunity",
    stage = "post-operation",
    rank = 50,
    description = "Note on the new opportunity; register it to run as `integration`",
))]
pub fn audit_note(cx: &Context) -> Result<()> {
    let opportunity = cx
        .primary()
        .ok_or_else(|| Error::unexpected("the new opportunity has no id"))?;
    let name = cx.target_text("name").unwrap_or_else(|| "without a name".to_owned());
    let text = format!(
        "Opportunity {name}, created by {} on {}.",
        cx.initiating_user_id(),
        cx.operation_created_on()
    );
    let note = Row::new("annotation")
        .with("subject", "Opportunity created")
        .with("notetext", text)
        .with("objectid", opportunity);
    cx.service().create(note)?;
    Ok(())
}

sluice_sdk::export!(audit_note);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, Right, TestHost};

    fn host() -> TestHost {
        TestHost::new()
            .plugins(PLUGINS)
            .user("seller", |user| user.grant("opportunity", Right::Create, Depth::User))
            .user("integration", |user| {
                user.grant("annotation", Right::Create, Depth::User)
                    .grant("annotation", Right::Append, Depth::User)
                    .grant("opportunity", Right::AppendTo, Depth::Organization)
            })
    }

    #[test]
    fn the_note_says_who_and_when_and_belongs_to_integration() {
        let host = host().run_as("audit_note", "integration");
        let opportunity = host
            .as_user("seller")
            .create(Row::new("opportunity").with("name", "20 bikes"))
            .unwrap();
        let [note] = host.rows("annotation").try_into().unwrap();
        assert_eq!(note.text("subject"), Some("Opportunity created"));
        assert_eq!(note.lookup("objectid"), opportunity.reference().as_ref());
        assert_eq!(note.lookup("ownerid"), Some(&host.reference("integration")));
        let expected = format!(
            "Opportunity 20 bikes, created by {} on 2026-01-31T12:00:00Z.",
            host.reference("seller").id
        );
        assert_eq!(note.text("notetext"), Some(expected.as_str()));
    }

    #[test]
    fn an_opportunity_without_a_name_gets_its_note() {
        let host = host().run_as("audit_note", "integration");
        host.as_user("seller").create(Row::new("opportunity")).unwrap();
        assert!(
            host.rows("annotation")[0]
                .text("notetext")
                .unwrap()
                .contains("without a name")
        );
    }

    #[test]
    fn as_the_seller_it_lacks_the_privilege() {
        let host = host();
        let failure = host.as_user("seller").create(Row::new("opportunity")).unwrap_err();
        assert_eq!(failure.code(), "0x80040220");
        assert_eq!(failure.privilege(), Some("prvCreateNote"));
        assert_eq!(failure.principal(), Some("seller"));
        assert!(host.rows("opportunity").is_empty());
    }

    #[test]
    fn integration_needs_append_to_of_the_opportunity() {
        let host = host().run_as("audit_note", "integration");
        host.revoke("integration", "opportunity", Right::AppendTo);
        let failure = host.as_user("seller").create(Row::new("opportunity")).unwrap_err();
        assert_eq!(failure.privilege(), Some("prvAppendToOpportunity"));
        assert_eq!(failure.principal(), Some("integration"));
    }
}
