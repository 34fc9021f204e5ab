//! Clocks: phones whose clocks are wrong lose nothing, misorder nothing, and are shown for what they are.

use sync_core::time::{parse_rfc3339, rfc3339};
use sync_core::view::audit::AuditLine;
use sync_core::view::clock::Plausible;
use sync_core::view::replay::At;

use crate::flows::{pump_order, town, work_a_day};

/// The order's history without what a clock said, and the log of the two phones.
fn worked(
    one_ms: Option<i64>,
    two_ms: Option<i64>,
    back_ms: i64,
) -> (Vec<(u64, String, String)>, Vec<AuditLine>) {
    let mut town = town();
    let folio = pump_order(&mut town);
    town.one.now_ms = one_ms.unwrap_or(town.one.now_ms);
    town.two.now_ms = two_ms.unwrap_or(town.two.now_ms);
    work_a_day(&mut town.one, &folio, "A-1");
    town.one.now_ms -= back_ms;
    town.one.act(|replica| replica.note(&folio, "después del salto")).unwrap();
    work_a_day(&mut town.two, &folio, "B-2");
    town.server.now_ms += 86_400_000;
    town.one.sync(&mut town.server);
    town.two.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    assert_eq!(town.server.held(), Vec::<u64>::new(), "nothing is held back because of a clock");
    let shown = town.dispatch.act(|replica| Ok(replica.view().order_show(&folio)?)).unwrap();
    let last = At::Seq(town.server.seq());
    let then = town.dispatch.act(|replica| Ok(replica.view().replay(Some(&folio), last)?)).unwrap();
    assert_eq!(then.orders, std::slice::from_ref(&shown));
    let history = shown.history.into_iter().map(|event| (event.seq.unwrap(), event.by.person, event.text.es));
    let log = town.dispatch.act(|replica| Ok(replica.view().audit_log(Some(&folio), None)?)).unwrap();
    (history.collect(), log)
}

#[test]
fn any_clock_notes_work_as_any_other() {
    for clock_ms in [i64::MIN, -3_600_000, -1, 0, 253_402_300_800_000, i64::MAX - 1_000_000] {
        let mut town = town();
        let folio = pump_order(&mut town);
        town.one.now_ms = clock_ms;
        work_a_day(&mut town.one, &folio, "A-1");
        assert!(town.one.act(|replica| Ok(replica.view().status()?)).unwrap().unsent > 0, "{clock_ms}");
        town.one.sync(&mut town.server);
        town.dispatch.sync(&mut town.server);
        assert_eq!(town.server.held(), Vec::<u64>::new(), "{clock_ms}");
        let shown = town.dispatch.act(|replica| Ok(replica.view().order_show(&folio)?)).unwrap();
        assert_eq!(
            town.one.act(|replica| Ok(replica.view().order_show(&folio)?)).unwrap(),
            shown,
            "{clock_ms}"
        );
        let log = town.one.act(|replica| Ok(replica.view().audit_log(Some(&folio), None)?)).unwrap();
        assert!(!log.is_empty() && !town.one.rebuilt().is_empty(), "{clock_ms}");
        town.dispatch.act(|replica| replica.view().case_file(&folio).map(drop).map_err(Into::into)).unwrap();
    }
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
    let mut town = town();
    let folio = pump_order(&mut town);
    let noon = town.one.now_ms;
    work_a_day(&mut town.one, &folio, "A-1");
    town.one.sync(&mut town.server);
    town.dispatch.sync(&mut town.server);
    let mut notes = |at| {
        let answer = town.dispatch.act(|replica| Ok(replica.view().replay(Some(&folio), at)?)).unwrap();
        assert!(answer.note.es.contains("según lo dicho") || !matches!(at, At::Claimed(_)));
        answer.orders.first().map(|order| (order.notes.len(), order.status.clone()))
    };
    assert_eq!(notes(At::Claimed(noon)), Some((0, "assigned".into())));
    assert_eq!(notes(At::Claimed(noon + 25)), Some((1, "in_progress".into())), "{}", rfc3339(noon));
    assert_eq!(notes(At::Claimed(noon + 3_600_000)), Some((1, "done".into())));
    assert_eq!(notes(At::Claimed(0)), None);
}
