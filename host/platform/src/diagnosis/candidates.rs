//! What could help against a refusal: the fixes of each kind, the least first. Whether one does is tried
//! (`cures.rs`).

use std::collections::HashSet;

use sluice_engine::{bypass, step_rows, tables};
use sluice_model::{
    Code, Depth, Error, Ownership, PrincipalInfo, Reference, Result, Right, Row, StepInfo, Uuid, error::Limit,
};

use super::{
    Fix, Way, WithheldColumn, columns,
    cures::{Kind, is_granted, lacking},
    holders::{Account, Held, Role, reference},
    processes::set_off_by,
    trials::{Setup, Subject, Trials},
    weight::Beyond,
};

/// A role that reaches further than this beyond the missing privilege is offered behind grants: so far reach twenty
/// privileges to read rows of one's own, or two to read everybody's.
pub(super) const LITTLE: u32 = 20;

impl Trials<'_> {
    /// The fixes of a kind that could help against a refusal, or against what was withheld in its step; the least
    /// first.
    pub(super) fn candidates(
        &mut self,
        kind: Kind,
        (error, withheld): (&Error, &[WithheldColumn]),
        here: &Setup,
    ) -> Result<Vec<Fix>> {
        // It is looked for what helps against what a plug-in caught; the steps that made something else of it may rest.
        let made_of_it = error.from_origin();
        let error = error.origin();
        let body = error.body();
        let steps = made_of_it.iter().filter_map(|error| set_off_by(error));
        let mut away: Vec<&StepInfo> = steps.filter(|step| !self.is_asked_for(step.id)).collect();
        away.dedup_by_key(|step| step.id);
        let plugin = body.step.as_ref().filter(|step| step.calls_plugin());
        let plugin = plugin.map(|step| step.id);
        Ok(match kind {
            Kind::Existing => self.existing(error)?,
            Kind::Again => [self.whole(error)?, self.again(error)?].concat(),
            Kind::Activate => self.activations(error)?,
            Kind::Share => self.on_row(error, |row, with, right| Fix::Share {
                row,
                with: reference(with),
                name: with.name.clone(),
                right,
            })?,
            Kind::Assign => self.on_row(error, |row, to, _| Fix::Assign {
                row,
                to: reference(to),
                name: to.name.clone(),
            })?,
            Kind::GiveRole => self.roles_to_give(error, false, here)?,
            Kind::GiveLargeRole => self.roles_to_give(error, true, here)?,
            Kind::NewRole => self.new_roles(error, here)?,
            Kind::JoinProfile => self.profiles_to_join(&columns::lacking(error, withheld))?,
            Kind::NewProfile => self.new_profiles(&columns::lacking(error, withheld), here)?,
            Kind::GrantColumn => self.column_grants(&columns::lacking(error, withheld))?,
            Kind::Inherit => self.inheritances(error, here)?,
            Kind::Grant => self.grants(error, here)?,
            Kind::RunAs => match plugin.filter(|_| {
                let lacks = !columns::lacking(error, withheld).is_empty();
                lacks || body.privilege.is_some() || is_stopped(body.code)
            }) {
                Some(step) => self.accounts_for(step, error)?,
                None => self.owners_for(error)?,
            },
            Kind::AsCaller => self.as_callers(error)?,
            Kind::Bypass => {
                let each = away.iter().map(|step| self.passing_over(&[step.id], here));
                each.collect::<Result<Vec<_>>>()?.concat()
            }
            Kind::Allow => match wants_capability(&made_of_it) {
                Some((step, capability)) => self.allowances(step, capability, here)?,
                None => Vec::new(),
            },
            Kind::Raise => match overruns(&made_of_it) {
                Some((step, limit)) => self.higher_limits(step, limit, here)?,
                None => Vec::new(),
            },
            Kind::Enable => match &body.principal {
                Some(who) => {
                    let enabling = self.enabling(body.code, who)?.into_iter();
                    enabling.chain(self.enabling_teams(error)?).collect()
                }
                None => Vec::new(),
            },
            Kind::Disable => away.iter().map(|step| self.out_of_work(step)).collect::<Result<_>>()?,
        })
    }

    /// That a step does not run any more, or a workflow.
    fn out_of_work(&mut self, step: &StepInfo) -> Result<Fix> {
        match step.calls_plugin() {
            true => self.disabling(step.id),
            false => Ok(Fix::Deactivate {
                workflow: step.id,
                kind: step.kind,
            }),
        }
    }

    /// The request with the rows that are there, where duplicates stand in the way of new ones: where an account
    /// and a contact match, one of each.
    fn existing(&self, error: &Error) -> Result<Vec<Fix>> {
        let (Some(duplicates), Subject::Request(request)) = (&error.body().duplicates, self.subject) else {
            return Ok(Vec::new());
        };
        if &*request.message != "QualifyLead" {
            return Ok(Vec::new());
        }
        let of = |wanted: &str| -> Vec<Reference> {
            let mut rows = Vec::new();
            for found in duplicates.matches.iter().filter(|found| &*found.table == wanted) {
                // A row matches once for each rule.
                let row = found.id.map(|id| Reference::new(&*found.table, id));
                rows.extend(row.filter(|row| !rows.contains(row)));
            }
            rows
        };
        let (accounts, contacts) = (of("account"), of("contact"));
        let choices: Vec<Vec<Reference>> = match accounts.is_empty() || contacts.is_empty() {
            true => accounts.into_iter().chain(contacts).map(|row| vec![row]).collect(),
            false => {
                let with = |account: &Reference| {
                    contacts
                        .iter()
                        .map(|contact| vec![account.clone(), contact.clone()])
                        .collect()
                };
                accounts
                    .iter()
                    .flat_map(|account| -> Vec<Vec<Reference>> { with(account) })
                    .collect()
            }
        };
        let catalog = self.session.catalog()?;
        let ways = choices.into_iter().map(Way::Existing);
        Ok(ways.map(|way| Fix::again(&catalog, request, way)).collect())
    }

    /// The request as it is, but that it passes over nothing, where whoever sends it may not do that.
    fn whole(&self, error: &Error) -> Result<Vec<Fix>> {
        let body = error.body();
        let privilege = body.privilege.as_deref().unwrap_or_default();
        let is_it = body.step.is_none() && bypass::PRIVILEGES.contains(&privilege);
        let (Subject::Request(request), true) = (self.subject, is_it) else {
            return Ok(Vec::new());
        };
        let catalog = self.session.catalog()?;
        Ok(vec![Fix::again(&catalog, request, Way::Whole)])
    }

    /// The request as it is, nevertheless, where duplicates stand in its way.
    fn again(&self, error: &Error) -> Result<Vec<Fix>> {
        let (Some(_), Subject::Request(request)) = (&error.body().duplicates, self.subject) else {
            return Ok(Vec::new());
        };
        let nevertheless = (&*request.message == "QualifyLead").then_some(Way::Continue);
        let ways = nevertheless.into_iter().chain([Way::Unchecked]);
        let catalog = self.session.catalog()?;
        Ok(ways.map(|way| Fix::again(&catalog, request, way)).collect())
    }

    /// The request without these steps, and without those that it passes over by then; nothing, where
    /// whoever sends it may not do that, or not with so many.
    pub(super) fn passing_over(&self, more: &[Uuid], here: &Setup) -> Result<Vec<Fix>> {
        let Subject::Request(request) = self.subject else {
            return Ok(Vec::new());
        };
        let (mut unit, _) = self.session.unit()?;
        let caller = unit.principal_of(&Reference::new(tables::USER, self.user))?;
        let earlier = here.fixes.iter().find_map(|(fix, _)| match fix {
            Fix::Again {
                way: Way::PassingOver(steps),
                ..
            } => Some(steps.clone()),
            _ => None,
        });
        let mut steps = earlier.unwrap_or_default();
        steps.extend(
            more.iter()
                .filter(|step| !steps.contains(step))
                .copied()
                .collect::<Vec<_>>(),
        );
        let catalog = self.session.catalog()?;
        // Whoever is disabled, or only reads, does it behind what cures that.
        let may =
            caller.depth_of(bypass::LOGIC_PRIVILEGE).is_some() && bypass::check_number(&unit, steps.len()).is_ok();
        Ok(may
            .then(|| Fix::again(&catalog, request, Way::PassingOver(steps)))
            .into_iter()
            .collect())
    }

    /// A fix of the one row that was refused: rows that somebody owns are shared and assigned.
    fn on_row(&self, error: &Error, fix: impl Fn(Reference, &PrincipalInfo, Right) -> Fix) -> Result<Vec<Fix>> {
        let body = error.body();
        let (Some(table), Some(id), Some(right), Some(principal)) =
            (&body.table, body.row, body.right, &body.principal)
        else {
            return Ok(Vec::new());
        };
        let catalog = self.session.snapshot()?.catalog().clone();
        let is_owned = catalog
            .find(table)
            .is_some_and(|table| table.ownership == Ownership::User);
        let row = Reference::new(table.as_str(), id);
        Ok(is_owned.then(|| fix(row, principal, right)).into_iter().collect())
    }

    pub(super) fn roles_to_give(&mut self, error: &Error, large: bool, here: &Setup) -> Result<Vec<Fix>> {
        let Some((principal, privilege, depth)) = lacking(error) else {
            return Ok(Vec::new());
        };
        let holders = self.holders()?;
        let held = holders.with(principal.id, &here.fixes);
        let beside: HashSet<Uuid> = held.iter().map(|held| held.role.id).collect();
        // One that counts for a team's rows alone can be given for one's own.
        let for_own = held.iter().filter(|held| !held.is_for_teams_rows());
        let for_own: HashSet<Uuid> = for_own.map(|held| held.role.id).collect();
        let (mut unit, _) = self.session.unit()?;
        let roles = holders.with_privilege(&mut unit, (privilege, depth), &beside)?;
        // Whoever has no role at all gets one first.
        let is_wanted = |beyond: Beyond| (held.is_empty() || beyond.all <= LITTLE) != large;
        let fix = |(role, gives, beyond): (Role, usize, Beyond)| {
            let copy = holders.copy_for(role.id, principal.id)?;
            let is_new = is_wanted(beyond) && !for_own.contains(&role.id);
            is_new.then(|| Fix::GiveRole {
                to: reference(principal),
                name: principal.name.clone(),
                copy,
                of_unit: None,
                role: role.name,
                gives,
                reaches_others: beyond.others > 0,
            })
        };
        let mut fixes: Vec<Fix> = roles.into_iter().filter_map(fix).collect();
        fixes.extend(self.roles_of_other_units(error, large, here)?);
        // A role that is held of another unit brings nothing but its rows.
        fixes.sort_by_key(|fix| !matches!(fix, Fix::GiveRole { gives: 0, .. }));
        Ok(fixes)
    }

    /// Roles of teams that hold the privilege for the team's rows only.
    fn inheritances(&mut self, error: &Error, here: &Setup) -> Result<Vec<Fix>> {
        let Some((principal, privilege, _)) = lacking(error) else {
            return Ok(Vec::new());
        };
        let holders = self.holders()?;
        let (mut unit, _) = self.session.unit()?;
        let depths = holders.depths(&mut unit, privilege)?;
        let holds = |held: &Held| held.is_for_teams_rows() && depths.contains_key(&held.role.id);
        let fix = |held: Held| Fix::Inherit {
            id: held.role.id,
            role: held.role.name,
        };
        let held = holders.with(principal.id, &here.fixes).into_iter();
        Ok(held.filter(holds).map(fix).collect())
    }

    /// The privilege for each role of whoever lacks it, from the depth on that could do. A grant never
    /// lowers what a role holds, and never lets a whole role act for everybody.
    pub(super) fn grants(&mut self, error: &Error, here: &Setup) -> Result<Vec<Fix>> {
        let Some((principal, privilege, depth)) =
            lacking(error).filter(|(_, privilege, _)| is_granted(error, privilege))
        else {
            return Ok(Vec::new());
        };
        let holders = self.holders()?;
        let (mut unit, _) = self.session.unit()?;
        let depths = holders.depths(&mut unit, privilege)?;
        let mut found = Vec::new();
        for held in holders
            .with(principal.id, &here.fixes)
            .into_iter()
            .filter(|held| !held.role.is_administrator && !held.role.is_managed)
        {
            let has = depths.get(&held.role.id).copied();
            let deeper = Depth::ALL
                .into_iter()
                .filter(|deeper| *deeper >= depth && has.is_none_or(|has| *deeper > has));
            found.extend(deeper.map(|depth| Fix::Grant {
                id: held.role.id,
                role: held.role.name.clone(),
                privilege: privilege.to_owned(),
                depth,
            }));
        }
        // The least is what reaches the fewest.
        found.sort_by_cached_key(|fix| match fix {
            Fix::Grant { id, .. } => holders.users_of(*id).count(),
            _ => 0,
        });
        Ok(found)
    }

    fn accounts_for(&mut self, step: Uuid, error: &Error) -> Result<Vec<Fix>> {
        let holders = self.holders()?;
        let refused = error.body().principal.as_ref().map(|principal| principal.id);
        let others = holders
            .to_run_as()
            .filter(|account| account.id != self.user && Some(account.id) != refused);
        let fix = |account: &Account| Fix::RunAs {
            step,
            id: account.id,
            user: account.name.clone(),
            is_service: account.is_service,
            acts_for_others: account.acts_for_others,
        };
        Ok(others.map(fix).collect())
    }

    /// Other owners of the workflow that fails in the name of its own one.
    fn owners_for(&mut self, error: &Error) -> Result<Vec<Fix>> {
        let (Some(step), Some(refused)) = (&error.body().step, &error.body().principal) else {
            return Ok(Vec::new());
        };
        let is_out = step.kind != "workflow" || self.is_asked_for(step.id) || refused.id == self.user;
        // With another owner, one for the owner's rows would run for other ones.
        if is_out || !self.runs_for_all(step.id)? {
            return Ok(Vec::new());
        }
        let workflow = step.id;
        let holders = self.holders()?;
        let others = holders
            .to_run_as()
            .filter(|account| account.id != self.user && account.id != refused.id);
        let fix = |account: &Account| Fix::Own {
            workflow,
            id: account.id,
            user: account.name.clone(),
            is_service: account.is_service,
            acts_for_others: account.acts_for_others,
        };
        Ok(others.map(fix).collect())
    }

    /// A higher limit than the one that the step overran: twice, five times, at last the most that it may be given.
    fn higher_limits(&mut self, step: Uuid, overrun: &Limit, here: &Setup) -> Result<Vec<Fix>> {
        let (mut unit, _) = self.session.unit()?;
        let row = unit.read_as_platform(
            "see what a step may use",
            &Reference::new(tables::STEP, step),
            Some(&["sl_limits".into(), "mode".into()]),
        )?;
        let Some(row) = row else { return Ok(Vec::new()) };
        let raised = here.fixes.iter().rev().find_map(|(fix, _)| match fix {
            Fix::Raise { step: of, limits, .. } if *of == step => Some(limits.as_str()),
            _ => None,
        });
        let mode = row.int("mode").unwrap_or_default();
        let own = raised.or(row.text("sl_limits"));
        let fix = |(limits, to)| Fix::Raise {
            step,
            limits,
            limit: overrun.name.clone(),
            to,
            unit: overrun.unit,
        };
        let higher = step_rows::higher_limits(mode, own, &overrun.name)?.into_iter();
        let higher: Vec<Fix> = higher.map(fix).collect();
        // What never ends overruns the highest as well: it is not tried how soon.
        let Some(highest) = higher.last() else {
            return Ok(Vec::new());
        };
        let limit = (step, overrun.name.clone());
        if self.endless.contains(&limit) {
            return Ok(Vec::new());
        }
        let overruns = |error: &Error| {
            let body = error.body();
            let is_it = body.limit.as_ref().is_some_and(|limit| limit.name == overrun.name);
            is_it && body.step.as_ref().is_some_and(|failed| failed.id == step)
        };
        Ok(match self.send(here, highest)? {
            Some((_, tried)) if !tried.result.as_ref().is_err_and(overruns) => higher,
            Some(_) => {
                self.endless.insert(limit);
                Vec::new()
            }
            None => Vec::new(),
        })
    }

    /// That a step is disabled.
    pub(super) fn disabling(&mut self, step: Uuid) -> Result<Fix> {
        let (mut unit, _) = self.session.unit()?;
        let row = unit.read_as_platform(
            "see whose a step is that would be disabled",
            &Reference::new(tables::STEP, step),
            Some(&[tables::MANAGED.into(), "customizationlevel".into()]),
        )?;
        let is_own = |row: Row| row.bool(tables::MANAGED) != Some(true) && row.int("customizationlevel") != Some(0);
        Ok(Fix::Disable {
            step,
            is_own: row.is_none_or(is_own),
        })
    }

    /// What lets somebody do something again who does nothing, or only reads.
    fn enabling(&mut self, code: Code, who: &PrincipalInfo) -> Result<Option<Fix>> {
        let (user, name) = (who.id, who.name.clone());
        Ok(match code {
            Code::USER_DISABLED => {
                let holders = self.holders()?;
                let (itself, units) = (holders.is_disabled(user), holders.disabled_above(user));
                (itself || !units.is_empty()).then_some(Fix::Enable {
                    user,
                    name,
                    itself,
                    units,
                })
            }
            Code::READ_ONLY_ACCESS_MODE => Some(Fix::OpenAccess { user, name }),
            _ => None,
        })
    }

    /// The business units that are disabled, and whose teams would give whoever lacks a privilege a role that holds it.
    fn enabling_teams(&mut self, error: &Error) -> Result<Vec<Fix>> {
        let Some((principal, privilege, _)) = lacking(error) else {
            return Ok(Vec::new());
        };
        let holders = self.holders()?;
        let (mut unit, _) = self.session.unit()?;
        let depths = holders.depths(&mut unit, privilege)?;
        let fix = |units| Fix::Enable {
            user: principal.id,
            name: principal.name.clone(),
            itself: false,
            units,
        };
        Ok(holders
            .at_rest_with(principal.id, &depths)
            .into_iter()
            .map(fix)
            .collect())
    }

    fn allowances(&mut self, step: Uuid, capability: &str, here: &Setup) -> Result<Vec<Fix>> {
        let (mut unit, _) = self.session.unit()?;
        let row = unit.read_as_platform(
            "see what a step was granted",
            &Reference::new(tables::STEP, step),
            Some(&["sl_grants".into()]),
        )?;
        let granted = row.as_ref().and_then(|row| row.text("sl_grants"));
        let mut capabilities: Vec<String> = step_rows::names(granted).iter().map(ToString::to_string).collect();
        for (fix, _) in &here.fixes {
            if let Fix::Allow {
                step: other,
                capabilities: before,
            } = fix
                && *other == step
            {
                capabilities.clone_from(before);
            }
        }
        capabilities.push(capability.to_owned());
        Ok(vec![Fix::Allow { step, capabilities }])
    }
}

/// Whether a refusal is of somebody who does nothing, or only reads, whatever they hold.
fn is_stopped(code: Code) -> bool {
    matches!(code, Code::USER_DISABLED | Code::READ_ONLY_ACCESS_MODE)
}

/// The step that uses what it was not granted, and what that is.
fn wants_capability<'a>(errors: &[&'a Error]) -> Option<(Uuid, &'a str)> {
    let bodies = errors.iter().map(|error| error.body());
    let mut wants = bodies.filter_map(|body| Some((body.step.as_ref()?.id, body.capability.as_deref()?)));
    wants.next()
}

/// The step of a plug-in that overran a limit, and which one.
fn overruns<'a>(errors: &[&'a Error]) -> Option<(Uuid, &'a Limit)> {
    let bodies = errors.iter().map(|error| error.body());
    let mut overruns = bodies.filter_map(|body| Some((body.step.as_ref()?, body.limit.as_ref()?)));
    let (step, limit) = overruns.find(|(step, _)| step.calls_plugin())?;
    Some((step.id, limit))
}
