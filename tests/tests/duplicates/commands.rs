//! The commands, as somebody types them.

use std::time::Duration;

use serde_json::{Value, json};
use sluice_tests::program::{Program, Run, words};

/// A folder with an organisation, and its administrator.
pub struct Folder {
    pub folder: tempfile::TempDir,
    pub admin: Program,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let admin = Program::new(folder.path());
        admin.json(&["org", "create"]);
        Self { folder, admin }
    }

    /// Makes a row; its id.
    pub fn row(&self, arguments: &[&str]) -> String {
        let row = self.admin.json(&[&["row", "create"], arguments].concat());
        row["id"].as_str().unwrap().to_owned()
    }

    pub fn lead(&self, company: &str, email: &str) -> String {
        let (company, email) = (format!("companyname={company}"), format!("emailaddress1={email}"));
        self.row(&["lead", "subject=pumps", "lastname=Novak", &company, &email])
    }

    pub fn status(&self, rule: &str) -> String {
        self.admin.json(&["duprule", "show", rule])["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Runs a line as it was printed.
    pub fn typed(&self, line: &str) -> Run {
        let words = words(line);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        self.admin.run(&arguments)
    }
}

/// The list in a document.
pub fn values(document: &Value) -> &Vec<Value> {
    document["value"].as_array().unwrap()
}

#[test]
fn a_rule_from_its_making_to_its_end() {
    let world = Folder::new();
    let first = world.row(&["account", "name=Fourth Coffee", "telephone1=818/762-1221"]);
    let made = world.admin.json(&[
        "duprule",
        "create",
        "Same phone",
        "--base",
        "account",
        "--condition",
        "telephone1:ignore-blank",
        "--condition",
        "name:same-first:4",
        "--draft",
    ]);
    assert_eq!(
        (&made["status"], &made["matchingentityname"]),
        (&json!("Unpublished"), &json!("account"))
    );
    let conditions: Vec<_> = made["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["condition"])
        .collect();
    assert_eq!(conditions, ["telephone1:exact:ignore-blank", "name:same-first:4"]);
    world.admin.json(&["duprule", "remove-condition", "Same phone", "name"]);
    let published = world.admin.json(&["duprule", "publish", "Same phone"]);
    assert_eq!(
        (&published["status"], &published["state"], &published["total"]),
        (&json!("Published"), &json!("succeeded"), &json!(1))
    );
    let code = world.admin.json(&["duprule", "matchcode", "Same phone", &first]);
    assert_eq!(
        (&code["matchcode"], &code["table"]),
        (&json!("8187621221"), &json!("account"))
    );
    let double = [
        "row",
        "create",
        "account",
        "name=x",
        "telephone1=818-762-1221",
        "--detect-duplicates",
    ];
    let error = world.admin.refused(&double);
    assert_eq!(error["code"], "0x80040333");
    assert_eq!(error["duplicates"]["matches"][0]["id"], first.as_str());
    assert_eq!(error["duplicates"]["matches"][0]["rules"], json!(["Same phone"]));
    let people = world.admin.run(&double);
    assert!(people.says("account Fourth Coffee, 818/762-1221"), "{people:?}");

    a_published_rule_is_changed_and_deleted(&world, &first);
}

fn a_published_rule_is_changed_and_deleted(world: &Folder, first: &str) {
    assert_eq!(
        world
            .admin
            .refused(&["duprule", "update", "Same phone", "--exclude-inactive", "yes"])["code"],
        "0x80048428"
    );
    assert_eq!(
        world.admin.refused(&["duprule", "add-condition", "Same phone", "fax"])["code"],
        "0x80048428"
    );
    world.admin.json(&["duprule", "unpublish", "Same phone"]);
    let changed = world.admin.json(&[
        "duprule",
        "update",
        "Same phone",
        "--exclude-inactive",
        "yes",
        "--name",
        "Phones",
    ]);
    assert_eq!(changed["excludeinactiverecords"], true);
    world
        .admin
        .json(&["duprule", "add-condition", "Phones", "fax", "address1_name:same-last:3"]);
    world.admin.json(&["row", "update", "account", first, "statecode=1"]);
    world.admin.json(&["duprule", "publish", "Phones"]);
    let code = world.admin.json(&["duprule", "matchcode", "Phones", first]);
    assert_eq!(
        (&code["base"], &code["matching"]),
        (&json!("8187621221 |  | "), &Value::Null)
    );
    world.admin.json(&["duprule", "unpublish", "Phones"]);
    world.admin.json(&["duprule", "delete", "Phones"]);
    let left = world.admin.json(&["duprule", "list"]);
    let names: Vec<_> = values(&left)
        .iter()
        .map(|rule| rule["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Accounts with the same name",
            "Leads and contacts with the same e-mail address",
            "Leads with the same e-mail address"
        ]
    );
    assert_eq!(
        values(&world.admin.json(&["duprule", "list", "--table", "contact"])).len(),
        1
    );
}

#[test]
fn a_rule_that_cannot_be_published_is_not_made() {
    let world = Folder::new();
    let rules = || values(&world.admin.json(&["duprule", "list"])).len();
    let create = |more: &[&str]| {
        world
            .admin
            .run(&[&["duprule", "create", "x", "--base", "lead"], more].concat())
    };
    for (more, exit) in [
        (&[][..], 1),
        (&["--condition", "subject", "--condition", "fullname"], 1),
        (&["--condition", "subjekt"], 1),
        (&["--condition", "subject:same-first"], 2),
        (&["--condition", ""], 2),
        (&["--matching", "systemuser", "--condition", "fullname"], 1),
    ] {
        assert_eq!(create(more).code, exit, "{more:?}");
    }
    assert_eq!(rules(), 3);
}

#[test]
fn what_people_are_told_of_rules_and_jobs() {
    let world = Folder::new();
    let says = |arguments: &[&str], text: &str| {
        let run = world.admin.run(arguments);
        assert!(run.stdout.contains(text) || run.says(text), "{arguments:?}: {run:?}");
    };
    let address = [
        "duprule",
        "create",
        "Same, mail",
        "--base",
        "contact",
        "--condition",
        "emailaddress1",
    ];
    world.admin.json(&address);
    let first = world.row(&["contact", "lastname=Novak", "emailaddress1=ada@novak.example"]);
    let second = world.row(&["contact", "lastname=Novak", "emailaddress1=ada@novak.example"]);
    says(
        &["duplicates", "detect", "contact", "--name", "mess"],
        "1 duplicate found; see",
    );
    let results = world.admin.run(&["duplicates", "results", "mess"]).stdout;
    assert!(
        results.contains(&first) && results.contains(&second) && !results.contains('…'),
        "{results}"
    );
    says(
        &["jobs", "resume", "mess"],
        "ended before, and nothing was run; it succeeded",
    );
    let error = world.admin.refused(&["jobs", "cancel", "mess"]);
    assert_eq!(error["code"], "0x80044162", "{error}");
    says(&["duprule", "unpublish", "Same, mail"], "2 matchcodes removed");
    says(
        &["duprule", "remove-condition", "Same, mail", "nope"],
        "emailaddress1:exact",
    );
    says(
        &["duprule", "add-condition", "Same, mail", "emailaddress1"],
        "with `emailaddress1` in this",
    );
    says(
        &["lead", "matches", &world.lead("", ""), "--table", "account"],
        "no account matches",
    );
}

#[test]
fn the_matchcodes_that_are_left_are_told_with_the_command_that_removes_them() {
    let world = Folder::new();
    let file = world.folder.path().join("a.csv");
    let map = world.folder.path().join("a.map");
    let lines: Vec<String> = (0..5_100).map(|number| format!("a{number}")).collect();
    std::fs::write(&file, format!("name\n{}\n", lines.join("\n"))).unwrap();
    std::fs::write(&map, "[columns]\nname = \"name\"\n").unwrap();
    let (file, map) = (file.display().to_string(), map.display().to_string());
    world
        .admin
        .json(&["import", &file, "--table", "account", "--map", &map]);
    let run = world.admin.run(&["settings", "set", "duplicates.enabled", "no"]);
    let command = run
        .stdout
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("sluice jobs resume"));
    let removed = world.typed(command.unwrap());
    assert!(removed.stdout.contains("5100 matchcodes removed"), "{removed:?}");
}

#[test]
fn who_may_ask_for_a_job_and_not_read_what_it_finds() {
    let world = Folder::new();
    world.row(&["contact", "lastname=Novak"]);
    let rule = [
        "duprule",
        "create",
        "names",
        "--base",
        "contact",
        "--condition",
        "lastname",
    ];
    world.admin.json(&rule);
    world.admin.json(&["role", "create", "Asker"]);
    world.admin.json(&["user", "create", "asker", "--role", "Asker"]);
    for privilege in ["prvReadContact", "prvCreateAsyncOperation", "prvReadAsyncOperation"] {
        world.admin.json(&["role", "grant", "Asker", privilege, "organization"]);
    }
    let run = world.admin.run(&["duplicates", "detect", "contact", "--as", "asker"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("prvReadDuplicateRecord is missing"), "{run:?}");
}

#[test]
fn the_switch_of_the_organisation() {
    let world = Folder::new();
    world.row(&["account", "name=Litware"]);
    let double = ["row", "create", "account", "name=litware", "--detect-duplicates"];
    world.admin.refused(&double);
    world.admin.json(&["settings", "set", "duplicates.enabled", "off"]);
    assert_eq!(world.status("Accounts with the same name"), "Unpublished");
    world.admin.json(&double);
    let publish = ["duprule", "publish", "Accounts with the same name"];
    assert_eq!(world.admin.refused(&publish)["code"], "0x80048412");
    world.admin.json(&["settings", "set", "duplicates.enabled", "on"]);
    world.admin.json(&publish);
    world.admin.refused(&double);
}

#[test]
fn finding_the_duplicates_of_one_row() {
    let world = Folder::new();
    let first = world.row(&["account", "name=Litware"]);
    let second = world.row(&["account", "name=LITWARE"]);
    let find = |arguments: &[&str]| {
        world
            .admin
            .json(&[&["duplicates", "find", "account"], arguments].concat())
    };
    let found = find(&[&first]);
    assert_eq!(values(&found)[0]["accountid"], second.as_str());
    assert_eq!(values(&found)[0]["rules"], json!(["Accounts with the same name"]));
    let people = world.admin.run(&["duplicates", "find", "account", &first]);
    assert!(people.stdout.contains("\"Accounts with the same name\""), "{people:?}");
    assert_eq!(values(&find(&["name=litware"])).len(), 2, "unsaved");
    assert_eq!(values(&find(&[&first, "name=another"])).len(), 0, "as it would be");
    let page = find(&["name=litware", "--count", "1"]);
    assert_eq!((values(&page).len(), &page["more"]), (1, &json!(true)));
    world.row(&["contact", "lastname=Novak", "emailaddress1=ada@novak.example"]);
    let lead = world.lead("", "ada@novak.example");
    let found = world
        .admin
        .json(&["duplicates", "find", "lead", &lead, "--matching", "contact"]);
    assert_eq!(values(&found).len(), 1);
}

#[test]
fn a_job_its_results_and_what_is_done_about_them() {
    let world = Folder::new();
    let none = ["duplicates", "detect", "contact"];
    assert_eq!(world.admin.refused(&none)["code"], "0x80048436");
    let (first, second) = (
        world.row(&["account", "name=Litware"]),
        world.row(&["account", "name=LITWARE"]),
    );
    let job = world
        .admin
        .json(&["duplicates", "detect", "account", "--name", "mess", "--every", "1d"]);
    assert_eq!((&job["state"], &job["found"]), (&json!("succeeded"), &json!(1)));
    let id = job["job"].as_str().unwrap();
    let results = world.admin.json(&["duplicates", "results", id]);
    let pair = &values(&results)[0];
    let ids = [&pair["base"]["id"], &pair["duplicate"]["id"]];
    assert!(ids.contains(&&json!(first)) && ids.contains(&&json!(second)), "{pair}");
    assert_eq!(pair["rule"], "Accounts with the same name");
    for wrong in [&["--every", "1w"][..], &["--every", "0d"], &["--start", "soon"]] {
        let run = world.admin.run(&[&["duplicates", "detect", "account"], wrong].concat());
        assert_eq!(run.code, 2, "{wrong:?}: {run:?}");
    }
    let jobs = world.admin.json(&["jobs", "list"]);
    assert_eq!(values(&jobs).len(), 2, "the one that ran, and the next one");
    let next = values(&world.admin.json(&["jobs", "list", "--open"]))[0].clone();
    assert_eq!((&next["name"], &next["status"]), (&json!("mess"), &json!("Waiting")));
    let next = next["asyncoperationid"].as_str().unwrap();
    let waiting = world.admin.run(&["duplicates", "results", next]).stdout;
    assert_eq!(waiting, "nothing yet: the job has not ended\n");
    let nil = ["duplicates", "find", "account", "00000000-0000-0000-0000-000000000000"];
    assert_eq!(world.admin.refused(&nil)["code"], "0x80040217");
    assert_eq!(
        values(&world.admin.json(&["jobs", "resume"])).len(),
        0,
        "nothing is due"
    );
    world.admin.json(&["row", "update", "account", &first, "statecode=1"]);
    world.admin.json(&["row", "delete", "account", &second]);
    assert_eq!(values(&world.admin.json(&["duplicates", "results", id])).len(), 0);
    let early = world.admin.json(&["jobs", "resume", next]);
    assert_eq!(values(&early)[0]["state"], "succeeded");
    let open = world.admin.json(&["jobs", "list", "--open"]);
    let last = values(&open)[0]["asyncoperationid"].as_str().unwrap().to_owned();
    world.admin.json(&["jobs", "cancel", &last]);
    assert_eq!(world.admin.json(&["jobs", "show", &last])["status"], "Canceled");
    assert_eq!(values(&world.admin.json(&["jobs", "list", "--open"])).len(), 0);
    assert_eq!(values(&world.admin.json(&["jobs", "list", "--failed"])).len(), 0);
    let later = ["duplicates", "detect", "account", "--start", "2099-01-01T06:00:00Z"];
    assert_eq!(world.admin.json(&later)["state"], "waiting");
}

#[test]
fn a_changed_column_says_what_it_took_out_of_work() {
    let world = Folder::new();
    world
        .admin
        .json(&["column", "create", "account", "sl_code", "text", "--max-length", "20"]);
    let create = [
        "duprule",
        "create",
        "Codes",
        "--base",
        "account",
        "--condition",
        "sl_code",
    ];
    world.admin.json(&create);
    let changed = world
        .admin
        .json(&["column", "update", "account", "sl_code", "--max-length", "30"]);
    assert_eq!(changed["notices"][0]["code"], "0x8004F039");
    assert_eq!(world.status("Codes"), "Unpublished");
    world.admin.json(&["duprule", "publish", "Codes"]);
    let people = world.admin.run(&["column", "delete", "account", "sl_code"]);
    assert!(
        people.stdout.contains("notice 0x8004F039") && people.stdout.contains("\"Codes\""),
        "{people:?}"
    );
    assert_eq!(world.status("Codes"), "Unpublished");
    assert_eq!(
        world.admin.run(&["column", "update", "account", "name"]).code,
        2,
        "nothing is to be changed"
    );
}

#[test]
fn a_killed_publishing_is_gone_on_with() {
    let world = Folder::new();
    let lines: String = (0..4_500)
        .map(|number| format!("Company {number},{number}\n"))
        .collect();
    std::fs::write(world.folder.path().join("companies.csv"), format!("Name,Fax\n{lines}")).unwrap();
    std::fs::write(
        world.folder.path().join("map.toml"),
        "[columns]\nName = \"name\"\nFax = \"fax\"\n",
    )
    .unwrap();
    let import = [
        "import",
        "companies.csv",
        "--table",
        "account",
        "--map",
        "map.toml",
        "--synchronous",
        "off",
    ];
    world.admin.json(&import);
    let create = [
        "duprule",
        "create",
        "Faxes",
        "--base",
        "account",
        "--condition",
        "fax",
        "--draft",
    ];
    world.admin.json(&create);
    for moment in [5, 15, 30, 45, 60, 90, 150] {
        let mut child = world.admin.start(&["duprule", "publish", "Faxes"]);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(
            world.admin.json(&["org", "check"])["ok"],
            true,
            "killed after {moment} ms"
        );
        match world.status("Faxes").as_str() {
            "Unpublished" => continue,
            "Publishing" => {
                let jobs = world.admin.json(&["jobs", "resume"]);
                assert_eq!(values(&jobs)[0]["state"], "succeeded", "{jobs}");
            }
            _ => {}
        }
        assert_eq!(world.status("Faxes"), "Published");
        for number in ["fax=0", "fax=2222", "fax=4499"] {
            let found = world.admin.json(&["duplicates", "find", "account", number]);
            assert_eq!(values(&found).len(), 1, "{number}, killed after {moment} ms");
        }
        world.admin.json(&["duprule", "unpublish", "Faxes"]);
    }
}
