//! Log: entries, their chains and the proof of them, from one act of one person to a transparency log.
pub mod act;
pub mod chain;
pub mod checkpoint;
pub mod entry;
pub mod line;
pub mod merkle;
pub mod proof_file;
pub mod verdict;
pub mod verify;
