//! `sluice why`: what a request was refused for, or a job that it set off, and what cures it. The recorded
//! request, or the work of the job, runs again as its caller, in transactions that are rolled back.

use serde_json::{Value as Json, json};
use sluice_engine::{FailedJob, GoesOn, Refused, Session};
use sluice_model::{Code, Error, Filter, Query, Reference, Uuid, names::end_of_id};
use sluice_platform::{Culprit, Fix, Isolation, Way, prelude::*};

use super::requested;
use crate::{
    context::Context,
    culprits::{self, Report, Sender},
    names::Labels,
    output::{Grid, Outcome},
    telling,
    text::wrapped,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The correlation id of the request, or the id of its trace or of a job that failed, or the last five
    /// digits or more of one; by default (or as @last) your last request that was refused.
    trace: Option<String>,
}

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    context.only_looks();
    let session = context.session()?;
    let which = args.trace.as_deref().filter(|trace| *trace != "@last");
    let which = which.map(|text| self::which(&session, text)).transpose()?;
    let (refused, found) = match session.why(which) {
        Ok(found) => found,
        Err(error) if which.is_none() && error.code() == Code::NOT_FOUND => {
            return of_others(context, &session, error);
        }
        Err(error) => return Err(error.into()),
    };
    let acting = refused.acting();
    let user = |id| Reference::new("systemuser", id);
    let users = [Some(acting.user), acting.caller].into_iter().flatten().map(user);
    let row = requested::row_of(&session, &refused)?;
    let labels = Labels::load(context, users.chain(row.clone()))?;
    let name = |id| match id == session.acting().person() {
        true => context.user().to_owned(),
        false => labels.name(&user(id)),
    };
    let caller = acting.caller.map(name);
    let in_name_of = match acting.caller.is_some() {
        true => labels.name(&user(acting.user)),
        false => name(acting.user),
    };
    let who = match &caller {
        Some(caller) => format!("{caller}, on behalf of {in_name_of},"),
        None => in_name_of.clone(),
    };
    let both = acting.caller.zip(caller.as_deref());
    let own = own_command(&session, &refused, &found);
    let sender = Sender::of(&session, (acting.user, &in_name_of), both).with(own);
    let (what, id) = match &refused {
        Refused::Request(recorded) => (requested::what(recorded, row.as_ref(), &labels), recorded.correlation),
        Refused::Job(job) => (run_job(job, row.as_ref(), &labels), job.id),
    };
    let then = goes_on(&refused, &found);
    let qualifies = matches!(&refused, Refused::Request(recorded) if &*recorded.request.message == "QualifyLead");
    let mut document = culprits::json(context, &found, &sender, qualifies);
    if let Json::Object(map) = &mut document {
        let (name, told) = told(&refused, row.as_ref(), &who);
        map.insert(name.to_owned(), told);
        let then = then.as_ref().map(|then| context.command(then));
        map.insert("then".to_owned(), then.into());
    }
    let text = Report {
        context,
        catalog: &*session.catalog()?,
        user: &who,
        sender,
        then,
        gives_up: gives_up(&refused),
        what: &what,
        qualifies,
        runs: match &refused {
            Refused::Request(_) => None,
            Refused::Job(job) => Some(job.runs),
        },
    }
    .text(&found, &format!("sluice why {id}"));
    let text = for_author(context, &found, id, with_end(&refused, &found, text));
    let text = match refused_for_else(&session, &refused, &found)? {
        Some(told) => format!("{told}\n\n{text}"),
        None => text,
    };
    Ok(Outcome::new(document, text))
}

/// The text, and what is not in it: that a job has ended for good, that its row is gone, or that only the look-up of a
/// name was sent.
fn with_end(refused: &Refused, found: &Isolation, text: String) -> String {
    match refused {
        Refused::Request(recorded) if requested::looked_up(recorded).is_some() => format!(
            "{text}\n\nThis is about the look-up of the name alone: what was to be done with the row was not sent, and may take \
             more. Send it again once this is cured, or with the id of the row, which is not looked up."
        ),
        Refused::Request(recorded) if requested::processes_of(&recorded.request).is_some() => format!(
            "{text}\n\nThis is about the look-up of the row's processes alone: if one of them was to be moved or to be set \
             active, that was not sent, and may take more. Send it again once this is cured."
        ),
        Refused::Job(job) if lacks_row(job, found) => format!(
            "{text}\n\nThe row that the job \"{}\" is about is gone: to run the job again does not help.",
            job.name
        ),
        Refused::Job(FailedJob {
            goes_on: GoesOn::Not,
            name,
            ..
        }) => format!("{text}\n\nThe job \"{name}\" itself has ended for good; a cure lets the next one pass."),
        _ => text,
    }
}

/// The command that sends a request again, where it was the reader's own.
fn own_command(session: &Session, refused: &Refused, found: &Isolation) -> Option<String> {
    let mut fixes = found.culprits.iter().flat_map(Culprit::fixes);
    let whole = fixes.find(|fix| matches!(fix, Fix::Again { way: Way::Whole, .. }));
    match refused {
        Refused::Request(own) if own.sender() == session.acting().person() => {
            let request = whole.map(|whole| whole.applied_to(&own.request));
            requested::command(request.as_ref().unwrap_or(&own.request))
        }
        _ => None,
    }
}

/// What a request was refused for, where what it meets now is something else: alone it may lack what others in its
/// transaction had made before it.
fn refused_for_else(session: &Session, refused: &Refused, found: &Isolation) -> anyhow::Result<Option<String>> {
    let (Refused::Request(recorded), Some(first)) = (refused, found.culprits.first()) else {
        return Ok(None);
    };
    let query = Query::new("sl_messagetrace")
        .columns(&["sl_tree"])
        .filter(Filter::eq("sl_correlationid", recorded.correlation).and(Filter::eq("sl_succeeded", false)));
    let traces = session.traces(query)?;
    let tree = traces.first().and_then(|row| row.text("sl_tree"));
    let tree: Option<Json> = tree.and_then(|text| serde_json::from_str(text).ok());
    let then = tree.as_ref().and_then(|tree| tree.get("error"));
    let of = |member: &str| then.and_then(|then| then.get(member)?.as_str());
    let Some(code) = of("code").and_then(Code::parse) else {
        return Ok(None);
    };
    if found.culprits.iter().any(|culprit| culprit.error.code() == code) {
        return Ok(None);
    }
    let message = of("message").unwrap_or_default();
    let message = message.trim_end().trim_end_matches('.');
    let told = format!(
        "It was refused with {code} {}: {message}.\nSent alone and now, it meets something else ({}): others of its \
         transaction, such as the making of the row that it speaks of, were undone with it, or something has changed \
         since. What follows is about that.",
        code.info().name,
        first.error.code()
    );
    Ok(Some(wrapped(&told, culprits::WIDTH)))
}

/// The text, with how a plug-in's author comes to the call that failed.
fn for_author(context: &Context, found: &Isolation, id: Uuid, text: String) -> String {
    match found.culprits.iter().any(|culprit| has_failed(&culprit.error)) {
        true => format!(
            "{text}\n\nThe call that failed as a case for the plug-in's author, who can run it again:\n  {}",
            context.command(&format!("sluice trace export {id}"))
        ),
        false => text,
    }
}

/// Whether a plug-in failed that was to do something else.
fn has_failed(error: &Error) -> bool {
    let body = error.body();
    let failed = [Code::ISV_UNEXPECTED, Code::ISV_TRANSACTION, Code::PLUGIN_CRASHED];
    let calls_plugin = body.step.as_ref().is_some_and(sluice_model::StepInfo::calls_plugin);
    calls_plugin && failed.contains(&error.code()) && telling::now().administers()
}

/// So many requests of others are listed.
const OTHERS: usize = 10;

/// Where nothing was refused to the user: what was refused to others, each with the command that looks
/// into it; the error, where the user may look into none of it.
fn of_others(context: &Context, session: &Session, error: Error) -> anyhow::Result<Outcome> {
    let others = session.refused_of_others(OTHERS)?;
    if others.is_empty() {
        return Err(error.into());
    }
    let user = |id| Reference::new("systemuser", id);
    let labels = Labels::load(context, others.iter().map(|past| user(past.acting().person())))?;
    let mut grid = Grid::new(["when", "who", "request", "refused for", "look into it"]).uncut();
    let mut items = Vec::new();
    for past in &others {
        let of = |member: &str| past.refusal.as_ref().and_then(|refusal| refusal.get(member)?.as_str());
        let (code, privilege) = (of("code").unwrap_or_default(), of("privilege"));
        let who = labels.name(&user(past.acting().person()));
        let command = context.command(&format!("sluice why {}", past.correlation));
        let when = past.started.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let message = match &past.table {
            Some(table) => format!("{} {table}", past.message),
            None => past.message.clone(),
        };
        let known = Code::parse(code).map(Code::info);
        let code_named = known.map_or(code.to_owned(), |info| format!("{code} {}", info.name));
        grid.row([&when, &who, &message, privilege.unwrap_or(&code_named), &command]);
        items.push(json!({
            "correlation": past.correlation.to_string(),
            "user": who,
            "message": past.message,
            "code": code,
            "privilege": privilege,
            "startedon": past.started.to_string(),
            "command": command,
        }));
    }
    let text = format!(
        "None of your own requests was refused. These of others were, the newest first:\n{}",
        grid.text("")
    );
    Ok(Outcome::new(json!({ "refused": items }), text))
}

/// Whether a job fails for want of its row, which is gone.
fn lacks_row(job: &FailedJob, found: &Isolation) -> bool {
    let Some(row) = job.row.as_ref().filter(|_| job.is_row_gone) else {
        return false;
    };
    let wants = |error: &Error| error.code() == Code::NOT_FOUND && error.message().contains(&row.id.to_string());
    found.culprits.iter().any(|culprit| wants(&culprit.error))
}

/// The command by which a job goes on once nothing stands in its way.
fn goes_on(refused: &Refused, found: &Isolation) -> Option<String> {
    match refused {
        Refused::Job(job) if lacks_row(job, found) => None,
        Refused::Job(job) => match job.goes_on {
            GoesOn::Again => Some(format!("sluice jobs retry {}", job.id)),
            GoesOn::Resumed => Some(format!("sluice jobs resume {}", job.id)),
            GoesOn::Not => None,
        },
        Refused::Request(_) => None,
    }
}

/// The command that ends a run which waits.
fn gives_up(refused: &Refused) -> Option<String> {
    match refused {
        Refused::Job(job) if job.goes_on == GoesOn::Resumed => Some(format!("sluice jobs cancel {}", job.id)),
        Refused::Job(_) | Refused::Request(_) => None,
    }
}

/// What was refused, for machines: the name of the member, and what it holds.
fn told(refused: &Refused, row: Option<&Reference>, user: &str) -> (&'static str, Json) {
    let row = row.map(ToString::to_string);
    match refused {
        Refused::Request(recorded) => {
            let told = json!({
                "correlation": recorded.correlation.to_string(),
                "message": &*recorded.request.message,
                "row": row,
                "user": user.trim_end_matches(','),
                "startedon": recorded.started.to_string(),
                "succeeded": recorded.succeeded,
            });
            ("request", told)
        }
        Refused::Job(job) => {
            let told = json!({
                "id": job.id.to_string(),
                "name": job.name,
                "correlation": job.correlation.map(|id| id.to_string()),
                "message": job.message,
                "row": row,
                "user": user.trim_end_matches(','),
                "createdon": job.made.to_string(),
            });
            ("job", told)
        }
    }
}

/// `run the job "commission" for the account "Contoso"`.
fn run_job(job: &FailedJob, row: Option<&Reference>, labels: &Labels) -> String {
    let about = row.map(|row| format!(" for the {} \"{}\"", row.table, labels.name(row)));
    format!("run the job \"{}\"{}", job.name, about.unwrap_or_default())
}

/// The request that a text stands for.
pub(super) fn which(session: &Session, text: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    match end_of_id(text) {
        Some(end) => Ok(session.request_ending(&end)?),
        None => Err(Usage::because(format!(
            "`{text}` is no id, nor the last five digits or more of one"
        ))),
    }
}
