//! Runs plug-ins natively against an in-memory service with users and roles, so that a
//! missing privilege is a unit test.
//!
//! The pipeline is the platform's in small: stages, ranks, filtering columns, images, depth,
//! shared variables, one transaction, the run-as user. Who may do what is decided by the
//! same code as on the host. It knows no columns: what the platform checks or fills by a
//! column's definition is not checked here, and a plug-in's limits are not enforced.
//!
//! ```
//! use sluice_sdk::prelude::*;
//! use sluice_sdk_testing::{Depth, Right, TestHost};
//!
//! /// Writes a note for each new account.
//! #[plugin(step(message = "Create", table = "account", stage = "post-operation"))]
//! fn welcome(cx: &Context) -> Result<()> {
//!     cx.service().create(Row::new("annotation").with("subject", "Call the new account"))?;
//!     Ok(())
//! }
//! sluice_sdk::export!(welcome);
//!
//! let host = TestHost::new().plugins(PLUGINS).user("seller", |user| user.grant("account", Right::Create, Depth::User));
//!
//! let failure = host.as_user("seller").create(Row::new("account").with("name", "Contoso")).unwrap_err();
//! assert_eq!(failure.code(), "0x80040220");
//! assert_eq!(failure.privilege(), Some("prvCreateNote"));
//! assert_eq!(failure.call(), Some("Create annotation"));
//! assert!(host.rows("account").is_empty(), "rolled back");
//! ```

#![warn(missing_docs)]

mod call;
mod case;
mod convert;
mod failure;
mod filter;
mod frame;
mod host;
mod pipeline;
mod world;

pub use case::{Case, CaseRun};
pub use failure::Failure;
pub use host::{Actor, TestHost, UserBuilder};
pub use sluice_model::{Depth, Right};
