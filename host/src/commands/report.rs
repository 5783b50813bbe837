//! `sluice report`: the funnel as tables, as JSON and as plots in the terminal. What is shown is
//! what the acting user may read.

use std::collections::{HashMap, HashSet};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Error, Reference, json::whole_seconds};
use sluice_sales::reports::{self, Aged, Aging, Closed, Open, StageVelocity};

use crate::{
    context::Context,
    lists,
    names::Labels,
    output::{self, Exit, Grid, Outcome},
    people,
    plot::{Bar, bars},
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// The days in each stage: the median, and what nine in ten do not exceed.
    Velocity(Plot),
    /// How many of the closed leads were qualified, by source, owner and month.
    QualifyRate(Plot),
    /// How old the open leads of a status are.
    Aging {
        /// The status.
        #[arg(long, default_value = "New")]
        status: String,
        /// Mark leads that are older than so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 14.0, value_parser = days)]
        alert: f64,
        /// End with exit status 1 if any lead is marked.
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        plot: Plot,
    },
    /// The leads that have been open for too long.
    Stale {
        /// For longer than so many days.
        #[arg(long, value_name = "DAYS", default_value_t = 90.0, value_parser = days)]
        days: f64,
        #[command(flatten)]
        plot: Plot,
    },
    /// Volume, rate and velocity in one.
    Funnel(Plot),
    /// Why leads were disqualified.
    Reasons(Plot),
}

/// How a report is shown.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Plot {
    /// Draw bars in the terminal.
    #[arg(long)]
    plot: bool,
}

fn days(text: &str) -> Result<f64, String> {
    let days = text.parse().ok().filter(|days: &f64| days.is_finite() && *days >= 0.0);
    days.ok_or_else(|| "it is a number of days".to_owned())
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::Velocity(Plot { plot }) => velocity(&session, plot),
        Command::QualifyRate(Plot { plot }) => qualify_rate(context, &session, plot),
        Command::Aging {
            status,
            alert,
            check,
            plot: Plot { plot },
        } => aging(context, &session, &status, (alert, check), plot),
        Command::Stale {
            days,
            plot: Plot { plot },
        } => stale(context, &session, days, plot),
        Command::Funnel(Plot { plot }) => funnel(&session, plot),
        Command::Reasons(Plot { plot }) => reasons(&session, plot),
    }
}

/// A number of days or a part, as documents have it: to four places.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

fn in_days(days: Option<f64>) -> String {
    days.map_or_else(String::new, |days| format!("{days:.1}"))
}

fn percent(part: Option<f64>) -> String {
    part.map_or_else(String::new, |part| format!("{:.1} %", 100.0 * part))
}

fn velocity(session: &Session, plot: bool) -> anyhow::Result<Outcome> {
    let stages = reports::velocity(session)?;
    let text = velocity_text(&stages, plot);
    Ok(Outcome::list(velocity_json(&stages), text))
}

fn velocity_json(stages: &[StageVelocity]) -> Vec<Json> {
    let stage = |stage: &StageVelocity| {
        json!({
            "flow": stage.flow,
            "stage": stage.stage,
            "table": stage.table,
            "left": stage.left,
            "standing": stage.standing,
            "median": stage.median.map(rounded),
            "p90": stage.p90.map(rounded),
        })
    };
    stages.iter().map(stage).collect()
}

fn velocity_text(stages: &[StageVelocity], plot: bool) -> String {
    if plot && !stages.is_empty() {
        let drawn: Vec<Bar> = stages
            .iter()
            .map(|stage| Bar {
                name: stage.stage.clone(),
                // As long as the text says.
                value: stage.median.map(|days| (days * 10.0).round() / 10.0),
                text: match stage.median {
                    Some(median) => format!("{median:.1} days (nine in ten: {})", in_days(stage.p90)),
                    None => "nobody left it yet".to_owned(),
                },
            })
            .collect();
        return bars(&drawn);
    }
    let mut grid = Grid::new(["flow", "stage", "table", "left", "standing", "median days", "p90 days"]);
    for stage in stages {
        grid.row([
            stage.flow.clone(),
            stage.stage.clone(),
            stage.table.to_string(),
            stage.left.to_string(),
            stage.standing.to_string(),
            in_days(stage.median),
            in_days(stage.p90),
        ]);
    }
    grid.text("no row that you may read was in any stage")
}

fn qualify_rate(context: &Context, session: &Session, plot: bool) -> anyhow::Result<Outcome> {
    let rate = reports::qualify_rate(session)?;
    let owners = Labels::load(context, rate.by_owner.keys().cloned())?;
    let mut lines: Vec<(&str, String, Closed)> = Vec::new();
    lines.extend(
        rate.by_source
            .iter()
            .map(|(name, closed)| ("source", name.clone(), *closed)),
    );
    lines.extend(
        rate.by_owner
            .iter()
            .map(|(owner, closed)| ("owner", owners.name(owner), *closed)),
    );
    lines.extend(
        rate.by_month
            .iter()
            .map(|(month, closed)| ("month", month.clone(), *closed)),
    );
    let value: Vec<Json> = lines
        .iter()
        .map(|(by, name, closed)| {
            let mut line = closed_json(*closed);
            if let Json::Object(map) = &mut line {
                map.insert("by".to_owned(), (*by).into());
                map.insert("name".to_owned(), name.as_str().into());
            }
            line
        })
        .collect();
    lines.push(("all", String::new(), rate.total));
    let text = if plot {
        let bar = |(by, name, closed): &(&str, String, Closed)| Bar {
            name: format!("{by} {name}"),
            value: closed.rate(),
            text: format!(
                "{} ({} of {})",
                percent(closed.rate()),
                closed.qualified,
                closed.closed()
            ),
        };
        bars(&lines.iter().map(bar).collect::<Vec<_>>())
    } else {
        let mut grid = Grid::new(["by", "", "closed", "qualified", "disqualified", "rate"]);
        for (by, name, closed) in &lines {
            grid.row([
                (*by).to_owned(),
                name.clone(),
                closed.closed().to_string(),
                closed.qualified.to_string(),
                closed.disqualified.to_string(),
                percent(closed.rate()),
            ]);
        }
        let from_row = rate.total.closed() - rate.from_audit_trail;
        let note = match from_row {
            0 => String::new(),
            count => format!(
                "\nof {} the audit trail does not tell you when they were closed; their last change stands for it",
                people::count(count, "lead")
            ),
        };
        format!("{}{note}", grid.text(""))
    };
    let document = json!({
        "value": value,
        "total": closed_json(rate.total),
        "from_audit_trail": rate.from_audit_trail,
    });
    Ok(Outcome::new(document, text))
}

fn closed_json(closed: Closed) -> Json {
    json!({
        "closed": closed.closed(),
        "qualified": closed.qualified,
        "disqualified": closed.disqualified,
        "rate": closed.rate().map(rounded),
    })
}

fn aging(
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
    let (aging, alerts) = reports::aging(session, status, alert)?;
    let marked = Open {
        than: Some(alert),
        ..aging.open
    };
    let exit = ended(alerts);
    let mut text = vec![if plot {
        let bar = |(name, leads): &(&str, usize)| Bar {
            name: (*name).to_owned(),
            value: Some(as_number(*leads)),
            text: leads.to_string(),
        };
        bars(&aging.groups.iter().map(bar).collect::<Vec<_>>())
    } else {
        let mut grid = Grid::new(["age", "leads"]);
        for (name, leads) in &aging.groups {
            grid.row([(*name).to_owned(), leads.to_string()]);
        }
        grid.text("")
    }];
    text.push(format!(
        "{} with the status {}, {alerts} older than {alert} days",
        people::count(aging.leads, "open lead"),
        aging.status,
    ));
    if alerts == 0 {
        return Ok(Outcome::new(Json::Null, text.join("\n")).with_exit(exit));
    }
    text.push("what piles up here says: look at what comes in, and at its scoring".to_owned());
    output::write(&text.join("\n"))?;
    aged_tables(context, session, marked, Some(alert))?;
    Ok(Outcome::printed().with_exit(exit))
}

/// So many of the oldest leads are drawn.
const DRAWN: usize = 200;

fn stale(context: &Context, session: &Session, than: f64, plot: bool) -> anyhow::Result<Outcome> {
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
    output::write(&format!(
        "{} open for more than {than} days: qualify, or disqualify with a reason",
        people::count(count, "lead")
    ))?;
    Ok(Outcome::printed())
}

/// Leads with their ages as a document, which goes out while they are read and lacks its end. Those
/// above a threshold are marked.
fn aged_document(
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

fn aged_line(lead: &Aged, owner: &str, alert: Option<f64>) -> Json {
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
const TABLE: usize = 5_000;

/// Leads with their ages as tables; how many there are.
fn aged_tables(context: &Context, session: &Session, open: Open, alert: Option<f64>) -> anyhow::Result<usize> {
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
struct Owners(HashMap<Reference, String>);

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

    fn name(&self, lead: &Aged) -> &str {
        let name = lead.owner.as_ref().and_then(|owner| self.0.get(owner));
        name.map_or("", String::as_str)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
fn as_number(count: usize) -> f64 {
    count as f64
}

fn funnel(session: &Session, plot: bool) -> anyhow::Result<Outcome> {
    let funnel = reports::funnel(session)?;
    let [open, won, lost] = funnel.opportunities;
    let volume = [
        ("leads", funnel.open + funnel.closed.closed()),
        ("open leads", funnel.open),
        ("qualified leads", funnel.closed.qualified),
        ("disqualified leads", funnel.closed.disqualified),
        ("opportunities", open + won + lost),
        ("open opportunities", open),
        ("won opportunities", won),
        ("lost opportunities", lost),
    ];
    let document = json!({
        "volume": {
            "leads": { "open": funnel.open, "qualified": funnel.closed.qualified, "disqualified": funnel.closed.disqualified },
            "opportunities": { "open": open, "won": won, "lost": lost },
        },
        "rate": closed_json(funnel.closed),
        "velocity": velocity_json(&funnel.velocity),
    });
    let numbers = if plot {
        let bar = |(name, count): &(&str, usize)| Bar {
            name: (*name).to_owned(),
            value: Some(as_number(*count)),
            text: count.to_string(),
        };
        bars(&volume.iter().map(bar).collect::<Vec<_>>())
    } else {
        people::pairs(&volume.map(|(name, count)| (name, count.to_string())))
    };
    let rate = match funnel.closed.rate() {
        Some(rate) => format!("{} of the closed leads were qualified", percent(Some(rate))),
        None => "no lead is closed yet".to_owned(),
    };
    let text = format!(
        "volume\n{numbers}\n\nrate\n{rate}\n\nvelocity\n{}",
        velocity_text(&funnel.velocity, plot)
    );
    Ok(Outcome::new(document, text))
}

fn reasons(session: &Session, plot: bool) -> anyhow::Result<Outcome> {
    let reasons = reports::reasons(session)?;
    let total: usize = reasons.iter().map(|reason| reason.leads).sum();
    let share = |leads: usize| as_number(leads) / as_number(total.max(1));
    let mut grid = Grid::new(["reason", "leads", "share"]);
    let (mut value, mut drawn) = (Vec::new(), Vec::new());
    for reason in &reasons {
        let part = percent(Some(share(reason.leads)));
        grid.row([reason.label.as_str(), &reason.leads.to_string(), &part]);
        value.push(json!({
            "status": reason.status,
            "reason": reason.label,
            "leads": reason.leads,
            "share": rounded(share(reason.leads)),
        }));
        drawn.push(Bar {
            name: reason.label.clone(),
            value: Some(as_number(reason.leads)),
            text: format!("{} ({part})", reason.leads),
        });
    }
    let text = if plot && !drawn.is_empty() {
        bars(&drawn)
    } else {
        grid.text("no lead was disqualified")
    };
    Ok(Outcome::new(json!({ "value": value, "total": total }), text))
}
