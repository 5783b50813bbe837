//! Business rules: what every new and changed row has to go by, who may let one apply, and how one is
//! found that stands in somebody's way.

mod applying;
mod commands;
mod life;
mod others;
mod world;
