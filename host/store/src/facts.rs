//! What an access decision itself needs to know of rows, and nothing else: whose a row is,
//! where it lies, who shares it, whether it is there. The one door without a permit.

use std::collections::HashMap;

use sluice_access::{PrincipalId, RowFacts, Shared};
use sluice_model::{ColumnDef, Error, Name, Ownership, PrincipalKind, Result, Rights, Row, TableDef, Uuid};

use crate::{
    Tx,
    fault::fault,
    form, rows,
    session::Session,
    sql::{SHARES, ShareMask, bind, build},
};

/// The facts that a writing unit has asked for. One request asks about the same few rows again
/// and again; nobody else can change them before it is done, and what it changes of them itself
/// is forgotten here.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<(Name, Uuid), Vec<Asked>>);

/// What came of a question about a row.
#[derive(Debug)]
struct Asked {
    /// For whom its shares were asked; `None` where it is shared with nobody, whoever asks.
    principals: Option<Box<[PrincipalId]>>,
    facts: RowFacts,
}

impl Known {
    /// More rows than one request is about: it walks a table. Start again.
    const MANY: usize = 1024;

    fn get(&self, table: &TableDef, id: Uuid, principals: &[PrincipalId]) -> Option<RowFacts> {
        let of_row = self.0.get(&(table.name.clone(), id))?;
        let is_same = |asked: &&Asked| asked.principals.as_deref().is_none_or(|asked| *asked == *principals);
        match (of_row.iter().find(is_same), of_row.first()) {
            (Some(asked), _) => Some(asked.facts),
            // Whoever was asked for: with nobody, nothing is shared.
            (None, Some(asked)) if principals.is_empty() => Some(RowFacts {
                shared: Shared::default(),
                ..asked.facts
            }),
            _ => None,
        }
    }

    fn keep(&mut self, table: &TableDef, principals: Option<&[PrincipalId]>, facts: RowFacts) {
        if self.0.len() >= Self::MANY {
            self.0.clear();
        }
        let of_row = self.0.entry((table.name.clone(), facts.id)).or_default();
        of_row.push(Asked {
            principals: principals.map(Into::into),
            facts,
        });
    }

    /// A row was added: nobody shares it yet.
    pub(crate) fn added(&mut self, table: &TableDef, row: &Row) {
        let Some(unit) = build::unit_column(table) else { return };
        let owner = row.lookup("ownerid").filter(|_| table.ownership == Ownership::User);
        let facts = RowFacts {
            id: row.id,
            owner: owner.map(|owner| PrincipalId {
                id: owner.id,
                kind: kind_of(Some(&owner.table)),
            }),
            business_unit: if *table.key == *unit {
                Some(row.id)
            } else {
                row.id_of(unit)
            },
            shared: Shared::default(),
            limit: Shared::default(),
            reader: Shared::default(),
        };
        self.keep(table, None, facts);
    }

    /// Columns of a row are about to change: whose it is, perhaps, or who shares another.
    pub(crate) fn changing(&mut self, table: &TableDef, columns: &[&ColumnDef]) {
        let unit = build::unit_column(table);
        let decides = |column: &&ColumnDef| *column.name == *"ownerid" || Some(&*column.name) == unit;
        if *table.name == *SHARES || columns.iter().any(decides) {
            self.0.clear();
        }
    }

    /// A row is about to be added: that somebody shares another, perhaps.
    pub(crate) fn adding(&mut self, table: &TableDef) {
        if *table.name == *SHARES {
            self.0.clear();
        }
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

/// The facts of an organisation's rows, within a transaction.
#[derive(Debug)]
pub struct Facts<'a>(&'a mut Tx);

impl Tx {
    /// What a decision needs, and nothing else.
    pub fn facts(&mut self) -> Facts<'_> {
        Facts(self)
    }
}

impl Facts<'_> {
    /// The facts of one row, with what it shares with any of the principals; `None` where
    /// there is no such row.
    ///
    /// # Errors
    /// A host error where no transaction is open or the file cannot be read.
    pub fn row(&mut self, table: &TableDef, id: Uuid, principals: &[PrincipalId]) -> Result<Option<RowFacts>> {
        let session = self.0.session()?;
        if let Some(known) = session.known.get(table, id, principals) {
            return Ok(Some(known));
        }
        // A table that was made anew may belong to others.
        let unit = build::unit_column(table).unwrap_or_default();
        let owned = if table.ownership == Ownership::User { " o " } else { " " };
        let sql = session.sql(
            |key| key.extend(["f ", &table.name, owned, unit]),
            || build::facts(table),
        );
        let mut statement = session.statement(&sql)?;
        bind::cells(&mut statement, [&form::id(id)])?;
        let mut found = statement.raw_query();
        let Some(row) = found.next().map_err(fault)? else {
            return Ok(None);
        };
        let uuid = |index| -> Result<Option<Uuid>> {
            let bytes = row
                .get_ref(index)
                .and_then(|cell| Ok(cell.as_blob_or_null()?))
                .map_err(fault)?;
            Ok(bytes.and_then(form::uuid))
        };
        let (owner, business_unit) = (uuid(0)?, uuid(2)?);
        let kind = row.get_ref(1).and_then(|cell| Ok(cell.as_str_or_null()?));
        let kind = kind_of(kind.map_err(fault)?);
        drop(found);
        drop(statement);
        let (own, inherited) = shares(session, table, id, principals)?;
        let facts = RowFacts {
            id,
            owner: owner.map(|id| PrincipalId { id, kind }),
            business_unit,
            shared: Shared {
                own,
                inherited,
                ..Shared::default()
            },
            limit: Shared::default(),
            reader: Shared::default(),
        };
        if session.writable {
            session.known.keep(table, Some(principals), facts);
        }
        Ok(Some(facts))
    }

    /// Whether a row of the table has that id in a column, whatever it points at.
    ///
    /// # Errors
    /// A host error where no transaction is open or the file cannot be read.
    pub fn holds(&mut self, table: &TableDef, column: &str, id: Uuid) -> Result<bool> {
        rows::has(self.0.session()?, &table.name, column, id)
    }

    /// Whether the row is there.
    ///
    /// # Errors
    /// A host error where no transaction is open or the file cannot be read.
    pub fn exists(&mut self, table: &TableDef, id: Uuid) -> Result<bool> {
        rows::has(self.0.session()?, &table.name, &table.key, id)
    }
}

/// The kind of a principal, by its table.
fn kind_of(table: Option<&str>) -> PrincipalKind {
    match table {
        Some("team") => PrincipalKind::Team,
        _ => PrincipalKind::User,
    }
}

/// What a row shares with any of the principals, and what they inherit there. The search is by the two ids, which the index
/// has; of the few rows found those count whose tables are right, too.
fn shares(session: &mut Session, table: &TableDef, id: Uuid, principals: &[PrincipalId]) -> Result<(Rights, Rights)> {
    let mask = session.share_mask()?;
    if principals.is_empty() || mask == ShareMask::None {
        return Ok((Rights::NONE, Rights::NONE));
    }
    let count = principals.len();
    let sql = session.sql(
        |key| key.push_str(&format!("s {mask:?} {count}")),
        || build::shares(mask, count),
    );
    let mut statement = session.statement(&sql)?;
    let ids: Vec<form::Cell<'_>> = std::iter::once(id)
        .chain(principals.iter().map(|principal| principal.id))
        .map(form::id)
        .collect();
    bind::cells(&mut statement, &ids)?;
    let mut found = statement.raw_query();
    let (mut own, mut inherited) = (Rights::NONE, Rights::NONE);
    while let Some(row) = found.next().map_err(fault)? {
        if !is_of(row, table, principals)? {
            continue;
        }
        let mask = |index| {
            let bits: i64 = row.get(index).map_err(fault)?;
            let bits = u32::try_from(bits);
            bits.map(Rights)
                .map_err(|_| Error::host(format!("row {id} has a share whose mask is no mask")))
        };
        own = own | mask(0)?;
        inherited = inherited | mask(4)?;
    }
    Ok((own, inherited))
}

/// Whether a share is one of a row of this table with one of these principals.
fn is_of(share: &rusqlite::Row<'_>, table: &TableDef, principals: &[PrincipalId]) -> Result<bool> {
    let text = |index| share.get_ref(index).and_then(|cell| Ok(cell.as_str_or_null()?));
    let (shared, with) = (text(1).map_err(fault)?, text(2).map_err(fault)?);
    let id = share.get_ref(3).and_then(|cell| Ok(cell.as_blob_or_null()?));
    let id = id.map_err(fault)?.and_then(form::uuid);
    let asked = |principal: &PrincipalId| with == Some(principal.kind.table()) && id == Some(principal.id);
    Ok(shared == Some(&*table.name) && principals.iter().any(asked))
}

impl Session {
    /// How shares are read here.
    pub(crate) fn share_mask(&mut self) -> Result<ShareMask> {
        if let Some(mask) = self.shares {
            return Ok(mask);
        }
        let has = |column| self.conn.column_exists(None, SHARES, column).map_err(fault);
        let mask = match (has("accessrightsmask")?, has("inheritedaccessrightsmask")?) {
            (true, true) => ShareMask::Inherited,
            (true, false) => ShareMask::Direct,
            // Not remembered: the table may be made yet.
            (false, _) => return Ok(ShareMask::None),
        };
        self.shares = Some(mask);
        Ok(mask)
    }
}
