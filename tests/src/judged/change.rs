//! Change: the change that makes a record of which a JSON document is the content, written as a hostile client
//! may write it.

use serde_json::Value;
use sync_core::id::DeviceId;
use sync_core::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};
use sync_core::record::schema::{RecordSchema, SlotObject};

/// Who writes.
const DEVICE: DeviceId = DeviceId([7; 16]);

/// Returns the change; `None` if no change can make such a document.
pub(super) fn creation(schema: &RecordSchema, document: &Value) -> Option<Change> {
    let members = document.as_object()?;
    let mut change = Change { device: DEVICE, seq: 1, start_op: 1, deps: vec![], ops: vec![] };
    for slot in &schema.slots {
        let action = match slot.object {
            SlotObject::Map => Action::MakeMap,
            SlotObject::List => Action::MakeList,
            SlotObject::Text => Action::MakeText,
        };
        push(&mut change, Obj::Root, Place::Prop(slot.key.clone()), false, action);
    }
    for (key, value) in members {
        if let Some((index, slot)) = schema.slot(key) {
            let slot_at = Obj::At(OpId { counter: index as u64 + 1, device: DEVICE });
            fill(&mut change, slot_at, slot.object, slot.of_maps, value)?;
        } else {
            push(&mut change, Obj::Root, Place::Prop(key.clone()), false, Action::Put(scalar(value)?));
        }
    }
    let is_whole = schema.slots.iter().all(|slot| members.contains_key(&slot.key));
    (is_whole && change.ops.len() > schema.slots.len()).then_some(change)
}

fn fill(change: &mut Change, at: Obj, object: SlotObject, of_maps: bool, value: &Value) -> Option<()> {
    match object {
        SlotObject::Map => put_all(change, at, value)?,
        SlotObject::Text => {
            push(change, at, Place::Head, true, Action::Put(Scalar::Str(value.as_str()?.into())));
        }
        SlotObject::List => {
            for item in value.as_array()? {
                if of_maps {
                    let made = push(change, at, Place::Head, true, Action::MakeMap);
                    put_all(change, Obj::At(made), item)?;
                } else {
                    push(change, at, Place::Head, true, Action::Put(scalar(item)?));
                }
            }
        }
    }
    Some(())
}

fn put_all(change: &mut Change, at: Obj, value: &Value) -> Option<()> {
    for (key, value) in value.as_object()? {
        push(change, at, Place::Prop(key.clone()), false, Action::Put(scalar(value)?));
    }
    Some(())
}

fn push(change: &mut Change, obj: Obj, place: Place, insert: bool, action: Action) -> OpId {
    change.ops.push(Op { obj, place, insert, action, preds: vec![] });
    OpId { counter: change.ops.len() as u64, device: DEVICE }
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Null => Some(Scalar::Null),
        Value::Bool(flag) => Some(Scalar::Bool(*flag)),
        Value::Number(number) => number.as_i64().map(Scalar::Int),
        Value::String(text) => Some(Scalar::Str(text.clone())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the bytes of the registers that the schema does not know.
pub(super) fn unknown_bytes(schema: &RecordSchema, document: &Value) -> usize {
    let unknown = |key: &str| !schema.registers.contains_key(key) && schema.slot(key).is_none();
    let size = |value: &Value| value.as_str().map_or(8, str::len);
    let members = document.as_object().into_iter().flatten();
    members.filter(|(key, _)| unknown(key)).map(|(key, value)| key.len() + size(value)).sum()
}
