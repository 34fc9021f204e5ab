//! Shared: what two devices made before they met, from one file say. The ledger has the first; the device that came later
//! writes its work again upon that one, and its folio becomes a further one.

use std::collections::{BTreeMap, BTreeSet};

use super::orders::text;
use super::rewrite::{Original, Outcome, Repeated, repeat};
use super::write::Upon;
use super::{Replica, ReplicaError};
use crate::id::{DeviceId, RecordId};
use crate::log::line::read_entry;
use crate::log::verdict::{RECORD_EXISTS, Reason, Verdict};
use crate::record::change::{Change, OpId, Scalar};
use crate::record::correction::{register, target};
use crate::record::document::Document;
use crate::record::patch::{Patch, interpret};
use crate::record::row::RecordRow;
use crate::record::schema::RecordSchema;
use crate::rows::{all_under, number_in, read};
use crate::state::applied::applied_changes;
use crate::state::document::load_document;
use crate::state::fold::EntryRow;
use crate::state::interpret::check_creation;
use crate::state::keyspace;
use crate::state::layers::Layer;
use crate::state::local::{PENDING, Pending, pending_of, read_own, rewritten};

/// What was found out while entries are written again.
#[derive(Default)]
pub(super) struct Repeating {
    /// The device whose operations a record starts with, in the entries that are repeated.
    pub creators: BTreeMap<RecordId, DeviceId>,
    /// Records that another device made first.
    shared: BTreeSet<RecordId>,
    /// What an operation became; the same number may stand in two records.
    ops: BTreeMap<(RecordId, OpId), OpId>,
}

impl Repeating {
    /// Returns what the register is called in the record as it is: a correction names its element by the operation.
    pub fn register(&self, record: &RecordId, name: &str) -> String {
        let of = target(name).and_then(|op| self.ops.get(&(*record, op)));
        of.map_or_else(|| name.to_string(), register)
    }

    /// Returns what an operation became.
    pub fn op(&self, record: &RecordId, op: &OpId) -> Option<OpId> {
        self.ops.get(&(*record, *op)).copied()
    }

    /// Returns what the change's writes replace; `None` unless another device made the record first.
    pub fn upon(&self, record: &RecordId, patches: &[Patch<'_>]) -> Option<Upon> {
        let mut upon = Upon::new();
        for patch in patches {
            let Patch::Register { name, preds, .. } = patch else { continue };
            let now = preds.iter().filter_map(|pred| self.ops.get(&(*record, *pred)).copied());
            upon.entry(self.register(record, name)).or_default().extend(now);
        }
        self.shared.contains(record).then_some(upon)
    }

    /// Notes what the operations of an entry became in the change that repeats it. What was there already stands for
    /// what was not written.
    pub fn note(
        &mut self,
        record: &RecordId,
        before: &[Patch<'_>],
        after: &[Patch<'_>],
        row: Option<&RecordRow>,
    ) {
        let mut appended = after.iter().filter_map(|patch| match patch {
            Patch::Append { slot, op, .. } => Some((*slot, *op)),
            _ => None,
        });
        for patch in before {
            let (was, is) = match patch {
                Patch::Register { name, op, .. } => {
                    let name = self.register(record, name);
                    let written = after.iter().find_map(|patch| match patch {
                        Patch::Register { name: other, op, .. } if *other == name => Some(*op),
                        _ => None,
                    });
                    let held = || Some(row?.registers.get(&name)?.last()?.op);
                    (*op, written.or_else(held))
                }
                Patch::Append { slot, op, .. } => {
                    (*op, appended.find(|(other, _)| other == slot).map(|(_, op)| op))
                }
                Patch::Text { .. } => continue,
            };
            if let Some(is) = is {
                self.ops.insert((*record, was), is);
            }
        }
    }
}

impl Replica<'_> {
    /// Writes this device's work again on records that another device had made before. The ledger has to say so first,
    /// and this device must have the record.
    pub(super) fn join_shared(&mut self) -> Result<Repeated, ReplicaError> {
        let me = self.identity()?.device;
        let mut originals = Vec::new();
        for record in self.made_twice(&me)? {
            for (tail, _) in all_under::<Pending>(&self.overlay, &pending_of(&record))? {
                let seq = number_in(&tail)?;
                let Some(own) = read_own(&self.overlay, &me, seq)? else { continue };
                let is_done = read::<bool>(&self.overlay, &rewritten(&me, seq))?.is_some();
                let entry: Option<EntryRow> = read(&self.reading(), &keyspace::entry(&me, seq))?;
                if !is_done && entry.is_none_or(|entry| entry.accepted().is_none() && entry.decided.is_none())
                {
                    let (_, chained) = read_entry(&self.lines, own.line)?;
                    originals.push(Original { hash: own.hash, chained, is_told: true });
                }
            }
        }
        // As they were written: an order may name what was made before it.
        originals.sort_by_key(|original| original.chained.entry.header.seq);
        if originals.is_empty() { Ok(Repeated::default()) } else { self.write_again(&originals) }
    }

    /// Returns the records that this device made after another one had, as the ledger says, and has not joined yet.
    fn made_twice(&self, me: &DeviceId) -> Result<BTreeSet<RecordId>, ReplicaError> {
        let mut found = BTreeSet::new();
        for (tail, _) in all_under::<Pending>(&self.overlay, PENDING)? {
            let record = tail.get(..16).and_then(RecordId::from_slice);
            let (Some(record), Ok(seq)) = (record, number_in(tail.get(16..).unwrap_or_default())) else {
                continue;
            };
            let entry: Option<EntryRow> = read(&self.reading(), &keyspace::entry(me, seq))?;
            let Some(entry) = entry.filter(EntryRow::is_quarantined) else { continue };
            let verdict = entry.receipt.map(|receipt| receipt.verdict);
            let Some(Verdict::Quarantined(Reason::Rule { rule, .. })) = verdict else { continue };
            let mirror = Layer::mirror(&self.overlay, self.generations.shown);
            let row: Option<RecordRow> = read(&mirror, &keyspace::record(&record))?;
            let is_here = row.is_some_and(|row| row.creator != *me && !row.scopes.is_empty());
            let is_done = read::<bool>(&self.overlay, &rewritten(me, seq))?.is_some();
            if rule == RECORD_EXISTS && is_here && !is_done {
                found.insert(record);
            }
        }
        Ok(found)
    }

    /// Writes upon the record what the making of it said beside the first one: values that differ, and its folio.
    pub(super) fn join(
        &mut self,
        record: &RecordId,
        change: &Change,
        row: &RecordRow,
        repeating: &mut Repeating,
    ) -> Result<Outcome, ReplicaError> {
        let schema = self.rules.records.of(row.kind);
        let applied = applied_changes(&self.rows(), record)?;
        let Some(first) = applied.first().filter(|_| check_creation(change) == Some(row.kind)) else {
            return Ok(Outcome::Left);
        };
        let (_, chained) = read_entry(&self.lines, first.line)?;
        let first = Change::read(chained.entry.body.bytes())?;
        let (Ok(said), Ok(was)) =
            (interpret(change, schema, change.device, true), interpret(&first, schema, row.creator, true))
        else {
            return Ok(Outcome::Left);
        };
        repeating.creators.insert(*record, change.device);
        repeating.shared.insert(*record);
        let device = self.identity()?.device;
        let mut document = load_document(&self.rows(), &self.lines, record, device)?;
        let made = Made { schema, row, was: &was };
        let mut upon = Upon::new();
        for patch in &said {
            made.add(&mut document, patch, &mut upon)?;
        }
        let (mut outcome, mut written) = (Outcome::Nothing, None);
        match self.commit_upon(*record, &mut document, Some(&upon)) {
            Ok(Some(change)) => (outcome, written) = (Outcome::Done, Some(change)),
            Ok(None) => {}
            Err(error) if error.is_refusal() => {}
            Err(error) => return Err(error),
        }
        let after = match &written {
            Some(change) => interpret(change, schema, row.creator, false).unwrap_or_default(),
            None => Vec::new(),
        };
        for patch in &said {
            // An edit of a value that both had said follows the first one's.
            if let (Patch::Register { name, op, value, .. }, Some((first, same))) = (patch, made.first(patch))
                && (same == *value || name == "status")
            {
                repeating.ops.insert((*record, *op), first);
            }
        }
        let left: Vec<Patch<'_>> = said
            .iter()
            .filter(|patch| made.first(patch).is_none_or(|(_, value)| !is_value(patch, value)))
            .cloned()
            .collect();
        repeating.note(record, &left, &after, None);
        Ok(outcome)
    }
}

fn is_value(patch: &Patch<'_>, other: Option<&Scalar>) -> bool {
    matches!(patch, Patch::Register { value, .. } if *value == other)
}

/// A record as its first maker made it, and as it is now.
struct Made<'m> {
    schema: &'m RecordSchema,
    row: &'m RecordRow,
    was: &'m [Patch<'m>],
}

impl Made<'_> {
    /// Returns what the first maker wrote to the same register.
    fn first(&self, patch: &Patch<'_>) -> Option<(OpId, Option<&Scalar>)> {
        let Patch::Register { name, .. } = patch else { return None };
        self.was.iter().find_map(|first| match first {
            Patch::Register { name: other, op, value, .. } if other == name => Some((*op, *value)),
            _ => None,
        })
    }

    fn add(&self, document: &mut Document, patch: &Patch<'_>, upon: &mut Upon) -> Result<(), ReplicaError> {
        match patch {
            Patch::Register { name, value, .. } => self.add_value(document, name, *value, patch, upon),
            Patch::Text { slot, inserted, .. } => {
                let key = &self.schema.slots[*slot].key;
                let is_there = inserted.is_empty() || document.text(key)?.contains(inserted.as_str());
                if is_there { Ok(()) } else { repeat(document, self.schema, patch, None, None) }
            }
            Patch::Append { .. } => repeat(document, self.schema, patch, None, None),
        }
    }

    fn add_value(
        &self,
        document: &mut Document,
        name: &str,
        value: Option<&Scalar>,
        patch: &Patch<'_>,
        upon: &mut Upon,
    ) -> Result<(), ReplicaError> {
        let Some(value) = value else { return Ok(()) };
        let first = self.first(patch);
        let is_said = first.is_some_and(|(_, first)| first == Some(value));
        match name {
            "folio" => {
                let Scalar::Str(folio) = value else { return Ok(()) };
                let is_known = self.row.text("folio") == Some(folio) || self.row.folios.contains(folio);
                return if is_known { Ok(()) } else { Ok(document.append_scalar("folios", &text(folio))?) };
            }
            // How it began is no step; a crew that only the later one named makes it assigned.
            "status" => {
                let was = first.filter(|_| self.row.text("status") == Some("reported"));
                if let (Some((op, _)), Scalar::Str(to)) = (was, value)
                    && to == "assigned"
                    && !self.row.is_in_conflict("status")
                {
                    document.put(name, value)?;
                    upon.entry(name.into()).or_default().insert(op);
                }
                return Ok(());
            }
            _ => {}
        }
        let is_fixed = self.schema.registers.get(name).is_some_and(|register| register.who.is_empty());
        if is_said || is_fixed || self.row.values(name).any(|held| held == value) {
            return Ok(());
        }
        Ok(document.put(name, value)?)
    }
}
