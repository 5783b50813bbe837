//! The texts of the refusals, to the letter, and what a
//! machine finds beside them.

#[path = "common/people.rs"]
pub mod people;

use people::{CREW, EAST, SALLY, WEST, account, id, privileges, reader, role, sally, table, team};
use sluice_access::{
    OwnerToBe, Permit, Principal, PrincipalFacts, PrincipalId, RowFacts, Shared, Units, check_named, check_owner_to_be,
    check_privilege, decide, decide_create, list,
};
use sluice_model::{Code, Depth, Grantee, Ownership, PrincipalInfo, PrincipalKind, Right, Rights};

const MISSING_WRITE: &str = "Principal user (Id=00000000-0000-0000-0000-000000000010, type=8, roleCount=1, \
    privilegeCount=1, accessMode='0 Read-Write', AADObjectId='00000000-0000-0000-0000-000000000040', \
    MetadataCachePrivilegesCount=3, businessUnitId=00000000-0000-0000-0000-000000000020), is missing \
    prvWriteAccount privilege (Id=00000000-0000-0000-0000-0000000000a2) on OTC=4490 for entity 'account' \
    (LocalizedName='Account Display'). context.Caller=00000000-0000-0000-0000-000000000010. Consider adding \
    missed privilege to one of the principal (user/team) roles.";

#[test]
fn a_missing_privilege() {
    let error = check_privilege(&reader(Depth::Organization), &account(), Right::Write, &privileges()).unwrap_err();
    assert_eq!(error.message(), MISSING_WRITE);
    let body = error.body();
    assert_eq!(body.code, Code::PRIVILEGE_DENIED);
    assert_eq!(body.privilege.as_deref(), Some("prvWriteAccount"));
    assert_eq!(body.table.as_deref(), Some("account"));
    assert_eq!(body.depth, Some(Depth::User));
    let sally = PrincipalInfo {
        id: SALLY,
        name: "Sally Seller".to_owned(),
        kind: PrincipalKind::User,
        roles: vec!["Seller".to_owned()],
        grantee: Some(Grantee {
            id: Some(id(1)),
            role: "Seller".to_owned(),
            only_team: false,
        }),
    };
    assert_eq!(body.principal, Some(sally));
}

#[test]
fn an_organization_owned_table_needs_organization() {
    let rate = table("rate", "Rate", Ownership::Organization);
    let error = check_privilege(&reader(Depth::User), &rate, Right::Read, &privileges()).unwrap_err();
    assert_eq!(error.body().depth, Some(Depth::Organization));

    let shallow = Principal::new(sally(vec![role(
        1,
        "Odd",
        None,
        &[("prvreadrate", Depth::ParentChild)],
    )]));
    let row = RowFacts {
        id: id(0x50),
        owner: None,
        business_unit: None,
        shared: shared(Rights::of(&[Right::Read])),
        limit: Shared::default(),
        reader: Shared::default(),
    };
    let error = decide(&shallow, &Units::default(), &rate, Right::Read, &row, &privileges()).unwrap_err();
    assert_eq!(
        (error.code(), error.body().depth),
        (Code::ACCESS_DENIED, Some(Depth::Organization))
    );
    assert!(error.message().contains(r#""OwnerPrincipal":null"#), "{error}");
    assert!(error.message().contains(r#""EntityOwnershipTypeMask":8"#), "{error}");
}

#[test]
fn an_owner_who_lacks_read() {
    let caller = Principal::new(sally(vec![role(
        1,
        "Seller",
        None,
        &[("prvassignaccount", Depth::User)],
    )]));
    let error = check_owner_to_be(&caller, &account(), &team(0), &privileges()).unwrap_err();
    assert_eq!(
        error.message(),
        "Read Privilege Check For Owner failed with exception: Principal team \
         (Id=00000000-0000-0000-0000-000000000030, type=9, teamType=0, privilegeCount=0, \
         MetadataCachePrivilegesCount=3, businessUnitId=00000000-0000-0000-0000-000000000021), is missing \
         prvReadAccount privilege (Id=00000000-0000-0000-0000-0000000000a1) on OTC=4490 for entity 'account' \
         (LocalizedName='Account Display'). context.Caller=00000000-0000-0000-0000-000000000010"
    );
    assert_eq!(error.code(), Code::OWNER_LACKS_READ);
    assert_eq!(error.body().principal.as_ref().map(|owner| owner.id), Some(CREW));
    assert_eq!(error.body().depth, Some(Depth::User));

    check_owner_to_be(
        &caller,
        &account(),
        &team(0).lend("prvReadAccount", Depth::User),
        &privileges(),
    )
    .unwrap();
    let error = check_owner_to_be(&reader(Depth::User), &account(), &team(0), &privileges()).unwrap_err();
    assert_eq!(error.body().privilege.as_deref(), Some("prvAssignAccount"));
    let error = check_owner_to_be(&caller, &account(), &team(1), &privileges()).unwrap_err();
    assert_eq!(error.code(), Code::TEAM_CANNOT_OWN);
}

#[test]
fn a_team_that_lacks_a_privilege() {
    let error = check_privilege(&team(0), &account(), Right::Read, &privileges()).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert!(error.message().starts_with("Principal team (Id="), "{error}");
    assert!(
        error
            .message()
            .ends_with("Consider adding missed privilege to one of the principal (user/team) roles.")
    );
}

#[test]
fn a_privilege_of_no_table() {
    let error = check_named(&reader(Depth::User), "prvWriteOptionSet", &privileges()).unwrap_err();
    assert_eq!(
        error.message(),
        "SecLib::CheckPrivilege failed. User: 00000000-0000-0000-0000-000000000010, PrivilegeName: prvWriteOptionSet, \
         PrivilegeId: 00000000-0000-0000-0000-0000000000a3, Required Depth: Basic, BusinessUnitId: \
         00000000-0000-0000-0000-000000000020, MetadataCache Privileges Count: 3, User Privileges Count: 1"
    );
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert_eq!(error.body().privilege.as_deref(), Some("prvWriteOptionSet"));
    assert_eq!(error.body().depth, Some(Depth::Organization));
    check_named(
        &reader(Depth::User).lend("prvWriteOptionSet", Depth::User),
        "prvwriteoptionset",
        &privileges(),
    )
    .unwrap();
}

#[test]
fn no_roles_at_all() {
    let nobody = Principal::new(sally(Vec::new()));
    for error in [
        check_privilege(&nobody, &account(), Right::Read, &privileges()).unwrap_err(),
        check_named(&nobody, "prvReadAccount", &privileges()).unwrap_err(),
    ] {
        assert_eq!(error.message(), "The user has not been assigned any roles.");
        assert_eq!(error.code(), Code::NO_ROLES);
        assert_eq!(error.body().privilege.as_deref(), Some("prvReadAccount"));
    }
    let error = check_privilege(&nobody, &account(), Right::Read, &privileges()).unwrap_err();
    assert_eq!(
        (error.body().table.as_deref(), error.body().depth),
        (Some("account"), Some(Depth::User))
    );
    check_privilege(
        &nobody.lend("prvReadAccount", Depth::User),
        &account(),
        Right::Read,
        &privileges(),
    )
    .unwrap();
}

#[test]
fn a_user_who_may_only_read() {
    let roles = vec![role(
        1,
        "Seller",
        None,
        &[("prvreadaccount", Depth::User), ("prvwriteaccount", Depth::User)],
    )];
    let principal = Principal::new(PrincipalFacts {
        access_mode: 2,
        ..sally(roles)
    });
    check_privilege(&principal, &account(), Right::Read, &privileges()).unwrap();
    let error = check_privilege(&principal, &account(), Right::Write, &privileges()).unwrap_err();
    assert_eq!(
        error.message(),
        "User does not have read-write access to the Dynamics 365 organization."
    );
    assert_eq!(error.code(), Code::READ_ONLY_ACCESS_MODE);
    // No grant would help, so none is named.
    assert_eq!(error.body().privilege, None);
}

#[test]
fn a_disabled_user() {
    let principal = Principal::new(PrincipalFacts {
        disabled: true,
        ..sally(vec![role(1, "Seller", None, &[("prvreadaccount", Depth::User)])])
    });
    for error in [
        check_privilege(&principal, &account(), Right::Read, &privileges()).unwrap_err(),
        check_named(&principal, "prvReadAccount", &privileges()).unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::USER_DISABLED);
        assert_eq!(
            error.message(),
            "The specified user(Id = 00000000-0000-0000-0000-000000000010) is disabled. Consider enabling this user."
        );
    }
}

#[test]
fn an_internal_table_is_the_systems_alone() {
    let internal = table("accountleads", "accountleads", Ownership::None);
    let administrator = reader(Depth::Organization).lend("prvReadaccountleads", Depth::Organization);
    let error = list(&administrator, &Units::default(), &internal, &privileges()).unwrap_err();
    assert_eq!(error.code(), Code::PRIVILEGE_DENIED);
    assert_eq!(
        error.message(),
        "the table `accountleads` is internal to the platform: `Sally Seller` has no ReadAccess there, and no role can \
         grant it"
    );
    let system = Principal::system(id(1), "SYSTEM", WEST);
    decide_create(
        &system,
        &Units::default(),
        &internal,
        &OwnerToBe::organization(),
        &privileges(),
    )
    .unwrap();
}

fn eves_account(shares: Rights) -> RowFacts {
    let owner = Some(PrincipalId::user(id(0x11)));
    RowFacts {
        id: id(0x50),
        owner,
        business_unit: Some(EAST),
        shared: shared(shares),
        limit: Shared::default(),
        reader: Shared::default(),
    }
}

fn decide_write(principal: &Principal, row: &RowFacts) -> sluice_model::Result<Permit> {
    let units = Units::new([(WEST, None), (EAST, Some(WEST))]);
    decide(principal, &units, &account(), Right::Write, row, &privileges())
}

#[test]
fn a_depth_that_does_not_reach_the_row() {
    let both = [
        ("prvreadaccount", Depth::Organization),
        ("prvwriteaccount", Depth::User),
    ];
    let seller = Principal::new(sally(vec![role(1, "Seller", None, &both)]));
    let error = decide_write(&seller, &eves_account(Rights::of(&[Right::Append, Right::Read]))).unwrap_err();
    assert_eq!(
        error.message(),
        "Principal with id 00000000-0000-0000-0000-000000000010 does not have WriteAccess right(s) for record with id \
         00000000-0000-0000-0000-000000000050 of entity account. Details: {\"CallerPrincipal\":{\"PrincipalId\":\
         \"00000000-0000-0000-0000-000000000010\",\"Type\":8,\"IsUserPrincipal\":true},\"OwnerPrincipal\":\
         {\"PrincipalId\":\"00000000-0000-0000-0000-000000000011\",\"Type\":8,\"IsUserPrincipal\":true},\"ObjectId\":\
         \"00000000-0000-0000-0000-000000000050\",\"ObjectTypeCode\":4490,\"EntityName\":\"account\",\
         \"ObjectBusinessUnitId\":\"00000000-0000-0000-0000-000000000021\",\"RightsToCheck\":\"WriteAccess\",\
         \"RoleAccessRights\":\"ReadAccess\",\"PoaAccessRights\":\"ReadAccess, AppendAccess\",\"HsmAccessRights\":\
         \"None\",\"GrantedAccessRights\":\"ReadAccess\",\"Messages\":\
         [\"PrincipalHasOwnerPrincipalWithAtLeastBasicPrivilegeDepth = False\",\"EntityUserGroupRights = None\",\
         \"MinimumPrivilegeDepthRequired = Deep\",\"SecLib::AccessCheckEx2 failed. Owner Data: User principal \
         00000000-0000-0000-0000-000000000011 is not loaded in UserDataCache yet; Principal Data: roleCount=1, \
         privilegeCount=2, accessMode=0\"],\"EntityOwnershipTypeMask\":1,\"CallerInfo\":{\"IsSystemUser\":false,\
         \"IsSupportUser\":false,\"IsAdministrator\":false,\"IsCustomizer\":false,\"IsDisabled\":false,\
         \"IsIntegrationUser\":false,\"Teams\":null,\"Roles\":null},\"ReadOnlyState\":\"UserAndOrgFullAccess\",\
         \"IsHsmEnabled\":false,\"HsmInfo\":null}"
    );
    let body = error.body();
    assert_eq!((body.code, body.depth), (Code::ACCESS_DENIED, Some(Depth::ParentChild)));
    assert_eq!(body.privilege.as_deref(), Some("prvWriteAccount"));
    assert_eq!(body.table.as_deref(), Some("account"));
    assert_eq!(body.principal.as_ref().map(|principal| principal.id), Some(SALLY));
}

#[test]
fn a_row_of_ones_own_that_a_team_role_does_not_reach() {
    let mut via_crew = role(1, "Seller", Some(CREW), &[("prvwriteaccount", Depth::User)]);
    via_crew.direct_inheritance = false;
    let member = Principal::new(sally(vec![via_crew]));
    let mine = RowFacts {
        owner: Some(PrincipalId {
            id: SALLY,
            kind: PrincipalKind::User,
        }),
        business_unit: Some(WEST),
        ..eves_account(Rights::NONE)
    };
    let error = decide_write(&member, &mine).unwrap_err();
    assert_eq!(error.body().depth, Some(Depth::User));
    assert!(
        error
            .message()
            .contains("Owner Data: roleCount=1, privilegeCount=1, accessMode=0;"),
        "{error}"
    );
    decide_write(&member.lend("prvWriteAccount", Depth::User), &mine).unwrap();
}

/// What is granted to a managed role is refused: it is not who would get the privilege.
#[test]
fn a_managed_role_gets_no_privilege() {
    let grantee = |roles| {
        let error = decide_write(&Principal::new(sally(roles)), &eves_account(Rights::NONE)).unwrap_err();
        let principal = error.body().principal.clone().unwrap();
        principal.grantee.map(|grantee| grantee.role)
    };
    let privileges = [("prvwriteaccount", Depth::User)];
    let mut vendors = role(1, "Vendor", None, &privileges);
    vendors.managed = true;
    let of_team = role(2, "Seller", Some(CREW), &privileges);
    assert_eq!(grantee(vec![vendors.clone(), of_team]).as_deref(), Some("Seller"));
    assert_eq!(grantee(vec![vendors]), None);
}

fn shared(own: Rights) -> Shared {
    Shared {
        own,
        ..Shared::default()
    }
}
