//! `crew bundle import FILE`: takes what a file brings, checked as if it came by network. Twice is the same as once.

use sync_core::limits::BUNDLE_BYTES_MAX;

use super::{BundleArgs, counted};
use crate::context::Context;
use crate::error::CliError;
use crate::evidence::BlobFiles;
use crate::files;
use crate::output::Report;

/// Takes the file in.
///
/// # Errors
/// Integrity, if it is no bundle or is damaged; nothing is taken then.
pub fn run(cx: &Context, args: &BundleArgs) -> Result<Report, CliError> {
    let bytes = files::read_bounded(&args.file, BUNDLE_BYTES_MAX)?;
    // The bytes are durable before a line says that they are carried.
    let kept = BlobFiles::of(cx.home.folder());
    for photo in sync_core::replica::bundle::photos(&bytes)? {
        kept.keep(&photo.bytes)?;
    }
    let counts = cx.write(|replica| Ok(replica.bundle_import(&bytes)?))?;
    let text = counted(cx.screen.lang, &counts);
    Report::new(&counts, format!("{text}\n{}\n", cx.saved()))
}
