//! `sluice relationship`: what happens along the lookups of tables.

use clap::ValueEnum;
use serde_json::{Value as Json, json};
use sluice_model::{Behaviours, Follow, OnDelete, OnMerge, Relationship};
use sluice_platform::BehaviourChange;
use sluice_platform::prelude::*;

use crate::{
    context::Context,
    output::{Grid, Outcome},
    people::pairs,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List relationships: all of them, or those of a table, which it has on either side.
    List {
        /// The table.
        table: Option<String>,
    },
    /// Show a relationship.
    Show {
        /// Its schema name: contact_customer_accounts; or TABLE.COLUMN of a lookup with one table.
        name: String,
    },
    /// Change what happens to the rows that refer to a row, when something happens to that row.
    Update(Update),
}

/// `relationship update`
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// Its schema name: contact_customer_accounts; or TABLE.COLUMN of a lookup with one table.
    name: String,
    /// All of it at once; the other options are laid over it.
    #[arg(long, value_enum)]
    behaviour: Option<Behaviour>,
    /// When the row gets another owner: nocascade, active, userowned, cascade.
    #[arg(long, value_name = "WHICH")]
    assign: Option<String>,
    /// When the row is shared: nocascade, active, userowned, cascade.
    #[arg(long, value_name = "WHICH")]
    share: Option<String>,
    /// When a share of the row is taken back: nocascade, active, userowned, cascade.
    #[arg(long, value_name = "WHICH")]
    unshare: Option<String>,
    /// When a row comes to refer to the row: nocascade, active, userowned, cascade.
    #[arg(long, value_name = "WHICH")]
    reparent: Option<String>,
    /// When the row is deleted: cascade, removelink, restrict.
    #[arg(long, value_name = "WHAT")]
    delete: Option<String>,
    /// When the row is merged into another one: cascade, where rows of its table can be merged,
    /// else nocascade.
    #[arg(long, value_name = "WHAT")]
    merge: Option<String>,
}

/// A relationship as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Behaviour {
    /// Everything follows: owner, shares, access of the owner above; with the row above go those below.
    Parental,
    /// Nothing follows; a reference to a row that is deleted is emptied.
    Referential,
    /// Nothing follows; a row that others refer to is not deleted.
    Restrict,
}

impl From<Behaviour> for Behaviours {
    fn from(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Parental => Self::PARENTAL,
            Behaviour::Referential => Self::REFERENTIAL,
            Behaviour::Restrict => Self::RESTRICT,
        }
    }
}

/// Runs the command.
pub(crate) fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let catalog = match &command {
        Command::Update(_) => session.catalog()?,
        Command::List { .. } | Command::Show { .. } => session.definitions()?,
    };
    match command {
        Command::List { table } => {
            if let Some(table) = &table {
                catalog.table(table)?;
            }
            let asked = |one: &&std::sync::Arc<Relationship>| {
                let sides = [&*one.table.name, &*one.target];
                table.as_deref().is_none_or(|table| sides.contains(&table))
            };
            let all: Vec<&Relationship> = catalog.relationships().filter(asked).map(|one| &**one).collect();
            Ok(Outcome::items(
                all.iter().map(|one| document(one)).collect(),
                grid(&all),
            ))
        }
        Command::Show { name } => Ok(shown(named(&catalog, &name)?)),
        Command::Update(args) => {
            let change = change(&args)?;
            let name = named(&catalog, &args.name)?.name.clone();
            session.update_relationship(&name, &change)?;
            Ok(shown(session.catalog()?.relationship(&name)?))
        }
    }
}

/// The relationship of a schema name, or of a lookup that refers to one table.
fn named<'a>(catalog: &'a sluice_model::Catalog, name: &str) -> anyhow::Result<&'a Relationship> {
    let Some((table, column)) = name.split_once('.') else {
        return Ok(catalog.relationship(name)?);
    };
    sluice_model::coerce::column(catalog.table(table)?, column)?;
    let mut all = catalog.relationships_of(table, column);
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Usage::because(format!("`{name}` is no lookup"))),
        (Some(one), Some(other)) => {
            let rest = all.map(|one| one.name.as_str());
            let names: Vec<&str> = [one.name.as_str(), other.name.as_str()]
                .into_iter()
                .chain(rest)
                .collect();
            Err(Usage::because(format!(
                "`{name}` refers to several tables; name one of its relationships: {}",
                names.join(", ")
            )))
        }
    }
}

fn change(args: &Update) -> anyhow::Result<BehaviourChange> {
    let follow = |text: &Option<String>| text.as_deref().map(str::parse::<Follow>).transpose();
    let change = BehaviourChange {
        all: args.behaviour.map(Behaviours::from),
        assign: follow(&args.assign)?,
        share: follow(&args.share)?,
        unshare: follow(&args.unshare)?,
        reparent: follow(&args.reparent)?,
        delete: args.delete.as_deref().map(str::parse::<OnDelete>).transpose()?,
        merge: args.merge.as_deref().map(str::parse::<OnMerge>).transpose()?,
    };
    if change == BehaviourChange::default() {
        return Err(Usage::because(
            "nothing is to be changed: give --behaviour, --assign, --share, --unshare, --reparent, --delete or --merge",
        ));
    }
    Ok(change)
}

/// What a relationship is as a whole.
fn kind(behaviours: &Behaviours) -> &'static str {
    let same = |other: Behaviours| {
        Behaviours {
            merge: behaviours.merge,
            ..other
        } == *behaviours
    };
    match behaviours {
        _ if same(Behaviours::PARENTAL) => "parental",
        _ if same(Behaviours::REFERENTIAL) => "referential",
        _ if same(Behaviours::RESTRICT) => "restrict",
        _ => "custom",
    }
}

fn words(behaviours: &Behaviours) -> [(&'static str, &'static str); 6] {
    [
        ("assign", behaviours.assign.word()),
        ("share", behaviours.share.word()),
        ("unshare", behaviours.unshare.word()),
        ("reparent", behaviours.reparent.word()),
        ("delete", behaviours.delete.word()),
        ("merge", behaviours.merge.word()),
    ]
}

fn document(relationship: &Relationship) -> Json {
    let behaviours = &relationship.behaviours;
    let mut document = json!({
        "name": relationship.name,
        "table": relationship.table.name,
        "column": relationship.column,
        "target": relationship.target,
        "behaviour": kind(behaviours),
    });
    if let Some(object) = document.as_object_mut() {
        object.extend(words(behaviours).map(|(name, word)| (name.to_owned(), word.into())));
    }
    document
}

fn grid(all: &[&Relationship]) -> crate::output::Written {
    let mut grid = Grid::new([
        "relationship",
        "column",
        "refers to",
        "assign",
        "share",
        "unshare",
        "reparent",
        "delete",
        "merge",
    ]);
    for one in all {
        let [assign, share, unshare, reparent, delete, merge] = words(&one.behaviours).map(|(_, word)| word);
        let column = format!("{}.{}", one.table.name, one.column);
        grid.row([
            &*one.name,
            &column,
            &one.target,
            assign,
            share,
            unshare,
            reparent,
            delete,
            merge,
        ]);
    }
    grid.text("no relationships")
}

fn shown(relationship: &Relationship) -> Outcome {
    let document = document(relationship);
    let lines: Vec<(&String, &str)> = document
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, value.as_str().unwrap_or("")))
        .collect();
    let text = pairs(&lines);
    Outcome::new(document.clone(), text)
}
