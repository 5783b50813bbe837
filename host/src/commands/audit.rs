//! `sluice audit`: who changed which row, when, from what to what; and which tables are
//! watched.

use serde_json::{Value as Json, json};
use sluice_model::{
    Catalog, ColumnType, Comparison, Error, Filter, Query, Reference, Row, TableDef, Value, coerce, json as rows,
    odata, written,
};
use sluice_platform::TableChange;

use super::{reach, table};
use crate::{
    context::Context,
    cut,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List changes, the newest first.
    List(List),
    /// Record every change of a table's rows from now on.
    Enable {
        /// The table.
        table: String,
    },
    /// Record no changes of a table's rows from now on.
    Disable {
        /// The table.
        table: String,
    },
}

/// `audit list`
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only changes of this table's rows.
    #[arg(long)]
    table: Option<String>,
    /// Only changes of this row: its id, or with --table its name.
    #[arg(long, value_name = "ROW")]
    row: Option<String>,
    /// Only changes by this user.
    #[arg(long)]
    user: Option<String>,
    /// Only changes since then, such as 2026-01-31 or 2026-01-31T09:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only changes before then.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only changes of this column.
    #[arg(long, requires = "table")]
    column: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    top: u32,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let watch = |name: &str, yes: bool| {
        if !yes {
            reach::of_unwatching(context, name)?;
        }
        let change = TableChange {
            audited: Some(yes),
            ..TableChange::default()
        };
        table::update(&session, name, change)
    };
    match command {
        Command::List(args) => list(context, &session, &args),
        Command::Enable { table } => watch(&table, true),
        Command::Disable { table } => watch(&table, false),
    }
}

fn list(context: &Context, session: &dyn Door, args: &List) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let mut query = Query::new("audit").filter(filter(session, &catalog, args)?);
    query.order = odata::order(catalog.table("audit")?, "createdon desc")?;
    let mut found = match (&args.column, &args.table) {
        (Some(column), Some(table)) => {
            let column = &*coerce::column(catalog.table(table)?, column)?.name;
            of_column(session, &catalog, query, (column, cut::asked(args.top)))?
        }
        _ => session.list(query.top(cut::asked(args.top)))?,
    };
    let more = cut::to(&mut found, args.top);
    let mut entries: Vec<Entry> = found.iter().map(|row| Entry::of(&catalog, row)).collect();
    for entry in &mut entries {
        let wanted = |change: &Change| args.column.as_ref().is_none_or(|column| change.name == *column);
        entry.changes.retain(wanted);
    }
    let labels = Labels::load(context, entries.iter().flat_map(Entry::references))?;
    let mut grid = Grid::new(["when", "who", "what", "table", "row", "column", "from", "to"]);
    for entry in &entries {
        entry.show(&labels, &mut grid);
    }
    let documents = entries.iter().map(|entry| entry.to_json(&labels)).collect();
    let list = Outcome::list(documents, grid.text("no changes are recorded"));
    Ok(cut::said(list, args.top, more))
}

/// The newest changes of one column, so many at most: what changed is a text of the row.
fn of_column(
    session: &dyn Door,
    catalog: &Catalog,
    query: Query,
    (column, top): (&str, u32),
) -> anyhow::Result<Vec<Row>> {
    let most = usize::try_from(top).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    session.each(query, &mut |rows| {
        let is_of = |row: &Row| {
            let entry = Entry::of(catalog, row);
            entry.changes.iter().any(|change| change.name == column)
        };
        found.extend(rows.into_iter().filter(is_of).take(most - found.len()));
        Ok(())
    })?;
    Ok(found)
}

fn filter(session: &dyn Door, catalog: &Catalog, args: &List) -> anyhow::Result<Filter> {
    let mut filter = Filter::All;
    if let Some(table) = &args.table {
        filter = filter.and(Filter::eq("objecttypecode", &*catalog.table(table)?.name));
    }
    if let Some(row) = &args.row {
        let id = match (&args.table, row.parse()) {
            (_, Ok(id)) => id,
            (Some(table), Err(_)) => session.find_one(table, row)?,
            (None, Err(_)) => {
                return Err(Usage::because(format!(
                    "`{row}` is no whole id; name its table with --table"
                )));
            }
        };
        // The history of a row, not of an earlier one that had its id.
        filter = filter
            .and(Filter::eq("objectid", id))
            .and(Filter::eq("sl_ofearlierrow", true).negated());
    }
    if let Some(user) = &args.user {
        filter = filter.and(Filter::eq("userid", names::principal(session, user)?.id));
    }
    for (text, comparison) in [(&args.from, Comparison::Ge), (&args.to, Comparison::Lt)] {
        let Some(text) = text else { continue };
        let time = written::time(text)
            .ok_or_else(|| Error::invalid(format!("`{text}` is no point in time, such as 2026-01-31T09:00:00Z")))?;
        filter = filter.and(Filter::Compare {
            column: "createdon".into(),
            comparison,
            value: Value::DateTime(time),
        });
    }
    Ok(filter)
}

/// A recorded change as it is shown.
struct Entry<'a> {
    row: &'a Row,
    /// The audit table, for its labels.
    audit: Option<&'a TableDef>,
    /// The table whose row was changed; it may be gone by now.
    table: Option<&'a TableDef>,
    changes: Vec<Change>,
}

/// A column, or what else belongs to a row, from what to what.
struct Change {
    name: String,
    from: Json,
    to: Json,
}

impl<'a> Entry<'a> {
    fn of(catalog: &'a Catalog, row: &'a Row) -> Self {
        let data: Json = row
            .text("changedata")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let changes = data.get("changedAttributes").and_then(Json::as_array);
        let part = |change: &Json, name: &str| change.get(name).cloned().unwrap_or_default();
        Self {
            row,
            audit: catalog.find("audit").map(|table| &**table),
            table: row
                .text("objecttypecode")
                .and_then(|name| catalog.find(name))
                .map(|table| &**table),
            changes: changes
                .into_iter()
                .flatten()
                .map(|change| Change {
                    name: part(change, "logicalName").as_str().unwrap_or_default().to_owned(),
                    from: part(change, "oldValue"),
                    to: part(change, "newValue"),
                })
                .collect(),
        }
    }

    /// The row that was changed; a table that was changed as a whole is none.
    fn target(&self) -> Option<Reference> {
        let id = self.row.id_of("objectid").filter(|id| !id.is_nil())?;
        Some(Reference::new(self.row.text("objecttypecode")?, id))
    }

    /// Everything whose name is to be shown.
    fn references(&self) -> Vec<Reference> {
        let values = self.changes.iter().flat_map(|change| [&change.from, &change.to]);
        let users = ["userid", "callinguserid"]
            .into_iter()
            .filter_map(|column| self.row.lookup(column).cloned());
        let sharees = self.changes.iter().filter_map(|change| sharee(&change.name));
        values
            .filter_map(reference)
            .chain(sharees)
            .chain(users)
            .chain(self.target())
            .collect()
    }

    /// Whether from what to what it changed is kept from the reader, who may not read the row.
    fn is_hidden(&self) -> bool {
        self.row.text("changedata").is_none()
    }

    /// What a change is of: a column, or with whom the row is shared.
    fn column(change: &Change, labels: &Labels) -> String {
        sharee(&change.name).map_or_else(
            || change.name.clone(),
            |who| format!("share with {}", labels.name(&who)),
        )
    }

    /// What people call the row: its name now, or when it was deleted.
    fn name(&self, labels: &Labels) -> Option<String> {
        let target = self.target()?;
        let named = self.table.and_then(|table| table.primary_name.as_deref());
        let old = || {
            let change = self.changes.iter().find(|change| Some(&*change.name) == named)?;
            change.from.as_str().map(ToOwned::to_owned)
        };
        match self.row.bool("sl_ofearlierrow") {
            // The name is that of the row which has the id now.
            Some(true) => old(),
            _ => labels.find(&target).map(ToOwned::to_owned).or_else(old),
        }
    }

    fn label(&self, column: &str) -> String {
        let definition = self.audit.and_then(|table| table.column(column));
        match (definition, self.row.get(column)) {
            (Some(definition), Some(value)) => people::cell(definition, value, &Labels::default()),
            _ => String::new(),
        }
    }

    fn user(&self, labels: &Labels) -> String {
        self.row
            .lookup("userid")
            .map_or_else(String::new, |user| labels.name(user))
    }

    /// A value of a change as people read it.
    fn shown(&self, change: &str, value: &Json, labels: &Labels) -> String {
        if let Some(reference) = reference(value) {
            return labels.name(&reference);
        }
        let typed = self.table.and_then(|table| {
            let column = table.column(change)?;
            let value = match column.kind {
                ColumnType::Lookup { .. } => return None,
                _ => coerce::from_json(table, column, value).ok()?,
            };
            Some(people::cell(column, &value, labels))
        });
        typed.unwrap_or_else(|| match value {
            Json::Null => String::new(),
            Json::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// A line for each change; what is the same as in the line above is left out.
    fn show(&self, labels: &Labels, grid: &mut Grid) {
        let when = self.row.get("createdon").and_then(Value::as_time);
        let name = self.name(labels);
        let id = self.target().map(|target| target.id.to_string()).unwrap_or_default();
        let mut head = [
            when.map(rows::whole_seconds).unwrap_or_default(),
            self.user(labels),
            self.label("action"),
            self.row.text("objecttypecode").unwrap_or_default().to_owned(),
            name.unwrap_or(id),
        ];
        for change in &self.changes {
            let values = [&change.from, &change.to].map(|value| self.shown(&change.name, value, labels));
            grid.row(head.iter().chain([&Self::column(change, labels)]).chain(&values));
            head = Default::default();
        }
        if self.is_hidden() {
            grid.row(
                head.iter()
                    .map(String::as_str)
                    .chain(["(not shown: the row is not yours to read)"]),
            );
        } else if self.changes.is_empty() {
            grid.row(&head);
        }
    }

    fn to_json(&self, labels: &Labels) -> Json {
        let changes = self.changes.iter().map(|change| {
            let definition = self.table.and_then(|table| table.column(&change.name));
            json!({
                "column": change.name,
                "label": definition.map(|column| column.label()),
                "from": change.from,
                "to": change.to,
                "from_text": self.shown(&change.name, &change.from, labels),
                "to_text": self.shown(&change.name, &change.to, labels),
            })
        });
        let id = |column: &str| {
            self.row
                .id_of(column)
                .filter(|id| !id.is_nil())
                .map(|id| id.to_string())
        };
        json!({
            "auditid": self.row.id.to_string(),
            "createdon": self.row.get("createdon").map(rows::from_value),
            "user": self.user(labels),
            "_userid_value": id("userid"),
            "_callinguserid_value": id("callinguserid"),
            "operation": self.label("operation"),
            "action": self.label("action"),
            "table": self.row.text("objecttypecode"),
            "row": id("objectid"),
            "name": self.name(labels),
            "transactionid": id("transactionid"),
            "hidden": self.is_hidden(),
            "changes": changes.collect::<Vec<_>>(),
        })
    }
}

/// `table:id`, as those are recorded with whom a row is shared.
fn sharee(name: &str) -> Option<Reference> {
    let (table, id) = name.split_once(':')?;
    Some(Reference::new(table, id.parse().ok()?))
}

/// `table,id`, as lookups are recorded.
fn reference(value: &Json) -> Option<Reference> {
    let (table, id) = value.as_str()?.split_once(',')?;
    let plain = table
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    plain.then_some(Reference::new(table, id.parse().ok()?))
}
