//! Freed: work that waits for an entry of this device which was refused, and does not depend on it. Automerge chains all
//! that a device writes on a record, so the note after a too-high dose waits with the dose. This device writes such work
//! again, upon the record as the ledger has it.

use std::collections::{BTreeMap, BTreeSet};

use super::rewrite::repeat;
use super::shared::Repeating;
use super::write::{Upon, replace};
use super::{Replica, ReplicaError};
use crate::id::{Hash, RecordId};
use crate::judge::conflict::said_plainly;
use crate::judge::judge_change;
use crate::log::act::Again;
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::ChainedEntry;
use crate::log::line::read_entry;
use crate::log::verdict::{Reason, Verdict};
use crate::record::change::{Change, OpId, RawChange};
use crate::record::correction::target;
use crate::record::document::Document;
use crate::record::patch::{Patch, interpret};
use crate::record::row::RecordRow;
use crate::rows::{Overlay, Rows, RowsError, all_under, number_in, read};
use crate::state::applied::{Finder, applied_changes};
use crate::state::fold::{Applied, EntryRow, apply_change};
use crate::state::layers::Layer;
use crate::state::local::{HEAD, OwnRow, PENDING, Pending, read_own, repeating, rewritten};
use crate::state::{keyspace, repeated};
use crate::view::own::RefusedEntry;

/// Most entries written again after one reply. The others follow after the next.
const FREED_MAX: usize = 200;

/// An entry that waits, and what it becomes; `None` if the record says all of it already.
struct Freed {
    waiting: Waiting,
    written: Option<(Change, RawChange)>,
}

/// An entry of this device that waits for another one.
struct Waiting {
    hash: Hash,
    chained: ChainedEntry,
    change: Change,
    refused: RefusedEntry,
}

impl Replica<'_> {
    /// Writes again what waits for a refused entry of this device and does not depend on it, each entry once. Returns what
    /// was said of those entries.
    pub(super) fn free_waiting(&mut self) -> Result<Vec<RefusedEntry>, ReplicaError> {
        if self.generations.filling.is_some() || self.identity.is_none() {
            return Ok(Vec::new());
        }
        let (mut pairs, mut freed) = (Vec::new(), Vec::new());
        for Freed { waiting, written } in self.find_free()? {
            let header = &waiting.chained.entry.header;
            let seq = match written {
                Some((change, raw)) => {
                    self.write_change(header.record, change, raw)?;
                    self.view().own_head()?.seq
                }
                None => 0,
            };
            let again = Again {
                seq,
                device: header.device,
                of_seq: header.seq,
                of: waiting.hash,
                person: header.person,
                claimed_at_ms: header.claimed_at_ms,
                claim: false,
            };
            let cost = repeated::cost(&waiting.chained, &DecodedBody::Change(waiting.change));
            pairs.push((again, 2 * cost));
            freed.push(waiting.refused);
        }
        self.say_again(pairs)?;
        Ok(freed)
    }

    fn find_free(&self) -> Result<Vec<Freed>, ReplicaError> {
        let mut pending: BTreeMap<RecordId, Vec<u64>> = BTreeMap::new();
        for (tail, _) in all_under::<Pending>(&self.overlay, PENDING)? {
            let record = tail.get(..16).and_then(RecordId::from_slice);
            let record = record.ok_or_else(|| RowsError("a pending entry has a malformed key".into()))?;
            pending.entry(record).or_default().push(number_in(&tail[16..])?);
        }
        let mut all = Vec::new();
        for (record, seqs) in pending {
            let mut waiting = Vec::new();
            for seq in seqs {
                waiting.extend(self.waiting(&record, seq)?);
            }
            if !waiting.is_empty() {
                all.extend(self.free_of_record(&record, waiting)?);
            }
        }
        all.sort_by_key(|freed| freed.waiting.chained.entry.header.seq);
        all.truncate(FREED_MAX);
        Ok(all)
    }

    /// Returns the entry if it is in quarantine because it waits, and neither was written again nor does so itself.
    fn waiting(&self, record: &RecordId, seq: u64) -> Result<Option<Waiting>, ReplicaError> {
        let me = self.identity()?.device;
        let entry: Option<EntryRow> = read(&self.reading(), &keyspace::entry(&me, seq))?;
        let Some(receipt) = entry.filter(EntryRow::is_quarantined).and_then(|entry| entry.receipt) else {
            return Ok(None);
        };
        let Verdict::Quarantined(reason @ Reason::Held { .. }) = &receipt.verdict else { return Ok(None) };
        for key in [rewritten(&me, seq), repeating(&me, seq)] {
            if self.overlay.get(&key)?.is_some() {
                return Ok(None);
            }
        }
        let Some(own) = read_own(&self.overlay, &me, seq)? else { return Ok(None) };
        let (_, chained) = read_entry(&self.lines, own.line)?;
        let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { return Ok(None) };
        let refused = self.view().refused_entry(record, reason)?;
        Ok(Some(Waiting { hash: own.hash, chained, change, refused }))
    }

    /// Tries the entries of one record that wait, in their order.
    fn free_of_record(&self, record: &RecordId, waiting: Vec<Waiting>) -> Result<Vec<Freed>, ReplicaError> {
        let mirror = self.reading();
        let known: Option<RecordRow> = read(&mirror, &keyspace::record(record))?;
        if known.is_none_or(|row| row.scopes.is_empty()) {
            return Ok(Vec::new());
        }
        let mut trying = Trying {
            replica: self,
            record,
            lost: self.lost_of_record(record, &mirror)?,
            raws: Vec::new(),
            repeating: Repeating::default(),
            ops: BTreeSet::new(),
        };
        for row in applied_changes(&mirror, record)? {
            let (_, chained) = read_entry(&self.lines, row.line)?;
            trying.raws.push(chained.entry.body.bytes().to_vec());
        }
        let mut rows = Overlay::new(&mirror);
        let mut all = Vec::new();
        for waiting in waiting {
            if let Some(written) = trying.write(&mut rows, &waiting)? {
                all.push(Freed { waiting, written });
            }
        }
        Ok(all)
    }

    /// Returns this device's changes of a record that the ledger has and that do not count, by hash.
    fn lost_of_record(
        &self,
        record: &RecordId,
        mirror: &Layer<'_>,
    ) -> Result<BTreeMap<Hash, Change>, ReplicaError> {
        let me = self.identity()?.device;
        let mut lost = BTreeMap::new();
        for seq in 1..=HEAD.read_or_default(&self.overlay)?.seq {
            let Some(OwnRow { record: of, change: Some(hash), line, .. }) =
                read_own(&self.overlay, &me, seq)?.filter(|own| own.record == *record)
            else {
                continue;
            };
            let entry: Option<EntryRow> = read(mirror, &keyspace::entry(&me, seq))?;
            if of == *record && entry.is_some_and(|row| row.receipt.is_some() && row.accepted().is_none()) {
                let (_, chained) = read_entry(&self.lines, line)?;
                lost.insert(hash, Change::read(chained.entry.body.bytes())?);
            }
        }
        Ok(lost)
    }
}

/// A record as the ledger has it, and what was written upon it so far.
struct Trying<'r> {
    replica: &'r Replica<'r>,
    record: &'r RecordId,
    /// This device's changes that do not count.
    lost: BTreeMap<Hash, Change>,
    raws: Vec<Vec<u8>>,
    repeating: Repeating,
    /// Operations of entries that were written again.
    ops: BTreeSet<OpId>,
}

impl Trying<'_> {
    /// Writes an entry again, on top of `rows`. Returns `None` if it depends on what does not count: by what it names, or
    /// because no rule allows it without.
    fn write(
        &mut self,
        rows: &mut Overlay<'_>,
        waiting: &Waiting,
    ) -> Result<Option<Option<(Change, RawChange)>>, ReplicaError> {
        let Some(row) = read::<RecordRow>(rows, &keyspace::record(self.record))? else { return Ok(None) };
        let schema = self.replica.rules.records.of(row.kind);
        let Ok(patches) = interpret(&waiting.change, schema, row.creator, false) else { return Ok(None) };
        let Some(upon) = self.upon(rows, waiting, &patches)? else { return Ok(None) };
        let me = self.replica.identity()?.device;
        let mut document = Document::from_raw(me, &self.raws)?;
        for patch in &patches {
            let named = match patch {
                Patch::Register { name, slot, value, op, preds } => {
                    let name = self.repeating.register(self.record, name);
                    &Patch::Register { name, slot: *slot, value: *value, op: *op, preds }
                }
                other => other,
            };
            repeat(&mut document, schema, named, Some(&row), None)?;
        }
        let written = match document.commit()? {
            None => None,
            Some((mut change, _)) => {
                replace(&mut change, &upon, schema, &row);
                let names = self.replica.names_so_far();
                let change = said_plainly(schema, &row, &names, &change).unwrap_or(change);
                let (author, rules) = (self.replica.as_author()?, &self.replica.rules);
                let judged = judge_change(rows, rules, &author, &names, self.record, &change)?;
                let Ok(acceptable) = judged else { return Ok(None) };
                let raw = change.to_raw()?;
                let applied = Applied {
                    record: *self.record,
                    change: &change,
                    hash: raw.hash,
                    device_seq: 0,
                    line: 0,
                    accepted_as: None,
                };
                apply_change(rows, acceptable, &applied, &|row| row.scopes.clone())?;
                self.raws.push(raw.bytes.clone());
                Some((change, raw))
            }
        };
        let after = match &written {
            Some((change, _)) => interpret(change, schema, row.creator, false).unwrap_or_default(),
            None => Vec::new(),
        };
        self.repeating.note(self.record, &patches, &after, Some(&row));
        self.ops.extend((0..waiting.change.ops.len()).map(|index| waiting.change.op_id(index)));
        Ok(Some(written))
    }

    /// Returns what the entry's writes replace; `None` if some of that does not count, or is not known here.
    fn upon(
        &self,
        rows: &dyn Rows,
        waiting: &Waiting,
        patches: &[Patch<'_>],
    ) -> Result<Option<Upon>, ReplicaError> {
        let Some(under) = self.lost_under(rows, &waiting.change)? else { return Ok(None) };
        let mut finder = Finder::new(rows, self.record);
        let mut upon = Upon::new();
        for patch in patches {
            let Patch::Register { name, preds, .. } = patch else { continue };
            let mut now = BTreeSet::new();
            for op in preds.iter().copied().chain(target(name)) {
                let is_lost = under.iter().any(|change| holds(change, &op));
                match (is_lost, self.ops.contains(&op)) {
                    (true, false) => return Ok(None),
                    (false, _) if finder.holder(&op)?.is_none() => return Ok(None),
                    _ => {}
                }
                if preds.contains(&op) {
                    let op = if is_lost { self.repeating.op(self.record, &op) } else { Some(op) };
                    now.extend(op);
                }
            }
            upon.entry(self.repeating.register(self.record, name)).or_default().extend(now);
        }
        Ok(Some(upon))
    }

    /// Returns this device's changes below one that do not count; `None` if it waits for anything else.
    fn lost_under(&self, rows: &dyn Rows, change: &Change) -> Result<Option<Vec<&Change>>, RowsError> {
        let mut finder = Finder::new(rows, self.record);
        let (mut under, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next: Vec<Hash> = change.deps.clone();
        while let Some(hash) = next.pop() {
            if !seen.insert(hash) || finder.change(&hash)?.is_some() {
                continue;
            }
            let Some(lost) = self.lost.get(&hash) else { return Ok(None) };
            // Without its making nothing of a record stands.
            if lost.deps.is_empty() {
                return Ok(None);
            }
            next.extend(&lost.deps);
            under.push(lost);
        }
        Ok(Some(under))
    }
}

fn holds(change: &Change, op: &OpId) -> bool {
    let end = change.start_op.saturating_add(change.ops.len() as u64);
    op.device == change.device && (change.start_op..end).contains(&op.counter)
}
