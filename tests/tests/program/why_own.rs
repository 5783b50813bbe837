//! What whoever reads `why` may do of what it prints, and what a refusal leads on to.

use serde_json::Value;
use sluice_tests::world::{World, guest, id, list, probe_step, text};

use crate::why::cured;

/// Words of a run as one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn probe(world: &World) {
    world.admin().json(&["plugin", "push", &guest("probe")]);
}

/// Registers a step of the probe.
fn step(world: &World, table: &str, more: &[&str]) -> String {
    id(&world.admin().json(&probe_step("Create", table, more)))
}

/// What `why` of the last request that was refused says to a user: the text, and the document.
fn why(world: &World, reader: &str) -> (String, Value) {
    let requests = list(&world.admin().json(&["trace", "list", "--requests", "--failed"]));
    let which = text(&requests[0], "sl_correlationid");
    let told = world.user(reader).run(&["why", &which]);
    assert_eq!(told.code, 0, "{told:?}");
    (flat(&told.stdout), world.user(reader).json(&["why", &which]))
}

/// A role that looks into others' requests, and changes no steps.
fn helper(world: &World, more: &[&str]) {
    let admin = world.admin();
    admin.json(&["role", "create", "Helper"]);
    let reads = "role,team,systemuser,businessunit,sdkmessageprocessingstep,plugintype,sl_messagetrace,contact:r:org";
    for grant in [reads, "role:w:org"].iter().chain(more) {
        admin.json(&["role", "grant", "Helper", grant]);
    }
    admin.json(&["role", "grant", "Helper", "prvActOnBehalfOfAnotherUser", "org"]);
    admin.json(&["user", "create", "help", "--role", "Helper"]);
}

const CREATE: [&str; 4] = ["row", "create", "contact", "lastname=x"];
const PRE: [&str; 3] = ["--stage", "pre-operation", "--config"];

/// A plug-in that caught a refusal: what it caught is told to whoever is refused, and to whoever looks into it.
#[test]
fn what_was_caught_is_told_with_the_words_that_came_of_it() {
    let world = World::sample();
    probe(&world);
    let outer = [&PRE[..], &["in-own-words create task subject Call", "--name", "outer"]].concat();
    step(&world, "contact", &outer);
    step(
        &world,
        "task",
        &[&PRE[..], &["read campaign", "--name", "inner"]].concat(),
    );
    let refused = world.user("seller.west").run(&CREATE);
    let told = flat(&refused.stderr);
    assert!(told.contains("Not like this") && told.contains("sluice why"), "{told}");
    assert!(
        told.contains("caught") && told.contains("seller.west lacks prvReadCampaign"),
        "{told}"
    );
    let (told, found) = why(&world, "admin");
    for words in [
        "The step \"outer\" stops it.",
        "It ends with words of its own, \"Not like this\", after its call Create task was refused.",
        "In that call: The step \"inner\" stops it.",
        "Its call RetrieveMultiple campaign, made as seller.west, is refused.",
        "What is missing is prvReadCampaign (to read campaign), at depth User",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let error = &found["culprits"][0]["error"];
    assert_eq!(error["privilege"], "prvReadCampaign");
    assert_eq!(error["principal"]["name"], "seller.west");
    assert_eq!(error["step"]["name"], "inner");
    assert_eq!(found["culprits"][0]["ownWords"][0]["step"]["name"], "outer");
    assert_eq!(found["culprits"][0]["ownWords"][0]["message"], "Not like this");
    let (told, _) = why(&world, "seller.west");
    assert!(
        told.contains("prvReadCampaign") && told.contains("Ask an administrator"),
        "{told}"
    );
    let found = cured(&world, "seller.west", &CREATE);
    assert_eq!(found["cure"]["fixes"][0]["kind"], "grant");
}

/// Names that the sender may not read are not told by what was caught, either.
#[test]
fn what_was_caught_tells_no_names() {
    let world = World::sample();
    probe(&world);
    let admin = world.admin();
    admin.json(&["user", "create", "robot", "--role", "Salesperson"]);
    admin.json(&["role", "create", "Plain"]);
    admin.json(&["role", "grant", "Plain", "contact:cr:user"]);
    admin.json(&["user", "create", "paula", "--role", "Plain"]);
    let more = ["in-own-words read campaign", "--run-as", "robot"];
    step(&world, "contact", &[&PRE[..], &more].concat());
    let refused = world.user("paula").run(&CREATE);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.says("another user lacks prvReadCampaign"), "{refused:?}");
    let document = world.user("paula").run(&[&CREATE[..], &["-o", "json"]].concat());
    let (told, found) = why(&world, "paula");
    for told in [
        &refused.stderr,
        &document.stderr,
        &document.stdout,
        &told,
        &found.to_string(),
    ] {
        assert!(!told.contains("robot") && !told.contains("Salesperson"), "{told}");
    }
}

/// What the reader may not send is marked wherever it stands; and it is not said that something else was met, where
/// they could look no further.
#[test]
fn what_is_not_the_readers_to_send_is_marked() {
    let world = World::sample();
    probe(&world);
    helper(&world, &[]);
    step(&world, "contact", &[&PRE[..], &["read position"]].concat());
    assert_eq!(world.user("seller.west").run(&CREATE).code, 1);
    let (told, found) = why(&world, "help");
    assert!(found["cure"].is_null(), "{found:#}");
    let cures = &found["culprits"][0]["cures"];
    assert_eq!(cures[0]["own"], false, "{cures:#}");
    assert_eq!(cures[0]["unseen"], true, "{cures:#}");
    let head = "What helps against this one thing, run by somebody who may (you may not) (each was tried):";
    assert!(told.contains(head), "{told}");
    assert!(!told.contains("met something else"), "{told}");
    assert!(
        told.contains("what the request then came to is not yours to see"),
        "{told}"
    );

    // Own and others' apart.
    for grant in ["sdkmessageprocessingstep:w:org", "position:r:org"] {
        world.admin().json(&["role", "grant", "Helper", grant]);
    }
    world.admin().json(&["role", "revoke", "Helper", "prvWriteRole"]);
    let (told, found) = why(&world, "help");
    let cures = found["culprits"][0]["cures"].as_array().unwrap();
    let own: Vec<bool> = cures.iter().map(|cure| cure["own"] == true).collect();
    assert!(own.contains(&true) && own.contains(&false), "{cures:#?}");
    let others = own.iter().filter(|own| !**own).count();
    assert_eq!(
        told.matches("; run by somebody who may (you may not)").count(),
        others,
        "{told}"
    );
}

/// A bypass that is refused: the request does without. That it is granted gives away more than the one request.
#[test]
fn a_refused_bypass_is_left_out() {
    let world = World::sample();
    for flags in [&["--bypass-plugins"][..], &["--bypass-logic", "sync"]] {
        let create = [&CREATE[..], flags].concat();
        let refused = world.user("seller.west").run(&create);
        assert_eq!(refused.code, 1, "{refused:?}");
        for reader in ["admin", "seller.west"] {
            let (told, found) = why(&world, reader);
            assert_eq!(found["cure"]["fixes"].as_array().unwrap().len(), 1, "{found:#}");
            assert_eq!(found["cure"]["fixes"][0]["kind"], "again");
            assert_eq!(found["cure"]["reach"], "this request alone");
            let command = text(&found["cure"]["fixes"][0], "command");
            assert!(!command.to_lowercase().contains("bypass"), "{command}");
            let words = sluice_tests::program::words(&command);
            let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
            assert_eq!(world.admin().run(&words).code, 0, "{command}");
            let gives = "whoever has it may then pass over all plug-ins and workflows";
            assert_eq!(told.contains(gives), reader == "admin", "{told}");
        }
    }
}

/// A role of a team holds it deep enough, and for the team's rows alone: there is one depth for that.
#[test]
fn a_team_role_is_told_at_one_depth() {
    let world = World::sample();
    let admin = world.admin();
    probe(&world);
    admin.json(&["role", "create", "Field", "--bu", "West", "--inherit", "team"]);
    admin.json(&["role", "grant", "Field", "campaign:cr:user"]);
    admin.json(&["team", "create", "Squad", "--bu", "West", "--role", "Field"]);
    admin.json(&["team", "member-add", "Squad", "seller.west"]);
    step(&world, "contact", &[&PRE[..], &["create campaign name x"]].concat());
    let refused = world.user("seller.west").run(&CREATE);
    assert!(refused.says("at depth User"), "{refused:?}");
    let (told, found) = why(&world, "admin");
    let depth = "prvCreateCampaign (to create campaign), at depth User";
    assert!(told.contains(depth), "{told}");
    assert_eq!(found["culprits"][0]["lacks"][0]["depth"], "User", "{found:#}");
    cured(&world, "seller.west", &CREATE);
}

/// Whatever was refused and recorded leads on.
#[test]
fn every_refusal_that_was_recorded_leads_to_why() {
    let world = World::sample();
    let admin = world.admin();
    admin.json(&["key", "create", "account", "sl_number", "--columns", "accountnumber"]);
    let account = id(&admin.json(&["row", "create", "account", "name=A", "accountnumber=7"]));
    let same = admin.run(&["row", "create", "account", "name=A", "accountnumber=7"]);
    assert!(same.says("0x80060892") && same.says("sluice why"), "{same:?}");
    // What is only written wrongly leads nowhere further.
    let unknown = admin.run(&["row", "update", "account", &account, "statuscode=77"]);
    assert!(unknown.code == 1 && !unknown.says("sluice why"), "{unknown:?}");
    let gone = "01a23120-0450-76be-8a7a-d3e1ddf2c4aa";
    let there_is_none = world.user("seller.west").run(&["row", "get", "account", gone]);
    assert_eq!(there_is_none.code, 1, "{there_is_none:?}");
    let told = flat(&world.user("seller.west").run(&["why"]).stdout);
    assert!(told.contains("check the name or the id"), "{told}");
    assert!(
        !told.contains("administrator"),
        "an id that is wrong is the sender's: {told}"
    );
}

/// Whoever may not change a job is told how to look into that, whichever way they would have had it run.
#[test]
fn a_job_of_somebody_else_leads_to_why() {
    let world = World::sample();
    let admin = world.admin();
    probe(&world);
    let more = [
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--config",
        "read campaign",
    ];
    step(&world, "contact", &more);
    assert_eq!(world.user("seller.west").run(&CREATE).code, 0);
    let job = text(&list(&admin.json(&["jobs", "list", "--failed"]))[0], "asyncoperationid");
    for verb in ["retry", "resume"] {
        let refused = world.user("seller.east").run(&["jobs", verb, &job]);
        assert!(refused.code == 1 && refused.says("sluice why"), "{refused:?}");
        let newest = &list(&admin.json(&["trace", "list", "--requests", "--failed"]))[0];
        let found = admin.json(&["why", &text(newest, "sl_correlationid")]);
        let missing = &found["culprits"][0]["error"]["privilege"];
        assert_eq!(missing, "prvWriteAsyncOperation", "{found:#}");
    }
}

/// The refusal of `why` itself prints no grant that its reader may not send.
#[test]
fn the_refusal_of_why_prints_what_its_reader_may_send() {
    let world = World::sample();
    let admin = world.admin();
    probe(&world);
    helper(&world, &[]);
    admin.json(&["role", "grant", "Helper", "prvReadContact", "bu"]);
    step(&world, "contact", &[&PRE[..], &["read position"]].concat());
    assert_eq!(world.user("seller.west").run(&CREATE).code, 1);
    let requests = list(&admin.json(&["trace", "list", "--requests", "--failed"]));
    let refused = world
        .user("help")
        .run(&["why", &text(&requests[0], "sl_correlationid")]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.says("prvReadContact at depth Organization"), "{refused:?}");
    assert!(!refused.says("role grant"), "{refused:?}");
}

/// What fails in the background is told as what stands in the way: the privilege, its depth, whose it is, the cure.
#[test]
fn what_fails_in_the_background_is_cured() {
    let world = World::sample();
    probe(&world);
    step(
        &world,
        "contact",
        &[&PRE[..], &["read position", "--name", "first"]].concat(),
    );
    let later = [
        "--stage",
        "post-operation",
        "--mode",
        "async",
        "--config",
        "read campaign",
        "--name",
        "later",
    ];
    step(&world, "contact", &later);
    assert_eq!(world.user("seller.west").run(&CREATE).code, 1);
    let (told, found) = why(&world, "admin");
    for words in [
        "After it, in the background, these fail; the request passes all the same:",
        "The step \"later\" fails.",
        "Its call RetrieveMultiple campaign, made as seller.west, is refused.",
        "What is missing is prvReadCampaign (to read campaign), at depth User",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let failure = &found["background"][0];
    assert_eq!(failure["privilege"], "prvReadCampaign");
    assert_eq!(failure["lacks"][0]["depth"], "User");
    let grant = text(&failure["cures"][0]["fixes"][0], "command");
    assert_eq!(grant, "sluice role grant Salesperson prvReadCampaign user");
    assert_eq!(failure["cures"][0]["passes"], true);
    crate::why::paste(&world, failure["cures"][0]["fixes"].as_array().unwrap());
    let (_, found) = why(&world, "admin");
    assert_eq!(found["background"].as_array().unwrap().len(), 0, "{found:#}");
}
