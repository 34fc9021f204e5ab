//! `crew audit …`: who did what, when it was claimed, when it was received, and that nothing was altered since.

pub mod case;
pub mod checkpoint;
pub mod cosign;
pub mod diff;
pub mod history;
pub mod log;
mod moment;
pub mod receipt;
pub mod receipt_check;
pub mod replay;
pub mod verify;

use clap::Subcommand;

#[cfg(test)]
pub(crate) use {case::csv::render as case_table, case::page::render as case_page, log::told as log_text};

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
    /// Prove this device's journal, a server's log (--from) or a whole ledger (--data)
    Verify(verify::VerifyArgs),
    /// Keep a checkpoint of the log, to hold the log to it later
    Checkpoint(checkpoint::CheckpointArgs),
    /// Cosign a checkpoint as a witness, once it goes on from what was cosigned before
    Cosign(cosign::CosignArgs),
    /// Write a file that proves one order to a third party, without us
    Receipt(receipt::ReceiptArgs),
    /// Check such a file, offline
    ReceiptCheck(receipt_check::ReceiptCheckArgs),
    /// What changed between two moments
    Diff(diff::DiffArgs),
    /// Everything that happened to an order, in plain words
    History(history::HistoryArgs),
    /// The case file of an order: a page to print, a value, a table
    Case(case::CaseArgs),
}

/// Runs `crew audit …`.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &AuditCommand) -> Result<Report, CliError> {
    match command {
        AuditCommand::Log(args) => log::run(cx, args),
        AuditCommand::Replay(args) => replay::run(cx, args),
        AuditCommand::Verify(args) => verify::run(cx, args),
        AuditCommand::Checkpoint(args) => checkpoint::run(cx, args),
        AuditCommand::Cosign(args) => cosign::run(cx, args),
        AuditCommand::Receipt(args) => receipt::run(cx, args),
        AuditCommand::ReceiptCheck(args) => receipt_check::run(cx, args),
        AuditCommand::Diff(args) => diff::run(cx, args),
        AuditCommand::History(args) => history::run(cx, args),
        AuditCommand::Case(args) => case::run(cx, args),
    }
}
