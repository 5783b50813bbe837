//! What somebody lacks who is refused: a refusal names the first thing, and at no depth where it was not yet
//! about a row. Each privilege is told, at the depth that does.

use sluice_model::{Depth, Result, Uuid};

use super::{
    Cure, Fix,
    cures::lacking,
    obstacle::Obstacle,
    trials::{Lent, Setup, Trials},
};

/// A privilege that is missing to whom a refusal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacked {
    /// The privilege.
    pub privilege: String,
    /// The smallest depth that does.
    pub depth: Depth,
    /// The one that does where a row is shared.
    pub if_shared: Option<Depth>,
}

/// More privileges are not lent to find out what else is lacking.
const MOST: usize = 20;

impl Trials<'_> {
    /// What is lacking, as the cure by grants alone has it; where there is none, as it is found out by lending one
    /// privilege after the other. Who looks with their own rights alone is told what the refusal says.
    pub(super) fn lacks(&mut self, setup: &Setup, obstacle: &Obstacle<'_>, cures: &[Cure]) -> Result<Vec<Lacked>> {
        if lacking(obstacle.error).is_none() {
            return Ok(Vec::new());
        }
        // Where a role of a team holds it as deep as it takes, no depth is lacking.
        let inherits = |cure: &Cure| matches!(cure.fixes.as_slice(), [Fix::Inherit { .. }]);
        match granted(cures) {
            Some(granted) if !cures.iter().any(inherits) => Ok(granted),
            _ => self.lacks_one_by_one(setup, obstacle),
        }
    }

    pub(super) fn lacks_one_by_one(&mut self, setup: &Setup, obstacle: &Obstacle<'_>) -> Result<Vec<Lacked>> {
        let mut setup = setup.clone();
        let mut error = obstacle.error.clone();
        let mut found: Vec<(Uuid, Lacked)> = Vec::new();
        while found.len() < MOST {
            let Some((principal, privilege, depth)) = lacking(&error) else {
                break;
            };
            let is_it = |(who, known): &(Uuid, Lacked)| *who == principal.id && known.privilege == privilege;
            if found.iter().any(|known| is_it(known) && known.1.depth >= depth) {
                break;
            }
            found.retain(|known| !is_it(known));
            setup.lent.push(Lent {
                principal: principal.id,
                privilege: privilege.to_owned(),
                depth,
            });
            let lacked = Lacked {
                privilege: privilege.to_owned(),
                depth,
                if_shared: None,
            };
            found.push((principal.id, lacked));
            if self.is_own || self.is_over() {
                break;
            }
            match self.refusal(&setup)? {
                // It is not for want of that.
                Some(other) if obstacle.ends_all_the_same(&other) => return Ok(Vec::new()),
                Some(other) if !obstacle.is_left_by(&other) => error = other,
                _ => break,
            }
        }
        Ok(found.into_iter().map(|(_, lacked)| lacked).collect())
    }
}

/// What the cure by grants alone grants, where there is one.
pub(super) fn granted(cures: &[Cure]) -> Option<Vec<Lacked>> {
    let shares = |cure: &&Cure| cure.fixes.iter().any(|fix| matches!(fix, Fix::Share { .. }));
    let shared = |wanted: &str| {
        let mut fixes = cures.iter().filter(shares).flat_map(|cure| &cure.fixes);
        fixes.find_map(|fix| match fix {
            Fix::Grant { privilege, depth, .. } if privilege == wanted => Some(*depth),
            _ => None,
        })
    };
    let grant = |fix: &Fix| match fix {
        Fix::Grant { privilege, depth, .. } => Some(Lacked {
            privilege: privilege.clone(),
            depth: *depth,
            if_shared: shared(privilege).filter(|less| less < depth),
        }),
        _ => None,
    };
    let of = |cure: &Cure| cure.fixes.iter().map(grant).collect::<Option<Vec<Lacked>>>();
    cures.iter().find_map(of)
}

/// What is lacking, at the depth at which a role gives it that is made for it.
pub(super) fn deepen(lacks: &mut [Lacked], cures: &[Cure]) {
    let mut fixes = cures.iter().flat_map(|cure| &cure.fixes);
    let role = fixes.find_map(|fix| match fix {
        Fix::NewRole(role) => Some(role),
        _ => None,
    });
    for lacked in lacks {
        let given = role.and_then(|role| role.depth_of(&lacked.privilege));
        lacked.depth = lacked.depth.max(given.unwrap_or(lacked.depth));
    }
}
