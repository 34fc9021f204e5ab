//! Deciding: what a release, a dismissal, a carrier's word and writing again do to the rows; alike on server and device.

use super::held::{QuarantineRow, unlist};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::{Again, Role};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::verdict::Decision;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::state::authority::CarriedHead;
use crate::state::fold::{Applied, EntryRow, Moved, apply_change, is_applied};
use crate::state::interpret::reread;
use crate::state::keyspace;
use crate::state::membership::scopes_of_record;

/// Most different words of carriers kept about one entry.
const CARRIED_WORDS_MAX: usize = 16;

/// Notes that a carrier had the chain up to an entry. Of each head the first one to say so counts.
pub fn note_carried(
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    carrier: &Header,
    device: &DeviceId,
    seq: u64,
    head: &Hash,
) -> Result<(), RowsError> {
    let key = keyspace::carried_head(device, seq);
    let mut words: Vec<CarriedHead> = read(overlay, &key)?.unwrap_or_default();
    // Whoever names a false head must not stand in the way of who names the true one.
    if words.len() < CARRIED_WORDS_MAX && words.iter().all(|word| word.head != *head) {
        words.push(CarriedHead {
            head: *head,
            carrier: carrier.device,
            seq: receipt.seq,
            claimed_at_ms: carrier.claimed_at_ms,
        });
        overlay.write(key, &words);
    }
    Ok(())
}

/// Whose held entries a device settles by writing them again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settles {
    /// Those of the device it goes on for.
    pub continues: Option<DeviceId>,
    /// Everybody's, by its role.
    pub decides: bool,
}

impl Settles {
    /// What a device of that role may settle.
    pub fn of(role: Role, continues: Option<DeviceId>) -> Self {
        Self { continues, decides: matches!(role, Role::Supervisor | Role::Admin) }
    }
}

/// Entries that their author, or who may decide about them, has written again need no other decision.
pub fn settle_again(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    author: &DeviceId,
    settles: &Settles,
    pairs: &[Again],
) -> Result<(), RowsError> {
    for again in pairs {
        if settles.continues != Some(again.device) && !settles.decides {
            continue;
        }
        let main = read::<EntryRow>(overlay, &keyspace::entry(&again.device, again.of_seq))?;
        let branch = read::<EntryRow>(overlay, &keyspace::fork(&again.device, again.of_seq, &again.of))?;
        let entry = main.into_iter().chain(branch).find(|entry| entry.hash == Some(again.of));
        let Some(held) = entry.and_then(|entry| entry.receipt) else { continue };
        // Who goes on settles what the fork held, and nothing that was held for another reason.
        if !settles.decides && held.verdict != Verdict::Quarantined(Reason::Fork) {
            continue;
        }
        let decision = Decision {
            seq: receipt.seq,
            at_ms: receipt.received_at_ms,
            releases: false,
            by: *author,
            reason: format!("written again as entry {} of device {}", again.seq, author.short()),
        };
        decide(rules, overlay, held.seq, &decision)?;
    }
    Ok(())
}

/// What a decision was about.
pub struct Decided {
    /// Who wrote the entry.
    pub author: DeviceId,
    /// The record that changed with it, where a release applied it.
    pub applied: Option<(RecordId, Moved)>,
}

/// Takes the entry at ledger number `seq` out of quarantine; a release applies it. `None` if it is not there.
pub fn decide(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    seq: u64,
    decision: &Decision,
) -> Result<Option<Decided>, RowsError> {
    let Some(row) = unlist(overlay, seq)? else { return Ok(None) };
    let chained = row.entry()?;
    let key = match (&row.reason, chained.hash()) {
        (Reason::Fork, Some(hash)) => keyspace::fork(&row.device, row.device_seq, &hash),
        _ => keyspace::entry(&row.device, row.device_seq),
    };
    let mut entry: EntryRow =
        read(overlay, &key)?.ok_or_else(|| RowsError(format!("the quarantined entry {seq} has no row")))?;
    entry.decided = Some(decision.clone());
    overlay.write(key, &entry);
    let applied = if decision.releases {
        apply_released(rules, overlay, seq, &row, &chained, entry.line)?
    } else {
        None
    };
    Ok(Some(Decided { author: row.device, applied }))
}

fn apply_released(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    seq: u64,
    row: &QuarantineRow,
    chained: &ChainedEntry,
    line: u64,
) -> Result<Option<(RecordId, Moved)>, RowsError> {
    let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { return Ok(None) };
    let hash = chained.entry.body.hash();
    if is_applied(overlay, &row.record, &hash)? {
        return Ok(None);
    }
    let acceptable = reread(overlay, rules, &row.record, &change)?;
    let applied = Applied {
        record: row.record,
        change: &change,
        hash,
        device_seq: row.device_seq,
        // On a device the line is the journal's, not the ledger's.
        line,
        accepted_as: Some(seq),
    };
    let moved = apply_change(overlay, acceptable, &applied, scopes_of_record)?;
    Ok(Some((row.record, moved)))
}
