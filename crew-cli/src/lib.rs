//! The device client: arguments in, one report or one error out. It keeps the clock, the disk, the network and the
//! terminal; what a record is and who may do what is the core's business.

pub mod cli;
pub mod clock;
pub mod commands;
pub mod context;
pub mod error;
pub mod evidence;
pub mod exchange;
pub mod files;
pub mod help;
pub mod home;
pub mod http;
pub mod labels;
pub mod lang;
pub mod log;
pub mod output;
pub mod parting;
pub mod persons;
pub mod pin;
pub mod qr;
#[cfg(test)]
mod screens;
pub mod style;
pub mod table;
pub mod usage;
pub mod vault;
pub mod when;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::cli::Cli;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::output::Screen;
use words::Lang;

/// Runs the command line `args` (the program's name first) and answers the exit code.
pub fn main_with(args: &[OsString]) -> ExitCode {
    let lang = lang::asked(args, &env);
    let screen = Screen::of_process(lang, lang::has_flag(args, "--json"));
    let code = match parse(args, lang) {
        Ok(Parsed::Command(cli)) => run(&cli, screen),
        Ok(Parsed::Shown(text)) => {
            screen.out(&text).map_or_else(|error| screen.fail(&error), |()| exit::DONE)
        }
        Err(error) => screen.fail(&error),
    };
    ExitCode::from(code)
}

enum Parsed {
    Command(Box<Cli>),
    /// Help or the version was asked for.
    Shown(String),
}

fn parse(args: &[OsString], lang: Lang) -> Result<Parsed, CliError> {
    let parsed = help::parse(args, lang).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok(Parsed::Command(Box::new(cli))),
        Err(error) if error.exit_code() == 0 => Ok(Parsed::Shown(help::page(&error, lang))),
        Err(error) => Err(usage::from_clap(&error)),
    }
}

fn run(cli: &Cli, screen: Screen) -> u8 {
    let outcome = Context::new(cli, screen, &env).and_then(|context| commands::run(&context, &cli.command));
    match outcome {
        Ok(report) => match (screen.report(&report), &report.failure) {
            (Err(error), _) => screen.fail(&error),
            (Ok(()), Some(error)) => screen.fail(error),
            (Ok(()), None) => exit::DONE,
        },
        Err(error) => screen.fail(&error),
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
