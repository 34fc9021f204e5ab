//! `cargo xtask wasm`: builds `sync-core` for a browser, the proof that it needs no operating system.
//!
//! The standard library for `wasm32-unknown-unknown` comes from the pinned toolchain, or from rustup. Where rustup's
//! server cannot be reached, Debian's archive often can: its `rustc-web` is older than the pinned compiler, so
//! [`Debian`](Source::Debian) builds from a shadow of the workspace in which a few dependencies are older too.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, exit};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::run::{cargo, root, run, succeeds, target_dir};

const TARGET: &str = "wasm32-unknown-unknown";

/// Optimising dependencies is for tests that run; this build is only for looking at.
const UNOPTIMISED: &str = "profile.dev.package.\"*\".opt-level=0";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// Dependencies whose newest release needs a newer compiler than Debian's, and the release that does not.
/// `idna_adapter` 1.0 is that crate's documented way of leaving ICU out.
const DEBIAN_PINS: [(&str, &str); 2] = [("idna_adapter", "1.0.0"), ("smol_str", "0.3.2")];

/// Features that became stable between Debian's compiler and the pinned one, as far as the core and its
/// dependencies use them.
const DEBIAN_FEATURES: [&str; 3] = ["let_chains", "slice_as_chunks", "unsigned_is_multiple_of"];

/// Set when this program runs as cargo's `RUSTC_WRAPPER`.
const AS_WRAPPER: &str = "CUADRILLA_XTASK_AS_RUSTC_WRAPPER";

/// How to build.
#[derive(Args)]
pub struct Wasm {
    /// Where the standard library for the browser comes from. Without it, the first that works.
    #[arg(long, value_enum)]
    from: Option<Source>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
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
        match self.from.unwrap_or_else(first_that_works) {
            Source::Toolchain => build(),
            Source::Rustup => {
                run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root()))?;
                build()
            }
            Source::Debian => build_with_debian(),
        }
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

fn core_build(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["build", "--package", "sync-core", "--features", "wasm", "--target", TARGET])
        .args(["--config", UNOPTIMISED])
}

fn build() -> anyhow::Result<()> {
    run(core_build(&mut cargo()).arg("--locked"))
}

fn build_with_debian() -> anyhow::Result<()> {
    install_debian_packages()?;
    let target_dir = target_dir().join("wasm-debian");
    let shadow = target_dir.join("workspace");
    lay_shadow(&shadow).context("cannot lay a shadow of the workspace")?;
    for (package, version) in DEBIAN_PINS {
        run(cargo().current_dir(&shadow).args([
            "update",
            "--quiet",
            "--package",
            package,
            "--precise",
            version,
        ]))
        .with_context(|| format!("if nothing depends on {package} any more, take it out of DEBIAN_PINS"))?;
    }
    run(core_build(&mut cargo())
        .current_dir(&shadow)
        .args(["-Z", "build-std=std,panic_abort", "--ignore-rust-version"])
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC_WRAPPER", env::current_exe().context("cannot find ourselves")?)
        .env(AS_WRAPPER, "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19")
        .env("CARGO_TARGET_DIR", &target_dir))
}

fn install_debian_packages() -> anyhow::Result<()> {
    if succeeds(Command::new("dpkg").arg("--status").args(DEBIAN_PACKAGES)) {
        return Ok(());
    }
    let root = succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"]));
    let apt_get = || {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.args(["-n", "apt-get"]);
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt_get().args(["update", "--quiet"]))?;
    run(apt_get().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(DEBIAN_PACKAGES))
}

/// Lays a folder that looks like the workspace: the members are links, the lock file is a copy that may be changed.
fn lay_shadow(shadow: &Path) -> anyhow::Result<()> {
    if shadow.exists() {
        fs::remove_dir_all(shadow)?;
    }
    fs::create_dir_all(shadow)?;
    for entry in fs::read_dir(root())? {
        let path = entry?.path();
        let name = path.file_name().context("an entry of a folder has a name")?;
        if name == "Cargo.toml" || name == "Cargo.lock" {
            fs::copy(&path, shadow.join(name))?;
        } else if path.join("Cargo.toml").is_file() || name == "schemas" {
            link(&path, &shadow.join(name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> anyhow::Result<()> {
    Ok(std::os::unix::fs::symlink(to, at)?)
}

#[cfg(not(unix))]
fn link(_to: &Path, _at: &Path) -> anyhow::Result<()> {
    anyhow::bail!("Debian's compiler runs on Debian only")
}

/// Returns whether cargo started this program in the place of rustc.
pub fn called_as_rustc_wrapper() -> bool {
    env::var_os(AS_WRAPPER).is_some()
}

/// Runs the rustc that the arguments name, switching on the features that its successor has by default. The standard
/// library itself is left alone: it is as old as the compiler, and declares what it needs.
pub fn rustc_wrapper() -> anyhow::Result<()> {
    let mut args = env::args_os().skip(1);
    let rustc = args.next().context("a rustc wrapper is called with the path of rustc")?;
    let args: Vec<OsString> = args.collect();
    let compiles = args.iter().any(|arg| arg == "--crate-name");
    let is_std = args.iter().any(|arg| arg.to_string_lossy().contains("force-unstable-if-unmarked"));

    let mut command = Command::new(rustc);
    command.args(&args);
    if compiles && !is_std {
        command.args(DEBIAN_FEATURES.map(|feature| format!("-Zcrate-attr=feature({feature})")));
    }
    let status = command.status().context("cannot start rustc")?;
    if !status.success() {
        exit(status.code().unwrap_or(1));
    }
    Ok(())
}
