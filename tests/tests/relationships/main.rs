//! What happens to the rows that refer to a row: the relationships that ship, those that
//! customizers make and change, and what comes of them.

mod assigning;
mod definitions;
mod deleting;
mod inheriting;
mod large;
mod loops;
mod merging;
mod random;
mod travelling;
mod world;
