//! `cargo xtask attack`: everything at once against the built server on loopback, while crews sync; fails if a crew is
//! turned away, if `readyz` is untrue, or if memory or what is ahead of a crew's request exceeds its bound.

use clap::Args;

use crate::run::{build, run};

/// How large an attack.
#[derive(Args)]
pub struct Attack {
    /// A small attack for CI, with the dev profile
    #[arg(long)]
    quick: bool,
    /// Seed of what devices draw
    #[arg(long)]
    seed: Option<u64>,
    /// How long each of the two attacks lasts, in seconds
    #[arg(long)]
    seconds: Option<u64>,
}

impl Attack {
    /// Builds, attacks, and fails where a condition does not hold.
    pub fn run(&self) -> anyhow::Result<()> {
        let built = build(&["cuadrilla-server", "cuadrilla-benches"], !self.quick)?;
        let mut attack = std::process::Command::new(built.join("attack"));
        attack.arg("--server").arg(built.join("cuadrilla-server"));
        if self.quick {
            attack.arg("--quick");
        }
        for (name, value) in [("--seed", self.seed), ("--seconds", self.seconds)] {
            if let Some(value) = value {
                attack.args([name, &value.to_string()]);
            }
        }
        run(&mut attack)
    }
}
