//! What plug-ins do to the host, and what the host does about it: one module per topic. The
//! guests are in `tests/guests`.

#[cfg(test)]
mod cache;
#[cfg(test)]
mod compiling;
#[cfg(test)]
mod context;
#[cfg(test)]
mod files;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod nested;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod service;
#[cfg(test)]
mod structure;
#[cfg(test)]
mod support;
