//! Fresh: a batch that is durable, over an index into which it is still being applied. A reader sees the whole batch:
//! its keys are answered from here, and no other key changes until the next one.

use std::sync::Arc;

use sync_core::rows::{Batch, Look, Rows, RowsError, Visit, scan_over};

/// Rows with a batch on top, which may be empty.
#[derive(Debug, Clone)]
pub struct Fresh<R> {
    below: R,
    batch: Arc<Batch>,
}

impl<R: Rows> Fresh<R> {
    /// Returns `below` with `batch` on top.
    pub(crate) fn new(below: R, batch: Arc<Batch>) -> Self {
        Self { below, batch }
    }
}

impl<R: Rows> Rows for Fresh<R> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, RowsError> {
        match self.batch.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.below.get(key),
        }
    }

    fn look(&self, key: &[u8], look: &mut Look<'_>) -> Result<(), RowsError> {
        match self.batch.writes.get(key) {
            Some(written) => look(written.as_deref()),
            None => self.below.look(key, look)?,
        }
        Ok(())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], visit: &mut Visit<'_>) -> Result<(), RowsError> {
        scan_over(&self.below, &self.batch, prefix, from, visit)
    }
}
