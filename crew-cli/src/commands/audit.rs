//! `crew audit …`: who did what, when it was claimed, when it was received, and that nothing was altered since.

pub mod log;
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
        AuditCommand::Verify => verify::run(cx),
    }
}
