//! How old open leads are, and which have stood still.

use std::collections::{HashMap, HashSet};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Error, Reference, json::whole_seconds};
use sluice_sales::reports::{self, Aged, Aging, Open};

use super::{as_number, rounded};
use crate::{
    context::Context,
    lists,
    names::Labels,
    output::{self, Exit, Grid, Outcome},
    people,
    plot::{Bar, bars},
};

pub(super) fn aging(
    context: &Context,
    session: &Session,
    status: &str,
    (alert, check): (f64, bool),
    plot: bool,
) -> anyhow::Result<Outcome> {
    let ended = |alerts: usize| if check && alerts > 0 { Exit::Refused } else { Exit::Done };
    if context.json() {
        let (mut aging, mut alerts) = (Aging::of(session, status)?, 0);
        let open = aging.open;
        let written = aged_document(context, session, open, Some(alert), &mut |lead| {
            aging.add(lead.days);
            alerts += usize::from(lead.days > alert);
        })?;
        let groups = aging.groups.iter();
        let groups: Vec<Json> = groups
            .map(|(name, leads)| json!({ "name": name, "leads": leads }))
            .collect();
        let more = json!({
            "status": aging.status,
            "groups": groups,
            "threshold": rounded(alert),
            "alerts": alerts,
        });
        return Ok(written.end(&more)?.with_exit(ended(alerts)));
    }
    lists::check_export(session)?;
    let (aging, alerts) = reports::aging(session, status, alert)?;
    let marked = Open {
        than: Some(alert),
        ..aging.open
    };
    let exit = ended(alerts);
    let table = if plot {
        let bar = |(name, leads): &(&str, usize)| Bar {
            name: (*name).to_owned(),
            value: Some(as_number(*leads)),
            text: leads.to_string(),
        };
        output::Text::from(bars(&aging.groups.iter().map(bar).collect::<Vec<_>>()))
    } else {
        let mut grid = Grid::new(["age", "leads"]);
        for (name, leads) in &aging.groups {
            grid.row([(*name).to_owned(), leads.to_string()]);
        }
        grid.text("").into()
    };
    let said = format!(
        "{} with the status {}, {alerts} older than {alert} days",
        people::count(aging.leads, "open lead"),
        aging.status,
    );
    if alerts == 0 {
        return Ok(Outcome::table(Json::Null, "", table, &said).with_exit(exit));
    }
    output::write(&table)?;
    beside(&format!(
        "{said}\nwhat piles up here says: look at what comes in, and at its scoring"
    ))?;
    aged_tables(context, session, marked, Some(alert))?;
    Ok(Outcome::printed().with_exit(exit))
}

/// A sentence about a table that has gone out: not among its cells, where these alone are wanted.
fn beside(text: &str) -> std::io::Result<()> {
    match output::takes_out() {
        true => {
            output::tell(text);
            Ok(())
        }
        false => output::write(text),
    }
}

/// So many of the oldest leads are drawn.
pub(super) const DRAWN: usize = 200;

pub(super) fn stale(context: &Context, session: &Session, than: f64, plot: bool) -> anyhow::Result<Outcome> {
    lists::check_export(session)?;
    let open = Open {
        status: None,
        than: Some(than),
    };
    if context.json() {
        let written = aged_document(context, session, open, None, &mut |_| {})?;
        return written.end(&json!({ "days": rounded(than) }));
    }
    let count = if plot {
        let mut drawn: Vec<Bar> = Vec::new();
        let mut count = 0;
        open.each(session, &mut |leads| {
            count += leads.len();
            let room = DRAWN.saturating_sub(drawn.len());
            drawn.extend(leads.into_iter().take(room).map(|lead| Bar {
                text: format!("{:.0} days", lead.days),
                value: Some(lead.days.round()),
                name: lead.name,
            }));
            Ok(())
        })?;
        let more = match count.saturating_sub(drawn.len()) {
            0 => String::new(),
            more => format!("\nand {more} more, which are younger"),
        };
        output::write(&format!("{}{more}", bars(&drawn)))?;
        count
    } else {
        aged_tables(context, session, open, None)?
    };
    beside(&format!(
        "{} open for more than {than} days: qualify, or disqualify with a reason",
        people::count(count, "lead")
    ))?;
    Ok(Outcome::printed())
}

/// Leads with their ages as a document, which goes out while they are read and lacks its end. Those
/// above a threshold are marked.
pub(super) fn aged_document(
    context: &Context,
    session: &Session,
    open: Open,
    alert: Option<f64>,
    seen: &mut dyn FnMut(&Aged),
) -> anyhow::Result<lists::Written> {
    let mut owners = Owners::default();
    let mut list = lists::Written::default();
    let read = open.each(session, &mut |leads| {
        leads.iter().for_each(&mut *seen);
        let lines = owners.of(context, &leads).and_then(|()| {
            let lines = leads.iter().map(|lead| aged_line(lead, owners.name(lead), alert));
            list.rows(lines)
        });
        lines.map_err(|error| list.failed(error))
    });
    list.read(read)
}

pub(super) fn aged_line(lead: &Aged, owner: &str, alert: Option<f64>) -> Json {
    let mut line = json!({
        "lead": lead.lead.to_string(),
        "name": lead.name,
        "status": lead.status,
        "owner": owner,
        "createdon": whole_seconds(lead.created),
        "days": rounded(lead.days),
    });
    if let (Some(alert), Json::Object(line)) = (alert, &mut line) {
        line.insert("alert".to_owned(), (lead.days > alert).into());
    }
    line
}

/// So many leads stand in one table.
pub(super) const TABLE: usize = 5_000;

/// Leads with their ages as tables; how many there are.
pub(super) fn aged_tables(
    context: &Context,
    session: &Session,
    open: Open,
    alert: Option<f64>,
) -> anyhow::Result<usize> {
    let (mut owners, mut waiting, mut count, mut failed) = (Owners::default(), Vec::new(), 0, None);
    let mut show = |leads: &[Aged]| -> anyhow::Result<()> {
        owners.of(context, leads)?;
        let mut grid = Grid::new(["days", "", "lead", "status", "owner", "created", "id"]);
        for lead in leads {
            let marked = alert.is_some_and(|alert| lead.days > alert);
            grid.row([
                format!("{:.1}", lead.days),
                if marked { "!" } else { "" }.to_owned(),
                lead.name.clone(),
                lead.status.clone(),
                owners.name(lead).to_owned(),
                whole_seconds(lead.created),
                lead.lead.to_string(),
            ]);
        }
        output::write(&grid.text("no leads"))?;
        Ok(())
    };
    let read = open.each(session, &mut |leads| {
        count += leads.len();
        waiting.extend(leads);
        if waiting.len() <= TABLE {
            return Ok(());
        }
        let later = waiting.split_off(TABLE);
        let shown = show(&std::mem::replace(&mut waiting, later));
        shown.map_err(|error| {
            failed = Some(error);
            Error::host("the list cannot be shown")
        })
    });
    match (read, failed) {
        (_, Some(error)) => return Err(error),
        (Err(error), None) => return Err(error.into()),
        (Ok(()), None) => {}
    }
    show(&waiting)?;
    Ok(count)
}

/// The names of owners, which are few.
#[derive(Default)]
pub(super) struct Owners(HashMap<Reference, String>);

impl Owners {
    /// Learns the names of those that own these leads.
    fn of(&mut self, context: &Context, leads: &[Aged]) -> anyhow::Result<()> {
        let new = leads.iter().filter_map(|lead| lead.owner.clone());
        let new: HashSet<Reference> = new.filter(|owner| !self.0.contains_key(owner)).collect();
        let labels = Labels::load(context, new.iter().cloned())?;
        for owner in new {
            let name = labels.name(&owner);
            self.0.insert(owner, name);
        }
        Ok(())
    }

    pub(super) fn name(&self, lead: &Aged) -> &str {
        let name = lead.owner.as_ref().and_then(|owner| self.0.get(owner));
        name.map_or("", String::as_str)
    }
}
