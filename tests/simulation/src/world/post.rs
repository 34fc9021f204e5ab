//! Post: how messages travel, and what becomes of them on the way.

use super::{Asked, Coming, World};
use crate::broken::{Broken, Property};
use crate::dice::Dice;
use crate::phone::Hindered;
use crate::phone::exchange::{Next, Told, Truth};
use crate::server::{Answer, Message};

/// How long a phone waits for an answer.
const PATIENCE_MS: i64 = 60_000;
/// Recorded requests kept by whoever listens.
const RECORDED_MAX: usize = 64;
/// Requests that wait at one writer: its queue's limit.
const QUEUE_MAX: usize = 1_024;

fn spoil(frame: &[u8], cut: bool, dice: &mut Dice) -> Vec<u8> {
    let mut spoilt = frame.to_vec();
    let at = dice.index(spoilt.len());
    if cut {
        spoilt.truncate(at);
    } else if let Some(byte) = spoilt.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
    spoilt
}

impl World {
    /// A phone begins an exchange, if it can.
    pub(crate) fn begin_exchange(&mut self, number: usize, salt: u64) -> Result<(), Broken> {
        let phone = &self.phones[number];
        if phone.is_gone
            || phone.waits_for().is_some()
            || (!self.is_calm && phone.away_until_ms > self.now_ms)
        {
            return Ok(());
        }
        self.tally.exchanges += 1;
        self.chances.insert(number, Dice::of(&[salt, 11]));
        let ticket = self.ticket(number);
        let begun = self.phones[number].begin(ticket, self.now_ms);
        self.driven(number, ticket, begun)
    }

    /// An exchange from its beginning to its end, with nothing in between.
    pub(crate) fn exchange_now(&mut self, number: usize, salt: u64) -> Result<(), Broken> {
        self.begin_exchange(number, salt)?;
        self.happen_all()
    }

    /// A new ticket, with chance of its own: what befell other exchanges changes nothing for this one.
    fn ticket(&mut self, phone: usize) -> u64 {
        self.counter += 1;
        let chance = self.chances.entry(phone).or_insert_with(|| Dice::new(phone as u64)).roll();
        let asked = Asked { phone, dice: Dice::new(chance), frame: Vec::new() };
        self.tickets.insert(self.counter, asked);
        self.counter
    }

    fn delay_ms(&self, dice: &mut Dice) -> i64 {
        if self.is_calm { 1 } else { i64::try_from(dice.between(40, 4_000)).unwrap_or(40) }
    }

    /// A request sets out.
    pub(crate) fn post(
        &mut self,
        phone: usize,
        ticket: u64,
        message: Message,
        frame: Vec<u8>,
    ) -> Result<(), Broken> {
        self.tally.requests += 1;
        let home = self.phones[phone].home;
        let Some(Asked { mut dice, .. }) = self.tickets.get(&ticket).cloned() else { return Ok(()) };
        self.later(PATIENCE_MS, Coming::Deliver { phone, ticket, answer: None, truth: Truth::Whole });
        let weather = self.plan.weather;
        let delay_ms = self.delay_ms(&mut dice);
        let mut fate = |chance: u32| !self.is_calm && dice.per_mille(chance);
        let (is_lost, is_portal, is_cut, is_flipped) =
            (fate(weather.loss), fate(weather.portal), fate(weather.cut), fate(weather.flip));
        let (is_twice, is_late) = (fate(weather.twice), fate(weather.late));
        self.record(home, message, &frame);
        let server = home;
        let sent = frame.clone();
        if is_portal {
            self.tally.portals += 1;
            let page = b"<html><body>Bienvenido a la red. Acepte las condiciones.</body></html>".to_vec();
            let answer = Some(Answer::Foreign(page));
            self.later(delay_ms, Coming::Deliver { phone, ticket, answer, truth: Truth::Spoilt });
        } else if is_lost {
            self.tally.lost += 1;
        } else if is_cut || is_flipped {
            self.tally.spoilt += 1;
            let spoilt = spoil(&frame, is_cut, &mut dice);
            let truth = if spoilt == frame { Truth::Whole } else { Truth::Spoilt };
            self.later(delay_ms, Coming::Arrive { server, ticket, message, frame: spoilt, truth });
        } else {
            let mut delay_ms = delay_ms;
            if is_late {
                self.tally.late += 1;
                delay_ms += i64::try_from(dice.between(60_000, 40 * 3_600_000)).unwrap_or(0);
            }
            if is_twice {
                self.tally.twice += 1;
                let again_ms = delay_ms + i64::try_from(dice.below(30_000)).unwrap_or(0);
                let (frame, truth) = (frame.clone(), Truth::Whole);
                self.later(again_ms, Coming::Arrive { server, ticket: 0, message, frame, truth });
            }
            self.later(delay_ms, Coming::Arrive { server, ticket, message, frame, truth: Truth::Whole });
        }
        if let Some(asked) = self.tickets.get_mut(&ticket) {
            asked.dice = dice;
            asked.frame = sent;
        }
        Ok(())
    }

    fn record(&mut self, server: usize, message: Message, frame: &[u8]) {
        if self.is_calm {
            return;
        }
        if self.recorded.len() >= RECORDED_MAX {
            self.recorded.remove(0);
        }
        self.recorded.push((server, message, frame.to_vec()));
    }

    /// Somebody sends a recorded request again.
    pub(crate) fn replay(&mut self, dice: &mut Dice) -> String {
        let Some((server, message, frame)) = dice.pick(&self.recorded).cloned() else {
            return "nobody has recorded anything yet".into();
        };
        self.tally.replays += 1;
        self.later(10, Coming::Arrive { server, ticket: 0, message, frame, truth: Truth::Whole });
        format!("somebody sends a recorded request to server {server} again")
    }

    /// A request reaches a server.
    pub(crate) fn arrive(
        &mut self,
        server: usize,
        ticket: u64,
        message: Message,
        frame: Vec<u8>,
        truth: Truth,
    ) -> Result<(), Broken> {
        let answer = self.servers[server].arrive(ticket, message, frame, self.now_ms)?;
        match answer {
            // A preview is not signed: one with a changed byte has an answer, which is not the answer to what was asked.
            Some(answer) => {
                self.answer(ticket, answer, truth);
                Ok(())
            }
            None if truth == Truth::Spoilt => {
                Err(Property::FlipsNoticed
                    .broken(format!("server {server} took a request with a changed byte")))
            }
            None => {
                if self.servers[server].waiting() > QUEUE_MAX {
                    return Err(Property::WithinLimits.broken("a writer's queue grew too long"));
                }
                self.commit_soon(server);
                Ok(())
            }
        }
    }

    /// A server's committer takes what has gathered after a while: others gather until then.
    fn commit_soon(&mut self, server: usize) {
        if self.commits.insert(server) {
            self.later(if self.is_calm { 1 } else { 900 }, Coming::Commit { server });
        }
    }

    /// How long a slow disk takes over a sync, if it is slow now. That outlasts the phones' patience, and they ask again.
    fn slow_sync_ms(&mut self) -> Option<i64> {
        let is_slow = |(from, until): &(i64, i64)| (*from..*until).contains(&self.now_ms);
        if self.is_calm || !self.plan.slow.iter().any(is_slow) {
            return None;
        }
        self.tally.slow_syncs += 1;
        let mut dice = Dice::of(&[self.plan.seed, self.counter]);
        i64::try_from(dice.between(5_000, 600_000)).ok()
    }

    /// A server's committer judges what has gathered. On a slow disk it takes a while until that is durable.
    pub(crate) fn commit(&mut self, server: usize) -> Result<(), Broken> {
        let mut answers = self.servers[server].judge(self.now_ms)?;
        if let Some(sync_ms) = self.slow_sync_ms() {
            self.later(sync_ms, Coming::Settle { server });
            return self.settled(server, answers);
        }
        self.commits.remove(&server);
        answers.extend(self.servers[server].settle(self.now_ms)?);
        self.settled(server, answers)
    }

    /// A server's disk has what was judged.
    pub(crate) fn settle_commit(&mut self, server: usize) -> Result<(), Broken> {
        self.commits.remove(&server);
        let answers = self.servers[server].settle(self.now_ms)?;
        if self.servers[server].waiting() > 0 {
            self.commit_soon(server);
        }
        self.settled(server, answers)
    }

    fn settled(&mut self, server: usize, answers: Vec<(u64, Answer)>) -> Result<(), Broken> {
        let has_stopped = self.servers[server].medium.disk.has_stopped();
        self.look_at_server(server);
        if !has_stopped && !self.servers[server].is_up() {
            self.later(2_000, Coming::Start { server });
        }
        for (ticket, answer) in answers {
            self.answer(ticket, answer, Truth::Whole);
        }
        Ok(())
    }

    /// An answer sets out to a request that was `asked` as it arrived.
    fn answer(&mut self, ticket: u64, answer: Answer, asked: Truth) {
        let Some(Asked { phone, mut dice, frame: request }) = self.tickets.remove(&ticket) else { return };
        let weather = self.plan.weather;
        let mut delay_ms = self.delay_ms(&mut dice);
        let mut fate = |chance: u32| !self.is_calm && dice.per_mille(chance);
        let (is_lost, is_cut, is_flipped) = (fate(weather.loss), fate(weather.cut), fate(weather.flip));
        let (is_stale, is_late) = (fate(weather.stale), fate(weather.late));
        if is_lost {
            self.tally.lost += 1;
            return;
        }
        if is_late {
            self.tally.late += 1;
            delay_ms += i64::try_from(dice.between(60_000, 3_600_000)).unwrap_or(0);
        }
        let (mut truth, mut shown) = (asked, answer.clone());
        if let Answer::Frame(frame) = &answer {
            if is_stale && let Some((earlier_request, earlier)) = self.earlier.get(&phone) {
                self.tally.stale += 1;
                shown = earlier.clone();
                // A request that was sent again, byte for byte, is answered by any answer to it.
                truth = if *earlier_request == request { Truth::Whole } else { Truth::Spoilt };
            } else if is_cut || is_flipped {
                self.tally.spoilt += 1;
                let spoilt = spoil(frame, is_cut, &mut dice);
                truth = if spoilt == *frame { asked } else { Truth::Spoilt };
                shown = Answer::Foreign(spoilt);
            }
            if asked == Truth::Whole {
                self.earlier.insert(phone, (request, answer));
            }
        }
        self.later(delay_ms, Coming::Deliver { phone, ticket, answer: Some(shown), truth });
    }

    /// An answer, or the end of patience, reaches a phone.
    pub(crate) fn deliver(
        &mut self,
        number: usize,
        ticket: u64,
        answer: Option<Answer>,
        truth: Truth,
    ) -> Result<(), Broken> {
        if self.phones[number].is_gone || self.phones[number].waits_for() != Some(ticket) {
            return Ok(());
        }
        let next_ticket = self.ticket(number);
        let heard = self.phones[number].hear(answer, truth, next_ticket, self.now_ms);
        self.driven(number, next_ticket, heard)
    }

    /// A phone that was slow to sign, or to say that something is durable, goes on.
    pub(crate) fn resume(&mut self, number: usize, ticket: u64) -> Result<(), Broken> {
        if self.phones[number].is_gone || self.phones[number].waits_for() != Some(ticket) {
            return Ok(());
        }
        let driven = self.phones[number].resume(ticket, self.now_ms);
        self.driven(number, ticket, driven)
    }

    /// What came of driving a phone's exchange on.
    fn driven(
        &mut self,
        number: usize,
        ticket: u64,
        driven: Result<(Next, Option<Told>), Hindered>,
    ) -> Result<(), Broken> {
        let next = match driven {
            Ok((next, told)) => {
                if let Some(told) = told {
                    self.check_told(number, &told)?;
                }
                Ok(next)
            }
            Err(hindered) => Err(hindered),
        };
        self.go_on(number, ticket, next)
    }

    /// What a phone was told is in the ledger must be there, or have been there before a backup was put back.
    fn check_told(&mut self, number: usize, told: &Told) -> Result<(), Broken> {
        let Told { device, head, contact, runs } = told;
        let book = &self.servers[self.phones[number].home].book;
        let most = book.head_ever(device);
        if contact.head_seq > most {
            let (told, head) = (contact.head_seq, head);
            return Err(Property::ConfirmedIsThere.broken(format!(
                "phone {number} (own head {head}) was told the ledger has it up to {told}, and it has it up to {most}"
            )));
        }
        let own = self.phones[number].saved.iter().filter(|saved| saved.device == *device);
        let own: std::collections::BTreeMap<u64, sync_core::id::Hash> =
            own.map(|saved| (saved.seq, saved.hash)).collect();
        for run in runs {
            for seq in run.first..run.end() {
                let Some(hash) = own.get(&seq) else { continue };
                let place = run.receipt(seq).seq;
                if !book.ever_at(hash, place) {
                    return Err(Property::ConfirmedIsThere.broken(format!(
                        "phone {number} was told its entry {} is number {} of the ledger, and it is not",
                        seq, place
                    )));
                }
            }
        }
        Ok(())
    }
}
