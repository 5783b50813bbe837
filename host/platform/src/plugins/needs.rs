//! What the type of a step says that it needs, beside what the user holds that the step runs as.

use sluice_engine::{Session, tables};
use sluice_model::{Reference, Request, Result, Row, Uuid};

/// What a step's type says that whoever it runs as needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredNeeds {
    /// The privileges, by name.
    pub privileges: Vec<String>,
    /// The user that the step runs as, by name; `None` where it runs as whoever calls.
    pub run_as: Option<String>,
    /// Which of them that user lacks, at any depth.
    pub lacks: Vec<String>,
}

pub(super) fn of(session: &Session, step: Uuid) -> Result<DeclaredNeeds> {
    let row = |table: &str, id: Uuid, columns: &[&str]| -> Result<Row> {
        let answer = session.execute(Request::retrieve(Reference::new(table, id), columns))?;
        Ok(answer.row().cloned().unwrap_or_else(|| Row::new(table, id)))
    };
    let step = row(tables::STEP, step, &["plugintypeid", "impersonatinguserid"])?;
    let Some(plugin_type) = step.id_of("plugintypeid") else {
        return Ok(DeclaredNeeds::default());
    };
    let plugin_type = row(tables::PLUGIN_TYPE, plugin_type, &["sl_privileges"])?;
    let named = plugin_type.text("sl_privileges").unwrap_or_default().split(',');
    let mut needs = DeclaredNeeds {
        privileges: named.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect(),
        ..DeclaredNeeds::default()
    };
    if let Some(user) = step.id_of("impersonatinguserid").filter(|user| !user.is_nil()) {
        let (mut unit, _) = session.unit()?;
        let user = unit.principal_of(&Reference::new(tables::USER, user))?.unwatched();
        let lacking = needs.privileges.iter().filter(|name| user.depth_of(name).is_none());
        needs.lacks = lacking.cloned().collect();
        needs.run_as = Some(user.name().to_owned());
    }
    Ok(needs)
}
