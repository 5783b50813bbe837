//! The situations of the troubleshooting guides, e1 to e9: what a person is told, why it
//! happens, and every resolution that the guides give. One code may stand for several.
//! Source: requirements, section D; the wording of the sentences is the guides'.

use crate::{Code, Remedy, remedy::Resolution};

/// A situation that the guides describe.
#[derive(Debug, PartialEq, Eq)]
pub struct Situation {
    /// `e1` to `e9`.
    pub id: &'static str,
    /// What the guides call it.
    pub title: &'static str,
    /// The sentence that a person is told, or, where the platform's text follows, its beginning.
    pub sentence: &'static str,
    /// The codes by which it shows; the first one is its own.
    pub codes: &'static [Code],
    /// The table whose row the error speaks of, where the code alone does not say it.
    pub table: Option<&'static str>,
    /// The status of an HTTP answer.
    pub status: u16,
    /// Why it happens.
    pub cause: &'static str,
    /// What helps: each of these alone, unless it says otherwise.
    pub resolutions: &'static [Resolution],
}

impl Situation {
    /// The situation with that id, in any case.
    pub fn find(id: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|situation| situation.id.eq_ignore_ascii_case(id))
    }

    /// The situations that a code may stand for.
    pub fn of(code: Code) -> impl Iterator<Item = &'static Self> {
        ALL.iter()
            .copied()
            .filter(move |situation| situation.codes.contains(&code))
    }
}

/// All of them, in the order of the guides.
pub static ALL: &[&Situation] = &[
    &POSSIBLE_MATCH,
    &STEPS_MISSING,
    &STAGE_ELSEWHERE,
    &ACCESS_DENIED,
    &LEAD_CLOSED,
    &STATUS_MISMATCH,
    &NO_NEXT_STAGE,
    &DUPLICATE_LEAD,
    &DUPLICATE_OPPORTUNITY,
];

/// e1
pub static POSSIBLE_MATCH: Situation = Situation {
    id: "e1",
    title: "Error 1: there might already be a match for this account or contact",
    sentence: "There might already be a match for this account or contact. If so, please select it.",
    codes: &[Code::DUPLICATES_FOUND],
    table: None,
    status: 412,
    cause: "qualifying would create an account or a contact, and a published duplicate rule found one that matches",
    resolutions: &[
        Resolution::new(
            "select the account or contact that is there",
            &[Remedy::QualifyWithExisting],
        ),
        Resolution::new(
            "or Continue, to create new ones nevertheless",
            &[Remedy::QualifyNevertheless],
        ),
    ],
};

/// e2
pub static STEPS_MISSING: Situation = Situation {
    id: "e2",
    title: "Error 2: to move to the next stage, complete the required steps",
    sentence: "To move to the next stage, complete the required steps.",
    codes: &[Code::STEP_REQUIRED],
    table: None,
    status: 400,
    cause: "not all business-required columns of the current stage are filled in, in the row as it is saved",
    resolutions: &[Resolution::new(
        "fill in the required columns of the current stage, save the row, and try again",
        &[Remedy::FillIn],
    )],
};

/// e3
pub static STAGE_ELSEWHERE: Situation = Situation {
    id: "e3",
    title: "Error 3: active stage is not on lead entity",
    sentence: "Active stage is not on 'lead' entity.",
    codes: &[Code::STAGE_NOT_ON_LEAD, Code::STAGE_NOT_ON_TABLE],
    table: None,
    status: 400,
    cause: "the lead was qualified before and reactivated: it is open, but its process still stands on the opportunity",
    resolutions: &[Resolution::new(
        "open the lead and select Set Active on its stage, from further on after going back to the stage before, then qualify it again",
        &[Remedy::SetLeadStage, Remedy::PreviousLeadStage],
    )],
};

/// e4
pub static ACCESS_DENIED: Situation = Situation {
    id: "e4",
    title: "Error 4: access denied or insufficient permissions",
    sentence: "Access denied or Insufficient permissions",
    codes: &[Code::PRIVILEGE_DENIED, Code::ACCESS_DENIED, Code::CANNOT_QUALIFY_LEAD],
    table: None,
    status: 403,
    cause: "you don't have sufficient permissions on the lead record, or on what qualifying it creates",
    resolutions: &[Resolution::new(
        "ask the administrator for the privilege that the message names, or look for everything that is missing",
        &[Remedy::Grant, Remedy::Isolate],
    )],
};

/// e5
pub static LEAD_CLOSED: Situation = Situation {
    id: "e5",
    title: "Error 5: the lead is closed",
    sentence: "The lead is closed. You cannot convert or qualify a lead that is already closed.",
    codes: &[Code::LEAD_CLOSED],
    table: Some("lead"),
    status: 400,
    cause: "the lead that was to be qualified or disqualified is closed",
    resolutions: &[
        Resolution::new(
            "pick an open lead from the view My Open Leads or Open Leads",
            &[Remedy::ListOpenLeads],
        ),
        Resolution::new("reactivate this one first", &[Remedy::ReactivateLead]),
    ],
};

/// e6
pub static STATUS_MISMATCH: Situation = Situation {
    id: "e6",
    title: "Error 6: invalid status code error for a contact or an opportunity",
    sentence: "Invalid status code error for a contact or an opportunity",
    codes: &[Code::INVALID_STATE],
    table: None,
    status: 400,
    cause: "the status reason of the lead is mapped to the record that is created, and has an option that the target lacks",
    resolutions: &[
        Resolution::new("add the option to the target as well", &[Remedy::AddStatusReason]),
        Resolution::new(
            "or remove the mapping of the status reason",
            &[Remedy::RemoveStatusMapping],
        ),
        Resolution::new(
            "or import the option through a managed solution",
            &[Remedy::ImportManaged],
        ),
    ],
};

/// e7
pub static NO_NEXT_STAGE: Situation = Situation {
    id: "e7",
    title: "Issue 7: cannot proceed to the next stage",
    sentence: "Can't proceed to the next stage when you select Next stage on the business process flow: you must qualify \
               the lead. Qualifying the lead creates the opportunity and moves it to the next stage automatically.",
    codes: &[Code::STAGE_NEEDS_ROW],
    table: Some("lead"),
    status: 400,
    cause: "this is by design: while the lead is not qualified there is no opportunity, and the next stage is the opportunity's",
    resolutions: &[Resolution::new(
        "qualify the lead: that moves it to the next stage",
        &[Remedy::Qualify],
    )],
};

/// e8
pub static DUPLICATE_LEAD: Situation = LEAD;

const LEAD: Situation = Situation {
    id: "e8",
    title: "FAQ: the lead was not updated because of a duplicate",
    sentence: "Lead record was not created or updated because a duplicate of the current record already exists.",
    codes: &[Code::DUPLICATES_FOUND],
    table: Some("lead"),
    status: 412,
    cause: "a published duplicate rule finds another lead that is the same as the one to be qualified",
    resolutions: &[
        Resolution::new(
            "remove or merge the duplicates, a closed one after it is reactivated, then qualify again",
            &[Remedy::MergeLeads, Remedy::ReactivateOtherLead],
        ),
        FROM_THE_GRID,
        UNPUBLISH,
        Resolution::new(
            "or, where the rule is wanted for new leads only, unpublish it, set Exclude inactive matching records, and publish it again",
            &[Remedy::UnpublishRule, Remedy::ExcludeInactive, Remedy::PublishRule],
        ),
    ],
};

/// e8 as well, where the row that matches is no lead but one that the request itself makes:
/// the rule compares accounts or contacts with leads, and sees the lead as it is closed. The
/// guides have the same sentence for it, and other ways on.
pub static DUPLICATE_OF_WHAT_IS_MADE: Situation = Situation {
    cause: "a published duplicate rule compares accounts or contacts with leads, and finds the lead to be the same as the \
            row that qualifying it makes",
    resolutions: &[
        Resolution::new("Continue: the row is the lead's own", &[Remedy::QualifyNevertheless]),
        FROM_THE_GRID,
        Resolution::new(
            "or let the rule exclude inactive matching records, as the lead is closed by then: unpublish it, set it, and publish it again",
            &[Remedy::UnpublishRule, Remedy::ExcludeInactive, Remedy::PublishRule],
        ),
        UNPUBLISH,
    ],
    ..LEAD
};

/// e9
pub static DUPLICATE_OPPORTUNITY: Situation = Situation {
    id: "e9",
    title: "FAQ: the opportunity was not created because of a duplicate",
    sentence: "Opportunity record was not created or updated because a duplicate of the current record already exists.",
    codes: &[Code::DUPLICATES_FOUND],
    table: Some("opportunity"),
    status: 412,
    cause: "a published duplicate rule finds an opportunity that is the same as the one that qualifying would create",
    resolutions: &[
        Resolution::new(
            "remove the opportunity that is there, or change what the rule compares, then qualify again; opportunities cannot be merged",
            &[Remedy::DeleteOpportunity],
        ),
        Resolution::new(
            "or qualify the lead without an opportunity",
            &[Remedy::QualifyWithoutOpportunity],
        ),
        FROM_THE_GRID,
        UNPUBLISH,
        Resolution::new(
            "or, where closed opportunities are not to count, unpublish the rule, set Exclude inactive matching records, and publish it again",
            &[Remedy::UnpublishRule, Remedy::ExcludeInactive, Remedy::PublishRule],
        ),
    ],
};

const FROM_THE_GRID: Resolution = Resolution::new(
    "or go to the grid of leads, select the lead and qualify it there",
    &[Remedy::QualifyFromGrid],
);
const UNPUBLISH: Resolution = Resolution::new("or unpublish the rule", &[Remedy::UnpublishRule]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_count_up_and_are_found_in_any_case() {
        for (index, situation) in ALL.iter().enumerate() {
            assert_eq!(situation.id, format!("e{}", index + 1));
        }
        assert_eq!(Situation::find("E7"), Some(&NO_NEXT_STAGE));
        assert_eq!(Situation::find("e10"), None);
    }

    #[test]
    fn a_code_may_stand_for_several() {
        let ids: Vec<&str> = Situation::of(Code::DUPLICATES_FOUND)
            .map(|situation| situation.id)
            .collect();
        assert_eq!(ids, ["e1", "e8", "e9"]);
    }
}
