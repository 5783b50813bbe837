//! What a plug-in declares: made by `#[plugin]`, read by the host when the file is pushed,
//! and by `sluice-sdk-testing`.

use crate::{Context, Result};

/// One plug-in with the steps that it declares.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// The type's name, as in `step register --plugin ASSEMBLY/TYPE`.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// What an administrator is asked to grant: `clock`, `random`, `system`.
    pub wants: &'static [&'static str],
    /// The steps.
    pub steps: &'static [Step],
    /// The privileges that whoever it runs as needs.
    pub privileges: &'static [&'static str],
    /// What workflows that call it give.
    pub inputs: &'static [Argument],
    /// What they take.
    pub outputs: &'static [Argument],
    /// The path of the function, for reports of a panic.
    pub function: &'static str,
    /// The function.
    pub run: fn(&Context<'_>) -> Result<()>,
}

impl Plugin {
    /// A plug-in that does nothing: stands in for a declaration with mistakes.
    #[doc(hidden)]
    pub const NONE: Self = Self {
        name: "",
        description: "",
        wants: &[],
        steps: &[],
        privileges: &[],
        inputs: &[],
        outputs: &[],
        function: "",
        run: |_| Ok(()),
    };

    /// The plug-in of that name among several.
    pub fn find<'a>(plugins: &'a [Self], name: &str) -> Option<&'a Self> {
        plugins.iter().find(|plugin| plugin.name == name)
    }
}

/// A step that a plug-in declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The message, as on the platform: `Create`.
    pub message: &'static str,
    /// The table's logical name; empty for every table.
    pub table: &'static str,
    /// 10 pre-validation, 20 pre-operation, 40 post-operation.
    pub stage: i32,
    /// 0 synchronous, 1 asynchronous.
    pub mode: i32,
    /// Smaller runs earlier.
    pub rank: i32,
    /// The columns of Update that the step listens to; empty for all.
    pub filtering_columns: &'static [&'static str],
    /// The images that it asks for.
    pub images: &'static [Image],
    /// The unsecure configuration.
    pub configuration: Option<&'static str>,
    /// What the step is for.
    pub description: &'static str,
}

/// What a workflow gives to a plug-in as an input parameter, or takes from it as an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// The parameter's name.
    pub name: &'static str,
    /// `boolean`, `integer`, `decimal`, `text`, `date-time`, `id` or `reference`.
    pub kind: &'static str,
    /// Of an input: a workflow has to give it.
    pub required: bool,
    /// What it is.
    pub description: &'static str,
}

/// An image that a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// `pre`, `post` or `both`.
    pub kind: &'static str,
    /// The name under which the plug-in finds it.
    pub alias: &'static str,
    /// The columns; empty for all.
    pub columns: &'static [&'static str],
}

impl Image {
    /// Whether it shows the row as it was before the operation.
    pub fn is_pre(&self) -> bool {
        self.kind != "post"
    }

    /// Whether it shows the row as it is after the operation.
    pub fn is_post(&self) -> bool {
        self.kind != "pre"
    }
}

/// Implemented by [`macro@crate::plugin`] for a type of the function's name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plug-in",
    note = "`export!` takes the names of functions that have `#[plugin(…)]` above them"
)]
pub trait Declare {
    /// The plug-in with its steps.
    const PLUGIN: Plugin;
}
