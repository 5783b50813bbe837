//! Who may change views, and what a view has to be.

use sluice_model::{Code, ColumnDef, ColumnType, Depth, Filter, Query, Reference, Remedy, Request, Row, Value};
use sluice_platform::prelude::*;
use sluice_tests::{Actor, Organisation, people};

use crate::run;

fn view(name: &str, table: &str, inside: &str) -> Row {
    Row::unsaved("savedquery")
        .with("name", name)
        .with("returnedtypecode", table)
        .with(
            "fetchxml",
            format!("<fetch><entity name='{table}'>{inside}</entity></fetch>"),
        )
}

const PATEL: &str = "<filter><condition attribute='lastname' operator='begins-with' value='patel'/></filter>";

#[test]
fn a_view_that_cannot_run_is_not_made() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let other = view("Other", "lead", "").with("fetchxml", "<fetch><entity name='account'/></fetch>");
    for (row, part) in [
        (view("V", "lead", "<attribute name='nothing'/>"), "no column `nothing`"),
        (view("V", "nothing", ""), "no table `nothing`"),
        (
            view("V", "lead", "").with("fetchxml", "select *"),
            "this FetchXML cannot be used",
        ),
        (other, "is one of `lead`, and its FetchXML asks for rows of `account`"),
        (
            Row::unsaved("savedquery")
                .with("name", "V")
                .with("returnedtypecode", "lead"),
            "needs the column `fetchxml`",
        ),
    ] {
        let refused = admin.try_create(row).unwrap_err();
        assert!(refused.message().contains(part), "{refused}");
    }
    let id = admin.create(view("Patels", "lead", PATEL));
    for (change, part) in [
        (
            Row::new("savedquery", id).with("fetchxml", "<fetch"),
            "this FetchXML cannot be used",
        ),
        (
            Row::new("savedquery", id).with("returnedtypecode", "account"),
            "asks for rows of `lead`",
        ),
    ] {
        let refused = admin.try_update(change).unwrap_err();
        assert!(refused.message().contains(part), "{refused}");
    }
    for column in ["fetchxml", "returnedtypecode", "name"] {
        let refused = admin
            .try_update(Row::new("savedquery", id).with(column, Value::Null))
            .unwrap_err();
        assert_eq!(refused.code(), Code::REQUIRED_MISSING, "{refused}");
        assert!(
            refused.message().contains(&format!("needs the column `{column}`")),
            "{refused}"
        );
    }
    assert!(run(&admin, "Patels").is_empty());
}

#[test]
fn a_table_has_one_default_view() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let defaults = |actor: &Actor| -> Vec<String> {
        let views = actor.0.views(Some("lead")).unwrap();
        views
            .into_iter()
            .filter(|view| view.is_default)
            .map(|view| view.name)
            .collect()
    };
    assert_eq!(defaults(&admin), ["Open Leads"]);
    let mine = admin.create(view("Patels", "lead", PATEL).with("isdefault", true));
    assert_eq!(defaults(&admin), ["Patels"]);
    let closed = admin.0.view("Closed Leads", None).unwrap().id;
    admin.update(Row::new("savedquery", closed).with("isdefault", true));
    assert_eq!(defaults(&admin), ["Closed Leads"]);
    admin.update(Row::new("savedquery", mine).with("description", "By name"));
    assert_eq!(defaults(&admin), ["Closed Leads"]);
    let delete = |view| {
        let view = Reference::new("savedquery", view);
        admin.0.execute(Request::delete(view)).map(|_| ())
    };
    let refused = delete(closed).unwrap_err();
    assert!(refused.body().remedies.contains(&Remedy::MakeViewDefault), "{refused}");
    delete(mine).unwrap();
    assert_eq!(
        admin
            .0
            .views(Some("account"))
            .unwrap()
            .iter()
            .filter(|view| view.is_default)
            .count(),
        1
    );
}

#[test]
fn changing_views_needs_the_privileges_on_views() {
    let organisation = Organisation::sample();
    let west = organisation.actor("seller.west");
    let open = west.0.view("Open Leads", None).unwrap().id;
    let refusals = [
        (west.try_create(view("Mine", "lead", "")).unwrap_err(), "prvCreateQuery"),
        (
            west.try_update(Row::new("savedquery", open).with("name", "Mine"))
                .unwrap_err(),
            "prvWriteQuery",
        ),
        (west.try_delete("savedquery", open).unwrap_err(), "prvDeleteQuery"),
    ];
    for (refused, privilege) in refusals {
        assert_eq!(refused.body().privilege.as_deref(), Some(privilege), "{refused}");
    }
    let editor = people::user(
        &organisation,
        "editor",
        &people::privileges(
            &["Create", "Read", "Write", "Delete"],
            &["Query", "Lead"],
            Depth::Organization,
        ),
    );
    let id = editor.create(view("Patels", "lead", PATEL));
    let novaks = run(&editor, "Patels");
    let by_hand = Filter::Compare {
        column: "lastname".into(),
        comparison: sluice_model::Comparison::StartsWith,
        value: "Patel".into(),
    };
    let by_hand = editor.list(Query::new("lead").columns(&[]).filter(by_hand));
    assert_eq!(novaks, by_hand.iter().map(|row| row.id).collect::<Vec<_>>());
    assert!(!novaks.is_empty());
    editor.try_delete("savedquery", id).unwrap();
    assert!(editor.0.view("Patels", None).is_err());
}

/// A view is as much of a dependant as a mapping or a step: wherever its query names the column.
#[test]
fn a_column_that_a_view_uses_is_not_deleted_and_the_view_is_named() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let text = |name: &str| ColumnDef::new(name, ColumnType::Text { max_length: 50 });
    for table in ["lead", "account"] {
        admin.0.create_column(table, &text("zz_d")).unwrap();
    }
    let linked = "<link-entity name='account' from='accountid' to='parentaccountid'><filter><condition attribute='zz_d' \
                  operator='null'/></filter></link-entity>";
    for (name, table, inside) in [
        ("Shows", "lead", "<attribute name='zz_d'/>"),
        (
            "Filters",
            "lead",
            "<filter><condition attribute='zz_d' operator='null'/></filter>",
        ),
        ("Orders", "lead", "<order attribute='zz_d'/>"),
        ("Links", "account", linked),
    ] {
        let id = admin.create(view(name, "lead", inside));
        let refused = admin.0.delete_column(table, "zz_d").unwrap_err();
        assert_eq!(refused.code(), Code::REFERENCED, "{name}");
        let named = format!("it is used by the view \"{name}\" of lead");
        assert!(refused.message().contains(&named), "{refused}");
        run(&admin, name);
        admin.try_delete("savedquery", id).unwrap();
    }
    admin.create(view("Other", "lead", "<attribute name='subject'/>"));
    for table in ["lead", "account"] {
        admin.0.delete_column(table, "zz_d").unwrap();
    }
}

#[test]
fn a_user_without_roles_is_told_so_and_not_that_there_is_no_view() {
    let organisation = Organisation::empty();
    let admin = organisation.admin();
    let root = Filter::eq("parentbusinessunitid", Value::Null);
    let root = admin
        .list(Query::new("businessunit").columns(&[]).filter(root))
        .remove(0);
    let row = Row::unsaved("systemuser")
        .with("domainname", "nobody")
        .with("lastname", "Nobody");
    admin.create(row.with("businessunitid", root.reference()));
    let nobody = organisation.actor("nobody");
    let refused = nobody.0.view("Open Leads", None).unwrap_err();
    assert_eq!(refused.code().to_string(), "0x80042F09", "{refused}");
    assert_eq!(nobody.0.view("Nothing", None).unwrap_err().code(), Code::NOT_FOUND);
}
