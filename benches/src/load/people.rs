//! People: what is done in a town beside visits: the office decides, bundles are carried, devices come and go.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sync_core::replica::{Choice, ReplicaError};
use sync_core::view::lists::Filter;
use tokio::sync::watch;

use super::device::Device;
use super::dice::Dice;
use super::stream::{Ended, Stream};
use super::talk::{Field, Link};
use super::town::{Shared, Town, crew_code};

/// Reconsiders after a stream ended, at most.
const REOPEN_MS_MAX: u64 = 5_000;
/// How long after news a device syncs, at most: people are not machines.
const NEWS_JITTER_MS: u64 = 2_000;

/// Word to stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits, or hears that it is over; `true` if it is.
pub(crate) async fn pause(stop: &mut Stop, wait: Duration) -> bool {
    tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await.is_ok()
}

/// A device that listens for news and syncs when there is some, until it is over or it was revoked.
pub(crate) async fn listen(field: Arc<Field>, device: Shared, link: Link, mut stop: Stop, actor: u64) {
    let mut dice = Dice::of(field.seed, actor);
    loop {
        let ticket = device.lock().await.ticket.clone().unwrap_or_default();
        let mut stream = match Stream::open(field.address, &ticket).await {
            Ok(stream) => stream,
            Err(Ended::Refused(403)) => return field.tally.deed("stream of a revoked device refused"),
            Err(Ended::Refused(401)) => {
                // The ticket is too old: the next reply brings another.
                if let Err(error) = field.sync(&mut *device.lock().await, link).await {
                    field.tally.trouble(format!("exchange: {error}"));
                }
                if pause(&mut stop, dice.wait(REOPEN_MS_MAX)).await {
                    return;
                }
                continue;
            }
            Err(ended) => {
                field.tally.trouble(format!("stream: {ended:?}"));
                if pause(&mut stop, dice.wait(REOPEN_MS_MAX)).await {
                    return;
                }
                continue;
            }
        };
        loop {
            let heard = tokio::select! {
                heard = stream.news() => heard,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            if heard.is_err() {
                break;
            }
            field.tally.counts().news += 1;
            if pause(&mut stop, dice.wait(NEWS_JITTER_MS)).await {
                return;
            }
            let mut device = device.lock().await;
            stream.forget();
            if let Err(error) = field.sync(&mut device, link).await {
                field.tally.trouble(format!("exchange: {error}"));
            }
        }
        field.tally.deed("stream reopened");
    }
}

impl Town {
    /// One round of the office: dispatch syncs, moves an order to another crew, makes one urgent, resolves a clash;
    /// supervision decides about work that is held back.
    pub(crate) async fn office(&self, dice: &mut Dice) -> anyhow::Result<()> {
        let field = &self.field;
        let mut dispatch = self.dispatch.lock().await;
        field.sync(&mut dispatch, Link::Good).await?;
        let waiting = Filter { status: Some("assigned".into()), ..Filter::default() };
        let orders = field.think(|| dispatch.act(|book| Ok(book.view().order_list(&waiting)?))).await?;
        if !orders.is_empty() {
            let moved = &orders[dice.index(orders.len())];
            let crews = self.crews.len().div_ceil(2).max(1);
            let crew = crew_code(dice.index(crews));
            let known = field.think(|| dispatch.act(|book| book.assign(&moved.folio, &crew))).await;
            match known {
                // Fewer crews than pairs of devices: that one does not exist.
                Ok(()) => field.tally.deed("order assigned to another crew"),
                Err(ReplicaError::Unknown { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let clashes = field.think(|| dispatch.act(|book| Ok(book.view().conflicts()?))).await?;
        for clash in clashes.iter().take(3) {
            let (folio, name) = (clash.folio.clone(), clash.conflict.field.clone());
            let resolve = |book: &mut sync_core::replica::Replica<'_>| {
                book.resolve(&folio, &name, &Choice::Take(1), "decidido en despacho")
            };
            field.think(|| dispatch.act(resolve)).await?;
            field.tally.deed("conflict resolved");
        }
        self.clash(dice, &mut dispatch).await?;
        field.sync(&mut dispatch, Link::Good).await?;
        drop(dispatch);
        self.supervise().await
    }

    /// Dispatch and a crew say different things of one order, neither knowing of the other.
    async fn clash(&self, dice: &mut Dice, dispatch: &mut Device) -> anyhow::Result<()> {
        let (field, pick) = (&self.field, dice.next());
        // One that is busy, on a poor link perhaps, does not keep the office waiting.
        let Ok(mut device) = self.crews[dice.index(self.crews.len())].try_lock() else { return Ok(()) };
        field.think(|| device.look()).await?;
        let Some(folio) = device.waiting(pick) else { return Ok(()) };
        let said = field.think(|| device.set_cause(&folio, "joint")).await;
        let contradicted = field.think(|| dispatch.set_cause(&folio, "corrosion")).await;
        match (said, contradicted) {
            (Ok(()), Ok(())) => field.tally.deed("order that two describe differently"),
            // It moved to another crew, or its device was revoked: no clash then.
            (Err(error), _) | (_, Err(error)) if !error.is_refusal() => return Err(error.into()),
            _ => {}
        }
        field.sync(&mut device, Link::Good).await
    }

    async fn supervise(&self) -> anyhow::Result<()> {
        let field = &self.field;
        let mut supervisor = self.supervisor.lock().await;
        field.sync(&mut supervisor, Link::Good).await?;
        let held = field.think(|| supervisor.act(|book| Ok(book.view().quarantine()?))).await?;
        for item in held.iter().filter(|item| item.state == "held").take(4) {
            let seqs = [item.id];
            let decide = |book: &mut sync_core::replica::Replica<'_>| {
                if item.id % 2 == 0 {
                    book.release(&seqs, "trabajo real de quien lo hizo").map(drop)
                } else {
                    book.dismiss(&seqs, "no corresponde").map(drop)
                }
            };
            match field.think(|| supervisor.act(decide)).await {
                Ok(()) => field.tally.deed("held entry decided"),
                // What it builds on is quarantined too, or was dismissed.
                Err(_) => field.tally.deed("held entry left for later"),
            }
        }
        field.sync(&mut supervisor, Link::Good).await
    }

    /// Two of one crew meet where there is no signal: one carries the other's work to the server.
    pub(crate) async fn carry(&self, dice: &mut Dice, per_crew: usize) -> anyhow::Result<()> {
        let first = dice.index(self.crews.len()) / per_crew * per_crew;
        let (Some(author), Some(carrier)) = (self.crews.get(first), self.crews.get(first + 1)) else {
            return Ok(());
        };
        let field = &self.field;
        let mut author = author.lock().await;
        let pick = dice.next();
        field.think(|| author.visit(pick)).await?;
        let key = author.key();
        let bundle = field
            .think(|| {
                author.act(|book| {
                    let runs = book.bundle_runs()?.into_iter().map(|run| run.by(&key)).collect();
                    book.bundle_export(runs)
                })
            })
            .await?;
        drop(author);
        let mut carrier = carrier.lock().await;
        field.think(|| carrier.act(|book| book.bundle_import(&bundle.bytes))).await?;
        field.sync(&mut carrier, Link::Good).await.context("a carrier")?;
        field.tally.deed("bundle carried");
        Ok(())
    }

    /// A device is lost with work on it that was not handed in, is revoked, and turns up once more.
    pub(crate) async fn lose(&self, device: &Shared) -> anyhow::Result<()> {
        let field = &self.field;
        let mut device = device.lock().await;
        field.think(|| device.visit(1)).await?;
        let id = device.id().context("it is enrolled")?;
        let mut admin = self.admin.lock().await;
        field.sync(&mut admin, Link::Good).await?;
        field.think(|| admin.act(|book| book.revoke(&id, None, "se perdió"))).await?;
        field.sync(&mut admin, Link::Good).await?;
        drop(admin);
        field.sync(&mut device, Link::Good).await?;
        field.tally.deed("device revoked with unsent work");
        Ok(())
    }
}
