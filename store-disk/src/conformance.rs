//! The store on a disk runs the conformance checks.

use std::path::PathBuf;

use store::StoreError;
use store::conformance::{Backend, StoreOf, concurrent_reader, run_all};

use crate::index::SledIndex;
use crate::ledger::Ledger;
use crate::store::Options;

struct OnDisk {
    scratch: tempfile::TempDir,
    /// Where the store is now; a crash moves on to a copy.
    generation: u32,
    options: Options,
}

impl OnDisk {
    fn folder(&self) -> PathBuf {
        self.scratch.path().join(self.generation.to_string())
    }
}

impl Backend for OnDisk {
    type Log = Ledger;
    type Index = SledIndex;

    fn open(&mut self) -> Result<StoreOf<Self>, StoreError> {
        let (store, notices) = crate::open(&self.folder(), &self.options)?;
        assert_eq!(notices.tail, None);
        Ok(store)
    }

    /// A copy of the files while the store is open is what a killed process leaves.
    fn crash(&mut self, store: StoreOf<Self>) {
        let before = self.folder();
        self.generation += 1;
        copy(&before, &self.folder());
        drop(store);
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn on_disk(chunk_bytes_max: u64) -> OnDisk {
    let mut options = Options::device();
    options.lock_wait_ms = 0;
    options.ledger.chunk_bytes_max = chunk_bytes_max;
    OnDisk { scratch: tempfile::tempdir().unwrap(), generation: 0, options }
}

#[test]
fn the_disk_store_conforms() {
    assert_eq!(run_all(|| on_disk(8 * 1024 * 1024)), Ok(()));
    assert_eq!(concurrent_reader(&mut on_disk(8 * 1024 * 1024)), Ok(()));
}

#[test]
fn the_disk_store_conforms_with_tiny_chunks() {
    // "statistics" counts fsyncs, and a new chunk costs two more.
    let failed = run_all(|| on_disk(100)).unwrap_err();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].0, "statistics count appends");
}
