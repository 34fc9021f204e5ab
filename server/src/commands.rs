//! Commands: from arguments to an exit status. Each command answers a [`Report`]; here it becomes text or JSON.

mod check_rules;
mod check_tls;
mod init;
mod integrity;
mod invite;
mod log_export;
mod serve;
mod show;
mod sweep_photos;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::FromArgMatches as _;
use clap::error::{ContextValue, ErrorKind};
use serde_json::{Value, json};

use crate::cli::{Cli, Command, command, page};
use crate::failure::{EXIT_INTEGRITY, Failure};
use crate::lang;
use words::{Lang, Text, say, visible};

/// What a command may touch of the process.
pub struct Shell<'s> {
    /// Standard output.
    pub out: &'s mut dyn Write,
    /// Standard error.
    pub err: &'s mut dyn Write,
    /// The environment.
    pub env: &'s dyn Fn(&str) -> Option<String>,
}

/// What a command found or did.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The one value of `--json`.
    pub json: Value,
    /// The same for people.
    pub text: Text,
    /// What is wrong all the same: printed after the report, and the exit status.
    pub failure: Option<Failure>,
}

impl Report {
    /// A report of success.
    pub fn new(json: Value, text: Text) -> Self {
        Self { json, text, failure: None }
    }

    /// Lines of label and value, aligned.
    pub fn table(json: Value, rows: &[(Text, String)]) -> Self {
        let lines = |lang: Lang| {
            let labels: Vec<String> = rows.iter().map(|(label, _)| label.of(lang)).collect();
            let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
            let line = |(label, row): (&String, &(Text, String))| {
                format!("{}  {}\n", pad(label, width), visible::line(&row.1))
            };
            labels.iter().zip(rows).map(line).collect::<String>()
        };
        Self::new(json, Text::both(lines(Lang::Es), lines(Lang::En)))
    }
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// Runs the command line; answers the exit status.
pub fn run(args: impl IntoIterator<Item = OsString>, shell: &mut Shell<'_>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let (asked_json, lang) = before_parsing(&args, shell.env);
    let matches = match command(lang).try_get_matches_from(&args) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let help = Report::new(Value::Null, Text::same(page(&error, lang)));
            return print(shell, &help, false, lang);
        }
        Err(error) => return fail(shell, &usage(&error), asked_json, lang),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return fail(shell, &usage(&error), asked_json, lang),
    };
    let json = cli.json;
    match dispatch(cli.command, shell, json, lang) {
        Ok(report) => print(shell, &report, json, lang),
        Err(failure) => fail(shell, &failure, json, lang),
    }
}

fn dispatch(command: Command, shell: &mut Shell<'_>, json: bool, lang: Lang) -> Result<Report, Failure> {
    match command {
        Command::Init(args) => init::run(&args, lang),
        Command::Serve(args) => serve::run(*args, shell, json, lang),
        Command::Config(args) => serve::config(*args, shell),
        Command::Verify(args) => integrity::verify(&args),
        Command::Rebuild(args) => integrity::rebuild(&args),
        Command::SweepPhotos(args) => sweep_photos::run(&args),
        Command::LogExport(args) => log_export::run(&args),
        Command::CheckRules(args) => check_rules::run(&args, lang),
        Command::CheckTls(args) => check_tls::run(&args, shell, lang),
        Command::Show(args) => show::run(&args),
        Command::Invite(args) => invite::run(&args),
        Command::Completions(args) => {
            let mut bytes = Vec::new();
            clap_complete::generate(
                args.shell,
                &mut crate::cli::command(lang),
                "cuadrilla-server",
                &mut bytes,
            );
            Ok(generated("completions", &bytes))
        }
        Command::Man => {
            let mut bytes = Vec::new();
            let page = clap_mangen::Man::new(crate::cli::command(lang));
            // Writing to memory does not fail.
            let _ = page.render(&mut bytes);
            Ok(generated("man", &bytes))
        }
    }
}

fn generated(key: &str, bytes: &[u8]) -> Report {
    let text = String::from_utf8_lossy(bytes).into_owned();
    Report::new(json!({ key: text }), Text::same(text))
}

fn print(shell: &mut Shell<'_>, report: &Report, json: bool, lang: Lang) -> u8 {
    let written = match (json, report.text.of(lang)) {
        (true, _) if report.json.is_null() => Ok(()),
        (true, _) => writeln!(shell.out, "{}", visible::json(&report.json.to_string())),
        (false, text) => write!(shell.out, "{}", visible::lines(&text)),
    };
    match (&report.failure, written.and_then(|()| shell.out.flush())) {
        (Some(failure), _) => fail(shell, failure, json, lang),
        // A reader that has gone away (`| head`) is no failure of ours; an answer that is not whole is one.
        (None, Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = error.to_string();
            let failure =
                Failure::other("output", say!("output-not-written", error), say!("output-not-written-hint"));
            fail(shell, &failure, json, lang)
        }
        (None, _) => 0,
    }
}

fn fail(shell: &mut Shell<'_>, failure: &Failure, json: bool, lang: Lang) -> u8 {
    // There is nowhere left to say that standard error is gone.
    let _ = if json {
        writeln!(shell.err, "{}", visible::json(&failure.to_json(lang).to_string()))
    } else {
        let (message, hint) = (failure.message.of(lang), failure.hint.of(lang));
        writeln!(shell.err, "error: {}\nhint: {}", visible::line(&message), visible::line(&hint))
    };
    failure.exit
}

/// What has to be known even when the arguments make no sense.
fn before_parsing(args: &[OsString], env: &dyn Fn(&str) -> Option<String>) -> (bool, Lang) {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let after = words.iter().position(|word| *word == "--lang").and_then(|at| words.get(at + 1).copied());
    let asked = after.or_else(|| words.iter().find_map(|word| word.strip_prefix("--lang=")));
    let lang = match asked {
        Some("en") => Lang::En,
        Some("es") => Lang::Es,
        _ => lang::from_env(env),
    };
    (words.contains(&"--json"), lang)
}

/// What clap found wrong with the arguments, in the person's language.
fn usage(error: &clap::Error) -> Failure {
    use clap::error::ContextKind::{InvalidArg, InvalidSubcommand, InvalidValue, PriorArg};
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let (arg, value) = (told(InvalidArg), told(InvalidValue));
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => say!("usage-missing", arg),
        ErrorKind::UnknownArgument => say!("usage-unknown", arg),
        ErrorKind::InvalidSubcommand => say!("usage-unknown-command", word = told(InvalidSubcommand)),
        ErrorKind::InvalidValue if value.is_empty() => say!("usage-no-value", arg),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => say!("usage-bad-value", value, arg),
        ErrorKind::TooManyValues => say!("usage-surplus", value),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => say!("usage-wrong-number", arg),
        ErrorKind::ArgumentConflict if told(PriorArg).is_empty() || told(PriorArg) == arg => {
            say!("usage-twice", arg)
        }
        ErrorKind::ArgumentConflict => say!("usage-conflict", arg, other = told(PriorArg)),
        ErrorKind::InvalidUtf8 => say!("usage-unreadable"),
        _ => say!("server-no-command"),
    };
    let valid = told(clap::error::ContextKind::ValidValue);
    let hint = if valid.is_empty() { say!("server-usage-hint") } else { say!("usage-possible", valid) };
    Failure::usage("usage", message, hint)
}

/// A ledger whose record `seq` does not hold.
fn integrity(seq: u64, detail: &str) -> Failure {
    let failure = Failure::corrupt(seq, detail);
    debug_assert_eq!(failure.exit, EXIT_INTEGRITY, "damage has its own exit status");
    failure
}

#[cfg(test)]
mod tests {
    use super::usage;
    use crate::cli::command;
    use words::Lang;

    #[test]
    fn a_slip_is_named_in_the_language_of_the_person() {
        for (args, es, en) in [
            (vec!["serve"], "falta --data <DIR>", "--data <DIR> is missing"),
            (vec!["sreve"], "no hay una orden sreve", "there is no command sreve"),
            (vec!["verify", "--data", "x", "--deta"], "no se conoce --deta", "--deta is not known"),
            (vec![], "", ""),
        ] {
            let args = [&["cuadrilla-server"][..], &args].concat();
            let failure = usage(&command(Lang::Es).try_get_matches_from(args).unwrap_err());
            let (said, told) = (failure.message.of(Lang::Es), failure.message.of(Lang::En));
            assert!(said.contains(es) && told.contains(en) && !said.is_empty(), "{said} · {told}");
        }
        let mut all = command(Lang::Es);
        all.build();
        let page = all.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        for english in ["Print help", "possible values"] {
            assert!(!page.contains(english), "{page}");
        }
    }
}
