//! What is checked before the first row.

use sluice_model::{Code, Result, Value};
use sluice_platform::import::Report;

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
    assert!(error("[ignore]\ncolumns = [\"a\", \"b\"]").contains("maps no heading"));
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

#[test]
fn formats_and_separators_are_checked_before_the_first_row() {
    let org = Org::new();
    let error = |map: &str| message(org.import("contact", map, "a,b\n"));
    let dated = |format: &str| error(&format!("[columns]\na = \"birthdate\"\n[formats.birthdate]\n{format}"));
    assert!(dated("date = \"%d.%m\"").contains("does not say day, month and year"));
    assert!(dated("date = \"%Q\"").contains("does not say day, month and year"));
    assert!(dated("decimal = \",\"").contains("does not fit"));
    assert!(dated("day = \"%d\"").contains("unknown field"));
    for (format, said) in [
        ("%d.%m.%Y %H:%M %p", "which may contradict each other"),
        ("%d.%m.%Y %I:%M", "no half of the day"),
        ("%F %F", "says the year twice"),
        ("%d.%m.%y", "no century"),
    ] {
        let told = dated(&format!("date = \"{format}\""));
        assert!(told.contains(said) && told.contains(format), "{told}");
    }
    assert!(error("[columns]\na = \"lastname\"\n[formats.lastname]\ndate = \"%d\"").contains("does not fit"));
    assert!(
        error("[columns]\na = \"lastname\"\n[formats.birthdate]\ndate = \"%F\"").contains("no heading goes into it")
    );
    let number = |format: &str| {
        error(&format!(
            "[columns]\na = \"creditlimit\"\n[formats.creditlimit]\n{format}"
        ))
    };
    assert!(number("decimal = \",.\"").contains("not one sign"));
    assert!(number("decimal = \"1\"").contains("not one sign"));
    assert!(number("decimal = \",\"\nthousands = \",\"").contains("the same sign"));
    assert!(number("").contains("does not fit"));
    assert!(error("separator = \":\"\n[columns]\na = \"lastname\"").contains("`separator` is one of"));
    let keyed = |key: &str| error(&format!("[columns]\na = \"lastname\"\n[key]\n{key}"));
    assert!(keyed("columns = [\"firstname\"]").contains("no heading goes into it"));
    assert!(keyed("columns = [\"name\"]").contains("no column `name`"));
    assert!(keyed("columns = []").contains("names no column"));
    assert!(keyed("columns = [\"lastname\"]\nexisting = \"merge\"").contains("unknown variant"));
}

#[test]
fn other_separators_and_encodings_are_named() {
    let org = Org::new();
    for (file, hint) in [
        ("first;last;mail\nA;B;C\n", "separator = \";\""),
        ("first\tlast\tmail\nA\tB\tC\n", "separator = \"\\t\""),
        ("first|last|mail\n", "separator = \"|\""),
    ] {
        assert!(message(org.import("contact", PEOPLE, file)).contains(hint), "{file}");
    }
    let wide: Vec<u8> = "\u{feff}first,last,mail\nA,B,C\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(message(org.import("contact", PEOPLE, &wide)).contains("UTF-16"));
    assert!(message(org.import("contact", PEOPLE, &wide[2..])).contains("UTF-16"));
    let report = org
        .import("contact", PEOPLE, b"first,last,mail\nJ\xF6rg,M\xFCller,j@x\n")
        .unwrap();
    let reasons: Vec<&str> = report.refused[0]
        .faults
        .iter()
        .map(|fault| fault.error.message())
        .collect();
    assert!(reasons.len() == 2 && reasons[0].contains("in Latin-1 it is \"Jörg\"") && reasons[1].contains("Müller"));

    for (file, hint) in [
        ("sep=,\nfirst,last,mail\n", "take it out"),
        ("first,last,mail\rA,B,C\r", "CR alone"),
        ("First,last,mail\n", "writes it `first`"),
    ] {
        assert!(message(org.import("contact", PEOPLE, file)).contains(hint), "{file:?}");
    }

    let map = format!("separator = \";\"\n{PEOPLE}");
    let report = org.import("contact", &map, "first;last;mail\nA,a;\"B;b\";\n").unwrap();
    assert_eq!(report.created, 1);
    let row = &org.rows("contact", "lastname")[0];
    assert_eq!(
        (row.text("firstname"), row.text("lastname")),
        (Some("A,a"), Some("B;b"))
    );
    assert!(message(org.import("contact", &map, "first,last,mail\n")).contains("separator = \",\""));
}

/// Imports one line, of which the constants and the values of the map give times without an offset.
fn times(org: &Org, constant: &str, value: &str) -> Result<Report> {
    let map = format!(
        "timezone = \"Europe/Berlin\"\n[columns]\nn = \"lastname\"\nwhen = \"overriddencreatedon\"\n\
         [values.overriddencreatedon]\nmorning = \"{value}\"\n[constants]\nlastusedincampaign = {constant}\n"
    );
    org.import("contact", &map, "n,when\nx,morning\n")
}

#[test]
fn times_of_a_map_are_in_its_zone() {
    let summer: Value = Value::DateTime("2025-07-01T08:00:00Z".parse().unwrap());
    for constant in [
        "2025-07-01T10:00:00",
        "\"2025-07-01T10:00:00\"",
        "\"2025-07-01T08:00:00Z\"",
        "2025-07-01T10:00:00+02:00",
    ] {
        let org = Org::new();
        assert_eq!(times(&org, constant, "2025-07-01T10:00:00").unwrap().created, 1);
        let row = org.rows("contact", "lastname").remove(0);
        for column in ["lastusedincampaign", "createdon"] {
            assert_eq!(row.get(column), Some(&summer), "{column}: {constant}");
        }
    }
    let org = Org::new();
    for (time, why) in [("2025-03-30T02:30:00", "skip"), ("2025-10-26T02:30:00", "show twice")] {
        let (good, quoted) = ("2025-07-01T10:00:00", format!("\"{time}\""));
        for refused in [
            times(&org, time, good),
            times(&org, &quoted, good),
            times(&org, good, time),
        ] {
            assert!(message(refused).contains(why), "{time}");
        }
    }
    assert!(org.rows("contact", "lastname").is_empty());
}
