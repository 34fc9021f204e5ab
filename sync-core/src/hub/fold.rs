//! The hub's fold: one ledger line into index rows. Admitting and rebuilding both go through here.

use std::collections::BTreeSet;

use super::rights::is_past;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::{Act, Again};
use crate::log::chain::{DecodedBody, VerifiedEntry, decode_body};
use crate::log::entry::Anchor;
use crate::log::line::Line;
use crate::log::merkle::{self, leaf::Leaf};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::applied::is_applied;
use crate::state::authority::DeviceRow;
use crate::state::decide::{Decided, Release};
use crate::state::evidence::namings;
use crate::state::fold::{EntryRow, Folded, Moved, Received};
use crate::state::interpret::Acceptable;
use crate::state::keyspace;
use crate::state::membership::scopes_of_record;

/// What happened to a record in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeEvent {
    /// A change of a record that was and stays in it; also a rule.
    Entry,
    /// The record came in.
    Enter,
    /// The record went out.
    Leave,
}

impl ScopeEvent {
    fn to_bytes(self) -> Vec<u8> {
        vec![match self {
            Self::Entry => 0,
            Self::Enter => 1,
            Self::Leave => 2,
        }]
    }

    /// Reads the row's byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RowsError> {
        match bytes {
            [0] => Ok(Self::Entry),
            [1] => Ok(Self::Enter),
            [2] => Ok(Self::Leave),
            _ => Err(RowsError("a scope event is malformed".into())),
        }
    }
}

/// Folds one ledger line: how the index is rebuilt.
pub fn fold_line(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    number: u64,
    line: &[u8],
) -> Result<(), RowsError> {
    let Line::Entry { receipt: Some(receipt), chained } = Line::from_bytes(line)? else {
        return Err(RowsError(format!("line {number} of the ledger is no receipted entry")));
    };
    let prev =
        chained.prev.ok_or_else(|| RowsError(format!("line {number} does not know the entry before it")))?;
    let hash = chained.entry.hash(&prev);
    let decoded = decode_body(&chained.entry.body)?;
    fold_entry(rules, overlay, number, &receipt, &VerifiedEntry { chained, hash, decoded }, None).map(drop)
}

/// Folds one entry with its receipt. `judged` is what judging already found out about an accepted change. Returns the
/// scopes that have news of it.
pub fn fold_entry(
    rules: &mut Rules,
    overlay: &mut Overlay<'_>,
    number: u64,
    receipt: &Receipt,
    verified: &VerifiedEntry,
    judged: Option<Acceptable<'_>>,
) -> Result<BTreeSet<Scope>, RowsError> {
    let VerifiedEntry { chained, hash, decoded } = verified;
    let header = &chained.entry.header;
    let leaf = Leaf::of(&chained.entry, &chained.prev.unwrap_or_default(), *hash, receipt);
    merkle::append(overlay, number, &leaf.to_bytes())?;
    let received = Received { line: number, receipt, chained, hash: Some(*hash), decoded };
    let mut news = BTreeSet::from([Scope::Municipality]);
    match crate::state::fold::fold_entry(rules, overlay, &received, judged, &scopes_of_record)? {
        Folded::Quarantined => note_waiting(overlay, number, receipt, verified)?,
        Folded::Changed(moved) => {
            note_events(overlay, number, &header.record, &moved)?;
            news.extend(moved.before.into_iter().chain(moved.after));
        }
        Folded::NoGround => {
            return Err(RowsError(format!("the accepted change at {number} no longer applies")));
        }
        Folded::Acted(decided) => {
            if let DecodedBody::Act(act) = decoded {
                tell_of_act(overlay, number, &header.device, act, &mut news)?;
            }
            for one in decided {
                tell_of_decision(overlay, number, one, &mut news)?;
            }
        }
    }
    advance_head(overlay, receipt, verified)?;
    Ok(news)
}

/// Notes what a quarantined change waits for: each one's arrival brings it up again.
fn note_waiting(
    overlay: &mut Overlay<'_>,
    number: u64,
    receipt: &Receipt,
    verified: &VerifiedEntry,
) -> Result<(), RowsError> {
    let (Verdict::Quarantined(Reason::Held { .. }), DecodedBody::Change(change)) =
        (&receipt.verdict, &verified.decoded)
    else {
        return Ok(());
    };
    for on in &change.deps {
        if !is_applied(overlay, &verified.chained.entry.header.record, on)? {
            let mut key = keyspace::waiting(on);
            key.extend(number.to_be_bytes());
            overlay.write(key, &number);
        }
    }
    Ok(())
}

/// Tells each scope that an act concerns.
fn tell_of_act(
    overlay: &mut Overlay<'_>,
    number: u64,
    author: &DeviceId,
    act: &Act,
    news: &mut BTreeSet<Scope>,
) -> Result<(), RowsError> {
    match act {
        // Every device takes both from here.
        Act::Rule { .. } | Act::App { .. } => {
            tell(overlay, number, Scope::Catalog, news);
        }
        // A device is told its standing with each reply; the event says that there is news.
        Act::Revoke { device, .. } | Act::Assign { device, .. } => {
            tell(overlay, number, Scope::Device(*device), news);
        }
        Act::Enrol { continues: Some(before), .. } if before.retires => {
            tell(overlay, number, Scope::Device(before.device), news);
        }
        Act::Again { pairs } => tell_of_rewrite(overlay, number, author, pairs, news)?,
        Act::BlobStored { blobs } | Act::BlobMissing { blobs } => {
            for blob in blobs {
                tell(overlay, number, Scope::Device(blob.of), news);
                tell_of_blob(overlay, number, &blob.sha256, news)?;
            }
        }
        Act::BlobErased { sha256, .. } => tell_of_blob(overlay, number, sha256, news)?,
        // `tell_of_decision` tells of what a decision did. No scope but the municipality hears of the others.
        Act::Release { .. }
        | Act::Dismiss { .. }
        | Act::Genesis { .. }
        | Act::Epoch { .. }
        | Act::Invite { .. }
        | Act::Enrol { .. }
        | Act::Carry { .. }
        | Act::Clock { .. } => {}
    }
    Ok(())
}

fn tell_of_decision(
    overlay: &mut Overlay<'_>,
    number: u64,
    decided: Decided,
    news: &mut BTreeSet<Scope>,
) -> Result<(), RowsError> {
    tell(overlay, number, Scope::Device(decided.author), news);
    match decided.applied {
        Release::Nothing => Ok(()),
        Release::Applied(moved) => {
            note_events(overlay, number, &decided.record, &moved)?;
            news.extend(moved.before.into_iter().chain(moved.after));
            Ok(())
        }
        Release::NoGround => Err(RowsError(format!("what {number} releases no longer applies"))),
    }
}

fn tell(overlay: &mut Overlay<'_>, number: u64, scope: Scope, news: &mut BTreeSet<Scope>) {
    overlay.put(keyspace::event(&scope, number, &RecordId::ZERO), ScopeEvent::Entry.to_bytes());
    news.insert(scope);
}

/// The devices that have an entry that names a blob are told what became of the blob, and so is the one that carried the
/// entry: it has the bytes too.
fn tell_of_blob(
    overlay: &mut Overlay<'_>,
    number: u64,
    sha256: &Hash,
    news: &mut BTreeSet<Scope>,
) -> Result<(), RowsError> {
    for naming in namings(overlay, sha256)? {
        tell(overlay, number, Scope::Device(naming.device), news);
        let entry: Option<EntryRow> = read(overlay, &keyspace::entry(&naming.device, naming.row.device_seq))?;
        if let Some(carrier) = entry.and_then(|entry| entry.receipt).and_then(|receipt| receipt.carrier) {
            tell(overlay, number, Scope::Device(carrier), news);
        }
        let row = read::<RecordRow>(overlay, &keyspace::record(&naming.record))?;
        let scopes = row.into_iter().flat_map(|row| row.scopes);
        for scope in scopes.filter(|scope| *scope != Scope::Municipality) {
            tell(overlay, number, scope, news);
        }
    }
    Ok(())
}

/// A device that has the rewritten entries must know who wrote them first.
fn tell_of_rewrite(
    overlay: &mut Overlay<'_>,
    number: u64,
    author: &DeviceId,
    pairs: &[Again],
    news: &mut BTreeSet<Scope>,
) -> Result<(), RowsError> {
    for again in pairs {
        tell(overlay, number, Scope::Device(again.device), news);
        let Some(entry) = read::<EntryRow>(overlay, &keyspace::entry(author, again.seq))? else { continue };
        let Some(row) = read::<RecordRow>(overlay, &keyspace::record(&entry.record))? else { continue };
        for scope in row.scopes.into_iter().filter(|scope| *scope != Scope::Municipality) {
            tell(overlay, number, scope, news);
        }
    }
    Ok(())
}

fn advance_head(
    overlay: &mut Overlay<'_>,
    receipt: &Receipt,
    verified: &VerifiedEntry,
) -> Result<(), RowsError> {
    let header = &verified.chained.entry.header;
    let key = keyspace::device(&header.device);
    let Some(mut device) = read::<DeviceRow>(overlay, &key)? else { return Ok(()) };
    if !receipt.verdict.is_fork() && header.seq > device.head_seq {
        device.head_seq = header.seq;
        device.head = verified.hash;
    }
    if header.anchor.size > device.anchor_seen && counts_as_seen(overlay, receipt, &header.anchor)? {
        device.anchor_seen = header.anchor.size;
    }
    device.last_received_at_ms = device.last_received_at_ms.max(receipt.received_at_ms);
    let entry = &verified.chained.entry;
    device.filled = device.filled.with(entry, receipt.received_at_ms, device.revoked.is_some());
    overlay.write(key, &device);
    Ok(())
}

/// Whether an anchor says what its author has seen of this ledger. One of a history that was lost does not: its numbers are
/// not the numbers here.
fn counts_as_seen(overlay: &Overlay<'_>, receipt: &Receipt, anchor: &Anchor) -> Result<bool, RowsError> {
    Ok(overlay.get(&keyspace::first_loss())?.is_none() || is_past(overlay, receipt.seq - 1, anchor)?)
}

/// Tells each scope what a change means to it. The whole municipality reads the ledger itself and needs no events.
fn note_events(
    overlay: &mut Overlay<'_>,
    number: u64,
    record: &RecordId,
    moved: &Moved,
) -> Result<(), RowsError> {
    for scope in moved.before.union(&moved.after).filter(|scope| **scope != Scope::Municipality) {
        let member = keyspace::member(scope, record);
        let event = match (moved.before.contains(scope), moved.after.contains(scope)) {
            (true, true) => ScopeEvent::Entry,
            (false, _) => {
                overlay.write(member, &number);
                ScopeEvent::Enter
            }
            (true, false) => {
                overlay.delete(member);
                ScopeEvent::Leave
            }
        };
        overlay.put(keyspace::event(scope, number, record), event.to_bytes());
    }
    Ok(())
}
