//! Replica: the device's side as pure code. It writes a person's work as chained entries, asks the
//! server, and answers what the screen shows. The shell keeps what it writes before anybody is told "guardado".

mod attempt;
pub mod bundle;
mod conflicts;
mod contact;
pub mod correct;
pub mod decide;
pub mod enrol;
pub mod error;
pub mod evidence;
pub mod fold;
mod freed;
pub mod generations;
pub mod import;
pub mod invite;
mod known;
mod mirror;
pub mod orders;
mod pending;
pub mod preview;
pub mod rewrite;
mod shared;
pub mod sign;
pub mod successor;
pub mod sync;
mod values;
pub mod work;
pub mod write;

pub use bundle::{Bundle, BundleCounts, BundledPhoto};
pub use correct::{Corrected, Instead};
pub use decide::Decisions;
pub use error::{KNOWN_SHOWN_MAX, ReplicaError};
pub use fold::{catch_up_line, fold_line, rules_of};
pub use import::{Differing, ImportCounts, ImportFile, ImportProblem};
pub use invite::{Invitation, NewInvitation};
pub use orders::{Choice, Made, NewOrder};
pub use sign::{KeyName, Signed, ToSign, Unsigned};
pub use successor::Succeeded;
pub use sync::reply::{DecidedEntry, Exchanged, SplitView};
pub use sync::request::Request;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::id::{BootId, Hash, NameKey, PersonId, RecordId};
use crate::log::line::{DeviceLine, Enrolling, Identity, Line, Lines};
use crate::people::{People, PersonName};
use crate::rows::{Batch, Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::authority::{DeviceRow, rules_from};
use crate::state::keyspace;
use crate::state::layers::{Layer, Merged};
use crate::state::local::{ENROLLING, Filling, GENERATIONS, Generations, IDENTITY, REVOKED};
use crate::time::TimeMs;
use crate::view::View;

/// What the shell knows of the moment: clocks and randomness.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// The wall clock.
    pub now_ms: TimeMs,
    /// Which start of the system.
    pub boot: BootId,
    /// The monotonic clock since then, in milliseconds.
    pub monotonic_ms: u64,
    /// 32 random bytes, never used twice.
    pub entropy: [u8; 32],
}

/// Whose name goes into entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Author {
    /// The device's own: nobody shares it.
    #[default]
    Device,
    /// The person who was chosen.
    Person(PersonId),
    /// Persons share it and none is chosen: no entry may be written.
    Nobody,
}

/// What to keep: append the lines durably, then apply the batch.
pub struct Written {
    /// Lines, in order.
    pub lines: Vec<Vec<u8>>,
    /// Rows.
    pub batch: Batch,
    /// The names that the device knows from now on, to be kept before the lines; none if they are as they were.
    pub people: Option<People>,
}

/// The device's replica, open for one command.
pub struct Replica<'a> {
    overlay: Overlay<'a>,
    lines: PendingLines<'a>,
    rules: Rules,
    moment: Clocks,
    author: Author,
    people: Cow<'a, People>,
    draws: u64,
    identity: Option<Identity>,
    enrolling: Option<Enrolling>,
    generations: Generations,
}

/// The kept lines, and the ones written by this command on top.
pub(crate) struct PendingLines<'a> {
    below: &'a dyn Lines,
    first: u64,
    written: RefCell<Vec<Vec<u8>>>,
}

impl Lines for PendingLines<'_> {
    fn end(&self) -> u64 {
        self.first + self.written.borrow().len() as u64
    }

    fn line(&self, number: u64) -> Result<Vec<u8>, RowsError> {
        match number.checked_sub(self.first) {
            None => self.below.line(number),
            Some(index) => {
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                let written = self.written.borrow();
                written.get(index).cloned().ok_or_else(|| RowsError(format!("there is no line {number}")))
            }
        }
    }
}

impl<'a> Replica<'a> {
    /// Opens the replica. `next_line` is the number of the first line it may write; `extra_rules` are rule files
    /// found on the device, used where the office has published none of that name.
    pub fn open(
        rows: &'a dyn Rows,
        lines: &'a dyn Lines,
        next_line: u64,
        extra_rules: &[(String, String)],
        moment: Clocks,
    ) -> Result<Self, ReplicaError> {
        let shown = Merged::shown(rows)?;
        let mut rules = rules_from(&shown).map_err(|error| ReplicaError::Index(error.to_string()))?;
        for (name, json) in extra_rules {
            if shown.get(&keyspace::rule(name))?.is_none() {
                rules.add(name, json).map_err(ReplicaError::Rules)?;
            }
        }
        Ok(Self {
            overlay: Overlay::new(rows),
            lines: PendingLines { below: lines, first: next_line, written: RefCell::default() },
            rules,
            moment,
            author: Author::default(),
            people: Cow::Owned(People::default()),
            draws: 0,
            identity: IDENTITY.read(rows)?,
            enrolling: ENROLLING.read(rows)?,
            generations: GENERATIONS.read_or_default(rows)?,
        })
    }

    /// Says who works from here on.
    pub fn set_author(&mut self, author: Author) {
        self.author = author;
    }

    /// Says which names are known so far.
    pub fn set_people(&mut self, people: &'a People) {
        self.people = Cow::Borrowed(people);
    }

    /// Gives a person a name that was not known before. Returns the id for entries. The only one who goes by that name
    /// keeps the id they have.
    pub fn name_person(&mut self, name: &str) -> PersonId {
        if let [only] = self.people.find(name)[..] {
            return only;
        }
        let named = PersonName { name: name.trim().to_owned(), key: NameKey(self.draw()) };
        let id = named.id();
        self.people.to_mut().add([named]);
        id
    }

    /// Who this device is.
    pub fn identity(&self) -> Result<&Identity, ReplicaError> {
        self.identity.as_ref().ok_or(ReplicaError::NotEnrolled)
    }

    /// The rules in force here.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What was written, to be kept.
    pub fn finish(self) -> Written {
        let people = match self.people {
            Cow::Owned(people) if people != People::default() => Some(people),
            _ => None,
        };
        Written { lines: self.lines.written.into_inner(), batch: self.overlay.batch, people }
    }

    /// Returns the rows that a person's view reads: the overlay over the mirror.
    pub fn rows(&self) -> Merged<'_> {
        Merged::new(&self.overlay, self.generations.shown)
    }

    /// Returns the rows that replies are folded into.
    fn reading(&self) -> Layer<'_> {
        Layer::mirror(&self.overlay, self.generations.reading())
    }

    /// Returns how far each scope was read.
    fn cursors(&self) -> Result<BTreeMap<Scope, u64>, RowsError> {
        Ok(read(&self.reading(), &keyspace::cursors())?.unwrap_or_default())
    }

    /// Checks whether a change of another device is shown only because pending work builds on it.
    pub fn is_ground(&self, record: &RecordId, change: &Hash) -> Result<bool, ReplicaError> {
        Ok(pending::is_ground(&self.overlay, record, change)?)
    }

    /// Checks whether lines of the journal are to be folded into a new generation before the next request.
    pub fn is_refill_due(&self) -> bool {
        self.generations.filling.as_ref().is_some_and(Filling::is_due)
    }

    /// Folds up to `max` lines of the journal into a new generation. Returns whether more are due. Keep the rows.
    pub fn refill(&mut self, max: u64) -> Result<bool, ReplicaError> {
        let more = generations::refill(&mut self.overlay, &self.lines, max)?;
        self.refresh()?;
        Ok(more)
    }

    /// Deletes up to `max` rows that nothing shows any more. Returns whether there are more. Keep the rows.
    pub fn sweep(&mut self, max: usize) -> Result<bool, ReplicaError> {
        let more = generations::sweep(&mut self.overlay, max)?;
        self.refresh()?;
        Ok(more)
    }

    /// The lines as this command sees them.
    pub fn all_lines(&self) -> &dyn Lines {
        &self.lines
    }

    /// The wall clock of this run of a command.
    pub fn now_ms(&self) -> TimeMs {
        self.moment.now_ms
    }

    /// Returns what a person reads of this device.
    pub fn view(&self) -> View<'_> {
        View::new(
            &self.overlay,
            self.generations.shown,
            &self.lines,
            &self.rules,
            self.identity.as_ref(),
            &self.people,
            self.moment.now_ms,
        )
    }

    /// This device as judging sees it.
    fn as_author(&self) -> Result<DeviceRow, ReplicaError> {
        let identity = self.identity()?;
        let revoked = REVOKED.read(&self.overlay)?.map(|revoked| (revoked.seq, revoked.reason));
        let letters = identity.letters.clone();
        Ok(DeviceRow {
            crew: identity.crew.clone(),
            localities: identity.localities.clone(),
            revoked,
            ..DeviceRow::new(identity.server_key, &identity.name, identity.role, letters, 0)
        })
    }

    /// Random bytes out of the moment's entropy.
    fn draw<const N: usize>(&mut self) -> [u8; N] {
        self.draws += 1;
        let hash = Hash::tagged("cuadrilla/draw/v1", &[&self.moment.entropy, &self.draws.to_be_bytes()]);
        std::array::from_fn(|index| hash.0[index % 32])
    }

    /// Writes a line and answers its number; the fold is the caller's.
    fn push_line(&mut self, line: &Line) -> u64 {
        let mut written = self.lines.written.borrow_mut();
        written.push(line.to_bytes());
        self.lines.first + written.len() as u64 - 1
    }

    /// Writes a line, and folds it.
    fn push(&mut self, line: &Line) -> Result<(), ReplicaError> {
        let number = self.push_line(line);
        fold_line(&mut self.rules, &mut self.overlay, &self.lines, number, &line.to_bytes())?;
        Ok(())
    }

    /// Writes a line that only a device keeps, and folds it.
    fn push_device_line(&mut self, line: DeviceLine) -> Result<(), ReplicaError> {
        self.push(&Line::Device(line))?;
        self.refresh()
    }

    /// Reads once more what a line may have changed.
    fn refresh(&mut self) -> Result<(), ReplicaError> {
        self.identity = IDENTITY.read(&self.overlay)?;
        self.enrolling = ENROLLING.read(&self.overlay)?;
        self.generations = GENERATIONS.read_or_default(&self.overlay)?;
        Ok(())
    }
}
