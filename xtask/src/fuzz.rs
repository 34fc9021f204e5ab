//! `cargo xtask fuzz`: hostile bytes for every parser that outside bytes reach, with libFuzzer, within limits
//! of memory and time. The targets are in `tests/hostile`, the programs around them in `fuzz/`. cargo-fuzz
//! runs them too, but is not needed.
#![expect(clippy::print_stdout, reason = "the table is what the command is for")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::run::{build, cargo, root, run, target_dir};

/// The targets, and the longest input of each, in bytes.
const TARGETS: [(&str, u32); 19] = [
    ("frame", 8_192),
    ("request", 8_192),
    ("segment", 8_192),
    ("work", 8_192),
    ("reply", 16_384),
    ("pack", 8_192),
    ("entry", 16_384),
    ("change", 8_192),
    ("act", 8_192),
    ("bundle", 16_384),
    ("checkpoint", 9_000),
    ("proof", 32_768),
    ("tiles", 128),
    ("link", 512),
    ("rule", 8_192),
    ("import", 8_192),
    ("enrolment", 4_096),
    ("ledger", 8_192),
    ("values", 4_096),
];
/// Memory that one target may take, and one allocation of it, in MiB.
const MEMORY_MIB_MAX: u32 = 1_024;
const ALLOCATION_MIB_MAX: u32 = 160;
/// Time that one input may take, in seconds. Instrumented code on a busy machine is many times slower than it is.
const INPUT_S_MAX: u32 = 20;
/// What is kept of a target in the repository, beside what has a name: inputs of all lengths, and their bytes.
const KEPT_INPUTS_MAX: usize = 96;
const KEPT_BYTES_MAX: u64 = 24 * 1024;
/// The compiler flags of cargo-fuzz, without the address sanitizer: the workspace has no `unsafe`.
const INSTRUMENTED: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares";

/// What to fuzz, and for how long.
#[derive(Args)]
pub struct Fuzz {
    /// Seconds for each target.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// This target only, or these, in this order.
    #[arg(long)]
    target: Vec<String>,
    /// Where libFuzzer's numbers come from; printed.
    #[arg(long)]
    seed: Option<u32>,
    /// Takes what reached new code over into `fuzz/corpus`, as few and as short inputs as reach it.
    #[arg(long)]
    keep: bool,
    /// Gives the targets their kept corpora again and some mutations by seed, in a plain build without a fuzzer.
    #[arg(long, conflicts_with_all = ["seconds", "keep"])]
    quick: bool,
}

/// What one target did.
struct Row {
    target: &'static str,
    executions: u64,
    seconds: f64,
    coverage: String,
    inputs: usize,
    finding: Option<String>,
}

impl Fuzz {
    /// Builds all targets once, runs them one after another, prints the table.
    pub fn run(&self) -> anyhow::Result<()> {
        let chosen = self.chosen()?;
        if self.quick {
            return self.replay();
        }
        let programs = build_instrumented()?;
        let seed = self.seed.unwrap_or_else(std::process::id);
        println!("seed {seed}, {} s for each target\n", self.seconds);
        let (heads, mut executions, mut seconds, mut found) =
            (["seconds", "executions", "a second", "coverage", "inputs"], 0, 0.0, 0);
        println!("{:<12} {}  finding", "target", heads.map(|head| format!("{head:>11}")).join(" "));
        for (target, bytes_max) in chosen {
            let row = self.fuzz(&programs, target, bytes_max, seed)?;
            row.print();
            executions += row.executions;
            seconds += row.seconds;
            found += usize::from(row.finding.is_some());
        }
        println!("{:<12} {seconds:>11.0} {executions:>11}", "all");
        ensure!(found == 0, "{found} targets found something");
        Ok(())
    }

    fn chosen(&self) -> anyhow::Result<Vec<(&'static str, u32)>> {
        if self.target.is_empty() {
            return Ok(TARGETS.to_vec());
        }
        let find = |name: &String| TARGETS.into_iter().find(|(target, _)| target == name);
        let found: Option<Vec<_>> = self.target.iter().map(find).collect();
        found.with_context(|| format!("the targets are: {}", TARGETS.map(|(name, _)| name).join(", ")))
    }

    fn replay(&self) -> anyhow::Result<()> {
        let mut command = Command::new(build(&["cuadrilla-hostile"], false)?.join("hostile"));
        command.args(self.target.iter().flat_map(|target| ["--target", target]));
        command.args(self.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
        run(&mut command)
    }

    fn fuzz(&self, programs: &Path, target: &'static str, bytes_max: u32, seed: u32) -> anyhow::Result<Row> {
        let (kept, grown) = (root().join("fuzz/corpus").join(target), work("corpus", target)?);
        let artifacts = work("artifacts", target)?;
        let mut command = Command::new(programs.join(target));
        command.arg(&grown);
        if kept.is_dir() {
            command.arg(&kept);
        }
        let begun = Instant::now();
        let output = command
            .arg(format!("-max_total_time={}", self.seconds))
            .arg(format!("-max_len={bytes_max}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .arg(format!("-malloc_limit_mb={ALLOCATION_MIB_MAX}"))
            .arg(format!("-timeout={INPUT_S_MAX}"))
            .arg(format!("-seed={seed}"))
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .output()
            .with_context(|| format!("cannot start {target}"))?;
        let seconds = begun.elapsed().as_secs_f64();
        let said = String::from_utf8_lossy(&output.stderr);
        if self.keep && output.status.success() {
            keep(programs, target, bytes_max, &kept, &grown)?;
        }
        Ok(Row {
            target,
            executions: last_after(&said, "stat::number_of_executed_units:")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            seconds,
            coverage: last_after(&said, " cov:").unwrap_or("0").to_owned(),
            inputs: last_after(&said, " corp:")
                .and_then(|text| text.split('/').next()?.parse().ok())
                .unwrap_or(0),
            finding: (!output.status.success()).then(|| finding(&said)),
        })
    }
}

impl Row {
    fn print(&self) {
        let Self { target, executions, seconds, coverage, inputs, .. } = self;
        #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
        let rate = *executions as f64 / seconds;
        let finding = self.finding.as_deref().unwrap_or("-");
        println!(
            "{target:<12} {seconds:>11.0} {executions:>11} {rate:>11.0} {coverage:>11} {inputs:>11}  {finding}"
        );
    }
}

/// Returns what ended a target: its panic, or what the runner says, and the file that reproduces it.
fn finding(said: &str) -> String {
    let panic = said.lines().position(|line| line.contains("panicked at"));
    let what = match panic {
        Some(at) => said.lines().skip(at).take(2).collect::<Vec<_>>().join(" "),
        None => said.lines().find(|line| line.contains("ERROR: libFuzzer")).unwrap_or("it ended").to_owned(),
    };
    let file = last_after(said, "Test unit written to").unwrap_or("no file");
    format!("{what} [{file}]")
}

fn last_after<'s>(said: &'s str, word: &str) -> Option<&'s str> {
    let (_, rest) = said.rsplit_once(word)?;
    rest.split_whitespace().next()
}

fn work(kind: &str, target: &str) -> anyhow::Result<PathBuf> {
    let folder = target_dir().join("fuzz").join(kind).join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Merges what was found into the kept corpus.
fn keep(programs: &Path, target: &str, bytes_max: u32, kept: &Path, grown: &Path) -> anyhow::Result<()> {
    let merged = work("merged", target)?;
    std::fs::create_dir_all(kept)?;
    let mut command = Command::new(programs.join(target));
    command
        .args(["-merge=1", "-set_cover_merge=1"])
        .arg(format!("-max_len={bytes_max}"))
        .arg(&merged)
        .arg(kept)
        .arg(grown);
    let output = command.output()?;
    if !output.status.success() {
        bail!("merging {target} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    // What a person named stays as it is.
    for entry in std::fs::read_dir(kept)? {
        let path = entry?.path();
        if is_unnamed(&path) {
            std::fs::remove_file(path)?;
        }
    }
    let mut found: Vec<(u64, PathBuf)> = std::fs::read_dir(&merged)?
        .map(|entry| entry.and_then(|entry| Ok((entry.metadata()?.len(), entry.path()))))
        .collect::<std::io::Result<_>>()?;
    found.sort();
    let mut bytes = 0;
    let every = found.len().div_ceil(KEPT_INPUTS_MAX).max(1);
    for (length, path) in found.into_iter().step_by(every) {
        bytes += length;
        if bytes > KEPT_BYTES_MAX {
            break;
        }
        std::fs::copy(&path, kept.join(path.file_name().unwrap_or_default()))?;
    }
    std::fs::remove_dir_all(&merged)?;
    Ok(())
}

/// Returns whether the fuzzer named this input, by its hash.
fn is_unnamed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Builds all targets once. Returns their folder.
fn build_instrumented() -> anyhow::Result<PathBuf> {
    let host = cargo().args(["-vV"]).output().context("cannot ask cargo")?;
    let host = String::from_utf8(host.stdout)?;
    let triple = host.lines().find_map(|line| line.strip_prefix("host: ")).context("cargo names no host")?;
    let folder = target_dir().join("fuzz");
    // Naming the target keeps the instrumentation out of build scripts.
    run(cargo()
        .args(["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml", "--target", triple])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", INSTRUMENTED))?;
    Ok(folder.join(triple).join("release"))
}
