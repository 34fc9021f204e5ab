//! Writes a server's data folder with a ledger of any size, to measure the server's commands on it; or counts what lies
//! in the index of one.
#![expect(clippy::print_stdout, reason = "the count is its answer")]

use std::path::PathBuf;

use clap::Parser;

/// What to write.
#[derive(Parser)]
struct Args {
    /// Entries in the ledger
    #[arg(long, default_value_t = 20_000)]
    entries: u64,
    /// The data folder, which must not exist yet
    #[arg(long)]
    data: PathBuf,
    /// Write nothing, and count the rows of the folder's index by family
    #[arg(long)]
    count: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if args.count {
        println!("{}", cuadrilla_benches::ledger::count(&args.data)?);
        return Ok(());
    }
    println!("{}", cuadrilla_benches::ledger::write(&args.data, args.entries)?);
    Ok(())
}
