//! Power cuts, failing file systems and killed programs, on the real disk code: `cargo xtask power`, `cargo xtask kill`.
//!
//! A workload is recorded with strace; then every moment of it, and what a power cut at that moment may leave, is put on a
//! file system in memory, opened by the code that devices and the server run, and held against what had been confirmed.
#![expect(clippy::print_stdout, reason = "a command-line tool prints its figures")]
#![expect(clippy::print_stderr, reason = "what is wrong is said on standard error")]

mod attach;
mod check_store;
mod cuts;
mod disk;
mod drive;
mod faults;
mod kill;
mod kill_photos;
mod photos;
mod programs;
mod states;
mod trace;
mod watch;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Power {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Power cuts.
    Cuts(cuts::Cuts),
    /// Failing disks.
    Faults(faults::Faults),
    /// Killed programs.
    Kill(kill::Kill),
    /// Killed programs, while photos go.
    KillPhotos(kill_photos::KillPhotos),
    /// The workload that is recorded.
    Drive(drive::Drive),
}

fn main() -> anyhow::Result<()> {
    match Power::parse().command {
        Command::Cuts(cuts) => cuts.run(),
        Command::Faults(faults) => faults.run(),
        Command::Kill(kill) => kill.run(),
        Command::KillPhotos(kill) => kill.run(),
        Command::Drive(drive) => drive.run(),
    }
}
