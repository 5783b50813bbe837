//! What helps against an error, as data: what could be done, and with what. Each client words it
//! in its own way; no sentence below the clients names a command of one.

use serde::{Serialize, Serializer};

/// One of several ways out, or a step of one: a sentence, and what it speaks of as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// The sentence.
    pub text: &'static str,
    /// What it says to do, in this order.
    pub remedies: &'static [Remedy],
}

impl Resolution {
    /// A sentence, and what it says to do.
    pub const fn new(text: &'static str, remedies: &'static [Remedy]) -> Self {
        Self { text, remedies }
    }
}

/// What is told of a refusal where the words of its code are about another use of the code.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    /// Why it happened.
    pub cause: &'static str,
    /// What helps.
    pub resolution: Resolution,
}

macro_rules! remedies {
    ($($name:ident [$($word:literal),*] $($whose:ident)? $doc:literal;)*) => {
        /// Something that can be done. The words that it takes stand for what the error knows
        /// ([`crate::Error::words`]); one that the error does not know is for the reader to fill in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Remedy {
            $(#[doc = $doc] $name),*
        }

        impl Remedy {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }

            /// Whether it changes what others may do or what runs for them, and is an administrator's to do: such are
            /// marked.
            pub fn is_administrators(self) -> bool {
                match self {
                    $(Self::$name => !matches!(concat!($(stringify!($whose))?), "")),*
                }
            }

            /// The words that it takes, in capitals.
            pub fn words(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($word),*]),*
                }
            }
        }
    };
}

remedies! {
    Grant ["ROLE", "PRIVILEGE", "DEPTH"] administrators "Give a role the privilege.";
    ShareRow ["TABLE", "ROW", "PRINCIPAL", "RIGHT"] administrators "Share the one row with whoever was refused.";
    Inherit ["ROLE"] administrators "Let the members of teams use a team's role for rows of their own.";
    GiveRole ["USER", "ROLE"] administrators "Give the user a role.";
    GrantColumn ["PROFILE", "TABLE", "COLUMN", "RIGHT"] administrators "Let a column security profile give a right on the column.";
    AddToProfile ["PROFILE", "USER"] administrators "Add the user to a column security profile.";
    SecureColumn ["TABLE", "COLUMN"] "Secure the column.";
    EnableAccessTeams ["TABLE"] "Enable the table for access teams.";
    Isolate ["USER", "LEAD"] "Look for everything that the user lacks to qualify the lead.";
    FillIn ["TABLE", "ROW", "COLUMN"] "Give the row's column a value.";
    ListRows ["TABLE"] "Look at the rows of the table.";
    ListTables [] "Look at the tables.";
    ListColumns ["TABLE"] "Look at the columns of the table.";
    ListKeys ["TABLE"] "Look at the alternate keys of the table.";
    ListRoles [] "Look at the roles.";
    ListViews [] "Look at the views.";
    ListForms ["TABLE"] "Look at the forms of the table.";
    ListPlugins [] "Look at the plug-ins.";
    PushForced ["FILE", "PLUGIN"] "Push the file, and give up the types that it lacks: their steps are disabled.";
    RollbackForced ["PLUGIN", "VERSION"] "Bring the content back, and give up the types that it lacks: their steps are disabled.";
    ImportForced ["FILE"] "Import the solution, and give up the plug-in types that it lacks: their steps are disabled.";
    ImportToHolders ["FILE"] "Import the solution, and give those who have the role or the column profile what it gives.";
    ListSolutions [] "Look at the solutions.";
    ListChoices [] "Look at the choices.";
    ListRules [] "Look at the duplicate rules.";
    ListFlows [] "Look at the process flows.";
    ListFlowsOf ["TABLE"] "Look at the process flows that begin at the table.";
    CreateOrganisation [] "Make an organisation.";
    Backup ["FILE"] "Copy the organisation.";
    Restore ["BACKUP"] "Put a backup in the place of the organisation.";
    RestoreUnsealed ["BACKUP", "PLACE"] "Put a copy without a seal in the place of the organisation.";
    RaiseCascadeLimit ["ROWS"] "Let more rows follow a row in one request.";
    RaiseTransactionLimit [] "Let what a request does in its transaction take up to two minutes.";
    GrantCapability ["STEP", "GRANTS"] administrators "Grant the step the capability that its plug-in used, beside those that it has.";
    DisableStep ["STEP"] administrators "Disable the step.";
    ShowTrace ["CORRELATION"] "Look at what the request set off.";
    ShowChecks ["CORRELATION"] "Look at what the request asked about privileges.";
    SetAttachmentSize ["KIB"] "Let the organisation take larger attachments.";
    SaveAttachment ["NOTE", "FILE"] "Download the attachment in blocks.";
    SetAddress ["USER"] "Give the user an e-mail address.";
    Qualify ["LEAD"] "Qualify the lead.";
    QualifyWithExisting ["LEAD", "ACCOUNT", "CONTACT"] "Qualify the lead with the account and the contact that are there.";
    QualifyNevertheless ["LEAD"] "Qualify the lead although accounts or contacts match.";
    QualifyFromGrid ["LEAD"] "Qualify the lead without detecting duplicates.";
    QualifyWithoutOpportunity ["LEAD"] "Qualify the lead without an opportunity.";
    QualifyDeciding ["LEAD"] "Qualify the lead, and say what to create.";
    ReactivateLead ["LEAD"] "Reactivate the lead.";
    ReactivateOtherLead ["OTHER"] "Reactivate the other lead.";
    MergeLeads ["LEAD", "OTHER"] "Merge the two leads.";
    MakeEditableInMobile ["TABLE"] "Let the table's rows be edited in mobile.";
    AddToOffline ["TABLE"] "Add the table to the offline profile.";
    PublishAll [] "Publish what was customised.";
    ListOpenLeads [] "Look at one's own open leads.";
    ReopenOpportunity ["OPPORTUNITY"] "Reopen the opportunity.";
    WinOpportunity ["OPPORTUNITY"] "Win the opportunity.";
    LoseOpportunity ["OPPORTUNITY"] "Lose the opportunity.";
    DeleteOpportunity ["OTHER"] "Remove the opportunity that is there.";
    EnableDetection [] "Switch duplicate detection on.";
    EnableDetectionOf ["TABLE"] "Switch duplicate detection on for the table.";
    AddCondition ["RULE"] "Add a condition to the duplicate rule.";
    PublishRule ["RULE"] "Publish the duplicate rule.";
    UnpublishRule ["RULE"] "Unpublish the duplicate rule.";
    ExcludeInactive ["RULE"] "Let the duplicate rule exclude inactive rows.";
    ShowJob ["JOB"] "Look at the job.";
    Resume ["JOB"] "Go on with the job where it was interrupted.";
    RetryJob ["JOB"] "Run the job again from its beginning.";
    Cancel ["JOB"] "Cancel the job.";
    AddStatusReason ["TABLE"] "Add the status reason to the table.";
    ChangeDefault ["TABLE", "COLUMN"] "Give the column another default, or none.";
    RelabelOption ["CHOICE", "VALUE"] "Give the option another label.";
    RemoveStatusMapping ["TABLE"] "Remove the mapping of the status reason.";
    MakeReferential ["RELATIONSHIP"] "Make the relationship referential.";
    MakeViewDefault ["VIEW"] "Make the view the default one of its table.";
    MakeFormDefault ["FORM"] "Make the form the default one of its table.";
    ImportManaged ["FILE"] "Import the solution as a managed one.";
    ExportSolution ["SOLUTION", "FILE"] "Export the solution.";
    DeleteSolution ["SOLUTION"] "Remove the solution.";
    AddComponent ["SOLUTION"] "Add a component to the solution.";
    RemoveComponent ["SOLUTION", "KIND", "COMPONENT"] "Take the component out of the solution.";
    ShowFlow ["FLOW"] "Look at the process flow with its stages.";
    ShowFlowLimit [] "Look at how many process flows of a table may be active.";
    ActivateFlow ["FLOW"] "Activate the process flow.";
    DeactivateFlow ["FLOW"] "Deactivate the process flow.";
    MigrateFlow ["FLOW"] "Move the processes to another flow.";
    ShowProcesses ["TABLE", "ROW"] "Look at the processes of the row.";
    StartFlow ["ROW", "FLOW"] "Start a process for the row.";
    SwitchFlow ["ROW", "FLOW"] "Switch the row to the other flow.";
    ActivateWorkflow ["WORKFLOW"] administrators "Activate the workflow.";
    DeactivateWorkflow ["WORKFLOW"] administrators "Deactivate the workflow.";
    AssignWorkflow ["WORKFLOW", "USER"] administrators "Give the workflow another owner.";
    RunWorkflowAsCaller ["WORKFLOW"] administrators "Let the workflow run as whoever sets it off.";
    DeactivateFailed ["FAILED"] administrators "Deactivate the workflow, or the business rule, in which it failed.";
    ReactivateProcess ["ROW"] "Reactivate the process.";
    NextStage ["ROW", "TABLE"] "Move the process to its next stage.";
    PreviousStage ["ROW", "TABLE"] "Move the process to its previous stage.";
    SetStage ["ROW", "TABLE"] "Set a stage of the process active.";
    SetLeadStage ["LEAD", "STAGE"] "Set a stage of the lead active.";
    PreviousLeadStage ["LEAD"] "Move the lead's process to its previous stage.";
}

impl Serialize for Remedy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
