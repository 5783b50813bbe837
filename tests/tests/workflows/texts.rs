//! The texts that a workflow builds: a lookup in one is the name of its row.

use serde_json::json;
use sluice_model::{Depth, Query, Reference, Row};

use crate::world::{Workplace, account, seller, spec, task};

#[test]
fn a_lookup_in_a_text_is_a_name() {
    let world = Workplace::new();
    let seller = seller(&world.org, "seller", Depth::User);
    let actions = json!([
        task(json!({ "text": ["of ", { "column": "ownerid" }, ", ask ", { "column": "primarycontactid" }] })),
        task(json!({ "column": "ownerid" })),
        task(json!({ "text": [{ "row": {} }, " of ", { "row": { "related": "ownerid", "table": "systemuser" } }] })),
        task(json!({ "row": {} })),
        { "stop": { "as": "succeeded", "message": { "column": "ownerid" } } }
    ]);
    world.active(&spec("Tell", &json!({ "on": { "create": true } }), actions));
    let contact = seller.create(Row::unsaved("contact").with("lastname", "Wu"));
    seller.create(account("Novak").with("primarycontactid", Reference::new("contact", contact)));
    let user = world.admin.get("systemuser", seller.id());
    let name = user.text("fullname").unwrap();
    let told = [
        format!("of {name}, ask Wu"),
        name.to_owned(),
        format!("Novak of {name}"),
        "Novak".to_owned(),
    ];
    assert_eq!(world.told(), told);
}

/// What a request says before it is checked tells nobody what a row is called that they may not read.
#[test]
fn a_lookup_that_only_the_request_has_is_a_name_to_who_may_read_the_row() {
    let world = Workplace::new();
    let seller = seller(&world.org, "seller", Depth::User);
    let on = json!({ "on": { "update": ["primarycontactid"] }, "when": "before" });
    let refuses =
        json!([{ "stop": { "as": "canceled", "message": { "text": ["no ", { "column": "primarycontactid" }] } } }]);
    world.active(&spec("Refuse", &on, refuses));
    let id = seller.create(account("Novak"));
    let own = seller.create(Row::unsaved("contact").with("lastname", "Wu"));
    let others = world.admin.create(Row::unsaved("contact").with("lastname", "Secret"));
    let asks = |contact| {
        let change = Row::new("account", id).with("primarycontactid", Reference::new("contact", contact));
        seller.try_update(change).unwrap_err().message().to_owned()
    };
    assert_eq!(asks(own), "no Wu");
    assert_eq!(asks(others), format!("no {others}"));
    assert_eq!(world.admin.list(Query::new("account")).len(), 1);
}
