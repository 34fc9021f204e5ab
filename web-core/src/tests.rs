//! Tests: journal and index pass what every log and index must, and lose nothing that a flush confirmed.

use store::conformance::{Backend, run_all};
use store::{Log as _, Store, StoreError};

use crate::index::RedbIndex;
use crate::journal::{Journal, SPARE_BYTES};
use crate::medium::{Medium as _, MemoryFile};

#[derive(Default)]
struct Files {
    journal: MemoryFile,
    index: MemoryFile,
}

type FilesStore = Store<Journal<MemoryFile>, RedbIndex<MemoryFile>>;

impl Backend for Files {
    type Log = Journal<MemoryFile>;
    type Index = RedbIndex<MemoryFile>;

    fn open(&mut self) -> Result<FilesStore, StoreError> {
        let (journal, _) = Journal::open(self.journal.clone())?;
        let (index, reason) = RedbIndex::open(self.index.clone(), 1)?;
        Ok(Store::open(journal, index, reason)?.0)
    }

    fn crash(&mut self, store: FilesStore) {
        let (journal, index) = (self.journal.durable(), self.index.durable());
        drop(store);
        self.journal = MemoryFile::with(journal);
        self.index = MemoryFile::with(index);
    }
}

#[test]
fn it_is_a_store_like_the_others() {
    // The browser gives a file to one owner: a second opening is refused there.
    let failures = run_all(Files::default).err().unwrap_or_default();
    let names: Vec<_> = failures.iter().filter(|(name, _)| *name != "a second opening is refused").collect();
    assert!(names.is_empty(), "{names:?}");
}

fn lines(journal: &Journal<MemoryFile>) -> Vec<Vec<u8>> {
    (1..journal.end()).map(|number| journal.read(number).unwrap()).collect()
}

#[test]
fn wherever_an_append_is_cut_whole_appends_are_there_and_no_part_of_another() {
    let file = MemoryFile::default();
    let (mut journal, _) = Journal::open(file.clone()).unwrap();
    journal.append(&[b"one".to_vec()]).unwrap();
    let before = file.bytes();
    journal.append(&[b"two".to_vec(), b"three".to_vec(), vec![7; 300]]).unwrap();
    let after = file.bytes();
    let changed = (0..after.len()).filter(|at| before.get(*at) != after.get(*at)).max().unwrap();
    for cut in 0..=changed {
        let mut bytes = before.clone();
        bytes.resize(bytes.len().max(cut), 0);
        bytes[..cut].copy_from_slice(&after[..cut]);
        let (mut journal, _) = Journal::open(MemoryFile::with(bytes)).unwrap();
        assert_eq!(lines(&journal), [b"one".to_vec()], "cut at {cut}");
        // What was torn is written over by less, and does not come back.
        journal.append(&[b"new".to_vec()]).unwrap();
        assert_eq!(lines(&journal), [b"one".to_vec(), b"new".to_vec()], "cut at {cut}");
    }
}

#[test]
fn what_was_written_after_a_refused_append_is_not_followed_by_its_rest() {
    let file = MemoryFile::default();
    let (mut journal, _) = Journal::open(file.clone()).unwrap();
    file.refuse_flush(true);
    let refused = journal.append(&[b"abc".to_vec(), b"rest".to_vec()]);
    assert!(matches!(refused, Err(StoreError::SyncFailed { .. })));
    assert!(matches!(journal.append(&[b"x".to_vec()]), Err(StoreError::AppendsStopped { .. })));
    file.refuse_flush(false);
    // It may or may not be there; here all of it was written.
    let (journal, _) = Journal::open(file).unwrap();
    assert_eq!(lines(&journal), [b"abc".to_vec(), b"rest".to_vec()]);
}

#[test]
fn damage_in_the_middle_is_told_and_nothing_is_written_over() {
    let file = MemoryFile::default();
    let (mut journal, _) = Journal::open(file.clone()).unwrap();
    for line in [&b"one"[..], b"two", b"three"] {
        journal.append(&[line.to_vec()]).unwrap();
    }
    let mut bytes = file.bytes();
    let at = bytes.windows(3).position(|window| window == b"two").unwrap();
    bytes[at] ^= 1;
    let damaged = MemoryFile::with(bytes.clone());
    assert!(matches!(Journal::open(damaged.clone()), Err(StoreError::Corrupt { seq: 2, .. })));
    assert_eq!(damaged.bytes(), bytes);
}

#[test]
fn on_a_full_disk_some_hundred_notes_are_still_saved() {
    let file = MemoryFile::default();
    let (mut journal, _) = Journal::open(file.clone()).unwrap();
    file.limit(file.len().unwrap());
    let mut saved = 0;
    let full = loop {
        match journal.append(&[vec![1; 400]]) {
            Ok(_) => saved += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, StoreError::Full { .. }), "{full:?}");
    assert!(saved >= SPARE_BYTES / 4 / 416, "{saved}");
    let (journal, _) = Journal::open(MemoryFile::with(file.durable())).unwrap();
    assert_eq!(journal.end(), saved + 1);
}

#[test]
fn each_save_is_one_write_and_one_flush() {
    let file = MemoryFile::default();
    let (mut journal, _) = Journal::open(file.clone()).unwrap();
    let before = file.flushes();
    for number in 0..100_u8 {
        journal.append(&[vec![number; 50]]).unwrap();
    }
    assert_eq!(file.flushes() - before, 100);
}
