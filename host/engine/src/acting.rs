//! In whose name a request runs: in a user's, or in that of another one on whose behalf the user
//! calls. Then both must be allowed what is done.

use std::sync::Arc;

use sluice_access::Principal;
use sluice_model::{Code, Error, Result, Row, Uuid};

use crate::{Unit, tables};

/// The privilege to call on behalf of others.
pub const ACT_ON_BEHALF: &str = "prvActOnBehalfOfAnotherUser";

/// In whose name a request runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acting {
    /// The user in whose name it runs, whose the rows are that it makes.
    pub user: Uuid,
    /// Who calls on behalf of that user; `None` where the user calls.
    pub caller: Option<Uuid>,
}

impl Acting {
    /// Who it is that acts: whoever calls, where somebody calls on behalf of the user.
    pub fn person(self) -> Uuid {
        self.caller.unwrap_or(self.user)
    }

    /// Who sent the request of a trace.
    pub(crate) fn sender_of(trace: &Row) -> Option<Uuid> {
        trace.id_of("sl_callerid").or_else(|| trace.id_of("sl_userid"))
    }

    /// Who it is that a principal speaks for: whoever calls on its behalf, else itself.
    pub(crate) fn person_of(principal: &Principal) -> Uuid {
        principal.limit().map_or(principal.id(), |caller| caller.id())
    }
}

impl From<Uuid> for Acting {
    fn from(user: Uuid) -> Self {
        Self { user, caller: None }
    }
}

impl Unit {
    /// Who acts, and may.
    ///
    /// # Errors
    /// `0x8004A110` the caller may not call on behalf of others; nobody calls on behalf of SYSTEM.
    pub(crate) fn acting(&mut self, acting: Acting) -> Result<Arc<Principal>> {
        let principal = self.who_acts(acting)?;
        if let Some(caller) = principal.limit() {
            self.check_acts_on_behalf(caller)?;
        }
        Ok(principal)
    }

    /// Who acts; whether they may is asked elsewhere.
    ///
    /// # Errors
    /// One of them is gone; nobody calls on behalf of SYSTEM.
    pub fn who_acts(&mut self, acting: Acting) -> Result<Arc<Principal>> {
        match acting.caller.filter(|caller| *caller != acting.user) {
            Some(caller) => self.limited(acting.user, caller),
            None => self.principal(acting.user),
        }
    }

    /// Refuses who may not call on behalf of others.
    ///
    /// # Errors
    /// `0x8004A110` the privilege is missing; the caller is disabled.
    pub(crate) fn check_acts_on_behalf(&mut self, caller: &Principal) -> Result<()> {
        let snapshot = self.snapshot()?;
        sluice_access::check_enabled(caller)?;
        sluice_access::check_named(caller, ACT_ON_BEHALF, &snapshot.privileges).map_err(|mut error| {
            let body = error.body_mut();
            if body.code == Code::PRIVILEGE_DENIED {
                body.code = Code::CANNOT_ACT_ON_BEHALF;
                Code::CANNOT_ACT_ON_BEHALF.text().clone_into(&mut body.message);
            }
            error
        })
    }

    /// A user who may do what a caller may do as well.
    pub(crate) fn limited(&mut self, user: Uuid, caller: Uuid) -> Result<Arc<Principal>> {
        let (principal, caller) = (self.principal(user)?, self.principal(caller)?);
        if principal.is_system() {
            let message = "SYSTEM is the platform itself, and nobody calls on its behalf: name another user";
            return Err(Error::invalid(message).with_table(tables::USER));
        }
        Ok(Arc::new(principal.limited_by(&caller)))
    }
}
