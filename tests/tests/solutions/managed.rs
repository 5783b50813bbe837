//! What is managed is changed by nobody but the next import.

use sluice_model::{Code, Depth, Filter, Parameter, Query, Reference, Request, Row, Value};
use sluice_platform::TableChange;
use sluice_platform::prelude::*;

use crate::world::{Site, says};

/// An organisation into which a managed solution with everything was imported.
fn customer() -> Site {
    let from = Site::sample();
    from.all(&[
        "option-set add contact.statuscode 100000001 Hot --state 0",
        "option-set create rsh_interest --option 1=Pumps",
        "column create lead rsh_interest choice --global rsh_interest",
        "column create opportunity rsh_interest choice --global rsh_interest",
        "mapping add lead opportunity rsh_interest rsh_interest",
        "row create systemform name=Quick objecttypecode=lead formjson='{}'",
        "publish",
    ]);
    from.duplicate_rule("Same mail");
    from.process("Our process");
    let file = from.export(
        "Vendor",
        "1.0",
        &[
            "option-set contact.statuscode",
            "option-set rsh_interest",
            "table sl_commissionrule",
            "column account.sl_commissionrate",
            "column lead.rsh_interest",
            "column opportunity.rsh_interest",
            "form lead:Quick",
            "mapping lead:opportunity",
            "role Salesperson",
            "plugin commission",
            "duplicate-rule Same mail",
            "flow Our process",
        ],
        true,
    );
    let world = Site::new();
    world.import(&file);
    world
}

#[test]
fn rows_and_what_belongs_to_them() {
    let world = customer();
    let before = world.everything();
    let id = |table: &str, column: &str, text: &str| world.one(table, column, text).unwrap().id;
    let rule = id("duplicaterule", "name", "Same mail");
    let process = id("workflow", "name", "Our process");
    let stage = id("processstage", "stagename", "Look");
    let process_step = id("sl_processstep", "sl_column", "jobtitle");
    let of_rule = Query::new("duplicaterulecondition").filter(Filter::eq("regardingobjectid", rule));
    let condition = world.admin.list(of_rule)[0].id;
    let form = id("systemform", "name", "Quick");
    let assembly = id("pluginassembly", "name", "commission");
    let step = world.steps("commission")[0].id;
    let choice = id("optionset", "name", "rsh_interest");
    let solution = id("solution", "uniquename", "Vendor");
    let part = world.admin.list(Query::new("solutioncomponent"))[0].id;
    let role = world.admin.find("role", "Salesperson");
    let changes = [
        ("duplicaterule", rule, "name", Code::MANAGED),
        ("duplicaterulecondition", condition, "baseattributename", Code::MANAGED),
        ("workflow", process, "name", Code::MANAGED),
        ("processstage", stage, "stagename", Code::MANAGED),
        ("sl_processstep", process_step, "sl_column", Code::MANAGED),
        ("systemform", form, "name", Code::MANAGED),
        ("pluginassembly", assembly, "description", Code::MANAGED),
        ("sdkmessageprocessingstep", step, "name", Code::MANAGED),
        ("optionset", choice, "displayname", Code::MANAGED),
        ("role", role, "name", Code::MANAGED),
        ("solution", solution, "friendlyname", Code::MANAGED_SOLUTION),
        ("solutioncomponent", part, "sl_name", Code::MANAGED_SOLUTION),
    ];
    for (table, id, column, code) in changes {
        let change = Row::new(table, id).with(column, "lastname");
        says(world.admin.try_update(change), code, "is managed");
        says(world.admin.try_delete(table, id), code, "is managed");
    }
    let maps = world
        .admin
        .list(Query::new("attributemap").filter(Filter::eq("ismanaged", true)));
    assert_eq!(maps.len(), 1);
    let change = Row::new("attributemap", maps[0].id).with("sourceattributename", "rsh_interest");
    says(world.admin.try_update(change), Code::SYSTEM_MAP, "is managed");
    says(
        world.admin.try_delete("attributemap", maps[0].id),
        Code::SYSTEM_MAP,
        "is managed",
    );
    assert_eq!(world.everything(), before);
}

#[test]
fn nothing_is_added_to_what_is_managed_as_a_whole() {
    let world = customer();
    let id = |table: &str, column: &str, text: &str| world.one(table, column, text).unwrap().id;
    let rule = id("duplicaterule", "name", "Same mail");
    let process = id("workflow", "name", "Our process");
    let stage = id("processstage", "stagename", "Look");
    let step = world.steps("commission")[0].id;
    let more = [
        Row::unsaved("duplicaterulecondition")
            .with("regardingobjectid", Reference::new("duplicaterule", rule))
            .with("baseattributename", "lastname")
            .with("matchingattributename", "lastname"),
        Row::unsaved("processstage")
            .with("processid", Reference::new("workflow", process))
            .with("stagename", "More")
            .with("primaryentitytypecode", "lead"),
        Row::unsaved("sl_processstep")
            .with("sl_stageid", Reference::new("processstage", stage))
            .with("sl_column", "salutation"),
        Row::unsaved("sdkmessageprocessingstepimage")
            .with(
                "sdkmessageprocessingstepid",
                Reference::new("sdkmessageprocessingstep", step),
            )
            .with("entityalias", "more")
            .with("imagetype", Value::Choice(0)),
    ];
    for row in more {
        says(world.admin.try_create(row), Code::MANAGED, "is managed");
    }
}

/// A refusal does not propose what the next command would refuse: a grant to a managed role, or to the copy
/// of it that users of other units have.
#[test]
fn nobody_is_sent_to_grant_a_managed_role_something() {
    let world = customer();
    // Of roles it is told who may read them.
    let reads = "role grant Own systemuser,team,role,sdkmessageprocessingstep:r:org";
    world.all(&["bu create West", "role create Own", reads]);
    world.all(&[
        "user create tina --bu West --role Salesperson",
        "user role-add tina Own",
    ]);
    let lacking = "row create account name=x address1_stateorprovince=WA --as tina";
    let refused = world.refused(lacking)["remedies"].to_string();
    assert!(refused.contains("\"role\":\"Own\""), "{refused}");
    assert!(!refused.contains("Salesperson"), "{refused}");
}

#[test]
fn privileges_of_a_role() {
    let world = customer();
    let role = world.admin.find("role", "Salesperson");
    let wanted = Row::unsaved("roleprivilege")
        .with("PrivilegeName", "prvDeleteLead")
        .with("Depth", Depth::Organization.number());
    let grant = Request::new("AddPrivilegesRole")
        .with("RoleId", Value::Id(role))
        .with("Privileges", Parameter::Rows(vec![wanted]));
    says(
        world.admin.0.execute(grant),
        Code::MANAGED,
        "\"Salesperson\" is managed",
    );
    let privilege = world.admin.find("privilege", "prvReadLead");
    let revoke = Request::new("RemovePrivilegeRole")
        .with("RoleId", Value::Id(role))
        .with("PrivilegeId", Value::Id(privilege));
    says(
        world.admin.0.execute(revoke),
        Code::MANAGED,
        "\"Salesperson\" is managed",
    );
    // Who holds it is not the vendor's affair.
    world.sluice("user create seller");
    world.sluice("user role-add seller Salesperson");
}

#[test]
fn options_tables_and_plug_ins() {
    let world = customer();
    for line in [
        "option-set update contact.statuscode 100000001 --label Warm",
        "option-set remove contact.statuscode 100000001",
        "option-set update rsh_interest 1 --label Pump",
        "mapping remove lead opportunity rsh_interest rsh_interest",
    ] {
        let error = world.refused(line);
        assert!(
            error["message"].as_str().unwrap().contains("managed"),
            "{line}: {error}"
        );
    }
    let change = TableChange {
        audited: Some(false),
        ..TableChange::default()
    };
    says(
        world.admin.0.update_table("sl_commissionrule", change),
        Code::MANAGED,
        "sl_commissionrule",
    );
    let assembly = sluice_platform::Assembly {
        name: "commission".to_owned(),
        bytes: sluice_tests::wasm("plugins", "vip-flag"),
        description: None,
    };
    says(
        world.admin.0.push(&assembly, &sluice_platform::PushOptions::default()),
        Code::MANAGED,
        "\"commission\" is managed",
    );
    assert_eq!(
        world.refused("solution add Vendor role Salesperson x")["code"],
        "0x8004F024"
    );
    let error = world.refused("solution add Vendor view 'lead:x'");
    assert_eq!(error["code"], "0x8004F024", "{error}");
    let error = world.refused("solution remove Vendor role Salesperson");
    assert_eq!(error["code"], "0x8004F024", "{error}");
    assert_eq!(world.refused("solution export Vendor v.zip")["code"], "0x8004F024");
}

#[test]
fn what_is_the_organisations_own_stays_so() {
    let world = customer();
    let step = world.steps("commission")[0].id;
    // Others may rely on what came with a solution: it is taken out of work by those who say so.
    for command in [&*format!("step disable {step} --for 2h"), "plugin disable commission"] {
        let error = world.refused(command);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("--force"), "{error}");
    }
    world.all(&[
        &format!("step disable {step} --force"),
        &format!("step enable {step}"),
        &format!("step update {step} --run-as admin --secure ours"),
        "plugin disable commission --force",
        "plugin enable commission",
        // Options and maps of one's own stand beside the managed ones.
        "option-set add contact.statuscode 100000002 Cold --state 0",
        "option-set add rsh_interest 2 Valves",
        "option-set update contact.statuscode 100000002 --label Colder",
        "option-set remove contact.statuscode 100000002",
        "mapping add lead opportunity budgetamount budgetamount",
        "column create sl_commissionrule rsh_note text",
        "row create sl_commissionrule sl_name=WA",
    ]);
    for (table, column, text, state) in [
        ("workflow", "name", "Our process", (1, 2)),
        ("workflow", "name", "Our process", (0, 1)),
    ] {
        let row = world.one(table, column, text).unwrap();
        world.admin.update(
            Row::new(table, row.id)
                .with("statecode", Value::Choice(state.0))
                .with("statuscode", Value::Choice(state.1)),
        );
    }
    world.sluice("duprule unpublish 'Same mail'");
    world.sluice("duprule publish 'Same mail'");
    let listed = world.sluice("step list");
    assert!(
        listed["value"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["ismanaged"] == true)
    );
}

#[test]
fn nobody_marks_what_is_theirs() {
    let world = Site::new();
    let rows = [
        Row::unsaved("webresource").with("name", "x").with("ismanaged", true),
        Row::unsaved("optionset")
            .with("name", "rsh_x")
            .with("options", r#"[{"value":1,"label":"A"}]"#)
            .with("ismanaged", true),
        Row::unsaved("solution")
            .with("uniquename", "X")
            .with("friendlyname", "X")
            .with("ismanaged", true),
    ];
    for row in rows {
        says(world.admin.try_create(row), Code::READ_ONLY_COLUMN, "ismanaged");
    }
}
