//! Fresh: a batch that is durable, over an index into which it is still being applied. Who reads through it sees the
//! whole batch: its keys are answered from here, and no other key changes meanwhile.

use std::sync::Arc;

use store::IndexRows;
use sync_core::rows::{Batch, Look, Rows, RowsError, Visit, scan_over};

/// Rows with a batch on top.
pub(super) struct Fresh {
    /// The index.
    pub(super) below: Arc<dyn IndexRows>,
    /// What is being applied.
    pub(super) batch: Batch,
}

impl Rows for Fresh {
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
        scan_over(&*self.below, &self.batch, prefix, from, visit)
    }
}
