//! Parting: the server showed another past than the one it had signed. What is said about it, and where.

use sync_core::replica::SplitView;

use crate::commands::audit::verify::remote;
use crate::context::Context;
use crate::error::{CliError, exit};
use words::say;

/// The alarm for a person. The work is safe: the exchange went through before this is said.
pub fn found(cx: &Context, parted: &SplitView) -> CliError {
    let (kept, shown) = (parted.kept.size, parted.shown.size);
    // If the place cannot be found out now, the alarm is given all the same.
    let place = remote::locate(cx, &parted.kept).map(|parting| parting.words());
    let place = place.unwrap_or_else(|_| say!("split-where"));
    CliError::new(exit::INTEGRITY, "parted", say!("split", shown, kept, place), say!("split-hint"))
}
