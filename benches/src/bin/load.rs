//! Puts load on the built server, over HTTP on loopback. `cargo xtask load` builds both and starts it.

use clap::Parser;
use cuadrilla_benches::load::{Options, Profile, run};

/// What to do.
#[derive(Parser)]
struct Args {
    /// Kind of load
    profile: Profile,
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(args.profile, &args.options))
}
