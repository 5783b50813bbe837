//! Column security profiles: what a profile may give, and that nobody gives what they do not hold.

use sluice_access::{ColumnGrants, check_gives_columns};
use sluice_model::{
    Code, Error, Filter, Query, Reference, Remedy, Result, Row, Uuid, Value,
    remedy::{Case, Resolution},
};

use super::Rules;
use crate::{Operation, Unit, organization::ADMINISTRATOR_PROFILE, snapshot::facts::given_by, tables};

pub(super) struct Profile;
pub(super) struct Permission;

/// The profile that gives everything stays as it is; its members may change.
fn refuse_fixed(operation: &Operation, profile: Option<Uuid>) -> Result<()> {
    match profile == Some(ADMINISTRATOR_PROFILE) && !operation.why.is_platform() {
        true => Err(Error::said(Code::PROFILE_FIXED).with_table(tables::PROFILE)),
        false => Ok(()),
    }
}

impl Rules for Profile {
    fn before_create(&self, _: &mut Unit, operation: &mut Operation) -> Result<()> {
        refuse_fixed(operation, Some(operation.target()?.id))
    }

    fn before_update(&self, _: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        refuse_fixed(operation, Some(before.id))
    }

    fn before_delete(&self, _: &mut Unit, operation: &Operation) -> Result<()> {
        refuse_fixed(operation, Some(operation.id()?))
    }
}

impl Rules for Permission {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let row = operation.target()?.clone();
        check(unit, operation, &row)?;
        let same = |column: &str| Filter::eq(column, row.get(column).cloned().unwrap_or(Value::Null));
        let twice = Query::new(tables::COLUMN_PERMISSION).columns(&[]).filter(
            same("fieldsecurityprofileid")
                .and(same("entityname"))
                .and(same("attributelogicalname")),
        );
        match unit
            .select_as_platform("a profile says once what it gives on a column", &twice)?
            .is_empty()
        {
            true => Ok(()),
            false => Err(Error::new(
                Code::DUPLICATE_KEY,
                "the profile has a permission for that column already; change that one",
            )
            .with_table(tables::COLUMN_PERMISSION)),
        }
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?;
        for fixed in ["fieldsecurityprofileid", "entityname", "attributelogicalname"] {
            if target.has(fixed) && target.get(fixed) != before.get(fixed) {
                let message = format!("`{fixed}` of a column permission stays as it is; make another one");
                return Err(Error::invalid(message).with_table(tables::COLUMN_PERMISSION));
            }
        }
        let mut row = before.clone();
        row.values.extend(target.values.clone());
        check(unit, operation, &row)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let reason = "a profile says once what it gives on a column";
        let row = unit.need_as_platform(reason, &Reference::new(tables::COLUMN_PERMISSION, operation.id()?))?;
        refuse_fixed(operation, row.id_of("fieldsecurityprofileid"))
    }
}

/// What is told of a profile that is to give a column which nothing hides.
static NOT_SECURED: Case = Case {
    cause: "a column security profile gives rights on a column that is not secured here: whether it is belongs to the \
            column, and does not come with the profile",
    resolution: Resolution::new("secure the column first", &[Remedy::SecureColumn]),
};

/// A permission is of a secured column, and gives nothing that the caller does not hold.
fn check(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    refuse_fixed(operation, row.id_of("fieldsecurityprofileid"))?;
    let (table, column) = (row.text("entityname"), row.text("attributelogicalname"));
    let (table, column) = (table.unwrap_or_default(), column.unwrap_or_default());
    let catalog = unit.catalog();
    let of = catalog.table(table)?;
    let known = sluice_model::coerce::column(of, column)?;
    if !known.secured {
        let message = format!("column `{column}` of `{table}` is not secured: everybody reads it who reads the row");
        return Err(Error::invalid(message)
            .with_table(tables::COLUMN_PERMISSION)
            .in_case(&NOT_SECURED)
            .with_word("TABLE", table)
            .with_word("COLUMN", column));
    }
    let mut given = ColumnGrants::default();
    for right in given_by(row) {
        given.give(table, column, right, "");
    }
    check_gives_columns(&operation.principal, &given)
}
