//! Agree: where the store and the ledger's word differ. Both agree until one of them is put back to an older copy: then
//! the ledger speaks of bytes that are not there, or the store has bytes of which the ledger knows nothing.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::Hash;
use sync_core::log::act::StoredBlob;
use sync_core::rows::{Rows, RowsError, read};
use sync_core::state::evidence::{erased, is_stored, namings};
use sync_core::state::fold::EntryRow;
use sync_core::state::keyspace;

use crate::sweep::Kept;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differing {
    /// The ledger says that these are there, and they are not, or not whole.
    pub missing: Vec<StoredBlob>,
    /// These are there, and the ledger does not say it.
    pub unsaid: Vec<Kept>,
}

/// Compares what the ledger said ([`sync_core::state::evidence::all_stored`]) with what the store was found to have
/// afterwards. What came in between is unsaid here, and is said by the time that [`to_say`] looks.
pub fn compare(said: &[StoredBlob], all: &[Kept]) -> Differing {
    let there: BTreeMap<Hash, u64> = all.iter().map(|kept| (kept.blob, kept.bytes)).collect();
    let known: BTreeSet<Hash> = said.iter().map(|blob| blob.sha256).collect();
    let is_there = |blob: &&StoredBlob| there.get(&blob.sha256) == Some(&blob.bytes);
    Differing {
        missing: said.iter().filter(|blob| !is_there(blob)).copied().collect(),
        unsaid: all.iter().filter(|kept| !known.contains(&kept.blob)).copied().collect(),
    }
}

/// Takes those out of the unsaid of which the ledger can speak by now, and returns what it can say: the device that named
/// the bytes first brought them, for nobody else could know their name. What no entry names yet waits.
///
/// # Errors
/// The index does not read.
pub fn to_say(rows: &dyn Rows, unsaid: &mut Vec<Kept>) -> Result<Vec<StoredBlob>, RowsError> {
    let (mut say, mut waiting) = (Vec::new(), Vec::new());
    for kept in std::mem::take(unsaid) {
        if is_stored(rows, &kept.blob)? || erased(rows, &kept.blob)?.is_some() {
            continue;
        }
        match named_first(rows, &kept)? {
            Some(blob) => say.push(blob),
            None => waiting.push(kept),
        }
    }
    *unsaid = waiting;
    Ok(say)
}

fn named_first(rows: &dyn Rows, kept: &Kept) -> Result<Option<StoredBlob>, RowsError> {
    let mut first: Option<(u64, StoredBlob)> = None;
    for naming in namings(rows, &kept.blob)?.into_iter().filter(|naming| naming.row.bytes == kept.bytes) {
        let entry: Option<EntryRow> = read(rows, &keyspace::entry(&naming.device, naming.row.device_seq))?;
        let Some(receipt) = entry.and_then(|entry| entry.receipt) else { continue };
        if first.is_none_or(|(seq, _)| receipt.seq < seq) {
            let blob = StoredBlob { sha256: kept.blob, bytes: kept.bytes, of: naming.device };
            first = Some((receipt.seq, blob));
        }
    }
    Ok(first.map(|(_, blob)| blob))
}

#[cfg(test)]
mod tests {
    use super::{compare, to_say};
    use crate::sweep::Kept;
    use sync_core::id::{DeviceId, Hash, RecordId};
    use sync_core::log::act::StoredBlob;
    use sync_core::rows::{MemoryRows, Overlay};
    use sync_core::state::evidence::{NamedRow, note_stored};
    use sync_core::state::keyspace;

    const DEVICE: DeviceId = DeviceId([7; 16]);

    fn kept(name: u8) -> Kept {
        Kept { blob: Hash([name; 32]), bytes: 9, at_ms: 0 }
    }

    fn said(name: u8) -> StoredBlob {
        StoredBlob { sha256: Hash([name; 32]), bytes: 9, of: DEVICE }
    }

    #[test]
    fn what_is_said_and_not_there_is_missing_and_what_is_there_and_not_said_is_unsaid() {
        let short = Kept { bytes: 8, ..kept(3) };
        let differing = compare(&[said(1), said(2), said(3)], &[kept(1), short, kept(4)]);
        assert_eq!((differing.missing, differing.unsaid), (vec![said(2), said(3)], vec![kept(4)]));
    }

    #[test]
    fn the_unsaid_waits_for_an_entry_that_names_it() {
        let below = MemoryRows::default();
        let mut rows = Overlay::new(&below);
        let mut unsaid = vec![kept(1), kept(2)];
        assert_eq!(to_say(&rows, &mut unsaid).unwrap(), []);
        let named = NamedRow { device_seq: 1, bytes: 9, is_thumb: false };
        for name in [1, 2] {
            rows.write(keyspace::named_blob(&Hash([name; 32]), &DEVICE, &RecordId::ZERO), &named);
        }
        note_stored(&mut rows, 4, &[said(2)], false).unwrap();
        assert_eq!(to_say(&rows, &mut unsaid).unwrap(), [], "an entry without a receipt is none yet");
        assert_eq!(unsaid, [kept(1)], "what is said by now is not said twice");
    }
}
