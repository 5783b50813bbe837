//! `sluice plugin history`, `rollback` and `export`: the contents that a plug-in had.

use std::{io::Write, path::Path};

use serde_json::{Value as Json, json};
use sluice_engine::Session;
use sluice_model::{Reference, json as rows};
use sluice_platform::{PushOptions, prelude::*};

use super::{
    plugin::{How, pushed_asking},
    plugin_pushed::{pushed_json, pushed_text},
};
use crate::{
    context::Context,
    files,
    names::{self, Labels},
    output::{Grid, Outcome},
};

const ASSEMBLY: &str = "pluginassembly";

/// The contents that a plug-in had, the newest first.
pub(super) fn list(context: &Context, session: &Session, plugin: &str) -> anyhow::Result<Outcome> {
    let versions = session.plugin_history(session.find_one(ASSEMBLY, plugin)?)?;
    let user = |id| Reference::new("systemuser", id);
    let labels = Labels::load(context, versions.iter().filter_map(|version| version.by.map(user)))?;
    let mut grid = Grid::new(["", "version", "pushed", "by", "digest"]);
    let mut documents = Vec::new();
    for version in &versions {
        let pushed = version.pushed.map(rows::whole_seconds);
        let by = version.by.map(|id| labels.name(&user(id)));
        grid.row([
            if version.current { "at work" } else { "" },
            &version.version,
            pushed.as_deref().unwrap_or_default(),
            by.as_deref().unwrap_or_default(),
            version.digest.get(..12).unwrap_or(&version.digest),
        ]);
        documents.push(json!({
            "version": version.version,
            "digest": version.digest,
            "current": version.current,
            "pushedon": pushed,
            "by": by,
        }));
    }
    Ok(Outcome::list(documents, grid.text("nothing is kept of what it was")))
}

/// Brings a content back.
pub(super) fn roll_back(
    context: &Context,
    session: &Session,
    plugin: &str,
    to: Option<&str>,
    how: &How,
) -> anyhow::Result<Outcome> {
    let id = session.find_one(ASSEMBLY, plugin)?;
    let mut version = None;
    let mut back = |options: &PushOptions| {
        let (to, pushed) = session.roll_back(id, to, options)?;
        version = Some(to);
        Ok(pushed)
    };
    let pushed = pushed_asking(context, &how.options(None), &mut back)?;
    let name = names::get(session, ASSEMBLY, id, &["name"])?;
    let name = name.text("name").unwrap_or(plugin);
    let mut document = pushed_json(name, &pushed, how);
    if let Json::Object(map) = &mut document {
        map.insert("digest".to_owned(), json!(version.map(|version| version.digest)));
    }
    let what = if how.dry_run { "would roll back" } else { "rolled back" };
    let text = pushed_text(context, (&format!("{what} {name} to"), name), &pushed);
    Ok(Outcome::new(document, text))
}

/// Writes a component of a plug-in into a file.
pub(super) fn export(
    context: &Context,
    session: &Session,
    plugin: &str,
    which: Option<&str>,
    (path, force): (&Path, bool),
) -> anyhow::Result<Outcome> {
    let (id, plugin) = names::called(session, ASSEMBLY, plugin)?;
    let (version, bytes) = session.plugin_content(id, which)?;
    let write = |out: &mut dyn Write| Ok(out.write_all(&bytes)?);
    files::deliver(context, path, force, write, |()| {
        let document = json!({
            "name": plugin,
            "file": path.display().to_string(),
            "version": version.version,
            "digest": version.digest,
            "bytes": bytes.len(),
        });
        let text = format!("wrote {plugin} {} to {}", version.version, path.display());
        Ok(Outcome::new(document, text))
    })
}
