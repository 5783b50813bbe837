//! The records of a CSV file, each with the number of its first physical line.
//!
//! Strict about quotes, so that a broken line costs that line and nothing else: a quote that
//! is never closed would otherwise swallow the rest of the file, or all lines up to the next
//! quote. Where a record of several lines turns out to be broken, its first line is refused
//! and reading goes on with the second. (This is why the `csv` crate does not read here: it
//! takes any bytes for some record, and cannot go back.)

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

use sluice_model::{cells, looks};

use super::hints;

/// The longest line, and the longest record of several lines.
const LIMIT: usize = 4 << 20;

/// What a line holds.
#[derive(Debug)]
pub(super) struct Record {
    /// The number of its first physical line; the first of the file is 1.
    pub(super) line: u64,
    /// The fields, those without quotes trimmed; or what is wrong with them.
    pub(super) fields: Result<Vec<String>, Vec<Fault>>,
    /// Its bytes as they are in the file, without the end of the line.
    pub(super) raw: Vec<u8>,
}

/// What is wrong with a line.
#[derive(Debug)]
pub(super) struct Fault {
    /// The position of the field, where it is one field's fault.
    pub(super) field: Option<usize>,
    /// A sentence.
    pub(super) reason: String,
}

impl Fault {
    fn of_line(reason: impl Into<String>) -> Self {
        Self {
            field: None,
            reason: reason.into(),
        }
    }
}

/// A physical line with its end.
struct Line {
    bytes: Vec<u8>,
    /// It is longer than [`LIMIT`], and its rest is lost.
    cut: bool,
}

impl Line {
    fn is_blank(&self, separator: u8) -> bool {
        self.bytes
            .iter()
            .all(|byte| byte.is_ascii_whitespace() || *byte == separator)
    }
}

/// Reads records one after the other.
pub(super) struct Records<R> {
    input: BufReader<R>,
    /// Lines that were read as part of a broken record, and given back.
    back: VecDeque<Line>,
    /// The number of the last line taken.
    line: u64,
    /// How many fields a record has: as many as the first.
    width: Option<usize>,
    separator: u8,
    /// Texts that would be formulas in a spreadsheet have a quote before them.
    spreadsheet: bool,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, separator: u8) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            back: VecDeque::new(),
            line: 0,
            width: None,
            separator,
            spreadsheet: false,
        }
    }

    /// The records of a file that was written for a spreadsheet, or of another one.
    pub(super) fn of_spreadsheet(mut self, spreadsheet: bool) -> Self {
        self.spreadsheet = spreadsheet;
        self
    }

    /// What the beginning of the file shows that cannot be read.
    pub(super) fn wrong_encoding(&mut self) -> io::Result<Option<String>> {
        let start = self.input.fill_buf()?;
        Ok(hints::encoding(start.get(..512).unwrap_or(start)))
    }

    /// The next record. Lines without a word in them are passed over, however that is written:
    /// spreadsheets end with lines of nothing but separators. The first record gives the width.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let width = self.width;
            let Some(record) = self.any()? else { return Ok(None) };
            match &record.fields {
                Ok(fields) if fields.iter().all(|field| looks::is_blank(field)) => self.width = width,
                _ => return Ok(Some(record)),
            }
        }
    }

    /// The next record that is not empty to the byte.
    fn any(&mut self) -> io::Result<Option<Record>> {
        let first = loop {
            match self.take()? {
                None => return Ok(None),
                Some(line) if line.is_blank(self.separator) => {}
                Some(line) => break line,
            }
        };
        let line = self.line;
        let mut further = Vec::new();
        let fields = self.read(&first, &mut further)?;
        let mut raw = first.bytes;
        match fields {
            Ok(_) => further.iter().for_each(|line| raw.extend_from_slice(&line.bytes)),
            Err(_) => self.give_back(further),
        }
        let end = raw.strip_suffix(b"\n").unwrap_or(&raw);
        let end = end.strip_suffix(b"\r").unwrap_or(end).len();
        raw.truncate(end);
        Ok(Some(Record {
            line,
            fields: fields
                .map_err(|fault| vec![fault])
                .and_then(|fields| decoded(fields, self.spreadsheet)),
            raw,
        }))
    }

    /// The fields of the record that begins with `first`, and the lines that it needs.
    fn read(&mut self, first: &Line, further: &mut Vec<Line>) -> io::Result<Result<Vec<Field>, Fault>> {
        let mut parser = Parser::new(self.separator);
        let mut size = first.bytes.len();
        let mut complete = parser.feed(first);
        while let Ok(false) = complete {
            if size > LIMIT {
                complete = Err(Fault::of_line("a quote is opened here and not closed within 4 MiB"));
                break;
            }
            let Some(line) = self.take()? else {
                complete = Err(Fault::of_line("a quote is opened here and never closed"));
                break;
            };
            size += line.bytes.len();
            complete = parser.feed(&line);
            further.push(line);
        }
        let fields = parser.fields;
        let expected = *self.width.get_or_insert(fields.len());
        Ok(complete.and_then(|_| {
            if fields.len() == expected {
                return Ok(fields);
            }
            let open = if further.is_empty() {
                ""
            } else {
                "; is a quote left open?"
            };
            Err(Fault::of_line(format!(
                "the line has {} fields, the heading has {expected}{open}",
                fields.len()
            )))
        }))
    }

    fn give_back(&mut self, lines: Vec<Line>) {
        for line in lines.into_iter().rev() {
            self.back.push_front(line);
            self.line -= 1;
        }
    }

    fn take(&mut self) -> io::Result<Option<Line>> {
        let line = match self.back.pop_front() {
            Some(line) => Some(line),
            None => self.read_line()?,
        };
        self.line += u64::from(line.is_some());
        Ok(line)
    }

    fn read_line(&mut self) -> io::Result<Option<Line>> {
        let mut line = Line {
            bytes: Vec::new(),
            cut: false,
        };
        self.input
            .by_ref()
            .take(LIMIT as u64)
            .read_until(b'\n', &mut line.bytes)?;
        if line.bytes.is_empty() {
            return Ok(None);
        }
        if line.bytes.len() == LIMIT && !line.bytes.ends_with(b"\n") {
            line.cut = self.input.skip_until(b'\n')? > 0;
        }
        // The mark that some programs put before UTF-8.
        if self.line == 0 && line.bytes.starts_with(b"\xEF\xBB\xBF") {
            line.bytes.drain(..3);
        }
        Ok(Some(line))
    }
}

/// A field as it stands in its line.
#[derive(Default)]
struct Field {
    bytes: Vec<u8>,
    /// It stands between quotes: its blanks are its own.
    quoted: bool,
}

/// The fields as text; what is not quoted without the blanks around it.
fn decoded(fields: Vec<Field>, spreadsheet: bool) -> Result<Vec<String>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut texts = Vec::with_capacity(fields.len());
    for (position, field) in fields.into_iter().enumerate() {
        match String::from_utf8(field.bytes) {
            Ok(text) => {
                let text = if field.quoted { &text } else { text.trim() };
                texts.push(
                    if spreadsheet {
                        cells::from_spreadsheet(text)
                    } else {
                        text
                    }
                    .to_owned(),
                );
            }
            Err(error) => faults.push(Fault {
                field: Some(position),
                reason: hints::latin(error.as_bytes()),
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(texts),
        false => Err(faults),
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Before a field.
    #[default]
    Start,
    /// In a field without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// At a quote that ends the field, or is half of a doubled one.
    Quote,
    /// In the blanks behind the quote that ended the field.
    Ended,
}

/// Takes a record apart, line by line.
struct Parser {
    separator: u8,
    fields: Vec<Field>,
    field: Field,
    place: Place,
}

impl Parser {
    fn new(separator: u8) -> Self {
        Self {
            separator,
            fields: Vec::new(),
            field: Field::default(),
            place: Place::default(),
        }
    }

    /// Reads one more line; whether the record ends with it.
    fn feed(&mut self, line: &Line) -> Result<bool, Fault> {
        if line.cut {
            return Err(Fault::of_line("the line is longer than 4 MiB"));
        }
        for byte in line.bytes.iter().copied() {
            self.place = match (self.place, byte) {
                (Place::Quoted, b'"') => Place::Quote,
                (Place::Quoted, _) | (Place::Quote, b'"') => self.push(byte, Place::Quoted),
                (_, byte) if byte == self.separator => self.end_field(),
                (_, b'\n') => break,
                (Place::Start, b'"') => Place::Quoted,
                (Place::Start | Place::Plain, _) => self.push(byte, Place::Plain),
                (Place::Quote | Place::Ended, b' ' | b'\t' | b'\r') => Place::Ended,
                (Place::Quote | Place::Ended, _) => {
                    return Err(Fault::of_line(
                        "a quoted field goes on behind its closing quote; a quote in it has to be doubled",
                    ));
                }
            };
        }
        let complete = self.place != Place::Quoted;
        if complete {
            self.place = self.end_field();
        }
        Ok(complete)
    }

    fn push(&mut self, byte: u8, place: Place) -> Place {
        self.field.bytes.push(byte);
        self.field.quoted |= place == Place::Quoted;
        place
    }

    fn end_field(&mut self) -> Place {
        self.fields.push(std::mem::take(&mut self.field));
        Place::Start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Vec<(u64, Result<Vec<String>, String>)> {
        let mut records = Records::new(file, b',');
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let reasons = |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.reason).collect();
            all.push((record.line, record.fields.map_err(reasons)));
        }
        all
    }

    fn fields(fields: &[&str]) -> Result<Vec<String>, String> {
        Ok(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn fields_without_quotes_are_trimmed_and_lines_are_physical() {
        let file = b"\xEF\xBB\xBFa, b \r\n\"x, \"\"y\"\"\" ,\"two\nlines\"\r\n\r\n1,2\n3,4\n \t5 ,\" 6\t\" ";
        assert_eq!(
            read(file),
            [
                (1, fields(&["a", "b"])),
                (2, fields(&["x, \"y\"", "two\nlines"])),
                (5, fields(&["1", "2"])),
                (6, fields(&["3", "4"])),
                (7, fields(&["5", " 6\t"])),
            ]
        );
    }

    #[test]
    fn lines_of_separators_are_none() {
        let file = "a,b\n,\n1,2\n , \r\n\t\n,,\n\"\",\n\"\",\"\"\n\u{a0},\u{200b}\n\" \",\"\u{3000}\n\n\"\n3,\n";
        let lines: Vec<u64> = read(file.as_bytes()).iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 13]);
        // Nor are they the headings.
        assert_eq!(read(b"\"\"\na,b\n1,2\n").len(), 2);
    }

    #[test]
    fn an_open_quote_costs_one_line() {
        let all = read(b"a,b\n1,\"open\n2,x\n3,\"quoted\"\n4,y\n");
        assert_eq!(all.len(), 5);
        assert!(all[1].0 == 2 && all[1].1.as_ref().unwrap_err().contains("behind its closing quote"));
        assert_eq!(
            all[2..],
            [
                (3, fields(&["2", "x"])),
                (4, fields(&["3", "quoted"])),
                (5, fields(&["4", "y"]))
            ]
        );

        let all = read(b"a,b\n1,\"open\n2,x\n");
        assert!(all[1].1.as_ref().unwrap_err().contains("never closed"));
        assert_eq!(all[2], (3, fields(&["2", "x"])));
    }

    #[test]
    fn a_wrong_width_costs_one_line() {
        let all = read(b"a,b\n1\n\"1\n\",2,3\n4,\"5\"\n");
        let faults: Vec<u64> = all
            .iter()
            .filter(|(_, fields)| fields.is_err())
            .map(|(line, _)| *line)
            .collect();
        // Line 4 begins with the quote that was to close: it opens one, up to line 5.
        assert_eq!(faults, [2, 3, 4]);
        assert_eq!(all.last(), Some(&(5, fields(&["4", "5"]))));
    }

    #[test]
    fn bytes_that_are_no_text_are_named() {
        let all = read(b"a,b\n1,M\xFCller\n2,x\n");
        assert!(all[1].1.as_ref().unwrap_err().contains("is not UTF-8"));
        assert_eq!(all[2], (3, fields(&["2", "x"])));
    }
}
