//! The file of the refused lines: as they were given, with what is wrong before each, to be corrected
//! and imported again by the same map.

use std::io::{self, Write};

use sluice_model::Error;

use super::{plan::OWN_HEADINGS, report::Fault};

/// Makes the file when the first line is refused.
pub type Opener<'a> = Box<dyn FnOnce() -> io::Result<Box<dyn Write + Send>> + Send + 'a>;

/// How a refusal is told to people.
pub(super) type Words<'a> = &'a (dyn Fn(&Error) -> String + Sync);

/// Where refused lines are written.
pub(super) struct Refused<'a> {
    opener: Option<Opener<'a>>,
    words: Words<'a>,
    file: Option<Box<dyn Write + Send>>,
    headings: Vec<u8>,
    separator: u8,
    /// The given file is one of refused lines itself: what an earlier import wrote before them goes.
    again: bool,
    /// Why it cannot be written.
    pub(super) failure: Option<io::Error>,
}

impl<'a> Refused<'a> {
    pub(super) fn new(
        (opener, words): (Option<Opener<'a>>, Words<'a>),
        headings: &[String],
        raw: &[u8],
        separator: u8,
    ) -> Self {
        let mut first = headings.iter().map(String::as_str);
        let again = [first.next(), first.next()] == OWN_HEADINGS.map(Some);
        Self {
            opener,
            words,
            file: None,
            headings: given(raw, separator, again).to_vec(),
            separator,
            again,
            failure: None,
        }
    }

    pub(super) fn write(&mut self, line: u64, faults: &[Fault], raw: &[u8]) {
        if self.failure.is_none()
            && let Err(error) = self.try_write(line, faults, raw)
        {
            self.failure = Some(error);
        }
    }

    fn try_write(&mut self, line: u64, faults: &[Fault], raw: &[u8]) -> io::Result<()> {
        if let Some(open) = self.opener.take() {
            let mut file = open()?;
            let [line, faults] = OWN_HEADINGS;
            let separator = char::from(self.separator);
            write!(file, "{line}{separator}{faults}{separator}")?;
            file.write_all(&self.headings)?;
            file.write_all(b"\n")?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let faults: Vec<String> = faults.iter().map(|fault| fault.sentence(self.words)).collect();
        // A line of a file of refused lines is known by where it stood in the first one.
        let line = match (self.again, first_number(raw)) {
            (true, Some(first)) => first,
            _ => line,
        };
        let separator = char::from(self.separator);
        let faults = faults.join("; ").replace(['\r', '\n'], " ").replace('"', "\"\"");
        write!(file, "{line}{separator}\"{faults}\"{separator}")?;
        file.write_all(given(raw, self.separator, self.again))?;
        file.write_all(b"\n")
    }

    pub(super) fn finish(mut self) -> Option<io::Error> {
        let flushed = self.file.as_mut().map_or(Ok(()), |file| file.flush());
        self.failure.or(flushed.err())
    }
}

/// The number that an earlier import wrote before a line.
fn first_number(raw: &[u8]) -> Option<u64> {
    let digits = raw.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(raw.get(..digits)?).ok()?.parse().ok()
}

/// The bytes of a line behind what an earlier import wrote before them.
fn given(raw: &[u8], separator: u8, again: bool) -> &[u8] {
    if !again {
        return raw;
    }
    let (mut fields, mut quoted) = (0, false);
    for (place, byte) in raw.iter().enumerate() {
        quoted ^= *byte == b'"';
        fields += usize::from(*byte == separator && !quoted);
        if fields == OWN_HEADINGS.len() {
            return raw.get(place + 1..).unwrap_or_default();
        }
    }
    raw
}
