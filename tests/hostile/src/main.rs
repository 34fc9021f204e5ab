//! Hostile: gives every target its kept corpus again, and some mutations of it by seed, without a fuzzer: `cargo xtask fuzz
//! --quick`. The same seed gives the same bytes.
#![expect(clippy::print_stdout, reason = "a command-line tool prints its figures")]
#![expect(clippy::print_stderr, reason = "what is wrong is said on standard error")]

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use cuadrilla_hostile::{TARGETS, Target, seeds};
use cuadrilla_tests::random::Random;
use cuadrilla_tests::repository;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory that one input may take, in MiB: a segment of 8 MiB is the largest thing that a device may send.
const MEMORY_MIB_MAX: f32 = 192.0;
/// How long one input may take.
const INPUT_TIME_MAX: Duration = Duration::from_secs(20);
/// Bytes that a mutation may grow to.
const INPUT_BYTES_MAX: usize = 32_768;
/// Numbers at which something often changes.
const EDGES: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0xc0, 0xdc, 0xdd, 0xff];

#[derive(Parser)]
struct Hostile {
    /// Where the mutations come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Mutations of each kept input.
    #[arg(long, default_value_t = 8)]
    mutations: usize,
    /// This target only, or these.
    #[arg(long)]
    target: Vec<String>,
    /// Writes valid bytes of each form into the corpora instead, for a fuzzer to begin with.
    #[arg(long)]
    write_seeds: bool,
}

/// What one target was given.
#[derive(Default)]
struct Tally {
    kept: usize,
    mutated: usize,
    memory_mib: f32,
    slowest: Duration,
    failures: Vec<String>,
}

/// What is being tried, and since when.
type Now = Arc<Mutex<Option<(String, Instant)>>>;

fn main() -> anyhow::Result<()> {
    let hostile = Hostile::parse();
    if hostile.write_seeds {
        return write_seeds();
    }
    let named =
        |target: &Target| hostile.target.is_empty() || hostile.target.iter().any(|name| name == target.name);
    let chosen: Vec<Target> = TARGETS.into_iter().filter(named).collect();
    ensure!(!chosen.is_empty(), "the targets are: {}", TARGETS.map(|target| target.name).join(", "));
    let begun = Instant::now();
    let now = watch();
    // What panics is told with its input.
    std::panic::set_hook(Box::new(|_| {}));
    println!("seed {}", hostile.seed);
    println!("{:<12} {:>6} {:>8} {:>9} {:>8}", "target", "kept", "mutated", "most MiB", "most ms");
    let mut failures = Vec::new();
    for target in chosen {
        let mut random = Random::new(hostile.seed);
        let tally = attack(target, hostile.mutations, &mut random, &now)?;
        let Tally { kept, mutated, memory_mib, slowest, .. } = tally;
        println!("{:<12} {kept:>6} {mutated:>8} {memory_mib:>9.1} {:>8}", target.name, slowest.as_millis());
        failures.extend(tally.failures);
    }
    println!("{} do not hold; {:.0} s", failures.len(), begun.elapsed().as_secs_f64());
    ensure!(failures.is_empty(), "\n{}", failures.join("\n"));
    Ok(())
}

/// Ends the run, naming the input, when one hangs.
fn watch() -> Now {
    let now = Now::default();
    let watched = Arc::clone(&now);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = watched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((name, since)) = &*now
                && since.elapsed() > INPUT_TIME_MAX
            {
                eprintln!("{name} takes more than {INPUT_TIME_MAX:?}");
                std::process::exit(2);
            }
        }
    });
    now
}

fn corpus(target: &str) -> PathBuf {
    repository().join("fuzz/corpus").join(target)
}

fn attack(target: Target, mutations: usize, random: &mut Random, now: &Now) -> anyhow::Result<Tally> {
    let folder = corpus(target.name);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("no corpus {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    let inputs: Vec<Vec<u8>> = paths.iter().map(std::fs::read).collect::<Result<_, _>>()?;
    ensure!(!inputs.is_empty(), "the corpus of {} is empty", target.name);
    let mut tally = Tally::default();
    // The world is made for the first input: it counts for none.
    (target.run)(&[]);
    for (path, input) in paths.iter().zip(&inputs) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        try_input(target, &name, input, &mut tally, now)?;
        tally.kept += 1;
        for number in 0..mutations {
            let other = &inputs[random.below(inputs.len())];
            let bytes = mutate(input, other, random);
            try_input(target, &format!("{name}, mutation {number}"), &bytes, &mut tally, now)?;
            tally.mutated += 1;
        }
    }
    Ok(tally)
}

fn try_input(target: Target, name: &str, bytes: &[u8], tally: &mut Tally, now: &Now) -> anyhow::Result<()> {
    let set = |what| *now.lock().unwrap_or_else(PoisonError::into_inner) = what;
    let begun = Instant::now();
    set(Some((format!("{} with {name}", target.name), begun)));
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    let run = std::panic::catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    let memory_mib = MEMORY.peak_usage_as_mb() - before;
    set(None);
    tally.memory_mib = tally.memory_mib.max(memory_mib);
    tally.slowest = tally.slowest.max(begun.elapsed());
    let wrong = match run {
        Err(panic) => said(&*panic),
        Ok(()) if memory_mib > MEMORY_MIB_MAX => format!("takes {memory_mib:.0} MiB"),
        Ok(()) => return Ok(()),
    };
    let kept = std::env::temp_dir().join(format!("cuadrilla-{}-{}", target.name, tally.failures.len()));
    std::fs::write(&kept, bytes)?;
    tally.failures.push(format!("{} with {name}: {wrong} [{}]", target.name, kept.display()));
    Ok(())
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panics").to_owned()
}

/// Returns one to four changes, as a fuzzer makes them.
fn mutate(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let count = 1 + random.below(16);
        let until = bytes.len().min(at + count);
        match random.below(7) {
            0 => bytes[at..until].iter_mut().take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
            1 => bytes[at..until].iter_mut().take(1).for_each(|byte| *byte = EDGES[random.below(8)]),
            2 => bytes[at..until].iter_mut().for_each(|byte| *byte = random.byte()),
            3 => drop(bytes.drain(at..until)),
            4 => {
                let again = bytes[at..until].to_vec();
                drop(bytes.splice(at..at, again));
            }
            5 => {
                let from = random.below(other.len() + 1);
                let taken = other[from..other.len().min(from + 8 * count)].to_vec();
                drop(bytes.splice(at..until, taken));
            }
            _ => bytes.truncate(at),
        }
    }
    bytes.truncate(INPUT_BYTES_MAX);
    bytes
}

fn write_seeds() -> anyhow::Result<()> {
    let mut numbers = BTreeMap::new();
    for (target, bytes) in seeds::all() {
        let number = numbers.entry(target).and_modify(|number| *number += 1).or_insert(1);
        let folder = corpus(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(format!("valid-{number:02}")), bytes)?;
    }
    Ok(())
}
