//! Medium: a file that is read and written in place, as a browser keeps it for a page: one owner, no names, no renaming.

use std::cell::RefCell;
use std::fmt::Debug;
use std::io;
use std::rc::Rc;

/// A file in place. Offsets and lengths are bytes.
pub trait Medium: Debug + 'static {
    /// Returns how long the file is.
    ///
    /// # Errors
    /// As the file answers.
    fn len(&self) -> io::Result<u64>;

    /// Returns whether the file is empty.
    ///
    /// # Errors
    /// As the file answers.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof`, if the file is shorter; else as the file answers.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`; a file that is shorter grows.
    ///
    /// # Errors
    /// `StorageFull`; else as the file answers. What stands there then is not known.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes the file so long; what is new is zero.
    ///
    /// # Errors
    /// As the file answers.
    fn set_len(&self, bytes: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// As the file answers.
    fn flush(&self) -> io::Result<()>;
}

/// A file in memory, for tests: its clones are the same file. It counts flushes, and has room for so many bytes.
#[derive(Debug, Clone)]
pub struct MemoryFile(Rc<RefCell<Inner>>);

#[derive(Debug)]
struct Inner {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    room: u64,
    flushes: u64,
    refuses_flush: bool,
}

impl Default for MemoryFile {
    fn default() -> Self {
        Self::with(Vec::new())
    }
}

impl MemoryFile {
    /// Returns a file of these bytes.
    pub fn with(bytes: Vec<u8>) -> Self {
        let durable = bytes.clone();
        Self(Rc::new(RefCell::new(Inner {
            bytes,
            durable,
            room: u64::MAX,
            flushes: 0,
            refuses_flush: false,
        })))
    }

    /// Returns its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    /// Returns what a power cut leaves.
    pub fn durable(&self) -> Vec<u8> {
        self.0.borrow().durable.clone()
    }

    /// Returns how often it was flushed.
    pub fn flushes(&self) -> u64 {
        self.0.borrow().flushes
    }

    /// Lets it grow to so many bytes and no further.
    pub fn limit(&self, room: u64) {
        self.0.borrow_mut().room = room;
    }

    /// Lets flushes fail, or succeed again.
    pub fn refuse_flush(&self, refuses: bool) {
        self.0.borrow_mut().refuses_flush = refuses;
    }
}

fn index(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl Medium for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.borrow().bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let inner = self.0.borrow();
        let from = index(offset)?;
        let found = inner.bytes.get(from..from.saturating_add(into.len()));
        into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        let (from, to) = (index(offset)?, index(offset)?.saturating_add(bytes.len()));
        if to > inner.bytes.len() {
            if to as u64 > inner.room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            inner.bytes.resize(to, 0);
        }
        inner.bytes[from..to].copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        if bytes > inner.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.bytes.resize(index(bytes)?, 0);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        if inner.refuses_flush {
            return Err(io::Error::other("the disk did not confirm"));
        }
        inner.flushes += 1;
        inner.durable = inner.bytes.clone();
        Ok(())
    }
}
