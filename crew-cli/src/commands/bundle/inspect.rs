//! `crew bundle inspect FILE`: what a file brings. Needs no enrolment and changes nothing.

use sync_core::limits::BUNDLE_BYTES_MAX;
use sync_core::replica::bundle;

use super::{BundleArgs, counted};
use crate::context::Context;
use crate::error::CliError;
use crate::files;
use crate::output::Report;

/// Looks into the file.
///
/// # Errors
/// Integrity, if it is no bundle or is damaged.
pub fn run(cx: &Context, args: &BundleArgs) -> Result<Report, CliError> {
    let bytes = files::read_bounded(&args.file, BUNDLE_BYTES_MAX)?;
    let counts = bundle::inspect(&bytes)?;
    let text = counted(cx.screen.lang, &counts);
    Report::new(&counts, format!("{text}\n"))
}
