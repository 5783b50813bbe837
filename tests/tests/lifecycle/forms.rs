//! The lead form: automatic filling and the availability of its commands (R182–R193).

use serde_json::Value;
use sluice_tests::world::{World, id, list, text};

const LIBRARY: &str = "LeadManagement/Lead/Lead_main_system_library.js";

/// A contact and an account to be chosen.
fn chosen(world: &World) -> (String, String) {
    let contact = [
        "row",
        "create",
        "contact",
        "firstname=Ada",
        "lastname=Novak",
        "jobtitle=Director",
        "telephone1=1",
        "mobilephone=2",
        "emailaddress1=ada@novak.example",
    ];
    let account = [
        "row",
        "create",
        "account",
        "name=Novak Ltd",
        "websiteurl=http://novak.example",
        "address1_city=Wien",
    ];
    (id(&world.admin().json(&contact)), id(&world.admin().json(&account)))
}

fn new_lead(world: &World, arguments: &[&str]) -> (Value, Value) {
    let answer = world
        .admin()
        .json(&[&["lead", "new", "subject=Pumps"], arguments].concat());
    let lead = world.admin().json(&["row", "get", "lead", &id(&answer)]);
    (answer, lead)
}

#[test]
fn a_chosen_contact_and_account_fill_the_form() {
    let world = World::empty();
    let (contact, account) = chosen(&world);
    let (_, lead) = new_lead(&world, &["--form", "--contact", &contact, "--account", &account]);
    for (column, value) in [
        ("fullname", "Ada Novak"),
        ("jobtitle", "Director"),
        ("telephone1", "1"),
        ("mobilephone", "2"),
        ("emailaddress1", "ada@novak.example"),
        ("companyname", "Novak Ltd"),
        ("websiteurl", "http://novak.example"),
        ("address1_city", "Wien"),
    ] {
        assert_eq!(lead[column], value, "{column}");
    }
    assert_eq!(
        (
            text(&lead, "_parentcontactid_value"),
            text(&lead, "_parentaccountid_value")
        ),
        (contact, account)
    );
}

#[test]
fn a_group_with_something_typed_in_is_left_alone_and_the_other_is_filled() {
    let world = World::empty();
    let (contact, account) = chosen(&world);
    let both = ["--contact", contact.as_str(), "--account", account.as_str()];
    let (answer, lead) = new_lead(&world, &[&both[..], &["emailaddress1=typed@example.com"]].concat());
    assert!(lead["jobtitle"].is_null() && lead["fullname"].is_null(), "{lead}");
    assert_eq!(lead["companyname"], "Novak Ltd");
    assert!(
        text(&answer["filled"][0], "reason").contains("emailaddress1"),
        "{answer}"
    );
    let (_, lead) = new_lead(&world, &[&both[..], &["companyname=Typed"]].concat());
    assert_eq!(
        (lead["fullname"].as_str(), lead["websiteurl"].is_null()),
        (Some("Ada Novak"), true)
    );
}

#[test]
fn a_form_fills_only_with_its_library_and_the_check_says_so() {
    let world = World::empty();
    let (contact, _) = chosen(&world);
    world.admin().json(&["form", "create", "Slim", "--table", "lead"]);
    let (answer, lead) = new_lead(&world, &["--form", "Slim", "--contact", &contact]);
    assert!(lead["fullname"].is_null());
    assert!(text(&answer["filled"][0], "reason").contains(LIBRARY));
    let run = world.admin().run(&["form", "check", "lead", "--json"]);
    assert_eq!(run.code, 1);
    let forms = list(&run.json());
    let slim = forms.iter().find(|form| form["form"] == "Slim").unwrap();
    assert!(text(slim, "cause").contains("OnLoad"), "{slim}");
    assert!(forms.iter().any(|form| form["form"] == "Lead" && form["ok"] == true));

    world.admin().json(&["form", "add-library", "Slim", LIBRARY, "--draft"]);
    let (_, lead) = new_lead(&world, &["--form", "Slim", "--contact", &contact]);
    assert!(lead["fullname"].is_null(), "a draft does not count");
    world.admin().json(&["form", "add-library", "Slim", LIBRARY]);
    let (_, lead) = new_lead(&world, &["--form", "Slim", "--contact", &contact]);
    assert_eq!(lead["fullname"], "Ada Novak");
    world.admin().json(&["form", "disable", "Slim", LIBRARY]);
    let (answer, _) = new_lead(&world, &["--form", "Slim", "--contact", &contact]);
    assert!(text(&answer["filled"][0], "reason").contains("disabled"));
}

#[test]
fn a_request_fills_nothing() {
    let world = World::empty();
    let (contact, _) = chosen(&world);
    let parent = format!("parentcontactid={contact}");
    let lead = id(&world.admin().json(&["row", "create", "lead", "subject=Pumps", &parent]));
    assert!(world.admin().json(&["row", "get", "lead", &lead])["fullname"].is_null());
}

fn qualify_is(world: &World, state: &str) -> String {
    let document = world.admin().json(&["command", "explain", "Qualify", "--form", "lead"]);
    assert_eq!(document["state"], state, "{document}");
    document.to_string()
}

#[test]
fn qualify_is_shown_while_the_tables_are_editable() {
    let world = World::empty();
    qualify_is(&world, "visible");
    let mobile = |value| {
        world
            .admin()
            .json(&["table", "update", "contact", "--read-only-in-mobile", value])
    };
    mobile("yes");
    assert!(qualify_is(&world, "hidden").contains("contact is read-only in mobile"));
    let lead = id(&world
        .admin()
        .json(&["row", "create", "lead", "subject=Pumps", "lastname=Ng"]));
    world.admin().json(&["lead", "qualify", &lead]);
    mobile("no");
    qualify_is(&world, "visible");
}

#[test]
fn qualify_is_shown_while_the_published_offline_profile_has_the_three_tables() {
    let world = World::empty();
    world.admin().json(&["offline", "remove", "lead"]);
    qualify_is(&world, "visible");
    world.admin().json(&["offline", "remove", "opportunity"]);
    assert!(qualify_is(&world, "hidden").contains("opportunity is not in the published"));
    world.admin().json(&["offline", "add", "opportunity", "--draft"]);
    qualify_is(&world, "hidden");
    world.admin().json(&["publish"]);
    qualify_is(&world, "visible");
}

#[test]
fn a_closed_lead_offers_reactivate_and_not_qualify() {
    let world = World::empty();
    let lead = id(&world
        .admin()
        .json(&["row", "create", "lead", "subject=Pumps", "lastname=Ng"]));
    let shown = || {
        let commands = list(&world.admin().json(&["command", "list", "--lead", &lead]));
        let shown = commands.iter().filter(|command| command["visible"] == true);
        shown.map(|command| text(command, "command")).collect::<Vec<_>>()
    };
    assert_eq!(shown(), ["Qualify", "Disqualify"]);
    world.admin().json(&["lead", "disqualify", &lead, "--reason", "Lost"]);
    assert_eq!(shown(), ["Reactivate"]);
    let run = world.admin().run(&["lead", "qualify", &lead, "--json"]);
    assert_eq!(run.json()["value"][0]["error"]["situation"], "e5");
}
