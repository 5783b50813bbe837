//! Solutions: what travels from one organisation to another, what is managed there, and how it
//! goes again.

mod arriving;
mod broken_files;
mod configurations;
mod cure;
mod defaults;
mod filling;
mod holders;
mod hostile;
mod kinds;
mod managed;
mod removing;
mod upgrading;
mod world;
