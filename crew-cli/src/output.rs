//! Output: the one place that writes to the terminal. Standard output carries the result and nothing else; what is
//! said beside it goes to standard error.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use serde::Serialize;
use serde_json::Value;

use crate::error::{CliError, exit};
use crate::style::Style;
use words::say;
use words::{Lang, Text, visible};

/// Width assumed where there is no terminal to ask: nothing is truncated in a file or a pipe.
const WIDTH_UNBOUNDED: usize = usize::MAX;
/// Narrower terminals than this are treated as this wide.
const WIDTH_MIN: usize = 40;
/// Longest answer to a question, in bytes.
const ANSWER_BYTES_MAX: u64 = 64;

/// What a command answers when it went well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// For scripts.
    pub json: Value,
    /// For scripts, in place of `json`: a long list that nobody looks into is written at once.
    pub written: Option<String>,
    /// For people, with its line ends.
    pub text: String,
    /// What is wrong all the same: said after the report, and the exit code.
    pub failure: Option<CliError>,
}

impl Report {
    /// A report in both forms.
    ///
    /// # Errors
    /// If the value has no JSON form, which none of ours lacks.
    pub fn new(value: &impl Serialize, text: impl Into<String>) -> Result<Self, CliError> {
        let json = serde_json::to_value(value).map_err(|error| no_json(&error))?;
        Ok(Self { json, text: text.into(), ..Self::default() })
    }

    /// A report for scripts alone.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_list(list: &impl Serialize) -> Result<Self, CliError> {
        let written = serde_json::to_string(list).map_err(|error| no_json(&error))?;
        Ok(Self { written: Some(written), ..Self::default() })
    }
}

fn no_json(error: &serde_json::Error) -> CliError {
    CliError::new(
        exit::OTHER,
        "json",
        say!("output-no-json", error = error.to_string()),
        say!("output-no-json-hint"),
    )
}

/// The terminal as this run of the command has it.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// In which language to speak.
    pub lang: Lang,
    /// Whether scripts read.
    pub json: bool,
    /// Columns a line may have.
    pub width: usize,
    /// Colours, if any.
    pub style: Style,
    progress: bool,
}

impl Screen {
    /// The screen of this process.
    pub fn of_process(lang: Lang, json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            lang,
            json,
            width: if terminal { terminal_width() } else { WIDTH_UNBOUNDED },
            style: Style { is_on: terminal && !plain && !json },
            progress: io::stderr().is_terminal() && !json,
        }
    }

    /// A screen for tests: no terminal.
    pub fn plain(lang: Lang) -> Self {
        Self { lang, json: false, width: WIDTH_UNBOUNDED, style: Style { is_on: false }, progress: false }
    }

    /// Whether a person looks at standard output.
    pub fn is_terminal(&self) -> bool {
        self.width != WIDTH_UNBOUNDED && !self.json
    }

    /// Shows `text` and asks. `default` where nobody sits at a terminal.
    ///
    /// # Errors
    /// The question cannot be shown, or the answer not read.
    pub fn agrees(&self, text: &str, default: bool) -> Result<bool, CliError> {
        if !self.is_terminal() || !io::stdin().is_terminal() {
            return Ok(default);
        }
        self.out(text)?;
        let mut answer = String::new();
        let read = io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer);
        read.map_err(|error| CliError::usage(Text::same(error.to_string()), say!("repeat")))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "s" | "sí" | "si" | "y" | "yes"))
    }

    /// Shows what a command answered.
    ///
    /// # Errors
    /// As [`Self::out`].
    pub fn report(&self, report: &Report) -> Result<(), CliError> {
        match &report.written {
            _ if !self.json => return self.out(&report.text),
            Some(written) => self.write(&visible::json(written))?,
            None => self.write(&visible::json(&report.json.to_string()))?,
        }
        self.write("\n")
    }

    /// Writes text to standard output; what would drive a terminal or hide is shown as an escape.
    ///
    /// # Errors
    /// `output`, if it cannot be written: a file that is not whole is no answer. A reader that went away
    /// (`crew order list | head`) is no failure of ours, and nobody is left to tell.
    pub fn out(&self, text: &str) -> Result<(), CliError> {
        self.write(&self.style.door(text))
    }

    fn write(&self, text: &str) -> Result<(), CliError> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::new(
                exit::OTHER,
                "output",
                say!("output-not-written", error = words::system_text(&error)),
                say!("output-not-written-hint"),
            )),
            _ => Ok(()),
        }
    }

    /// Shows why the command failed, and answers its exit code.
    pub fn fail(&self, error: &CliError) -> u8 {
        if self.json {
            self.beside(&format!("{}\n", visible::json(&error.json(self.lang).to_string())));
        } else {
            self.beside(&visible::lines(&error.lines(self.lang)));
        }
        error.exit
    }

    /// One warning line on standard error. Scripts get it too: standard output stays clean.
    pub fn warn(&self, text: &Text) {
        let line = text.of(self.lang);
        if self.json {
            let json = serde_json::json!({ "warning": line }).to_string();
            self.beside(&format!("{}\n", visible::json(&json)));
        } else {
            self.beside(&format!("{}: {}\n", say!("output-warning").of(self.lang), visible::line(&line)));
        }
    }

    /// A line that says how far long work is; replaced by the next, and only on a terminal.
    pub fn progress(&self, text: &Text) {
        if self.progress {
            self.beside(&format!("\r\u{1b}[2K{}", visible::line(&text.of(self.lang))));
        }
    }

    /// Takes the progress line away.
    pub fn progress_done(&self) {
        if self.progress {
            self.beside("\r\u{1b}[2K");
        }
    }

    fn beside(&self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}

fn terminal_width() -> usize {
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns.max(WIDTH_MIN) }
}
