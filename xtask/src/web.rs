//! `cargo xtask web`: the app for browsers, from Rust and TypeScript to `web/dist`, which the server's build takes up.
//!
//! ```text
//!  web-core ──cargo──► .wasm ──wasm-bindgen──► web/wasm ──npm run build──► web/dist ──► FILE.br, FILE.gz
//! ```
//! Where something is missing, the rest is built, and what is left out is said at the end.
#![expect(clippy::print_stdout, reason = "the table of the sizes goes to standard output")]

mod bindgen;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;

use crate::run::{root, run};
use crate::wasm::{Library, Source};

/// The bridge to the core: small, but for the work on documents. As fast as it gets it was 1.65 MB with brotli, so it is
/// 1.31.
const CORE: Library = Library {
    package: "cuadrilla-web-core",
    args: &[
        "--profile",
        "release",
        "--config",
        "profile.release.lto=\"fat\"",
        "--config",
        "profile.release.codegen-units=1",
        "--config",
        "profile.release.debug=0",
        "--config",
        "profile.release.opt-level=\"s\"",
        "--config",
        "profile.release.package.automerge.opt-level=3",
        "--config",
        "profile.release.package.hexane.opt-level=3",
    ],
};
const WASM: &str = "release/web_core.wasm";
/// The oldest Node that the app's tools run on.
const NODE_MAJOR_MIN: u32 = 20;
/// Compresses and measures what was built.
const PACK: &str = include_str!("web/pack.mjs");

/// How to build.
#[derive(Args)]
pub struct Web {
    /// Where the standard library for the browser comes from. Without it, the first that works.
    #[arg(long, value_enum)]
    from: Option<Source>,
    /// Fails where something is left out.
    #[arg(long)]
    strict: bool,
}

/// A file of the app and its sizes in bytes.
#[derive(Deserialize)]
struct Row {
    name: String,
    bytes: u64,
    gzip: u64,
    brotli: u64,
}

impl Web {
    /// Builds what can be built here.
    pub fn run(&self) -> anyhow::Result<()> {
        let web = root().join("web");
        let mut left_out = Vec::new();
        if root().join("web-core/Cargo.toml").is_file() {
            let built = CORE.build(self.from)?;
            bindgen::bind(&built.join(WASM), &web.join("wasm"))?;
        } else {
            left_out.push("the core for browsers: there is no folder web-core".to_owned());
        }
        match why_not(&web) {
            None => build_app(&web)?,
            Some(why) => left_out.push(format!("the app, so the server will hold none: {why}")),
        }
        for what in &left_out {
            println!("LEFT OUT: {what}");
        }
        if self.strict && !left_out.is_empty() {
            bail!("not all of the app was built");
        }
        Ok(())
    }
}

/// Returns whether the app was built, so that the server's build takes it up.
pub fn is_built() -> bool {
    root().join("web/dist/assets.json").is_file() && root().join("web/dist/wasm/core_bg.wasm").is_file()
}

/// Builds the app if it was not built yet. Where that fails, what is left out is said, and the rest goes on.
pub fn build_once() {
    if !is_built()
        && let Err(error) = (Web { from: None, strict: false }).run()
    {
        println!("LEFT OUT: the app for browsers: {error:#}");
    }
}

/// Returns why the app cannot be built here.
fn why_not(web: &Path) -> Option<String> {
    if !web.join("package.json").is_file() {
        return Some("there is no folder web".into());
    }
    let needed = format!("Node {NODE_MAJOR_MIN} or newer with npm is needed (Debian: nodejs npm)");
    let said = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (said("node"), said("npm")) {
        (None, _) => Some(format!("{needed}; there is no node")),
        (Some(node), _) if major(&node) < Some(NODE_MAJOR_MIN) => {
            Some(format!("{needed}; this one is {node}"))
        }
        (_, None) => Some(format!("{needed}; there is no npm")),
        _ => None,
    }
}

/// Returns the first number of a version such as `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn build_app(web: &Path) -> anyhow::Result<()> {
    if !is_installed(web) {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(web))?;
    }
    run(Command::new("npm").args(["run", "build"]).current_dir(web))?;
    let dist = web.join("dist");
    copy_wasm(&web.join("wasm"), &dist.join("wasm"))?;
    print(&pack(&dist)?);
    Ok(())
}

/// Returns whether npm has installed what the lock file says since it was last changed.
fn is_installed(web: &Path) -> bool {
    let changed = |name: &str| web.join(name).metadata().and_then(|about| about.modified()).ok();
    changed("node_modules/.package-lock.json")
        .zip(changed("package-lock.json"))
        .is_some_and(|(installed, locked)| installed >= locked)
}

/// Copies what a browser loads, where the build did not.
fn copy_wasm(from: &Path, to: &Path) -> anyhow::Result<()> {
    for name in ["core.js", "core_bg.wasm"] {
        let (from, to) = (from.join(name), to.join(name));
        if !from.is_file() || fs::read(&to).is_ok_and(|there| fs::read(&from).is_ok_and(|made| made == there))
        {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(&to))?;
        fs::copy(&from, &to).with_context(|| format!("cannot write {}", to.display()))?;
        println!("copied wasm/{name}: `npm run build` did not take it along");
    }
    Ok(())
}

fn pack(dist: &Path) -> anyhow::Result<Vec<Row>> {
    let mut node = Command::new("node");
    let output = node.args(["--input-type=module", "--eval", PACK]).arg(dist).output()?;
    if !output.status.success() {
        bail!("compressing failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn print(rows: &[Row]) {
    println!("{:<48} {:>9} {:>9} {:>9}", "in web/dist, KB", "plain", "gzip", "brotli");
    let sum = |wanted: &dyn Fn(&Row) -> bool| {
        let of = |size: fn(&Row) -> u64| rows.iter().filter(|row| wanted(row)).map(size).sum();
        [of(|row| row.bytes), of(|row| row.gzip), of(|row| row.brotli)]
    };
    for row in rows {
        line(&row.name, [row.bytes, row.gzip, row.brotli]);
    }
    let is_wasm = |row: &Row| PathBuf::from(&row.name).starts_with("wasm");
    line("the core", sum(&is_wasm));
    line("all else", sum(&|row| !is_wasm(row)));
    line("all", sum(&|_| true));
}

fn line(name: &str, sizes: [u64; 3]) {
    let kb = sizes.map(|bytes| format!("{}.{}", bytes / 1_000, bytes % 1_000 / 100));
    println!("{name:<48} {:>9} {:>9} {:>9}", kb[0], kb[1], kb[2]);
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_first_number_of_a_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.1"), Some(8));
        assert_eq!(major("20"), None);
        assert!(major("v8.1") < Some(20));
    }
}
