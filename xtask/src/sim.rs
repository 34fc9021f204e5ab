//! `cargo xtask sim`: the deterministic simulator, built for speed and run in one thread. See `tests/simulation`.

use std::ffi::OsString;

use anyhow::Context;
use clap::Args;

use crate::run::{cargo, run};

/// What to simulate; `cargo xtask sim --help-all` tells all of it.
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Sim {
    /// `--seeds N`, `--seed S`, `--minutes M`, `--only EVENTS`, `--bug NAME`, `--bugs`, `--list`, `--quick`, `--tell`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Sim {
    /// Builds the simulator and runs it with the arguments as they are.
    pub fn run(&self) -> anyhow::Result<()> {
        let mut command = cargo();
        command.args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "cuadrilla-simulation",
            "--bin",
            "sim",
            "--",
        ]);
        run(command.args(&self.arguments)).context("the simulation found something, or was asked wrongly")
    }
}
