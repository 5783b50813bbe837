//! Files named on the command line.

use std::path::Path;

use anyhow::Context as _;

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read as text", path.display()))
}

/// A value as it stands, or, as `@FILE`, the contents of a file.
pub(crate) fn text_or_file(value: &str) -> anyhow::Result<String> {
    match value.strip_prefix('@') {
        Some(path) => text(Path::new(path)),
        None => Ok(value.to_owned()),
    }
}
