//! What a QualifyLead request asks for, and the privileges that it takes.

use sluice_engine::{
    Operation, Unit,
    parts::{input, require},
};
use sluice_model::{Code, Error, Reference, Remedy, Result, Right, Row, situations::ACCESS_DENIED};
use sluice_platform::flow::{process_of, processes_of};
use sluice_platform::{Process, Status};

use super::{Detection, QUALIFIED, defaults, needs_lead_write};

/// The privileges on the Customizations tab that qualifying needs.
const CUSTOMIZATIONS: [&str; 4] = [
    "prvReadAttributeMap",
    "prvReadCustomization",
    "prvReadEntity",
    "prvReadEntityMap",
];

/// What qualifying needs on each table that it touches.
const RIGHTS: [Right; 4] = [Right::Create, Right::Read, Right::Append, Right::AppendTo];

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Whether an account is made.
    pub(super) account: bool,
    /// Whether a contact is made.
    pub(super) contact: bool,
    /// Whether an opportunity is made.
    pub(super) opportunity: bool,
    /// How much duplicate detection is asked for.
    pub(super) detection: Detection,
    /// The status reason that the lead gets.
    pub(super) status: i32,
    /// The opportunity's currency.
    pub(super) currency: Option<Reference>,
    /// The opportunity's customer.
    pub(super) customer: Option<Reference>,
    /// The opportunity's campaign.
    pub(super) campaign: Option<Reference>,
    /// The account that is taken.
    pub(super) existing_account: Option<Reference>,
    /// The contact that is taken.
    pub(super) existing_contact: Option<Reference>,
    /// The process that is to move on; by default the one in which the lead is.
    instance: Option<Reference>,
    /// What a person is to be asked: parameters that the request left open.
    asks: Vec<&'static str>,
}

impl Wanted {
    /// The parameters, seen beside the lead: an account or a contact that it names already is
    /// taken, and none is made. `lead` is the row as the caller sees it; nothing, where they do not.
    pub(super) fn of(unit: &Unit, operation: &Operation, lead: Option<&Row>) -> Result<Self> {
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
        let has = |column: &str| lead.is_some_and(|lead| lead.lookup(column).is_some());
        let existing_account = input::optional_reference(operation, "ExistingAccountId")?.or_else(|| is("account"));
        let existing_contact = input::optional_reference(operation, "ExistingContactId")?.or_else(|| is("contact"));
        let status = input::int(operation, "Status")?.unwrap_or(QUALIFIED);
        let settled = [
            existing_account.is_some() || has("parentaccountid"),
            existing_contact.is_some() || has("parentcontactid"),
            false,
        ];
        let (made, asks) = defaults::decide(unit, operation, status, lead, settled)?;
        let [account, contact, opportunity] = made;
        Ok(Self {
            account,
            contact,
            opportunity,
            asks,
            detection: Detection::of(operation)?,
            status,
            currency: input::optional_reference(operation, "OpportunityCurrencyId")?,
            campaign: input::optional_reference(operation, "SourceCampaignId")?,
            existing_account,
            existing_contact,
            customer,
            instance: input::optional_reference(operation, "ProcessInstanceId")?,
        })
    }

    /// Where the organisation leaves it to people what is made, the request must say it.
    pub(super) fn check_decided(&self) -> Result<()> {
        if self.asks.is_empty() {
            return Ok(());
        }
        let mut error = Error::said(Code::DECISION_MISSING).with_table("lead");
        error.body_mut().missing = self.asks.iter().map(|name| (*name).to_owned()).collect();
        Err(error)
    }

    /// The process that moves on with the lead, if it is in any.
    pub(super) fn process(&self, unit: &mut Unit, lead: &Row) -> Result<Option<Process>> {
        let Some(instance) = &self.instance else {
            return process_of(unit, &lead.reference());
        };
        let processes = processes_of(unit, &lead.reference())?;
        match processes.into_iter().find(|process| process.instance == *instance) {
            Some(process) if process.status == Status::Active => Ok(Some(process)),
            Some(process) => Err(Error::new(
                Code::PROCESS_INACTIVE,
                format!(
                    "the process {} of the lead is {}, so it cannot move on with it",
                    instance.id,
                    process.status.word()
                ),
            )),
            None => Err(
                Error::new(Code::NOT_FOUND, format!("the lead has no process {}", instance.id))
                    .with_remedy(Remedy::ShowProcesses)
                    .with_word("TABLE", "lead")
                    .with_word("ROW", lead.id),
            ),
        }
    }

    /// An account and a contact, as far as the lead does not name one already and has a name for
    /// it.
    pub(super) fn both(unit: &Unit, lead: &Row) -> Self {
        let makes = |table, link| lead.lookup(link).is_none() && defaults::names(unit, lead, table);
        Self {
            account: makes("account", "parentaccountid"),
            contact: makes("contact", "parentcontactid"),
            opportunity: false,
            detection: Detection::Full,
            status: QUALIFIED,
            currency: None,
            customer: None,
            campaign: None,
            existing_account: None,
            existing_contact: None,
            instance: None,
            asks: Vec::new(),
        }
    }

    /// The rows that the caller chose.
    pub(super) fn given(&self) -> impl Iterator<Item = &Reference> {
        [
            &self.currency,
            &self.campaign,
            &self.existing_account,
            &self.existing_contact,
        ]
        .into_iter()
        .flatten()
    }

    /// Everything that qualifying needs beside what the rows themselves decide.
    pub(super) fn check_privileges(&self, unit: &Unit, operation: &Operation) -> Result<()> {
        let catalog = unit.catalog();
        let created = [
            ("account", self.account),
            ("contact", self.contact),
            ("opportunity", self.opportunity),
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
        if needs_lead_write(unit) {
            require(unit, operation, &catalog.table("lead")?.clone(), Right::Write)?;
        }
        for privilege in CUSTOMIZATIONS {
            match catalog.privilege(privilege) {
                Some((table, right)) => require(unit, operation, &catalog.table(table)?.clone(), right)?,
                None => unit.require_named(operation, privilege)?,
            }
        }
        for given in self.given() {
            for right in [Right::Read, Right::AppendTo] {
                require(unit, operation, &catalog.table(&given.table)?.clone(), right)?;
            }
        }
        Ok(())
    }

    /// The state that the status belongs to: Qualified; or Disqualified, if nothing is to be
    /// made.
    pub(super) fn state(&self, unit: &Unit) -> Result<i32> {
        let catalog = unit.catalog();
        let statuses = defaults::statuses(&catalog)?;
        let status = statuses.iter().find(|option| option.value == self.status);
        let existing = self.existing_account.is_some() || self.existing_contact.is_some();
        let makes = self.account || self.contact || self.opportunity || existing;
        let why = match status.and_then(|option| option.state) {
            Some(1) => return Ok(1),
            Some(2) if !makes => return Ok(2),
            Some(2) => format!(
                "{} disqualifies the lead, so it gets no account, contact or opportunity",
                self.status
            ),
            _ => {
                let valid = statuses.iter().filter(|option| matches!(option.state, Some(1 | 2)));
                let valid: Vec<String> = valid
                    .map(|option| format!("{} ({})", option.value, option.label))
                    .collect();
                format!("{} does not close a lead; these do: {}", self.status, valid.join(", "))
            }
        };
        let code = Code::INVALID_STATE;
        Err(Error::new(code, format!("{} {why}.", code.text())).with_table("lead"))
    }
}

fn cannot_create_accounts(error: Error) -> Error {
    if error.code() != Code::PRIVILEGE_DENIED {
        return error;
    }
    let mut error = error;
    let body = error.body_mut();
    body.code = Code::CANNOT_QUALIFY_LEAD;
    body.message = body.code.text().to_owned();
    error.in_situation(&ACCESS_DENIED)
}
