//! Brings the phone numbers of contacts and leads into one form.

mod number;

use sluice_sdk::prelude::*;

/// The columns that hold phone numbers, on both tables.
const COLUMNS: [&str; 5] = ["telephone1", "telephone2", "telephone3", "mobilephone", "fax"];

/// Brings the phone numbers of contacts and leads into one form: `818-762-1221` within the
/// United States and Canada, `+493012345678` elsewhere, with ` x123` for an extension.
///
/// What it cannot understand stays as it was written.
#[plugin(
    step(message = "Create", table = "contact", stage = "pre-operation", rank = 20),
    step(
        message = "Update",
        table = "contact",
        stage = "pre-operation",
        rank = 20,
        columns = ["telephone1", "telephone2", "telephone3", "mobilephone", "fax"],
    ),
    step(message = "Create", table = "lead", stage = "pre-operation", rank = 20),
    step(
        message = "Update",
        table = "lead",
        stage = "pre-operation",
        rank = 20,
        columns = ["telephone1", "telephone2", "telephone3", "mobilephone", "fax"],
    ),
)]
pub fn phone_normalizer(cx: &Context) -> Result<()> {
    for column in COLUMNS {
        let Some(written) = cx.target_text(column) else {
            continue;
        };
        match number::canonical(&written) {
            Some(canonical) if canonical != written => {
                trace!(cx, "{column}: {canonical}");
                cx.set_target(column, canonical);
            }
            Some(_) => {}
            None => trace!(cx, "{column}: left as it is"),
        }
    }
    Ok(())
}

sluice_sdk::export!(phone_normalizer);

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_sdk_testing::{Depth, TestHost};

    fn host() -> TestHost {
        TestHost::new().plugins(PLUGINS).user("seller", |user| {
            user.grant_all("contact", Depth::User).grant_all("lead", Depth::User)
        })
    }

    #[test]
    fn every_phone_column_is_brought_into_form_on_create() {
        for table in ["contact", "lead"] {
            let row = COLUMNS
                .iter()
                .fold(Row::new(table), |row, column| row.with(column, "(818) 762 1221"));
            let row = host()
                .as_user("seller")
                .create(row.with("address1_telephone1", "(818) 762 1221"))
                .unwrap();
            for column in COLUMNS {
                assert_eq!(row.text(column), Some("818-762-1221"), "{table} {column}");
            }
            assert_eq!(row.text("address1_telephone1"), Some("(818) 762 1221"));
        }
    }

    #[test]
    fn an_update_changes_only_what_was_sent() {
        let host = host().row_of("seller", Row::new("lead").with_id("1").with("fax", "818.762.1221"));
        let lead = Row::new("lead").with_id("1");
        let row = host
            .as_user("seller")
            .update(lead.clone().with("mobilephone", "818/762-1221 ext. 5"))
            .unwrap();
        assert_eq!(row.text("mobilephone"), Some("818-762-1221 x5"));
        assert_eq!(row.text("fax"), Some("818.762.1221"));

        host.as_user("seller")
            .update(lead.with("subject", "(818) 762 1221"))
            .unwrap();
        assert_eq!(host.traces().len(), 1, "the second update touched no phone column");
    }

    #[test]
    fn what_is_empty_or_unclear_stays() {
        let row = Row::new("contact")
            .with("fax", Value::Empty)
            .with("telephone1", "ask Maria")
            .with("telephone2", " ");
        let row = host().as_user("seller").create(row).unwrap();
        assert_eq!(row.get("fax"), None);
        assert_eq!(row.text("telephone1"), Some("ask Maria"));
        assert_eq!(row.text("telephone2"), Some(" "));
    }
}
