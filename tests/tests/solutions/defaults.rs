//! Which view or form is a table's default one is the organisation's own choice.

use sluice_model::{Code, Filter, Query, Row};

use crate::world::{Site, says};
use sluice_platform::prelude::*;

const VIEW: (&str, &str) = ("savedquery", "returnedtypecode");
const FORM: (&str, &str) = ("systemform", "objecttypecode");

/// The names of a table's default views or forms.
fn defaults(world: &Site, (rows, column): (&str, &str), table: &str) -> Vec<String> {
    let filter = Filter::eq(column, table).and(Filter::eq("isdefault", true));
    let rows = world.admin.list(Query::new(rows).filter(filter));
    rows.iter().map(|row| row.text("name").unwrap().to_owned()).collect()
}

/// The file of a managed solution with the default view and form of leads.
fn vendor() -> Vec<u8> {
    Site::new().export("Vendor", "1.0", &["view lead:Open Leads", "form lead:Lead"], true)
}

const MINE: &str = "view create Mine --table lead --fetch '<fetch><entity name=\"lead\"/></fetch>' --default";

#[test]
fn another_one_takes_the_place_of_a_managed_one() {
    let to = Site::new();
    let file = vendor();
    to.import(&file);
    to.sluice("view update 'All Leads' --default");
    assert_eq!(defaults(&to, VIEW, "lead"), ["All Leads"]);
    to.sluice("view update 'Open Leads' --default");
    to.sluice(MINE);
    assert_eq!(defaults(&to, VIEW, "lead"), ["Mine"]);
    to.all(&["form create Own --table lead", "form set-default Own"]);
    assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
    // Everything else about them is the solution's.
    for (table, name) in [("savedquery", "Open Leads"), ("systemform", "Lead")] {
        let row = to.one(table, "name", name).unwrap();
        assert_eq!(row.bool("ismanaged"), Some(true), "{name}");
        let change = Row::new(table, row.id).with("isdefault", true).with("description", "x");
        says(to.admin.try_update(change), Code::MANAGED, "is managed");
    }
    // The next version does not take it back.
    to.import(&file);
    assert_eq!(defaults(&to, VIEW, "lead"), ["Mine"]);
    assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
    let done = to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(done.kept, []);
    assert_eq!(defaults(&to, VIEW, "lead"), ["Mine"]);
    assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
    assert!(to.one("savedquery", "name", "Open Leads").is_none());
}

#[test]
fn what_arrives_leaves_the_default_as_it_is() {
    let from = Site::new();
    from.all(&[
        "view create Hot --table lead --fetch '<fetch><entity name=\"lead\"/></fetch>' --default",
        "form create Quick --table lead --default",
    ]);
    let new = from.export("New", "1.0", &["view lead:Hot", "form lead:Quick"], false);
    let to = Site::new();
    to.all(&[MINE, "form create Own --table lead --default"]);
    for file in [vendor(), new] {
        to.import(&file);
        assert_eq!(defaults(&to, VIEW, "lead"), ["Mine"]);
        assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
    }
    assert_eq!(to.admin.0.unpublished().unwrap(), []);
}

#[test]
fn the_oldest_other_one_follows_and_the_only_one_stays() {
    let to = Site::new();
    to.import(&vendor());
    let done = to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(done.removed, [("view".to_owned(), "lead:Open Leads".to_owned())]);
    let kept = |(kind, name, why): &(String, String, String)| format!("{kind} {name}: {why}");
    assert_eq!(
        done.kept.iter().map(kept).collect::<Vec<_>>(),
        ["form lead:Lead: it is the default form of `lead`, and no other form could be"]
    );
    assert_eq!(defaults(&to, VIEW, "lead"), ["My Open Leads"]);
    assert_eq!(defaults(&to, FORM, "lead"), ["Lead"]);
    let form = to.one("systemform", "name", "Lead").unwrap();
    assert_eq!(form.bool("ismanaged"), Some(false));
    assert_eq!(to.admin.0.unpublished().unwrap(), []);

    // Where there is another form, it follows, as it counts.
    let to = Site::new();
    to.import(&vendor());
    to.sluice("form create Own --table lead");
    assert_eq!(to.admin.0.delete_solution("Vendor").unwrap().kept, []);
    assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
    let form = sluice_sales::form::form(&to.admin.0, "lead", None).unwrap();
    assert_eq!((form.name.as_str(), form.default), ("Own", true));
}

#[test]
fn the_next_version_may_lack_the_default_view_but_not_the_only_form() {
    let from = Site::new();
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", &["view lead:Open Leads", "form lead:Lead"], true));
    let file = from.export("Vendor", "2.0", &["view lead:All Leads"], true);
    let before = to.everything();
    says(
        to.admin.0.import_solution(&file, false),
        Code::COMPONENT_IN_USE,
        "no other form could be",
    );
    assert_eq!(to.everything(), before);
    to.sluice("form create Own --table lead");
    to.import(&file);
    assert_eq!(defaults(&to, VIEW, "lead"), ["My Open Leads"]);
    assert_eq!(defaults(&to, FORM, "lead"), ["Own"]);
}

#[test]
fn a_table_without_one_gets_its_default_and_goes_with_it() {
    let from = Site::new();
    from.all(&[
        "table create rsh_region",
        "view create Regions --table rsh_region --fetch '<fetch><entity name=\"rsh_region\"/></fetch>' --default",
        "form create Region --table rsh_region --default",
    ]);
    let names = ["table rsh_region", "view rsh_region:Regions", "form rsh_region:Region"];
    let to = Site::new();
    to.import(&from.export("Vendor", "1.0", &names, true));
    assert_eq!(defaults(&to, VIEW, "rsh_region"), ["Regions"]);
    assert_eq!(defaults(&to, FORM, "rsh_region"), ["Region"]);
    let done = to.admin.0.delete_solution("Vendor").unwrap();
    assert_eq!(done.kept, []);
    assert_eq!(done.removed.len(), names.len());
}
