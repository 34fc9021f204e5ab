//! `crew audit …`: who did what, when it was claimed, when it was received, and that nothing was altered since.

pub mod case;
pub mod diff;
pub mod history;
pub mod log;
mod moment;
pub mod replay;
pub mod verify;

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;

/// Commands for the auditor.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was done, in ledger order
    Log(log::LogArgs),
    /// The state as it was known, or as it had happened, at some time
    Replay(replay::ReplayArgs),
    /// What changed between two moments
    Diff(diff::DiffArgs),
    /// Everything that happened to an order, in plain words
    History(history::HistoryArgs),
    /// The case file of an order: a page to print, a value, a table
    Case(case::CaseArgs),
    /// Check this device's journal
    Verify,
}

/// Runs `crew audit …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &AuditCommand) -> Result<Report, CliError> {
    match command {
        AuditCommand::Log(args) => log::run(cx, args),
        AuditCommand::Replay(args) => replay::run(cx, args),
        AuditCommand::Diff(args) => diff::run(cx, args),
        AuditCommand::History(args) => history::run(cx, args),
        AuditCommand::Case(args) => case::run(cx, args),
        AuditCommand::Verify => verify::run(cx),
    }
}
