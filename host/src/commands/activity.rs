//! `sluice activity`: tasks, phone calls, e-mails and appointments, with who takes part.

use clap::ValueEnum;
use serde_json::{Map, Value as Json, json};
use sluice_engine::{Session, table_called};
use sluice_model::{
    Code, Error, Filter, Query, Reference, Request, Row, TableDef, Uuid, Value, json as rows, names::end_of_id,
};

use super::{
    each, row,
    row_change::{self, Changes},
    selection::{Picked, Selection},
    several, timeline,
};
use crate::{
    assign,
    context::Context,
    cut,
    names::{self, Labels},
    output::{Grid, Outcome},
    people, report,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List activities, the newest first.
    List(List),
    /// Make an activity.
    Create(Box<Create>),
    /// Show an activity.
    Show {
        /// Its id or subject.
        activity: String,
    },
    /// Change columns of activities.
    Update {
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        only: Only,
    },
    /// Remove activities.
    Delete(Activities),
    /// Mark activities as completed, one outcome for each.
    Complete(Activities),
    /// Mark activities as cancelled, one outcome for each.
    Cancel(Activities),
}

/// The tables of activities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Task,
    Phonecall,
    Email,
    Appointment,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Task, Self::Phonecall, Self::Email, Self::Appointment];

    fn table(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Phonecall => "phonecall",
            Self::Email => "email",
            Self::Appointment => "appointment",
        }
    }
}

/// Activities of one kind, or of any.
#[derive(Debug, clap::Args)]
pub(crate) struct Only {
    /// Of those of a view or a filter, only these; a view is of one kind.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

impl Only {
    fn tables(&self) -> Vec<&'static str> {
        let kinds = Kind::ALL.into_iter();
        let only = kinds.filter(|kind| self.kind.is_none_or(|only| only == *kind));
        only.map(Kind::table).collect()
    }
}

/// Activities that something is done to.
#[derive(Debug, clap::Args)]
pub(crate) struct Activities {
    #[command(flatten)]
    rows: Selection,
    #[command(flatten)]
    only: Only,
}

impl Activities {
    fn pick(&self, session: &Session) -> anyhow::Result<Picked> {
        self.rows.pick_of_all(session, &self.only.tables())
    }
}

/// `activity list`
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those about this row.
    #[arg(long, value_name = "TABLE:ROW")]
    regarding: Option<String>,
    /// Only of this kind.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Only those that are neither completed nor cancelled.
    #[arg(long)]
    open: bool,
    /// Only your own.
    #[arg(long)]
    mine: bool,
    /// At most so many of each kind.
    #[arg(long, value_name = "N", default_value_t = 100)]
    top: u32,
}

/// `activity create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What it is.
    #[arg(value_enum)]
    kind: Kind,
    /// What it is about.
    #[arg(long)]
    subject: String,
    /// The row that it is about.
    #[arg(long, value_name = "TABLE:ROW")]
    regarding: Option<String>,
    /// The text.
    #[arg(long, value_name = "TEXT|@FILE")]
    description: Option<String>,
    /// When it begins.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// When it is due or ends.
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    #[command(flatten)]
    parties: Parties,
    /// Further columns.
    #[arg(value_name = "NAME=VALUE")]
    columns: Vec<String>,
}

/// Who takes part: a row of account, contact, lead, opportunity or user, such as contact:ID.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Who takes part (TABLE:ROW, as often as needed)")]
struct Parties {
    /// The sender, or who calls.
    #[arg(long, value_name = "PARTY")]
    from: Vec<String>,
    /// The recipients, or who is called.
    #[arg(long, value_name = "PARTY")]
    to: Vec<String>,
    /// Recipients of copies.
    #[arg(long, value_name = "PARTY")]
    cc: Vec<String>,
    /// Recipients of copies whom the others do not see.
    #[arg(long, value_name = "PARTY")]
    bcc: Vec<String>,
    /// The organizer of an appointment.
    #[arg(long, value_name = "PARTY")]
    organizer: Vec<String>,
    /// Who has to come.
    #[arg(long, value_name = "PARTY")]
    required: Vec<String>,
    /// Who may come.
    #[arg(long, value_name = "PARTY")]
    optional: Vec<String>,
}

impl Parties {
    /// Each with its number in `participationtypemask`.
    fn all(&self) -> impl Iterator<Item = (i32, &String)> {
        let lists = [
            (1, &self.from),
            (2, &self.to),
            (3, &self.cc),
            (4, &self.bcc),
            (5, &self.required),
            (6, &self.optional),
            (7, &self.organizer),
        ];
        lists
            .into_iter()
            .flat_map(|(role, names)| names.iter().map(move |name| (role, name)))
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    match command {
        Command::List(args) => list(context, &session, &args),
        Command::Create(args) => create(&session, &args),
        Command::Show { activity } => show(context, &session, &activity),
        Command::Update { changes, only } => {
            let what = ("activity", &*only.tables());
            row_change::update_of_all(context, &session, what, &changes, |name| find(&session, name))
        }
        Command::Delete(activities) => {
            let rows = activities.pick(&session)?;
            several::delete_found(context, &session, "activity", &rows, |name| find(&session, name))
        }
        Command::Complete(activities) => close(context, &session, &activities, (1, "completed")),
        Command::Cancel(activities) => close(context, &session, &activities, (2, "cancelled")),
    }
}

/// A row as `table:ID` or `table:NAME`; `user` is short for `systemuser`.
fn reference(session: &Session, text: &str) -> anyhow::Result<Reference> {
    let Some((table, name)) = text.split_once(':') else {
        return Err(Usage::because(format!(
            "`{text}` is no TABLE:ROW, such as lead:ID or contact:NAME"
        )));
    };
    row::target(session, table_called(table), name)
}

fn list(context: &Context, session: &Session, args: &List) -> anyhow::Result<Outcome> {
    let mut filter = Filter::All;
    // What is about a row is what its timeline shows.
    let about = match &args.regarding {
        Some(regarding) => Some(timeline::read(session, &reference(session, regarding)?)?.entries),
        None => None,
    };
    if args.mine {
        filter = filter.and(Filter::eq("ownerid", Reference::new("systemuser", session.user())));
    }
    if args.open {
        let over = [1, 2].map(Value::Choice).to_vec();
        let column = "statecode".into();
        filter = filter.and(Filter::In { column, values: over }.negated());
    }
    let catalog = session.catalog()?;
    let (mut found, mut more) = (Vec::new(), false);
    for kind in Kind::ALL {
        if args.kind.is_none_or(|only| only == kind) {
            let table = catalog.table(kind.table())?;
            let mut query = Query::new(kind.table())
                .filter(filter.clone())
                .top(cut::asked(args.top));
            if let Some(entries) = &about {
                let own = entries.iter().filter(|entry| entry.table == table.name);
                query.filter = query.filter.and(Filter::In {
                    column: table.key.clone(),
                    values: own.map(|entry| Value::Id(entry.id)).collect(),
                });
            }
            query.order = sluice_model::odata::order(table, "createdon desc")?;
            let mut rows = session.list(query)?;
            more |= cut::to(&mut rows, args.top);
            found.extend(rows);
        }
    }
    found.sort_by_key(|row| std::cmp::Reverse((row.get("createdon").and_then(Value::as_time), row.id)));
    let labels = Labels::of(context, &found)?;
    let mut grid = Grid::new(["what", "subject", "about", "due", "status", "owner", "created", "id"]);
    let mut documents = Vec::new();
    for row in &found {
        let table = catalog.table(&row.table)?;
        let cell = |column: &str| match (table.column(column), row.get(column)) {
            (Some(column), Some(value)) => people::cell(column, value, &labels),
            _ => String::new(),
        };
        grid.row([
            table.display.clone(),
            cell("subject"),
            cell("regardingobjectid"),
            cell("scheduledend"),
            cell("statuscode"),
            cell("ownerid"),
            cell("createdon"),
            row.id.to_string(),
        ]);
        documents.push(document(table, row));
    }
    let list = Outcome::list(documents, grid.text("no activities"));
    Ok(cut::said(list, args.top, more))
}

fn document(table: &TableDef, row: &Row) -> Json {
    let mut map = Map::new();
    map.insert("table".to_owned(), row.table.to_string().into());
    if let Json::Object(columns) = rows::from_row(table, row, None) {
        map.extend(columns);
    }
    Json::Object(map)
}

fn create(session: &Session, args: &Create) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let table = catalog.table(args.kind.table())?.clone();
    let mut activity = assign::row(session, &table, &args.columns)?;
    activity.set("subject", args.subject.as_str());
    if let Some(regarding) = &args.regarding {
        activity.set("regardingobjectid", reference(session, regarding)?);
    }
    if let Some(text) = &args.description {
        activity.set("description", crate::reading::text_or_file(text)?);
    }
    for (column, time) in [("scheduledstart", &args.start), ("scheduledend", &args.due)] {
        if let (Some(time), Some(definition)) = (time, table.column(column)) {
            activity.set(column, session.value(&table, definition, time)?);
        }
    }
    let parties = args
        .parties
        .all()
        .map(|(role, name)| Ok((role, reference(session, name)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    activity.id = session.new_id();
    let (id, own) = (activity.id, activity.reference());
    let parties = parties.into_iter().map(|(role, party)| {
        Row::unsaved("activityparty")
            .with("activityid", own.clone())
            .with("partyid", party)
            .with("participationtypemask", Value::Choice(role))
    });
    let rows = [activity].into_iter().chain(parties);
    session.execute_all(&rows.map(Request::create).collect::<Vec<_>>())?;
    Ok(Outcome::new(
        json!({ "id": id.to_string(), "table": table.name }),
        format!("created {} {id}", table.name),
    ))
}

fn close(
    context: &Context,
    session: &Session,
    activities: &Activities,
    (state, word): (i32, &str),
) -> anyhow::Result<Outcome> {
    let found = each::found(&activities.pick(session)?.rows, |name| find(session, name))?;
    let refused =
        |name: &str, error: &Error| format!("activity {name} is not {word}\n{}", report::error(context, error));
    each::each("activity", found, refused, |activity| {
        let row = Row::new(activity.table.clone(), activity.id).with("statecode", Value::Choice(state));
        session.execute(Request::update(row))?;
        let mut item = Map::new();
        item.insert("table".to_owned(), activity.table.to_string().into());
        item.insert("id".to_owned(), activity.id.to_string().into());
        Ok((item, format!("{word} {} {}", activity.table, activity.id)))
    })
}

fn show(context: &Context, session: &Session, name: &str) -> anyhow::Result<Outcome> {
    let activity = find(session, name)?;
    let row = names::get(session, &activity.table, activity.id, &[])?;
    let table = session.catalog()?.table(&activity.table)?.clone();
    let text = match context.json() {
        true => String::new(),
        false => people::sheet(context, &table, &row)?,
    };
    Ok(Outcome::new(document(&table, &row), text))
}

/// The activity of that id or subject, of whatever kind; or with that end of its id; or the newest.
fn find(session: &Session, name: &str) -> sluice_model::Result<Reference> {
    if name == LAST {
        return newest(session);
    }
    let mut found = found_by(session, |table| match name.parse::<Uuid>() {
        Ok(id) => Filter::eq(&table.key, id),
        Err(_) => Filter::eq("subject", name),
    })?;
    if let (true, Some(end)) = (found.is_empty(), end_of_id(name)) {
        found = found_by(session, |table| Filter::ends_with(&table.key, &end))?;
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            let hint = names::near_any(session, Kind::ALL.map(|kind| Query::new(kind.table())), "subject", name);
            let message = format!("there is no activity \"{name}\"{hint}; `activity list` shows them");
            Err(Error::new(Code::NOT_FOUND, message))
        }
        several => {
            let list: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message = format!(
                "\"{name}\" is the subject or the end of the id of several activities: {}; give the id",
                list.join(", ")
            );
            Err(Error::new(Code::AMBIGUOUS, message))
        }
    }
}

/// What stands for the activity that was made last.
const LAST: &str = "@last";

fn newest(session: &Session) -> sluice_model::Result<Reference> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let mut query = Query::new(kind.table()).columns(&["createdon"]).top(1);
        query.order = sluice_model::odata::order(session.catalog()?.table(kind.table())?, "createdon desc")?;
        found.extend(session.list(query)?);
    }
    let newest = found
        .iter()
        .max_by_key(|row| (row.get("createdon").and_then(Value::as_time), row.id));
    newest
        .map(Row::reference)
        .ok_or_else(|| Error::new(Code::NOT_FOUND, "there is no activity that you may read"))
}

/// The activities of all kinds that a filter finds.
fn found_by(session: &Session, filter: impl Fn(&TableDef) -> Filter) -> sluice_model::Result<Vec<Reference>> {
    let catalog = session.catalog()?;
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let table = catalog.table(kind.table())?;
        let query = Query::new(table.name.clone())
            .columns(&[])
            .filter(filter(table))
            .top(10);
        found.extend(session.list(query)?.iter().map(Row::reference));
    }
    Ok(found)
}
