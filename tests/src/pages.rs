//! The generated pages of the documentation.

use std::fmt::Write;

// The command line's own wording: the page is written for those who use it.
#[path = "../../host/src/remedies.rs"]
mod remedies;

use sluice_engine::{Engine, Takes};
use sluice_model::{Ownership, codes, situations};

/// Which messages and tables of Dataverse are there.
pub fn compatibility(engine: &Engine) -> String {
    let mut page = String::from(
        "# Compatibility\n\nGenerated from the registry of messages and the definitions of the tables. What is not \
         listed is not there; a difference in behaviour that no page names is a bug.\n\n## Messages\n\n| message | what \
         it does | works on | inputs | outputs | steps bound to a table |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for message in engine.messages() {
        let shape = message.shape();
        let on = match (shape.takes, shape.tables) {
            (_, Some(tables)) => tables.join(", "),
            (Takes::Nothing, None) => "–".to_owned(),
            (Takes::IdOf { table, .. }, None) => table.to_owned(),
            (_, None) => "every table".to_owned(),
        };
        let list = |parameters: &[sluice_engine::ParameterDef]| {
            let names: Vec<String> = parameters
                .iter()
                .map(|parameter| {
                    format!(
                        "`{}`{} {}",
                        parameter.name,
                        if parameter.required { "" } else { "?" },
                        parameter.kind.word()
                    )
                })
                .collect();
            if names.is_empty() {
                "–".to_owned()
            } else {
                names.join(", ")
            }
        };
        let binds = if shape.binds_table { "yes" } else { "no" };
        let _ = writeln!(
            page,
            "| {} | {} | {on} | {} | {} | {binds} |",
            message.name(),
            message.doc(),
            list(shape.inputs),
            list(shape.outputs)
        );
    }
    page.push_str("\n## Tables\n\n| table | entity set | code | ownership | columns | source |\n| --- | --- | --- | --- | --- | --- |\n");
    let session = engine.session(engine.system_id().unwrap());
    for table in session.catalog().unwrap().iter() {
        let ownership = match table.ownership {
            Ownership::User => "user or team",
            Ownership::Business => "business unit",
            Ownership::Organization => "organization",
            Ownership::None => "none",
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {ownership} | {} | {} |",
            table.name,
            table.set,
            table.otc,
            table.columns.iter().count(),
            table.source
        );
    }
    page
}

/// The situations of the guides, and every code with its cause and its resolution.
pub fn errors() -> String {
    let mut page = String::from(
        "# Errors\n\nGenerated from the table of codes; `sluice errors explain CODE` shows the same.\n\n## The nine situations of \
         the troubleshooting guides\n",
    );
    for situation in situations::ALL {
        let codes: Vec<String> = situation.codes.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            page,
            "\n### {} {}\n\n> {}\n\nCode {}, HTTP status {}.\n\nCause: {}.\n\nWhat to do:\n",
            situation.id,
            situation.title,
            situation.sentence,
            codes.join(" or "),
            situation.status,
            situation.cause
        );
        for resolution in situation.resolutions {
            let _ = writeln!(page, "- {}", remedies::worded(resolution, ToOwned::to_owned));
        }
    }
    page.push_str(
        "\n## All codes\n\n| code | name | the platform's sentence | cause | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for info in codes::all() {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            info.code,
            info.name,
            info.text.unwrap_or_default(),
            info.cause,
            remedies::worded(&info.resolution, ToOwned::to_owned)
        );
    }
    page
}
