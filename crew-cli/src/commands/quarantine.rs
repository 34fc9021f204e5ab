//! `crew quarantine list`: work the server holds back. It is kept whole, and never hidden.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::Table;
use crate::text::Lang;

/// Commands on what is held back.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List what is held back
    List,
}

/// Runs `crew quarantine …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &QuarantineCommand) -> Result<Report, CliError> {
    match command {
        QuarantineCommand::List => list(cx),
    }
}

fn list(cx: &Context) -> Result<Report, CliError> {
    let report = cx.read(|notebook| Report::new(&notebook.quarantine()?, String::new()))?;
    let text = told(cx, Seen(&report.json));
    Ok(Report { text, ..report })
}

fn told(cx: &Context, held: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    if held.elements().next().is_none() {
        return format!("{}\n", lang.word("no hay nada retenido", "nothing is held back"));
    }
    let mut table = Table::new(&[
        "id",
        "folio",
        lang.word("quién", "who"),
        lang.word("por qué", "why"),
        lang.word("qué dice", "what it says"),
    ])
    .whole(1);
    for entry in held.elements() {
        table.row(vec![
            entry.get("id").shown(),
            entry.first(&["folio"]),
            entry.first(&["person", "device"]),
            because(entry, lang),
            entry.first(&["summary"]),
        ]);
    }
    table.render(cx.screen.width, cx.screen.style)
}

fn because(entry: Seen<'_>, lang: Lang) -> String {
    let reason = labels::reason_code(entry.text("reason"), lang);
    match entry.text("detail") {
        "" => reason.to_owned(),
        detail => format!("{reason} ({detail})"),
    }
}
