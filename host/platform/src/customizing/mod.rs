//! Customizing: tables and columns, choices, views and web resources, and publishing.
//!
//! | to | look at |
//! |---|---|
//! | make and change tables and columns, and take them away | `definitions`, `columns`, `removal` |
//! | decide what of a definition is a customizer's to say | `own` |
//! | choose what happens along lookups | `relationships` |
//! | change options | `option_values`, `option_set`; who needs them: `fitting` |
//! | see what counts only once it is published | `publish` |
//! | show lists | `views`, `saved_query` |

pub(crate) mod columns;
pub(crate) mod definitions;
mod delete_option_value;
pub(crate) mod fitting;
mod insert_option_value;
mod insert_status_value;
mod new_default;
mod option_set;
mod option_values;
pub(crate) mod own;
mod privileges;
pub(crate) mod publish;
mod publish_all_xml;
mod publish_xml;
pub mod relationships;
pub(crate) mod removal;
mod saved_query;
mod update_option_value;
pub(crate) mod views;
mod web_resource;

use sluice_engine::{
    Component, ComponentPart, ComponentStates, Meaning, Unit,
    capability::{Capability, Tables},
    tables,
    tasks::{Gate, Task},
};
use sluice_model::{Filter, Query, Reference, Result, Uuid};

/// A column security profile with what it gives.
static COLUMN_PROFILES: Component = Component {
    parts: &[ComponentPart {
        table: tables::COLUMN_PERMISSION,
        key: &["entityname", "attributelogicalname"],
        parts: &[],
    }],
    is_released: true,
    in_use: |unit, id| {
        let members = members(unit, id)?;
        Ok((!members.is_empty())
            .then(|| "users or teams are members of it, and see and write columns by it".to_owned()))
    },
    holders: Some(members),
    ..Component::plain("column-profile", tables::PROFILE)
};

/// The members of a column security profile.
fn members(unit: &mut Unit, profile: Uuid) -> Result<Vec<Reference>> {
    let links = [tables::USER_PROFILES, tables::TEAM_PROFILES];
    unit.holders(links, "fieldsecurityprofileid", &[profile])
}

/// An access team template. What it gave the members of teams stays with them until it goes.
static TEAM_TEMPLATES: Component = Component {
    named_in: "teamtemplatename",
    of_code: Some("objecttypecode"),
    in_use: |unit, id| {
        let teams = Query::new(tables::TEAM)
            .columns(&[])
            .filter(Filter::eq("teamtemplateid", id))
            .top(1);
        let teams = unit.select_as_platform("see whether rows have teams by a template", &teams)?;
        Ok((!teams.is_empty()).then(|| "rows have teams by it, whose members would lose their access".to_owned()))
    },
    ..Component::plain("team-template", tables::TEAM_TEMPLATE)
};

/// A script, a page, a style sheet.
static WEB_RESOURCES: Component = Component::plain("web-resource", tables::WEB_RESOURCE);

static FORMS: Component = Component {
    of_table: Some("objecttypecode"),
    is_released: true,
    ..Component::plain("form", tables::FORM)
};

static VIEWS: Component = Component {
    of_table: Some("returnedtypecode"),
    is_released: true,
    states: Some(ComponentStates::IN_USE),
    ..Component::plain("view", tables::VIEW)
};

/// An offline profile with its tables.
static OFFLINE_PROFILES: Component = Component {
    parts: &[ComponentPart {
        table: OFFLINE_PROFILE_ITEM,
        key: &["selectedentitytypecode"],
        parts: &[],
    }],
    ..Component::plain("offline-profile", OFFLINE_PROFILE)
};

pub(crate) const OFFLINE_PROFILE: &str = "mobileofflineprofile";
pub(crate) const OFFLINE_PROFILE_ITEM: &str = "mobileofflineprofileitem";

/// Customizing.
pub(crate) static CUSTOMIZING: Capability = Capability {
    tables: sluice_engine::tables![
        "mobileofflineprofile",
        "mobileofflineprofileitem",
        "savedquery",
        "systemform",
        "webresource"
    ],
    messages: &[
        &delete_option_value::DeleteOptionValue,
        &insert_option_value::InsertOptionValue,
        &insert_status_value::InsertStatusValue,
        &publish_all_xml::PublishAllXml,
        &publish_xml::PublishXml,
        &update_option_value::UpdateOptionValue,
    ],
    tasks: &[Task {
        privilege: "prvPublishCustomization",
        gates: &[Gate::Message("PublishXml"), Gate::Message("PublishAllXml")],
    }],
    rules: &[
        (Tables::Named(tables::OPTION_SET), &option_set::OptionSet),
        (Tables::Named(tables::VIEW), &saved_query::SavedQuery),
        (Tables::Named(tables::WEB_RESOURCE), &web_resource::WebResource),
    ],
    dependants: &[&removal::Lookups, &fitting::Defaults, &views::Shown],
    components: &[
        &COLUMN_PROFILES,
        &TEAM_TEMPLATES,
        &WEB_RESOURCES,
        &FORMS,
        &VIEWS,
        &OFFLINE_PROFILES,
    ],
    meanings: &[Meaning::new(tables::VIEW, "fetchxml", |_, text| {
        sluice_model::fetchxml::is_document(text)
    })],
    sound: privileges::sound,
    // What ships is published from the start.
    installed: |unit| publish::publish_all(unit).map(|_| ()),
    ..Capability::named("customizing")
};
