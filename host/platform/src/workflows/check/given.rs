//! What the values of a definition give, and whether what takes them can take it.

use serde_json::Value as Json;
use sluice_engine::Unit;
use sluice_model::{Code, ColumnDef, ColumnType, Error, Name, Reference, Result, TableDef, Value, coerce, written};

use super::{Checker, Goes, Taken, at, invalid};
use crate::workflows::{
    definition::{Source, Verb},
    values::{self, Gives},
};

/// What a source gives.
#[derive(Debug, Clone)]
pub(crate) enum Offer {
    /// It is written in the definition.
    Constant(Json),
    Column(Box<ColumnDef>),
    Row(Name),
    Text,
    Time,
    /// What a plug-in gives back, by the name of the call and of the output: its kind is known when the
    /// plug-in's file is.
    Output(String, Name),
}

impl Checker<'_> {
    /// The source gives a point in time; `what` says in refusals what it is for.
    pub(super) fn time(&mut self, source: &Source, what: &str) -> Result<()> {
        let is_time = match source {
            Source::Constant(Json::String(text)) => written::time(text).is_some(),
            Source::First(sources) => return sources.iter().try_for_each(|source| self.time(source, what)),
            source => match self.source(source)? {
                Offer::Column(column) => matches!(column.kind, ColumnType::DateTime | ColumnType::Date),
                Offer::Output(of, output) => {
                    self.take(of, output, Goes::Time);
                    true
                }
                Offer::Time => true,
                Offer::Row(_) | Offer::Text | Offer::Constant(_) => false,
            },
        };
        match is_time {
            true => Ok(()),
            false => invalid(format!("{what} is no point in time, such as 2026-01-31T09:00:00Z")),
        }
    }

    /// A column that an update changes takes that, and what it is changed by.
    pub(super) fn changed(&mut self, table: &TableDef, name: &Name, verb: Verb, by: &Source) -> Result<()> {
        let column = self.use_column(table, name)?;
        let fits = match verb {
            Verb::Append => values::is_searched(column),
            Verb::Increment | Verb::Decrement | Verb::Multiply => values::is_number(column),
        };
        if !fits {
            let what = if verb == Verb::Append { "text" } else { "number" };
            return invalid(format!(
                "column `{name}` of `{}` is {} and no {what} that could be changed",
                table.name,
                column.kind.word()
            ));
        }
        self.written(table, name, by)
    }

    /// A column that is written takes what the source gives.
    pub(super) fn written(&mut self, table: &TableDef, name: &Name, source: &Source) -> Result<()> {
        let column = self.use_column(table, name)?.clone();
        if column.filled {
            let message = format!("the platform fills column `{name}` of `{}`", table.name);
            return Err(Error::new(Code::READ_ONLY_COLUMN, message).with_table(&table.name));
        }
        self.fits(table, &column, source)
    }

    /// A column takes what the source gives, or can be compared with it.
    pub(super) fn fits(&mut self, table: &TableDef, column: &ColumnDef, source: &Source) -> Result<()> {
        match source {
            Source::Constant(json) => {
                if let Value::Lookup(row) = coerce::stored(table, column, json)? {
                    self.rows.push((self.place.clone(), row));
                }
                Ok(())
            }
            Source::First(sources) => sources.iter().try_for_each(|source| self.fits(table, column, source)),
            source => {
                let refusal = |what: &str| {
                    invalid(format!(
                        "column `{}` of `{}` is {} and does not take {what}",
                        column.name,
                        table.name,
                        column.kind.word()
                    ))
                };
                let given = self.source(source)?;
                match given {
                    Offer::Column(from) if !values::takes(column, Gives::Column(&from)) => {
                        refusal(&format!("that of `{}`, which is {}", from.name, from.kind.word()))
                    }
                    Offer::Row(of) if !values::takes(column, Gives::Row(&of)) => refusal(&format!("a row of `{of}`")),
                    Offer::Text if !values::takes(column, Gives::Text) => refusal("a text"),
                    Offer::Time if !values::takes(column, Gives::Time) => refusal("a point in time"),
                    Offer::Output(of, output) => {
                        self.take(of, output, Goes::Column(table.name.clone(), Box::new(column.clone())));
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// An output of a plug-in goes somewhere.
    fn take(&mut self, of: String, output: Name, goes: Goes) {
        let place = self.place.clone();
        self.taken.push(Taken {
            place,
            of,
            output,
            goes,
        });
    }

    /// All that a source may give: of a choice of several, each of them.
    pub(super) fn offers(&mut self, source: &Source) -> Result<Vec<Offer>> {
        Ok(match source {
            Source::First(sources) => {
                let mut all = Vec::new();
                for source in sources {
                    all.extend(self.offers(source)?);
                }
                all
            }
            source => vec![self.source(source)?],
        })
    }

    /// What a source gives, where that is no choice of several.
    pub(super) fn source(&mut self, source: &Source) -> Result<Offer> {
        Ok(match source {
            Source::Constant(Json::Array(_)) => return invalid("a text has no list in it".to_owned()),
            Source::Constant(json) => Offer::Constant(json.clone()),
            Source::Column(name, row) => {
                let table = self.row(row)?;
                Offer::Column(Box::new(self.use_column(&table, name)?.clone()))
            }
            Source::Row(row) => Offer::Row(self.row(row)?.name.clone()),
            Source::First(parts) | Source::Text(parts) => {
                for part in parts {
                    self.source(part)?;
                }
                Offer::Text
            }
            Source::Now(_) => Offer::Time,
            Source::Moved(time, _) => {
                self.time(time, "what is moved by `plus`")?;
                Offer::Time
            }
            Source::Output(output, of) => {
                if !self.plugins.iter().any(|called| called.name.as_ref() == Some(of)) {
                    return invalid(format!("no action before this one calls a plug-in as \"{of}\""));
                }
                self.take(of.clone(), output.clone(), Goes::Anywhere);
                Offer::Output(of.clone(), output.clone())
            }
            Source::Changed(..) => {
                return invalid("only a column of an `update` is appended to, incremented or multiplied".to_owned());
            }
        })
    }
}

/// Refuses a definition that names rows which are not there.
///
/// # Errors
/// The first of them, with the place of its action.
pub(crate) fn are_there(unit: &mut Unit, rows: &[(String, Reference)]) -> Result<()> {
    for (place, row) in rows {
        let reason = "a definition names rows that are there";
        if unit.read_as_platform(reason, row, Some(&[]))?.is_none() {
            let message = format!("it names the row {} of `{}`, which is not there", row.id, row.table);
            return Err(at(place, Error::new(Code::NOT_FOUND, message).with_table(&row.table)));
        }
    }
    Ok(())
}
