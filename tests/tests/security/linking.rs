//! Append and AppendTo: linking two rows.

use sluice_model::{Depth, Reference, Right, Row, Uuid, Value};
use sluice_sales::qualify::{Choices, Party};
use sluice_tests::Actor;

use crate::world::{Security, associate, disassociate, grants, qualify, qualifying, refusal, user};

/// A seller who sees every account and can do everything else with their own rows.
struct Desk {
    world: Security,
    role: Uuid,
    seller: Actor,
    colleague: Actor,
}

impl Desk {
    fn new() -> Self {
        let world = Security::new();
        let write = ["Account", "Contact", "Opportunity"]
            .map(|table| grants(table, &[Right::Write], Depth::User))
            .concat();
        let read = grants("Account", &[Right::Read], Depth::Organization);
        let role = world.role("Seller", &[qualifying(Depth::User), write, read].concat());
        let seller = world.user("seller", world.root(), &["Seller"]);
        let colleague = world.user("colleague", world.root(), &["Seller"]);
        Self {
            world,
            role,
            seller,
            colleague,
        }
    }

    fn account(&self, of: &Actor) -> Reference {
        Reference::new("account", self.world.account(user(of)))
    }

    /// An opportunity on the account, made in one go, by a change, and by Associate.
    fn attach(&self, account: &Reference) -> [Result<(), sluice_model::Error>; 3] {
        let bare = Row::unsaved("opportunity").with("name", "Twelve pumps");
        let there = Reference::new(
            "opportunity",
            self.world
                .admin
                .create(bare.clone().with("ownerid", user(&self.seller))),
        );
        let at_once = self
            .seller
            .try_create(bare.with("parentaccountid", account.clone()))
            .map(|_| ());
        let changed = self
            .seller
            .try_update(Row::new("opportunity", there.id).with("parentaccountid", account.clone()));
        let other = Reference::new(
            "opportunity",
            self.world.admin.create(
                Row::unsaved("opportunity")
                    .with("name", "Twelve pipes")
                    .with("ownerid", user(&self.seller)),
            ),
        );
        let associated = associate(&self.seller, account.clone(), "opportunity.parentaccountid", other);
        [at_once, changed, associated]
    }
}

#[test]
fn linking_needs_append_on_the_one_and_append_to_on_the_other() {
    let desk = Desk::new();
    let account = desk.account(&desk.seller);
    for missing in ["prvAppendOpportunity", "prvAppendToAccount"] {
        desk.world.forbid(desk.role, missing);
        for result in desk.attach(&account) {
            assert_eq!(refusal(result), format!("0x80040220 {missing}"));
        }
        desk.world.allow(desk.role, &[(missing.to_owned(), Depth::User)]);
    }
    for result in desk.attach(&account) {
        result.unwrap();
    }
}

#[test]
fn a_colleagues_account_is_out_of_reach_of_append_to_at_user_level() {
    let desk = Desk::new();
    let account = desk.account(&desk.colleague);
    let lead = desk.world.lead(user(&desk.seller));
    let choices = Choices {
        account: Party::Existing(account.id),
        ..Choices::default()
    };
    let qualified = qualify(&desk.seller, lead, &choices).map(|_| ());
    for result in desk.attach(&account).into_iter().chain([qualified]) {
        let error = result.unwrap_err();
        let body = error.body();
        assert_eq!(error.code().to_string(), "0x80048306");
        let text = format!(
            "Principal with id {} does not have AppendToAccess right(s) for record with id {} of entity account.",
            desk.seller.id(),
            account.id
        );
        assert!(error.message().contains(&text), "{error}");
        assert_eq!(
            (body.privilege.as_deref(), body.table.as_deref()),
            (Some("prvAppendToAccount"), Some("account"))
        );
        assert_eq!(body.depth, Some(Depth::BusinessUnit));
    }
    desk.world
        .allow(desk.role, &grants("Account", &[Right::AppendTo], Depth::BusinessUnit));
    for result in desk.attach(&account) {
        result.unwrap();
    }
    qualify(&desk.seller, lead, &choices).unwrap();
}

#[test]
fn append_is_asked_of_the_row_that_holds_the_lookup() {
    let desk = Desk::new();
    desk.world.allow(
        desk.role,
        &grants("Contact", &[Right::Read, Right::Write], Depth::Organization),
    );
    let contact = desk.world.admin.create(
        Row::unsaved("contact")
            .with("lastname", "McKay")
            .with("ownerid", user(&desk.colleague)),
    );
    let attach = Row::new("contact", contact).with("parentcustomerid", desk.account(&desk.seller));
    let error = desk.seller.try_update(attach).unwrap_err();
    assert_eq!(error.code().to_string(), "0x80048306");
    assert!(
        error.message().contains(" does not have AppendAccess right(s) "),
        "{error}"
    );
    assert_eq!(error.body().table.as_deref(), Some("contact"));
}

#[test]
fn a_lookup_that_stays_as_it_is_or_is_emptied_needs_nothing() {
    let desk = Desk::new();
    let account = desk.account(&desk.seller);
    let opportunity = Row::unsaved("opportunity")
        .with("name", "Twelve pumps")
        .with("parentaccountid", account.clone());
    let opportunity = desk.seller.create(opportunity);
    desk.world.forbid(desk.role, "prvAppendOpportunity");
    desk.world.forbid(desk.role, "prvAppendToAccount");
    let row = Row::new("opportunity", opportunity).with("name", "Thirteen pumps");
    desk.seller.update(row.clone().with("parentaccountid", account));
    desk.seller.update(row.with("parentaccountid", Value::Null));
    assert_eq!(
        desk.seller.get("opportunity", opportunity).lookup("parentaccountid"),
        None
    );
}

#[test]
fn giving_a_role_needs_rights_on_the_user_and_on_the_role() {
    let world = Security::new();
    let (users, roles) = (
        grants(
            "User",
            &[Right::Append, Right::Read, Right::AppendTo],
            Depth::Organization,
        ),
        grants(
            "Role",
            &[Right::Append, Right::Read, Right::Assign],
            Depth::Organization,
        ),
    );
    let held = grants("Account", &[Right::Read], Depth::User);
    let role = world.role("Giver", &[users.clone(), roles.clone(), held].concat());
    let giver = world.user("giver", world.root(), &["Giver"]);
    let given = Reference::new(
        "role",
        world.role("Given", &grants("Account", &[Right::Read], Depth::User)),
    );
    let give = || associate(&giver, user(&world.admin), "systemuserroles_association", given.clone());
    let take = || disassociate(&giver, user(&world.admin), "systemuserroles_association", given.clone());
    for needed in [users, roles].concat() {
        world.forbid(role, &needed.0);
        assert_eq!(refusal(give()), format!("0x80040220 {}", needed.0));
        assert_eq!(refusal(take()), format!("0x80040220 {}", needed.0));
        world.allow(role, &[needed]);
    }
    give().unwrap();
    take().unwrap();
}
