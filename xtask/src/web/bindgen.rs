//! Bindgen: the `wasm-bindgen` program of exactly the version that the library was compiled with, and what it makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::run::{cargo, root, run, target_dir};

const PROGRAM: &str = "wasm-bindgen";

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// Writes `core.js` and `core_bg.wasm` into `out`, for a script that is no module: old browsers have no other workers.
pub fn bind(wasm: &Path, out: &Path) -> anyhow::Result<()> {
    let version = locked_version(&fs::read_to_string(root().join("Cargo.lock"))?)?;
    let program = find(&version).map_or_else(|| install(&version), Ok)?;
    run(Command::new(program)
        .args([
            "--target",
            "no-modules",
            "--no-typescript",
            "--remove-name-section",
            "--remove-producers-section",
            "--out-name",
            "core",
            "--out-dir",
        ])
        .arg(out)
        .arg(wasm))
}

/// Returns the version of the library in a lock file.
fn locked_version(lock: &str) -> anyhow::Result<String> {
    let lock: Lock = toml::from_str(lock)?;
    let found = lock.package.into_iter().find(|package| package.name == PROGRAM);
    Ok(found.context("Cargo.lock names no wasm-bindgen")?.version)
}

fn tools() -> PathBuf {
    target_dir().join("ci-tools")
}

/// Returns the program if one of this version is there.
fn find(version: &str) -> Option<PathBuf> {
    let here = tools().join("bin").join(PROGRAM);
    [here, PROGRAM.into()].into_iter().find(|program| {
        let said = Command::new(program).arg("--version").output();
        said.is_ok_and(|said| {
            String::from_utf8_lossy(&said.stdout).split_whitespace().any(|word| word == version)
        })
    })
}

/// Builds the program: minutes, once for each version. Its own lock file names a release that is gone.
fn install(version: &str) -> anyhow::Result<PathBuf> {
    let build = tools().join("build");
    run(cargo()
        .args(["install", "--quiet", "wasm-bindgen-cli", "--version", version, "--root"])
        .arg(tools())
        .arg("--target-dir")
        .arg(&build)
        .envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_DEBUG", "0")]))?;
    // It is not needed any more, and is large.
    let _ = fs::remove_dir_all(build);
    Ok(tools().join("bin").join(PROGRAM))
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn the_version_is_the_one_of_the_lock_file() {
        let lock = "version = 4\n[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\
            [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock).unwrap(), "0.2.130");
        assert!(locked_version("package = []").is_err());
    }
}
