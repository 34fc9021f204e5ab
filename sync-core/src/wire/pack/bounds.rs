//! Bounds: what every pack keeps within, checked alike before writing and while reading.

use super::{PACK_NAME_BYTES_MAX, PackError};
use crate::limits::PACK_OPS_MAX;
use crate::limits::{CHANGE_DEPS_MAX, CHANGE_OPS_MAX, KEY_BYTES_MAX, OP_PREDS_MAX, TEXT_CHARS_MAX};
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};

/// Refuses a count over its limit.
pub(super) fn too_many(what: &'static str, found: u64, max: usize) -> Result<(), PackError> {
    let max = max as u64;
    if found > max { Err(PackError::TooMany { what, found, max }) } else { Ok(()) }
}

/// Longest text of one register, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = TEXT_CHARS_MAX * 4;

/// The budget that is left for all changes of a pack together.
#[derive(Debug, Default)]
pub(super) struct Budget {
    ops: u64,
    name_bytes: u64,
}

impl Budget {
    /// Counts operations or predecessors.
    pub(super) fn spend_ops(&mut self, count: usize) -> Result<(), PackError> {
        self.ops += count as u64;
        too_many("operations and predecessors", self.ops, PACK_OPS_MAX)
    }

    /// Counts bytes that an index into the names stands for.
    pub(super) fn spend_name(&mut self, name: &str) -> Result<(), PackError> {
        self.name_bytes += name.len() as u64;
        too_many("bytes of repeated names", self.name_bytes, PACK_NAME_BYTES_MAX)
    }
}

/// Refuses a change that Automerge would not build: it trusts counters and the order of predecessors.
pub(super) fn check_change(change: &Change) -> Result<(), PackError> {
    too_many("operations in a change", change.ops.len() as u64, CHANGE_OPS_MAX)?;
    too_many("dependencies", change.deps.len() as u64, CHANGE_DEPS_MAX)?;
    if change.seq == 0 || change.start_op == 0 || change.max_op().is_none() {
        return Err(PackError::Malformed("the counters of a change are out of range"));
    }
    change.ops.iter().try_for_each(check_op)
}

fn check_op(op: &Op) -> Result<(), PackError> {
    too_many("predecessors", op.preds.len() as u64, OP_PREDS_MAX)?;
    if let Obj::At(id) = op.obj {
        check_id(id)?;
    }
    match &op.place {
        Place::Prop(key) => too_many("bytes in a key", key.len() as u64, KEY_BYTES_MAX)?,
        Place::Elem(id) => check_id(*id)?,
        Place::Head => {}
    }
    if let Action::Put(Scalar::Str(text)) = &op.action {
        too_many("bytes in a value", text.len() as u64, TEXT_BYTES_MAX)?;
    }
    op.preds.iter().try_for_each(|pred| check_id(*pred))?;
    if op.preds.is_sorted_by(|one, next| one < next) {
        Ok(())
    } else {
        Err(PackError::Malformed("predecessors out of order"))
    }
}

fn check_id(id: OpId) -> Result<(), PackError> {
    if (1..=u64::from(u32::MAX)).contains(&id.counter) {
        Ok(())
    } else {
        Err(PackError::Malformed("the counter of an operation is out of range"))
    }
}
