//! The settings of the organisation, read out of its row.

use std::{sync::Arc, time::Duration};

use sluice_model::{Error, Result, Row, Uuid};

use super::Reader;
use crate::{
    gone::{self, GoneColumn},
    tables,
};

/// The settings in the organisation's row.
#[derive(Debug, Clone)]
pub struct OrganizationSettings {
    pub(crate) id: Uuid,
    /// The SYSTEM user, who founded it.
    pub(crate) founder: Uuid,
    pub(crate) name: Arc<str>,
    pub(crate) trace: TraceSetting,
    pub(crate) requests: RequestSetting,
    /// Whether it is noted which privileges are used.
    pub(crate) notes_use: bool,
    pub(crate) base_currency: Option<Uuid>,
    pub(crate) share_to_previous_owner: bool,
    /// Whether rows are owned across business units.
    pub(crate) across: AcrossUnits,
    /// Whether changes leave audit rows.
    pub audits: bool,
    /// The secured columns that are gone.
    pub(crate) gone: Arc<[GoneColumn]>,
    /// How long what a request runs inside its transaction may take.
    pub(crate) transaction: Duration,
    /// The whole row, for the settings of apps.
    pub row: Row,
}

/// Record ownership across business units: a user or team holds roles of any unit, and a row may lie in
/// another unit than its owner. Without it, every row lies in its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AcrossUnits {
    pub(crate) is_on: bool,
    /// A row goes into the unit of whom it is assigned to, and along with an owner who moves.
    pub(crate) moves_rows: bool,
    /// Who moves to another unit keeps the roles.
    pub(crate) keeps_roles: bool,
}

impl AcrossUnits {
    /// The column that switches it on.
    pub(crate) const COLUMN: &'static str = "sl_ownershipacross";

    /// As the organisation's row says it.
    pub(crate) fn of(row: &Row) -> Self {
        let is_on = row.bool(Self::COLUMN) == Some(true);
        Self {
            is_on,
            moves_rows: !is_on || row.bool("sl_moverowstoowner") != Some(false),
            keeps_roles: is_on && row.bool("sl_keeprolesonmove") == Some(true),
        }
    }
}

/// `organization.plugintracelogsetting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TraceSetting {
    Off,
    Exception,
    All,
}

impl TraceSetting {
    /// Whether something leaves a row that came out so.
    pub(crate) fn keeps(self, failed: bool) -> bool {
        match self {
            Self::Off => false,
            Self::Exception => failed,
            Self::All => true,
        }
    }
}

/// `organization.sl_tracerequests`: which requests are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestSetting {
    Off,
    Failed,
    All,
}

pub(super) fn settings(reader: &mut Reader<'_>) -> Result<OrganizationSettings> {
    let rows = reader.rows(tables::ORGANIZATION)?;
    let row = rows
        .first()
        .ok_or_else(|| Error::host("the organisation's own row is missing"))?;
    Ok(OrganizationSettings {
        id: row.id,
        founder: row
            .id_of("createdby")
            .ok_or_else(|| Error::host("the organisation has no SYSTEM user"))?,
        name: row.text("name").unwrap_or_default().into(),
        trace: match row.int("plugintracelogsetting") {
            Some(0) => TraceSetting::Off,
            Some(2) => TraceSetting::All,
            _ => TraceSetting::Exception,
        },
        requests: match row.int("sl_tracerequests") {
            Some(0) => RequestSetting::Off,
            Some(2) => RequestSetting::All,
            _ => RequestSetting::Failed,
        },
        notes_use: row.bool("sl_notesuse").unwrap_or(true),
        base_currency: row.id_of("basecurrencyid"),
        share_to_previous_owner: row.bool("sharetopreviousowneronassign").unwrap_or_default(),
        across: AcrossUnits::of(row),
        audits: row.bool("isauditenabled").unwrap_or_default(),
        gone: gone::read(row.text(gone::COLUMN).unwrap_or_default()).into(),
        transaction: transaction(row),
        row: row.clone(),
    })
}

/// How long a transaction may take, where the organisation says nothing: others wait for 30 s.
pub(super) const TRANSACTION: Duration = Duration::from_secs(20);

/// The longest that an organisation can allow it: the time of a whole message.
pub(crate) const LONGEST_TRANSACTION: Duration = Duration::from_secs(120);

pub(super) fn transaction(row: &Row) -> Duration {
    let seconds = row
        .int("sl_transactionlimit")
        .and_then(|seconds| u64::try_from(seconds).ok());
    let said = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    said.unwrap_or(TRANSACTION).min(LONGEST_TRANSACTION)
}
