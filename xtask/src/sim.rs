//! `cargo xtask sim`: the deterministic simulator, built for speed and run in one thread. See `tests/simulation`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::run::{build, run};

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
        // CI's slice is short and is run by what the tests were built with.
        let in_ci = std::env::var_os("CI").is_some();
        let mut command = Command::new(build(&["cuadrilla-simulation"], !in_ci)?.join("sim"));
        run(command.args(&self.arguments)).context("the simulation found something, or was asked wrongly")
    }
}
