//! By what a line is known when it comes again.
//!
//! The id of its row is made of the table and of what the line says: the texts under the mapped
//! headings, by the columns that they go into; a line break in a text is one, however the file writes it. What else is
//! in the file does not matter, nor where the line stands; where a file gives the ids of some rows, it is so for the
//! lines that give none. It is made with the secret of the organisation, so that from the id nobody can tell what a row
//! said, nor make a row of the id that a line will have. Of lines that say the same, each has its number: the second
//! one is another row.
//! How often a line has come is counted for those lines only that come more than once; which these
//! are a first reading of the file finds out, in a memory that does not grow with it.
//!
//! The id is another one for each who imports: whether a row is there that they may not know of has no bearing on it. So
//! a line has further ids: those that it has for the others who have imported something, and those that earlier versions
//! made of it without the secret.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use sha2::{Digest as _, Sha256};
use sluice_engine::{Secret, Session};
use sluice_model::{ColumnType, Error, Result, Uuid};

use super::plan::Target;

/// What a line says, of a certain table.
pub(super) type Print = [u8; 32];

/// What a line says.
pub(super) struct Said {
    print: Print,
    /// With its line breaks as the file writes them, where they are written otherwise.
    written: Option<Print>,
}

/// What a line says, each with how often it has come.
pub(super) struct Numbered {
    print: (Print, u64),
    written: Option<(Print, u64)>,
}

/// The ids that the row of a line may have.
pub(super) struct Ids {
    /// The one that it gets.
    pub(super) own: Uuid,
    /// Those for each who else has imported something, with these.
    pub(super) others: Vec<(Uuid, Uuid)>,
    /// Those that earlier versions gave.
    pub(super) earlier: Vec<Uuid>,
}

/// By what ids are made.
pub(super) struct Maker {
    pub(super) secret: Secret,
    pub(super) user: Uuid,
    /// Those who have imported something.
    pub(super) importers: Vec<Uuid>,
}

impl Maker {
    /// For the session's user.
    pub(super) fn of(session: &Session) -> Result<Self> {
        Ok(Self {
            secret: session.secret()?,
            user: session.user(),
            importers: session.importers()?,
        })
    }

    /// The ids of the row of a line.
    pub(super) fn ids(&self, line: &Numbered) -> Result<Ids> {
        let (print, number) = &line.print;
        let prints = std::iter::once(&line.print).chain(&line.written);
        let id = |whose: &Uuid| {
            let said = [print, number.to_be_bytes().as_slice(), whose.as_bytes()].concat();
            self.secret.digest(&said).map(|digest| id_of(&digest))
        };
        let others = self.importers.iter().filter(|user| **user != self.user);
        Ok(Ids {
            own: id(&self.user)?,
            others: others.map(|user| Ok((*user, id(user)?))).collect::<Result<_>>()?,
            earlier: prints.map(|(print, number)| row_id(print, *number)).collect(),
        })
    }
}

/// Says what lines say.
pub(super) struct Prints {
    start: Sha256,
    /// The columns in the order of their names, with the places of the fields.
    columns: Vec<(String, usize)>,
    /// The place of the rows' ids, where the file gives some.
    id: Option<usize>,
}

impl Prints {
    pub(super) fn new(table: &str, targets: &[Option<Arc<Target>>]) -> Self {
        let mut columns = Vec::new();
        let mut id = None;
        for (place, target) in targets.iter().enumerate() {
            match target.as_ref().map(|target| &target.column) {
                Some(column) if column.kind == ColumnType::Key => id = Some(place),
                Some(column) => columns.push((column.name.to_string(), place)),
                None => {}
            }
        }
        columns.sort_unstable();
        let start = Sha256::new().chain_update(b"line of an import\0").chain_update(table);
        Self { start, columns, id }
    }

    /// The columns into which lines go.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(column, _)| column.as_str())
    }

    /// What a line says; nothing where it gives the id of its row.
    pub(super) fn of(&self, fields: &[String]) -> Option<Said> {
        // What is quoted has its blanks with it; they tell no line from another.
        let id = self.id.and_then(|place| fields.get(place)).map(|id| id.trim());
        let id = id.filter(|id| !id.is_empty());
        if id.is_some_and(|id| id.parse() != Ok(Uuid::nil())) {
            return None;
        }
        let print = self.print(fields, |text| match text.contains(BREAK) {
            true => text.replace(BREAK, "\n").into(),
            false => text.into(),
        });
        let has_breaks = self.texts(fields).any(|(_, text)| text.contains(BREAK));
        Some(Said {
            print,
            written: has_breaks.then(|| self.print(fields, Into::into)),
        })
    }

    /// The texts under the mapped headings, as far as there is something, with their columns.
    fn texts<'a>(&'a self, fields: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let text = |(column, place): &'a (String, usize)| {
            let text = fields.get(*place)?.trim();
            (!text.is_empty()).then_some((column.as_str(), text))
        };
        self.columns.iter().filter_map(text)
    }

    fn print<'a>(&'a self, fields: &'a [String], form: impl Fn(&'a str) -> Cow<'a, str>) -> Print {
        let mut hash = self.start.clone();
        for (column, text) in self.texts(fields) {
            for part in [column, &form(text)] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }
}

/// How files of some systems write a line break.
const BREAK: &str = "\r\n";

/// A print with line breaks as the file writes them is counted beside those that have none.
fn marked(written: &Print) -> Print {
    Sha256::new()
        .chain_update(b"as it is written\0")
        .chain_update(written)
        .finalize()
        .into()
}

/// The id that earlier versions gave the row of a line that comes for the `number`th time.
fn row_id(print: &Print, number: u64) -> Uuid {
    match number {
        1 => id_of(print),
        _ => id_of(
            &Sha256::new()
                .chain_update(print)
                .chain_update(number.to_be_bytes())
                .finalize()
                .into(),
        ),
    }
}

/// A UUID of version 8.
fn id_of(digest: &Print) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// So many different lines may come more than once.
const MOST: usize = 900_000;

/// The lines that come more than once, and how often they have.
pub(super) struct Repeats {
    /// A bit for some lines each: where one of a line's bits is not set, it has not come yet.
    bits: Vec<u64>,
    again: HashMap<u64, u64>,
}

impl Repeats {
    /// For a file of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        let words = (size / 256).next_power_of_two().clamp(1 << 10, 1 << 22);
        Self {
            bits: vec![0; usize::try_from(words).unwrap_or(1 << 10)],
            again: HashMap::new(),
        }
    }

    /// A line has come, in the first reading.
    pub(super) fn note(&mut self, said: &Said) -> Result<()> {
        self.note_print(&said.print)?;
        match &said.written {
            Some(written) => self.note_print(&marked(written)),
            None => Ok(()),
        }
    }

    fn note_print(&mut self, print: &Print) -> Result<()> {
        if self.set(print) && !self.again.contains_key(&short(print)) {
            if self.again.len() == MOST {
                return Err(Error::invalid(format!(
                    "more than {MOST} different lines of the file come more than once; give it in parts, or say in \
                     the map which columns tell the rows apart ([key])"
                )));
            }
            self.again.insert(short(print), 0);
        }
        Ok(())
    }

    /// The first reading is over.
    pub(super) fn noted(&mut self) {
        self.bits = Vec::new();
    }

    /// A line has come, in the second reading.
    pub(super) fn count(&mut self, said: Said) -> Numbered {
        let number = self.number(&said.print);
        let written = said.written.map(|written| (written, self.number(&marked(&written))));
        Numbered {
            print: (said.print, number),
            written,
        }
    }

    /// For which time a line comes, in the second reading.
    fn number(&mut self, print: &Print) -> u64 {
        match self.again.get_mut(&short(print)) {
            None => 1,
            Some(times) => {
                *times += 1;
                *times
            }
        }
    }

    /// Sets the bits of a line; whether they were set.
    fn set(&mut self, print: &Print) -> bool {
        let mut were_set = true;
        // Three bits by parts of the print that are not used otherwise.
        for part in print.as_chunks::<8>().0.iter().skip(1) {
            let bit = u64::from_be_bytes(*part);
            let word = usize::try_from(bit >> 6).unwrap_or_default() % self.bits.len().max(1);
            let Some(word) = self.bits.get_mut(word) else { continue };
            let mask = 1 << (bit & 63);
            were_set &= *word & mask != 0;
            *word |= mask;
        }
        were_set
    }
}

/// Enough to tell apart the lines that come more than once.
fn short(print: &Print) -> u64 {
    print
        .as_chunks::<8>()
        .0
        .first()
        .map_or(0, |part| u64::from_be_bytes(*part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> Print {
        Sha256::digest(text).into()
    }

    #[test]
    fn lines_that_come_again_are_counted() {
        let lines = ["a", "b", "a", "c", "a", "b"];
        let mut repeats = Repeats::new(12);
        lines.iter().for_each(|line| repeats.note_print(&print(line)).unwrap());
        repeats.noted();
        let numbers: Vec<u64> = lines.iter().map(|line| repeats.number(&print(line))).collect();
        assert_eq!(numbers, [1, 1, 2, 1, 3, 2]);
        assert_ne!(row_id(&print("a"), 1), row_id(&print("a"), 2));
        assert_ne!(row_id(&print("a"), 1), row_id(&print("b"), 1));
    }

    #[test]
    fn few_lines_are_taken_for_others() {
        // Lines of twenty bytes, which is short.
        let count = 20_000;
        let mut repeats = Repeats::new(count * 20);
        (0..count).for_each(|n| repeats.note_print(&print(&n.to_string())).unwrap());
        assert!(repeats.again.len() < 5_000, "{}", repeats.again.len());
        let numbers = (0..count).all(|n| repeats.number(&print(&n.to_string())) == 1);
        assert!(numbers);
    }
}
