//! `crew audit diff A B`: what changed between two moments, order by order.

use clap::Args;

use super::moment::span;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::seen::Seen;
use crate::table::clean;

/// Arguments of `audit diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier moment: a ledger number, a time (RFC 3339) or a day
    #[arg(value_name = "A")]
    pub from: String,
    /// The later moment
    #[arg(value_name = "B")]
    pub to: String,
    /// Only this order, by folio
    #[arg(long, value_name = "FOLIO")]
    pub order: Option<String>,
    /// By what the crews claim, not by when the office knew
    #[arg(long)]
    pub claimed: bool,
}

/// Tells what changed.
///
/// # Errors
/// Usage, if a moment is none or they are the wrong way round; what the notebook answers.
pub fn run(cx: &Context, args: &DiffArgs) -> Result<Report, CliError> {
    let (from, to) = span(&args.from, &args.to, args.claimed)?;
    cx.read(|replica| {
        let report =
            Report::new(&replica.view().audit_diff(from, to, args.order.as_deref())?, String::new())?;
        let text = told(cx, Seen(&report.json));
        Ok(Report { text, ..report })
    })
}

fn told(cx: &Context, diff: Seen<'_>) -> String {
    let lang = cx.screen.lang;
    let mut text = String::new();
    if diff.text("axis") == "claimed" {
        text.push_str(lang.word("según lo que dijo cada equipo\n", "as each device claimed\n"));
    }
    for order in diff.list("orders") {
        let folio = cx.screen.style.bold(order.text("folio"));
        text.push_str(&format!("{folio}  {}\n", clean(&order.first(&["title"]))));
        for line in order.list("text") {
            text.push_str(&format!("  {}\n", clean(line.text(lang.word("es", "en")))));
        }
    }
    if diff.count("orders") == 0 {
        text.push_str(
            lang.word("nada cambió entre esos momentos\n", "nothing changed between those moments\n"),
        );
    }
    text
}
