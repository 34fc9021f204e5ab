//! Index: rows in redb, over a file in place. Derived: it is made durable now and then, and built again where it does not
//! open.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::ControlFlow;
use std::rc::Rc;

use redb::backends::InMemoryBackend;
use redb::{Database, Durability, ReadableDatabase as _, StorageBackend, TableDefinition};
use send_wrapper::SendWrapper;
use store::{Index, IndexNotice, IndexReason, RESERVED, Result, StoreError, Watermark};
use sync_core::rows::{Batch, Rows, RowsError, Visit};

use crate::medium::Medium;

/// Bytes that redb may keep of its file in memory.
const CACHE_BYTES: usize = 12 * 1024 * 1024;
/// Batches after which the index is made durable: opening folds no more than these again.
const DURABLE_EVERY: u32 = 64;
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");
/// Its own row: format, and the last line that the rows contain with its crc.
const WATERMARK: &[u8] = &[RESERVED, b'w'];

/// A file in place, as redb uses it. There is one thread.
#[derive(Debug)]
struct Backend<M>(SendWrapper<M>);

impl<M: Medium> StorageBackend for Backend<M> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.flush()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}

type Shared = Rc<RefCell<Option<Database>>>;

/// An index in redb: in a file, or in memory.
#[derive(Debug)]
pub struct RedbIndex<M> {
    /// `None` for one in memory.
    medium: Option<M>,
    database: Shared,
    watermark: Watermark,
    rows_format: u32,
    unsynced: Cell<u32>,
}

/// A handle for reading a [`RedbIndex`].
#[derive(Debug, Clone)]
pub struct RedbRows(Shared);

fn index_error(error: impl std::fmt::Display) -> StoreError {
    StoreError::Index { detail: error.to_string() }
}

fn rows_error(error: impl std::fmt::Display) -> RowsError {
    RowsError(error.to_string())
}

impl<M: Medium + Clone> RedbIndex<M> {
    /// Opens the index in a file, or begins an empty one where there is none. The reason says why what was there does not
    /// serve; [`store::Store::open`] then starts over.
    ///
    /// # Errors
    /// `Index`, if not even an empty one can be made.
    pub fn open(medium: M, rows_format: u32) -> Result<(Self, Option<IndexReason>)> {
        let (database, watermark, reason) = match opened(&medium, rows_format) {
            Ok((database, Some(watermark))) => (database, watermark, None),
            Ok((database, None)) => {
                let expected = rows_format.to_string();
                let reason = IndexReason::OtherFormat { found: String::new(), expected };
                (database, Watermark::default(), Some(reason))
            }
            Err(error) => {
                let reason = IndexReason::DidNotOpen(error.to_string());
                (emptied(&medium, rows_format)?, Watermark::default(), Some(reason))
            }
        };
        Ok((Self::of(Some(medium), database, watermark, rows_format), reason))
    }

    /// Returns an empty index in memory: for while its file takes no writes.
    ///
    /// # Errors
    /// `Index`, if redb makes none.
    pub fn in_memory(rows_format: u32) -> Result<Self> {
        Ok(Self::of(None, begun_in_memory(rows_format)?, Watermark::default(), rows_format))
    }

    fn of(medium: Option<M>, database: Database, watermark: Watermark, rows_format: u32) -> Self {
        let database = Rc::new(RefCell::new(Some(database)));
        Self { medium, database, watermark, rows_format, unsynced: Cell::new(0) }
    }
}

fn database_over(backend: impl StorageBackend) -> Result<Database> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder.create_with_backend(backend).map_err(index_error)
}

fn begun_in_memory(rows_format: u32) -> Result<Database> {
    let database = database_over(InMemoryBackend::new())?;
    begin(&database, rows_format)?;
    Ok(database)
}

/// Opens what is there, and begins where nothing is. No watermark: it has another format.
fn opened<M: Medium + Clone>(medium: &M, rows_format: u32) -> Result<(Database, Option<Watermark>)> {
    let is_new = medium.is_empty().map_err(index_error)?;
    let database = database_over(Backend(SendWrapper::new(medium.clone())))?;
    if is_new {
        begin(&database, rows_format)?;
        return Ok((database, Some(Watermark::default())));
    }
    let watermark = {
        let reading = database.begin_read().map_err(index_error)?;
        let table = reading.open_table(ROWS).map_err(index_error)?;
        let row = table.get(WATERMARK).map_err(index_error)?;
        row.and_then(|row| read_watermark(row.value(), rows_format))
    };
    Ok((database, watermark))
}

/// Begins an empty index in a file, whatever was in it.
fn emptied<M: Medium + Clone>(medium: &M, rows_format: u32) -> Result<Database> {
    medium.set_len(0).map_err(index_error)?;
    opened(medium, rows_format).map(|(database, _)| database)
}

fn begin(database: &Database, rows_format: u32) -> Result<()> {
    let writing = database.begin_write().map_err(index_error)?;
    {
        let mut table = writing.open_table(ROWS).map_err(index_error)?;
        let row = watermark_row(rows_format, Watermark::default());
        table.insert(WATERMARK, row.as_slice()).map_err(index_error)?;
    }
    writing.commit().map_err(index_error)
}

fn watermark_row(rows_format: u32, Watermark { seq, record_crc }: Watermark) -> Vec<u8> {
    [&rows_format.to_be_bytes()[..], &seq.to_be_bytes(), &record_crc.to_be_bytes()].concat()
}

fn read_watermark(row: &[u8], rows_format: u32) -> Option<Watermark> {
    let (format, rest) = row.split_first_chunk()?;
    let (seq, rest) = rest.split_first_chunk()?;
    let (record_crc, _) = rest.split_first_chunk()?;
    let watermark = Watermark { seq: u64::from_be_bytes(*seq), record_crc: u32::from_be_bytes(*record_crc) };
    (u32::from_be_bytes(*format) == rows_format).then_some(watermark)
}

impl<M: Medium + Clone> Index for RedbIndex<M> {
    type Rows = RedbRows;

    fn rows(&self) -> RedbRows {
        RedbRows(Rc::clone(&self.database))
    }

    fn watermark(&self) -> Watermark {
        self.watermark
    }

    fn apply(&mut self, batch: Batch, watermark: Watermark) -> Result<()> {
        let database = self.database.borrow();
        let database = database.as_ref().ok_or_else(|| index_error("the index is closed"))?;
        let mut writing = database.begin_write().map_err(index_error)?;
        let is_due = self.unsynced.get() + 1 >= DURABLE_EVERY;
        let durability = if is_due { Durability::Immediate } else { Durability::None };
        writing.set_durability(durability).map_err(index_error)?;
        {
            let mut table = writing.open_table(ROWS).map_err(index_error)?;
            for (key, value) in &batch.writes {
                match value {
                    Some(value) => drop(table.insert(key.as_slice(), value.as_slice()).map_err(index_error)?),
                    None => drop(table.remove(key.as_slice()).map_err(index_error)?),
                }
            }
            let row = watermark_row(self.rows_format, watermark);
            table.insert(WATERMARK, row.as_slice()).map_err(index_error)?;
        }
        writing.commit().map_err(index_error)?;
        self.unsynced.set(if is_due { 0 } else { self.unsynced.get() + 1 });
        self.watermark = watermark;
        Ok(())
    }

    fn start_over(&mut self, reason: IndexReason) -> Result<IndexNotice> {
        self.database.borrow_mut().take();
        let database = match &self.medium {
            Some(medium) => emptied(medium, self.rows_format)?,
            None => begun_in_memory(self.rows_format)?,
        };
        self.database.borrow_mut().replace(database);
        self.watermark = Watermark::default();
        Ok(IndexNotice { reason, saved_as: None })
    }

    fn close(&mut self) -> Result<()> {
        let Some(database) = self.database.borrow_mut().take() else { return Ok(()) };
        let writing = database.begin_write().map_err(index_error)?;
        writing.commit().map_err(index_error)
    }
}

impl Rows for RedbRows {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, RowsError> {
        if key.first() == Some(&RESERVED) {
            return Ok(None);
        }
        let database = self.0.borrow();
        let database = database.as_ref().ok_or_else(|| RowsError("the index is closed".into()))?;
        let reading = database.begin_read().map_err(rows_error)?;
        let table = reading.open_table(ROWS).map_err(rows_error)?;
        let found = table.get(key).map_err(rows_error)?;
        Ok(found.map(|value| value.value().to_vec()))
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> std::result::Result<(), RowsError> {
        let table = {
            let database = self.0.borrow();
            let database = database.as_ref().ok_or_else(|| RowsError("the index is closed".into()))?;
            let reading = database.begin_read().map_err(rows_error)?;
            reading.open_table(ROWS).map_err(rows_error)?
        };
        let from = from.max(prefix).max(&[RESERVED + 1]);
        let walked = table.range(from..).map_err(rows_error)?.try_for_each(|row| {
            let (key, value) = match row {
                Ok(row) => row,
                Err(error) => return ControlFlow::Break(Some(rows_error(error))),
            };
            if !key.value().starts_with(prefix) || !visit(key.value(), value.value()) {
                return ControlFlow::Break(None);
            }
            ControlFlow::Continue(())
        });
        match walked {
            ControlFlow::Break(Some(error)) => Err(error),
            _ => Ok(()),
        }
    }
}
