//! `cargo xtask interop tus`: other people's clients of tus 1.0 upload a photo through a link that is slow and breaks. What they
//! send in all is counted: nothing may be sent twice but what a break cost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::proxy::{self, Counts, Faults};
use super::town::Town;
use crate::run::{build, root, run, target_dir};

/// The versions that were tried.
const TUS_JS_CLIENT: &str = "tus-js-client@4.3.1";
const TUSPY: &str = "tuspy==1.1.0";
/// Most bytes over the link, of those of the photo.
const SHARE_MAX: f64 = 1.05;

/// What is tried.
#[derive(Args)]
pub struct Tus {
    /// Bytes of the photo.
    #[arg(long, default_value_t = 5_000_000)]
    bytes: usize,
    /// Bytes up after which a connection breaks.
    #[arg(long, default_value_t = 100_000)]
    cut_after: usize,
    /// How late answers are, in milliseconds.
    #[arg(long, default_value_t = 600)]
    late_ms: u64,
}

/// A client and how it cuts a photo into pieces.
struct Case {
    client: &'static str,
    piece: usize,
}

impl Tus {
    /// Uploads with each client and prints the table.
    ///
    /// # Errors
    /// A client fails, or sends more than it may.
    pub fn run(&self) -> anyhow::Result<()> {
        let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-tests"], false)?;
        let folder = target_dir().join("interop-tus");
        std::fs::create_dir_all(&folder)?;
        let python = venv(&folder, TUSPY)?;
        let modules = npm(&folder)?;
        let town = Town::new(&folder.join("town"), &programs, &[])?;
        let late = Duration::from_millis(self.late_ms);
        let faults = Faults { cut_after: self.cut_after, late, bytes_per_s: None };
        let mut rows = Vec::new();
        for (seed, case) in [
            Case { client: "tus-js-client", piece: 0 },
            Case { client: "tus-js-client", piece: 256 * 1024 },
            Case { client: "tuspy", piece: 0 },
            Case { client: "tuspy", piece: 256 * 1024 },
        ]
        .iter()
        .enumerate()
        {
            let [name, ticket, file] = town.offer(self.bytes, seed as u64 + 1)?;
            let counts = Arc::new(Counts::default());
            let port = proxy::open(town.port, faults, Arc::clone(&counts))?;
            let (endpoint, piece) = (format!("http://127.0.0.1:{port}/v1/blobs"), case.piece.to_string());
            let script = root().join("xtask/src/interop");
            let mut client = match case.client {
                "tuspy" => {
                    let mut client = Command::new(&python);
                    client.arg(script.join("upload.py"));
                    client
                }
                _ => {
                    let mut client = Command::new("node");
                    client.arg(script.join("upload.mjs")).arg(&modules);
                    client
                }
            };
            let begun = Instant::now();
            let output = client.args([&endpoint, &file, &name, &ticket, &piece]).output()?;
            ensure!(output.status.success(), "{}: {}", case.client, super::shown(&output));
            let took = begun.elapsed().as_secs_f64();
            let size = std::fs::metadata(&file)?.len();
            let sent = counts.up_bytes.load(Relaxed);
            #[expect(clippy::cast_precision_loss, reason = "a photo has fewer bytes than that")]
            let share = sent as f64 / size as f64;
            let pieces =
                if case.piece == 0 { "the whole".into() } else { format!("{} KiB", case.piece / 1024) };
            rows.push(format!(
                "| {} | {pieces} | {size} | {sent} | {share:.3} | {} | {} | {took:.0} s |",
                case.client,
                counts.cuts.load(Relaxed),
                counts.connections.load(Relaxed)
            ));
            eprintln!("{}", rows.last().context("a row")?);
            ensure!(share <= SHARE_MAX, "{}: {share:.3} times its size went over the link", case.client);
            let told = town.crew("one", &["sync"])?;
            ensure!(told["photos"]["left"] == 0, "the office does not say that it has it: {told}");
            let got = folder.join("got");
            town.crew("office", &["blob", "get", &name, &got.display().to_string()])?;
            ensure!(std::fs::read(&got)? == std::fs::read(&file)?, "{}: other bytes", case.client);
        }
        eprintln!(
            "\n| client | pieces | photo, bytes | over the link, bytes | share | breaks | connections | took |"
        );
        eprintln!("|---|---|---|---|---|---|---|---|\n{}", rows.join("\n"));
        Ok(())
    }
}

/// Makes a Python of its own with these packages. Returns its program.
///
/// # Errors
/// There is no Python, or no network.
pub fn venv(folder: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    if !python.is_file() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]))?;
    Ok(python)
}

fn npm(folder: &Path) -> anyhow::Result<PathBuf> {
    let npm = folder.join("npm");
    std::fs::create_dir_all(&npm)?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&npm).arg(TUS_JS_CLIENT);
    run(&mut install)?;
    Ok(npm.join("node_modules"))
}
