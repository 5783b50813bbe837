//! Forms: what the published definition of a form says, and the automatic filling of the lead
//! form from a chosen contact or account. A behaviour of the form, not of the platform: a
//! request fills nothing. Source: R180, R188–R193.

use serde::{Deserialize, Serialize};
use sluice_engine::{Operation, Rules, Session, Unit};
use sluice_model::{Code, Error, Reference, Request, Result, Row, Uuid, Value};

/// The script that fills the lead form. A form without it does not fill.
pub const LEAD_LIBRARY: &str = "LeadManagement/Lead/Lead_main_system_library.js";

/// A form as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The row's id.
    pub id: Uuid,
    /// The form's name.
    pub name: String,
    /// The table.
    pub table: String,
    /// Whether clients open it where none is named.
    pub default: bool,
    /// Its scripts and handlers.
    pub definition: Definition,
}

/// What `systemform.formjson` holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    /// The names of the web resources that the form loads.
    pub libraries: Vec<String>,
    /// The handlers of its events.
    pub events: Events,
    /// The columns on it.
    pub columns: Vec<String>,
}

/// The handlers of a form's events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Events {
    /// When the form is opened.
    pub onload: Vec<Handler>,
}

/// One handler of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// The web resource with the function.
    pub library: String,
    /// The function.
    #[serde(default)]
    pub function: String,
    /// Whether it runs.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Definition {
    /// The definition in a form's row.
    ///
    /// # Errors
    /// It is no definition of a form.
    pub fn of(row: &Row) -> Result<Self> {
        let text = row.text("formjson").unwrap_or("{}");
        serde_json::from_str(text).map_err(|error| {
            let name = row.text("name").unwrap_or_default();
            Error::invalid(format!("the definition of the form {name} cannot be read: {error}"))
                .with_table("systemform")
        })
    }

    /// The definition as it is stored.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Loads a script when the form opens, and runs it.
    pub fn add_library(&mut self, library: &str, function: &str) {
        if !self.libraries.iter().any(|there| there == library) {
            self.libraries.push(library.to_owned());
        }
        self.events.onload.retain(|handler| handler.library != library);
        self.events.onload.push(Handler {
            library: library.to_owned(),
            function: function.to_owned(),
            enabled: true,
        });
    }

    /// Takes a script and its handlers off the form; whether there was one.
    pub fn remove_library(&mut self, library: &str) -> bool {
        let before = (self.libraries.len(), self.events.onload.len());
        self.libraries.retain(|there| there != library);
        self.events.onload.retain(|handler| handler.library != library);
        before != (self.libraries.len(), self.events.onload.len())
    }
}

/// The published main forms of a table, the default one first.
///
/// # Errors
/// The configuration cannot be read, or a definition is broken.
pub fn forms(session: &Session, table: &str) -> Result<Vec<Form>> {
    let mut forms = Vec::new();
    for row in session.published("systemform")? {
        let main = row.int("type") == Some(2) && row.int("formactivationstate") != Some(0);
        if main && row.text("objecttypecode") == Some(table) {
            forms.push(Form {
                id: row.id,
                name: row.text("name").unwrap_or_default().to_owned(),
                table: table.to_owned(),
                default: row.bool("isdefault") == Some(true),
                definition: Definition::of(&row)?,
            });
        }
    }
    forms.sort_by_key(|form| !form.default);
    Ok(forms)
}

/// The published form of a table with that name; the default one, where none is named.
///
/// # Errors
/// There is none.
pub fn form(session: &Session, table: &str, name: Option<&str>) -> Result<Form> {
    let forms = forms(session, table)?;
    let found = match name {
        None => forms.into_iter().next(),
        Some(name) => forms.into_iter().find(|form| form.name.eq_ignore_ascii_case(name)),
    };
    found.ok_or_else(|| {
        let what = name.map_or_else(|| "main form".to_owned(), |name| format!("form \"{name}\""));
        Error::new(
            Code::NOT_FOUND,
            format!("table `{table}` has no published {what}; `form list {table}` shows them"),
        )
        .with_table("systemform")
    })
}

/// Why the lead form does not fill by itself; nothing, where it does.
pub fn why_not_filled(form: &Form) -> Option<String> {
    let handlers = &form.definition.events.onload;
    let handler = handlers.iter().find(|handler| handler.library == LEAD_LIBRARY);
    match handler {
        Some(handler) if handler.enabled => None,
        Some(_) => Some(format!(
            "the OnLoad handler of `{LEAD_LIBRARY}` is disabled on the form {}",
            form.name
        )),
        None => Some(format!(
            "the OnLoad event of the form {} has no reference to `{LEAD_LIBRARY}`",
            form.name
        )),
    }
}

/// Columns that are filled together from one row, if all of them are empty.
struct Group {
    name: &'static str,
    /// From the chosen row's column to the lead's.
    columns: &'static [(&'static str, &'static str)],
}

const CONTACT: Group = Group {
    name: "contact",
    columns: &[
        ("firstname", "firstname"),
        ("lastname", "lastname"),
        ("jobtitle", "jobtitle"),
        ("telephone1", "telephone1"),
        ("mobilephone", "mobilephone"),
        ("emailaddress1", "emailaddress1"),
    ],
};

const ACCOUNT: Group = Group {
    name: "account",
    columns: &[
        ("name", "companyname"),
        ("websiteurl", "websiteurl"),
        ("address1_line1", "address1_line1"),
        ("address1_line2", "address1_line2"),
        ("address1_line3", "address1_line3"),
        ("address1_city", "address1_city"),
        ("address1_stateorprovince", "address1_stateorprovince"),
        ("address1_postalcode", "address1_postalcode"),
        ("address1_country", "address1_country"),
    ],
};

/// What became of one group of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Filling {
    /// `contact` or `account`.
    pub group: &'static str,
    /// The columns that were filled.
    pub filled: Vec<(String, Value)>,
    /// Why none was.
    pub reason: Option<String>,
}

/// Fills a new lead as the form does when a contact or an account is chosen on it. The two
/// groups of columns are judged separately (R190).
///
/// # Errors
/// The user may not read the chosen row.
pub fn fill(
    session: &Session,
    form: &Form,
    lead: &mut Row,
    contact: Option<Uuid>,
    account: Option<Uuid>,
) -> Result<Vec<Filling>> {
    let chosen = [
        (&CONTACT, "parentcontactid", contact),
        (&ACCOUNT, "parentaccountid", account),
    ];
    let mut fillings = Vec::new();
    for (group, lookup, id) in chosen {
        let Some(id) = id else { continue };
        let target = Reference::new(group.name, id);
        lead.set(lookup, target.clone());
        fillings.push(fill_group(session, form, lead, group, target)?);
    }
    Ok(fillings)
}

fn fill_group(session: &Session, form: &Form, lead: &mut Row, group: &Group, from: Reference) -> Result<Filling> {
    let mut filling = Filling {
        group: group.name,
        filled: Vec::new(),
        reason: why_not_filled(form),
    };
    if filling.reason.is_some() {
        return Ok(filling);
    }
    let typed = group
        .columns
        .iter()
        .find(|(_, column)| lead.get(column).is_some_and(|value| !value.is_null()));
    if let Some((_, column)) = typed {
        filling.reason = Some(format!("`{column}` is filled in already"));
        return Ok(filling);
    }
    let sources: Vec<&str> = group.columns.iter().map(|(source, _)| *source).collect();
    let response = session.execute(Request::retrieve(from, &sources))?;
    for (source, column) in group.columns {
        let value = response.row().and_then(|row| row.get(source));
        if let Some(value) = value.filter(|value| !value.is_null()) {
            lead.set(*column, value.clone());
            filling.filled.push(((*column).to_owned(), value.clone()));
        }
    }
    Ok(filling)
}

/// The rules of `systemform`: what a client could not open is not kept.
pub(crate) struct Forms;

impl Rules for Forms {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check(unit, operation.target()?)
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, _: &Row) -> Result<()> {
        check(unit, operation.target()?)
    }
}

fn check(unit: &Unit, row: &Row) -> Result<()> {
    if let Some(table) = row.text("objecttypecode") {
        unit.catalog().table(table)?;
    }
    Definition::of(row).map(|_| ())
}
