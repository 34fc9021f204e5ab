//! Deciding: what a release, a dismissal, a carrier's word and a rewrite do to the rows; alike on hub and device.

use std::collections::BTreeSet;

use super::applied::is_applied;
use super::authority::CarriedHead;
use super::fold::{Applied, EntryRow, Moved, apply_if_grounded};
use super::held::{QuarantineRow, unlist};
use super::keyspace;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::{Again, Role};
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::{ChainedEntry, Header};
use crate::log::verdict::{Decision, Receipt};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;

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
    // A carrier that names a false head must not stand in the way of one that names the true head.
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

/// Settles entries that their author's successor, or a device that may decide, has rewritten: they need no other decision.
/// Returns those that it took out of quarantine.
pub fn settle_rewritten(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    author: &DeviceId,
    settles: &Settles,
    pairs: &[Again],
) -> Result<Vec<Decided>, RowsError> {
    let mut all = Vec::new();
    for again in pairs {
        let is_own = again.device == *author || settles.continues == Some(again.device);
        if !is_own && !settles.decides {
            continue;
        }
        let main = read::<EntryRow>(overlay, &keyspace::entry(&again.device, again.of_seq))?;
        let branch = read::<EntryRow>(overlay, &keyspace::fork(&again.device, again.of_seq, &again.of))?;
        let entry = main.into_iter().chain(branch).find(|entry| entry.hash == Some(again.of));
        let counts = entry.as_ref().is_some_and(|entry| entry.accepted().is_some());
        if counts && again.device == *author {
            all.extend(settle_repeating(rules, overlay, receipt, author, again.seq)?);
            continue;
        }
        let Some(held) = entry.and_then(|entry| entry.receipt) else { continue };
        // An author settles what it made although another one had made it before, and what waits for that; who goes on
        // settles what the fork held too. Nothing that was held for another reason.
        let is_fork = held.verdict.is_fork() && again.device != *author;
        if !settles.decides && !is_fork && !held.verdict.is_taken_over() {
            continue;
        }
        let decision = Decision {
            seq: receipt.seq,
            at_ms: receipt.received_at_ms,
            releases: false,
            by: *author,
            reason: match again.seq {
                0 => "the record says all of it already".into(),
                seq => format!("written again as entry {seq} of device {}", author.short()),
            },
        };
        let decided = decide(rules, overlay, held.seq, &decision, &|row| row.scopes.clone())?;
        all.extend(decided.map(|decided| Decided { is_rewritten: is_own, ..decided }));
    }
    Ok(all)
}

/// Settles an entry that repeats one which counts by now: it was released before its author had heard. Where both would
/// count, the second is in quarantine, because it has the number of what its author had left out.
fn settle_repeating(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    author: &DeviceId,
    device_seq: u64,
) -> Result<Option<Decided>, RowsError> {
    let entry: Option<EntryRow> = read(overlay, &keyspace::entry(author, device_seq))?;
    let Some(held) = entry.filter(EntryRow::is_quarantined).and_then(|entry| entry.receipt) else {
        return Ok(None);
    };
    let decision = Decision {
        seq: receipt.seq,
        at_ms: receipt.received_at_ms,
        releases: false,
        by: *author,
        reason: "the entry that it repeats counts".into(),
    };
    let decided = decide(rules, overlay, held.seq, &decision, &|row| row.scopes.clone())?;
    Ok(decided.map(|decided| Decided { is_rewritten: true, ..decided }))
}

/// An entry that was decided about.
pub struct Decided {
    /// Its ledger number.
    pub seq: u64,
    /// Its author.
    pub author: DeviceId,
    /// Its number in the author's chain.
    pub device_seq: u64,
    /// The record it changes.
    pub record: RecordId,
    /// Whether it was released; else it was dismissed.
    pub releases: bool,
    /// Whether its own author wrote it again, which loses nothing.
    pub is_rewritten: bool,
    /// What a release did to the record.
    pub applied: Release,
}

/// What a release did to its record.
pub enum Release {
    /// Nothing: it was a dismissal, or the change was applied before.
    Nothing,
    /// The change was applied.
    Applied(Moved),
    /// What the change builds on is not here.
    NoGround,
}

/// Takes the entry at ledger number `seq` out of quarantine; a release applies it. Returns `None` if it is not there.
pub fn decide(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    seq: u64,
    decision: &Decision,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Option<Decided>, RowsError> {
    let Some(row) = unlist(overlay, seq)? else { return Ok(None) };
    let chained = row.entry()?;
    let key = match (row.reason.is_fork(), chained.hash()) {
        (true, Some(hash)) => keyspace::fork(&row.device, row.device_seq, &hash),
        _ => keyspace::entry(&row.device, row.device_seq),
    };
    let mut entry: EntryRow =
        read(overlay, &key)?.ok_or_else(|| RowsError(format!("the quarantined entry {seq} has no row")))?;
    entry.decided = Some(decision.clone());
    overlay.write(key, &entry);
    let applied = if decision.releases {
        apply_released(rules, overlay, seq, &row, &chained, entry.line, scopes_after)?
    } else {
        Release::Nothing
    };
    let (author, device_seq, record) = (row.device, row.device_seq, row.record);
    let (releases, is_rewritten) = (decision.releases, false);
    Ok(Some(Decided { seq, author, device_seq, record, releases, is_rewritten, applied }))
}

fn apply_released(
    rules: &Rules,
    overlay: &mut Overlay<'_>,
    seq: u64,
    row: &QuarantineRow,
    chained: &ChainedEntry,
    line: u64,
    scopes_after: &dyn Fn(&RecordRow) -> BTreeSet<Scope>,
) -> Result<Release, RowsError> {
    let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { return Ok(Release::Nothing) };
    let hash = chained.entry.body.hash();
    if is_applied(overlay, &row.record, &hash)? {
        return Ok(Release::Nothing);
    }
    let applied = Applied {
        record: row.record,
        change: &change,
        hash,
        device_seq: row.device_seq,
        // On a device the line is the journal's, not the ledger's.
        line,
        accepted_as: Some(seq),
    };
    let moved = apply_if_grounded(rules, overlay, &applied, scopes_after)?;
    Ok(moved.map_or(Release::NoGround, Release::Applied))
}
