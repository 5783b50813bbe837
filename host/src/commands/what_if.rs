//! `--what-if`: the messages of a command are not sent; the recorded requests of the last hours run
//! again with them and without, and those that end in another way are listed.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering},
};

use serde_json::{Value as Json, json};
use sluice_engine::{CallOptions, Found, Message, Rehearsal, Session, What};
use sluice_model::{
    Catalog, ColumnDef, Depth, Error, Name, Query, Reference, Request, Response, Result, Right, Row, Surroundings,
    TableDef, Timestamp, Uuid, Value,
};
use sluice_platform::{Judged, LostUse, Turned, WhatIf, prelude::*};

use crate::{
    context::Context,
    door::Door,
    interrupt,
    names::Labels,
    output::{Exit, Grid, Outcome},
    people::count,
    report,
};

/// The option.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Args {
    /// Change nothing; say which recorded requests of the last HOURS (24) would end in another way.
    #[arg(long, value_name = "HOURS", num_args = 0..=1, require_equals = true, default_missing_value = "24")]
    what_if: Option<u32>,
}

impl Args {
    /// Whether nothing is changed.
    pub(crate) fn is_trial(self) -> bool {
        self.what_if.is_some()
    }

    /// Does the work, or says what it would do.
    pub(crate) fn or_do(
        self,
        context: &Context,
        session: &Session,
        work: impl FnOnce(&dyn Door) -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<Outcome> {
        let Some(hours) = self.what_if else {
            return work(session);
        };
        let noted = Noted {
            session,
            requests: RefCell::default(),
        };
        let outcome = work(&noted)?;
        if outcome.exit != Exit::Done {
            // Of several things, one is refused: there is nothing to ask about the whole.
            return Ok(outcome);
        }
        let changes: Vec<What> = noted.requests.into_inner().into_iter().map(What::Message).collect();
        judge(context, session, &changes, hours)
    }

    /// Says what work would do that is more than messages one after the other; `None`, where it is to
    /// be done.
    pub(crate) fn tried(
        self,
        context: &Context,
        session: &Session,
        work: impl FnOnce(Timestamp) -> anyhow::Result<Rehearsal>,
    ) -> anyhow::Result<Option<Outcome>> {
        match self.what_if {
            Some(hours) => {
                let work = work(since(context, hours)?)?;
                judge(context, session, &[What::Rehearsal(work)], hours).map(Some)
            }
            None => Ok(None),
        }
    }
}

/// The door, through which no change goes: what is sent is noted.
struct Noted<'a> {
    session: &'a Session,
    requests: RefCell<Vec<Request>>,
}

impl Door for Noted<'_> {
    fn user(&self) -> Uuid {
        self.session.user()
    }

    fn execute(&self, request: Request) -> Result<Response> {
        if Door::message(self.session, &request.message)?.shape().reads {
            return self.session.execute(request);
        }
        self.requests.borrow_mut().push(request);
        Ok(Response::default())
    }

    fn execute_with(&self, request: Request, _: &CallOptions) -> Result<Response> {
        self.execute(request)
    }

    fn execute_all(&self, requests: &[Request]) -> Result<Vec<Response>> {
        requests.iter().map(|request| self.execute(request.clone())).collect()
    }

    fn new_id(&self) -> Uuid {
        self.session.new_id()
    }

    fn check_privilege(&self, table: &str, right: Right) -> Result<()> {
        self.session.check_privilege(table, right)
    }

    fn refused_at_gate(&self, request: &Request, refusal: Error) -> Error {
        self.session.refused_at_gate(request, refusal)
    }

    fn check_task(&self, privilege: &str) -> Result<()> {
        self.session.check_task(privilege)
    }

    fn list(&self, query: Query) -> Result<Vec<Row>> {
        self.session.list(query)
    }

    fn traces(&self, query: Query) -> Result<Vec<Row>> {
        self.session.traces(query)
    }

    fn each(&self, query: Query, visit: &mut dyn FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
        Door::each(self.session, query, visit)
    }

    fn catalog(&self) -> Result<Arc<Catalog>> {
        self.session.catalog()
    }

    fn definitions(&self) -> Result<Arc<Catalog>> {
        Door::definitions(self.session)
    }

    fn definition(&self, table: &str) -> Result<Arc<TableDef>> {
        Door::definition(self.session, table)
    }

    fn message(&self, name: &str) -> Result<&'static dyn Message> {
        Door::message(self.session, name)
    }

    fn surroundings(&self) -> Result<Surroundings> {
        Door::surroundings(self.session)
    }

    fn find(&self, table: &str, name_or_id: &str) -> Result<Found> {
        Door::find(self.session, table, name_or_id)
    }

    fn find_one(&self, table: &str, name_or_id: &str) -> Result<Uuid> {
        Door::find_one(self.session, table, name_or_id)
    }

    fn find_among(&self, among: &Query, noun: &str, name_or_id: &str) -> Result<Uuid> {
        Door::find_among(self.session, among, noun, name_or_id)
    }

    fn near(&self, query: Query, columns: &[Name], wrong: &str) -> String {
        Door::near(self.session, query, columns, wrong)
    }

    fn value(&self, table: &TableDef, column: &ColumnDef, text: &str) -> Result<Value> {
        Door::value(self.session, table, column, text)
    }
}

fn since(context: &Context, hours: u32) -> anyhow::Result<Timestamp> {
    let second = context.env().now().as_second() - i64::from(hours) * 3_600;
    Ok(Timestamp::from_second(second).map_err(|_| Error::invalid(format!("{hours} hours ago is before all time")))?)
}

fn judge(context: &Context, session: &Session, changes: &[What], hours: u32) -> anyhow::Result<Outcome> {
    let since = since(context, hours)?;
    let stop = interrupt::flag("telling what is known by now; Ctrl-C again ends at once")?;
    let bar = interrupt::progress_bar("{spinner} {human_pos} of {human_len} requests");
    let found = session.what_if(changes, since, &mut |place, all| {
        bar.set_length(all as u64);
        bar.set_position(place as u64);
        !stop.load(Ordering::Acquire)
    });
    bar.finish_and_clear();
    let found = found?;
    let callers = found
        .turned
        .iter()
        .map(|turned| Reference::new("systemuser", turned.request.caller));
    let users = found.uses.iter().flatten().map(|lost| lost.who.clone());
    let labels = Labels::load(context, callers.chain(users))?;
    let user = |turned: &Turned| labels.name(&Reference::new("systemuser", turned.request.caller));
    let items: Vec<_> = found
        .turned
        .iter()
        .map(|turned| {
            json!({
                "correlation": turned.request.correlation.to_string(),
                "user": user(turned),
                "message": turned.request.message,
                "table": turned.request.table,
                "judged": judged(turned),
                "startedon": turned.request.started.to_string(),
                "without": turned.without.as_ref().map(report::error_to_json),
                "with": turned.with.as_ref().map(report::error_to_json),
            })
        })
        .collect();
    let document = json!({
        "turned": items,
        "judged": found.ran + found.asked,
        "ranAgain": found.ran,
        "byChecks": found.asked,
        "past": found.past,
        "unrecorded": found.unrecorded,
        "cut": found.is_cut,
        "hours": hours,
        "uses": uses_json(&found, &labels),
    });
    let mut grid = Grid::new(["request", "user", "message", "table", "today", "then", "judged"]);
    for turned in &found.turned {
        let [today, then] = outcomes([&turned.without, &turned.with]);
        grid.row([
            turned.request.correlation.to_string(),
            user(turned),
            turned.request.message.clone(),
            turned.request.table.clone().unwrap_or_default(),
            today,
            then,
            judged(turned).to_owned(),
        ]);
    }
    let [before, behind] = said(&found, hours);
    let behind = [uses_text(&found, &labels), Some(behind)].into_iter().flatten();
    let behind = behind.collect::<Vec<_>>().join("\n");
    Ok(Outcome::table(document, &before, grid.text(""), &behind).listing("turned"))
}

/// How a request ends today, and how it would: told apart by what differs, which the sentence about the
/// privilege may leave out.
fn outcomes(both: [&Option<Error>; 2]) -> [String; 2] {
    let [today, then] = both.map(|error| outcome(error.as_ref()));
    if today != then {
        return [today, then];
    }
    let more = both.map(|error| {
        let error = error.as_ref()?;
        let step = error.body().step.as_ref().map(|step| format!(", step {}", step.id));
        Some(format!(" ({}{})", error.code(), step.unwrap_or_default()))
    });
    let [without, with] = more.map(Option::unwrap_or_default);
    [today + &without, then + &with]
}

/// Which way it was judged.
fn judged(turned: &Turned) -> &'static str {
    match turned.judged {
        Judged::RanAgain => "ran again",
        Judged::ByChecks => "by its checks",
    }
}

/// `passes`, or the code and who lacks what.
fn outcome(error: Option<&Error>) -> String {
    let Some(error) = error else {
        return "passes".to_owned();
    };
    let body = error.body();
    let step = body
        .step
        .as_ref()
        .map(|step| format!(", in \"{}\"", step.name))
        .unwrap_or_default();
    match &body.privilege {
        Some(privilege) => format!("refused: {privilege} is missing{step}"),
        None => format!("refused: {}{step}", error.code()),
    }
}

/// What is said of it all, before the list and behind it.
fn said(found: &WhatIf, hours: u32) -> [String; 2] {
    let before = format!(
        "Nothing was changed. Of {} of the last {}, {} would end in another way.{}",
        count(found.ran + found.asked, "recorded request"),
        count(hours as usize, "hour"),
        found.turned.len(),
        match found.uses.as_ref().map_or(0, Vec::len) {
            0 => String::new(),
            lost => format!(
                " What else was used shows {} of a privilege that would not be held any more, or not so deep (below).",
                count(lost, "use")
            ),
        }
    );
    let mut lines = Vec::new();
    if found.asked > 0 {
        lines.push(format!(
            "{} ran again, with the change and without; {} cannot run again, and what they asked about privileges was asked again instead.",
            found.ran, found.asked
        ));
    }
    if found.past > 0 {
        lines.push(format!(
            "Can neither run again nor be judged by what was recorded of them: {}.",
            count(found.past, "request")
        ));
    }
    if found.unrecorded > 0 {
        lines.push(format!(
            "Not recorded, and not judged: {}.",
            count(found.unrecorded, "request")
        ));
    }
    if found.is_cut {
        lines.push("There are more, which were not looked at.".to_owned());
    }
    let kept = match found.uses {
        Some(_) => "of these and of what else passes tell the marks of use alone",
        None => {
            "of these and of what else passes tell the marks of use alone, which you may not read (prvReadsl_privilegeuse)"
        }
    };
    lines.push(format!(
        "Recorded are those that failed, or all (`settings get trace.requests`), but no lists and no reads that pass: {kept}."
    ));
    [before, lines.join("\n")]
}

/// What was used and would be missing, beside what the listed requests lack.
fn uses_text(found: &WhatIf, labels: &Labels) -> Option<String> {
    let lost = found.uses.as_ref().filter(|lost| !lost.is_empty())?;
    let mut grid = Grid::new(["used by", "privilege", "at depth", "would be held", "last used"]);
    for one in lost {
        grid.row([
            labels.name(&one.who),
            one.privilege.clone(),
            one.used.label().to_owned(),
            one.then.map_or("no more", Depth::label).to_owned(),
            one.last.to_string(),
        ]);
    }
    Some(format!(
        "By the marks of use (of lists, at the depth that was held):\n{}",
        grid.text("")
    ))
}

fn uses_json(found: &WhatIf, labels: &Labels) -> Json {
    let Some(lost) = &found.uses else {
        return Json::Null;
    };
    let one = |lost: &LostUse| {
        json!({
            "principal": labels.name(&lost.who),
            "privilege": lost.privilege,
            "used": lost.used.label(),
            "then": lost.then.map(Depth::label),
            "last": lost.last.to_string(),
        })
    };
    lost.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use sluice_model::Code;

    use super::*;

    #[test]
    fn two_ends_that_differ_read_differently() {
        let lacks = |code| {
            let mut error = Error::new(code, "no");
            error.body_mut().privilege = Some("prvReadLead".to_owned());
            Some(error)
        };
        let [today, then] = outcomes([&lacks(Code::PRIVILEGE_DENIED), &lacks(Code::ACCESS_DENIED)]);
        assert!(today.starts_with("refused: prvReadLead is missing (0x"), "{today}");
        assert_ne!(today, then);
        let [today, then] = outcomes([&None, &lacks(Code::PRIVILEGE_DENIED)]);
        assert_eq!([&*today, &*then], ["passes", "refused: prvReadLead is missing"]);
    }
}
