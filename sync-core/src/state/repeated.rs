//! Repeated: an entry beside the one that it repeats. The hub asks before it lets a device say so, a view before it
//! shows another name than the device's.

use crate::log::act::Again;
use crate::log::chain::DecodedBody;
use crate::log::entry::ChainedEntry;
use crate::record::content::{self, Repeats};
use crate::record::row::RecordRow;
use crate::record::schema::{RecordKind, RecordSchemas};
use crate::rows::{Rows, RowsError, read};
use crate::state::fold::EntryRow;
use crate::state::interpret::check_creation;
use crate::state::keyspace;

/// What comparing one operation costs, in bytes read: a change may tell of many in few bytes.
const OP_BYTES: usize = 64;

/// Returns whether the entry `written` repeats the entry `first`. `known` is the record as it is.
pub fn repeats(
    known: Option<&RecordRow>,
    first: (&ChainedEntry, &DecodedBody),
    written: (&ChainedEntry, &DecodedBody),
) -> Repeats {
    match (first.1, written.1) {
        _ if first.0.entry.header.record != written.0.entry.header.record => Repeats::Other,
        (DecodedBody::Change(first), DecodedBody::Change(written)) => {
            // Of records that nobody made yet, only orders are worked on.
            let kind = known.map(|row| row.kind).or_else(|| check_creation(first));
            let schema = RecordSchemas::built_in().of(kind.unwrap_or(RecordKind::Order));
            content::repeats(first, written, schema)
        }
        (DecodedBody::Act(first), DecodedBody::Act(written)) if first == written => Repeats::Same,
        _ => Repeats::Other,
    }
}

/// Returns what reading and comparing an entry costs, in bytes.
pub fn cost(chained: &ChainedEntry, decoded: &DecodedBody) -> usize {
    let ops = if let DecodedBody::Change(change) = decoded { change.ops.len() } else { 0 };
    chained.entry.body.bytes().len() + ops * OP_BYTES
}

/// Returns the row of the entry that a pair names, where the ledger has it: on its device's chain, or on a branch.
pub fn entry_row(rows: &dyn Rows, again: &Again) -> Result<Option<EntryRow>, RowsError> {
    let main = read::<EntryRow>(rows, &keyspace::entry(&again.device, again.of_seq))?;
    let branch = read::<EntryRow>(rows, &keyspace::fork(&again.device, again.of_seq, &again.of))?;
    let is_it = |row: &EntryRow| row.hash == Some(again.of) && row.receipt.is_some();
    Ok(main.into_iter().chain(branch).find(is_it))
}
