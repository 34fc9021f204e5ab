//! Notebook: the device's side as pure code. It writes a person's work as chained entries, asks and hears the
//! server, and answers what the screen shows. The shell keeps what it writes before anybody is told "guardado".

pub mod again;
mod anew;
pub mod aside;
mod attempt;
pub mod bundle;
pub mod catalog;
mod compare;
pub mod decide;
pub mod enrol;
pub mod error;
pub mod exchange;
pub mod fold;
mod hear;
pub mod held;
pub mod import;
pub mod orders;
pub mod recover;
pub mod rights;
pub mod succeed;
pub mod work;
pub mod write;

pub use bundle::{Bundle, BundleCounts};
pub use decide::Decisions;
pub use error::NotebookError;
pub use exchange::{DecidedEntry, Exchanged, PartedPast, RefusedEntry, Request};
pub use fold::fold_line;
pub use import::{ImportCounts, ImportFile};
pub use orders::{Choice, Invitation, Made, NewOrder};
pub use succeed::Succeeded;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::authority::DeviceRow;
use crate::id::{BootId, Epoch, Hash};
use crate::keys;
use crate::line::{Enrolling, Identity, Lines};
use crate::office::rules_from;
use crate::rows::{Batch, Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::time::TimeMs;
use serde::{Deserialize, Serialize};

/// What the shell knows of the moment: clocks and randomness.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
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
    Person(String),
    /// Persons share it and none is chosen: no entry may be written.
    Nobody,
}

/// What to keep: append the lines durably, then apply the batch.
pub struct Written {
    /// Lines, in order.
    pub lines: Vec<Vec<u8>>,
    /// Rows.
    pub batch: Batch,
}

/// The last contact with the server, as a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactRow {
    /// When, by the device's clock.
    pub at_ms: TimeMs,
    /// The server's clock then.
    pub server_at_ms: TimeMs,
    /// The ledger's life.
    pub epoch: Epoch,
    /// How far the ledger was.
    pub server_seq: u64,
    /// How far each scope was read.
    pub cursors: BTreeMap<Scope, u64>,
    /// How far the ledger has this device's chain.
    pub head_seq: u64,
    /// The newest signed checkpoint.
    pub checkpoint: String,
    /// Its size and root.
    pub anchor: crate::entry::Anchor,
}

/// The end of the device's own chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnHead {
    /// Number of the newest own entry.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Folios given out.
    pub folios: u32,
}

/// The device's notebook, open for one command.
pub struct Notebook<'a> {
    overlay: Overlay<'a>,
    lines: PendingLines<'a>,
    rules: Rules,
    moment: Moment,
    author: Author,
    draws: u64,
    identity: Option<Identity>,
    enrolling: Option<Enrolling>,
}

/// The kept lines, and the ones written by this command on top.
pub(crate) struct PendingLines<'a> {
    below: &'a dyn Lines,
    first: u64,
    written: RefCell<Vec<Vec<u8>>>,
}

impl Lines for PendingLines<'_> {
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

impl<'a> Notebook<'a> {
    /// Opens the notebook. `next_line` is the number of the first line it may write; `extra_rules` are rule files
    /// found on the device, used where the office has published none of that name.
    pub fn open(
        rows: &'a dyn Rows,
        lines: &'a dyn Lines,
        next_line: u64,
        extra_rules: &[(String, String)],
        moment: Moment,
    ) -> Result<Self, NotebookError> {
        let mut rules = rules_from(rows).map_err(|error| NotebookError::Index(error.to_string()))?;
        for (name, json) in extra_rules {
            if rows.get(&keys::rule(name))?.is_none() {
                rules.add(name, json).map_err(NotebookError::Rules)?;
            }
        }
        Ok(Self {
            overlay: Overlay::new(rows),
            lines: PendingLines { below: lines, first: next_line, written: RefCell::default() },
            rules,
            moment,
            author: Author::default(),
            draws: 0,
            identity: read(rows, &keys::fact("identity"))?,
            enrolling: read(rows, &keys::fact("enrolling"))?,
        })
    }

    /// Says who works from here on.
    pub fn set_author(&mut self, author: Author) {
        self.author = author;
    }

    /// Who this device is.
    pub fn identity(&self) -> Result<&Identity, NotebookError> {
        self.identity.as_ref().ok_or(NotebookError::NotEnrolled)
    }

    /// The rules in force here.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What was written, to be kept.
    pub fn finish(self) -> Written {
        Written { lines: self.lines.written.into_inner(), batch: self.overlay.batch }
    }

    /// The rows as this command sees them.
    pub fn rows(&self) -> &dyn Rows {
        &self.overlay
    }

    /// The lines as this command sees them.
    pub fn all_lines(&self) -> &dyn Lines {
        &self.lines
    }

    /// The wall clock of this run of a command.
    pub fn now_ms(&self) -> TimeMs {
        self.moment.now_ms
    }

    /// The last contact; all zero before the first.
    pub fn contact(&self) -> Result<ContactRow, NotebookError> {
        Ok(read(&self.overlay, &keys::fact("contact"))?.unwrap_or_default())
    }

    /// The end of the own chain.
    pub fn own_head(&self) -> Result<OwnHead, NotebookError> {
        Ok(read(&self.overlay, &keys::fact("head"))?.unwrap_or_default())
    }

    /// This device as judging sees it.
    fn as_author(&self) -> Result<DeviceRow, NotebookError> {
        let identity = self.identity()?;
        let revoked = read(&self.overlay, &keys::fact("revoked"))?;
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
    fn push_line(&mut self, line: &crate::line::Line) -> u64 {
        let mut written = self.lines.written.borrow_mut();
        written.push(line.to_bytes());
        self.lines.first + written.len() as u64 - 1
    }

    /// Writes a line that only a device keeps, and folds it.
    fn push_device_line(&mut self, line: crate::line::DeviceLine) -> Result<(), NotebookError> {
        let line = crate::line::Line::Device(line);
        let number = self.push_line(&line);
        fold_line(&mut self.rules, &mut self.overlay, &self.lines, number, &line.to_bytes())?;
        Ok(())
    }
}
