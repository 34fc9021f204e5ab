//! Change: an Automerge change as explicit operations. Judging reads these, and the wire carries these. The
//! raw chunk that Automerge applies is always rebuilt from them, so no hostile chunk is ever parsed.
//!
//! Only the operations that records need exist here: put a scalar, make an object, delete. Counters, marks
//! and tables have no form, so a change that used one could not be sent, and none is ever made.

mod bounds;

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use automerge::legacy::{ElementId, Key as LegacyKey, ObjectId, Op as LegacyOp, OpId as LegacyOpId, OpType};
use automerge::{ActorId, ChangeHash, ExpandedChange, ObjType, ScalarValue};
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, Hash};
use crate::limits::{
    CHANGE_BYTES_MAX, CHANGE_DEPS_MAX, CHANGE_OPS_MAX, KEY_BYTES_MAX, OP_PREDS_MAX, TEXT_CHARS_MAX,
};

/// The name of one operation: its counter and the device that made it. Ordered as Automerge orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OpId {
    /// Automerge's Lamport counter of the operation.
    pub counter: u64,
    /// The device (Automerge actor) that made it.
    pub device: DeviceId,
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.counter, self.device)
    }
}

/// A text that names no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no operation: COUNTER@DEVICE, as `order show --json` has it")]
pub struct OpIdError(String);

impl FromStr for OpId {
    type Err = OpIdError;

    fn from_str(text: &str) -> Result<Self, OpIdError> {
        let parts = text.split_once('@').and_then(|(counter, device)| {
            Some(Self { counter: counter.parse().ok()?, device: device.parse().ok()? })
        });
        // Each operation has one name.
        parts.filter(|op| op.to_string() == text).ok_or_else(|| OpIdError(text.into()))
    }
}

/// A value a register can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// Nothing: how a register is emptied.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text; also decimals (`"0.80"`), dates, keys and hashes.
    Str(String),
}

/// The object an operation works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obj {
    /// The record's root map.
    Root,
    /// The object made by that operation.
    At(OpId),
}

/// The place inside the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A key of a map.
    Prop(String),
    /// The head of a list or text.
    Head,
    /// The list element or character made by that operation.
    Elem(OpId),
}

/// The action of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts a scalar.
    Put(Scalar),
    /// Makes a map.
    MakeMap,
    /// Makes a list.
    MakeList,
    /// Makes a text.
    MakeText,
    /// Deletes what `preds` name.
    Delete,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    /// The object that it works in.
    pub obj: Obj,
    /// The place in that object.
    pub place: Place,
    /// Whether it inserts a new element after `place`, rather than replacing what is at `place`.
    pub insert: bool,
    /// The action.
    pub action: Action,
    /// The operations it replaces, sorted.
    pub preds: Vec<OpId>,
}

/// One change of one record by one device.
///
/// ```
/// use sync_core::id::DeviceId;
/// use sync_core::record::change::{Action, Change, Obj, Op, Place, Scalar};
///
/// let change = Change {
///     device: DeviceId([3; 16]),
///     seq: 1,
///     start_op: 1,
///     deps: vec![],
///     ops: vec![Op {
///         obj: Obj::Root,
///         place: Place::Prop("status".into()),
///         insert: false,
///         action: Action::Put(Scalar::Str("in_progress".into())),
///         preds: vec![],
///     }],
/// };
///
/// // The operations travel. The chunk that Automerge applies is rebuilt from them, the same on every machine.
/// let raw = change.to_raw()?;
/// assert_eq!(Change::from_raw(&raw.bytes)?, change);
/// # Ok::<(), sync_core::record::change::ChangeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The device that made it.
    pub device: DeviceId,
    /// The number of this change among the device's changes of this record, from 1.
    pub seq: u64,
    /// Counter of the first operation; the others follow one by one.
    pub start_op: u64,
    /// Hashes of the changes it was made on top of, sorted.
    pub deps: Vec<Hash>,
    /// The operations, in order.
    pub ops: Vec<Op>,
}

/// Why a chunk or a list of operations is not a change of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Automerge does not read it.
    #[error("not an Automerge change: {0}")]
    NotAChange(String),
    /// It has a part that no change of a record has.
    #[error("the change holds {0}, which Cuadrilla does not use")]
    Foreign(&'static str),
    /// An actor that is not a 16-byte device id.
    #[error("an actor of the change is not a device id")]
    Actor,
    /// A number over its limit.
    #[error("the change has {found} {what}, at most {max} are allowed")]
    TooMany {
        /// The thing that is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A sequence or operation counter of zero or beyond what numbers hold.
    #[error("the change's counters are out of range")]
    Counter,
    /// The rebuilt chunk is not the one that was decoded.
    #[error("the change cannot be rebuilt to the same bytes")]
    NotCanonical,
}

impl Change {
    /// Reads a raw chunk that this program's Automerge made, and proves that it can be rebuilt from its
    /// operations.
    ///
    /// # Errors
    /// Not a change of a record, over a limit, or not rebuilt to the same bytes.
    pub fn from_raw(raw: &[u8]) -> Result<Self, ChangeError> {
        let change = Self::read(raw)?;
        let rebuilt = change.to_raw()?;
        if rebuilt.bytes == raw { Ok(change) } else { Err(ChangeError::NotCanonical) }
    }

    /// Reads a raw chunk out of a ledger that may be another party's. Checks the bounds of what it claims
    /// first.
    ///
    /// # Errors
    /// As [`Self::from_raw`].
    pub fn read(raw: &[u8]) -> Result<Self, ChangeError> {
        bounds::check(raw)?;
        let parsed =
            automerge::Change::try_from(raw).map_err(|error| ChangeError::NotAChange(error.to_string()))?;
        let expanded = parsed.decode();
        if expanded.message.is_some() || expanded.time != 0 || !expanded.extra_bytes.is_empty() {
            return Err(ChangeError::Foreign("a message, a time or extra bytes"));
        }
        let change = Self {
            device: device_of(&expanded.actor_id)?,
            seq: expanded.seq,
            start_op: expanded.start_op.get(),
            deps: expanded.deps.iter().map(|dep| Hash(dep.0)).collect(),
            ops: expanded.operations.iter().map(op_from_legacy).collect::<Result<_, _>>()?,
        };
        change.check_limits()?;
        Ok(change)
    }

    /// Returns the raw chunk and its hash. The bytes are the same on every machine.
    ///
    /// # Errors
    /// A counter that does not fit Automerge's numbers, or over a limit.
    pub fn to_raw(&self) -> Result<RawChange, ChangeError> {
        self.check_limits()?;
        let start_op = NonZeroU64::new(self.start_op).ok_or(ChangeError::Counter)?;
        if self.seq == 0 || self.max_op().is_none() {
            return Err(ChangeError::Counter);
        }
        let expanded = ExpandedChange {
            operations: self.ops.iter().map(op_to_legacy).collect(),
            actor_id: actor_of(self.device),
            hash: None,
            seq: self.seq,
            start_op,
            time: 0,
            message: None,
            deps: self.deps.iter().map(|dep| ChangeHash(dep.0)).collect(),
            extra_bytes: Vec::new(),
            author: None,
        };
        let built = automerge::Change::from(expanded);
        let bytes = built.raw_bytes().to_vec();
        if bytes.len() > CHANGE_BYTES_MAX {
            return Err(ChangeError::TooMany { what: "bytes", found: bytes.len(), max: CHANGE_BYTES_MAX });
        }
        Ok(RawChange { hash: Hash(built.hash().0), bytes })
    }

    /// Returns the counter of the last operation; `None` if it does not fit Automerge's 32-bit counters.
    pub fn max_op(&self) -> Option<u64> {
        let last = self.start_op.checked_add(self.ops.len() as u64)?.checked_sub(1)?;
        (last < u64::from(u32::MAX)).then_some(last)
    }

    /// Returns the id of the operation at `index`.
    pub fn op_id(&self, index: usize) -> OpId {
        OpId { counter: self.start_op + index as u64, device: self.device }
    }

    fn check_limits(&self) -> Result<(), ChangeError> {
        let check = |what, found, max| {
            if found > max { Err(ChangeError::TooMany { what, found, max }) } else { Ok(()) }
        };
        check("operations", self.ops.len(), CHANGE_OPS_MAX)?;
        check("dependencies", self.deps.len(), CHANGE_DEPS_MAX)?;
        for op in &self.ops {
            check("predecessors", op.preds.len(), OP_PREDS_MAX)?;
            if let Place::Prop(key) = &op.place {
                check("bytes in a key", key.len(), KEY_BYTES_MAX)?;
            }
            if let Action::Put(Scalar::Str(text)) = &op.action {
                check("bytes in a value", text.len(), TEXT_CHARS_MAX * 4)?;
            }
        }
        Ok(())
    }
}

/// A chunk as Automerge applies it, with its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChange {
    /// Automerge's change hash.
    pub hash: Hash,
    /// The uncompressed chunk.
    pub bytes: Vec<u8>,
}

/// Returns the Automerge actor of a device.
pub fn actor_of(device: DeviceId) -> ActorId {
    ActorId::from(device.0)
}

/// Returns the device of an Automerge actor.
pub fn device_of(actor: &ActorId) -> Result<DeviceId, ChangeError> {
    DeviceId::from_slice(actor.to_bytes()).ok_or(ChangeError::Actor)
}

fn op_from_legacy(op: &LegacyOp) -> Result<Op, ChangeError> {
    Ok(Op {
        obj: match &op.obj {
            ObjectId::Root => Obj::Root,
            ObjectId::Id(id) => Obj::At(id_from_legacy(id)?),
        },
        place: match &op.key {
            LegacyKey::Map(key) => Place::Prop(key.to_string()),
            LegacyKey::Seq(ElementId::Head) => Place::Head,
            LegacyKey::Seq(ElementId::Id(id)) => Place::Elem(id_from_legacy(id)?),
        },
        insert: op.insert,
        action: match &op.action {
            OpType::Put(value) => Action::Put(scalar_from(value)?),
            OpType::Make(ObjType::Map) => Action::MakeMap,
            OpType::Make(ObjType::List) => Action::MakeList,
            OpType::Make(ObjType::Text) => Action::MakeText,
            OpType::Delete => Action::Delete,
            OpType::Make(ObjType::Table) => return Err(ChangeError::Foreign("a table")),
            OpType::Increment(_) => return Err(ChangeError::Foreign("a counter")),
            OpType::MarkBegin(_) | OpType::MarkEnd(_) => return Err(ChangeError::Foreign("a mark")),
        },
        preds: op.pred.iter().map(id_from_legacy).collect::<Result<_, _>>()?,
    })
}

fn op_to_legacy(op: &Op) -> LegacyOp {
    LegacyOp {
        obj: match op.obj {
            Obj::Root => ObjectId::Root,
            Obj::At(id) => ObjectId::Id(id_to_legacy(id)),
        },
        key: match &op.place {
            Place::Prop(key) => LegacyKey::Map(key.as_str().into()),
            Place::Head => LegacyKey::head(),
            Place::Elem(id) => LegacyKey::Seq(ElementId::Id(id_to_legacy(*id))),
        },
        insert: op.insert,
        action: match &op.action {
            Action::Put(value) => OpType::Put(scalar_to(value)),
            Action::MakeMap => OpType::Make(ObjType::Map),
            Action::MakeList => OpType::Make(ObjType::List),
            Action::MakeText => OpType::Make(ObjType::Text),
            Action::Delete => OpType::Delete,
        },
        pred: op.preds.iter().map(|id| id_to_legacy(*id)).collect(),
    }
}

fn id_from_legacy(id: &LegacyOpId) -> Result<OpId, ChangeError> {
    Ok(OpId { counter: id.counter(), device: device_of(id.actor())? })
}

fn id_to_legacy(id: OpId) -> LegacyOpId {
    LegacyOpId::new(id.counter, &actor_of(id.device))
}

/// Returns a scalar out of Automerge.
pub fn scalar_from(value: &ScalarValue) -> Result<Scalar, ChangeError> {
    match value {
        ScalarValue::Null => Ok(Scalar::Null),
        ScalarValue::Boolean(flag) => Ok(Scalar::Bool(*flag)),
        ScalarValue::Int(number) => Ok(Scalar::Int(*number)),
        ScalarValue::Str(text) => Ok(Scalar::Str(text.to_string())),
        _ => Err(ChangeError::Foreign("a float, a counter, a timestamp or bytes")),
    }
}

/// Returns a scalar for Automerge.
pub fn scalar_to(value: &Scalar) -> ScalarValue {
    match value {
        Scalar::Null => ScalarValue::Null,
        Scalar::Bool(flag) => ScalarValue::Boolean(*flag),
        Scalar::Int(number) => ScalarValue::Int(*number),
        Scalar::Str(text) => ScalarValue::Str(text.as_str().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, ChangeError, actor_of};
    use crate::id::DeviceId;
    use automerge::transaction::{CommitOptions, Transactable};
    use automerge::{AutoCommit, ObjType, ROOT, ReadDoc};

    fn commit(doc: &mut AutoCommit) {
        doc.commit_with(CommitOptions::default().with_time(0));
    }

    /// Returns a document with everything that records do, by two devices, with a clash, a deletion and
    /// edited text.
    fn lively_document() -> AutoCommit {
        let mut one = AutoCommit::new().with_actor(actor_of(DeviceId([9; 16])));
        let fields = one.put_object(ROOT, "fields", ObjType::Map).unwrap();
        let notes = one.put_object(ROOT, "notes", ObjType::List).unwrap();
        let text = one.put_object(ROOT, "description", ObjType::Text).unwrap();
        one.put(ROOT, "status", "assigned").unwrap();
        commit(&mut one);
        let mut two = one.fork().with_actor(actor_of(DeviceId([3; 16])));
        one.put(&fields, "serial", "A-1").unwrap();
        one.insert(&notes, 0, "revisé el tanque ñ 💧").unwrap();
        commit(&mut one);
        two.put(&fields, "serial", "B-2").unwrap();
        two.splice_text(&text, 0, 0, "Válvula rota").unwrap();
        commit(&mut two);
        let reading = two.put_object(ROOT, "reading", ObjType::Map).unwrap();
        two.put(&reading, "value", "0.80").unwrap();
        two.put(&reading, "count", 7_i64).unwrap();
        two.put(&reading, "good", true).unwrap();
        commit(&mut two);
        one.merge(&mut two).unwrap();
        one.put(&fields, "serial", "A-1").unwrap();
        one.splice_text(&text, 3, 4, "XY").unwrap();
        one.delete(&reading, "count").unwrap();
        one.insert(&notes, 1, "otra").unwrap();
        commit(&mut one);
        one
    }

    #[test]
    fn every_change_of_ours_is_rebuilt_to_the_same_bytes() {
        let mut doc = lively_document();
        for stored in doc.get_changes(&[]) {
            let change = Change::from_raw(stored.raw_bytes()).unwrap();
            let raw = change.to_raw().unwrap();
            assert_eq!(raw.bytes, stored.raw_bytes());
            assert_eq!(raw.hash.0, stored.hash().0);
            assert_eq!(change.max_op(), Some(stored.max_op()));
        }
    }

    #[test]
    fn rebuilt_changes_make_the_same_document() {
        let mut doc = lively_document();
        let raws: Vec<_> = doc.get_changes(&[]).iter().map(|c| c.raw_bytes().to_vec()).collect();
        let mut again = AutoCommit::new().with_actor(actor_of(DeviceId([1; 16])));
        for raw in raws {
            let rebuilt = Change::read(&raw).unwrap().to_raw().unwrap();
            again.apply_changes([automerge::Change::try_from(&rebuilt.bytes[..]).unwrap()]).unwrap();
        }
        assert_eq!(again.get_heads(), doc.get_heads());
        assert_eq!(again.length(ROOT), doc.length(ROOT));
    }

    #[test]
    fn refuses_what_our_records_never_use() {
        let mut doc = AutoCommit::new().with_actor(actor_of(DeviceId([9; 16])));
        doc.put(ROOT, "lat", 22.39_f64).unwrap();
        commit(&mut doc);
        let raw = doc.get_changes(&[])[0].raw_bytes().to_vec();
        assert!(matches!(Change::from_raw(&raw), Err(ChangeError::Foreign(_))));
        assert!(matches!(Change::from_raw(b"<html>"), Err(ChangeError::NotAChange(_))));
    }
}
