//! Compiled plug-ins on disk. The files are machine code, so none is loaded that this host
//! did not write: each carries a MAC under a key that only this host's user can read, in a folder
//! that only this user can write.

use std::{
    fs::{self, File},
    hash::{Hash, Hasher},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::{os, plugin::Digest};

/// All files together have at most so many bytes.
const KEPT: u64 = 1 << 30;

/// One has at most so many.
const LARGEST: u64 = 300 << 20;

/// How many bytes key and MAC have.
const SIZE: usize = 32;

/// A folder of compiled plug-ins for one kind of engine.
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; SIZE],
    engine: [u8; SIZE],
}

impl Cache {
    /// The cache in `dir`, which is made if need be. `None` where that is not possible: then
    /// plug-ins are compiled in memory.
    pub(crate) fn open(dir: PathBuf, engine: &Engine) -> Option<Self> {
        match trusted_key(&dir) {
            Ok(key) => {
                let cache = Self {
                    dir,
                    key,
                    engine: engine_hash(engine),
                };
                cache.begin();
                Some(cache)
            }
            Err(error) => {
                tracing::warn!(dir = %dir.display(), %error, "no cache of compiled plug-ins: each start compiles them");
                None
            }
        }
    }

    /// The compiled plug-in, if it is there and is what this host wrote.
    pub(crate) fn get(&self, engine: &Engine, digest: &Digest, hex: &str) -> Option<Component> {
        let path = self.path(hex);
        // Read once: the bytes that are checked are the bytes that are loaded.
        let file = read(&path, LARGEST).ok()?;
        let (mac, code) = file.split_at_checked(SIZE)?;
        if self.mac(digest, code)?.verify_slice(mac).is_err() {
            tracing::warn!(path = %path.display(), "a cached plug-in was changed from outside: compiling it again");
            return None;
        }
        load(engine, code)
            .inspect_err(|error| tracing::warn!(%error, "a cached plug-in does not load: compiling it again"))
            .ok()
    }

    /// Keeps a compiled plug-in. That it fails costs time only.
    pub(crate) fn put(&self, code: &[u8], digest: &Digest, hex: &str) {
        let written = || -> io::Result<()> {
            let mac = self
                .mac(digest, code)
                .ok_or_else(|| io::Error::other("no MAC"))?
                .finalize()
                .into_bytes();
            let temporary = self.dir.join(format!("{hex}.{}.new", suffix()?));
            let result = write_new(&temporary, &[&mac, code]).and_then(|()| fs::rename(&temporary, self.path(hex)));
            if result.is_err() {
                fs::remove_file(&temporary)?;
            }
            result
        };
        if let Err(error) = written() {
            tracing::warn!(dir = %self.dir.display(), %error, "a compiled plug-in was not kept");
        }
        self.prune(KEPT);
    }

    /// Waits until no other process compiles into this folder; until what is given back is dropped,
    /// none does.
    pub(crate) fn alone(&self) -> io::Result<File> {
        let path = self.dir.join("compiling");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        file.lock()?;
        Ok(file)
    }

    /// What another version of this program compiled goes at the first start of this one.
    fn begin(&self) {
        let mark = self.dir.join("version");
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        if read(&mark, 64).is_ok_and(|known| known == version) {
            return;
        }
        self.prune(0);
        let _ = fs::remove_file(&mark);
        let _ = write_new(&mark, &[version]);
    }

    /// Removes the oldest files until no more than `kept` bytes are left.
    fn prune(&self, kept: u64) {
        let mut files = self.files();
        files.sort_by_key(|(_, _, written)| *written);
        let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (path, bytes, _) in files {
            if size <= kept {
                return;
            }
            if fs::remove_file(path).is_ok() {
                size = size.saturating_sub(bytes);
            }
        }
    }

    /// The compiled plug-ins, and what a process that was killed left of one.
    fn files(&self) -> Vec<(PathBuf, u64, SystemTime)> {
        let Ok(entries) = fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        let of = |entry: fs::DirEntry| {
            let path = entry.path();
            let is_new = path.extension().is_some_and(|ending| ending == "new");
            let is_code = path.extension().is_some_and(|ending| ending == "cwasm");
            let about = entry.metadata().ok()?;
            let written = about.modified().ok()?;
            // One that is being written now is left alone.
            let is_left = is_new && written.elapsed().is_ok_and(|age| age > Duration::from_secs(600));
            (is_code || is_left).then_some((path, about.len(), written))
        };
        entries.filter_map(|entry| of(entry.ok()?)).collect()
    }

    fn version(&self) -> String {
        self.engine.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    fn path(&self, hex: &str) -> PathBuf {
        self.dir.join(format!("{hex}-{}.cwasm", self.version()))
    }

    fn mac(&self, digest: &Digest, code: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(digest);
        mac.update(&self.engine);
        mac.update(code);
        Some(mac)
    }
}

/// What compiled code depends on besides the plug-in: wasmtime's version and settings, and the machine.
fn engine_hash(engine: &Engine) -> [u8; SIZE] {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

/// The key, of a folder that only this user can write.
fn trusted_key(dir: &Path) -> io::Result<[u8; SIZE]> {
    make_dir(dir)?;
    // Whose this process is is said by a file that it makes.
    let own = tempfile::tempfile()?;
    os::check_folder(dir, &own)?;
    key(dir, &own)
}

/// The key in `dir`; made at first use, by whichever process comes first.
fn key(dir: &Path, own: &File) -> io::Result<[u8; SIZE]> {
    let path = dir.join("key");
    let read = || {
        os::check_private(&os::open_plain(&path)?, own)?;
        let key = read(&path, SIZE as u64 + 1)?;
        key.try_into().map_err(|_| io::Error::other("the key is broken"))
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let mut key = [0; SIZE];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let temporary = dir.join(format!("key.{}.new", suffix()?));
    write_new(&temporary, &[&key])?;
    // A link, unlike a rename, fails where another process was first: both then read that key.
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(),
    }
}

/// Something that no other file's name has.
fn suffix() -> io::Result<String> {
    Ok(format!("{:08x}", getrandom::u32().map_err(io::Error::other)?))
}

fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// The bytes of an ordinary file that has no more than `most`.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = os::open_plain(path)?;
    if file.metadata()?.len() > most {
        return Err(io::Error::other("it is larger than anything that was written here"));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Machine code becomes a component.
pub(crate) fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    #[expect(
        unsafe_code,
        reason = "machine code is loaded; it comes from this host's own compiler, or has a MAC that says so"
    )]
    let component = unsafe { Component::deserialize(engine, code) };
    component
}

/// Writes a file that only this user can read, and that must not be there yet.
fn write_new(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}
