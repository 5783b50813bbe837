//! What a diagnosis found, as people and scripts read it.

mod after;
mod commands;
mod missing;
mod story;
mod titles;

use serde_json::{Value as Json, json};
use sluice_engine::is_senders;
use sluice_model::{Catalog, Depth, Error, Remedy, Uuid};
use sluice_platform::{Culprit, Cure, Fix, Isolation, Lacked, Reach, WithheldColumn};

use crate::{
    context::Context,
    names::Labels,
    people::count,
    remedies, report, telling,
    text::{indented, wrapped},
};

use after::{resting, resting_text, unseen_text};
pub(crate) use commands::{DETECTING, Sender};
use commands::{commands_of, commands_of_all};
use titles::title;

/// Text for people is this wide.
pub(crate) const WIDTH: usize = 96;

/// What is to be known beside the error: the guide lets leads be qualified without Write on them.
fn note(error: &Error, qualifies: bool) -> Option<&'static str> {
    let body = error.body();
    (qualifies && body.step.is_none() && body.privilege.as_deref() == Some("prvWriteLead")).then_some(
        "The guide's list of privileges does not have it; it is needed here, because qualifying changes the state of the \
         lead. `settings set compat.qualifyNeedsLeadWrite no` lets the guide's exact role qualify.",
    )
}

/// What was found, for scripts.
pub(crate) fn json(context: &Context, found: &Isolation, sender: &Sender, qualifies: bool) -> Json {
    let sender = &sender.naming(&found.by_id);
    let fix = |fix: &Fix| {
        let commands = commands_of(fix, sender).into_iter();
        let kind = fix.kind();
        let of = commands.map(move |command| json!({ "kind": kind, "command": context.command(&command) }));
        of.collect::<Vec<Json>>()
    };
    let cure = |cure: &Cure| {
        let fixes = commands_of_all(&cure.fixes, sender).into_iter();
        let fixes = fixes.map(|(kind, command)| json!({ "kind": kind, "command": run_by(context, cure, &command) }));
        let fixes: Vec<Json> = fixes.collect();
        json!({ "fixes": fixes, "reach": reach(cure.reach), "own": cure.is_own, "passes": cure.passes, "unseen": cure.is_unseen })
    };
    let lacked = |lacked: &Lacked| {
        json!({
            "privilege": lacked.privilege,
            "depth": lacked.depth.label(),
            "depthIfShared": lacked.if_shared.map(Depth::label),
        })
    };
    let culprit = |culprit: &Culprit| {
        json!({
            "error": report::error_to_json(culprit.error.origin()),
            "ownWords": story::own_words_json(&culprit.error),
            "note": note(&culprit.error, qualifies),
            "lacks": culprit.lacks.iter().map(lacked).collect::<Vec<Json>>(),
            "onlyWith": culprit.sets.first().map(Vec::as_slice).unwrap_or_default(),
            "orWith": culprit.sets.get(1..).unwrap_or_default(),
            "onlyBehind": culprit.behind.iter().flat_map(fix).collect::<Vec<Json>>(),
            "withheld": culprit.withheld.iter().map(withheld_json).collect::<Vec<Json>>(),
            "taken": culprit.taken.as_ref().map(|taken| json!({
                "role": taken.role,
                "by": taken.by.id.to_string(),
                "at": taken.when.to_string(),
            })),
            "fixes": culprit.fixes().iter().flat_map(fix).collect::<Vec<Json>>(),
            "cures": culprit.cures.iter().map(cure).collect::<Vec<Json>>(),
        })
    };
    let failure = |failure: &Culprit| {
        let mut told = report::error_to_json(failure.error.origin());
        if let (Json::Object(told), Json::Object(all)) = (&mut told, culprit(failure)) {
            let own = ["ownWords", "lacks", "taken", "fixes", "cures"];
            told.extend(all.into_iter().filter(|(name, _)| own.contains(&name.as_str())));
        }
        told
    };
    let background: Vec<Json> = found.background.iter().map(failure).collect();
    json!({
        "culprits": found.culprits.iter().map(culprit).collect::<Vec<Json>>(),
        "cure": found.cure.as_ref().map(cure),
        "background": background,
        "resting": found.resting.iter().map(resting).collect::<Vec<Json>>(),
        "trials": found.trials,
        "passes": found.passes,
        "cut": found.is_cut,
        "own": found.is_own,
        "unseen": found.unseen.as_ref().map(report::error_to_json),
    })
}

/// What a person reads of a diagnosis.
pub(crate) struct Report<'a> {
    pub(crate) context: &'a Context,
    pub(crate) catalog: &'a Catalog,
    /// Who was refused.
    pub(crate) user: &'a str,
    /// Who sends it again.
    pub(crate) sender: Sender,
    /// What lets it go on that was refused, where it does not do so by itself: the last command of a cure.
    pub(crate) then: Option<String>,
    /// What gives it up, where nothing can be mended: the command that cancels a job which waits.
    pub(crate) gives_up: Option<String>,
    /// What they wanted to do.
    pub(crate) what: &'a str,
    /// Whether that is to qualify a lead.
    pub(crate) qualifies: bool,
    /// What a job runs that was refused: without it, there is no job.
    pub(crate) runs: Option<Uuid>,
}

impl Report<'_> {
    /// The whole text; `again` is the command that looks again.
    pub(crate) fn text(&self, found: &Isolation, again: &str) -> String {
        let sender = self.sender.naming(&found.by_id);
        let (then, gives_up) = (self.then.clone(), self.gives_up.clone());
        let report = Self {
            sender,
            then,
            gives_up,
            ..*self
        };
        report.whole(found, again)
    }

    fn whole(&self, found: &Isolation, again: &str) -> String {
        let Self { user, what, .. } = self;
        let trials = format!(
            "{}, each rolled back",
            count(found.trials.try_into().unwrap_or_default(), "trial")
        );
        if let (true, Some(unseen)) = (found.culprits.is_empty(), &found.unseen) {
            let nothing = "Nothing was met that stands in the way, as far as it could be looked";
            return format!(
                "{}\n\n{}",
                wrapped(&format!("{nothing} ({trials})."), WIDTH),
                unseen_text(unseen)
            );
        }
        if found.culprits.is_empty() {
            let mut parts = vec![wrapped(
                &format!("Nothing stands in the way: {user} can {what} ({trials})."),
                WIDTH,
            )];
            parts.extend(self.then_line(2).map(|then| format!("It goes on with\n{then}")));
            parts.extend(resting_text(&found.resting));
            parts.extend(self.background_text(found));
            return parts.join("\n\n");
        }
        let things = match found.culprits.len() {
            1 => "One thing stands in the way".to_owned(),
            several => format!("{several} things stand in the way"),
        };
        let mut parts = vec![wrapped(
            &format!("{user} cannot {what}. {things} ({trials}; nothing was changed)."),
            WIDTH,
        )];
        parts.extend(found.cure.as_ref().map(|cure| self.cure_text(cure, again)));
        for (position, culprit) in found.culprits.iter().enumerate() {
            let earlier = found.culprits.get(..position).unwrap_or_default();
            parts.push(self.culprit_text(earlier, (culprit, "stops it"), found.is_own));
        }
        if found.is_own && found.cure.is_none() {
            parts.extend(self.handed_on(found, again));
            return parts.join("\n\n");
        }
        if found.cure.is_none() && found.unseen.is_none() {
            parts.push(match found.passes {
                true => wrapped(&format!("With all of this out of the way, {user} can {what}."), WIDTH),
                false => {
                    "What stands behind the last one could not be looked at: it has to be mended first.".to_owned()
                }
            });
        }
        parts.extend(found.unseen.as_ref().map(unseen_text));
        if found.is_cut {
            parts.push("Not everything was looked for: there was more than is tried.".to_owned());
        }
        parts.extend(resting_text(&found.resting));
        parts.extend(self.background_text(found));
        parts.push(format!("To look again:\n  {}", self.context.command(again)));
        parts.join("\n\n")
    }

    /// What whoever looks with their own rights alone hands on: nothing, where all of it is theirs to mend alone.
    fn handed_on(&self, found: &Isolation, again: &str) -> Option<String> {
        let culprits = found.culprits.iter();
        let own = culprits.filter(|culprit| is_senders(&culprit.error)).count();
        let mut stopped = found.culprits.iter().map(|culprit| culprit.error.origin());
        let ask = match found.culprits.len() {
            all if own == all => stopped
                .any(report::may_be_handed_on)
                .then_some("Where that cannot be done, ask an administrator")?,
            _ if own > 0 => "For what is not yours to do ask an administrator",
            _ => "You can cure nothing of it yourself. Ask an administrator",
        };
        let again = self.context.handed_on(again);
        Some(format!("{ask}, who sees more, and hand this on:\n  {again}"))
    }

    /// What cures all of it, as it was run.
    fn cure_text(&self, cure: &Cure, again: &str) -> String {
        if cure.fixes.is_empty() {
            let ask = "It can be cured, but not by you. Ask an administrator, and hand this on:";
            return format!("{ask}\n  {}", self.context.handed_on(again));
        }
        let what = match (cure.is_own, cure.fixes.len()) {
            (true, 1) => "This cures it",
            (true, _) => "This cures it, all of it in this order",
            (false, 1) => "This cures it, run by somebody who may (you may not)",
            (false, _) => "This cures it, all of it in this order, run by somebody who may (you may not)",
        };
        let mut lines = vec![wrapped(
            &format!(
                "{what}. It was tried, and what was refused passed behind it. It reaches {}.",
                reach(cure.reach)
            ),
            WIDTH,
        )];
        lines.extend(self.commands(cure, 2));
        let then = self
            .then
            .iter()
            .map(|then| format!("  {}", run_by(self.context, cure, then)));
        lines.extend(then);
        lines.join("\n")
    }

    fn culprit_text(&self, earlier: &[Culprit], (culprit, stops): (&Culprit, &str), is_own: bool) -> String {
        let withheld: String = culprit
            .withheld
            .iter()
            .map(|one| format!(" {}", withheld_text(one)))
            .collect();
        let story = format!(
            "{}{withheld}{}",
            self.story((culprit, stops), is_own),
            self.taken_text(culprit)
        );
        let story = indented(&wrapped(&story, WIDTH - 3), 3);
        let number = format!("{}. ", earlier.len() + 1);
        let mut parts = vec![format!("{number:<3}{}", story.trim_start())];
        let message = indented(&wrapped(&report::headline(culprit.error.origin()), WIDTH - 5), 5);
        parts.push(format!("   The platform's words:\n{message}"));
        parts.push(self.cures_text(earlier, culprit, is_own));
        parts.join("\n\n")
    }

    /// `Salesperson held it until admin took it at …`
    fn taken_text(&self, culprit: &Culprit) -> String {
        let Some(taken) = &culprit.taken else {
            return String::new();
        };
        let by = Labels::load(self.context, [taken.by.clone()]).map(|labels| labels.name(&taken.by));
        format!(
            " {} held it until {} took it at {}.",
            taken.role,
            by.unwrap_or_else(|_| taken.by.id.to_string()),
            taken.when.strftime("%Y-%m-%d %H:%M UTC")
        )
    }

    fn cures_text(&self, earlier: &[Culprit], culprit: &Culprit, is_own: bool) -> String {
        let told: Vec<&Cure> = culprit.cures.iter().filter(|cure| !cure.fixes.is_empty()).collect();
        if told.is_empty() {
            // A privilege is somebody else's to give; what else helps may be the reader's own to do.
            let is_for_others = is_own && culprit.error.origin().body().privilege.is_some();
            return match culprit.cures.is_empty() && !is_for_others || is_senders(&culprit.error) {
                true => self.untried_text(culprit),
                false => "   What helps is for an administrator to do.".to_owned(),
            };
        }
        let all_for_others = told.iter().all(|cure| !cure.is_own);
        let for_others = if all_for_others {
            ", run by somebody who may (you may not)"
        } else {
            ""
        };
        let mut lines = vec![format!(
            "   What helps against this one thing{for_others} (each was tried):"
        )];
        for (position, cure) in told.iter().enumerate() {
            let then = match (cure.passes, cure.is_unseen) {
                (true, _) => "",
                (false, true) => "; what the request then came to is not yours to see",
                (false, false) => "; the request then met something else",
            };
            let who = match cure.is_own || all_for_others {
                true => "",
                false => "; run by somebody who may (you may not)",
            };
            let made = made_earlier(cure, earlier);
            let once = made.map(|number| format!(", once, as under {number}."));
            let mut cure = Cure::clone(cure);
            let title = format!(
                "{}. {}{} (reaches {}{then}{who})",
                position + 1,
                title(&cure),
                once.unwrap_or_default(),
                reach(cure.reach)
            );
            if made.is_some() {
                cure.fixes.retain(|fix| !matches!(fix, Fix::NewRole(_)));
            }
            let end = if cure.fixes.is_empty() { "" } else { ":" };
            let title = format!("{title}{end}");
            lines.push(indented(&wrapped(&title, WIDTH - 8), 8).replacen("        ", "     ", 1));
            lines.extend(self.commands(&cure, 10));
        }
        lines.join("\n")
    }
}

/// Which of the culprits before, by number, has the commands that make the role of a cure.
fn made_earlier(cure: &Cure, earlier: &[Culprit]) -> Option<usize> {
    let role = cure.fixes.iter().find(|fix| matches!(fix, Fix::NewRole(_)))?;
    let makes = |culprit: &Culprit| culprit.cures.iter().any(|cure| cure.fixes.contains(role));
    earlier.iter().position(makes).map(|place| place + 1)
}

/// The commands that an error prints to take a workflow out of work.
fn deactivations(error: &Error) -> Vec<String> {
    let words = error.words();
    let takes = |remedy: &Remedy| matches!(remedy, Remedy::DeactivateWorkflow | Remedy::DeactivateFailed);
    let remedies = error.remedies().into_iter().filter(takes);
    remedies
        .map(|remedy| format!("sluice {}", report::filled(remedies::command(remedy), &words)))
        .collect()
}

impl Report<'_> {
    /// What the refusal itself says to do, where nothing could be tried.
    fn untried_text(&self, culprit: &Culprit) -> String {
        let (texts, commands) = report::advice(&culprit.error, true);
        let mut lines = vec!["   No cure could be tried. What to do:".to_owned()];
        for (position, text) in texts.iter().enumerate() {
            let or = if position == 0 { "" } else { "or " };
            lines.push(indented(&wrapped(&format!("{or}{text}"), WIDTH - 5), 5));
        }
        // Commands that were not tried are for those who may know what they name.
        let (then, gives_up) = (self.then.iter(), self.gives_up.iter());
        // A run that waits keeps the definition on which it began: to deactivate the workflow helps the next one.
        let goes_on = self.gives_up.is_some();
        let ends_job = self.runs.is_some() && culprit.error.body().step.as_ref().map(|step| step.id) == self.runs;
        let deactivations = deactivations(&culprit.error);
        let commands = commands
            .iter()
            .filter(|command| !(ends_job || goes_on && deactivations.contains(command)));
        if goes_on {
            let text = "then go on with the run; or give it up, where that cannot be mended (its row is deleted):";
            lines.push(indented(&wrapped(text, WIDTH - 5), 5));
        }
        let told = commands.chain(then).chain(gives_up);
        let told = told.filter(|_| telling::now().administers());
        lines.extend(told.map(|command| format!("          {}", self.context.command(command))));
        lines.join("\n")
    }
}

impl Report<'_> {
    fn commands(&self, cure: &Cure, indent: usize) -> Vec<String> {
        let commands = commands_of_all(&cure.fixes, &self.sender).into_iter();
        commands
            .map(|(_, command)| format!("{}{}", " ".repeat(indent), run_by(self.context, cure, &command)))
            .collect()
    }

    fn then_line(&self, indent: usize) -> Option<String> {
        let then = self.then.as_ref()?;
        Some(format!("{}{}", " ".repeat(indent), self.context.command(then)))
    }
}

/// That a secured column was read and not shown.
pub(crate) fn withheld_text(withheld: &WithheldColumn) -> String {
    let WithheldColumn {
        table, column, from, ..
    } = withheld;
    format!(
        "What it read of the secured column {table}.{column} was withheld from {from}: no column security profile gives \
         Read on it."
    )
}

/// The same for machines.
pub(crate) fn withheld_json(withheld: &WithheldColumn) -> Json {
    json!({ "table": &*withheld.table, "column": &*withheld.column, "from": withheld.from })
}

/// A command of a cure as whoever may run it does: the reader, or somebody else.
fn run_by(context: &Context, cure: &Cure, command: &str) -> String {
    match cure.is_own {
        true => context.command(command),
        false => context.handed_on(command),
    }
}

/// Whom a cure reaches.
fn reach(reach: Reach) -> String {
    match reach {
        Reach::Request => "this request alone".to_owned(),
        Reach::Rows(1) => "this row alone".to_owned(),
        Reach::Rows(number) => count(number, "row"),
        Reach::Users(number) => count(number, "user"),
        Reach::Everybody => "everybody".to_owned(),
    }
}
