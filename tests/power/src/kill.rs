//! Kill: kills the server and the devices' programs at work, at any moment, many times. At the end, what a
//! person was told is saved must exist exactly once, everywhere.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use cuadrilla_tests::Town;

use cuadrilla_tests::random::{Random, seed_of_clock};

/// Longest that programs work before one is killed, in milliseconds.
const WORK_MS_MAX: usize = 250;

/// What to try.
#[derive(Debug, Args)]
pub struct Kill {
    /// Where the numbers come from; printed. What is killed when also depends on the machine.
    #[arg(long)]
    seed: Option<u64>,
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Devices at work.
    #[arg(long, default_value_t = 4)]
    devices: usize,
}

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    notes: usize,
    killed_notes: usize,
    killed_syncs: usize,
    /// Notes that were said to be saved: text and device.
    saved: BTreeMap<String, String>,
}

impl Kill {
    /// Works, kills, looks.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&self) -> anyhow::Result<()> {
        let seed = self.seed.unwrap_or_else(seed_of_clock);
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let begun = Instant::now();
        let mut town = Town::new();
        town.people();
        let devices: Vec<String> =
            (0..self.devices.clamp(1, 32)).map(|number| format!("k{number}")).collect();
        for device in &devices {
            town.enrol(device, &["crew", "--crew", "C-01"]);
        }
        let folio = town.folio(&devices[0], "pump_replacement");
        let mut seen = Seen::default();
        for round in 0..self.rounds {
            self.round(&mut town, &devices, &folio, round, &mut random, &mut seen)?;
        }
        let found = look(&town, &devices, &folio, &seen)?;
        println!(
            "{} rounds in {:.0} s: the server killed {} times, {} notes begun, {} of them killed, {} exchanges killed",
            self.rounds,
            begun.elapsed().as_secs_f64(),
            self.rounds,
            seen.notes,
            seen.killed_notes,
            seen.killed_syncs
        );
        println!(
            "{} notes were said to be saved: each is there once, on {} devices and at the office; {found} notes in all, verify is clean",
            seen.saved.len(),
            devices.len()
        );
        Ok(())
    }

    fn round(
        &self,
        town: &mut Town,
        devices: &[String],
        folio: &str,
        round: usize,
        random: &mut Random,
        seen: &mut Seen,
    ) -> anyhow::Result<()> {
        let mut syncs: Vec<Child> = Vec::new();
        let mut notes: Vec<(String, String, Child)> = Vec::new();
        for device in devices {
            let mut sync = town.command(device, &["sync"]);
            syncs.push(sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
            let text = format!("{device} {round}");
            let mut note = town.command(device, &["note", folio, &text]);
            notes.push((device.clone(), text, note.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?));
            seen.notes += 1;
            pause(random.below(40));
        }
        pause(random.below(WORK_MS_MAX));
        let kills_server_first = random.one_in(2);
        if kills_server_first {
            town.kill();
        }
        for sync in &mut syncs {
            if random.one_in(3) && sync.try_wait()?.is_none() {
                sync.kill()?;
                seen.killed_syncs += 1;
            }
        }
        for (device, text, mut note) in notes {
            if random.one_in(3) {
                pause(random.below(30));
                if note.try_wait()?.is_none() {
                    note.kill()?;
                    seen.killed_notes += 1;
                }
            }
            let output = note.wait_with_output()?;
            if !output.stdout.is_empty() {
                seen.saved.insert(text, device);
            }
        }
        town.kill();
        for mut sync in syncs {
            sync.wait()?;
        }
        town.serve();
        Ok(())
    }
}

fn pause(ms: usize) {
    std::thread::sleep(Duration::from_millis(ms as u64));
}

/// Syncs every device, then counts every device's notes. Returns how many there are.
fn look(town: &Town, devices: &[String], folio: &str, seen: &Seen) -> anyhow::Result<usize> {
    for _ in 0..2 {
        for device in devices.iter().map(String::as_str).chain(["office"]) {
            town.crew(device, &["sync"]);
        }
    }
    let mut all: Option<Vec<String>> = None;
    for device in devices.iter().map(String::as_str).chain(["office"]) {
        let order = town.crew(device, &["order", "show", folio]);
        let list = order["notes"].as_array().context("notes")?;
        let mut texts: Vec<String> =
            list.iter().map(|note| note["text"].as_str().unwrap_or_default().to_owned()).collect();
        texts.sort();
        for (text, author) in &seen.saved {
            let count = texts.iter().filter(|one| *one == text).count();
            ensure!(count == 1, "{author} was told that {text:?} is saved; {device} has it {count} times");
        }
        let mut once = texts.clone();
        once.dedup();
        ensure!(once == texts, "{device} has a note twice: {texts:?}");
        ensure!(all.as_ref().is_none_or(|all| *all == texts), "{device} has other notes than the others");
        all = Some(texts);
    }
    let verified = town.server_run("verify", &[]);
    ensure!(verified.status.success(), "verify: {verified:?}");
    Ok(all.map_or(0, |texts| texts.len()))
}
