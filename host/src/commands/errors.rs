//! `sluice errors`: the codes, their causes and resolutions.

use serde_json::{Value as Json, json};
use sluice_model::{
    Code, Error,
    codes::{ALL, CodeInfo},
};

use crate::{
    failure::Usage,
    output::{Grid, Outcome},
    people::pairs,
};

/// See the module.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the codes.
    List,
    /// Explain a code: what causes it, and what to do.
    Explain {
        /// A code, its name, or one of the situations of the guide.
        #[arg(value_name = "CODE|e1…e9")]
        code: String,
    },
}

/// The situations of the guide that this version knows, and the codes by which they show.
const SITUATIONS: &[(&str, &str, &[Code])] = &[
    (
        "e4",
        "a privilege is missing",
        &[Code::PRIVILEGE_DENIED, Code::ACCESS_DENIED],
    ),
    ("e5", "the lead is closed", &[Code::LEAD_CLOSED]),
];

/// Runs the command.
pub(crate) fn run(command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::List => {
            let mut grid = Grid::new(["code", "name", "cause"]);
            for info in ALL {
                grid.row([info.code.to_string().as_str(), info.name, info.cause]);
            }
            Ok(Outcome::list(ALL.iter().map(to_json).collect(), grid.text("no codes")))
        }
        Command::Explain { code } => explain(&code),
    }
}

fn to_json(info: &CodeInfo) -> Json {
    let situations: Vec<&str> = SITUATIONS
        .iter()
        .filter(|(_, _, codes)| codes.contains(&info.code))
        .map(|(id, _, _)| *id)
        .collect();
    json!({ "code": info.code.to_string(), "name": info.name, "cause": info.cause, "resolution": info.resolution, "situations": situations })
}

fn explain(text: &str) -> anyhow::Result<Outcome> {
    let found = find(text)?;
    let part = |info: &&CodeInfo| {
        let lines = [("cause", info.cause), ("what to do", info.resolution)];
        let title = match SITUATIONS.iter().find(|(_, _, codes)| codes.contains(&info.code)) {
            Some((id, title, _)) => format!("{} {} ({id}: {title})", info.code, info.name),
            None => format!("{} {}", info.code, info.name),
        };
        format!("{title}\n{}", crate::report::indented(&pairs(&lines), 2))
    };
    let text = found.iter().map(part).collect::<Vec<_>>().join("\n\n");
    Ok(Outcome::list(found.into_iter().map(to_json).collect(), text))
}

fn find(text: &str) -> anyhow::Result<Vec<&'static CodeInfo>> {
    let of = |codes: &[Code]| ALL.iter().filter(|info| codes.contains(&info.code)).collect::<Vec<_>>();
    if let Some((_, _, codes)) = SITUATIONS.iter().find(|(id, _, _)| id.eq_ignore_ascii_case(text)) {
        return Ok(of(codes));
    }
    if let Some(info) = ALL.iter().find(|info| info.name.eq_ignore_ascii_case(text)) {
        return Ok(vec![info]);
    }
    let bare = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8).map(Code);
    let Some(code) = bare.or_else(|| Code::parse(text)) else {
        return Err(Usage::because(format!(
            "`{text}` is no code (0x80040220), no code's name and no situation (e4); `errors list` shows them"
        )));
    };
    match of(&[code]) {
        found if found.is_empty() => Err(Error::new(
            Code::NOT_FOUND,
            format!("{code} is no code of this version; `errors list` shows them"),
        )
        .into()),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_by_every_name() {
        for text in ["0x80040220", "80040220", "-2147220960", "PrivilegeDenied"] {
            assert_eq!(find(text).unwrap()[0].code, Code::PRIVILEGE_DENIED, "{text}");
        }
        assert_eq!(find("E4").unwrap().len(), 2);
        assert_eq!(find("e5").unwrap()[0].code, Code::LEAD_CLOSED);
        assert!(find("nonsense").unwrap_err().is::<Usage>());
        assert!(!find("0x80000001").unwrap_err().is::<Usage>());
    }
}
