//! Faults: lets each call of a program that changes the disk fail once; also a disk that is full, and one
//! that cannot be written. What was said to be saved must be there; what failed must say why; the next run
//! must go on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use cuadrilla_tests::{Town, program};

use crate::attach::{attach, may_attach};
use crate::disk::Disk;
use crate::trace::is_available;
use cuadrilla_tests::random::{Random, seed_of_clock};

/// Calls that fail, and the most of each kind that are made to.
const CALLS: [(&str, usize); 9] = [
    ("openat", 60),
    ("write", 20),
    ("pwrite64", 40),
    ("fsync", 20),
    ("fdatasync", 20),
    ("rename", 8),
    ("mkdir", 8),
    ("ftruncate", 8),
    ("unlink", 8),
];
const ERRORS: [&str; 2] = ["ENOSPC", "EIO"];

/// What to try.
#[derive(Debug, Args)]
pub struct Faults {
    /// Which faults a short run takes; printed, and taken back to see the same again. A whole run takes all.
    #[arg(long)]
    seed: Option<u64>,
    /// A short run for CI: some of the faults.
    #[arg(long)]
    quick: bool,
}

/// A short run takes one fault in so many.
const QUICK_ONE_IN: usize = 18;

/// Which faults are taken, and what came of them.
#[derive(Debug, Default)]
struct Tally {
    /// Of a short run.
    some: Option<Random>,
    kinds: BTreeMap<String, [usize; 2]>,
    failures: Vec<String>,
}

impl Tally {
    /// Returns whether the next fault is taken.
    fn takes(&mut self) -> bool {
        self.some.as_mut().is_none_or(|random| random.one_in(QUICK_ONE_IN))
    }

    fn count(&mut self, what: &str, succeeded: bool) {
        self.kinds.entry(what.to_owned()).or_default()[usize::from(succeeded)] += 1;
    }
}

impl Faults {
    /// Tries them all, prints.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&self) -> anyhow::Result<()> {
        ensure!(is_available(), "strace is needed and does not run here (Debian: apt-get install strace)");
        let begun = Instant::now();
        let mut town = Town::new();
        town.people();
        let seed = self.seed.unwrap_or_else(seed_of_clock);
        let mut tally = Tally { some: self.quick.then(|| Random::new(seed)), ..Tally::default() };
        if self.quick {
            println!("some of the faults: seed {seed}");
        }
        device(&town, &mut tally)?;
        founding(&town, &mut tally)?;
        let attaches = may_attach();
        if attaches {
            server(&mut town, &mut tally)?;
        }
        let mounted = small_disk(&town, &mut tally)?;
        println!("{:<34} {:>8} {:>10}", "a call of … fails in …", "refused", "succeeded");
        for (what, [refused, succeeded]) in &tally.kinds {
            println!("{what:<34} {refused:>8} {succeeded:>10}");
        }
        if !attaches {
            println!("the calls of a server at work were NOT made to fail: only root may trace one here");
        }
        if !mounted {
            println!("a full and a read-only file system were NOT tried: nothing may be mounted here");
        }
        let tried: usize = tally.kinds.values().flatten().sum();
        println!(
            "{tried} tried, {} do not hold; {:.0} s",
            tally.failures.len(),
            begun.elapsed().as_secs_f64()
        );
        if !tally.failures.is_empty() {
            bail!("\n{}", tally.failures.join("\n"));
        }
        Ok(())
    }
}

/// Runs a command with one call failing; `None` if it makes fewer of them.
fn failing(
    command: &Command,
    call: &str,
    error: &str,
    nth: usize,
    log: &Path,
) -> anyhow::Result<Option<Output>> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o"]).arg(log).args(["-e", "signal=none", "-e", &format!("trace={call}")]);
    strace.args(["-e", &format!("inject={call}:error={error}:when={nth}")]);
    strace.arg("--").arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        strace.current_dir(folder);
    }
    let output = strace.stdin(Stdio::null()).output()?;
    let is_injected = std::fs::read_to_string(log)?.contains("(INJECTED)");
    Ok(is_injected.then_some(output))
}

/// Checks a program that failed: it must end by itself, not by a panic, and say what is wrong and what to do.
fn ensure_said(output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code().is_some(), "it was ended: {}", output.status);
    ensure!(!said.contains("panicked") || is_caught(&said), "it panicked: {said}");
    ensure!(!is_caught(&said) || output.status.success(), "a caught panic is no failure: {said}");
    if !output.status.success() && !is_loader(&said) && !said.is_empty() {
        let last = said.lines().last().unwrap_or_default();
        let error: serde_json::Value =
            serde_json::from_str(last).with_context(|| format!("it does not say why: {said}"))?;
        ensure!(error["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "no hint: {said}");
    }
    Ok(())
}

/// Returns whether it is sled's panic while it closes, which the store catches: the ledger is durable, and
/// the index catches up. Rust still prints it.
fn is_caught(said: &str) -> bool {
    said.matches("panicked at").count() == 1 && said.contains("/sled-")
}

/// Returns whether the program could not even be started.
fn is_loader(said: &str) -> bool {
    said.contains("error while loading shared libraries")
}

/// Notes on a device.
fn device(town: &Town, tally: &mut Tally) -> anyhow::Result<()> {
    let folio = town.folio("one", "pump_replacement");
    let log = town.path("strace.log");
    let kept = Disk::load(&town.path("one"))?;
    for (call, most) in CALLS {
        for error in ERRORS {
            for nth in 1..=most {
                if !tally.takes() {
                    continue;
                }
                // Every fault meets the same device.
                std::fs::remove_dir_all(town.path("one"))?;
                kept.materialise_new(&town.path("one"))?;
                let text = format!("{call} {error} {nth}");
                let note = town.command("one", &["note", &folio, &text]);
                let Some(output) = failing(&note, call, error, nth, &log)? else { break };
                let said = !output.stdout.is_empty();
                tally.count(&format!("{call} ({error}), crew note"), output.status.success());
                let checked = ensure_said(&output).and_then(|()| {
                    ensure!(!said || output.status.success(), "saved, it said, and failed: {output:?}");
                    let after = town.command("one", &["note", &folio, "after"]).output()?;
                    ensure!(after.status.success(), "the next note fails: {after:?}");
                    let order = town.crew("one", &["order", "show", &folio]);
                    let notes = order["notes"].as_array().context("notes")?;
                    let count = notes.iter().filter(|note| note["text"] == text.as_str()).count();
                    let last = notes.iter().filter(|note| note["text"] == "after").count();
                    ensure!(count <= 1 && last == 1, "{count} times, and {last} times after");
                    ensure!(!said || count == 1, "it was said to be saved, and is gone");
                    Ok(())
                });
                if let Err(wrong) = checked {
                    tally.failures.push(format!("crew note, {text}: {wrong:#}"));
                }
            }
        }
    }
    std::fs::remove_dir_all(town.path("one"))?;
    kept.materialise_new(&town.path("one"))
}

/// Returns a server is founded.
fn founding(town: &Town, tally: &mut Tally) -> anyhow::Result<()> {
    let log = town.path("strace.log");
    let data = town.path("founded");
    let mut init = Command::new(program("cuadrilla-server"));
    init.args(["--json", "init", "--municipality", "14061", "--name", "Mezquitic", "--data"]).arg(&data);
    init.current_dir(town.folder.path());
    for (call, most) in CALLS {
        for error in ERRORS {
            for nth in 1..=most {
                if !tally.takes() {
                    continue;
                }
                let Some(output) = failing(&init, call, error, nth, &log)? else { break };
                tally.count(&format!("{call} ({error}), init"), output.status.success());
                let checked = ensure_said(&output).and_then(|()| {
                    if !output.status.success() {
                        let again = init.get_program().to_owned();
                        let again = Command::new(again)
                            .args(init.get_args())
                            .current_dir(town.folder.path())
                            .output()?;
                        let is_there = String::from_utf8_lossy(&again.stderr).contains("store_exists");
                        ensure!(again.status.success() || is_there, "init again: {again:?}");
                    }
                    let mut verify = Command::new(program("cuadrilla-server"));
                    let verified = verify.args(["--json", "verify", "--data"]).arg(&data).output()?;
                    ensure!(verified.status.success(), "verify: {verified:?}");
                    Ok(())
                });
                if let Err(wrong) = checked {
                    tally.failures.push(format!("init, {call} {error} {nth}: {wrong:#}"));
                }
                if data.exists() {
                    std::fs::remove_dir_all(&data)?;
                }
            }
            if data.exists() {
                std::fs::remove_dir_all(&data)?;
            }
        }
    }
    Ok(())
}

/// Returns a server at work, whose disk fails from some moment on.
fn server(town: &mut Town, tally: &mut Tally) -> anyhow::Result<()> {
    let folio = town.folio("two", "pump_replacement");
    let mut confirmed = Vec::new();
    let mut hit = 0;
    for call in ["pwrite64", "fdatasync"] {
        for error in ERRORS {
            for nth in 1..=SERVER_CALLS {
                // The first is always taken.
                if nth > 1 && !tally.takes() {
                    continue;
                }
                let text = format!("server {call} {error} {nth}");
                town.kill();
                town.serve();
                let log = town.path("strace.log");
                let mut strace = attach(town, call, error, nth, &log)?;
                for part in 1..=SERVER_CALLS {
                    let text = format!("{text}.{part}");
                    town.crew("two", &["note", &folio, &text]);
                    let sync = town.command("two", &["sync"]).output()?;
                    tally.count(&format!("{call} ({error}), serve"), sync.status.success());
                    if sync.status.success() {
                        confirmed.push(text);
                    }
                }
                town.kill();
                strace.wait()?;
                hit += usize::from(std::fs::read_to_string(&log)?.contains("(INJECTED)"));
            }
        }
    }
    ensure!(hit > 0, "no call of the server was made to fail");
    town.serve();
    // Before the device offers anything again: what it was told is confirmed is at the office.
    town.crew("office", &["sync"]);
    let order = town.crew("office", &["order", "show", &folio]);
    let notes = order["notes"].as_array().context("notes")?;
    for text in confirmed {
        let count = notes.iter().filter(|note| note["text"] == text.as_str()).count();
        if count != 1 {
            tally.failures.push(format!("{text}: confirmed, and there {count} times"));
        }
    }
    town.crew("two", &["sync"]);
    let verified = town.server_run("verify", &[]);
    ensure!(verified.status.success(), "verify: {verified:?}");
    Ok(())
}

/// Calls of a kind, of each thread of the server, that are let pass before they fail, at most.
const SERVER_CALLS: usize = 3;
/// Notes that a full disk may still take.
const FULL_NOTES_MAX: usize = 60;

/// Tries a file system that fills up, and then cannot be written. Returns whether one may be mounted here.
fn small_disk(town: &Town, tally: &mut Tally) -> anyhow::Result<bool> {
    let place = town.path("small");
    std::fs::create_dir(&place)?;
    let mount = |options: &str| -> anyhow::Result<bool> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&place).stderr(Stdio::null());
        Ok(mount.status()?.success())
    };
    if !mount("size=8m")? {
        return Ok(false);
    }
    let mounted = Mounted(&place);
    let checked = on_small_disk(town, &place, tally);
    drop(mounted);
    if let Err(wrong) = checked {
        tally.failures.push(format!("a small disk: {wrong:#}"));
    }
    Ok(true)
}

/// Unmounts, whatever happens.
struct Mounted<'p>(&'p Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(self.0).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.display());
        }
    }
}

fn on_small_disk(town: &Town, place: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let device = "small/home";
    town.enrol(device, &["crew", "--crew", "C-01"]);
    let folio = town.folio(device, "pump_replacement");
    let ballast = place.join("ballast");
    // Full to the last byte: the error is what ends the writing.
    let _ = std::fs::write(&ballast, vec![1; 16 << 20]);
    // A page that was begun may still take some; then there is no more room.
    let mut saved = Vec::new();
    let refused = loop {
        let text = format!("full {}", saved.len());
        let output = town.command(device, &["note", &folio, &text]).output()?;
        tally.count("a full disk, crew note", output.status.success());
        ensure_said(&output)?;
        if !output.status.success() {
            break text;
        }
        saved.push(text);
        ensure!(saved.len() < FULL_NOTES_MAX, "a full disk takes note after note");
    };
    let listed = town.crew(device, &["order", "list"]);
    ensure!(listed.as_array().is_some_and(|orders| !orders.is_empty()), "nothing is read on a full disk");
    std::fs::remove_file(&ballast)?;
    town.crew(device, &["note", &folio, "room again"]);
    let remount = |how: &str| -> anyhow::Result<()> {
        ensure!(
            Command::new("mount").args(["-o", how]).arg(place).status()?.success(),
            "not remounted {how}"
        );
        Ok(())
    };
    remount("remount,ro")?;
    let output = town.command(device, &["note", &folio, "read-only"]).output()?;
    tally.count("a read-only disk, crew note", output.status.success());
    let said = ensure_said(&output).and_then(|()| {
        ensure!(!output.status.success(), "a note is saved where nothing can be written");
        Ok(())
    });
    let shown = town.crew(device, &["order", "show", &folio]);
    remount("remount,rw")?;
    let notes: Vec<&str> =
        shown["notes"].as_array().context("notes")?.iter().filter_map(|note| note["text"].as_str()).collect();
    said?;
    ensure!(notes.contains(&"room again") && !notes.contains(&refused.as_str()), "{notes:?}");
    ensure!(saved.iter().all(|text| notes.contains(&text.as_str())), "{saved:?} were saved: {notes:?}");
    town.crew(device, &["note", &folio, "writable again"]);
    Ok(())
}
