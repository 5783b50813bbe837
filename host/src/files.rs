//! Files named on the command line.

use std::{
    fs::{File, OpenOptions},
    io::ErrorKind,
    path::Path,
};

use anyhow::Context as _;
use sluice_model::Error;

use crate::failure::Usage;

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

/// Writes a file, which has its name only when it is whole. One that is there is replaced only
/// with `force`, and never the organisation itself.
pub(crate) fn save<T>(
    organisation: &Path,
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut File) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let exists = || -> anyhow::Error {
        Error::invalid(format!(
            "{} exists already; choose another name, or replace it with --force",
            path.display()
        ))
        .into()
    };
    let unwritable = || format!("{} cannot be written", path.display());
    let there = path.symlink_metadata().is_ok();
    // What a link leads to is replaced, not the link.
    let path = &match there {
        true => path.canonicalize().with_context(unwritable)?,
        false => path.to_path_buf(),
    };
    let replaced = path.metadata().ok().filter(|_| there);
    if let Some(other) = replaced.as_ref().filter(|there| !there.is_file()) {
        let what = if other.is_dir() { "a folder" } else { "no ordinary file" };
        return Err(Usage::because(format!("{} is {what}; name a file", path.display())));
    }
    if there && !force {
        return Err(exists());
    }
    if there && is_of_organisation(organisation, path) {
        return Err(Usage::because(format!(
            "{} is a file of the organisation itself; choose another name",
            path.display()
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // With the permissions of an ordinary file, and gone again unless it becomes whole.
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".part")
        .make_in(folder.unwrap_or(Path::new(".")), |path| {
            OpenOptions::new().write(true).create_new(true).open(path)
        })
        .with_context(unwritable)?;
    let written = write(file.as_file_mut())?;
    if let Some(replaced) = replaced {
        file.as_file()
            .set_permissions(replaced.permissions())
            .with_context(unwritable)?;
    }
    file.as_file().sync_all().with_context(unwritable)?;
    if force {
        file.persist(path)
            .map_err(|error| error.error)
            .with_context(unwritable)?;
    } else {
        file.persist_noclobber(path).map_err(|error| match error.error.kind() {
            ErrorKind::AlreadyExists => exists(),
            _ => anyhow::Error::new(error.error).context(unwritable()),
        })?;
    }
    Ok(written)
}

/// Whether the path is the organisation's file, or one that the database keeps beside it.
fn is_of_organisation(organisation: &Path, path: &Path) -> bool {
    let Ok(organisation) = organisation.canonicalize() else {
        return false;
    };
    ["", "-wal", "-shm"].iter().any(|ending| {
        let mut name = organisation.clone().into_os_string();
        name.push(ending);
        path.as_os_str() == name
    })
}
