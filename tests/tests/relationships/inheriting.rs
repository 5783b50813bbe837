//! Rights that come down from a row to those that refer to it: what decides, what is listed and
//! what is told agree in every question here.

use sluice_model::{Behaviours, Depth, Filter, Follow, Query, Reference, Row, Value};
use sluice_platform::BehaviourChange;
use sluice_tests::Actor;

use crate::{assigning::assign, world::Related};

const ALL: &[&str] = &[
    "Create", "Read", "Write", "Delete", "Append", "AppendTo", "Assign", "Share",
];

struct Two {
    world: Related,
    owner: Actor,
    other: Actor,
}

impl Two {
    fn new() -> Self {
        let world = Related::with_parts(Behaviours::PARENTAL);
        let owner = world.user("owner", ALL, Depth::User);
        let other = world.user("other", ALL, Depth::User);
        Self { world, owner, other }
    }

    fn account(&self, of: &Actor) -> Reference {
        Reference::new("account", of.create(Row::unsaved("account").with("name", "Litware")))
    }

    /// A contact of the administrator's below an account.
    fn contact(&self, account: Option<&Reference>) -> Reference {
        Reference::new("contact", self.world.contact(account.cloned()))
    }

    fn move_to(&self, contact: &Reference, account: Value) {
        self.world
            .admin
            .update(Row::new("contact", contact.id).with("parentcustomerid", account));
    }

    fn shares(&self, row: &Reference) -> usize {
        let system = self
            .world
            .org
            .engine()
            .session(self.world.org.engine().system_id().unwrap());
        let query = Query::new("principalobjectaccess").filter(Filter::eq("objectid", row.clone()));
        system.list(query).unwrap().len()
    }
}

#[test]
fn the_owner_of_an_account_reads_the_contacts_below_it() {
    let two = Two::new();
    let account = two.account(&two.owner);
    let contact = two.contact(None);
    assert!(!two.world.reads(&two.owner, &contact));
    two.move_to(&contact, account.clone().into());
    assert!(two.world.reads(&two.owner, &contact));
    let (rights, reasons) = two.world.access(contact.clone(), &two.owner);
    assert_eq!(rights, "ReadAccess");
    assert_eq!(reasons, ["ReadAccess: inherited from a row that it refers to"]);
    // A new one comes below it at once.
    let new = two.contact(Some(&account));
    assert!(two.world.reads(&two.owner, &new));
    // One that leaves takes it along.
    two.move_to(&contact, Value::Null);
    assert!(!two.world.reads(&two.owner, &contact));
    assert_eq!(two.shares(&contact), 0, "nothing is left of it");
    let other = two.account(&two.other);
    two.move_to(&new, other.into());
    assert!(!two.world.reads(&two.owner, &new) && two.world.reads(&two.other, &new));
}

#[test]
fn the_new_owner_of_an_account_reads_what_is_below_and_the_old_one_no_longer_does() {
    let two = Two::new();
    two.world.change(
        "contact_customer_accounts",
        BehaviourChange {
            assign: Some(Follow::NoCascade),
            ..BehaviourChange::default()
        },
    );
    let account = two.account(&two.owner);
    let contact = two.contact(Some(&account));
    assert!(two.world.reads(&two.owner, &contact));
    assign(&two.world.admin, account, two.other.id()).unwrap();
    assert!(!two.world.reads(&two.owner, &contact));
    assert!(two.world.reads(&two.other, &contact));
}

#[test]
fn who_gives_away_a_row_keeps_what_the_rows_above_pass_on() {
    let two = Two::new();
    two.world.change(
        "contact_customer_accounts",
        BehaviourChange {
            assign: Some(Follow::NoCascade),
            ..BehaviourChange::default()
        },
    );
    let account = two.account(&two.owner);
    let contact = Row::unsaved("contact")
        .with("lastname", "Ng")
        .with("parentcustomerid", account.clone());
    let contact = Reference::new("contact", two.owner.create(contact));
    assert_eq!(two.shares(&contact), 0, "whoever owns a row inherits nothing on it");
    assign(&two.world.admin, contact.clone(), two.other.id()).unwrap();
    let (rights, reasons) = two.world.access(contact.clone(), &two.owner);
    assert_eq!(rights, "ReadAccess");
    assert_eq!(reasons, ["ReadAccess: inherited from a row that it refers to"]);
    // It goes with the row above.
    assign(&two.world.admin, account, two.world.admin.id()).unwrap();
    assert!(!two.world.reads(&two.owner, &contact));
    assert_eq!(
        two.shares(&contact),
        1,
        "of the administrator, who owns the account now"
    );
}

#[test]
fn a_share_comes_down_and_goes_with_what_it_came_from() {
    let two = Two::new();
    let account = two.account(&two.world.admin);
    let contact = two.contact(Some(&account));
    let admin = &two.world.admin;
    two.world
        .share(admin, account.clone(), &two.other, "ReadAccess, WriteAccess")
        .unwrap();
    assert_eq!(
        two.world.access(contact.clone(), &two.other).0,
        "ReadAccess, WriteAccess"
    );
    // A share of its own stands beside it.
    two.world
        .share(admin, contact.clone(), &two.other, "ReadAccess")
        .unwrap();
    let (_, reasons) = two.world.access(contact.clone(), &two.other);
    assert_eq!(
        reasons,
        [
            "ReadAccess: shared",
            "WriteAccess: inherited from a row that it refers to"
        ]
    );
    two.world.unshare(admin, contact.clone(), &two.other).unwrap();
    assert_eq!(
        two.world.access(contact.clone(), &two.other).0,
        "ReadAccess, WriteAccess"
    );
    // New rows below inherit it, too, also those below them.
    let new = two.contact(Some(&account));
    let below = two.contact(Some(&new));
    assert!(two.world.reads(&two.other, &new) && two.world.reads(&two.other, &below));
    two.world.unshare(admin, account, &two.other).unwrap();
    for row in [contact, new, below] {
        assert!(!two.world.reads(&two.other, &row));
        assert_eq!(two.shares(&row), 0);
    }
}

#[test]
fn what_another_row_passes_on_stays() {
    let two = Two::new();
    let admin = &two.world.admin;
    let above = two.account(admin);
    let below = Row::unsaved("account")
        .with("name", "Below")
        .with("parentaccountid", above.clone());
    let below = Reference::new("account", admin.create(below));
    let contact = two.contact(Some(&below));
    two.world.share(admin, above.clone(), &two.other, "ReadAccess").unwrap();
    two.world.share(admin, below.clone(), &two.other, "ReadAccess").unwrap();
    assert!(two.world.reads(&two.other, &contact));
    two.world.unshare(admin, below.clone(), &two.other).unwrap();
    assert!(
        two.world.reads(&two.other, &below) && two.world.reads(&two.other, &contact),
        "from further above"
    );
    two.world.unshare(admin, above, &two.other).unwrap();
    assert!(!two.world.reads(&two.other, &below) && !two.world.reads(&two.other, &contact));
}

#[test]
fn nobody_passes_on_what_they_do_not_hold() {
    let two = Two::new();
    // The owner of the account reads the contact below it, and no more.
    let account = two.account(&two.owner);
    let contact = two.contact(Some(&account));
    let mask = "ReadAccess, WriteAccess, DeleteAccess, AssignAccess, ShareAccess";
    two.world.share(&two.owner, account.clone(), &two.other, mask).unwrap();
    assert!(two.world.access(account.clone(), &two.other).0.contains("DeleteAccess"));
    assert_eq!(two.world.access(contact.clone(), &two.other).0, "ReadAccess");
    // Nor by putting a row below one that is shared so.
    let another = two.contact(None);
    two.world
        .share(
            &two.world.admin,
            another.clone(),
            &two.owner,
            "ReadAccess, WriteAccess, AppendAccess",
        )
        .unwrap();
    let below = Row::new("contact", another.id).with("parentcustomerid", account);
    two.owner.update(below);
    assert_eq!(two.world.access(another, &two.other).0, "ReadAccess, WriteAccess");
}

#[test]
fn what_was_inherited_stays_where_a_relationship_passes_on_no_more() {
    let two = Two::new();
    let admin = &two.world.admin;
    let account = two.account(admin);
    let contact = two.contact(Some(&account));
    two.world
        .share(admin, account.clone(), &two.other, "ReadAccess")
        .unwrap();
    two.world.change(
        "contact_customer_accounts",
        BehaviourChange {
            all: Some(Behaviours::REFERENTIAL),
            ..BehaviourChange::default()
        },
    );
    assert!(two.world.reads(&two.other, &contact));
    let new = two.contact(Some(&account));
    assert!(!two.world.reads(&two.other, &new));
    two.world.unshare(admin, account, &two.other).unwrap();
    assert!(
        two.world.reads(&two.other, &contact),
        "nothing comes down any more, so nothing is taken back"
    );
}

#[test]
fn a_row_that_loses_its_link_or_is_merged_loses_and_gains_what_comes_by_it() {
    let two = Two::new();
    let admin = &two.world.admin;
    two.world.change(
        "contact_customer_accounts",
        BehaviourChange {
            delete: Some(sluice_model::OnDelete::RemoveLink),
            ..BehaviourChange::default()
        },
    );
    let account = two.account(admin);
    let contact = two.contact(Some(&account));
    two.world
        .share(admin, account.clone(), &two.other, "ReadAccess")
        .unwrap();
    admin.try_delete("account", account.id).unwrap();
    assert!(!two.world.reads(&two.other, &contact));
    let (kept, merged) = (two.account(admin), two.account(admin));
    two.move_to(&contact, merged.clone().into());
    two.world
        .share(admin, merged.clone(), &two.owner, "ReadAccess")
        .unwrap();
    two.world.share(admin, kept.clone(), &two.other, "ReadAccess").unwrap();
    two.world.merge(kept, merged.id);
    assert!(two.world.reads(&two.other, &contact) && !two.world.reads(&two.owner, &contact));
}

#[test]
fn the_program_says_why() {
    let two = Two::new();
    let account = two.account(&two.owner);
    let contact = two.contact(Some(&account));
    let id = contact.id.to_string();
    let shown = two
        .world
        .org
        .program()
        .json(&["access", "show", "contact", &id, "--user", "owner"]);
    assert_eq!(
        shown["reasons"][0]["because"], "inherited from a row that it refers to",
        "{shown}"
    );
}
