//! What a file has to be before it is compiled: WebAssembly of the contract, and nothing else.

use sluice_model::{Code, Error, Result};
use wasmparser::{
    Chunk, ComponentExternalKind, ComponentTypeRef, Parser, Payload, TypeBounds, Validator, WasmFeatures,
};
use wit_component::ComponentEncoder;

use crate::structure;

/// The largest file that is taken.
pub const MAXIMUM_SIZE: usize = 16 << 20;

/// The language that plug-ins need, and no more; the engine is set up alike.
const LANGUAGE: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// The interfaces of the contract.
const CONTRACT: [&str; 8] = [
    "types",
    "context",
    "service",
    "log",
    "configuration",
    "background",
    CLOCK,
    RANDOM,
];
const CLOCK: &str = "clock";
const RANDOM: &str = "random";

/// What the contract wants a plug-in to export.
const EXPORTS: [&str; 2] = ["describe", "execute"];

/// What is looked at before a compiler sees a file: its size, what it is, how much of what it has.
/// Whether it is a component; a core module has to become one.
///
/// # Errors
/// [`Code::PLUGIN_TOO_LARGE`] for more of something than this host compiles, [`Code::NOT_A_PLUGIN`]
/// for what is not WebAssembly.
pub fn admit(bytes: &[u8]) -> Result<bool> {
    if bytes.len() > MAXIMUM_SIZE {
        let message = format!("the file has {} bytes; a plug-in may have {MAXIMUM_SIZE}", bytes.len());
        return Err(Error::new(Code::PLUGIN_TOO_LARGE, message));
    }
    let form = form(bytes)?;
    structure::check(bytes)?;
    Ok(form == Form::Component)
}

/// The component that a plug-in's file becomes: a core module is made into one, a component
/// stays as it is. This is the work of the compiler's process; others ask
/// [`crate::Sandbox::componentize`].
///
/// # Errors
/// [`Code::PLUGIN_TOO_LARGE`] for more of something than this host compiles, [`Code::NOT_A_PLUGIN`] for what is not WebAssembly, and
/// [`Code::FOREIGN_CONTRACT`] for what does not follow the contract, by name.
pub fn componentize(bytes: &[u8]) -> Result<Vec<u8>> {
    if admit(bytes)? {
        check(bytes)?;
        return Ok(bytes.to_vec());
    }
    validate(bytes)?;
    for import in survey(bytes)?.imports {
        import_allowed(&import)?;
    }
    let encode = || {
        ComponentEncoder::default()
            .validate(true)
            .reject_legacy_names(false)
            .module(bytes)?
            .encode()
    };
    let component = encode().map_err(|error| foreign(format!("the module does not follow the contract: {error:#}")))?;
    check(&component)?;
    Ok(component)
}

/// Checks that `bytes` are a component of the contract.
pub(crate) fn check(bytes: &[u8]) -> Result<()> {
    if form(bytes)? != Form::Component {
        return Err(no_plugin("the file is a core module, not a component"));
    }
    structure::check(bytes)?;
    validate(bytes)?;
    let survey = survey(bytes)?;
    for import in &survey.imports {
        import_allowed(import)?;
    }
    match EXPORTS
        .iter()
        .find(|wanted| !survey.exports.iter().any(|export| export == *wanted))
    {
        Some(missing) => Err(foreign(format!(
            "the file exports no `{missing}`: is it a plug-in? The SDK's macro exports what a plug-in needs"
        ))),
        None => Ok(()),
    }
}

/// The section of a plug-in's file in which its package says its version.
const VERSION: &str = "sluice-version";

/// The version that a plug-in's file says it has: that of the package that it was built from.
pub fn version(bytes: &[u8]) -> Option<String> {
    let sections = Parser::new(0).parse_all(bytes).map_while(|payload| payload.ok());
    let mut named = sections.filter_map(|payload| match payload {
        Payload::CustomSection(section) if section.name() == VERSION => Some(section.data().to_vec()),
        _ => None,
    });
    String::from_utf8(named.next()?).ok()
}

/// Whether a component asks for the clock and for randomness.
pub(crate) fn wants(bytes: &[u8]) -> Result<(bool, bool)> {
    let imports = survey(bytes)?.imports;
    let has = |name| imports.iter().any(|import| interface(import) == Some(name));
    Ok((has(CLOCK), has(RANDOM)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Module,
    Component,
}

fn form(bytes: &[u8]) -> Result<Form> {
    if bytes.starts_with(b"\x7fELF") {
        return Err(no_plugin(
            "the file is compiled code already; push the .wasm file that it was made from",
        ));
    }
    if bytes.trim_ascii_start().starts_with(b"(") {
        return Err(no_plugin("the file is WebAssembly as text; push the binary form"));
    }
    if Parser::is_component(bytes) {
        Ok(Form::Component)
    } else if Parser::is_core_wasm(bytes) {
        Ok(Form::Module)
    } else {
        Err(no_plugin("the file is not WebAssembly"))
    }
}

fn validate(bytes: &[u8]) -> Result<()> {
    match Validator::new_with_features(LANGUAGE).validate_all(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(no_plugin(format!(
            "the file is no WebAssembly that this host takes: {error}"
        ))),
    }
}

/// The names at the outermost level of a file.
#[derive(Default)]
struct Survey {
    imports: Vec<String>,
    exports: Vec<String>,
}

fn survey(bytes: &[u8]) -> Result<Survey> {
    read(bytes).map_err(|error| no_plugin(format!("the file is broken: {error}")))
}

fn read(mut bytes: &[u8]) -> wasmparser::Result<Survey> {
    let mut survey = Survey::default();
    let mut parser = Parser::new(0);
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(bytes, true)? else {
            return Ok(survey);
        };
        let mut skip = consumed;
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    survey.imports.push(import?.module.to_owned());
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section {
                    let import = import?;
                    // A name for a type that is known already: nothing to be offered.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        survey.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Func {
                        survey.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                let length = unchecked_range.end - unchecked_range.start;
                skip += usize::try_from(length).unwrap_or(usize::MAX);
            }
            Payload::End(_) => return Ok(survey),
            _ => {}
        }
        bytes = bytes.get(skip..).unwrap_or_default();
    }
}

/// The interface of the contract that an import names.
fn interface(import: &str) -> Option<&'static str> {
    let (name, version) = import.strip_prefix("sluice:plugin/")?.split_once('@')?;
    if version != "1" && !version.starts_with("1.") {
        return None;
    }
    CONTRACT.into_iter().find(|known| *known == name)
}

fn import_allowed(import: &str) -> Result<()> {
    // What a core module's own exports and its component's types need.
    if interface(import).is_some() || import.starts_with("[export]") {
        return Ok(());
    }
    let hint = if import.starts_with("wasi") {
        "a plug-in has no WASI: build it for wasm32-unknown-unknown, and use the SDK for time, randomness and traces"
    } else if import.starts_with("sluice:plugin/") {
        "this host offers version 1 of the contract: build the plug-in with the SDK that came with the host"
    } else if import.contains("wbindgen") {
        "a dependency takes the host for a browser: leave out its features for JavaScript (`js`, `wasmbind`)"
    } else {
        "a plug-in can use the interfaces of `sluice:plugin` only: leave out what needs more"
    };
    Err(foreign(format!("the plug-in imports `{import}`; {hint}")))
}

fn no_plugin(message: impl Into<String>) -> Error {
    Error::new(Code::NOT_A_PLUGIN, message)
}

fn foreign(message: impl Into<String>) -> Error {
    Error::new(Code::FOREIGN_CONTRACT, message)
}
