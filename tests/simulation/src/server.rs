//! Server: one municipality's office over its store, driven as the production writer drives it: check each request,
//! judge what has gathered, append all with one sync, apply, and only then answer.

mod commit;
mod planted;

pub use commit::attempt_of;
use sync_core::state::authority::rules_from;

use std::collections::BTreeMap;

use store::{CatchUp, IndexReason, LedgerOptions, LedgerReader, Notices, Store, StoreError};
use sync_core::hub::rights::judge_by_rights;
use sync_core::hub::{Checked, Foundation, Hub, HubError, RequestError, fold_line, found};
use sync_core::id::DeviceId;
use sync_core::log::line::Lines;
use sync_core::rows::{Overlay, Rows, RowsError, read};

use crate::book::Book;
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::Stop;
use crate::kept::Kept;
use crate::medium::{Copy, IndexLosses, Medium, SimRows, SimStore};

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
    /// A new device.
    Enrol,
}

/// A request that was checked and waits for the writer.
pub struct Job {
    /// Where the answer goes.
    pub ticket: u64,
    message: Message,
    checked: Checked,
    frame: Vec<u8>,
}

/// The journal or ledger as the core reads it.
pub struct ReaderLines(pub LedgerReader);

impl Lines for ReaderLines {
    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        self.0.read(number).map_err(|error| RowsError(error.to_string()))
    }
}

/// What an open server holds.
struct Running {
    store: SimStore,
    rows: SimRows,
    /// The writer's office.
    hub: Hub,
    /// The readers' office: it changes when the office itself acted.
    view_office: Hub,
    /// How far readers see.
    seq: u64,
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
    /// The newest backup.
    pub backup: Option<Copy>,
    /// How far its clock is off.
    pub clock_off_ms: i64,
    /// Whether it can see that its disk is full before it writes.
    pub sees_space: bool,
    /// The first administrator's code.
    pub admin_code: String,
    /// Counts.
    pub counts: Counts,
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
    /// A planted mistake.
    pub bug: Option<Bug>,
}

fn breaks(what: &str, error: &dyn std::fmt::Display) -> Broken {
    Property::NothingBreaks.broken(format!("{what}: {error}"))
}

impl Server {
    /// Founds a municipality, as `init` does, and starts its server.
    pub fn found(founding: Founding<'_>) -> Result<Self, Broken> {
        let Founding { municipality, name, prefix, rules, chunk_bytes_max, mut dice, now_ms, bug } = founding;
        let seed = dice.bytes::<32>();
        let founded = found(&Foundation {
            municipality,
            name,
            folio_prefix: prefix,
            seed: &seed,
            entropy: &dice.bytes::<64>(),
            now_ms,
        });
        let mut server = Self {
            municipality,
            seed,
            medium: Medium::default(),
            options: LedgerOptions { chunk_bytes_max, ..LedgerOptions::default() },
            kept: Kept::default(),
            book: Book::default(),
            running: None,
            queue: Vec::new(),
            bug,
            rules,
            dice,
            attempts: BTreeMap::new(),
            backup: None,
            clock_off_ms: 0,
            sees_space: true,
            admin_code: founded.admin_code,
            counts: Counts::default(),
            losses: IndexLosses::default(),
        };
        let opened = SimStore::open(&server.medium, &server.options);
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
        self.running.as_ref().map(|running| running.store.reader())
    }

    /// Chunk files of the ledger with their sizes.
    pub fn chunks(&self) -> Vec<(std::path::PathBuf, usize)> {
        self.running.as_ref().map(|running| running.store.chunks()).unwrap_or_default()
    }

    /// Its clock.
    pub fn clock(&self, now_ms: i64) -> i64 {
        now_ms + self.clock_off_ms
    }

    /// Stops, in whatever it was doing. Who waits for an answer gets none.
    pub fn stop(&mut self, how: Stop, dice: &mut Dice) {
        self.running = None;
        self.queue.clear();
        let losses = self.medium.stop(how, dice);
        self.losses.rolled_back += losses.rolled_back;
        self.losses.lost += losses.lost;
        self.losses.broken += losses.broken;
    }

    /// Stops cleanly.
    pub fn close(&mut self) {
        self.queue.clear();
        if let Some(running) = self.running.take() {
            drop(Box::new(running.store).close());
        }
    }

    /// Starts: opens the store, folds what the index lacks, begins a new epoch where something was lost. `false` if
    /// the disk does not let it.
    pub fn start(&mut self, now_ms: i64) -> Result<bool, Broken> {
        self.counts.starts += 1;
        match self.open(now_ms) {
            Ok(()) => Ok(true),
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
        let (mut store, notices) = SimStore::open(&self.medium, &self.options)?;
        let mut epoch_reason = self.hear(&notices);
        if self.bug == Some(Bug::EpochForgotten) {
            epoch_reason = None;
        }
        self.kept.check(&store.reader(), Property::AcknowledgedSurvives, "the server")?;
        self.book.follow(&store.reader())?;
        if self.bug != Some(Bug::NoCatchUp) {
            catch_up(&mut store)?;
        }
        let rows = store.sim_rows();
        self.attempts = attempts_in(&rows)?;
        let hub = Hub::open(&rows, &self.seed).map_err(|error| self.stopped_or("the office", &error))?;
        let view_office =
            Hub::open(&rows, &self.seed).map_err(|error| self.stopped_or("the office", &error))?;
        let seq = store.watermark();
        self.running = Some(Running { store, rows, hub, view_office, seq });
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

    /// What opening had to do; answers why devices must read anew, if they must. As in the server's `start`.
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
        self.act(now_ms, |hub, overlay, seq, now| hub.start_epoch(overlay, seq, now, &entropy, reason))
    }

    /// Publishes those rule files that differ from what is in force.
    pub fn publish(&mut self, now_ms: i64) -> Result<(), Trouble> {
        let files = self.rules.clone();
        self.act(now_ms, |hub, overlay, seq, now| hub.publish_rules(overlay, seq, now, &files))
    }

    /// Does something of the office's own.
    fn act(
        &mut self,
        now_ms: i64,
        act: impl FnOnce(&mut Hub, &mut Overlay<'_>, u64, i64) -> Result<Vec<Vec<u8>>, HubError>,
    ) -> Result<(), Trouble> {
        let now_ms = self.clock(now_ms);
        let Some(running) = &mut self.running else { return Ok(()) };
        let rows = running.rows.clone();
        let seq = running.store.records().end();
        let mut overlay = Overlay::new(&rows);
        let lines = match act(&mut running.hub, &mut overlay, seq, now_ms) {
            Ok(lines) => lines,
            Err(error) => return Err(self.stopped_or("an act of the office", &error)),
        };
        let batch = overlay.batch;
        let is_kept = self.keep(&lines, batch, now_ms)?;
        if is_kept && !lines.is_empty() {
            let hub = Hub::open(&rows, &self.seed).map_err(|error| self.stopped_or("the office", &error))?;
            if let Some(running) = &mut self.running {
                running.view_office = hub;
            }
        }
        Ok(())
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
        let hub = &running.view_office;
        let checked = match message {
            Message::Sync => hub.check_sync(&running.rows, &frame, now_ms),
            Message::Enrol => hub.check_enrol(&running.rows, &frame, now_ms),
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

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}

/// What stops a server: a property that does not hold, or its disk.
#[derive(Debug)]
pub enum Trouble {
    /// The run is over.
    Broken(Broken),
    /// The store failed; it is opened anew.
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

/// Folds what the index lacks.
fn catch_up(store: &mut SimStore) -> Result<(), Trouble> {
    let rules = rules_from(&store.sim_rows());
    let mut rules = rules.map_err(|error| Trouble::Broken(breaks("the rules in force", &error)))?;
    store.catch_up(
        &mut |seq, line, overlay| Ok(fold_line(&mut rules, overlay, seq, line)?),
        &mut |CatchUp { .. }| {},
    )?;
    Ok(())
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
        let attempt =
            read(rows, &sync_core::state::local::attempt(&device)).map_err(|e| breaks("attempts", &e))?;
        attempts.insert(device, attempt.unwrap_or(0));
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
        let (_, chained) = sync_core::log::line::read_entry(&ReaderLines(running.store.reader()), entry.line)
            .map_err(says)?;
        let deed = sync_core::log::chain::decode_body(&chained.entry.body).map_err(says)?;
        let sync_core::log::chain::DecodedBody::Change(change) = deed else { return Ok(false) };
        let (rules, size) = (running.hub.rules(), running.store.records().end() - 1);
        let judged =
            judge_by_rights(rows, rules, &author, &chained.entry.header, size, &change).map_err(says)?;
        Ok(judged.is_ok())
    }
}
