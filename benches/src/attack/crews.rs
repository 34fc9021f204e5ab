//! Crews: enrolled devices that work and sync all the time, and whether each got through.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sync_core::id::DeviceId;
use tokio::task::JoinSet;

use crate::load::dice::Dice;
use crate::load::talk::{Field, Link, field};
use crate::load::tally::percentile_ms;
use crate::load::town::{Shared, Town};

/// How long a crew waits before it syncs again, at most.
const PAUSE_MS_MAX: u64 = 400;

/// What became of the crews' syncs.
#[derive(Debug, Default)]
pub(super) struct Syncs {
    took_us: Vec<u32>,
    /// Why syncs ended without success.
    failed: Vec<String>,
    /// What single requests met before their sync got through.
    troubles: Vec<(String, u64)>,
}

impl fmt::Display for Syncs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut took = self.took_us.clone();
        let (half, most) = (percentile_ms(&mut took, 0.5), percentile_ms(&mut took, 0.99));
        let longest = percentile_ms(&mut took, 1.0);
        write!(
            f,
            "{} done, {} failed; ms: half {half:.0}, 99 % {most:.0}, longest {longest:.0}; met {:?}",
            took.len(),
            self.failed.len(),
            self.troubles
        )
    }
}

impl Syncs {
    /// Holds crews to what they may expect.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(!self.took_us.is_empty(), "no crew synced");
        ensure!(self.failed.is_empty(), "crews were turned away: {:?}", self.failed);
        let refused = self.troubles.iter().find(|(kind, _)| !kind.starts_with("link"));
        ensure!(refused.is_none(), "the server refused a crew: {refused:?}");
        Ok(())
    }
}

/// The first `count` crews work and sync for so long.
pub(super) async fn sync_for(town: &Town, count: usize, lasts: Duration) -> anyhow::Result<Syncs> {
    let of_crews = field(town.field.address, town.field.seed);
    let until = Instant::now() + lasts;
    let mut under_way = JoinSet::new();
    for (number, device) in (0..).zip(&town.crews[..count]) {
        under_way.spawn(one(Arc::clone(&of_crews), Arc::clone(device), until, number));
    }
    let mut syncs = Syncs::default();
    while let Some(done) = under_way.join_next().await {
        let (took, failed) = done??;
        syncs.took_us.extend(took);
        syncs.failed.extend(failed);
    }
    syncs.troubles = of_crews.tally.counts().troubles.clone().into_iter().collect();
    Ok(syncs)
}

async fn one(
    field: Arc<Field>,
    device: Shared,
    until: Instant,
    number: u64,
) -> anyhow::Result<(Vec<u32>, Vec<String>)> {
    let mut dice = Dice::of(field.seed, number);
    let (mut took, mut failed) = (Vec::new(), Vec::new());
    while Instant::now() < until {
        let mut device = device.lock().await;
        let pick = dice.next();
        field.think(|| device.visit(pick)).await?;
        let begun = Instant::now();
        match field.sync(&mut device, Link::Good).await {
            Ok(()) => took.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX)),
            Err(error) => failed.push(error.to_string()),
        }
        drop(device);
        tokio::time::sleep(dice.wait(PAUSE_MS_MAX)).await;
    }
    Ok((took, failed))
}

/// The ids of the first `count` crews.
pub(super) async fn ids(town: &Town, count: usize) -> anyhow::Result<Vec<DeviceId>> {
    let mut ids = Vec::new();
    for device in &town.crews[..count] {
        ids.push(device.lock().await.id().context("it is enrolled")?);
    }
    Ok(ids)
}
