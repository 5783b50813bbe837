//! What a code means in the cases that its own sentence does not fit: one code of the platform's stands for
//! several things, and what the error knows beside it tells them apart.

use super::Body;
use crate::{
    Code, Remedy,
    remedy::{Case, Resolution},
};

/// The plug-in itself went wrong.
static ACCIDENT: Case = Case {
    cause: "a plug-in failed in a way that its author did not foresee",
    resolution: Resolution::new(
        "read what the plug-in said, in the trace of the request: its author must mend it; disabling the step works \
         around it",
        &[],
    ),
};

/// The plug-in used `clock`, `random` or `system`.
static NOT_GRANTED: Case = Case {
    cause: "a plug-in used a capability that its step was not granted",
    resolution: Resolution::new(
        "an administrator grants the step the capability, if the plug-in may have it; disabling the step works around it",
        &[],
    ),
};

/// One call of a plug-in asked too often.
static CALLS: Case = Case {
    cause: "a plug-in made more service calls than its limit",
    resolution: Resolution::new(
        "the plug-in must ask for several rows at once, or an administrator raise the limit of the step",
        &[],
    ),
};

/// The plug-ins of a request did, together.
static CALLS_OF_REQUEST: Case = Case {
    cause: "the plug-ins of one request made more service calls, all together, than a request may",
    resolution: Resolution::new(
        "look in the trace of the request which steps call most: they must ask for several rows at once, or run less \
         often; the step that is named only made the last call",
        &[],
    ),
};

/// What was sent is not there any more.
static NOT_RECORDED: Case = Case {
    cause: "what was sent was not recorded, or not all of it, so that it cannot run again",
    resolution: Resolution::new(
        "look at what was recorded of it: what it set off and what refused it, and what it asked about privileges; or send \
         one like it that can be recorded, and look into that one",
        &[],
    ),
};

/// The case that an error is, where its code's own sentence does not fit.
pub(super) fn of(body: &Body) -> Option<&'static Case> {
    if body.case.is_some() {
        return body.case;
    }
    match (body.code, &body.capability, &body.limit) {
        (Code::INVALID_ARGUMENT, ..) if body.remedies.contains(&Remedy::ShowChecks) => Some(&NOT_RECORDED),
        (Code::ISV_UNEXPECTED, Some(_), _) => Some(&NOT_GRANTED),
        (Code::ISV_UNEXPECTED, None, Some(limit)) if limit.name.starts_with("request-") => Some(&CALLS_OF_REQUEST),
        (Code::ISV_UNEXPECTED, None, Some(_)) => Some(&CALLS),
        (Code::ISV_UNEXPECTED, None, None) => Some(&ACCIDENT),
        _ => None,
    }
}
