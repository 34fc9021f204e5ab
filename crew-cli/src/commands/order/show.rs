//! `crew order show FOLIO`: the whole order on one sheet.

use clap::Args;

use super::sheet;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::seen::Seen;

/// Arguments of `order show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The order's folio
    pub folio: String,
}

/// Shows the order.
///
/// # Errors
/// Usage, if there is no such order here.
pub fn run(cx: &Context, args: &ShowArgs) -> Result<Report, CliError> {
    cx.read(|replica| {
        let report = Report::new(&replica.view().order_show(&args.folio)?, String::new())?;
        let text = sheet::render(cx.screen, &cx.when, replica.rules(), Seen(&report.json));
        Ok(Report { text, ..report })
    })
}
