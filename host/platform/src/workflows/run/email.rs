//! The e-mails that a workflow writes: they wait to be sent, with those who take part in them.

use sluice_engine::tables;
use sluice_model::{
    ColumnType, Error, Filter, Parameter, Query, Reference, Request, Result, Row, TableDef, Value, coerce,
};

use super::{Run, longest_text};
use crate::{
    email::{self, Part, Party},
    workflows::definition::{Recipient, SendEmail, Who},
};

/// So many characters an address has.
const LONGEST_ADDRESS: usize = 320;

impl Run<'_> {
    /// Writes an e-mail that waits to be sent: as a draft, to which those who take part are added.
    pub(super) fn send_email(&mut self, send: &SendEmail) -> Result<()> {
        let parties = self.parties(send)?;
        let table = self.table(email::TABLE)?;
        let mut row = Row::unsaved(email::TABLE).with("directioncode", true);
        for (column, part) in [("sender", Part::Sender), ("torecipients", Part::To)] {
            if let Some(told) = addresses(&table, column, &parties, part)? {
                row.set(column, told);
            }
        }
        let subject = coerce::column(&table, "subject")?;
        let text = self.text_up_to(&send.subject, longest_text(subject))?;
        row.set("subject", text.whole()?);
        if let Some(body) = &send.body {
            let column = coerce::column(&table, "description")?;
            let text = self.text_up_to(body, longest_text(column))?;
            row.set("description", text.whole()?);
        }
        let about = self.need(&send.row)?;
        let regarding = coerce::column(&table, "regardingobjectid")?;
        if regarding.targets().contains(&about.table) {
            row.set("regardingobjectid", about);
        }
        let Some(id) = self.call(Request::create(row))?.created() else {
            return Err(Error::host("an e-mail was made and has no id"));
        };
        let made = Reference::new(email::TABLE, id);
        for party in &parties {
            self.call(Request::create(party.row(&made)))?;
        }
        self.call(Request::update(email::to_send(id)))?;
        if let Some(name) = &send.name {
            self.created.insert(name.clone(), made);
        }
        Ok(())
    }

    /// Those who take part, each once in each part.
    fn parties(&mut self, send: &SendEmail) -> Result<Vec<Party>> {
        let mut parties = vec![self.sender(send.from.as_ref())?];
        for (part, recipient) in send.recipients() {
            for party in self.recipients(part, recipient)? {
                if !parties.contains(&party) {
                    parties.push(party);
                }
            }
        }
        match parties.iter().any(|party| party.part != Part::Sender) {
            true => Ok(parties),
            // A team's members may have no address.
            false => Err(Error::invalid(
                "The email must have at least one recipient before it can be sent.",
            )),
        }
    }

    fn sender(&mut self, from: Option<&Recipient>) -> Result<Party> {
        let whom = match from.map(Recipient::who).transpose()? {
            Some(Who::Row(place)) => self.need(&place)?,
            Some(Who::Address(_)) => return Err(Error::invalid("Sender cannot be unresolved")),
            None => Reference::new(tables::USER, self.context.user),
        };
        let address = self.address_of(&whom)?;
        if address.is_none() && from.is_some() {
            return Err(without_address("comes from", &whom));
        }
        Ok(Party {
            part: Part::Sender,
            whom: Some(whom),
            address,
        })
    }

    fn recipients(&mut self, part: Part, recipient: &Recipient) -> Result<Vec<Party>> {
        let party = |whom, address| Party {
            part,
            whom,
            address: Some(address),
        };
        let row = match recipient.who()? {
            Who::Row(place) => self.need(&place)?,
            Who::Address(source) => {
                let address = self.text_up_to(source, LONGEST_ADDRESS)?.whole()?;
                return match address.trim() {
                    "" => Err(Error::invalid("the e-mail goes to an address that is empty")),
                    address => Ok(vec![party(None, address.to_owned())]),
                };
            }
        };
        if &*row.table == tables::TEAM {
            let members = self.members(&row)?;
            let parties = members.into_iter().map(|(whom, address)| party(Some(whom), address));
            return Ok(parties.collect());
        }
        match self.address_of(&row)? {
            Some(address) => Ok(vec![party(Some(row), address)]),
            None => Err(without_address("goes to", &row)),
        }
    }

    /// The address of a row, as far as it may be read.
    fn address_of(&mut self, whom: &Reference) -> Result<Option<String>> {
        let column = email::address_column(&whom.table).unwrap_or_default();
        let answer = self.call(Request::retrieve(whom.clone(), &[column]))?;
        let found = answer.row().cloned();
        let mut found = found.unwrap_or_else(|| Row::new(whom.table.clone(), whom.id));
        self.conceal(&mut found)?;
        Ok(address(&found))
    }

    /// The members of a team who are at work and have an address.
    fn members(&mut self, team: &Reference) -> Result<Vec<(Reference, String)>> {
        let column = email::address_column(tables::USER).unwrap_or_default();
        let related = Request::new("RetrieveRelated")
            .with("Target", team.clone())
            .with("Relationship", "teammembership_association");
        let related = self.call(related)?;
        let ids = match related.outputs.get("RelatedEntities") {
            Some(Parameter::Rows(rows)) => rows.iter().map(|row| Value::Id(row.id)).collect(),
            _ => Vec::new(),
        };
        let of_team = Filter::In {
            column: "systemuserid".into(),
            values: ids,
        };
        let at_work = Filter::eq("isdisabled", Value::Bool(true)).negated();
        let query = Query::new(tables::USER).columns(&[column]).filter(of_team.and(at_work));
        let answer = self.call(Request::retrieve_multiple(query))?;
        let mut members = Vec::new();
        for member in answer.rows() {
            let mut member = member.clone();
            self.conceal(&mut member)?;
            members.extend(address(&member).map(|address| (member.reference(), address)));
        }
        Ok(members)
    }
}

fn address(row: &Row) -> Option<String> {
    let column = email::address_column(&row.table)?;
    let address = row.text(column).filter(|address| !address.is_empty());
    address.map(ToOwned::to_owned)
}

fn without_address(how: &str, row: &Reference) -> Error {
    let column = email::address_column(&row.table).unwrap_or_default();
    Error::invalid(format!("the e-mail {how} {row}, which has no address in `{column}`"))
}

/// The addresses of those who take part as that, as many of them as the column takes.
fn addresses(table: &TableDef, column: &str, parties: &[Party], part: Part) -> Result<Option<String>> {
    let most = match &coerce::column(table, column)?.kind {
        ColumnType::Text { max_length } => usize::try_from(*max_length).unwrap_or(usize::MAX),
        _ => usize::MAX,
    };
    let mut told = String::new();
    let all = parties.iter().filter(|party| party.part == part);
    for address in all.filter_map(|party| party.address.as_deref()) {
        let between = if told.is_empty() { "" } else { ";" };
        if told.chars().count() + between.len() + address.chars().count() > most {
            break;
        }
        told.push_str(between);
        told.push_str(address);
    }
    Ok(Some(told).filter(|told| !told.is_empty()))
}
