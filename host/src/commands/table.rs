//! `sluice table`: the organisation's tables.

use clap::ValueEnum;
use serde_json::json;
use sluice_engine::Session;
use sluice_model::{ColumnDef, ColumnType, Columns, Ownership, TableDef};
use sluice_platform::TableChange;
use sluice_platform::prelude::*;

use super::{column, jobs, reach, uses};
use crate::{
    context::Context,
    door::Door,
    output::{Grid, Outcome},
    people,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the tables.
    List {
        /// Only tables made at run time.
        #[arg(long)]
        custom: bool,
    },
    /// Show a table with its columns.
    Show {
        /// The table.
        table: String,
    },
    /// Show who uses a table: lookups, steps, rules, views and other parts of the configuration.
    Uses {
        /// The table.
        table: String,
    },
    /// Make a custom table.
    Create(Create),
    /// Change what a table is as a whole.
    Update(Update),
    /// Delete a custom table that holds no rows and that nothing uses.
    Delete {
        /// The table.
        table: String,
    },
    /// Add a column: the same as `column create`.
    AddColumn(column::Create),
}

/// `table create`
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// The logical name with a publisher's prefix: sl_commissionrule.
    name: String,
    /// The entity set name; by default the plural of the name.
    #[arg(long)]
    set: Option<String>,
    /// What people see.
    #[arg(long)]
    display: Option<String>,
    /// Who owns its rows.
    #[arg(long, value_enum, default_value_t = Owned::User)]
    ownership: Owned,
    /// The column that names a row to people; by default PREFIX_name.
    #[arg(long, value_name = "COLUMN")]
    primary_name: Option<String>,
}

/// `table update`
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct Update {
    /// The table.
    table: String,
    /// Whether every change of a row leaves an audit row.
    #[arg(long, value_enum, group = "change")]
    audit: Option<YesNo>,
    /// Whether duplicate rules may be made for it.
    #[arg(long, value_enum, group = "change")]
    duplicate_detection: Option<YesNo>,
    /// Whether its rows cannot be edited in the client's forms.
    #[arg(long, value_enum, group = "change")]
    read_only_in_mobile: Option<YesNo>,
    /// Whether its rows may have access teams.
    #[arg(long, value_enum, group = "change")]
    access_teams: Option<YesNo>,
    /// Whether managers reach the rows of who reports to them, where the organisation has it so.
    #[arg(long, value_enum, group = "change")]
    hierarchy: Option<YesNo>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

/// Who owns the rows of a custom table.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Owned {
    User,
    Organization,
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Uses { table } => uses::uses(&context.session()?, &table, None),
        Command::List { custom } => list(context, custom),
        Command::Show { table } => {
            let table = context.door()?.definition(&table)?;
            let text = format!(
                "{}\n\n{}",
                people::pairs(&[
                    ("table", &*table.name),
                    ("display name", &table.display),
                    ("set", &table.set),
                    ("key", &table.key),
                    ("names its rows", table.primary_name.as_deref().unwrap_or("nothing")),
                    ("ownership", ownership(&table)),
                    ("audit", if table.audited { "yes" } else { "no" }),
                ]),
                column::grid(&table)
            );
            Ok(Outcome::new(serde_json::to_value(&*table)?, text))
        }
        Command::Create(args) => {
            let table = definition(&args);
            context.session()?.create_table(&table)?;
            let document = json!({ "table": table.name, "set": table.set, "key": table.key });
            let text = format!(
                "created table {} (set {}, key {}); System Administrator has its privileges, no other role does",
                table.name, table.set, table.key
            );
            Ok(Outcome::new(document, text))
        }
        Command::Update(args) => {
            let yes = |answer: Option<YesNo>| answer.map(|answer| answer == YesNo::Yes);
            let change = TableChange {
                display: None,
                audited: yes(args.audit),
                duplicate_detection: yes(args.duplicate_detection),
                read_only_in_mobile: yes(args.read_only_in_mobile),
                access_teams: yes(args.access_teams),
                hierarchy: yes(args.hierarchy),
            };
            let session = context.session()?;
            if change.audited == Some(false) {
                reach::of_unwatching(context, &args.table)?;
            }
            let outcome = update(&session, &args.table, change)?;
            jobs::with_removals(context, &session, outcome)
        }
        Command::Delete { table } => {
            let session = context.session()?;
            reach::of_table(context, &table)?;
            session.delete_table(&table)?;
            let text = format!("deleted table {table}, with what roles held on it");
            Ok(Outcome::new(json!({ "table": table }), text))
        }
        Command::AddColumn(args) => column::create(context, &args),
    }
}

fn list(context: &Context, custom: bool) -> anyhow::Result<Outcome> {
    let catalog = context.door()?.definitions()?;
    let mut grid = Grid::new(["name", "display name", "set", "ownership", "custom", "managed"]);
    let mut rows = Vec::new();
    for table in catalog.iter().filter(|table| table.custom || !custom) {
        grid.row([
            &*table.name,
            &table.display,
            &table.set,
            ownership(table),
            if table.custom { "yes" } else { "" },
            if table.managed { "yes" } else { "" },
        ]);
        rows.push(json!({
            "name": table.name,
            "schema": table.schema,
            "display": table.display,
            "set": table.set,
            "otc": table.otc,
            "key": table.key,
            "primary_name": table.primary_name,
            "ownership": table.ownership,
            "custom": table.custom,
            "managed": table.managed,
        }));
    }
    Ok(Outcome::items(rows, grid.text("no tables")))
}

/// Changes a table as a whole, and says what it is now.
pub(crate) fn update(session: &Session, table: &str, change: TableChange) -> anyhow::Result<Outcome> {
    session.update_table(table, change)?;
    let table = session.catalog()?.table(table)?.clone();
    let document = json!({
        "table": table.name,
        "audit": table.audited,
        "duplicate-detection": table.duplicate_detection,
        "read-only-in-mobile": table.read_only_in_mobile,
        "access-teams": table.access_teams,
        "hierarchy": !table.outside_hierarchy,
    });
    let word = |yes: bool| if yes { "yes" } else { "no" };
    let text = people::pairs(&[
        ("table", &*table.name),
        ("audit", word(table.audited)),
        ("duplicate detection", word(table.duplicate_detection)),
        ("read-only in mobile", word(table.read_only_in_mobile)),
        ("access teams", word(table.access_teams)),
        ("hierarchy", word(!table.outside_hierarchy)),
    ]);
    Ok(Outcome::new(document, text))
}

fn ownership(table: &TableDef) -> &'static str {
    match table.ownership {
        Ownership::User => "users and teams",
        Ownership::Business => "business units",
        Ownership::Organization => "organization",
        Ownership::None => "nobody",
    }
}

fn definition(args: &Create) -> TableDef {
    let (prefix, rest) = args.name.split_once('_').unwrap_or(("", &args.name));
    let primary = args.primary_name.clone().unwrap_or_else(|| format!("{prefix}_name"));
    let mut name = ColumnDef::new(&primary, ColumnType::Text { max_length: 100 });
    name.label = "Name".to_owned();
    name.custom = true;
    let ownership = match args.ownership {
        Owned::User => Ownership::User,
        Owned::Organization => Ownership::Organization,
    };
    TableDef {
        display: args.display.clone().unwrap_or_else(|| column::capitalized(rest)),
        set: args.set.clone().unwrap_or_else(|| plural(&args.name)).into(),
        primary_name: Some(primary.as_str().into()),
        columns: Columns::from(vec![name]),
        ..TableDef::new(&args.name, ownership)
    }
}

/// The plural as the platform forms set names.
fn plural(name: &str) -> String {
    let consonant_y = name
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match consonant_y {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with(['s', 'x', 'z']) || name.ends_with("ch") || name.ends_with("sh") => format!("{name}es"),
        None => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_names_are_plurals() {
        let plurals = ["sl_rule", "sl_city", "sl_day", "sl_box", "sl_branch"].map(plural);
        assert_eq!(plurals, ["sl_rules", "sl_cities", "sl_days", "sl_boxes", "sl_branches"]);
    }
}
