//! The process that compiles: what it makes runs, and whatever becomes of it, nothing else does.

use std::time::Duration;

use sluice_model::{Code, codes::Kind};
use sluice_sandbox::{Compiler, Sandbox, Settings};

use crate::{
    files::SMALLEST,
    support::{self, Fake, HOSTILE, call},
};

fn with(compiler: Option<Compiler>) -> Sandbox {
    Sandbox::new(Settings {
        compiler,
        ..Settings::default()
    })
    .unwrap()
}

/// A compiler of shell.
fn shell(script: &str) -> Sandbox {
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_sluice-compile")];
    with(Some(Compiler::new("/bin/sh", arguments.map(Into::into).to_vec())))
}

#[test]
fn without_a_compiler_nothing_new_is_compiled() {
    let dir = tempfile::tempdir().unwrap();
    let settings = |compiler| Settings {
        cache_dir: Some(dir.path().to_owned()),
        compiler,
        ..Settings::default()
    };
    let error = Sandbox::new(settings(None)).unwrap().load(&SMALLEST).unwrap_err();
    assert_eq!(error.kind(), Kind::Host, "{error}");
    let compiler = support::settings().compiler;
    Sandbox::new(settings(compiler)).unwrap().load(&SMALLEST).unwrap();
    // What is in the cache is not new.
    let sandbox = Sandbox::new(settings(None)).unwrap();
    assert!(sandbox.ready(&SMALLEST).unwrap().is_some());
    let plugin = sandbox.load(&SMALLEST).unwrap();
    assert_eq!(sandbox.call(&plugin, call("any"), Fake::default()).outcome, Ok(()));
    assert!(sandbox.ready(&HOSTILE).unwrap().is_none());
}

#[test]
fn it_fails_closed() {
    for (script, code) in [
        ("kill -9 $$", Some(Code::PLUGIN_TOO_LARGE)),
        ("exit 101", Some(Code::PLUGIN_TOO_LARGE)),
        ("exit 1", Some(Code::FOREIGN_CONTRACT)),
        ("exit 2", None),
        ("echo nonsense", Some(Code::FOREIGN_CONTRACT)),
        ("exit 0", Some(Code::FOREIGN_CONTRACT)),
    ] {
        let error = shell(script).load(&SMALLEST).unwrap_err();
        match code {
            Some(code) => assert_eq!(error.code(), code, "{script}: {error}"),
            None => assert_eq!(error.kind(), Kind::Host, "{script}: {error}"),
        }
    }
    let missing = Compiler::new("/nowhere/compiler", Vec::new());
    assert_eq!(with(Some(missing)).load(&SMALLEST).unwrap_err().kind(), Kind::Host);
}

#[test]
fn too_little_memory_costs_the_plugin_and_not_the_host() {
    // Less than it gives itself, down to what it does not even start with.
    let ended: Vec<_> = (1..20)
        .map(|ten| shell(&format!("ulimit -v {ten}0000; exec \"$0\" \"$@\"")).load(&HOSTILE))
        .collect();
    let codes: Vec<_> = ended
        .iter()
        .filter_map(|ended| Some(ended.as_ref().err()?.code()))
        .collect();
    assert!(codes.contains(&Code::PLUGIN_TOO_LARGE), "{ended:?}");
    let plugin = support::sandbox().load(&HOSTILE).unwrap();
    assert_eq!(
        support::sandbox().call(&plugin, call("ok"), Fake::default()).outcome,
        Ok(())
    );
}

#[test]
fn it_limits_itself() {
    // Whoever starts it under wider limits finds it under its own.
    let sandbox = shell(
        "exec 3<&0; \"$0\" \"$@\" <&3 & grep -q 'Max address space *1073741824' /proc/$!/limits; r=$?; i=0; \
        while [ $r != 0 ] && [ $i -lt 1000 ]; do i=$((i+1)); \
        grep -q 'Max address space *1073741824' /proc/$!/limits; r=$?; done; wait $!; s=$?; [ $r = 0 ] || exit 9; exit $s",
    );
    sandbox.load(&HOSTILE).unwrap();
}

#[test]
fn a_compiler_that_takes_too_long_is_ended() {
    let own = support::settings().compiler.unwrap();
    let hurried = Compiler {
        time: Duration::from_millis(20),
        ..own.clone()
    };
    let error = with(Some(hurried)).load(&HOSTILE).unwrap_err();
    assert_eq!(error.code(), Code::PLUGIN_TOO_LARGE, "{error}");
    let limit = error.body().limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.allowed, limit.unit), ("compile", 20, "ms"));
    with(Some(own)).load(&HOSTILE).unwrap();
}

/// What a file is made into is made by the other process, too: the host itself looks at its size and
/// its structure only.
#[test]
fn a_module_becomes_a_component_elsewhere() {
    let module = crate::files::smallest_module();
    let component = support::sandbox().componentize(&module).unwrap();
    assert_eq!(component, sluice_sandbox::componentize(&module).unwrap());
    assert_eq!(with(None).componentize(&module).unwrap_err().kind(), Kind::Host);
    assert_eq!(
        with(None).componentize(&component).unwrap(),
        component,
        "there is nothing to be made"
    );
    for (script, code) in [
        ("kill -9 $$", Code::PLUGIN_TOO_LARGE),
        ("exit 101", Code::PLUGIN_TOO_LARGE),
        ("exit 1", Code::FOREIGN_CONTRACT),
        ("echo 0x80040217; echo x; exit 1", Code::FOREIGN_CONTRACT),
    ] {
        let error = shell(script).componentize(&module).unwrap_err();
        assert_eq!(error.code(), code, "{script}: {error}");
    }
    // The code of a refusal comes along with its sentence.
    let empty = wat::parse_str("(module)").unwrap();
    let here = sluice_sandbox::componentize(&empty).unwrap_err();
    let there = support::sandbox().componentize(&empty).unwrap_err();
    assert_eq!((there.code(), there.message()), (here.code(), here.message()));
    let broken = [&module[..module.len() - 3], b"\xff\xff\xff"].concat();
    let here = sluice_sandbox::componentize(&broken).unwrap_err();
    let there = support::sandbox().componentize(&broken).unwrap_err();
    assert_eq!((there.code(), there.message()), (here.code(), here.message()));
}
