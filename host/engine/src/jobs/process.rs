//! Which process works on a job, and whether it is still there. A process is known by its
//! number, the moment of its start, the run of the machine and the space of process numbers that
//! it lives in. Where the system does not tell, a lease's time alone decides.

use std::{fs, path::PathBuf, sync::LazyLock};

/// This process, as `asyncoperation.hostid` names it.
pub(crate) fn this_process() -> &'static str {
    static THIS: LazyLock<String> = LazyLock::new(|| {
        let number = std::process::id();
        let started = started(number).map(|(_, moment)| moment).unwrap_or_default();
        format!("{number} {started} {} {}", machine(), space())
    });
    &THIS
}

/// Whether the process that `name` names has ended; `None` where that cannot be known.
pub(crate) fn is_gone(name: &str) -> Option<bool> {
    let mut parts = name.split(' ');
    let number: u32 = parts.next()?.parse().ok()?;
    let (moment, on, within) = (parts.next()?, parts.next()?, parts.next()?);
    if machine().is_empty() || on.is_empty() || moment.is_empty() {
        return None;
    }
    if on != machine() {
        return Some(true);
    }
    if within != space() {
        return None;
    }
    Some(match started(number) {
        Some((state, now)) => matches!(state, 'Z' | 'X') || now != moment,
        None => true,
    })
}

/// The run of the machine: another one after each start.
fn machine() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

/// The space of process numbers: processes in containers do not see each other.
fn space() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_else(|_| PathBuf::new());
    link.display().to_string()
}

/// The state of a process and the moment of its start, in ticks since that of the machine.
fn started(number: u32) -> Option<(char, String)> {
    let text = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_there_until_it_has_ended() {
        assert_eq!(is_gone(this_process()), Some(false));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let (_, moment) = started(child.id()).unwrap();
        let name = format!("{} {moment} {} {}", child.id(), machine(), space());
        assert_eq!(is_gone(&name), Some(false));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(is_gone(&name), Some(true));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_number_of_a_process_is_used_again() {
        let other = format!("{} 1 {} {}", std::process::id(), machine(), space());
        assert_eq!(is_gone(&other), Some(true));
        let before_the_start = format!("{} 1 earlier {}", std::process::id(), space());
        assert_eq!(is_gone(&before_the_start), Some(true));
        let elsewhere = format!("{} 1 {} pid:[1]", std::process::id(), machine());
        assert_eq!(is_gone(&elsewhere), None);
        assert_eq!(is_gone("seeded"), None);
    }
}
