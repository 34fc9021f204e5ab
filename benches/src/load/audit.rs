//! Audit: after a run, whether the ledger holds what devices were told it holds, each entry once, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use store_disk::Ledger;
use sync_core::id::{DeviceId, Hash};
use sync_core::log::line::Line;
use sync_core::log::verdict::{Receipt, Verdict};

/// An entry that a device has, and what it was told of it.
pub(crate) struct Told {
    /// Who wrote it.
    pub(crate) device: DeviceId,
    /// Its number in that device's chain.
    pub(crate) seq: u64,
    /// Its hash.
    pub(crate) hash: Hash,
    /// Its ledger number, and whether it was accepted; `None` if the device was told nothing.
    pub(crate) receipt: Option<(u64, bool)>,
}

impl Told {
    /// From a receipt as a device keeps it.
    pub(crate) fn new(device: DeviceId, seq: u64, hash: Hash, receipt: Option<&Receipt>) -> Self {
        let receipt = receipt.map(|receipt| (receipt.seq, receipt.verdict == Verdict::Accepted));
        Self { device, seq, hash, receipt }
    }
}

/// What an audit found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Entries in the ledger.
    pub(crate) ledger: u64,
    /// Of devices.
    pub(crate) of_devices: u64,
    /// Acknowledged entries that were found where they were said to be.
    pub(crate) acknowledged: u64,
    /// Of those, held back.
    pub(crate) held: u64,
}

/// Compares the ledger in `data` with what devices were told. The server must have stopped.
///
/// # Errors
/// If an acknowledged entry is not where its device was told, an entry stands twice, a device's entry has no
/// acknowledgement after everything was handed in, or the ledger holds an entry that no device wrote.
pub(crate) fn compare(data: &Path, told: &[Told]) -> anyhow::Result<Found> {
    let ledger = Ledger::open_read_only(data).context("the ledger opens")?;
    let mut places: BTreeMap<(DeviceId, u64, Hash), (u64, bool)> = BTreeMap::new();
    let mut found = Found { ledger: ledger.reader.end() - 1, ..Found::default() };
    let (mut office, mut wrong) = (None, None);
    ledger.reader.read_range(1, ledger.reader.end(), &mut |number, line| {
        let Ok(Line::Entry { receipt: Some(receipt), chained }) = Line::from_bytes(line) else {
            wrong = Some(format!("line {number} is no entry with a receipt"));
            return false;
        };
        let header = &chained.entry.header;
        // The founding act is the office's.
        if *office.get_or_insert(header.device) == header.device {
            return true;
        }
        found.of_devices += 1;
        let entry = (header.device, header.seq, chained.hash().unwrap_or_default());
        let place = (number, receipt.verdict == Verdict::Accepted);
        if let Some((first, _)) = places.insert(entry, place) {
            wrong = Some(format!("entry {} of {} stands at {first} and {number}", header.seq, header.device));
        }
        wrong.is_none()
    })?;
    if let Some(wrong) = wrong {
        bail!(wrong);
    }
    for Told { device, seq, hash, receipt } in told {
        let place = places.remove(&(*device, *seq, *hash));
        match (receipt, place) {
            (None, _) => bail!("entry {seq} of {device} was handed in and never acknowledged"),
            (Some(_), None) => bail!("entry {seq} of {device} was acknowledged and is not in the ledger"),
            (Some(receipt), Some(place)) => {
                ensure!(*receipt == place, "entry {seq} of {device} is at {place:?}, told was {receipt:?}");
                found.acknowledged += 1;
                found.held += u64::from(!place.1);
            }
        }
    }
    ensure!(places.is_empty(), "the ledger holds {} entries that no device wrote", places.len());
    Ok(found)
}
