//! GrantAccess: shares a row with a user or a team.

use sluice_model::{
    Code, Error, Filter, Ownership, ParameterType, Query, Reference, Result, Right, Rights, Row, TableDef, Value,
};

use super::{Images, Message, ParameterDef, Shape, Takes, input, required};
use crate::{
    Operation, Unit, cascade, principals, record_team, tables,
    watch::{Link, LinkSort},
};

/// `GrantAccess`.
pub(crate) struct GrantAccess;

/// Every right except Create can be shared.
fn shareable(right: Right) -> bool {
    right != Right::Create
}

impl Message for GrantAccess {
    fn name(&self) -> &'static str {
        "GrantAccess"
    }

    fn doc(&self) -> &'static str {
        "Shares a row with a user or a team, not with the organisation: adds rights to the share that there is."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Principal", ParameterType::Reference),
            required("AccessMask", ParameterType::Text),
        ];
        Shape {
            takes: Takes::Reference("Target"),
            tables: None,
            reads: false,
            images: Images::None,
            binds_table: true,
            inputs: INPUTS,
            outputs: &[],
        }
    }

    fn works_on(&self, table: &TableDef) -> bool {
        table.ownership == Ownership::User
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Share)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        change(unit, operation, Mode::Add)
    }
}

/// What becomes of the rights of a share that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They stay, and others come to them.
    Add,
    /// Others take their place.
    Replace,
}

/// Shares the operation's row as it says.
pub(super) fn change(unit: &mut Unit, operation: &Operation, mode: Mode) -> Result<()> {
    let table = operation.table()?;
    let target = operation.target_reference()?;
    let principal = input::reference(operation, "Principal")?;
    refuse_organization(&principal)?;
    let text = input::text(operation, "AccessMask")?;
    let rights = Rights::parse(&text).filter(|rights| *rights != Rights::NONE && rights.iter().all(shareable));
    let rights = rights.ok_or_else(|| {
        Error::new(
            Code::INVALID_ACCESS_RIGHTS,
            format!("Invalid access rights. (`{text}`)"),
        )
    })?;
    unit.decide(operation, &table, Right::Share, target.id)?;
    // Nobody gives away what they do not have.
    for right in rights.iter() {
        unit.decide(operation, &table, right, target.id)?;
    }
    let caller = operation.principal.clone();
    let facts = unit.row_facts(&caller, &table, target.id)?;
    if facts.owner.is_some_and(|owner| owner.reference() == principal) {
        return Err(Error::new(
            Code::SHARE_WITH_OWNER,
            "An item cannot be shared with the owning user.",
        ));
    }
    unit.principal_of(&principal)?;
    if *principal.table == *tables::TEAM {
        let team = unit.need_as_platform("nothing else is shared with the access team of a row", &principal)?;
        record_team::refuse_kept(&team)?;
    }
    let before = existing(unit, &target, &principal)?;
    let own = before.as_ref().and_then(|row| row.int("accessrightsmask"));
    let own = Rights(own.unwrap_or_default().cast_unsigned());
    let lost = match mode {
        Mode::Add => Rights::NONE,
        Mode::Replace => Rights(own.0 & !rights.0),
    };
    write(unit, &target, &principal, Rights(own.0 & !lost.0) | rights)?;
    let after = existing(unit, &target, &principal)?;
    record(unit, operation, &principal, (before.as_ref(), after.as_ref()))?;
    if lost != Rights::NONE {
        cascade::unshare_below(unit, &target, &principal, lost)?;
    }
    cascade::share_below(unit, operation, &target, &principal, rights)
}

/// Rows are shared with users and teams alone: the platform takes the organisation as well.
fn refuse_organization(principal: &Reference) -> Result<()> {
    match *principal.table == *tables::ORGANIZATION {
        false => Ok(()),
        true => Err(Error::invalid(
            "a row is shared with users and teams, and not with the organisation: share it with a team of those who are \
             to have it; who is to have all rows of the table is given a role with the privilege at the depth of the \
             organisation",
        )),
    }
}

/// Adds rights to the share of `target` with `principal`.
pub(crate) fn share(unit: &mut Unit, target: &Reference, principal: &Reference, rights: Rights) -> Result<()> {
    let there = existing(unit, target, principal)?;
    let own = there.and_then(|row| row.int("accessrightsmask")).unwrap_or_default();
    write(unit, target, principal, Rights(own.cast_unsigned()) | rights)
}

/// Gives the share of `target` with `principal` these rights.
fn write(unit: &mut Unit, target: &Reference, principal: &Reference, rights: Rights) -> Result<()> {
    let now = unit.core.env.now();
    match existing(unit, target, principal)? {
        Some(row) => {
            let row = Row::new(tables::SHARE, row.id)
                .with("accessrightsmask", rights.0.cast_signed())
                .with("changedon", now);
            unit.update_as_platform("write a share that the caller may grant", row)
        }
        None => {
            let row = Row::new(tables::SHARE, unit.core.env.new_id())
                .with("objectid", Value::Id(target.id))
                .with("objecttypecode", &*target.table)
                .with("principalid", Value::Id(principal.id))
                .with("principaltypecode", &*principal.table)
                .with("accessrightsmask", rights.0.cast_signed())
                .with("inheritedaccessrightsmask", 0)
                .with("changedon", now);
            unit.insert_as_platform("write a share that the caller may grant", row)
        }
    }
}

/// Lets those who watch the row know that somebody's share of it changed, where it did.
pub(super) fn record(
    unit: &mut Unit,
    operation: &Operation,
    principal: &Reference,
    (before, after): (Option<&Row>, Option<&Row>),
) -> Result<()> {
    // Rights that only come down from other rows are no share of this one.
    let own = |share: &&Row| share.int("accessrightsmask") != Some(0);
    let (before, after) = (before.filter(own), after.filter(own));
    let rights = |share: Option<&Row>| {
        let mask = share.and_then(|share| share.int("accessrightsmask"));
        mask.map_or(Value::Null, |mask| {
            Value::from(Rights(mask.cast_unsigned()).to_string())
        })
    };
    if rights(before) == rights(after) {
        return Ok(());
    }
    let link = Link {
        row: operation.target_reference()?,
        sort: match (before, after) {
            (None, _) => LinkSort::Shared,
            (Some(_), Some(_)) => LinkSort::ShareChanged,
            (Some(_), None) => LinkSort::Unshared,
        },
        name: principal.to_string(),
        old: rights(before),
        new: rights(after),
    };
    unit.tell_link(operation, &link)
}

/// The share of `target` with `principal`, if there is one.
pub(crate) fn existing(unit: &mut Unit, target: &Reference, principal: &Reference) -> Result<Option<Row>> {
    let filter = Filter::eq("objectid", target.clone()).and(Filter::eq("principalid", principal.clone()));
    let query = Query::new(tables::SHARE).filter(filter);
    Ok(unit
        .select_as_platform("read the share that is to be changed", &query)?
        .pop())
}
