//! Tests of the writer: what it batches, and what holds when the store fails under it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use axum::http::StatusCode;
use store::{AppendFault, FaultyMemory, StoreError};
use sync_core::hub::{AdmitStats, Admitted, Durable};
use tokio::sync::oneshot;

use super::{Job, Writer};
use crate::app_state::AppState;
use crate::clock::now_ms;
use crate::problem::Problem;
use crate::testing::{Device, TestIndex, TestLog, founded, invitation, writer};
use sync_core::log::verify::Verifier;

struct Bench {
    medium: FaultyMemory,
    writer: Writer<TestLog, TestIndex>,
    app: Arc<AppState>,
    admin: Device,
}

impl Bench {
    /// A municipality whose first administrator is enrolled.
    fn new() -> Self {
        let (medium, code) = founded();
        let (mut writer, app, _) = writer(&medium);
        let mut admin = Device::new(1);
        let frame = admin.enrol(&code);
        let (rows, hub) = app.handles();
        let checked = hub.check_enrol(&*rows, &frame, now_ms()).unwrap();
        let (answer, outcome) = oneshot::channel();
        writer.commit(vec![Job { checked, bytes: frame.len(), answer }]);
        assert_eq!(outcome.blocking_recv().unwrap().map(|admitted| admitted.stats.accepted), Ok(1));
        Self { medium, writer, app, admin }
    }

    /// Sends frames through the writer in one batch.
    fn batch(&mut self, frames: &[Vec<u8>]) -> Vec<Result<Durable<Admitted>, Problem>> {
        let (rows, hub) = self.app.handles();
        let mut outcomes = Vec::new();
        let mut jobs = Vec::new();
        for frame in frames {
            let checked = hub.check_sync(&*rows, frame, now_ms()).unwrap();
            let (answer, outcome) = oneshot::channel();
            jobs.push(Job { checked, bytes: frame.len(), answer });
            outcomes.push(outcome);
        }
        self.writer.commit(jobs);
        outcomes.into_iter().map(|outcome| outcome.blocking_recv().unwrap()).collect()
    }

    fn one(&mut self, frame: &[u8]) -> Result<AdmitStats, Problem> {
        self.batch(&[frame.to_vec()]).remove(0).map(|admitted| admitted.stats)
    }

    fn end(&self) -> u64 {
        self.app.view().lines.end()
    }

    /// The rows are what a fold of the ledger says, the ledger proves itself, and a reply can be made of both.
    fn assert_consistent(&self) {
        let view = self.app.view();
        assert_eq!(view.seq, view.lines.end() - 1, "the rows contain the whole ledger");
        let mut verifier = Verifier::default();
        view.lines
            .each(1, view.lines.end(), &mut |seq, line| {
                verifier.take(seq, line).unwrap();
                true
            })
            .unwrap();
        let root = verifier.finish().unwrap().root;
        assert_eq!(sync_core::log::merkle::root(&*view.rows, view.seq), Ok(root));
    }
}

fn accepted(count: u64) -> Result<AdmitStats, Problem> {
    Ok(AdmitStats { accepted: count, ..AdmitStats::default() })
}

fn duplicates(count: u64) -> Result<AdmitStats, Problem> {
    Ok(AdmitStats { duplicates: count, ..AdmitStats::default() })
}

#[test]
fn a_batch_costs_one_fsync_and_later_requests_see_earlier_ones() {
    let mut bench = Bench::new();
    let before = bench.writer.committer.as_ref().unwrap().store().stats();
    let first = bench.admin.sync(&[invitation("A"), invitation("B")]);
    let twice = [first.clone(), bench.admin.again(), first];
    let outcomes = bench.batch(&twice);
    let replayed = outcomes[2].as_ref().err().map(|problem| (problem.code, problem.last_attempt));
    assert_eq!(replayed, Some(("replayed", Some(2))), "it passed the check and is refused at the writer");
    let stats: Vec<_> = outcomes[..2].iter().map(|outcome| outcome.as_ref().unwrap().stats).collect();
    assert_eq!(stats[0].accepted, 2);
    assert_eq!(stats[1].duplicates, 2, "the second one meets the first one's entries");
    let after = bench.writer.committer.as_ref().unwrap().store().stats();
    assert_eq!((after.appends - before.appends, after.records - before.records), (1, 2));
    bench.assert_consistent();
    let view = bench.app.view();
    let reply =
        view.hub.reply(&*view.rows, &*view.lines, view.seq, now_ms(), outcomes[0].as_ref().unwrap(), "");
    assert!(reply.is_ok());
}

#[test]
fn when_an_append_fails_nobody_is_acknowledged_and_nothing_is_left_of_it() {
    let mut bench = Bench::new();
    let end = bench.end();
    let frame = bench.admin.sync(&[invitation("A")]);
    let again = bench.admin.again();
    for (fault, status) in [
        (AppendFault::BeforeWriting, StatusCode::SERVICE_UNAVAILABLE),
        (AppendFault::Full, StatusCode::INSUFFICIENT_STORAGE),
    ] {
        bench.medium.fail_append(0, fault);
        for outcome in bench.batch(&[frame.clone(), again.clone()]) {
            assert_eq!(outcome.err().map(|problem| problem.status), Some(status));
        }
        assert_eq!(bench.end(), end);
        bench.assert_consistent();
    }
    assert!(bench.app.health.disk_full.load(Relaxed));
    assert_eq!(bench.one(&frame), accepted(1), "the same entries are new when they come again");
    assert!(!bench.app.health.disk_full.load(Relaxed));
    bench.assert_consistent();
}

#[test]
fn after_an_unconfirmed_append_the_store_is_opened_anew_and_says_what_it_has() {
    let mut bench = Bench::new();
    let frame = bench.admin.sync(&[invitation("A")]);
    bench.medium.fail_append(0, AppendFault::AfterWriting);
    assert_eq!(bench.one(&frame).err().map(|problem| problem.code), Some("not_durable"));
    // It was opened again at once; this medium kept what was written.
    assert_eq!(bench.one(&frame), duplicates(1));
    assert!(bench.app.health.conditions()[0].1.is_none());
    bench.assert_consistent();
}

#[test]
fn a_disk_that_fails_twice_in_a_row_is_waited_for_no_longer() {
    let mut bench = Bench::new();
    let frame = bench.admin.sync(&[invitation("A")]);
    let refused = |bench: &mut Bench, frame: &[u8]| {
        bench.medium.fail_append(0, AppendFault::BeforeWriting);
        let problem = bench.one(frame).expect_err("the disk fails");
        (problem.code, problem.retry_after_s)
    };
    assert_eq!(refused(&mut bench, &frame), ("not_durable", Some(2)));
    assert_eq!(refused(&mut bench, &frame), ("not_durable", Some(300)));
    assert_eq!(bench.one(&frame), accepted(1));
    let next = bench.admin.sync(&[invitation("B")]);
    assert_eq!(refused(&mut bench, &next).1, Some(2), "it had worked again");
}

#[test]
fn while_the_store_does_not_open_everybody_is_told_to_come_back() {
    let mut bench = Bench::new();
    let frame = bench.admin.sync(&[invitation("A")]);
    let (rows, hub) = bench.app.handles();
    let checked = hub.check_sync(&*rows, &frame, now_ms()).unwrap();
    let open = std::mem::replace(
        &mut bench.writer.open,
        Box::new(|| Err(StoreError::ReadOnly { path: "memory".into() })),
    );
    bench.medium.fail_append(0, AppendFault::AfterWriting);
    let (answer, outcome) = oneshot::channel();
    bench.writer.commit(vec![Job { checked, bytes: frame.len(), answer }]);
    let refused = outcome.blocking_recv().unwrap().err();
    assert_eq!(refused.map(|problem| problem.code), Some("not_durable"));
    assert!(bench.app.health.conditions()[0].1.is_some(), "not ready");
    let unread = hub.check_sync(&*rows, &frame, now_ms()).err().map(Problem::from);
    assert_eq!(unread.map(|problem| problem.status), Some(StatusCode::SERVICE_UNAVAILABLE));
    bench.writer.open = open;
    bench.writer.reopen_at = Instant::now();
    bench.writer.tick();
    assert!(bench.app.health.conditions()[0].1.is_none(), "ready again");
    assert_eq!(bench.one(&frame), duplicates(1));
    bench.assert_consistent();
}

#[test]
fn a_failed_apply_is_mended_from_the_ledger() {
    let mut bench = Bench::new();
    let frame = bench.admin.sync(&[invitation("A")]);
    bench.medium.fail_apply(0);
    assert_eq!(bench.one(&frame), accepted(1), "it is durable, whatever becomes of the index");
    bench.assert_consistent();
    assert_eq!(bench.one(&frame), duplicates(1));
    bench.assert_consistent();
}

#[test]
fn a_low_disk_refuses_work_and_answers_those_who_only_read() {
    let mut bench = Bench::new();
    bench.writer.free_bytes = Box::new(|| Some(10));
    bench.writer.reserve_bytes = 11;
    let push = bench.admin.sync(&[invitation("A")]);
    let pull = bench.admin.sync(&[]);
    let outcomes = bench.batch(&[push.clone(), pull]);
    assert_eq!(outcomes[0].as_ref().err(), Some(&Problem::disk_full()));
    assert!(outcomes[1].is_ok());
    bench.assert_consistent();
    bench.writer.free_bytes = Box::new(|| Some(1 << 20));
    bench.writer.tick();
    assert!(!bench.app.health.disk_full.load(Relaxed));
    assert_eq!(bench.one(&push), accepted(1));
}

#[test]
fn a_batch_that_would_fill_the_disk_is_refused_before_it_is_written() {
    let mut bench = Bench::new();
    bench.writer.reserve_bytes = 1_000;
    bench.writer.free_bytes = Box::new(|| Some(1_100));
    let end = bench.end();
    let frame = bench.admin.sync(&[invitation("A")]);
    assert_eq!(bench.one(&frame), Err(Problem::disk_full()));
    assert_eq!(bench.end(), end);
    bench.assert_consistent();
}

#[test]
fn rules_are_published_once_and_a_new_epoch_is_kept() {
    let mut bench = Bench::new();
    let files = crate::rule_files::load(None);
    let end = bench.end();
    bench.writer.publish(files.clone());
    assert_eq!(bench.end(), end + files.texts.len() as u64);
    bench.writer.publish(files);
    bench.writer.start_epoch("a test").unwrap();
    assert!(bench.app.handles().1.rules().find_kind("chlorination").is_some());
    bench.assert_consistent();
}
