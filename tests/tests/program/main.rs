//! The program from outside, as a user or somebody's script runs it: its answers, its exit
//! codes, and what it leaves behind whatever happens to it.

mod bad_files;
mod bad_input;
mod busy;
mod cases;
mod cells;
mod checking;
mod data;
mod exec;
mod explaining;
mod forms;
mod full_disk;
mod greedy;
mod hands;
mod ids;
mod inwards;
mod kill;
mod killed_diagnosis;
mod killed_jobs;
mod languages;
mod looking;
mod packages;
mod places;
mod replayed_jobs;
mod restoring;
mod several;
mod shipped;
mod steps;
mod story;
mod telling;
mod texts;
mod vacuum;
mod value_forms;
mod values;
mod verbs;
mod why;
