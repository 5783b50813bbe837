//! A web resource is known by its name: forms and solutions refer to it by that.

use sluice_model::{Code, Error, Filter, Query, Result, Row, Uuid};

use sluice_engine::{Operation, Unit, rules::Rules, tables};

pub(super) struct WebResource;

/// A name is one web resource's.
fn check_name(unit: &mut Unit, target: &Row, own: Uuid) -> Result<()> {
    let Some(name) = target.text("name") else {
        return Ok(());
    };
    let same = Query::new(tables::WEB_RESOURCE)
        .columns(&[])
        .filter(Filter::eq("name", name));
    match unit
        .select_as_platform("names of web resources are unique, whoever may read them", &same)?
        .iter()
        .find(|other| other.id != own)
    {
        Some(other) => {
            let message = format!("there is a web resource {name} already ({}); change that one", other.id);
            Err(Error::new(Code::DUPLICATE_KEY, message).with_table(tables::WEB_RESOURCE))
        }
        None => Ok(()),
    }
}

impl Rules for WebResource {
    fn before_create(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let target = operation.target()?.clone();
        check_name(unit, &target, Uuid::nil())
    }

    fn before_update(&self, unit: &mut Unit, operation: &mut Operation, before: &Row) -> Result<()> {
        let target = operation.target()?.clone();
        check_name(unit, &target, before.id)
    }
}
