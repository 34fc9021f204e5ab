//! RecordRow: a record's summary in the index, folded from its changes. Judging and lists read it, so that
//! neither needs the document.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::author::Author;
use super::patch::{Element, Patch};
use crate::id::{DeviceId, Fingerprint, Hash, RecordId};
use crate::record::change::{Change, OpId, Scalar};
use crate::record::correction::{self, Correction};
use crate::record::schema::{RecordKind, RecordSchema, RecordSchemas};
use crate::scope::Scope;

/// States kept of a record: a device that steps on from an older one has been away for as many steps.
const STATES_MAX: usize = 64;

/// One value that a register holds. A register has several if people wrote at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The operation that wrote it.
    pub op: OpId,
    /// The value.
    pub value: Scalar,
}

/// Returns whether the values of a register differ. Equal values written at the same time are no conflict.
pub fn differ(held: &[Held]) -> bool {
    held.iter().any(|one| one.value != held[0].value)
}

/// A record's summary.
///
/// ```
/// use sync_core::id::DeviceId;
/// use sync_core::record::change::{Change, Scalar};
/// use sync_core::record::document::Document;
/// use sync_core::record::patch::interpret;
/// use sync_core::record::row::RecordRow;
/// use sync_core::record::schema::{RecordKind, RecordSchemas};
///
/// // A crew makes an order: the objects of its skeleton first, then a register.
/// let device = DeviceId([3; 16]);
/// let schemas = RecordSchemas::built_in();
/// let schema = schemas.of(RecordKind::Order);
/// let mut document = Document::new(device);
/// document.make_skeleton(schema)?;
/// document.put("status", &Scalar::Str("assigned".into()))?;
/// let (change, raw) = document.commit()?.expect("something was written");
///
/// // Its change is folded into the record's summary, without the document.
/// let mut row = RecordRow::new(RecordKind::Order, device, schema);
/// row.apply(&change, &raw.hash, &interpret(&change, schema, device, true)?);
/// assert_eq!(row.text("status"), Some("assigned"));
/// assert_eq!(row.conflicts().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRow {
    /// The kind of record.
    pub kind: RecordKind,
    /// The device that made it; its first operations are the skeleton.
    pub creator: DeviceId,
    /// Ledger number of its creation; 0 while only this device has it.
    pub created_seq: u64,
    /// Registers by name, their concurrent values sorted by operation.
    pub registers: BTreeMap<String, Vec<Held>>,
    /// The newest states that were written, by operation, to tell what a step started from.
    pub states: BTreeSet<(OpId, String)>,
    /// Elements in each list of the skeleton and characters in each text, by slot. Two people may delete one
    /// character at the same time: a text has at least as many as this says.
    pub lengths: Vec<u32>,
    /// How many readings of each measure there are, those that were voided too.
    pub measured: BTreeMap<String, u32>,
    /// Further folios of an order.
    pub folios: BTreeSet<String>,
    /// Changes applied.
    pub changes: u32,
    /// The part of each device that made some.
    pub authors: BTreeMap<DeviceId, Author>,
    /// Highest operation counter.
    pub max_op: u64,
    /// Changes that no other builds on yet, sorted.
    pub heads: Vec<Hash>,
    /// Set of the hashes of all accepted changes.
    pub fingerprint: Fingerprint,
    /// Scopes it is in: on the server by its registers, on a device as the server told.
    pub scopes: BTreeSet<Scope>,
    /// Scopes it was ever in.
    pub scopes_ever: BTreeSet<Scope>,
}

impl RecordRow {
    /// Returns a record about to receive its creating change.
    pub fn new(kind: RecordKind, creator: DeviceId, schema: &RecordSchema) -> Self {
        Self {
            kind,
            creator,
            created_seq: 0,
            registers: BTreeMap::new(),
            states: BTreeSet::new(),
            lengths: vec![0; schema.slots.len()],
            measured: BTreeMap::new(),
            folios: BTreeSet::new(),
            changes: 0,
            authors: BTreeMap::new(),
            max_op: 0,
            heads: Vec::new(),
            fingerprint: Fingerprint::ZERO,
            scopes: BTreeSet::new(),
            scopes_ever: BTreeSet::new(),
        }
    }

    /// Folds one change in.
    pub fn apply(&mut self, change: &Change, hash: &Hash, patches: &[Patch<'_>]) {
        for patch in patches {
            match patch {
                Patch::Register { name, value, op, preds, .. } => self.write(name, *value, *op, preds),
                Patch::Append { slot, element, .. } => {
                    if let Some(length) = self.lengths.get_mut(*slot) {
                        *length += 1;
                    }
                    if let Element::Scalar(Scalar::Str(folio)) = element
                        && RecordSchemas::built_in().of(self.kind).slots[*slot].key == "folios"
                    {
                        self.folios.insert(folio.clone());
                    }
                    if let Element::Map(map) = element
                        && let Some(Scalar::Str(what)) = map.get("what")
                    {
                        *self.measured.entry(what.clone()).or_default() += 1;
                    }
                }
                Patch::Text { slot, inserted, deleted } => {
                    if let Some(length) = self.lengths.get_mut(*slot) {
                        let added = u32::try_from(inserted.chars().count()).unwrap_or(u32::MAX);
                        *length = length.saturating_add(added).saturating_sub(*deleted);
                    }
                }
            }
        }
        self.changes += 1;
        self.authors.entry(change.device).or_default().add(change);
        self.max_op = self.max_op.max(change.max_op().unwrap_or(0));
        self.heads.retain(|head| !change.deps.contains(head));
        self.heads.push(*hash);
        self.heads.sort();
    }

    fn write(&mut self, name: &str, value: Option<&Scalar>, op: OpId, preds: &[OpId]) {
        if name == "status"
            && let Some(Scalar::Str(state)) = value
        {
            self.states.insert((op, state.clone()));
            if self.states.len() > STATES_MAX {
                self.states.pop_first();
            }
        }
        let held = self.registers.entry(name.into()).or_default();
        held.retain(|held| !preds.contains(&held.op));
        if let Some(value) = value {
            held.push(Held { op, value: value.clone() });
            held.sort_by_key(|held| held.op);
        }
        if held.is_empty() {
            self.registers.remove(name);
        }
    }

    /// Returns all concurrent values of a register.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &Scalar> {
        self.registers.get(name).into_iter().flatten().map(|held| &held.value)
    }

    /// Returns the value Automerge would show: the one with the highest operation.
    pub fn winner(&self, name: &str) -> Option<&Scalar> {
        self.registers.get(name)?.last().map(|held| &held.value)
    }

    /// Returns the winner, where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.winner(name)? {
            Scalar::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Registers whose concurrent values differ. Equal values written at the same time are no conflict.
    pub fn conflicts(&self) -> impl Iterator<Item = (&str, &[Held])> {
        let in_conflict = self.registers.iter().filter(|(_, held)| differ(held));
        in_conflict.map(|(name, held)| (name.as_str(), held.as_slice()))
    }

    /// Returns whether a register holds values that differ.
    pub fn is_in_conflict(&self, name: &str) -> bool {
        self.registers.get(name).is_some_and(|held| differ(held))
    }

    /// Returns what counts instead of the element that an operation made; `None` if it counts as it was written.
    pub fn correction(&self, op: &OpId) -> Option<Correction> {
        self.winner(&correction::register(op)).and_then(Correction::read)
    }

    /// Returns whether a measure has a reading that counts.
    pub fn is_measured(&self, what: &str) -> bool {
        let readings = self.measured.get(what).copied().unwrap_or(0);
        let of_corrections = self.registers.iter().filter(|(name, _)| correction::target(name).is_some());
        let said = of_corrections.filter_map(|(_, held)| Correction::read(&held.last()?.value));
        let voided = said.filter(|said| said.voids && said.what.as_deref() == Some(what)).count();
        usize::try_from(readings).unwrap_or(usize::MAX) > voided
    }

    /// Returns the record's digest, which its scopes' fingerprints hold.
    pub fn digest(&self, record: &RecordId) -> Hash {
        Hash::tagged("cuadrilla/record-digest/v1", &[&record.0, &self.fingerprint.0])
    }

    /// Returns the name people call it by: folio, asset key, `item/key` of the catalog, or activity.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            RecordKind::Order | RecordKind::Report => self.text("folio").map(String::from),
            RecordKind::Asset => self.text("key").map(String::from),
            RecordKind::Plan => self.text("activity").map(String::from),
            RecordKind::Catalog => Some(format!("{}/{}", self.text("item")?, self.text("key")?)),
        }
    }
}
