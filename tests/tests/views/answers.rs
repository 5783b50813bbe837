//! Rows with others beside them, rows that come once, totals, and pages.

use serde_json::{Value as Json, json};
use sluice_tests::world::{World, id, list, text};

fn fetch(world: &World, xml: &str) -> Json {
    world.admin().json(&["view", "run", "--fetch", xml])
}

fn account(world: &World, name: &str) -> String {
    id(&world
        .admin()
        .json(&["row", "create", "account", &format!("name={name}")]))
}

fn lead(world: &World, columns: &[&str]) -> String {
    id(&world
        .admin()
        .json(&[&["row", "create", "lead", "lastname=x"], columns].concat()))
}

#[test]
fn rows_that_are_the_same_come_once() {
    let world = World::empty();
    for company in ["Same", "same", "Other"] {
        lead(&world, &[&format!("companyname={company}")]);
    }
    let distinct = "<fetch distinct='true'><entity name='lead'><attribute name='companyname'/><order attribute='companyname'/></entity></fetch>";
    let names = |rows: &Json| -> Vec<String> {
        list(rows)
            .iter()
            .map(|row| text(row, "companyname").to_lowercase())
            .collect()
    };
    let rows = fetch(&world, distinct);
    assert_eq!(names(&rows), ["other", "same"]);
    assert!(
        list(&rows)[0].get("leadid").is_none(),
        "a row stands for several: {rows}"
    );
    let keyed = distinct.replace("<order", "<attribute name='leadid'/><order");
    assert_eq!(
        list(&fetch(&world, &keyed)).len(),
        3,
        "with the key they are not the same"
    );
    let count = world.admin().json(&["view", "run", "--fetch", distinct, "--count"]);
    assert_eq!(count["count"], 2);
    let rows = [
        "row",
        "list",
        "lead",
        "--select",
        "companyname",
        "--distinct",
        "--order",
        "companyname",
    ];
    assert_eq!(names(&world.admin().json(&rows)), ["other", "same"]);
    assert_eq!(world.admin().json(&["row", "list", "lead", "--count"])["count"], 3);
    for (page, rows) in [(1, 2), (2, 1), (3, 0)] {
        let fetch = format!(
            "<fetch count='2' page='{page}'><entity name='lead'><attribute name='lastname'/><order attribute='lastname'/></entity></fetch>"
        );
        let count = world.admin().json(&["view", "run", "--fetch", &fetch, "--count"]);
        assert_eq!(count["count"], rows, "page {page}");
    }
    for wrong in [
        "distinct='maybe'",
        "aggregate='yes'",
        "returntotalrecordcount='2'",
        "no-lock='x'",
    ] {
        let xml = format!("<fetch {wrong}><entity name='lead'/></fetch>");
        let error = world.admin().refused(&["view", "run", "--fetch", &xml]);
        let name = wrong.split('=').next().unwrap();
        assert!(error["message"].as_str().unwrap().contains(name), "{error}");
    }
}

/// The leads one, two, three and four, of which the last one is of no account.
fn leads_of_accounts() -> World {
    let world = World::empty();
    let (zulu, mike) = (account(&world, "Zulu"), account(&world, "Mike"));
    for (last, account) in [("one", &zulu), ("two", &mike), ("three", &zulu)] {
        let parent = format!("parentaccountid={account}");
        world
            .admin()
            .json(&["row", "create", "lead", &format!("lastname={last}"), &parent]);
    }
    world.admin().json(&["row", "create", "lead", "lastname=four"]);
    world
}

/// Leads with the names of their accounts beside.
fn link(kind: &str, order: &str) -> String {
    format!(
        "<fetch><entity name='lead'><attribute name='lastname'/><order attribute='lastname'/>
           <link-entity name='account' from='accountid' to='parentaccountid' alias='a' link-type='{kind}'>
             <attribute name='name'/><attribute name='ownerid' alias='boss'/>{order}
           </link-entity></entity></fetch>"
    )
}

fn pairs(rows: &Json) -> Vec<(String, Json)> {
    list(rows)
        .iter()
        .map(|row| (text(row, "lastname"), row["a.name"].clone()))
        .collect()
}

#[test]
fn an_outer_link_is_asked_from_outside() {
    let world = leads_of_accounts();
    let with = |condition: &str| {
        let filter = format!("<filter><condition entityname='a' attribute='name' {condition}/></filter></entity>");
        let rows = fetch(&world, &link("outer", "").replace("</entity>", &filter));
        pairs(&rows).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(
        with("operator='null'"),
        ["four"],
        "the column of a row that is not there is empty"
    );
    assert_eq!(with("operator='eq' value='Zulu'"), ["one", "three"]);
    assert_eq!(with("operator='ne' value='Zulu'"), ["four", "two"]);
    assert_eq!(with("operator='not-null'"), ["one", "three", "two"]);
    // An operator that is true of an empty column is so of a row that is not there, whatever it is called.
    let owned = |operator: &str| {
        let owner =
            format!("<filter><condition entityname='a' attribute='ownerid' operator='{operator}'/></filter></entity>");
        let unit = owner.replace("ownerid", "owningbusinessunit");
        let filter = if operator.ends_with("businessid") { unit } else { owner };
        list(&fetch(&world, &link("outer", "").replace("</entity>", &filter))).len()
    };
    assert_eq!(
        ["eq-userid", "ne-userid", "eq-businessid", "ne-businessid"].map(owned),
        [3, 1, 3, 1]
    );
}

#[test]
fn links_are_called_as_anybody_likes() {
    let world = leads_of_accounts();
    // A link may be called as its table is, as another one is, and as a link in a filter.
    for alias in ["lead", "LEAD", "account", "r1"] {
        let called = link("inner", "<order attribute='name'/>")
            .replace("alias='a'", &format!("alias='{alias}'"))
            .replace("</link-entity>", "<filter><link-entity name='lead' from='parentaccountid' to='accountid' link-type='any'/></filter></link-entity>");
        let rows = fetch(&world, &called);
        assert_eq!(list(&rows).len(), 3, "{alias}: {rows}");
        assert!(
            list(&rows).iter().all(|row| row[format!("{alias}.name")].is_string()),
            "{rows}"
        );
    }
}

#[test]
fn columns_of_links_stand_beside() {
    let world = leads_of_accounts();
    let inner = fetch(&world, &link("inner", ""));
    assert_eq!(
        pairs(&inner),
        [
            ("one".into(), json!("Zulu")),
            ("three".into(), json!("Zulu")),
            ("two".into(), json!("Mike"))
        ]
    );
    assert_eq!(
        list(&inner)[0]["boss@Microsoft.Dynamics.CRM.lookuplogicalname"],
        "systemuser"
    );
    let outer = fetch(&world, &link("outer", ""));
    assert_eq!(pairs(&outer)[0], ("four".into(), Json::Null));
    let ordered = link("inner", "<order attribute='name'/>").replace("<order attribute='lastname'/>", "");
    assert_eq!(
        pairs(&fetch(&world, &ordered))[0].0,
        "two",
        "ordered by the joined name"
    );
    let people = world
        .admin()
        .run(&["view", "run", "--fetch", &ordered, "-o", "table"])
        .stdout;
    assert!(
        people.contains("a.name") && people.contains("Mike") && people.contains("3 rows"),
        "{people}"
    );

    // The other way round a row comes once for each.
    let many = "<fetch><entity name='account'><attribute name='name'/><order attribute='name'/>
        <link-entity name='lead' from='parentaccountid' to='accountid' alias='l'><attribute name='lastname'/></link-entity>
        </entity></fetch>";
    assert_eq!(list(&fetch(&world, many)).len(), 3);
    let counted = world.admin().json(&["view", "run", "--fetch", many, "--count"]);
    assert_eq!(counted["count"], 3);
}

#[test]
fn a_join_shows_what_the_user_may_read() {
    let world = World::sample();
    let hidden = id(&world.admin().json(&["row", "create", "account", "name=Hidden"]));
    let west = world.user("seller.west");
    let lead = id(&west.json(&["row", "create", "lead", "lastname=seen"]));
    world
        .admin()
        .json(&["row", "update", "lead", &lead, &format!("parentaccountid={hidden}")]);
    let xml = |kind: &str| {
        format!(
            "<fetch><entity name='lead'><attribute name='lastname'/>
               <filter><condition attribute='leadid' operator='eq' value='{lead}'/></filter>
               <link-entity name='account' from='accountid' to='parentaccountid' alias='a' link-type='{kind}'>
                 <attribute name='name'/></link-entity></entity></fetch>"
        )
    };
    let run =
        |user: &sluice_tests::program::Program, kind: &str| list(&user.json(&["view", "run", "--fetch", &xml(kind)]));
    assert_eq!(run(&world.admin(), "inner")[0]["a.name"], "Hidden");
    assert_eq!(run(&west, "inner").len(), 0, "for them the account is not there");
    assert_eq!(run(&west, "outer")[0]["a.name"], Json::Null);
}

/// Leads of two accounts with numbers, and one without; the accounts Zulu and Mike.
fn leads_with_numbers() -> (World, String, String) {
    let world = World::empty();
    let (zulu, mike) = (account(&world, "Zulu"), account(&world, "Mike"));
    world
        .admin()
        .json(&["column", "create", "lead", "zz_exact", "decimal", "--precision", "4"]);
    for (account, revenue, exact, employees) in [
        (&zulu, "10.5", "0.1", "3"),
        (&zulu, "20", "0.2", "4"),
        (&mike, "1", "0.3", "8"),
    ] {
        lead(
            &world,
            &[
                &format!("parentaccountid={account}"),
                &format!("revenue={revenue}"),
                &format!("zz_exact={exact}"),
                &format!("numberofemployees={employees}"),
            ],
        );
    }
    lead(&world, &[]);
    (world, zulu, mike)
}

fn totals_of(world: &World, inside: &str) -> Vec<Json> {
    let xml = format!("<fetch aggregate='true'><entity name='lead'>{inside}</entity></fetch>");
    list(&fetch(world, &xml))
}

#[test]
fn totals_are_made_of_all_rows() {
    let (world, ..) = leads_with_numbers();
    let all = totals_of(
        &world,
        "<attribute name='leadid' alias='all' aggregate='count'/>
         <attribute name='revenue' alias='held' aggregate='countcolumn'/>
         <attribute name='parentaccountid' alias='different' aggregate='countcolumn' distinct='true'/>
         <attribute name='revenue' alias='sum' aggregate='sum'/><attribute name='revenue' alias='mean' aggregate='avg'/>
         <attribute name='zz_exact' alias='exact' aggregate='sum'/><attribute name='zz_exact' alias='middle' aggregate='avg'/>
         <attribute name='numberofemployees' alias='people' aggregate='avg'/>
         <attribute name='revenue' alias='least' aggregate='min'/><attribute name='zz_exact' alias='most' aggregate='max'/>",
    );
    assert_eq!(
        all,
        [json!({
            "all": 4, "held": 3, "different": 2, "sum": 31.5, "mean": 10.5, "exact": 0.6, "middle": 0.2, "people": 5,
            "least": 1, "most": 0.3
        })]
    );
    let nothing = fetch(
        &world,
        "<fetch aggregate='true'><entity name='opportunity'><attribute name='opportunityid' alias='n' aggregate='count'/></entity></fetch>",
    );
    assert_eq!(list(&nothing), [json!({"n": 0})]);
}

#[test]
fn totals_are_made_by_groups() {
    let (world, zulu, mike) = leads_with_numbers();
    let totals = |inside: &str| totals_of(&world, inside);
    let by_account = totals(
        "<attribute name='parentaccountid' alias='account' groupby='true'/>
         <attribute name='leadid' alias='leads' aggregate='count'/><order alias='account'/>",
    );
    let groups: Vec<(&Json, &Json)> = by_account.iter().map(|row| (&row["account"], &row["leads"])).collect();
    assert_eq!(
        groups,
        [
            (&Json::Null, &json!(1)),
            (&json!(mike), &json!(1)),
            (&json!(zulu), &json!(2))
        ],
        "in the order of the names"
    );
    let by_link = totals(
        "<attribute name='leadid' alias='leads' aggregate='count'/><order alias='leads' descending='true'/>
         <link-entity name='account' from='accountid' to='parentaccountid' alias='a'>
           <attribute name='name' alias='name' groupby='true'/></link-entity>",
    );
    assert_eq!(by_link[0], json!({"leads": 2, "name": "Zulu"}));
    let by_year = totals(
        "<attribute name='createdon' alias='year' groupby='true' dategrouping='year'/>
         <attribute name='createdon' alias='week' groupby='true' dategrouping='week'/>
         <attribute name='leadid' alias='leads' aggregate='count'/>",
    );
    assert_eq!(by_year.iter().map(|row| row["leads"].as_u64().unwrap()).sum::<u64>(), 4);
    assert!(by_year[0]["year"].as_u64().unwrap() > 2000 && by_year[0]["week"].as_u64().unwrap() < 55);
    let people = world.admin().run(&[
        "view",
        "run",
        "--fetch",
        "<fetch aggregate='true'><entity name='lead'><attribute name='parentaccountid' alias='account' groupby='true'/>
         <attribute name='leadid' alias='leads' aggregate='count'/></entity></fetch>",
    ]);
    assert!(
        people.stdout.contains("leads") && !people.stdout.contains("\tid"),
        "{people:?}"
    );
}

#[test]
fn pages_follow_each_other() {
    let world = World::empty();
    for (number, company) in ["b", "a", "b", "c", "a", "b", "a"].iter().enumerate() {
        let mut columns = vec![format!("lastname={number}")];
        if number != 3 {
            columns.push(format!("companyname={company}"));
        }
        let line = ["row", "create", "lead"].map(str::to_owned);
        let line: Vec<String> = line.into_iter().chain(columns).collect();
        world.admin().json(&line.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let xml = |more: &str, descending: bool| {
        format!(
            "<fetch count='2' returntotalrecordcount='true' {more}><entity name='lead'><attribute name='lastname'/>
             <order attribute='companyname' descending='{descending}'/></entity></fetch>"
        )
    };
    let names = |answer: &Json| -> Vec<String> { list(answer).iter().map(|row| text(row, "lastname")).collect() };
    for (descending, expected) in [(false, "3146025"), (true, "0251463")] {
        let (mut cookie, mut all) = (None::<String>, String::new());
        loop {
            let more = cookie.as_ref().map(|cookie| {
                format!(
                    "paging-cookie='{}'",
                    cookie
                        .replace('&', "&amp;")
                        .replace('<', "&lt;")
                        .replace('\'', "&apos;")
                )
            });
            let answer = fetch(&world, &xml(&more.unwrap_or_default(), descending));
            assert_eq!(answer["@Microsoft.Dynamics.CRM.totalrecordcount"], 7);
            all += &names(&answer).concat();
            cookie = answer["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"]
                .as_str()
                .map(str::to_owned);
            assert_eq!(answer["@Microsoft.Dynamics.CRM.morerecords"], cookie.is_some());
            if cookie.is_none() {
                break;
            }
        }
        assert_eq!(all, expected);
    }
    assert_eq!(names(&fetch(&world, &xml("page='3'", false))).concat(), "02");
    let error = world
        .admin()
        .refused(&["view", "run", "--fetch", &xml("paging-cookie='nonsense'", false)]);
    assert!(error["message"].as_str().unwrap().contains("paging cookie"), "{error}");
    // That of another order is none of this query.
    let first = fetch(&world, &xml("", false));
    let cookie = first["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap();
    let other = xml(&format!("paging-cookie='{}'", cookie.replace('\'', "&apos;")), true);
    let error = world.admin().refused(&["view", "run", "--fetch", &other]);
    assert!(error["message"].as_str().unwrap().contains("paging cookie"), "{error}");
}
