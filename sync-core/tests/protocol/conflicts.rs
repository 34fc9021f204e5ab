//! Conflicts: values that people wrote at the same time end by a decision with its reason, on every record.

use sync_core::log::act::Role;
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::record::change::{Action, Obj, Op, OpId, Place, Scalar};
use sync_core::record::row::RecordRow;
use sync_core::replica::{Choice, ImportFile, ReplicaError};
use sync_core::rows::read;
use sync_core::state::document::load_document;
use sync_core::state::keyspace;
use sync_core::wire::pack::PackBody;

use crate::flows::{Town, invite, pump_order, town};
use crate::harness::Phone;
use crate::hostile::{claim, last_verdict};

/// Returns an order that a crew paused and dispatch cancelled at the same time; all know of both.
fn cancelled_beside_paused(town: &mut Town) -> String {
    let folio = pump_order(town);
    town.one.act(|replica| replica.step(&folio, "start", None)).unwrap();
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    town.one.act(|replica| replica.step(&folio, "pause", None)).unwrap();
    town.dispatch.act(|replica| replica.step(&folio, "cancel", None)).unwrap();
    for _ in 0..2 {
        town.one.sync(&mut town.server);
        town.dispatch.sync(&mut town.server);
    }
    folio
}

fn second_dispatcher(town: &mut Town) -> Phone {
    let code = invite(&mut town.admin, &mut town.server, Role::Dispatcher, None);
    let mut phone = Phone::new(9);
    phone.enrol(&mut town.server, &code, "Despacho 2");
    phone
}

/// Checks that stock Automerge finds the values in a record's changes that its summary has.
fn as_automerge_has_it(phone: &mut Phone, folio: &str, register: &str) {
    let (row, values) = phone
        .act(|replica| {
            let record = replica.view().find_order(folio)?;
            let row: RecordRow = read(&replica.rows(), &keyspace::record(&record))?.unwrap();
            let device = replica.identity()?.device;
            let document = load_document(&replica.rows(), replica.all_lines(), &record, device)?;
            Ok((row, document.values(register)?))
        })
        .unwrap();
    let held: Vec<_> = row.registers[register].iter().map(|one| (one.op, one.value.clone())).collect();
    assert_eq!(held, values);
}

fn statuses(phone: &mut Phone, folio: &str) -> Vec<String> {
    let shown = phone.show(folio);
    let found = shown["conflicts"].as_array().unwrap().iter().find(|one| one["field"] == "status");
    let values = found.map(|one| one["values"].as_array().unwrap().clone()).unwrap_or_default();
    let mut words: Vec<String> =
        values.iter().map(|one| one["value"].as_str().unwrap().to_string()).collect();
    words.sort();
    words
}

#[test]
fn a_crew_does_not_undo_a_cancellation_by_its_next_step() {
    let mut town = town();
    let folio = cancelled_beside_paused(&mut town);
    assert_eq!(statuses(&mut town.one, &folio), ["cancelled", "paused"]);
    for step in ["start", "finish"] {
        let refused = town.one.act(|replica| replica.step(&folio, step, None)).unwrap_err();
        assert_eq!((refused.code(), refused.exit()), ("conflict", 3));
        assert!(refused.hint().contains(&format!("crew conflict resolve {folio} status")), "{refused:?}");
    }
    town.one.act(|replica| replica.note(&folio, "aquí seguimos")).unwrap();
    town.dispatch
        .act(|replica| replica.resolve(&folio, "status", &Choice::Value("En pausa".into()), "sigue la obra"))
        .unwrap();
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.one.show(&folio)["status"], "paused");
    town.one.act(|replica| replica.step(&folio, "start", None)).unwrap();
}

#[test]
fn done_beside_cancelled_is_not_approved_without_a_decision() {
    let mut town = town();
    let folio = pump_order(&mut town);
    crate::flows::work_a_day(&mut town.one, &folio, "A-1");
    town.dispatch.act(|replica| replica.step(&folio, "cancel", None)).unwrap();
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(statuses(&mut town.dispatch, &folio), ["cancelled", "done"]);
    for step in ["approve", "reopen", "cancel"] {
        let refused = town.dispatch.act(|replica| replica.step(&folio, step, None)).unwrap_err();
        assert_eq!(refused.code(), "conflict", "{step}");
    }
    town.dispatch.act(|replica| replica.assign(&folio, "C-07")).unwrap();
    assert_eq!(statuses(&mut town.dispatch, &folio), ["cancelled", "done"], "assigning settles nothing");
}

/// A device of its own making takes the step that ours refuse.
#[test]
fn the_hub_refuses_a_step_out_of_states_that_its_author_knew_to_differ() {
    let mut town = town();
    let folio = cancelled_beside_paused(&mut town);
    let record = town.one.act(|replica| Ok(replica.view().find_order(&folio)?)).unwrap();
    let row: RecordRow = read(&town.server.rows, &keyspace::record(&record)).unwrap().unwrap();
    let states: Vec<OpId> = row.registers["status"].iter().map(|held| held.op).collect();
    assert_eq!(states.len(), 2);
    let me = town.one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    let own: Vec<OpId> = states.iter().filter(|op| op.device == me).copied().collect();
    let other: Vec<OpId> = states.iter().filter(|op| op.device != me).copied().collect();
    // From both, from its own alone, and from the other one alone.
    for preds in [states, own, other] {
        claim(&mut town, |item| {
            item.header.record = record;
            let PackBody::Change(change) = &mut item.body else { panic!("a change was claimed") };
            change.seq = row.authors[&me].changes + 1;
            change.start_op = row.max_op + 1;
            change.deps = row.heads.clone();
            let action = Action::Put(Scalar::Str("in_progress".into()));
            let place = Place::Prop("status".into());
            change.ops = vec![Op { obj: Obj::Root, place, insert: false, action, preds: preds.clone() }];
        })
        .unwrap();
        match last_verdict(&town) {
            Verdict::Quarantined(Reason::Rule { rule, .. }) => {
                assert!(rule == "conflict", "{rule}: {preds:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Neither knew of the other: both steps stand, nobody's work is lost, and a person decides.
#[test]
fn steps_of_devices_that_could_not_know_stay_beside_each_other() {
    let mut town = town();
    let folio = cancelled_beside_paused(&mut town);
    let mut away = town.two.clone();
    // Two synced before the conflict: it knows the order as it was assigned.
    away.act(|replica| replica.step(&folio, "start", None)).unwrap();
    away.act(|replica| replica.note(&folio, "sin señal")).unwrap();
    away.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(statuses(&mut town.dispatch, &folio), ["cancelled", "in_progress", "paused"]);
    assert_eq!(town.dispatch.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
}

#[test]
fn a_crew_adds_a_value_to_a_conflict_and_settles_nothing() {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.act(|replica| replica.set(&folio, "pump_serial", "A-1")).unwrap();
    town.dispatch.act(|replica| replica.set(&folio, "pump_serial", "D-9")).unwrap();
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    for phone in [&mut town.one, &mut town.two] {
        phone.sync(&mut town.server);
    }
    let serials = |phone: &mut Phone| -> Vec<String> {
        let shown = phone.show(&folio);
        let values = shown["conflicts"][0]["values"].as_array().unwrap();
        values.iter().map(|one| one["value"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(serials(&mut town.one), ["A-1", "D-9"], "in the order in which the office received them");
    // In place of its own value.
    town.one.act(|replica| replica.set(&folio, "pump_serial", "A-2")).unwrap();
    assert_eq!(serials(&mut town.one), ["D-9", "A-2"]);
    // The other one of the crew has none of its own there.
    town.two.act(|replica| replica.set(&folio, "pump_serial", "B-3")).unwrap();
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    for phone in [&mut town.one, &mut town.two, &mut town.dispatch] {
        assert_eq!(serials(phone), ["D-9", "A-2", "B-3"]);
        as_automerge_has_it(phone, &folio, "fields.new_pump_serial");
    }
    let refused = town.dispatch.act(|replica| replica.set(&folio, "pump_serial", "D-10")).unwrap_err();
    assert_eq!(refused.code(), "conflict", "who may decide decides");
    town.dispatch
        .act(|replica| replica.resolve(&folio, "pump_serial", &Choice::Take(3), "lo dice la placa"))
        .unwrap();
    assert_eq!(town.dispatch.show(&folio)["fields"]["new_pump_serial"], "B-3");
    as_automerge_has_it(&mut town.dispatch, &folio, "fields.new_pump_serial");
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.dispatch.act(|replica| Ok(replica.view().quarantine()?)).unwrap(), vec![]);
}

fn file(text: &str) -> ImportFile {
    serde_json::from_str(text).unwrap()
}

#[test]
fn conflicts_of_records_without_a_folio_are_listed_and_settled() {
    let mut town = town();
    let mut second = second_dispatcher(&mut town);
    let first = file(r#"{"localities": [{"key": "rr-1", "name": "Nombre"}]}"#);
    town.dispatch.act(|replica| replica.import(&first)).unwrap();
    town.dispatch.sync(&mut town.server);
    second.sync(&mut town.server);
    for (phone, name) in [(&mut town.dispatch, "Nombre D"), (&mut second, "Nombre E")] {
        let changed = file(&format!(r#"{{"localities": [{{"key": "rr-1", "name": "{name}"}}]}}"#));
        phone.act(|replica| replica.import(&changed)).unwrap();
        phone.sync(&mut town.server);
    }
    town.dispatch.sync(&mut town.server);
    let conflicts = town.dispatch.act(|replica| Ok(replica.view().conflicts()?)).unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (conflicts[0].folio.as_str(), conflicts[0].conflict.field.as_str()),
        ("locality:rr-1", "name")
    );
    let values: Vec<_> = conflicts[0].conflict.values.iter().map(|one| one.value.clone()).collect();
    assert_eq!(values, ["Nombre D", "Nombre E"]);
    // The file of either again settles nothing.
    let again = file(r#"{"localities": [{"key": "rr-1", "name": "Nombre E"}]}"#);
    assert_eq!(town.dispatch.act(|replica| replica.import(&again)).unwrap().unchanged, 1);
    let (record, take) = ("localidad:RR-1", Choice::Take(2));
    town.dispatch.act(|replica| replica.resolve(record, "name", &take, "así lo dice el INEGI")).unwrap();
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    assert_eq!(town.one.act(|replica| Ok(replica.view().locality_name("rr-1")?)).unwrap(), "Nombre E");
    assert_eq!(town.one.act(|replica| Ok(replica.view().conflicts()?)).unwrap(), vec![]);
    let log = town.dispatch.act(|replica| Ok(replica.view().audit_log(None, None)?)).unwrap();
    let said = log.iter().filter(|line| line.action == "resolve").collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].text.es.contains("así lo dice el INEGI"), "{said:?}");
    for wrong in ["locality:no-hay", "carro:1", "locality:"] {
        let error = town.dispatch.act(|replica| replica.resolve(wrong, "name", &take, "x")).unwrap_err();
        assert!(matches!(error, ReplicaError::Unknown { .. }) && error.exit() == 2, "{error:?}");
    }
}

#[test]
fn a_decision_gives_a_register_what_its_kind_of_value_is() {
    let mut town = town();
    let mut second = second_dispatcher(&mut town);
    let base = r#"{"localities": [{"key": "el-mortero", "name": "El Mortero"}, {"key": "uno", "name": "Uno"}],
        "crews": [{"code": "C-02", "localities": ["uno"]}, {"code": "C-03"}, {"code": "C-07"}]}"#;
    town.dispatch.act(|replica| replica.import(&file(base))).unwrap();
    let folio = pump_order(&mut town);
    second.sync(&mut town.server);
    for (phone, crew, place, day, priority) in [
        (&mut town.dispatch, "C-02", "Uno", "2026-12-01", "alta"),
        (&mut second, "C-03", "el-mortero", "2026-12-02", "baja"),
    ] {
        phone.act(|replica| replica.assign(&folio, crew)).unwrap();
        phone.act(|replica| replica.set(&folio, "locality", place)).unwrap();
        phone.act(|replica| replica.set(&folio, "due", day)).unwrap();
        phone.act(|replica| replica.set(&folio, "priority", priority)).unwrap();
        phone.act(|replica| replica.check(&folio, "power_locked_out", crew == "C-02")).unwrap();
        phone.sync(&mut town.server);
    }
    town.dispatch.sync(&mut town.server);
    let mut decide = |field: &str, typed: &str| {
        town.dispatch.act(|replica| replica.resolve(&folio, field, &Choice::Value(typed.into()), "acta"))
    };
    for (field, wrong) in [
        ("crew", "C-99"),
        ("locality", "no hay"),
        ("due", "mañana"),
        ("priority", "mucha"),
        ("power_locked_out", "tal vez"),
    ] {
        let error = decide(field, wrong).unwrap_err();
        assert!(matches!(error.exit(), 2 | 3), "{field}: {error:?}");
    }
    for (field, typed) in [
        ("crew", "c-02"),
        ("locality", "El Mortero"),
        ("due", "2026-12-03"),
        ("priority", "Urgente"),
        ("power_locked_out", "sí"),
    ] {
        decide(field, typed).unwrap();
    }
    let shown = town.dispatch.show(&folio);
    assert_eq!(shown["conflicts"].as_array().unwrap().len(), 0, "{shown:#}");
    assert_eq!((&shown["crew"], &shown["locality_key"]), (&"C-02".into(), &"el-mortero".into()));
    assert_eq!((&shown["due"], &shown["priority"]), (&"2026-12-03".into(), &"urgent".into()));
    assert_eq!(shown["checklist"]["power_locked_out"], true);
}
