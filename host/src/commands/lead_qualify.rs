//! `sluice lead qualify`: what is wanted, and what came of it.

use std::{
    cell::Cell,
    io::{BufRead, IsTerminal, stderr, stdin},
};

use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};
use sluice_engine::{CallOptions, Session};
use sluice_model::{Catalog, Choice, Code, Error, Match, Parameter, Reference, Response, Uuid, choices};
use sluice_sales::qualify::{self, Choices, Detection, Party};

use super::{lead, lead_dry_run, row::references, selection::Selection};
use crate::{
    context::Context,
    door::Door,
    names::Labels,
    output::{Outcome, tell},
    people,
    text::quoted,
    usage::Usage,
};

/// `lead qualify`
#[derive(Debug, clap::Args)]
pub(crate) struct Qualify {
    #[command(flatten)]
    leads: Selection,
    /// Where the command was given: the grid looks for no duplicates.
    #[arg(long, value_enum, default_value_t = Surface::Form)]
    from: Surface,
    /// Make the rows although there are duplicates.
    #[arg(long = "continue")]
    go_on: bool,
    /// What to do about the account.
    #[arg(long, value_name = "create|skip|existing:ID", value_parser = choice)]
    account: Option<PartyChoice>,
    /// What to do about the contact.
    #[arg(long, value_name = "create|skip|existing:ID", value_parser = choice)]
    contact: Option<PartyChoice>,
    /// What to do about the opportunity.
    #[arg(long, value_name = "create|skip")]
    opportunity: Option<Make>,
    /// The status reason that the lead gets, by its label or its number. With one of a
    /// disqualified lead, nothing is made.
    #[arg(long, value_name = "STATUS", default_value = "Qualified", hide_default_value = true)]
    status: String,
    /// The opportunity's currency.
    #[arg(long, value_name = "CURRENCY")]
    currency: Option<String>,
    /// The opportunity's customer, instead of making one.
    #[arg(long, value_name = "account:ID|contact:ID")]
    customer: Option<String>,
    /// The opportunity's campaign.
    #[arg(long, value_name = "CAMPAIGN")]
    campaign: Option<String>,
    /// The process that goes on with the opportunity, where the lead has several.
    #[arg(long, value_name = "TABLE:ID")]
    process_instance: Option<String>,
    /// Only show what it would make, and where each value comes from.
    #[arg(long, conflicts_with = "request_id")]
    dry_run: bool,
    /// An id of your own for the request; the same one again gets the same answer, and changes
    /// nothing.
    #[arg(long, value_name = "R")]
    request_id: Option<Uuid>,
}

impl Qualify {
    /// The form detects duplicates, its Continue passes over accounts and contacts, the grid
    /// over all.
    fn detection(&self) -> Detection {
        match (self.from, self.go_on) {
            (Surface::Grid, _) => Detection::Off,
            (Surface::Form, true) => Detection::Continue,
            (Surface::Form, false) => Detection::Full,
        }
    }

    /// The commands that go on from the dialog about accounts and contacts, or from a match
    /// with what the request makes: with everything that was given.
    fn ways_on(&self, context: &Context, given: &Decisions, lead: &str, error: &Error) -> Vec<String> {
        let Some(duplicates) = error.body().duplicates.as_ref() else {
            return Vec::new();
        };
        let first = |matches: &[Match]| {
            let id = matches.iter().find_map(|found| found.id);
            id.map(|id| PartyChoice::Existing(id.to_string()))
        };
        let mut ways = Vec::new();
        if let Some(dialog) = &duplicates.dialog {
            let mut chosen = given.clone();
            chosen.account = first(&dialog.accounts).or(chosen.account);
            chosen.contact = first(&dialog.contacts).or(chosen.contact);
            if chosen != *given {
                ways.push(self.with(lead, &chosen, false));
            }
        }
        if duplicates.dialog.is_some() || duplicates.matches.iter().any(|found| found.in_flight) {
            ways.push(self.with(lead, given, true));
        }
        let user = context.acting();
        ways.into_iter().map(|way| format!("{way} --as {user}")).collect()
    }

    /// The command for one lead, with these rows.
    fn with(&self, lead: &str, given: &Decisions, go_on: bool) -> String {
        let status = Some(self.status.clone()).filter(|status| status != "Qualified");
        let flags = [
            ("account", given.account.as_ref().map(PartyChoice::text)),
            ("contact", given.contact.as_ref().map(PartyChoice::text)),
            ("opportunity", given.opportunity.map(|make| make.word().to_owned())),
            ("status", status),
            ("currency", self.currency.clone()),
            ("customer", self.customer.clone()),
            ("campaign", self.campaign.clone()),
            ("process-instance", self.process_instance.clone()),
        ];
        let mut command = format!("sluice lead qualify {lead}");
        for (flag, value) in flags {
            if let Some(value) = value {
                command.push_str(&format!(" --{flag} {}", quoted(&value)));
            }
        }
        if go_on {
            command.push_str(" --continue");
        }
        command
    }
}

/// Where the command was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Surface {
    Form,
    Grid,
}

/// Whether a row is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Make {
    Create,
    Skip,
}

/// What to do about the account or the contact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PartyChoice {
    Create,
    Skip,
    Existing(String),
}

/// What was said to be made: by flags, or by answers at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decisions {
    account: Option<PartyChoice>,
    contact: Option<PartyChoice>,
    opportunity: Option<Make>,
}

impl Decisions {
    /// The flags, and where people were asked, their answers.
    fn of(args: &Qualify, answers: [Option<bool>; 3]) -> Self {
        let [account, contact, opportunity] = answers;
        let party = |yes: bool| if yes { PartyChoice::Create } else { PartyChoice::Skip };
        let make = |yes: bool| if yes { Make::Create } else { Make::Skip };
        Self {
            account: args.account.clone().or(account.map(party)),
            contact: args.contact.clone().or(contact.map(party)),
            opportunity: args.opportunity.or(opportunity.map(make)),
        }
    }
}

impl PartyChoice {
    fn text(&self) -> String {
        match self {
            Self::Create => "create".to_owned(),
            Self::Skip => "skip".to_owned(),
            Self::Existing(id) => format!("existing:{id}"),
        }
    }
}

impl Make {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Skip => "skip",
        }
    }
}

fn choice(text: &str) -> Result<PartyChoice, String> {
    match text.split_once(':') {
        None if text == "create" => Ok(PartyChoice::Create),
        None if text == "skip" => Ok(PartyChoice::Skip),
        Some(("existing", id)) if !id.is_empty() => Ok(PartyChoice::Existing(id.to_owned())),
        _ => Err("it is create, skip or existing:ID".to_owned()),
    }
}

/// Runs the command.
pub(super) fn run(context: &Context, args: &Qualify) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let said = choices(&session, args)?;
    let leads = args.leads.pick(&session, "lead")?.rows;
    // Whoever is asked about one lead is not asked again about the next.
    let answers: Cell<[Option<bool>; 3]> = Cell::default();
    if args.dry_run {
        let not_done = "would not be qualified";
        let refused = |lead: &str, error: &Error| lead::refused(context, lead, not_done, error, Vec::new());
        return lead::each(&session, &leads, refused, |lead| {
            asking(&said, &answers, |choices| {
                Ok(qualify::preview(&session, lead, choices)?)
            })
            .and_then(|records| lead_dry_run::of(context, &session, lead, &records))
        });
    }
    let options = CallOptions {
        request_id: args.request_id,
    };
    let not_done = "is not qualified, and no record was made of it";
    let refused = |lead: &str, error: &Error| {
        let ways_on = args.ways_on(context, &Decisions::of(args, answers.get()), lead, error);
        lead::refused(context, lead, not_done, error, ways_on)
    };
    lead::each(&session, &leads, refused, |lead| {
        let door: &dyn Door = &session;
        let send = |choices: &Choices| Ok(door.execute_with(qualify::request(lead, choices), &options)?);
        let response = asking(&said, &answers, send)?;
        let (json, text) = created(context, &response)?;
        let mut item = Map::new();
        item.insert("created".to_owned(), json.into());
        let (passed_over, note) = passed_over(&response);
        if let Some(passed_over) = passed_over {
            item.insert("duplicatesPassedOver".to_owned(), passed_over);
        }
        let done = if disqualifies(&session, said.status)? {
            "disqualified"
        } else {
            "qualified"
        };
        Ok((item, format!("{done} lead {lead}{text}{note}")))
    })
}

/// Sends the request; where the organisation leaves to people what is made, asks at the terminal
/// and sends it again.
fn asking<T>(
    said: &Choices,
    answers: &Cell<[Option<bool>; 3]>,
    send: impl Fn(&Choices) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let asked = match send(&decided(said, answers.get())) {
        Err(error) => match error.downcast::<Error>()? {
            error if error.code() == Code::DECISION_MISSING => error,
            error => return Err(error.into()),
        },
        done => return done,
    };
    let missing = |name: &str| asked.body().missing.iter().any(|missing| missing == name);
    let open = qualify::DECISIONS.map(missing);
    let mut known = answers.get();
    for (known, answer) in known.iter_mut().zip(ask(open)?) {
        *known = known.or(answer);
    }
    answers.set(known);
    send(&decided(said, known))
}

/// What was said, with the answers to what was left open.
fn decided(said: &Choices, [account, contact, opportunity]: [Option<bool>; 3]) -> Choices {
    let mut choices = said.clone();
    let party = |yes: bool| if yes { Party::Create } else { Party::Skip };
    let [open_account, open_contact, open_opportunity] = &mut choices.by_default;
    if let (true, Some(yes)) = (*open_account, account) {
        (choices.account, *open_account) = (party(yes), false);
    }
    if let (true, Some(yes)) = (*open_contact, contact) {
        (choices.contact, *open_contact) = (party(yes), false);
    }
    if let (true, Some(yes)) = (*open_opportunity, opportunity) {
        (choices.opportunity, *open_opportunity) = (yes, false);
    }
    choices
}

/// The rows that were made, each with how many columns the lead filled.
fn created(context: &Context, response: &Response) -> anyhow::Result<(Vec<Json>, String)> {
    let rows = references(response, "CreatedEntities");
    let copied = match response.outputs.get("FieldsCopied") {
        Some(Parameter::Rows(rows)) => rows.as_slice(),
        _ => &[],
    };
    let labels = Labels::load(context, rows.iter().cloned())?;
    let mut items = Vec::new();
    let mut text = String::new();
    for row in rows {
        let name = labels.find(row);
        let copied = copied.iter().find(|counted| counted.reference() == *row);
        let copied = copied
            .and_then(|counted| counted.int("fieldscopied"))
            .unwrap_or_default();
        items.push(json!({ "table": &*row.table, "id": row.id.to_string(), "name": name, "fieldsCopied": copied }));
        text.push_str(&format!(
            "\n  {:12} {}  {}, {} carried over",
            row.table,
            row.id,
            name.unwrap_or("(no name)"),
            people::count(usize::try_from(copied).unwrap_or_default(), "field")
        ));
    }
    if rows.is_empty() {
        text.push_str("; nothing was created");
    }
    Ok((items, text))
}

/// How many accounts and contacts match, where nobody was to be asked about them.
fn passed_over(response: &Response) -> (Option<Json>, String) {
    let rows = match response.outputs.get("DuplicatesPassedOver") {
        Some(Parameter::Rows(rows)) if !rows.is_empty() => rows,
        _ => return (None, String::new()),
    };
    let counts: Vec<(String, i32)> = rows
        .iter()
        .map(|row| (row.table.to_string(), row.int("count").unwrap_or_default()))
        .collect();
    let told: Vec<String> = counts
        .iter()
        .map(|(table, count)| people::count(usize::try_from(*count).unwrap_or_default(), table))
        .collect();
    let more = rows.iter().any(|row| row.bool("more") == Some(true));
    let one = counts.iter().map(|(_, count)| count).sum::<i32>() == 1;
    let map: Map<String, Json> = counts.into_iter().map(|(table, count)| (table, count.into())).collect();
    let note = format!(
        "\n  note: duplicates were not asked about; {}{} {} passed over",
        if more { "at least " } else { "" },
        told.join(" and "),
        if one { "that matches was" } else { "that match were" }
    );
    (Some(Json::Object(map)), note)
}

/// What the flags say is wanted; the rest is what the organisation makes by default.
fn choices(session: &Session, args: &Qualify) -> anyhow::Result<Choices> {
    let customer = args.customer.as_deref().map(|text| named(session, text)).transpose()?;
    if let Some(customer) = &customer {
        let made = [("account", &args.account), ("contact", &args.contact)];
        if let Some((table, _)) = made
            .iter()
            .find(|(table, choice)| *table == &*customer.table && **choice == Some(PartyChoice::Create))
        {
            return Err(Usage::because(format!(
                "--customer names the {table}, and --{table} create makes another one: give one of the two"
            )));
        }
    }
    let party = |choice: &Option<PartyChoice>, table: &str| -> anyhow::Result<Party> {
        Ok(match choice {
            Some(PartyChoice::Existing(name)) => Party::Existing(session.find_one(table, name)?),
            Some(PartyChoice::Create) => Party::Create,
            Some(PartyChoice::Skip) | None => Party::Skip,
        })
    };
    let row = |table: &str, name: &Option<String>| -> anyhow::Result<Option<Reference>> {
        let id = name.as_deref().map(|name| session.find_one(table, name)).transpose()?;
        Ok(id.map(|id| Reference::new(table, id)))
    };
    Ok(Choices {
        account: party(&args.account, "account")?,
        contact: party(&args.contact, "contact")?,
        opportunity: args.opportunity == Some(Make::Create),
        by_default: [
            args.account.is_none(),
            args.contact.is_none(),
            args.opportunity.is_none(),
        ],
        detection: args.detection(),
        status: status(session, &args.status)?,
        currency: row("transactioncurrency", &args.currency)?,
        campaign: row("campaign", &args.campaign)?,
        customer,
        process: args
            .process_instance
            .as_deref()
            .map(|text| named(session, text))
            .transpose()?,
    })
}

/// A row as `table:ID`.
fn named(session: &Session, text: &str) -> anyhow::Result<Reference> {
    let (table, name) = text
        .split_once(':')
        .ok_or_else(|| Usage::because(format!("`{text}` names no row: it is written as TABLE:ID")))?;
    Ok(Reference::new(table, session.find_one(table, name)?))
}

/// A status reason by its label or its number. A number that is none is for the platform to refuse.
fn status(session: &Session, given: &str) -> anyhow::Result<i32> {
    let catalog = session.catalog()?;
    let statuses = statuses(&catalog)?;
    // One that closes a lead before one of the same name that does not.
    let closing = statuses.iter().filter(|option| option.state != Some(0));
    if let Some(status) = choices::named(catalog.collation(), closing.clone(), given)
        .or_else(|| choices::named(catalog.collation(), statuses, given))
        .map(|option| option.value)
        .or_else(|| given.parse().ok())
    {
        return Ok(status);
    }
    let what = match choices::all_named(catalog.collation(), statuses, given).is_empty() {
        true => "is no status reason of a lead",
        false => "is the label of several status reasons of a lead; give the number",
    };
    let known: Vec<String> = closing.map(choices::shown).collect();
    Err(Usage::because(format!(
        "`{given}` {what}; those of closed leads are {}",
        known.join(", ")
    )))
}

/// Whether the status reason is one of a disqualified lead.
fn disqualifies(session: &Session, status: i32) -> anyhow::Result<bool> {
    let catalog = session.catalog()?;
    let option = statuses(&catalog)?.iter().find(|option| option.value == status);
    Ok(option.and_then(|option| option.state) == Some(2))
}

/// The status reasons of leads.
fn statuses(catalog: &Catalog) -> anyhow::Result<&[Choice]> {
    Ok(catalog.table("lead")?.states().map_or(&[], |(_, statuses)| statuses))
}

/// Asks at the terminal whether to make those records that nobody has decided about.
fn ask(open: [bool; 3]) -> anyhow::Result<[Option<bool>; 3]> {
    let records = || ["account", "contact", "opportunity"].into_iter().zip(open);
    let flags: Vec<String> = records()
        .filter(|(_, open)| *open)
        .map(|(what, _)| format!("--{what}"))
        .collect();
    if !flags.is_empty() && (!stdin().is_terminal() || !stderr().is_terminal()) {
        return Err(Usage::because(format!(
            "this organisation asks what to create for a lead, and there is no terminal to ask at: say it with {} \
             (create or skip)",
            flags.join(", ")
        )));
    }
    let mut wanted = [None; 3];
    for (wanted, (what, _)) in wanted.iter_mut().zip(records()).filter(|(_, (_, open))| *open) {
        *wanted = Some(answer(&format!("create the {what}? [Y/n]"), &mut stdin().lock())?);
    }
    Ok(wanted)
}

/// Yes or no; whatever else is said, the question is asked again.
fn answer(question: &str, input: &mut impl BufRead) -> anyhow::Result<bool> {
    loop {
        tell(question);
        let mut answer = String::new();
        if input.read_line(&mut answer)? == 0 {
            return Err(Usage::because("the question was not answered; nothing was changed"));
        }
        match answer.trim().to_lowercase().as_str() {
            "" | "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => tell("yes or no?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choices_of_a_party() {
        assert_eq!(choice("create"), Ok(PartyChoice::Create));
        assert_eq!(choice("skip"), Ok(PartyChoice::Skip));
        assert_eq!(
            choice("existing:Acme: Ltd"),
            Ok(PartyChoice::Existing("Acme: Ltd".to_owned()))
        );
        assert!(choice("existing:").is_err() && choice("existing").is_err() && choice("maybe").is_err());
    }

    #[test]
    fn a_question_is_asked_until_it_is_answered() {
        let said = |text: &str| answer("create the account? [Y/n]", &mut text.as_bytes());
        assert!(said("\n").unwrap() && said("Yes\n").unwrap() && !said("No\n").unwrap());
        assert!(!said("abort\nn\n").unwrap());
        assert!(said("").unwrap_err().is::<Usage>() && said("abort\n").unwrap_err().is::<Usage>());
    }
}
