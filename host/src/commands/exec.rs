//! `sluice exec`: any message, with parameters of their types.

use base64::Engine as _;
use serde_json::{Map, Value as Json};
use sluice_engine::{Message, ParameterDef, Shape, Takes, table_called};
use sluice_model::{
    Catalog, Error, Name, Parameter, ParameterType, Reference, Request, Response, Right, Surroundings, Uuid, Value,
    document, fetchxml, looks, parameter, written,
};

use crate::{
    assign::{self, RightSide},
    context::Context,
    door::Door,
    output::{Grid, Outcome},
    people, reading,
    usage::Usage,
};

/// `exec`
#[derive(Debug, clap::Args)]
#[command(after_help = FORMS)]
pub(crate) struct Args {
    /// The message, such as QualifyLead.
    message: String,
    /// Its input parameters.
    #[arg(value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Only show which parameters it takes and gives.
    #[arg(long)]
    describe: bool,
}

const FORMS: &str = "\
A reference is TABLE:ID or TABLE:NAME, several are separated by commas; names likewise. A query is FetchXML. Rows are \
JSON, whose \"@odata.type\" names the table: 'Target:={\"@odata.type\":\"account\",\"name\":\"Litware\"}', or \
Target=@row.json. Bytes are base64, or the contents of a file.";

/// Runs the command.
pub(crate) fn run(context: &Context, args: &Args) -> anyhow::Result<Outcome> {
    let session = context.session()?;
    let message = session.message(&args.message)?;
    if args.describe {
        return Ok(described(message));
    }
    if !args.parameters.is_empty() {
        reading::allowed(&session)?;
    }
    let request = request(&session, message, &args.parameters)?;
    let response = session.execute(request)?;
    let outcome = shown(&*session.catalog()?, &response);
    let reads_rows = |output: &Parameter| matches!(output, Parameter::Row(_) | Parameter::Rows(_));
    let Some(read) = response.outputs.iter().find(|(_, output)| reads_rows(output)) else {
        return Ok(outcome);
    };
    // What somebody reads goes out as rows do.
    if !message.shape().reads {
        return Ok(outcome);
    }
    Ok(outcome.with_rows().with_cells(read.0))
}

pub(crate) fn request(session: &dyn Door, message: &dyn Message, parameters: &[String]) -> anyhow::Result<Request> {
    let surroundings = session.surroundings()?;
    let shape = message.shape();
    let mut request = Request::new(message.name());
    for text in parameters {
        let (name, given) = assign::parse(text)?;
        let parameter = shape.input(message.name(), name)?;
        if request.inputs.contains_key(name) {
            return Err(Usage::because(format!("the parameter `{name}` is given twice")));
        }
        let reader = Reader {
            session,
            surroundings: &surroundings,
            shape: &shape,
            parameter,
        };
        request.inputs.insert(name.into(), reader.read(given)?);
    }
    Ok(request)
}

/// Reads one parameter.
struct Reader<'a> {
    session: &'a dyn Door,
    surroundings: &'a Surroundings,
    shape: &'a Shape,
    parameter: &'a ParameterDef,
}

impl Reader<'_> {
    fn read(&self, given: RightSide<'_>) -> anyhow::Result<Parameter> {
        match given {
            RightSide::Json(json, _) => self.json(&json),
            RightSide::Text("null") => Ok(Value::Null.into()),
            RightSide::Text(text) => self.text(text),
            RightSide::File(path) if self.parameter.kind == ParameterType::Bytes => {
                let bytes = reading::bytes(path.as_ref())?;
                Ok((&*base64::prelude::BASE64_STANDARD.encode(bytes)).into())
            }
            RightSide::File(path) => self.text(&reading::text(path.as_ref())?),
        }
    }

    fn json(&self, json: &Json) -> anyhow::Result<Parameter> {
        let place = format!("the parameter `{}`", self.parameter.name);
        Ok(self.parameter.kind.from_json(self.surroundings, &place, json)?)
    }

    fn text(&self, text: &str) -> anyhow::Result<Parameter> {
        let wrong = |what: &str| {
            Error::invalid(format!(
                "the parameter `{}`: `{}` is no {what}",
                self.parameter.name,
                looks::clipped(text)
            ))
        };
        let parts = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Ok(match self.parameter.kind {
            ParameterType::Bool => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "1" => true.into(),
                "no" | "false" | "0" => false.into(),
                _ => return Err(wrong("yes or no").into()),
            },
            ParameterType::Int => text.parse::<i32>().map_err(|_| wrong("whole number"))?.into(),
            ParameterType::BigInt => Value::BigInt(text.parse().map_err(|_| wrong("whole number"))?).into(),
            ParameterType::Text | ParameterType::Bytes => text.into(),
            ParameterType::Time => {
                let time = written::time(text).ok_or_else(|| wrong("point in time, such as 2026-01-31T09:00:00Z"))?;
                Value::DateTime(time).into()
            }
            ParameterType::Id => Value::Id(self.id(text)?).into(),
            ParameterType::Reference => self.reference(text)?.into(),
            ParameterType::References => {
                let each = parts().map(|part| self.reference(part));
                Parameter::References(each.collect::<anyhow::Result<_>>()?)
            }
            ParameterType::Names => Parameter::Names(parts().map(Name::from).collect()),
            ParameterType::Query => {
                // Who may not read the table is told before the rest is read.
                if let Some(table) = fetchxml::table(text) {
                    self.session.check_privilege(&table, Right::Read)?;
                }
                fetchxml::parse(self.surroundings, text)?.into()
            }
            ParameterType::Row | ParameterType::Rows | ParameterType::Structure | ParameterType::Structures => {
                let json = document::read(text).map_err(|error| {
                    let name = self.parameter.name;
                    Usage::because(format!(
                        "the parameter `{name}` is JSON, such as {name}:={{…}}: {error}"
                    ))
                })?;
                self.json(&json)?
            }
        })
    }

    /// An id; of the row that the message works on, also its name.
    fn id(&self, text: &str) -> anyhow::Result<Uuid> {
        match self.shape.takes {
            Takes::IdOf { table, parameter } if parameter == self.parameter.name => {
                Ok(self.session.find_one(table, text)?)
            }
            _ => text.parse().map_err(|_| {
                let name = self.parameter.name;
                Error::invalid(format!("the parameter `{name}`: `{text}` is no id")).into()
            }),
        }
    }

    /// `TABLE:NAME`; of a message that works on one table only, `NAME` alone for its row.
    fn reference(&self, text: &str) -> anyhow::Result<Reference> {
        let primary = self.shape.takes == Takes::Reference(self.parameter.name);
        let only = self.shape.tables.filter(|_| primary).and_then(|tables| match tables {
            [table] => Some(*table),
            _ => None,
        });
        let (table, name) = match (text.split_once(':'), only) {
            (Some((table, name)), _) => (table_called(table), name),
            (None, Some(table)) => (table, text),
            (None, None) => {
                let name = self.parameter.name;
                return Err(Usage::because(format!(
                    "the parameter `{name}` is a reference: `{text}` names no row; write TABLE:ID or TABLE:NAME"
                )));
            }
        };
        Ok(Reference::new(table, self.session.find_one(table, name)?))
    }
}

/// What a message takes and gives.
fn described(message: &dyn Message) -> Outcome {
    let shape = message.shape();
    let mut grid = Grid::new(["", "parameter", "type", "needed"]);
    let mut document = Map::new();
    document.insert("message".to_owned(), message.name().into());
    document.insert("does".to_owned(), message.doc().into());
    for (way, parameters) in [
        ("in", shape.inputs().collect::<Vec<_>>()),
        ("out", shape.outputs.iter().collect()),
    ] {
        let mut items = Vec::new();
        for parameter in parameters {
            let (word, needed) = (parameter.kind.word(), parameter.required && way == "in");
            grid.row([way, parameter.name, word, if needed { "yes" } else { "" }].map(ToOwned::to_owned));
            items.push(serde_json::json!({ "name": parameter.name, "type": word, "required": parameter.required }));
        }
        document.insert(format!("{way}puts"), items.into());
    }
    let text = format!("{}: {}\n{}", message.name(), message.doc(), grid.text("no parameters"));
    Outcome::new(document.into(), text)
}

/// What a message gave back: the whole as JSON, else a line for each parameter.
fn shown(catalog: &Catalog, response: &Response) -> Outcome {
    let document: Map<String, Json> = response
        .outputs
        .iter()
        .map(|(name, output)| (name.to_string(), parameter::to_json(catalog, output)))
        .collect();
    let line = |json: &Json| match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let lines: Vec<(String, String)> = response
        .outputs
        .iter()
        .map(|(name, output)| {
            let text = match output {
                Parameter::Reference(row) => row.to_string(),
                Parameter::References(rows) => rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
                Parameter::Rows(_) | Parameter::Names(_) => {
                    let items = document.get(&**name).and_then(Json::as_array);
                    items.into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
                }
                _ => document.get(&**name).map(line).unwrap_or_default(),
            };
            (name.to_string(), text)
        })
        .collect();
    let text = match lines.is_empty() {
        true => "done; nothing came back".to_owned(),
        false => people::pairs(&lines),
    };
    Outcome::new(document.into(), text)
}
