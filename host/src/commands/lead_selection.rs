//! The leads that something is done to: by ids and names, or as those of a view or a filter.

use sluice_engine::Session;
use sluice_model::{Query, fetchxml, odata};
use sluice_platform::prelude::*;

use super::row;
use crate::usage::Usage;

/// See the module.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    /// Ids or names.
    #[arg(value_name = "ID", required_unless_present_any = ["view", "filter"])]
    leads: Vec<String>,
    /// The leads of a view, instead.
    #[arg(long, value_name = "VIEW", conflicts_with = "leads")]
    view: Option<String>,
    /// The leads that a filter leaves, instead: "statecode eq 0 and leadqualitycode eq 1". With
    /// --view, those of the view.
    #[arg(long, value_name = "ODATA", conflicts_with = "leads")]
    filter: Option<String>,
    /// At most so many of them.
    #[arg(long, value_name = "N", conflicts_with = "leads")]
    top: Option<u32>,
}

impl Selection {
    /// The leads, as somebody named them or by their ids.
    pub(super) fn resolve(&self, session: &Session) -> anyhow::Result<Vec<String>> {
        if self.view.is_none() && self.filter.is_none() {
            return Ok(self.leads.clone());
        }
        let surroundings = session.surroundings()?;
        let table = surroundings.catalog.table("lead")?;
        let mut query = match &self.view {
            Some(view) => fetchxml::parse(&surroundings, &session.view(view, Some("lead"))?.fetch)?,
            None => Query::new("lead"),
        };
        if let Some(filter) = &self.filter {
            query.filter = query.filter.and(odata::filter(&surroundings, table, filter)?);
        }
        if !query.gives_rows(&table.key) {
            return Err(Usage::because(
                "the view joins, counts or groups leads; name one that lists them",
            ));
        }
        query.columns = Some(Vec::new());
        let page = query.page.take().map(|page| page.size);
        query.top = [query.top, self.top, page].into_iter().flatten().min();
        let rows = row::pages(session, &query)?;
        Ok(rows.iter().map(|row| row.id.to_string()).collect())
    }
}
