//! `crew conflict …`: values that people wrote at the same time. All are shown; a person decides, with a reason.

pub mod list;
pub mod resolve;

use clap::Subcommand;

#[cfg(test)]
pub(crate) use list::told as list_text;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;

/// Commands on conflicts.
#[derive(Debug, Subcommand)]
pub enum ConflictCommand {
    /// List what differs
    List,
    /// Settle a difference, with the reason
    Resolve(resolve::ResolveArgs),
}

/// Runs `crew conflict …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &ConflictCommand) -> Result<Report, CliError> {
    match command {
        ConflictCommand::List => list::run(cx),
        ConflictCommand::Resolve(args) => resolve::run(cx, args),
    }
}
