//! `crew audit case FOLIO`: the case file (expediente) of an order: a page that prints, one JSON value, a table of
//! what happened. Only what this device holds, and it says so.

mod csv;
mod html;
mod page;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::clean;

/// Who may read what is written: the file holds names.
const FILE_MODE: u32 = 0o600;

/// Arguments of `audit case`.
#[derive(Debug, Args)]
pub struct CaseArgs {
    /// The order's folio
    pub folio: String,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the table of what happened to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// Makes the case file.
///
/// # Errors
/// Usage, if there is no such order here; what the disk answers.
pub fn run(cx: &Context, args: &CaseArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let report = Report::new(&replica.view().case_file(&args.folio)?, String::new())?;
        let case = Seen(&report.json);
        if let Some(path) = &args.html {
            write(path, &page::render(&cx.when, replica.rules(), case))?;
        }
        if let Some(path) = &args.csv {
            write(path, &csv::render(case))?;
        }
        let text = told(cx, args, case);
        Ok(Report { text, ..report })
    })
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    files::write_whole(path, text.as_bytes(), FILE_MODE).map_err(|error| CliError::file(path, &error))
}

fn told(cx: &Context, args: &CaseArgs, case: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let in_lang = lang.word("es", "en");
    let count = |key: &str, es, en| labels::counted(lang, case.count(key), es, en);
    let mut text = format!(
        "{}  {}\n{}, {}, {}\n",
        cx.screen.style.bold(case.text("folio")),
        clean(&case.get("order").first(&["title"])),
        count("happenings", ["hecho", "hechos"], ["happening", "happenings"]),
        count("differences", ["diferencia", "diferencias"], ["conflict", "conflicts"]),
        count("devices", ["equipo", "equipos"], ["device", "devices"]),
    );
    for limit in case.list("limits") {
        text.push_str(&format!("{}\n", clean(limit.text(in_lang))));
    }
    let wrote = lang.word("escrito", "wrote");
    for path in args.html.iter().chain(&args.csv) {
        text.push_str(&format!("{wrote} {}\n", path.display()));
    }
    if args.html.is_none() && args.csv.is_none() {
        let hint = lang.word(
            "para imprimir: --html ARCHIVO; tabla: --csv ARCHIVO",
            "to print: --html FILE; as a table: --csv FILE",
        );
        text.push_str(&format!("{}\n", cx.screen.style.dim(hint)));
    }
    text
}
