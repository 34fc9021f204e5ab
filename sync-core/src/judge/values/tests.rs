//! Tests: what a change may write, held to the record's schema.

use super::judge_values;
use crate::id::DeviceId;
use crate::limits::UNKNOWN_BYTES_MAX;
use crate::log::verdict::Reason;
use crate::record::change::Scalar;
use crate::record::document::Document;
use crate::record::patch::interpret;
use crate::record::row::RecordRow;
use crate::record::schema::{RecordKind, RecordSchemas};

const DEVICE: DeviceId = DeviceId([3; 16]);

/// Makes an order and lets `write` go on; returns what is said about the change.
fn order(write: impl FnOnce(&mut Document)) -> Result<(), Reason> {
    let schema = RecordSchemas::built_in().of(RecordKind::Order);
    let mut document = Document::new(DEVICE);
    document.make_skeleton(schema).unwrap();
    for (name, value) in
        [("type", "order"), ("folio", "M-26-A1-0001"), ("kind", "leak_repair"), ("status", "reported")]
    {
        document.put(name, &text(value)).unwrap();
    }
    document.put("schema", &Scalar::Int(1)).unwrap();
    write(&mut document);
    let (change, _) = document.commit().unwrap().unwrap();
    let row = RecordRow::new(RecordKind::Order, DEVICE, schema);
    judge_values(schema, &row, &interpret(&change, schema, DEVICE, true).unwrap(), true)
}

fn text(text: &str) -> Scalar {
    Scalar::Str(text.into())
}

fn refusal(write: impl FnOnce(&mut Document)) -> String {
    match order(write) {
        Err(Reason::Rule { rule, what }) => format!("{rule}: {what}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_register_is_held_to_its_schema() {
    for (name, value) in [
        ("due", text("mañana")),
        ("due", text("2027-02-29")),
        ("priority", text("enorme")),
        ("priority", Scalar::Null),
        ("title", Scalar::Int(7)),
        ("crew", text("C 07")),
        ("schema", Scalar::Int(0)),
    ] {
        assert!(refusal(|order| order.put(name, &value).unwrap()).starts_with(&format!("value: {name} ")));
    }
    assert_eq!(order(|order| order.put("due", &Scalar::Null).unwrap()), Ok(()));
    assert_eq!(order(|order| order.put("due", &text("2028-02-29")).unwrap()), Ok(()));
}

#[test]
fn an_element_is_held_to_its_schema() {
    let photo = |members: &[(&str, Scalar)]| {
        let members = [&[("what", text("after"))], members].concat();
        refusal(|order| order.append_map("photos", &members).unwrap())
    };

    let of = |list: &[(&'static str, Scalar)]| [&[("what", text("after"))], list].concat();
    let whole =
        [("sha256", text(&"a".repeat(64))), ("bytes", Scalar::Int(1)), ("media_type", text("image/jpeg"))];
    assert_eq!(order(|order| order.append_map("photos", &of(&whole)).unwrap()), Ok(()));
    let path = ("sha256", text("../../../etc/passwd"));
    assert!(photo(&[path, whole[1].clone(), whole[2].clone()]).contains("photos sha256"));
    for bytes in [-5, 8_388_609] {
        assert!(
            photo(&[whole[0].clone(), ("bytes", Scalar::Int(bytes)), whole[2].clone()])
                .contains("photos bytes")
        );
    }
    assert!(photo(&whole[..2]).contains("photos needs media_type"));
    let long = "k".repeat(41);
    assert!(
        photo(&[&whole[..], &[(long.as_str(), Scalar::Int(1))]].concat()).contains("name has 41 characters")
    );
    assert!(
        refusal(|order| order.append_scalar("notes", &text("")).unwrap()).contains("notes has 0 characters")
    );
    assert!(refusal(|order| order.append_scalar("notes", &Scalar::Int(1)).unwrap()).contains("integer"));
}

#[test]
fn what_is_unknown_stays_within_bounds() {
    let put = |name: &str, value: Scalar| order(|order| order.put(name, &value).unwrap());
    assert_eq!(put("approved_by", text("x")), Ok(()));
    assert!(put("Approved", text("x")).is_err(), "a name is of a form");
    assert!(put("approved_by", text(&"x".repeat(1_001))).is_err());
    let many = |count: usize, chars: usize| {
        order(|order| {
            for number in 0..count {
                order.put(&format!("x{number}"), &text(&"x".repeat(chars))).unwrap();
            }
        })
    };
    assert_eq!(many(4, 1_000), Ok(()));
    assert!(many(5, 1_000).is_err(), "{UNKNOWN_BYTES_MAX} bytes are exceeded");
    assert!(many(80, 1).is_err(), "80 members are exceeded");
}

#[test]
fn maps_lists_and_texts_have_their_limits() {
    let fields = |count: usize| {
        order(|order| {
            for number in 0..count {
                order.put(&format!("fields.f{number}"), &Scalar::Int(1)).unwrap();
            }
        })
    };
    assert_eq!(fields(64), Ok(()));
    assert!(fields(65).is_err());
    assert!(order(|order| order.put("fields.Dosis", &Scalar::Int(1)).unwrap()).is_err());
    assert!(order(|order| order.put("checklist.lid", &text("yes")).unwrap()).is_err());
    let notes = |count: usize| {
        order(|order| (0..count).for_each(|_| order.append_scalar("notes", &text("x")).unwrap()))
    };
    assert_eq!((notes(1_000), notes(1_001).is_err()), (Ok(()), true));
}

#[test]
fn a_text_is_measured_whole_over_its_changes() {
    let schema = RecordSchemas::built_in().of(RecordKind::Order);
    let (description, _) = schema.slot("description").unwrap();
    let mut document = Document::new(DEVICE);
    document.make_skeleton(schema).unwrap();
    document.update_text("description", &"x".repeat(10)).unwrap();
    let (change, raw) = document.commit().unwrap().unwrap();
    let mut row = RecordRow::new(RecordKind::Order, DEVICE, schema);
    row.apply(&change, &raw.hash, &interpret(&change, schema, DEVICE, true).unwrap());
    assert_eq!(row.lengths[description], 10);
    let mut judged = |length: u32, text: &str| {
        row.lengths[description] = length;
        document.update_text("description", text).unwrap();
        let (change, raw) = document.commit().unwrap().unwrap();
        let patches = interpret(&change, schema, DEVICE, false).unwrap();
        let judged = judge_values(schema, &row, &patches, false);
        row.apply(&change, &raw.hash, &patches);
        (judged, row.lengths[description])
    };
    assert_eq!(judged(20_000, &"y".repeat(10)), (Ok(()), 20_000), "what is deleted counts no more");
    assert!(judged(20_000, &"y".repeat(11)).0.is_err());
    assert_eq!(judged(20_005, "y"), (Ok(()), 19_995), "it may always become shorter");
}

#[test]
fn what_a_record_needs_is_there_and_stays() {
    let schema = RecordSchemas::built_in().of(RecordKind::Asset);
    let mut document = Document::new(DEVICE);
    document.make_skeleton(schema).unwrap();
    for (name, value) in [("type", "asset"), ("key", "tq-1"), ("asset_type", "tank")] {
        document.put(name, &text(value)).unwrap();
    }
    document.put("schema", &Scalar::Int(1)).unwrap();
    let (change, _) = document.commit().unwrap().unwrap();
    let row = RecordRow::new(RecordKind::Asset, DEVICE, schema);
    let judged = judge_values(schema, &row, &interpret(&change, schema, DEVICE, true).unwrap(), true);
    assert_eq!(judged, Err(Reason::Rule { rule: "required".into(), what: "a new asset needs name".into() }));
}
