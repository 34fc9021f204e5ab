//! Commands: one file each. A command reads its arguments, asks the replica, and answers a report.

pub mod audit;
pub mod blob;
pub mod bundle;
pub mod completions;
pub mod conflict;
pub mod device;
pub mod enrol;
pub mod import;
pub mod invite;
pub mod man;
pub mod order;
pub mod person;
pub mod quarantine;
pub mod status;
pub mod sync;

use crate::cli::Command;
use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;

/// Runs one command.
///
/// # Errors
/// Whatever kept it from being done.
pub fn run(cx: &Context, command: &Command) -> Result<Report, CliError> {
    match command {
        Command::Enrol(args) => enrol::run(cx, args),
        Command::Status => status::run(cx),
        Command::Sync(args) => sync::run(cx, args),
        Command::Order(command) => order::run(cx, command),
        Command::Work(command) => order::work(cx, command),
        Command::Conflict(command) => conflict::run(cx, command),
        Command::Quarantine(command) => quarantine::run(cx, command),
        Command::Blob(command) => blob::run(cx, command),
        Command::Bundle(command) => bundle::run(cx, command),
        Command::Import(args) => import::run(cx, args),
        Command::Invite(args) => invite::run(cx, args),
        Command::Device(command) => device::run(cx, command),
        Command::Person(command) => person::run(cx, command),
        Command::Audit(command) => audit::run(cx, command),
        Command::Completions(args) => completions::run(cx, args),
        Command::Man(args) => man::run(cx, args),
    }
}
