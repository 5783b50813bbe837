//! The screen that people look at: how wide it is, and what time it is for them.

use std::{
    io::{self, IsTerminal},
    sync::OnceLock,
};

use sluice_model::{Timestamp, Uuid};

/// The screen that people look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u16,
    pub(crate) now: Timestamp,
}

/// What of a screen is known once it is; nothing, where the output goes elsewhere.
static SCREEN: OnceLock<Option<Screen>> = OnceLock::new();

/// The screen, where one is there.
pub(crate) fn screen() -> Option<Screen> {
    SCREEN.get().copied().flatten()
}

/// Says what time it is for those who look at a screen.
pub(crate) fn set(now: Timestamp) {
    let of_terminal = || {
        let (_, width) = console::Term::stdout().size_checked()?;
        Some(Screen { width, now })
    };
    SCREEN.get_or_init(|| of_terminal().filter(|_| io::stdout().is_terminal()));
}

/// How many digits from the end tell the ids of a column apart, five at least; nothing, where it
/// holds none.
pub(crate) fn ends(cells: &[&String]) -> Option<usize> {
    const LEAST: usize = 5;
    let mut ids: Vec<&str> = cells
        .iter()
        .filter(|cell| cell.parse::<Uuid>().is_ok())
        .map(|cell| cell.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let whole = ids.first()?.len();
    (LEAST..=whole).find(|end| {
        let mut short: Vec<&str> = ids
            .iter()
            .filter_map(|id| id.get(id.len().checked_sub(*end)?..))
            .collect();
        short.sort_unstable();
        short.dedup();
        short.len() == ids.len()
    })
}
