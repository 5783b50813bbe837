//! Every message refuses who lacks its privilege.

use std::collections::BTreeMap;

use sluice_model::{Depth, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_sales::qualify::{self, Choices};

use crate::world::{Security, add_privileges, grant};

/// What a user with a role that has nothing to do with it gets from a message.
enum Expected {
    /// The request, and the privilege whose absence is named.
    Refused(Request, &'static str),
    /// Everybody may, for this reason.
    Open(Request, &'static str),
}
use Expected::{Open, Refused};

const SOME: Uuid = Uuid::from_u128(7);

fn table() -> BTreeMap<&'static str, Expected> {
    let account = || Reference::new("account", SOME);
    let somebody = || Reference::new("systemuser", SOME);
    let on_account = |message: &str| Request::new(message).with("Target", account());
    let on_note = |message: &str| {
        let note = Row::unsaved("annotation").with("subject", "Drawings");
        Request::new(message).with("Target", note)
    };
    let link = |message: &str| {
        let related = Parameter::References(vec![Reference::new("role", SOME)]);
        let request = Request::new(message).with("Target", somebody());
        request
            .with("Relationship", "systemuserroles_association")
            .with("RelatedEntities", related)
    };
    let members = |message: &str| {
        let members = Parameter::References(vec![somebody()]);
        Request::new(message)
            .with("TeamId", Value::Id(SOME))
            .with("MemberIds", members)
    };
    let row = || Row::new("account", SOME).with("name", "Litware, Inc.");
    let remove = Request::new("RemovePrivilegeRole")
        .with("RoleId", Value::Id(SOME))
        .with("PrivilegeId", Value::Id(SOME));
    let grant_access = on_account("GrantAccess")
        .with("Principal", somebody())
        .with("AccessMask", "ReadAccess");
    let modify_access = on_account("ModifyAccess")
        .with("Principal", somebody())
        .with("AccessMask", "ReadAccess");
    let record_team = |message: &str| {
        Request::new(message)
            .with("Record", account())
            .with("SystemUserId", Value::Id(SOME))
            .with("TeamTemplateId", Value::Id(SOME))
    };
    let close = |message: &str| {
        let activity = Row::unsaved("opportunityclose").with("opportunityid", Reference::new("opportunity", SOME));
        Request::new(message)
            .with("OpportunityClose", activity)
            .with("Status", 3)
    };
    let option = |message: &str| Request::new(message).with("OptionSetName", "sl_interest");
    let rule = |message: &str| Request::new(message).with("DuplicateRuleId", Value::Id(SOME));
    let duplicates = Request::new("RetrieveDuplicates")
        .with("BusinessEntity", row())
        .with("MatchingEntityName", "account");
    let bulk = Request::new("BulkDetectDuplicates")
        .with("Query", Query::new("account"))
        .with("JobName", "all accounts");
    let access = |message| on_account(message).with("Principal", somebody());
    BTreeMap::from([
        ("AddMembersTeam", Refused(members("AddMembersTeam"), "prvWriteTeam")),
        (
            "AddPrivilegesRole",
            Refused(
                add_privileges(SOME, &[grant("prvReadAccount", Depth::User)]),
                "prvWriteRole",
            ),
        ),
        (
            "AddUserToRecordTeam",
            Refused(record_team("AddUserToRecordTeam"), "prvShareAccount"),
        ),
        ("ModifyAccess", Refused(modify_access, "prvShareAccount")),
        (
            "RemoveUserFromRecordTeam",
            Refused(record_team("RemoveUserFromRecordTeam"), "prvShareAccount"),
        ),
        (
            "Assign",
            Refused(on_account("Assign").with("Assignee", somebody()), "prvAssignAccount"),
        ),
        ("Associate", Refused(link("Associate"), "prvAppendUser")),
        (
            "CommitAnnotationBlocksUpload",
            Refused(
                on_note("CommitAnnotationBlocksUpload")
                    .with("BlockList", Parameter::Names(vec!["1".into()]))
                    .with("FileContinuationToken", "upload:1"),
                "prvCreateNote",
            ),
        ),
        (
            "AutoMapEntity",
            Refused(
                Request::new("AutoMapEntity").with("EntityMapId", Value::Id(SOME)),
                "prvWriteEntityMap",
            ),
        ),
        ("BulkDetectDuplicates", Refused(bulk, "prvReadAccount")),
        ("Create", Refused(Request::create(row()), "prvCreateAccount")),
        (
            "Upsert",
            Refused(Request::new("Upsert").with("Target", row()), "prvCreateAccount"),
        ),
        (
            "CreateEntityKey",
            Refused(
                Request::new("CreateEntityKey")
                    .with("EntityName", "account")
                    .with("Name", "sl_number")
                    .with("KeyAttributes", Parameter::Names(vec!["accountnumber".into()])),
                "prvCreateEntityKey",
            ),
        ),
        ("Delete", Refused(Request::delete(account()), "prvDeleteAccount")),
        (
            "DeleteEntityKey",
            Refused(
                Request::new("DeleteEntityKey")
                    .with("EntityLogicalName", "account")
                    .with("Name", "sl_number"),
                "prvDeleteEntityKey",
            ),
        ),
        (
            "DeleteOptionValue",
            Refused(option("DeleteOptionValue").with("Value", 1), "prvWriteOptionSet"),
        ),
        ("Disassociate", Refused(link("Disassociate"), "prvAppendUser")),
        (
            "DownloadBlock",
            Refused(
                Request::new("DownloadBlock")
                    .with("Offset", 0)
                    .with("BlockLength", 1)
                    .with("FileContinuationToken", "download:1:1"),
                "prvReadNote",
            ),
        ),
        ("GrantAccess", Refused(grant_access, "prvShareAccount")),
        (
            "InitializeAnnotationBlocksDownload",
            Refused(
                Request::new("InitializeAnnotationBlocksDownload").with("Target", Reference::new("annotation", SOME)),
                "prvReadNote",
            ),
        ),
        (
            "InitializeAnnotationBlocksUpload",
            Refused(on_note("InitializeAnnotationBlocksUpload"), "prvCreateNote"),
        ),
        (
            "InitializeFrom",
            Refused(
                Request::new("InitializeFrom")
                    .with("EntityMoniker", account())
                    .with("TargetEntityName", "contact"),
                "prvReadAccount",
            ),
        ),
        (
            "InsertOptionValue",
            Refused(option("InsertOptionValue").with("Label", "Hot"), "prvWriteOptionSet"),
        ),
        (
            "InsertStatusValue",
            Refused(
                option("InsertStatusValue").with("Label", "Hot").with("StateCode", 0),
                "prvWriteOptionSet",
            ),
        ),
        ("Lose", Refused(close("LoseOpportunity"), "prvReadOpportunity")),
        (
            "Merge",
            Refused(
                on_account("Merge").with("SubordinateId", Reference::new("account", Uuid::from_u128(8))),
                "prvMerge",
            ),
        ),
        (
            "PublishAllXml",
            Refused(Request::new("PublishAllXml"), "prvPublishCustomization"),
        ),
        (
            "PublishDuplicateRule",
            Refused(rule("PublishDuplicateRule"), "prvPublishDuplicateRule"),
        ),
        (
            "PublishXml",
            Refused(
                Request::new("PublishXml").with("Components", Parameter::References(Vec::new())),
                "prvPublishCustomization",
            ),
        ),
        (
            "ExecuteWorkflow",
            Refused(
                Request::new("ExecuteWorkflow")
                    .with("WorkflowId", Value::Id(SOME))
                    .with("EntityId", Value::Id(SOME)),
                "prvReadWorkflow",
            ),
        ),
        (
            "QualifyLead",
            Refused(qualify::request(SOME, &Choices::default()), "prvCreateLead"),
        ),
        (
            "ReactivateEntityKey",
            Refused(
                Request::new("ReactivateEntityKey")
                    .with("EntityLogicalName", "account")
                    .with("EntityKeyLogicalName", "sl_number"),
                "prvWriteEntityKey",
            ),
        ),
        (
            "RemoveMembersTeam",
            Refused(members("RemoveMembersTeam"), "prvWriteTeam"),
        ),
        ("RemovePrivilegeRole", Refused(remove, "prvWriteRole")),
        ("Retrieve", Refused(Request::retrieve(account(), &[]), "prvReadAccount")),
        ("RetrieveDuplicates", Refused(duplicates, "prvReadAccount")),
        (
            "RetrieveLeadMatches",
            Refused(
                Request::new("RetrieveLeadMatches").with("LeadId", Reference::new("lead", SOME)),
                "prvReadLead",
            ),
        ),
        (
            "RetrieveActivePath",
            Refused(
                Request::new("RetrieveActivePath").with("ProcessInstanceId", Value::Id(SOME)),
                "prvReadProcessStage",
            ),
        ),
        (
            "RetrieveMultiple",
            Refused(Request::retrieve_multiple(Query::new("account")), "prvReadAccount"),
        ),
        (
            "RetrieveAccessReasons",
            Refused(access("RetrieveAccessReasons"), "prvReadAccount"),
        ),
        (
            "RetrievePrincipalAccess",
            Refused(access("RetrievePrincipalAccess"), "prvReadAccount"),
        ),
        (
            "RetrievePrincipalsWithAccess",
            Refused(
                on_account("RetrievePrincipalsWithAccess").with("AccessRight", "ReadAccess"),
                "prvReadAccount",
            ),
        ),
        (
            "RetrievePrivilegeHolders",
            Refused(
                Request::new("RetrievePrivilegeHolders").with("PrivilegeId", Value::Id(SOME)),
                "prvReadRole",
            ),
        ),
        (
            "RetrieveSharedPrincipalsAndAccess",
            Refused(on_account("RetrieveSharedPrincipalsAndAccess"), "prvReadAccount"),
        ),
        (
            "RetrieveUserPrivileges",
            Refused(
                Request::new("RetrieveUserPrivileges").with("UserId", Value::Id(SOME)),
                "prvReadUser",
            ),
        ),
        (
            "RetrieveProcessInstances",
            Refused(
                Request::new("RetrieveProcessInstances")
                    .with("EntityId", Value::Id(SOME))
                    .with("EntityLogicalName", "account"),
                "prvReadAccount",
            ),
        ),
        (
            "RetrieveTimeline",
            Refused(on_account("RetrieveTimeline"), "prvReadAccount"),
        ),
        (
            "RevokeAccess",
            Refused(
                on_account("RevokeAccess").with("Revokee", somebody()),
                "prvShareAccount",
            ),
        ),
        (
            "UnpublishDuplicateRule",
            Refused(rule("UnpublishDuplicateRule"), "prvPublishDuplicateRule"),
        ),
        ("Update", Refused(Request::update(row()), "prvWriteAccount")),
        (
            "UploadBlock",
            Refused(
                Request::new("UploadBlock")
                    .with("BlockId", "1")
                    .with("BlockData", "AA==")
                    .with("FileContinuationToken", "upload:1"),
                "prvCreateNote",
            ),
        ),
        (
            "UpdateOptionValue",
            Refused(
                option("UpdateOptionValue").with("Value", 1).with("Label", "Hot"),
                "prvWriteOptionSet",
            ),
        ),
        ("Win", Refused(close("WinOpportunity"), "prvReadOpportunity")),
        (
            "WhoAmI",
            Open(
                Request::new("WhoAmI"),
                "it tells the caller who the caller is, and nothing else",
            ),
        ),
        (
            "RetrieveRelated",
            Refused(
                Request::new("RetrieveRelated")
                    .with("Target", somebody())
                    .with("Relationship", "systemuserroles_association"),
                "prvReadUser",
            ),
        ),
        (
            "RetrieveRolePrivilegesRole",
            Refused(
                Request::new("RetrieveRolePrivilegesRole").with("RoleId", Value::Id(SOME)),
                "prvReadRole",
            ),
        ),
        // ← a new message goes here, in the order of the names
    ])
}

#[test]
fn every_message_is_in_the_table() {
    let world = Security::new();
    let registered: Vec<&str> = world
        .organisation
        .engine()
        .messages()
        .iter()
        .map(|message| message.name())
        .collect();
    let listed: Vec<&str> = table().into_keys().collect();
    assert_eq!(
        listed, registered,
        "If you're here because this assertion failed: the messages of the registry (right) and those of the table in \
         this file (left) differ. Give a new message a row there, with the privilege that a user with an unrelated role \
         is refused with; if everybody may run it, say why. Take out the row of a message that is gone."
    );
}

#[test]
fn every_message_refuses_a_user_whose_role_has_nothing_to_do_with_it() {
    let world = Security::new();
    world.role("Unrelated", &[grant("prvReadTransactionCurrency", Depth::Organization)]);
    let outsider = world.user("outsider", world.root(), &["Unrelated"]);
    for (message, expected) in table() {
        let (request, privilege) = match expected {
            Refused(request, privilege) => (request, privilege),
            Open(request, reason) => {
                assert!(!reason.is_empty(), "{message} is open to everybody without a reason");
                outsider.0.execute(request).unwrap();
                continue;
            }
        };
        let error = outsider.0.execute(request).unwrap_err();
        assert_eq!(error.code().to_string(), "0x80040220", "{message}: {error}");
        assert_eq!(error.body().privilege.as_deref(), Some(privilege), "{message}");
        assert_eq!(error.body().principal.as_ref().unwrap().id, outsider.id(), "{message}");
    }
}

#[test]
fn every_message_refuses_a_user_without_roles_before_it_looks_at_any_row() {
    let world = Security::new();
    let nobody = world.user("nobody", world.root(), &[]);
    for (message, expected) in table() {
        if let Refused(request, _) = expected {
            let error = nobody.0.execute(request).unwrap_err();
            assert_eq!(error.code().to_string(), "0x80042F09", "{message}: {error}");
        }
    }
}
