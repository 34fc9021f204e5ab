//! The sync driver's decisions, each with a peer that answers by a script, and the true server behind it.

use std::collections::BTreeSet;

use sync_core::crypto::SecretKey;
use sync_core::log::line::{DeviceLine, Line};
use sync_core::replica::sync::driver::{Answer, Driver, End, Event, Goal, OutOfTurn, Route, Step, Terms};
use sync_core::wire::message::{About, SyncReply, SyncRequest, open_request, request_hash, seal_reply};

use crate::flows::{Town, pump_order, town_with, work_a_day};
use crate::harness::{Phone, SEED, Server, TICKET, rule_files, served};

/// What becomes of one post.
#[derive(Clone)]
enum Fate {
    /// It is answered.
    Served,
    /// The server takes it, and the answer is lost.
    AnswerLost,
    /// Something before the server says this.
    Said(Answer),
}

/// What an exchange looked like from outside.
#[derive(Default)]
struct Seen {
    requests: Vec<SyncRequest>,
    frames: Vec<(Route, Vec<u8>)>,
    waits: Vec<(u64, bool)>,
}

impl Seen {
    fn attempts(&self) -> Vec<u64> {
        self.requests.iter().map(|request| request.attempt).collect()
    }

    fn aims_kib(&self) -> Vec<u32> {
        self.requests.iter().map(|request| request.aim_bytes / 1024).collect()
    }
}

/// Drives an exchange; after the script everything is served.
fn drive(phone: &mut Phone, server: &mut Server, driver: &mut Driver, script: &[Fate]) -> (End, Seen) {
    let seed = [phone.number; 32];
    let mut script = script.iter().cloned();
    let mut seen = Seen::default();
    let mut event = Event::Begin;
    loop {
        event = match driver.next(event).unwrap() {
            Step::Append => Event::Kept(phone.act(|replica| driver.write(replica)).unwrap()),
            Step::Key(name) => Event::Key(name.of_seed(&seed).public()),
            Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
            Step::Post { route, frame } => {
                seen.frames.push((route, frame.clone()));
                seen.requests.extend(rmp_serde::from_slice(&frame[4..frame.len() - 64]).ok());
                match script.next().unwrap_or(Fate::Served) {
                    Fate::Served => Event::Answered(served(server, route, &frame)),
                    Fate::AnswerLost => {
                        drop(served(server, route, &frame));
                        Event::Answered(Answer::Cut)
                    }
                    Fate::Said(answer) => Event::Answered(answer),
                }
            }
            Step::Wait { ms, is_asked } => {
                seen.waits.push((ms, is_asked));
                Event::Woke
            }
            Step::Done(end) => return (end, seen),
        };
    }
}

fn sync(town: &mut Town, terms: Terms, script: &[Fate]) -> (End, Seen, Driver) {
    let mut driver = Driver::new(Goal::Sync, terms);
    let (end, seen) = drive(&mut town.one, &mut town.server, &mut driver, script);
    (end, seen, driver)
}

/// A town whose first crew has an order, and a day's work that is not sent.
fn town_at_work() -> (Town, String) {
    let mut town = town_with(&rule_files());
    let folio = pump_order(&mut town);
    work_a_day(&mut town.one, &folio, "A-1");
    (town, folio)
}

fn refused(code: &str, last_attempt: Option<u64>) -> Fate {
    Fate::Said(Answer::Refused { code: code.into(), last_attempt })
}

fn unsent(phone: &mut Phone) -> u64 {
    phone.act(|replica| Ok(replica.view().status()?.unsent)).unwrap()
}

#[test]
fn a_request_says_how_much_is_unsent_and_what_the_shell_knows() {
    let (mut town, _) = town_at_work();
    let waiting = unsent(&mut town.one);
    let known = About {
        unsent: 0,
        photos: 0,
        program: "0.1.0".into(),
        program_hash: None,
        free_bytes: Some(7),
        is_persistent: Some(false),
    };
    let mut driver = Driver::new(Goal::Sync, Terms::default()).describing(known.clone());
    let (end, seen) = drive(&mut town.one, &mut town.server, &mut driver, &[]);
    assert_eq!(end, End::Finished);
    assert!(waiting > 0);
    assert_eq!(seen.requests[0].about, Some(About { unsent: waiting, ..known }));
}

#[test]
fn a_lost_answer_is_asked_for_again_in_a_smaller_message_and_counts_once() {
    let (mut town, _) = town_at_work();
    let before = town.server.seq();
    let written = unsent(&mut town.one);
    let (end, seen, driver) = sync(&mut town, Terms::default(), &[Fate::AnswerLost]);
    assert_eq!(end, End::Finished);
    assert_eq!(seen.aims_kib()[..2], [256, 128]);
    assert_eq!(town.server.seq() - before, written);
    assert_eq!((driver.outcome().accepted, unsent(&mut town.one)), (written, 0));
    let attempts = seen.attempts();
    assert_eq!(attempts.iter().collect::<BTreeSet<_>>().len(), attempts.len(), "no number is used twice");
}

#[test]
fn a_message_that_is_too_large_is_halved_down_to_the_smallest_and_then_given_up() {
    let (mut town, _) = town_at_work();
    let too_large = vec![Fate::Said(Answer::TooLarge); 9];
    let (end, seen, _) = sync(&mut town, Terms::default(), &too_large);
    assert_eq!(end, End::GaveUp(Answer::TooLarge));
    assert_eq!(seen.aims_kib(), [256, 128, 64, 32, 16]);
    assert!(unsent(&mut town.one) > 0);
}

#[test]
fn a_busy_server_is_left_alone_as_long_as_it_asks_for_and_patience_lasts() {
    let (mut town, _) = town_at_work();
    let busy = |seconds| Fate::Said(Answer::Busy { retry_after_s: Some(seconds) });
    let (end, seen, _) = sync(&mut town, Terms::default(), &[busy(7), busy(20)]);
    assert_eq!((end, seen.waits), (End::Finished, vec![(7_000, true), (20_000, true)]));
    let impatient = Terms { wait_ms_max: 10_000, ..Terms::default() };
    let (end, seen, _) = sync(&mut town, impatient, &[busy(7), busy(7)]);
    assert_eq!(end, End::GaveUp(Answer::Busy { retry_after_s: Some(7) }));
    assert_eq!(seen.waits, [(7_000, true)]);
}

#[test]
fn changes_are_spelled_out_once_for_a_server_that_does_not_know_them() {
    let (mut town, folio) = town_at_work();
    let unknown = || refused("unknown_reference", None);
    let (end, seen, _) = sync(&mut town, Terms::default(), &[unknown()]);
    assert_eq!(end, End::Finished);
    let [short, whole] = [0, 1].map(|index| seen.requests[index].own.as_ref().unwrap().pack.len());
    assert!(whole > short, "{whole} bytes with whole hashes, {short} with short names");
    town.one.act(|replica| replica.note(&folio, "otro día")).unwrap();
    let (end, seen, _) = sync(&mut town, Terms::default(), &[unknown(), unknown()]);
    assert!(matches!(end, End::GaveUp(Answer::Refused { .. })), "{end:?}");
    assert_eq!(seen.requests.len(), 2);
}

#[test]
fn attempts_are_jumped_once_and_not_twice_nor_too_far() {
    let (mut town, _) = town_at_work();
    let (_, seen, _) = sync(&mut town, Terms::default(), &[]);
    let last = *seen.attempts().last().unwrap();
    let replayed = |last| refused("replayed", Some(last));
    let (end, seen, _) = sync(&mut town, Terms::default(), &[replayed(last + 100)]);
    assert_eq!((end, seen.attempts()), (End::Finished, vec![last + 1, last + 101]));
    let (end, seen, _) = sync(&mut town, Terms::default(), &[replayed(last + 200), replayed(last + 300)]);
    assert!(matches!(end, End::GaveUp(Answer::Refused { .. })), "{end:?}");
    assert_eq!(seen.attempts(), [last + 102, last + 201]);
    let (end, seen, _) = sync(&mut town, Terms::default(), &[replayed(u64::MAX)]);
    assert!(matches!(end, End::GaveUp(Answer::Refused { .. })), "{end:?}");
    assert_eq!(seen.attempts(), [last + 202]);
}

#[test]
fn a_copy_goes_on_as_a_successor_in_the_same_exchange() {
    let (mut town, folio) = town_at_work();
    let mut copy = town.one.clone();
    copy.draws = 300;
    town.one.act(|replica| replica.note(&folio, "del original")).unwrap();
    town.one.sync(&mut town.server);
    copy.act(|replica| replica.note(&folio, "de la copia")).unwrap();
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    // It goes past the attempts of the other, hears that there is another, and asks which entries are its own. The answer
    // to its enrolment gets lost as well.
    let script = [Fate::Served, Fate::Served, Fate::Served, Fate::AnswerLost];
    let (end, seen) = drive(&mut copy, &mut town.server, &mut driver, &script);
    assert_eq!(end, End::Finished);
    let renamed = driver.outcome().renamed.clone().unwrap();
    assert!(renamed.repeated.repeated > 0);
    let enrolments: Vec<&Vec<u8>> =
        seen.frames.iter().filter(|(route, _)| *route == Route::Enrol).map(|(_, frame)| frame).collect();
    assert_eq!(enrolments.len(), 2);
    assert_eq!(enrolments[0], enrolments[1], "the same is asked for again");
    let device = copy.act(|replica| Ok(replica.identity()?.device)).unwrap();
    assert_eq!((device, unsent(&mut copy)), (renamed.device, 0));
    let (_, last) = seen.frames.last().unwrap();
    assert_eq!(open_request(last).unwrap().claimed_device().unwrap(), renamed.device);
}

#[test]
fn a_split_view_is_an_alarm_and_nothing_of_it_is_taken() {
    let (mut town, folio) = town_at_work();
    let backup = town.server.lines.0.clone();
    town.one.sync(&mut town.server);
    town.server = Server::from_lines(backup);
    town.dispatch.act(|replica| replica.note(&folio, "otra historia")).unwrap();
    town.dispatch.sync_whatever(&mut town.server);
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    let lines_before = town.one.lines.0.len();
    let mut posts = 0;
    let server = &mut town.server;
    let mut lines_at_second = 0;
    let seed = [town.one.number; 32];
    let mut event = Event::Begin;
    let end = loop {
        event = match driver.next(event).unwrap() {
            Step::Append => Event::Kept(town.one.act(|replica| driver.write(replica)).unwrap()),
            Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
            Step::Post { route, frame } => {
                posts += 1;
                if posts == 2 {
                    lines_at_second = town.one.lines.0.len();
                }
                Event::Answered(served(server, route, &frame))
            }
            Step::Done(end) => break end,
            step => panic!("{step:?}"),
        };
    };
    assert_eq!(end, End::Finished);
    let split = driver.outcome().split.unwrap();
    assert!(split.kept.size > 0);
    // The first reply left an attempt, the two states and the next attempt, and nothing else.
    let kept: Vec<Line> = town.one.lines.0[lines_before..lines_at_second]
        .iter()
        .map(|line| Line::from_bytes(line).unwrap())
        .collect();
    assert!(
        matches!(
            kept.as_slice(),
            [
                Line::Device(DeviceLine::Attempt(_)),
                Line::Device(DeviceLine::Split(_)),
                Line::Device(DeviceLine::Attempt(_)),
            ]
        ),
        "{kept:?}"
    );
}

#[test]
fn the_newest_ticket_is_told_and_a_revoked_device_is_given_none() {
    let (mut town, _) = town_at_work();
    let (_, _, driver) = sync(&mut town, Terms::default(), &[]);
    assert_eq!(driver.outcome().ticket.as_deref(), Some(TICKET));
    let device = town.one.act(|replica| Ok(replica.identity()?.device)).unwrap();
    town.admin.act(|replica| replica.revoke(&device, None, "se perdió")).unwrap();
    town.admin.sync(&mut town.server);
    let (_, _, driver) = sync(&mut town, Terms::default(), &[]);
    assert_eq!(driver.outcome().ticket, None);
}

#[test]
fn a_ticket_that_could_not_stand_in_a_header_or_an_address_is_none() {
    let (mut town, _) = town_at_work();
    for ticket in ["", "a b", "a\r\nhost: x", "á", "a&b", &"a".repeat(201)] {
        let request = town.one.request(256 * 1024, false);
        let reply = town.server.serve(&request.frame, false).unwrap();
        let body = &reply[4..reply.len() - 64];
        let mut body: SyncReply = rmp_serde::from_slice(body).unwrap();
        body.ticket = ticket.into();
        let reply = seal_reply(&SecretKey::from_seed(&SEED), &request_hash(&request.frame), &body);
        let exchanged = town.one.act(|replica| replica.on_reply(&request, &reply)).unwrap();
        assert_eq!(exchanged.ticket, None, "{ticket:?}");
    }
}

#[test]
fn an_exchange_ends_at_its_limit_of_round_trips() {
    let (mut town, _) = town_at_work();
    let terms = Terms { tries_max: u32::MAX, wait_ms_max: u64::MAX, round_trips_max: 40, ..Terms::default() };
    let mut driver = Driver::new(Goal::Sync, terms);
    let never = vec![Fate::Said(Answer::Cut); 50];
    let (end, seen) = drive(&mut town.one, &mut town.server, &mut driver, &never);
    assert_eq!((end, seen.requests.len()), (End::TooLong, 40));
}

#[test]
fn a_crash_between_append_and_post_loses_nothing_and_uses_no_number_twice() {
    let (mut town, _) = town_at_work();
    let seed = [town.one.number; 32];
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    let mut event = Event::Begin;
    // The number of the attempt is kept, the request never leaves.
    loop {
        event = match driver.next(event).unwrap() {
            Step::Append => Event::Kept(town.one.act(|replica| driver.write(replica)).unwrap()),
            Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
            Step::Post { .. } => break,
            step => panic!("{step:?}"),
        };
    }
    let Line::Device(DeviceLine::Attempt(lost)) = Line::from_bytes(town.one.lines.0.last().unwrap()).unwrap()
    else {
        panic!("no attempt is kept")
    };
    let (end, seen, _) = sync(&mut town, Terms::default(), &[]);
    assert_eq!((end, seen.attempts()[0], unsent(&mut town.one)), (End::Finished, lost + 1, 0));
}

#[test]
fn nothing_counts_before_it_is_kept_and_other_events_change_nothing() {
    let (mut town, _) = town_at_work();
    let seed = [town.one.number; 32];
    let mut driver = Driver::new(Goal::Sync, Terms::default());
    assert!(matches!(driver.next(Event::Begin), Ok(Step::Append)));
    assert_eq!(driver.next(Event::Begin), Err(OutOfTurn));
    let kept = town.one.act(|replica| driver.write(replica)).unwrap();
    assert_eq!(driver.next(Event::Woke), Err(OutOfTurn));
    let mut step = driver.next(Event::Kept(kept)).unwrap();
    let mut posted = false;
    while !posted {
        let event = match step {
            Step::Sign(to_sign) => Event::Signed(to_sign.by(&to_sign.key.of_seed(&seed))),
            Step::Post { route, frame } => {
                posted = true;
                Event::Answered(served(&mut town.server, route, &frame))
            }
            Step::Append => Event::Kept(town.one.act(|replica| driver.write(replica)).unwrap()),
            step => panic!("{step:?}"),
        };
        step = driver.next(event).unwrap();
        assert_eq!(driver.next(Event::Begin), Err(OutOfTurn));
    }
    assert_eq!(step, Step::Append);
    let kept = town.one.act(|replica| driver.write(replica)).unwrap();
    assert_eq!((driver.outcome().pushed, driver.outcome().accepted), (0, 0));
    assert_eq!(driver.next(Event::Kept(kept)), Ok(Step::Done(End::Finished)));
    assert!(driver.outcome().pushed > 0 && driver.outcome().accepted > 0);
}
