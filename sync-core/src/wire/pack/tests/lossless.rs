//! Whatever goes in comes out: arbitrary items, far beyond what crews do.

use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, TestCaseError, any, prop_assert_eq, prop_oneof, proptest,
};

use super::Known;
use crate::crypto::Signature;
use crate::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use crate::log::entry::{Anchor, Header};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};
use crate::wire::pack::{PackBody, PackItem, pack, unpack};

/// A dependency before the hashes are known.
#[derive(Debug, Clone)]
enum Dep {
    Earlier(usize),
    Author(u64),
    Hash(u8),
}

#[derive(Debug, Clone)]
struct Plan {
    item: PackItem,
    deps: Option<Vec<Dep>>,
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..4_u64, Just(u64::MAX), any::<u64>()]
}

fn signed() -> impl Strategy<Value = i64> {
    prop_oneof![-2..3_i64, Just(i64::MIN), Just(i64::MAX), any::<i64>()]
}

fn device() -> impl Strategy<Value = DeviceId> {
    (0..4_u8).prop_map(|n| DeviceId([n; 16]))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]",
        "\\PC{0,3}",
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?",
        Just("0.80".to_owned()),
        Just("en curso".to_owned()),
        Just("ñandú ".repeat(30)),
        "\\PC{0,40}",
    ]
}

fn op_id() -> impl Strategy<Value = OpId> {
    let counter = prop_oneof![1..12_u64, Just(u64::from(u32::MAX)), 1..=u64::from(u32::MAX)];
    (counter, device()).prop_map(|(counter, device)| OpId { counter, device })
}

fn op() -> impl Strategy<Value = Op> {
    let obj = prop_oneof![Just(Obj::Root), op_id().prop_map(Obj::At)];
    let key = prop_oneof!["[kl]", "\\PC{0,10}"];
    let place = prop_oneof![key.prop_map(Place::Prop), Just(Place::Head), op_id().prop_map(Place::Elem)];
    let action = prop_oneof![
        Just(Action::Put(Scalar::Null)),
        any::<bool>().prop_map(|flag| Action::Put(Scalar::Bool(flag))),
        signed().prop_map(|number| Action::Put(Scalar::Int(number))),
        text().prop_map(|text| Action::Put(Scalar::Str(text))),
        Just(Action::MakeMap),
        Just(Action::MakeList),
        Just(Action::MakeText),
        Just(Action::Delete),
    ];
    let preds = vec(op_id(), 0..3).prop_map(|mut preds| {
        preds.sort();
        preds.dedup();
        preds
    });
    (obj, place, any::<bool>(), action, preds).prop_map(|(obj, place, insert, action, preds)| Op {
        obj,
        place,
        insert,
        action,
        preds,
    })
}

/// Returns a change with some operations as drawn, and some typed after one another.
fn change() -> impl Strategy<Value = Change> {
    let start_op = prop_oneof![1..10_u64, 1..u64::from(u32::MAX) - 100];
    let seq = prop_oneof![1..4_u64, 1..=u64::MAX];
    (device(), seq, start_op, vec(op(), 0..6), 0..40_usize).prop_map(|(device, seq, start_op, ops, typed)| {
        let mut change = Change { device, seq, start_op, deps: Vec::new(), ops };
        for index in 0..typed.saturating_sub(20) {
            let id = |back| OpId { counter: start_op + (change.ops.len() - back) as u64, device };
            let place = if change.ops.is_empty() { Place::Head } else { Place::Elem(id(1)) };
            let text = if index % 7 == 6 { "no" } else { "ñ" };
            let obj = change.ops.last().map_or(Obj::Root, |last| last.obj);
            let action = Action::Put(Scalar::Str(text.into()));
            change.ops.push(Op { obj, place, insert: true, action, preds: Vec::new() });
        }
        change
    })
}

fn header() -> impl Strategy<Value = Header> {
    let who = (prop_oneof![Just(14_061_u32), any::<u32>()], 0..4_u8, 0..2_u8, number(), 0..2_u8);
    let when = (signed(), number(), number());
    (device(), 0..6_u8, who, when).prop_map(|(device, record, who, when)| Header {
        municipality: who.0,
        device,
        seq: when.2,
        record: RecordId([record; 16]),
        person: PersonId([who.1; 16]),
        claimed_at_ms: when.0,
        boot: BootId([who.2; 8]),
        monotonic_ms: when.1,
        anchor: Anchor { size: who.3, root: Hash([who.4; 32]) },
    })
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let reason = prop_oneof![
        Just(Reason::Revoked),
        Just(Reason::OutOfScope),
        text().prop_map(|what| Reason::Role { what }),
        Just(Reason::Fork { after: Hash([9; 32]) }),
        any::<u8>().prop_map(|byte| Reason::Held { on: Hash([byte; 32]) }),
        text().prop_map(|what| Reason::Rule { rule: "range".into(), what }),
    ];
    let verdict = prop_oneof![3 => Just(Verdict::Accepted), 1 => reason.prop_map(Verdict::Quarantined)];
    (number(), signed(), proptest::option::of(device()), verdict)
        .prop_map(|(seq, received_at_ms, carrier, verdict)| Receipt { seq, received_at_ms, carrier, verdict })
}

fn plan() -> impl Strategy<Value = Plan> {
    let body = prop_oneof![
        4 => change().prop_map(PackBody::Change),
        1 => vec(any::<u8>(), 0..20).prop_map(PackBody::Act),
    ];
    let signature = proptest::option::weighted(0.2, any::<u8>())
        .prop_map(|alg| alg.map(|alg| Signature { alg, bytes: [alg; 64] }));
    let dep = prop_oneof![
        (0..20_usize).prop_map(Dep::Earlier),
        (0..4_u64).prop_map(Dep::Author),
        any::<u8>().prop_map(Dep::Hash)
    ];
    let deps = proptest::option::of(vec(dep, 0..4));
    (header(), body, proptest::option::of(receipt()), signature, deps).prop_map(
        |(header, body, receipt, signature, deps)| Plan {
            item: PackItem { header, body, receipt, signature },
            deps,
        },
    )
}

const AUTHOR_SEQS: [u64; 4] = [0, 1, 77, u64::MAX];

fn known_author(record: RecordId, nth: u64) -> Hash {
    Hash::tagged("test", &[&record.0, &nth.to_be_bytes()])
}

fn known() -> Known {
    let mut known = Known::default();
    for (record, number) in [(1, 0), (2, u64::MAX), (3, 1 << 63), (4, 7)] {
        known.record(RecordId([record; 16]), number);
    }
    for record in 0..6 {
        let record = RecordId([record; 16]);
        for (nth, seq) in (0..4).zip(AUTHOR_SEQS) {
            let device = DeviceId([nth; 16]);
            known.change(record, device, seq, known_author(record, u64::from(nth)));
        }
    }
    known
}

/// Gives each change its dependencies; `None` is what an ordinary device does: the last change of the record.
fn items_of(plans: Vec<Plan>) -> (Vec<PackItem>, Vec<Hash>) {
    let (mut items, mut hashes): (Vec<PackItem>, Vec<Hash>) = (Vec::new(), Vec::new());
    for Plan { mut item, deps } in plans {
        let record = item.header.record;
        let last = items.iter().zip(&hashes).rev().find_map(|(earlier, hash)| {
            let same = earlier.header.record == record && matches!(earlier.body, PackBody::Change(_));
            same.then_some(*hash)
        });
        let mut hash = Hash::ZERO;
        if let PackBody::Change(change) = &mut item.body {
            let resolve = |dep| match dep {
                Dep::Earlier(index) => hashes.get(index).copied().unwrap_or(Hash([1; 32])),
                Dep::Author(nth) => known_author(record, nth),
                Dep::Hash(byte) => Hash([byte; 32]),
            };
            change.deps = match deps {
                None => last.into_iter().collect(),
                Some(deps) => deps.into_iter().map(resolve).collect(),
            };
            hash = change.to_raw().unwrap().hash;
        }
        hashes.push(hash);
        items.push(item);
    }
    (items, hashes)
}

fn check(plans: Vec<Plan>) -> Result<(), TestCaseError> {
    let known = known();
    let (items, hashes) = items_of(plans);
    let bytes = pack(&items, &hashes, &known).unwrap();
    let unpacked = unpack(&bytes, &known).unwrap();
    let raw: Vec<Hash> =
        unpacked.iter().map(|one| one.raw.as_ref().map_or(Hash::ZERO, |raw| raw.hash)).collect();
    let back: Vec<PackItem> = unpacked.into_iter().map(|one| one.item).collect();
    prop_assert_eq!(back, items);
    prop_assert_eq!(raw, hashes);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_items_come_back_as_they_were(plans in vec(plan(), 0..20)) {
        check(plans)?;
    }
}
