//! Secured columns: nothing tells what they hold but the profiles of whoever asks.

use sluice_model::{
    Code, Depth, Error, Filter, Name, Parameter, Query, Reference, Request, Right, Row, Uuid, Value,
    query::{Join, Order, Related, Total, What},
};
use sluice_platform::{ColumnChange, prelude::*};
use sluice_tests::Actor;

use crate::world::{Security, associate, disassociate, grant, grants, outcome, user};

/// Sellers who read and write all accounts, and two secured columns of accounts.
pub struct Columns {
    pub world: Security,
    pub seller: Actor,
    pub profile: Uuid,
    pub account: Uuid,
}

const SECURED: [&str; 2] = ["creditlimit", "telephone1"];

pub fn secure(admin: &Actor, table: &str, column: &str, secured: bool) -> Result<(), Error> {
    let change = ColumnChange {
        secured: Some(secured),
        ..ColumnChange::default()
    };
    admin.0.update_column(table, column, &change).map(|_| ())
}

/// A permission of a profile: which of create, read and update it gives.
pub fn permission(profile: Uuid, column: &str, [create, read, update]: [bool; 3]) -> Row {
    let of = |given| Value::Choice(if given { 4 } else { 0 });
    Row::unsaved("fieldpermission")
        .with(
            "fieldsecurityprofileid",
            Reference::new("fieldsecurityprofile", profile),
        )
        .with("entityname", "account")
        .with("attributelogicalname", column)
        .with("cancreate", of(create))
        .with("canread", of(read))
        .with("canupdate", of(update))
}

pub fn join(world: &Security, actor: &Actor, profile: Uuid) {
    let profile = Reference::new("fieldsecurityprofile", profile);
    associate(&world.admin, profile, "systemuserprofiles_association", user(actor)).unwrap();
}

impl Columns {
    pub fn new() -> Self {
        let world = Security::new();
        world.role("Seller", &grants("Account", &Right::ALL, Depth::Organization));
        let seller = world.user("seller", world.root(), &["Seller"]);
        for column in SECURED {
            secure(&world.admin, "account", column, true).unwrap();
        }
        let profile = world
            .admin
            .create(Row::unsaved("fieldsecurityprofile").with("name", "Finance"));
        let account = world.admin.create(
            Row::unsaved("account")
                .with("name", "Litware, Inc.")
                .with("telephone1", "425-555-0100")
                .with("creditlimit", Value::Money(1000.into())),
        );
        Self {
            world,
            seller,
            profile,
            account,
        }
    }

    pub fn gives(&self, column: &str, rights: [bool; 3]) {
        self.world.admin.create(permission(self.profile, column, rights));
    }

    fn ask(&self, query: Query) -> String {
        outcome(&self.seller.0.execute(Request::retrieve_multiple(query)))
    }
}

const ASKED: &str = "0x8004F506";

#[test]
fn a_row_is_shown_without_what_no_profile_lets_read() {
    let columns = Columns::new();
    let all = columns.world.admin.get("account", columns.account);
    assert!(all.has("telephone1") && all.has("creditlimit") && all.has("creditlimit_base"));
    let seen = columns.seller.get("account", columns.account);
    for hidden in ["telephone1", "creditlimit", "creditlimit_base"] {
        assert!(!seen.has(hidden), "{hidden}: {seen:?}");
    }
    assert_eq!(seen.text("name"), Some("Litware, Inc."));
    let listed = columns
        .seller
        .list(Query::new("account").columns(&["name", "telephone1"]));
    assert!(!listed[0].has("telephone1") && listed[0].has("name"));

    columns.gives("telephone1", [false, true, false]);
    join(&columns.world, &columns.seller, columns.profile);
    let seen = columns.seller.get("account", columns.account);
    assert_eq!(seen.text("telephone1"), Some("425-555-0100"));
    assert!(!seen.has("creditlimit_base"));
}

#[test]
fn a_profile_counts_through_a_team_and_no_longer_than_somebody_has_it() {
    let columns = Columns::new();
    columns.gives("telephone1", [false, true, false]);
    let team = columns
        .world
        .owner_team("Bookkeepers", columns.world.root(), &[], &[&columns.seller]);
    let profile = Reference::new("fieldsecurityprofile", columns.profile);
    let team = Reference::new("team", team);
    let reads = || columns.seller.get("account", columns.account).has("telephone1");
    assert!(!reads());
    let admin = &columns.world.admin;
    associate(admin, profile.clone(), "teamprofiles_association", team.clone()).unwrap();
    assert!(reads());
    disassociate(admin, profile, "teamprofiles_association", team).unwrap();
    assert!(!reads());
}

#[test]
fn writing_a_secured_column_is_refused_in_the_platforms_words() {
    let columns = Columns::new();
    let (seller, account) = (&columns.seller, columns.account);
    let change = || Row::new("account", account).with("telephone1", "1");
    let error = seller.try_update(change()).unwrap_err();
    assert_eq!(error.code(), Code::COLUMN_UPDATE_DENIED);
    assert_eq!(
        error.message(),
        format!(
            "User with ID {} does not have Update permissions for the telephone1 attribute in the account entity. The \
             accountid of the record is {account}",
            seller.id()
        )
    );
    // Emptying is changing.
    let emptied = Row::new("account", account).with("telephone1", Value::Null);
    assert_eq!(outcome(&seller.try_update(emptied)), "0x8004F507");
    let made = || Row::unsaved("account").with("name", "Fabrikam").with("telephone1", "1");
    let error = seller.try_create(made()).unwrap_err();
    assert_eq!(error.code().to_string(), "0x8004F502");
    assert!(
        error
            .message()
            .contains("does not have Create permissions for the telephone1"),
        "{error}"
    );
    seller.update(Row::new("account", account).with("name", "Other"));
    seller.create(Row::unsaved("account").with("name", "Fabrikam"));

    join(&columns.world, seller, columns.profile);
    columns.gives("telephone1", [true, false, false]);
    seller.create(made());
    assert_eq!(outcome(&seller.try_update(change())), "0x8004F507");
}

fn order(column: &str) -> Order {
    Order {
        column: column.into(),
        descending: false,
    }
}

/// Contacts with the telephone of their accounts, among those that a filter leaves.
fn joined(filter: Filter) -> Query {
    let mut query = Query::new("contact").columns(&[]);
    query.joins.push(Join {
        alias: "a".into(),
        within: None,
        column: "parentcustomerid".into(),
        table: "account".into(),
        other: "accountid".into(),
        outer: true,
        columns: vec![("telephone1".into(), Name::from("phone"))],
        filter,
    });
    query
}

/// Every way to ask for rows by what they hold in a secured column.
fn asked() -> Vec<Query> {
    let by = Filter::eq("telephone1", "425-555-0100");
    let total = |what, column: &str| {
        let mut query = Query::new("account");
        query.totals.push(Total {
            of: None,
            column: column.into(),
            name: "n".into(),
            what,
        });
        query
    };
    let mut ordered = Query::new("account");
    ordered.order.push(order("creditlimit_base"));
    let mut distinct = Query::new("account").columns(&["telephone1"]);
    distinct.distinct = true;
    let mut by_joined = joined(Filter::All);
    by_joined.order.push(order("a.telephone1"));
    let related = Filter::Related(Box::new(Related {
        column: "parentcustomerid".into(),
        table: "account".into(),
        other: "accountid".into(),
        filter: by.clone(),
    }));
    vec![
        Query::new("account").filter(by.clone()),
        Query::new("account").filter(Filter::eq("name", "x").negated().and(by.clone().negated())),
        Query::new("contact").filter(related.negated()),
        ordered,
        total(What::Sum, "creditlimit"),
        total(What::Most, "creditlimit_base"),
        total(What::CountDistinct, "telephone1"),
        total(What::Group, "telephone1"),
        distinct,
        joined(by),
        by_joined,
    ]
}

#[test]
fn nothing_is_looked_for_by_what_is_not_shown() {
    let columns = Columns::new();
    columns
        .world
        .role("Contacts", &grants("Contact", &Right::ALL, Depth::Organization));
    let role = columns.world.role_in("Contacts", columns.world.root());
    let seller = user(&columns.seller);
    associate(&columns.world.admin, seller, "systemuserroles_association", role).unwrap();
    for query in asked() {
        let counted = Request::retrieve_multiple(query.clone()).with("ReturnTotalRecordCount", true);
        assert_eq!(outcome(&columns.seller.0.execute(counted)), ASKED, "{query:?}");
        assert_eq!(columns.ask(query.clone()), ASKED, "{query:?}");
        columns.world.admin.list(query);
    }
    // What is joined is shown without it.
    let contact = Row::unsaved("contact")
        .with("lastname", "Novak")
        .with("parentcustomerid", Reference::new("account", columns.account));
    columns.world.admin.create(contact);
    assert!(columns.world.admin.list(joined(Filter::All))[0].has("phone"));
    assert!(!columns.seller.list(joined(Filter::All))[0].has("phone"));

    for column in SECURED {
        columns.gives(column, [false, true, false]);
    }
    join(&columns.world, &columns.seller, columns.profile);
    for query in asked() {
        assert_eq!(columns.ask(query.clone()), "ok", "{query:?}");
    }
}

#[test]
fn only_what_can_be_secured_is() {
    let columns = Columns::new();
    let admin = &columns.world.admin;
    for (table, column) in [
        ("account", "accountid"),
        ("account", "ownerid"),
        ("account", "name"),
        ("account", "statecode"),
        ("account", "statuscode"),
        ("account", "createdon"),
        ("account", "modifiedby"),
        ("account", "primarycontactid"),
        ("account", "creditlimit_base"),
        ("account", "overriddencreatedon"),
        ("contact", "fullname"),
        ("contact", "firstname"),
        ("systemuser", "domainname"),
        ("principalobjectaccess", "accessrightsmask"),
        // What travels in solutions travels whole.
        ("systemform", "formjson"),
        ("savedquery", "fetchxml"),
        ("webresource", "content"),
        ("optionset", "options"),
        ("solution", "version"),
        ("entitymap", "targetentityname"),
        ("teamtemplate", "description"),
    ] {
        let error = secure(admin, table, column, true).unwrap_err();
        assert_eq!(error.code(), Code::INVALID_ARGUMENT, "{table}.{column}: {error}");
    }
    assert_eq!(
        secure(admin, "account", "nothing", true).unwrap_err().code(),
        Code::ATTRIBUTE_UNKNOWN
    );
}

#[test]
fn a_permission_is_of_a_secured_column_and_there_once() {
    let columns = Columns::new();
    let admin = &columns.world.admin;
    let made = |column: &str| admin.try_create(permission(columns.profile, column, [true; 3]));
    assert_eq!(made("fax").unwrap_err().code(), Code::INVALID_ARGUMENT);
    assert_eq!(made("nothing").unwrap_err().code(), Code::ATTRIBUTE_UNKNOWN);
    let first = made("telephone1").unwrap();
    assert_eq!(made("telephone1").unwrap_err().code(), Code::DUPLICATE_KEY);
    let moved = Row::new("fieldpermission", first).with("attributelogicalname", "creditlimit");
    assert_eq!(admin.try_update(moved).unwrap_err().code(), Code::INVALID_ARGUMENT);
}

#[test]
fn the_profile_of_administrators_stays() {
    let columns = Columns::new();
    let admin = &columns.world.admin;
    let profile = admin.find("fieldsecurityprofile", "System Administrator");
    assert_eq!(profile.to_string(), "572329c1-a042-4e22-be47-367c6374ea45");
    let fixed = Code::PROFILE_FIXED;
    let renamed = Row::new("fieldsecurityprofile", profile).with("name", "Everybody");
    assert_eq!(admin.try_update(renamed).unwrap_err().code(), fixed);
    assert_eq!(
        admin.try_delete("fieldsecurityprofile", profile).unwrap_err().code(),
        fixed
    );
    let permission = permission(profile, "telephone1", [true; 3]);
    assert_eq!(admin.try_create(permission).unwrap_err().code(), fixed);
    // Who is in it reads everything.
    join(&columns.world, &columns.seller, profile);
    assert!(columns.seller.get("account", columns.account).has("creditlimit"));
}

/// Who may write profiles gives on them, and takes from columns, no more than they hold.
#[test]
fn nobody_gives_what_they_do_not_read() {
    let columns = Columns::new();
    let of_organization: Vec<Right> = Right::ALL
        .into_iter()
        .filter(|right| right.is_of_organization())
        .collect();
    let mut rights: Vec<_> = ["FieldSecurityProfile", "FieldPermission"]
        .iter()
        .flat_map(|table| grants(table, &of_organization, Depth::Organization))
        .collect();
    for table in ["User", "Team"] {
        rights.extend(grants(table, &Right::ALL, Depth::Organization));
    }
    rights.push(grant("prvWriteAttribute", Depth::Organization));
    columns.world.role("Keeper", &rights);
    let keeper = columns
        .world
        .user("keeper", columns.world.root(), &["Keeper", "Seller"]);
    let denied = Code::PRIVILEGE_DENIED;
    let joins = |profile: Uuid| {
        let profile = Reference::new("fieldsecurityprofile", profile);
        associate(&keeper, profile, "systemuserprofiles_association", user(&keeper))
    };
    let administrators = keeper.find("fieldsecurityprofile", "System Administrator");
    assert_eq!(joins(administrators).unwrap_err().code(), denied);
    // Of an empty profile anybody may be a member; then it gives nothing that the keeper lacks.
    joins(columns.profile).unwrap();
    let read = || permission(columns.profile, "telephone1", [false, true, false]);
    assert_eq!(keeper.try_create(read()).unwrap_err().code(), denied);
    assert_eq!(
        secure(&keeper, "account", "telephone1", false).unwrap_err().code(),
        denied
    );
    let other = columns
        .world
        .admin
        .create(Row::unsaved("fieldsecurityprofile").with("name", "Other"));
    columns
        .world
        .admin
        .create(permission(other, "telephone1", [false, true, false]));
    assert_eq!(joins(other).unwrap_err().code(), denied);
    // Nor through a team that has it.
    let team = columns.world.owner_team("Other", columns.world.root(), &[], &[]);
    let profile = Reference::new("fieldsecurityprofile", other);
    associate(
        &columns.world.admin,
        profile,
        "teamprofiles_association",
        Reference::new("team", team),
    )
    .unwrap();
    let members = Request::new("AddMembersTeam")
        .with("TeamId", Value::Id(team))
        .with("MemberIds", Parameter::References(vec![user(&keeper)]));
    assert_eq!(keeper.0.execute(members).unwrap_err().code(), denied);
    // Who holds it may give it.
    columns.world.admin.create(read());
    joins(other).unwrap();
    secure(&keeper, "account", "telephone1", false).unwrap();
}

#[test]
fn a_column_that_is_open_again_or_gone_leaves_no_permission() {
    let columns = Columns::new();
    columns.gives("telephone1", [true; 3]);
    join(&columns.world, &columns.seller, columns.profile);
    let permissions = || columns.world.admin.count("fieldpermission");
    assert_eq!(permissions(), 1);
    secure(&columns.world.admin, "account", "telephone1", false).unwrap();
    assert_eq!(permissions(), 0);
    secure(&columns.world.admin, "account", "telephone1", true).unwrap();
    assert!(!columns.seller.get("account", columns.account).has("telephone1"));
}
