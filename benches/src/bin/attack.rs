//! Attacks the built server on loopback while crews sync. `cargo xtask attack` builds both and starts it.

use clap::Parser;
use cuadrilla_benches::attack::{Options, run};

/// What to do.
#[derive(Parser)]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&args.options))
}
