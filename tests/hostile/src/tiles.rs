//! Tiles: a host of tiles that lies to an auditor who reads the log. Whatever the host answers, what the
//! auditor believes is what the log says; and if the host does not lie, everything is answered.

use std::cell::Cell;

use sync_core::id::Hash;
use sync_core::log::entry::Anchor;
use sync_core::log::merkle::remote::{RemoteLog, Tiles, TilesFailed};
use sync_core::log::merkle::tile::{Place, tile};
use sync_core::log::merkle::{append, leaf_hash, prove_inclusion, root};
use sync_core::rows::{MemoryRows, Overlay};

/// Entries of the log: tiles of three levels.
const ENTRIES: u64 = 65_536 + 700;
/// Bytes of the question: the log's size, what is asked, and two numbers.
const QUESTION_BYTES: usize = 10;
/// Bytes of one lie: in which answer, what kind, where, by how much.
const LIE_BYTES: usize = 5;

struct Host<'b> {
    log: &'b MemoryRows,
    lies: &'b [u8],
    answers: Cell<usize>,
    lied: Cell<bool>,
}

impl Tiles for Host<'_> {
    fn tile(&self, place: &Place) -> Result<Vec<u8>, TilesFailed> {
        let answer = self.answers.replace(self.answers.get() + 1);
        let truth = tile(self.log, place).expect("it asks for what is in the log");
        let mut bytes = truth.clone();
        for lie in self.lies.chunks_exact(LIE_BYTES).filter(|lie| usize::from(lie[0]) == answer) {
            let at = usize::from(u16::from_be_bytes([lie[2], lie[3]]));
            match lie[1] % 6 {
                0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= lie[4]),
                1 => bytes.truncate(at),
                2 => bytes.extend(std::iter::repeat_n(lie[4], at)),
                // Hashes that the log has, at other places.
                3 => {
                    let by = at % bytes.len().max(1);
                    bytes.rotate_left(by);
                }
                4 => {
                    let other = Place { n: u64::from(lie[4]), ..*place };
                    bytes = tile(self.log, &other).unwrap_or_default();
                }
                _ => {
                    self.lied.set(true);
                    return Err(TilesFailed);
                }
            }
        }
        self.lied.set(self.lied.get() || bytes != truth);
        Ok(bytes)
    }
}

fn log() -> MemoryRows {
    let mut rows = MemoryRows::default();
    // In runs, because what is laid over is looked through.
    for from in (1..=ENTRIES).step_by(1_024) {
        let mut overlay = Overlay::new(&rows);
        for seq in from..(from + 1_024).min(ENTRIES + 1) {
            append(&mut overlay, seq, &seq.to_be_bytes()).expect("a log in memory");
        }
        let batch = overlay.batch;
        rows.apply(batch);
    }
    rows
}

/// Tries the questions to a log, and the lies of its host: whatever is answered is true.
pub fn tiles(bytes: &[u8]) {
    thread_local! {
        static LOG: MemoryRows = log();
    }
    let Some((question, lies)) = bytes.split_first_chunk::<QUESTION_BYTES>() else { return };
    LOG.with(|log| ask(log, question, lies));
}

fn ask(log: &MemoryRows, question: &[u8; QUESTION_BYTES], lies: &[u8]) {
    let number = |at: usize| {
        u64::from(u32::from_be_bytes([0, question[at], question[at + 1], question[at + 2]])) % (ENTRIES + 2)
    };
    let size = number(0).clamp(1, ENTRIES);
    let host = Host { log, lies, answers: Cell::new(0), lied: Cell::new(false) };
    let remote = RemoteLog::new(Anchor { size, root: root_of(log, size) }, &host).expect("a size of logs");
    // It is asked twice: what it kept of an answer must be as true.
    for _ in 0..2 {
        let (is_answered, is_right) = answered(log, &remote, question[9], number(3), number(6));
        assert!(is_right || !is_answered, "the log has no answer to this, and there is one");
        assert!(is_answered || !is_right || host.lied.get(), "refused, and nobody lied");
    }
}

fn root_of(log: &MemoryRows, size: u64) -> Hash {
    root(log, size).expect("a log in memory")
}

/// Returns whether the question was answered, and truly, and whether it has an answer.
fn answered(log: &MemoryRows, remote: &RemoteLog<'_>, kind: u8, a: u64, b: u64) -> (bool, bool) {
    let size = remote.anchor().size;
    let is_within = |seq: u64| (1..=size).contains(&seq);
    match kind % 4 {
        0 => {
            let found = remote.root(a);
            found.into_iter().for_each(|found| assert_eq!(found, root_of(log, a), "a root of no log"));
            (found.is_ok(), a <= size)
        }
        1 => {
            let found = remote.leaves(a, b);
            if let Ok(found) = &found {
                let truth: Vec<Hash> = (a..=b).map(|seq| leaf_hash(&seq.to_be_bytes())).collect();
                assert_eq!(*found, truth, "leaves of no log");
            }
            let is_one_tile = a > 0 && a <= b && (a - 1) / 256 == (b - 1) / 256;
            (found.is_ok(), is_one_tile && is_within(a) && is_within(b))
        }
        2 => {
            let found = remote.prove_inclusion(a, b);
            if let Ok(found) = &found {
                assert_eq!(
                    *found,
                    prove_inclusion(log, a, b).expect("a log in memory"),
                    "a proof of nothing"
                );
            }
            (found.is_ok(), is_within(a) && b > 0 && b <= a)
        }
        _ => {
            // The auditor kept a checkpoint of this log, or of one that split from it.
            let is_ours = kind & 4 == 0 || a == 0;
            let root = if is_ours { root_of(log, a.min(ENTRIES)) } else { Hash([kind; 32]) };
            let found = remote.begins_with(&Anchor { size: a, root });
            found.into_iter().for_each(|found| assert_eq!(found, is_ours && a <= size, "another past"));
            (found.is_ok(), true)
        }
    }
}
