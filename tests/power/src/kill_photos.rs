//! Kill photos: kills the server and the devices' programs while photos are taken, sent and let go of. A photo that a person
//! was told is saved must be with the office in the end, whole; nothing that is not whole may ever lie where photos are read;
//! and a device lets go of its copy on the ledger's word only, so a word without bytes would show as a loss.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use cuadrilla_tests::random::{Random, seed_of_clock};
use cuadrilla_tests::{Town, picture};

use crate::photos::whole;

/// Longest that programs work before one is killed, in milliseconds.
const WORK_MS_MAX: usize = 400;
/// Rounds on one order: an order has at most 200 photos.
const ORDER_ROUNDS: usize = 20;
/// Photos that the office's device reads at the end, one by one.
const READ_MAX: usize = 20;

/// What to try.
#[derive(Debug, Args)]
pub struct KillPhotos {
    /// Where the numbers come from; printed. What is killed when also depends on the machine.
    #[arg(long)]
    seed: Option<u64>,
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Devices at work.
    #[arg(long, default_value_t = 2)]
    devices: usize,
}

#[derive(Debug, Default)]
struct Seen {
    begun: usize,
    killed_photos: usize,
    killed_syncs: usize,
    freed: u64,
    /// Photos that were said to be saved: name and device.
    saved: BTreeMap<String, String>,
}

impl KillPhotos {
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
        let devices: Vec<String> = (0..self.devices.clamp(1, 8)).map(|number| format!("k{number}")).collect();
        for device in &devices {
            town.enrol(device, &["crew", "--crew", "C-01"]);
        }
        let (mut seen, mut folios) = (Seen::default(), Vec::new());
        for number in 0..self.rounds {
            if number % ORDER_ROUNDS == 0 {
                folios.push(order(&town, &devices)?);
            }
            let folio = folios.last().context("an order")?;
            round(&mut town, &devices, folio, &mut random, &mut seen)?;
        }
        let kept = look(&town, &devices, &folios, &seen)?;
        println!(
            "{} rounds in {:.0} s: the server killed {} times; {} photos begun, {} of them killed; {} exchanges killed",
            self.rounds,
            begun.elapsed().as_secs_f64(),
            self.rounds,
            seen.begun,
            seen.killed_photos,
            seen.killed_syncs
        );
        println!(
            "{} photos were said to be saved: each is whole at the office; {kept} blobs there, {} copies let go of, verify is clean",
            seen.saved.len(),
            seen.freed
        );
        Ok(())
    }
}

/// Makes an order that every device knows. Returns its folio.
fn order(town: &Town, devices: &[String]) -> anyhow::Result<String> {
    let new = ["order", "new", "--kind", "leak_repair", "--locality", "mezquitic", "--crew", "C-01"];
    let made = town.crew("office", &new);
    for device in ["office"].into_iter().chain(devices.iter().map(String::as_str)) {
        town.crew(device, &["sync"]);
    }
    Ok(made["folio"].as_str().context("a folio")?.to_owned())
}

fn round(
    town: &mut Town,
    devices: &[String],
    folio: &str,
    random: &mut Random,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let mut syncs: Vec<Child> = Vec::new();
    let mut photos: Vec<(String, Child)> = Vec::new();
    for device in devices {
        let path = town.path(&format!("{device}.jpg"));
        std::fs::write(&path, picture::noise(400, 300, random.number()))?;
        let file = path.display().to_string();
        let mut photo = town.command(device, &["order", "photo", folio, &file]);
        photos.push((device.clone(), photo.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?));
        seen.begun += 1;
        pause(random.below(200));
        let mut sync = town.command(device, &["sync"]);
        syncs.push(sync.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    }
    pause(random.below(WORK_MS_MAX));
    if random.one_in(2) {
        town.kill();
    }
    for sync in &mut syncs {
        if random.one_in(3) && sync.try_wait()?.is_none() {
            sync.kill()?;
            seen.killed_syncs += 1;
        }
    }
    for (device, mut photo) in photos {
        if random.one_in(4) && photo.try_wait()?.is_none() {
            photo.kill()?;
            seen.killed_photos += 1;
        }
        let output = photo.wait_with_output()?;
        if let Ok(told) = serde_json::from_slice::<serde_json::Value>(&output.stdout) {
            let name = told["sha256"].as_str().context("a name")?;
            seen.saved.insert(name.to_owned(), device);
        }
    }
    town.kill();
    for mut sync in syncs {
        sync.wait()?;
    }
    whole(&town.path("server/blobs"))?;
    town.serve();
    for device in devices {
        if random.one_in(5) {
            seen.freed += town.crew(device, &["blob", "free"])["freed"].as_u64().unwrap_or(0);
        }
    }
    Ok(())
}

fn pause(ms: usize) {
    std::thread::sleep(Duration::from_millis(ms as u64));
}

/// Syncs every device, then looks for every photo. Returns how many blobs the office has.
fn look(town: &Town, devices: &[String], folios: &[String], seen: &Seen) -> anyhow::Result<usize> {
    for _ in 0..2 {
        for device in devices.iter().map(String::as_str).chain(["office"]) {
            town.crew(device, &["sync"]);
        }
    }
    let mut photos = Vec::new();
    for folio in folios {
        let order = town.crew("office", &["order", "show", folio]);
        photos.extend(order["photos"].as_array().context("photos")?.clone());
    }
    for photo in &photos {
        let name = photo["sha256"].as_str().context("a name")?;
        let path = town.path("server/blobs").join(&name[..2]).join(&name[2..4]).join(name);
        ensure!(photo["at_office"] == true, "{name} did not arrive");
        ensure!(path.is_file(), "the ledger says that the office has {name}; it has not");
    }
    for (name, device) in &seen.saved {
        let times = photos.iter().filter(|photo| photo["sha256"] == name.as_str()).count();
        ensure!(times == 1, "{device} was told that {name} is saved; the office has it {times} times");
    }
    let got = town.path("got").display().to_string();
    for name in seen.saved.keys().take(READ_MAX) {
        town.crew("office", &["blob", "get", name, &got]);
    }
    let verified = town.server_run("verify", &[]);
    ensure!(verified.status.success(), "verify: {verified:?}");
    Ok(whole(&town.path("server/blobs"))?.len())
}
