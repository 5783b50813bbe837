//! What stands in the way, and whether another refusal is the same thing once more.

use sluice_engine::attribution::{self, ends_alike, is_same};
use sluice_model::{Code, Error, PrincipalInfo, Timestamp, Uuid};

use super::{WithheldColumn, columns};

/// What stands in the way, as cures see it.
pub(super) struct Obstacle<'a> {
    pub(super) error: &'a Error,
    /// When the first trial began.
    pub(super) since: Timestamp,
    /// The secured columns that its step read and was not shown.
    pub(super) withheld: &'a [WithheldColumn],
}

impl Obstacle<'_> {
    /// What stands behind it.
    pub(super) fn behind<'b>(&self, error: &'b Error, withheld: &'b [WithheldColumn]) -> Obstacle<'b> {
        let since = self.since;
        Obstacle { error, since, withheld }
    }

    /// Whether another refusal comes from the same place: the same step in the same name, or the
    /// platform for want of the same privilege.
    pub(super) fn is_met_by(&self, other: &Error) -> bool {
        if other.body().unseen {
            return false;
        }
        if self.ends_all_the_same(other) {
            return true;
        }
        // Who has no role at all is given one first; what that lacks is a thing of its own.
        let has_none = |error: &Error| error.origin().code() == Code::NO_ROLES;
        if has_none(self.error) && !has_none(other) {
            return false;
        }
        let who = |error: &Error| error.origin().body().principal.as_ref().map(|principal| principal.id);
        match self.error.body().step {
            Some(_) if self.is_of_what_a_step_did() && other.body().step.is_none() => self.lacks_the_same_as(other),
            Some(_) => self.is_of_step(other) && (who(self.error) == who(other) || who(other).is_none()),
            None => {
                other.body().step.is_none() && (is_same(self.error, other, self.since) || self.lacks_the_same_as(other))
            }
        }
    }

    /// Whether a plug-in ends in the same words where nothing is refused that it could have caught: then that was not
    /// why it does.
    pub(super) fn ends_all_the_same(&self, other: &Error) -> bool {
        let caught = |error: &Error| error.body().caught.is_some();
        !other.body().unseen && caught(self.error) != caught(other) && ends_alike(self.error, other, self.since)
    }

    /// Whether nothing has changed about it.
    pub(super) fn stays(&self, other: &Error) -> bool {
        is_same(self.error, other, self.since) || self.ends_all_the_same(other)
    }

    /// Whether the same step refuses for another reason once more, and one that no right and no limit cures: what was
    /// lacking is no longer lacking.
    pub(super) fn is_past(&self, other: &Error) -> bool {
        if self.ends_all_the_same(other) {
            return false;
        }
        let lacks = |error: &Error| {
            let error = error.origin();
            let body = error.body();
            let is_named = body.privilege.is_some() || body.capability.is_some() || body.limit.is_some();
            is_named || !columns::lacking(error, &[]).is_empty()
        };
        let reason = |error: &Error| {
            let error = error.origin();
            (error.code(), error.message().to_owned())
        };
        let is_other = self.is_met_by(other) && reason(self.error) != reason(other);
        is_other && !other.body().unseen && lacks(self.error) && !lacks(other)
    }

    /// Whether the request got beyond it, though it then asked for what whoever has it tried may not read: the
    /// same question was answered before it was asked of them.
    pub(super) fn is_passed_unseen(&self, other: &Error) -> bool {
        let (body, others) = (self.error.origin().body(), other.body());
        others.unseen
            && body.privilege.is_some()
            && body.privilege == others.privilege
            && body.table == others.table
            && (others.step.is_none() || self.is_of_step(other))
    }

    /// Whether the request got beyond it, and met that.
    pub(super) fn is_left_by(&self, other: &Error) -> bool {
        !self.is_met_by(other) || self.is_past(other)
    }

    /// Whether another refusal comes from the same step, whoever it runs as.
    pub(super) fn is_of_step(&self, other: &Error) -> bool {
        let step = |error: &Error| error.origin().body().step.as_ref().map(|step| step.id);
        step(self.error).is_some() && step(self.error) == step(other)
    }

    /// Whether the platform refused what a step did or wrote, and no call of the step: the next trial may meet it
    /// without the step's name.
    fn is_of_what_a_step_did(&self) -> bool {
        let body = self.error.body();
        body.step.is_some() && body.call.is_none() && body.privilege.is_some()
    }

    /// Whether it is still met where the step runs in another name: in that name, or in the one that it was.
    pub(super) fn stays_in_another_name(&self, other: &Error) -> bool {
        self.is_of_step(other) || self.lacks_the_same_as(other)
    }

    /// Whether it is the same check of the same principal on the same row: what the sentence says
    /// beside it, such as how many privileges somebody holds, changes with what was tried. A privilege
    /// that was not held at all is then held not deep enough. Who may not give what they do not hold
    /// lacks one privilege after the other.
    fn lacks_the_same_as(&self, other: &Error) -> bool {
        let (body, others) = (self.error.body(), other.body());
        let gives = |error: &Error| error.message().starts_with("RoleService::VerifyCallerPrivileges");
        let row = |id: Option<Uuid>| id.filter(|id| !attribution::is_newer(id, self.since));
        let who = |principal: &Option<PrincipalInfo>| principal.as_ref().map(|principal| principal.id);
        let is_deeper = body.code == Code::PRIVILEGE_DENIED && others.code == Code::ACCESS_DENIED;
        (body.code == others.code || is_deeper)
            && who(&body.principal) == who(&others.principal)
            && (gives(self.error) && gives(other)
                || body.privilege.is_some()
                    && body.privilege == others.privilege
                    && body.table == others.table
                    && (is_deeper || row(body.row) == row(others.row)))
    }
}
