//! Files that are small and become large in a compiler: refused by their structure, before one sees
//! them.

use sluice_model::Code;
use sluice_sandbox::componentize;

/// The refusal names the limit that is passed.
#[track_caller]
fn refused(bytes: &[u8], limit: &str) {
    let error = componentize(bytes).unwrap_err();
    assert_eq!(error.code(), Code::PLUGIN_TOO_LARGE, "{error}");
    let used = error.body().limit.as_ref().unwrap();
    assert_eq!(used.name, limit, "{error}");
    assert!(used.used > used.allowed, "{error}");
}

/// A section of a component.
fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    let mut length = contents.len();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        bytes.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    bytes.extend(contents);
    bytes
}

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Components inside each other, each making `times` instances of the one in it.
fn nested(levels: usize, innermost: &[u8], times: u8) -> Vec<u8> {
    let mut component = innermost.to_vec();
    for _ in 0..levels {
        let instances: Vec<u8> = (0..times).flat_map(|_| [0, 0, 0]).collect();
        component = [
            COMPONENT,
            &section(4, &component),
            &section(5, &[&[times][..], &instances].concat()),
        ]
        .concat();
    }
    component
}

#[test]
fn instances_are_counted_as_often_as_they_would_be_made() {
    let empty = COMPONENT.to_vec();
    let with_module = wat::parse_str("(component (core module $m) (core instance (instantiate $m)))").unwrap();
    for innermost in [&empty, &with_module] {
        // Two to the eleventh.
        refused(&nested(11, innermost, 2), "instances");
        // No tool nests so deep, and the count would not fit any number.
        for levels in [30, 200] {
            let error = componentize(&nested(levels, innermost, 2)).unwrap_err();
            assert_eq!(error.code(), Code::PLUGIN_TOO_LARGE, "{levels}: {error}");
        }
    }
    // Without the nesting in the text: each component is named again from inside the next one.
    let mut text = "(component (component $c0)".to_owned();
    for level in 1..40 {
        let inner = level - 1;
        text.push_str(&format!(
            "(component $c{level} (alias outer 1 $c{inner} (component $i)) (instance (instantiate $i)) (instance (instantiate $i)))"
        ));
    }
    text.push(')');
    refused(&wat::parse_str(&text).unwrap(), "instances");
}

#[test]
fn a_component_that_an_instance_hands_out_counts() {
    let mut text = "(component (component $c0)".to_owned();
    for level in 1..40 {
        let inner = level - 1;
        text.push_str(&format!(
            r#"(component $h{level} (alias outer 1 $c{inner} (component $i)) (export "c" (component $i)))
               (instance $n{level} (instantiate $h{level}))
               (alias export $n{level} "c" (component $a{level}))
               (component $c{level}
                   (alias outer 1 $a{level} (component $i))
                   (instance (instantiate $i)) (instance (instantiate $i)))"#
        ));
    }
    text.push(')');
    refused(&wat::parse_str(&text).unwrap(), "instances");
    let text = r#"(component (component $x (import "c" (component $c)) (instance (instantiate $c))))"#;
    let error = componentize(&wat::parse_str(text).unwrap()).unwrap_err();
    assert_eq!(error.code(), Code::FOREIGN_CONTRACT, "{error}");
}

#[test]
fn functions_their_size_and_their_depth_are_bounded() {
    let functions = format!("(module {})", "(func)".repeat(50_001));
    refused(&wat::parse_str(&functions).unwrap(), "functions");
    let long = format!("(module (func {}))", "i32.const 1 drop ".repeat(90_000));
    refused(&wat::parse_str(&long).unwrap(), "body");
    let deep = format!("(module (func {} {}))", "block ".repeat(1_001), "end ".repeat(1_001));
    refused(&wat::parse_str(&deep).unwrap(), "blocks");
    // What follows one after the other is not deep.
    let flat = format!("(module (func {}))", "block end ".repeat(5_000));
    assert_ne!(
        componentize(&wat::parse_str(&flat).unwrap()).unwrap_err().code(),
        Code::PLUGIN_TOO_LARGE
    );
    let locals = format!(
        "(module {})",
        format!("(func (local {}))", "i64 ".repeat(40_000)).repeat(51)
    );
    refused(&wat::parse_str(&locals).unwrap(), "locals");
    let inside = format!("(component (core module {}))", "(func)".repeat(50_001));
    refused(&wat::parse_str(&inside).unwrap(), "functions");
}

#[test]
fn types_and_modules_are_bounded() {
    let types: String = (0..20_001).map(|_| "(type (func))").collect();
    refused(&wat::parse_str(format!("(module {types})")).unwrap(), "types");
    let modules = "(core module)".repeat(256);
    refused(&wat::parse_str(format!("(component {modules})")).unwrap(), "components");
    let globals = "(global i32 (i32.const 0))".repeat(200_001);
    refused(&wat::parse_str(format!("(module {globals})")).unwrap(), "declared");
}

#[test]
fn what_a_module_says_of_its_contract_is_bounded_too() {
    let mut module = wat::parse_str("(module)").unwrap();
    let name = b"component-type:x";
    let bomb = nested(11, COMPONENT, 2);
    module.extend(section(
        0,
        &[&[u8::try_from(name.len()).unwrap()][..], name, &bomb].concat(),
    ));
    refused(&module, "instances");
}
