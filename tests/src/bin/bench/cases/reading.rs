//! What reading costs where there are a million leads: a page, a number, a related condition, reports;
//! by an administrator, who may read all of them, and by a seller, who may read one in eight.

use anyhow::{Context, Result};
use rusqlite::{Connection, params_from_iter, types::Value as Cell};
use sluice_engine::{Session, Synchronous};
use sluice_model::{Filter, Page, Query, Related, Total, Value, What};
use sluice_sales::reports::{self, Open};

use super::size;
use crate::{
    bare,
    measure::{Contender, Figure, Target, Turns, alternate, timed},
    world::{Bench, warm},
};

pub(super) const NAMES: &[&str] = &[
    "page-1m",
    "page-1m-seller",
    "count-1m",
    "count-1m-seller",
    "related-1m",
    "related-1m-seller",
    "aging-1m",
    "aging-1m-seller",
    "stale-1m",
    "stale-1m-seller",
    "funnel-1m",
    "funnel-1m-seller",
];

/// Each of these takes a tenth of a second or more.
const TURNS: Turns = Turns { turns: 5, runs: 1 };

const OPEN: &str = "\"statecode\" = 0 AND \"merged\" IS NOT 1";
/// Older leads than this are stale, in days.
const STALE: f64 = 6.0;

/// A question, as ours and as the bare statement with `WHO` in the place of who may read.
struct Question {
    name: &'static str,
    ours: fn(&Session) -> Result<()>,
    bare: &'static str,
    target: f64,
}

const QUESTIONS: &[Question] = &[
    Question {
        name: "page-1m",
        ours: page,
        bare: "SELECT \"leadid\", \"fullname\", \"companyname\", \"statuscode\", \"createdon\" FROM \"lead\" \
               WHERE \"address1_city\" = 'Redmond' COLLATE UNICODE_CI AND \"statecode\" = 0 AND WHO \
               ORDER BY \"createdon\" DESC, \"leadid\" LIMIT 51",
        target: 2.0,
    },
    Question {
        name: "count-1m",
        ours: count,
        bare: "SELECT count(*) FROM \"lead\" \
               WHERE \"address1_city\" = 'Redmond' COLLATE UNICODE_CI AND \"statecode\" = 0 AND WHO",
        target: 2.0,
    },
    Question {
        name: "related-1m",
        ours: related,
        bare: "SELECT count(*) FROM \"lead\" WHERE WHO AND EXISTS (SELECT 1 FROM \"systemuser\" \
               WHERE \"systemuserid\" = \"lead\".\"ownerid\" AND \"lead\".\"ownerid_type\" = 'systemuser' AND \"domainname\" = 'seller.west' COLLATE UNICODE_CI)",
        target: 2.0,
    },
    Question {
        name: "aging-1m",
        ours: aging,
        bare: "SELECT count(*), sum(\"createdon\" > :day), sum(\"createdon\" > :week), sum(\"createdon\" > :month) \
               FROM \"lead\" WHERE OPEN AND \"statuscode\" = 1 AND WHO",
        target: 3.0,
    },
    Question {
        name: "stale-1m",
        ours: stale,
        bare: "SELECT \"leadid\", \"fullname\", \"subject\", \"ownerid\", \"statuscode\", \"createdon\" FROM \"lead\" \
               WHERE OPEN AND \"createdon\" < :stale AND WHO ORDER BY \"createdon\"",
        target: 3.0,
    },
    Question {
        name: "funnel-1m",
        ours: funnel,
        bare: "SELECT \"statecode\", count(*) FROM \"lead\" WHERE \"merged\" IS NOT 1 AND WHO GROUP BY \"statecode\"",
        target: 3.0,
    },
];

pub(super) fn run(world: &Bench) -> Result<Vec<Figure>> {
    let (large, _) = size::large(world)?;
    warm(&large)?;
    let engine = world.open(&large, Synchronous::Off)?;
    let connection = bare::connect(&large, "OFF")?;
    let mut figures = Vec::new();
    for question in QUESTIONS {
        for (end, user) in [("", "admin"), ("-seller", "seller.west")] {
            let session = engine.session_of(user)?;
            let sql = bare_sql(&session, question.bare, user == "admin")?;
            let [ours, floor] = alternate(TURNS, [asking(&session, question.ours), reading(&connection, &sql)])?;
            figures.push(
                Figure::time(format!("{}{end}", question.name), ours)
                    .over(floor)
                    .target(Target::Ratio(question.target)),
            );
        }
    }
    Ok(figures)
}

fn asking<'a>(session: &'a Session, ask: fn(&Session) -> Result<()>) -> Contender<'a> {
    Box::new(move || timed(|| ask(session)))
}

/// Reads every row that a statement gives, each cell of it.
fn reading<'a>(connection: &'a Connection, sql: &'a str) -> Contender<'a> {
    Box::new(move || {
        timed(|| {
            let mut statement = connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(std::iter::empty::<Cell>()))?;
            while let Some(row) = rows.next()? {
                for index in 0..columns {
                    std::hint::black_box(row.get::<_, Cell>(index)?);
                }
            }
            anyhow::Ok(())
        })
    })
}

/// The bare statement for who asks: times and ids are written into it.
fn bare_sql(session: &Session, sql: &str, all: bool) -> Result<String> {
    let who = match all {
        true => "TRUE".to_owned(),
        false => own_or_shared(session)?,
    };
    let ago = |days: i64| (session.now().as_microsecond() - days * 86_400_000_000).to_string();
    let stale = ago(STALE as i64);
    let times = [
        (":day", ago(1)),
        (":week", ago(7)),
        (":month", ago(30)),
        (":stale", stale),
    ];
    let sql = sql.replace("WHO", &format!("({who})")).replace("OPEN", OPEN);
    Ok(times
        .into_iter()
        .fold(sql, |sql, (hole, time)| sql.replace(hole, &time)))
}

/// Rows of the seller or of a team of the seller's, and those that are shared with one of them.
fn own_or_shared(session: &Session) -> Result<String> {
    let user = session.user();
    let (_, principal) = session.unit()?;
    let hex = |id: &sluice_model::Uuid| format!("x'{}'", id.simple());
    let teams: Vec<String> = principal.teams().iter().map(|team| hex(&team.id)).collect();
    let teams = teams.join(", ");
    let of = |id: &str, kind: &str| {
        format!(
            "({id} = {} AND {kind} = 'systemuser' OR {id} IN ({teams}) AND {kind} = 'team')",
            hex(&user)
        )
    };
    Ok(format!(
        "{} OR \"leadid\" IN (SELECT \"objectid\" FROM \"principalobjectaccess\" WHERE \"objecttypecode\" = 'lead' AND {} \
         AND (\"accessrightsmask\" | \"inheritedaccessrightsmask\") & 1)",
        of("\"ownerid\"", "\"ownerid_type\""),
        of("\"principalid\"", "\"principaltypecode\"")
    ))
}

fn narrowed() -> Filter {
    Filter::eq("address1_city", "Redmond").and(Filter::eq("statecode", Value::Choice(0)))
}

fn page(session: &Session) -> Result<()> {
    let mut query = Query::new("lead")
        .columns(&["fullname", "companyname", "statuscode", "createdon"])
        .filter(narrowed())
        .order_by("createdon");
    query.order.iter_mut().for_each(|order| order.descending = true);
    query.page = Some(Page {
        number: 1,
        size: 50,
        after: None,
    });
    let rows = session.list(query)?;
    anyhow::ensure!(rows.len() == 50, "{} rows on a page", rows.len());
    Ok(())
}

fn number(session: &Session, filter: Filter) -> Result<()> {
    let mut query = Query::new("lead").filter(filter);
    query.totals = vec![Total {
        of: None,
        column: "leadid".into(),
        name: "rows".into(),
        what: What::Count,
    }];
    session.list(query)?.first().context("no number").map(|_| ())
}

fn count(session: &Session) -> Result<()> {
    number(session, narrowed())
}

fn related(session: &Session) -> Result<()> {
    let owner = Related {
        column: "ownerid".into(),
        table: "systemuser".into(),
        other: "systemuserid".into(),
        filter: Filter::eq("domainname", "seller.west"),
    };
    number(session, Filter::Related(Box::new(owner)))
}

fn aging(session: &Session) -> Result<()> {
    reports::aging(session, "New", 7.0)?;
    Ok(())
}

fn stale(session: &Session) -> Result<()> {
    let open = Open {
        status: None,
        than: Some(STALE),
    };
    let mut leads = 0;
    open.each(session, &mut |rows| {
        leads += rows.len();
        Ok(())
    })?;
    anyhow::ensure!(leads > 0, "no lead is stale");
    Ok(())
}

fn funnel(session: &Session) -> Result<()> {
    reports::funnel(session)?;
    Ok(())
}
