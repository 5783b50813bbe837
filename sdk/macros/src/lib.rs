//! The attribute `#[plugin]` of the Sluice SDK: a plug-in's registration, above its function.
//!
//! Authors depend on `sluice-sdk`, which hands this crate on. It reads and checks the
//! declaration and writes it down as a constant; it knows nothing of what a plug-in can do.

#![warn(missing_docs)]

mod checks;
mod declaration;
mod expand;
mod names;

use proc_macro::TokenStream;

/// Makes a function a plug-in and declares the steps on which it wants to run.
///
/// ```text
/// #[plugin(
///     name = "Commission",                 // the function's name, if left out
///     wants("clock", "random", "system"),  // what an administrator is asked to grant
///     step(
///         message = "Update",              // as on the platform
///         table = "account",               // every table, if left out
///         stage = "post-operation",        // "pre-validation", "pre-operation", "post-operation"
///         mode = "async",                  // "sync", if left out; "async" only after the operation
///         rank = 10,                       // 1, if left out
///         columns = ["revenue"],           // Update only: runs if one of them was sent
///         image(pre, alias = "before", columns = ["revenue"]),  // pre, post or both
///         config = "…",                    // the unsecure configuration
///         description = "…",
///     ),
///     step(…),
/// )]
/// fn commission(cx: &Context) -> Result<()> { … }
/// ```
///
/// The function takes a `&Context` and returns a `Result<()>`. Its documentation comment
/// becomes the plug-in's description. What the platform would refuse at registration does
/// not compile: an unknown stage, an asynchronous step before the operation, filtering
/// columns on anything but Update, an image that cannot exist.
#[proc_macro_attribute]
pub fn plugin(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::plugin(attribute.into(), item.into()).into()
}
