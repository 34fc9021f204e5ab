//! `crew order assign FOLIO CREW`: who is to do it.

use clap::Args;

use super::noted;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Arguments of `order assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// The order's folio
    pub folio: String,
    /// The crew's code, such as C-07
    pub crew: String,
}

/// Assigns the order.
///
/// # Errors
/// Rule, if role or state do not allow it or there is no such crew.
pub fn run(cx: &Context, args: &AssignArgs) -> Result<Report, CliError> {
    cx.write(|replica| Ok(replica.assign(&args.folio, &args.crew)?))?;
    let crew = &args.crew;
    noted(cx, &args.folio, &say!("order-assigned", crew))
}
