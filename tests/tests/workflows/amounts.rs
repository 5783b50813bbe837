//! An amount that a workflow carries over is one of the currency of the row that it comes from.

use serde_json::{Value as Json, json};
use sluice_model::{Query, Reference, Row, Uuid, Value};

use crate::world::{Workplace, account, spec};

fn with_yen() -> (Workplace, Reference) {
    let world = Workplace::new();
    let yen = Row::unsaved("transactioncurrency")
        .with("currencyname", "Yen")
        .with("isocurrencycode", "JPY")
        .with("currencysymbol", "¥")
        .with("exchangerate", Value::Decimal(100.into()));
    let yen = Reference::new("transactioncurrency", world.admin.create(yen));
    (world, yen)
}

fn on_create(world: &Workplace, actions: Json) {
    world.active(&spec("amounts", &json!({ "on": { "create": true } }), actions));
}

fn in_yen(yen: &Reference) -> Row {
    account("Novak")
        .with("revenue", Value::Money(1000.into()))
        .with("transactioncurrencyid", yen.clone())
}

#[test]
fn a_new_row_has_the_currency_of_its_amounts() {
    let (world, yen) = with_yen();
    let opportunity = json!({ "create": { "table": "opportunity", "set": {
        "name": "O", "budgetamount": { "first": [{ "column": "creditlimit" }, { "column": "revenue" }] } } } });
    on_create(&world, json!([opportunity]));
    world.admin.create(in_yen(&yen));
    world
        .admin
        .create(account("Berg").with("revenue", Value::Money(7.into())));
    let made = world.admin.list(Query::new("opportunity"));
    let base = |row: &Row| row.get("budgetamount_base").cloned();
    let money = |amount: i64| Some(Value::Money(amount.into()));
    let mut found: Vec<_> = made.iter().map(base).collect();
    found.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(found, [money(10), money(7)]);
    assert!(made.iter().any(|row| row.lookup("transactioncurrencyid") == Some(&yen)));
}

#[test]
fn an_amount_is_not_carried_into_another_currency() {
    let (world, yen) = with_yen();
    let contact = |limit: Option<i64>| -> Uuid {
        let row = Row::unsaved("contact").with("lastname", "Wu");
        world.admin.create(match limit {
            Some(limit) => row.with("creditlimit", Value::Money(limit.into())),
            None => row,
        })
    };
    let limit = json!({ "update": { "row": { "related": "primarycontactid" },
                                    "set": { "creditlimit": { "column": "revenue" } } } });
    on_create(&world, json!([limit]));
    let refer = |contact: Uuid| in_yen(&yen).with("primarycontactid", Reference::new("contact", contact));
    let in_dollars = contact(Some(5));
    let error = world.admin.try_create(refer(in_dollars)).unwrap_err();
    assert!(
        error.message().contains("`creditlimit` would be another amount"),
        "{error}"
    );
    assert_eq!(
        world.admin.get("contact", in_dollars).get("creditlimit"),
        Some(&Value::Money(5.into()))
    );
}

#[test]
fn amounts_of_two_currencies_are_compared_in_the_base_one() {
    let (world, yen) = with_yen();
    let more = json!({ "compare": { "column": "creditlimit", "is": "gt",
                                    "value": { "column": "revenue", "row": { "related": "parentaccountid" } } } });
    let mark = json!({ "update": { "set": { "fax": "more" } } });
    on_create(&world, json!([{ "check": { "if": more, "then": [mark] } }]));
    let parent = account("Parent").with("revenue", Value::Money(100.into()));
    let parent = Reference::new("account", world.admin.create(parent));
    let is_more = |limit: i64, currency: Option<&Reference>| {
        let mut child = account("Child")
            .with("creditlimit", Value::Money(limit.into()))
            .with("parentaccountid", parent.clone());
        if let Some(currency) = currency {
            child.set("transactioncurrencyid", currency.clone());
        }
        let child = world.admin.create(child);
        world.admin.get("account", child).text("fax") == Some("more")
    };
    assert!(!is_more(1_000, Some(&yen)), "ten dollars");
    assert!(is_more(20_000, Some(&yen)), "two hundred dollars");
    assert!(is_more(101, None));
    assert!(!is_more(100, None));
}

#[test]
fn base_amounts_are_of_the_base_currency() {
    let (world, yen) = with_yen();
    let is = |column: &str, than: Json, mark: &str| {
        let compare = json!({ "compare": { "column": column, "is": "eq", "value": than } });
        let mark = json!({ "update": { "set": { mark: "yes" } } });
        json!({ "check": { "if": compare, "then": [mark] } })
    };
    let parents = json!({ "column": "revenue", "row": { "related": "parentaccountid" } });
    let actions = json!([
        is("revenue_base", parents, "fax"),
        is("revenue", json!({ "column": "revenue_base" }), "telephone1"),
    ]);
    on_create(&world, actions);
    let parent = world
        .admin
        .create(account("Parent").with("revenue", Value::Money(10.into())));
    let marks = |child: Row| {
        let child = child.with("parentaccountid", Reference::new("account", parent));
        let child = world.admin.create(child);
        let child = world.admin.get("account", child);
        ["fax", "telephone1"].map(|mark| child.text(mark).is_some())
    };
    // A thousand yen are ten dollars, as the base amount says by itself.
    assert_eq!(marks(in_yen(&yen)), [true, true]);
    assert_eq!(
        marks(account("Berg").with("revenue", Value::Money(1000.into()))),
        [false, true]
    );
}
