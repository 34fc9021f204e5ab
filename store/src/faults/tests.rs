//! The faults do what they say.

use sync_core::rows::{Batch, Rows as _};

use super::{AppendFault, Crash, FaultyMemory};
use crate::error::StoreError;
use crate::index::IndexReason;

fn records(count: usize) -> Vec<Vec<u8>> {
    vec![b"0123456789".to_vec(); count]
}

#[test]
fn a_fault_strikes_the_append_it_was_meant_for() {
    let medium = FaultyMemory::new();
    let (mut store, _) = medium.open().unwrap();
    medium.fail_append(1, AppendFault::BeforeWriting);
    assert_eq!(store.append(&records(1)).unwrap(), 1);
    assert!(matches!(store.append(&records(1)), Err(StoreError::Io { .. })));
    medium.fail_append(0, AppendFault::Full);
    assert!(matches!(store.append(&records(3)), Err(StoreError::Full { needed_bytes: 78, .. })));
    assert_eq!(store.append(&records(1)).unwrap(), 2);
    medium.set_space_bytes_left(Some(60));
    assert_eq!(store.append(&records(2)).unwrap(), 3);
    assert!(matches!(store.append(&records(1)), Err(StoreError::Full { .. })));
    medium.set_space_bytes_left(None);
    assert_eq!(store.append(&records(1)).unwrap(), 5);
}

#[test]
fn an_unconfirmed_append_may_survive_a_crash_in_part() {
    for kept in 0..=3 {
        let medium = FaultyMemory::new();
        let (mut store, _) = medium.open().unwrap();
        store.append(&records(2)).unwrap();
        medium.fail_append(0, AppendFault::AfterWriting);
        assert!(matches!(store.append(&records(3)), Err(StoreError::SyncFailed { .. })));
        assert!(matches!(store.append(&records(1)), Err(StoreError::AppendsStopped { .. })));
        assert_eq!(store.end(), 3);
        medium.crash(Crash { unconfirmed_records_kept: kept, ..Crash::default() });
        assert!(matches!(store.append(&records(1)), Err(StoreError::AppendsStopped { .. })));
        let (store, _) = medium.open().unwrap();
        assert_eq!(store.end(), 3 + kept as u64);
    }
}

#[test]
fn an_index_ahead_of_a_lossy_ledger_is_dropped() {
    let medium = FaultyMemory::new();
    let (mut store, _) = medium.open().unwrap();
    store.append(&records(4)).unwrap();
    let mut batch = Batch::default();
    batch.put(b"k".to_vec(), b"v".to_vec());
    medium.fail_apply(0);
    assert!(matches!(store.apply(&batch, 4), Err(StoreError::Index { .. })));
    assert_eq!((store.watermark(), store.rows().get(b"k").unwrap()), (0, None));
    store.apply(&batch, 4).unwrap();
    medium.crash(Crash { acknowledged_records_lost: 1, ..Crash::default() });
    let (store, notice) = medium.open().unwrap();
    assert_eq!(notice.unwrap().reason, IndexReason::AheadOfLedger { watermark: 4, last: 3 });
    assert_eq!((store.watermark(), store.rows().get(b"k").unwrap()), (0, None));
}
