//! QualifyLead: makes an account, a contact and an opportunity of a lead, and closes it. One
//! transaction; every row is made by an ordinary Create in the caller's name.
//! Source: the platform reference §4; R6–R14, R21–R27, R67, R125–R130, R141–R143.

use sluice_engine::{
    Message, Operation, ParameterDef, Shape, Takes, Unit,
    parts::{Images, input, optional, require, required},
};
use sluice_model::{Code, Error, Parameter, Reference, Request, Result, Right, Row, Uuid, Value};

/// What to do about the account or the contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Party {
    /// Make one.
    #[default]
    Create,
    /// Make none.
    Skip,
    /// Take the one that is there.
    Existing(Uuid),
}

/// What is to become of a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The account.
    pub account: Party,
    /// The contact.
    pub contact: Party,
    /// Whether an opportunity is made.
    pub opportunity: bool,
    /// Whether duplicates are left undetected (the grid, or Continue on the form).
    pub suppress_duplicates: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            account: Party::Create,
            contact: Party::Create,
            opportunity: true,
            suppress_duplicates: false,
        }
    }
}

/// The status reason Qualified.
const QUALIFIED: i32 = 3;

/// The request that qualifies a lead.
pub fn request(lead: Uuid, choices: &Choices) -> Request {
    let mut request = Request::new("QualifyLead")
        .with("LeadId", Reference::new("lead", lead))
        .with("CreateAccount", choices.account == Party::Create)
        .with("CreateContact", choices.contact == Party::Create)
        .with("CreateOpportunity", choices.opportunity)
        .with("Status", QUALIFIED)
        .with("SuppressDuplicateDetection", choices.suppress_duplicates);
    let existing = [
        ("ExistingAccountId", "account", &choices.account),
        ("ExistingContactId", "contact", &choices.contact),
    ];
    for (parameter, table, party) in existing {
        if let Party::Existing(id) = party {
            request = request.with(parameter, Reference::new(table, *id));
        }
    }
    request
}

/// `QualifyLead`.
#[derive(Debug)]
pub struct QualifyLead;

/// The privileges on the Customizations tab that qualifying needs (R130).
const CUSTOMIZATIONS: [&str; 4] = [
    "prvReadAttributeMap",
    "prvReadCustomization",
    "prvReadEntity",
    "prvReadEntityMap",
];

/// What qualifying needs on each table that it touches (R125).
const RIGHTS: [Right; 4] = [Right::Create, Right::Read, Right::Append, Right::AppendTo];

impl Message for QualifyLead {
    fn name(&self) -> &'static str {
        "QualifyLead"
    }

    fn doc(&self) -> &'static str {
        "Makes an account, a contact and an opportunity of a lead, and closes the lead."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("LeadId", "reference"),
            optional("CreateAccount", "bool"),
            optional("CreateContact", "bool"),
            optional("CreateOpportunity", "bool"),
            required("Status", "int"),
            optional("OpportunityCurrencyId", "reference"),
            optional("OpportunityCustomerId", "reference"),
            // Sluice's own: rows to take instead of making new ones.
            optional("ExistingAccountId", "reference"),
            optional("ExistingContactId", "reference"),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("CreatedEntities", "references")];
        Shape {
            takes: Takes::Reference("LeadId"),
            tables: Some(&["lead"]),
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: OUTPUTS,
        }
    }

    /// The whole list at once, for the rows that will be made: every privilege that is
    /// missing is refused by its name, the creation of accounts in the guide's words.
    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let wanted = Wanted::of(operation)?;
        let catalog = unit.catalog();
        let created = [
            ("account", wanted.account),
            ("contact", wanted.contact),
            ("opportunity", wanted.opportunity),
        ];
        let tables = created.iter().filter(|(_, wanted)| *wanted).map(|(table, _)| *table);
        for table in std::iter::once("lead").chain(tables) {
            for right in RIGHTS {
                let held = require(unit, operation, &catalog.table(table)?.clone(), right);
                match (table, right) {
                    ("account", Right::Create) => held.map_err(cannot_create_accounts)?,
                    _ => held?,
                }
            }
        }
        require(unit, operation, &catalog.table("lead")?.clone(), Right::Write)?;
        for privilege in CUSTOMIZATIONS {
            match catalog.privilege(privilege) {
                Some((table, right)) => require(unit, operation, &catalog.table(table)?.clone(), right)?,
                None => unit.require_named(operation, privilege)?,
            }
        }
        for given in wanted.given() {
            for right in [Right::Read, Right::AppendTo] {
                require(unit, operation, &catalog.table(&given.table)?.clone(), right)?;
            }
        }
        Ok(())
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let wanted = Wanted::of(operation)?;
        let rights = [Right::Read, Right::Write, Right::Append, Right::AppendTo];
        let lead = unit.row_with_rights(operation, "lead", operation.id()?, &rights)?;
        if lead.int("statecode") != Some(0) {
            return Err(closed(&lead));
        }
        let state = state_of(unit, &wanted)?;
        for given in wanted.given() {
            unit.row_with_rights(operation, &given.table, given.id, &[Right::Read, Right::AppendTo])?;
        }
        let mut made = Vec::new();
        let account = account(unit, operation, &wanted, &lead, &mut made)?;
        let contact = contact(unit, operation, &wanted, &lead, account.as_ref(), &mut made)?;
        let customer = wanted
            .customer
            .clone()
            .or_else(|| account.clone())
            .or_else(|| contact.clone());
        let opportunity = match wanted.opportunity {
            true => {
                let row = opportunity(
                    unit,
                    &wanted,
                    &lead,
                    [account.as_ref(), contact.as_ref(), customer.as_ref()],
                )?;
                Some(create(unit, operation, row, &wanted, &mut made)?)
            }
            false => None,
        };
        link_lead(unit, operation, &lead, [account, contact, opportunity])?;
        let close = Row::new("lead", lead.id)
            .with("statecode", Value::Choice(state))
            .with("statuscode", Value::Choice(wanted.status));
        unit.run_as_caller(operation, Request::update(close))?;
        operation.output("CreatedEntities", Parameter::References(made));
        Ok(())
    }
}

/// What a request asks for.
#[derive(Debug)]
struct Wanted {
    account: bool,
    contact: bool,
    opportunity: bool,
    status: i32,
    currency: Option<Reference>,
    customer: Option<Reference>,
    existing_account: Option<Reference>,
    existing_contact: Option<Reference>,
}

impl Wanted {
    fn of(operation: &Operation) -> Result<Self> {
        let customer = input::optional_reference(operation, "OpportunityCustomerId")?;
        if let Some(customer) = &customer
            && !matches!(&*customer.table, "account" | "contact")
        {
            return Err(Error::new(
                Code::INVALID_LINK,
                "The parent of an opportunity must be an account or contact.",
            ));
        }
        let is = |table: &str| customer.clone().filter(|customer| &*customer.table == table);
        Ok(Self {
            account: input::bool(operation, "CreateAccount")?,
            contact: input::bool(operation, "CreateContact")?,
            opportunity: input::bool(operation, "CreateOpportunity")?,
            status: input::int(operation, "Status")?.unwrap_or(QUALIFIED),
            currency: input::optional_reference(operation, "OpportunityCurrencyId")?,
            existing_account: input::optional_reference(operation, "ExistingAccountId")?.or_else(|| is("account")),
            existing_contact: input::optional_reference(operation, "ExistingContactId")?.or_else(|| is("contact")),
            customer,
        })
    }

    /// The rows that the caller chose (R141).
    fn given(&self) -> impl Iterator<Item = &Reference> {
        [&self.currency, &self.existing_account, &self.existing_contact]
            .into_iter()
            .flatten()
    }
}

fn cannot_create_accounts(error: Error) -> Error {
    if error.code() != Code::PRIVILEGE_DENIED {
        return error;
    }
    let mut error = error;
    let body = error.body_mut();
    body.code = Code::CANNOT_QUALIFY_LEAD;
    body.message = "You can't qualify this lead because you don't have permission to create accounts. Work with your \
                    system administrator to create the account and then try again."
        .to_owned();
    error
}

fn closed(lead: &Row) -> Error {
    tracing::debug!(lead = %lead.id, "The lead is already closed.");
    Error::new(
        Code::LEAD_CLOSED,
        "The lead is closed. You cannot convert or qualify a lead that is already closed.",
    )
    .with_table("lead")
}

/// The state that the status belongs to: Qualified; or Disqualified, if nothing is to be
/// made (R22).
fn state_of(unit: &Unit, wanted: &Wanted) -> Result<i32> {
    let catalog = unit.catalog();
    let state = catalog
        .table("lead")?
        .states()
        .and_then(|(_, statuses)| statuses.iter().find(|option| option.value == wanted.status))
        .and_then(|option| option.state);
    let makes = wanted.account || wanted.contact || wanted.opportunity;
    match state {
        Some(1) => Ok(1),
        Some(2) if !makes => Ok(2),
        _ => Err(Error::new(
            Code::INVALID_STATE,
            "State code is invalid or state code is valid but status code is invalid for a specified state code.",
        )
        .with_table("lead")),
    }
}

fn create(
    unit: &mut Unit,
    operation: &Operation,
    row: Row,
    wanted: &Wanted,
    made: &mut Vec<Reference>,
) -> Result<Reference> {
    // The currency is the lead's, put there by the platform, unless the caller chose it.
    let platform_links: &[&str] = if wanted.currency.is_some() {
        &[]
    } else {
        &["transactioncurrencyid"]
    };
    let table = row.table.clone();
    let response = unit.run_with_platform_links(operation, Request::create(row), platform_links)?;
    let reference = Reference {
        table,
        id: response.created().unwrap_or_default(),
    };
    made.push(reference.clone());
    Ok(reference)
}

/// What the mappings carry over, with the lead as its origin and its currency.
fn mapped(unit: &mut Unit, lead: &Row, table: &str) -> Result<Row> {
    let mut row = unit.mapped(lead, table)?;
    row.set("originatingleadid", lead.reference());
    if let Some(currency) = lead.get("transactioncurrencyid") {
        row.set("transactioncurrencyid", currency.clone());
    }
    Ok(row)
}

fn account(
    unit: &mut Unit,
    operation: &Operation,
    wanted: &Wanted,
    lead: &Row,
    made: &mut Vec<Reference>,
) -> Result<Option<Reference>> {
    if !wanted.account {
        return Ok(wanted
            .existing_account
            .clone()
            .or_else(|| lead.lookup("parentaccountid").cloned()));
    }
    let row = mapped(unit, lead, "account")?;
    create(unit, operation, row, wanted, made).map(Some)
}

fn contact(
    unit: &mut Unit,
    operation: &Operation,
    wanted: &Wanted,
    lead: &Row,
    account: Option<&Reference>,
    made: &mut Vec<Reference>,
) -> Result<Option<Reference>> {
    if !wanted.contact {
        return Ok(wanted
            .existing_contact
            .clone()
            .or_else(|| lead.lookup("parentcontactid").cloned()));
    }
    let mut row = mapped(unit, lead, "contact")?;
    if let Some(account) = account {
        row.set("parentcustomerid", account.clone());
    }
    let contact = create(unit, operation, row, wanted, made)?;
    if let (true, Some(account)) = (wanted.account, account) {
        let primary = Row::new("account", account.id).with("primarycontactid", contact.clone());
        unit.run_as_system(
            operation,
            "QualifyLead keeps the primary contact of the account it makes",
            Request::update(primary),
        )?;
    }
    Ok(Some(contact))
}

fn opportunity(unit: &mut Unit, wanted: &Wanted, lead: &Row, links: [Option<&Reference>; 3]) -> Result<Row> {
    let mut row = mapped(unit, lead, "opportunity")?;
    for (column, link) in ["parentaccountid", "parentcontactid", "customerid"]
        .into_iter()
        .zip(links)
    {
        if let Some(link) = link {
            row.set(column, link.clone());
        }
    }
    if let Some(currency) = &wanted.currency {
        row.set("transactioncurrencyid", currency.clone());
    }
    Ok(row)
}

/// The lead keeps what became of it.
fn link_lead(unit: &mut Unit, operation: &Operation, lead: &Row, links: [Option<Reference>; 3]) -> Result<()> {
    let mut row = Row::new("lead", lead.id);
    for (column, link) in ["parentaccountid", "parentcontactid", "qualifyingopportunityid"]
        .into_iter()
        .zip(links)
    {
        if let Some(link) = link
            && lead.lookup(column) != Some(&link)
        {
            row.set(column, link);
        }
    }
    if row.values.is_empty() {
        return Ok(());
    }
    unit.run_as_system(
        operation,
        "QualifyLead keeps on the lead what became of it",
        Request::update(row),
    )?;
    Ok(())
}
