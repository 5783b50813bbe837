//! When a job that recurs runs again.

use sluice_model::{Error, Result};

/// The days between two runs: `FREQ=DAILY;INTERVAL=2;`.
///
/// # Errors
/// [`sluice_model::Code::RECURRENCE_NOT_DAILY`].
pub fn days(pattern: &str) -> Result<u16> {
    let wrong = || {
        Error::new(
            sluice_model::Code::RECURRENCE_NOT_DAILY,
            format!("the recurrence `{pattern}` is not in days; it has the form FREQ=DAILY;INTERVAL=1;"),
        )
    };
    let mut daily = false;
    let mut interval = 1;
    for part in pattern.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("FREQ", "DAILY")) => daily = true,
            Some(("INTERVAL", days)) => interval = days.parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        }
    }
    match daily && interval > 0 {
        true => Ok(interval),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_recur_in_days() {
        assert_eq!(days("FREQ=DAILY;INTERVAL=3;").unwrap(), 3);
        assert_eq!(days("FREQ=DAILY").unwrap(), 1);
        for wrong in [
            "",
            "FREQ=WEEKLY;INTERVAL=1;",
            "FREQ=DAILY;INTERVAL=0",
            "INTERVAL=1",
            "FREQ=DAILY;INTERVAL=x",
            "daily",
        ] {
            assert_eq!(days(wrong).unwrap_err().code().to_string(), "0x8004D2A0", "{wrong}");
        }
    }
}
