//! What the owner of a workflow has to hold, and who lets it run as its owner.

use sluice_access::Principal;
use sluice_engine::{Operation, Unit, giving};
use sluice_model::{
    Code, Depth, Error, Name, PrincipalKind, Reference, Result, Right, Row, Uuid,
    remedy::{Case, Remedy, Resolution},
};

use super::{
    active,
    life::{FOR_OTHERS, invalid, name},
    names,
    run::TABLE,
    scope::Scope,
};

/// What is told to somebody else than the owner of a workflow that runs as its owner, in the background.
static NOT_HELD: Case = Case {
    cause: "the workflow runs as its owner, who holds more than whoever activates it: nobody lets something run as \
            somebody who may more than they do",
    resolution: Resolution::new(
        "let its owner activate it; or assign it to whoever is to activate it",
        &[Remedy::AssignWorkflow, Remedy::ActivateWorkflow],
    ),
};

/// The same in real time.
static NOT_HELD_NOW: Case = Case {
    cause: NOT_HELD.cause,
    resolution: Resolution::new(
        "let its owner activate it; or let it run as the caller, or assign it to whoever is to activate it",
        &[
            Remedy::RunWorkflowAsCaller,
            Remedy::AssignWorkflow,
            Remedy::ActivateWorkflow,
        ],
    ),
};

/// Who activates a workflow that runs as its owner lets it do only what they could do.
pub(super) fn check(unit: &mut Unit, operation: &Operation, row: &Row) -> Result<()> {
    let in_real_time = row.int("mode") == Some(1);
    let as_caller = in_real_time && row.int("runas") != Some(0);
    let owner = row.lookup("ownerid");
    // In the background it runs as its owner, whoever has set it off; in real time it does where its owner may not act
    // as whoever does.
    if let Some(owner) = owner.filter(|_| as_caller)
        && depth(unit, owner)? == Some(Depth::Organization)
    {
        return Ok(());
    }
    let Some(owner) = owner.filter(|owner| is_user(owner)) else {
        let helps = match (in_real_time, as_caller) {
            (true, true) => {
                "it acts as the caller where its owner may change the caller's workflows; assign it to a user, or give \
                 the team that privilege in the whole organisation"
            }
            (true, false) => "assign it to a user, or let it run as the caller",
            (false, _) => "in the background it always does; assign it to a user",
        };
        return runs_as_team(name(row), helps);
    };
    giving::check_acts_as(unit, operation, owner.id).map_err(|mut error| {
        if error.code() != Code::PRIVILEGE_DENIED || error.body().privilege.as_deref() == Some(FOR_OTHERS) {
            return error;
        }
        let missing = error.words().into_iter().find(|(word, _)| *word == "MISSING");
        let missing = missing.map_or_else(|| "more".to_owned(), |(_, count)| format!("{count} privileges more"));
        error.body_mut().message = format!(
            "the workflow {} cannot be activated by somebody else than its owner: it runs as its owner, who holds {missing}",
            name(row)
        );
        let case = if in_real_time { &NOT_HELD_NOW } else { &NOT_HELD };
        error
            .in_case(case)
            .with_word("WORKFLOW", row.id)
            .with_word("USER", operation.caller_id())
    })
}

/// What is told to somebody else than the owner of a process that looks at a secured column.
static NOT_READ: Case = Case {
    cause: "a workflow, or a business rule, in the name of whoever sets it off sees of secured columns what its owner \
            may read, and whoever lets it loose may not read one of those that it names",
    resolution: Resolution::new(
        "let its owner activate it; or be given a column security profile that reads the column; or assign it to \
         whoever is to activate it: what its owner may not read is empty to it",
        &[Remedy::AssignWorkflow, Remedy::ActivateWorkflow],
    ),
};

/// Who activates a process of somebody else, who may read secured columns, may read each of those that it names.
pub(crate) fn check_sees(unit: &Unit, operation: &Operation, row: &Row, uses: &[(Name, Option<Name>)]) -> Result<()> {
    if row.id_of("ownerid").is_some_and(|owner| operation.is_called_by(owner)) {
        return Ok(());
    }
    let columns = uses
        .iter()
        .filter_map(|(table, column)| Some((table, column.as_ref()?)));
    giving::check_reads(&unit.catalog(), operation.principal(), columns).map_err(|mut error| {
        let message = std::mem::take(&mut error.body_mut().message);
        error.body_mut().message = format!(
            "\"{}\" cannot be activated by somebody else than its owner: it names a secured column, and {message}",
            name(row)
        );
        error
            .in_case(&NOT_READ)
            .with_word("WORKFLOW", row.id)
            .with_word("USER", operation.caller_id())
    })
}

/// Nothing is the platform's own that people write: it would see every secured column.
pub(crate) fn refuse_system(unit: &mut Unit, row: &Row) -> Result<()> {
    let Some(owner) = row.lookup("ownerid") else {
        return Ok(());
    };
    match *owner == unit.snapshot()?.system().identity().reference() {
        true => {
            invalid("SYSTEM, which is the platform itself, owns no workflow and no rule: name another user".to_owned())
        }
        false => Ok(()),
    }
}

/// A team sends no request: nothing runs as one.
fn runs_as_team<T>(workflow: &str, helps: &str) -> Result<T> {
    invalid(format!(
        "the workflow {workflow} runs as its owner, which is a team: {helps}"
    ))
}

fn is_user(owner: &Reference) -> bool {
    &*owner.table == PrincipalKind::User.table()
}

/// As whom a workflow of `owner` acts that `caller` sets off, where that is not the caller.
pub(super) fn in_place_of(
    unit: &mut Unit,
    workflow: &str,
    owner: &Reference,
    caller: &Principal,
) -> Result<Option<Uuid>> {
    match (may_act_as(unit, owner, caller)?, is_user(owner)) {
        (true, _) => Ok(None),
        (false, true) => Ok(Some(owner.id)),
        (false, false) => runs_as_team(workflow, "the team may not change the workflows of whoever sets it off"),
    }
}

/// How deep somebody may change workflows.
pub(super) fn depth(unit: &mut Unit, owner: &Reference) -> Result<Option<Depth>> {
    let privilege = unit.snapshot()?.table(TABLE)?.privilege_name(Right::Write);
    Ok(unit.principal_of(owner)?.depth_of(&privilege))
}

/// Whether a workflow of `owner` acts as `caller`, who sets it off: the caller is its owner, or somebody whose workflows
/// its owner may change. Else whoever writes a workflow for rows of their own would act as everybody who changes one.
fn may_act_as(unit: &mut Unit, owner: &Reference, caller: &Principal) -> Result<bool> {
    if owner.id == caller.id() {
        return Ok(true);
    }
    let (depth, unit_of_owner) = (depth(unit, owner)?, unit.principal_of(owner)?.business_unit());
    Ok(match depth {
        Some(Depth::Organization) => true,
        Some(Depth::ParentChild) => {
            let units = unit.configuration().units();
            units.is_same_or_below(caller.business_unit(), unit_of_owner)
        }
        Some(Depth::BusinessUnit) => caller.business_unit() == unit_of_owner,
        Some(Depth::User) | None => false,
    })
}

/// What is told of a workflow for more rows than its owner may change workflows of.
static TOO_WIDE: Case = Case {
    cause: "what others do sets a workflow off, so its scope reaches no further than its owner may change workflows",
    resolution: Resolution::new(
        "give it a narrower scope, or its owner that privilege deeper, or another owner",
        &[Remedy::Grant],
    ),
};

/// A workflow runs for no more rows than its owner may change workflows of, nor does one that starts it as its caller:
/// what others do sets it off, and it may do what they may.
pub(super) fn check_scope(unit: &mut Unit, row: &Row) -> Result<()> {
    let Some(owner) = row.lookup("ownerid") else {
        return Ok(());
    };
    let depth = depth(unit, owner)?;
    let own = Scope::of(row.int("scope")).depth();
    let snapshot = unit.snapshot()?;
    let starter = names::widest_starter(active::of(&snapshot), row.id);
    let starter = starter.filter(|starter| starter.scope.depth() > own);
    let scope = starter.map_or(own, |starter| starter.scope.depth());
    if depth.is_some_and(|depth| depth >= scope) {
        return Ok(());
    }
    let privilege = unit.snapshot()?.table(TABLE)?.privilege_name(Right::Write);
    let principal = unit.principal_of(owner)?;
    let holds = match depth {
        Some(depth) => format!("at the depth {} only", depth.label()),
        None => "at no depth".to_owned(),
    };
    let whose = match starter {
        Some(starter) => format!("the scope of \"{}\", which starts it as its caller,", starter.name),
        None => "its scope".to_owned(),
    };
    let message = format!(
        "the workflow {} cannot be activated: {whose} is {}, and its owner holds {privilege} {holds}; give it a narrower \
         scope, or an owner who holds that privilege deeper",
        name(row),
        scope.label()
    );
    let mut error = Error::new(Code::PRIVILEGE_DENIED, message)
        .with_table(TABLE)
        .in_case(&TOO_WIDE);
    let body = error.body_mut();
    body.privilege = Some(privilege);
    body.depth = Some(scope);
    body.principal = Some(principal.info());
    Err(error)
}
