//! What becomes of each line.

use sluice_model::{Code, Value};

use crate::org::{Org, PEOPLE, codes, refused};

#[test]
fn rows_are_created_trimmed_and_in_utf8() {
    let org = Org::new();
    let file = "\u{feff}first , last,mail\r\n Zoë ,Ünal,\r\n\"a \"\"b\"\"\",\"two\r\nlines\",x@y.z\r\n";
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!((report.read, report.created, report.skipped), (2, 2, 0));
    assert_eq!(
        report.to_json().to_string(),
        r#"{"read":2,"created":2,"updated":0,"skipped":0,"refused":[]}"#
    );
    let rows = org.rows("contact", "lastname");
    let texts: Vec<_> = rows
        .iter()
        .map(|row| (row.text("firstname"), row.text("lastname"), row.text("emailaddress1")))
        .collect();
    assert!(texts.contains(&(Some("Zoë"), Some("Ünal"), None)));
    assert!(texts.contains(&(Some("a \"b\""), Some("two\r\nlines"), Some("x@y.z"))));
}

#[test]
fn a_broken_line_costs_that_line() {
    let org = Org::new();
    let mut file = b"first,last,mail\nA,One,a@x\nB,Two\nC,\"Three,c@x\nD,Four,d@x\n".to_vec();
    file.extend(b"E,F\xFCnf,e@x\n\nF,\"Six\",f@x\nG,Seven,g@x,\n");
    file.extend(format!("H,{},h@x\nI,Nine,i@x", "x".repeat(51)).into_bytes());
    let report = org.import("contact", PEOPLE, file).unwrap();
    assert_eq!(
        refused(&report),
        [(3, None), (4, None), (6, Some("last")), (9, None), (10, Some("last"))]
    );
    assert_eq!((report.read, report.created), (9, 4));
    assert_eq!(codes(&report)[4], Code::TEXT_TOO_LONG);
    let json = report.refused[4].to_json();
    assert_eq!(json["line"], 10);
    assert_eq!(json["column"], "last");
    assert_eq!(json["code"], "0x80044331");
    assert!(json["reason"].as_str().unwrap().contains("lastname"));
    let names: Vec<_> = org
        .rows("contact", "lastname")
        .iter()
        .map(|row| row.text("lastname").unwrap().to_owned())
        .collect();
    assert_eq!(names, ["Four", "Nine", "One", "Six"]);
}

#[test]
fn choices_come_by_table_label_or_number() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nrole = \"accountrolecode\"\nno = \"donotphone\"\n\
               [values.accountrolecode]\nboss = 1\nworker = \"Employee\"\nnone = \"\"\n\
               [constants]\njobtitle = \"Imported\"\naddress1_latitude = 1.5\n";
    let file = "name,role,no\na,boss,yes\nb,worker,\nc,influencer,0\nd,2,1\ne,none,\nf,Boss,\ng,9,\nh,,perhaps\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!(
        refused(&report),
        [(7, Some("role")), (8, Some("role")), (9, Some("no"))]
    );
    let rows = org.rows("contact", "lastname");
    let roles: Vec<_> = rows.iter().map(|row| row.int("accountrolecode")).collect();
    assert_eq!(roles, [Some(1), Some(2), Some(3), Some(2), None]);
    assert_eq!(rows[0].bool("donotphone"), Some(true));
    assert!(rows.iter().all(|row| row.text("jobtitle") == Some("Imported")));
}

#[test]
fn a_lookup_finds_one_row_or_the_line_is_refused() {
    let org = Org::new();
    ["Acme", "Twin", "Twin"].iter().for_each(|name| org.account(name));
    let map = "[columns]\nname = \"lastname\"\ncompany = \"parentcustomerid\"\n\
               [lookups.parentcustomerid]\ntable = \"account\"\nby = \"name\"\n";
    let report = org
        .import("contact", map, "name,company\na,acme\nb,Twin\nc,Nobody\nd,\n")
        .unwrap();
    assert_eq!(refused(&report), [(3, Some("company")), (4, Some("company"))]);
    assert_eq!(codes(&report), [Code::AMBIGUOUS, Code::NOT_FOUND]);
    let rows = org.rows("contact", "lastname");
    assert_eq!(
        rows[0]
            .lookup("parentcustomerid")
            .map(|lookup| lookup.table.to_string()),
        Some("account".to_owned())
    );
    assert_eq!(rows[1].lookup("parentcustomerid"), None);

    // Without a word about it: by id or name.
    let map = "[columns]\nname = \"name\"\nparent = \"parentaccountid\"\n";
    let report = org
        .import("account", map, "name,parent\nchild,Acme\nlost,null\n")
        .unwrap();
    assert_eq!((report.created, refused(&report)), (1, vec![(3, Some("parent"))]));
}

#[test]
fn times_without_an_offset_are_in_the_maps_zone() {
    let org = Org::new();
    let file =
        "name,at\na,2025-07-01T12:00\nb,2025-07-01 12:00:00Z\nc,2025-01-01T00:00:00+05:00\nd,2025-07-01\ne,soon\n";
    let map = "[columns]\nname = \"lastname\"\nat = \"overriddencreatedon\"\n";
    let report = org
        .import("contact", &format!("timezone = \"Europe/Berlin\"\n{map}"), file)
        .unwrap();
    assert_eq!(refused(&report), [(6, Some("at"))]);
    let times = |org: &Org| -> Vec<String> {
        let rows = org.rows("contact", "lastname");
        rows.iter()
            .map(|row| row.get("createdon").and_then(Value::as_time).unwrap().to_string())
            .collect()
    };
    assert_eq!(
        times(&org),
        [
            "2025-07-01T10:00:00Z",
            "2025-07-01T12:00:00Z",
            "2024-12-31T19:00:00Z",
            "2025-06-30T22:00:00Z"
        ]
    );

    let org = Org::new();
    org.import("contact", map, file).unwrap();
    assert_eq!(times(&org)[0], "2025-07-01T12:00:00Z");
}

#[test]
fn a_key_in_the_file_is_the_rows_key() {
    let org = Org::new();
    let map = "[columns]\nid = \"contactid\"\nname = \"lastname\"\n";
    let file = "id,name\n95caf95f-6873-6558-7d21-88235eee7dd3,a\n95caf95f-6873-6558-7d21-88235eee7dd3,b\nx,c\n,d\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.created, report.skipped, report.refused.len()), (2, 0, 2));
    assert_eq!(codes(&report), [Code::DUPLICATE_KEY, Code::INVALID_ARGUMENT]);
    // What is there as the file says is no second row, and no fault.
    let first = file.split_inclusive('\n').take(2).collect::<String>();
    let report = org.import("contact", map, first).unwrap();
    assert_eq!((report.created, report.skipped, report.refused.len()), (0, 1, 0));
}

#[test]
fn numbers_and_dates_are_as_the_map_says() {
    let org = Org::new();
    let map = "timezone = \"Europe/Berlin\"\n[columns]\nname = \"lastname\"\nborn = \"birthdate\"\nlimit = \"creditlimit\"\nat = \"overriddencreatedon\"\n\
               [formats.birthdate]\ndate = \"%d.%m.%Y\"\n[formats.creditlimit]\ndecimal = \",\"\nthousands = \".\"\n\
               [formats.overriddencreatedon]\ndate = \"%d.%m.%Y %H:%M\"\n";
    let file = "name,born,limit,at\na,31.01.1990,\"1.234,50\",01.07.2025 12:00\nb,1.2.1990,\"12,5\",\n\
                c,1990-01-31,1.5,2025-07-01\nd,31.02.1990,\"1,234.50\",30.03.2025 02:30\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!(report.created, 2);
    let both = |line| [(line, Some("born")), (line, Some("limit")), (line, Some("at"))];
    assert_eq!(refused(&report), [both(4), both(5)].concat());
    let rows = org.rows("contact", "lastname");
    let shown = |row: &sluice_model::Row, column: &str| format!("{:?}", row.get(column));
    assert_eq!(shown(&rows[0], "birthdate"), "Some(Date(1990-01-31))");
    assert_eq!(shown(&rows[1], "birthdate"), "Some(Date(1990-02-01))");
    assert_eq!(
        rows[0]
            .get("creditlimit")
            .and_then(Value::as_decimal)
            .map(|n| n.normalize().to_string()),
        Some("1234.5".to_owned())
    );
    let made = rows[0].get("createdon").and_then(Value::as_time).unwrap();
    assert_eq!(made.to_string(), "2025-07-01T10:00:00Z");
}

#[test]
fn nothing_is_stored_that_the_file_does_not_say() {
    let org = Org::new();
    let map = "timezone = \"Europe/Berlin\"\n[columns]\nname = \"lastname\"\nat = \"overriddencreatedon\"\n";
    let file = "name,at\na,2025-07-01T10:00:00[America/New_York]\nb,2025-07-01T10:00:00+02:00[America/New_York]\n\
                c,2025-07-01T10:00:00[Nowhere/Else]\nd,2025-03-30T02:30\ne,2016-12-31T23:59:60Z\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!(report.created, 1);
    assert_eq!(refused(&report), [3, 4, 5, 6].map(|line| (line, Some("at"))));
    let made = org.rows("contact", "lastname")[0]
        .get("createdon")
        .and_then(Value::as_time)
        .unwrap();
    assert_eq!(made.to_string(), "2025-07-01T14:00:00Z");
}

#[test]
fn a_lookup_with_several_tables_points_at_the_map() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nowner = \"ownerid\"\n";
    // A name that one row of them has is that row's.
    let report = org.import("contact", map, "name,owner\nb,admin\na,nobody\n").unwrap();
    assert_eq!((report.created, refused(&report)), (1, vec![(3, Some("owner"))]));
    assert!(
        report.refused[0].faults[0]
            .error
            .message()
            .contains("[lookups.ownerid]")
    );
    let map = format!("{map}[lookups.ownerid]\ntable = \"systemuser\"\nby = \"domainname\"\n");
    let report = org.import("contact", &map, "name,owner\na,admin\n").unwrap();
    assert_eq!(report.created, 1, "{:?}", report.refused);
}

#[test]
fn a_lookup_finds_the_row_of_an_earlier_line() {
    let org = Org::new();
    let map = "[columns]\nname = \"name\"\nparent = \"parentaccountid\"\n[lookups.parentaccountid]\nby = \"name\"\n";
    let report = org
        .import(
            "account",
            map,
            "name,parent\nTop,\nBelow,Top\nFurther,Below\nWrong,Later\nLater,\n",
        )
        .unwrap();
    assert_eq!((report.created, refused(&report)), (4, vec![(5, Some("parent"))]));
}

#[test]
fn a_line_without_a_word_makes_no_row() {
    let org = Org::new();
    let map = "[columns]\nname = \"lastname\"\nmail = \"emailaddress1\"\n[ignore]\ncolumns = [\"note\"]\n";
    let file = "name,mail,note\na,,\n\"\",\"\",\"\"\n\u{a0},\" \",\u{200b}\n,,only a note\n";
    let report = org.import("contact", map, file).unwrap();
    assert_eq!((report.read, report.created), (2, 1));
    assert_eq!(refused(&report), [(5, None)]);
    let said = report.to_json()["refused"][0]["reason"].as_str().unwrap().to_owned();
    assert!(said.contains("nothing under the headings"), "{said}");
    assert_eq!(org.rows("contact", "lastname").len(), 1);
}

#[test]
fn a_time_is_never_guessed() {
    let org = Org::new();
    let map = "timezone = \"Europe/Berlin\"\n[columns]\nname = \"lastname\"\nat = \"overriddencreatedon\"\n";
    let file = "name,at\na,2025-10-26T02:30:00\nb,2025-03-30T02:30:00\nc,2025-10-26T02:30:00[Europe/Berlin]\n\
                d,9999-12-31\ne,2025-10-26T02:30:00+01:00\nf,2025-10-26T03:00\n";
    let report = org.import("contact", map, file).unwrap();
    let json = report.to_json();
    let reason = |place: usize| json["refused"][place]["reason"].as_str().unwrap().to_owned();
    assert_eq!(report.refused.len(), 4, "{json}");
    for twice in [reason(0), reason(2)] {
        assert!(
            twice.contains("clocks of Europe/Berlin show twice") && twice.contains("offset, +02 or +01"),
            "{twice}"
        );
    }
    assert!(reason(1).contains("clocks of Europe/Berlin skip"), "{}", reason(1));
    assert!(
        reason(3).contains("Maximum value supported: 9999-12-30T21:59:59Z"),
        "{}",
        reason(3)
    );
    let rows = org.rows("contact", "lastname");
    let times: Vec<_> = rows.iter().map(|row| row.get("createdon").unwrap().clone()).collect();
    let expected = ["2025-10-26T01:30:00Z", "2025-10-26T02:00:00Z"];
    assert_eq!(times, expected.map(|time| Value::DateTime(time.parse().unwrap())));
}

#[test]
fn a_file_with_other_headings_is_told_of_some() {
    let org = Org::new();
    let file = (0..10_000).map(|n| format!("h{n}")).collect::<Vec<_>>().join(",");
    let error = org.import("contact", PEOPLE, file).unwrap_err();
    assert!(
        error.message().contains("and 9980 more") && error.message().len() < 2_000,
        "{error}"
    );
}
