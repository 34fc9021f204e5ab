//! Talk: how a device exchanges with the server until neither side has more; what it tries again, and how.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use sync_core::invitation::InvitedBy;
use sync_core::limits::{MESSAGE_BYTES_AIM, MESSAGE_BYTES_AIM_POOR};
use sync_core::replica::Replica;
use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Goal, Invited, Route, Step, Terms};
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

use super::device::Device;
use super::dice::Dice;
use super::http::{Reply, Trouble, Wire};
use super::link::Poor;
use super::tally::{Purpose, Tally};

/// As `crew` does it.
const ZSTD_LEVEL: i32 = 9;
/// Failed tries in a row before a device gives up for this time: it may not lose what a run counts on.
const TRIES_MAX: u32 = 12;
/// How long one exchange waits in all.
const WAIT_MS_MAX: u64 = 600_000;

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

/// One exchange under way: a connection, and luck.
struct Trip<'f> {
    field: &'f Field,
    link: Link,
    dice: Dice,
    wire: Option<Wire>,
}

impl Field {
    /// Lets a device think, when it is its turn.
    pub(crate) async fn think<T>(&self, think: impl FnOnce() -> T) -> T {
        let _turn = self.turns.acquire().await.ok();
        block_in_place(think)
    }

    /// Enrols a device.
    pub(crate) async fn enrol(&self, device: &mut Device, by: InvitedBy) -> anyhow::Result<()> {
        let (url, name) = (format!("http://{}", self.address), device.name.clone());
        let invited = Invited { url, by, name, office: None };
        match self.drive(device, Goal::Enrol(invited), Link::Good).await? {
            End::Enrolled(_) => Ok(()),
            end => bail!("a device cannot enrol: {end:?}"),
        }
    }

    /// Exchanges until neither side has more.
    ///
    /// # Errors
    /// If the link stays bad (the device then still has everything), or the reply is not the server's.
    pub(crate) async fn sync(&self, device: &mut Device, link: Link) -> anyhow::Result<()> {
        match self.drive(device, Goal::Sync, link).await? {
            End::Finished => Ok(()),
            end => bail!("{}: {end:?}", device.name),
        }
    }

    fn trip(&self, link: Link, name: &str) -> Trip<'_> {
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let actor = name.bytes().fold(u64::from(nanos.subsec_nanos()), |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Trip { field: self, link, dice: Dice::of(self.seed, actor), wire: None }
    }

    /// Does what the driver says until the exchange has ended, and counts it.
    async fn drive(&self, device: &mut Device, goal: Goal, link: Link) -> anyhow::Result<End> {
        let terms = Terms {
            aim_bytes: link.aim_bytes(),
            tries_max: TRIES_MAX,
            wait_ms_max: WAIT_MS_MAX,
            ..Terms::default()
        };
        let mut driver = Driver::new(goal, terms);
        let mut trip = self.trip(link, &device.name);
        let (mut purpose, mut event) = (Purpose::Pull, Event::Begin);
        let seed = device.seed;
        let end = loop {
            event = match driver.next(event)? {
                Step::Append => {
                    let write = |book: &mut Replica<'_>| {
                        driver.write_signing(book, |to_sign| {
                            purpose = Purpose::Push;
                            to_sign.by(&to_sign.key.of_seed(&seed))
                        })
                    };
                    Event::Kept(self.think(|| device.act(write)).await?)
                }
                Step::Key(name) => Event::Key(name.of_seed(&seed).public()),
                Step::Sign(to_sign) => {
                    Event::Signed(self.think(|| to_sign.by(&to_sign.key.of_seed(&seed))).await)
                }
                Step::Post { route, frame } => {
                    let purpose = match route {
                        Route::Sync => std::mem::replace(&mut purpose, Purpose::Pull),
                        Route::Preview | Route::Enrol => Purpose::Enrol,
                    };
                    device.ticket = driver.outcome().ticket.clone().or(device.ticket.take());
                    Event::Answered(trip.post(route, &frame, purpose, device.ticket.as_deref()).await)
                }
                Step::Wait { ms, .. } => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Event::Woke
                }
                Step::Done(end) => break end,
            };
        };
        let outcome = driver.outcome();
        device.ticket = outcome.ticket.clone().or(device.ticket.take());
        let mut counts = self.tally.counts();
        counts.accepted += outcome.accepted;
        counts.held += outcome.quarantined.len() as u64;
        counts.pulled += outcome.pulled;
        counts.differs += u64::from(!outcome.differs.is_empty());
        counts.parted += u64::from(outcome.split.is_some());
        drop(counts);
        Ok(end)
    }
}

impl Trip<'_> {
    /// Sends one message, and counts what came of it.
    async fn post(&mut self, route: Route, frame: &[u8], purpose: Purpose, ticket: Option<&str>) -> Answer {
        let begun = Instant::now();
        match self.send(route.path(), frame, ticket).await {
            Ok(Reply { frame, up, down }) => {
                self.field.tally.answer(purpose, begun.elapsed(), up, down);
                Answer::Reply { frame, bytes_up: up, bytes_down: down }
            }
            Err(trouble) => {
                self.field.tally.trouble(trouble.kind());
                match trouble {
                    Trouble::Link(_) => Answer::Cut,
                    Trouble::Refused { status: 429 | 500.., retry_after_s, .. } => {
                        Answer::Busy { retry_after_s }
                    }
                    Trouble::Refused { code, last_attempt, .. } => Answer::Refused { code, last_attempt },
                }
            }
        }
    }

    async fn send(&mut self, path: &str, frame: &[u8], ticket: Option<&str>) -> Result<Reply, Trouble> {
        let mut wire = match self.wire.take() {
            Some(wire) => wire,
            None => Wire::open(self.field.address, self.link.draw(&mut self.dice), ZSTD_LEVEL).await?,
        };
        let reply = wire.post(path, frame, ticket).await?;
        self.wire = Some(wire);
        Ok(reply)
    }
}

/// A field for a run.
pub(crate) fn field(address: SocketAddr, seed: u64) -> Arc<Field> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let turns = Semaphore::new((cores / 2).max(1));
    Arc::new(Field { address, tally: Tally::default(), turns, seed })
}
