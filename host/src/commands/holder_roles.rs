//! `role-add` and `role-remove` of users and teams: one role, given to several or taken from them.

use sluice_engine::Session;
use sluice_model::Reference;

use super::{
    holders, reach,
    row_change::split_last,
    selection::Chosen,
    several::{self, Known},
    what_if,
};
use crate::{context::Context, door::Door, output::Outcome};

/// Users or teams, and the role.
#[derive(Debug, clap::Args)]
pub(crate) struct HolderRoles {
    /// Ids or names (- reads them from standard input, one a line), then the role.
    #[arg(value_name = "ID|ROLE", required = true)]
    words: Vec<String>,
    #[command(flatten)]
    chosen: Chosen,
    #[command(flatten)]
    what_if: what_if::Args,
}

/// Gives the role to each of them, or takes it from each.
pub(super) fn change(
    context: &Context,
    session: &Session,
    table: &str,
    args: &HolderRoles,
    give: bool,
) -> anyhow::Result<Outcome> {
    let (named, [role]) = split_last(&args.chosen, &args.words, "which role")?;
    let holders = args.chosen.pick(session, table, named)?;
    let done = match give {
        true => format!("given the role {role}"),
        false => format!("without the role {role}"),
    };
    let what = (sluice_engine::noun(table), &*done);
    let find = |name: &str| Ok(Known(Reference::new(table, session.find_one(table, name)?)));
    let first = |found: &[&Known]| match give || args.what_if.is_trial() {
        true => Ok(()),
        false => reach::of_role(context, found.iter().map(|holder| &holder.0), role),
    };
    args.what_if.or_do(context, session, |door: &dyn Door| {
        several::picked(context, what, &holders, find, first, |Known(holder)| {
            Ok(several::of_one(holders::change_role(
                context,
                door,
                &holder,
                (role, give),
            )?))
        })
    })
}
