//! Tests of the committer: what a batch costs, who is answered and what is left when something fails.

mod town;

use store::{AppendFault, StoreError};
use sync_core::hub::{AdmitStats, HubError};
use sync_core::replica::NewInvitation;
use sync_core::replica::ReplicaError;
use sync_core::rows::Rows as _;
use sync_core::state::keyspace;

use super::{Judged, Refusal, Space};
use crate::device::Reader;
use town::{Outcome, Town};

fn stats(outcome: &Outcome) -> AdmitStats {
    outcome.as_ref().unwrap().stats
}

fn accepted(count: u64) -> AdmitStats {
    AdmitStats { accepted: count, ..AdmitStats::default() }
}

#[test]
fn a_batch_costs_one_sync_and_later_requests_see_earlier_ones() {
    let (mut town, [mut one, mut other]) = Town::new();
    let first = one.bring();
    let again = one.ask();
    let frames = [first.clone(), again, other.bring(), first];
    let before = town.fsyncs();
    let outcomes = town.batch(&frames);
    assert_eq!(town.fsyncs() - before, 1);
    assert_eq!(stats(&outcomes[0]), accepted(1));
    assert_eq!(stats(&outcomes[1]).duplicates, 1, "the second one meets the first one's entry");
    assert_eq!(stats(&outcomes[2]), accepted(1));
    let replayed = matches!(outcomes[3], Err(Refusal::Hub(HubError::Replayed { .. })));
    assert!(replayed, "it passed the check and is refused when it is admitted");
    town.assert_consistent();
    assert!(!town.reply(outcomes[0].as_ref().unwrap()).is_empty());
}

#[test]
fn a_request_that_panics_leaves_no_trace_in_the_others() {
    let (mut town, [mut one, mut other]) = Town::new();
    let frames = [one.bring(), other.bring(), one.bring()];
    let requests = town.requests(&frames);
    *town.trap.lock().unwrap() = Some(keyspace::device(&other.id()));
    let judged = town.committer.judge(requests, 0, town.space);
    *town.trap.lock().unwrap() = None;
    let outcomes = town.finish(judged).unwrap();
    assert!(matches!(&outcomes[1], Err(Refusal::Panicked(what)) if what == "a trap"));
    assert_eq!([stats(&outcomes[0]).accepted, stats(&outcomes[2]).accepted], [1, 1]);
    town.assert_consistent();
    let again = other.ask();
    assert_eq!(stats(&town.batch(&[again])[0]), accepted(1), "what it brought is new when it comes again");
}

#[test]
fn a_failed_append_answers_nobody_and_leaves_nothing() {
    let (mut town, [mut one, mut other]) = Town::new();
    let frames = [one.bring(), other.ask()];
    let (end, rows) = (town.end(), town.rows());
    for (fault, refusal) in
        [(AppendFault::BeforeWriting, Refusal::NotDurable), (AppendFault::Full, Refusal::Full)]
    {
        town.memory.fail_append(0, fault);
        let judged = town.judge(&frames);
        let failed = town.finish(judged).unwrap_err();
        assert_eq!(failed.answers, [(0, refusal.clone()), (1, refusal)]);
        assert!(!town.committer.is_over());
        assert_eq!((town.end(), town.rows()), (end, rows.clone()));
    }
    assert_eq!(stats(&town.batch(&frames)[0]), accepted(1), "the same entries are new when they come again");
    town.assert_consistent();
}

#[test]
fn after_a_failed_sync_the_committer_is_over_and_the_store_says_what_it_has() {
    let (mut town, [mut one, _]) = Town::new();
    let frame = one.bring();
    town.memory.fail_append(0, AppendFault::AfterWriting);
    let judged = town.judge(std::slice::from_ref(&frame));
    let failed = town.finish(judged).unwrap_err();
    assert_eq!(failed.answers, [(0, Refusal::NotDurable)]);
    assert!(matches!(failed.error, StoreError::SyncFailed { .. }));
    assert!(town.committer.is_over());
    town.reopen();
    assert_eq!(stats(&town.batch(&[frame])[0]).duplicates, 1, "this medium kept what was written");
    town.assert_consistent();
}

#[test]
fn a_batch_is_shown_whole_before_the_index_has_it() {
    let (mut town, [mut one, mut other]) = Town::new();
    let judged = town.judge(&[one.bring(), other.bring()]);
    let (seen_before, watermark) = (town.rows(), town.committer.store().watermark());
    let kept = town.committer.append(judged, town.space).unwrap();
    assert_eq!(town.rows(), seen_before, "durable, and not shown yet");
    town.view = town.committer.publish(kept).view;
    assert_eq!(town.committer.store().watermark(), watermark, "shown, and not in the index yet");
    town.assert_consistent();
    let shown = town.rows();
    for (key, value) in &shown {
        assert_eq!(town.view.rows.get(key).unwrap().as_ref(), Some(value));
    }
    town.committer.apply().unwrap();
    assert_eq!(town.rows(), shown, "once it is in the index");
    town.view = town.committer.view();
    assert_eq!(town.rows(), shown, "and from the index alone");
}

#[test]
fn a_failed_apply_loses_nothing() {
    let (mut town, [mut one, _]) = Town::new();
    let frame = one.bring();
    let judged = town.judge(std::slice::from_ref(&frame));
    let kept = town.committer.append(judged, town.space).unwrap();
    town.memory.fail_apply(0);
    assert!(
        town.committer.publish(kept).answers[0].1.is_ok(),
        "it is durable, whatever becomes of the index"
    );
    assert!(town.committer.apply().is_err());
    assert!(town.committer.is_over());
    town.reopen();
    town.assert_consistent();
    assert_eq!(stats(&town.batch(&[frame])[0]).duplicates, 1);
}

#[test]
fn a_low_disk_refuses_what_brings_lines_and_answers_the_others() {
    let (mut town, [mut one, mut other]) = Town::new();
    town.space = Space { free_bytes: Some(10), reserve_bytes: 11 };
    let frames = [one.bring(), other.ask()];
    let rows = town.rows();
    let outcomes = town.batch(&frames);
    assert_eq!(outcomes[0].as_ref().err(), Some(&Refusal::Full));
    assert!(outcomes[1].is_ok());
    assert_eq!(town.rows(), rows, "attempt numbers alone are not worth the last bytes");
    town.space = Space { free_bytes: Some(1_100), reserve_bytes: 1_000 };
    let judged = town.judge(&frames[..1]);
    let failed = town.finish(judged).unwrap_err();
    assert!(matches!(failed.error, StoreError::Full { .. }), "it is refused before it is written");
    town.space = Space { free_bytes: Some(1 << 20), reserve_bytes: 1_000 };
    assert_eq!(stats(&town.batch(&frames)[0]), accepted(1));
    town.assert_consistent();
}

#[test]
#[should_panic(expected = "where it was judged to stand")]
fn a_batch_is_appended_only_where_it_was_judged_to_stand() {
    let (mut town, [mut one, mut other]) = Town::new();
    let early = town.judge(&[one.bring()]);
    town.batch(&[other.bring()]);
    let _ = town.finish(early);
}

#[test]
fn rules_are_published_once_and_a_bad_file_publishes_nothing() {
    let (mut town, _) = Town::new();
    let file = |json: &str| vec![("steps".to_owned(), json.to_owned())];
    let end = town.end();
    let bad = town.committer.publish_rules::<usize>(&file("no JSON"), 0);
    assert!(matches!(bad, Err(HubError::Rules(_))));
    let good = include_str!("../../../schemas/steps.json");
    for lines in [1, 0] {
        let judged: Judged<usize> = town.committer.publish_rules(&file(good), 0).unwrap();
        assert_eq!(judged.lines(), lines);
        assert!(town.finish(judged).unwrap().is_empty());
    }
    let epoch = town.committer.start_epoch(&[7; 8], "a test", 0).unwrap();
    assert!(town.finish(epoch).unwrap().is_empty());
    assert_eq!(town.end(), end + 2);
    town.assert_consistent();
}

#[test]
fn a_device_reads_in_memory_what_it_reads_from_its_index() {
    let (mut town, [mut one, _]) = Town::new();
    let frame = one.bring();
    let key_id = one.id();
    assert!(town.batch(&[frame])[0].is_ok());
    let in_memory = Reader::in_memory(one.device.store().lines()).unwrap();
    let clocks = one.clocks();
    let read = in_memory.read(clocks, |replica| Ok::<_, ReplicaError>(replica.identity()?.device));
    assert_eq!(read.unwrap(), key_id);
    assert_eq!(
        in_memory.rows().get(&keyspace::device(&key_id)),
        one.device.reader().rows().get(&keyspace::device(&key_id))
    );
}

#[test]
#[should_panic(expected = "stands at the end of the log")]
fn a_device_is_not_told_that_something_is_saved_which_is_not() {
    let (_, [mut one, _]) = Town::new();
    let clocks = one.clocks();
    let (_, unsaved) = one
        .device
        .act(clocks, |replica| replica.invite(&NewInvitation::of(sync_core::log::act::Role::Admin)))
        .unwrap();
    let _ = one.device.appended(unsaved);
}
