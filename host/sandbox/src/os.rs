//! What the operating system is asked: how much this process may use, and whose a file is.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::Path,
    time::Duration,
};

/// Limits this process for good: its addresses, the files that it writes, its time on processors.
#[cfg(unix)]
pub(crate) fn limit(memory: u64, file: u64, seconds: u64) -> io::Result<()> {
    use rlimit::Resource;
    for (resource, most) in [
        (Resource::AS, memory),
        (Resource::FSIZE, file),
        (Resource::CPU, seconds),
        (Resource::CORE, 0),
    ] {
        // Who started it may have left less, and less cannot become more.
        let most = resource.get_hard()?.min(most);
        resource.set(most, most)?;
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn limit(_: u64, _: u64, _: u64) -> io::Result<()> {
    Err(io::Error::other("this system limits no process"))
}

/// How long this thread has worked on a processor.
#[cfg(unix)]
pub(crate) fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// How long the process has run: this system does not say how long a thread has worked.
#[cfg(not(unix))]
pub(crate) fn thread_time() -> Duration {
    static BEGAN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGAN.elapsed()
}

/// Refuses a folder that is another user's, or that others may write. `own` is a file that this
/// process has just made.
pub(crate) fn check_folder(path: &Path, own: &File) -> io::Result<()> {
    let about = fs::metadata(path)?;
    if !about.is_dir() {
        return Err(io::Error::other("it is no folder"));
    }
    check_owner(&about, own, 0o022)
}

/// Refuses a file that is another user's, or that others may read.
pub(crate) fn check_private(file: &File, own: &File) -> io::Result<()> {
    check_owner(&file.metadata()?, own, 0o077)
}

#[cfg(unix)]
fn check_owner(about: &Metadata, own: &File, others: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if about.uid() != own.metadata()?.uid() {
        return Err(io::Error::other("it belongs to another user"));
    }
    match about.mode() & others {
        0 => Ok(()),
        _ => Err(io::Error::other("others than this user have access to it")),
    }
}

#[cfg(not(unix))]
fn check_owner(_: &Metadata, _: &File, _: u32) -> io::Result<()> {
    Ok(())
}

/// Opens a file to read it, and nothing else: no link, no device, no pipe.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no ordinary file")),
    }
}
