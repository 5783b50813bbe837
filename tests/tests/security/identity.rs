//! A row is its table and its id: what is known of one row says nothing about a row of another
//! table with the same id, nor about a later row with it.

use sluice_engine::CallOptions;
use sluice_model::{ColumnType, Depth, Filter, Parameter, Points, Reference, Request, Right, Row, Uuid, Value};
use sluice_sales::qualify::{self, Choices};
use sluice_tests::Actor;

use crate::world::{Security, grants, refusal, share, team, user};

/// A unit with two sellers, who reach their own rows of these tables only.
struct Two {
    world: Security,
    unit: Uuid,
    caller: Actor,
    peer: Actor,
}

fn two(tables: &[&str]) -> Two {
    let world = Security::new();
    let privileges: Vec<_> = tables
        .iter()
        .flat_map(|table| grants(table, &Right::ALL, Depth::User))
        .collect();
    world.role("Seller", &privileges);
    let unit = world.unit("West", world.root());
    let caller = world.user("caller", unit, &["Seller"]);
    let peer = world.user("peer", unit, &["Seller"]);
    Two {
        world,
        unit,
        caller,
        peer,
    }
}

fn note(id: Uuid) -> Row {
    Row::new("annotation", id).with("subject", "decoy")
}

#[test]
fn a_share_of_a_note_opens_no_lead_of_the_same_id() {
    let two = two(&["Lead", "Note"]);
    let lead = two.world.lead(user(&two.peer));
    let refused = || refusal(two.caller.try_get("lead", lead));
    assert_eq!(refused(), "0x80048306 prvReadLead");

    two.caller.create(note(lead));
    let decoy = Reference::new("annotation", lead);
    for sharee in [team(two.world.default_team(two.unit)), user(&two.caller)] {
        // Whoever owns the note cannot be given it once more.
        let _ = share(
            &two.caller,
            decoy.clone(),
            sharee,
            "ReadAccess, WriteAccess, ShareAccess",
        );
    }
    assert_eq!(refused(), "0x80048306 prvReadLead");
    assert_eq!(two.caller.count("lead"), 0, "nor does a list show it");
    let pwned = two.caller.try_update(Row::new("lead", lead).with("subject", "Pwned"));
    assert_eq!(refusal(pwned), "0x80048306 prvWriteLead");

    // A share of the lead stays a share of the lead when the note goes.
    share(&two.peer, Reference::new("lead", lead), user(&two.caller), "ReadAccess").unwrap();
    two.caller.try_delete("annotation", lead).unwrap();
    two.caller.get("lead", lead);
    assert_eq!(two.caller.count("lead"), 1);
}

#[test]
fn shares_go_with_their_row() {
    let two = two(&["Account"]);
    let account = || Row::new("account", Uuid::from_u128(0xA11)).with("name", "Litware, Inc.");
    let first = two.peer.create(account());
    share(
        &two.peer,
        Reference::new("account", first),
        user(&two.caller),
        "ReadAccess",
    )
    .unwrap();
    two.peer.try_delete("account", first).unwrap();
    two.peer.create(account());
    assert_eq!(
        refusal(two.caller.try_get("account", first)),
        "0x80048306 prvReadAccount"
    );
}

#[test]
fn users_and_teams_share_one_space_of_ids() {
    let two = two(&["Account"]);
    let unit = Reference::new("businessunit", two.unit);
    let twin = Row::new("team", two.peer.id())
        .with("name", "twin")
        .with("businessunitid", unit.clone());
    assert_eq!(refusal(two.world.admin.try_create(twin)), "0x80040237 -");

    let crew = two.world.owner_team("Crew", two.unit, &[], &[]);
    let twin = Row::new("systemuser", crew)
        .with("domainname", "twin")
        .with("lastname", "twin")
        .with("businessunitid", unit);
    assert_eq!(refusal(two.world.admin.try_create(twin)), "0x80040237 -");
}

#[test]
fn a_role_or_a_unit_with_the_id_of_a_user_is_not_the_users_own() {
    let world = Security::new();
    world.role("Reader", &grants("Role", &[Right::Read], Depth::User));
    let reader = world.user("reader", world.root(), &["Reader"]);
    let decoy = Row::new("role", reader.id())
        .with("name", "decoy")
        .with("businessunitid", Reference::new("businessunit", world.root()));
    world.admin.create(decoy);
    assert_eq!(refusal(reader.try_get("role", reader.id())), "0x80048306 prvReadRole");
    assert_eq!(reader.count("role"), 0);
}

/// An account with a contact below it, a note and a task, and a contact with the account's id.
struct Decoy {
    world: Security,
    parent: Uuid,
    child: Uuid,
}

fn decoy() -> Decoy {
    let world = Security::new();
    let parent = world.admin.create(Row::unsaved("account").with("name", "P"));
    let of_parent = Reference::new("account", parent);
    let child = world.admin.create(
        Row::unsaved("contact")
            .with("lastname", "K")
            .with("parentcustomerid", of_parent.clone()),
    );
    for (table, lookup) in [("annotation", "objectid"), ("task", "regardingobjectid")] {
        let row = Row::unsaved(table).with("subject", "about P");
        world.admin.create(row.with(lookup, of_parent.clone()));
    }
    world
        .admin
        .create(Row::new("contact", parent).with("lastname", "decoy"));
    Decoy { world, parent, child }
}

impl Decoy {
    #[track_caller]
    fn assert_untouched(&self) {
        let admin = &self.world.admin;
        let child = admin.get("contact", self.child);
        assert_eq!(
            child.lookup("parentcustomerid"),
            Some(&Reference::new("account", self.parent))
        );
        assert_eq!((admin.count("annotation"), admin.count("task")), (1, 1));
    }
}

#[test]
fn deleting_a_contact_takes_nothing_from_an_account_of_the_same_id() {
    let decoy = decoy();
    decoy.world.admin.try_delete("contact", decoy.parent).unwrap();
    decoy.assert_untouched();
    decoy.world.admin.try_delete("account", decoy.parent).unwrap();
    assert_eq!(decoy.world.ids("contact", Filter::All).len(), 0, "its own go with it");
}

#[test]
fn merging_a_contact_takes_nothing_from_an_account_of_the_same_id() {
    let decoy = decoy();
    let admin = &decoy.world.admin;
    let kept = admin.create(Row::unsaved("contact").with("lastname", "kept"));
    let merge = Request::new("Merge")
        .with("Target", Reference::new("contact", kept))
        .with("SubordinateId", Reference::new("contact", decoy.parent))
        .with("PerformParentingChecks", Value::Bool(false));
    admin.0.execute(merge).unwrap();
    decoy.assert_untouched();
}

#[test]
fn what_refers_to_another_table_is_nothing_to_a_team_that_goes() {
    let two = two(&["Account"]);
    let crew = two.world.owner_team("Crew", two.unit, &["Seller"], &[]);
    let account = two.world.account(user(&two.peer));
    let party = two
        .world
        .admin
        .create(Row::new("account", crew).with("name", "has the team's id"));
    assert_eq!(party, crew);
    share(&two.peer, Reference::new("account", account), team(crew), "ReadAccess").unwrap();
    two.world.admin.try_delete("team", crew).unwrap();
    two.world.admin.get("account", crew);
    let left = two
        .world
        .ids("principalobjectaccess", Filter::eq("objecttypecode", "account"));
    assert!(left.is_empty(), "the shares with a team go with the team");
}

#[test]
fn a_reference_finds_only_rows_of_its_table() {
    let decoy = decoy();
    let of = |table: &str| {
        let filter = Filter::eq("parentcustomerid", Reference::new(table, decoy.parent));
        decoy.world.ids("contact", filter).len()
    };
    assert_eq!((of("account"), of("contact")), (1, 0));
    let bare = Filter::eq("parentcustomerid", Value::Id(decoy.parent));
    assert_eq!(decoy.world.ids("contact", bare).len(), 1, "a bare id is any of them");
    let different = Filter::eq("parentcustomerid", Reference::new("contact", decoy.parent)).negated();
    assert_eq!(decoy.world.ids("contact", different).len(), 2);
}

/// The account with one id, made, changed, and told how often it was recorded.
#[test]
fn the_history_of_a_row_begins_with_the_row() {
    let world = Security::new();
    let key = Uuid::from_u128(0xACC);
    let account = |name: &str| Row::new("account", key).with("name", name);
    world.admin.create(account("first"));
    world.admin.update(account("secret"));
    world.admin.try_delete("account", key).unwrap();
    let recorded = || world.ids("audit", Filter::eq("objectid", Reference::new("account", key)));
    let earlier = recorded();
    assert_eq!(earlier.len(), 3);

    world.admin.create(account("second"));
    let history = Filter::eq("objectid", Reference::new("account", key));
    let history = world.ids("audit", history.and(Filter::eq("sl_ofearlierrow", true).negated()));
    assert_eq!(history.len(), 1);
    assert!(history.is_disjoint(&earlier) && recorded().is_superset(&earlier));
}

#[test]
fn a_request_about_a_later_row_is_no_repetition() {
    let world = Security::new();
    let key = Uuid::from_u128(0x1EAD);
    let lead = |company: &str| {
        Row::new("lead", key)
            .with("subject", "Twelve pumps")
            .with("lastname", company)
            .with("companyname", company)
    };
    let request_id = Some(Uuid::from_u128(0x4E9));
    let qualified = || {
        let request = qualify::request(key, &Choices::default());
        let answer = world
            .admin
            .0
            .execute_with(request, &CallOptions { request_id })
            .unwrap();
        match answer.outputs.get("CreatedEntities") {
            Some(Parameter::References(rows)) => rows.clone(),
            other => panic!("{other:?}"),
        }
    };
    world.admin.create(lead("Litware"));
    let first = qualified();
    assert_eq!(qualified(), first, "the same request about the same lead");
    world.admin.try_delete("lead", key).unwrap();
    world.admin.create(lead("Contoso"));
    let second = qualified();
    assert!(second.iter().all(|row| !first.contains(row)), "{second:?}");
}

/// A definition that forgets to say what an id points at is found here.
#[test]
fn every_loose_id_says_what_it_points_at() {
    let world = Security::sample();
    let catalog = world.admin.0.catalog().unwrap();
    let (mut told, mut any) = (0, Vec::new());
    for (table, column) in catalog
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    {
        let place = format!("{}.{}", table.name, column.name);
        if column.kind.targets().is_some_and(<[_]>::is_empty) {
            any.push(place.clone());
        }
        if column.kind != ColumnType::Id || column.custom {
            assert_eq!(column.points, None, "{place} is no loose id");
            continue;
        }
        told += 1;
        let beside = |name: &str| {
            table
                .column(name)
                .unwrap_or_else(|| panic!("{place}: no column {name}"))
        };
        match column.points.as_ref() {
            None => panic!("{place} does not say what it points at (`points`)"),
            Some(Points::Nothing) => {}
            Some(Points::Row { table, .. }) => assert!(catalog.find(table).is_some(), "{place}: no table {table}"),
            Some(Points::RowOf { named_in, .. }) => {
                assert_eq!(beside(named_in).kind.word(), "text", "{place}");
            }
            Some(Points::RowWith { with }) => drop(beside(with)),
        }
    }
    assert!(told > 40, "{told}");
    // Those to rows of any table are dealt with as loose ids are.
    assert_eq!(
        any,
        ["duplicaterecord.baserecordid", "duplicaterecord.duplicaterecordid"]
    );
}
