//! `cargo xtask power`: power cuts, failing file systems and killed programs, on the real disk code. Needs strace.

use std::process::Command;

use clap::Args;

use crate::run::{build, run};

/// What is tried; figures and the seed are printed by the program itself.
#[derive(Args)]
pub struct Power {
    /// Where the numbers come from; printed, and taken back to see the same again.
    #[arg(long)]
    seed: Option<u64>,
    /// States of the disk to try, about.
    #[arg(long, default_value_t = 40_000)]
    states: usize,
    /// The short run of CI: under a minute.
    #[arg(long)]
    quick: bool,
    /// The programs alone, without the store's own workload.
    #[arg(long, conflicts_with = "faults")]
    programs: bool,
    /// Failing file systems in place of power cuts: each call that writes fails once, for every one that a command makes.
    #[arg(long)]
    faults: bool,
}

/// What is tried with killed programs.
#[derive(Args)]
pub struct Kill {
    /// Where the numbers come from; printed.
    #[arg(long)]
    seed: Option<u64>,
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Devices at work.
    #[arg(long, default_value_t = 4)]
    devices: usize,
    /// While photos are taken, sent and let go of, in place of notes.
    #[arg(long)]
    photos: bool,
}

impl Power {
    /// Builds the programs, then hands over.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut args = vec![if self.faults { "faults" } else { "cuts" }.to_owned()];
        match self.quick {
            true => args.push("--quick".into()),
            false if !self.faults => args.extend(["--states".into(), self.states.to_string()]),
            false => {}
        }
        if self.programs {
            args.extend(["--part", "programs"].map(String::from));
        }
        args.extend(self.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
        hand_over(&args)
    }
}

impl Kill {
    /// Builds the programs, then hands over.
    pub fn run(&self) -> anyhow::Result<()> {
        let counts = [("--rounds", self.rounds), ("--devices", self.devices)];
        let mut args = vec![if self.photos { "kill-photos" } else { "kill" }.to_owned()];
        args.extend(counts.iter().flat_map(|(name, count)| [(*name).to_owned(), count.to_string()]));
        args.extend(self.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
        hand_over(&args)
    }
}

fn hand_over(args: &[String]) -> anyhow::Result<()> {
    let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-power"], false)?;
    run(Command::new(programs.join("power")).args(args))
}
