//! Compiled plug-ins on disk. The files are machine code, so none is loaded that this host
//! did not write: each carries a MAC under a key that only this host's user can read.

use std::{
    fs,
    hash::{Hash, Hasher},
    io::{self, Write},
    path::{Path, PathBuf},
};

use hmac::{Hmac, Mac};
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::plugin::Digest;

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
        match make_dir(&dir).and_then(|()| key(&dir)) {
            Ok(key) => Some(Self {
                dir,
                key,
                engine: engine_hash(engine),
            }),
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
        let file = fs::read(&path).ok()?;
        let (mac, code) = file.split_at_checked(SIZE)?;
        if self.mac(digest, code)?.verify_slice(mac).is_err() {
            tracing::warn!(path = %path.display(), "a cached plug-in was changed from outside: compiling it again");
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "machine code is loaded; the MAC above says that this host compiled it"
        )]
        let component = unsafe { Component::deserialize(engine, code) };
        component
            .inspect_err(|error| tracing::warn!(%error, "a cached plug-in does not load: compiling it again"))
            .ok()
    }

    /// Keeps a compiled plug-in. That it fails costs time only.
    pub(crate) fn put(&self, component: &Component, digest: &Digest, hex: &str) {
        let written = || -> io::Result<()> {
            let code = component.serialize().map_err(io::Error::other)?;
            let mac = self
                .mac(digest, &code)
                .ok_or_else(|| io::Error::other("no MAC"))?
                .finalize()
                .into_bytes();
            let temporary = self.dir.join(format!("{hex}.{}.new", suffix()?));
            let result = write_new(&temporary, &[&mac, &code]).and_then(|()| fs::rename(&temporary, self.path(hex)));
            if result.is_err() {
                fs::remove_file(&temporary)?;
            }
            result
        };
        if let Err(error) = written() {
            tracing::warn!(dir = %self.dir.display(), %error, "a compiled plug-in was not kept");
        }
    }

    fn path(&self, hex: &str) -> PathBuf {
        let engine: String = self.engine.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(format!("{hex}-{engine}.cwasm"))
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

/// The key in `dir`; made at first use, by whichever process comes first.
fn key(dir: &Path) -> io::Result<[u8; SIZE]> {
    let path = dir.join("key");
    let read = || {
        let key = fs::read(&path)?
            .try_into()
            .map_err(|_| io::Error::other("the key is broken"))?;
        if is_private(&path)? {
            Ok(key)
        } else {
            Err(io::Error::other("others than this user can read the key"))
        }
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

#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(path)?.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
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
