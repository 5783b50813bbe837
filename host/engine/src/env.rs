//! Where time, ids, randomness and the process itself enter the host. Same seed, same run.

use std::sync::Mutex;

use sluice_model::{Timestamp, Uuid};

use crate::jobs;

/// The clock, the ids and the randomness of a host.
pub trait Env: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Fills `bytes` with randomness.
    fn random(&self, bytes: &mut [u8]);

    /// This process, as the rows of jobs name it.
    fn process(&self) -> String {
        jobs::this_process().to_owned()
    }

    /// A new id: time-ordered (UUID version 7), so that new rows go to the end of the index
    /// and lists without an order show rows as they were made.
    fn new_id(&self) -> Uuid {
        let mut random = [0; 10];
        self.random(&mut random);
        let millis = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// The machine's clock and randomness. Its ids are in the order in which this process made
/// them, also within one millisecond.
#[derive(Debug, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the machine's clock enters"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn random(&self, bytes: &mut [u8]) {
        // The operating system's source does not fail on the systems that Sluice runs on; if
        // it should, ids would repeat, so there is no going on.
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the operating system gives no randomness");
            std::process::abort();
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the machine's ids enter"
    )]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A clock that moves one millisecond at each look, and randomness from a seed: the same
/// seed gives the same run.
#[derive(Debug)]
pub struct SeededEnv {
    state: Mutex<(u64, Timestamp)>,
}

impl SeededEnv {
    /// The environment that begins at `start` with `seed`.
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self {
            state: Mutex::new((seed, start)),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut (u64, Timestamp)) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Env for SeededEnv {
    fn process(&self) -> String {
        "seeded".to_owned()
    }

    fn now(&self) -> Timestamp {
        self.with(|state| {
            let now = state.1;
            state.1 = now.checked_add(jiff::SignedDuration::from_millis(1)).unwrap_or(now);
            now
        })
    }

    fn random(&self, bytes: &mut [u8]) {
        self.with(|state| {
            for chunk in bytes.chunks_mut(8) {
                // SplitMix64: small, and good enough for data that has to differ.
                state.0 = state.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mut z = state.0;
                z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
                let word = (z ^ (z >> 31)).to_le_bytes();
                chunk.copy_from_slice(word.get(..chunk.len()).unwrap_or_default());
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_in_the_order_in_which_they_were_made() {
        let ids: Vec<Uuid> = (0..10_000).map(|_| SystemEnv.new_id()).collect();
        assert!(ids.is_sorted_by(|first, next| first < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
