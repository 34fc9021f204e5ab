//! Calls into sled, which may panic on damaged files: a panic becomes a failure, and the tree is not used again.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use sync_core::rows::{Look, Rows, RowsError, Visit};

use store::RESERVED;

/// What a call into sled ended with.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The system failed.
    Io(io::Error),
    /// sled says, in an error or a panic, that its files make no sense.
    Sled(String),
    /// The store has been closed.
    Closed,
}

impl Failure {
    /// Whether another handle still has the files. sled gives this no kind of its own.
    pub(crate) fn is_sled_lock(&self) -> bool {
        matches!(self, Self::Io(error) if error.to_string().contains("could not acquire lock"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Sled(detail) => f.write_str(detail),
            Self::Closed => f.write_str("the store is closed"),
        }
    }
}

/// Runs `call`, turning errors and panics of sled into a [`Failure`].
pub(crate) fn guard<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(Failure::Io(error)),
        Ok(Err(error)) => Err(Failure::Sled(error.to_string())),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(Failure::Sled(format!("sled panicked: {said}")))
        }
    }
}

/// Rows in sled, shared by the store and all its reading handles; the database behind can be replaced.
#[derive(Clone)]
pub struct SledRows {
    open: Arc<RwLock<State>>,
}

enum State {
    Open(sled::Db),
    /// sled panicked: it may hold locks of its own, so it is neither called nor dropped again.
    Broken(String),
    Closed,
}

impl SledRows {
    pub(crate) fn closed() -> Self {
        Self { open: Arc::new(RwLock::new(State::Closed)) }
    }

    pub(crate) fn replace(&self, db: sled::Db) {
        self.set(State::Open(db));
    }

    /// Drops the database, which flushes it.
    pub(crate) fn close(&self) {
        self.set(State::Closed);
    }

    /// As [`SledRows::close`], of a database that was flushed: a thread drops it. sled frees its page table node by node,
    /// a sixth of a short command's time, and a process that ends now need not wait for that.
    pub(crate) fn let_go(&self) {
        let before = self.take();
        let dropping = std::thread::Builder::new().name("sled-drop".into());
        // Where no thread is to be had, the closure that comes back is dropped here, and the database with it.
        let _ = dropping.spawn(move || {
            guard(|| {
                drop(before);
                Ok(())
            })
        });
    }

    fn take(&self) -> State {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *open, State::Closed)
    }

    /// Runs `call` on the database.
    pub(crate) fn with<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Failure> {
        let db = match &*self.open.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(db) => db.clone(),
            State::Broken(detail) => return Err(Failure::Sled(detail.clone())),
            State::Closed => return Err(Failure::Closed),
        };
        let done = guard(|| call(&db));
        if let Err(Failure::Sled(detail)) = &done {
            std::mem::forget(db);
            self.set(State::Broken(detail.clone()));
        }
        done
    }

    fn set(&self, state: State) {
        let before =
            std::mem::replace(&mut *self.open.write().unwrap_or_else(PoisonError::into_inner), state);
        // Dropping flushes, and on damaged files that may panic too.
        let _ = guard(|| {
            drop(before);
            Ok(())
        });
    }
}

impl Rows for SledRows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        if key.first() == Some(&RESERVED) {
            return Ok(None);
        }
        let value = self.with(|db| db.get(key)).map_err(rows_error)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        if key.first() == Some(&RESERVED) {
            look(None);
            return Ok(());
        }
        // Only sled's own step is guarded: a panic of `look` belongs to the caller.
        let value = self.with(|db| db.get(key)).map_err(rows_error)?;
        look(value.as_deref());
        Ok(())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        let start = if from > prefix { from } else { prefix };
        let mut rows = self.with(|db| Ok(db.range(start..))).map_err(rows_error)?;
        loop {
            // Only sled's own step is guarded: a panic of `visit` belongs to the caller.
            let next = self.with(|_| rows.next().transpose()).map_err(rows_error)?;
            let Some((key, value)) = next else { break };
            if key.first() == Some(&RESERVED) {
                continue;
            }
            if !key.starts_with(prefix) || !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn rows_error(failure: Failure) -> RowsError {
    RowsError(failure.to_string())
}
