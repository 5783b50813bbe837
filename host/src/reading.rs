//! Files that are read: those that the command line names, and the program's own. None is read without a bound.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::Context as _;
use sluice_model::{Code, Error, Right};

use crate::{door::Door, text};

/// No text and no plug-in that is taken is larger. What has no end, such as `/dev/zero`, is read
/// no further.
const LARGEST: u64 = 16 << 20;

/// Refuses a user without roles, who may do nothing: before anything is read that says what it is about.
pub(crate) fn allowed(session: &dyn Door) -> sluice_model::Result<()> {
    match session.check_privilege("savedquery", Right::Read) {
        Err(error) if error.code() == Code::NO_ROLES => Err(error),
        _ => Ok(()),
    }
}

/// A file to be read; standard input, where `path` is `-`.
pub(crate) fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    Ok(match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).with_context(|| format!("{} cannot be read", path.display()))?),
    })
}

/// The bytes of a file, as many as `largest` at most; of standard input, where `path` is `-`.
pub(crate) fn bytes_within(path: &Path, largest: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut bytes = Vec::new();
    open(path)?
        .take(largest + 1)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    if bytes.len() as u64 > largest {
        return Err(Error::invalid(format!(
            "{} is larger than the {} that are taken",
            path.display(),
            text::bytes(largest)
        ))
        .into());
    }
    Ok(bytes)
}

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    bytes_within(path, LARGEST)
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    text_within(path, LARGEST)
}

/// The text of a file that describes something: it is made into far more than it is long.
pub(crate) fn description(path: &Path) -> anyhow::Result<String> {
    text_within(path, 1 << 20)
}

/// The text of a file of as many bytes as `largest` at most. The mark that some editors put before it is no part
/// of it.
pub(crate) fn text_within(path: &Path, largest: u64) -> anyhow::Result<String> {
    let mut text = String::from_utf8(bytes_within(path, largest)?)
        .with_context(|| format!("{} cannot be read as text", path.display()))?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

/// The byte order mark.
const MARK: char = '\u{feff}';

/// A value as it stands, or, as `@FILE`, the contents of a file.
pub(crate) fn text_or_file(value: &str) -> anyhow::Result<String> {
    match value.strip_prefix('@') {
        Some(path) => text(Path::new(path)),
        None => Ok(value.to_owned()),
    }
}
