//! Clocks: phones whose clocks are wrong lose nothing, misorder nothing, and are shown for what they are.

use sync_core::time::{parse_rfc3339, rfc3339};
use sync_core::view::audit::AuditLine;
use sync_core::view::clock::Plausible;
use sync_core::view::replay::At;

use crate::flows::{pump_order, valley, work_a_day};

/// The order's history without what a clock said, and the log of the two phones.
fn worked(
    one_ms: Option<i64>,
    two_ms: Option<i64>,
    back_ms: i64,
) -> (Vec<(u64, String, String)>, Vec<AuditLine>) {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    valley.one.now_ms = one_ms.unwrap_or(valley.one.now_ms);
    valley.two.now_ms = two_ms.unwrap_or(valley.two.now_ms);
    work_a_day(&mut valley.one, &folio, "A-1");
    valley.one.now_ms -= back_ms;
    valley.one.act(|notebook| notebook.note(&folio, "después del salto")).unwrap();
    work_a_day(&mut valley.two, &folio, "B-2");
    valley.server.now_ms += 86_400_000;
    valley.one.sync(&mut valley.server);
    valley.two.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    assert_eq!(valley.server.held(), Vec::<u64>::new(), "nothing is held back because of a clock");
    let shown = valley.dispatch.act(|notebook| notebook.order_show(&folio)).unwrap();
    let last = At::Seq(valley.server.seq());
    let then = valley.dispatch.act(|notebook| notebook.replay(Some(&folio), last)).unwrap();
    assert_eq!(then.orders, std::slice::from_ref(&shown));
    let history = shown.history.into_iter().map(|event| (event.seq.unwrap(), event.by.person, event.text.es));
    let log = valley.dispatch.act(|notebook| notebook.audit_log(Some(&folio), None)).unwrap();
    (history.collect(), log)
}

fn of<'l>(log: &'l [AuditLine], person: &str) -> Vec<&'l AuditLine> {
    log.iter().filter(|line| line.person == person).collect()
}

#[test]
fn nothing_is_lost_or_misordered_by_a_clock() {
    let (right, log) = worked(None, None, 0);
    assert!(log.iter().all(|line| line.time.clock_jump_ms.is_none()), "{log:#?}");
    assert!(of(&log, "Cuadrilla 7").iter().all(|line| line.time.time == Plausible::Consistent), "{log:#?}");
    let in_2030 = parse_rfc3339("2030-01-01").unwrap();
    let (wrong, log) = worked(Some(0), Some(in_2030), 3_600_000);
    assert_eq!(right, wrong, "the order and its history are the same");
    for line in of(&log, "Cuadrilla 7") {
        assert_eq!(line.time.time, Plausible::BeforeBracket, "{line:?}");
        assert!(line.time.claimed_at.as_ref().unwrap().starts_with("19"), "{line:?}");
        assert!(line.time.not_before.is_some() && line.time.received_at.is_some());
    }
    for line in of(&log, "Cuadrilla 7 bis") {
        assert_eq!(line.time.time, Plausible::AfterBracket, "{line:?}");
    }
}

#[test]
fn a_jump_back_in_mid_work_is_shown_on_the_entry_after_it() {
    let (_, log) = worked(None, None, 3_600_000);
    let jumps: Vec<_> = of(&log, "Cuadrilla 7").iter().map(|line| line.time.clock_jump_ms).collect();
    assert_eq!(jumps.iter().flatten().collect::<Vec<_>>(), [&-3_600_000], "{jumps:?}");
    assert_eq!(jumps.last(), Some(&Some(-3_600_000)));
}

#[test]
fn what_was_done_by_a_claimed_time_is_what_was_told() {
    let mut valley = valley();
    let folio = pump_order(&mut valley);
    let noon = valley.one.now_ms;
    work_a_day(&mut valley.one, &folio, "A-1");
    valley.one.sync(&mut valley.server);
    valley.dispatch.sync(&mut valley.server);
    let mut notes = |at| {
        let answer = valley.dispatch.act(|notebook| notebook.replay(Some(&folio), at)).unwrap();
        assert!(answer.note.es.contains("según lo dicho") || !matches!(at, At::Claimed(_)));
        answer.orders.first().map(|order| (order.notes.len(), order.status.clone()))
    };
    assert_eq!(notes(At::Claimed(noon)), Some((0, "assigned".into())));
    assert_eq!(notes(At::Claimed(noon + 25)), Some((1, "in_progress".into())), "{}", rfc3339(noon));
    assert_eq!(notes(At::Claimed(noon + 3_600_000)), Some((1, "done".into())));
    assert_eq!(notes(At::Claimed(0)), None);
}
