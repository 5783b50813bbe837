//! Remedies as the command line words them. The generator of `docs/errors.md` reads this file,
//! too: it knows the vocabulary and nothing else.

use sluice_model::{Remedy, remedy::Resolution};

/// The command that does it. Words in capitals are for the error, or the reader, to fill in.
pub(crate) fn command(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Grant => "role grant ROLE PRIVILEGE DEPTH",
        Remedy::GiveRole => "user role-add USER ROLE",
        Remedy::GrantColumn => "profile grant PROFILE TABLE COLUMN RIGHT",
        Remedy::AddToProfile => "profile member-add PROFILE USER",
        Remedy::EnableAccessTeams => "table update TABLE --access-teams yes",
        Remedy::Isolate => "diagnose isolate --user USER --lead LEAD",
        Remedy::ListRows => "row list TABLE",
        Remedy::ListTables => "table list",
        Remedy::ListColumns => "column list TABLE",
        Remedy::ListKeys => "key list TABLE",
        Remedy::ListRoles => "role list",
        Remedy::ListViews => "view list",
        Remedy::ListForms => "form list TABLE",
        Remedy::ListPlugins => "plugin list",
        Remedy::PushForced => "plugin push FILE --name PLUGIN --force",
        Remedy::ImportForced => "solution import FILE --force",
        Remedy::ListSolutions => "solution list",
        Remedy::ListChoices => "option-set list",
        Remedy::ListRules => "duprule list",
        Remedy::ListFlows => "flow list",
        Remedy::ListFlowsOf => "flow list --table TABLE",
        Remedy::CreateOrganisation => "org create",
        Remedy::Backup => "org backup FILE",
        Remedy::Restore => "org restore BACKUP",
        Remedy::RaiseCascadeLimit => "settings set cascade.max-rows ROWS",
        Remedy::RaiseTransactionLimit => "settings set limits.transaction 120s",
        Remedy::DisableStep => "step disable STEP",
        Remedy::ShowTrace => "trace tree CORRELATION",
        Remedy::SetAttachmentSize => "settings set notes.max-file-size KIB",
        Remedy::SaveAttachment => "note save NOTE FILE",
        Remedy::SetAddress => "row update systemuser USER internalemailaddress=ADDRESS",
        Remedy::Qualify => "lead qualify LEAD",
        Remedy::QualifyWithExisting => "lead qualify LEAD --account existing:ACCOUNT --contact existing:CONTACT",
        Remedy::QualifyNevertheless => "lead qualify LEAD --continue",
        Remedy::QualifyFromGrid => "lead qualify LEAD --from grid",
        Remedy::QualifyWithoutOpportunity => "lead qualify LEAD --opportunity skip",
        Remedy::QualifyDeciding => "lead qualify LEAD --account create --contact create --opportunity create",
        Remedy::ReactivateLead => "lead reactivate LEAD",
        Remedy::ReactivateOtherLead => "lead reactivate OTHER",
        Remedy::MergeLeads => "merge lead LEAD OTHER",
        Remedy::ListOpenLeads => r#"view run "My Open Leads""#,
        Remedy::ReopenOpportunity => "opportunity reopen OPPORTUNITY",
        Remedy::WinOpportunity => "opportunity win OPPORTUNITY",
        Remedy::LoseOpportunity => "opportunity lose OPPORTUNITY --reason REASON",
        Remedy::DeleteOpportunity => "row delete opportunity OTHER",
        Remedy::EnableDetection => "settings set duplicates.enabled on",
        Remedy::EnableDetectionOf => "table update TABLE --duplicate-detection yes",
        Remedy::AddCondition => "duprule add-condition RULE",
        Remedy::PublishRule => "duprule publish RULE",
        Remedy::UnpublishRule => "duprule unpublish RULE",
        Remedy::ExcludeInactive => "duprule update RULE --exclude-inactive yes",
        Remedy::ShowJob => "jobs show JOB",
        Remedy::Resume => "jobs resume JOB",
        Remedy::Cancel => "jobs cancel JOB",
        Remedy::AddStatusReason => "option-set add TABLE.statuscode VALUE LABEL --state 0",
        Remedy::RelabelOption => "option-set update CHOICE VALUE --label LABEL",
        Remedy::RemoveStatusMapping => "mapping remove lead TABLE statuscode statuscode",
        Remedy::MakeReferential => "relationship update RELATIONSHIP --behaviour referential",
        Remedy::MakeViewDefault => "view update VIEW --default",
        Remedy::MakeFormDefault => "form set-default FORM",
        Remedy::ImportManaged => "solution import FILE --managed",
        Remedy::ExportSolution => "solution export SOLUTION FILE",
        Remedy::DeleteSolution => "solution delete SOLUTION",
        Remedy::AddComponent => "solution add SOLUTION KIND COMPONENT",
        Remedy::RemoveComponent => "solution remove SOLUTION KIND COMPONENT",
        Remedy::ShowFlow => "flow show FLOW",
        Remedy::ShowFlowLimit => "settings get flows.max-active-per-table",
        Remedy::ActivateFlow => "flow activate FLOW",
        Remedy::DeactivateFlow => "flow deactivate FLOW",
        Remedy::MigrateFlow => "flow migrate FLOW",
        Remedy::ShowProcesses => "flow instances TABLE ROW",
        Remedy::StartFlow => "flow start ROW --flow FLOW",
        Remedy::SwitchFlow => "flow switch ROW --flow FLOW",
        Remedy::ActivateWorkflow => "workflow activate WORKFLOW",
        Remedy::DeactivateWorkflow => "workflow deactivate WORKFLOW",
        Remedy::ReactivateProcess => "flow reactivate ROW",
        Remedy::NextStage => "flow next ROW --table TABLE",
        Remedy::PreviousStage => "flow previous ROW --table TABLE",
        Remedy::SetStage => "flow set-active ROW --table TABLE --stage STAGE",
        Remedy::SetLeadStage => "flow set-active LEAD --stage STAGE",
        Remedy::PreviousLeadStage => "flow previous LEAD",
    }
}

/// A resolution in a sentence, with its commands; `fill` puts what is known for their words.
pub(crate) fn worded(resolution: &Resolution, fill: impl Fn(&str) -> String) -> String {
    let commands = resolution
        .remedies
        .iter()
        .map(|remedy| format!("`{}`", fill(command(*remedy))));
    let commands = commands.collect::<Vec<_>>().join(", ");
    match commands.is_empty() {
        true => resolution.text.to_owned(),
        false => format!("{} ({commands})", resolution.text),
    }
}
