//! Each thing a pack leaves out, one by one.

use super::{Known, header, item, round_trip};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::entry::Header;
use crate::log::verdict::{Receipt, Verdict};
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};
use crate::wire::pack::bytes::StreamsIn;
use crate::wire::pack::{PackBody, PackError, PackItem, change_hashes, pack, stream, unpack};

const OFFICE: DeviceId = DeviceId([9; 16]);

fn length(pack: &[u8], stream: usize) -> usize {
    StreamsIn::split(pack).unwrap().of(stream).left()
}

fn put(key: &str, value: &str, preds: Vec<OpId>) -> Op {
    let action = Action::Put(Scalar::Str(value.into()));
    Op { obj: Obj::Root, place: Place::Prop(key.into()), insert: false, action, preds }
}

fn follow(items: &[PackItem], seq: u64, start_op: u64, ops: Vec<Op>) -> PackItem {
    let deps = change_hashes(items).unwrap().last().copied().into_iter().collect();
    let header = Header { claimed_at_ms: 9, monotonic_ms: 9, ..header(1, seq, 1) };
    item(header, Change { device: DeviceId([1; 16]), seq, start_op, deps, ops })
}

/// Returns three changes of one record, each on top of the last, each replacing what the last one put.
fn chain() -> Vec<PackItem> {
    let own = |counter| OpId { counter, device: DeviceId([1; 16]) };
    let mut items = vec![follow(&[], 1, 1, vec![put("status", "made", vec![])])];
    for seq in 2..5 {
        let status = put("status", "seen", vec![own(seq - 1)]);
        items.push(follow(&items, seq, seq, vec![status]));
    }
    items
}

#[test]
fn what_follows_from_the_item_before_costs_nothing() {
    let bytes = round_trip(&chain(), &Known::default());
    for silent in [
        stream::DEP_COUNTS,
        stream::DEP_HASHES,
        stream::START_OPS,
        stream::CHANGE_SEQS,
        stream::SEQS,
        stream::ACTORS,
    ] {
        assert_eq!(length(&bytes, silent), 0, "{}", stream::NAMES[silent]);
    }
    assert_eq!(length(&bytes, stream::FLAGS), 4);
    assert_eq!(length(&bytes, stream::ITEM_DEVICES), 1);
    assert_eq!(length(&bytes, stream::RECORD_IDS), 16);
}

#[test]
fn a_shape_is_said_once() {
    let (two, four) = (round_trip(&chain()[..2], &Known::default()), round_trip(&chain(), &Known::default()));
    assert_eq!(length(&two, stream::SHAPES), length(&four, stream::SHAPES));
    assert_eq!(length(&four, stream::USES), 4);
}

#[test]
fn a_record_both_sides_know_is_a_small_number() {
    let mut known = Known::default();
    let mut items = Vec::new();
    for record in 1..4 {
        known.record(RecordId([record; 16]), 70_000 + u64::from(record));
        let change = Change {
            device: DeviceId([1; 16]),
            seq: 1,
            start_op: 40,
            deps: vec![Hash([record; 32])],
            ops: vec![],
        };
        known.change(RecordId([record; 16]), OFFICE, 500 + u64::from(record), Hash([record; 32]));
        items.push(item(header(1, u64::from(record), record), change));
    }
    let bytes = round_trip(&items, &known);
    assert_eq!(length(&bytes, stream::RECORD_IDS), 0);
    assert_eq!(length(&bytes, stream::RECORDS), 3 + 1 + 1, "far from zero, then one further each");
    assert_eq!(length(&bytes, stream::DEP_HASHES), 0);
    assert_eq!(length(&bytes, stream::DEP_SEQS), 3 + 1 + 1, "the author's numbers grow with the records'");
    assert_eq!(length(&bytes, stream::START_OPS), 1, "all start where the first one does");
}

#[test]
fn who_does_not_know_a_record_or_change_is_told_to_reconcile() {
    let mut known = Known::default();
    known.record(RecordId([1; 16]), 5);
    known.change(RecordId([1; 16]), OFFICE, 8, Hash([7; 32]));
    let change = Change { device: OFFICE, seq: 1, start_op: 2, deps: vec![Hash([7; 32])], ops: vec![] };
    let items = [item(header(1, 1, 1), change)];
    let bytes = pack(&items, &change_hashes(&items).unwrap(), &known).unwrap();
    assert!(matches!(unpack(&bytes, &Known::default()), Err(PackError::UnknownRef(_))));
    known.hashes.clear();
    assert!(matches!(unpack(&bytes, &known), Err(PackError::UnknownRef(_))));
}

#[test]
fn typed_text_is_one_step_and_its_bytes() {
    let device = DeviceId([1; 16]);
    let text_id = OpId { counter: 1, device };
    let mut ops = vec![Op { action: Action::MakeText, ..put("description", "", vec![]) }];
    let typed = "Fuga de agua en la toma de la señora Díaz";
    for (counter, character) in (2_u64..).zip(typed.chars()) {
        let place =
            if counter == 2 { Place::Head } else { Place::Elem(OpId { counter: counter - 1, device }) };
        let action = Action::Put(Scalar::Str(character.into()));
        ops.push(Op { obj: Obj::At(text_id), place, insert: true, action, preds: vec![] });
    }
    let last = OpId { counter: ops.len() as u64, device };
    let middle = OpId { counter: 9, device };
    for gone in [last, middle] {
        let place = Place::Elem(gone);
        ops.push(Op {
            obj: Obj::At(text_id),
            place,
            insert: false,
            action: Action::Delete,
            preds: vec![gone],
        });
    }
    ops.push(put("status", "made", vec![]));
    let bytes = round_trip(&[follow(&[], 1, 1, ops)], &Known::default());
    assert_eq!(length(&bytes, stream::TEXTS), typed.len() + "made".len());
    assert!(length(&bytes, stream::SHAPES) <= 17, "{} bytes for five steps", length(&bytes, stream::SHAPES));
}

#[test]
fn decimals_are_numbers_and_odd_ones_stay_texts() {
    let ops = ["0.80", "-0.05", "12", "007.5", "-0", "1.", "123456789012345"];
    let ops = ops.iter().map(|value| put(&format!("k{value}"), value, vec![])).collect();
    let bytes = round_trip(&[follow(&[], 1, 1, ops)], &Known::default());
    assert_eq!(length(&bytes, stream::TEXTS), "007.5".len() + "-0".len() + "1.".len());
}

#[test]
fn a_run_of_accepted_receipts_costs_nothing() {
    let mut items = chain();
    for (seq, item) in (1_000..).zip(&mut items) {
        let receipt = Receipt { seq, received_at_ms: 5_000, carrier: None, verdict: Verdict::Accepted };
        item.receipt = Some(receipt);
    }
    let bytes = round_trip(&items, &Known::default());
    assert_eq!(length(&bytes, stream::LEDGER_SEQS), 2);
    assert_eq!(length(&bytes, stream::RECEIVED), 2);
    assert_eq!(length(&bytes, stream::FLAGS), 2 + 1 + 1 + 1);
}

#[test]
fn branches_and_merges_name_earlier_items() {
    let mut items = chain();
    let hashes = change_hashes(&items).unwrap();
    items.push(follow(&items[..1], 5, 2, vec![]));
    items.push(follow(&items, 6, 6, vec![]));
    let PackBody::Change(merge) = &mut items[5].body else { unreachable!() };
    merge.deps.push(hashes[3]);
    let bytes = round_trip(&items, &Known::default());
    assert_eq!(length(&bytes, stream::DEP_HASHES), 0);
    assert_eq!(length(&bytes, stream::DEP_BACKS), 1 + 2);
}

#[test]
fn extremes_of_every_number_come_back() {
    let mut items = Vec::new();
    for (index, far) in [(1, false), (2, true), (3, false), (4, true)] {
        let mut one = header(1, if far { u64::MAX } else { 0 }, index);
        one.claimed_at_ms = if far { i64::MIN } else { i64::MAX };
        one.monotonic_ms = if far { u64::MAX } else { 0 };
        one.anchor.size = if far { u64::MAX } else { 0 };
        one.municipality = if far { u32::MAX } else { 0 };
        let seq = if far { u64::MAX } else { 1 };
        let start_op = if far { u64::from(u32::MAX) - 1 } else { 1 };
        let op = Op { action: Action::Put(Scalar::Int(i64::MIN)), ..put("k", "", vec![]) };
        let change = Change { device: OFFICE, seq, start_op, deps: vec![], ops: vec![op] };
        let mut packed = item(one, change);
        packed.receipt = Some(Receipt {
            seq: u64::from(far).wrapping_sub(1),
            received_at_ms: if far { i64::MAX } else { i64::MIN },
            carrier: far.then_some(OFFICE),
            verdict: Verdict::Accepted,
        });
        items.push(packed);
    }
    round_trip(&items, &Known::default());
    round_trip(&[], &Known::default());
}
