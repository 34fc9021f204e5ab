//! The ledger on files damaged byte by byte, and on a disk that fails.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Ledger, LedgerOptions, LedgerReader, TailRepair, chunks, frame};
use crate::faulty::{Faults, FaultyDisk, Random};
use store::{Result, StoreError};

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn chunk(store: &Path, first_seq: u64) -> PathBuf {
    store.join("ledger").join(chunks::file_name(first_seq))
}

fn options(chunk_bytes_max: u64) -> LedgerOptions {
    LedgerOptions { chunk_bytes_max, ..LedgerOptions::default() }
}

fn open(store: &Path) -> Result<(Ledger, Option<TailRepair>)> {
    Ledger::open(store, &LedgerOptions::default())
}

fn record(seq: u64) -> Vec<u8> {
    format!("record {seq} {}", "x".repeat(usize::try_from(seq % 5).unwrap())).into_bytes()
}

/// Appends records up to `last` that name their number, in one append.
fn append_to(ledger: &mut Ledger, last: u64) -> Result<u64> {
    let records: Vec<_> = (ledger.end()..=last).map(record).collect();
    ledger.append(&records)
}

fn assert_named(reader: &LedgerReader, last: u64) {
    assert_eq!(reader.end(), last + 1);
    let mut next = 1;
    let visit = &mut |seq, bytes: &[u8]| {
        assert_eq!((seq, bytes), (next, record(next).as_slice()));
        assert_eq!(reader.read(seq).unwrap(), bytes);
        next += 1;
        true
    };
    reader.read_range(1, u64::MAX, visit).unwrap();
    assert_eq!(next, last + 1);
}

/// Byte offsets of the frames in the first chunk, and its end.
fn frame_ends(store: &Path) -> Vec<usize> {
    let bytes = std::fs::read(chunk(store, 1)).unwrap();
    let mut ends = vec![frame::CHUNK_HEADER_BYTES];
    while let Some(header) = frame::FrameHeader::read(&bytes[ends[ends.len() - 1]..]) {
        ends.push(ends[ends.len() - 1] + header.frame_bytes());
    }
    ends
}

#[test]
fn a_tail_torn_at_any_byte_is_saved_cut_and_reported() {
    let whole = scratch();
    let (mut ledger, _) = open(whole.path()).unwrap();
    append_to(&mut ledger, 2).unwrap();
    append_to(&mut ledger, 5).unwrap();
    let bytes = std::fs::read(chunk(whole.path(), 1)).unwrap();
    let ends = frame_ends(whole.path());
    // An append is there whole or not at all: bytes before it, and records.
    let whole = [(ends[0], 0), (ends[2], 2), (ends[5], 5)];
    for length in 0..bytes.len() {
        let torn = scratch();
        std::fs::create_dir(torn.path().join("ledger")).unwrap();
        std::fs::write(chunk(torn.path(), 1), &bytes[..length]).unwrap();
        let (mut ledger, repair) = open(torn.path()).unwrap();
        let (good_bytes, records) = whole.into_iter().rfind(|(end, _)| *end <= length).unwrap_or_default();
        assert_named(&ledger.reader(), records);
        if good_bytes == length && length > 0 {
            assert_eq!(repair, None);
        } else {
            let repair = repair.unwrap();
            assert_eq!(repair.first_seq_dropped, records + 1);
            assert_eq!(repair.bytes, (length - good_bytes) as u64);
            assert_eq!(std::fs::read(repair.saved_as).unwrap(), bytes[good_bytes..length]);
        }
        append_to(&mut ledger, 9).unwrap();
        drop(ledger);
        let (ledger, repair) = open(torn.path()).unwrap();
        assert_eq!(repair, None);
        assert_named(&ledger.reader(), 9);
    }
}

#[test]
fn a_flipped_byte_names_its_record_and_only_the_last_append_is_cut() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    for last in 1..=3 {
        append_to(&mut ledger, last).unwrap();
    }
    drop(ledger);
    let path = chunk(store.path(), 1);
    let good = std::fs::read(&path).unwrap();
    let ends = frame_ends(store.path());
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            std::fs::write(&path, &bad).unwrap();
            // The header belongs to the first record.
            let damaged = ends[1..].iter().filter(|end| **end <= at).count() as u64 + 1;
            match open(store.path()) {
                Err(StoreError::Corrupt { seq, path: said, offset, .. }) => {
                    assert_eq!((seq, said), (damaged, path.clone()), "byte {at}");
                    assert!(usize::try_from(offset).unwrap() <= at);
                    assert_eq!(std::fs::read(&path).unwrap(), bad, "refusing must change nothing");
                }
                Ok((ledger, Some(repair))) => {
                    assert_eq!((damaged, repair.first_seq_dropped), (3, 3), "byte {at}");
                    assert_named(&ledger.reader(), 2);
                }
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_hole_in_the_last_append_is_torn_but_one_before_a_later_append_is_damage() {
    for later_append in [false, true] {
        let store = scratch();
        let (mut ledger, _) = open(store.path()).unwrap();
        append_to(&mut ledger, 1).unwrap();
        append_to(&mut ledger, 4).unwrap();
        if later_append {
            append_to(&mut ledger, 5).unwrap();
        }
        drop(ledger);
        let ends = frame_ends(store.path());
        let path = chunk(store.path(), 1);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[ends[1]..ends[2] + 3].fill(0);
        std::fs::write(&path, bytes).unwrap();
        match (later_append, open(store.path())) {
            (true, Err(StoreError::Corrupt { seq: 2, .. })) => {}
            (false, Ok((ledger, Some(TailRepair { first_seq_dropped: 2, .. })))) => {
                assert_named(&ledger.reader(), 1);
            }
            (_, other) => panic!("{later_append}: {other:?}"),
        }
    }
}

/// A flipped byte in the middle of a durable append is said of its own record, though the whole append is at stake.
#[test]
fn damage_within_an_append_names_its_record() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 1).unwrap();
    append_to(&mut ledger, 4).unwrap();
    append_to(&mut ledger, 5).unwrap();
    drop(ledger);
    let ends = frame_ends(store.path());
    let path = chunk(store.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[ends[3] - 1] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let Err(StoreError::Corrupt { seq, offset, detail, .. }) = open(store.path()) else {
        panic!("it opens");
    };
    assert_eq!((seq, offset), (3, ends[2] as u64));
    let ahead = ends[4] - ends[2];
    assert_eq!(detail, format!("the checksum does not match, and record 5 is good {ahead} bytes later"));
}

/// Programs before this one did not mark that more records of an append follow: each of theirs counts by itself.
#[test]
fn records_of_older_programs_are_all_there() {
    let store = scratch();
    drop(open(store.path()).unwrap());
    let mut bytes = frame::chunk_header(1).to_vec();
    for (position, seq) in [(0, 1), (0, 2), (1, 3), (2, 4)] {
        frame::write_frame(&mut bytes, seq, position, 1, &record(seq));
    }
    std::fs::write(chunk(store.path(), 1), bytes).unwrap();
    let (mut ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair, None);
    append_to(&mut ledger, 6).unwrap();
    drop(ledger);
    assert_named(&open(store.path()).unwrap().0.reader(), 6);
}

#[test]
fn chunks_rotate_and_every_one_must_be_there_and_whole() {
    let store = scratch();
    let (mut ledger, _) = Ledger::open(store.path(), &options(120)).unwrap();
    for last in 1..=12 {
        append_to(&mut ledger, last).unwrap();
    }
    assert_named(&ledger.reader(), 12);
    drop(ledger);
    let names = || {
        let folder = std::fs::read_dir(store.path().join("ledger")).unwrap();
        let mut names: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    };
    let all = names();
    assert!(all.len() > 3 && all[0] == chunk(store.path(), 1), "{all:?}");
    let (ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair, None);
    assert_named(&ledger.reader(), 12);
    for path in &all[..all.len() - 1] {
        let bytes = std::fs::read(path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(matches!(open(store.path()), Err(StoreError::Corrupt { offset: 0, .. })), "without {path:?}");
        for length in 0..bytes.len() {
            std::fs::write(path, &bytes[..length]).unwrap();
            let refused = open(store.path());
            assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{path:?} cut to {length}");
        }
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::rename(&all[1], chunk(store.path(), 99)).unwrap();
    assert!(matches!(open(store.path()), Err(StoreError::Corrupt { .. })));
}

#[test]
fn a_new_chunk_torn_in_its_header_is_dropped() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 3).unwrap();
    drop(ledger);
    let header = frame::chunk_header(4);
    for length in 0..header.len() {
        std::fs::write(chunk(store.path(), 4), &header[..length]).unwrap();
        let (ledger, repair) = open(store.path()).unwrap();
        let repair = repair.unwrap();
        assert_eq!((repair.first_seq_dropped, repair.bytes), (4, length as u64));
        assert_named(&ledger.reader(), 3);
        assert!(!chunk(store.path(), 4).exists());
    }
    std::fs::write(chunk(store.path(), 4), header).unwrap();
    let (mut ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair, None);
    append_to(&mut ledger, 4).unwrap();
    assert_named(&ledger.reader(), 4);
}

#[test]
fn a_newer_chunk_format_is_refused() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 1).unwrap();
    let path = chunk(store.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 7;
    let crc = crc32fast::hash(&bytes[..20]);
    bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(open(store.path()), Err(StoreError::NewerFormat { found: 7, known: 1, .. })));
}

#[test]
fn reading_only_changes_nothing_and_leaves_a_torn_tail_out() {
    let store = scratch();
    assert!(matches!(Ledger::open_read_only(store.path()), Err(StoreError::Missing { .. })));
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 3).unwrap();
    let before = Ledger::open_read_only(store.path()).unwrap();
    append_to(&mut ledger, 4).unwrap();
    assert_named(&before.reader, 3);
    let path = chunk(store.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.pop();
    std::fs::write(&path, &bytes).unwrap();
    let now = Ledger::open_read_only(store.path()).unwrap();
    assert_named(&now.reader, 3);
    assert_eq!(now.tail_bytes_ignored, (frame::FRAME_HEADER_BYTES + record(4).len() - 1) as u64);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(!store.path().join("set-aside").exists());
}

#[test]
fn damage_after_opening_is_found_when_reading() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 3).unwrap();
    let path = chunk(store.path(), 1);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = frame_ends(store.path())[2] - 1;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let reader = ledger.reader();
    assert_eq!(reader.read(1).unwrap(), record(1));
    assert!(matches!(reader.read(2), Err(StoreError::Corrupt { seq: 2, .. })));
    let mut seen = 0;
    let ranged = reader.read_range(1, 4, &mut |_, _| {
        seen += 1;
        true
    });
    assert!(matches!(ranged, Err(StoreError::Corrupt { seq: 2, .. })));
    assert_eq!(seen, 1);
}

#[test]
fn a_full_disk_keeps_nothing_of_the_append_and_later_ones_succeed() {
    let store = scratch();
    let disk = FaultyDisk::default();
    let (mut ledger, _) = Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(1 << 20)).unwrap();
    append_to(&mut ledger, 2).unwrap();
    for (kind, written) in [(ErrorKind::StorageFull, 30), (ErrorKind::QuotaExceeded, 0)] {
        disk.set(Faults { write: Some((written, kind)), ..Faults::default() });
        let refused = append_to(&mut ledger, 9);
        assert!(matches!(refused, Err(StoreError::Full { needed_bytes: 191.., .. })), "{refused:?}");
    }
    disk.set(Faults { write: Some((10, ErrorKind::ReadOnlyFilesystem)), ..Faults::default() });
    assert!(matches!(append_to(&mut ledger, 3), Err(StoreError::ReadOnly { .. })));
    disk.set(Faults { write: Some((10, ErrorKind::TimedOut)), ..Faults::default() });
    assert!(matches!(append_to(&mut ledger, 3), Err(StoreError::Io { .. })));
    assert_named(&ledger.reader(), 2);
    append_to(&mut ledger, 4).unwrap();
    drop(ledger);
    let (ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair, None);
    assert_named(&ledger.reader(), 4);
}

#[test]
fn a_full_disk_while_a_chunk_begins_leaves_no_chunk() {
    let store = scratch();
    let disk = FaultyDisk::default();
    let (mut ledger, _) = Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(1)).unwrap();
    append_to(&mut ledger, 1).unwrap();
    disk.set(Faults { create: Some(ErrorKind::StorageFull), ..Faults::default() });
    assert!(matches!(append_to(&mut ledger, 2), Err(StoreError::Full { .. })));
    disk.set(Faults { write: Some((7, ErrorKind::StorageFull)), ..Faults::default() });
    assert!(matches!(append_to(&mut ledger, 2), Err(StoreError::Full { .. })));
    assert!(!chunk(store.path(), 2).exists());
    append_to(&mut ledger, 2).unwrap();
    disk.set(Faults { write: Some((7, ErrorKind::StorageFull)), remove: true, ..Faults::default() });
    for _ in 0..2 {
        assert!(matches!(append_to(&mut ledger, 3), Err(StoreError::AppendsStopped { .. })));
    }
    let (mut ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair.unwrap().first_seq_dropped, 3);
    append_to(&mut ledger, 3).unwrap();
    assert_named(&ledger.reader(), 3);
}

#[test]
fn after_a_failed_fsync_nothing_is_appended_until_reopened() {
    for folder in [false, true] {
        let store = scratch();
        let disk = FaultyDisk::default();
        let (mut ledger, _) = Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(60)).unwrap();
        append_to(&mut ledger, 1).unwrap();
        disk.set(Faults { sync: (!folder).then_some(0), sync_folder: folder, ..Faults::default() });
        let failed = append_to(&mut ledger, 3);
        assert!(matches!(failed, Err(StoreError::SyncFailed { .. })), "{failed:?}");
        let syncs = disk.syncs();
        assert!(matches!(append_to(&mut ledger, 3), Err(StoreError::AppendsStopped { .. })));
        assert_eq!(disk.syncs(), syncs, "an fsync that failed is never repeated");
        assert_named(&ledger.reader(), 1);
        let (mut ledger, repair) = open(store.path()).unwrap();
        assert_eq!(repair, None);
        append_to(&mut ledger, 3).unwrap();
        assert_named(&ledger.reader(), 3);
    }
}

#[test]
fn the_folder_of_a_ledger_without_chunks_is_durable_however_an_earlier_start_ended() {
    let store = scratch();
    std::fs::create_dir(store.path().join("ledger")).unwrap();
    let disk = FaultyDisk::default();
    Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(60)).unwrap();
    assert!(disk.synced_folders().contains(store.path()));
}

#[test]
fn a_failed_write_that_cannot_be_cut_back_stops_appends() {
    let store = scratch();
    let disk = FaultyDisk::default();
    let (mut ledger, _) = Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(1 << 20)).unwrap();
    append_to(&mut ledger, 1).unwrap();
    disk.set(Faults { write: Some((9, ErrorKind::StorageFull)), set_len: true, ..Faults::default() });
    for _ in 0..2 {
        assert!(matches!(append_to(&mut ledger, 2), Err(StoreError::AppendsStopped { .. })));
    }
    let (ledger, repair) = open(store.path()).unwrap();
    assert_eq!(repair.unwrap().bytes, 9);
    assert_named(&ledger.reader(), 1);
}

#[test]
fn what_is_found_at_opening_is_durable_from_then_on() {
    let mut random = Random::from_env();
    for _ in 0..20 {
        let store = scratch();
        let disk = FaultyDisk::default();
        let open = || Ledger::open_on(Arc::new(disk.clone()), store.path(), &options(1 << 20)).unwrap();
        let (mut ledger, _) = open();
        append_to(&mut ledger, 1).unwrap();
        disk.set(Faults { sync: Some(0), set_len: true, ..Faults::default() });
        assert!(matches!(append_to(&mut ledger, 5), Err(StoreError::SyncFailed { .. })));
        assert_named(&open().0.reader(), 5);
        disk.crash(&mut random);
        assert_named(&open().0.reader(), 5);
    }
}

#[test]
fn whatever_fails_and_whenever_the_power_goes_no_acknowledged_record_is_lost() {
    let mut random = Random::from_env();
    for _ in 0..60 {
        let store = scratch();
        let disk = FaultyDisk::default();
        let options = options(40 + random.below(600) as u64);
        let mut acknowledged = 0;
        for _ in 0..12 {
            // Opening writes too, when there is a tail to save and cut.
            disk.set(random_faults(&mut random));
            let opened = Ledger::open_on(Arc::new(disk.clone()), store.path(), &options);
            let (mut ledger, _) = match opened {
                Ok(opened) => opened,
                Err(error @ StoreError::Corrupt { .. }) => panic!("{error}"),
                Err(_) if random.one_in(2) => continue,
                Err(_) => {
                    disk.crash(&mut random);
                    continue;
                }
            };
            let found = ledger.end() - 1;
            assert!(found >= acknowledged, "{acknowledged} were acknowledged, {found} are left");
            assert_named(&ledger.reader(), found);
            disk.set(Faults::default());
            acknowledged = found;
            for _ in 0..random.below(8) {
                disk.set(random_faults(&mut random));
                let last = acknowledged + 1 + random.below(6) as u64;
                if append_to(&mut ledger, last).is_ok() {
                    acknowledged = last;
                }
                assert_named(&ledger.reader(), acknowledged);
            }
            drop(ledger);
            // Otherwise only the process ends; what it had written is still to be found, and then counts.
            if random.one_in(2) {
                disk.crash(&mut random);
            }
        }
    }
}

fn random_faults(random: &mut Random) -> Faults {
    Faults {
        write: random.one_in(4).then(|| (random.below(200), ErrorKind::StorageFull)),
        sync: random.one_in(8).then(|| random.below(2)),
        sync_folder: random.one_in(12),
        set_len: random.one_in(6),
        create: random.one_in(8).then_some(ErrorKind::StorageFull),
        remove: random.one_in(6),
    }
}

#[test]
fn files_are_private_and_an_append_is_one_fsync() {
    let store = scratch();
    let (mut ledger, _) = open(store.path()).unwrap();
    append_to(&mut ledger, 1).unwrap();
    let before = ledger.stats();
    append_to(&mut ledger, 100).unwrap();
    let after = ledger.stats();
    assert_eq!((after.appends - before.appends, after.fsyncs - before.fsyncs), (1, 1));
    assert_eq!(after.bytes_written + 24, std::fs::metadata(chunk(store.path(), 1)).unwrap().len());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&chunk(store.path(), 1)), 0o600);
    assert_eq!(mode(&store.path().join("ledger")), 0o700);
}

/// Needs a real file system that fills up: give its path in `CUADRILLA_SMALL_DISK` (a tmpfs of 1 MiB will do).
#[test]
fn a_real_full_disk_is_reported_and_survived() {
    let Some(folder) = std::env::var_os("CUADRILLA_SMALL_DISK") else { return };
    let store = tempfile::tempdir_in(folder).unwrap();
    let (mut ledger, _) = open(store.path()).unwrap();
    let ballast = store.path().join("ballast");
    std::fs::write(&ballast, vec![1; 100_000]).unwrap();
    let mut last = 0;
    let refused = loop {
        match ledger.append(&vec![vec![7; 1_000]; 10]) {
            Ok(first) => last = first + 9,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Full { needed_bytes: 10_160, .. }), "{refused:?}");
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(ledger.append(&[vec![8; 1_000]]).unwrap(), last + 1);
    let (ledger, repair) = open(store.path()).unwrap();
    assert_eq!((ledger.end(), repair), (last + 2, None));
}
