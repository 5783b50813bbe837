//! The lead form: automatic filling and the availability of its commands.

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
        "address1_county=Favoriten",
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
    // What is blank is empty.
    let typed = [
        "--form",
        "--contact",
        &contact,
        "--account",
        &account,
        "lastname=",
        "emailaddress1=  ",
    ];
    let (_, lead) = new_lead(&world, &typed);
    for (column, value) in [
        ("fullname", "Ada Novak"),
        ("jobtitle", "Director"),
        ("telephone1", "1"),
        ("mobilephone", "2"),
        ("emailaddress1", "ada@novak.example"),
        ("companyname", "Novak Ltd"),
        ("websiteurl", "http://novak.example"),
        ("address1_city", "Wien"),
        ("address1_county", "Favoriten"),
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
    let (answer, lead) = new_lead(
        &world,
        &[&both[..], &["emailaddress1=typed@example.com", "lastname=Ng"]].concat(),
    );
    assert!(lead["jobtitle"].is_null() && lead["fullname"] == "Ng", "{lead}");
    assert_eq!(lead["companyname"], "Novak Ltd");
    assert!(
        text(&answer["filled"][0], "reason").contains("filled in already"),
        "{answer}"
    );
    let (_, lead) = new_lead(&world, &[&both[..], &["address1_county=Typed"]].concat());
    assert!(lead["companyname"].is_null(), "{lead}");
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
    let on_slim = ["--form", "Slim", "--contact", &contact];
    let error = world
        .admin()
        .refused(&[&["lead", "new", "subject=Pumps"], &on_slim[..]].concat());
    assert_eq!(
        (&error["code"], &error["missing"]),
        (&"0x80040200".into(), &serde_json::json!(["lastname"]))
    );
    assert!(
        text(&error, "message").contains("nothing was filled in from the contact"),
        "{error}"
    );
    let (answer, lead) = new_lead(&world, &[&on_slim[..], &["lastname=Ng"]].concat());
    assert_eq!(lead["fullname"], "Ng");
    assert!(text(&answer["filled"][0], "reason").contains(LIBRARY));
    let run = world.admin().run(&["form", "check", "lead", "--json"]);
    assert_eq!(run.code, 1);
    let forms = list(&run.json());
    let slim = forms.iter().find(|form| form["form"] == "Slim").unwrap();
    assert!(text(slim, "cause").contains("OnLoad"), "{slim}");
    assert!(forms.iter().any(|form| form["form"] == "Lead" && form["ok"] == true));

    world.admin().json(&["form", "add-library", "Slim", LIBRARY, "--draft"]);
    let (_, lead) = new_lead(&world, &[&on_slim[..], &["lastname=Ng"]].concat());
    assert_eq!(lead["fullname"], "Ng", "a draft does not count");
    world.admin().json(&["form", "add-library", "Slim", LIBRARY]);
    let (_, lead) = new_lead(&world, &["--form", "Slim", "--contact", &contact]);
    assert_eq!(lead["fullname"], "Ada Novak");
    world.admin().json(&["form", "disable", "Slim", LIBRARY]);
    let (answer, _) = new_lead(&world, &[&on_slim[..], &["lastname=Ng"]].concat());
    assert!(text(&answer["filled"][0], "reason").contains("disabled"));
    let check = world.admin().run(&["form", "check", "lead"]).stdout;
    assert!(check.contains(&format!("sluice form enable Slim {LIBRARY}")), "{check}");
}

#[test]
fn forms_are_named_one_by_one_and_load_what_is_there() {
    let world = World::empty();
    let create = ["form", "create", "Slim", "--table", "lead"];
    let nowhere = world
        .admin()
        .refused(&[&create[..], &["--library", "nope.js"]].concat());
    assert!(
        text(&nowhere, "message").contains("no web resource `nope.js`"),
        "{nowhere}"
    );
    let first = id(&world.admin().json(&create));
    world.admin().json(&create);
    let new = ["lead", "new", "subject=Pumps", "lastname=Ng", "--form"];
    let run = world.admin().run(&[&new[..], &["Slim"]].concat());
    assert!(run.code == 2 && run.says(&first), "{run:?}");
    world.admin().json(&[&new[..], &[&first]].concat());
    let standard = world
        .admin()
        .refused(&["form", "delete", "--draft", &default_form(&world)]);
    assert_eq!(standard["remedies"][0]["do"], "MakeFormDefault", "{standard}");
    world.admin().json(&["form", "set-default", &first]);
    let former = list(&world.admin().json(&["form", "list", "lead"]));
    let former = former
        .iter()
        .find(|form| form["form"] == "Lead" || form["name"] == "Lead")
        .unwrap();
    world.admin().json(&["form", "delete", &text(former, "formid")]);
}

fn default_form(world: &World) -> String {
    let forms = list(&world.admin().json(&["form", "list", "lead"]));
    let default = forms.iter().find(|form| form["default"] == true).unwrap();
    text(default, "formid")
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
