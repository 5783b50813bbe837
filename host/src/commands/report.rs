//! `sluice report`: the funnel as tables, as JSON and as plots in the terminal. What is shown is
//! what the acting user may read.

mod aging;

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_sales::reports::{self, Closed, StageVelocity};

use crate::{
    context::Context,
    names::Labels,
    output::{Grid, Outcome},
    people,
    plot::{Bar, bars},
};

use aging::{aging, stale};

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
    Ok(Outcome::items(velocity_json(&stages), text))
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

fn velocity_text(stages: &[StageVelocity], plot: bool) -> crate::output::Text {
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
        return bars(&drawn).into();
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
    grid.text("no row that you may read was in any stage").into()
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
    let (table, note) = qualify_rate_text(&rate, &lines, plot);
    let document = json!({
        "value": value,
        "total": closed_json(rate.total),
        "from_audit_trail": rate.from_audit_trail,
    });
    Ok(Outcome::table(document, "", table, &note))
}

/// The table or the bars, and what is said behind them.
fn qualify_rate_text(
    rate: &reports::QualifyRate,
    lines: &[(&str, String, Closed)],
    plot: bool,
) -> (crate::output::Text, String) {
    if plot {
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
        (bars(&lines.iter().map(bar).collect::<Vec<_>>()).into(), String::new())
    } else {
        let mut grid = Grid::new(["by", "", "closed", "qualified", "disqualified", "rate"]);
        for (by, name, closed) in lines {
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
                "of {} the audit trail does not tell you when they were closed; their last change stands for it",
                people::count(count, "lead")
            ),
        };
        (grid.text("").into(), note)
    }
}

fn closed_json(closed: Closed) -> Json {
    json!({
        "closed": closed.closed(),
        "qualified": closed.qualified,
        "disqualified": closed.disqualified,
        "rate": closed.rate().map(rounded),
    })
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
    let head = format!("volume\n{numbers}\n\nrate\n{rate}\n\nvelocity");
    let stages = velocity_text(&funnel.velocity, plot);
    Ok(Outcome::table(document, &head, stages, ""))
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
        crate::output::Text::from(bars(&drawn))
    } else {
        grid.text("no lead was disqualified").into()
    };
    Ok(Outcome::new(json!({ "value": value, "total": total }), text))
}
