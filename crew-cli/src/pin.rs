//! Pin: where a PIN comes from: a file, the environment, or a person at the terminal, who is not shown it. Never the
//! command line, which every process may read.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use age::secrecy::{ExposeSecret as _, SecretString};

use crate::error::{CliError, exit};
use crate::files;
use words::{Lang, Text, say, visible};

/// The PIN of the person that a command is about.
pub const PIN_VARIABLE: &str = "CREW_PIN";
/// The PIN of a person who is there already, when another is added.
pub const OPENING_PIN_VARIABLE: &str = "CREW_PIN_BY";
/// Shortest and longest PIN, in characters.
const PIN_CHARS_MIN: usize = 6;
const PIN_CHARS_MAX: usize = 64;
const PIN_FILE_BYTES_MAX: usize = 1024;

/// Gets a PIN: from `file`, else from the variable, else by asking.
///
/// # Errors
/// Usage, if there is no terminal to ask at, or what was given is empty.
pub fn get(
    file: Option<&Path>,
    variable: &str,
    question: &Text,
    lang: Lang,
) -> Result<SecretString, CliError> {
    if let Some(file) = file {
        let bytes = files::read_bounded(file, PIN_FILE_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| empty(variable))?;
        return given(text.trim_end_matches(['\n', '\r']), variable);
    }
    if let Ok(text) = std::env::var(variable)
        && !text.is_empty()
    {
        return given(&text, variable);
    }
    if !io::stdin().is_terminal() {
        return Err(missing(variable));
    }
    let typed = rpassword::prompt_password(format!("{}: ", visible::line(&question.of(lang))))
        .map_err(|_| missing(variable))?;
    given(&typed, variable)
}

/// Gets a new PIN; at the terminal it is asked for twice.
///
/// # Errors
/// As [`get`]; usage, if it is too short or the two differ.
pub fn get_new(file: Option<&Path>, name: &str, lang: Lang) -> Result<SecretString, CliError> {
    let pin = get(file, PIN_VARIABLE, &say!("pin-new", name), lang)?;
    let chars = pin.expose_secret().chars().count();
    if !(PIN_CHARS_MIN..=PIN_CHARS_MAX).contains(&chars) {
        return Err(CliError::usage(
            say!("pin-length", min = PIN_CHARS_MIN, max = PIN_CHARS_MAX),
            say!("pin-length-hint"),
        ));
    }
    let is_typed = file.is_none() && std::env::var_os(PIN_VARIABLE).is_none_or(|pin| pin.is_empty());
    if is_typed {
        let again = get(None, PIN_VARIABLE, &say!("pin-once-more"), lang)?;
        if again.expose_secret() != pin.expose_secret() {
            return Err(CliError::usage(say!("pin-differ"), say!("repeat")));
        }
    }
    Ok(pin)
}

fn given(text: &str, variable: &str) -> Result<SecretString, CliError> {
    if text.is_empty() { Err(empty(variable)) } else { Ok(SecretString::from(text.to_owned())) }
}

fn empty(variable: &str) -> CliError {
    CliError::usage(say!("pin-empty"), say!("pin-empty-hint", variable))
}

fn missing(variable: &str) -> CliError {
    CliError::new(exit::RULE, "pin_needed", say!("pin-needed"), say!("pin-needed-hint", variable))
}
