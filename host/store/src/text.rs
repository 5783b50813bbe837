//! The collation of every text column, and the functions that search in texts, by the names that
//! statements call them. What they do is [`sluice_model::text`], by the language of the file.

use std::sync::Arc;

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::FromSqlError,
};
use sluice_model::{Error, Result, text};

pub use sluice_model::text::Collation;

use crate::{fault::fault, session::Session, sums};

/// The name of the collation.
pub(crate) const COLLATION: &str = "UNICODE_CI";
/// `CONTAINS(text, part)`.
pub(crate) const CONTAINS: &str = "sluice_contains";
/// `STARTS(text, part)`.
pub(crate) const STARTS: &str = "sluice_starts_with";
/// `ENDS(text, part)`.
pub(crate) const ENDS: &str = "sluice_ends_with";

/// Whether a text has a part, which is given as its fold.
type Search = fn(&Collation, &str, &str) -> bool;

/// Gives a connection the collation and the functions.
pub(crate) fn teach(conn: &Connection, collation: &'static Collation) -> Result<()> {
    conn.create_collation(COLLATION, |one, other| collation.compare(one, other))
        .map_err(fault)?;
    let searches: [(&str, Search); 3] = [
        (CONTAINS, Collation::contains),
        (STARTS, Collation::starts_with),
        (ENDS, Collation::ends_with),
    ];
    for (name, search) in searches {
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
        conn.create_scalar_function(name, 2, flags, move |context| run(collation, search, context))
            .map_err(fault)?;
    }
    sums::teach(conn)
}

fn run(collation: &Collation, search: Search, context: &Context<'_>) -> rusqlite::Result<Option<bool>> {
    // The part is the same in all rows: it is folded once.
    let part: Arc<Option<String>> = context.get_or_create_aux(1, |part| -> std::result::Result<_, FromSqlError> {
        Ok(part.as_str_or_null()?.map(|part| collation.fold(part).into_owned()))
    })?;
    let text = context.get_raw(0).as_str_or_null()?;
    Ok(text
        .zip(part.as_deref())
        .map(|(text, part)| search(collation, text, part)))
}

impl Session {
    /// Learns how the texts of the file compare. A file that says nothing was made before there
    /// were languages.
    pub(crate) fn learn(&mut self) -> Result<()> {
        let language = self.meta("language")?.unwrap_or(i64::from(text::DEFAULT_LANGUAGE));
        let found = i32::try_from(language).ok().and_then(Collation::of);
        let collation = found.ok_or_else(|| {
            Error::host(format!(
                "the organisation's base language {language} is none that this version knows; use the version that made it"
            ))
        })?;
        teach(&self.conn, collation)?;
        self.collation = collation;
        Ok(())
    }

    /// Whether the indexes were made by the rules for texts of this version.
    pub(crate) fn has_our_order(&self) -> Result<bool> {
        Ok(self.meta("collation")? == Some(text::VERSION))
    }

    /// Makes the indexes anew by the rules of this version.
    pub(crate) fn order_anew(&self) -> Result<()> {
        self.batch(&format!("REINDEX {COLLATION}"))?;
        self.remember("collation", text::VERSION)
    }

    /// Notes in a new file how its texts compare.
    pub(crate) fn speak(&mut self, collation: &'static Collation) -> Result<()> {
        self.remember("language", i64::from(collation.language()))?;
        self.remember("collation", text::VERSION)
    }

    /// A number that the file notes under a name.
    pub(crate) fn meta(&self, key: &str) -> Result<Option<i64>> {
        let mut statement = self.statement("SELECT \"value\" FROM \"_meta\" WHERE \"key\" = ?")?;
        let mut rows = statement.query([key]).map_err(fault)?;
        let row = rows.next().map_err(fault)?;
        row.map(|row| row.get(0)).transpose().map_err(fault)
    }
}
