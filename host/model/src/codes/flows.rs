//! The codes of process flows.

use super::{Code, CodeInfo, Kind};

codes! {
    FLOWS;

    // Process flows
    STEP_REQUIRED = 0x8006_041A, "RequiredProcessStepIsNull", Refused,
        says "To move to the next stage, complete the required steps.",
        "columns that the current stage of the process requires are empty",
        "fill in the columns that the message names, save the row, and try again";
    TOO_MANY_FLOWS = 0x8006_0420, "EntityExceedsMaxActiveBusinessProcessFlows", Refused,
        "as many process flows of the table are active as the organisation allows",
        "deactivate one of them first", [ListFlows, ShowFlowLimit];
    STAGE_NOT_ON_LEAD = 0x8010_0002, "ActiveStageIsNotOnLeadEntity", Refused,
        says "Active stage is not on 'Lead' entity.",
        "the process of the lead stands at a stage of another table, as after the reactivation of a qualified lead",
        "open the lead's own stage again", [SetLeadStage];
    STAGE_NOT_ON_TABLE = 0x8006_0462, "IncorrectActiveStageEntity", Refused,
        says "Active stage is not on '{0}' entity.",
        "the active stage of the process belongs to another table",
        "set a stage of this table active", [SetStage];
    STAGE_NEEDS_ROW = 0x8009_2004, "InvalidCrossEntityOperation", Refused,
        "the stage belongs to another table, and the process has no row of it",
        "give the process a row of that table in the same change; for a lead, qualify it: that creates the opportunity and moves the process; one that was qualified without an opportunity is reactivated first", [Qualify, ReactivateLead];
    STAGE_EMPTY = 0x8006_0449, "ActiveStageIDIsNull", Refused,
        "a process always stands at a stage",
        "name a stage of the process flow", [ShowFlow];
    STAGE_NOT_IN_FLOW = 0x8006_0450, "InvalidStageId", NotFound,
        "the process flow has no such stage",
        "look at its stages", [ShowFlow];
    PATH_LAST = 0x8006_0455, "ActiveStageDoesNotMatchTraversedPath", Refused,
        "the traversed path of a process ends at its active stage",
        "leave `traversedpath` out: the platform keeps it";
    PATH_FIRST = 0x8006_0456, "TraversedPathDoesNotBeginAtFirstStage", Refused,
        "the traversed path of a process begins at the first stage of its flow",
        "leave `traversedpath` out: the platform keeps it";
    PATH_INVALID = 0x8009_2007, "InvalidTraversedPath", Refused,
        "the traversed path of a process has every stage up to the active one, in the order of the flow",
        "name all the stages from the first one to the active one, divided by commas";
    PROCESS_INACTIVE = 0x8006_0377, "StageTransitionOnInactiveProcess", Refused,
        "the process is finished or aborted",
        "reactivate it first", [ReactivateProcess];
    PROCESS_EXISTS = 0x8006_0397, "BpfInstanceAlreadyExists", Refused,
        "a row goes through a process flow once, and this one is or was in that flow already",
        "switch to the process that is there, or reactivate it", [SwitchFlow];
    PROCESS_FIXED = 0x8009_2001, "ProcessIdCannotBeModified", Refused,
        "a process stays in the flow that it was started in",
        "start or switch to the other flow", [SwitchFlow];
    PROCESS_STATUS = 0x8009_2002, "InvalidChangeProcessStatus", Refused,
        "the process cannot go from its status to that one: an active one is aborted, or finished at its last stage; a finished or aborted one is reactivated",
        "look where it stands", [ShowProcesses];
    STAGE_NOT_NEXT = 0x8009_2003, "InvalidStageTransition", Refused,
        "only the previous or the next stage can be set",
        "go step by step", [NextStage, PreviousStage];
    PROCESS_ROW_FIXED = 0x8009_2006, "InvalidRelationshipChange", Refused,
        "a process keeps the rows that it goes through",
        "start a process for the other row", [StartFlow];
}
