//! A clock that stands still until a test moves it: what takes days takes no time.

use std::sync::{Mutex, MutexGuard};

use sluice_engine::{Env, SystemEnv};
use sluice_model::Timestamp;

/// The clock. Ids and randomness are the machine's.
#[derive(Debug)]
pub struct Clock(Mutex<Timestamp>);

impl Clock {
    /// A clock that shows this time, such as `2026-03-01T09:00:00Z`.
    pub fn at(time: &str) -> Self {
        Self(Mutex::new(time.parse().unwrap()))
    }

    /// Sets it.
    pub fn set(&self, time: &str) {
        *self.shown() = time.parse().unwrap();
    }

    /// Moves it on by so many hours.
    pub fn pass_hours(&self, hours: i64) {
        let mut shown = self.shown();
        let seconds = shown.as_second() + hours * 3_600;
        *shown = Timestamp::from_second(seconds).unwrap();
    }

    /// Moves it on by so many minutes.
    pub fn pass_minutes(&self, minutes: i64) {
        let mut shown = self.shown();
        *shown = Timestamp::from_second(shown.as_second() + minutes * 60).unwrap();
    }

    /// Moves it on by so many days.
    pub fn pass_days(&self, days: i64) {
        self.pass_hours(24 * days);
    }

    fn shown(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap()
    }
}

impl Env for Clock {
    fn now(&self) -> Timestamp {
        *self.shown()
    }

    fn random(&self, bytes: &mut [u8]) {
        SystemEnv.random(bytes);
    }
}
