//! The stores of this crate run the conformance checks.

use super::{Backend, StoreOf, concurrent_reader, run_all};
use crate::error::StoreError;
use crate::faults::{Crash, FaultyIndex, FaultyLog, FaultyMemory};
use crate::memory::{Memory, MemoryIndex, MemoryLog};

impl Backend for Memory {
    type Log = MemoryLog;
    type Index = MemoryIndex;

    fn open(&mut self) -> Result<StoreOf<Self>, StoreError> {
        Ok(Self::open(self)?.0)
    }

    fn crash(&mut self, store: StoreOf<Self>) {
        self.end_store();
        drop(store);
    }
}

impl Backend for FaultyMemory {
    type Log = FaultyLog<MemoryLog>;
    type Index = FaultyIndex<MemoryIndex>;

    fn open(&mut self) -> Result<StoreOf<Self>, StoreError> {
        Ok(Self::open(self)?.0)
    }

    fn crash(&mut self, store: StoreOf<Self>) {
        Self::crash(self, Crash { lose_index: true, ..Crash::default() });
        drop(store);
    }
}

#[test]
fn the_memory_store_conforms() {
    assert_eq!(run_all(Memory::new), Ok(()));
    assert_eq!(concurrent_reader(&mut Memory::new()), Ok(()));
}

#[test]
fn a_faulty_store_without_faults_conforms() {
    assert_eq!(run_all(FaultyMemory::new), Ok(()));
}
