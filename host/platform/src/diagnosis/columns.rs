//! Cures of refusals for want of a right on a secured column: a profile that gives it, or the right
//! for a profile that whoever was refused has.

use std::collections::HashSet;

use sluice_engine::tables;
use sluice_model::{Code, Error, Filter, Query, Reference, Result, Row, Uuid};

use super::{
    Fix,
    holders::reference,
    trials::{Setup, Trials},
};

/// The two tables that say who has a profile: the table, and the column of the holder.
const HOLDERS: [(&str, &str); 2] = [("systemuserprofiles", "systemuserid"), ("teamprofiles", "teamid")];

/// A right on a column that somebody lacks.
pub(super) struct Lacking {
    table: String,
    column: String,
    /// The column of a permission that says whether it gives the right.
    right: &'static str,
}

/// What a refusal says is lacking; nothing, where it is of something else.
pub(super) fn lacking(error: &Error) -> Option<Lacking> {
    let right = match error.code() {
        Code::COLUMN_CREATE_DENIED => "cancreate",
        Code::COLUMN_READ_DENIED | Code::COLUMN_ASKED => "canread",
        Code::COLUMN_UPDATE_DENIED => "canupdate",
        _ => return None,
    };
    let words = &error.body().words;
    let word = |wanted: &str| {
        words
            .iter()
            .find(|(word, _)| *word == wanted)
            .map(|(_, text)| text.clone())
    };
    Some(Lacking {
        table: word("TABLE")?,
        column: word("COLUMN")?,
        right,
    })
}

impl Trials<'_> {
    /// The profiles that give what is lacking, for whoever was refused: those that give least first.
    pub(super) fn profiles_to_join(&mut self, error: &Error) -> Result<Vec<Fix>> {
        let (Some(lacking), Some(principal)) = (lacking(error), &error.body().principal) else {
            return Ok(Vec::new());
        };
        let of_column = Filter::eq("entityname", &*lacking.table)
            .and(Filter::eq("attributelogicalname", &*lacking.column))
            .and(Filter::eq(lacking.right, GIVEN));
        let mut found = Vec::new();
        for permission in self.rows(tables::COLUMN_PERMISSION, of_column)? {
            let Some(profile) = permission.id_of("fieldsecurityprofileid") else {
                continue;
            };
            let own = Filter::eq("fieldsecurityprofileid", profile);
            let gives = self.rows(tables::COLUMN_PERMISSION, own)?.len();
            found.push((gives, profile));
        }
        found.sort_unstable();
        let fix = |(_, profile)| {
            Ok(Fix::JoinProfile {
                profile,
                called: self.profile_name(profile)?,
                to: reference(principal),
                name: principal.name.clone(),
            })
        };
        found.into_iter().map(fix).collect()
    }

    /// The right for each profile that whoever was refused has.
    pub(super) fn column_grants(&mut self, error: &Error) -> Result<Vec<Fix>> {
        let (Some(lacking), Some(principal)) = (lacking(error), &error.body().principal) else {
            return Ok(Vec::new());
        };
        let mut fixes = Vec::new();
        let holder = reference(principal);
        let (table, column) = match &*holder.table {
            tables::TEAM => HOLDERS[1],
            _ => HOLDERS[0],
        };
        for link in self.rows(table, Filter::eq(column, holder.id))? {
            let Some(profile) = link.id_of("fieldsecurityprofileid") else {
                continue;
            };
            let of_column = Filter::eq("fieldsecurityprofileid", profile)
                .and(Filter::eq("entityname", &*lacking.table))
                .and(Filter::eq("attributelogicalname", &*lacking.column));
            let there = self.rows(tables::COLUMN_PERMISSION, of_column)?;
            fixes.push(Fix::GrantColumn {
                profile,
                called: self.profile_name(profile)?,
                permission: there.first().map(|row| row.id),
                table: lacking.table.clone(),
                column: lacking.column.clone(),
                right: lacking.right,
            });
        }
        Ok(fixes)
    }

    /// A profile for whoever was refused, where none gives the right that they could join, and they have
    /// none that could give it; one that gives more where it is behind such a one.
    pub(super) fn new_profile(&mut self, error: &Error, here: &Setup) -> Result<Vec<Fix>> {
        let (Some(lacking), Some(principal)) = (lacking(error), &error.body().principal) else {
            return Ok(Vec::new());
        };
        let holder = reference(principal);
        let earlier = here.fixes.iter().rev().find_map(|(fix, _)| match fix {
            Fix::NewProfile { to, .. } if *to == holder => Some(fix.clone()),
            _ => None,
        });
        if earlier.is_none() && !(self.profiles_to_join(error)?.is_empty() && self.column_grants(error)?.is_empty()) {
            return Ok(Vec::new());
        }
        let mut fix = earlier.unwrap_or_else(|| Fix::NewProfile {
            profile: self.session.new_id(),
            called: format!("{}: {}.{}", principal.name, lacking.table, lacking.column),
            to: holder,
            name: principal.name.clone(),
            gives: Vec::new(),
        });
        let given = (lacking.table, lacking.column, lacking.right);
        match &mut fix {
            Fix::NewProfile { gives, .. } if !gives.contains(&given) => gives.push(given),
            _ => return Ok(Vec::new()),
        }
        Ok(vec![fix])
    }

    /// The users who have a profile, directly or through a team.
    pub(super) fn members_of_profile(&mut self, profile: Uuid) -> Result<HashSet<Uuid>> {
        let of = Filter::eq("fieldsecurityprofileid", profile);
        let mut users = HashSet::new();
        for link in self.rows(HOLDERS[0].0, of.clone())? {
            users.extend(link.id_of("systemuserid"));
        }
        for link in self.rows(HOLDERS[1].0, of)? {
            if let Some(team) = link.id_of("teamid") {
                users.extend(self.holders()?.members_of(team));
            }
        }
        Ok(users)
    }

    fn profile_name(&self, profile: Uuid) -> Result<String> {
        let (mut unit, _) = self.session.unit()?;
        let reason = "find what would cure a refusal, and whom it reaches";
        let row = unit.need_as_platform(reason, &Reference::new(tables::PROFILE, profile))?;
        Ok(row.text("name").unwrap_or_default().to_owned())
    }

    fn rows(&self, table: &str, filter: Filter) -> Result<Vec<Row>> {
        let (mut unit, _) = self.session.unit()?;
        let reason = "find what would cure a refusal, and whom it reaches";
        unit.select_as_platform(reason, &Query::new(table).filter(filter))
    }
}

/// What a permission says of a right that it gives.
pub(super) const GIVEN: i32 = 4;
