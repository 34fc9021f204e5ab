//! `crew conflict list`: every difference, its values numbered, and the command that settles it.

use crate::commands::order::conflict_lines;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::clean;

/// Lists the differences.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    cx.read(|replica| {
        let report = Report::new(&replica.view().conflicts()?, String::new())?;
        let text = told(cx, Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

fn told(cx: &Context, conflicts: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let mut text = String::new();
    for conflict in conflicts.elements() {
        let label = clean(conflict.get("label").text(lang.word("es", "en")));
        text.push_str(&format!("{} · {label}\n", cx.screen.style.bold(conflict.text("folio"))));
        text.push_str(&values(cx, conflict.text("folio"), conflict));
        text.push('\n');
    }
    if text.is_empty() {
        text = format!("{}\n", lang.word("no hay diferencias", "nothing differs"));
    }
    text
}

/// The values of one difference, numbered as `--take` wants them, and the command.
fn values(cx: &Context, folio: &str, conflict: Seen<'_>) -> String {
    conflict_lines(cx.screen, &cx.when, folio, conflict)
        .into_iter()
        .map(|line| format!("  {}\n", clean(&line)))
        .collect()
}
