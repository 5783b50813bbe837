//! The sandbox's side: the bindings of the contract, the [`Backend`] over them, and what the
//! two exports do. Only in builds for wasm.

mod convert;
mod exports;
mod imports;

pub use exports::{describe, details, execute};
pub use imports::Guest;

/// A text as the bytes of a section of the file.
pub const fn section<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    match text.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [0; LENGTH],
    }
}

/// Made from the contract. The larger of its worlds: interfaces that a plug-in does not call
/// are not among the imports of its file.
#[expect(missing_docs, reason = "generated; the contract documents it")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/1.1",
        world: "plugin-with-clock-and-random",
        pub_export_macro: true,
        export_macro_name: "export_world",
        default_bindings_module: "::sluice_sdk::guest::bindings",
    });
}
