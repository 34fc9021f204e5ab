//! Changed rules: work is judged by the rules that its device could know.

use serde_json::json;
use sync_core::log::line::Line;
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::replica::sync::driver::{Answer, Driver, End, Goal, Terms};
use sync_core::replica::{Instead, NewOrder};

use crate::flows::{Town, town};
use crate::harness::{Phone, Server, rule_files, served};

/// Publishes the chlorination with another largest dose.
fn dose_at_most(server: &mut Server, max: &str) {
    let files = rule_files().into_iter().filter(|(name, _)| name == "work/chlorination");
    let changed = files.map(|(name, json)| {
        let mut kind: serde_json::Value = serde_json::from_str(&json).unwrap();
        let version = kind["version"].as_u64().unwrap_or(1);
        kind["version"] = (version + server.seq()).into();
        let field = kind["fields"].as_array_mut().unwrap().iter_mut().find(|field| field["key"] == "dose");
        field.unwrap()["max"] = max.into();
        (name, kind.to_string())
    });
    let files: Vec<(String, String)> = changed.collect();
    server.write(|hub, overlay, next, now| hub.publish_rules(overlay, next, now, &files).unwrap());
}

fn order(town: &mut Town) -> String {
    let new = NewOrder { kind: "chlorination".into(), crew: Some("C-07".into()), ..NewOrder::default() };
    let folio = town.dispatch.act(|replica| replica.order_new(&new)).unwrap().folio;
    town.dispatch.sync(&mut town.server);
    town.one.sync(&mut town.server);
    folio
}

/// A day's work without signal was quarantined, all of it, because the office had published a smaller dose meanwhile.
#[test]
fn a_rule_that_was_published_while_a_crew_was_away_holds_back_nothing_of_its_work() {
    let mut town = town();
    dose_at_most(&mut town.server, "200");
    let folio = order(&mut town);
    let one = &mut town.one;
    one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    one.act(|replica| replica.note(&folio, "dosis de choque")).unwrap();
    one.act(|replica| replica.step(&folio, "start", None)).unwrap();
    dose_at_most(&mut town.server, "50");
    let exchanged = one.finish(&mut town.server);
    assert_eq!((exchanged.accepted, exchanged.quarantined), (3, vec![]));
    // From now on it knows.
    assert!(one.act(|replica| replica.set(&folio, "dose", "90")).is_err());
    assert_eq!(crate::trust::notes(one, &folio), ["dosis de choque"]);
    crate::trust::assert_rebuilds(&town.server, &[&town.one]);
}

/// A phone that renewed its key without an exchange after it has the rules of its old name.
#[test]
fn a_new_name_brings_no_rules_with_it() {
    let mut town = town();
    dose_at_most(&mut town.server, "200");
    let folio = order(&mut town);
    dose_at_most(&mut town.server, "50");
    let one = &mut town.one;
    one.succeed(&mut town.server);
    one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    let exchanged = one.finish(&mut town.server);
    assert_eq!(exchanged.quarantined, vec![]);
}

/// A device that goes on naming an old state of the ledger keeps no lax rules by it: its requests showed what it has heard.
#[test]
fn nobody_keeps_lax_rules_by_an_old_anchor() {
    let mut town = town();
    dose_at_most(&mut town.server, "200");
    let folio = order(&mut town);
    town.one.act(|replica| replica.note(&folio, "antes")).unwrap();
    town.one.sync(&mut town.server);
    // A copy of the phone as it is now, which will know nothing of what comes.
    let old = town.one.clone();
    dose_at_most(&mut town.server, "50");
    town.one.sync(&mut town.server);
    town.one.sync(&mut town.server);
    // The same device writes on from the old state, with the attempts that it knows to be used.
    let mut liar = old;
    liar.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    liar.exchange(&mut town.server);
    let Line::Entry { receipt: Some(receipt), .. } =
        Line::from_bytes(town.server.lines.0.last().unwrap()).unwrap()
    else {
        panic!("no entry")
    };
    let held = matches!(&receipt.verdict, Verdict::Quarantined(Reason::Rule { rule, .. }) if rule == "value");
    assert!(held, "{:?}", receipt.verdict);
}

/// In a history that was lost the device had seen a larger ledger: its numbers are not the numbers here.
#[test]
fn rules_that_were_published_after_a_loss_hold_back_nothing_of_the_work_before() {
    let mut town = town();
    dose_at_most(&mut town.server, "200");
    let folio = order(&mut town);
    let backup = town.server.lines.0.clone();
    for number in 0..9 {
        town.one.act(|replica| replica.note(&folio, &format!("vuelta {number}"))).unwrap();
    }
    town.one.finish(&mut town.server);
    town.one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    town.server.restore(backup);
    // Nobody has told of the loss yet.
    dose_at_most(&mut town.server, "50");
    town.one.sync_whatever(&mut town.server);
    assert_eq!(quarantined(&mut town.one), [""; 0]);
    // From now on it knows.
    assert!(town.one.act(|replica| replica.set(&folio, "dose", "90")).is_err());
    crate::trust::assert_rebuilds(&town.server, &[&town.one]);
}

/// Returns a town in which device one works on an order by lax rules that it should know to be stricter: what it writes
/// next is judged by those.
fn with_a_lax_device() -> (Town, String) {
    let mut town = town();
    dose_at_most(&mut town.server, "200");
    let folio = order(&mut town);
    town.one.act(|replica| replica.note(&folio, "antes")).unwrap();
    town.one.sync(&mut town.server);
    let old = town.one.clone();
    dose_at_most(&mut town.server, "50");
    town.one.sync(&mut town.server);
    town.one.sync(&mut town.server);
    town.one = old;
    (town, folio)
}

fn quarantined(phone: &mut Phone) -> Vec<String> {
    let held = phone.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    held.into_iter().map(|item| item.summary).collect()
}

#[test]
fn a_refused_dose_holds_back_the_dose_alone() {
    let (mut town, folio) = with_a_lax_device();
    let one = &mut town.one;
    one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    one.act(|replica| replica.note(&folio, "tanque lleno")).unwrap();
    one.act(|replica| replica.measure(&folio, "cloro", "80", "mg/L", None, None)).unwrap();
    let id = one.show(&folio)["measurements"][0]["number"].as_str().unwrap().to_string();
    let value = Instead::Value { value: "0.80".into(), unit: None };
    one.act(|replica| replica.correct(&folio, &id, &value, "faltó el punto")).unwrap();
    one.act(|replica| replica.step(&folio, "start", None)).unwrap();
    let written = one.show(&folio)["notes"][1].clone();
    // A smaller dose in place of the refused one depends on it, and so does what corrects that.
    one.act(|replica| replica.set(&folio, "dose", "40")).unwrap();
    one.act(|replica| replica.note(&folio, "bajamos la dosis")).unwrap();
    one.now_ms += 3_600_000;
    one.sync(&mut town.server);
    assert_eq!(quarantined(one).len(), 2, "{:?}", quarantined(one));
    for phone in [&mut town.one, &mut town.dispatch, &mut town.two, &mut town.admin] {
        phone.sync(&mut town.server);
        assert_eq!(crate::trust::notes(phone, &folio), ["antes", "tanque lleno", "bajamos la dosis"]);
        let shown = phone.show(&folio);
        let readings: Vec<_> =
            shown["measurements"].as_array().unwrap().iter().map(|one| one["value"].clone()).collect();
        assert_eq!(readings, ["0.80"], "once, and as it was corrected");
        assert_eq!((&shown["status"], &shown["conflicts"]), (&json!("in_progress"), &json!([])));
        for key in ["text", "person", "claimed_at", "claim"] {
            assert_eq!(shown["notes"][1][key], written[key], "as it was written first");
        }
    }
    assert_eq!(town.one.act(|replica| Ok(replica.view().dismissed()?)).unwrap(), vec![]);
    assert_eq!(quarantined(&mut town.admin).len(), 2);
    // Nothing is written a second time, and work goes on.
    let seq = town.server.seq();
    town.one.sync(&mut town.server);
    assert_eq!(town.server.seq(), seq);
    town.one.act(|replica| replica.note(&folio, "después")).unwrap();
    town.one.sync(&mut town.server);
    assert_eq!(quarantined(&mut town.one).len(), 2);
    crate::trust::assert_rebuilds(&town.server, &[&town.one, &town.two, &town.dispatch, &town.admin]);
}

/// The way that a day takes: the whole work but the refused deed counts after one exchange.
#[test]
fn a_day_with_one_refused_deed_counts_after_one_exchange() {
    let (mut town, folio) = with_a_lax_device();
    let one = &mut town.one;
    one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    one.act(|replica| replica.note(&folio, "tanque lleno")).unwrap();
    one.act(|replica| replica.measure(&folio, "cloro", "0.80", "mg/L", None, None)).unwrap();
    one.act(|replica| replica.step(&folio, "start", None)).unwrap();
    one.act(|replica| replica.step(&folio, "pause", None)).unwrap();
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    let server = &mut town.server;
    one.drive(&mut driver, &mut |route, frame| served(server, route, frame)).unwrap();
    let outcome = driver.outcome();
    assert_eq!((outcome.quarantined.len(), outcome.freed, outcome.accepted), (1, 4, 5), "{outcome:?}");
    assert_eq!(one.show(&folio)["status"], "paused");
    town.dispatch.sync(&mut town.server);
    let shown = town.dispatch.show(&folio);
    assert_eq!((&shown["status"], shown["history"].as_array().unwrap().len()), (&json!("paused"), 6));
}

/// What is released before its author has heard counts once: the author's second writing of it is settled.
#[test]
fn what_was_released_before_its_author_heard_counts_once() {
    let (mut town, folio) = with_a_lax_device();
    town.one.act(|replica| replica.set(&folio, "dose", "100")).unwrap();
    town.one.act(|replica| replica.note(&folio, "tanque lleno")).unwrap();
    // It hears, writes again, and the answer to that is cut off.
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    let (server, mut is_cut) = (&mut town.server, false);
    let end = town.one.drive(&mut driver, &mut |route, frame| {
        if is_cut {
            return Answer::Unreachable;
        }
        let answer = served(server, route, frame);
        is_cut = matches!(answer, Answer::Reply { .. });
        answer
    });
    assert!(matches!(end, Ok(End::GaveUp(Answer::Unreachable))), "{end:?}");
    town.admin.sync(&mut town.server);
    let held = town.admin.act(|replica| Ok(replica.view().quarantine()?)).unwrap();
    let seqs: Vec<u64> = held.iter().map(|item| item.id).collect();
    assert_eq!(seqs.len(), 2);
    town.admin.act(|replica| replica.release(&seqs, "dosis de choque")).unwrap();
    town.admin.sync(&mut town.server);
    for phone in [&mut town.one, &mut town.dispatch, &mut town.two, &mut town.admin] {
        phone.sync_whatever(&mut town.server);
        phone.sync(&mut town.server);
        assert_eq!(crate::trust::notes(phone, &folio), ["antes", "tanque lleno"]);
        assert_eq!(phone.show(&folio)["fields"]["dose"], "100");
        assert_eq!(quarantined(phone), Vec::<String>::new());
    }
    crate::trust::assert_rebuilds(&town.server, &[&town.one, &town.two, &town.dispatch, &town.admin]);
}
