//! Steady: visits at a constant rate, everybody listening for news, the office at work; and the same with a share of
//! the links so poor that they carry a kilobyte a second, two seconds late, and die under way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::load::dice::Dice;
use crate::load::figures::{Figures, Window};
use crate::load::link::Poor;
use crate::load::people::{Stop, listen, pause};
use crate::load::talk::{Field, Link};
use crate::load::town::{Shared, Town};

/// How often the office works.
const OFFICE_EVERY: Duration = Duration::from_secs(3);
/// How often a person carries a bundle.
const BUNDLE_EVERY: Duration = Duration::from_secs(4);

/// What a mix is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    /// Visits a second, of all devices together.
    pub(crate) visits_per_s: f64,
    /// How long.
    pub(crate) lasts: Duration,
    /// Devices of a crew.
    pub(crate) per_crew: usize,
    /// Links of a hundred that are poor.
    pub(crate) poor_percent: u64,
}

impl Mix {
    /// The link that a device has for the whole run.
    pub(crate) fn link(&self, number: usize) -> Link {
        if (number as u64 * 37) % 100 >= self.poor_percent {
            return Link::Good;
        }
        let poor = Poor { bytes_per_s: 1_000, delay: Duration::from_secs(1), dies_up: None, dies_down: None };
        Link::Poor { poor, dies_percent: 25 }
    }
}

/// Runs the mix; everybody hands in what is left before it ends. The figures are of the time before that.
pub(crate) async fn run(town: &Town, mix: Mix) -> anyhow::Result<Figures> {
    let (over, stop) = watch::channel(false);
    let mut listeners = JoinSet::new();
    for (number, device) in town.crews.iter().enumerate() {
        let (field, device) = (Arc::clone(&town.field), Arc::clone(device));
        listeners.spawn(listen(field, device, mix.link(number), stop.clone(), number as u64));
    }
    let window = Window::open(&town.server, &town.field).await?;
    let (visits, office, bundles, ()) = tokio::join!(
        visits(town, mix, stop.clone()),
        office(town, stop.clone()),
        bundles(town, mix.per_crew, stop.clone()),
        async {
            tokio::time::sleep(mix.lasts).await;
            over.send_replace(true);
        }
    );
    visits?;
    office?;
    bundles?;
    let figures = window.close(&town.server, &town.field, None).await?;
    while listeners.join_next().await.is_some() {}
    town.drain(&town.everybody()).await?;
    Ok(figures)
}

/// Visits at the rate asked for, whether or not the ones before are done: as the world does it.
pub(crate) async fn visits(town: &Town, mix: Mix, mut stop: Stop) -> anyhow::Result<()> {
    let mut dice = Dice::of(town.field.seed, u64::MAX);
    let at_once = Arc::new(Semaphore::new(town.crews.len()));
    let mut under_way = JoinSet::new();
    let begun = Instant::now();
    let mut due_s = 0.0;
    loop {
        due_s += 1.0 / mix.visits_per_s;
        let due = Duration::from_secs_f64(due_s).saturating_sub(begun.elapsed());
        if pause(&mut stop, due).await {
            break;
        }
        while under_way.try_join_next().is_some() {}
        let number = dice.index(town.crews.len());
        let Ok(place) = Arc::clone(&at_once).try_acquire_owned() else {
            town.field.tally.deed("visit left out: every device busy");
            continue;
        };
        let (field, device) = (Arc::clone(&town.field), Arc::clone(&town.crews[number]));
        let (link, pick) = (mix.link(number), dice.next());
        under_way.spawn(async move {
            if let Err(error) = visit(&field, &device, link, pick).await {
                field.tally.trouble(format!("visit: {error}"));
            }
            drop(place);
        });
    }
    while under_way.join_next().await.is_some() {}
    Ok(())
}

async fn visit(field: &Field, device: &Shared, link: Link, pick: u64) -> anyhow::Result<()> {
    let mut device = device.lock().await;
    field.think(|| device.look()).await?;
    field.think(|| device.visit(pick)).await?;
    field.tally.deed("visit");
    field.sync(&mut device, link).await
}

async fn office(town: &Town, mut stop: Stop) -> anyhow::Result<()> {
    let mut dice = Dice::of(town.field.seed, u64::MAX - 1);
    while !pause(&mut stop, OFFICE_EVERY).await {
        town.office(&mut dice).await?;
    }
    Ok(())
}

async fn bundles(town: &Town, per_crew: usize, mut stop: Stop) -> anyhow::Result<()> {
    let mut dice = Dice::of(town.field.seed, u64::MAX - 2);
    while !pause(&mut stop, BUNDLE_EVERY).await {
        town.carry(&mut dice, per_crew).await?;
    }
    Ok(())
}
