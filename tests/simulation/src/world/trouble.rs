//! Trouble: what befalls phones: stops, copies, clocks, full disks, other people's servers, other clients.

use std::path::PathBuf;

use store::StoreError;
use sync_core::wire::message::{SyncRequest, seal_request};

use super::{Coming, World};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::disk::{Fault, Stop};
use crate::medium::open_store;
use crate::phone::exchange::Truth;
use crate::plan::{DAY_MS, Deed, Event};
use crate::server::Message;

impl World {
    /// What befalls a phone. Answers it in words.
    pub(crate) fn suffer(&mut self, number: usize, event: &Event, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let phone = &mut self.phones[number];
        let words = match event.deed {
            Deed::KillPhone => {
                let how = if dice.one_in(2) { Stop::Kill } else { Stop::Power };
                phone.stop(how, dice);
                self.tally.phone_kills += 1;
                format!("stops ({how:?})")
            }
            Deed::ArmPhone => {
                let after = dice.below(8);
                phone.medium.disk.arm(Fault::Stop, after, Dice::new(dice.roll()));
                format!("will stop in {after} operations of its disk")
            }
            Deed::FailPhone => {
                let after = dice.below(8);
                phone.medium.disk.arm(Fault::Error, after, Dice::new(dice.roll()));
                format!("its disk will fail in {after} operations")
            }
            Deed::FillPhone => {
                phone.medium.disk.set_full(true);
                "its disk is full".to_owned()
            }
            Deed::FreePhone => {
                phone.medium.disk.set_full(false);
                "its disk has space".to_owned()
            }
            Deed::GoAway => {
                let days = i64::try_from(dice.between(1, 40)).unwrap_or(1);
                phone.away_until_ms = now_ms + days * DAY_MS;
                self.tally.away += 1;
                format!("has no signal for {days} days")
            }
            Deed::SetClock => {
                phone.clock.off_ms = super::office::jump(dice);
                self.tally.clock_jumps += 1;
                format!("its clock is {} ms off", phone.clock.off_ms)
            }
            Deed::SavePhone => {
                phone.make_copy();
                "is copied to a memory card".to_owned()
            }
            Deed::RestorePhone => self.restore_phone(number, dice),
            Deed::Clone => self.clone_phone(number, dice),
            Deed::LosePhone => self.lose_phone(number),
            Deed::Renew => self.renew(number)?,
            Deed::WrongServer => self.ask_wrong_server(number)?,
            Deed::OldClient => self.odd_client(number, dice)?,
            _ => self.flip_at_rest(number, dice)?,
        };
        Ok(words)
    }

    fn restore_phone(&mut self, number: usize, dice: &mut Dice) -> String {
        let before = self.phones[number].saved.clone();
        if !self.phones[number].take_copy(dice) {
            return "has no copy".into();
        }
        self.tally.phone_restores += 1;
        let kept: std::collections::BTreeSet<_> =
            self.phones[number].saved.iter().map(|saved| saved.hash).collect();
        self.drowned.extend(before.into_iter().filter(|saved| !kept.contains(&saved.hash)));
        "is restored from its card".into()
    }

    fn clone_phone(&mut self, number: usize, dice: &mut Dice) -> String {
        if self.phones.len() >= 250 {
            return "there are phones enough".into();
        }
        let copy = self.phones.len();
        let clone = self.phones[number].cloned(copy, self.now_ms, Dice::new(dice.roll()));
        self.phones.push(clone);
        self.tally.clones += 1;
        format!("is copied: phone {copy} has all that it has")
    }

    fn lose_phone(&mut self, number: usize) -> String {
        // The office keeps its administrator's and dispatcher's.
        if number < 3 * self.servers.len() {
            return "almost falls into the river".into();
        }
        let phone = &mut self.phones[number];
        phone.is_gone = true;
        phone.close();
        self.drowned.extend(phone.saved.iter().copied());
        self.tally.drowned += 1;
        "falls into the river".into()
    }

    /// Goes on under a new name with a new key; only in good weather, for the answer is taken at once.
    fn renew(&mut self, number: usize) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        if self.phones[number].waits_for().is_some() || self.phones[number].away_until_ms > now_ms {
            return Ok("cannot renew its key now".into());
        }
        let started = self.phones[number].renew_start(now_ms);
        let (frame, mut driver) = match self.settle(number, started)? {
            Ok(started) => started,
            Err(why) => return Ok(format!("cannot renew its key: {why}")),
        };
        let home = self.phones[number].home;
        let ticket = u64::MAX;
        let answer = self.servers[home].arrive(ticket, Message::Enrol, frame, now_ms)?;
        let answers = match answer {
            Some(answer) => vec![(ticket, answer)],
            None => self.servers[home].commit(now_ms)?,
        };
        self.look_at_server(home);
        if !self.servers[home].is_up() {
            self.later(2_000, Coming::Start { server: home });
        }
        let mut words = "gets no answer".to_owned();
        for (other, answer) in answers {
            if other == ticket {
                let done = self.phones[number].renew_finish(now_ms, &mut driver, answer);
                words = match self.settle(number, done)? {
                    Ok(()) => "renews its key".to_owned(),
                    Err(why) => format!("does not renew its key: {why}"),
                };
            } else {
                self.later(
                    1,
                    Coming::Deliver { phone: 0, ticket: other, answer: Some(answer), truth: Truth::Whole },
                );
            }
        }
        Ok(words)
    }

    fn ask_wrong_server(&mut self, number: usize) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let others = self.servers.len();
        if others < 2 {
            return Ok("there is one municipality only".into());
        }
        let wrong = (self.phones[number].home + 1) % others;
        let asked = self.phones[number].ask(now_ms);
        let Ok(frame) = self.settle(number, asked)? else { return Ok("cannot ask".into()) };
        self.tally.wrong_server += 1;
        match self.servers[wrong].arrive(0, Message::Sync, frame, now_ms)? {
            Some(_) => Ok(format!("asks server {wrong}, and is refused")),
            None => Err(Property::NothingBreaks
                .broken(format!("server {wrong} took a request of another municipality's phone {number}"))),
        }
    }

    /// A client that leaves the newest fields out, or knows one more: it is refused or served, never half served.
    fn odd_client(&mut self, number: usize, dice: &mut Dice) -> Result<String, Broken> {
        let now_ms = self.now_ms;
        let asked = self.phones[number].ask(now_ms);
        let Ok(frame) = self.settle(number, asked)? else { return Ok("cannot ask".into()) };
        let Some(key) = self.phones[number].key(now_ms) else { return Ok("has no key".into()) };
        let body = &frame[4..frame.len() - 64];
        let Ok(mut sync) = rmp_serde::from_slice::<SyncRequest>(body) else {
            return Ok("sent nothing".into());
        };
        self.tally.odd_clients += 1;
        let home = self.phones[number].home;
        let (words, frame, must_refuse) = match dice.below(4) {
            0 => (
                "sends half of the fields",
                seal_request(&key, &(1_u8, sync.municipality, sync.device, sync.attempt)),
                true,
            ),
            1 => {
                sync.version = sync_core::wire::message::VERSION + 1;
                ("sends a version that is not known yet", seal_request(&key, &sync), true)
            }
            2 => {
                sync.kept = sync_core::log::entry::Anchor::default();
                ("keeps no checkpoint", seal_request(&key, &sync), false)
            }
            _ => {
                sync.cursors.clear();
                sync.aim_bytes = 0;
                sync.carried.clear();
                ("forgot how far it read", seal_request(&key, &sync), false)
            }
        };
        let answer = self.servers[home].arrive(0, Message::Sync, frame, now_ms)?;
        if answer.is_none() {
            if must_refuse {
                return Err(
                    Property::NothingBreaks.broken(format!("server {home} took a request that {words}"))
                );
            }
            self.later(10, Coming::Commit { server: home });
        }
        Ok(format!("an odd client in its name {words}"))
    }

    /// A byte of a chunk turns over while the machine is off. Opening must say so; then the disk is exchanged.
    fn flip_at_rest(&mut self, number: usize, dice: &mut Dice) -> Result<String, Broken> {
        let is_server = dice.one_in(2);
        let home = self.phones[number].home;
        let medium =
            if is_server { self.servers[home].medium.clone() } else { self.phones[number].medium.clone() };
        let chunks = if is_server { self.servers[home].chunks() } else { self.phones[number].chunks() };
        if chunks.len() < 2 {
            // In the last chunk a changed byte may look like a torn append.
            return Ok("nothing turns over".into());
        }
        if is_server {
            self.servers[home].close();
            self.later(30_000, Coming::Start { server: home });
        } else {
            self.phones[number].close();
        }
        let Some((path, bytes)): Option<(PathBuf, usize)> = dice.pick(&chunks[..chunks.len() - 1]).cloned()
        else {
            return Ok("nothing turns over".into());
        };
        let (at, bits) = (dice.index(bytes), 1 << dice.below(8));
        medium.disk.flip(&path, at, bits);
        self.tally.flips_at_rest += 1;
        if self.bug == Some(Bug::FlipUnseen) && is_server {
            let started = self.servers[home].start(self.now_ms);
            self.servers[home].close();
            if started.is_ok_and(|is_up| is_up) {
                let how = format!("server {home} opened a ledger with a changed byte in {}", path.display());
                return Err(Property::FlipsNoticed.broken(how));
            }
        }
        let opened = open_store(&medium, &store_disk::LedgerOptions::default());
        medium.disk.flip(&path, at, bits);
        match opened {
            Err(StoreError::Corrupt { .. } | StoreError::NewerFormat { .. }) => {
                Ok(format!("byte {at} of {} turns over, and that is noticed", path.display()))
            }
            Err(other) => Ok(format!("a byte turns over, and the store says: {other}")),
            Ok(_) => {
                let how = format!("a byte of {} turned over at {at}, and the store opened", path.display());
                Err(Property::FlipsNoticed.broken(how))
            }
        }
    }
}
