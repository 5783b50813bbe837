//! What texts mean, and which are refused.

use super::*;
use crate::{ColumnDef, Ownership, operators::tests::surroundings};

fn lookup(name: &str, targets: &[&str]) -> ColumnDef {
    let targets = targets.iter().map(|target| Name::from(*target)).collect();
    ColumnDef::new(name, ColumnType::Lookup { targets })
}

fn defined(name: &str, columns: Vec<ColumnDef>) -> TableDef {
    let mut table = TableDef::new(name, Ownership::User);
    table.columns = columns.into();
    table.complete();
    table
}

fn table() -> TableDef {
    let text = |name| ColumnDef::new(name, ColumnType::Text { max_length: 300 });
    let revenue = ColumnDef::new("revenue", ColumnType::Money { precision: 2 });
    defined(
        "lead",
        vec![
            text("subject"),
            revenue,
            lookup("parentaccountid", &["account"]),
            lookup("customerid", &["account", "contact"]),
        ],
    )
}

fn all() -> Surroundings {
    let state = |name| {
        ColumnDef::new(
            name,
            ColumnType::Choice {
                options: Vec::new(),
                global: None,
            },
        )
    };
    let name = ColumnDef::new("name", ColumnType::Text { max_length: 300 });
    surroundings(vec![
        table(),
        defined("account", vec![name]),
        defined("contact", vec![lookup("first", &["lead"]), lookup("second", &["lead"])]),
        defined("process", vec![lookup("leadid", &["lead"]), state("statuscode")]),
    ])
}

fn parsed(text: &str) -> Result<Filter> {
    filter(&all(), &table(), text)
}

fn related(column: &str, table: &str, other: &str, filter: Filter) -> Filter {
    Filter::Related(Box::new(Related {
        column: column.into(),
        table: table.into(),
        other: other.into(),
        filter,
    }))
}

#[test]
fn precedence_and_quotes() {
    let parsed = parsed("subject eq 'O''Neil' or revenue gt 5 and not (subject eq null)").unwrap();
    let Filter::Or(any) = parsed else { panic!("{parsed:?}") };
    assert_eq!(any[0], Filter::eq("subject", "O'Neil"));
    assert!(matches!(&any[1], Filter::And(all) if all.len() == 2));
}

#[test]
fn lookups_go_by_their_web_name() {
    let id = uuid::Uuid::from_u128(7);
    assert_eq!(
        parsed(&format!("_ownerid_value eq {id}")).unwrap(),
        Filter::eq("ownerid", id)
    );
}

#[test]
fn times_keep_their_colons() {
    let Filter::Compare { value, .. } = parsed("createdon ge 2026-01-31T09:00:00+01:00").unwrap() else {
        panic!("no comparison");
    };
    assert_eq!(value, Value::DateTime("2026-01-31T08:00:00Z".parse().unwrap()));
}

#[test]
fn rows_that_refer_to_this_one() {
    let aborted = || Filter::Compare {
        column: "statuscode".into(),
        comparison: Comparison::Ne,
        value: Value::Choice(3),
    };
    let exists = related("leadid", "process", "leadid", aborted());
    for name in [
        "process.leadid",
        "process_leadid",
        "lead_process",
        "Lead_Processs",
        "lead_process_leadid",
    ] {
        assert_eq!(parsed(&format!("{name}/any(p:p/statuscode ne 3)")).unwrap(), exists);
    }
    assert_eq!(
        parsed("not lead_process/any(p:p/statuscode ne 3)").unwrap(),
        exists.clone().negated()
    );
    assert_eq!(
        parsed("lead_process/any()").unwrap(),
        related("leadid", "process", "leadid", Filter::All)
    );
    assert_eq!(
        parsed("lead_process/all(p:p/statuscode ne 3)").unwrap(),
        related("leadid", "process", "leadid", aborted().negated()).negated()
    );
}

#[test]
fn rows_that_this_one_refers_to() {
    let oil = || Filter::Compare {
        column: "name".into(),
        comparison: Comparison::Contains,
        value: "oil".into(),
    };
    assert_eq!(
        parsed("contains(account_lead_customerid/name,'oil')").unwrap(),
        related("customerid", "account", "accountid", oil())
    );
    assert_eq!(
        parsed("contains(parentaccountid/name,'oil')").unwrap(),
        related("parentaccountid", "account", "accountid", oil())
    );
    assert_eq!(
        parsed("customerid_account/name eq 'Oil'").unwrap(),
        related("customerid", "account", "accountid", Filter::eq("name", "Oil"))
    );
    let nested = parsed("process.leadid/any(p:p/leadid/parentaccountid/name eq 'Oil')").unwrap();
    let account = related("parentaccountid", "account", "accountid", Filter::eq("name", "Oil"));
    let lead = related("leadid", "lead", "leadid", account);
    assert_eq!(nested, related("leadid", "process", "leadid", lead));
}

/// A column of a row that is not there is empty, however far away.
#[test]
fn what_is_true_of_nothing_is_true_where_no_row_is_there() {
    let account = |filter| related("parentaccountid", "account", "accountid", filter);
    let other = |name: &str| Filter::Compare {
        column: "name".into(),
        comparison: Comparison::Ne,
        value: name.into(),
    };
    assert_eq!(
        parsed("parentaccountid/name ne 'Oil'").unwrap(),
        account(other("Oil").negated()).negated()
    );
    let far = filter(
        &all(),
        all().catalog.table("process").unwrap(),
        "leadid/parentaccountid/name ne 'Oil'",
    );
    let far_one = related("leadid", "lead", "leadid", account(other("Oil").negated()));
    assert_eq!(far.unwrap(), far_one.negated());
    let told = "not (parentaccountid/name eq 'Oil')";
    assert_eq!(parsed(told).unwrap(), account(Filter::eq("name", "Oil")).negated());
}

#[test]
fn functions_of_the_platform() {
    let six = "Microsoft.Dynamics.CRM.LastXMonths(PropertyName='createdon',PropertyValue=6)";
    assert!(matches!(parsed(six).unwrap(), Filter::And(bounds) if bounds.len() == 2));
    let related = "process.leadid/any(p:p/Microsoft.Dynamics.CRM.Today(PropertyName='createdon'))";
    assert!(matches!(parsed(related).unwrap(), Filter::Related(_)));
    assert_eq!(
        parsed("Microsoft.Dynamics.CRM.In(PropertyName='subject',PropertyValues=[\"a\",'b'])").unwrap(),
        Filter::In {
            column: "subject".into(),
            values: vec!["a".into(), "b".into()],
        }
    );
    let mine = "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')";
    assert_eq!(parsed(mine).unwrap(), Filter::eq("ownerid", uuid::Uuid::from_u128(1)));
}

#[test]
fn refusals_name_the_place() {
    for (text, part) in [
        ("subject eq 'x", "has no end"),
        ("subject eq x", "needs quotes"),
        ("subjekt eq 'x'", "no column `subjekt`"),
        ("subject eq 'x' and", "ends too early"),
        ("subject like 'x'", "no operator"),
        ("revenue eq abc", "not an amount"),
        ("(subject eq 'x'", "`)` is missing"),
        ("'subject' eq 'x'", "is a value where a column should be"),
        ("lead_contact/any()", "fits several relationships"),
        ("nothing/any()", "no relationship `nothing`"),
        ("customerid/name eq 'x'", "customerid_account, customerid_contact"),
        ("subject/name eq 'x'", "has no lookup `subject`"),
        ("lead_process/any(p:statuscode eq 1)", "does not begin with `p/`"),
        ("lead_process/all()", "`:` is missing"),
        ("Microsoft.Dynamics.CRM.Above(PropertyName='leadid')", "no function"),
        ("Microsoft.Dynamics.CRM.Today(createdon)", "`PropertyName` is missing"),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.message().contains(part), "{text}: {error}");
    }
}

#[test]
fn nothing_is_nested_without_end() {
    for text in ["(".repeat(100_000), "not ".repeat(100_000)] {
        assert!(parsed(&text).unwrap_err().message().contains("too deeply"));
    }
    let deep = "process.leadid/any(p:p/leadid/".repeat(50_000);
    assert!(parsed(&deep).is_err());
    let long = "parentaccountid/".repeat(100_000);
    assert!(parsed(&long).is_err());
    let values = format!("subject in ({}'')", "'',".repeat(5_000));
    assert!(parsed(&values).unwrap_err().message().contains("at most 5000 values"));
    let many = vec!["lead_process/any()"; 16].join(" and ");
    assert!(
        parsed(&many)
            .unwrap_err()
            .message()
            .contains("at most at 15 related tables")
    );
}
