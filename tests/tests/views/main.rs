//! Views: what they list, for whom, and who may change them; conditions on related rows.

mod answers;
mod changing;
mod program;
mod related;
mod shipped;
mod totals;

use sluice_model::{Filter, Query, Row, Uuid, Value, fetchxml, odata};
use sluice_platform::prelude::*;
use sluice_tests::Actor;

/// The ids of the rows that a view gives, in its order.
fn run(actor: &Actor, view: &str) -> Vec<Uuid> {
    let view = actor.0.view(view, None).unwrap();
    fetch(actor, &view.fetch)
}

/// The ids of the rows that a document of FetchXML gives.
fn fetch(actor: &Actor, xml: &str) -> Vec<Uuid> {
    let query = fetchxml::parse(&actor.0.surroundings().unwrap(), xml).unwrap();
    actor.list(query).iter().map(|row| row.id).collect()
}

/// The ids of the rows of a table that a filter in OData leaves.
fn filter(actor: &Actor, table: &str, text: &str) -> Vec<Uuid> {
    let surroundings = actor.0.surroundings().unwrap();
    let definition = surroundings.catalog.table(table).unwrap();
    let filter = odata::filter(&surroundings, definition, text).unwrap();
    let rows = actor.list(Query::new(table).columns(&[]).filter(filter));
    rows.iter().map(|row| row.id).collect()
}

/// A lead in a state: 0/1 open, 1/3 qualified, 2/4 lost.
fn lead(actor: &Actor, state: (i32, i32)) -> Uuid {
    actor.create(lead_row(state))
}

fn lead_row((state, status): (i32, i32)) -> Row {
    Row::unsaved("lead")
        .with("subject", "Twelve pumps")
        .with("lastname", "McKay")
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status))
}

/// A list without regard to its order.
fn sorted(mut ids: Vec<Uuid>) -> Vec<Uuid> {
    ids.sort_unstable();
    ids
}

/// Every lead that there is.
fn all_leads(actor: &Actor) -> Vec<Row> {
    actor.list(Query::new("lead").filter(Filter::All))
}
