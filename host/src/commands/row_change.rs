//! What is done to rows of a table: changed, removed, given to another owner, shared; to one or to several at once.

use std::{cell::RefCell, collections::HashSet};

use serde_json::{Map, Value as Json};
use sluice_engine::Session;
use sluice_model::{Reference, Request, Result, Right, Rights, Row};

use super::{
    each, holders, reach,
    row::{detecting, read},
    selection::{Chosen, Picked, Selection},
    several::{self, Known},
    ways,
};
use crate::{
    assign,
    context::Context,
    door::Door,
    names::{self, Labels},
    output::Outcome,
    usage::Usage,
};

/// Rows of a table that a command knows, and what becomes of their columns.
#[derive(Debug, clap::Args)]
pub(crate) struct Changes {
    /// Ids or names (- reads them from standard input, one a line), then what becomes of the columns.
    #[arg(value_name = "ID|NAME=VALUE", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Refuse it if the published duplicate rules find another row to be the same then.
    #[arg(long)]
    detect_duplicates: bool,
}

/// `row assign`
#[derive(Debug, clap::Args)]
pub(crate) struct Assign {
    /// The table.
    table: String,
    /// Ids or names (- reads them from standard input, one a line), then the new owner: a user, or team:NAME.
    #[arg(value_name = "ID|OWNER", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
}

/// `row share`
#[derive(Debug, clap::Args)]
pub(crate) struct Share {
    /// The table.
    table: String,
    /// Ids or names (- reads them from standard input, one a line), then with whom: a user, or team:NAME; then
    /// rights, such as read,write.
    #[arg(value_name = "ID|PRINCIPAL|RIGHTS", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Let them take the place of the rights that the share has.
    #[arg(long)]
    replace: bool,
}

/// `row unshare`
#[derive(Debug, clap::Args)]
pub(crate) struct Unshare {
    /// The table.
    table: String,
    /// Ids or names (- reads them from standard input, one a line), then from whom it is taken: a user, or team:NAME.
    #[arg(value_name = "ID|PRINCIPAL", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
}

impl Changes {
    /// The rows as they are named, and the columns.
    fn split(&self) -> anyhow::Result<(&[String], &[String])> {
        let is_column = |word: &String| assign::parse(word).is_ok_and(|(name, _)| is_name(name));
        let (rows, columns) = self.chosen.split(&self.words, |least| {
            let behind = self.words.iter().skip(least).position(is_column);
            behind.map_or(self.words.len(), |place| place + least)
        })?;
        match columns {
            [] => Err(Usage::because("say what becomes of which column: NAME=VALUE")),
            _ => Ok((rows, columns)),
        }
    }
}

/// Whether a word can be the name of a column.
fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Changes columns of rows of a table.
pub(super) fn update(context: &Context, session: &Session, table: &str, changes: &Changes) -> anyhow::Result<Outcome> {
    let table = session.catalog()?.table(table)?.clone();
    let (named, columns) = changes.split()?;
    let change = read(session, &table, columns, &[Right::Write])?;
    if change.values.is_empty() {
        return Err(Usage::because("nothing is to be changed: a row keeps its key"));
    }
    let rows = changes.chosen.pick(session, &table.name, named)?;
    let what = (sluice_engine::noun(&table.name), changes.detect_duplicates);
    let find = |name: &str| Ok(Reference::new(table.name.clone(), session.find_one(&table.name, name)?));
    update_each(context, session, what, &rows, find, |row| {
        Ok(Row {
            id: row.id,
            ..change.clone()
        })
    })
}

/// The same of rows of several tables, which are found in their own way and have columns of one name.
pub(super) fn update_of_all(
    context: &Context,
    session: &Session,
    (what, tables): (&str, &[&str]),
    changes: &Changes,
    find: impl Fn(&str) -> Result<Reference>,
) -> anyhow::Result<Outcome> {
    let (named, columns) = changes.split()?;
    let rows = match (changes.chosen.asks(), tables) {
        (false, [first, ..]) => changes.chosen.pick(session, first, named)?,
        _ => {
            let mut rows = Vec::new();
            for table in tables {
                rows.extend(changes.chosen.pick(session, table, named)?.rows);
            }
            Picked { rows, alone: false }
        }
    };
    let catalog = session.catalog()?;
    update_each(
        context,
        session,
        (what, changes.detect_duplicates),
        &rows,
        find,
        |row| {
            let change = read(session, catalog.table(&row.table)?, columns, &[Right::Write])?;
            Ok(Row { id: row.id, ..change })
        },
    )
}

fn update_each(
    context: &Context,
    session: &dyn Door,
    (what, detect_duplicates): (&str, bool),
    rows: &Picked,
    find: impl Fn(&str) -> Result<Reference>,
    changed: impl Fn(&Reference) -> anyhow::Result<Row>,
) -> anyhow::Result<Outcome> {
    let first = |found: &[&Known]| {
        let changes = found.iter().map(|found| changed(&found.0));
        reach::of_updates(context, &changes.collect::<anyhow::Result<Vec<Row>>>()?)
    };
    let find = |name: &str| find(name).map(Known);
    several::picked(context, (what, "updated"), rows, find, first, |Known(row)| {
        let request = detecting(Request::update(changed(&row)?), detect_duplicates);
        let response = session.execute(request)?;
        several::with_roles_removed(context, &response, done("updated", &row))
    })
}

fn done(what: &str, row: &Reference) -> (Map<String, Json>, String) {
    (several::item(row.id), format!("{what} {} {}", row.table, row.id))
}

/// Rows of a table that is named on the command line.
fn each_of(
    context: &Context,
    session: &dyn Door,
    (table, done): (&str, &str),
    rows: &Picked,
    first: impl Fn(&[Reference]) -> anyhow::Result<()>,
    work: impl Fn(&Reference) -> anyhow::Result<each::Done>,
) -> anyhow::Result<Outcome> {
    let what = sluice_engine::noun(table);
    let find = |name: &str| Ok(Known(Reference::new(table, session.find_one(table, name)?)));
    let first = |found: &[&Known]| {
        let rows: Vec<Reference> = found.iter().map(|found| found.0.clone()).collect();
        first(&rows)
    };
    several::picked(context, (what, done), rows, find, first, |Known(row)| work(&row))
}

/// Removes rows of a table.
pub(super) fn delete(
    context: &Context,
    session: &Session,
    table: &str,
    selection: &Selection,
) -> anyhow::Result<Outcome> {
    let rows = selection.pick(session, table)?;
    let find = |name: &str| Ok(Known(Reference::new(table, session.find_one(table, name)?)));
    let first = |found: &[&Known]| {
        let rows: Vec<Reference> = found.iter().map(|found| found.0.clone()).collect();
        reach::of_deletes(context, &rows)
    };
    let what = (sluice_engine::noun(table), "deleted");
    several::picked(context, what, &rows, find, first, |Known(row)| {
        session.execute(Request::delete(row.clone()))?;
        Ok(done("deleted", &row))
    })
}

/// The words, of which the last say something else than rows.
pub(super) fn split_last<'a, const N: usize>(
    chosen: &Chosen,
    words: &'a [String],
    what: &str,
) -> anyhow::Result<(&'a [String], &'a [String; N])> {
    let (rows, rest) = chosen.split(words, |least| words.len().saturating_sub(N).max(least))?;
    let rest = rest
        .try_into()
        .map_err(|_| Usage::because(format!("say {what}, behind the rows")))?;
    Ok((rows, rest))
}

/// Gives rows to another owner.
pub(super) fn assign(context: &Context, session: &Session, args: &Assign) -> anyhow::Result<Outcome> {
    let (named, [owner]) = split_last(&args.chosen, &args.words, "who is to own them")?;
    let rows = args.chosen.pick(session, &args.table, named)?;
    let owner = names::principal(session, owner)?;
    let first = |_: &[Reference]| Ok(());
    each_of(context, session, (&args.table, "assigned"), &rows, first, |row| {
        let request = Request::new("Assign")
            .with("Target", row.clone())
            .with("Assignee", owner.clone());
        session.execute(request)?;
        Ok(done("assigned", row))
    })
}

/// Shares rows with somebody.
pub(super) fn share(context: &Context, session: &Session, args: &Share) -> anyhow::Result<Outcome> {
    let what = "with whom, and which rights";
    let (named, [principal, rights]) = split_last(&args.chosen, &args.words, what)?;
    let rows = args.chosen.pick(session, &args.table, named)?;
    let mask = Rights::parse(rights).map_or_else(|| rights.clone(), |rights| rights.to_string());
    let message = if args.replace { "ModifyAccess" } else { "GrantAccess" };
    let principal = names::principal(session, principal)?;
    let name = Labels::load(context, [principal.clone()])?.name(&principal);
    let first = |rows: &[Reference]| match args.replace {
        true => reach::of_resharing(context, &mask, rows, &principal),
        false => Ok(()),
    };
    each_of(context, session, (&args.table, "shared"), &rows, first, |row| {
        let request = Request::new(message)
            .with("Target", row.clone())
            .with("Principal", principal.clone())
            .with("AccessMask", mask.as_str());
        let before = own_share(context, row, &principal);
        session.execute(request)?;
        let mut item = several::item(row.id);
        item.insert("principal".to_owned(), principal.id.to_string().into());
        item.insert("rights".to_owned(), mask.clone().into());
        let is_same = before
            .zip(Rights::parse(&mask))
            .is_some_and(|(before, given)| match args.replace {
                true => before == given,
                false => before | given == before,
            });
        let text = match is_same {
            true => format!("{} {} is shared with {name} so already: {mask}", row.table, row.id),
            false => format!("shared {} {} with {name}: {mask}", row.table, row.id),
        };
        Ok((item, text))
    })
}

/// The rights of the share of a row with somebody; nothing, where the acting user may not see it. It leaves no marks
/// of use, and asks for nothing that would be refused.
fn own_share(context: &Context, row: &Reference, with: &Reference) -> Option<Rights> {
    let shares = context.looking(|session| {
        if !holders::sees(session, row) {
            return Ok(None);
        }
        let request = Request::new("RetrieveSharedPrincipalsAndAccess").with("Target", row.clone());
        ways::ask(session, request, "PrincipalAccesses").map(Some)
    });
    let shares = shares.ok().flatten()?;
    let of = |share: &Row| share.id_of("PrincipalId");
    match shares.iter().find(|share| of(share) == Some(with.id)) {
        Some(share) => share.text("AccessMask").and_then(Rights::parse),
        None => shares.iter().all(|share| of(share).is_some()).then_some(Rights::NONE),
    }
}

/// Takes shares of rows back.
pub(super) fn unshare(context: &Context, session: &Session, args: &Unshare) -> anyhow::Result<Outcome> {
    let (named, [principal]) = split_last(&args.chosen, &args.words, "from whom it is taken")?;
    let rows = args.chosen.pick(session, &args.table, named)?;
    let principal = names::principal(session, principal)?;
    let name = Labels::load(context, [principal.clone()])?.name(&principal);
    // Asked once, before anything is done.
    let unshared = RefCell::new(HashSet::new());
    let first = |rows: &[Reference]| {
        let (none, shared): (Vec<_>, Vec<_>) = rows
            .iter()
            .cloned()
            .partition(|row| own_share(context, row, &principal) == Some(Rights::NONE));
        unshared.borrow_mut().extend(none);
        reach::of_unsharing(context, "sharing", &shared, &principal)
    };
    each_of(context, session, (&args.table, "unshared"), &rows, first, |row| {
        let request = Request::new("RevokeAccess")
            .with("Target", row.clone())
            .with("Revokee", principal.clone());
        session.execute(request)?;
        Ok(match unshared.borrow_mut().insert(row.clone()) {
            true => done("no longer shared:", row),
            false => {
                let text = format!(
                    "{} {} is not shared with {name}; nothing was changed",
                    row.table, row.id
                );
                (several::item(row.id), text)
            }
        })
    })
}
