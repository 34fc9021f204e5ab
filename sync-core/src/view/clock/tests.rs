//! Clocks that are wrong in every way people know.

use super::super::entries::{Arrival, Arrivals};
use super::{Bracket, EntryTime, JUMP_MS, Plausible, TOLERANCE_MS, entry_time, skew_ms};
use crate::id::{BootId, DeviceId, Hash, PersonId, RecordId};
use crate::log::entry::{Anchor, Header};
use crate::log::verdict::{Receipt, Verdict};
use crate::rows::{MemoryRows, encode};
use crate::state::authority::CarriedHead;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::{TimeMs, parse_rfc3339};

const HOUR_MS: i64 = 3_600_000;

fn noon() -> TimeMs {
    parse_rfc3339("2026-11-21T12:00:00Z").unwrap()
}

fn header(seq: u64, claimed_at_ms: TimeMs, monotonic_ms: u64) -> Header {
    Header {
        municipality: 14061,
        device: DeviceId([3; 16]),
        seq,
        record: RecordId([9; 16]),
        person: PersonId([8; 16]),
        claimed_at_ms,
        boot: BootId([1; 8]),
        monotonic_ms,
        anchor: Anchor { size: 10, root: Hash([1; 32]) },
    }
}

fn receipt() -> Receipt {
    Receipt { seq: 20, received_at_ms: noon() + 4 * HOUR_MS, carrier: None, verdict: Verdict::Accepted }
}

fn told(rows: &MemoryRows, header: &Header, previous: Option<&Header>) -> EntryTime {
    let arrivals = Arrivals::new(vec![Arrival { seq: 10, at_ms: noon(), line: 1 }]);
    entry_time(rows, &arrivals, header, Some(&receipt()), previous).unwrap()
}

fn judged(header: &Header) -> Plausible {
    told(&MemoryRows::default(), header, None).time
}

#[test]
fn a_claim_is_held_against_its_bracket() {
    assert_eq!(judged(&header(2, noon() + HOUR_MS, 0)), Plausible::Consistent);
    assert_eq!(judged(&header(2, 0, 0)), Plausible::BeforeBracket, "1970");
    assert_eq!(judged(&header(2, parse_rfc3339("2030-01-01").unwrap(), 0)), Plausible::AfterBracket);
    for (off, expected) in [(0, Plausible::Consistent), (1, Plausible::BeforeBracket)] {
        assert_eq!(judged(&header(2, noon() - TOLERANCE_MS - off, 0)), expected);
    }
    for (off, expected) in [(0, Plausible::Consistent), (1, Plausible::AfterBracket)] {
        assert_eq!(judged(&header(2, noon() + 4 * HOUR_MS + TOLERANCE_MS + off, 0)), expected);
    }
}

#[test]
fn extreme_claims_do_not_overflow() {
    for claimed in [i64::MIN, i64::MAX] {
        let (one, two) = (header(1, -claimed.max(-i64::MAX), u64::MAX), header(2, claimed, 0));
        let told = told(&MemoryRows::default(), &two, Some(&one));
        assert_ne!(told.time, Plausible::Consistent);
    }
}

#[test]
fn without_an_anchor_only_the_end_is_known() {
    let mut free = header(1, noon(), 0);
    free.anchor = Anchor::default();
    assert_eq!(judged(&free), Plausible::NoAnchor);
    free.claimed_at_ms = noon() + 400 * 24 * HOUR_MS;
    assert_eq!(judged(&free), Plausible::AfterBracket);
    let mut impossible = header(1, noon(), 0);
    impossible.anchor.size = receipt().seq;
    assert_eq!(
        judged(&impossible),
        Plausible::NoAnchor,
        "a checkpoint that holds the entry itself proves nothing"
    );
}

#[test]
fn a_clock_set_back_in_mid_work_shows() {
    let before = header(1, noon() + HOUR_MS, 1_000_000);
    let back = header(2, noon() + 60_000, 1_000_000 + 60_000);
    let told = told(&MemoryRows::default(), &back, Some(&before));
    assert_eq!((told.clock_jump_ms, told.boot_changed), (Some(-HOUR_MS), false));
    assert_eq!(told.time, Plausible::Consistent, "both claims lie in the bracket: only the jump tells");
    assert!(told.time_note.es.contains("se atrasó 1 h 0 min"), "{}", told.time_note.es);
    assert!(told.time_note.en.contains("set back 1 h 0 min"), "{}", told.time_note.en);
    let forward = header(2, noon() + HOUR_MS + JUMP_MS + 60_001, 1_000_000 + 60_000);
    assert_eq!(super::jump_ms(&before, &forward), Some(JUMP_MS + 1));
    let steady = header(2, noon() + HOUR_MS + JUMP_MS + 60_000, 1_000_000 + 60_000);
    assert_eq!(super::jump_ms(&before, &steady), None);
}

#[test]
fn a_restart_is_said_and_no_jump_is_claimed_over_it() {
    let before = header(1, noon() + HOUR_MS, 1_000_000);
    let mut after = header(2, noon(), 5_000);
    after.boot = BootId([2; 8]);
    let told = told(&MemoryRows::default(), &after, Some(&before));
    assert_eq!((told.clock_jump_ms, told.boot_changed), (None, true));
    assert!(told.time_note.es.contains("se reinició"));
}

#[test]
fn a_system_that_names_no_start_is_accused_of_nothing() {
    let mut before = header(1, noon() + HOUR_MS, 1_000_000);
    let mut after = header(2, noon(), 5_000);
    before.boot = BootId::ZERO;
    for boot in [BootId::ZERO, BootId([2; 8])] {
        after.boot = boot;
        let told = told(&MemoryRows::default(), &after, Some(&before));
        assert_eq!((told.clock_jump_ms, told.boot_changed), (None, false));
    }
}

#[test]
fn a_carrier_narrows_the_bracket() {
    let mut rows = MemoryRows::default();
    let device = DeviceId([3; 16]);
    let entry = EntryRow {
        hash: Some(Hash([1; 32])),
        line: 1,
        record: RecordId([9; 16]),
        change: None,
        receipt: Some(receipt()),
        decided: None,
    };
    rows.rows.insert(keyspace::entry(&device, 5), encode(&entry));
    let mut carried = |claimed_at_ms| {
        let head = CarriedHead { head: Hash([1; 32]), carrier: DeviceId([4; 16]), seq: 19, claimed_at_ms };
        rows.rows.insert(keyspace::carried_head(&device, 5), encode(&vec![head]));
        rows.clone()
    };
    let wrong = carried(0);
    let rows = carried(noon() + HOUR_MS);
    let claim = noon() + 2 * HOUR_MS;
    let accused = told(&wrong, &header(5, claim, 0), None);
    assert_eq!(accused.time, Plausible::Consistent, "a carrier with a clock of 1970 accuses nobody");
    let inside = told(&rows, &header(5, claim, 0), None);
    assert_eq!(inside.time, Plausible::AfterBracket, "the carrier held it an hour before");
    assert_eq!(inside.carried_at.as_deref(), Some("2026-11-21T13:00:00.000Z"));
    assert_eq!(told(&rows, &header(6, claim, 0), None).carried_at, None, "the carrier held nothing of that");
}

#[test]
fn the_newest_contact_before_an_arrival_tells_the_skew() {
    let mut rows = MemoryRows::default();
    let device = DeviceId([3; 16]);
    assert_eq!(skew_ms(&rows, &device, Some(4)), Ok(None));
    for (seq, skew) in [(3, -1_000_i64), (7, 90_000)] {
        rows.rows.insert(keyspace::clock(&device, seq), encode(&skew));
    }
    rows.rows.insert(keyspace::clock(&DeviceId([4; 16]), 5), encode(&5_i64));
    for (arrived, expected) in
        [(Some(2), None), (Some(3), Some(-1_000)), (Some(6), Some(-1_000)), (Some(7), Some(90_000))]
    {
        assert_eq!(skew_ms(&rows, &device, arrived), Ok(expected), "{arrived:?}");
    }
    assert_eq!(skew_ms(&rows, &device, None), Ok(Some(90_000)));
}

#[test]
fn an_empty_bracket_promises_nothing() {
    assert_eq!(Bracket::default().judge(noon()), Plausible::NoAnchor);
    assert_eq!(Bracket::default().not_after_ms(), None);
}
