//! What the configuration tables say, read once and shared until one of them changes: the
//! catalogue, the business units, the steps, the roles and principals, the settings.
//!
//! A snapshot belongs to one configuration version. Principals and roles are read when they
//! are first asked for; an organisation may have many.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use sluice_access::{Permit, Principal, PrincipalFacts, PrivilegeIds, RoleFacts, TeamFacts, Units};
use sluice_model::{Catalog, Decimal, Depth, Error, Filter, Name, PrincipalKind, Query, Result, Row, TableDef, Uuid};
use sluice_sandbox::{Grants, Limits};
use sluice_store::Tx;

use crate::{
    duplicates::rule::{self, RuleTable},
    flow::{self, FlowRows, Flows},
    mapping::Pair,
    options, publish,
    step::{self, Image, Step, StepTable},
    tables,
    watch::{self, Watch},
};

/// The settings in the organisation's row.
#[derive(Debug, Clone)]
pub(crate) struct OrganizationSettings {
    pub(crate) id: Uuid,
    /// The SYSTEM user, who founded it.
    pub(crate) founder: Uuid,
    pub(crate) name: Arc<str>,
    pub(crate) trace: TraceSetting,
    pub(crate) base_currency: Option<Uuid>,
    pub(crate) share_to_previous_owner: bool,
    /// Whether changes leave audit rows.
    pub(crate) audits: bool,
    /// The whole row, for the settings of apps.
    pub(crate) row: Row,
}

/// `organization.plugintracelogsetting`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TraceSetting {
    Off,
    Exception,
    All,
}

/// What a role holds: the depth of each privilege, by its name in lower case.
pub(crate) type RolePrivileges = Arc<HashMap<String, Depth>>;

/// The configuration of an organisation at one version.
pub struct Snapshot {
    pub(crate) version: i64,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) units: Units,
    pub(crate) root_unit: Uuid,
    /// The business units that are disabled, and all below them.
    stopped_units: HashSet<Uuid>,
    pub(crate) privileges: PrivilegeIds,
    pub(crate) settings: OrganizationSettings,
    pub(crate) steps: StepTable,
    pub(crate) flows: Flows,
    pub(crate) system: Arc<Principal>,
    /// Units of the base currency for one unit of each currency.
    pub(crate) exchange_rates: HashMap<Uuid, Decimal>,
    /// The duplicate rules at work.
    pub(crate) duplicates: RuleTable,
    /// Who watches the rows of which table, in their order.
    watches: HashMap<Name, Vec<&'static dyn Watch>>,
    mappings: HashMap<(Name, Name), Vec<Pair>>,
    /// The rows that count of the tables whose rows are published.
    published: HashMap<Name, Vec<Row>>,
    privilege_names: HashMap<Uuid, String>,
    principals: Mutex<HashMap<Uuid, Arc<Principal>>>,
    roles: Mutex<HashMap<Uuid, RolePrivileges>>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The permit for reading configuration.
pub(crate) fn permit() -> Permit {
    Permit::system("read the configuration that decisions are made from")
}

impl Snapshot {
    /// Reads the configuration as `tx` sees it.
    pub(crate) fn load(tx: &mut Tx, version: i64) -> Result<Self> {
        let mut definitions = tx.definitions()?;
        let stored = match definitions.iter().find(|table| *table.name == *tables::PUBLICATION) {
            Some(publication) => publish::stored(tx, &permit(), publication)?,
            None => Vec::new(),
        };
        options::lay_over(&mut definitions, &stored)?;
        let catalog = Arc::new(Catalog::new(definitions));
        let published = publish::rows(&catalog, &stored)?;
        let mut reader = Reader { tx, catalog: &catalog };
        let unit_rows = reader.all(tables::BUSINESS_UNIT, &["parentbusinessunitid", "isdisabled"])?;
        let parent = |row: &Row| (row.id, row.id_of("parentbusinessunitid"));
        let root_unit = unit_rows
            .iter()
            .find(|row| row.lookup("parentbusinessunitid").is_none())
            .map(|row| row.id)
            .ok_or_else(|| Error::host("the organisation has no root business unit"))?;
        let units = Units::new(unit_rows.iter().map(parent));
        let disabled = unit_rows.iter().filter(|row| row.bool("isdisabled") == Some(true));
        let stopped_units = disabled.flat_map(|row| units.subtree(row.id)).collect();
        let privilege_names: HashMap<Uuid, String> = reader
            .all(tables::PRIVILEGE, &["name"])?
            .into_iter()
            .filter_map(|row| Some((row.id, row.text("name")?.to_owned())))
            .collect();
        let privileges = PrivilegeIds::new(privilege_names.iter().map(|(id, name)| (name.clone(), *id)));
        let privilege_names = privilege_names
            .into_iter()
            .map(|(id, name)| (id, name.to_ascii_lowercase()))
            .collect();
        let exchange_rates = reader
            .all(tables::CURRENCY, &["exchangerate"])?
            .into_iter()
            .filter_map(|row| Some((row.id, row.get("exchangerate")?.as_decimal()?)))
            .collect();
        let settings = settings(&mut reader)?;
        let steps = steps(&mut reader)?;
        let flows = flows(&mut reader)?;
        let mappings = mappings(&published);
        let duplicates = duplicates(&mut reader)?;
        // SYSTEM is who made the organisation's own row: a name could be taken by anybody.
        let system = Arc::new(Principal::system(settings.founder, "SYSTEM", root_unit));
        let mut snapshot = Self {
            version,
            units,
            root_unit,
            stopped_units,
            privileges,
            settings,
            steps,
            flows,
            system,
            exchange_rates,
            duplicates,
            watches: HashMap::new(),
            mappings,
            published,
            privilege_names,
            principals: Mutex::default(),
            roles: Mutex::default(),
            catalog,
        };
        snapshot.watches = snapshot
            .catalog
            .iter()
            .map(|table| (table.name.clone(), watch::of(&snapshot, table)))
            .collect();
        Ok(snapshot)
    }

    /// Who watches the rows of a table, in their order.
    pub(crate) fn watches(&self, table: &str) -> &[&'static dyn Watch] {
        self.watches.get(table).map_or(&[], Vec::as_slice)
    }

    /// The user or team with that id, and what it may do.
    pub(crate) fn principal(&self, tx: &mut Tx, id: Uuid) -> Result<Arc<Principal>> {
        if id == self.system.id() {
            return Ok(self.system.clone());
        }
        if let Some(principal) = lock(&self.principals).get(&id) {
            return Ok(principal.clone());
        }
        let mut reader = Reader {
            tx,
            catalog: &self.catalog,
        };
        let principal = Principal::new(self.principal_facts(&mut reader, id)?);
        let principal = Arc::new(match self.is_stopped(principal.business_unit()) {
            true => principal.stopped_with_its_unit(),
            false => principal,
        });
        lock(&self.principals).insert(id, principal.clone());
        Ok(principal)
    }

    fn principal_facts(&self, reader: &mut Reader<'_>, id: Uuid) -> Result<PrincipalFacts> {
        let user_columns = [
            "fullname",
            "businessunitid",
            "accessmode",
            "isdisabled",
            "azureactivedirectoryobjectid",
        ];
        let user = reader.one(tables::USER, id, &user_columns)?;
        let (kind, row) = match user {
            Some(row) => (PrincipalKind::User, row),
            None => match reader.one(tables::TEAM, id, &["name", "businessunitid", "teamtype"])? {
                Some(row) => (PrincipalKind::Team, row),
                None => return Err(Error::not_found("SystemUser", tables::USER, id)),
            },
        };
        let mut teams = Vec::new();
        let mut roles = Vec::new();
        if kind == PrincipalKind::User {
            for membership in reader.some(tables::TEAM_MEMBERSHIP, &["teamid"], Filter::eq("systemuserid", id))? {
                let Some(team) = membership.id_of("teamid") else {
                    continue;
                };
                let row = reader.one(tables::TEAM, team, &["name", "businessunitid", "teamtype"])?;
                // A team of a disabled unit gives its members nothing.
                let Some(row) = row.filter(|row| row.id_of("businessunitid").is_none_or(|unit| !self.is_stopped(unit)))
                else {
                    continue;
                };
                teams.push(TeamFacts {
                    id: team,
                    name: row.text("name").unwrap_or_default().to_owned(),
                    business_unit: row.id_of("businessunitid").unwrap_or_default(),
                    team_type: row.int("teamtype").unwrap_or_default(),
                });
                self.roles_of(reader, tables::TEAM_ROLES, "teamid", team, Some(team), &mut roles)?;
            }
            self.roles_of(reader, tables::USER_ROLES, "systemuserid", id, None, &mut roles)?;
        } else {
            teams.push(TeamFacts {
                id,
                name: row.text("name").unwrap_or_default().to_owned(),
                business_unit: row.id_of("businessunitid").unwrap_or_default(),
                team_type: row.int("teamtype").unwrap_or_default(),
            });
            self.roles_of(reader, tables::TEAM_ROLES, "teamid", id, None, &mut roles)?;
        }
        Ok(PrincipalFacts {
            id,
            kind,
            name: row.text("fullname").or(row.text("name")).unwrap_or_default().to_owned(),
            business_unit: row.id_of("businessunitid").unwrap_or_default(),
            access_mode: row.int("accessmode").unwrap_or_default(),
            disabled: row.bool("isdisabled").unwrap_or_default(),
            directory_id: row.id_of("azureactivedirectoryobjectid"),
            teams,
            roles,
        })
    }

    fn roles_of(
        &self,
        reader: &mut Reader<'_>,
        intersection: &str,
        column: &str,
        holder: Uuid,
        via_team: Option<Uuid>,
        roles: &mut Vec<RoleFacts>,
    ) -> Result<()> {
        for link in reader.some(intersection, &["roleid"], Filter::eq(column, holder))? {
            let Some(role) = link.id_of("roleid") else { continue };
            let Some(row) = reader.one(tables::ROLE, role, &["name", "isinherited"])? else {
                continue;
            };
            roles.push(RoleFacts {
                id: role,
                name: row.text("name").unwrap_or_default().to_owned(),
                via_team,
                direct_inheritance: row.int("isinherited").unwrap_or(1) == 1,
                privileges: self.role_privileges(reader, role)?,
            });
        }
        Ok(())
    }

    /// Whether a business unit, or one above it, is disabled.
    pub(crate) fn is_stopped(&self, unit: Uuid) -> bool {
        self.stopped_units.contains(&unit)
    }

    /// What a role holds, by the privileges' names in lower case.
    pub(crate) fn privileges_of_role(&self, tx: &mut Tx, role: Uuid) -> Result<RolePrivileges> {
        let mut reader = Reader {
            tx,
            catalog: &self.catalog,
        };
        self.role_privileges(&mut reader, role)
    }

    fn role_privileges(&self, reader: &mut Reader<'_>, role: Uuid) -> Result<RolePrivileges> {
        if let Some(privileges) = lock(&self.roles).get(&role) {
            return Ok(privileges.clone());
        }
        let rows = reader.some(
            tables::ROLE_PRIVILEGES,
            &["privilegeid", "privilegedepthmask"],
            Filter::eq("roleid", role),
        )?;
        let privileges = rows.into_iter().filter_map(|row| {
            let name = self.privilege_names.get(&row.id_of("privilegeid")?)?;
            Some((name.clone(), Depth::from_mask(row.int("privilegedepthmask")?)?))
        });
        let privileges: RolePrivileges = Arc::new(privileges.collect());
        lock(&self.roles).insert(role, privileges.clone());
        Ok(privileges)
    }

    /// The columns that are mapped from one table to another.
    pub(crate) fn mappings(&self, source: &Name, target: &str) -> &[Pair] {
        self.mappings
            .get(&(source.clone(), target.into()))
            .map_or(&[], Vec::as_slice)
    }

    /// The names of the global choices.
    pub(crate) fn global_choices(&self) -> HashSet<Name> {
        let rows = self.published(tables::OPTION_SET).iter();
        rows.filter(|row| row.bool("isglobal") == Some(true))
            .filter_map(|row| row.text("name").map(Name::from))
            .collect()
    }

    /// The rows that count of a table whose rows are published.
    pub(crate) fn published(&self, table: &str) -> &[Row] {
        self.published.get(table).map_or(&[], Vec::as_slice)
    }

    /// The definition of a table that the platform cannot do without.
    pub(crate) fn table(&self, name: &str) -> Result<&Arc<TableDef>> {
        self.catalog.table(name)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads configuration rows.
struct Reader<'a> {
    tx: &'a mut Tx,
    catalog: &'a Catalog,
}

impl Reader<'_> {
    fn all(&mut self, table: &str, columns: &[&str]) -> Result<Vec<Row>> {
        self.some(table, columns, Filter::All)
    }

    fn some(&mut self, table: &str, columns: &[&str], filter: Filter) -> Result<Vec<Row>> {
        let query = Query::new(table).columns(columns).filter(filter);
        self.tx.select(&permit(), self.catalog.table(table)?, &query)
    }

    fn one(&mut self, table: &str, id: Uuid, columns: &[&str]) -> Result<Option<Row>> {
        let columns: Vec<Name> = columns.iter().map(|name| Name::from(*name)).collect();
        self.tx.get(&permit(), self.catalog.table(table)?, id, Some(&columns))
    }

    /// All rows of a table with all their columns.
    fn rows(&mut self, table: &str) -> Result<Vec<Row>> {
        self.tx
            .select(&permit(), self.catalog.table(table)?, &Query::new(table))
    }

    /// All rows of a table by their id.
    fn index(&mut self, table: &str, columns: &[&str]) -> Result<HashMap<Uuid, Row>> {
        Ok(self.all(table, columns)?.into_iter().map(|row| (row.id, row)).collect())
    }
}

fn settings(reader: &mut Reader<'_>) -> Result<OrganizationSettings> {
    let rows = reader.rows(tables::ORGANIZATION)?;
    let row = rows
        .first()
        .ok_or_else(|| Error::host("the organisation's own row is missing"))?;
    Ok(OrganizationSettings {
        id: row.id,
        founder: row
            .id_of("createdby")
            .ok_or_else(|| Error::host("the organisation has no SYSTEM user"))?,
        name: row.text("name").unwrap_or_default().into(),
        trace: match row.int("plugintracelogsetting") {
            Some(0) => TraceSetting::Off,
            Some(2) => TraceSetting::All,
            _ => TraceSetting::Exception,
        },
        base_currency: row.id_of("basecurrencyid"),
        share_to_previous_owner: row.bool("sharetopreviousowneronassign").unwrap_or_default(),
        audits: row.bool("isauditenabled").unwrap_or_default(),
        row: row.clone(),
    })
}

fn flows(reader: &mut Reader<'_>) -> Result<Flows> {
    let category = Filter::eq("category", sluice_model::Value::Choice(flow::CATEGORY));
    Ok(Flows::new(FlowRows {
        processes: reader.some(
            tables::PROCESS,
            &["name", "uniquename", "description", "processorder", "statecode"],
            category,
        )?,
        stages: reader.all(
            tables::STAGE,
            &["stagename", "processid", "primaryentitytypecode", "sl_position"],
        )?,
        steps: reader.all(
            tables::PROCESS_STEP,
            &["sl_name", "sl_stageid", "sl_column", "sl_required", "sl_position"],
        )?,
    }))
}

fn steps(reader: &mut Reader<'_>) -> Result<StepTable> {
    let messages = reader.index(tables::MESSAGE, &["name"])?;
    let filters = reader.index(tables::MESSAGE_FILTER, &["primaryobjecttypecode"])?;
    let types = reader.index(tables::PLUGIN_TYPE, &["typename", "pluginassemblyid"])?;
    let assemblies = reader.index(tables::ASSEMBLY, &["name", "sourcehash"])?;
    let secrets = reader.index(tables::SECURE_CONFIG, &["secureconfig"])?;
    let mut images = images(reader)?;
    let mut steps = Vec::new();
    for row in reader.some(
        tables::STEP,
        STEP_COLUMNS,
        Filter::eq("statecode", sluice_model::Value::Choice(0)),
    )? {
        let plugin_type = row.id_of("plugintypeid").and_then(|id| types.get(&id));
        let assembly = plugin_type
            .and_then(|kind| kind.id_of("pluginassemblyid"))
            .and_then(|id| assemblies.get(&id));
        let message = row
            .id_of("sdkmessageid")
            .and_then(|id| messages.get(&id))
            .and_then(|row| row.text("name"));
        let (Some(plugin_type), Some(assembly), Some(message)) = (plugin_type, assembly, message) else {
            tracing::warn!(step = %row.id, "a step without plug-in or message is passed over");
            continue;
        };
        let filter = row.id_of("sdkmessagefilterid");
        let text = |column: &str| row.text(column).map(ToOwned::to_owned);
        steps.push(Step {
            id: row.id,
            name: text("name").unwrap_or_default(),
            type_name: plugin_type.text("typename").unwrap_or_default().to_owned(),
            assembly: assembly.id,
            assembly_name: assembly.text("name").unwrap_or_default().to_owned(),
            digest: assembly.text("sourcehash").unwrap_or_default().to_owned(),
            message: message.into(),
            table: filter
                .and_then(|id| filters.get(&id))
                .and_then(|row| row.text("primaryobjecttypecode"))
                .filter(|table| *table != "none")
                .map(Name::from),
            stage: row.int("stage").unwrap_or_default(),
            mode: row.int("mode").unwrap_or_default(),
            rank: row.int("rank").unwrap_or_default(),
            filter,
            filtering: names(row.text("filteringattributes")),
            images: images.remove(&row.id).unwrap_or_default(),
            configuration: text("configuration"),
            secure: row
                .id_of("sdkmessageprocessingstepsecureconfigid")
                .and_then(|id| secrets.get(&id))
                .and_then(|row| row.text("secureconfig"))
                .map(ToOwned::to_owned),
            run_as: row.id_of("impersonatinguserid").filter(|id| !id.is_nil()),
            grants: grants(row.text("sl_grants")),
            limits: limits(row.int("mode").unwrap_or_default(), row.text("sl_limits"))?,
            auto_delete: row.bool("asyncautodelete").unwrap_or_default(),
        });
    }
    Ok(StepTable::new(steps))
}

fn duplicates(reader: &mut Reader<'_>) -> Result<RuleTable> {
    let at_work = Filter::In {
        column: "statuscode".into(),
        values: [rule::PUBLISHING, rule::PUBLISHED]
            .map(sluice_model::Value::Choice)
            .to_vec(),
    };
    let rules = Query::new(tables::DUPLICATE_RULE).filter(at_work);
    let rules = reader
        .tx
        .select(&permit(), reader.catalog.table(tables::DUPLICATE_RULE)?, &rules)?;
    if rules.is_empty() {
        return Ok(RuleTable::default());
    }
    let conditions = reader.rows(tables::DUPLICATE_CONDITION)?;
    Ok(RuleTable::new(reader.catalog, &rules, &conditions))
}

fn mappings(published: &HashMap<Name, Vec<Row>>) -> HashMap<(Name, Name), Vec<Pair>> {
    let rows = |table: &str| published.get(table).map_or(&[][..], Vec::as_slice);
    let maps: HashMap<Uuid, &Row> = rows(tables::ENTITY_MAP).iter().map(|row| (row.id, row)).collect();
    let mut pairs: HashMap<(Name, Name), Vec<Pair>> = HashMap::new();
    for row in rows(tables::ATTRIBUTE_MAP) {
        let Some(map) = row.id_of("entitymapid").and_then(|id| maps.get(&id)) else {
            continue;
        };
        let tables = (map.text("sourceentityname"), map.text("targetentityname"));
        let columns = (row.text("sourceattributename"), row.text("targetattributename"));
        if let ((Some(from), Some(to)), (Some(source), Some(target))) = (tables, columns) {
            let pair = Pair {
                source: source.into(),
                target: target.into(),
            };
            pairs.entry((from.into(), to.into())).or_default().push(pair);
        }
    }
    pairs
}

const STEP_COLUMNS: &[&str] = &[
    "name",
    "sdkmessageid",
    "sdkmessagefilterid",
    "plugintypeid",
    "stage",
    "mode",
    "rank",
    "filteringattributes",
    "configuration",
    "sdkmessageprocessingstepsecureconfigid",
    "impersonatinguserid",
    "asyncautodelete",
    "sl_grants",
    "sl_limits",
];

fn images(reader: &mut Reader<'_>) -> Result<HashMap<Uuid, Vec<Image>>> {
    let mut images: HashMap<Uuid, Vec<Image>> = HashMap::new();
    for row in reader.all(
        tables::STEP_IMAGE,
        &["sdkmessageprocessingstepid", "entityalias", "imagetype", "attributes"],
    )? {
        let (Some(step), Some(alias)) = (row.id_of("sdkmessageprocessingstepid"), row.text("entityalias")) else {
            continue;
        };
        images.entry(step).or_default().push(Image {
            alias: alias.into(),
            kind: row.int("imagetype").unwrap_or_default(),
            columns: names(row.text("attributes")),
        });
    }
    Ok(images)
}

/// The limits of a step: the defaults of its mode, with what an administrator changed.
pub(crate) fn limits(mode: i32, changes: Option<&str>) -> Result<Limits> {
    match (mode == step::SYNCHRONOUS, changes) {
        (true, None) => Ok(Limits::default()),
        (true, Some(changes)) => Limits::from_json(changes),
        (false, None) => Ok(Limits::asynchronous()),
        (false, Some(changes)) => Limits::asynchronous_from_json(changes),
    }
}

/// A comma-separated list of names.
pub(crate) fn names(text: Option<&str>) -> Vec<Name> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(Name::from)
        .collect()
}

/// The capabilities that an administrator granted to a step.
pub(crate) fn grants(text: Option<&str>) -> Grants {
    let granted = names(text);
    let has = |capability: &str| granted.iter().any(|name| &**name == capability);
    Grants {
        clock: has("clock"),
        random: has("random"),
        system: has("system"),
    }
}
