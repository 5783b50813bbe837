//! Backups, and the way back. A backup has a seal at its end: the digest of all that comes before
//! it, which the database does not look at. A restored file gets its name only when it is whole and
//! known to be what was copied, and nobody has the file open whose place it takes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use sluice_model::{
    Code, Error, Remedy, Result,
    remedy::{Case, Resolution},
};
use tempfile::NamedTempFile;

use crate::{
    Options, Store,
    names::{self, check_target, side_files, with_ending},
    presence::scratch_in,
    session::Session,
    store::{folder_of, sync_folder},
};

/// What a seal begins with.
const MARK: &[u8; 16] = b"\0sluice backup 1";

/// The bytes of a seal: the mark and a SHA-256.
const SEAL: u64 = 16 + 32;

/// A file was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The file that it is now.
    pub path: PathBuf,
    /// Where the file is that had its place before.
    pub replaced: Option<PathBuf>,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether a seal said that it is what was copied.
    pub sealed: bool,
}

/// Ends a finished backup with its seal.
pub(crate) fn seal(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let digest = copy(&mut BufReader::new(&file), u64::MAX, &mut io::sink())?.1;
    file.seek(SeekFrom::End(0))?;
    file.write_all(MARK)?;
    file.write_all(&digest)
}

/// Which side of a copy fails.
enum Failed {
    Read(io::Error),
    Write(io::Error),
}

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Read(error) | Failed::Write(error) => error,
        }
    }
}

/// Copies at most so many bytes; how many there were, and their digest.
fn copy(from: &mut impl Read, most: u64, to: &mut impl Write) -> std::result::Result<(u64, [u8; 32]), Failed> {
    let (mut digest, mut copied) = (Sha256::new(), 0);
    let mut block = vec![0; 1 << 20];
    let mut from = from.take(most);
    loop {
        let read = from.read(&mut block).map_err(Failed::Read)?;
        let bytes = block.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((copied, digest.finalize().into()));
        }
        digest.update(bytes);
        to.write_all(bytes).map_err(Failed::Write)?;
        copied += read as u64;
    }
}

impl Store {
    /// Puts a backup in the place of the organisation at `to`, which is kept beside it under
    /// another name. The backup has to be what `backup` wrote, to the byte; with `unsealed`, a
    /// copy that was made in another way is taken if its pages are sound.
    ///
    /// # Errors
    /// The backup is damaged, was changed, or is none; another process has the file open; the
    /// disk is full. Then nothing has changed.
    pub fn restore(backup: &Path, to: &Path, unsealed: bool) -> Result<Restored> {
        check_target(to)?;
        Self::there(backup)?;
        let place = to;
        let shown = to.display().to_string();
        let failed =
            move |error: io::Error| Error::host(format!("`{shown}` cannot be restored: {error}; nothing was changed"));
        // What a link leads to is replaced.
        let to = match to.symlink_metadata() {
            Ok(_) => to.canonicalize().map_err(&failed)?,
            Err(_) => to.to_owned(),
        };
        check_target(&to)?;
        if backup.canonicalize().map_err(&failed)? == to {
            return Err(Error::invalid(format!(
                "`{}` is the organisation itself; name a backup of it",
                to.display()
            )));
        }
        let mut scratch = scratch_in(folder_of(&to)).map_err(&failed)?;
        let taken = take(backup, scratch.as_file_mut(), unsealed);
        let (bytes, sealed) = taken.map_err(|error| error.with_word("PLACE", place.display()))?;
        scratch.as_file().sync_all().map_err(&failed)?;
        check_pages(backup, scratch.path())?;
        let replaced = put(scratch, backup, &to).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => in_use(&to),
            _ => failed(error),
        })?;
        Ok(Restored {
            path: to,
            replaced,
            bytes,
            sealed,
        })
    }

    /// Whether a file is what `backup` wrote, to the byte. Nothing, where it has no seal: it is no backup, or was
    /// written since. Not to be asked by a process that has it open: the locks that it has on it would go.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_as_backed_up(path: &Path) -> Result<Option<bool>> {
        Self::there(path)?;
        let failed = |error: io::Error| Error::host(format!("`{}` cannot be read: {error}", path.display()));
        let mut file = File::open(path).map_err(failed)?;
        let (pages, seal) = sealed(&mut file).map_err(failed)?;
        let Some(known) = seal.filter(|_| !has_log(path)) else {
            return Ok(None);
        };
        let (_, digest) = copy(&mut file, pages, &mut io::sink()).map_err(|error| failed(error.into()))?;
        Ok(Some(digest == known))
    }
}

/// How many bytes come before the seal of a file, and the digest that this says; the file is at its beginning.
fn sealed(file: &mut File) -> io::Result<(u64, Option<[u8; 32]>)> {
    let pages = file.metadata()?.len().saturating_sub(SEAL);
    let mut seal = Vec::new();
    file.seek(SeekFrom::Start(pages))?;
    Read::by_ref(file).take(SEAL).read_to_end(&mut seal)?;
    file.rewind()?;
    let known = seal.strip_prefix(MARK.as_slice());
    Ok((pages, known.and_then(|known| known.try_into().ok())))
}

/// Whether a file ends as a sealed one: behind its pages, whose sizes are multiples of 512, with as many bytes as a seal
/// has, and without a log. To be asked of one that is open, too.
pub(crate) fn has_seal(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.len() % 512 == SEAL) && !has_log(path)
}

/// Whether a part of a file lies in its log.
fn has_log(path: &Path) -> bool {
    fs::metadata(with_ending(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// What is told of a copy that is no sealed backup: one that a restore put aside is one, too.
static UNSEALED: Case = Case {
    cause: "the file does not end with the seal of a backup that is whole",
    resolution: Resolution::new(
        "where it is meant, such as the organisation that an earlier restore put aside, ask for it without its seal: its \
         pages are checked",
        &[],
    ),
};

/// Copies a backup without its seal, which has to fit.
fn take(backup: &Path, to: &mut File, unsealed: bool) -> Result<(u64, bool)> {
    let failed = |error: io::Error| Error::host(format!("`{}` cannot be read: {error}", backup.display()));
    let broken_off = |error: Failed| match error {
        Failed::Read(error) => failed(error),
        Failed::Write(error) => Error::host(format!(
            "`{}` cannot be copied to the place of the organisation: {error}; nothing was changed",
            backup.display()
        )),
    };
    let refused = |why: &str| {
        Error::host(format!(
            "`{}` is not restored: {why}; nothing was changed",
            backup.display()
        ))
    };
    let mut file = File::open(backup).map_err(failed)?;
    let (pages, known) = sealed(&mut file).map_err(failed)?;
    match known {
        None if !unsealed => {
            let error = refused(
                "it has no seal, so it is no finished backup, or it was opened and written since; \
                 a copy that was made in another way has to be asked for as such",
            );
            let error = error.with_remedy(Remedy::RestoreUnsealed).in_case(&UNSEALED);
            Err(error.with_word("BACKUP", backup.display()))
        }
        None if has_log(backup) => Err(refused(
            "part of it still lies in the file that ends in -wal beside it; close the program that has it open, or make \
             a backup with it",
        )),
        None => Ok((copy(&mut file, u64::MAX, to).map_err(broken_off)?.0, false)),
        Some(known) => {
            let (bytes, digest) = copy(&mut file, pages, to).map_err(broken_off)?;
            match digest == known {
                true => Ok((bytes, true)),
                false => Err(refused(
                    "it is damaged: its bytes are not those that were copied into it",
                )),
            }
        }
    }
}

/// The copy is an organisation whose pages are sound.
fn check_pages(backup: &Path, scratch: &Path) -> Result<()> {
    // What is no database at all is told of the backup: the organisation's own file is another one.
    let read = Connection::open(names::as_file(scratch))
        .and_then(|file| file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)));
    if let Err(error) = read {
        return Err(Error::host(format!(
            "`{}` is not restored: it is damaged, or no backup ({error}); nothing was changed",
            backup.display()
        )));
    }
    let checked = Session::alone(scratch, &Options::default(), Duration::ZERO).and_then(|mut session| {
        session.form(backup)?;
        // Its indexes are in the order of its language.
        session.learn()?;
        session.check_sound(backup)
    });
    for side in side_files(scratch) {
        let _ = fs::remove_file(side);
    }
    checked
}

/// Gives the restored file its name, under a lock on the one that has it.
fn put(scratch: NamedTempFile, backup: &Path, to: &Path) -> io::Result<Option<PathBuf>> {
    let there = match OpenOptions::new().read(true).write(true).open(to) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let model = match &there {
        Some(file) => {
            lock_out(file)?;
            file.metadata()?
        }
        None => fs::metadata(backup)?,
    };
    scratch.as_file().set_permissions(model.permissions())?;
    let replaced = there.as_ref().map(|_| free_name(to));
    if let Some(replaced) = &replaced {
        give_second_name(to, replaced)?;
    }
    // What lies beside belongs to the file that goes, and would be played into the one that comes. It
    // goes after that file: whoever is killed in between leaves no file that lacks a part of it.
    let persisted = remove(to)
        .and_then(|()| side_files(to).iter().try_for_each(|side| remove(side)))
        .and_then(|()| scratch.persist_noclobber(to).map_err(|error| error.error));
    if let Err(error) = persisted {
        if let Some(replaced) = &replaced
            && give_second_name(replaced, to).is_ok()
        {
            let sides = side_files(replaced);
            sides.iter().chain([replaced]).for_each(|name| drop(remove(name)));
        }
        return Err(error);
    }
    sync_folder(to);
    drop(there);
    Ok(replaced)
}

/// Gives a file a second name, and what the database keeps beside it: first what lies beside.
fn give_second_name(path: &Path, name: &Path) -> io::Result<()> {
    for (side, second) in side_files(path).iter().zip(side_files(name)) {
        match fs::hard_link(side, second) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
                return Err(error);
            }
            _ => {}
        }
    }
    match fs::hard_link(path, name) {
        // It has not lost it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// `FILE.replaced`, or with a number, where that is taken.
fn free_name(to: &Path) -> PathBuf {
    let first = with_ending(to, ".replaced");
    let more = (2..).map(|number| with_ending(to, &format!(".replaced-{number}")));
    let is_free = |name: &PathBuf| {
        let mut names = side_files(name).into_iter().chain([name.clone()]);
        names.all(|name| name.symlink_metadata().is_err())
    };
    std::iter::once(first)
        .chain(more)
        .find(is_free)
        .unwrap_or_else(|| with_ending(to, ".replaced"))
}

/// Whoever has a database open has a lock on it, and nobody gets one while this one is held.
#[cfg(unix)]
fn lock_out(file: &File) -> io::Result<()> {
    use rustix::fs::{FlockOperation, fcntl_lock};
    Ok(fcntl_lock(file, FlockOperation::NonBlockingLockExclusive)?)
}

#[cfg(not(unix))]
fn lock_out(_: &File) -> io::Result<()> {
    Ok(())
}

fn in_use(to: &Path) -> Error {
    let message = format!(
        "another process has `{}` open; end it, then try again; nothing was changed",
        to.display()
    );
    Error::new(Code::BUSY, message)
}
