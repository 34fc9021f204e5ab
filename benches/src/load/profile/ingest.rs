//! Ingest: how many accepted changes a second become durable, and how long each acknowledgement takes. Packs and
//! signatures of the entries are made beforehand; requests are signed, and replies verified, while the clock runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use super::prepared::{Piece, Prepared};
use crate::load::audit::Told;
use crate::load::device::VISIT_CHANGES;
use crate::load::figures::{Figures, Window};
use crate::load::http::{Reply, Trouble, Wire};
use crate::load::talk::Field;
use crate::load::tally::Purpose;
use crate::load::town::Town;

/// As little as the coding allows: the processor is the server's.
const ZSTD_LEVEL: i32 = 1;
/// Orders made in one request before the clock runs.
const CREATIONS: u64 = 500;

/// What is handed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Visits of each device while the clock runs.
    pub(crate) visits: usize,
    /// Visits in one request.
    pub(crate) per_request: usize,
    /// Entries a second to offer, of all devices together; `None` sends the next request when the last is answered.
    pub(crate) offered_per_s: Option<f64>,
}

/// A device with what it will send.
pub(crate) struct Sender {
    device: Prepared,
    wire: Wire,
    pieces: Vec<Piece>,
}

/// Prepares every device of the town: orders made and accepted, visits packed and signed.
pub(crate) async fn prepare(town: &Town, plan: Plan) -> anyhow::Result<Vec<Sender>> {
    let mut senders = Vec::new();
    for device in &town.crews {
        let mut device = device.lock().await;
        let mut prepared = town.field.think(|| Prepared::new(&mut device)).await?;
        let mut wire = open(&town.field).await?;
        let mut left = plan.visits as u64;
        while left > 0 {
            let count = left.min(CREATIONS);
            let piece = town.field.think(|| prepared.creations(count)).await?;
            hand_in(&town.field, &mut wire, &mut prepared, &piece).await?;
            left -= count;
        }
        let mut pieces = Vec::new();
        for first in (0..plan.visits).step_by(plan.per_request) {
            let orders = first..(first + plan.per_request).min(plan.visits);
            pieces.push(town.field.think(|| prepared.visits(orders)).await?);
        }
        senders.push(Sender { device: prepared, wire, pieces });
    }
    Ok(senders)
}

/// Takes the second half of what each device has to send.
pub(crate) fn second_half(senders: &mut [Sender]) -> Vec<Vec<Piece>> {
    senders.iter_mut().map(|sender| sender.pieces.split_off(sender.pieces.len() / 2)).collect()
}

/// Gives each device more to send.
pub(crate) fn with(senders: Vec<Sender>, pieces: Vec<Vec<Piece>>) -> Vec<Sender> {
    senders.into_iter().zip(pieces).map(|(sender, pieces)| Sender { pieces, ..sender }).collect()
}

/// What each device was told of each of its entries.
pub(crate) fn told(senders: Vec<Sender>) -> Vec<Told> {
    senders.into_iter().flat_map(|sender| sender.device.into_told()).collect()
}

/// Sends everything. Answers the figures, and the devices in the order they had.
pub(crate) async fn run(
    town: &Town,
    plan: Plan,
    senders: Vec<Sender>,
) -> anyhow::Result<(Figures, Vec<Sender>)> {
    let count = senders.len() as f64;
    let every = plan.offered_per_s.map(|rate| {
        let per_request = plan.per_request as f64 * VISIT_CHANGES as f64;
        Duration::from_secs_f64(per_request * count / rate)
    });
    let mut ready = Vec::new();
    for sender in senders {
        // The server closed the connection of the preparation while the others were being prepared.
        ready.push(Sender { wire: open(&town.field).await?, ..sender });
    }
    let window = Window::open(&town.server, &town.field).await?;
    let mut under_way = JoinSet::new();
    for (number, mut sender) in ready.into_iter().enumerate() {
        let field = Arc::clone(&town.field);
        under_way.spawn(async move {
            // Spread over the interval, so that they do not come all at once for ever.
            let begun = Instant::now() + every.unwrap_or_default().mul_f64(number as f64 / count);
            for (turn, piece) in (0..).zip(std::mem::take(&mut sender.pieces)) {
                let due = every.map(|every| begun + every * turn);
                if let Some(due) = due {
                    tokio::time::sleep_until(due.into()).await;
                }
                send(&field, &mut sender, &piece, due).await?;
            }
            anyhow::Ok((number, sender, Instant::now()))
        });
    }
    let (mut done, mut ended) = (Vec::new(), Instant::now());
    while let Some(one) = under_way.join_next().await {
        let (number, sender, at) = one??;
        done.push((number, sender));
        ended = at;
    }
    let figures = window.close(&town.server, &town.field, Some(ended)).await?;
    done.sort_by_key(|(number, _)| *number);
    Ok((figures, done.into_iter().map(|(_, sender)| sender).collect()))
}

/// Sends a piece and takes its acknowledgement. Time counts from when it was due, if it was due earlier.
async fn send(field: &Field, sender: &mut Sender, piece: &Piece, due: Option<Instant>) -> anyhow::Result<()> {
    let begun = due.unwrap_or_else(Instant::now);
    let before = sender.device.anchor().size;
    let reply = hand_in(field, &mut sender.wire, &mut sender.device, piece).await?;
    ensure!(
        sender.device.anchor().size >= before + piece.entries,
        "the log did not grow by what was handed in"
    );
    field.tally.answer(Purpose::Push, begun.elapsed(), reply.up, reply.down);
    Ok(())
}

async fn hand_in(
    field: &Field,
    wire: &mut Wire,
    device: &mut Prepared,
    piece: &Piece,
) -> anyhow::Result<Reply> {
    loop {
        let request = device.request(piece);
        let ticket = device.ticket().map(String::from);
        match wire.post("/v1/sync", &request, ticket.as_deref()).await {
            Ok(reply) => {
                device.hear(&request, &reply.frame)?;
                return Ok(reply);
            }
            Err(trouble @ Trouble::Refused { retry_after_s: Some(seconds), .. }) => {
                field.tally.trouble(trouble.kind());
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            Err(trouble) => anyhow::bail!("a prepared request failed: {trouble:?}"),
        }
    }
}

async fn open(field: &Field) -> anyhow::Result<Wire> {
    let wire = Wire::open(field.address, None, ZSTD_LEVEL).await;
    wire.map_err(|trouble| anyhow::anyhow!("{trouble:?}")).context("no connection")
}
