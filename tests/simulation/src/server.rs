//! Server: one municipality's hub over its store. It checks each request as it arrives; what has gathered goes through
//! the production committer, one step at a time, with other things happening between the steps.

mod commit;
mod photos;
mod planted;

pub use commit::attempt_of;
pub use photos::{PhotoCounts, Photos};

use std::cell::RefCell;
use std::collections::BTreeMap;

use engine::committer::{Committer, Judged, View, catch_up};
use store::{IndexReason, StoreError};
use store_disk::{LedgerOptions, LedgerReader, Notices};
use sync_core::hub::rights::judge_by_rights;
use sync_core::hub::{Checked, Foundation, Hub, HubError, Quotas, RequestError, found};
use sync_core::id::DeviceId;
use sync_core::invitation::LinkSecret;
use sync_core::people::PeopleBook;
use sync_core::rows::{Rows, RowsError, read};
use sync_core::state::local::Asked;

use crate::book::Book;
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::Stop;
use crate::kept::Kept;
use crate::medium::{Copy, IndexLosses, Medium, SimIndex, SimLog, SimRows, open_store};

/// A rule file: its name and its JSON.
pub type RuleFile = (String, String);

/// What a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A reply frame.
    Frame(Vec<u8>),
    /// An error, with the code that devices act upon.
    Refused {
        /// The stable word.
        code: String,
        /// With `replayed`: the highest number seen.
        last_attempt: Option<u64>,
    },
    /// Something that is no server of ours: a login page, half a reply.
    Foreign(Vec<u8>),
}

impl Answer {
    /// An error without more words.
    pub fn refused(code: &str) -> Self {
        Self::Refused { code: code.into(), last_attempt: None }
    }
}

/// The two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Push and pull.
    Sync,
    /// A question about an invitation.
    Preview,
    /// A new device.
    Enrol,
}

/// A request that was checked and waits for the committer.
pub struct Job {
    ticket: u64,
    message: Message,
    checked: Checked,
    frame: Vec<u8>,
}

/// A request at the committer.
struct Ticket {
    /// Where the answer goes.
    ticket: u64,
    message: Message,
    frame: Vec<u8>,
}

/// What an open server holds.
struct Running {
    committer: Committer<SimLog, SimIndex>,
    /// The index alone.
    rows: SimRows,
    /// What readers see.
    view: View<LedgerReader, SimRows>,
    /// The readers' hub: it changes when the hub itself acted.
    hub: Hub,
    /// A batch that is judged, and waits for the disk.
    judged: Option<Judged<Ticket>>,
}

/// Counts of what a server did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests answered with a frame.
    pub answered: u64,
    /// Requests refused.
    pub refused: u64,
    /// Batches of more than one request.
    pub shared_batches: u64,
    /// Times the process was started.
    pub starts: u64,
    /// Times it began a new epoch by itself at its start.
    pub epochs: u64,
    /// Torn tails cut.
    pub tails: u64,
    /// Indexes set aside.
    pub set_aside: u64,
}

/// One municipality's server.
pub struct Server {
    /// Its INEGI key.
    pub municipality: u32,
    seed: [u8; 32],
    /// Its disk and index.
    pub medium: Medium,
    options: LedgerOptions,
    /// The lines it was told are durable.
    pub kept: Kept,
    /// Its ledger, as the model reads it.
    pub book: Book,
    running: Option<Running>,
    queue: Vec<Job>,
    bug: Option<Bug>,
    /// The rule files that are to be in force.
    pub rules: Vec<RuleFile>,
    dice: Dice,
    /// Highest attempt taken of each device, as the model knows.
    attempts: BTreeMap<DeviceId, u64>,
    /// The names that devices brought, in a file of their own.
    people: RefCell<PeopleBook>,
    /// Its photos.
    pub photos: Photos,
    /// The newest backup.
    pub backup: Option<Copy>,
    /// How far its clock is off.
    pub clock_off_ms: i64,
    /// Whether it can see that its disk is full before it writes.
    pub sees_space: bool,
    /// The first administrator's invitation.
    pub admin: LinkSecret,
    /// How much a device may fill.
    pub quotas: Quotas,
    /// What a device may bring in a day, until the story is over.
    pub share_bytes: u64,
    /// From which ledger number on that is no longer looked at.
    pub lifted_at: u64,
    /// Counts.
    pub counts: Counts,
    /// Starts in a row that the disk did not let it make.
    pub starts_failed: u32,
    /// What its index lost.
    pub losses: IndexLosses,
}

/// What a new server is made of.
pub struct Founding<'f> {
    /// INEGI key.
    pub municipality: u32,
    /// Name.
    pub name: &'f str,
    /// Letters of folios.
    pub prefix: &'f str,
    /// Rule files.
    pub rules: Vec<RuleFile>,
    /// A new chunk of the ledger begins after so many bytes.
    pub chunk_bytes_max: u64,
    /// Chance.
    pub dice: Dice,
    /// The clock.
    pub now_ms: i64,
    /// How much a device may fill.
    pub quotas: Quotas,
    /// A planted mistake.
    pub bug: Option<Bug>,
}

fn breaks(what: &str, error: &dyn std::fmt::Display) -> Broken {
    Property::NothingBreaks.broken(format!("{what}: {error}"))
}

impl Server {
    /// Founds a municipality, as `init` does, and starts its server.
    pub fn found(founding: Founding<'_>) -> Result<Self, Broken> {
        let Founding { municipality, name, prefix, rules, chunk_bytes_max, mut dice, now_ms, quotas, bug } =
            founding;
        let seed = dice.bytes::<32>();
        let founded = found(&Foundation {
            municipality,
            name,
            folio_prefix: prefix,
            utc_offset: sync_core::time::UtcOffset::usual(14_061),
            seed: &seed,
            entropy: &dice.bytes::<64>(),
            has_code: false,
            now_ms,
        });
        let medium = Medium::default();
        let mut server = Self {
            municipality,
            seed,
            photos: Photos::on(medium.disk.clone(), bug),
            medium,
            options: LedgerOptions { chunk_bytes_max, ..LedgerOptions::default() },
            kept: Kept::default(),
            book: Book::default(),
            running: None,
            queue: Vec::new(),
            bug,
            rules,
            dice,
            attempts: BTreeMap::new(),
            people: RefCell::default(),
            backup: None,
            clock_off_ms: 0,
            sees_space: true,
            admin: founded.admin.secret,
            counts: Counts::default(),
            starts_failed: 0,
            losses: IndexLosses::default(),
            quotas,
            share_bytes: quotas.crew_day_bytes,
            lifted_at: u64::MAX,
        };
        let opened = open_store(&server.medium, &server.options);
        let (mut store, _) = opened.map_err(|error| breaks("a new store", &error))?;
        store.append(&founded.lines).map_err(|error| breaks("the founding", &error))?;
        server.kept.add(&founded.lines);
        server.kept.tell();
        drop(store);
        server.plant();
        server.start(now_ms)?;
        Ok(server)
    }

    /// The server's key, for who plays the server.
    pub fn key(&self) -> sync_core::crypto::SecretKey {
        sync_core::crypto::SecretKey::from_seed(&self.seed)
    }

    /// Whether it is open.
    pub fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Its rows, while it is open.
    pub fn rows(&self) -> Option<&SimRows> {
        self.running.as_ref().map(|running| &running.rows)
    }

    /// Its ledger, while it is open.
    pub fn reader(&self) -> Option<LedgerReader> {
        self.running.as_ref().map(|running| running.view.lines.clone())
    }

    /// Chunk files of the ledger with their sizes.
    pub fn chunks(&self) -> Vec<(std::path::PathBuf, usize)> {
        self.running.as_ref().map(|_| self.medium.chunks()).unwrap_or_default()
    }

    /// Its clock.
    pub fn clock(&self, now_ms: i64) -> i64 {
        now_ms + self.clock_off_ms
    }

    /// Stops, in whatever it was doing. Who waits for an answer gets none.
    pub fn stop(&mut self, how: Stop, dice: &mut Dice) {
        self.running = None;
        self.queue.clear();
        self.photos.forget();
        let losses = self.medium.stop(how, dice);
        self.losses.rolled_back += losses.rolled_back;
        self.losses.lost += losses.lost;
        self.losses.broken += losses.broken;
    }

    /// Stops cleanly.
    pub fn close(&mut self) {
        self.queue.clear();
        self.photos.forget();
        if let Some(running) = self.running.take() {
            drop(running.committer.close());
        }
    }

    /// Starts: opens the store, folds what the index lacks, begins a new epoch where something was lost. `false` if
    /// the disk does not let it.
    pub fn start(&mut self, now_ms: i64) -> Result<bool, Broken> {
        self.counts.starts += 1;
        match self.open(now_ms) {
            Ok(()) => {
                self.look_after(now_ms)?;
                Ok(self.is_up())
            }
            Err(Trouble::Broken(broken)) => Err(broken),
            Err(Trouble::Disk(error)) => {
                self.running = None;
                if let StoreError::Corrupt { .. } = error {
                    return Err(Property::AcknowledgedSurvives.broken(format!("the server: {error}")));
                }
                Ok(false)
            }
        }
    }

    fn open(&mut self, now_ms: i64) -> Result<(), Trouble> {
        self.mistake_before_open();
        let (mut store, notices) = open_store(&self.medium, &self.options)?;
        let epoch_reason = self.hear(&notices);
        self.kept.check(&store.lines(), Property::AcknowledgedSurvives, "the server")?;
        self.book.follow(&store.lines())?;
        if self.bug != Some(Bug::NoCatchUp) {
            catch_up(&mut store, &mut |_| {})?;
        }
        let rows = store.rows();
        self.attempts = attempts_in(&rows)?;
        let opened = Committer::open(store, self.seed, self.quotas).and_then(|committer| {
            let hub = committer.open_hub()?;
            Ok((committer, hub))
        });
        let (committer, hub) = opened.map_err(|error| self.stopped_or("the hub", &error))?;
        let view = committer.view();
        self.running = Some(Running { committer, rows, view, hub, judged: None });
        if let Some(reason) = epoch_reason {
            self.counts.epochs += 1;
            self.start_epoch(now_ms, &reason)?;
        }
        self.publish(now_ms)
    }

    /// An error of the core, unless the machine stopped under it.
    fn stopped_or(&self, what: &str, error: &dyn std::fmt::Display) -> Trouble {
        if self.medium.disk.has_stopped() {
            return Trouble::Disk(StoreError::Index { detail: "the machine has stopped".into() });
        }
        Trouble::Broken(breaks(what, error))
    }

    /// What opening had to do; returns why a new epoch must begin, if one must. As in the server's `start`.
    fn hear(&mut self, notices: &Notices) -> Option<String> {
        let mut reason = None;
        if let Some(tail) = &notices.tail {
            self.counts.tails += 1;
            let (first, bytes) = (tail.first_seq_dropped, tail.bytes);
            reason = Some(format!("an unfinished append from record {first} on was cut ({bytes} bytes)"));
        }
        if let Some(index) = &notices.index {
            self.counts.set_aside += 1;
            if matches!(index.reason, IndexReason::AheadOfLedger { .. } | IndexReason::OtherLedger { .. }) {
                reason = Some(format!("the ledger lost records that the index had: {}", index.reason));
            }
        }
        reason
    }

    fn start_epoch(&mut self, now_ms: i64, reason: &str) -> Result<(), Trouble> {
        let entropy = self.dice.bytes::<8>();
        self.act(now_ms, |committer, now| committer.start_epoch(&entropy, reason, now))
    }

    /// Publishes those rule files that differ from what is in force.
    pub fn publish(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let files = self.rules.clone();
        self.act(now_ms, |committer, now| committer.publish_rules(&files, now))
    }

    /// Lets the hub act by itself, once what waits for the disk is through.
    fn act(
        &mut self,
        now_ms: i64,
        act: impl FnOnce(&mut Committer<SimLog, SimIndex>, i64) -> Result<Judged<Ticket>, HubError>,
    ) -> Result<(), Trouble> {
        self.rest()?;
        let at_ms = self.clock(now_ms);
        let Some(running) = self.running.as_mut().filter(|running| running.judged.is_none()) else {
            return Ok(());
        };
        let judged = act(&mut running.committer, at_ms);
        let judged = judged.map_err(|error| self.stopped_or("an act of the hub", &error))?;
        self.keep(judged, now_ms)?;
        Ok(self.rest()?)
    }

    /// Stage one: who it is, and whether it holds together. An answer at once, or the request waits for the writer.
    pub fn arrive(
        &mut self,
        ticket: u64,
        message: Message,
        frame: Vec<u8>,
        now_ms: i64,
    ) -> Result<Option<Answer>, Broken> {
        let now_ms = self.clock(now_ms);
        self.mistake_before_check(&frame);
        let Some(running) = &self.running else { return Ok(Some(Answer::refused("store"))) };
        let Running { hub, view, .. } = running;
        let checked = match message {
            Message::Sync => hub.check_sync(&view.rows, &frame, now_ms),
            Message::Enrol => hub.check_enrol(&view.rows, &frame, now_ms),
            Message::Preview => match hub.preview(&view.rows, &frame, now_ms) {
                Ok(reply) => return Ok(Some(Answer::Frame(reply))),
                Err(error) => Err(error),
            },
        };
        match checked {
            Ok(checked) => {
                self.queue.push(Job { ticket, message, checked, frame });
                Ok(None)
            }
            Err(RequestError::Rows(error)) if !self.medium.disk.has_stopped() => {
                Err(breaks("checking a request", &error))
            }
            Err(error) => {
                self.counts.refused += 1;
                let last_attempt = match &error {
                    RequestError::Replayed { last, .. } => Some(*last),
                    _ => None,
                };
                Ok(Some(Answer::Refused { code: error.code().into(), last_attempt }))
            }
        }
    }

    /// How many requests wait to be judged.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether a batch waits for the disk.
    pub fn is_syncing(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.judged.is_some())
    }
}

/// What stops a server: a property that does not hold, or its disk.
#[derive(Debug)]
pub enum Trouble {
    /// The run is over.
    Broken(Broken),
    /// The store failed; it is opened again.
    Disk(StoreError),
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fold { seq, source } => {
                Self::Broken(Property::IndexRebuilds.broken(format!("line {seq} does not fold: {source}")))
            }
            error => Self::Disk(error),
        }
    }
}

/// The attempt numbers that the rows hold.
fn attempts_in(rows: &dyn Rows) -> Result<BTreeMap<DeviceId, u64>, Broken> {
    let prefix = b"m/attempt/";
    let mut attempts = BTreeMap::new();
    let mut ids = Vec::new();
    let scanned = rows.scan(prefix, prefix, &mut |key, _| {
        ids.extend(DeviceId::from_slice(&key[prefix.len()..]));
        true
    });
    scanned.map_err(|error| breaks("attempts", &error))?;
    for device in ids {
        let asked: Option<Asked> =
            read(rows, &sync_core::state::local::attempt(&device)).map_err(|e| breaks("attempts", &e))?;
        attempts.insert(device, asked.unwrap_or_default().attempt);
    }
    Ok(attempts)
}

impl Server {
    /// Whether a held entry, judged once more by the rows as they are, would be accepted: then nobody brought it up.
    pub fn waits_in_vain(&self, device: &DeviceId, seq: u64) -> Result<bool, Broken> {
        let Some(running) = &self.running else { return Ok(false) };
        let rows = &running.rows;
        let says = |error: RowsError| breaks("a held entry", &error);
        let entry: Option<sync_core::state::fold::EntryRow> =
            read(rows, &sync_core::state::keyspace::entry(device, seq)).map_err(says)?;
        let author: Option<sync_core::state::authority::DeviceRow> =
            read(rows, &sync_core::state::keyspace::device(device)).map_err(says)?;
        let (Some(entry), Some(author)) = (entry, author) else { return Ok(false) };
        let (_, chained) = sync_core::log::line::read_entry(&running.view.lines, entry.line).map_err(says)?;
        let deed = sync_core::log::chain::decode_body(&chained.entry.body).map_err(says)?;
        let sync_core::log::chain::DecodedBody::Change(change) = deed else { return Ok(false) };
        let (book, size) = (running.committer.hub().rule_book(), running.view.seq);
        let judged =
            judge_by_rights(rows, book, &author, &chained.entry.header, size, &change).map_err(says)?;
        Ok(judged.is_ok())
    }
}
