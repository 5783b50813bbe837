//! The cache of compiled plug-ins: used where it is whole, distrusted where it is not.

use std::{fs, path::Path};

use sluice_sandbox::{Sandbox, Settings};

use crate::{
    files::SMALLEST,
    support::{self, Fake, call},
};

fn settings(dir: &Path) -> Settings {
    Settings {
        cache_dir: Some(dir.to_owned()),
        ..support::settings()
    }
}

fn works(dir: &Path) {
    let sandbox = Sandbox::new(settings(dir)).unwrap();
    let plugin = sandbox.load(&SMALLEST).unwrap();
    assert_eq!(sandbox.call(&plugin, call("any"), Fake::default()).outcome, Ok(()));
}

fn compiled(dir: &Path) -> std::path::PathBuf {
    let mut entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let found = entries
        .find(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
        .unwrap();
    assert!(!entries.any(|path| path.extension().is_some_and(|extension| extension == "new")));
    found
}

#[test]
fn a_compiled_plugin_is_kept_and_used() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let path = compiled(dir.path());
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    works(dir.path());
    assert_eq!(
        fs::metadata(&path).unwrap().modified().unwrap(),
        written,
        "it was compiled again"
    );
}

#[cfg(unix)]
#[test]
fn the_key_is_this_users_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let (key, code) = (dir.path().join("key"), compiled(dir.path()));
    for path in [&key, &code] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A key that others could have read vouches for nothing.
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(&code).unwrap();
    works(dir.path());
    assert!(!code.exists());
}

#[test]
fn a_changed_file_is_compiled_again_and_never_loaded() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let path = compiled(dir.path());
    let whole = fs::read(&path).unwrap();
    for at in [0, 31, 32, 100, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        works(dir.path());
        assert_eq!(fs::read(&path).unwrap(), whole, "byte {at}: not written again");
    }
    for length in [0, 10, 32, 33, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        works(dir.path());
        assert_eq!(fs::read(&path).unwrap(), whole, "length {length}: not written again");
    }
}

#[test]
fn a_file_under_another_key_or_name_is_not_loaded() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    works(one.path());
    works(two.path());
    let (from, to) = (compiled(one.path()), compiled(two.path()));
    let own = fs::read(&to).unwrap();
    fs::copy(&from, &to).unwrap();
    works(two.path());
    assert_eq!(fs::read(&to).unwrap(), own, "another host's code was taken");
}

#[test]
fn without_a_usable_folder_plugins_are_compiled_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    works(&file);
    works(&file.join("below"));
    fs::write(dir.path().join("key"), "a broken key").unwrap();
    works(dir.path());
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_may_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    fs::remove_file(compiled(dir.path())).unwrap();
    let key = fs::read(dir.path().join("key")).unwrap();
    for mode in [0o777, 0o720, 0o702] {
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
        works(dir.path());
        let code = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(code.filter(|path| path.extension().is_some()).count(), 0, "{mode:o}");
    }
    assert_eq!(fs::read(dir.path().join("key")).unwrap(), key);
    // Nor a key that is a link.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(dir.path().join("key"), dir.path().join("other")).unwrap();
    std::os::unix::fs::symlink("other", dir.path().join("key")).unwrap();
    works(dir.path());
    assert!(
        !fs::read_dir(dir.path())
            .unwrap()
            .any(|entry| entry.unwrap().path().extension().is_some())
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let path = compiled(dir.path());
    let whole = fs::read(&path).unwrap();
    for target in ["/dev/zero", "copy", "nowhere"] {
        fs::write(dir.path().join("copy"), &whole).unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(target, &path).unwrap();
        works(dir.path());
        assert!(
            path.symlink_metadata().unwrap().is_file(),
            "{target}: it was compiled anew"
        );
    }
}

#[test]
fn the_cache_is_pruned() {
    let dir = tempfile::tempdir().unwrap();
    works(dir.path());
    let path = compiled(dir.path());
    let name = path.file_name().unwrap().to_str().unwrap();
    let old = dir.path().join(format!("old{}", &name[name.rfind('-').unwrap()..]));
    let file = fs::File::create(&old).unwrap();
    file.set_len(1 << 30).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::remove_file(&path).unwrap();
    works(dir.path());
    assert!(path.exists() && !old.exists(), "the oldest goes");
    // What another version compiled goes when this one begins.
    let other = dir.path().join("old-0123456789abcdef.cwasm");
    fs::write(&other, "code").unwrap();
    works(dir.path());
    assert!(other.exists());
    fs::write(dir.path().join("version"), "another").unwrap();
    works(dir.path());
    assert!(path.exists() && !other.exists());
}
