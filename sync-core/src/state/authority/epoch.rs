//! Epoch: a life of the ledger, and what is known of those that were lost.

use crate::id::Epoch;
use crate::log::entry::Anchor;
use crate::rows::{Overlay, Rows, RowsError};
use crate::state::keyspace;

/// Begins an epoch: the founding's, or one after a loss.
pub(super) fn begin_epoch(
    overlay: &mut Overlay<'_>,
    seq: u64,
    epoch: &Epoch,
    lost: Option<&Anchor>,
    lost_epoch: Option<&Epoch>,
) -> Result<(), RowsError> {
    // The founding begins the first one.
    if overlay.get(&keyspace::epoch())?.is_some() && overlay.get(&keyspace::first_loss())?.is_none() {
        overlay.write(keyspace::first_loss(), &seq);
    }
    overlay.write(keyspace::epoch(), epoch);
    for known in [Some(epoch), lost_epoch].into_iter().flatten() {
        overlay.write(keyspace::known_epoch(known), &seq);
    }
    if let Some(lost) = lost {
        overlay.write(keyspace::lost(lost.size, &lost.root), &seq);
    }
    Ok(())
}
