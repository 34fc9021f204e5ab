//! The index against damaged files and a ledger it does not belong to.

use std::path::{Path, PathBuf};

use sync_core::rows::{Batch, Rows as _};

use store::{Index as _, IndexNotice, IndexReason, Result, Watermark};

use super::{IndexOptions, SledIndex};
use crate::faulty::Random;

const LAST: u64 = 40;

fn open(store: &Path) -> Result<(SledIndex, Option<IndexNotice>)> {
    let options = IndexOptions { cache_bytes: 8 * 1024 * 1024, rows_format: 1 };
    open_with(store, &options)
}

fn open_with(store: &Path, options: &IndexOptions) -> Result<(SledIndex, Option<IndexNotice>)> {
    let (mut index, reason) = SledIndex::open(store, options)?;
    let notice = reason.map(|reason| index.start_over(reason)).transpose()?;
    Ok((index, notice))
}

fn crc_of(seq: u64) -> u32 {
    crc32fast::hash(&seq.to_be_bytes())
}

fn row(seq: u64, number: u64) -> (Vec<u8>, Vec<u8>) {
    (format!("{} {seq}", number % 3).into_bytes(), vec![u8::try_from(seq).unwrap(); 100])
}

/// Folds every record that is not in the index yet.
fn catch_up(index: &mut SledIndex) {
    for seq in index.watermark().seq + 1..=LAST {
        let mut batch = Batch::default();
        for number in 0..20 {
            let (key, value) = row(seq, number);
            batch.put(key, value);
        }
        index.apply(batch, Watermark { seq, record_crc: crc_of(seq) }).unwrap();
    }
}

fn is_complete(index: &SledIndex) -> bool {
    (1..=LAST).all(|seq| {
        (0..3).all(|number| {
            let (key, value) = row(seq, number);
            index.rows().get(&key).is_ok_and(|found| found == Some(value))
        })
    })
}

fn filled(store: &Path) {
    let (mut index, notice) = open(store).unwrap();
    assert_eq!(notice, None);
    catch_up(&mut index);
    index.close().unwrap();
}

/// Ends in a complete index, rebuilding where the damage shows only in use, as a shell does.
fn recover(store: &Path) -> Option<IndexNotice> {
    let (mut index, notice) = open(store).unwrap();
    catch_up(&mut index);
    if !is_complete(&index) {
        index.start_over(IndexReason::Asked).unwrap();
        catch_up(&mut index);
        assert!(is_complete(&index));
    }
    notice
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[test]
fn an_index_with_rubbish_in_its_files_is_set_aside() {
    for rubbish in [&b"rubbish"[..], &[0; 4096], &[0xff; 4096]] {
        let store = tempfile::tempdir().unwrap();
        filled(store.path());
        for path in files(&store.path().join("index")) {
            std::fs::write(path, rubbish).unwrap();
        }
        let notice = recover(store.path()).unwrap();
        // sled takes some rubbish for an empty index, which then has no format.
        let no_format = IndexReason::OtherFormat { found: String::new(), expected: "1.1".into() };
        let found_out = matches!(notice.reason, IndexReason::DidNotOpen(_)) || notice.reason == no_format;
        assert!(found_out, "{notice:?}");
        assert_eq!(notice.saved_as, Some(store.path().join("set-aside/index-1")));
    }
}

#[test]
fn an_index_that_is_a_file_or_empty_is_replaced() {
    let store = tempfile::tempdir().unwrap();
    std::fs::create_dir(store.path().join("index")).unwrap();
    assert_eq!(recover(store.path()), None);
    assert_eq!(recover(store.path()), None);
    std::fs::remove_dir_all(store.path().join("index")).unwrap();
    std::fs::write(store.path().join("index"), "not a folder").unwrap();
    assert!(matches!(recover(store.path()).unwrap().reason, IndexReason::DidNotOpen(_)));
}

#[test]
fn an_index_flipped_cut_or_zeroed_anywhere_never_breaks_the_store() {
    let mut random = Random::from_env();
    for _ in 0..40 {
        let store = tempfile::tempdir().unwrap();
        filled(store.path());
        let files = files(&store.path().join("index"));
        let path = &files[random.below(files.len())];
        let mut bytes = std::fs::read(path).unwrap();
        if bytes.is_empty() {
            continue;
        }
        // Most of sled's file is zeros that nobody reads.
        let Some(at) = (0..10_000).map(|_| random.below(bytes.len())).find(|at| bytes[*at] != 0) else {
            continue;
        };
        let end = bytes.len().min(at + random.below(600) + 1);
        match random.below(3) {
            0 => bytes[at] ^= 0xff,
            1 => bytes.truncate(at),
            _ => bytes[at..end].fill(0),
        }
        std::fs::write(path, bytes).unwrap();
        recover(store.path());
    }
}

#[test]
fn only_two_old_indexes_are_kept() {
    let store = tempfile::tempdir().unwrap();
    let (mut index, _) = open(store.path()).unwrap();
    for number in 1..=4 {
        catch_up(&mut index);
        let notice = index.start_over(IndexReason::Asked).unwrap();
        assert_eq!(notice.saved_as, Some(store.path().join(format!("set-aside/index-{number}"))));
        assert_eq!(index.watermark().seq, 0);
    }
    let mut kept: Vec<_> = std::fs::read_dir(store.path().join("set-aside"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["index-3", "index-4"]);
}

#[test]
fn an_index_of_another_format_is_set_aside() {
    let store = tempfile::tempdir().unwrap();
    filled(store.path());
    let newer_rows = IndexOptions { rows_format: 2, ..IndexOptions::default() };
    let reason = |options: &IndexOptions| {
        let (mut index, notice) = open_with(store.path(), options).unwrap();
        catch_up(&mut index);
        notice.map(|notice| notice.reason)
    };
    assert_eq!(reason(&IndexOptions::default()), None);
    let other_format = IndexReason::OtherFormat { found: "1.1".into(), expected: "1.2".into() };
    assert_eq!(reason(&newer_rows), Some(other_format));
    assert_eq!(reason(&newer_rows), None);
}
