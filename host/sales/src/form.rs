//! Forms: what the published definition of a form says, and the automatic filling of the lead
//! form from a chosen contact or account. A behaviour of the form, not of the platform: a
//! request fills nothing.

use serde::{Deserialize, Serialize};
use sluice_engine::{
    Operation, Rules, Session, Unit,
    capability::{self, Dependant, Dependency},
};
use sluice_model::{
    Code, ColumnDef, Error, Filter, Query, Reference, Remedy, Request, Required, Result, Row, Uuid, Value, looks,
};
use sluice_platform::prelude::*;

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
    let mut forms = forms(session, table)?;
    if let Some(name) = name {
        forms.retain(|form| form.name.eq_ignore_ascii_case(name) || form.id.to_string() == name);
        if forms.len() > 1 {
            let ids: Vec<String> = forms.iter().map(|form| form.id.to_string()).collect();
            let sentence = format!(
                "table `{table}` has {} forms \"{name}\"; give the id of one: {}",
                ids.len(),
                ids.join(", ")
            );
            return Err(Error::new(Code::AMBIGUOUS, sentence).with_table("systemform"));
        }
    }
    forms.into_iter().next().ok_or_else(|| {
        let what = name.map_or_else(|| "main form".to_owned(), |name| format!("form \"{name}\""));
        Error::new(Code::NOT_FOUND, format!("table `{table}` has no published {what}"))
            .with_table("systemform")
            .with_remedy(Remedy::ListForms)
            .with_word("TABLE", table)
    })
}

impl Form {
    /// Whether a handler of the script stands on the OnLoad event, enabled or not.
    pub fn has(&self, library: &str) -> bool {
        let handlers = &self.definition.events.onload;
        handlers.iter().any(|handler| handler.library == library)
    }
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
        ("address1_name", "address1_name"),
        ("address1_line1", "address1_line1"),
        ("address1_line2", "address1_line2"),
        ("address1_line3", "address1_line3"),
        ("address1_postofficebox", "address1_postofficebox"),
        ("address1_city", "address1_city"),
        ("address1_county", "address1_county"),
        ("address1_stateorprovince", "address1_stateorprovince"),
        ("address1_postalcode", "address1_postalcode"),
        ("address1_country", "address1_country"),
        ("address1_telephone1", "address1_telephone1"),
        ("address1_telephone2", "address1_telephone2"),
        ("address1_telephone3", "address1_telephone3"),
        ("address1_fax", "address1_fax"),
        ("address1_upszone", "address1_upszone"),
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
/// groups of columns are judged separately.
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
    let typed = group.columns.iter().find(|(_, column)| !is_blank(lead.get(column)));
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

/// Nothing, or a text of which nobody sees anything.
fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Text(text)) => looks::is_blank(text),
        Some(value) => value.is_null(),
    }
}

/// Refuses a lead that lacks what its form demands, as the form does before it saves; a request
/// is not asked for it. What was not filled in by itself is told with it.
///
/// # Errors
/// [`Code::REQUIRED_MISSING`], with the columns in `missing`.
pub fn check_demanded(session: &Session, lead: &Row, fillings: &[Filling]) -> Result<()> {
    let catalog = session.catalog()?;
    let columns = catalog.table(&lead.table)?.columns.iter();
    let missing: Vec<&ColumnDef> = columns
        .filter(|column| column.required == Required::Application && is_blank(lead.get(&column.name)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = missing
        .iter()
        .map(|column| format!("{} (`{}`)", column.label, column.name))
        .collect();
    let mut sentence = format!("the form demands {}", named.join(" and "));
    for filling in fillings {
        if let Some(reason) = &filling.reason {
            sentence.push_str(&format!("; nothing was filled in from the {}: {reason}", filling.group));
        }
    }
    let mut error = Error::new(Code::REQUIRED_MISSING, sentence).with_table(&lead.table);
    error.body_mut().missing = missing.iter().map(|column| column.name.to_string()).collect();
    Err(error)
}

/// The rules of `systemform`: what a client could not open is not kept.
pub(crate) struct Forms;

impl Rules for Forms {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        check(unit, operation, &Definition::default())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        check(unit, operation, &Definition::of(before)?)
    }

    fn before_delete(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        let reason = "the default form of a table stays";
        let form = unit.read_as_platform(reason, &operation.target_reference()?, None)?;
        match form {
            Some(form) if form.bool("isdefault") == Some(true) => Err(Error::invalid(format!(
                "the form \"{}\" is the default one of `{}`: make another one the default first",
                form.text("name").unwrap_or_default(),
                form.text("objecttypecode").unwrap_or_default()
            ))
            .with_table("systemform")
            .with_remedy(Remedy::MakeFormDefault)),
            _ => Ok(()),
        }
    }
}

fn check(unit: &mut Unit, operation: &Operation, before: &Definition) -> Result<()> {
    let row = operation.target()?.clone();
    if let Some(table) = row.text("objecttypecode") {
        unit.catalog().table(table)?;
    }
    for library in Definition::of(&row)?.libraries {
        let new = !before.libraries.contains(&library);
        let named = Query::new("webresource")
            .columns(&["name"])
            .filter(Filter::eq("name", &*library));
        if new && unit.list_as_caller(operation, &named)?.is_empty() {
            let sentence = format!("there is no web resource `{library}` that the form could load");
            return Err(Error::new(Code::NOT_FOUND, sentence).with_table("webresource"));
        }
    }
    Ok(())
}
/// Forms depend on the columns that are on them, as drafts and as published.
pub(crate) struct OnForms;

impl Dependant for OnForms {
    fn dependencies(&self, unit: &mut Unit, definition: capability::RequiredComponent<'_>) -> Result<Vec<Dependency>> {
        let Some(column) = definition.column else {
            return Ok(Vec::new());
        };
        let mut forms = unit.select_as_platform("see which forms have a column", &Query::new("systemform"))?;
        forms.extend(unit.snapshot()?.published("systemform").iter().cloned());
        let has = |form: &Row| {
            let on_it = form.text("formjson").and_then(|text| serde_json::from_str(text).ok());
            let on_it = on_it.map_or_else(Vec::new, |on_it: Definition| on_it.columns);
            form.text("objecttypecode") == Some(&*definition.table.name)
                && on_it.iter().any(|name| **name == *column.name)
        };
        let mut names: Vec<_> = forms
            .iter()
            .filter(|form| has(form))
            .filter_map(|form| form.text("name"))
            .collect();
        names.sort_unstable();
        names.dedup();
        let of = &definition.table.name;
        Ok(names
            .into_iter()
            .map(|name| Dependency::of(format!("the form \"{name}\" of {of}"), "has it"))
            .collect())
    }
}
