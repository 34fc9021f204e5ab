//! Cuts: records the workloads, tries the states, counts them, and says what does not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::check_store::{self, Confirmed, confirmed};
use crate::disk::{Disk, Op};
use crate::programs;
use crate::states::{History, State, spread};
use crate::trace::{is_available, record};
use crate::watch::Watch;
use cuadrilla_tests::random::{Random, seed_of_clock};

/// What to try.
#[derive(Debug, Args)]
pub struct Cuts {
    /// Where the numbers come from; printed, and taken back to see the same again.
    #[arg(long)]
    seed: Option<u64>,
    /// States to try, about.
    #[arg(long, default_value_t = 40_000)]
    states: usize,
    /// A short run for CI: one row of lives of the store, and some moments of the programs'.
    #[arg(long, conflicts_with = "states")]
    quick: bool,
    /// Of the store or of the programs only.
    #[arg(long)]
    part: Option<Part>,
    /// A folder on a file system in memory, where there is one.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// Stops at the first state that does not hold, and leaves it there.
    #[arg(long)]
    keep: bool,
}

/// What is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The store, with a workload of its own.
    Store,
    /// The built programs.
    Programs,
}

/// Recordings of the store, each of a life after the one before was cut.
const LIVES: u32 = 4;
/// Recordings whose lives begin with an empty folder.
const STORIES: usize = 6;
/// States of a short run.
const QUICK_STATES: usize = 800;
/// Failures after which it is pointless to go on.
const FAILURES_MAX: usize = 20;

/// What was tried, and what failed.
#[derive(Debug, Default)]
pub struct Tally {
    /// States by kind.
    pub kinds: BTreeMap<&'static str, usize>,
    /// States that had been seen in the same form.
    pub alike: usize,
    /// What opening had to repair, by kind.
    pub mended: BTreeMap<String, usize>,
    /// What does not hold, and for which state.
    pub failures: Vec<String>,
    seen: BTreeSet<(u128, u64)>,
}

impl Tally {
    /// Returns whether a state has not been tried yet; counts it.
    pub fn is_new(&mut self, kind: &'static str, digest: u128, expected: u64) -> bool {
        if !self.seen.insert((digest, expected)) {
            self.alike += 1;
            return false;
        }
        *self.kinds.entry(kind).or_default() += 1;
        true
    }

    /// Prints the counts.
    fn print(&self, what: &str, took: Duration) {
        let tried: usize = self.kinds.values().sum();
        println!(
            "\n{what}: {tried} states tried in {:.0} s ({} more were like another)",
            took.as_secs_f64(),
            self.alike
        );
        for (kind, count) in &self.kinds {
            println!("  {count:>8}  {kind}");
        }
        for (kind, count) in &self.mended {
            println!("  {count:>8}  mended at opening: {kind}");
        }
        println!("  {:>8}  that do not hold", self.failures.len());
    }
}

impl Cuts {
    /// Records, tries, prints.
    ///
    /// # Errors
    /// If a state does not hold, or nothing could be recorded.
    pub fn run(&self) -> anyhow::Result<()> {
        ensure!(is_available(), "strace is needed and does not run here (Debian: apt-get install strace)");
        let seed = self.seed.unwrap_or_else(seed_of_clock);
        println!("seed {seed}");
        let (states, stories) = if self.quick { (QUICK_STATES, 1) } else { (self.states, STORIES) };
        let place = self.scratch.clone().unwrap_or_else(memory);
        let scratch = tempfile::Builder::new().prefix("cuadrilla-power-").tempdir_in(place)?;
        let mut random = Random::new(seed);
        let mut tally = Tally::default();
        let begun = Instant::now();
        let watch = Watch::start();
        if self.part != Some(Part::Programs) {
            for story in 0..stories {
                let each = states / stories / LIVES as usize;
                self.story(scratch.path(), story, each, &mut random, &mut tally, &watch)?;
            }
        }
        tally.print("the store", begun.elapsed());
        if self.part != Some(Part::Store) {
            programs::run(scratch.path(), states / 4, &mut random, &mut tally, &watch)?;
        }
        tally.print("the store and the programs", begun.elapsed());
        if !tally.failures.is_empty() {
            for failure in &tally.failures {
                eprintln!("{failure}");
            }
            if self.keep {
                eprintln!("kept in {}", scratch.keep().display());
            }
            bail!("{} states do not hold; seed {seed}", tally.failures.len());
        }
        Ok(())
    }

    /// Returns a store that lives, is cut, lives on, is cut again.
    fn story(
        &self,
        scratch: &Path,
        story: usize,
        states: usize,
        random: &mut Random,
        tally: &mut Tally,
        watch: &Watch,
    ) -> anyhow::Result<()> {
        let root = scratch.join(format!("story-{story}"));
        std::fs::create_dir(&root)?;
        let mut before = Confirmed::new();
        let (mut disk, mut ops) = (Disk::default(), Vec::new());
        for life in 0..LIVES {
            let from = ops.len();
            let history = self.live(&root, scratch, life, random, disk, ops)?;
            let (stride, each) = spread(states, history.len() + 1 - from);
            let mut rest = Vec::new();
            for at in (from + random.below(stride)..=history.len()).step_by(stride) {
                let expected = confirmed(&before, &history.recording.ops[..at])?;
                for state in history.states(at, each, random) {
                    let name = format!("story {story}, life {life}, {} of {}: {state:?}", at, history.len());
                    self.try_state(scratch, &history, &state, &expected, &name, tally, watch)?;
                    rest.push(state);
                }
                if tally.failures.len() >= FAILURES_MAX {
                    return Ok(());
                }
            }
            // The next life begins with one of these: the machine starts again, or only the program does.
            let next = &rest[random.below(rest.len())];
            std::fs::remove_dir_all(&root)?;
            std::fs::create_dir(&root)?;
            history.disk(next.at, &next.fates).materialise(&root)?;
            (disk, ops) = if next.fates.is_empty() {
                (history.recording.before, history.recording.ops[..next.at].to_vec())
            } else {
                before = confirmed(&before, &history.recording.ops[..next.at])?;
                (Disk::load(&root)?, Vec::new())
            };
        }
        Ok(())
    }

    fn live(
        &self,
        root: &Path,
        scratch: &Path,
        life: u32,
        random: &mut Random,
        before: Disk,
        ops: Vec<Op>,
    ) -> anyhow::Result<History> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("drive").arg(root.join("store"));
        command.args(["--seed", &random.number().to_string(), "--life", &life.to_string()]);
        let recording = record(&command, root, &scratch.join("strace.log"), before, ops)?;
        let output = &recording.output;
        ensure!(output.status.success(), "the workload failed: {}", String::from_utf8_lossy(&output.stderr));
        let history = History::new(recording);
        history
            .disk(history.len(), &BTreeMap::new())
            .ensure_same(root)
            .context("the recording is not whole")?;
        Ok(history)
    }

    #[expect(clippy::too_many_arguments, reason = "what a state is tried with; called from one place")]
    fn try_state(
        &self,
        scratch: &Path,
        history: &History,
        state: &State,
        expected: &Confirmed,
        name: &str,
        tally: &mut Tally,
        watch: &Watch,
    ) -> anyhow::Result<()> {
        let disk = history.disk(state.at, &state.fates);
        if !tally.is_new(state.kind, disk.digest(), expected.len() as u64) {
            return Ok(());
        }
        let folder = scratch.join("state");
        std::fs::create_dir(&folder)?;
        disk.materialise(&folder)?;
        watch.begin(name);
        let checked = check_store::check(&folder.join("store"), expected);
        watch.end();
        match checked {
            Ok(notices) => {
                if notices.tail.is_some() {
                    *tally.mended.entry("a torn tail".into()).or_default() += 1;
                }
                if let Some(index) = notices.index {
                    let reason = index.reason.to_string();
                    let reason = reason
                        .split([':', ','])
                        .next()
                        .unwrap_or_default()
                        .replace(|c: char| c.is_ascii_digit(), "");
                    *tally.mended.entry(format!("the index, {reason}")).or_default() += 1;
                }
            }
            Err(error) => {
                tally.failures.push(format!("{}\n    {error:#}", shortened(name)));
                if self.keep {
                    bail!("{name}: {error:#}; kept in {}", folder.display());
                }
            }
        }
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}

/// Returns the file system in memory that Linux has, or any.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// Returns a name that fits on a screen.
pub fn shortened(name: &str) -> String {
    name.chars().take(300).collect()
}
