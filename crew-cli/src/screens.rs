//! Screens: what a person reads and what a script gets, of one fixed story, held by files. `screens/snapshots` has the
//! texts in both languages at 80 columns (`INSTA_UPDATE=always` writes them again after a change that is meant);
//! `schemas/golden` has the JSON of every view, which the app's tests read too (`GOLDEN_UPDATE=1` writes it).

mod errors;
mod story;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;
use sync_core::id::DeviceId;
use sync_core::replica::DecidedEntry;
use sync_core::replica::sync::driver::{CarriedRefused, Outcome};
use sync_core::view::lists::Filter;
use sync_core::view::own::RefusedEntry;
use sync_core::view::replay::At;
use words::Lang;

use crate::commands::{audit, conflict, device, order, quarantine, status, sync};
use crate::context::Context;
use crate::home::Home;
use crate::output::Screen;
use crate::when::When;
use story::Story;

/// Both languages, with the ending of a snapshot's name.
const LANGS: [(Lang, &str); 2] = [(Lang::Es, "es"), (Lang::En, "en")];

/// A person's terminal of 80 columns, a quarter of an hour after the story.
fn context(lang: Lang) -> Context {
    let home = Home::locate(Some(Path::new("/home/c07")), &|_| None).unwrap();
    let mut screen = Screen::plain(lang);
    screen.width = 80;
    Context { screen, home, when: When::utc(story::END_MS, lang), pin_file: None }
}

/// Compares a text with the one that is kept.
fn kept(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("screens/snapshots");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Compares a view's JSON with the one that is kept.
fn golden(name: &str, view: &impl Serialize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/golden/{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(&serde_json::to_value(view).unwrap()).unwrap());
    if std::env::var_os("GOLDEN_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, there, "{name}: GOLDEN_UPDATE=1 writes it, if the change is meant");
}

#[test]
fn an_order_on_its_sheet() {
    let mut story = Story::told();
    let folio = story.folio.clone();
    for (lang, ending) in LANGS {
        let cx = context(lang);
        let text = story.ask_crew(|replica| {
            let order = replica.view().order_show(&folio)?;
            golden("order-show", &order);
            Ok(order::sheet_text(cx.screen, &cx.when, replica.rules(), &order, &BTreeSet::new()))
        });
        kept(&format!("order-show.{ending}"), &text);
    }
}

#[test]
fn the_list_of_orders() {
    let mut story = Story::told();
    for (lang, ending) in LANGS {
        let cx = context(lang);
        let text = story.ask_crew(|replica| {
            let orders = replica.view().order_list(&Filter::default())?;
            golden("order-list", &orders);
            Ok(order::list_text(&cx, replica.rules(), &orders))
        });
        kept(&format!("order-list.{ending}"), &text);
    }
}

#[test]
fn the_status_of_a_device() {
    let mut story = Story::told();
    for (lang, ending) in LANGS {
        let cx = context(lang);
        let crew = story.ask_crew(|replica| Ok(replica.view().status()?));
        let office = story.ask_office(|replica| Ok(replica.view().status()?));
        golden("status", &crew);
        kept(&format!("status.{ending}"), &status::told(&cx, &crew));
        kept(&format!("status-office.{ending}"), &status::told(&cx, &office));
    }
}

#[test]
fn how_an_exchange_ended() {
    let folio = || Some("MZQ-26-A2-0001".to_owned());
    let refused = |reason: &str, detail: Option<&str>| RefusedEntry {
        folio: folio(),
        reason: reason.into(),
        detail: detail.map(str::to_owned),
        detail_text: detail.map(|detail| sync_core::view::words::Sentence::new(detail, detail)),
    };
    let outcome = Outcome {
        pushed: 7,
        pulled: 31,
        accepted: 5,
        quarantined: vec![refused("revoked", None), refused("schema_rule", Some("dose: > 50"))],
        round_trips: 2,
        bytes_up: 1_934,
        bytes_down: 20_480,
        server_seq: 212,
        decided: vec![
            DecidedEntry { folio: folio(), released: true, reason: "lo confirmó la cuadrilla".into() },
            DecidedEntry { folio: None, released: false, reason: "doble".into() },
        ],
        recovered: 3,
        carried_refused: vec![CarriedRefused { device: DeviceId([7; 16]), code: "gap".into() }],
        ..Outcome::default()
    };
    golden("sync", &outcome);
    let quiet =
        Outcome { round_trips: 1, bytes_up: 412, bytes_down: 388, server_seq: 212, ..Outcome::default() };
    for (lang, ending) in LANGS {
        let cx = context(lang);
        kept(&format!("sync.{ending}"), &sync::told(&cx, &outcome));
        kept(&format!("sync-quiet.{ending}"), &sync::told(&cx, &quiet));
    }
}

#[test]
fn what_is_in_review() {
    let mut story = Story::told();
    let items = story.ask_office(|replica| Ok(replica.view().quarantine()?));
    assert!(!items.is_empty());
    golden("quarantine-list", &items);
    for (lang, ending) in LANGS {
        let text = quarantine::told(&context(lang), &items, false);
        kept(&format!("quarantine-list.{ending}"), &text);
    }
}

#[test]
fn two_values() {
    let mut story = Story::told();
    let conflicts = story.ask_office(|replica| Ok(replica.view().conflicts()?));
    assert_eq!(conflicts.len(), 1);
    golden("conflict-list", &conflicts);
    for (lang, ending) in LANGS {
        kept(&format!("conflict-list.{ending}"), &conflict::list_text(&context(lang), &conflicts));
    }
}

#[test]
fn the_devices() {
    let mut story = Story::told();
    let devices = story.ask_office(|replica| Ok(replica.view().devices()?));
    golden("device-list", &devices);
    for (lang, ending) in LANGS {
        kept(&format!("device-list.{ending}"), &device::told(&context(lang), &devices));
    }
}

#[test]
fn the_audit_log() {
    let mut story = Story::told();
    let folio = story.folio.clone();
    let lines = story.ask_office(|replica| Ok(replica.view().audit_log(Some(&folio), None)?));
    golden("audit-log", &lines);
    for (lang, ending) in LANGS {
        kept(&format!("audit-log.{ending}"), &audit::log_text(&context(lang), &lines));
    }
}

#[test]
fn the_case_file() {
    let mut story = Story::told();
    let folio = story.folio.clone();
    let when = When::utc(story::END_MS, Lang::Es);
    let (page, table) = story.ask_office(|replica| {
        let case = replica.view().case_file(&folio)?;
        golden("case", &case);
        golden("history", &replica.view().story(&replica.view().find_order_ever(&folio)?)?);
        Ok((
            audit::case_page(&when, replica.rules(), &case, &std::collections::BTreeMap::new()),
            audit::case_table(&case),
        ))
    });
    kept("case.html", &page);
    kept("case.csv", &table.replace("\r\n", "\n"));
}

#[test]
fn the_past_and_what_changed() {
    let mut story = Story::told();
    let folio = story.folio.clone();
    story.ask_office(|replica| {
        let last = replica.view().contact()?.server_seq;
        golden("audit-replay", &replica.view().replay(Some(&folio), At::Seq(last - 4))?);
        golden("audit-diff", &replica.view().audit_diff(At::Seq(last - 4), At::Seq(last), Some(&folio))?);
        Ok(())
    });
}
