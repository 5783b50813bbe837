//! The business rules that are active, as a part of the configuration, and the steps that apply
//! them: before a row is made, and before columns of it are changed that a rule looks at.

use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use sluice_access::ColumnRight;
use sluice_model::{Error, Filter, Name, Reference, Result, Row, TableDef, Uuid, Value, state::process::ACTIVATED};
use sluice_sandbox::Context;

use super::{CATEGORY, DEFINITION, apply::Applied, definition::Definition};
use crate::workflows::{language::name_of, takes_workflows};
use sluice_engine::{
    Operation, Unit,
    fill::made_of,
    handler::{Called, Handler, StepSource},
    snapshot::{Part, Parts, Reader, part_of},
    step::{self, Step},
    tables,
};

/// What a business rule is called among the handlers.
pub(crate) const KIND: &str = "business rule";

/// A rule that is active.
#[derive(Debug)]
struct BusinessRule {
    id: Uuid,
    name: String,
    table: Name,
    /// The columns of the table that it speaks of.
    columns: BTreeSet<Name>,
    /// Those, and the ones of which the platform makes them: whoever sends one of these is concerned.
    watched: BTreeSet<Name>,
    rank: i32,
    /// Who answers for what it makes of secured columns.
    owner: Option<Reference>,
    definition: Result<Definition>,
}

/// The rules that are active.
#[derive(Debug, Default)]
struct Active(Vec<Arc<BusinessRule>>);

/// The part of the configuration.
pub(super) struct ActivePart;

impl Part for ActivePart {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::PROCESS]
    }

    fn kind(&self) -> TypeId {
        TypeId::of::<Active>()
    }

    fn load(&self, reader: &mut Reader<'_>) -> Result<Arc<dyn Any + Send + Sync>> {
        const COLUMNS: &[&str] = &["name", "primaryentity", "clientdata", "processorder", "ownerid"];
        let active = Filter::eq("category", Value::Choice(CATEGORY))
            .and(Filter::eq("type", Value::Choice(DEFINITION)))
            .and(ACTIVATED.rows());
        let rows = reader.some(tables::PROCESS, COLUMNS, active)?;
        let mut rules: Vec<Arc<BusinessRule>> = rows
            .iter()
            .filter_map(|row| {
                let table = reader.catalog.table(row.text("primaryentity")?).ok()?;
                takes_workflows(table).then(|| Arc::new(BusinessRule::of(row, reader.catalog, &table.name)))
            })
            .collect();
        rules.sort_by_key(|rule| rule.id);
        Ok(Arc::new(Active(rules)))
    }
}

impl BusinessRule {
    fn of(row: &Row, catalog: &sluice_model::Catalog, table: &Name) -> Self {
        let definition = Definition::parse(row.text("clientdata").unwrap_or_default());
        let uses = definition.as_ref().ok().and_then(|rule| rule.uses(catalog, table).ok());
        let columns: BTreeSet<Name> = uses.into_iter().flatten().filter_map(|(_, column)| column).collect();
        let sources = |column: &Name| {
            catalog
                .find(table)
                .map_or_else(Vec::new, |table| made_of(table, column))
        };
        let sources: Vec<Name> = columns.iter().flat_map(sources).collect();
        Self {
            id: row.id,
            name: row.text("name").unwrap_or_default().to_owned(),
            table: table.clone(),
            watched: columns.iter().cloned().chain(sources).collect(),
            columns,
            rank: row.int("processorder").unwrap_or_default(),
            owner: row.lookup("ownerid").cloned(),
            definition,
        }
    }

    fn step(self: &Arc<Self>, message: &str) -> Step {
        let mut step = Step::calling(Arc::new(Call(self.clone())));
        step.id = self.id;
        step.name.clone_from(&self.name);
        step.rank = self.rank;
        step.message = message.into();
        step.table = Some(self.table.clone());
        step.stage = step::PRE_OPERATION;
        if message == "Update" {
            step.filtering = self.watched.iter().cloned().collect();
            let reads = self.definition.as_ref().map(Definition::reads);
            return step.looking_at_row_before(reads.unwrap_or_default());
        }
        step
    }
}

/// The steps of active rules.
pub(super) struct Steps;

impl StepSource for Steps {
    fn tables(&self) -> &'static [&'static str] {
        &[tables::PROCESS]
    }

    fn steps(&self, parts: &Parts) -> Vec<Step> {
        let active = part_of::<Active>(parts);
        let rules = active.into_iter().flat_map(|active| &active.0);
        rules
            .flat_map(|rule| ["Create", "Update"].map(|message| rule.step(message)))
            .collect()
    }
}

/// A step's application of a rule.
#[derive(Debug)]
struct Call(Arc<BusinessRule>);

impl Handler for Call {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// An Assign is no Update to a rule, although it is carried out as one.
    fn concerns(&self, _: &mut Unit, operation: &Operation) -> Result<bool> {
        Ok(operation.part_of() != Some("Assign"))
    }

    fn call(&self, unit: &mut Unit, step: &Step, mut context: Context) -> Called {
        let outcome = self.apply(unit, step, &mut context);
        Called {
            context,
            outcome,
            ran: None,
        }
    }
}

impl Call {
    /// The columns of a table that the rule's owner may not read: whoever writes a rule is told nothing by it.
    fn hidden(&self, unit: &mut Unit, table: &TableDef) -> Result<Vec<Name>> {
        let secured = |name: &&Name| table.secured_as(name).is_some();
        let secured: Vec<&Name> = self.0.columns.iter().filter(secured).collect();
        let owner = match &self.0.owner {
            Some(owner) if !secured.is_empty() => unit.principal_of(owner)?,
            _ => return Ok(Vec::new()),
        };
        let hidden = secured.into_iter();
        let hidden = hidden.filter(|name| !owner.may_with_column(table, name, ColumnRight::Read));
        Ok(hidden.cloned().collect())
    }

    fn apply(&self, unit: &mut Unit, step: &Step, context: &mut Context) -> Result<()> {
        let rule = self.0.definition.as_ref().map_err(Error::clone)?;
        let Some(target) = context.target.clone() else {
            return Ok(());
        };
        let catalog = unit.catalog();
        let table = catalog.table(&target.table)?.clone();
        let before = (&*context.message != "Create").then(|| {
            let mut before = Row::new(target.table.clone(), target.id);
            for image in context.pre_images.values() {
                before.values.extend(image.values.clone());
            }
            before
        });
        let row = unit.foreseen(&table, &target, before.as_ref());
        let hidden = self.hidden(unit, &table)?;
        let mut names = HashMap::new();
        for lookup in rule.texts_of_lookups(&table) {
            if let Some(named) = row.lookup(&lookup) {
                // What the request does not bring, the row has, or the platform fills.
                let is_held = target.lookup(&lookup) != Some(named)
                    || before
                        .as_ref()
                        .is_some_and(|before| before.lookup(&lookup) == Some(named));
                names.insert(named.clone(), name_of(unit, context.user, named, is_held)?);
            }
        }
        let mut applied = Applied {
            unit,
            table: &table,
            collation: catalog.collation(),
            context,
            before,
            sent: target,
            row,
            names,
            hidden,
        };
        applied.apply(rule).map_err(|(place, mut error)| {
            let mut info = step.info();
            info.action = Some(place);
            error.body_mut().step = Some(info);
            error
        })
    }
}
