//! `crew order check FOLIO ITEM`: ticks off a line of the checklist.

use clap::Args;

use super::noted;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Arguments of `order check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The order's folio
    pub folio: String,
    /// The line of the checklist
    pub item: String,
    /// Take the tick away again
    #[arg(long)]
    pub undo: bool,
}

/// Ticks the line off.
///
/// # Errors
/// Rule, if the kind has no such line.
pub fn run(cx: &Context, args: &CheckArgs) -> Result<Report, CliError> {
    let CheckArgs { folio, item, undo } = args;
    cx.write(|replica| Ok(replica.check(folio, item, !undo)?))?;
    let mark = if *undo { "☐" } else { "☑" };
    noted(cx, folio, &say!("order-checked", mark, item))
}
