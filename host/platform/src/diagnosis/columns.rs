//! Cures of refusals for want of a right on a secured column: a profile that gives it, or the right
//! for a profile that whoever was refused has.

use std::{collections::HashSet, sync::Arc};

use sluice_access::Checks;
use sluice_engine::tables;
use sluice_model::{Code, Error, Filter, PrincipalInfo, Query, Reference, Result, Row, Uuid};

use super::{
    Fix, WithheldColumn,
    holders::reference,
    trials::{Setup, Trials},
};

/// The two tables that say who has a profile: the table, and the column of the holder.
const HOLDERS: [(&str, &str); 2] = [("systemuserprofiles", "systemuserid"), ("teamprofiles", "teamid")];

/// A right on a column that somebody lacks.
#[derive(Debug, Clone)]
pub(super) struct Lacking {
    who: PrincipalInfo,
    table: String,
    column: String,
    /// The column of a permission that says whether it gives the right.
    right: &'static str,
}

/// What a refusal says is lacking, or what was withheld in the step that refuses: that one may have stumbled over a
/// value that it was not shown. Nothing, where it is of something else.
pub(super) fn lacking(error: &Error, withheld: &[WithheldColumn]) -> Vec<Lacking> {
    let body = error.body();
    let right = match error.code() {
        Code::COLUMN_CREATE_DENIED => "cancreate",
        Code::COLUMN_READ_DENIED | Code::COLUMN_ASKED => "canread",
        Code::COLUMN_UPDATE_DENIED => "canupdate",
        _ if body.step.is_some() => {
            let read = |one: &WithheldColumn| Lacking {
                who: one.who.clone(),
                table: one.table.to_string(),
                column: one.column.to_string(),
                right: "canread",
            };
            return withheld.iter().map(read).collect();
        }
        _ => return Vec::new(),
    };
    let word = |wanted: &str| {
        let mut words = body.words.iter();
        words.find(|(word, _)| *word == wanted).map(|(_, text)| text.clone())
    };
    match (body.principal.clone(), word("TABLE"), word("COLUMN")) {
        (Some(who), Some(table), Some(column)) => vec![Lacking {
            who,
            table,
            column,
            right,
        }],
        _ => Vec::new(),
    }
}

impl Trials<'_> {
    /// The profiles that give what is lacking, for whoever lacks it: those that give least first.
    pub(super) fn profiles_to_join(&mut self, lacking: &[Lacking]) -> Result<Vec<Fix>> {
        let mut found = Vec::new();
        for lacking in lacking {
            let of_column = Filter::eq("entityname", &*lacking.table)
                .and(Filter::eq("attributelogicalname", &*lacking.column))
                .and(Filter::eq(lacking.right, GIVEN));
            for permission in self.rows(tables::COLUMN_PERMISSION, of_column)? {
                let Some(profile) = permission.id_of("fieldsecurityprofileid") else {
                    continue;
                };
                let own = Filter::eq("fieldsecurityprofileid", profile);
                let gives = self.rows(tables::COLUMN_PERMISSION, own)?.len();
                found.push((gives, profile, &lacking.who));
            }
        }
        found.sort_by_key(|(gives, profile, _)| (*gives, *profile));
        let mut fixes = Vec::new();
        for (_, profile, who) in found {
            let fix = Fix::JoinProfile {
                profile,
                called: self.profile_name(profile)?,
                to: reference(who),
                name: who.name.clone(),
            };
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
        Ok(fixes)
    }

    /// The right for each profile that whoever lacks it has.
    pub(super) fn column_grants(&mut self, lacking: &[Lacking]) -> Result<Vec<Fix>> {
        let mut fixes = Vec::new();
        for lacking in lacking {
            let holder = reference(&lacking.who);
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
        }
        Ok(fixes)
    }

    /// A profile for whoever lacks something, where none gives the right that they could join, and they have
    /// none that could give it; one that gives more where it is behind such a one. Of several columns that were
    /// withheld each is tried alone, then all together.
    pub(super) fn new_profiles(&mut self, lacking: &[Lacking], here: &Setup) -> Result<Vec<Fix>> {
        let mut fixes = Vec::new();
        for one in lacking {
            fixes.extend(self.new_profile(std::slice::from_ref(one), here)?);
        }
        let same = |one: &&Lacking| lacking.first().is_some_and(|first| first.who.id == one.who.id);
        let together: Vec<Lacking> = lacking.iter().filter(same).cloned().collect();
        if together.len() > 1 {
            fixes.extend(self.new_profile(&together, here)?);
        }
        Ok(fixes)
    }

    /// A profile that gives all of this.
    fn new_profile(&mut self, lacking: &[Lacking], here: &Setup) -> Result<Option<Fix>> {
        let Some(first) = lacking.first() else { return Ok(None) };
        let holder = reference(&first.who);
        let earlier = here.profile_for(&holder).cloned();
        let alone = lacking.len() == 1 && earlier.is_none();
        if alone && !(self.profiles_to_join(lacking)?.is_empty() && self.column_grants(lacking)?.is_empty()) {
            return Ok(None);
        }
        let lacked = lacking
            .iter()
            .map(|one| (one.table.clone(), one.column.clone(), one.right));
        let fix = Fix::NewProfile {
            profile: self.session.new_id(),
            called: String::new(),
            to: holder,
            name: first.who.name.clone(),
            gives: lacked.collect(),
        };
        let joined = self.joined(&fix, earlier.as_ref())?;
        Ok(Some(joined).filter(|joined| Some(joined) != earlier.as_ref()))
    }

    /// A profile for somebody as it is made where one was made before for the same: that one, which gives this as
    /// well. Any other fix is as it is.
    pub(super) fn joined(&self, fix: &Fix, earlier: Option<&Fix>) -> Result<Fix> {
        let (mut joined, wanted) = match (fix, earlier) {
            (Fix::NewProfile { to, gives, .. }, Some(earlier)) if earlier.makes_profile_for(to) => {
                (earlier.clone(), gives.as_slice())
            }
            _ => (fix.clone(), &[][..]),
        };
        if let Fix::NewProfile {
            called, name, gives, ..
        } = &mut joined
        {
            let before = gives.len();
            for one in wanted {
                if !gives.contains(one) {
                    gives.push(one.clone());
                }
            }
            if called.is_empty() || gives.len() > before {
                *called = self.free_name(name, gives)?;
            }
        }
        Ok(joined)
    }

    /// A name for a profile that no profile has: it is told by its name.
    fn free_name(&self, whose: &str, gives: &[(String, String, &'static str)]) -> Result<String> {
        let name = match gives {
            [(table, column, right)] => format!("{whose}: {} {table}.{column}", right.trim_start_matches("can")),
            [(table, column, _), ..] => format!("{whose}: {table}.{column}"),
            [] => whose.to_owned(),
        };
        let taken = self.rows(tables::PROFILE, Filter::All)?;
        let is_free = |name: &String| {
            let has = |row: &Row| row.text("name").is_some_and(|taken| taken.eq_ignore_ascii_case(name));
            !taken.iter().any(has)
        };
        let others = (2..).map(|number| format!("{name} {number}"));
        let mut names = std::iter::once(name.clone()).chain(others);
        Ok(names.find(is_free).unwrap_or(name))
    }

    /// What is withheld behind a setup in the step of a refusal.
    pub(super) fn withheld_at(&mut self, setup: &Setup, error: &Error) -> Result<Vec<WithheldColumn>> {
        let checks = Arc::new(Checks::default());
        self.run_with(setup, Some(checks.clone()))?;
        Ok(WithheldColumn::in_step_of(error, &checks))
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
