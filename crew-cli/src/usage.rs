//! Usage: what clap found wrong with the arguments, in our own words and form.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::CliError;
use words::Text;
use words::say;

/// Turns clap's error into ours.
pub fn from_clap(error: &clap::Error) -> CliError {
    let arg = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => say!("usage-missing", arg),
        ErrorKind::UnknownArgument => say!("usage-unknown", arg),
        ErrorKind::InvalidSubcommand => {
            let word = context(error, ContextKind::InvalidSubcommand);
            say!("usage-unknown-command", word)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            say!("usage-no-command")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            say!("usage-no-value", arg)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            say!("usage-bad-value", value, arg)
        }
        ErrorKind::TooManyValues => say!("usage-surplus", value),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            say!("usage-wrong-number", arg)
        }
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg);
            if other.is_empty() || other == arg {
                say!("usage-twice", arg)
            } else {
                say!("usage-conflict", arg, other)
            }
        }
        ErrorKind::InvalidUtf8 => say!("usage-unreadable"),
        _ => Text::same(first_line(error)),
    };
    CliError::usage(message, hint(error))
}

fn hint(error: &clap::Error) -> Text {
    let valid = context(error, ContextKind::ValidValue);
    if !valid.is_empty() {
        return say!("usage-possible", valid);
    }
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let near: Vec<String> = kinds.into_iter().flat_map(|kind| nearest(error, kind)).collect();
    if !near.is_empty() {
        let near = near.join(", ");
        return say!("usage-suggestion", near);
    }
    say!("usage-see-help")
}

/// The nearest two suggestions, the nearest first; clap lists them the other way round.
fn nearest(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.iter().rev().take(2).cloned().collect(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::from_clap;
    use crate::help;
    use words::Lang;

    fn error(args: &[&str]) -> (String, String) {
        let error = help::command(Lang::Es).try_get_matches_from(args).unwrap_err();
        let error = from_clap(&error);
        assert_eq!((error.exit, error.code.as_str()), (2, "usage"));
        (error.message.of(Lang::En), error.hint.of(Lang::En))
    }

    #[test]
    fn each_slip_is_named_and_answered() {
        assert_eq!(error(&["crew", "order", "new"]).0, "--kind <KIND> is missing");
        assert_eq!(
            error(&["crew", "stauts"]),
            ("there is no command stauts".into(), "did you mean status, start?".into())
        );
        assert_eq!(error(&["crew", "invite", "--role", "boss"]).0, "boss does not fit --role <ROLE>");
        assert!(error(&["crew", "invite", "--role", "boss"]).1.contains("dispatcher"));
        assert_eq!(error(&["crew", "status", "--jsno"]).1, "did you mean --json?");
        assert_eq!(error(&["crew"]).0, "it is not said what to do");
        assert_eq!(error(&["crew", "bundle"]).0, "it is not said what to do");
        assert_eq!(error(&["crew", "status", "--home"]).0, "--home <DIR> lacks its value");
        assert_eq!(
            error(&["crew", "status", "--home", "a", "--home", "b"]).0,
            "--home <DIR> is given more than once"
        );
    }
}
