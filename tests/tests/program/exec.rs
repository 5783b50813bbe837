//! `sluice exec`: any message from the command line.

use serde_json::Value;
use sluice_tests::world::{World, id, text};

fn refused(world: &World, arguments: &[&str], code: i32, says: &str) {
    let run = world.admin().run(arguments);
    assert_eq!(run.code, code, "{arguments:?}: {run:?}");
    assert!(run.says(says), "{arguments:?}: {run:?}");
}

#[test]
fn a_message_is_sent_with_parameters_of_every_form() {
    let world = World::sample();
    let admin = world.admin();
    let me = admin.json(&["exec", "WhoAmI"]);
    assert_eq!(
        world.rows("systemuser", "domainname", "domainname eq 'admin'")[0]["systemuserid"],
        me["UserId"]
    );

    let row = r#"Target:={"@odata.type":"account","name":"Litware, Inc."}"#;
    let made = text(&admin.json(&["exec", "Create", row]), "id");
    let target = format!("Target=account:{made}");
    let answer = admin.json(&["exec", "Retrieve", &target, "ColumnSet=name, createdon"]);
    let read = &answer["BusinessEntity"];
    assert_eq!(text(read, "name"), "Litware, Inc.");
    assert_eq!(text(read, "@odata.type"), "#Microsoft.Dynamics.CRM.account");

    world.write(
        "target.json",
        serde_json::to_string(&serde_json::json!({ "@odata.type": "account", "accountid": made, "name": "Litware" }))
            .unwrap(),
    );
    let run = admin.run(&["exec", "Update", "Target=@target.json"]);
    assert_eq!((run.code, run.stdout.trim()), (0, "done; nothing came back"), "{run:?}");

    world.write("all.xml", "<fetch><entity name='account'><attribute name='name'/><filter><condition attribute='name' operator='eq' value='Litware'/></filter></entity></fetch>");
    let answer = admin.json(&[
        "exec",
        "RetrieveMultiple",
        "Query=@all.xml",
        "ReturnTotalRecordCount=yes",
    ]);
    assert_eq!(answer["TotalRecordCount"], 1, "{answer:#}");
    assert_eq!(answer["BusinessEntityCollection"][0]["accountid"], made.as_str());

    // By name; as another user who may not.
    let share = [
        "exec",
        "GrantAccess",
        "Target=account:Litware",
        "Principal=user:seller.west",
        "AccessMask=ReadAccess",
    ];
    assert_eq!(admin.run(&share).code, 0);
    let access = [
        "exec",
        "RetrievePrincipalAccess",
        "Target=account:Litware",
        "Principal=user:seller.west",
    ];
    assert!(text(&admin.json(&access), "AccessRights").contains("ReadAccess"));
    let run = world.user("seller.east").run(&["exec", "Delete", &target]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(world.count("account", "name eq 'Litware'"), 1);
}

#[test]
fn a_lead_is_qualified_as_the_web_api_says_it() {
    let world = World::sample();
    let lead = world.lead("admin");
    let leads = format!("LeadId={lead}");
    let arguments = [
        "exec",
        "QualifyLead",
        &leads,
        "CreateAccount=yes",
        "CreateContact:=true",
        "CreateOpportunity=no",
        "Status=3",
    ];
    let answer = world.admin().json(&arguments);
    let made = answer["CreatedEntities"].as_array().unwrap();
    let types: Vec<&str> = made.iter().filter_map(|row| row["@odata.type"].as_str()).collect();
    assert_eq!(
        types,
        ["#Microsoft.Dynamics.CRM.account", "#Microsoft.Dynamics.CRM.contact"]
    );
    let people = world.user("seller.west").run(&["exec", "WhoAmI"]);
    assert!(people.stdout.starts_with("BusinessUnitId"), "{people:?}");
}

#[test]
fn a_file_becomes_the_bytes_of_a_block() {
    let world = World::empty();
    let admin = world.admin();
    let note = id(&admin.json(&["row", "create", "annotation", "subject=Drawing"]));
    let target = format!(r#"Target:={{"@odata.type":"annotation","annotationid":"{note}","filename":"a.txt"}}"#);
    let upload = text(
        &admin.json(&["exec", "InitializeAnnotationBlocksUpload", &target]),
        "FileContinuationToken",
    );
    let token = format!("FileContinuationToken={upload}");
    world.write("a.txt", "three words here");
    admin.run(&["exec", "UploadBlock", "BlockId=one", "BlockData=@a.txt", &token]);
    let done = admin.json(&["exec", "CommitAnnotationBlocksUpload", &target, "BlockList=one", &token]);
    assert_eq!(done["FileSizeInBytes"], 16, "{done:#}");
}

#[test]
fn what_is_wrong_is_said_with_its_name() {
    let world = World::sample();
    refused(&world, &["exec", "Whoami"], 1, "did you mean `WhoAmI`?");
    refused(
        &world,
        &["exec", "QualifyLead", "Leadid=x"],
        1,
        "did you mean `LeadId`?",
    );
    refused(
        &world,
        &["exec", "QualifyLead", "CreateAccount=perhaps"],
        1,
        "`perhaps` is no yes or no",
    );
    refused(
        &world,
        &["exec", "QualifyLead", "Status:=\"3\""],
        1,
        "the parameter `Status` is no whole number",
    );
    refused(
        &world,
        &["exec", "Delete", "Target=Litware"],
        2,
        "write TABLE:ID or TABLE:NAME",
    );
    refused(
        &world,
        &["exec", "Delete", "Target=nosuch:Litware"],
        1,
        "there is no table `nosuch`",
    );
    refused(&world, &["exec", "Create", "Target=Litware"], 2, "is JSON");
    refused(&world, &["exec", "WhoAmI", "tag=a", "tag=b"], 2, "given twice");
    refused(&world, &["exec", "WhoAmI", "tag"], 2, "is no name=value");
    refused(&world, &["exec", "WhoAmI", "--as", "SYSTEM"], 2, "nobody acts as it");
}

#[test]
fn a_message_says_what_it_takes() {
    let world = World::empty();
    let said = world.admin().json(&["exec", "QualifyLead", "--describe"]);
    let named = |list: &str, name: &str| -> Value {
        let items = said[list].as_array().unwrap();
        items
            .iter()
            .find(|item| item["name"] == name)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(
        named("inputs", "LeadId"),
        serde_json::json!({ "name": "LeadId", "type": "reference", "required": true })
    );
    assert_eq!(named("inputs", "tag")["type"], "text");
    assert_eq!(named("outputs", "CreatedEntities")["type"], "references");
}

/// What somebody reads goes out as cells, a row a line, and for that they need what every export needs.
#[test]
fn rows_that_are_read_are_exported() {
    let world = World::sample();
    let admin = world.admin();
    let account = id(&admin.json(&["row", "create", "account", "name=Litware, Inc.", "telephone1=1"]));
    let query = format!(
        "Query=<fetch><entity name='account'><attribute name='name'/><filter><condition attribute='accountid' \
         operator='eq' value='{account}'/></filter></entity></fetch>"
    );
    let list = ["exec", "RetrieveMultiple", &query, "-o", "csv"];
    let target = format!("Target=account:{account}");
    let read = ["exec", "Retrieve", &target, "ColumnSet=name", "-o", "csv"];
    for arguments in [&list[..], &read] {
        let run = admin.run(arguments);
        let lines: Vec<&str> = run.stdout.lines().collect();
        assert_eq!((run.code, lines.len()), (0, 2), "{run:?}");
        assert!(lines[0].split(',').any(|heading| heading == "name"), "{run:?}");
        assert!(lines[1].contains("\"Litware, Inc.\""), "{run:?}");
    }
    admin.json(&["role", "create", "Clerk"]);
    admin.json(&["role", "grant", "Clerk", "account:r:org"]);
    admin.json(&["user", "create", "clerk", "--role", "Clerk"]);
    for arguments in [&list[..], &read] {
        let refused = world.user("clerk").run(arguments);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{refused:?}");
        assert!(refused.says("prvExportToExcel"), "{refused:?}");
        let shown = world.user("clerk").run(&arguments[..arguments.len() - 2]);
        assert!(shown.code == 0 && shown.stdout.contains("Litware"), "{shown:?}");
    }
}
