//! What the type of a step says that it needs, beside what the user holds that the step runs as.

use super::push::{lacking, names_of};
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
    /// The capabilities that the type asks for and the step was not granted.
    pub ungranted: Vec<String>,
    /// Those that the step was granted.
    pub granted: Vec<String>,
}

/// The capabilities that a type asks for, as its file says.
fn wants(session: &Session, plugin_type: &Row) -> Result<Vec<String>> {
    let Some(assembly) = plugin_type.id_of("pluginassemblyid") else {
        return Ok(Vec::new());
    };
    let (mut unit, _) = session.unit()?;
    let types = unit.declared_by(assembly)?;
    let of_type = types
        .iter()
        .find(|one| Some(&*one.name) == plugin_type.text("typename"));
    Ok(of_type.map(|one| one.wants.clone()).unwrap_or_default())
}

pub(super) fn of(session: &Session, step: Uuid) -> Result<DeclaredNeeds> {
    let row = |table: &str, id: Uuid, columns: &[&str]| -> Result<Row> {
        let answer = session.execute(Request::retrieve(Reference::new(table, id), columns))?;
        Ok(answer.row().cloned().unwrap_or_else(|| Row::new(table, id)))
    };
    let step = row(
        tables::STEP,
        step,
        &["plugintypeid", "impersonatinguserid", "sl_grants"],
    )?;
    let Some(plugin_type) = step.id_of("plugintypeid") else {
        return Ok(DeclaredNeeds::default());
    };
    let plugin_type = row(
        tables::PLUGIN_TYPE,
        plugin_type,
        &["sl_privileges", "typename", "pluginassemblyid"],
    )?;
    let named = plugin_type.text("sl_privileges").unwrap_or_default().split(',');
    let mut needs = DeclaredNeeds {
        privileges: named.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect(),
        ..DeclaredNeeds::default()
    };
    needs.granted = names_of(step.text("sl_grants"));
    needs.ungranted = lacking(&wants(session, &plugin_type)?, &needs.granted);
    if let Some(user) = step.id_of("impersonatinguserid").filter(|user| !user.is_nil()) {
        let (mut unit, _) = session.unit()?;
        let user = unit.principal_of(&Reference::new(tables::USER, user))?.unwatched();
        let lacking = needs.privileges.iter().filter(|name| user.depth_of(name).is_none());
        needs.lacks = lacking.cloned().collect();
        needs.run_as = Some(user.name().to_owned());
    }
    Ok(needs)
}
