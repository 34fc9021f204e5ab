//! Talk: how a device exchanges with the server until neither side has more; what it tries again, and how.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use sync_core::limits::{MESSAGE_BYTES_AIM, MESSAGE_BYTES_AIM_POOR};
use sync_core::replica::sync::request::Shape;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

use super::device::Device;
use super::dice::Dice;
use super::http::{Reply, Trouble, Wire};
use super::link::Poor;
use super::tally::{Purpose, Tally};

/// As `crew` does it.
const ZSTD_LEVEL: i32 = 9;
/// Round trips of one exchange before it is called stuck.
const TRIPS_MAX: u32 = 2_000;
/// Failed tries in a row before a device gives up for this time.
const TRIES_MAX: u32 = 12;
/// Longest wait between two tries.
const WAIT_S_MAX: u64 = 10;

/// What all devices share.
pub(crate) struct Field {
    /// Where the server is.
    pub(crate) address: SocketAddr,
    /// What is counted.
    pub(crate) tally: Tally,
    /// Turns at the processor: phones think on their own in the world, here they share cores with the server.
    pub(crate) turns: Semaphore,
    /// The run's seed.
    pub(crate) seed: u64,
}

/// How good the link is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Link {
    /// As it is.
    Good,
    /// Poor, and out of a hundred connections so many die on the way.
    Poor {
        /// Speed and delay.
        poor: Poor,
        /// Connections of a hundred that die.
        dies_percent: u64,
    },
}

impl Link {
    fn draw(self, dice: &mut Dice) -> Option<Poor> {
        let Self::Poor { mut poor, dies_percent } = self else { return None };
        if dice.percent(dies_percent) {
            let bytes = 1 + dice.index(1_500);
            // In the middle of the request, or of the answer.
            if dice.percent(50) {
                poor.dies_up = Some(bytes);
            } else {
                poor.dies_down = Some(bytes);
            }
        }
        Some(poor)
    }

    fn aim_bytes(self) -> usize {
        match self {
            Self::Good => MESSAGE_BYTES_AIM,
            Self::Poor { .. } => MESSAGE_BYTES_AIM_POOR,
        }
    }
}

/// One exchange under way.
struct Trip<'f> {
    field: &'f Field,
    link: Link,
    dice: Dice,
    wire: Option<Wire>,
    spell_out: bool,
    failed: u32,
}

impl Field {
    /// Lets a device think, when it is its turn.
    pub(crate) async fn think<T>(&self, think: impl FnOnce() -> T) -> T {
        let _turn = self.turns.acquire().await.ok();
        block_in_place(think)
    }

    /// Enrols a device with a code.
    pub(crate) async fn enrol(&self, device: &mut Device, code: &str) -> anyhow::Result<()> {
        let (url, key, name) = (format!("http://{}", self.address), device.key(), device.name.clone());
        let request = self
            .think(|| {
                device.act(|book| {
                    book.enrol_start(&url, code, &name)?;
                    let signed = book.enrolment(&key.public())?.by(&key);
                    Ok(signed.into_draft()?.by(&key).into_frame())
                })
            })
            .await?;
        let mut trip = self.trip(Link::Good, &name);
        let begun = Instant::now();
        loop {
            match trip.post("/v1/enrol", &request).await {
                Ok(reply) => {
                    self.tally.answer(Purpose::Enrol, begun.elapsed(), reply.up, reply.down);
                    let finish =
                        || device.act(|book| book.enrol_finish(&key.public(), &request, &reply.frame));
                    self.think(finish).await?;
                    return Ok(());
                }
                Err(trouble) => trip.wait_after(trouble).await.context("a device cannot enrol")?,
            }
        }
    }

    fn trip(&self, link: Link, name: &str) -> Trip<'_> {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let actor = name.bytes().fold(u64::from(nanos.subsec_nanos()), |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let dice = Dice::of(self.seed, actor);
        Trip { field: self, link, dice, wire: None, spell_out: false, failed: 0 }
    }

    /// Exchanges until neither side has more.
    ///
    /// # Errors
    /// If the link stays bad (the device then still has everything), or the reply is not the server's.
    pub(crate) async fn sync(&self, device: &mut Device, link: Link) -> anyhow::Result<()> {
        let (key, name) = (device.key(), device.name.clone());
        let mut trip = self.trip(link, &name);
        for _ in 0..TRIPS_MAX {
            let spell_out = trip.spell_out;
            let shape = Shape { aim_bytes: link.aim_bytes(), spell_out };
            let request = self
                .think(|| {
                    device.act(|book| {
                        let own = book.own_entries(shape)?.map(|own| own.by(&key));
                        Ok(book.request(own, shape)?.by(&key).into_request())
                    })
                })
                .await?;
            let purpose = if request.own + request.carried > 0 { Purpose::Push } else { Purpose::Pull };
            let begun = Instant::now();
            let reply = match trip.post("/v1/sync", &request.frame).await {
                Ok(reply) => reply,
                Err(Trouble::Refused { last_attempt: Some(last), code, .. }) => {
                    // The answer to an earlier try got lost on the way; the number it took stays taken.
                    self.tally.trouble(format!("409 {code}"));
                    device.act(|book| book.skip_attempts(last))?;
                    continue;
                }
                Err(Trouble::Refused { code, status, .. }) if !spell_out && is_short_name(&code) => {
                    self.tally.trouble(format!("{status} {code}"));
                    trip.spell_out = true;
                    continue;
                }
                Err(trouble) => {
                    trip.wait_after(trouble).await?;
                    continue;
                }
            };
            trip.failed = 0;
            self.tally.answer(purpose, begun.elapsed(), reply.up, reply.down);
            let heard = || device.act(|book| book.on_reply(&request, &reply.frame));
            let exchanged = self.think(heard).await?;
            let mut counts = self.tally.counts();
            counts.accepted += exchanged.accepted;
            counts.held += exchanged.quarantined.len() as u64;
            counts.pulled += exchanged.pulled;
            counts.differs += u64::from(!exchanged.differs.is_empty());
            counts.parted += u64::from(exchanged.split.is_some());
            drop(counts);
            if !exchanged.more {
                return Ok(());
            }
        }
        bail!("{name} exchanges without end")
    }
}

/// The server's words for changes it does not know, or knows otherwise, by their short names.
fn is_short_name(code: &str) -> bool {
    matches!(code, "unknown_reference" | "bad_chain")
}

impl Trip<'_> {
    async fn post(&mut self, path: &str, frame: &[u8]) -> Result<Reply, Trouble> {
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => Wire::open(self.field.address, self.link.draw(&mut self.dice), ZSTD_LEVEL).await?,
        };
        let reply = wire.post(path, frame).await?;
        self.wire = Some(wire);
        Ok(reply)
    }

    /// Counts what went wrong and waits as told, or as a device does by itself.
    async fn wait_after(&mut self, trouble: Trouble) -> anyhow::Result<()> {
        self.field.tally.trouble(trouble.kind());
        self.failed += 1;
        let told_s = match &trouble {
            Trouble::Refused { retry_after_s: Some(seconds), .. } => *seconds,
            Trouble::Refused { status, .. } if *status < 500 => bail!("the server refuses: {trouble:?}"),
            _ => 0,
        };
        if self.failed >= TRIES_MAX {
            bail!("gave up for now: {trouble:?}");
        }
        let wait = Duration::from_secs(told_s.min(WAIT_S_MAX)) + self.dice.wait(1_000);
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A field for a run.
pub(crate) fn field(address: SocketAddr, seed: u64) -> Arc<Field> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let turns = Semaphore::new((cores / 2).max(1));
    Arc::new(Field { address, tally: Tally::default(), turns, seed })
}
