//! What the acting user may be told of the errors that the command line shows.

use std::sync::OnceLock;

use sluice_engine::{Session, Telling};

static NOW: OnceLock<Telling> = OnceLock::new();

/// What the acting user may know: a command has one. Before an organisation is open there is nothing to hide.
pub(crate) fn now() -> Telling {
    NOW.get().copied().unwrap_or(Telling::EVERYTHING)
}

/// From now on this is what the acting user may know; where it cannot be told, nothing.
pub(crate) fn keep(session: &Session) {
    let _ = NOW.set(session.telling().unwrap_or(Telling::NOTHING));
}

/// What somebody does who cannot cure it.
pub(crate) const ASK: &str = "ask an administrator";

/// The same, where there is a command that looks into it.
pub(crate) const HAND_ON: &str = "ask an administrator, and hand this on";
