//! `crew order show FOLIO`: the whole order on one sheet.

use clap::Args;

use super::sheet;
use crate::context::Context;
use crate::error::CliError;
use crate::evidence::BlobFiles;
use crate::output::Report;

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
    let here = BlobFiles::of(cx.home.folder()).all()?.iter().map(ToString::to_string).collect();
    cx.read(|replica| {
        let order = replica.view().order_show(&args.folio)?;
        Report::new(&order, sheet::render(cx.screen, &cx.when, replica.rules(), &order, &here))
    })
}
