//! Verify: proves a ledger from its records alone: bodies, chains with their branches, signatures and Merkle
//! root.
//!
//! It reads nothing of the index. The store checks the frames' checksums before this. The server's operator
//! and an auditor with a copy of the ledger run the same walk.

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use crate::crypto::PublicKey;
use crate::id::{DeviceId, Hash};
use crate::log::act::Act;
use crate::log::chain::decode_body;
use crate::log::chain::{DecodedBody, verify_head};
use crate::log::entry::{Anchor, Body, ChainedEntry, Header};
use crate::log::line::Line;
use crate::log::merkle::leaf::Leaf;
use crate::log::verdict::Receipt;
use crate::time::{TOLERANCE_MS, TimeMs};
use tree::Tree;

/// The first record that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Its number.
    pub seq: u64,
    /// What is wrong with it.
    pub detail: String,
}

/// What the verifier has proven of a whole ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Records.
    pub entries: u64,
    /// Devices whose chains they are, the office's among them.
    pub devices: u64,
    /// Merkle root over all of them.
    pub root: Hash,
    /// Records whose device says it had seen a state of this log that the log never had. One device may lie;
    /// many do not agree by chance.
    pub doubts: u64,
    /// The first of them.
    pub first_doubt: Option<u64>,
    /// What the receipts' times say against what entries had seen.
    pub times: TimeDoubts,
}

/// Times in receipts that cannot be what they say. An operator can write any time and verdict into a receipt before anybody
/// keeps a checkpoint of it; what authors signed bounds the times from below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimeDoubts {
    /// Receipts that are earlier than the arrival of something their own entry had seen in the log: the server's clock went
    /// back, or times were edited.
    pub contradictions: u64,
    /// The first of them.
    pub first_contradiction: Option<u64>,
    /// Entries that their devices made, by their own clocks, before the arrival of something that they had seen. A wrong
    /// clock does that; the clocks of several devices are not wrong alike by chance.
    pub early: u64,
    /// How many devices those are of.
    pub early_devices: u64,
}

#[derive(Clone, Default)]
struct Chain {
    key: Option<PublicKey>,
    /// Hashes of the chain, from entry 1.
    hashes: Vec<Hash>,
    branches: BTreeSet<(u64, Hash)>,
    /// Entries that no signature covers yet, and the first record that waits for one.
    unsigned: BTreeMap<(u64, Hash), u64>,
}

/// Takes the records in order and proves each.
#[derive(Clone, Default)]
pub struct Verifier {
    doubts: u64,
    first_doubt: Option<u64>,
    chains: BTreeMap<DeviceId, Chain>,
    tree: Tree,
    entries: u64,
    municipality: u32,
    office: DeviceId,
    log_verifier: String,
    epochs: u64,
    /// The latest time of arrival among the first records, by their count less one.
    latest_ms: Vec<TimeMs>,
    times: TimeDoubts,
    early: BTreeSet<DeviceId>,
}

impl Verifier {
    /// Proves record `seq`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, seq: u64, bytes: &[u8]) -> Result<(), Bad> {
        self.check(seq, bytes).map_err(|detail| Bad { seq, detail })?;
        self.entries = seq;
        Ok(())
    }

    fn check(&mut self, seq: u64, bytes: &[u8]) -> Result<(), String> {
        let line = Line::from_bytes(bytes).map_err(|error| error.to_string())?;
        if line.to_bytes() != bytes {
            return Err("its bytes are not in the canonical form".into());
        }
        let Line::Entry { receipt: Some(receipt), chained } = line else {
            return Err("it is not an entry with a receipt".into());
        };
        if receipt.seq != seq {
            return Err(format!("its receipt is that of record {}", receipt.seq));
        }
        let decoded = check_body(&chained)?;
        self.learn(seq, &receipt, &chained, &decoded)?;
        let hash = self.follow(seq, &receipt, &chained)?;
        if !self.is_founded(&chained.entry.header.anchor) {
            self.doubts += 1;
            self.first_doubt.get_or_insert(seq);
        }
        self.hold_time(seq, &receipt, &chained.entry.header);
        let leaf = Leaf::of(&chained.entry, &chained.prev.unwrap_or_default(), hash, &receipt);
        self.tree.push(&leaf.to_bytes());
        Ok(())
    }

    /// Holds the receipt's time and the author's claim to what the entry had seen in the log. After a loss of entries an
    /// anchor may be of the log that was lost, and says nothing here.
    fn hold_time(&mut self, seq: u64, receipt: &Receipt, header: &Header) {
        let seen = usize::try_from(header.anchor.size).unwrap_or(usize::MAX).checked_sub(1);
        let seen_ms = seen.filter(|_| self.epochs <= 1).and_then(|at| self.latest_ms.get(at)).copied();
        if let Some(seen_ms) = seen_ms {
            if receipt.received_at_ms < seen_ms {
                self.times.contradictions += 1;
                self.times.first_contradiction.get_or_insert(seq);
            }
            if header.claimed_at_ms < seen_ms.saturating_sub(TOLERANCE_MS) {
                self.times.early += 1;
                self.early.insert(header.device);
            }
        }
        let latest_ms =
            self.latest_ms.last().map_or(receipt.received_at_ms, |ms| (*ms).max(receipt.received_at_ms));
        self.latest_ms.push(latest_ms);
    }

    /// Takes keys and epochs in before the entry's signature is checked: an enrolment brings its key.
    fn learn(
        &mut self,
        seq: u64,
        receipt: &Receipt,
        chained: &ChainedEntry,
        decoded: &DecodedBody,
    ) -> Result<(), String> {
        let header = &chained.entry.header;
        if seq == 1 {
            (self.municipality, self.office) = (header.municipality, header.device);
        }
        if header.municipality != self.municipality {
            return Err(format!("it belongs to municipality {}", header.municipality));
        }
        if let DecodedBody::Act(Act::Genesis { log_verifier, .. }) = decoded
            && seq == 1
        {
            self.log_verifier.clone_from(log_verifier);
        }
        let accepted = receipt.verdict.is_accepted();
        let brings = match decoded {
            DecodedBody::Act(Act::Genesis { key, .. }) if seq == 1 => Some(*key),
            DecodedBody::Act(Act::Enrol { key, .. }) if accepted && header.seq == 1 => Some(*key),
            DecodedBody::Act(Act::Epoch { .. }) if accepted => {
                self.epochs += 1;
                None
            }
            _ => None,
        };
        if let DecodedBody::Act(Act::Enrol { office, .. }) = decoded
            && *office != self.office
        {
            return Err("it is an enrolment for a server with another key".into());
        }
        if let Some(key) = &brings {
            key.check_first_of(&header.device).map_err(|error| error.to_string())?;
        }
        let chain = self.chains.entry(header.device).or_default();
        match (chain.key, brings) {
            (None, None) => Err(format!("device {} is not enrolled before it", header.device)),
            (Some(known), Some(new)) if known != new => Err("it enrols a device that has a key".into()),
            (_, Some(new)) => {
                chain.key = Some(new);
                Ok(())
            }
            (Some(_), None) => Ok(()),
        }
    }

    /// Checks the entry's place in its device's chain and its signature. Returns its hash.
    fn follow(&mut self, line: u64, receipt: &Receipt, chained: &ChainedEntry) -> Result<Hash, String> {
        let header = &chained.entry.header;
        let prev = chained.prev.ok_or("it does not name the entry before it")?;
        let hash = chained.entry.hash(&prev);
        let chain = self.chains.entry(header.device).or_default();
        let (head_seq, head) = (chain.hashes.len() as u64, chain.hashes.last().copied().unwrap_or_default());
        if receipt.verdict.is_fork() {
            let before = header.seq.checked_sub(2).and_then(|at| chain.hashes.get(usize::try_from(at).ok()?));
            let is_first = header.seq == 1 && prev == Hash::ZERO;
            let is_after_branch = chain.branches.contains(&(header.seq.wrapping_sub(1), prev));
            if !is_first && before != Some(&prev) && !is_after_branch {
                return Err(format!("no entry {} of its device precedes it", header.seq.wrapping_sub(1)));
            }
            chain.branches.insert((header.seq, hash));
        } else if header.seq == head_seq + 1 && prev == head {
            chain.hashes.push(hash);
        } else {
            return Err(format!("it does not follow entry {head_seq} of its device"));
        }
        let waiting = chain.unsigned.remove(&(header.seq - 1, prev)).unwrap_or(line);
        match (&chained.signature, chain.key) {
            (Some(signature), Some(key)) => {
                verify_head(&key, &header.device, header.seq, &hash, signature)
                    .map_err(|error| error.to_string())?;
            }
            _ => {
                chain.unsigned.insert((header.seq, hash), waiting);
            }
        }
        Ok(hash)
    }

    /// Returns whether the checkpoint that a device says it had seen is one of this ledger. If the ledger was
    /// ever cut, the answer is `true`. It is the device's claim: nothing that others accepted may fail by it.
    fn is_founded(&self, anchor: &Anchor) -> bool {
        anchor.size == 0 || self.epochs > 1 || self.tree.root(anchor.size) == Some(anchor.root)
    }

    /// Proves what only the whole ledger can.
    ///
    /// # Errors
    /// The first record that no signature covers, or record 1 if there is none.
    pub fn finish(&self) -> Result<Proven, Bad> {
        if self.entries == 0 {
            return Err(Bad { seq: 1, detail: "the ledger is empty".into() });
        }
        let unsigned = self.chains.values().flat_map(|chain| chain.unsigned.values().copied()).min();
        if let Some(seq) = unsigned {
            return Err(Bad { seq, detail: "no signature of its device covers it".into() });
        }
        let root = self.tree.root(self.entries).unwrap_or_default();
        let (doubts, first_doubt) = (self.doubts, self.first_doubt);
        let times = TimeDoubts { early_devices: self.early.len() as u64, ..self.times.clone() };
        let devices = self.chains.len() as u64;
        Ok(Proven { entries: self.entries, devices, root, doubts, first_doubt, times })
    }

    /// Returns how many records held so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Returns the key of the log that the founding entry names; empty before it.
    pub fn log_verifier(&self) -> &str {
        &self.log_verifier
    }

    /// Returns the root over the first `size` records taken; `None` if there were fewer.
    pub fn root(&self, size: u64) -> Option<Hash> {
        self.tree.root(size)
    }

    /// Returns the hash of record `seq`'s leaf; `None` if it was not taken.
    pub fn leaf(&self, seq: u64) -> Option<Hash> {
        self.tree.leaf(seq)
    }

    /// Devices met so far.
    pub fn devices(&self) -> u64 {
        self.chains.len() as u64
    }
}

/// Proves that the body is the one the entry names, and of the entry's device.
fn check_body(chained: &ChainedEntry) -> Result<DecodedBody, String> {
    let decoded = decode_body(&chained.entry.body).map_err(|error| error.0)?;
    if let (DecodedBody::Change(change), Body::Change(raw)) = (&decoded, &chained.entry.body) {
        let rebuilt = change.to_raw().map_err(|error| error.to_string())?;
        if rebuilt.hash != raw.hash || rebuilt.bytes != raw.bytes {
            return Err("its change is not the one that the entry names".into());
        }
        if change.device != chained.entry.header.device {
            return Err("its change names another device".into());
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::{Bad, Proven, TimeDoubts, Verifier};
    use crate::crypto::SecretKey;
    use crate::hub::{Foundation, found};
    use crate::id::{BootId, Hash, PersonId, RecordId};
    use crate::log::act::Act;
    use crate::log::chain::sign_head;
    use crate::log::entry::{Anchor, Body, ChainedEntry, Entry, Header};
    use crate::log::line::Line;
    use crate::log::verdict::{Receipt, Verdict};

    fn lines() -> Vec<Vec<u8>> {
        let foundation = Foundation {
            municipality: 14061,
            name: "Mezquitic",
            folio_prefix: "MZQ",
            utc_offset: crate::time::UtcOffset::usual(14_061),
            seed: &[9; 32],
            entropy: &[200; 64],
            has_code: false,
            now_ms: 1_795_000_000_000,
        };
        found(&foundation).lines
    }

    fn prove(lines: &[Vec<u8>]) -> Result<Proven, Bad> {
        let mut verifier = Verifier::default();
        for (seq, line) in (1..).zip(lines) {
            verifier.take(seq, line)?;
        }
        verifier.finish()
    }

    /// Returns the founding lines with the third one changed.
    fn with_third(change: impl FnOnce(&mut Line)) -> Result<Proven, Bad> {
        let mut lines = lines();
        let mut third = Line::from_bytes(&lines[2]).unwrap();
        change(&mut third);
        lines[2] = third.to_bytes();
        prove(&lines)
    }

    #[test]
    fn a_receipt_earlier_than_what_its_entry_had_seen_is_flagged() {
        let theirs = SecretKey::from_seed(&[5; 32]);
        let founded = lines();
        let root = {
            let mut verifier = Verifier::default();
            for (seq, line) in (1..).zip(&founded) {
                verifier.take(seq, line).unwrap();
            }
            verifier.root(3).unwrap()
        };
        let with = |claimed_at_ms: i64, received_at_ms: i64| {
            let act = Act::Enrol {
                office: SecretKey::from_seed(&[9; 32]).public().device(),
                opening: None,
                key: theirs.public(),
                name: "B".into(),
                continues: None,
            };
            let header = Header {
                municipality: 14061,
                device: theirs.public().device(),
                seq: 1,
                record: RecordId::ZERO,
                person: PersonId([8; 16]),
                claimed_at_ms,
                boot: BootId::ZERO,
                monotonic_ms: 0,
                anchor: Anchor { size: 3, root },
            };
            let entry = Entry { header, body: Body::Act(act.to_bytes()) };
            let mut chained = ChainedEntry { entry, prev: Some(Hash::ZERO), signature: None };
            let head = chained.hash().unwrap();
            chained.signature = Some(sign_head(&theirs, &theirs.public().device(), 1, &head));
            let receipt = Receipt { seq: 4, received_at_ms, carrier: None, verdict: Verdict::Accepted };
            let line = Line::Entry { receipt: Some(receipt), chained }.to_bytes();
            prove(&[founded.clone(), vec![line]].concat()).unwrap().times
        };
        let founded_ms = 1_795_000_000_000;
        assert_eq!(with(founded_ms, founded_ms + 1), TimeDoubts::default());
        let edited = with(founded_ms, founded_ms - 1);
        assert_eq!((edited.contradictions, edited.first_contradiction), (1, Some(4)));
        let early = with(founded_ms - 3_600_000, founded_ms);
        assert_eq!((early.contradictions, early.early, early.early_devices), (0, 1, 1));
    }

    #[test]
    fn an_operator_enrols_no_other_key_under_a_devices_id() {
        let (theirs, forged) = (SecretKey::from_seed(&[5; 32]), SecretKey::from_seed(&[6; 32]));
        let office = SecretKey::from_seed(&[9; 32]).public().device();
        let enrolment = |key: &SecretKey| {
            let act = Act::Enrol {
                office,
                opening: None,
                key: key.public(),
                name: "Bomba 2".into(),
                continues: None,
            };
            let header = Header {
                municipality: 14061,
                device: theirs.public().device(),
                seq: 1,
                record: RecordId::ZERO,
                person: PersonId([8; 16]),
                claimed_at_ms: 1_795_000_000_000,
                boot: BootId::ZERO,
                monotonic_ms: 0,
                anchor: Anchor::default(),
            };
            let entry = Entry { header, body: Body::Act(act.to_bytes()) };
            let mut chained = ChainedEntry { entry, prev: Some(Hash::ZERO), signature: None };
            let head = chained.hash().unwrap();
            chained.signature = Some(sign_head(key, &theirs.public().device(), 1, &head));
            let receipt = Receipt {
                seq: 4,
                received_at_ms: 1_795_000_000_000,
                carrier: None,
                verdict: Verdict::Accepted,
            };
            prove(&[lines(), vec![Line::Entry { receipt: Some(receipt), chained }.to_bytes()]].concat())
        };
        assert_eq!(enrolment(&theirs).map(|proven| proven.devices), Ok(2));
        let refused = enrolment(&forged).unwrap_err();
        assert_eq!((refused.seq, refused.detail.as_str()), (4, "the device id is not that of the key"));
    }

    #[test]
    fn a_founded_ledger_holds_and_whatever_is_changed_in_it_is_named() {
        assert_eq!(prove(&lines()).map(|proven| (proven.entries, proven.devices)), Ok((3, 1)));
        let entry = |line: &mut Line, change: fn(&mut ChainedEntry)| match line {
            Line::Entry { chained, .. } => change(chained),
            Line::Device(_) => unreachable!("a ledger holds entries"),
        };
        for tampered in [
            with_third(|line| entry(line, |chained| chained.entry.header.claimed_at_ms += 1)),
            with_third(|line| entry(line, |chained| chained.entry.header.person = PersonId([9; 16]))),
            with_third(|line| entry(line, |chained| chained.signature = None)),
            with_third(|line| entry(line, |chained| chained.prev = Some(Hash([1; 32])))),
            with_third(|line| entry(line, |chained| chained.entry.header.municipality += 1)),
            with_third(|line| match line {
                Line::Entry { receipt: Some(receipt), .. } => receipt.seq = 7,
                _ => unreachable!("a ledger holds receipts"),
            }),
        ] {
            assert_eq!(tampered.map_err(|bad| bad.seq), Err(3));
        }
        let mut cut = lines();
        cut.remove(1);
        assert_eq!(prove(&cut).map_err(|bad| bad.seq), Err(2), "a record left out is missed at once");
    }
}
