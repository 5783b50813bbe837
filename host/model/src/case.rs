//! A plug-in call as a case: what it was given, what its questions to the host were answered, and how it
//! ended. Hosts write cases; hosts and tests run them again.

use serde::{Deserialize, Serialize};

use crate::{
    Code, Error, Name, Named, Order, Parameter, Parameters, Query, Result, Row, Timestamp, Uuid, Value, document,
};

/// The form in which cases are written. A reader refuses later ones.
const FORM: u32 = 1;

/// A plug-in call that can be run again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    form: u32,
    /// The plug-in, as `assembly/type`.
    pub plugin: String,
    /// What the step is called.
    pub step: String,
    /// Its configuration. The secure one is in no case.
    pub configuration: Option<String>,
    /// Whether the step was granted `clock`, `random` and `system`.
    pub grants: [bool; 3],
    /// The organisation's id.
    pub organization: Uuid,
    /// Its name.
    pub organization_name: String,
    /// What the plug-in saw.
    pub context: CaseContext,
    /// What it asked, and what it was answered, in order.
    pub asked: Vec<Asked>,
    /// How it ended.
    pub ended: Ended,
}

/// What a plug-in sees of the operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what the contract of plug-ins calls so")]
pub struct CaseContext {
    pub message: Name,
    pub stage: i32,
    pub mode: i32,
    pub depth: u32,
    pub table: Option<Name>,
    pub id: Option<Uuid>,
    pub user: Uuid,
    pub initiating_user: Uuid,
    pub business_unit: Uuid,
    pub correlation: Uuid,
    pub request: Option<Uuid>,
    pub step: Uuid,
    pub in_transaction: bool,
    pub created_on: Timestamp,
    pub target: Option<Row>,
    pub inputs: Parameters,
    pub outputs: Parameters,
    pub shared: Named<Value>,
    pub pre_images: Named<Row>,
    pub post_images: Named<Row>,
    pub parent: Option<Box<CaseContext>>,
}

/// A question to the host, with its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A service call.
    Call {
        /// In whose name: 0 the step's user, 1 the initiating user, 2 the system.
        caller: u8,
        /// The message.
        message: Name,
        /// Its parameters.
        inputs: Parameters,
        /// What came out.
        answer: Answer<Parameters>,
    },
    /// The query that texts say.
    Query {
        /// The texts.
        question: Question,
        /// The query.
        answer: Box<Answer<Query>>,
    },
    /// The time.
    Time(Timestamp),
    /// Random bytes.
    Random(Vec<u8>),
}

/// The texts of a query that a plug-in asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The table.
    pub table: String,
    /// The columns; none for all.
    pub columns: Vec<Name>,
    /// The filter, as OData writes it.
    pub filter: Option<String>,
    /// The order.
    pub order: Vec<Order>,
    /// At most so many rows.
    pub top: Option<u32>,
}

/// What came of something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T> {
    /// It passed.
    Passed(T),
    /// It was refused.
    Refused {
        /// The code.
        code: u32,
        /// The message.
        message: String,
    },
}

impl<T> Answer<T> {
    /// The answer that a result is.
    pub fn of<U>(result: &Result<U>, passed: impl FnOnce(&U) -> T) -> Self {
        match result {
            Ok(value) => Self::Passed(passed(value)),
            Err(error) => Self::Refused {
                code: error.code().0,
                message: error.message().to_owned(),
            },
        }
    }

    /// The result that it was.
    ///
    /// # Errors
    /// It was refused.
    pub fn again(self) -> Result<T> {
        match self {
            Self::Passed(value) => Ok(value),
            Self::Refused { code, message } => Err(Error::new(Code(code), message)),
        }
    }
}

/// How a call ended, and what it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Whether it passed.
    pub result: Answer<()>,
    /// The Target.
    pub target: Option<Row>,
    /// The input parameters.
    pub inputs: Parameters,
    /// The output parameters.
    pub outputs: Parameters,
}

impl Case {
    /// A case that is about to be recorded: nothing was asked yet.
    pub fn begin(plugin: String, step: String, organization: (Uuid, String), context: CaseContext) -> Self {
        let ended = Ended {
            result: Answer::Passed(()),
            target: context.target.clone(),
            inputs: context.inputs.clone(),
            outputs: context.outputs.clone(),
        };
        Self {
            form: FORM,
            plugin,
            step,
            configuration: None,
            grants: [false; 3],
            organization: organization.0,
            organization_name: organization.1,
            context,
            asked: Vec::new(),
            ended,
        }
    }

    /// Reads a case.
    ///
    /// # Errors
    /// The text is none, or a later version wrote it.
    pub fn read(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        let broken = |error| Error::invalid(format!("this is no case of a plug-in call ({error})"));
        let Form { form } = serde_json::from_str(text).map_err(broken)?;
        if form > FORM {
            return Err(Error::invalid(format!(
                "a later version wrote this case (form {form}; this version knows forms up to {FORM})"
            )));
        }
        document::parse(text).map_err(broken)
    }

    /// The case as a text.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string_pretty(self).map_err(|error| Error::host(format!("a case cannot be written: {error}")))
    }

    /// The name of the plug-in's type.
    pub fn type_name(&self) -> &str {
        self.plugin.split_once('/').map_or(&*self.plugin, |(_, name)| name)
    }

    /// The rows that are in it, but for what the request itself carried.
    pub fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.context.pre_images.values().collect();
        rows.extend(self.context.post_images.values());
        rows.extend(rows_in(&self.context.outputs));
        for asked in &self.asked {
            if let Asked::Call {
                answer: Answer::Passed(outputs),
                ..
            } = asked
            {
                rows.extend(rows_in(outputs));
            }
        }
        rows
    }
}

/// The rows among parameters.
pub fn rows_in(parameters: &Parameters) -> Vec<&Row> {
    let mut rows = Vec::new();
    for parameter in parameters.values() {
        match parameter {
            Parameter::Row(row) => rows.push(row),
            Parameter::Rows(more) => rows.extend(more),
            _ => {}
        }
    }
    rows
}

impl Ended {
    /// How another ending differs, in a line.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let told = |result: &Answer<()>| match result {
            Answer::Passed(()) => "it passed".to_owned(),
            Answer::Refused { code, message } => format!("{} {message}", Code(*code)),
        };
        if self.result != other.result {
            return Some(format!(
                "it ended with: {}; now: {}",
                told(&self.result),
                told(&other.result)
            ));
        }
        let differs = |name: &str, was: Option<&Parameter>, is: Option<&Parameter>| {
            let told =
                |parameter: Option<&Parameter>| parameter.map_or_else(|| "nothing".to_owned(), Parameter::described);
            (was != is).then(|| format!("it left in {name} {}; now {}", told(was), told(is)))
        };
        let columns = |row: &Option<Row>| -> Parameters {
            let values = row.iter().flat_map(|row| row.values.iter());
            values
                .map(|(name, value)| (name.clone(), Parameter::Value(value.clone())))
                .collect()
        };
        let of_target = (columns(&self.target), columns(&other.target));
        let parts = [
            ("the Target's", &of_target.0, &of_target.1),
            ("the input", &self.inputs, &other.inputs),
            ("the output", &self.outputs, &other.outputs),
        ];
        parts.into_iter().find_map(|(what, was, is)| {
            let names = was.keys().chain(is.keys());
            let mut names = names.map(|name| differs(&format!("{what} `{name}`"), was.get(name), is.get(name)));
            names.find_map(|difference| difference)
        })
    }
}

impl Asked {
    /// The question in a line.
    pub fn described(&self) -> String {
        match self {
            Self::Call { message, inputs, .. } => described(message, inputs),
            Self::Query { question, .. } => format!("a query on {}", question.table),
            Self::Time(_) => "the time".to_owned(),
            Self::Random(_) => "randomness".to_owned(),
        }
    }
}

/// A service call in a line.
pub fn described(message: &str, inputs: &Parameters) -> String {
    let each = inputs.iter().map(|(name, parameter)| match parameter {
        Parameter::Row(row) => {
            let columns = row
                .values
                .iter()
                .map(|(name, value)| format!("{name}={}", value.described()));
            format!("{name} {} {{{}}}", row.table, columns.collect::<Vec<_>>().join(", "))
        }
        other => format!("{name} {}", other.described()),
    });
    format!("{message} ({})", each.collect::<Vec<_>>().join("; "))
}

/// The questions of a case as they are asked again: each is answered as it was, as long as they are the same.
#[derive(Debug)]
pub struct Questions {
    left: std::collections::VecDeque<Asked>,
    /// How many were asked as they had been.
    pub same: usize,
    /// The first that was not.
    pub difference: Option<String>,
}

impl Questions {
    /// Those of a case.
    pub fn of(case: &Case) -> Self {
        Self {
            left: case.asked.iter().cloned().collect(),
            same: 0,
            difference: None,
        }
    }

    /// The next question on record, where it is the one that is asked now.
    ///
    /// # Errors
    /// It is another one, or one was before.
    pub fn next(&mut self, now: &str, is_same: impl FnOnce(&Asked) -> bool) -> Result<Asked> {
        match self.left.pop_front() {
            Some(asked) if self.difference.is_none() && is_same(&asked) => {
                self.same += 1;
                Ok(asked)
            }
            other => {
                let was = other.map_or_else(|| "nothing more".to_owned(), |asked| asked.described());
                let number = self.same + 1;
                let told = format!("question {number} was {was}; now it is {now}");
                let told = self.difference.get_or_insert(told).clone();
                Err(Error::invalid(format!("the case has no answer: {told}")))
            }
        }
    }

    /// The first difference, once all is over: a question, one that is not asked any more, or how it ended.
    pub fn end(self, was: &Ended, is: &Ended) -> Option<String> {
        let missing = || {
            self.left
                .front()
                .map(|next| format!("it no longer asks for {}", next.described()))
        };
        self.difference.clone().or_else(missing).or_else(|| was.difference(is))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_form_and_a_broken_one_are_told_apart() {
        let told = |text: &str| Case::read(text).err().unwrap().message().to_owned();
        assert!(told(r#"{"form": 2, "what": "ever"}"#).contains("a later version wrote this case (form 2"));
        assert!(told(r#"{"form": 1}"#).contains("no case of a plug-in call"));
    }

    #[test]
    fn the_first_difference_is_told() {
        let ended = |value: i32| Ended {
            result: Answer::Passed(()),
            target: Some(Row::unsaved("account").with("sl_rate", value)),
            inputs: Parameters::new(),
            outputs: Parameters::new(),
        };
        assert_eq!(ended(1).difference(&ended(1)), None);
        let told = ended(1).difference(&ended(2)).unwrap();
        assert!(told.contains("the Target's `sl_rate`"), "{told}");
        let refused = Ended {
            result: Answer::Refused {
                code: Code::ISV_ABORTED.0,
                message: "no".to_owned(),
            },
            ..ended(1)
        };
        let told = ended(1).difference(&refused).unwrap();
        assert_eq!(told, "it ended with: it passed; now: 0x80040265 no");
    }
}
