//! Places for requests that run at once: who comes when all are taken waits for one.

use std::sync::{Condvar, Mutex, PoisonError};

use super::lock;

/// The places of requests that run at once.
pub(super) struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// A place that is taken; it is free again when this is dropped.
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(free: usize) -> Self {
        Self {
            free: Mutex::new(free),
            freed: Condvar::new(),
        }
    }

    pub(super) fn take(&self) -> Place<'_> {
        let mut free = lock(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Place(self)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}
