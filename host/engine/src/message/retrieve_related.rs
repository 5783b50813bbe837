//! RetrieveRelated: the rows that are linked with one through an N:N relationship, such as the
//! roles of a user or the members of a team. Sluice's own: the platform joins in a query.

use sluice_model::{Error, Filter, Parameter, ParameterType, Query, Result, Right, Row, Value};

use super::{
    Message, ParameterDef, Shape, Takes, membership,
    relationship::{self, Relationship},
    required,
};
use crate::{Operation, Unit, principals};

/// `RetrieveRelated`.
pub(crate) struct RetrieveRelated;

/// How many ids one question asks for.
const CHUNK: usize = 500;

impl Message for RetrieveRelated {
    fn name(&self) -> &'static str {
        "RetrieveRelated"
    }

    fn doc(&self) -> &'static str {
        "Reads the rows that are linked with one through an N:N relationship, as far as the caller may see them."
    }

    fn shape(&self) -> Shape {
        const INPUTS: &[ParameterDef] = &[
            required("Target", ParameterType::Reference),
            required("Relationship", ParameterType::Text),
        ];
        const OUTPUTS: &[ParameterDef] = &[required("RelatedEntities", ParameterType::Rows)];
        Shape::reading(Takes::Reference("Target"), INPUTS, OUTPUTS)
    }

    fn check_privileges(&self, unit: &mut Unit, operation: &Operation) -> Result<()> {
        principals::require(unit, operation, &*operation.table()?, Right::Read)?;
        let (_, far) = sides(unit, operation)?;
        let table = unit.snapshot()?.table(far.table)?.clone();
        principals::require(unit, operation, &table, Right::Read)
    }

    fn run(&self, unit: &mut Unit, operation: &mut Operation) -> Result<()> {
        let (near, far) = sides(unit, operation)?;
        let target = operation.target_reference()?;
        unit.decide(operation, &*operation.table()?, Right::Read, target.id)?;
        let intersection = linking(unit, operation)?.intersection;
        let query = Query::new(intersection)
            .columns(&[far.column])
            .filter(Filter::eq(near.column, target.id));
        let links = unit.select_as_platform("see what is linked with a row that the caller may read", &query)?;
        let ids: Vec<Value> = links
            .iter()
            .filter_map(|link| link.id_of(far.column))
            .map(Value::Id)
            .collect();
        let table = unit.snapshot()?.table(far.table)?.clone();
        let mut rows: Vec<Row> = Vec::new();
        for values in ids.chunks(CHUNK) {
            let filter = Filter::In {
                column: table.key.clone(),
                values: values.to_vec(),
            };
            let columns: Vec<&str> = table.primary_name.iter().map(|name| &**name).collect();
            let query = Query::new(table.name.clone()).columns(&columns).filter(filter);
            rows.extend(unit.list_as_caller(operation, &query)?);
        }
        operation.output("RelatedEntities", Parameter::Rows(rows));
        Ok(())
    }
}

fn linking(unit: &Unit, operation: &Operation) -> Result<&'static membership::ManyToMany> {
    match relationship::named(unit, operation)? {
        Relationship::ManyToMany(known) => Ok(known),
        Relationship::Lookup { table, column } => Err(Error::invalid(format!(
            "`{}.{column}` is a lookup: ask for the rows of `{}` that refer to the row",
            table.name, table.name
        ))),
    }
}

/// The side of the relationship on which the Target stands, and the other one.
fn sides(unit: &Unit, operation: &Operation) -> Result<(membership::Side, membership::Side)> {
    let known = linking(unit, operation)?;
    let table = operation.table()?;
    match known.sides {
        [near, far] | [far, near] if *near.table == *table.name => Ok((near, far)),
        [left, right] => Err(Error::invalid(format!(
            "relationship {} links {} and {}, not {}",
            known.name, left.table, right.table, table.name
        ))),
    }
}
