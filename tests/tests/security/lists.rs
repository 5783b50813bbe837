//! A list shows exactly the rows that may be read one by one.

use std::collections::BTreeSet;

use sluice_model::{Filter, Query, Reference, Row, Uuid};

use crate::world::{Security, share, team, user};

const TABLES: [&str; 4] = ["account", "contact", "lead", "opportunity"];
const PEOPLE: [&str; 5] = ["admin", "seller.west", "seller.east", "manager", "integration"];

#[test]
fn a_list_has_the_rows_that_can_be_read_one_by_one_and_no_others() {
    let world = Security::sample();
    let [_, west, east, manager, integration] = PEOPLE.map(|name| world.organisation.actor(name));
    let crew = world.owner_team("Crew", world.root(), &["Salesperson"], &[&west, &east]);
    let deal = world.access_team("Deal", world.root(), &[&east, &manager]);
    for owner in [user(&west), user(&east), user(&manager), user(&integration), team(crew)] {
        for table in ["opportunity", "account"] {
            world.admin.create(
                Row::unsaved(table)
                    .with("name", "Twelve pumps")
                    .with("ownerid", owner.clone()),
            );
        }
    }
    for (number, table) in TABLES.into_iter().enumerate() {
        // What the integration owns is shared with nobody: there is always a row to be left out.
        let mut everything: Vec<Uuid> = world.ids(table, Filter::All).into_iter().collect();
        everything.retain(|id| world.admin.get(table, *id).lookup("ownerid") != Some(&user(&integration)));
        for id in everything.iter().skip(number).step_by((everything.len() / 5).max(1)) {
            share(&world.admin, Reference::new(table, *id), team(deal), "ReadAccess").unwrap();
        }
        for id in everything.iter().rev().skip(number).step_by(everything.len() / 3) {
            let east = user(&east);
            if world.admin.get(table, *id).lookup("ownerid") != Some(&east) {
                share(&world.admin, Reference::new(table, *id), east, "ReadAccess").unwrap();
            }
        }
    }
    for table in TABLES {
        let everything = world.ids(table, Filter::All);
        let mut seen = Vec::new();
        for name in PEOPLE {
            let actor = world.organisation.actor(name);
            let listed: BTreeSet<Uuid> = actor
                .list(Query::new(table).columns(&[]))
                .iter()
                .map(|row| row.id)
                .collect();
            let readable = world.organisation.engine().on_pipeline_thread(|| {
                Ok(everything
                    .iter()
                    .copied()
                    .filter(|id| may_read(&actor, table, *id))
                    .collect::<BTreeSet<Uuid>>())
            });
            assert_eq!(listed, readable.unwrap(), "{name}, {table}");
            seen.push(listed.len());
        }
        assert_eq!((seen[0], seen[4]), (everything.len(), everything.len()), "{table}");
        assert!(
            seen[1..4].iter().all(|count| (1..everything.len()).contains(count)),
            "{table}: {seen:?}"
        );
    }
}

fn may_read(actor: &sluice_tests::Actor, table: &str, id: Uuid) -> bool {
    match actor.try_get(table, id) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code().to_string(), "0x80048306", "{error}");
            false
        }
    }
}
