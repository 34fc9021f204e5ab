//! `crew audit diff A B`: what changed between two moments, order by order.

use clap::Args;
use sync_core::view::diff::Diff;
use words::say;

use super::moment::span;
use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
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
/// Usage, if a moment is none or they are the wrong way round; what the replica answers.
pub fn run(cx: &Context, args: &DiffArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let here = replica.identity()?.utc_offset;
        let (from, to) = span(&args.from, &args.to, args.claimed, here)?;
        let diff = replica.view().audit_diff(from, to, args.order.as_deref())?;
        Report::new(&diff, told(cx, &diff))
    })
}

fn told(cx: &Context, diff: &Diff) -> String {
    let lang = cx.screen.lang;
    let mut text = String::new();
    if diff.axis == "claimed" {
        text.push_str(&format!("{}\n", say!("diff-as-claimed").of(lang)));
    }
    for order in &diff.orders {
        let folio = cx.screen.style.bold(&order.folio);
        text.push_str(&format!("{folio}  {}\n", clean(order.title.as_deref().unwrap_or_default())));
        for line in &order.text {
            text.push_str(&format!("  {}\n", clean(labels::sentence(line, lang))));
        }
    }
    if diff.orders.is_empty() {
        text.push_str(&format!("{}\n", say!("diff-nothing").of(lang)));
    }
    text
}
