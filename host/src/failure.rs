//! Commands that did not do what they were asked: what is shown, and with which exit status.

use clap::error::ErrorKind;
use serde_json::{Value as Json, json};
use sluice_model::{Code, Error, codes::Kind};

use crate::{
    context::Context,
    lists::BrokenOff,
    output::{self, Exit},
    report,
    usage::Usage,
};

/// The exit status that an error of the platform stands for.
pub(crate) fn exit_of(error: &Error) -> Exit {
    if error.code() == Code::AMBIGUOUS {
        return Exit::Usage;
    }
    match error.kind() {
        Kind::Host => Exit::Host,
        Kind::Refused | Kind::Denied | Kind::NotFound => Exit::Refused,
    }
}

/// Shows why a command failed: with `--json` as the document, else on standard error.
pub(crate) fn show(context: &Context, error: &anyhow::Error) -> Exit {
    let exit = if let Some(error) = error.downcast_ref::<Error>() {
        exit_of(error)
    } else if error.is::<Usage>() {
        Exit::Usage
    } else {
        Exit::Host
    };
    if error.is::<BrokenOff>() {
        output::tell(&format!("error: {error:#}"));
        return Exit::Host;
    }
    if context.json() {
        let document = json!({ "error": to_json(error, exit) });
        return match output::document(&document) {
            Ok(()) => exit,
            Err(unwritable) => {
                output::tell(&format!("error: {error:#}"));
                self::unwritable(exit, &unwritable)
            }
        };
    }
    match error.downcast_ref::<Error>() {
        Some(error) => output::tell(&report::error(context, error)),
        None => output::tell(&format!("error: {error:#}")),
    }
    exit
}

/// An error of the command line itself has the code of what it amounts to.
fn to_json(error: &anyhow::Error, exit: Exit) -> Json {
    match error.downcast_ref::<Error>() {
        Some(error) => report::error_to_json(error),
        None if exit == Exit::Usage => report::error_to_json(&Error::invalid(format!("{error:#}"))),
        None => report::error_to_json(&Error::host(format!("{error:#}"))),
    }
}

/// Shows what the parser says: help and version on standard output, the rest as an error.
pub(crate) fn wrong_usage(error: &clap::Error) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return Exit::Done;
    }
    if wants_json() {
        let text = error.render().to_string();
        let message = text.trim().trim_start_matches("error: ");
        let document = json!({ "error": report::error_to_json(&Error::invalid(message)) });
        return output::document(&document).map_or_else(|error| unwritable(Exit::Usage, &error), |()| Exit::Usage);
    }
    let _ = error.print();
    Exit::Usage
}

/// Whether the arguments ask for JSON, though they are wrong.
fn wants_json() -> bool {
    let arguments: Vec<String> = std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let alone = ["--json", "-ojson", "-o=json", "--output=json"];
    let apart =
        |pair: &[String]| matches!(pair, [flag, form] if (flag == "-o" || flag == "--output") && form == "json");
    arguments.iter().any(|argument| alone.contains(&argument.as_str())) || arguments.windows(2).any(apart)
}

/// Standard output cannot be written, such as on a full disk. A reader that has seen enough is no
/// failure.
fn unwritable(exit: Exit, error: &std::io::Error) -> Exit {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return exit;
    }
    output::tell(&format!("error: the result cannot be written: {error}"));
    Exit::Host
}

/// The answer of a command that was carried out cannot be written: says what became of it.
pub(crate) fn unprinted(context: &Context, exit: Exit, error: &std::io::Error) -> Exit {
    let done = match (context.done(), context.has_written()) {
        (Some(done), _) => format!("the command was carried out: {done}"),
        (None, true) => "the command was carried out, and what it changed is kept".to_owned(),
        (None, false) => "the command was carried out; it changed nothing in the organisation".to_owned(),
    };
    if error.kind() != std::io::ErrorKind::BrokenPipe {
        output::tell(&format!("error: the result cannot be written: {error}; {done}"));
        return Exit::Host;
    }
    if context.done().is_some() || context.has_written() {
        output::tell(&format!("nobody read the result: {done}"));
    }
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_exit_states() {
        assert_eq!(exit_of(&Error::new(Code::AMBIGUOUS, "")), Exit::Usage);
        assert_eq!(exit_of(&Error::new(Code::BUSY, "")), Exit::Host);
        assert_eq!(exit_of(&Error::host("")), Exit::Host);
        assert_eq!(exit_of(&Error::new(Code::NOT_FOUND, "")), Exit::Refused);
        assert_eq!(exit_of(&Error::new(Code::PLUGIN_TIMEOUT, "")), Exit::Refused);
    }
}
