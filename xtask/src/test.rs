//! `cargo xtask test`: every test, with cargo-nextest where it is installed.

use clap::Args;

use crate::run::{cargo, run, succeeds};

/// What to test.
#[derive(Args)]
pub struct Test {
    /// Runs only tests whose name contains one of these.
    names: Vec<String>,
    /// Builds with the release profile, for long simulations.
    #[arg(long)]
    release: bool,
    /// Uses cargo's own runner even where cargo-nextest is installed.
    #[arg(long)]
    plain: bool,
}

impl Test {
    /// Builds the programs that the tests start, then runs the tests.
    pub fn run(&self) -> anyhow::Result<()> {
        let profile: &[&str] = if self.release { &["--release"] } else { &[] };

        // The integration binary starts the server and the client, which cargo does not build for it. Programs and tests in
        // one go share one set of features, so that no dependency is compiled twice.
        run(cargo().args(["build", "--workspace", "--bins", "--tests"]).args(profile))?;

        if !self.plain && succeeds(cargo().args(["nextest", "--version"])) {
            run(cargo().args(["nextest", "run", "--workspace"]).args(profile).args(&self.names))?;
        } else {
            // All targets that can hold tests, and not the documentation, which comes next in both cases.
            run(cargo()
                .args(["test", "--workspace", "--lib", "--bins", "--tests"])
                .args(profile)
                .arg("--")
                .args(&self.names))?;
        }
        if self.names.is_empty() {
            run(cargo().args(["test", "--workspace", "--doc"]).args(profile))?;
        }
        Ok(())
    }
}
