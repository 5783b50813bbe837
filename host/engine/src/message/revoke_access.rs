//! RevokeAccess: takes a share back.

use sluice_model::{Code, Error, Ownership, ParameterType, Result, Right, Rights, Row, TableDef};

use super::{Images, Message, ParameterDef, Shape, Takes, grant_access, input, required};
use crate::{Operation, Unit, cascade, principals, record_team, tables};

/// `RevokeAccess`.
pub(crate) struct RevokeAccess;

impl Message for RevokeAccess {
    fn name(&self) -> &'static str {
        "RevokeAccess"
    }

    fn doc(&self) -> &'static str {
        "Takes back a share of a row."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Revokee", ParameterType::Reference),
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
        let table = operation.table()?;
        let target = operation.target_reference()?;
        let revokee = input::reference(operation, "Revokee")?;
        unit.decide(operation, &table, Right::Share, target.id)?;
        if *revokee.table == *tables::TEAM {
            let reason = "the share of the access team of a row stays";
            let team = unit.read_as_platform(reason, &revokee, Some(&["systemmanaged".into(), "name".into()]))?;
            team.as_ref().map_or(Ok(()), record_team::refuse_kept)?;
        }
        let caller = operation.principal.clone();
        let facts = unit.row_facts(&caller, &table, target.id)?;
        if facts.owner.is_some_and(|owner| owner.reference() == revokee) {
            return Err(Error::new(
                Code::REVOKE_FROM_OWNER,
                "Only the owner of an object can revoke the owner's access to that object.",
            ));
        }
        if let Some(share) = grant_access::existing(unit, &target, &revokee)? {
            let mask = |column| Rights(share.int(column).unwrap_or_default().cast_unsigned());
            let (own, inherited) = (mask("accessrightsmask"), mask("inheritedaccessrightsmask"));
            // What comes down from other rows is theirs to take back.
            match inherited {
                Rights::NONE => {
                    unit.delete_as_platform("remove a share that the caller may revoke", &share.reference())?;
                }
                _ => {
                    let row = Row::new(tables::SHARE, share.id)
                        .with("accessrightsmask", 0)
                        .with("changedon", unit.core.env.now());
                    unit.update_as_platform("remove a share that the caller may revoke", row)?;
                }
            }
            let after = grant_access::existing(unit, &target, &revokee)?;
            grant_access::record(unit, operation, &revokee, (Some(&share), after.as_ref()))?;
            cascade::unshare_below(unit, &target, &revokee, own)?;
        }
        Ok(())
    }
}
