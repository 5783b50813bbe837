//! `sluice errors`: the codes, their causes and resolutions.

use serde_json::{Value as Json, json};
use sluice_model::{
    Code, Error, Situation,
    codes::{self, CodeInfo},
    names::did_you_mean,
    remedy::Resolution,
    situations,
};

use crate::{
    output::{Grid, Outcome},
    people::pairs,
    remedies,
    usage::Usage,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the codes.
    List,
    /// Explain a code: what causes it, and what to do.
    #[command(visible_alias = "show")]
    Explain {
        /// A code, its name, or one of the situations of the guide.
        #[arg(value_name = "CODE|e1…e9", allow_negative_numbers = true)]
        code: String,
    },
}

/// Runs the command.
pub(crate) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List => {
            let mut grid = Grid::new(["code", "name", "guide", "cause"]).uncut();
            for info in codes::all() {
                let ids: Vec<&str> = Situation::of(info.code).map(|situation| situation.id).collect();
                grid.row([info.code.to_string().as_str(), info.name, &ids.join(", "), info.cause]);
            }
            let mut guide = Grid::new(["id", "code", "what the guides call it"]).uncut();
            for situation in situations::ALL {
                guide.row([situation.id, &code(situation), situation.title]);
            }
            let document = json!({
                "value": codes::all().map(to_json).collect::<Vec<_>>(),
                "situations": situations::ALL.iter().copied().map(situation_to_json).collect::<Vec<_>>(),
            });
            let text = format!("{}\n\n{}", guide.text("no situations"), grid.text("no codes"));
            Ok(Outcome::new(document, text))
        }
        Command::Explain { code } => explain(&code),
    }
}

fn code(situation: &Situation) -> String {
    situation.codes.first().map_or_else(String::new, ToString::to_string)
}

fn to_json(info: &CodeInfo) -> Json {
    let situations: Vec<&str> = Situation::of(info.code).map(|situation| situation.id).collect();
    json!({ "code": info.code.to_string(), "name": info.name, "message": info.text, "cause": info.cause, "resolution": worded(&info.resolution), "remedies": info.resolution.remedies, "situations": situations })
}

fn situation_to_json(situation: &Situation) -> Json {
    let codes: Vec<String> = situation.codes.iter().map(ToString::to_string).collect();
    json!({
        "id": situation.id,
        "title": situation.title,
        "message": situation.sentence,
        "code": code(situation),
        "codes": codes,
        "table": situation.table,
        "status": situation.status,
        "cause": situation.cause,
        "resolutions": situation.resolutions.iter().map(worded).collect::<Vec<_>>(),
    })
}

/// A resolution with its commands, whose words are for the reader to fill in.
fn worded(resolution: &Resolution) -> String {
    remedies::worded(resolution, ToOwned::to_owned)
}

/// What a name stands for.
enum Meaning {
    Code(&'static CodeInfo),
    Situation(&'static Situation),
}

fn explain(text: &str) -> anyhow::Result<Outcome> {
    let mut items = Vec::new();
    let mut parts = Vec::new();
    for meaning in find(text)? {
        match meaning {
            Meaning::Code(info) => {
                items.push(to_json(info));
                let resolution = worded(&info.resolution);
                let mut lines = vec![("cause", info.cause), ("what to do", resolution.as_str())];
                if let Some(text) = info.text {
                    lines.insert(0, ("message", text));
                }
                parts.push(part(&format!("{} {}", info.code, info.name), &lines));
            }
            Meaning::Situation(situation) => {
                items.push(situation_to_json(situation));
                let codes: Vec<String> = situation.codes.iter().map(ToString::to_string).collect();
                let codes = codes.join(", ");
                let mut lines = vec![
                    ("code", codes.as_str()),
                    ("message", situation.sentence),
                    ("cause", situation.cause),
                ];
                let resolutions: Vec<String> = situation.resolutions.iter().map(worded).collect();
                for (index, resolution) in resolutions.iter().enumerate() {
                    lines.push((if index == 0 { "what to do" } else { "" }, resolution));
                }
                parts.push(part(&format!("{} {}", situation.id, situation.title), &lines));
            }
        }
    }
    Ok(Outcome::items(items, parts.join("\n\n")))
}

fn part(title: &str, lines: &[(&str, &str)]) -> String {
    format!("{title}\n{}", crate::text::indented(&pairs(lines), 2))
}

/// A situation; or a code, with every situation that it may stand for.
fn find(text: &str) -> anyhow::Result<Vec<Meaning>> {
    if let Some(situation) = Situation::find(text) {
        return Ok(vec![Meaning::Situation(situation)]);
    }
    let bare = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8).map(Code);
    let named = codes::all().find(|info| info.name.eq_ignore_ascii_case(text));
    let Some(code) = named.map(|info| info.code).or(bare).or_else(|| Code::parse(text)) else {
        let hint = did_you_mean(text, codes::all().map(|info| info.name));
        return Err(Usage::because(format!(
            "`{text}` is no code (0x80040220), no code's name and no situation (e4){hint}; `errors list` shows them"
        )));
    };
    let Some(info) = codes::all().find(|info| info.code == code) else {
        let message = format!("{code} is no code of this version; `errors list` shows them");
        return Err(Error::new(Code::NOT_FOUND, message).into());
    };
    let situations = Situation::of(code).map(Meaning::Situation);
    Ok(std::iter::once(Meaning::Code(info)).chain(situations).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code or the id of each meaning.
    fn meanings(text: &str) -> Vec<String> {
        let named = |meaning| match meaning {
            Meaning::Code(info) => info.code.to_string(),
            Meaning::Situation(situation) => situation.id.to_owned(),
        };
        find(text).unwrap().into_iter().map(named).collect()
    }

    #[test]
    fn codes_are_found_by_every_name() {
        for text in ["0x80040220", "80040220", "-2147220960", "PrivilegeDenied"] {
            assert_eq!(meanings(text), ["0x80040220", "e4"], "{text}");
        }
        assert_eq!(meanings("E4"), ["e4"]);
        assert_eq!(meanings("0x80040333"), ["0x80040333", "e1", "e8", "e9"]);
        assert!(find("nonsense").err().unwrap().is::<Usage>());
        assert!(!find("0x80000001").err().unwrap().is::<Usage>());
    }
}
