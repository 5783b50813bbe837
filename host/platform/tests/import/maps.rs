//! What is checked before the first row.

use sluice_model::Code;

use crate::org::{Org, PEOPLE, message};

#[test]
fn headings_are_checked_before_the_first_row() {
    let org = Org::new();
    let error = |map: &str, file: &str| message(org.import("contact", map, file));
    assert!(error(PEOPLE, "first,last,mail,age,\nA,B,C,1,\n").contains("`age`, ``"));
    assert!(error(PEOPLE, "first,last\nA,B\n").contains("`mail`"));
    assert!(error(PEOPLE, "first,last,mail,last\nA,B,C,D\n").contains("`last` twice"));
    assert!(error(PEOPLE, "").contains("empty"));
    assert!(error(PEOPLE, "\u{feff}\n\n").contains("empty"));
    assert!(
        org.import("contact", PEOPLE, b"f\xFFrst,last,mail\n")
            .unwrap_err()
            .message()
            .contains("not UTF-8")
    );
    assert!(org.rows("contact", "lastname").is_empty());

    let report = org.import(
        "contact",
        &format!("{PEOPLE}[ignore]\ncolumns = [\"age\"]\n"),
        "first,last,mail,age\nA,B,C,1\n",
    );
    assert_eq!(report.unwrap().created, 1);
}

#[test]
fn a_map_is_checked_against_the_table() {
    let org = Org::new();
    let error = |map: &str| message(org.import("contact", map, "a,b\n"));
    assert!(error("[columns]\na = \"firstnam\"").contains("did you mean `firstname`"));
    assert!(error("[columns]\na = \"firstname\"\nb = \"firstname\"").contains("both go into"));
    assert!(error("[columns]\na = \"firstname\"\n\"a \" = \"lastname\"").contains("twice"));
    assert!(error("[columns]\na = ").contains("line 2: "));
    assert!(error("[colums]\na = \"firstname\"").contains("unknown field"));
    assert!(error("[columns]\na = \"firstname\"\n[lookups.parentcustomerid]\ntabel = \"x\"").contains("unknown field"));
    assert!(error("[columns]\na = \"createdon\"").contains("overriddencreatedon"));
    assert!(error("[columns]\na = \"firstname\"\n[ignore]\ncolumns = [\"a\"]").contains("both mapped and ignored"));
    assert!(error("[columns]\na = \"firstname\"\n[constants]\nfirstname = \"x\"").contains("constant"));
    assert!(error("[constants]\naccountrolecode = 77").contains("77"));
    assert!(error("[values.firstname]\nx = \"y\"").contains("no heading goes into it"));
    assert!(error("[columns]\na = \"accountrolecode\"\n[values.accountrolecode]\nx = 99").contains("99"));
    assert!(error("[columns]\na = \"firstname\"\n[lookups.firstname]\nby = \"name\"").contains("no lookup"));
    assert!(
        error("[columns]\na = \"parentcustomerid\"\n[lookups.parentcustomerid]\nby = \"name\"")
            .contains("account, contact")
    );
    assert!(error("timezone = \"Mars/Olympus\"").contains("Mars/Olympus"));
    assert_eq!(org.import("nothing", "", "").unwrap_err().code(), Code::ENTITY_UNKNOWN);
}
