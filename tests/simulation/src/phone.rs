//! Phone: a person's device, run by the production engine: nothing is told before it is durable, and a store that failed
//! is opened again by the next command.

pub mod exchange;
mod photos;
mod planted;

use std::collections::BTreeMap;

use engine::device::{Device, Moment};
use store::StoreError;
use store_disk::{LedgerOptions, LedgerReader};
use sync_core::crypto::SecretKey;
use sync_core::id::{BootId, DeviceId, Epoch, Hash};
use sync_core::invitation::LinkSecret;
use sync_core::log::act::Role;
use sync_core::log::line::{Line, Lines};
use sync_core::people::People;
use sync_core::record::row::RecordRow;
use sync_core::replica::sync::driver::{self, Driver, End, Event, Goal, Step, Terms};
use sync_core::replica::{self, Clocks, Replica, ReplicaError};
use sync_core::rows::{decode, encode};

use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::Stop;
use crate::kept::Kept;
use crate::medium::{Copy, IndexLosses, Medium, SimIndex, SimLog, SimStore, open_store};
use crate::planted::Planted;
use crate::server::Answer;
use exchange::Talk;
pub use photos::{Album, picture};

/// An own entry that its person was told is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// Its hash.
    pub hash: Hash,
    /// The change it makes; zero for an act.
    pub change: Hash,
    /// The name it was written under.
    pub device: DeviceId,
    /// Its number.
    pub seq: u64,
}

/// What stands between a person and what they wanted.
#[derive(Debug)]
pub enum Hindered {
    /// The replica refuses.
    Refused(ReplicaError),
    /// The disk failed or the phone stopped: nothing was said to be saved.
    Disk,
    /// The run is over.
    Broken(Broken),
}

impl From<Broken> for Hindered {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Marks of requests by name and attempt number.
type Attempts = BTreeMap<(DeviceId, u64), u32>;

/// A phone's clocks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// How far the wall clock is off.
    pub off_ms: i64,
    boot: [u8; 8],
    booted_at_ms: i64,
}

/// A copy of a phone's folder, and what the world knew of the phone then.
#[derive(Clone)]
pub struct Card {
    folder: Copy,
    /// The key's file lies in the folder.
    seeds: ([u8; 32], Option<[u8; 32]>),
    saved: Vec<Saved>,
    attempts: Attempts,
    album: Album,
}

/// One phone.
pub struct Phone {
    /// Its number in the story.
    pub number: usize,
    /// Which server it belongs to.
    pub home: usize,
    /// What people call it.
    pub name: String,
    /// The role it was invited for.
    pub role: Role,
    seed: [u8; 32],
    /// The seed of a renewal under way.
    renewed: Option<[u8; 32]>,
    /// Its disk and index.
    pub medium: Medium,
    device: Option<Device<SimLog, SimIndex>>,
    options: LedgerOptions,
    /// The lines it was told are durable.
    pub kept: Kept,
    dice: Dice,
    /// Its clocks.
    pub clock: Clock,
    /// The names that it knows, in a file of their own.
    people: People,
    /// The exchange under way.
    pub talk: Talk,
    /// The invitation it was given.
    pub secret: Option<LinkSecret>,
    /// It is at the bottom of a river.
    pub is_gone: bool,
    /// Without signal until then.
    pub away_until_ms: i64,
    /// What its person was told is saved.
    pub saved: Vec<Saved>,
    /// Its photos.
    pub album: Album,
    /// Requests by name and attempt number, to see none used twice.
    attempts: Attempts,
    /// A copy that somebody made of it.
    pub copy: Option<Card>,
    /// It is, or was made from, a copy: its names may meet others.
    pub is_from_copy: bool,
    /// The first life of the ledger that it was told of.
    epoch: Option<Epoch>,
    bug: Option<Bug>,
    /// What its index lost.
    pub losses: IndexLosses,
    /// Torn tails cut.
    pub tails: u64,
}

/// What a new phone is made of.
pub struct Making {
    /// Its number.
    pub number: usize,
    /// Its server.
    pub home: usize,
    /// Its role.
    pub role: Role,
    /// Its invitation.
    pub secret: LinkSecret,
    /// A new chunk of the journal begins after so many bytes.
    pub chunk_bytes_max: u64,
    /// Chance.
    pub dice: Dice,
    /// The clock.
    pub now_ms: i64,
    /// A planted mistake.
    pub bug: Option<Bug>,
}

impl Phone {
    /// A phone out of its box.
    pub fn new(making: Making) -> Self {
        let Making { number, home, role, secret, chunk_bytes_max, mut dice, now_ms, bug } = making;
        let medium = Medium::default();
        if bug == Some(Bug::SavedBeforeSync) {
            medium.disk.set_lying(true);
        }
        medium.planted().bug = bug.filter(|bug| Planted::is_of_phone(*bug));
        let clock = Clock { off_ms: 0, boot: dice.bytes(), booted_at_ms: now_ms };
        Self {
            number,
            home,
            name: format!("Equipo {number}"),
            role,
            seed: dice.bytes(),
            renewed: None,
            medium,
            device: None,
            options: LedgerOptions { chunk_bytes_max, ..LedgerOptions::default() },
            kept: Kept::default(),
            dice,
            clock,
            people: People::default(),
            talk: Talk::default(),
            secret: Some(secret),
            is_gone: false,
            away_until_ms: i64::MIN,
            saved: Vec::new(),
            album: Album::default(),
            attempts: BTreeMap::new(),
            copy: None,
            is_from_copy: false,
            epoch: None,
            bug,
            losses: IndexLosses::default(),
            tails: 0,
        }
    }

    /// A second phone with everything that this one has.
    pub fn cloned(&mut self, number: usize, now_ms: i64, mut dice: Dice) -> Self {
        self.close();
        let copy = self.medium.copy();
        let clock = Clock { off_ms: self.clock.off_ms, boot: dice.bytes(), booted_at_ms: now_ms };
        self.is_from_copy = true;
        let medium = Medium::of_copy(&copy);
        medium.disk.set_lying(self.bug == Some(Bug::SavedBeforeSync));
        medium.planted().bug = self.bug.filter(|bug| Planted::is_of_phone(*bug));
        Self {
            number,
            home: self.home,
            name: format!("{} copia", self.name),
            role: self.role,
            seed: self.seed,
            renewed: self.renewed,
            medium,
            device: None,
            options: self.options.clone(),
            kept: self.kept.clone(),
            dice,
            clock,
            people: self.people.clone(),
            talk: Talk::default(),
            secret: self.secret,
            is_gone: false,
            away_until_ms: self.away_until_ms,
            saved: self.saved.clone(),
            album: self.album.clone(),
            attempts: self.attempts.clone(),
            copy: None,
            is_from_copy: true,
            epoch: self.epoch,
            bug: self.bug,
            losses: IndexLosses::default(),
            tails: 0,
        }
    }

    /// Somebody copies the phone's folder.
    pub fn make_copy(&mut self) {
        self.close();
        self.copy = Some(Card {
            folder: self.medium.copy(),
            seeds: (self.seed, self.renewed),
            saved: self.saved.clone(),
            attempts: self.attempts.clone(),
            album: self.album.clone(),
        });
    }

    /// The phone's folder is replaced by the copy. What came after it is gone with it. `false` if there is none.
    pub fn take_copy(&mut self, dice: &mut Dice) -> bool {
        let Some(card) = self.copy.clone() else { return false };
        self.close();
        self.medium.put_back(&card.folder, dice.one_in(2));
        (self.seed, self.renewed) = card.seeds;
        self.kept.start_over();
        self.saved = card.saved;
        // The phone itself does not remember; the world does.
        self.attempts = card.attempts;
        self.album = card.album;
        self.is_from_copy = true;
        self.talk = Talk::default();
        self.reboot(dice);
        true
    }

    fn reboot(&mut self, dice: &mut Dice) {
        self.clock.boot = dice.bytes();
        self.clock.booted_at_ms = i64::MIN;
    }

    /// The phone stops, in whatever it was doing.
    pub fn stop(&mut self, how: Stop, dice: &mut Dice) {
        self.device = None;
        self.talk = Talk::default();
        let losses = self.medium.stop(how, dice);
        self.losses.rolled_back += losses.rolled_back;
        self.losses.lost += losses.lost;
        self.losses.broken += losses.broken;
        if how == Stop::Power {
            self.reboot(dice);
        }
    }

    /// Closes the store, as every command does at its end.
    pub fn close(&mut self) {
        if let Some(device) = self.device.take() {
            drop(device.close());
        }
    }

    /// Its journal, while it is open.
    pub fn reader(&self) -> Option<LedgerReader> {
        self.device.as_ref().map(|device| device.store().lines())
    }

    /// Chunk files of its journal.
    pub fn chunks(&self) -> Vec<(std::path::PathBuf, usize)> {
        self.device.as_ref().map(|_| self.medium.chunks()).unwrap_or_default()
    }

    /// Opens the store if it is not open; folds what the index lacks.
    pub fn open(&mut self) -> Result<(), Hindered> {
        if self.device.is_some() {
            return Ok(());
        }
        let (store, notices) = match open_store(&self.medium, &self.options) {
            Ok(opened) => opened,
            Err(error @ StoreError::Corrupt { .. }) => {
                let how = format!("phone {}: {error}", self.number);
                return Err(Property::SavedSurvives.broken(how).into());
            }
            Err(_) => return Err(Hindered::Disk),
        };
        self.tails += u64::from(notices.tail.is_some());
        let whose = format!("phone {}", self.number);
        self.kept.check(&store.lines(), Property::SavedSurvives, &whose)?;
        // What was found after a stop may count although nobody was told: it is known from here on.
        self.kept.tell();
        self.find_saved(&store)?;
        self.check_album()?;
        self.device = Some(self.catch_up(store)?);
        Ok(())
    }

    /// Folds what the index lacks.
    fn catch_up(&self, store: SimStore) -> Result<Device<SimLog, SimIndex>, Hindered> {
        let number = self.number;
        Device::open(store, &mut |_| {}).map_err(|error| match error {
            StoreError::Fold { seq, source } => {
                Property::IndexRebuilds.broken(format!("phone {number}: line {seq}: {source}")).into()
            }
            StoreError::Index { detail } if !self.medium.disk.has_stopped() => {
                Property::NothingBreaks.broken(format!("phone {number}: {detail}")).into()
            }
            _ => Hindered::Disk,
        })
    }

    /// Own entries in the journal that nobody was told of are the phone's all the same.
    fn find_saved(&mut self, store: &SimStore) -> Result<(), Broken> {
        let known: std::collections::BTreeSet<Hash> = self.saved.iter().map(|saved| saved.hash).collect();
        let mut found = Vec::new();
        let read = store.lines().read_range(1, u64::MAX, &mut |_, line| {
            found.extend(saved_in(line).filter(|saved| !known.contains(&saved.hash)));
            true
        });
        read.map_err(|error| Property::SavedSurvives.broken(error.to_string()))?;
        self.saved.extend(found);
        Ok(())
    }

    fn moment(&mut self, now_ms: i64) -> Moment {
        if self.clock.booted_at_ms == i64::MIN {
            self.clock.booted_at_ms = now_ms;
        }
        let clocks = Clocks {
            now_ms: now_ms + self.clock.off_ms,
            boot: BootId(self.clock.boot),
            monotonic_ms: u64::try_from(now_ms - self.clock.booted_at_ms).unwrap_or(0),
            entropy: self.dice.bytes(),
        };
        Moment { people: self.people.clone(), ..clocks.into() }
    }

    /// Lets `ask` read the replica.
    pub fn read<T>(
        &mut self,
        now_ms: i64,
        ask: impl FnOnce(&Replica<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, Hindered> {
        self.open()?;
        let moment = self.moment(now_ms);
        let Some(device) = &self.device else { return Err(Hindered::Disk) };
        let asked = device.read(moment, ask);
        asked.map_err(|error| self.hindered(error))
    }

    /// Lets `act` write in the replica. When this returns, what it wrote is durable.
    pub fn act<T>(
        &mut self,
        now_ms: i64,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>,
    ) -> Result<T, Hindered> {
        self.act_keeping(now_ms, true, act).map(|(answer, _)| answer)
    }

    /// As [`Phone::act`]; answers also the lines. A mistake may keep nothing.
    fn act_keeping<T>(
        &mut self,
        now_ms: i64,
        keeps: bool,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, ReplicaError>,
    ) -> Result<(T, Vec<Vec<u8>>), Hindered> {
        self.open()?;
        let moment = self.moment(now_ms);
        let Some(device) = &mut self.device else { return Err(Hindered::Disk) };
        let (answer, unsaved) = match device.act(moment, act) {
            Ok(done) => done,
            Err(error) => return Err(self.hindered(error)),
        };
        if !keeps {
            return Ok((answer, Vec::new()));
        }
        if let Some(people) = unsaved.people() {
            self.people = people.clone();
        }
        let first = unsaved.first();
        let appended = device.append(unsaved);
        let has_stopped = self.medium.disk.has_stopped();
        let Some(saved) = appended.ok().filter(|_| !has_stopped) else {
            // The command ends with an error; the next one opens the store again.
            self.device = None;
            return Err(Hindered::Disk);
        };
        let mut lines = Vec::new();
        let read = device.store().lines().read_range(first, u64::MAX, &mut |_, line| {
            lines.push(line.to_vec());
            true
        });
        read.map_err(|error| Property::NothingBreaks.broken(error.to_string()))?;
        self.kept.add(&lines);
        self.kept.tell();
        self.saved.extend(lines.iter().filter_map(|line| saved_in(line).next()));
        let taken = photos::taken_in(&lines, &self.medium);
        self.album.taken.extend(taken);
        if let Err(error) = device.apply(saved, &mut |_| {}) {
            return Err(Property::NothingBreaks.broken(format!("phone {}: {error}", self.number)).into());
        }
        if self.bug == Some(Bug::ConflictHidden) {
            hide_conflicts(&self.medium);
        }
        Ok((answer, lines))
    }

    /// A refusal, unless the replica could not read what it had kept.
    fn hindered(&mut self, error: ReplicaError) -> Hindered {
        if self.medium.disk.has_stopped() {
            self.device = None;
            return Hindered::Disk;
        }
        match error {
            ReplicaError::Index(detail) => {
                Property::NothingBreaks.broken(format!("phone {}: {detail}", self.number)).into()
            }
            refused => Hindered::Refused(refused),
        }
    }

    /// The name it goes by now.
    pub fn device(&mut self, now_ms: i64) -> Option<DeviceId> {
        self.read(now_ms, |replica| Ok(replica.identity()?.device)).ok()
    }

    /// The index rebuilt from the journal alone, less what no line says.
    pub fn rebuilt(&self) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        let Some(device) = &self.device else { return Err("it is not open".into()) };
        let lines = device.store().lines();
        let mut rows = sync_core::rows::MemoryRows::default();
        let mut rules = sync_core::rules::Rules::default();
        for number in 1..lines.end() {
            let line = lines.line(number).map_err(|error| error.to_string())?;
            let mut overlay = sync_core::rows::Overlay::new(&rows);
            replica::catch_up_line(&mut rules, &mut overlay, &lines, number, &line)
                .map_err(|error| format!("line {number}: {error}"))?;
            let batch = overlay.batch;
            rows.apply(batch);
        }
        Ok(rows.rows)
    }
}

/// The own entry in a line of a journal, if it is one.
fn saved_in(line: &[u8]) -> std::option::IntoIter<Saved> {
    let read = || {
        // Only lines of entries without a receipt are own ones.
        let Ok(Line::Entry { receipt: None, chained }) = Line::from_bytes(line) else { return None };
        let header = &chained.entry.header;
        let change = match &chained.entry.body {
            sync_core::log::entry::Body::Change(raw) => raw.hash,
            sync_core::log::entry::Body::Act(_) => Hash::ZERO,
        };
        Some(Saved { hash: chained.hash()?, change, device: header.device, seq: header.seq })
    };
    read().into_iter()
}

/// What `get` in the place of `get_all` does: of several values only the winner is known.
fn hide_conflicts(medium: &Medium) {
    medium.edit_rows(|rows| {
        for (key, value) in rows.iter_mut() {
            if key.get(2..).is_some_and(|key| key.starts_with(b"l/"))
                && let Ok(mut row) = decode::<sync_core::state::summary::ListRow>(value)
            {
                row.conflicts = 0;
                *value = encode(&row);
            } else if key.get(2..).is_some_and(|key| key.starts_with(sync_core::state::keyspace::RECORDS))
                && let Ok(mut row) = decode::<RecordRow>(value)
            {
                for held in row.registers.values_mut() {
                    let winner = held.len().saturating_sub(1);
                    held.drain(..winner);
                }
                *value = encode(&row);
            }
        }
    });
}

impl Phone {
    /// Everything that the server lacks, as a bundle.
    pub fn bundle(&mut self, now_ms: i64) -> Result<Vec<u8>, Hindered> {
        let seed = self.seed;
        let photos = self.bundled(now_ms)?;
        self.act(now_ms, |replica| {
            let key = replica.key(&seed);
            let runs = replica.bundle_runs()?.into_iter().map(|run| run.by(&key)).collect();
            replica.bundle_export_with(runs, photos).map(|bundle| bundle.bytes)
        })
    }

    /// A request that is not followed up.
    pub fn ask(&mut self, now_ms: i64) -> Result<Vec<u8>, Hindered> {
        let mut driver = Driver::new(Goal::Sync, Terms::default());
        match self.drive_alone(&mut driver, Event::Begin, now_ms)? {
            Step::Post { frame, .. } => Ok(frame),
            _ => Ok(Vec::new()),
        }
    }

    /// The key it signs with now.
    pub fn key(&mut self, now_ms: i64) -> Option<SecretKey> {
        let seed = self.seed;
        self.read(now_ms, |replica| Ok(replica.key(&seed))).ok()
    }

    /// Asks to go on under a new name with a new key.
    pub fn renew_start(&mut self, now_ms: i64) -> Result<(Vec<u8>, Driver), Hindered> {
        self.renewed.get_or_insert_with(|| self.dice.bytes());
        let mut driver = Driver::new(Goal::Renew, Terms::default());
        match self.drive_alone(&mut driver, Event::Begin, now_ms)? {
            Step::Post { frame, .. } => Ok((frame, driver)),
            _ => Ok((Vec::new(), driver)),
        }
    }

    /// Takes the answer to that.
    pub fn renew_finish(&mut self, now_ms: i64, driver: &mut Driver, answer: Answer) -> Result<(), Hindered> {
        let Answer::Frame(frame) = answer else { return Ok(()) };
        let reply = driver::Answer::Reply { frame, bytes_up: 0, bytes_down: 0 };
        if let Step::Done(End::Renewed(_)) = self.drive_alone(driver, Event::Answered(reply), now_ms)? {
            self.seed = self.renewed.take().unwrap_or(self.seed);
        }
        Ok(())
    }
}
