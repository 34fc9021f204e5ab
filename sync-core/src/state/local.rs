//! Local: rows that only this device has: its last contact, the end of its chain, what it carries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keyspace;
use crate::id::{Epoch, Hash};
use crate::log::line::Carried;
use crate::rows::{Rows, RowsError, all_under};
use crate::scope::Scope;
use crate::time::TimeMs;

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
    pub anchor: crate::log::entry::Anchor,
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

/// All carried segments.
pub fn carried(rows: &dyn Rows) -> Result<Vec<Carried>, RowsError> {
    Ok(all_under(rows, keyspace::CARRIED)?.into_iter().map(|(_, carried)| carried).collect())
}

/// The spans of carried segments under a prefix.
pub fn spans(rows: &dyn Rows, prefix: &[u8]) -> Result<Vec<(u64, u64)>, RowsError> {
    let of_prefix = |carried: &Carried| [keyspace::CARRIED, &carried.device.0].concat() == prefix;
    Ok(carried(rows)?.into_iter().filter(of_prefix).map(|carried| carried.span).collect())
}
