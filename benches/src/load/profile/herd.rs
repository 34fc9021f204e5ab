//! Herd: a valley's tower comes back. Everybody worked offline and connects within seconds, streams too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::load::dice::Dice;
use crate::load::figures::{Figures, Window};
use crate::load::people::listen;
use crate::load::talk::Link;
use crate::load::town::Town;

/// How long after the last device was told everything the streams stay: the herd's own news goes round.
const AFTER: Duration = Duration::from_secs(3);

/// Runs it: `visits` of each device wait, everybody comes within `within`. Answers the figures and how long it took
/// until the last one had its acknowledgement.
pub(crate) async fn run(town: &Town, visits: u64, within: Duration) -> anyhow::Result<(Figures, Duration)> {
    let mut dice = Dice::of(town.field.seed, u64::MAX);
    for device in &town.crews {
        let mut device = device.lock().await;
        for _ in 0..visits {
            let pick = dice.next();
            town.field.think(|| device.visit(pick)).await?;
        }
    }
    let (over, stop) = watch::channel(false);
    let window = Window::open(&town.server, &town.field).await?;
    let begun = Instant::now();
    let (mut arriving, mut listeners) = (JoinSet::new(), JoinSet::new());
    for (number, device) in town.crews.iter().enumerate() {
        let wait = within.mul_f64(dice.below(1_000) as f64 / 1_000.0);
        let (field, shared) = (Arc::clone(&town.field), Arc::clone(device));
        arriving.spawn(async move {
            tokio::time::sleep(wait).await;
            let mut device = shared.lock().await;
            // It gives up after a while, as a device does; a person syncs it again.
            while let Err(error) = field.sync(&mut device, Link::Good).await {
                field.tally.trouble(format!("exchange: {error}"));
            }
        });
        let (field, shared, stop) = (Arc::clone(&town.field), Arc::clone(device), stop.clone());
        listeners.spawn(async move {
            tokio::time::sleep(wait).await;
            listen(field, shared, Link::Good, stop, number as u64).await;
        });
    }
    while arriving.join_next().await.is_some() {}
    let took = begun.elapsed();
    tokio::time::sleep(AFTER).await;
    let figures = window.close(&town.server, &town.field, None).await?;
    over.send_replace(true);
    while listeners.join_next().await.is_some() {}
    town.drain(&town.everybody()).await?;
    Ok((figures, took))
}
