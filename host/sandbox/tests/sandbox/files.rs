//! What becomes a plug-in and what does not.

use std::{path::PathBuf, sync::LazyLock};

use sluice_model::{Code, Error};
use sluice_sandbox::{MAXIMUM_SIZE, Plugin, componentize};
use wit_component::StringEncoding;

use crate::support::{Fake, HOSTILE, call, hostile, sandbox};

/// A core module of the contract: its imports, then what `execute` does and what else there is.
fn module(imports: &str, execute: &str, rest: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "sluice:plugin/context@1.0.0" "[resource-drop]execution-context" (func $drop (param i32)))
            {imports}
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "describe") (result i32) i32.const 512)
            (func (export "execute") (param $name i32) (param $length i32) (param $context i32) (result i32)
                (call $drop (local.get $context)) {execute})
            {rest})"#
    );
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sdk/wit/1.0");
    let (package, _) = resolve.push_path(path).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

/// A plug-in whose `execute` returns what lies at address 16.
fn returning(data: &str) -> Plugin {
    let rest = format!(r#"(data (i32.const 16) "{data}") (data (i32.const 1024) "\ff\fe")"#);
    load(&module("", "i32.const 16", &rest))
}

/// Its component.
pub(crate) static SMALLEST: LazyLock<Vec<u8>> =
    LazyLock::new(|| componentize(&module("", "i32.const 16", "")).unwrap());

/// The core module that it is made of.
pub(crate) fn smallest_module() -> Vec<u8> {
    module("", "i32.const 16", "")
}

fn load(module: &[u8]) -> Plugin {
    sandbox().load(&componentize(module).unwrap()).unwrap()
}

fn run(plugin: &Plugin) -> sluice_model::Result<()> {
    sandbox().call(plugin, call("any"), Fake::default()).outcome
}

#[track_caller]
fn refused(bytes: &[u8], code: Code, says: &str) -> Error {
    let error = componentize(bytes).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(says), "{error}");
    error
}

#[test]
fn a_module_becomes_a_component_and_a_component_stays() {
    let component = componentize(&module("", "i32.const 16", "")).unwrap();
    assert_eq!(componentize(&component).unwrap(), component);
    let plugin = sandbox().load(&component).unwrap();
    assert_eq!(run(&plugin), Ok(()));
    assert_eq!(sandbox().describe(&plugin).unwrap(), []);
    assert!(!plugin.wants_clock() && !plugin.wants_random());
    assert_eq!(sandbox().load(&component).unwrap().digest(), plugin.digest());
}

#[test]
fn a_file_describes_itself() {
    let plugin = hostile();
    assert!(plugin.wants_clock() && plugin.wants_random());
    assert_eq!(plugin.digest().len(), 64);
    let types = sandbox().describe(&plugin).unwrap();
    let ok = types.iter().find(|one| one.name == "ok").unwrap();
    let step = ok.steps.first().unwrap();
    assert_eq!(
        (step.message.as_str(), step.table.as_str(), step.stage, step.rank),
        ("Update", "account", 20, 5)
    );
    assert_eq!(step.filtering_columns, ["name"]);
    assert_eq!(step.images.first().unwrap().alias, "before");
    assert_eq!(types.iter().find(|one| one.name == "clock").unwrap().wants, ["clock"]);
}

#[test]
fn garbage_returned_is_an_error() {
    for (data, says) in [
        // The discriminants of the result and of the error, and an option's.
        (r"\02", "discriminant"),
        (r"\01\00\00\00\09", "discriminant"),
        (r"\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\05", "discriminant"),
        // A refusal whose message is not UTF-8, and one whose message is not in memory.
        (r"\01\00\00\00\00\00\00\00\00\04\00\00\02\00\00\00", "utf-8"),
        (r"\01\00\00\00\00\00\00\00\f0\ff\00\00\ff\00\00\00", "out of bounds"),
    ] {
        let error = run(&returning(data)).unwrap_err();
        assert_eq!(error.code(), Code::ISV_UNEXPECTED, "{error}");
        assert!(error.message().contains(says), "{error}");
    }
    let wild = load(&module("", "i32.const 0x7ffffff0", ""));
    assert_eq!(run(&wild).unwrap_err().code(), Code::ISV_UNEXPECTED);
}

#[test]
fn loops_outside_of_execute_are_stopped_too() {
    for (execute, rest) in [
        ("i32.const 16", "(func $s (loop br 0)) (start $s)"),
        (
            "i32.const 16",
            r#"(func (export "cabi_post_execute") (param i32) (loop br 0))"#,
        ),
    ] {
        let plugin = load(&module("", execute, rest));
        let mut call = call("any");
        call.limits.cpu = std::time::Duration::from_millis(30);
        let error = sandbox().call(&plugin, call, Fake::default()).outcome.unwrap_err();
        assert_eq!(error.code(), Code::PLUGIN_TIMEOUT, "{error}");
    }
    let describes = load(&module("", "i32.const 16", "(func $s (loop br 0)) (start $s)"));
    let error = sandbox().describe(&describes).unwrap_err();
    assert_eq!(error.body().limit.as_ref().unwrap().name, "cpu");
}

#[test]
fn a_foreign_import_is_refused_by_name() {
    let wasi = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#;
    let error = refused(
        &module(wasi, "i32.const 16", ""),
        Code::FOREIGN_CONTRACT,
        "`wasi_snapshot_preview1`",
    );
    assert!(
        error
            .message()
            .contains("a plug-in has no WASI: build it for wasm32-unknown-unknown"),
        "{error}"
    );
    for (name, says) in [
        ("env", "leave out what needs more"),
        ("__wbindgen_placeholder__", "takes the host for a browser"),
        ("sluice:plugin/context@2.0.0", "version 1 of the contract"),
        ("sluice:plugin/files@1.0.0", "version 1 of the contract"),
    ] {
        let import = format!(r#"(import "{name}" "f" (func))"#);
        refused(&module(&import, "i32.const 16", ""), Code::FOREIGN_CONTRACT, says);
        refused(&module(&import, "i32.const 16", ""), Code::FOREIGN_CONTRACT, name);
    }
    let component = r#"(component (import "wasi:filesystem/preopens@0.2.0" (instance)))"#;
    refused(
        &wat::parse_str(component).unwrap(),
        Code::FOREIGN_CONTRACT,
        "`wasi:filesystem/preopens@0.2.0`",
    );
    // An interface of the contract, but a function that it does not have.
    let unknown = r#"(import "sluice:plugin/log@1.0.0" "shout" (func))"#;
    refused(&module(unknown, "i32.const 16", ""), Code::FOREIGN_CONTRACT, "shout");
}

#[test]
fn missing_exports_are_refused_by_name() {
    refused(
        &wat::parse_str("(component)").unwrap(),
        Code::FOREIGN_CONTRACT,
        "exports no `describe`",
    );
    refused(
        &wat::parse_str("(module)").unwrap(),
        Code::FOREIGN_CONTRACT,
        "exports no `describe`",
    );
}

#[test]
fn exports_of_another_type_are_refused() {
    let component = r#"(component
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func $f (canon lift (core func $i "f")))
        (export "describe" (func $f)) (export "execute" (func $f)))"#;
    let component = componentize(&wat::parse_str(component).unwrap()).unwrap();
    let error = sandbox().load(&component).unwrap_err();
    assert_eq!(error.code(), Code::FOREIGN_CONTRACT, "{error}");
}

#[test]
fn what_is_no_webassembly_is_refused() {
    for (bytes, says) in [
        (&b""[..], "not WebAssembly"),
        (b"hello", "not WebAssembly"),
        (b"\0asm\x07\0\0\0", "not WebAssembly"),
        (b"\x7fELF\x02\x01\x01", "compiled code already"),
        (b"(module)", "as text"),
        (b"  (component)", "as text"),
    ] {
        refused(bytes, Code::NOT_A_PLUGIN, says);
        assert_eq!(sandbox().load(bytes).unwrap_err().code(), Code::NOT_A_PLUGIN);
    }
    let mut large = b"\0asm\x01\0\0\0".to_vec();
    large.resize(MAXIMUM_SIZE + 1, 0);
    refused(&large, Code::PLUGIN_TOO_LARGE, "16777217 bytes");
    let core = module("", "i32.const 16", "");
    assert_eq!(
        sandbox().load(&core).unwrap_err().code(),
        Code::NOT_A_PLUGIN,
        "a module is not what is stored"
    );
}

#[test]
fn proposals_that_no_plugin_needs_are_refused() {
    for (text, says) in [
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (func $f return_call $f))", "tail calls"),
        ("(module (type (struct)))", "gc"),
        ("(module (tag))", "exceptions"),
    ] {
        refused(&wat::parse_str(text).unwrap(), Code::NOT_A_PLUGIN, says);
    }
}

#[test]
fn a_plugin_that_starts_too_large_is_refused() {
    let text = r#"(component (core module (memory 2049)))"#;
    let error = sandbox().load(&wat::parse_str(text).unwrap()).unwrap_err();
    assert_eq!(error.code(), Code::FOREIGN_CONTRACT, "{error}");
}

#[test]
fn a_truncated_file_never_panics() {
    for whole in [
        module("", "i32.const 16", ""),
        componentize(&module("", "i32.const 16", "")).unwrap(),
    ] {
        assert!(whole.len() < 20_000);
        for length in 0..whole.len() {
            let part = &whole[..length];
            // Without its last custom sections a component is still whole.
            if let Ok(component) = componentize(part) {
                assert_eq!(
                    run(&sandbox().load(&component).unwrap()),
                    Ok(()),
                    "{length} of {}",
                    whole.len()
                );
            }
            let _loaded = sandbox().load(part);
        }
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let whole = componentize(&module("", "i32.const 16", "")).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        // Names and debug sections may take damage; the rest is refused or still runs. Compiling is slow.
        if let Ok(component) = componentize(&damaged)
            && at % 5 == 0
            && let Ok(plugin) = sandbox().load(&component)
        {
            let _outcome = run(&plugin);
        }
    }
    assert_eq!(
        run(&load(&HOSTILE)).unwrap_err().code(),
        Code::ISV_UNEXPECTED,
        "there is no plug-in `any` in it"
    );
}
