//! The memory of the process over its life.

use std::{collections::BTreeMap, fs, time::Duration};

/// What was seen, by life: seconds since its start, and KiB.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<u64, Vec<(f64, f64)>>);

/// The resident memory of a process in KiB; nothing where it is gone.
pub(crate) fn resident(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

impl Memory {
    pub(crate) fn seen(&mut self, life: u64, at: Duration, kib: Option<u32>) {
        if let Some(kib) = kib {
            let seen = (at.as_secs_f64(), f64::from(kib));
            self.0.entry(life).or_default().push(seen);
        }
    }

    /// The most that was seen.
    pub(crate) fn peak(&self) -> f64 {
        self.0.values().flatten().map(|(_, kib)| *kib).fold(0.0, f64::max)
    }

    /// By how many KiB a minute the memory of the longest life grew, and over how many seconds. Its
    /// first third does not count: what is kept once is filled there.
    pub(crate) fn slope(&self) -> Option<(f64, f64)> {
        let life = self.0.values().max_by_key(|life| life.len())?;
        let settled = life.get(life.len() / 3..)?;
        let ((first, _), (last, _)) = (settled.first()?, settled.last()?);
        let count = f64::from(u32::try_from(settled.len()).ok()?);
        if count < 10.0 {
            return None;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| settled.iter().map(of).sum::<f64>() / count;
        let (time, kib) = (mean(|seen| seen.0), mean(|seen| seen.1));
        let above: f64 = settled.iter().map(|seen| (seen.0 - time) * (seen.1 - kib)).sum();
        let below: f64 = settled.iter().map(|seen| (seen.0 - time).powi(2)).sum();
        Some((60.0 * above / below, last - first))
    }
}
