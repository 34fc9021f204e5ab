//! `cargo xtask vectors`: writes `schemas/wire/vectors.json` again from today's code.

use crate::run::{cargo, run};

/// Runs the test that holds the vectors, and lets it write them first.
pub fn write() -> anyhow::Result<()> {
    run(cargo()
        .args(["test", "--package", "sync-core", "--test", "protocol", "--", "vectors::"])
        .env("BLESS", "1"))
}
