//! Leaf: what the public log says of an entry. Everybody may read it, so that it holds no word that a person wrote: of a
//! refusal it names the code, and commits to the rest.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};
use crate::log::entry::Entry;
use crate::log::verdict::{Receipt, Verdict};
use crate::time::TimeMs;

const VERSION: u8 = 1;

/// What the log says of one entry. Changing any of it changes the root.
///
/// ```
/// use sync_core::id::{BootId, DeviceId, Hash, PersonId, RecordId};
/// use sync_core::log::entry::{Anchor, Body, Entry, Header};
/// use sync_core::log::merkle::leaf::Leaf;
/// use sync_core::log::verdict::{Reason, Receipt, Verdict};
/// # let header = Header {
/// #     municipality: 14061, device: DeviceId([3; 16]), seq: 5, record: RecordId([9; 16]), person: PersonId([8; 16]),
/// #     claimed_at_ms: 0, boot: BootId([1; 8]), monotonic_ms: 0, anchor: Anchor::default(),
/// # };
/// let entry = Entry { header, body: Body::Act(vec![1]) };
/// let reason = Reason::Rule { rule: "value".into(), what: "notes: call 33 1234 5678".into() };
/// let verdict = Verdict::Quarantined(reason);
/// let receipt = Receipt { seq: 141, received_at_ms: 1_795_000_000_600, carrier: None, verdict };
///
/// let leaf = Leaf::of(&entry, &Hash::ZERO, entry.hash(&Hash::ZERO), &receipt);
/// assert_eq!(Leaf::from_bytes(&leaf.to_bytes()), Some(leaf.clone()));
/// assert_eq!(leaf.code, "schema_rule");
/// assert!(!String::from_utf8_lossy(&leaf.to_bytes()).contains("33 1234"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// The entry's hash.
    pub entry: Hash,
    /// Its author.
    pub device: DeviceId,
    /// Its number in the author's chain.
    pub device_seq: u64,
    /// Its ledger number.
    pub seq: u64,
    /// Time of arrival by the server's clock, in milliseconds since 1970.
    pub received_at_ms: TimeMs,
    /// The device that brought it, if not its author.
    pub carrier: Option<DeviceId>,
    /// `accepted`, or the code of the reason to quarantine it.
    pub code: String,
    /// Commits to the whole reason; `None` for an accepted entry.
    pub reason: Option<Hash>,
}

/// Field order is the format: a MessagePack array of nine.
#[derive(Serialize, Deserialize)]
struct Fields(u8, Hash, DeviceId, u64, u64, TimeMs, Option<DeviceId>, String, Option<Hash>);

impl Leaf {
    /// Returns the leaf of an entry with its receipt. `prev` is the hash of the author's entry before, `hash` its own.
    pub fn of(entry: &Entry, prev: &Hash, hash: Hash, receipt: &Receipt) -> Self {
        Self::with(hash, (entry.header.device, entry.header.seq), receipt, || entry.canonical(prev))
    }

    /// Returns the leaf of the entry with that hash, author and number, whose canonical bytes `canonical` tells.
    ///
    /// The reason is committed to with these bytes as its salt: they hold what no stranger can guess (128 random bits in
    /// a record's id, 64 in the name of the system's start), and who may read the entry has them.
    pub fn with<B: AsRef<[u8]>>(
        hash: Hash,
        (device, device_seq): (DeviceId, u64),
        receipt: &Receipt,
        canonical: impl FnOnce() -> B,
    ) -> Self {
        let (code, reason) = match &receipt.verdict {
            Verdict::Accepted => (receipt.verdict.code(), None),
            Verdict::Quarantined(reason) => {
                let whole = rmp_serde::to_vec(reason).expect("a reason always has a MessagePack form");
                (reason.code(), Some(Hash::tagged("cuadrilla/reason/v1", &[canonical().as_ref(), &whole])))
            }
        };
        Self {
            entry: hash,
            device,
            device_seq,
            seq: receipt.seq,
            received_at_ms: receipt.received_at_ms,
            carrier: receipt.carrier,
            code: code.into(),
            reason,
        }
    }

    /// Whether the entry was accepted at once.
    pub fn is_accepted(&self) -> bool {
        self.reason.is_none()
    }

    /// Returns the bytes that the log hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { entry, device, device_seq, seq, received_at_ms, carrier, code, reason } = self.clone();
        let fields = Fields(VERSION, entry, device, device_seq, seq, received_at_ms, carrier, code, reason);
        rmp_serde::to_vec(&fields).expect("a leaf always has a MessagePack form")
    }

    /// Reads what [`Self::to_bytes`] made; `None` if it is no leaf.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fields: Fields = rmp_serde::from_slice(bytes).ok()?;
        let Fields(version, entry, device, device_seq, seq, received_at_ms, carrier, code, reason) = fields;
        let is_accepted = code == Verdict::Accepted.code();
        let leaf = Self { entry, device, device_seq, seq, received_at_ms, carrier, code, reason };
        let is_whole = version == VERSION && is_accepted == leaf.is_accepted();
        (is_whole && leaf.to_bytes() == bytes).then_some(leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{BootId, PersonId, RecordId};
    use crate::log::entry::{Anchor, Body, Header};
    use crate::log::verdict::Reason;

    fn entry(boot: u8) -> Entry {
        let header = Header {
            municipality: 14061,
            device: DeviceId([3; 16]),
            seq: 5,
            record: RecordId::ZERO,
            person: PersonId([8; 16]),
            claimed_at_ms: 7,
            boot: BootId([boot; 8]),
            monotonic_ms: 0,
            anchor: Anchor::default(),
        };
        Entry { header, body: Body::Act(vec![1]) }
    }

    fn leaf(entry: &Entry, verdict: Verdict) -> Leaf {
        let receipt = Receipt { seq: 9, received_at_ms: 8, carrier: None, verdict };
        Leaf::of(entry, &Hash::ZERO, entry.hash(&Hash::ZERO), &receipt)
    }

    /// A note's text stood in the public log, because the reason to refuse it quoted it.
    #[test]
    fn no_word_of_a_refusal_is_public_and_each_changes_the_root() {
        let said = |what: &str| Verdict::Quarantined(Reason::Role { what: what.into() });
        let (one, other) = (leaf(&entry(1), said("secreto")), leaf(&entry(1), said("secretos")));
        assert!(!String::from_utf8_lossy(&one.to_bytes()).contains("secret"));
        assert_eq!(one.code, "role");
        assert_ne!(one.reason, other.reason);
        assert_ne!(one.to_bytes(), other.to_bytes());
        // The same words under another entry look otherwise: what was guessed for one tells nothing of another.
        assert_ne!(one.reason, leaf(&entry(2), said("secreto")).reason);
    }

    #[test]
    fn what_is_no_leaf_is_not_read() {
        let good = leaf(&entry(1), Verdict::Accepted).to_bytes();
        assert!(Leaf::from_bytes(&good).is_some_and(|leaf| leaf.is_accepted()));
        let refused = leaf(&entry(1), Verdict::Quarantined(Reason::Revoked));
        let accepted_with_reason =
            Leaf { code: "accepted".into(), reason: refused.reason, ..leaf(&entry(1), Verdict::Accepted) };
        let refused_without = Leaf { reason: None, ..refused };
        for bad in [accepted_with_reason.to_bytes(), refused_without.to_bytes(), [&good[..], &[0]].concat()] {
            assert_eq!(Leaf::from_bytes(&bad), None);
        }
    }
}
