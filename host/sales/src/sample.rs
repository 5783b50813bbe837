//! The sample organisation: business units, people, roles, rows as untidy as real ones, the
//! custom table of the showcase, and the plug-ins that ship.
//!
//! The rows are composed, always in the same way, from short lists; nobody in them exists.
//! Each lead is of a company and has an e-mail address of its own, which no account and no
//! contact has, so it can be qualified; but for six (`MATCHING` in `rows.rs`).

mod rows;

use sluice_engine::{Batch, Engine, Session};
use sluice_model::{
    ColumnDef, ColumnType, Decimal, Depth, Filter, Ownership, Parameter, Query, Reference, Request, Result, Right, Row,
    TableDef, Uuid, Value, definition::Columns,
};
use sluice_platform::Assembly;
use sluice_platform::prelude::*;

use crate::starters::SELLING;
use rows::{CITIES, rows};

/// A plug-in that ships: its name and the file.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// The assembly's name.
    pub name: &'static str,
    /// The module or component.
    pub bytes: &'static [u8],
}

/// Fills a new organisation with the sample.
///
/// # Errors
/// What the messages give.
pub fn fill(engine: &Engine, plugins: &[Plugin]) -> Result<()> {
    let admin = engine.session_of("admin")?;
    // How the organisation is set up is nobody's change.
    let system = engine.session(engine.system_id()?);
    customize(&system)?;
    let people = system.batch(people)?;
    admin.batch(commission_rules)?;
    admin.batch(|batch| rows(batch, &people))?;
    for plugin in plugins {
        let assembly = Assembly {
            name: plugin.name.to_owned(),
            bytes: plugin.bytes.to_vec(),
            description: None,
        };
        system.push(&assembly, &sluice_platform::PushOptions::default())?;
    }
    run_audit_note_as_integration(&system, people.integration)?;
    let organization = system.list(Query::new("organization").columns(&[]))?;
    for row in organization {
        let all = Row::new("organization", row.id).with("plugintracelogsetting", Value::Choice(2));
        system.execute(Request::update(all))?;
    }
    Ok(())
}

/// The showcase's custom table, and the column that the plug-in fills.
fn customize(system: &Session) -> Result<()> {
    let label = |mut column: ColumnDef, label: &str| {
        column.label = label.to_owned();
        column
    };
    let columns = vec![
        label(
            ColumnDef::new("sl_name", ColumnType::Text { max_length: 100 }),
            "State or Province",
        ),
        label(ColumnDef::new("sl_rate", ColumnType::Decimal { precision: 4 }), "Rate"),
    ];
    system.create_table(&TableDef {
        display: "Commission Rule".to_owned(),
        primary_name: Some("sl_name".into()),
        source: "the sample organisation".to_owned(),
        columns: Columns::from(columns),
        ..TableDef::new("sl_commissionrule", Ownership::Organization)
    })?;
    let rate = ColumnDef::new("sl_commissionrate", ColumnType::Decimal { precision: 4 });
    system.create_column("account", &label(rate, "Commission Rate"))
}

/// Who owns the sample's rows.
#[derive(Debug, Clone, Copy)]
struct People {
    seller_west: Uuid,
    seller_east: Uuid,
    manager: Uuid,
    integration: Uuid,
}

fn people(batch: &mut Batch<'_>) -> Result<People> {
    let root = batch.list(
        Query::new("businessunit")
            .columns(&[])
            .filter(Filter::eq("parentbusinessunitid", Value::Null)),
    )?;
    let root = root.first().map(|row| row.id).unwrap_or_default();
    let root = Reference::new("businessunit", root);
    salesperson(batch, "Salesperson", &root, Depth::User)?;
    salesperson(batch, "Sales Manager", &root, Depth::BusinessUnit)?;
    integration_role(batch, &root)?;
    let mut units = Vec::new();
    for name in ["West", "East"] {
        let unit = Row::unsaved("businessunit")
            .with("name", name)
            .with("parentbusinessunitid", root.clone());
        units.push(Reference::new("businessunit", batch.create(unit)?));
    }
    let (west, east) = match units.as_slice() {
        [west, east] => (west.clone(), east.clone()),
        _ => (root.clone(), root.clone()),
    };
    Ok(People {
        seller_west: user(batch, "seller.west", &west, "Salesperson")?,
        seller_east: user(batch, "seller.east", &east, "Salesperson")?,
        manager: user(batch, "manager", &west, "Sales Manager")?,
        integration: service(batch, "integration", &root, "Integration")?,
    })
}

fn user(batch: &mut Batch<'_>, name: &str, unit: &Reference, role: &str) -> Result<Uuid> {
    let row = Row::unsaved("systemuser")
        .with("domainname", name)
        .with("lastname", name)
        .with("internalemailaddress", format!("{name}@contoso.example"))
        .with("businessunitid", unit.clone());
    let id = batch.create(row)?;
    // The copy of the role in the user's own business unit.
    let filter = Filter::eq("name", role).and(Filter::eq("businessunitid", unit.id));
    let role = batch.list(Query::new("role").columns(&[]).filter(filter))?;
    let roles = role.iter().map(Row::reference).collect();
    batch.execute(
        Request::new("Associate")
            .with("Target", Reference::new("systemuser", id))
            .with("Relationship", "systemuserroles_association")
            .with("RelatedEntities", Parameter::References(roles)),
    )?;
    Ok(id)
}

/// An account that nobody signs in with.
fn service(batch: &mut Batch<'_>, name: &str, unit: &Reference, role: &str) -> Result<Uuid> {
    let id = user(batch, name, unit, role)?;
    let row = Row::new("systemuser", id).with("accessmode", Value::Choice(4));
    batch.execute(Request::update(row))?;
    Ok(id)
}

fn role(batch: &mut Batch<'_>, name: &str, root: &Reference, privileges: &[(String, Depth)]) -> Result<()> {
    let row = Row::unsaved("role")
        .with("name", name)
        .with("businessunitid", root.clone());
    let id = batch.create(row)?;
    let rows = privileges.iter().map(|(privilege, depth)| {
        Row::unsaved("roleprivilege")
            .with("PrivilegeName", privilege.as_str())
            .with("Depth", depth.number())
    });
    batch.execute(
        Request::new("AddPrivilegesRole")
            .with("RoleId", Value::Id(id))
            .with("Privileges", Parameter::Rows(rows.collect())),
    )?;
    Ok(())
}

/// Reading the customizations, which qualifying needs.
fn customizations() -> impl Iterator<Item = (String, Depth)> {
    [
        "prvReadAttributeMap",
        "prvReadCustomization",
        "prvReadEntity",
        "prvReadEntityMap",
    ]
    .into_iter()
    .map(|name| (name.to_owned(), Depth::Organization))
}

/// Seeing, starting and moving the processes of the shipped flow.
fn processes() -> impl Iterator<Item = (String, Depth)> {
    [Right::Create, Right::Read, Right::Write, Right::Append, Right::AppendTo]
        .into_iter()
        .map(|right| format!("prv{}leadtoopportunitysalesprocess", right.verb()))
        .map(|name| (name, Depth::Organization))
}

/// What else the manager reads: when leads were closed and since when a step is required, and which
/// requests were refused.
const OVERSIGHT: [&str; 3] = [
    "prvReadAuditSummary",
    "prvReadRecordAuditHistory",
    "prvReadsl_messagetrace",
];

/// What the guide asks for, Write on lead and opportunity, notes and activities, the
/// flow and the reports; as the platform's roles of these names have it.
fn salesperson(batch: &mut Batch<'_>, name: &str, root: &Reference, depth: Depth) -> Result<()> {
    let mut privileges: Vec<(String, Depth)> = customizations().collect();
    for table in ["Account", "Contact", "Lead", "Opportunity"] {
        for right in [Right::Create, Right::Read, Right::Append, Right::AppendTo] {
            privileges.push((format!("prv{}{table}", right.verb()), depth));
        }
    }
    for table in ["Note", "Activity"] {
        for right in Right::ALL {
            privileges.push((format!("prv{}{table}", right.verb()), depth));
        }
    }
    privileges.extend(["prvWriteLead", "prvWriteOpportunity"].map(|name| (name.to_owned(), depth)));
    // Whose rows they are, and who takes part in an activity.
    privileges.extend(["prvReadUser", "prvAppendToUser"].map(|name| (name.to_owned(), Depth::Organization)));
    privileges.push(("prvReadsl_stagevisit".to_owned(), Depth::Organization));
    privileges.extend(processes());
    privileges.extend(SELLING.iter().map(|name| ((*name).to_owned(), Depth::Organization)));
    if depth > Depth::User {
        privileges.extend(OVERSIGHT.map(|name| (name.to_owned(), Depth::Organization)));
    }
    role(batch, name, root, &privileges)
}

fn integration_role(batch: &mut Batch<'_>, root: &Reference) -> Result<()> {
    let mut privileges: Vec<(String, Depth)> = customizations().collect();
    for table in ["Account", "Contact", "Lead", "Opportunity", "Note", "sl_commissionrule"] {
        // Rules belong to the organisation: nobody assigns or shares them.
        let owned = table != "sl_commissionrule";
        for right in Right::ALL
            .into_iter()
            .filter(|right| owned || right.is_of_organization())
        {
            privileges.push((format!("prv{}{table}", right.verb()), Depth::Organization));
        }
    }
    role(batch, "Integration", root, &privileges)
}

fn commission_rules(batch: &mut Batch<'_>) -> Result<()> {
    for (index, (_, state, _)) in CITIES.iter().enumerate() {
        let known = Query::new("sl_commissionrule")
            .columns(&[])
            .filter(Filter::eq("sl_name", *state));
        if batch.list(known)?.is_empty() {
            let rate = Decimal::new(250 + 25 * i64::try_from(index).unwrap_or_default(), 4);
            batch.create(
                Row::unsaved("sl_commissionrule")
                    .with("sl_name", *state)
                    .with("sl_rate", Value::Decimal(rate)),
            )?;
        }
    }
    Ok(())
}

fn run_audit_note_as_integration(system: &Session, integration: Uuid) -> Result<()> {
    let filter = Filter::Compare {
        column: "name".into(),
        comparison: sluice_model::Comparison::Contains,
        value: Value::from("audit"),
    };
    for step in system.list(Query::new("sdkmessageprocessingstep").columns(&["name"]).filter(filter))? {
        let row = Row::new("sdkmessageprocessingstep", step.id)
            .with("impersonatinguserid", Reference::new("systemuser", integration));
        system.execute(Request::update(row))?;
    }
    Ok(())
}
