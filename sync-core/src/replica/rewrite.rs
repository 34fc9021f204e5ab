//! Rewrite: entries that cannot count as they are, written once more as this device's own. What each did is repeated
//! on the record as it is now; what no rule allows any more is kept as a note, so that nothing is lost.

use crate::state::document::load_document;
use crate::state::interpret::check_creation;
use std::collections::BTreeMap;

use super::orders::text;
use super::shared::Repeating;
use super::{Replica, ReplicaError};
use crate::id::{DeviceId, Hash, RecordId};
use crate::limits::{AGAIN_PAIRS_MAX, TEXT_CHARS_MAX};
use crate::log::act::{Act, Again};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::ChainedEntry;
use crate::record::change::{Change, Scalar};
use crate::record::document::Document;
use crate::record::patch::{Element, Patch, interpret};
use crate::record::row::RecordRow;
use crate::record::schema::{RecordKind, RecordSchema};
use crate::rows::read;
use crate::state::keyspace;

/// Pairs in one act: they take a quarter of what an act may hold.
const PAIRS_AN_ACT: usize = 200;
const _: () = assert!(PAIRS_AN_ACT <= AGAIN_PAIRS_MAX);

/// An entry to write again, with the device whose operations its record starts with.
pub(super) struct Original {
    /// Its hash.
    pub hash: Hash,
    /// The entry.
    pub chained: ChainedEntry,
}

/// What came of writing entries again.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repeated {
    /// Entries that count again as they were.
    pub repeated: u64,
    /// Entries that no rule allows any more: kept as notes on their orders.
    pub as_notes: u64,
    /// Entries that changed nothing any more, or that nothing here can hold; they stay in the journal.
    pub left: u64,
}

pub(super) enum Outcome {
    Done,
    Note,
    /// The record says all of it already.
    Nothing,
    Left,
}

impl Replica<'_> {
    /// Writes the entries again, in their order, and says in the ledger which is which.
    pub(super) fn write_again(&mut self, originals: &[Original]) -> Result<Repeated, ReplicaError> {
        let mut counts = Repeated::default();
        let mut repeating = Repeating::default();
        let mut pairs = Vec::new();
        // The word about an entry that had been written again before comes first: it names the older one.
        let mut older = Vec::new();
        let mut written = BTreeMap::new();
        for original in originals {
            let head_before = self.view().own_head()?.seq;
            let header = &original.chained.entry.header;
            let outcome = match decode_body(&original.chained.entry.body)? {
                DecodedBody::Act(Act::Again { pairs }) => {
                    // Its numbers are those of the name it was written under.
                    let seq_now = |seq: u64| written.get(&(header.device, seq)).copied();
                    let renumbered = |again: Again| Some(Again { seq: seq_now(again.seq)?, ..again });
                    let before = older.len();
                    older.extend(pairs.into_iter().filter_map(renumbered));
                    if older.len() > before { Outcome::Done } else { Outcome::Left }
                }
                DecodedBody::Act(act) => self.act_again(act)?,
                DecodedBody::Change(change) => self.change_again(&header.record, &change, &mut repeating)?,
            };
            match &outcome {
                Outcome::Done | Outcome::Nothing => counts.repeated += 1,
                Outcome::Note => counts.as_notes += 1,
                Outcome::Left => counts.left += 1,
            }
            let seq = self.view().own_head()?.seq;
            let is_written = seq > head_before;
            if is_written || matches!(outcome, Outcome::Nothing) {
                if is_written {
                    written.insert((header.device, header.seq), seq);
                }
                pairs.push(Again {
                    seq: if is_written { seq } else { 0 },
                    device: header.device,
                    of_seq: header.seq,
                    of: original.hash,
                    person: header.person,
                    claimed_at_ms: header.claimed_at_ms,
                });
            }
        }
        for pairs in [older, pairs].concat().chunks(PAIRS_AN_ACT) {
            self.write_act(Act::Again { pairs: pairs.to_vec() })?;
        }
        Ok(counts)
    }

    fn act_again(&mut self, act: Act) -> Result<Outcome, ReplicaError> {
        match self.write_act(act) {
            Ok(()) => Ok(Outcome::Done),
            Err(error) if error.is_refusal() => Ok(Outcome::Left),
            Err(error) => Err(error),
        }
    }

    fn change_again(
        &mut self,
        record: &RecordId,
        change: &Change,
        repeating: &mut Repeating,
    ) -> Result<Outcome, ReplicaError> {
        let row: Option<RecordRow> = read(&self.rows(), &keyspace::record(record))?;
        let is_creation = change.deps.is_empty();
        let kind = match (&row, is_creation) {
            // Another device has made it before: by an import of the same file, say.
            (Some(row), true) => return self.join(record, change, row, repeating),
            (Some(row), false) => row.kind,
            (None, true) => match check_creation(change) {
                Some(kind) => kind,
                None => return Ok(Outcome::Left),
            },
            (None, false) => return Ok(Outcome::Left),
        };
        let creator = match &row {
            None => *repeating.creators.entry(*record).or_insert(change.device),
            Some(row) => repeating.creators.get(record).copied().unwrap_or(row.creator),
        };
        let schema = self.rules.records.of(kind).clone();
        let Ok(patches) = interpret(change, &schema, creator, is_creation) else { return Ok(Outcome::Left) };
        let device = self.identity()?.device;
        let mut document = match is_creation {
            true => {
                let mut document = Document::new(device);
                document.make_skeleton(&schema)?;
                document
            }
            false => load_document(&self.rows(), &self.lines, record, device)?,
        };
        let folio = if is_creation && kind == RecordKind::Order { Some(self.next_folio()?) } else { None };
        for patch in &patches {
            let patch = match patch {
                Patch::Register { name, slot, value, op, preds } => {
                    let name = repeating.register(record, name);
                    &Patch::Register { name, slot: *slot, value: *value, op: *op, preds }
                }
                other => other,
            };
            repeat(&mut document, &schema, patch, row.as_ref(), folio.as_deref())?;
        }
        let upon = repeating.upon(record, &patches);
        let creator_now = row.as_ref().map_or(device, |row| row.creator);
        match self.commit_upon(*record, &mut document, upon.as_ref()) {
            Ok(Some(change)) => {
                let after = interpret(&change, &schema, creator_now, is_creation).unwrap_or_default();
                repeating.note(record, &patches, &after, row.as_ref());
                Ok(Outcome::Done)
            }
            Ok(None) => Ok(if upon.is_some() { Outcome::Nothing } else { Outcome::Left }),
            Err(error) if error.is_refusal() && kind == RecordKind::Order && !is_creation => {
                self.keep_as_note(record, change, &schema, creator)
            }
            Err(error) if error.is_refusal() => Ok(Outcome::Left),
            Err(error) => Err(error),
        }
    }

    /// What can no longer be done is still told: as a note, in the words of the history.
    fn keep_as_note(
        &mut self,
        record: &RecordId,
        change: &Change,
        schema: &RecordSchema,
        creator: DeviceId,
    ) -> Result<Outcome, ReplicaError> {
        let Some(row) = read::<RecordRow>(&self.rows(), &keyspace::record(record))? else {
            return Ok(Outcome::Left);
        };
        let Ok(patches) = interpret(change, schema, creator, false) else { return Ok(Outcome::Left) };
        let (_, words) = crate::view::words::sentence(&self.rows(), &self.rules, &row, &patches, false)?;
        let note: String =
            format!("No se pudo repetir: {} / {}", words.es, words.en).chars().take(TEXT_CHARS_MAX).collect();
        let device = self.identity()?.device;
        let mut document = load_document(&self.rows(), &self.lines, record, device)?;
        document.append_scalar("notes", &text(&note))?;
        match self.commit(*record, &mut document) {
            Ok(_) => Ok(Outcome::Note),
            Err(error) if error.is_refusal() => Ok(Outcome::Left),
            Err(error) => Err(error),
        }
    }
}

/// Does again to `document` what a touch did.
pub(super) fn repeat(
    document: &mut Document,
    schema: &RecordSchema,
    patch: &Patch<'_>,
    row: Option<&RecordRow>,
    folio: Option<&str>,
) -> Result<(), ReplicaError> {
    match patch {
        Patch::Register { name, value, .. } => {
            // A folio belongs to the device that gave it out: the other one may have given out the same.
            let given = folio.filter(|_| name == "folio").map(text);
            if let Some(old) = value.filter(|_| given.is_some()) {
                let Scalar::Str(old) = old else { return Ok(()) };
                document.append_scalar("notes", &text(&format!("Folio anterior / earlier folio: {old}")))?;
            }
            match given.as_ref().or(*value) {
                Some(value) if row.and_then(|row| row.winner(name)) == Some(value) => Ok(()),
                Some(value) => Ok(document.put(name, value)?),
                None => Ok(document.put(name, &Scalar::Null)?),
            }
        }
        Patch::Append { slot, element: Element::Scalar(value), .. } => {
            Ok(document.append_scalar(&schema.slots[*slot].key, value)?)
        }
        Patch::Append { slot, element: Element::Map(map), .. } => {
            let members: Vec<(&str, Scalar)> =
                map.iter().map(|(key, value)| (*key, (*value).clone())).collect();
            Ok(document.append_map(&schema.slots[*slot].key, &members)?)
        }
        Patch::Text { slot, inserted, .. } => {
            let key = &schema.slots[*slot].key;
            let now = document.text(key)?;
            let joined = if now.is_empty() { inserted.clone() } else { format!("{now}\n{inserted}") };
            Ok(document.update_text(key, &joined)?)
        }
    }
}
