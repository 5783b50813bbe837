//! Files that commands write.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use anyhow::Context as _;
use sluice_engine::check_target;
use sluice_model::Error;

use crate::{context::Context, output::Outcome, usage::Usage};

/// Makes a file for nobody else to read, as the organisation's own is: what commands write comes out of that.
fn make_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a file that is written bit by bit; never in the place of another.
pub(crate) fn make_new(path: &Path) -> io::Result<File> {
    check_target(path).map_err(io::Error::other)?;
    make_private(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("{} exists already; choose another name, or remove it", path.display());
            io::Error::new(error.kind(), message)
        }
        _ => error,
    })
}

/// Writes what a command was asked for, and says so: to standard output, where `path` is `-`, which
/// then has nothing else; else into a file.
pub(crate) fn deliver<T>(
    context: &Context,
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
    told: impl FnOnce(T) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    if path != Path::new("-") {
        let written = save(context.path()?, path, force, |file| write(file))?;
        return Ok(context.did(told(written)?));
    }
    if context.json() {
        return Err(Usage::because(
            "standard output takes the file or one JSON document, not both",
        ));
    }
    let mut stdout = io::stdout().lock();
    write(&mut stdout)?;
    stdout.flush().context("standard output cannot be written")?;
    Ok(Outcome::printed())
}

/// Writes a file, which has its name only when it is whole. One that is there is replaced only
/// with `force`, and never the organisation itself.
fn save<T>(
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
    check_target(path)?;
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
    check_target(path)?;
    if there && is_of_organisation(organisation, path) {
        return Err(Usage::because(format!(
            "{} is a file of the organisation itself; choose another name",
            path.display()
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Gone again unless it becomes whole.
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".part")
        .make_in(folder.unwrap_or(Path::new(".")), make_private)
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

/// Whether the path is the organisation's file; those beside it are no targets at all.
fn is_of_organisation(organisation: &Path, path: &Path) -> bool {
    organisation
        .canonicalize()
        .is_ok_and(|organisation| organisation == path)
}
