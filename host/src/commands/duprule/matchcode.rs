//! `duprule matchcode`: the code of a row under a rule.

use serde_json::json;
use sluice_engine::Session;
use sluice_model::{Code, Error, Reference, Request, Row, TableDef, codes::Kind};
use sluice_platform::prelude::*;

use super::RULE;
use crate::{names, output::Outcome, people::pairs};

pub(super) fn matchcode(session: &Session, rule: &str, row: &str) -> anyhow::Result<Outcome> {
    let rule = names::row(session, RULE, rule, &["name", "baseentityname", "matchingentityname"])?;
    let row = row_of(session, &rule, row)?;
    let codes = session.matchcodes(&rule.reference(), &row)?;
    let own = codes.base.as_ref().or(codes.matching.as_ref());
    let document = json!({
        "rule": rule.text("name"),
        "table": row.table,
        "id": row.id.to_string(),
        "matchcode": own,
        "base": codes.base,
        "matching": codes.matching,
    });
    let told = |code: &Option<String>| {
        code.clone()
            .unwrap_or_else(|| "none: it is the same as no other row".to_owned())
    };
    let text = match codes.base == codes.matching {
        true => told(&codes.base),
        false => pairs(&[
            ("as the row that is checked", told(&codes.base)),
            ("as a row compared with", told(&codes.matching)),
        ]),
    };
    Ok(Outcome::new(document, text))
}

/// The row of one of a rule's tables that a text names.
fn row_of(session: &Session, rule: &Row, text: &str) -> anyhow::Result<Reference> {
    let tables: Vec<&str> = ["baseentityname", "matchingentityname"]
        .iter()
        .filter_map(|column| rule.text(column))
        .collect();
    if let Some((table, name)) = text.split_once(':')
        && tables.contains(&table)
    {
        return Ok(Reference::new(table, session.find_one(table, name)?));
    }
    let mut missing = None;
    for table in tables {
        let table: &TableDef = &session.catalog()?.table(table)?.clone();
        let found = session.find_one(&table.name, text).and_then(|id| {
            let reference = Reference::new(table.name.clone(), id);
            session
                .execute(Request::retrieve(reference.clone(), &["createdon"]))
                .map(|_| reference)
        });
        match found {
            Ok(row) => return Ok(row),
            Err(error) if error.kind() == Kind::NotFound && error.code() != Code::AMBIGUOUS => {
                missing.get_or_insert(error);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(missing.unwrap_or_else(|| Error::host("the rule names no table")).into())
}
