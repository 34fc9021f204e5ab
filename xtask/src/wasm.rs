//! `cargo xtask wasm`: builds `sync-core` for a browser, the proof that it needs no operating system. What `cargo xtask
//! web` needs of a compiler is found here too.
//!
//! The standard library for `wasm32-unknown-unknown` comes from the pinned toolchain, or from rustup. Where rustup's
//! server cannot be reached, Debian's archive often can: its `rustc-web` compiles the standard library first.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use crate::run::{cargo, root, run, succeeds, target_dir};

const TARGET: &str = "wasm32-unknown-unknown";

/// Optimising dependencies is for tests that run; this build is only for looking at.
const UNOPTIMISED: &str = "profile.dev.package.\"*\".opt-level=0";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "wasm-ld-19";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// The oldest compiler that builds the workspace, as its `Cargo.toml` says.
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// How to build.
#[derive(Args)]
pub struct Wasm {
    /// Where the standard library for the browser comes from. Without it, the first that works.
    #[arg(long, value_enum)]
    from: Option<Source>,
}

/// What is built for a browser.
pub struct Library {
    /// Its package.
    pub package: &'static str,
    /// What cargo is told besides.
    pub args: &'static [&'static str],
}

/// The core by itself, as fast as it compiles.
const CORE: Library =
    Library { package: "sync-core", args: &["--features", "wasm", "--config", UNOPTIMISED] };

/// Where the standard library comes from.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// It is part of the toolchain already.
    Toolchain,
    /// rustup fetches it.
    Rustup,
    /// Debian's compiler, building its own standard library.
    Debian,
}

impl Wasm {
    /// Builds the core for the browser.
    pub fn run(&self) -> anyhow::Result<()> {
        CORE.build(self.from).map(drop)
    }
}

impl Library {
    /// Builds it with the standard library from there, or from the first place that works. Returns the folder in which
    /// cargo makes a folder for each profile.
    pub fn build(&self, from: Option<Source>) -> anyhow::Result<PathBuf> {
        match from.unwrap_or_else(first_that_works) {
            Source::Toolchain => self.build_with_toolchain(),
            Source::Rustup => {
                run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root()))?;
                self.build_with_toolchain()
            }
            Source::Debian => self.build_with_debian(),
        }
    }

    fn command(&self) -> Command {
        let mut cargo = cargo();
        cargo.args(["build", "--locked", "--lib", "--package", self.package, "--target", TARGET]);
        cargo.args(self.args);
        cargo
    }

    fn build_with_toolchain(&self) -> anyhow::Result<PathBuf> {
        run(&mut self.command())?;
        Ok(target_dir().join(TARGET))
    }

    /// Builds with Debian's compiler, in a target folder of its own: two compilers in one would rebuild each other's.
    fn build_with_debian(&self) -> anyhow::Result<PathBuf> {
        if !debian_is_ready() {
            install_debian_packages()?;
        }
        let has = debian_version()?;
        ensure!(
            is_at_least(&has, RUST_VERSION),
            "Debian's {DEBIAN_RUSTC} is {has}, and {RUST_VERSION} is needed: the newest is in the archive of security updates"
        );
        let target = target_dir().join("wasm-debian");
        run(self
            .command()
            .args(["-Z", "build-std=std,panic_abort"])
            .env("RUSTC", DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
            .env("CARGO_TARGET_DIR", &target))?;
        Ok(target.join(TARGET))
    }
}

fn first_that_works() -> Source {
    if toolchain_has_target() {
        return Source::Toolchain;
    }
    eprintln!("the toolchain has no {TARGET}; asking rustup for it");
    let mut rustup = Command::new("rustup");
    if succeeds(rustup.args(["target", "add", TARGET]).current_dir(root())) && toolchain_has_target() {
        return Source::Toolchain;
    }
    eprintln!("rustup has no {TARGET} for us; taking Debian's compiler");
    Source::Debian
}

fn toolchain_has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let args = ["--print", "target-libdir", "--target", TARGET];
    let Ok(output) = Command::new(rustc).args(args).current_dir(root()).output() else { return false };
    let libdir = String::from_utf8_lossy(&output.stdout);
    let Ok(files) = fs::read_dir(libdir.trim()) else { return false };
    files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Whether the packages are there, and not too old.
fn debian_is_ready() -> bool {
    succeeds(Command::new("dpkg").arg("--status").args(DEBIAN_PACKAGES))
        && debian_version().is_ok_and(|has| is_at_least(&has, RUST_VERSION))
}

fn debian_version() -> anyhow::Result<String> {
    let output = Command::new(DEBIAN_RUSTC).arg("--version").output();
    let output = output.with_context(|| format!("cannot start {DEBIAN_RUSTC}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(said.split_whitespace().nth(1).with_context(|| format!("{DEBIAN_RUSTC} says {said:?}"))?.to_owned())
}

/// Whether a version `1.96.0` is at least another, of which the last part may be missing.
fn is_at_least(has: &str, needed: &str) -> bool {
    let numbers =
        |version: &str| -> Vec<u32> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    numbers(has) >= numbers(needed)
}

fn install_debian_packages() -> anyhow::Result<()> {
    let by_hand = format!("apt-get install --no-install-recommends {}", DEBIAN_PACKAGES.join(" "));
    ensure!(
        succeeds(Command::new("apt-get").arg("--version")),
        "no way to {TARGET} from here: `rustup target add {TARGET}` fails, and this is no Debian, on which \
         `{by_hand}` would do"
    );
    let is_root = succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]));
    let apt_get = |args: &[&str]| {
        let words: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
        let words = [words, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], args].concat();
        run(Command::new(words[0]).args(words[1..].iter().map(OsStr::new)))
    };
    apt_get(&["update", "--quiet"])
        .and_then(|()| {
            let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
            apt_get(&[&install[..], &DEBIAN_PACKAGES].concat())
        })
        .with_context(|| format!("install Debian's compiler as root, then ask again: {by_hand}"))
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_at_least("1.96.0", "1.95"));
        assert!(is_at_least("1.95.0", "1.95"));
        assert!(is_at_least("1.100.2", "1.95"));
        assert!(!is_at_least("1.85.0", "1.95"));
        assert!(!is_at_least("1.9.0", "1.95"));
    }
}
