//! `cargo xtask tidy`: only the tests that read the source, for a quick look before a commit.

use crate::run::{cargo, run};

/// Runs the modules `tidy` and `contract` of the integration binary.
pub fn run_checks() -> anyhow::Result<()> {
    run(cargo().args(["test", "--package", "cuadrilla-tests", "--test", "all", "--", "tidy::", "contract::"]))
}
