//! QualifyLead: makes an account, a contact and an opportunity of a lead, and closes it. One
//! transaction; every row is made by an ordinary Create in the caller's name.
//!
//! | to | look at |
//! |---|---|
//! | see what a request asks for, and what it needs | `wanted` |
//! | see what is made where the request does not say it | `defaults` |
//! | see how the rows are made and linked | `records` |
//! | see what a lead would become, and where each value comes from | `preview` |
//! | see what stands in the way because it is there already | `duplicates`, `matches` |
mod defaults;
mod duplicates;
mod matches;
mod preview;
mod records;
mod wanted;

use sluice_engine::{
    Message, Operation, ParameterDef, Shape, Takes, Unit,
    parts::{Images, optional, required},
};
use sluice_model::{
    Code, Error, Parameter, ParameterType, Reference, Request, Result, Right, Row, Uuid, Value,
    codes::Kind,
    situations::{ACCESS_DENIED, LEAD_CLOSED},
};

pub use matches::RetrieveLeadMatches;
pub use preview::{Origin, Previewed, preview};
use records::{LEAD_LINKS, Plan, Records};
use wanted::Wanted;

use crate::process;

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
    /// How much duplicate detection the caller wants.
    pub detection: Detection,
    /// The status reason that the lead gets.
    pub status: i32,
    /// The opportunity's currency.
    pub currency: Option<Reference>,
    /// The opportunity's campaign.
    pub campaign: Option<Reference>,
    /// The opportunity's customer, instead of one that is made.
    pub customer: Option<Reference>,
    /// The process that goes on with the opportunity.
    pub process: Option<Reference>,
    /// Which of account, contact and opportunity are left to what the organisation makes by
    /// default, whatever stands above.
    pub by_default: [bool; 3],
}

/// How much duplicate detection a qualification runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detection {
    /// All of it: the form.
    #[default]
    Full,
    /// No account and no contact stands in the way: Continue, or Ignore and save, on the form.
    /// Leads and opportunities still do.
    Continue,
    /// None: the grid.
    Off,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            account: Party::Create,
            contact: Party::Create,
            opportunity: true,
            detection: Detection::Full,
            status: QUALIFIED,
            currency: None,
            campaign: None,
            customer: None,
            process: None,
            by_default: [false; 3],
        }
    }
}

/// The state Qualified.
const QUALIFIES: i32 = 1;

/// The status reason Qualified.
pub const QUALIFIED: i32 = 3;

/// What is decided about the account, the contact and the opportunity.
pub const DECISIONS: [&str; 3] = ["CreateAccount", "CreateContact", "CreateOpportunity"];

/// The request that qualifies a lead.
pub fn request(lead: Uuid, choices: &Choices) -> Request {
    let mut request = Request::new("QualifyLead")
        .with("LeadId", Reference::new("lead", lead))
        .with("CreateAccount", choices.account == Party::Create)
        .with("CreateContact", choices.contact == Party::Create)
        .with("CreateOpportunity", choices.opportunity)
        .with("Status", choices.status)
        .with("SuppressDuplicateDetection", choices.detection == Detection::Off);
    for (parameter, by_default) in DECISIONS.into_iter().zip(choices.by_default) {
        if by_default {
            request.inputs.remove(parameter);
            request = request.with("ByDefault", true);
        }
    }
    if choices.detection == Detection::Continue {
        request = request.with("IgnoreMatches", true);
    }
    let existing = |party: &Party, table: &str| match party {
        Party::Existing(id) => Some(Reference::new(table, *id)),
        Party::Create | Party::Skip => None,
    };
    let rows = [
        ("ExistingAccountId", existing(&choices.account, "account")),
        ("ExistingContactId", existing(&choices.contact, "contact")),
        ("OpportunityCurrencyId", choices.currency.clone()),
        ("OpportunityCustomerId", choices.customer.clone()),
        ("SourceCampaignId", choices.campaign.clone()),
        ("ProcessInstanceId", choices.process.clone()),
    ];
    for (parameter, row) in rows {
        if let Some(row) = row {
            request = request.with(parameter, row);
        }
    }
    request
}

/// `QualifyLead`.
#[derive(Debug)]
pub struct QualifyLead;

impl Message for QualifyLead {
    fn name(&self) -> &'static str {
        "QualifyLead"
    }

    fn doc(&self) -> &'static str {
        "Makes an account, a contact and an opportunity of a lead, and closes the lead."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("LeadId", ParameterType::Reference),
            optional("CreateAccount", ParameterType::Bool),
            optional("CreateContact", ParameterType::Bool),
            optional("CreateOpportunity", ParameterType::Bool),
            required("Status", ParameterType::Int),
            optional("OpportunityCurrencyId", ParameterType::Reference),
            optional("OpportunityCustomerId", ParameterType::Reference),
            optional("SourceCampaignId", ParameterType::Reference),
            optional("ProcessInstanceId", ParameterType::Reference),
            // Sluice's own: what is not decided is what the organisation makes by default …
            optional("ByDefault", ParameterType::Bool),
            // … rows to take instead of making new ones, and the form's Continue.
            optional("ExistingAccountId", ParameterType::Reference),
            optional("ExistingContactId", ParameterType::Reference),
            optional("IgnoreMatches", ParameterType::Bool),
        ];
        const OUTPUTS: &[ParameterDef] = &[
            required("CreatedEntities", ParameterType::References),
            // Sluice's own: of each row that was made, how many columns the lead filled.
            required("FieldsCopied", ParameterType::Rows),
            // And where detection is off: how many accounts and contacts match, in `count`; `more`
            // where there are more than were counted.
            required("DuplicatesPassedOver", ParameterType::Rows),
        ];
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

    fn remembers(&self) -> bool {
        true
    }

    /// The whole list at once, for the rows that will be made: every privilege that is
    /// missing is refused by its name, the creation of accounts in the guide's words. Which rows these
    /// are is decided by what the caller sees of the lead: of one that is hidden, or of a column, a refusal
    /// would tell what is in it.
    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let lead = match unit.row_with_rights(operation, "lead", operation.id()?, &[Right::Read]) {
            Ok(lead) => Some(lead),
            Err(error) if error.kind() == Kind::Host => return Err(error),
            // That it is not theirs to read, or not there, is told once they hold the privileges.
            Err(_) => None,
        };
        let wanted = Wanted::of(unit, operation, lead.as_ref())?;
        wanted.check_privileges(unit, operation).map_err(denied)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let lead = open_lead(unit, operation)?;
        let wanted = Wanted::of(unit, operation, Some(&lead))?;
        wanted.check_decided()?;
        let state = wanted.state(unit)?;
        for given in wanted.given() {
            unit.row_with_rights(operation, &given.table, given.id, &[Right::Read, Right::AppendTo])
                .map_err(denied)?;
        }
        let process = wanted.process(unit, &lead)?;
        if let (Some(process), QUALIFIES, false) = (&process, state, unit.is_ungated()) {
            let table = unit.snapshot()?.table("lead")?.clone();
            process::check_qualifies(process, &lead, &operation.hidden(&table))?;
        }
        let mut plan = Plan::of(&lead);
        let passed_over = duplicates::before(unit, operation, &wanted, &mut plan, state)?;
        let records = Records::make(unit, operation, &wanted, &mut plan).map_err(denied)?;
        close(unit, operation, records.links(&lead), state, wanted.status)?;
        duplicates::after_closing(unit, operation, &wanted, &records.made())?;
        if let (Some(process), QUALIFIES) = (&process, state) {
            process::advance(unit, operation, process, &records.rows())?;
        }
        operation.output("CreatedEntities", Parameter::References(records.made()));
        operation.output("FieldsCopied", Parameter::Rows(records.fields_copied()));
        operation.output("DuplicatesPassedOver", passed_over);
        Ok(())
    }
}

/// Whether the caller needs Write on the lead that is qualified (conflict C1).
fn needs_lead_write(unit: &Unit) -> bool {
    unit.setting("sl_qualifyneedsleadwrite").and_then(Value::as_bool) != Some(false)
}

/// The lead, which must be open and the caller's to qualify.
fn open_lead(unit: &mut Unit, operation: &Operation) -> Result<Row> {
    let mut rights = vec![Right::Read, Right::Append, Right::AppendTo];
    if needs_lead_write(unit) {
        rights.insert(1, Right::Write);
    }
    let lead = unit
        .row_with_rights(operation, "lead", operation.id()?, &rights)
        .map_err(missing)
        .map_err(denied)?;
    match lead.int("statecode") {
        Some(0) => Ok(lead),
        _ => Err(closed(lead.id)),
    }
}

/// The lead keeps what became of it, and takes the status that was asked for and the state that
/// it belongs to: one Update.
fn close(unit: &mut Unit, operation: &Operation, links: Row, state: i32, status: i32) -> Result<()> {
    let close = links
        .with("statecode", Value::Choice(state))
        .with("statuscode", Value::Choice(status));
    let request = Request::update(close);
    if needs_lead_write(unit) {
        unit.run_with_platform_links(operation, request, &LEAD_LINKS)?;
    } else {
        let reason = "the organisation lets leads be qualified without Write on lead";
        unit.run_as_system(operation, reason, request)?;
    }
    Ok(())
}

/// Error 5.
pub(crate) fn closed(lead: Uuid) -> Error {
    let mut error = Error::of(&LEAD_CLOSED).with_word("LEAD", lead);
    error.body_mut().inner = Some(Code::LEAD_CLOSED.text().to_owned());
    error
}

/// That there is no such lead, in the words that the platform has for it.
fn missing(row: Error) -> Error {
    if row.code() != Code::NOT_FOUND {
        return row;
    }
    let mut lead = Error::said(Code::LEAD_NOT_FOUND).with_table("lead");
    lead.body_mut().inner = Some(row.message().to_owned());
    lead
}

/// Error 4: the guide's words, then the platform's own.
fn denied(mut error: Error) -> Error {
    let platform = [Code::PRIVILEGE_DENIED, Code::ACCESS_DENIED];
    if error.body().step.is_some() || !platform.contains(&error.code()) {
        return error;
    }
    let body = error.body_mut();
    body.message = format!("{}: {}", ACCESS_DENIED.sentence, body.message);
    error.in_situation(&ACCESS_DENIED)
}
