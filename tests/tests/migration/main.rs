//! Files that earlier versions made: what becomes of them when this one opens them.
//!
//! The files lie packed in `tests/organisations`, a folder for each form of which a version was
//! handed out, beside the script that made them.

mod content;
mod files;
mod kept;
mod same;
mod shape;
mod texts;
mod work;

/// The forms of which there are files.
const FORMS: [&str; 5] = ["form-2", "form-3", "form-5", "form-6", "form-7"];
