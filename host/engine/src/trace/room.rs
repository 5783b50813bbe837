//! How much a request may leave behind in traces: so many nodes and rows, so many bytes. What
//! failed has some room of its own, so that a long request still tells where it failed.

/// Nodes of the tree and rows of `plugintracelog`, together.
const ENTRIES: usize = 2_000;
/// Bytes of both, about.
const BYTES: usize = 1 << 20;
/// What is kept for what fails.
const ENTRIES_OF_FAILURES: usize = 200;
const BYTES_OF_FAILURES: usize = 256 << 10;

/// What has been used of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    entries: usize,
    bytes: usize,
}

impl Room {
    /// Takes room for an entry, where there is some.
    pub(super) fn take(&mut self, bytes: usize, failed: bool) -> bool {
        let (most, most_bytes) = match failed {
            true => (ENTRIES + ENTRIES_OF_FAILURES, BYTES + BYTES_OF_FAILURES),
            false => (ENTRIES, BYTES),
        };
        let fits = self.entries < most && self.bytes.saturating_add(bytes) <= most_bytes;
        if fits {
            self.entries += 1;
            self.bytes += bytes;
        }
        fits
    }

    /// Gives back what entries had that are not kept after all.
    pub(super) fn give_back(&mut self, entries: usize, bytes: usize) {
        self.entries = self.entries.saturating_sub(entries);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_finds_room_when_the_rest_does_not() {
        let mut room = Room::default();
        assert_eq!((0..5_000).filter(|_| room.take(10, false)).count(), ENTRIES);
        assert_eq!((0..5_000).filter(|_| room.take(10, true)).count(), ENTRIES_OF_FAILURES);
        room.give_back(1, 10);
        assert!(room.take(10, true) && !room.take(10, true));
        let mut room = Room::default();
        assert!(!room.take(BYTES + 1, false) && room.take(BYTES + 1, true));
    }
}
