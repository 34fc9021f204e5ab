//! Bytes from anybody: every answer is `Ok` or `Err`, and limits hold before anything large is built.

use super::workload::{Dice, day};
use super::{Known, PackItem, change_hashes, header, pack, unpack};
use crate::id::{DeviceId, Hash};
use crate::limits::PACK_ENTRIES_MAX;
use crate::record::change::{Action, Change, Obj, Op, OpId, Place, Scalar};
use crate::wire::pack::bytes::{StreamsIn, StreamsOut};
use crate::wire::pack::{PACK_BYTES_MAX, PackBody, PackError, stream};

fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap()
}

/// Changes a byte, cuts a piece out, doubles one, or loses some at the end.
fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        bytes.push(dice.next().to_le_bytes()[0]);
        return;
    }
    let at = below(dice, bytes.len());
    match dice.below(6) {
        0 => bytes[at] = dice.next().to_le_bytes()[0],
        1 => bytes[at] = bytes[at].wrapping_add(1),
        2 => bytes[at] ^= 1 << dice.below(8),
        3 => bytes.truncate(at),
        4 => bytes.insert(at, dice.next().to_le_bytes()[0]),
        _ => {
            bytes.remove(at);
        }
    }
}

/// Spoils bytes inside the streams and writes the streams' lengths again, so that the reader meets the damage
/// further in.
fn spoil_streams(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut streams = StreamsIn::split(bytes).unwrap();
    let mut out = StreamsOut::new();
    let spoiled = below(dice, stream::COUNT);
    for number in 0..stream::COUNT {
        let mut reader = streams.whole(number);
        let mut stream = reader.take(reader.left() as u64).unwrap().to_vec();
        if number == spoiled {
            spoil(&mut stream, dice);
        }
        out.extend(number, &stream);
    }
    out.finish()
}

#[test]
fn spoiled_packs_are_read_or_refused_and_never_panic() {
    let day = day(2);
    let mut dice = Dice(3);
    for items in [&day.up[..60], &day.down[..61], &[typed("Válvula rota")]] {
        let hashes = change_hashes(items).unwrap();
        let bytes = pack(items, &hashes, &day.known).unwrap();
        let mut refused = 0;
        for _ in 0..1_500 {
            let mut spoiled = spoil_streams(&bytes, &mut dice);
            if dice.below(3) == 0 {
                spoil(&mut spoiled, &mut dice);
            }
            refused += usize::from(unpack(&spoiled, &day.known).is_err());
        }
        assert!(refused > 500, "{refused} of 1500 refused");
    }
}

#[test]
fn noise_is_refused() {
    let mut dice = Dice(4);
    for length in 0..300 {
        let mut bytes: Vec<u8> = (0..length).map(|_| dice.next().to_le_bytes()[0] % 3).collect();
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        assert!(unpack(&bytes, &Known::default()).is_err());
    }
    assert_eq!(
        unpack(&[9], &Known::default()),
        Err(PackError::Malformed("a format this version does not know"))
    );
    let too_long = vec![1; PACK_BYTES_MAX + 1];
    assert!(matches!(unpack(&too_long, &Known::default()), Err(PackError::TooMany { what: "bytes", .. })));
}

/// Returns one change that types `text` into the root.
fn typed(text: &str) -> PackItem {
    let device = DeviceId([1; 16]);
    let op = |(index, character): (usize, char)| Op {
        obj: Obj::At(OpId { counter: 1, device: DeviceId([2; 16]) }),
        place: match index {
            0 => Place::Head,
            _ => Place::Elem(OpId { counter: 6 + index as u64, device }),
        },
        insert: true,
        action: Action::Put(Scalar::Str(character.into())),
        preds: Vec::new(),
    };
    let ops = text.chars().enumerate().map(op).collect();
    let change = Change { device, seq: 1, start_op: 7, deps: Vec::new(), ops };
    super::item(header(1, 1, 1), change)
}

/// Returns a pack whose first item and shape are those of `items`, and whose flags and uses repeat `count`
/// times more.
fn repeated(items: &[PackItem], count: usize) -> Vec<u8> {
    let bytes = pack(items, &change_hashes(items).unwrap(), &Known::default()).unwrap();
    let mut streams = StreamsIn::split(&bytes).unwrap();
    let mut out = StreamsOut::new();
    for number in 0..stream::COUNT {
        let mut reader = streams.whole(number);
        let whole = reader.take(reader.left() as u64).unwrap();
        out.extend(number, whole);
        match number {
            stream::FLAGS | stream::USES | stream::CLAIMED_HIGH => out.extend(number, &vec![0; count]),
            stream::CLAIMED_LOW => out.extend(number, &vec![0; 2 * count]),
            _ => {}
        }
    }
    out.finish()
}

fn makes(keys: &[String]) -> PackItem {
    let op = |key: &String| Op {
        obj: Obj::Root,
        place: Place::Prop(key.clone()),
        insert: false,
        action: Action::MakeMap,
        preds: Vec::new(),
    };
    let change = Change {
        device: DeviceId([1; 16]),
        seq: 1,
        start_op: 1,
        deps: Vec::new(),
        ops: keys.iter().map(op).collect(),
    };
    super::item(header(1, 1, 1), change)
}

#[test]
fn a_shape_is_no_bomb() {
    let keys: Vec<String> = (0..33).map(|n| format!("k{n}")).collect();
    let known = Known::default();
    assert!(unpack(&repeated(&[makes(&keys[..32])], 200), &known).is_ok());
    assert_eq!(
        unpack(&repeated(&[makes(&keys)], 1), &known),
        Err(PackError::Malformed("a large shape used twice"))
    );
    let empty = repeated(&[makes(&[])], PACK_ENTRIES_MAX);
    assert!(matches!(unpack(&empty, &known), Err(PackError::TooMany { what: "entries", .. })));
}

#[test]
fn what_one_pack_makes_is_bounded() {
    let mut budget = super::super::bounds::Budget::default();
    let name = "k".repeat(120);
    let mut spent = 0;
    while budget.spend_name(&name).is_ok() {
        spent += 1;
    }
    assert_eq!(spent, crate::wire::pack::PACK_NAME_BYTES_MAX / 120);
    assert!(budget.spend_ops(crate::limits::PACK_OPS_MAX).is_ok());
    assert!(budget.spend_ops(1).is_err());
}

#[test]
fn what_no_receiver_would_take_is_not_packed() {
    let id = |counter| OpId { counter, device: DeviceId([1; 16]) };
    let refuse = |spoil: &dyn Fn(&mut Change)| {
        let mut item = typed("ab");
        let PackBody::Change(change) = &mut item.body else { unreachable!() };
        spoil(change);
        assert!(pack(&[item], &[Hash::ZERO], &Known::default()).is_err());
    };
    refuse(&|change| change.seq = 0);
    refuse(&|change| change.start_op = 0);
    refuse(&|change| change.start_op = u64::MAX);
    refuse(&|change| change.ops[0].preds = vec![id(2), id(1)]);
    refuse(&|change| change.ops[0].preds = vec![id(1), id(1)]);
    refuse(&|change| change.ops[0].preds = vec![id(1 << 32)]);
    refuse(&|change| change.ops[0].obj = Obj::At(id(0)));
    refuse(&|change| change.ops[0].place = Place::Prop("k".repeat(121)));
    refuse(&|change| change.ops[0].action = Action::Put(Scalar::Str("a".repeat(40_001))));
    refuse(&|change| change.deps = vec![Hash::ZERO; 257]);
    let items = [typed("ab")];
    assert!(pack(&items, &[], &Known::default()).is_err(), "a hash for each item");
}
