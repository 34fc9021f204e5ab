//! Soak: a moderate mix for a long time, while devices come and go. Fails if memory, handles, threads or disk grow by
//! more than what the data explains.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::steady::{Mix, visits};
use crate::load::dice::Dice;
use crate::load::figures::{Figures, Window, heading, line, metrics};
use crate::load::people::{Stop, listen, pause};
use crate::load::town::{Shared, Town, crew_code};

const SAMPLE_EVERY: Duration = Duration::from_secs(10);
const OFFICE_EVERY: Duration = Duration::from_secs(15);
const BUNDLE_EVERY: Duration = Duration::from_secs(20);
/// How often a device is lost and another one enrolled.
const CHANGE_EVERY: Duration = Duration::from_secs(60);
/// A stream's longest life: phones lose their signal all the time.
const STREAM_LIFE_MS: u64 = 120_000;

/// Share of the time after which growth counts: caches are full then, threads are there.
const WARM_UP: f64 = 0.3;
/// Memory may grow by this many bytes for each byte that the ledger grows (scopes, device rows and the log's edge are
/// held per entry, and sled's cache fills up to its size) ...
const MEMORY_PER_LEDGER_BYTE: f64 = 1.0;
/// ... and by this much in any case, in bytes: the allocator's own.
const MEMORY_FREE_BYTES: f64 = 24.0 * 1024.0 * 1024.0;
/// Handles that are no stream may grow by so many.
const HANDLES_FREE: f64 = 8.0;
/// Threads may grow by so many: the pool that waits for the disk comes and goes.
const THREADS_FREE: f64 = 8.0;
/// What is on the disk may be so many times the ledger, and a base more. An index that was just rebuilt has 4.6 times the
/// ledger's bytes (each entry in several rows), and sled's file holds twice what is live: it rewrites pages and frees
/// the old ones once enough of a segment is.
const DISK_PER_LEDGER_BYTE: f64 = 12.0;
const DISK_FREE_BYTES: f64 = 64.0 * 1024.0 * 1024.0;

/// The server at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at_s: f64,
    rss: f64,
    handles: f64,
    streams: f64,
    threads: f64,
    ledger: f64,
    disk: f64,
    entries: f64,
}

/// Runs it. The figures are of the whole time; the devices that came meanwhile are added to the town's. What grew too much is
/// said beside them: the ledger is to be audited in any case.
pub(crate) async fn run(town: &mut Town, mix: Mix) -> anyhow::Result<(Figures, anyhow::Result<()>)> {
    let (over, stop) = watch::channel(false);
    let mut listeners = JoinSet::new();
    for (number, device) in town.crews.iter().enumerate() {
        listeners.spawn(come_and_go(town, device, mix, number, stop.clone()));
    }
    let window = Window::open(&town.server, &town.field).await?;
    let (visited, people, samples, ()) = tokio::join!(
        visits(town, mix, stop.clone()),
        people(town, mix, stop.clone()),
        sample(town, stop.clone()),
        async {
            tokio::time::sleep(mix.lasts).await;
            over.send_replace(true);
        }
    );
    visited?;
    let newcomers = people?;
    let figures = window.close(&town.server, &town.field, None).await?;
    while listeners.join_next().await.is_some() {}
    town.crews.extend(newcomers);
    town.drain(&town.everybody()).await?;
    let judged = judge(&samples?, mix.lasts);
    Ok((figures, judged))
}

/// Listens, and loses its signal now and then.
fn come_and_go(
    town: &Town,
    device: &Shared,
    mix: Mix,
    number: usize,
    mut stop: Stop,
) -> impl Future<Output = ()> + use<> {
    let (field, device, link) = (Arc::clone(&town.field), Arc::clone(device), mix.link(number));
    async move {
        let mut dice = Dice::of(field.seed, number as u64);
        while !*stop.borrow() {
            let life = Duration::from_millis(STREAM_LIFE_MS / 4) + dice.wait(STREAM_LIFE_MS);
            let heard = listen(Arc::clone(&field), Arc::clone(&device), link, stop.clone(), dice.next());
            match tokio::time::timeout(life, heard).await {
                // It was revoked, or all is over.
                Ok(()) => return,
                Err(_) => field.tally.deed("signal lost"),
            }
            if pause(&mut stop, dice.wait(STREAM_LIFE_MS / 8)).await {
                return;
            }
        }
    }
}

/// The office, bundles, and devices that are lost and replaced. Answers the new ones.
async fn people(town: &Town, mix: Mix, mut stop: Stop) -> anyhow::Result<Vec<Shared>> {
    let mut dice = Dice::of(town.field.seed, u64::MAX - 1);
    let mut newcomers = Vec::new();
    let begun = Instant::now();
    let (mut office, mut bundle, mut change) = (OFFICE_EVERY, BUNDLE_EVERY, CHANGE_EVERY);
    let mut lost = town.crews.len();
    while !pause(&mut stop, Duration::from_secs(1)).await {
        let now = begun.elapsed();
        if now >= office {
            town.office(&mut dice).await?;
            office = now + OFFICE_EVERY;
        }
        if now >= bundle {
            town.carry(&mut dice, mix.per_crew).await?;
            bundle = now + BUNDLE_EVERY;
        }
        // Those lost are the last of their crews: the first two carry bundles.
        if now >= change {
            change = now + CHANGE_EVERY;
            lost = lost.saturating_sub(mix.per_crew);
            if lost > 0
                && let Some(device) = town.crews.get(lost + mix.per_crew - 1)
            {
                town.lose(device).await?;
                let crew = crew_code(lost / mix.per_crew);
                let number = town.crews.len() + newcomers.len();
                newcomers.extend(town.enrol_crews(&[crew], number).await?);
                town.field.tally.deed("device enrolled in its place");
            }
        }
    }
    Ok(newcomers)
}

async fn sample(town: &Town, mut stop: Stop) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let begun = Instant::now();
    heading("   s    memory KiB  handles  streams  threads   ledger KiB     disk KiB    entries");
    loop {
        if pause(&mut stop, SAMPLE_EVERY).await {
            // Devices are closing their streams by now, and their handles a moment later: no sample to judge by.
            return Ok(samples);
        }
        let (usage, (ledger, disk)) = (town.server.usage()?, town.server.disk()?);
        let counts = metrics(&town.field).await?;
        let count = |name: &str| counts.get(name).copied().unwrap_or(0.0);
        let one = Sample {
            at_s: begun.elapsed().as_secs_f64(),
            rss: usage.rss_kib as f64 * 1024.0,
            handles: usage.handles as f64,
            streams: count("events_connections"),
            threads: usage.threads as f64,
            ledger: ledger as f64,
            disk: disk as f64,
            entries: count("ledger_records"),
        };
        println!(
            "{:>6.0} {:>11.0} {:>8.0} {:>8.0} {:>8.0} {:>12.0} {:>12.0} {:>10.0}",
            one.at_s,
            one.rss / 1024.0,
            one.handles,
            one.streams,
            one.threads,
            one.ledger / 1024.0,
            one.disk / 1024.0,
            one.entries
        );
        samples.push(one);
    }
}

/// What a line through the points rises by from the first to the last.
fn rise(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut over, mut under) = (0.0, 0.0);
    for (x, y) in points {
        over += (x - mean_x) * (y - mean_y);
        under += (x - mean_x).powi(2);
    }
    let span = points.last().map_or(0.0, |last| last.0) - points.first().map_or(0.0, |first| first.0);
    if under > 0.0 { over / under * span } else { 0.0 }
}

/// Holds the samples after the warm-up against what the data explains.
fn judge(samples: &[Sample], lasts: Duration) -> anyhow::Result<()> {
    let warm: Vec<Sample> =
        samples.iter().copied().filter(|one| one.at_s >= WARM_UP * lasts.as_secs_f64()).collect();
    ensure!(warm.len() >= 3, "too few samples to judge by: let it run for a few minutes at least");
    let rises =
        |pick: fn(&Sample) -> f64| rise(&warm.iter().map(|one| (one.at_s, pick(one))).collect::<Vec<_>>());
    let ledger = rises(|one| one.ledger).max(0.0);
    let last = warm[warm.len() - 1];
    let rows = [
        ("memory (KiB)", rises(|one| one.rss), MEMORY_FREE_BYTES + MEMORY_PER_LEDGER_BYTE * ledger, 1024.0),
        ("handles that are no stream", rises(|one| one.handles - one.streams), HANDLES_FREE, 1.0),
        ("threads", rises(|one| one.threads), THREADS_FREE, 1.0),
        (
            "disk (KiB, whole, at the end)",
            last.disk,
            DISK_FREE_BYTES + DISK_PER_LEDGER_BYTE * last.ledger,
            1024.0,
        ),
    ];
    heading("growth after the warm-up, by a line through the samples, and what the data explains");
    line("ledger (KiB)", &format!("{:.0}", ledger / 1024.0));
    let mut broken = Vec::new();
    for (what, found, allowed, unit) in rows {
        line(what, &format!("{:.1} (at most {:.1})", found / unit, allowed / unit));
        if found > allowed {
            broken.push(what);
        }
    }
    ensure!(broken.is_empty(), "grew by more than the data explains: {}", broken.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Sample, judge, rise};
    use std::time::Duration;

    fn samples(rss_a_step: f64, handles_a_step: f64) -> Vec<Sample> {
        let one = |step: f64| Sample {
            at_s: step * 10.0,
            rss: 50e6 + rss_a_step * step,
            handles: 100.0 + handles_a_step * step,
            streams: 50.0,
            threads: 8.0,
            ledger: 1e6 * step,
            disk: 4e6 * step,
            entries: step,
        };
        (0..100).map(|step| one(f64::from(step))).collect()
    }

    #[test]
    fn a_leak_is_found_and_what_data_explains_is_not() {
        let lasts = Duration::from_secs(1_000);
        assert!(judge(&samples(0.5e6, 0.0), lasts).is_ok());
        assert!(judge(&samples(2e6, 0.0), lasts).is_err());
        assert!(judge(&samples(0.0, 0.5), lasts).is_err());
        assert!(judge(&samples(0.0, 0.0)[..3], lasts).is_err());
    }

    #[test]
    fn a_line_rises_by_what_its_points_rise() {
        let points: Vec<(f64, f64)> = (0..50).map(|x| (f64::from(x), 3.0 * f64::from(x) + 7.0)).collect();
        assert!((rise(&points) - 147.0).abs() < 1e-6);
        assert!(rise(&[(1.0, 2.0)]).abs() < 1e-9);
    }
}
