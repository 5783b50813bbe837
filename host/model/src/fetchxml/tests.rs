//! What documents mean, and which are refused.

mod refusals;

use super::*;
use crate::{Choice, ColumnDef, Comparison, DatePart, Ownership, Value, What, operators::tests::surroundings};

fn lookup(name: &str, target: &str) -> ColumnDef {
    let targets = vec![Name::from(target)];
    ColumnDef::new(name, ColumnType::Lookup { targets })
}

fn defined(name: &str, columns: Vec<ColumnDef>) -> TableDef {
    let mut table = TableDef::new(name, Ownership::User);
    table.columns = columns.into();
    table.complete();
    table
}

fn all() -> Surroundings {
    let option = |value, label: &str| Choice::new(value, label);
    let state = |name| {
        let options = vec![option(1, "Qualified"), option(3, "Aborted")];
        ColumnDef::new(name, ColumnType::State { options })
    };
    let text = |name| ColumnDef::new(name, ColumnType::Text { max_length: 300 });
    surroundings(vec![
        defined("lead", vec![text("subject"), text("company"), state("statecode")]),
        defined("process", vec![lookup("leadid", "lead"), state("statuscode")]),
        defined("task", vec![lookup("regarding", "lead"), text("subject")]),
    ])
}

fn parsed(text: &str) -> Result<Query> {
    parse(&all(), text)
}

/// The filter of leads with this inside the entity.
fn filter(inside: &str) -> Result<Filter> {
    Ok(parsed(&format!("<fetch><entity name='lead'>{inside}</entity></fetch>"))?.filter)
}

/// The filter of one condition.
fn condition(attributes: &str) -> Filter {
    let inside = format!("<filter><condition {attributes}/></filter>");
    match filter(&inside).unwrap() {
        Filter::And(mut parts) if parts.len() == 1 => parts.remove(0),
        other => panic!("{other:?}"),
    }
}

fn related(table: &str, other: &str, filter: Filter) -> Filter {
    Filter::Related(Box::new(Related {
        column: "leadid".into(),
        table: table.into(),
        other: other.into(),
        filter,
    }))
}

fn compare(column: &str, comparison: Comparison, value: impl Into<Value>) -> Filter {
    Filter::Compare {
        column: column.into(),
        comparison,
        value: value.into(),
    }
}

#[test]
fn a_whole_document() {
    let query = parsed(
        "<?xml version='1.0'?><!-- open leads -->
        <fetch version='1.0' mapping='logical' distinct='false' top='50'>
          <entity name='lead'>
            <attribute name='subject'/><attribute name='createdon'/><attribute name='subject'/>
            <order attribute='createdon' descending='true'/><order attribute='subject'/>
            <filter type='and'><condition attribute='statecode' operator='eq' value='0'/></filter>
          </entity>
        </fetch>",
    )
    .unwrap();
    assert_eq!(&*query.table, "lead");
    let columns: Vec<&str> = query.columns.as_deref().unwrap().iter().map(|name| &**name).collect();
    assert_eq!(columns, ["subject", "createdon"]);
    assert_eq!(query.top, Some(50));
    assert!(query.order[0].descending && !query.order[1].descending);
    assert_eq!(
        query.filter,
        Filter::All.and(Filter::And(vec![Filter::eq("statecode", Value::Choice(0))]))
    );
    let all = parsed("<fetch><entity name='lead'><all-attributes/></entity></fetch>").unwrap();
    assert_eq!((all.columns, all.filter, all.top), (None, Filter::All, None));
}

#[test]
fn conditions() {
    use Comparison::{Contains, EndsWith, Eq, Ge, Ne, StartsWith};
    for (text, expected) in [
        (
            "attribute='statecode' operator='ne' value='3'",
            compare("statecode", Ne, Value::Choice(3)),
        ),
        (
            "attribute='statecode' operator='eq' value='qualified'",
            compare("statecode", Eq, Value::Choice(1)),
        ),
        (
            "attribute='subject' operator='like' value='%oil%'",
            compare("subject", Contains, "oil"),
        ),
        (
            "attribute='subject' operator='like' value='oil%'",
            compare("subject", StartsWith, "oil"),
        ),
        (
            "attribute='subject' operator='not-like' value='%oil'",
            compare("subject", EndsWith, "oil").negated(),
        ),
        (
            "attribute='subject' operator='like' value='%100[%]%'",
            compare("subject", Contains, "100%"),
        ),
        (
            "attribute='subject' operator='like' value='%'",
            compare("subject", Contains, ""),
        ),
        (
            "attribute='subject' operator='begins-with' value='100%'",
            compare("subject", StartsWith, "100%"),
        ),
        (
            "attribute='subject' operator='ends-with' value='&amp;&#65;'",
            compare("subject", EndsWith, "&A"),
        ),
        (
            "attribute='subject' operator='null'",
            compare("subject", Eq, Value::Null),
        ),
        (
            "attribute='subject' operator='not-null'",
            compare("subject", Ne, Value::Null),
        ),
        (
            "attribute='createdon' operator='on-or-after' value='2026-01-31'",
            compare(
                "createdon",
                Ge,
                Value::DateTime("2026-01-31T00:00:00Z".parse().unwrap()),
            ),
        ),
        (
            "attribute='ownerid' operator='eq-userid'",
            compare("ownerid", Eq, crate::Uuid::from_u128(1)),
        ),
        (
            "attribute='ownerid' operator='eq' value='{00000000-0000-0000-0000-000000000007}' uiname='x' uitype='systemuser'",
            compare("ownerid", Eq, crate::Uuid::from_u128(7)),
        ),
    ] {
        assert_eq!(condition(text), expected, "{text}");
    }
}

#[test]
fn several_values_and_nested_filters() {
    let found = filter(
        "<filter type='or'>
           <condition attribute='statecode' operator='in'><value>1</value><value> 2 </value></condition>
           <filter><condition attribute='subject' operator='not-in'><value>a<![CDATA[&]]></value></condition></filter>
           <filter/>
         </filter>",
    )
    .unwrap();
    let among = Filter::In {
        column: "statecode".into(),
        values: vec![Value::Choice(1), Value::Choice(2)],
    };
    let not = Filter::In {
        column: "subject".into(),
        values: vec!["a&".into()],
    };
    assert_eq!(found, Filter::Or(vec![among, Filter::And(vec![not.negated()])]));
}

#[test]
fn links_narrow_the_rows() {
    let aborted = compare("statuscode", Comparison::Ne, Value::Choice(3));
    let exists = related("process", "leadid", Filter::And(vec![aborted]));
    for kind in ["", "link-type='inner'", "link-type='exists'", "link-type='in'"] {
        let link = format!(
            "<link-entity name='process' from='leadid' to='leadid' alias='p' {kind}>
               <filter><condition attribute='statuscode' operator='ne' value='3'/></filter>
             </link-entity>"
        );
        assert_eq!(filter(&link).unwrap(), exists, "{kind}");
    }
    let outer = "<link-entity name='process' from='leadid' to='leadid' link-type='outer'/>";
    assert_eq!(
        filter(outer).unwrap(),
        Filter::All,
        "an outer link alone narrows nothing"
    );
    let nested = "<link-entity name='process' from='leadid' to='leadid'>
        <link-entity name='task' from='regarding' to='leadid'/></link-entity>";
    assert_eq!(
        filter(nested).unwrap(),
        related("process", "leadid", related("task", "regarding", Filter::All))
    );
}

#[test]
fn an_outer_link_that_leads_nowhere() {
    let with = |operator| {
        format!(
            "<link-entity name='task' from='regarding' to='leadid' link-type='outer' alias='t'>
               <filter><condition attribute='subject' operator='eq' value='call'/></filter>
             </link-entity>
             <filter><condition entityname='t' attribute='taskid' operator='{operator}'/></filter>"
        )
    };
    let calls = related("task", "regarding", Filter::And(vec![Filter::eq("subject", "call")]));
    assert_eq!(
        filter(&with("null")).unwrap(),
        Filter::And(vec![calls.clone().negated()])
    );
    assert_eq!(filter(&with("not-null")).unwrap(), Filter::And(vec![calls]));
    let elsewhere = with("null").replace("attribute='taskid'", "attribute='subject'");
    assert!(
        filter(&elsewhere)
            .unwrap_err()
            .message()
            .contains("`taskid` or `regarding`")
    );
    assert!(
        filter(&with("eq"))
            .unwrap_err()
            .message()
            .contains("stands in that <link-entity>")
    );
}

#[test]
fn conditions_on_the_one_row_of_an_outer_link() {
    let with = |condition: &str| {
        let query = parsed(&format!(
            "<fetch><entity name='task'>
               <link-entity name='lead' from='leadid' to='regarding' link-type='outer' alias='p'/>
               <filter><condition entityname='p' {condition}/></filter>
             </entity></fetch>"
        ));
        query.unwrap().filter
    };
    let parent = |filter| {
        Filter::Related(Box::new(Related {
            column: "regarding".into(),
            table: "lead".into(),
            other: "leadid".into(),
            filter,
        }))
    };
    let named = Filter::eq("subject", "x");
    assert_eq!(
        with("attribute='subject' operator='eq' value='x'"),
        Filter::And(vec![parent(named.clone())])
    );
    // Where no row is there, it is as one that is empty: none is there that fails.
    let none = |fails: Filter| Filter::And(vec![parent(fails).negated()]);
    let other = compare("subject", Comparison::Ne, "x");
    assert_eq!(
        with("attribute='subject' operator='ne' value='x'"),
        none(other.negated())
    );
    let empty = Filter::eq("subject", crate::Value::Null);
    assert_eq!(with("attribute='subject' operator='null'"), none(empty.negated()));
    assert_eq!(with("attribute='leadid' operator='null'"), none(Filter::All));
}

#[test]
fn between_takes_both_ends() {
    let of = |values: &str| {
        filter(&format!(
            "<filter><condition attribute='createdon' operator='between'>{values}</condition></filter>"
        ))
    };
    let both = of("<value>2026-01-01</value><value>2026-02-01</value>").unwrap();
    assert!(matches!(both, Filter::And(_)), "{both:?}");
    for values in [
        "",
        "<value>2026-01-01</value>",
        "<value>1</value><value>2</value><value>3</value>",
    ] {
        assert!(of(values).unwrap_err().message().contains("two values"), "{values}");
    }
}

#[test]
fn links_within_filters() {
    let with = |kind: &str| {
        filter(&format!(
            "<filter type='or'><link-entity name='task' from='regarding' to='leadid' link-type='{kind}'>
               <filter><condition attribute='subject' operator='eq' value='call'/></filter></link-entity></filter>"
        ))
    };
    let linked = related("task", "regarding", Filter::All);
    let calls = related("task", "regarding", Filter::And(vec![Filter::eq("subject", "call")]));
    let or = |filter| Filter::Or(vec![filter]);
    assert_eq!(with("any").unwrap(), or(calls.clone()));
    assert_eq!(with("not all").unwrap(), or(calls.clone()), "the platform's own words");
    assert_eq!(with("not any").unwrap(), or(calls.clone().negated()));
    assert_eq!(with("all").unwrap(), or(Filter::And(vec![linked, calls.negated()])));
    assert!(with("inner").is_err());
}

#[test]
fn columns_of_links_totals_and_pages_are_part_of_the_query() {
    let joined = parsed(
        "<fetch distinct='1' returntotalrecordcount='true' count='10' page='3' paging-cookie='x'><entity name='lead'>
           <attribute name='company'/>
           <link-entity name='task' from='regarding' to='leadid' alias='t' link-type='outer'>
             <attribute name='subject'/><attribute name='taskid' alias='id'/>
             <order attribute='subject' descending='true'/>
             <filter><condition attribute='subject' operator='not-null'/></filter>
           </link-entity></entity></fetch>",
    )
    .unwrap();
    assert!(joined.distinct && joined.counted);
    let page = Page {
        number: 3,
        size: 10,
        after: Some("x".into()),
    };
    assert_eq!((joined.top, joined.page), (None, Some(page)));
    let [join] = joined.joins.as_slice() else {
        panic!("{:?}", joined.joins)
    };
    assert_eq!((&*join.alias, &*join.table, join.outer), ("t", "task", true));
    let columns: Vec<(&str, &str)> = join.columns.iter().map(|(column, name)| (&**column, &**name)).collect();
    assert_eq!(columns, [("subject", "t.subject"), ("taskid", "id")]);
    assert_ne!(join.filter, Filter::All);
    assert_eq!(joined.filter, Filter::All, "the link narrows nothing by itself");
    assert_eq!(
        (&*joined.order[0].column, joined.order[0].descending),
        ("t.subject", true)
    );

    let counted = parsed(
        "<fetch aggregate='true'><entity name='lead'>
           <attribute name='company' alias='company' groupby='true'/>
           <attribute name='createdon' alias='month' groupby='true' dategrouping='month'/>
           <attribute name='leadid' alias='leads' aggregate='count'/>
           <attribute name='company' alias='names' aggregate='countcolumn' distinct='true'/>
           <order alias='leads' descending='true'/></entity></fetch>",
    )
    .unwrap();
    let totals: Vec<(&str, What)> = counted.totals.iter().map(|total| (&*total.name, total.what)).collect();
    assert_eq!(
        totals,
        [
            ("company", What::Group),
            ("month", What::Part(DatePart::Month)),
            ("leads", What::Count),
            ("names", What::CountDistinct),
        ]
    );
    assert_eq!(&*counted.order[0].column, "leads");
}
