//! Opening a store's folder in every state it may be found in.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use store::{IndexReason, Result, StoreError};
use sync_core::rows::Rows as _;

use super::{DiskStore, Notices, Options};

fn options() -> Options {
    Options { lock_wait_ms: 0, ..Options::device() }
}

fn open(folder: &Path) -> Result<(DiskStore, Notices)> {
    super::open(folder, &options())
}

/// A store with three appends of one record each, all of them folded.
fn three_records(folder: &Path) {
    let (mut store, notices) = open(folder).unwrap();
    assert_eq!(notices, Notices::default());
    for letter in *b"abc" {
        store.append(&[vec![letter]]).unwrap();
    }
    fold(&mut store);
    store.close().unwrap();
}

fn fold(store: &mut DiskStore) -> String {
    let put = &mut |seq: u64, bytes: &[u8], rows: &mut sync_core::rows::Overlay<'_>| {
        rows.put(vec![u8::try_from(seq)?], bytes.to_vec());
        Ok(())
    };
    store.catch_up(put, &mut |_| {}).unwrap();
    let mut text = Vec::new();
    let visit = &mut |_: &[u8], value: &[u8]| {
        text.extend_from_slice(value);
        true
    };
    store.rows().scan(b"", b"", visit).unwrap();
    String::from_utf8(text).unwrap()
}

fn only_chunk(folder: &Path) -> PathBuf {
    folder.join("ledger/00000000000000000001.log")
}

#[test]
fn an_index_ahead_of_a_ledger_that_lost_its_tail_is_rebuilt() {
    let scratch = tempfile::tempdir().unwrap();
    three_records(scratch.path());
    let bytes = std::fs::read(only_chunk(scratch.path())).unwrap();
    std::fs::write(only_chunk(scratch.path()), &bytes[..bytes.len() - 1]).unwrap();
    let (mut store, notices) = open(scratch.path()).unwrap();
    assert_eq!(notices.tail.unwrap().first_seq_dropped, 3);
    assert_eq!(notices.index.unwrap().reason, IndexReason::AheadOfLedger { watermark: 3, last: 2 });
    assert_eq!((store.watermark(), fold(&mut store).as_str()), (0, "ab"));
}

#[test]
fn an_index_beside_another_ledger_of_the_same_length_is_rebuilt() {
    let scratch = tempfile::tempdir().unwrap();
    three_records(scratch.path());
    std::fs::remove_dir_all(scratch.path().join("ledger")).unwrap();
    let (mut ledger, _) = crate::Ledger::open(scratch.path(), &options().ledger).unwrap();
    ledger.append(&[b"x".to_vec(), b"y".to_vec(), b"z".to_vec()]).unwrap();
    drop(ledger);
    let (mut store, notices) = open(scratch.path()).unwrap();
    assert_eq!(notices.index.unwrap().reason, IndexReason::OtherLedger { watermark: 3 });
    assert_eq!(fold(&mut store), "xyz");
}

#[test]
fn an_index_that_was_deleted_is_filled_again() {
    let scratch = tempfile::tempdir().unwrap();
    three_records(scratch.path());
    std::fs::remove_dir_all(scratch.path().join("index")).unwrap();
    let (mut store, notices) = open(scratch.path()).unwrap();
    assert_eq!(notices, Notices::default());
    assert_eq!(fold(&mut store), "abc");
}

#[test]
fn a_corrupt_ledger_is_refused_and_left_as_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    three_records(scratch.path());
    let mut bytes = std::fs::read(only_chunk(scratch.path())).unwrap();
    bytes[30] ^= 1;
    std::fs::write(only_chunk(scratch.path()), &bytes).unwrap();
    assert!(matches!(open(scratch.path()), Err(StoreError::Corrupt { seq: 1, .. })));
    assert_eq!(std::fs::read(only_chunk(scratch.path())).unwrap(), bytes);
    assert!(!scratch.path().join("set-aside").exists());
}

#[test]
fn a_locked_store_names_its_holder_and_is_waited_for() {
    let scratch = tempfile::tempdir().unwrap();
    let (store, _) = open(scratch.path()).unwrap();
    match open(scratch.path()) {
        Err(StoreError::Locked { path, pid }) => {
            assert_eq!((path.as_path(), pid), (scratch.path(), Some(std::process::id())));
        }
        other => panic!("{other:?}"),
    }
    let holding = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(store);
    });
    let patient = Options { lock_wait_ms: 60_000, ..options() };
    super::open(scratch.path(), &patient).unwrap();
    holding.join().unwrap();
}

#[test]
fn a_folder_that_is_no_store_of_ours_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("store");
    let existing = Options { create: false, ..options() };
    assert!(matches!(super::open(&folder, &existing), Err(StoreError::Missing { .. })));
    assert!(!folder.exists());
    std::fs::create_dir(&folder).unwrap();
    assert!(matches!(super::open(&folder, &existing), Err(StoreError::Missing { .. })));
    three_records(&folder);
    super::open(&folder, &existing).unwrap();
    let format = folder.join("FORMAT");
    assert_eq!(std::fs::read_to_string(&format).unwrap(), "cuadrilla-store 1\n");
    std::fs::write(&format, "cuadrilla-store 2\n").unwrap();
    assert!(matches!(open(&folder), Err(StoreError::NewerFormat { found: 2, known: 1, .. })));
    for other in ["", "cuadrilla-store", "cuadrilla-store x\n", "cuadrilla-store 0\n", "else 1\n"] {
        std::fs::write(&format, other).unwrap();
        assert!(matches!(open(&folder), Err(StoreError::NotAStore { .. })), "{other:?}");
    }
    std::fs::remove_file(&format).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::NotAStore { .. })));
}

#[test]
fn a_torn_first_start_is_finished() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("FORMAT.new"), "cuadrilla-store 1 and then some").unwrap();
    three_records(scratch.path());
    open(scratch.path()).unwrap();
}

#[test]
fn what_a_store_makes_is_private() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("a/b");
    three_records(&folder);
    let (mut store, _) = open(&folder).unwrap();
    store.rebuild().unwrap();
    for (name, expected) in [
        ("", 0o700),
        ("lock", 0o600),
        ("FORMAT", 0o600),
        ("ledger", 0o700),
        ("ledger/00000000000000000001.log", 0o600),
        ("index", 0o700),
        ("set-aside", 0o700),
    ] {
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{name}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_said_to_be_read_only() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("store");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    if std::fs::write(folder.join("probe"), "").is_ok() {
        return; // Permissions do not bind the superuser.
    }
    assert!(matches!(open(&folder), Err(StoreError::ReadOnly { .. })));
    assert!(matches!(open(&folder.join("below")), Err(StoreError::ReadOnly { .. })));
}
