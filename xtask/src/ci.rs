//! `cargo xtask ci`: hands over to `.ci/run`, which is the one list of what must pass.

use std::process::Command;

use crate::run::{root, run};

/// Runs `.ci/run`.
pub fn run_steps() -> anyhow::Result<()> {
    run(Command::new("bash").arg(".ci/run").current_dir(root()))
}
