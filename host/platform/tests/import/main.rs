//! Importing CSV files: one module per topic.

#[cfg(test)]
mod again;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod maps;
#[cfg(test)]
mod org;
