//! Device: a person's side. Opens a device's store, runs a replica over it, and keeps what it wrote.

use store::{CatchUp, Index, Log, Paged, Store, StoreError};
use sync_core::log::line::Lines;
use sync_core::people::People;
use sync_core::replica::{self, Author, Clocks, Replica, ReplicaError, Written};
use sync_core::rows::{MemoryRows, Overlay, Rows, RowsError};
use sync_core::rules::Rules;

/// What is written in more lines than this is taken into the index from the log, batch by batch. sled keeps every node
/// that a batch replaces, some 3 KB a row, until the batch is whole: an import in one took gigabytes.
const LINES_AT_ONCE_MAX: usize = 2_000;

/// When something is read or written, and by whom.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The shell's clocks, and randomness that is never used twice.
    pub clocks: Clocks,
    /// Who works, as entries say it.
    pub author: Author,
    /// The names that are known so far.
    pub people: People,
}

impl From<Clocks> for Moment {
    fn from(clocks: Clocks) -> Self {
        Self { clocks, author: Author::default(), people: People::default() }
    }
}

/// A device's store, its index caught up.
///
/// Writing takes three steps, so that a shell whose disk answers later may wait between them: [`Device::act`] returns
/// what is to be kept ([`Unsaved`]); its lines are appended, here by [`Device::append`], or by the shell itself, which then
/// says so with [`Device::appended`]; and [`Device::apply`] takes the rows into the index. Only when the second step has
/// returned may anything be said to be saved. [`Device::write`] takes all three.
#[derive(Debug)]
pub struct Device<L: Log, I: Index> {
    store: Store<L, I>,
}

/// What a replica wrote and no log holds yet.
pub struct Unsaved {
    first: u64,
    written: Written,
}

impl Unsaved {
    /// Returns the number that its first line is to get.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Returns the lines to append, in order; none if nothing was written.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.written.lines
    }

    /// Returns the names that are known from now on, to be kept before the lines; none if they are as they were.
    pub fn people(&self) -> Option<&People> {
        self.written.people.as_ref()
    }
}

/// What a replica wrote and the log holds: it counts, whatever becomes of the index.
pub struct Saved {
    written: Written,
}

impl Saved {
    /// Returns the lines, in order.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.written.lines
    }
}

impl<L: Log, I: Index> Device<L, I> {
    /// Returns the device of an open store, and folds what its index lacks. `progress` is called after each batch.
    ///
    /// # Errors
    /// As [`Store::catch_up`].
    pub fn open(store: Store<L, I>, progress: &mut dyn FnMut(CatchUp)) -> Result<Self, StoreError> {
        let mut device = Self { store };
        device.catch_up(progress)?;
        Ok(device)
    }

    /// Folds what the index lacks.
    fn catch_up(&mut self, progress: &mut dyn FnMut(CatchUp)) -> Result<(), StoreError> {
        if self.store.watermark() == self.store.end() - 1 {
            return Ok(());
        }
        let mut rules = replica::rules_of(&self.store.rows())
            .map_err(|error| StoreError::Index { detail: error.to_string() })?;
        let lines = self.store.lines();
        let fold = &mut |number: u64, line: &[u8], overlay: &mut Overlay<'_>| {
            Ok(replica::catch_up_line(&mut rules, overlay, &lines, number, line)?)
        };
        self.store.catch_up(fold, progress).map(drop)
    }

    /// Returns the store.
    pub fn store(&self) -> &Store<L, I> {
        &self.store
    }

    /// Returns a handle for reading.
    pub fn reader(&self) -> Reader<L::Lines, Paged<I::Rows>> {
        Reader { lines: self.store.lines(), rows: self.store.rows() }
    }

    /// Lets `ask` read the replica.
    ///
    /// # Errors
    /// As [`Replica::open`] and `ask`.
    pub fn read<T, E: From<ReplicaError>>(
        &self,
        moment: impl Into<Moment>,
        ask: impl FnOnce(&Replica<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.reader().read(moment, ask)
    }

    /// Lets `act` write in the replica. Nothing is kept yet; if `act` fails, nothing will be.
    ///
    /// # Errors
    /// As [`Replica::open`] and `act`.
    pub fn act<T, E: From<ReplicaError>>(
        &self,
        moment: impl Into<Moment>,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, E>,
    ) -> Result<(T, Unsaved), E> {
        let (lines, rows, first) = (self.store.lines(), self.store.rows(), self.store.end());
        let moment = moment.into();
        let mut replica = open(&rows, &lines, &moment)?;
        let answer = act(&mut replica)?;
        Ok((answer, Unsaved { first, written: replica.finish() }))
    }

    /// Makes lines durable. When this returns, what was written is saved.
    ///
    /// # Errors
    /// As [`Log::append`]; then nothing is saved. After `SyncFailed` and `AppendsStopped` the store is to be opened
    /// again.
    ///
    /// # Panics
    /// If something else was appended since it was written.
    pub fn append(&mut self, unsaved: Unsaved) -> Result<Saved, StoreError> {
        assert_eq!(unsaved.first, self.store.end(), "lines are appended where they were written to stand");
        self.store.append(unsaved.lines())?;
        Ok(Saved { written: unsaved.written })
    }

    /// Takes the shell's word that it made these very lines durable in the device's log.
    ///
    /// # Panics
    /// If the log does not end with them.
    pub fn appended(&self, unsaved: Unsaved) -> Saved {
        let end = unsaved.first + unsaved.lines().len() as u64;
        assert_eq!(end, self.store.end(), "what is saved stands at the end of the log");
        Saved { written: unsaved.written }
    }

    /// Takes what is saved into the index; much of it batch by batch, with a call of `progress` after each.
    ///
    /// # Errors
    /// As [`Store::apply`] and [`Store::catch_up`]. The lines count all the same, and the next opening catches up.
    pub fn apply(&mut self, saved: Saved, progress: &mut dyn FnMut(CatchUp)) -> Result<(), StoreError> {
        let Written { lines, batch, .. } = saved.written;
        if lines.len() > LINES_AT_ONCE_MAX {
            drop((lines, batch));
            return self.catch_up(progress);
        }
        let last = self.store.end() - 1;
        self.store.apply(&batch, last)
    }

    /// Lets `act` write in the replica, and saves what it wrote.
    ///
    /// # Errors
    /// As [`Device::act`] and [`Device::append`]: then nothing is saved. As [`Device::apply`]: then it is saved, and the
    /// next opening takes it into the index.
    pub fn write<T, E: From<ReplicaError> + From<StoreError>>(
        &mut self,
        moment: impl Into<Moment>,
        act: impl FnOnce(&mut Replica<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (answer, unsaved) = self.act(moment, act)?;
        let saved = self.append(unsaved)?;
        self.apply(saved, &mut |_| {})?;
        Ok(answer)
    }

    /// Closes the store.
    ///
    /// # Errors
    /// As [`Store::close`].
    pub fn close(self) -> Result<(), StoreError> {
        self.store.close()
    }
}

/// What a device is read from.
#[derive(Debug, Clone)]
pub struct Reader<Ls, R> {
    lines: Ls,
    rows: R,
}

impl<Ls: Lines> Reader<Ls, MemoryRows> {
    /// Folds a whole log in memory: for a folder that cannot be written, that another program holds, or whose disk is
    /// full.
    ///
    /// # Errors
    /// If a line cannot be read or folded.
    pub fn in_memory(lines: Ls) -> Result<Self, RowsError> {
        let mut rows = MemoryRows::default();
        let mut rules = Rules::default();
        let mut failed = None;
        lines.each(1, lines.end(), &mut |number, line| {
            let mut overlay = Overlay::new(&rows);
            let folded = replica::catch_up_line(&mut rules, &mut overlay, &lines, number, line);
            let batch = overlay.batch;
            rows.apply(batch);
            failed = folded.err();
            failed.is_none()
        })?;
        failed.map_or(Ok(Self { lines, rows }), Err)
    }
}

impl<Ls: Lines, R: Rows> Reader<Ls, R> {
    /// Returns the rows.
    pub fn rows(&self) -> &R {
        &self.rows
    }

    /// Returns the lines.
    pub fn lines(&self) -> &Ls {
        &self.lines
    }

    /// Lets `ask` read the replica.
    ///
    /// # Errors
    /// As [`Replica::open`] and `ask`.
    pub fn read<T, E: From<ReplicaError>>(
        &self,
        moment: impl Into<Moment>,
        ask: impl FnOnce(&Replica<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        ask(&open(&self.rows, &self.lines, &moment.into())?)
    }
}

/// Opens a replica over rows and lines, which are all that it has written so far.
fn open<'a>(
    rows: &'a dyn Rows,
    lines: &'a dyn Lines,
    moment: &'a Moment,
) -> Result<Replica<'a>, ReplicaError> {
    let mut replica = Replica::open(rows, lines, lines.end(), &[], moment.clocks)?;
    replica.set_author(moment.author.clone());
    replica.set_people(&moment.people);
    Ok(replica)
}
