//! Steps as people and machines read them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};
use sluice_model::{
    Catalog, Code, Filter, Name, Query, Reference, Row, Timestamp, Uuid, Value, json as rows, state::step::ENABLED,
};

use crate::{
    context::Context,
    door::Door,
    names::{self, Labels},
    output::{Grid, Outcome},
    people::pairs,
    report,
};

/// The table of the steps.
pub(crate) const STEP: &str = "sdkmessageprocessingstep";

/// The columns of a list of steps.
const COLUMNS: [&str; 17] = [
    "name",
    "description",
    "sdkmessageid",
    "sdkmessagefilterid",
    "plugintypeid",
    "stage",
    "mode",
    "rank",
    "filteringattributes",
    "impersonatinguserid",
    "sl_origin",
    "ismanaged",
    "statecode",
    "statuscode",
    "sl_restsuntil",
    "sl_restreason",
    "sl_monitored",
];

/// What the lookups of steps stand for. Whoever may read a step is told its message, table
/// and plug-in.
pub(crate) struct Registry {
    labels: Labels,
    tables: HashMap<Uuid, String>,
    plugins: HashMap<Uuid, String>,
    /// The privileges that types say they need.
    needs: HashMap<Uuid, String>,
    now: Timestamp,
}

impl Registry {
    /// Of these steps.
    pub(crate) fn of(context: &Context, steps: &[Row]) -> anyhow::Result<Self> {
        let session = context.session()?;
        let ids = |column: &str| {
            steps
                .iter()
                .filter_map(|step| step.id_of(column))
                .collect::<std::collections::BTreeSet<_>>()
        };
        let filters = names::by_ids(
            &session,
            "sdkmessagefilter",
            ids("sdkmessagefilterid"),
            &["primaryobjecttypecode"],
        )?;
        let tables = filters
            .into_iter()
            .filter_map(|(id, row)| Some((id, row.text("primaryobjecttypecode")?.to_owned())))
            .collect();
        let types = names::by_ids(
            &session,
            "plugintype",
            ids("plugintypeid"),
            &["typename", "pluginassemblyid", "sl_privileges"],
        )?;
        let needs = types
            .iter()
            .filter_map(|(id, row)| Some((*id, row.text("sl_privileges")?.replace(',', ", "))));
        let needs = needs.collect();
        let assemblies = Labels::load(
            context,
            types.values().filter_map(|row| row.lookup("pluginassemblyid").cloned()),
        )?;
        let plugins = types.into_iter().map(|(id, row)| {
            let assembly = row
                .lookup("pluginassemblyid")
                .map(|assembly| assemblies.name(assembly))
                .unwrap_or_default();
            (id, format!("{assembly}/{}", row.text("typename").unwrap_or_default()))
        });
        let plugins = plugins.collect();
        Ok(Self {
            labels: Labels::of(context, steps)?,
            tables,
            plugins,
            needs,
            now: context.env().now(),
        })
    }

    /// Whether a step is at work: enabled, not at rest, and not only watched.
    pub(crate) fn runs(&self, step: &Row) -> bool {
        ENABLED.is_of(step) && self.rests_until(step).is_none() && !is_watched(step)
    }

    /// Until when an enabled step rests.
    fn rests_until(&self, step: &Row) -> Option<Timestamp> {
        let until = step.get("sl_restsuntil").and_then(Value::as_time);
        until.filter(|until| *until > self.now && ENABLED.is_of(step))
    }

    fn state(&self, step: &Row) -> String {
        match self.rests_until(step) {
            Some(until) => format!("rests until {}", rows::whole_seconds(until)),
            None if is_watched(step) => "watched".to_owned(),
            None if self.runs(step) => "enabled".to_owned(),
            None => "disabled".to_owned(),
        }
    }

    /// Whether a step is of that plug-in: ASSEMBLY, TYPE, or both.
    pub(crate) fn is_of(&self, step: &Row, plugin: &str) -> bool {
        let own = self.plugin(step);
        let is = |name: &str| name.eq_ignore_ascii_case(plugin);
        is(own)
            || own
                .split_once('/')
                .is_some_and(|(assembly, name)| is(assembly) || is(name))
    }

    /// The table that a step is bound to.
    pub(crate) fn table(&self, step: &Row) -> Option<&str> {
        self.tables
            .get(&step.id_of("sdkmessagefilterid")?)
            .map(String::as_str)
            .filter(|table| *table != "none")
    }

    /// The same for people; of a binding that the reader may not read nothing is made up.
    fn shown_table(&self, step: &Row) -> &str {
        let is_unread = |id: Uuid| !self.tables.contains_key(&id);
        match step.id_of("sdkmessagefilterid") {
            Some(id) if is_unread(id) => "(not shown)",
            _ => self.table(step).unwrap_or("(any)"),
        }
    }

    fn message(&self, step: &Row) -> String {
        step.lookup("sdkmessageid")
            .map(|message| self.labels.name(message))
            .unwrap_or_default()
    }

    fn plugin(&self, step: &Row) -> &str {
        step.id_of("plugintypeid")
            .and_then(|id| self.plugins.get(&id))
            .map_or("", String::as_str)
    }

    /// The privileges that whoever a step runs as needs, as its type says.
    fn needs(&self, step: &Row) -> &str {
        step.id_of("plugintypeid")
            .and_then(|id| self.needs.get(&id))
            .map_or("", String::as_str)
    }

    fn run_as(&self, step: &Row) -> Option<String> {
        step.lookup("impersonatinguserid").map(|user| self.labels.name(user))
    }

    /// In the order in which people look for them, and in which they run.
    pub(crate) fn sort(&self, steps: &mut [Row]) {
        steps.sort_by_cached_key(|step| {
            let table = self.table(step).map(ToOwned::to_owned);
            (self.message(step), table, step.int("stage"), step.int("rank"), step.id)
        });
    }
}

/// The rows, each with the names of its message, table and plug-in.
pub(crate) fn documents(catalog: &Catalog, steps: &[Row], registry: &Registry) -> anyhow::Result<Vec<Json>> {
    let table = catalog.table(STEP)?;
    let columns = COLUMNS.map(Name::from);
    Ok(steps
        .iter()
        .map(|step| {
            let mut short = step.clone();
            short.values.retain(|name, _| columns.contains(name));
            let mut document = rows::from_row(table, &short, Some(&columns));
            add_names(&mut document, step, registry);
            document
        })
        .collect())
}

fn add_names(document: &mut Json, step: &Row, registry: &Registry) {
    if let Json::Object(map) = document {
        map.insert("message".to_owned(), registry.message(step).into());
        map.insert("table".to_owned(), registry.table(step).into());
        map.insert("plugin".to_owned(), registry.plugin(step).into());
        map.insert("enabled".to_owned(), (ENABLED.is_of(step)).into());
        map.insert("monitored".to_owned(), is_watched(step).into());
        map.insert(
            "restsuntil".to_owned(),
            registry.rests_until(step).map(rows::whole_seconds).into(),
        );
    }
}

/// Whether an enabled step is only watched.
pub(super) fn is_watched(step: &Row) -> bool {
    step.bool("sl_monitored") == Some(true) && ENABLED.is_of(step)
}

fn mode(step: &Row) -> &'static str {
    if step.int("mode") == Some(1) { "async" } else { "sync" }
}

/// Steps for people.
pub(crate) fn grid(steps: &[Row], registry: &Registry) -> crate::output::Written {
    let mut grid = Grid::new([
        "state", "message", "table", "stage", "rank", "mode", "step", "plug-in", "run as", "managed", "id",
    ])
    .sparing(&["plug-in", "table", "message", "mode", "rank", "managed", "run as"]);
    for step in steps {
        grid.row([
            &registry.state(step),
            &registry.message(step),
            registry.shown_table(step),
            &report::stage(step.int("stage").unwrap_or_default()),
            &step.int("rank").unwrap_or_default().to_string(),
            mode(step),
            step.text("name").unwrap_or_default(),
            registry.plugin(step),
            &registry.run_as(step).unwrap_or_default(),
            managed(step),
            &step.id.to_string(),
        ]);
    }
    grid.text("no steps")
}

/// Whether a step came with a managed solution, or is the platform's own.
pub(super) fn managed(step: &Row) -> &'static str {
    if step.bool("ismanaged") == Some(true) {
        "yes"
    } else if step.int("customizationlevel") == Some(0) {
        "system"
    } else {
        ""
    }
}

/// The secure configuration of a step, as far as the caller may know.
enum Secure {
    None,
    Hidden,
    Text(String),
}

impl std::fmt::Display for Secure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Hidden => "set; you may not read it",
            Self::Text(text) => text,
        })
    }
}

fn secure(session: &dyn Door, step: &Row) -> anyhow::Result<Secure> {
    let Some(reference) = step.lookup("sdkmessageprocessingstepsecureconfigid") else {
        return Ok(Secure::None);
    };
    match session.execute(sluice_model::Request::retrieve(reference.clone(), &["secureconfig"])) {
        Ok(response) => Ok(Secure::Text(
            response
                .row()
                .and_then(|row| row.text("secureconfig"))
                .unwrap_or_default()
                .to_owned(),
        )),
        Err(error) if matches!(error.code(), Code::PRIVILEGE_DENIED | Code::ACCESS_DENIED) => Ok(Secure::Hidden),
        Err(error) => Err(error.into()),
    }
}

/// Everything about a step.
pub(crate) fn show(context: &Context, session: &dyn Door, id: Uuid) -> anyhow::Result<Outcome> {
    let catalog = session.catalog()?;
    let step = names::get(session, STEP, id, &[])?;
    let registry = Registry::of(context, std::slice::from_ref(&step))?;
    let images = Query::new("sdkmessageprocessingstepimage")
        .filter(Filter::eq("sdkmessageprocessingstepid", id))
        .order_by("createdon");
    let images = session.list(images)?;
    let secure = secure(session, &step)?;
    let limits = limits(&step);
    let mut document = rows::from_row(catalog.table(STEP)?, &step, None);
    add_names(&mut document, &step, &registry);
    if let Json::Object(map) = &mut document {
        map.insert("runas".to_owned(), registry.run_as(&step).into());
        map.insert("needs".to_owned(), registry.needs(&step).into());
        map.insert("images".to_owned(), images.iter().map(image_json).collect());
        map.insert(
            "limits".to_owned(),
            limits
                .iter()
                .map(|(name, (value, _))| (name.clone(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        );
        match &secure {
            Secure::None => {}
            Secure::Hidden => drop(map.insert("secureconfiguration".to_owned(), json!({ "hidden": true }))),
            Secure::Text(text) => drop(map.insert("secureconfiguration".to_owned(), text.as_str().into())),
        }
    }
    let text = if context.json() {
        String::new()
    } else {
        sheet(context, &step, &registry, &images, &secure, &limits)?
    };
    Ok(Outcome::new(document, text))
}

fn image_json(image: &Row) -> Json {
    json!({
        "id": image.id.to_string(),
        "type": image_kind(image),
        "alias": image.text("entityalias"),
        "columns": image.text("attributes").map(|columns| columns.split(',').map(str::trim).collect::<Vec<_>>()),
    })
}

fn image_kind(image: &Row) -> &'static str {
    match image.int("imagetype") {
        Some(0) => "pre",
        Some(1) => "post",
        _ => "both",
    }
}

/// The limits of a step, and whether each is the step's own.
fn limits(step: &Row) -> BTreeMap<String, (Json, bool)> {
    let own: serde_json::Map<String, Json> = step
        .text("sl_limits")
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let all = sluice_platform::limits_of(step.int("mode").unwrap_or_default(), step.text("sl_limits"));
    match all {
        Ok(Json::Object(all)) => all
            .into_iter()
            .map(|(name, value)| (name.clone(), (value, own.contains_key(&name))))
            .collect(),
        _ => own.into_iter().map(|(name, value)| (name, (value, true))).collect(),
    }
}

fn sheet(
    context: &Context,
    step: &Row,
    registry: &Registry,
    images: &[Row],
    secure: &Secure,
    limits: &BTreeMap<String, (Json, bool)>,
) -> anyhow::Result<String> {
    let text = |column: &str| step.text(column).unwrap_or_default().to_owned();
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    let by = Labels::load(
        context,
        ["createdby", "modifiedby"]
            .iter()
            .filter_map(|column| step.lookup(column).cloned()),
    )?;
    let stamp = |on: &str, by_column: &str| {
        let on = step.get(on).map(rows::from_value).unwrap_or_default();
        let by = step
            .lookup(by_column)
            .map(|by_whom: &Reference| by.name(by_whom))
            .unwrap_or_default();
        format!("{} by {by}", on.as_str().unwrap_or_default())
    };
    let limit = |(name, (value, own)): (&String, &(Json, bool))| {
        format!("{name} {value}{}", if *own { " (this step's own)" } else { "" })
    };
    let limits: Vec<String> = limits.iter().map(limit).collect();
    let stage = step.int("stage").unwrap_or_default();
    let deleted = step.bool("asyncautodelete") == Some(true);
    let lines = [
        ("step", text("name")),
        ("id", step.id.to_string()),
        ("state", state(step, registry)),
        ("plug-in", registry.plugin(step).to_owned()),
        ("message", registry.message(step)),
        ("table", registry.shown_table(step).to_owned()),
        ("stage", format!("{} ({stage})", report::stage(stage))),
        ("mode", mode(step).to_owned()),
        ("rank", step.int("rank").unwrap_or_default().to_string()),
        ("columns", or(text("filteringattributes"), "every change")),
        (
            "runs as",
            registry.run_as(step).unwrap_or_else(|| "the calling user".to_owned()),
        ),
        ("needs", or(registry.needs(step).to_owned(), "says nothing")),
        ("granted", or(text("sl_grants"), "nothing")),
        (
            "images",
            or(images.iter().map(image_line).collect::<Vec<_>>().join("\n"), "none"),
        ),
        ("limits", or(limits.join("\n"), "the defaults")),
        ("configuration", or(text("configuration"), "none")),
        ("secure", secure.to_string()),
        ("description", text("description")),
        ("origin", origin(step).to_owned()),
        (
            "job deleted",
            if deleted { "when it succeeded" } else { "no" }.to_owned(),
        ),
        ("created", stamp("createdon", "createdby")),
        ("modified", stamp("modifiedon", "modifiedby")),
    ];
    Ok(pairs(&lines))
}

fn image_line(image: &Row) -> String {
    let columns = image.text("attributes").unwrap_or("all columns");
    let alias = image.text("entityalias").unwrap_or_default();
    format!("{} \"{alias}\": {columns}", image_kind(image))
}

/// Whether the step runs, and why not.
fn state(step: &Row, registry: &Registry) -> String {
    match step.text("sl_restreason") {
        Some(reason) if !registry.runs(step) => format!("{}: {reason}", registry.state(step)),
        _ => registry.state(step),
    }
}

/// Where the step comes from.
fn origin(step: &Row) -> &'static str {
    if step.bool("ismanaged") == Some(true) {
        "came with a managed solution"
    } else if step.text("sl_origin") == Some("declared") {
        "declared in the plug-in's code"
    } else {
        "registered by hand"
    }
}
