//! What an author of plug-ins for Sluice depends on.
//!
//! A plug-in is a function with its registration above it:
//!
//! ```
//! use sluice_sdk::prelude::*;
//!
//! /// Sets the commission rate of a new account from the rule of its state or province.
//! #[plugin(step(message = "Create", table = "account", stage = "pre-operation", rank = 10))]
//! fn commission(cx: &Context) -> Result<()> {
//!     let Some(state) = cx.target_text("address1_stateorprovince") else { return Ok(()) };
//!     trace!(cx, "looking for the rule of {state}");
//!     let query = Query::new("sl_commissionrule").columns(["sl_rate"]).filter(Filter::eq("sl_name", state)).top(1);
//!     let rules = cx.service().retrieve_multiple(query)?;
//!     if let Some(rate) = rules.first().and_then(|rule| rule.decimal("sl_rate")) {
//!         cx.set_target("sl_commissionrate", rate);
//!     }
//!     Ok(())
//! }
//!
//! sluice_sdk::export!(commission);
//! ```
//!
//! # How it ends
//!
//! `Ok(())` lets the operation go on. [`Error::refuse`] cancels it with a sentence for the
//! user. The error of a service call, handed on with `?`, keeps its code, and what the host
//! knows about it: which privilege was missing, in which call, for whom. Do not swallow it:
//! the transaction is lost, and the platform says so (`0x8009000C`). A panic is reported
//! with its message, function, file and line. In the background, [`Error::try_again`] asks for
//! another run later.
//!
//! # What it cannot do
//!
//! A plug-in gets a fresh sandbox for each call: statics do not survive. It has no files, no
//! network, no environment, and no clock nor randomness unless it [`wants`](macro@plugin)
//! them and an administrator grants them.
//!
//! # Building and testing
//!
//! Built for `wasm32-unknown-unknown` (`crate-type = ["cdylib", "rlib"]`) the crate is a file
//! to push; built for the machine it is an ordinary library whose plug-ins
//! `sluice-sdk-testing` runs against an in-memory service with roles.

#![warn(missing_docs)]

pub mod backend;
mod context;
mod error;
mod query;
pub mod registration;
mod row;
mod service;
mod value;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;

pub use context::{Context, Mode, Stage};
pub use error::{Error, Refusal, Result, ServiceError};
pub use query::{Comparison, Filter, Order, Query, Question};
pub use row::Row;
pub use rust_decimal::Decimal;
pub use service::{Caller, Parameter, Parameters, Request, Service};
pub use sluice_sdk_macros::plugin;
pub use value::{Reference, Value};

/// What a plug-in needs: `use sluice_sdk::prelude::*;`
pub mod prelude {
    pub use crate::{
        Caller, Context, Decimal, Error, Filter, Mode, Parameter, Parameters, Query, Question, Reference, Request,
        Result, Row, Service, ServiceError, Stage, Value, plugin, trace,
    };
}

/// Writes a line into the trace of the call: `trace!(cx, "rate {rate} for {state}")`.
///
/// The host keeps the last 10 KB. Traces survive a refusal and a roll-back.
#[macro_export]
macro_rules! trace {
    ($cx:expr, $($arguments:tt)+) => {
        $cx.trace(&::std::format!($($arguments)+))
    };
}

/// Exports the plug-ins of a crate: `sluice_sdk::export!(commission, discount);`
///
/// Stands once in a crate, at its root. It also makes `PLUGINS`, the registrations, for tests.
#[macro_export]
macro_rules! export {
    ($($plugin:ty),+ $(,)?) => {
        /// The plug-ins of this crate with their registrations.
        pub static PLUGINS: &[$crate::registration::Plugin] =
            &[$(<$plugin as $crate::registration::Declare>::PLUGIN),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            // The version of the package, where a push finds it.
            const VERSION: &str = ::core::env!("CARGO_PKG_VERSION");
            #[used]
            #[unsafe(link_section = "sluice-version")]
            static SECTION: [u8; VERSION.len()] = $crate::guest::section(VERSION);

            struct Exported;
            impl $crate::guest::bindings::Guest for Exported {
                fn describe() -> ::std::vec::Vec<$crate::guest::bindings::PluginType> {
                    $crate::guest::describe(PLUGINS)
                }
                fn details() -> ::std::vec::Vec<$crate::guest::bindings::TypeDetails> {
                    $crate::guest::details(PLUGINS)
                }
                fn execute(
                    name: ::std::string::String,
                    context: &$crate::guest::bindings::ExecutionContext,
                ) -> ::std::result::Result<(), $crate::guest::bindings::PluginError> {
                    $crate::guest::execute(PLUGINS, &name, context)
                }
            }
            $crate::guest::bindings::export_world!(Exported);
        };
    };
}
