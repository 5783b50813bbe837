//! `sluice duprule`: the rules that say which rows are the same.

mod conditions;
mod matchcode;

use serde_json::{Map, Value as Json};
use sluice_engine::Session;
use sluice_model::{Filter, Parameter, Query, Reference, Request, Row, Uuid, Value};
use sluice_platform::publishing_rule;

use super::{
    condition, jobs, reach,
    selection::{Picked, Selection},
    several, what_if,
};
use crate::{
    context::Context,
    names,
    output::{Exit, Grid, Outcome},
    people::{self, pairs},
    usage::Usage,
};

use conditions::{parsed, remove_condition};
use matchcode::matchcode;

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the rules.
    List {
        /// Only those with this base or matching table.
        #[arg(long)]
        table: Option<String>,
    },
    /// Show a rule with its conditions.
    Show {
        /// The rule's id or name.
        rule: String,
    },
    /// Make a rule and publish it.
    Create(Create),
    /// Add conditions to a rule that is not published.
    AddCondition {
        /// The rule's id or name.
        rule: String,
        /// See `duprule create --help`.
        #[arg(value_name = "CONDITION", required = true)]
        conditions: Vec<String>,
    },
    /// Take a condition out of a rule that is not published.
    RemoveCondition {
        /// The rule's id or name.
        rule: String,
        /// The base column that it compares, or its id.
        column: String,
    },
    /// Change a rule that is not published.
    Update(Update),
    /// Publish rules: every row of the matching table gets its matchcode.
    #[command(visible_alias = "enable")]
    Publish {
        #[command(flatten)]
        rules: Selection,
        #[command(flatten)]
        what_if: what_if::Args,
    },
    /// Take rules out of work, at once.
    #[command(visible_alias = "disable")]
    Unpublish(Selection),
    /// Remove rules that are not published.
    Delete(Selection),
    /// Show the matchcode that a row has under a rule: equal codes are duplicates.
    Matchcode {
        /// The rule's id or name.
        rule: String,
        /// The row's id or name; table:ROW where the rule compares two tables.
        row: String,
    },
}

const CONDITIONS: &str = "\
A condition is BASE[:MATCHING][:CRITERION[:N]][:ignore-blank]: a column of the base table, the column of the matching \
table where it has another name, and how they are compared: exact, same-first:N, same-last:N, same-date, \
same-date-and-time, same-label or same-value (choices). Without a criterion the columns' type decides. Two rows are the \
same where all conditions hold. A value that is empty equals an empty one, unless the condition is the only one or says \
ignore-blank.";

/// `duprule create`
#[derive(Debug, clap::Args)]
#[command(after_help = CONDITIONS)]
pub(crate) struct Create {
    /// The rule's name.
    name: String,
    /// The table whose rows are checked.
    #[arg(long, value_name = "TABLE")]
    base: String,
    /// The table whose rows they are compared with; by default the same.
    #[arg(long, value_name = "TABLE")]
    matching: Option<String>,
    /// A condition; as often as needed.
    #[arg(long = "condition", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// Inactive rows of the matching table are no duplicates.
    #[arg(long)]
    exclude_inactive: bool,
    /// Upper and lower case are different.
    #[arg(long)]
    case_sensitive: bool,
    /// What the rule is for.
    #[arg(long)]
    description: Option<String>,
    /// Do not publish it yet.
    #[arg(long)]
    draft: bool,
}

/// `duprule update`
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// The rule's id or name.
    rule: String,
    /// Another name.
    #[arg(long)]
    name: Option<String>,
    /// What the rule is for.
    #[arg(long)]
    description: Option<String>,
    /// Whether inactive rows of the matching table are no duplicates.
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    exclude_inactive: Option<bool>,
    /// Whether upper and lower case are different.
    #[arg(long, value_name = "yes|no", value_parser = yes_or_no)]
    case_sensitive: Option<bool>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" | "on" => Ok(true),
        "no" | "false" | "off" => Ok(false),
        _ => Err("it is yes or no".to_owned()),
    }
}

const RULE: &str = "duplicaterule";
const CONDITION: &str = "duplicaterulecondition";

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List { table } => list(&session, table.as_deref()),
        Command::Show { rule } => show(&session, &rule),
        Command::Create(args) => create(context, &session, &args),
        Command::AddCondition { rule, conditions } => {
            let row = names::row(&session, RULE, &rule, &[])?;
            let conditions = parsed(&session, &row, &conditions)?;
            session.execute_all(&conditions.into_iter().map(Request::create).collect::<Vec<_>>())?;
            show(&session, &row.id.to_string())
        }
        Command::RemoveCondition { rule, column } => remove_condition(context, &session, &rule, &column),
        Command::Update(args) => update(&session, &args),
        Command::Publish { rules, what_if } => {
            let rules = rules.pick(&session, RULE)?;
            if what_if.is_trial() {
                let [rule] = rules.rows.as_slice() else {
                    return Err(Usage::because("--what-if says it of one rule"));
                };
                let rule = session.find_one(RULE, rule)?;
                if let Some(outcome) = what_if.tried(context, &session, |since| Ok(publishing_rule(rule, since)))? {
                    return Ok(outcome);
                }
            }
            each_rule(context, &session, (&rules, "published"), several::quietly, |rule| {
                publish(context, &session, rule)
            })
        }
        Command::Unpublish(rules) => {
            let rules = rules.pick(&session, RULE)?;
            let first = |found: &[&Uuid]| {
                let names = found
                    .iter()
                    .map(|rule| Ok(names::called(&session, RULE, &rule.to_string())?.1))
                    .collect::<anyhow::Result<Vec<String>>>()?;
                let told = format!("nobody's rows are compared by {} any more", names.join(", "));
                if names.is_empty() {
                    Ok(())
                } else {
                    reach::told(context, &told)
                }
            };
            each_rule(context, &session, (&rules, "unpublished"), first, |rule| {
                unpublish(context, &session, rule)
            })
        }
        Command::Delete(rules) => several::delete(context, &session, RULE, &rules.pick(&session, RULE)?),
        Command::Matchcode { rule, row } => matchcode(&session, &rule, &row),
    }
}

/// A rule with its conditions.
struct Shown {
    rule: Row,
    conditions: Vec<Row>,
}

impl Shown {
    fn status(&self) -> &'static str {
        match self.rule.int("statuscode") {
            Some(1) => "Publishing",
            Some(2) => "Published",
            _ => "Unpublished",
        }
    }

    fn document(&self, session: &Session) -> anyhow::Result<Json> {
        let catalog = session.catalog()?;
        let mut document = sluice_model::json::from_row(catalog.table(RULE)?, &self.rule, None);
        let table = catalog.table(CONDITION)?;
        let conditions: Vec<Json> = self
            .conditions
            .iter()
            .map(|condition| {
                let mut document = sluice_model::json::from_row(table, condition, None);
                if let Some(map) = document.as_object_mut() {
                    map.insert("condition".to_owned(), condition::text(condition).into());
                }
                document
            })
            .collect();
        if let Some(map) = document.as_object_mut() {
            map.insert("status".to_owned(), self.status().into());
            map.insert("conditions".to_owned(), conditions.into());
        }
        Ok(document)
    }

    fn conditions(&self) -> String {
        let texts: Vec<String> = self.conditions.iter().map(condition::text).collect();
        texts.join(", ")
    }
}

fn rules(session: &Session, filter: Filter) -> anyhow::Result<Vec<Shown>> {
    let rules = session.list(Query::new(RULE).filter(filter).order_by("name"))?;
    let conditions = session.list(Query::new(CONDITION))?;
    Ok(rules
        .into_iter()
        .map(|rule| Shown {
            conditions: conditions
                .iter()
                .filter(|condition| condition.id_of("regardingobjectid") == Some(rule.id))
                .cloned()
                .collect(),
            rule,
        })
        .collect())
}

fn list(session: &Session, table: Option<&str>) -> anyhow::Result<Outcome> {
    let filter = match table {
        None => Filter::All,
        Some(table) => {
            let table = session.catalog()?.table(table)?.name.clone();
            Filter::Or(vec![
                Filter::eq("baseentityname", &*table),
                Filter::eq("matchingentityname", &*table),
            ])
        }
    };
    let rules = rules(session, filter)?;
    let mut grid = Grid::new(["name", "base", "matching", "conditions", "status"]).uncut();
    let mut documents = Vec::new();
    for shown in &rules {
        let text = |column: &str| shown.rule.text(column).unwrap_or_default();
        grid.row([
            text("name"),
            text("baseentityname"),
            text("matchingentityname"),
            &shown.conditions(),
            shown.status(),
        ]);
        documents.push(shown.document(session)?);
    }
    Ok(Outcome::list(documents, grid.text("no rules")))
}

fn one(session: &Session, rule: &str) -> anyhow::Result<Shown> {
    let id = session.find_one(RULE, rule)?;
    let rule = names::get(session, RULE, id, &[])?;
    let conditions = session.list(Query::new(CONDITION).filter(Filter::eq("regardingobjectid", id)))?;
    Ok(Shown { rule, conditions })
}

fn show(session: &Session, rule: &str) -> anyhow::Result<Outcome> {
    let shown = one(session, rule)?;
    let text = |column: &str| shown.rule.text(column).unwrap_or_default().to_owned();
    let yes = |column: &str| {
        if shown.rule.bool(column) == Some(true) {
            "yes"
        } else {
            "no"
        }
        .to_owned()
    };
    let mut lines = vec![
        ("rule", text("name")),
        ("id", shown.rule.id.to_string()),
        ("base table", text("baseentityname")),
        ("matching table", text("matchingentityname")),
        ("conditions", shown.conditions()),
        ("excludes inactive", yes("excludeinactiverecords")),
        ("case sensitive", yes("iscasesensitive")),
        ("status", shown.status().to_owned()),
    ];
    if let Some(job) = shown.rule.id_of("sl_publishjob") {
        lines.push(("publishing job", job.to_string()));
    }
    if !text("description").is_empty() {
        lines.push(("description", text("description")));
    }
    Ok(Outcome::new(shown.document(session)?, pairs(&lines)))
}

fn create(context: &Context, session: &Session, args: &Create) -> anyhow::Result<Outcome> {
    let mut rule = Row::unsaved(RULE)
        .with("name", args.name.as_str())
        .with("baseentityname", args.base.as_str())
        .with("matchingentityname", args.matching.as_deref().unwrap_or(&args.base))
        .with("excludeinactiverecords", args.exclude_inactive)
        .with("iscasesensitive", args.case_sensitive);
    if let Some(description) = &args.description {
        rule.set("description", description.as_str());
    }
    let conditions = parsed(session, &rule, &args.conditions)?;
    rule.id = session.new_id();
    let id = rule.id;
    let named = Row::new(RULE, id).with("name", args.name.as_str());
    let conditions = conditions
        .into_iter()
        .map(|condition| Request::create(condition.with("regardingobjectid", Reference::new(RULE, id))));
    let mut requests: Vec<Request> = [Request::create(rule)].into_iter().chain(conditions).collect();
    // In one transaction: a rule that cannot be published is not made.
    if !args.draft {
        requests.push(message("PublishDuplicateRule", id));
    }
    let responses = session.execute_all(&requests)?;
    match responses.last().and_then(job_of) {
        Some(job) => run_publishing(context, session, &named, job),
        None => show(session, &id.to_string()),
    }
}

/// Does the same to each rule, whose name is known.
fn each_rule(
    context: &Context,
    session: &Session,
    (rules, done): (&Picked, &str),
    first: impl FnOnce(&[&Uuid]) -> anyhow::Result<()>,
    work: impl Fn(&Row) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let find = |name: &str| session.find_one(RULE, name);
    several::picked_with_ends(context, ("rule", done), rules, find, first, |rule| {
        work(&names::get(session, RULE, rule, &["name"])?)
    })
}

fn message(name: &str, rule: Uuid) -> Request {
    Request::new(name).with("DuplicateRuleId", Value::Id(rule))
}

fn job_of(response: &sluice_model::Response) -> Option<Uuid> {
    match response.outputs.get("JobId") {
        Some(Parameter::Value(job)) => job.as_id(),
        _ => None,
    }
}

fn publish(context: &Context, session: &Session, rule: &Row) -> anyhow::Result<Outcome> {
    let response = session.execute(message("PublishDuplicateRule", rule.id))?;
    run_publishing(context, session, rule, job_of(&response).unwrap_or_default())
}

fn run_publishing(context: &Context, session: &Session, rule: &Row, job: Uuid) -> anyhow::Result<Outcome> {
    let outcome = jobs::run_job(session, job)?;
    let done = outcome.state == sluice_engine::JobState::Succeeded;
    let mut document = Map::new();
    document.insert("id".to_owned(), rule.id.to_string().into());
    document.insert("name".to_owned(), rule.text("name").into());
    let status = one(session, &rule.id.to_string())?.status();
    document.insert("status".to_owned(), status.into());
    document.extend(jobs::outcome_document(job, &outcome));
    let text = jobs::told(context, job, &outcome);
    Ok(Outcome::new(Json::Object(document), text).with_exit(if done { Exit::Done } else { Exit::Refused }))
}

fn unpublish(context: &Context, session: &Session, row: &Row) -> anyhow::Result<Outcome> {
    let response = session.execute(message("UnpublishDuplicateRule", row.id))?;
    let mut document = Map::new();
    document.insert("id".to_owned(), row.id.to_string().into());
    document.insert("name".to_owned(), row.text("name").into());
    document.insert("status".to_owned(), "Unpublished".into());
    let mut text = format!(
        "the rule \"{}\" is not at work any more",
        row.text("name").unwrap_or_default()
    );
    let removed = match response.outputs.get("MatchcodesRemoved") {
        Some(Parameter::Value(Value::Int(removed))) => usize::try_from(*removed).unwrap_or_default(),
        _ => 0,
    };
    document.insert("done".to_owned(), removed.into());
    if job_of(&response).is_none() {
        text.push_str(&format!("; {} removed", people::count(removed, "matchcode")));
    }
    if let Some(job) = job_of(&response) {
        // The rule is out of work; that its codes are removed later would harm nobody.
        let outcome = jobs::run_job(session, job)?;
        document.extend(jobs::outcome_document(job, &outcome));
        text.push_str(&format!("; {}", jobs::told(context, job, &outcome)));
    }
    Ok(Outcome::new(Json::Object(document), text))
}

fn update(session: &Session, args: &Update) -> anyhow::Result<Outcome> {
    let mut row = Row::new(RULE, session.find_one(RULE, &args.rule)?);
    if let Some(name) = &args.name {
        row.set("name", name.as_str());
    }
    if let Some(description) = &args.description {
        row.set("description", description.as_str());
    }
    if let Some(yes) = args.exclude_inactive {
        row.set("excludeinactiverecords", yes);
    }
    if let Some(yes) = args.case_sensitive {
        row.set("iscasesensitive", yes);
    }
    if row.values.is_empty() {
        return Err(Usage::because("nothing is to be changed; see `duprule update --help`"));
    }
    let id = row.id;
    session.execute(Request::update(row))?;
    show(session, &id.to_string())
}
