//! `crew order note FOLIO TEXT`: a note in the crew's own words.

use clap::Args;

use super::noted;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Arguments of `order note`.
#[derive(Debug, Args)]
pub struct NoteArgs {
    /// The order's folio
    pub folio: String,
    /// The note
    #[arg(allow_hyphen_values = true)]
    pub text: String,
}

/// Adds the note.
///
/// # Errors
/// Rule, if role or length do not allow it.
pub fn run(cx: &Context, args: &NoteArgs) -> Result<Report, CliError> {
    cx.write(|replica| Ok(replica.note(&args.folio, &args.text)?))?;
    noted(cx, &args.folio, &say!("order-note-added"))
}
