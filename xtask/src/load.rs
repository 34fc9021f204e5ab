//! `cargo xtask load`: puts load on the built server over HTTP on loopback, and compares its ledger with what devices
//! were told. `--soak` does so for an hour and judges what grew.

use anyhow::ensure;
use clap::Args;

use crate::run::{build, run};

/// Kinds of load, in the order they run.
const PROFILES: [&str; 5] = ["idle", "ingest", "steady", "herd", "slow"];
const QUICK: [&str; 4] = ["idle", "ingest", "herd", "slow"];

/// What load to put on.
#[derive(Args)]
pub struct Load {
    /// Kinds of load: steady, herd, slow, ingest, idle; all where none is named
    profiles: Vec<String>,
    /// A small run for CI: few devices, a few seconds, the dev profile, no budget
    #[arg(long)]
    quick: bool,
    /// A moderate mix for a long time; fails if memory, handles, threads or disk grow beyond the data
    #[arg(long)]
    soak: bool,
    /// How long the soak takes, in minutes
    #[arg(long, default_value_t = 60, requires = "soak")]
    minutes: u64,
    /// Seed of what devices draw
    #[arg(long)]
    seed: Option<u64>,
    /// More for the load itself: `-- --devices 500 --seconds 30 --rate 5 --set batch_requests_max=64`
    #[arg(last = true)]
    more: Vec<String>,
}

impl Load {
    /// Builds, runs, and fails where a check or a budget does.
    pub fn run(&self) -> anyhow::Result<()> {
        let built = build(&["cuadrilla-server", "cuadrilla-benches"], !self.quick)?;
        let named: Vec<&str> = self.profiles.iter().map(String::as_str).collect();
        let chosen: &[&str] = match (self.soak, named.is_empty(), self.quick) {
            (true, _, _) => &["soak"],
            (false, false, _) => &named,
            (false, true, true) => &QUICK,
            (false, true, false) => &PROFILES,
        };
        ensure!(!self.soak || named.is_empty(), "a soak is a profile of its own");
        for name in chosen {
            let mut load = std::process::Command::new(built.join("load"));
            load.arg(name).arg("--server").arg(built.join("cuadrilla-server"));
            if self.soak {
                load.args(["--seconds", &(self.minutes * 60).to_string()]);
            }
            if self.quick {
                load.arg("--quick");
            }
            if let Some(seed) = self.seed {
                load.args(["--seed", &seed.to_string()]);
            }
            run(load.args(&self.more))?;
        }
        Ok(())
    }
}
