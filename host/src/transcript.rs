//! Transcripts: Markdown whose `console` blocks are commands with what they print. The same
//! page is read by people, run by `example run`, and held to by the tests.
//!
//! A block `file NAME` is a file that is there from then on. A line that begins with `$ ` is a command; a line `? N` after it is its exit status, 0 where
//! there is none; the lines that follow are what it prints. `[..]` stands for any text in a
//! line, a line `...` for any lines, and `[LEAD]` for an id: whatever it is where it is first
//! printed, and the same from then on, in commands as well.

use std::collections::BTreeMap;

/// A command with what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The files that are written before: their names and what is in them.
    pub(crate) files: Vec<(String, String)>,
    /// The command line as it is written, without `$ `.
    pub(crate) command: String,
    /// Its exit status.
    pub(crate) status: i32,
    /// The lines that it prints.
    pub(crate) expected: Vec<String>,
}

/// The ids that names stand for.
pub(crate) type Names = BTreeMap<String, String>;

/// The steps of a page, in order.
pub(crate) fn steps(page: &str) -> Vec<Exchange> {
    let mut steps: Vec<Exchange> = Vec::new();
    let mut files: Vec<(String, String)> = Vec::new();
    let (mut inside, mut in_file) = (false, false);
    for line in page.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            inside = kind == "console";
            let file = kind.strip_prefix("file ");
            in_file = file.is_some();
            files.extend(file.map(|name| (name.to_owned(), String::new())));
            continue;
        }
        if let (true, Some((_, text))) = (in_file, files.last_mut()) {
            text.push_str(line);
            text.push('\n');
        }
        if !inside {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Exchange {
                files: std::mem::take(&mut files),
                command: command.to_owned(),
                status: 0,
                expected: Vec::new(),
            });
        } else if let Some(step) = steps.last_mut() {
            match line.strip_prefix("? ").and_then(|status| status.parse().ok()) {
                Some(status) if step.expected.is_empty() => step.status = status,
                _ => step.expected.push(line.to_owned()),
            }
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

/// A text with the ids that its names stand for.
pub(crate) fn filled_in(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, id)| {
        text.replace(&format!("[{name}]"), id)
    })
}

/// Whether a command printed what was expected; new names are learnt from it.
pub(crate) fn matches(expected: &[String], printed: &str, names: &mut Names) -> bool {
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let end = printed.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    match lines(expected, printed.get(..end).unwrap_or_default(), names.clone()) {
        Some(learnt) => {
            *names = learnt;
            true
        }
        None => false,
    }
}

fn lines(expected: &[String], printed: &[&str], names: Names) -> Option<Names> {
    let Some((pattern, rest)) = expected.split_first() else {
        return printed.is_empty().then_some(names);
    };
    if pattern == "..." {
        return (0..=printed.len()).find_map(|skipped| lines(rest, printed.get(skipped..)?, names.clone()));
    }
    let (line, others) = printed.split_first()?;
    let learnt = text(pattern.trim_end(), line, names)?;
    lines(rest, others, learnt)
}

/// One line against its pattern.
fn text(pattern: &str, line: &str, mut names: Names) -> Option<Names> {
    let Some((before, placeholder, after)) = first_placeholder(pattern) else {
        return (pattern == line).then_some(names);
    };
    let line = line.strip_prefix(before)?;
    if placeholder == ".." {
        let mut starts = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        return starts.find_map(|at| text(after, line.get(at..)?, names.clone()));
    }
    let id = match names.get(placeholder) {
        Some(id) => id.clone(),
        None => {
            let id = line.get(..ID)?.to_owned();
            is_id(&id).then_some(())?;
            names.insert(placeholder.to_owned(), id.clone());
            id
        }
    };
    text(after, line.strip_prefix(&*id)?, names)
}

/// The text before the first `[..]` or `[NAME]`, what stands in it, and the text after it.
fn first_placeholder(pattern: &str) -> Option<(&str, &str, &str)> {
    for (open, _) in pattern.match_indices('[') {
        let rest = pattern.get(open + 1..)?;
        let Some((inner, after)) = rest.split_once(']') else {
            continue;
        };
        let name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        if inner == ".." || (!inner.is_empty() && inner.chars().all(name)) {
            return Some((pattern.get(..open)?, inner, after));
        }
    }
    None
}

/// The length of an id in characters.
const ID: usize = 36;

fn is_id(text: &str) -> bool {
    text.len() == ID && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-00000000abcd";

    #[test]
    fn a_page_is_read_command_by_command() {
        let page =
            "# E1\n\n```console\n$ sluice org create\nmade\n\n$ sluice x\n? 1\nno\n```\n\n```\n$ not this\n```\n";
        let steps = steps(page);
        let commands: Vec<(&str, i32, usize)> = steps
            .iter()
            .map(|step| (&*step.command, step.status, step.expected.len()))
            .collect();
        assert_eq!(commands, [("sluice org create", 0, 1), ("sluice x", 1, 1)]);
    }

    #[test]
    fn a_page_has_files() {
        let page = "```file a.csv\nx,y\n\n1,2\n```\n\n```console\n$ sluice import a.csv\n$ sluice x\n```\n";
        let steps = steps(page);
        assert_eq!(steps[0].files, [("a.csv".to_owned(), "x,y\n\n1,2\n".to_owned())]);
        assert!(steps[1].files.is_empty());
    }

    fn expects(expected: &[&str], printed: &str) -> Option<Names> {
        let expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        let mut names = Names::new();
        matches(&expected, printed, &mut names).then_some(names)
    }

    #[test]
    fn names_are_learnt_and_held_to() {
        let printed = format!("lead {ID}\nagain {ID}, done\n");
        let names = expects(&["lead [LEAD]", "again [LEAD], [..]"], &printed).unwrap();
        assert_eq!(names["LEAD"], ID);
        assert_eq!(filled_in("row get lead [LEAD]", &names), format!("row get lead {ID}"));
        let other = printed.replace("again 0", "again 1");
        assert!(expects(&["lead [LEAD]", "again [LEAD], [..]"], &other).is_none());
        assert!(expects(&["lead [LEAD]"], "lead x").is_none());
    }

    #[test]
    fn dots_stand_for_lines_and_for_parts_of_them() {
        assert!(expects(&["a", "...", "z"], "a\nb\nc\nz\n").is_some());
        assert!(expects(&["a", "..."], "a").is_some());
        assert!(expects(&["a[..]z"], "abcz").is_some());
        assert!(expects(&["a"], "a\nb").is_none());
        assert!(expects(&["[x] in brackets"], "[x] in brackets").is_some());
    }
}
