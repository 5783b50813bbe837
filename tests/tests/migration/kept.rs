//! What an organisation had is there when its file was migrated: each cell of each row, the tables
//! and columns that it made, and what it changed about those that ship.

use std::collections::BTreeSet;

use sluice_model::{ColumnType, Filter, Query};
use sluice_tests::{Organisation, world::World};

use crate::{
    FORMS,
    content::{Cells, cells},
};

/// Tables of which a migration removes rows: a privilege that this version does not know goes, out
/// of the roles, too, and so do messages, and the places for steps where a table takes a message no
/// longer.
const GOES: [&str; 4] = ["privilege", "roleprivileges", "sdkmessage", "sdkmessagefilter"];

/// Columns that nothing asked for, and that a migration fills as new rows have them.
const FILLED: [(&str, &str); 1] = [("sdkmessageprocessingstep", "canbebypassed")];

fn assert_kept(before: &Cells, after: &Cells) {
    for ((table, id), row) in before {
        let Some(now) = after.get(&(table.clone(), id.clone())) else {
            assert!(GOES.contains(&&**table), "a row of {table} is gone: {row:?}");
            continue;
        };
        for (column, cell) in row {
            let is_filled = FILLED.contains(&(&**table, &**column));
            let is_kept = now.get(column) == Some(cell);
            assert!(is_kept || is_filled, "{table}.{column} was {cell}: {now:?}");
        }
    }
}

#[test]
fn every_cell_of_every_row() {
    for form in FORMS {
        for name in ["empty", "sample", "customised"] {
            let world = World::old(form, name);
            let path = world.path("sluice.db");
            let before = cells(&path, &[]);
            world.admin().json(&["org", "migrate"]);
            assert_kept(&before, &cells(&path, &[]));
        }
    }
}

#[test]
fn the_file_keeps_only_what_the_organisation_made_or_changed() {
    for form in FORMS {
        let kept = |name: &str| -> Vec<String> {
            let organisation = Organisation::old(form, name);
            let file = rusqlite::Connection::open(organisation.path()).unwrap();
            let mut names = file.prepare("SELECT name FROM _definition ORDER BY name").unwrap();
            let names = names.query_map([], |row| row.get(0)).unwrap();
            names.map(|name| name.unwrap()).collect()
        };
        assert_eq!(kept("empty"), Vec::<String>::new());
        assert_eq!(kept("sample"), ["account", "sl_commissionrule"]);
        assert_eq!(
            kept("customised"),
            [
                "account",
                "contact",
                "fa_charter",
                "fa_port",
                "fa_ship",
                "lead",
                "opportunity",
                "ve_contract"
            ]
        );
    }
}

#[test]
fn tables_and_columns_are_as_they_were_customised() {
    for form in FORMS {
        let organisation = Organisation::old(form, "customised");
        let catalog = organisation.admin().0.catalog().unwrap();
        let account = catalog.table("account").unwrap();
        assert!(!account.audited && account.duplicate_detection);
        let name = account.column("name").unwrap();
        assert_eq!(
            (&*name.label, &name.kind),
            ("Company", &ColumnType::Text { max_length: 300 })
        );
        assert!(account.column("fa_gone").is_none());
        let grade = account.column("ve_grade").unwrap();
        assert!(grade.custom && grade.managed);
        assert_eq!(grade.kind.options().unwrap().len(), 2);
        assert!(catalog.table("contact").unwrap().read_only_in_mobile);
        let lead = catalog.table("lead").unwrap();
        assert_eq!(
            lead.column("subject").unwrap().kind,
            ColumnType::Text { max_length: 400 }
        );
        let options = |column: &str| lead.column(column).unwrap().kind.options().unwrap().to_vec();
        let has = |column: &str, value: i32| options(column).iter().any(|option| option.value == value);
        assert!(has("leadsourcecode", 900) && has("leadsourcecode", 902) && has("statuscode", 901));
        assert!(
            options("industrycode")
                .iter()
                .any(|option| option.label == "Bookkeeping")
        );
        let ship = catalog.table("fa_ship").unwrap();
        assert!(ship.custom && ship.audited && ship.duplicate_detection);
        assert_eq!(ship.column("fa_seas").unwrap().kind.options().unwrap().len(), 4);
        assert!(catalog.table("ve_contract").unwrap().managed);
    }
}

/// In every unit, and of the tables that the organisation made, too.
#[test]
fn system_administrator_has_every_privilege() {
    for form in FORMS {
        for name in ["sample", "customised"] {
            let organisation = Organisation::old(form, name);
            let admin = organisation.admin();
            let privileges: BTreeSet<_> = admin.list(Query::new("privilege")).iter().map(|row| row.id).collect();
            let roles = Filter::eq("name", "System Administrator");
            let roles = admin.list(Query::new("role").filter(roles));
            assert_eq!(roles.len(), admin.count("businessunit"));
            let system = sluice_tests::Actor(
                organisation
                    .engine()
                    .session(organisation.engine().system_id().unwrap()),
            );
            for role in roles {
                let held = system.list(Query::new("roleprivileges").filter(Filter::eq("roleid", role.id)));
                let held: BTreeSet<_> = held.iter().filter_map(|row| row.id_of("privilegeid")).collect();
                assert_eq!(held, privileges);
            }
        }
    }
}
