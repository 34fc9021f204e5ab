//! `crew conflict list`: every difference, its values numbered, and the command that settles it.

use sync_core::view::conflicts::RecordConflict;
use words::say;

use crate::commands::order::conflict_lines;
use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::table::clean;

/// Lists the differences.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    cx.read(|replica| {
        let conflicts = replica.view().conflicts()?;
        Report::new(&conflicts, told(cx, &conflicts))
    })
}

/// The list, each with its values and the command that settles it.
pub(crate) fn told(cx: &Context, conflicts: &[RecordConflict]) -> String {
    let lang = cx.screen.lang;
    let mut text = String::new();
    for RecordConflict { folio, conflict } in conflicts {
        let label = clean(labels::sentence(&conflict.label, lang));
        text.push_str(&format!("{} · {label}\n", cx.screen.style.bold(folio)));
        for line in conflict_lines(cx.screen, &cx.when, folio, conflict) {
            text.push_str(&format!("  {}\n", clean(&line)));
        }
        text.push('\n');
    }
    if text.is_empty() {
        text = format!("{}\n", say!("conflict-none").of(lang));
    }
    text
}
