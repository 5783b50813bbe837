//! The role that is just enough, with one privilege less.

use sluice_model::{Depth, Reference, Right, Row, Uuid};
use sluice_sales::{
    qualify::{self, Choices, Party},
    trial,
};
use sluice_tests::Actor;

use crate::world::{CUSTOMIZATIONS, Grant, Security, grant, grants, qualify, qualifying, refusal, user, without};

/// The showcase's sample, repaired: the salespeople may read the commission rules.
struct Shop {
    world: Security,
    role: Uuid,
    seller: Actor,
}

const COMMISSION: &str = "prvReadsl_commissionrule";

impl Shop {
    fn new() -> Self {
        let world = Security::sample();
        let role = world.admin.find("role", "Salesperson");
        world.allow(role, &[grant(COMMISSION, Depth::Organization)]);
        let seller = world.organisation.actor("seller.west");
        Self { world, role, seller }
    }

    fn with_one_less<T>(&self, (privilege, depth): &Grant, attempt: impl FnOnce() -> T) -> T {
        self.world.forbid(self.role, privilege);
        let result = attempt();
        self.world.allow(self.role, &[(privilege.clone(), *depth)]);
        result
    }
}

fn the_22() -> Vec<Grant> {
    let mut all = qualifying(Depth::User);
    all.push(grant(COMMISSION, Depth::Organization));
    all
}

#[test]
fn each_of_the_22_privileges_is_refused_by_its_name_when_it_alone_is_missing() {
    let shop = Shop::new();
    let lead = shop.world.lead(user(&shop.seller));
    let before = (shop.world.written(), shop.world.admin.get("lead", lead));
    assert_eq!(the_22().len(), 22);
    for missing in the_22() {
        let privilege = missing.0.as_str();
        let error = shop.with_one_less(&missing, || {
            qualify(&shop.seller, lead, &Choices::default()).unwrap_err()
        });
        let code = if privilege == "prvCreateAccount" {
            "0x80081018"
        } else {
            "0x80040220"
        };
        let body = error.body();
        assert_eq!(error.code().to_string(), code, "{privilege}: {error}");
        assert_eq!(body.privilege.as_deref(), Some(privilege), "{error}");
        assert_eq!(
            body.principal.as_ref().map(|principal| principal.id),
            Some(shop.seller.id()),
            "{privilege}"
        );
        assert_eq!(body.step.is_some(), privilege == COMMISSION, "{privilege}");
        assert_eq!(
            (shop.world.written(), shop.world.admin.get("lead", lead)),
            before,
            "{privilege}"
        );
    }
    qualify(&shop.seller, lead, &Choices::default()).unwrap();
}

#[test]
fn the_read_of_a_plug_in_is_refused_inside_its_step() {
    let shop = Shop::new();
    let lead = shop.world.lead(user(&shop.seller));
    let attempt = || qualify(&shop.seller, lead, &Choices::default()).unwrap_err();
    let error = shop.with_one_less(&grant(COMMISSION, Depth::Organization), attempt);
    let body = error.body();
    let step = body.step.as_ref().unwrap();
    assert_eq!(
        (step.message.as_str(), step.table.as_deref(), step.stage),
        ("Create", Some("account"), 20)
    );
    assert!(step.plugin.starts_with("commission/"), "{}", step.plugin);
    assert_eq!(body.call.as_deref(), Some("RetrieveMultiple sl_commissionrule"));
    assert_eq!(
        (body.table.as_deref(), body.depth),
        (Some("sl_commissionrule"), Some(Depth::Organization))
    );
}

#[test]
fn without_the_customizations_tab_rows_are_still_made_by_hand() {
    let shop = Shop::new();
    let lead = shop.world.lead(user(&shop.seller));
    for privilege in CUSTOMIZATIONS {
        shop.with_one_less(&grant(privilege, Depth::Organization), || {
            for row in trial::rows(&shop.seller.0, Some(lead)).unwrap() {
                let table = row.table.clone();
                shop.seller
                    .try_create(row)
                    .unwrap_or_else(|error| panic!("{privilege}, {table}: {error}"));
            }
            let refused = refusal(qualify(&shop.seller, lead, &Choices::default()));
            assert_eq!(refused, format!("0x80040220 {privilege}"));
        });
    }
}

#[test]
fn refusing_to_create_accounts_uses_the_words_of_the_guide() {
    let world = Security::new();
    world.role(
        "Seller",
        &without(qualifying(Depth::User), |privilege| privilege == "prvCreateAccount"),
    );
    let seller = world.user("seller", world.root(), &["Seller"]);
    let error = qualify(&seller, world.lead(user(&seller)), &Choices::default()).unwrap_err();
    assert_eq!(
        error.message(),
        "You can't qualify this lead because you don't have permission to create accounts. Work with your system \
         administrator to create the account and then try again."
    );
}

#[test]
fn who_may_not_create_accounts_may_pick_one() {
    let world = Security::new();
    world.role(
        "Seller",
        &without(qualifying(Depth::User), |privilege| privilege == "prvCreateAccount"),
    );
    let seller = world.user("seller", world.root(), &["Seller"]);
    let account = world.account(user(&seller));
    let choices = Choices {
        account: Party::Existing(account),
        ..Choices::default()
    };
    let lead = world.lead(user(&seller));
    qualify(&seller, lead, &choices).unwrap();
    assert_eq!(seller.get("lead", lead).id_of("parentaccountid"), Some(account));
}

#[test]
fn a_table_in_which_no_row_is_made_needs_no_privilege() {
    let skip_account = Choices {
        account: Party::Skip,
        ..Choices::default()
    };
    let skip_contact = Choices {
        contact: Party::Skip,
        ..Choices::default()
    };
    let skip_opportunity = Choices {
        opportunity: false,
        ..Choices::default()
    };
    let world = Security::new();
    for (table, choices) in [
        ("Account", skip_account),
        ("Contact", skip_contact),
        ("Opportunity", skip_opportunity),
    ] {
        world.role(
            &format!("No {table}"),
            &without(qualifying(Depth::User), |privilege| privilege.ends_with(table)),
        );
        let seller = world.user(&format!("without {table}"), world.root(), &[&format!("No {table}")]);
        let lead = world.lead(user(&seller));
        let whole = refusal(qualify(&seller, lead, &Choices::default()));
        let code = if table == "Account" { "0x80081018" } else { "0x80040220" };
        assert_eq!(whole, format!("{code} prvCreate{table}"));
        qualify(&seller, lead, &choices).unwrap_or_else(|error| panic!("without {table}: {error}"));
    }
}

#[test]
fn a_currency_that_is_chosen_must_be_readable_and_appendable_to() {
    let world = Security::new();
    let role = world.role("Seller", &qualifying(Depth::User));
    let seller = world.user("seller", world.root(), &["Seller"]);
    let lead = world.lead(user(&seller));
    let currency = world.admin.create(
        Row::unsaved("transactioncurrency")
            .with("isocurrencycode", "EUR")
            .with("currencyname", "Euro")
            .with("currencysymbol", "€")
            .with("currencyprecision", 2)
            .with(
                "exchangerate",
                sluice_model::Value::Decimal(sluice_model::Decimal::new(9, 1)),
            ),
    );
    let request = qualify::request(lead, &Choices::default())
        .with("OpportunityCurrencyId", Reference::new("transactioncurrency", currency));
    for needed in grants(
        "TransactionCurrency",
        &[Right::Read, Right::AppendTo],
        Depth::Organization,
    ) {
        let refused = refusal(seller.0.execute(request.clone()));
        assert_eq!(refused, format!("0x80040220 {}", needed.0));
        world.allow(role, &[needed]);
    }
    seller.0.execute(request).unwrap();
    let opportunity = seller.get("lead", lead).id_of("qualifyingopportunityid").unwrap();
    assert_eq!(
        seller.get("opportunity", opportunity).id_of("transactioncurrencyid"),
        Some(currency)
    );
}
