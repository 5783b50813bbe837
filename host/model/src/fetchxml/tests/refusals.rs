//! What is wrong with a document is said, and hostile documents are refused at once.

use super::{filter, parsed};
use crate::Code;

#[test]
fn refusals_say_what_is_wrong() {
    let link = |inside: &str| format!("<link-entity name='task' from='regarding' to='leadid'>{inside}</link-entity>");
    let condition = |attributes: &str| format!("<filter><condition {attributes}/></filter>");
    for (inside, part) in [
        (
            format!("<filter>{}</filter>", link("<attribute name='subject'/>")),
            "shows no columns",
        ),
        (
            link("<attribute name='subject'/>").replace("from", "link-type='exists' from"),
            "of the types inner and outer",
        ),
        (
            "<link-entity name='task' from='subject' to='leadid'/>".into(),
            "is of type text",
        ),
        (
            "<link-entity name='task' to='leadid'/>".into(),
            "needs the attribute `from`",
        ),
        (
            "<link-entity name='task' from='regarding' to='leadid' link-type='left'/>".into(),
            "no link of the type",
        ),
        (
            "<link-entity name='task' from='regarding' to='leadid' link-type='any'/>".into(),
            "stands in a <filter>",
        ),
        (
            "<attribute name='subject' alias='s'/>".into(),
            "takes no attribute `alias`",
        ),
        ("<attribute name='nothing'/>".into(), "has no column `nothing`"),
        (
            "<link-entity name='nothing' from='a' to='leadid'/>".into(),
            "no table `nothing`",
        ),
        ("<script/>".into(), "holds no <script>"),
        ("text".into(), "takes no text"),
        (
            condition("attribute='subject' operator='near' value='x'"),
            "not known here",
        ),
        (condition("attribute='subject' operator='eq'"), "has no value"),
        (
            condition("attribute='subject' operator='null' value='x'"),
            "takes no value",
        ),
        (
            condition("attribute='subject' operator='like' value='a%b'"),
            "at the beginning and the end only",
        ),
        (
            condition("attribute='subject' operator='like' value='a_'"),
            "no wildcard",
        ),
        (
            condition("attribute='createdon' operator='like' value='%a'"),
            "is for texts",
        ),
        (
            condition("attribute='createdon' operator='eq' value='soon'"),
            "not a point in time",
        ),
        (
            condition("attribute='createdon' operator='last-x-months' value='x'"),
            "no whole number",
        ),
        (condition("operator='eq' value='x'"), "needs the attribute `attribute`"),
        (
            condition("attribute='subject' operator='eq' value='x' valueof='company'"),
            "no attribute `valueof`",
        ),
        (
            condition("entityname='t' attribute='taskid' operator='null'"),
            "a condition on `t`",
        ),
        (
            "<filter type='xor'><condition attribute='subject' operator='null'/></filter>".into(),
            "not `xor`",
        ),
    ] {
        let error = filter(&inside).unwrap_err();
        assert!(error.message().contains(part), "{inside}: {error}");
    }
    for (text, part) in [
        ("", "one <fetch> element"),
        ("nothing", "one <fetch> element"),
        ("<entity name='lead'/>", "not with <fetch>"),
        ("<fetch/>", "holds one <entity>"),
        (
            "<fetch aggregate='true'><entity name='lead'/></fetch>",
            "asks for nothing",
        ),
        (
            "<fetch aggregate='yes'><entity name='lead'/></fetch>",
            "`aggregate` is true or false, not `yes`",
        ),
        (
            "<fetch distinct='maybe'><entity name='lead'/></fetch>",
            "`distinct` is true or false, not `maybe`",
        ),
        (
            "<fetch no-lock='perhaps'><entity name='lead'/></fetch>",
            "`no-lock` is true or false",
        ),
        (
            "<fetch returntotalrecordcount='2'><entity name='lead'/></fetch>",
            "`returntotalrecordcount` is true or false",
        ),
        (
            "<fetch mapping='physical'><entity name='lead'/></fetch>",
            "`mapping` is logical",
        ),
        (
            "<fetch latematerialize='true'><entity name='lead'/></fetch>",
            "no attribute `latematerialize`",
        ),
        (
            "<fetch distinct='true'><entity name='lead'><attribute name='company'/><order attribute='subject'/></entity></fetch>",
            "ordered by columns that are shown",
        ),
        ("<fetch page='0'><entity name='lead'/></fetch>", "counted from 1"),
        (
            "<fetch aggregate='true'><entity name='lead'><attribute name='company' alias='c' aggregate='median'/></entity></fetch>",
            "no aggregate `median`",
        ),
        (
            "<fetch aggregate='true'><entity name='lead'><attribute name='company' alias='c'/></entity></fetch>",
            "either grouped by",
        ),
        (
            "<fetch aggregate='true'><entity name='lead'><attribute name='company' alias='c' groupby='true'/><order alias='d'/></entity></fetch>",
            "no attribute has the alias `d`",
        ),
        ("<fetch top='many'><entity name='lead'/></fetch>", "no number of rows"),
        (
            "<fetch top='1' count='1'><entity name='lead'/></fetch>",
            "not given together",
        ),
        ("<fetch><entity name='nothing'/></fetch>", "no table `nothing`"),
        ("<fetch><entity name='lead'/>", "<fetch> is never closed"),
        ("<fetch><entity name='lead'></fetch></entity>", "no well-formed XML"),
        ("<fetch a='1' a='2'><entity name='lead'/></fetch>", "no well-formed XML"),
        ("</fetch>", "no well-formed XML"),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.message().contains(part), "{text}: {error}");
    }
}

#[test]
fn hostile_documents_are_refused_at_once() {
    let bomb = "<!DOCTYPE fetch [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><fetch><entity name='&b;'/></fetch>";
    assert!(parsed(bomb).unwrap_err().message().contains("document type"));
    let external = "<!DOCTYPE fetch SYSTEM 'file:///etc/passwd'><fetch/>";
    assert!(parsed(external).is_err());
    for entity in ["<fetch>&passwd;</fetch>", "<fetch version='&passwd;'/>"] {
        assert!(parsed(entity).unwrap_err().message().contains("no well-formed XML"));
    }
    let deep = "<filter>".repeat(100_000);
    assert!(filter(&deep).unwrap_err().message().contains("nested more than 50"));
    let wide = "<filter/>".repeat(5_001);
    assert!(filter(&wide).unwrap_err().message().contains("more than 5000 elements"));
    let conditions = "<condition attribute='subject' operator='null'/>".repeat(501);
    let many = filter(&format!("<filter>{conditions}</filter>"));
    assert!(many.unwrap_err().message().contains("more than 500 conditions"));
    let attributes: String = (0..150_000).map(|number| format!(" a{number}=''")).collect();
    assert!(
        parsed(&format!("<fetch{}/>", &attributes[..1_000_000]))
            .unwrap_err()
            .message()
            .contains("attributes")
    );
    assert!(parsed(&" ".repeat(1_048_577)).unwrap_err().message().contains("longer"));
    let links = "<link-entity name='task' from='regarding' to='leadid'/>".repeat(16);
    let many = filter(&links).unwrap_err();
    assert!(many.message().contains("more than 15 related tables"));
    assert_eq!(many.code(), Code::TOO_MANY_LINKS);
    for kind in ["exists", "in", "matchfirstrowusingcrossapply"] {
        let links = links.replace("name=", &format!("link-type='{kind}' name="));
        assert_eq!(filter(&links).unwrap_err().code(), Code::TOO_MANY_LINKS);
    }
    for kind in ["any", "not any", "all", "not all"] {
        let links = links.replace("name=", &format!("link-type='{kind}' name="));
        let many = filter(&format!("<filter>{links}</filter>"));
        assert_eq!(many.unwrap_err().code(), Code::TOO_MANY_LINKS);
    }
}
