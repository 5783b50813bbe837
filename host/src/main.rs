//! The command line: reads what is wanted, runs it against an organisation, and shows what
//! came out. Wiring only; what is decided is decided in the engine.

mod assign;
mod cli;
mod commands;
mod completing;
mod context;
mod contexts;
mod culprits;
mod cut;
mod door;
mod failure;
mod files;
mod global;
mod interrupt;
mod lists;
mod names;
mod output;
mod people;
mod plot;
mod reading;
mod remedies;
mod report;
mod screen;
mod telling;
mod text;
mod times;
mod transcript;
mod transfer;
mod usage;
#[cfg(test)]
mod verbs;

use std::{io::IsTerminal, process::ExitCode};

use context::Context;
use output::Exit;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    // The process that compiles is this program again. It limits itself before all else.
    if arguments.next().is_some_and(|verb| verb == context::COMPILE) {
        return sluice_engine::run_compiler(arguments).into();
    }
    completing::complete();
    interrupt::outlive_file_limit();
    let (cli, given) = match cli::parse() {
        Ok(parsed) => parsed,
        Err(error) => return failure::wrong_usage(&error).into(),
    };
    start_log(cli.global.verbose);
    let context = Context::new(cli.global, given);
    let ended = cli::run(&context, cli.command).and_then(|outcome| lists::allowed(&context, outcome));
    let exit = match ended {
        Ok(outcome) => {
            let exit = outcome.exit;
            output::show(&outcome).map_or_else(|error| failure::unprinted(&context, exit, &error), |()| exit)
        }
        Err(error) => failure::show(&context, &error),
    };
    exit.into()
}

/// Logs go to standard error: what `SLUICE_LOG` asks for, else by the count of `-v`.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = match std::env::var("SLUICE_LOG") {
        Ok(directives) if !directives.is_empty() => tracing_subscriber::EnvFilter::new(directives),
        _ => tracing_subscriber::EnvFilter::new(level),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
