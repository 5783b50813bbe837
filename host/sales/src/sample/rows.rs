//! The rows of the sample: companies, people and leads, made of lists of names by counting.

use sluice_engine::Batch;
use sluice_model::{Decimal, Reference, Result, Row, Value};

use super::People;

/// How many rows of each kind.
pub(super) const LEADS: usize = 360;

pub(super) const ACCOUNTS: usize = 120;

pub(super) const CONTACTS: usize = 180;

pub(super) const FIRST_NAMES: &[&str] = &[
    "Yvonne", "Susanna", "Nancy", "Maria", "Sidney", "Scott", "Robert", "Rene", "Jim", "Thomas", "Alex", "Patrick",
    "Aisha", "Tomáš", "Zoë", "Björn", "Lê", "Olga", "Priya", "Ken", "Noor", "Samir", "Inés", "Chidi", "Hannah",
    "Marek", "Lucía", "Wei",
];

pub(super) const LAST_NAMES: &[&str] = &[
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

pub(super) const COMPANIES: &[&str] = &[
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
pub(super) const TRADES: &[&str] = &[
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
pub(super) const MATCHING: [&str; 6] = [
    "Same company as an account (West)",
    "Same company as an account (East)",
    "Same e-mail address as a contact (West)",
    "Same e-mail address as a contact (East)",
    "Same e-mail address as another lead (1)",
    "Same e-mail address as another lead (2)",
];

/// City, state or province, postal code.
pub(super) const CITIES: &[(&str, &str, &str)] = &[
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

pub(super) const TOPICS: &[&str] = &[
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
pub(super) fn pick<T: Copy>(list: &[T], index: usize, salt: usize) -> Option<T> {
    let position = index
        .wrapping_mul(2_654_435_761)
        .wrapping_add(salt.wrapping_mul(40_503))
        >> 7;
    list.get(position % list.len().max(1)).copied()
}

/// Every few rows something is missing, shouted, or has stray spaces.
pub(super) fn untidy(text: &str, index: usize, salt: usize) -> Option<String> {
    match (index.wrapping_mul(31).wrapping_add(salt * 17)) % 13 {
        0 => None,
        1 => Some(text.to_uppercase()),
        2 => Some(text.to_lowercase()),
        3 => Some(format!(" {text}  ")),
        _ => Some(text.to_owned()),
    }
}

pub(super) fn phone(index: usize) -> String {
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

pub(super) fn set(row: &mut Row, column: &str, value: Option<String>) {
    if let Some(value) = value {
        row.set(column, value);
    }
}

pub(super) fn address(row: &mut Row, index: usize) {
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

pub(super) fn person(row: &mut Row, index: usize, domain: &str) {
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

pub(super) fn rows(batch: &mut Batch<'_>, people: &People) -> Result<()> {
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
pub(super) fn company(index: usize) -> String {
    let part = |list: &[&'static str], index: usize| list.get(index % list.len().max(1)).copied().unwrap_or_default();
    let founder = part(LAST_NAMES, index);
    format!("{founder} {}", part(TRADES, index / LAST_NAMES.len().max(1)))
}

/// The domain of a company: `mckaybakery.example`.
pub(super) fn domain(company: &str) -> String {
    let name: String = company.chars().filter(|c| c.is_alphanumeric()).collect();
    format!("{}.example", name.to_lowercase())
}

pub(super) fn lead(index: usize, owner: Reference) -> Row {
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
