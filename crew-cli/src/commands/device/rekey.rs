//! `crew device rekey`: a new key for this device, when the old one may have been seen. It goes on under a new name
//! that the old key signs for, and the old name ends there and then.

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::exchange::{self, PhotosWhen};
use crate::http::Patience;
use crate::output::Report;
use words::say;

/// Renews the key. A reply that got lost is asked for again by the same command.
///
/// # Errors
/// Connection; rule, if the device is shared or revoked; what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    if cx.home.persons()?.is_shared() {
        return Err(CliError::new(exit::RULE, "shared", say!("rekey-shared"), say!("rekey-shared-hint")));
    }
    // What is unsent goes under the old name, while it counts.
    let (before, _) = exchange::run(cx, Patience::ordinary(), false, PhotosWhen::Later)?;
    exchange::warn_of_parting(cx, &before);
    let succeeded = exchange::renew(cx)?;
    let (totals, _) = exchange::run(cx, Patience::ordinary(), false, PhotosWhen::Later)?;
    exchange::warn_of_parting(cx, &totals);
    let (letters, read) = (&succeeded.letters, totals.pulled);
    let text = say!("rekey-done", letters, read);
    Report::new(&succeeded, format!("{}\n", text.of(cx.screen.lang)))
}
