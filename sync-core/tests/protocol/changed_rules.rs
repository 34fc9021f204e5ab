//! Changed rules: work is judged by the rules that its device could know.

use sync_core::log::line::Line;
use sync_core::log::verdict::{Reason, Verdict};
use sync_core::replica::NewOrder;

use crate::flows::{Town, town};
use crate::harness::{Server, rule_files};

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
