//! Corrections: a slip is said afterwards; what was written first stays in the history, and what is said counts everywhere.

use serde_json::{Value, json};
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::record::change::{Action, Obj, Op, OpId, Place, Scalar};
use sync_core::record::correction::{Correction, register};
use sync_core::record::row::RecordRow;
use sync_core::replica::{Choice, Instead};
use sync_core::rows::read;
use sync_core::state::keyspace;
use sync_core::state::local::is_in_no_line;
use sync_core::view::replay::At;
use sync_core::wire::pack::PackBody;

use crate::flows::{Town, town};
use crate::harness::Phone;
use crate::hostile::{claim, last_verdict};

fn chlorination(town: &mut Town) -> String {
    let new = sync_core::replica::NewOrder {
        kind: "chlorination".into(),
        crew: Some("C-07".into()),
        ..sync_core::replica::NewOrder::default()
    };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    everybody(town);
    folio
}

fn everybody(town: &mut Town) {
    for _ in 0..2 {
        for phone in [&mut town.one, &mut town.two, &mut town.dispatch] {
            phone.sync(&mut town.server);
        }
    }
}

fn value(value: &str) -> Instead {
    Instead::Value { value: value.into(), unit: None }
}

fn correct(phone: &mut Phone, folio: &str, item: &Value, instead: &Instead) -> Result<(), String> {
    let item = item.as_str().unwrap().to_string();
    let said = phone.act(|replica| replica.correct(folio, &item, instead, "faltó el punto"));
    said.map(drop).map_err(|error| error.code().to_string())
}

#[test]
fn eighty_typed_for_a_point_eight_is_corrected_and_counts_everywhere() {
    let mut town = town();
    let folio = chlorination(&mut town);
    town.one.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    town.one.act(|replica| replica.use_material(&folio, "TUB-2", "30", "m")).unwrap();
    town.one.act(|replica| replica.use_material(&folio, "TUB-2", "3", "m")).unwrap();
    town.one.act(|replica| replica.note(&folio, "dosis doble")).unwrap();
    everybody(&mut town);
    let before = town.server.seq();
    let shown = town.one.show(&folio);
    assert_eq!(shown["measurements"][0]["flag"], "above_norm");
    let (reading, pipe, note) =
        (&shown["measurements"][0]["id"], &shown["materials"][0]["number"], &shown["notes"][0]["number"]);
    correct(&mut town.one, &folio, reading, &value("0.80")).unwrap();
    correct(&mut town.one, &folio, pipe, &Instead::Nothing).unwrap();
    correct(&mut town.dispatch, &folio, note, &value("dosis normal")).unwrap();
    everybody(&mut town);
    let shown = town.dispatch.show(&folio);
    for phone in [&mut town.one, &mut town.two] {
        assert_eq!(phone.show(&folio), shown, "the same on every device");
        assert_eq!(from_lines(phone), phone.rebuilt());
    }
    let read = &shown["measurements"][0];
    assert_eq!((&read["value"], &read["flag"]), (&json!("0.80"), &Value::Null), "{read}");
    assert_eq!(read["corrected"]["from"], json!({"value": "80", "unit": "mg/L", "flag": "above_norm"}));
    assert_eq!(read["corrected"]["reason"], "faltó el punto");
    assert_eq!(shown["materials"].as_array().unwrap().len(), 1);
    assert_eq!(shown["materials"][0]["qty"], "3");
    assert_eq!(
        (&shown["voided"][0]["list"], &shown["voided"][0]["qty"]),
        (&json!("materials"), &json!("30"))
    );
    assert_eq!(shown["notes"][0]["text"], "dosis normal");
    let told = shown["history"].to_string();
    assert!(told.contains("80 mg/L") && told.contains("anuló TUB-2") && told.contains("0.80 mg/L"), "{told}");
    let then =
        town.dispatch.act(|replica| Ok(replica.view().replay(Some(&folio), At::Seq(before))?)).unwrap();
    assert_eq!(then.orders[0].measurements[0]["value"], "80", "what was known then stays what was known");
    assert_eq!(then.orders[0].materials.len(), 2);
    let diff = town
        .dispatch
        .act(|replica| Ok(replica.view().audit_diff(At::Seq(before), At::Seq(before + 3), None)?))
        .unwrap();
    let diff = serde_json::to_value(diff).unwrap();
    let order = &diff["orders"][0];
    assert_eq!(order["added"], json!([]), "{order:#}");
    assert_eq!(order["corrected"].as_array().unwrap().len(), 2, "{order:#}");
    assert_eq!(order["voided"].as_array().unwrap().len(), 1, "{order:#}");
}

/// The rows of a device that follow from its journal.
fn from_lines(phone: &Phone) -> std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = phone.rows.rows.clone();
    rows.retain(|key, _| !is_in_no_line(key));
    rows
}

#[test]
fn a_voided_reading_is_no_reading_that_finishing_needs() {
    let mut town = town();
    let folio = chlorination(&mut town);
    let kind = town.one.act(|replica| Ok(replica.view().find_kind("chlorination")?.clone())).unwrap();
    assert!(kind.required_measures.iter().any(|key| key == "free_chlorine"), "{kind:?}");
    town.one.act(|replica| replica.step(&folio, "start", None)).unwrap();
    for (field, typed) in [("dose", "0.80"), ("reagent_lot", "L-1")] {
        // Not every version of the kind has both.
        drop(town.one.act(|replica| replica.set(&folio, field, typed)));
    }
    let missing = |phone: &mut Phone| -> String {
        phone
            .act(|replica| replica.step(&folio, "finish", None))
            .map_or_else(|error| error.hint(), |_| String::new())
    };
    town.one.act(|replica| replica.measure(&folio, "cloro", "0.8", "mg/L", None, None)).unwrap();
    let id = town.one.show(&folio)["measurements"][0]["id"].clone();
    correct(&mut town.one, &folio, &id, &Instead::Nothing).unwrap();
    assert!(missing(&mut town.one).contains("free_chlorine"));
    town.one.act(|replica| replica.measure(&folio, "cloro", "0.9", "mg/L", None, None)).unwrap();
    assert!(!missing(&mut town.one).contains("free_chlorine"));
}

#[test]
fn only_the_author_and_dispatch_correct_and_only_what_is_there() {
    let mut town = town();
    let folio = chlorination(&mut town);
    town.one.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    everybody(&mut town);
    let id = town.one.show(&folio)["measurements"][0]["id"].clone();
    assert_eq!(correct(&mut town.two, &folio, &id, &value("0.80")), Err("role".into()));
    assert_eq!(correct(&mut town.one, &folio, &json!("99"), &value("0.80")), Err("unknown".into()));
    assert_eq!(correct(&mut town.one, &folio, &id, &value("mucho")), Err("value".into()));
    assert_eq!(correct(&mut town.one, &folio, &id, &value("-1")), Err("reading".into()));
    correct(&mut town.one, &folio, &id, &value("0.8")).unwrap();
    correct(&mut town.one, &folio, &id, &value("0.85")).unwrap();
    assert_eq!(town.one.show(&folio)["measurements"][0]["value"], "0.85", "the later one counts");
    correct(&mut town.one, &folio, &id, &Instead::Nothing).unwrap();
    for instead in [Instead::Nothing, value("0.9")] {
        assert_eq!(correct(&mut town.one, &folio, &id, &instead), Err("voided".into()));
    }
    everybody(&mut town);
    assert_eq!(town.dispatch.show(&folio)["measurements"], json!([]));
    assert_eq!(town.dispatch.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
}

#[test]
fn corrections_of_two_people_at_the_same_time_wait_for_a_decision() {
    let mut town = town();
    let folio = chlorination(&mut town);
    town.one.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    everybody(&mut town);
    let id = town.one.show(&folio)["measurements"][0]["id"].clone();
    correct(&mut town.one, &folio, &id, &value("0.80")).unwrap();
    correct(&mut town.dispatch, &folio, &id, &value("8")).unwrap();
    everybody(&mut town);
    let shown = town.dispatch.show(&folio);
    assert_eq!(shown, town.one.show(&folio));
    let conflict = &shown["conflicts"][0];
    let values: Vec<&Value> =
        conflict["values"].as_array().unwrap().iter().map(|one| &one["shown"]["es"]).collect();
    assert_eq!(values, ["0.80 mg/L", "8 mg/L"]);
    assert_eq!(correct(&mut town.dispatch, &folio, &id, &value("0.8")), Err("conflict".into()));
    let field = conflict["field"].as_str().unwrap().to_string();
    town.dispatch
        .act(|replica| replica.resolve(&folio, &field, &Choice::Take(1), "lo dice la hoja"))
        .unwrap();
    everybody(&mut town);
    let shown = town.two.show(&folio);
    assert_eq!((&shown["conflicts"], &shown["measurements"][0]["value"]), (&json!([]), &json!("0.80")));
}

/// A device of its own making says what ours would not.
#[test]
fn the_hub_takes_no_correction_that_could_not_have_been_written() {
    let mut town = town();
    let folio = chlorination(&mut town);
    town.two.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    town.one.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    everybody(&mut town);
    let record = town.one.act(|replica| Ok(replica.view().find_order(&folio)?)).unwrap();
    let me = town.one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let ids: Vec<OpId> = town.one.show(&folio)["measurements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().parse().unwrap())
        .collect();
    let own = *ids.iter().find(|op| op.device == me).unwrap();
    let other = *ids.iter().find(|op| op.device != me).unwrap();
    let good = Correction {
        of: "measurements".into(),
        what: Some("free_chlorine".into()),
        value: Some("0.80".into()),
        unit: Some("mg/L".into()),
        flag: None,
        voids: false,
        reason: "faltó el punto".into(),
    };
    let nowhere = OpId { counter: own.counter + 500, ..own };
    let cases = [
        (other, good.to_scalar(), "role"),
        (nowhere, good.to_scalar(), "correction"),
        (own, Correction { what: Some("ph".into()), ..good.clone() }.to_scalar(), "correction"),
        (own, Correction { of: "notes".into(), ..good.clone() }.to_scalar(), "correction"),
        (own, Correction { voids: true, ..good.clone() }.to_scalar(), "correction"),
        (own, Correction { value: Some("-5".into()), ..good.clone() }.to_scalar(), "reading"),
        (own, Correction { unit: Some("kg".into()), ..good.clone() }.to_scalar(), "reading"),
        (own, Correction { reason: String::new(), ..good }.to_scalar(), "correction"),
        (
            own,
            Scalar::Str("{\"of\": \"measurements\", \"reason\": \"x\", \"voids\": true}".into()),
            "correction",
        ),
    ];
    for (op, said, expected) in cases {
        let row: RecordRow = read(&town.server.rows, &keyspace::record(&record)).unwrap().unwrap();
        let slot = 10;
        claim(&mut town, |item| {
            item.header.record = record;
            let PackBody::Change(change) = &mut item.body else { panic!("a change was claimed") };
            change.seq = row.authors[&me].changes + 1;
            change.start_op = row.max_op + 1;
            change.deps = row.heads.clone();
            let key = register(&op).trim_start_matches("corrections.").to_string();
            let obj = Obj::At(OpId { counter: slot, device: row.creator });
            change.ops = vec![Op {
                obj,
                place: Place::Prop(key),
                insert: false,
                action: Action::Put(said.clone()),
                preds: vec![],
            }];
        })
        .unwrap();
        let found = match last_verdict(&town) {
            Verdict::Quarantined(Reason::Rule { rule, .. }) => rule,
            Verdict::Quarantined(reason) => reason.code().to_string(),
            Verdict::Accepted => "accepted".into(),
        };
        assert_eq!(found, expected, "{op} {said:?}");
    }
}
