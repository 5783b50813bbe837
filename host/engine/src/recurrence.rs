//! When a job that recurs runs again.

use sluice_model::{Error, Result};

/// The days between two runs: `FREQ=DAILY;INTERVAL=2;`.
///
/// # Errors
/// [`sluice_model::Code::RECURRENCE_NOT_DAILY`].
pub fn days(pattern: &str) -> Result<u16> {
    let refused = |why: &str| {
        Error::new(
            sluice_model::Code::RECURRENCE_NOT_DAILY,
            format!("the recurrence `{pattern}` {why}; it has the form FREQ=DAILY;INTERVAL=1;"),
        )
    };
    let wrong = || refused("is not in days, one at least and 65535 at most");
    let mut daily = false;
    let mut interval = 1;
    for part in pattern.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("FREQ", "DAILY")) => daily = true,
            Some(("INTERVAL", days)) => interval = days.parse().map_err(|_| wrong())?,
            Some(("FREQ", _)) => return Err(wrong()),
            // One that ends, or runs on some days only, would be run otherwise than it says.
            _ => return Err(refused(&format!("has `{part}`, which no job goes by"))),
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
            "FREQ=DAILY;UNTIL=20200101T000000Z",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;INTERVAL=70000",
        ] {
            assert_eq!(days(wrong).unwrap_err().code().to_string(), "0x8004D2A0", "{wrong}");
        }
    }
}
