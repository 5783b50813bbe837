//! Workflows.

use super::{Code, CodeInfo, Kind};

codes! {
    WORKFLOWS;

    WORKFLOW_PUBLISHED = 0x8004_5002, "CannotUpdatePublishedWorkflow", Refused,
        says "Cannot update a published workflow definition.",
        "the workflow is activated: what runs is what was activated",
        "deactivate it, change it, and activate it again", [DeactivateWorkflow];
    WORKFLOW_COPY_CHANGED = 0x8004_5003, "CannotUpdateWorkflowActivation", Refused,
        says "Cannot update a workflow activation.",
        "the row is the copy of an activated workflow that runs, which the platform keeps",
        "change the workflow itself";
    WORKFLOW_COPY_DELETED = 0x8004_5004, "CannotDeleteWorkflowActivation", Refused,
        says "Cannot delete a workflow activation.",
        "the row is the copy of an activated workflow that runs, which the platform keeps",
        "deactivate the workflow itself", [DeactivateWorkflow];
    WORKFLOW_NOT_OWNER = 0x8004_500B, "WorkflowPublishedByNonOwner", Denied,
        says "The workflow cannot be published or unpublished by someone who is not its owner.",
        "somebody activates or deactivates a workflow of another owner without prvActOnBehalfOfAnotherUser",
        "let its owner do it, take the workflow over, or grant the privilege";
    WORKFLOW_ACTIVE_DELETED = 0x8004_500F, "CannotDeleteActiveWorkflow", Refused,
        says "The workflow definition cannot be deleted because it is active.",
        "the workflow is activated",
        "deactivate it, then delete it", [DeactivateWorkflow];
    WORKFLOW_EMPTY = 0x8004_5018, "WorkflowNothingToPublish", Refused,
        "the workflow has no action, or nothing that starts it: no trigger, and neither on demand nor as a child",
        "give it an action and say what starts it";
    WORKFLOW_CHILD_INACTIVE = 0x8004_502F, "WorkflowChildNotPublished", Refused,
        "a workflow starts a child that is not activated, or that is gone",
        "activate the child first", [ActivateWorkflow];
    WORKFLOW_ROW_MISSING = 0x8004_5031, "WorkflowRecordMissing", NotFound,
        "a row that the workflow was to work on is not there: it was deleted, or a lookup is empty",
        "let the workflow check the column first";
    WORKFLOW_NOT_STARTED_BY_HAND = 0x8004_5046, "WorkflowNotOnDemandOrChild", Refused,
        says "Workflow must be marked as on-demand or child workflow.",
        "the workflow starts by its triggers only",
        "deactivate it, let it run on demand or as a child, and activate it again", [DeactivateWorkflow];
    WORKFLOW_NOT_ACTIVE = 0x8004_5047, "WorkflowNotPublished", Refused,
        "the workflow is a draft",
        "activate it first", [ActivateWorkflow];
    RULE_NEEDS_CONDITION = 0x8006_0013, "BusinessRuleActionNeedsCondition", Refused,
        "a business rule sets a value or shows an error without a condition",
        "put the action into a check";
}
