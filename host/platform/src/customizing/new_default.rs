//! The default of a column that is to be made.

use sluice_model::{
    Code, ColumnDef, Result, TableDef, coerce,
    remedy::{Case, Resolution},
};

use sluice_engine::{options, snapshot::Snapshot};

/// What is told of it, where the column is not there yet.
static NOT_ACCEPTED: Case = Case {
    cause: "the default is none of the values that the column, which is to be made, accepts",
    resolution: Resolution::new(
        "choose another default, or make the column so that it accepts this one",
        &[],
    ),
};

/// The default as it is kept: as the value that it is now.
///
/// # Errors
/// Rows could not hold it: of a global choice, an option that is not published.
pub(super) fn settled(snapshot: &Snapshot, table: &TableDef, column: &ColumnDef) -> Result<Option<serde_json::Value>> {
    let Some(default) = &column.default else {
        return Ok(None);
    };
    let mut column = column.clone();
    let global = column.kind.global().and_then(|name| snapshot.global_choice(name));
    if let (Some(row), Some(options)) = (global, column.kind.options_mut()) {
        *options = options::parse(row.text("options").unwrap_or("[]"))?;
    }
    coerce::default(table, &column, default).map_err(|error| match error.code() == Code::OUT_OF_RANGE {
        true => error.in_case(&NOT_ACCEPTED),
        false => error,
    })
}
