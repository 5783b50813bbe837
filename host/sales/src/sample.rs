//! The sample organisation: business units, people, roles, rows as untidy as real ones, the
//! custom table of the showcase, and the plug-ins that ship.
//!
//! The rows are composed, always in the same way, from short lists; nobody in them exists.
//! Each lead is of a company and has an e-mail address of its own, which no account and no
//! contact has, so it can be qualified; but for the six of [`MATCHING`].

use sluice_engine::{Batch, Engine, Session};
use sluice_model::{
    ColumnDef, ColumnType, Decimal, Depth, Filter, Ownership, Parameter, Query, Reference, Request, Result, Right, Row,
    TableDef, Uuid, Value, definition::Columns,
};
use sluice_platform::Assembly;
use sluice_platform::prelude::*;

/// A plug-in that ships: its name and the file.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// The assembly's name.
    pub name: &'static str,
    /// The module or component.
    pub bytes: &'static [u8],
}

/// How many rows of each kind.
const LEADS: usize = 360;
const ACCOUNTS: usize = 120;
const CONTACTS: usize = 180;

/// Fills a new organisation with the sample.
///
/// # Errors
/// What the messages give.
pub fn fill(engine: &Engine, plugins: &[Plugin]) -> Result<()> {
    let admin = engine.session_of("admin")?;
    customize(&admin)?;
    let people = admin.batch(people)?;
    admin.batch(commission_rules)?;
    admin.batch(|batch| rows(batch, &people))?;
    for plugin in plugins {
        let assembly = Assembly {
            name: plugin.name.to_owned(),
            bytes: plugin.bytes.to_vec(),
            description: None,
        };
        admin.push(&assembly, &sluice_platform::PushOptions::default())?;
    }
    run_audit_note_as_integration(&admin, people.integration)?;
    let organization = admin.list(Query::new("organization").columns(&[]))?;
    for row in organization {
        let all = Row::new("organization", row.id).with("plugintracelogsetting", Value::Choice(2));
        admin.execute(Request::update(all))?;
    }
    Ok(())
}

/// The showcase's custom table, and the column that the plug-in fills.
fn customize(admin: &Session) -> Result<()> {
    let label = |mut column: ColumnDef, label: &str| {
        column.label = label.to_owned();
        column
    };
    let columns = vec![
        label(
            ColumnDef::new("sl_name", ColumnType::Text { max_length: 100 }),
            "State or Province",
        ),
        label(ColumnDef::new("sl_rate", ColumnType::Decimal { precision: 4 }), "Rate"),
    ];
    admin.create_table(&TableDef {
        display: "Commission Rule".to_owned(),
        primary_name: Some("sl_name".into()),
        source: "the sample organisation".to_owned(),
        columns: Columns::from(columns),
        ..TableDef::new("sl_commissionrule", Ownership::Organization)
    })?;
    let rate = ColumnDef::new("sl_commissionrate", ColumnType::Decimal { precision: 4 });
    admin.create_column("account", &label(rate, "Commission Rate"))
}

/// Who owns the sample's rows.
#[derive(Debug, Clone, Copy)]
struct People {
    seller_west: Uuid,
    seller_east: Uuid,
    manager: Uuid,
    integration: Uuid,
}

fn people(batch: &mut Batch<'_>) -> Result<People> {
    let root = batch.list(
        Query::new("businessunit")
            .columns(&[])
            .filter(Filter::eq("parentbusinessunitid", Value::Null)),
    )?;
    let root = root.first().map(|row| row.id).unwrap_or_default();
    let root = Reference::new("businessunit", root);
    salesperson(batch, "Salesperson", &root, Depth::User)?;
    salesperson(batch, "Sales Manager", &root, Depth::BusinessUnit)?;
    integration_role(batch, &root)?;
    let mut units = Vec::new();
    for name in ["West", "East"] {
        let unit = Row::unsaved("businessunit")
            .with("name", name)
            .with("parentbusinessunitid", root.clone());
        units.push(Reference::new("businessunit", batch.create(unit)?));
    }
    let (west, east) = match units.as_slice() {
        [west, east] => (west.clone(), east.clone()),
        _ => (root.clone(), root.clone()),
    };
    Ok(People {
        seller_west: user(batch, "seller.west", &west, "Salesperson")?,
        seller_east: user(batch, "seller.east", &east, "Salesperson")?,
        manager: user(batch, "manager", &west, "Sales Manager")?,
        integration: service(batch, "integration", &root, "Integration")?,
    })
}

fn user(batch: &mut Batch<'_>, name: &str, unit: &Reference, role: &str) -> Result<Uuid> {
    let row = Row::unsaved("systemuser")
        .with("domainname", name)
        .with("lastname", name)
        .with("internalemailaddress", format!("{name}@contoso.example"))
        .with("businessunitid", unit.clone());
    let id = batch.create(row)?;
    // The copy of the role in the user's own business unit.
    let filter = Filter::eq("name", role).and(Filter::eq("businessunitid", unit.id));
    let role = batch.list(Query::new("role").columns(&[]).filter(filter))?;
    let roles = role.iter().map(Row::reference).collect();
    batch.execute(
        Request::new("Associate")
            .with("Target", Reference::new("systemuser", id))
            .with("Relationship", "systemuserroles_association")
            .with("RelatedEntities", Parameter::References(roles)),
    )?;
    Ok(id)
}

/// An account that nobody signs in with.
fn service(batch: &mut Batch<'_>, name: &str, unit: &Reference, role: &str) -> Result<Uuid> {
    let id = user(batch, name, unit, role)?;
    let row = Row::new("systemuser", id).with("accessmode", Value::Choice(4));
    batch.execute(Request::update(row))?;
    Ok(id)
}

fn role(batch: &mut Batch<'_>, name: &str, root: &Reference, privileges: &[(String, Depth)]) -> Result<()> {
    let row = Row::unsaved("role")
        .with("name", name)
        .with("businessunitid", root.clone());
    let id = batch.create(row)?;
    let rows = privileges.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    batch.execute(
        Request::new("AddPrivilegesRole")
            .with("RoleId", Value::Id(id))
            .with("Privileges", Parameter::Rows(rows.collect())),
    )?;
    Ok(())
}

/// Reading the customizations, which qualifying needs.
fn customizations() -> impl Iterator<Item = (String, Depth)> {
    [
        "prvReadAttributeMap",
        "prvReadCustomization",
        "prvReadEntity",
        "prvReadEntityMap",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), Depth::Organization))
}

/// Seeing, starting and moving the processes of the shipped flow.
fn processes() -> impl Iterator<Item = (String, Depth)> {
    [Right::Create, Right::Read, Right::Write, Right::Append, Right::AppendTo]
        .into_iter()
        .map(|right| format!("prv{}leadtoopportunitysalesprocess", right.verb()))
        .map(|name| (name, Depth::Organization))
}

/// What else the manager reads: when leads were closed and since when a step is required, and which
/// requests were refused.
const OVERSIGHT: [&str; 3] = [
    "prvReadAuditSummary",
    "prvReadRecordAuditHistory",
    "prvReadsl_messagetrace",
];

/// What the guide asks for, Write on lead and opportunity, notes and activities, the
/// flow and the reports; as the platform's roles of these names have it.
fn salesperson(batch: &mut Batch<'_>, name: &str, root: &Reference, depth: Depth) -> Result<()> {
    let mut privileges: Vec<(String, Depth)> = customizations().collect();
    for table in ["Account", "Contact", "Lead", "Opportunity"] {
        for right in [Right::Create, Right::Read, Right::Append, Right::AppendTo] {
            privileges.push((format!("prv{}{table}", right.verb()), depth));
        }
    }
    for table in ["Note", "Activity"] {
        for right in Right::ALL {
            privileges.push((format!("prv{}{table}", right.verb()), depth));
        }
    }
    privileges.extend(["prvWriteLead", "prvWriteOpportunity"].map(|name| (name.to_owned(), depth)));
    // Whose rows they are, and who takes part in an activity.
    privileges.extend(["prvReadUser", "prvAppendToUser"].map(|name| (name.to_owned(), Depth::Organization)));
    privileges.push(("prvReadsl_stagevisit".to_owned(), Depth::Organization));
    privileges.extend(processes());
    if depth > Depth::User {
        privileges.extend(OVERSIGHT.map(|name| (name.to_owned(), Depth::Organization)));
    }
    role(batch, name, root, &privileges)
}

fn integration_role(batch: &mut Batch<'_>, root: &Reference) -> Result<()> {
    let mut privileges: Vec<(String, Depth)> = customizations().collect();
    for table in ["Account", "Contact", "Lead", "Opportunity", "Note", "sl_commissionrule"] {
        // Rules belong to the organisation: nobody assigns or shares them.
        let owned = table != "sl_commissionrule";
        for right in Right::ALL
            .into_iter()
            .filter(|right| owned || right.is_of_organization())
        {
            privileges.push((format!("prv{}{table}", right.verb()), Depth::Organization));
        }
    }
    role(batch, "Integration", root, &privileges)
}

fn commission_rules(batch: &mut Batch<'_>) -> Result<()> {
    for (index, (_, state, _)) in CITIES.iter().enumerate() {
        let known = Query::new("sl_commissionrule")
            .columns(&[])
            .filter(Filter::eq("sl_name", *state));
        if batch.list(known)?.is_empty() {
            let rate = Decimal::new(250 + 25 * i64::try_from(index).unwrap_or_default(), 4);
            batch.create(
                Row::unsaved("sl_commissionrule")
                    .with("sl_name", *state)
                    .with("sl_rate", Value::Decimal(rate)),
            )?;
        }
    }
    Ok(())
}

fn run_audit_note_as_integration(admin: &Session, integration: Uuid) -> Result<()> {
    let filter = Filter::Compare {
        column: "name".into(),
        comparison: sluice_model::Comparison::Contains,
        value: Value::from("audit"),
    };
    for step in admin.list(Query::new("sdkmessageprocessingstep").columns(&["name"]).filter(filter))? {
        let row = Row::new("sdkmessageprocessingstep", step.id)
            .with("impersonatinguserid", Reference::new("systemuser", integration));
        admin.execute(Request::update(row))?;
    }
    Ok(())
}

const FIRST_NAMES: &[&str] = &[
    "Yvonne", "Susanna", "Nancy", "Maria", "Sidney", "Scott", "Robert", "Rene", "Jim", "Thomas", "Alex", "Patrick",
    "Aisha", "Tomáš", "Zoë", "Björn", "Lê", "Olga", "Priya", "Ken", "Noor", "Samir", "Inés", "Chidi", "Hannah",
    "Marek", "Lucía", "Wei",
];

const LAST_NAMES: &[&str] = &[
    "McKay",
    "Stubberod",
    "Anderson",
    "Campbell",
    "Higa",
    "Konersmann",
    "Lyon",
    "Valdes",
    "Glynn",
    "Andersen",
    "Wu",
    "O'Neil",
    "Müller",
    "Nguyễn",
    "García",
    "Nowak",
    "de Vries",
    "van der Berg",
    "Smith-Jones",
    "Patel",
    "Sørensen",
    "Okafor",
    "Ivanova",
    "Kowalski",
    "Tanaka",
    "Haddad",
    "Silva",
    "Brown",
];

const COMPANIES: &[&str] = &[
    "Fourth Coffee",
    "Litware, Inc.",
    "Adventure Works",
    "Fabrikam, Inc.",
    "Blue Yonder Airlines",
    "City Power & Light",
    "Contoso Pharmaceuticals",
    "Alpine Ski House",
    "A. Datum Corporation",
    "Coho Winery",
    "Northwind Traders",
    "Trey Research",
    "Wingtip Toys",
    "Proseware GmbH",
    "Tailspin Toys",
    "School of Fine Art",
    "Lucerne Publishing",
    "Margie's Travel",
    "Southridge Video",
    "VanArsdel, Ltd.",
    "Wide World Importers",
    "Woodgrove Bank",
    "Graphic Design Institute",
    "Humongous Insurance",
];

/// What the companies of the leads do; before it comes a founder's name.
const TRADES: &[&str] = &[
    "Bakery",
    "Boat Yard",
    "Brewing Co.",
    "Cycles",
    "Data Services, Inc.",
    "Dental Supplies",
    "Farms",
    "Freight",
    "Furniture Ltd.",
    "Garden Centers",
    "Instruments GmbH",
    "Logistics",
    "Optics",
    "Roofing & Sons",
];

/// The leads that match something, by their topics: the same company as an account; the same
/// e-mail address as a contact; the same e-mail address as each other. The first of each two
/// is the western seller's, and so is the contact.
const MATCHING: [&str; 6] = [
    "Same company as an account (West)",
    "Same company as an account (East)",
    "Same e-mail address as a contact (West)",
    "Same e-mail address as a contact (East)",
    "Same e-mail address as another lead (1)",
    "Same e-mail address as another lead (2)",
];

/// City, state or province, postal code.
const CITIES: &[(&str, &str, &str)] = &[
    ("Redmond", "WA", "98052"),
    ("Seattle", "WA", "98101"),
    ("Portland", "OR", "97201"),
    ("San Francisco", "CA", "94103"),
    ("Los Angeles", "CA", "90001"),
    ("Phoenix", "AZ", "85001"),
    ("Denver", "CO", "80201"),
    ("Austin", "TX", "78701"),
    ("Chicago", "IL", "60601"),
    ("New York", "NY", "10001"),
    ("Boston", "MA", "02101"),
    ("Miami", "FL", "33101"),
];

const TOPICS: &[&str] = &[
    "New store opened this year - follow up",
    "Good prospect",
    "interested in online only store",
    "Likes our new products",
    "needs to restock their supply of Product SKU AX305; will purchase again",
    "Six orders of Product SKU JJ202",
    "12 orders of Product SKU JJ202 ",
    "Some interest in our products",
    "RE: FW: quote???",
];

/// Picks from a list in an order that looks accidental and is always the same.
fn pick<T: Copy>(list: &[T], index: usize, salt: usize) -> Option<T> {
    let position = index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(salt.wrapping_mul(40_503))
        >> 7;
    list.get(position % list.len().max(1)).copied()
}

/// Every few rows something is missing, shouted, or has stray spaces.
fn untidy(text: &str, index: usize, salt: usize) -> Option<String> {
    match (index.wrapping_mul(31).wrapping_add(salt * 17)) % 13 {
        0 => None,
        1 => Some(text.to_uppercase()),
        2 => Some(text.to_lowercase()),
        3 => Some(format!(" {text}  ")),
        _ => Some(text.to_owned()),
    }
}

fn phone(index: usize) -> String {
    let (area, line) = (201 + index * 37 % 700, 1000 + index * 7919 % 9000);
    match index % 6 {
        0 => format!("{area}-555-{line}"),
        1 => format!("({area}) 555 {line}"),
        2 => format!("{area}/555-{line}"),
        3 => format!("+1 {area} 555 {line}"),
        4 => format!("{area}.555.{line} ext. {}", index % 90 + 10),
        _ => format!("{area}555{line}"),
    }
}

fn set(row: &mut Row, column: &str, value: Option<String>) {
    if let Some(value) = value {
        row.set(column, value);
    }
}

fn address(row: &mut Row, index: usize) {
    if let Some((city, state, code)) = pick(CITIES, index, 3) {
        set(row, "address1_city", untidy(city, index, 5));
        // The state is what the commission goes by: it is tidy, or missing.
        if index % 11 != 10 {
            row.set("address1_stateorprovince", state);
        }
        set(row, "address1_postalcode", untidy(code, index, 6));
        row.set(
            "address1_country",
            if index.is_multiple_of(4) {
                "USA"
            } else {
                "United States"
            },
        );
        row.set("address1_line1", format!("{} Main Street", index * 7 % 900 + 1));
    }
}

fn person(row: &mut Row, index: usize, domain: &str) {
    let (first, last) = (
        pick(FIRST_NAMES, index, 1).unwrap_or("Alex"),
        pick(LAST_NAMES, index, 2).unwrap_or("Wu"),
    );
    set(row, "firstname", untidy(first, index, 1));
    row.set("lastname", untidy(last, index, 2).unwrap_or_else(|| last.to_owned()));
    if index % 5 != 3 {
        let address = format!(
            "{}.{}@{domain}",
            first.to_lowercase(),
            last.to_lowercase().replace([' ', '\''], "")
        );
        row.set("emailaddress1", address);
    }
    set(row, "telephone1", (index % 7 != 5).then(|| phone(index)));
    set(row, "mobilephone", index.is_multiple_of(3).then(|| phone(index + 1)));
}

fn rows(batch: &mut Batch<'_>, people: &People) -> Result<()> {
    let owners = [
        people.seller_west,
        people.seller_east,
        people.seller_west,
        people.manager,
    ];
    let owner = |index: usize| Reference::new("systemuser", pick(&owners, index, 9).unwrap_or(people.seller_west));
    let mut accounts = Vec::new();
    for index in 0..ACCOUNTS {
        let mut row = Row::unsaved("account").with("ownerid", owner(index));
        let name = pick(COMPANIES, index, 0).unwrap_or("Fabrikam");
        row.set("name", untidy(name, index, 4).unwrap_or_else(|| name.to_owned()));
        row.set("telephone1", phone(index));
        row.set("revenue", Value::Money(Decimal::from(index as u64 * 17_500)));
        address(&mut row, index);
        accounts.push(batch.create(row)?);
    }
    let mut western: Vec<String> = Vec::new();
    for index in 0..CONTACTS {
        let mut row = Row::unsaved("contact").with("ownerid", owner(index));
        person(&mut row, index + 1000, "example.com");
        let own = row.text("emailaddress1").map(ToOwned::to_owned);
        if row.id_of("ownerid") == Some(people.seller_west) {
            western.extend(own.filter(|own| !western.contains(own)));
        }
        address(&mut row, index);
        if let Some(account) = pick(&accounts, index, 8).filter(|_| index % 3 != 0) {
            row.set("parentcustomerid", Reference::new("account", account));
        }
        batch.create(row)?;
    }
    for index in 0..LEADS - MATCHING.len() {
        batch.create(lead(index, owner(index)))?;
    }
    for (index, topic) in (LEADS - MATCHING.len()..).zip(MATCHING) {
        let seller = if topic.contains("(East)") {
            people.seller_east
        } else {
            people.seller_west
        };
        let mut row = lead(index, Reference::new("systemuser", seller)).with("subject", topic);
        if topic.contains("company") {
            set(&mut row, "companyname", pick(COMPANIES, 0, 0).map(ToOwned::to_owned));
        } else if topic.contains("contact") {
            set(&mut row, "emailaddress1", western.pop());
        } else {
            row.set("emailaddress1", "purchasing@nowakcycles.example");
        }
        batch.create(row)?;
    }
    Ok(())
}

/// The company of a lead: each has one of its own.
fn company(index: usize) -> String {
    let part = |list: &[&'static str], index: usize| list.get(index % list.len().max(1)).copied().unwrap_or_default();
    let founder = part(LAST_NAMES, index);
    format!("{founder} {}", part(TRADES, index / LAST_NAMES.len().max(1)))
}

/// The domain of a company: `mckaybakery.example`.
fn domain(company: &str) -> String {
    let name: String = company.chars().filter(|c| c.is_alphanumeric()).collect();
    format!("{}.example", name.to_lowercase())
}

fn lead(index: usize, owner: Reference) -> Row {
    let mut row = Row::unsaved("lead").with("ownerid", owner);
    let company = company(index);
    person(&mut row, index, &domain(&company));
    address(&mut row, index);
    set(&mut row, "companyname", untidy(&company, index, 3));
    row.set("subject", pick(TOPICS, index, 4).unwrap_or("Good prospect"));
    row.set("statuscode", Value::Choice(if index.is_multiple_of(4) { 2 } else { 1 }));
    if !index.is_multiple_of(5) {
        row.set(
            "leadsourcecode",
            Value::Choice(i32::try_from(index % 9).unwrap_or_default() + 1),
        );
    }
    if index.is_multiple_of(6) {
        row.set("budgetamount", Value::Money(Decimal::from(index as u64 * 1_250)));
    }
    row
}
