//! `cargo xtask bench day`: a crew's day on a poor mobile link. Orders are worked on and photographed without signal; in the
//! evening one exchange hands over the entries, and the photos follow for as long as the link needs.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::interop::proxy::{self, Counts, Faults};
use crate::interop::town::Town;
use crate::run::{build, run, target_dir};

/// A link of the second generation: 50 kbit/s, answers 600 ms late, and a connection lasts for so many bytes.
const LINK: Faults =
    Faults { cut_after: 150_000, late: Duration::from_millis(600), bytes_per_s: Some(50_000 / 8) };
/// A photo after it was made small: about 200 kB.
const PIXELS: [&str; 2] = ["448", "336"];
/// Most bytes up until the office has a day's entries: a message of them, and what was begun of a small form.
const ENTRIES_BYTES_MAX: u64 = 60_000;
/// Exchanges after which something is wrong.
const SYNCS_MAX: usize = 200;

/// How much is done.
struct Day {
    orders: usize,
    photos: usize,
    link: Faults,
    look_every: Duration,
}

/// Plays the day and prints its table.
///
/// # Errors
/// Entries do not go first, a photo does not arrive, or more goes over the link than breaks explain.
pub fn run_all(is_quick: bool) -> anyhow::Result<()> {
    let whole = Day { orders: 12, photos: 30, link: LINK, look_every: Duration::from_secs(240) };
    let quick = Faults { cut_after: 40_000, late: Duration::from_millis(60), bytes_per_s: Some(200_000) };
    let quick = Day { orders: 3, photos: 4, link: quick, look_every: Duration::from_secs(3) };
    let day = if is_quick { quick } else { whole };
    let programs = build(&["cuadrilla-server", "crew-cli", "cuadrilla-tests"], false)?;
    let folder = target_dir().join("bench-day");
    let town = Town::new(&folder, &programs, &[])?;
    let counts = Arc::new(Counts::default());
    let port = proxy::open(town.port, day.link, Arc::clone(&counts))?;
    town.enrol("crew", &format!("http://127.0.0.1:{port}"), &["crew", "--crew", "C-01"])?;
    let folios = day.plan(&town)?;
    let bytes = day.work(&town, &folios)?;

    let before = counts.up_bytes.load(Relaxed);
    let sent = || counts.up_bytes.load(Relaxed) - before;
    let begun = Instant::now();
    let mut first = town.command("crew", &["sync"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let done = wait_for_work(&town, &folios, &mut first)?;
    let (at_office, took, entries) = (photos_at_office(&town, "office", &folios)?, begun.elapsed(), sent());
    println!("| after | exchanges | at the office | bytes up | breaks |\n|---|---|---|---|---|");
    let row = |exchanges: usize, what: &str, took: Duration| {
        let (seconds, cuts) = (took.as_secs(), counts.cuts.load(Relaxed));
        println!("| {seconds} s | {exchanges} | {what} | {} | {cuts} |", sent());
    };
    row(1, &format!("{done} orders done, {at_office} of {} photos", day.photos), took);
    let mut looked = Instant::now();
    while first.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(200));
        if looked.elapsed() > day.look_every {
            town.crew("office", &["sync"])?;
            // The crew's own device answers while it sends.
            let (crew, office) =
                (photos_at_office(&town, "crew", &folios)?, photos_at_office(&town, "office", &folios)?);
            let what = format!("{office} of {} photos; {crew} as the crew sees it", day.photos);
            row(1, &what, begun.elapsed());
            looked = Instant::now();
        }
    }
    let mut told: Value = serde_json::from_slice(&first.wait_with_output()?.stdout)?;
    ensure!(entries < ENTRIES_BYTES_MAX, "{entries} bytes went before the office had the entries");
    let mut exchanges = 1;
    while told["photos"]["left"] != 0 {
        ensure!(exchanges < SYNCS_MAX, "the photos do not arrive: {told}");
        let there = photos_at_office(&town, "crew", &folios)?;
        row(exchanges, &format!("{there} of {} photos, as the crew sees it", day.photos), begun.elapsed());
        told = town.crew("crew", &["sync"])?;
        exchanges += 1;
    }
    town.crew("office", &["sync"])?;
    let there = photos_at_office(&town, "office", &folios)?;
    row(exchanges, &format!("{there} of {} photos", day.photos), begun.elapsed());
    ensure!(there == day.photos, "{there} of {} photos arrived", day.photos);
    #[expect(clippy::cast_precision_loss, reason = "a day has fewer bytes than that")]
    let share = (sent() - entries) as f64 / bytes as f64;
    println!("photos and thumbnails {bytes} bytes; {share:.3} of that over the link after the entries");
    ensure!(share <= 1.1, "photos were sent again");
    Ok(())
}

impl Day {
    /// The office makes orders; the crew hears of them.
    fn plan(&self, town: &Town) -> anyhow::Result<Vec<String>> {
        let new = ["order", "new", "--kind", "leak_repair", "--locality", "mezquitic", "--crew", "C-01"];
        let folio = |_| {
            let made = town.crew("office", &new)?;
            made["folio"].as_str().map(str::to_owned).context("a folio")
        };
        let folios = (0..self.orders).map(folio).collect::<anyhow::Result<_>>()?;
        town.crew("office", &["sync"])?;
        town.crew("crew", &["sync"])?;
        Ok(folios)
    }

    /// The crew works without signal. Returns the bytes of what waits beside the entries.
    fn work(&self, town: &Town, folios: &[String]) -> anyhow::Result<u64> {
        let picture = town.path("picture.jpg");
        let mut bytes = 0;
        for (number, folio) in folios.iter().enumerate() {
            town.crew("crew", &["start", folio])?;
            town.crew("crew", &["note", folio, "Se cambió el tramo; queda sin fuga"])?;
            let photos = (self.photos + number) / folios.len();
            for photo in 0..photos {
                let seed = (number * 100 + photo).to_string();
                run(town.program("picture").arg(&picture).args(PIXELS).arg(seed))?;
                let what = if photo == 0 { "before" } else { "after" };
                let file = picture.display().to_string();
                let made = town.crew("crew", &["order", "photo", folio, &file, "--what", what])?;
                bytes += made["bytes"].as_u64().context("bytes")?;
                bytes += made["thumb_bytes"].as_u64().unwrap_or(0);
            }
            town.crew("crew", &["finish", folio])?;
        }
        Ok(bytes)
    }
}

/// Waits until the office has the work of all orders. Returns of how many.
fn wait_for_work(town: &Town, folios: &[String], sync: &mut Child) -> anyhow::Result<usize> {
    loop {
        town.crew("office", &["sync"])?;
        let orders = town.crew("office", &["order", "list"])?;
        let is_done = |order: &&Value| {
            order["status"] == "done" && folios.iter().any(|folio| order["folio"] == folio.as_str())
        };
        let done = orders.as_array().context("orders")?.iter().filter(is_done).count();
        if done == folios.len() {
            return Ok(done);
        }
        ensure!(
            sync.try_wait()?.is_none(),
            "the exchange ended, and the office has {done} of {} orders",
            folios.len()
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Counts the photos of which a device knows that the office has them.
fn photos_at_office(town: &Town, device: &str, folios: &[String]) -> anyhow::Result<usize> {
    let mut count = 0;
    for folio in folios {
        let order = town.crew(device, &["order", "show", folio])?;
        let photos = order["photos"].as_array().cloned().unwrap_or_default();
        count += photos.iter().filter(|photo| photo["at_office"] == true).count();
    }
    Ok(count)
}
