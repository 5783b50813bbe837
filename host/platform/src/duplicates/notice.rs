//! The notice that a job is done: an e-mail to be sent, as a row, to whom asked for one.

use sluice_model::{Code, Error, Reference, Request, Result, Row, Uuid, codes::Kind};

use sluice_engine::{Unit, tables};

use crate::email::{self, Part, Party};

/// The address of a user who is to be told.
pub(crate) fn address(unit: &mut Unit, user: Uuid) -> Result<String> {
    let whom = Reference::new(tables::USER, user);
    let row = unit.read_as_platform("find the address of who is to be told of a job", &whom, None)?;
    let address = row.as_ref().and_then(|row| row.text("internalemailaddress"));
    address.map(ToOwned::to_owned).ok_or_else(|| {
        let sentence = format!(
            "The e-mail recipient either does not exist or the e-mail address for the e-mail recipient is not valid: {}.",
            row.as_ref()
                .and_then(|row| row.text("fullname"))
                .map_or_else(|| format!("there is no user {user}"), |name| format!("{name} has none"))
        );
        Error::new(Code::NOTICE_RECIPIENT, sentence).with_table(tables::USER)
    })
}

/// Writes the e-mail. That it cannot be written fails no job: the log of the program says so, to whoever asks for it.
pub(super) fn write(unit: &mut Unit, job: &Row, user: Uuid, told: &str) -> Result<()> {
    let before = unit.savepoint()?;
    match email(unit, job, user, told) {
        Ok(()) => unit.release(before),
        Err(error) if error.kind() == Kind::Host => Err(error),
        Err(error) => {
            tracing::info!(%error, job = %job.id, "nobody could be told that the job is done");
            unit.back_to(before)
        }
    }
}

fn email(unit: &mut Unit, job: &Row, user: Uuid, told: &str) -> Result<()> {
    let address = address(unit, user)?;
    let name = job.text("name").unwrap_or_default();
    let email = Row::unsaved(email::TABLE)
        .with("subject", format!("Duplicate detection: {name} is done"))
        .with(
            "description",
            format!("{told}. The results are those of the job {}.", job.id),
        )
        .with("sender", address.as_str())
        .with("torecipients", address.as_str())
        .with("directioncode", true);
    let email = match job.get("createdby") {
        Some(asker) => email.with("ownerid", asker.clone()),
        None => email,
    };
    let mut tell = |request| unit.run_for_host("tell who asked for a job that it is done", request);
    let Some(id) = tell(Request::create(email))?.created() else {
        return Ok(());
    };
    let made = Reference::new(email::TABLE, id);
    // It comes from the organisation, which has no address of its own.
    for part in [Part::Sender, Part::To] {
        let party = Party {
            part,
            whom: Some(Reference::new(tables::USER, user)),
            address: Some(address.clone()),
        };
        tell(Request::create(party.row(&made)))?;
    }
    tell(Request::update(email::to_send(id))).map(|_| ())
}
