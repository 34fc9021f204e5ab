//! Reply: the second half of a round trip. A reply is taken whole or not at all: it is verified against the pinned key,
//! ordered, written as lines, and only then folded.

use std::collections::BTreeSet;

use serde::Serialize;

use super::request::Request;
use super::twin::Twin;
use crate::id::{DeviceId, Hash};
use crate::limits::{BLOB_TICKET_CHARS_MAX, MESSAGE_BYTES_MAX, TICKET_CHARS_MAX};
use crate::log::checkpoint;
use crate::log::entry::Anchor;
use crate::log::line::{Contact, Copy, DeviceLine, Reset, Split};
use crate::log::merkle::check_consistency;
use crate::replica::contact::line_of;
use crate::replica::{Replica, ReplicaError};
use crate::rows::read;
use crate::scope::Scope;
use crate::state::fold::EntryRow;
use crate::state::held::held_rows;
use crate::state::keyspace;
use crate::state::local::{DIFFERED, EVIDENCE, GENERATIONS, KEPT, ONE_BY_ONE, ROOM};
use crate::view::own::RefusedEntry;
use crate::wire::message::{BlobAsk, BlobUse, FrameError, SyncReply, VERSION, open_reply};
use crate::wire::pack::PackError;

/// What an exchange did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// Own and carried entries sent.
    pub pushed: u64,
    /// Entries received.
    pub pulled: u64,
    /// Own entries whose acceptance was told just now.
    pub accepted: u64,
    /// Own entries whose quarantine was told just now.
    pub quarantined: Vec<RefusedEntry>,
    /// Whether another exchange is needed.
    pub more: bool,
    /// Whether the server takes no more of this device for now.
    pub over_quota: bool,
    /// What to show with the next request and for the event stream, if the server gave something.
    pub ticket: Option<String>,
    /// Tickets for the blobs that were asked for.
    pub blobs: Vec<BlobTicket>,
    /// How far the server's ledger is.
    pub server_seq: u64,
    /// Carried segments that the server refused: device and reason.
    pub carried_refused: Vec<(DeviceId, String)>,
    /// The hub showed a state of the log that contradicts the one this device kept.
    pub split: Option<SplitView>,
    /// Entries of other devices that the ledger lost and this device still has: they are handed over again.
    pub recovered: u64,
    /// What was told of own entries that waited for a refused one, do not depend on it, and were written again.
    pub freed: Vec<RefusedEntry>,
    /// Own quarantined entries that were decided about.
    pub decided: Vec<DecidedEntry>,
    /// Whether the device's role changed so that it is told another selection: nothing else of the reply was taken.
    pub changed_role: bool,
    /// Scopes whose state differs from the hub's. The mirror is read again from the beginning, if `more` says so; else
    /// that was in vain.
    pub differs: Vec<Scope>,
}

/// With this the server takes or gives a blob, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobTicket {
    /// The blob.
    pub sha256: Hash,
    /// What for.
    pub r#use: BlobUse,
    /// What to show.
    pub ticket: String,
}

/// Two states of the log that cannot both be true of one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SplitView {
    /// What this device kept.
    pub kept: Anchor,
    /// What the server showed.
    pub shown: Anchor,
}

/// An own entry that was quarantined and then decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedEntry {
    /// The order, if it is one that has a name.
    pub folio: Option<String>,
    /// Whether it counts now; else it was dismissed.
    pub released: bool,
    /// Why, in the words of who decided.
    pub reason: String,
}

/// Returns a ticket that can stand in a header and in an address.
fn usable(ticket: &str) -> Option<String> {
    let is_usable = (1..=TICKET_CHARS_MAX).contains(&ticket.len())
        && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_usable.then(|| ticket.to_owned())
}

/// Returns the tickets that can stand in a header, each with what it was asked for.
fn blob_tickets(asked: &[BlobAsk], answered: &[Option<String>]) -> Vec<BlobTicket> {
    let is_usable = |ticket: &&String| {
        ticket.len() <= BLOB_TICKET_CHARS_MAX && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let pairs = asked.iter().zip(answered);
    let tickets = pairs.filter_map(|(ask, ticket)| {
        let ticket = ticket.as_ref().filter(is_usable)?.clone();
        Some(BlobTicket { sha256: ask.sha256, r#use: ask.r#use, ticket })
    });
    tickets.collect()
}

fn is_consistent(kept: &Anchor, shown: &Anchor, proof: Option<&[Hash]>) -> bool {
    proof.is_some_and(|proof| check_consistency(proof, kept, shown).is_ok())
}

impl Replica<'_> {
    /// Takes the answer to a request. Keep what was written before the next request.
    ///
    /// # Errors
    /// [`ReplicaError::Foreign`] and [`ReplicaError::Forged`], if it is no reply of the pinned server's: then nothing of it is
    /// written.
    pub fn on_reply(&mut self, request: &Request, reply: &[u8]) -> Result<Exchanged, ReplicaError> {
        let (answer, shown) = self.open_answer(request, reply)?;
        let mut exchanged = Exchanged {
            pushed: request.own + request.carried,
            server_seq: answer.server_seq,
            ticket: usable(&answer.ticket),
            blobs: blob_tickets(&request.blobs, &answer.blobs),
            ..Exchanged::default()
        };
        if let Some(from) = answer.from.filter(|_| request.has_evidence) {
            self.reset_to(&from)?;
            exchanged.more = true;
            return Ok(exchanged);
        }
        if !is_consistent(&request.kept, &shown, answer.consistency.as_deref()) {
            exchanged.split = Some(SplitView { kept: request.kept, shown });
            exchanged.more = true;
            self.note_split(&answer)?;
            return Ok(exchanged);
        }
        match self.find_twin(&answer, request.one_by_one)? {
            Twin::None => self.take_whole(request, &answer, &mut exchanged)?,
            Twin::Somewhere => {
                ONE_BY_ONE.write(&mut self.overlay, &true);
                exchanged.more = true;
            }
            Twin::Found(runs) => {
                // Under this name there is nothing more to say, but for a revoked copy, which cannot go on under another.
                self.count_branch(&runs, &mut exchanged)?;
                let revoked = answer.standing.revoked.clone();
                self.push_device_line(DeviceLine::Copy(Copy { runs, is_whole: !answer.more, revoked }))?;
                self.take_carried(&answer, &mut exchanged)?;
                self.note_room(&answer, &mut exchanged);
                exchanged.more = !answer.over_quota && !self.is_copy()? && self.has_untold()?;
            }
        }
        Ok(exchanged)
    }

    /// Returns the reply and the state of the log that it shows, once its signatures hold.
    fn open_answer(&self, request: &Request, reply: &[u8]) -> Result<(SyncReply, Anchor), ReplicaError> {
        if reply.len() > MESSAGE_BYTES_MAX {
            return Err(ReplicaError::Foreign(FrameError::TooLong(reply.len())));
        }
        let identity = self.identity()?;
        let answer: SyncReply = open_reply(reply, &request.hash)?.verify(&identity.server_key)?;
        if answer.version != VERSION {
            return Err(ReplicaError::Foreign(FrameError::Version(answer.version)));
        }
        let shown =
            checkpoint::verify(&answer.checkpoint, &identity.log_verifier).map_err(ReplicaError::Forged)?;
        Ok((answer, shown))
    }

    /// Writes down that the log contradicts what this device kept. Nothing of the reply is taken: the hub does not know
    /// yet, and the next request shows it what it had signed.
    fn note_split(&mut self, answer: &SyncReply) -> Result<(), ReplicaError> {
        let kept = match EVIDENCE.read(&self.overlay)? {
            Some(evidence) => evidence,
            None => self.view().contact()?.checkpoint,
        };
        let (at_ms, shown) = (self.moment.now_ms, answer.checkpoint.clone());
        self.push_device_line(DeviceLine::Split(Split { at_ms, kept, shown }))
    }

    /// Resets the mirror to the newest contact that the log extends.
    fn reset_to(&mut self, from: &Anchor) -> Result<(), ReplicaError> {
        let kept = KEPT.read_or_default(&self.overlay)?;
        // A state that this device did not name is none.
        let to_line = if from.size == 0 { None } else { line_of(&kept, from) };
        self.push_device_line(DeviceLine::Reset(Reset { to_line: to_line.unwrap_or(0), is_lost: true }))
    }

    /// Notes how much the server takes of this device: at once, and for now.
    fn note_room(&mut self, answer: &SyncReply, exchanged: &mut Exchanged) {
        match answer.room {
            Some(room) => ROOM.write(&mut self.overlay, &room.max(1)),
            None => ROOM.clear(&mut self.overlay),
        }
        exchanged.over_quota = answer.over_quota;
    }

    fn take_whole(
        &mut self,
        request: &Request,
        answer: &SyncReply,
        exchanged: &mut Exchanged,
    ) -> Result<(), ReplicaError> {
        ONE_BY_ONE.clear(&mut self.overlay);
        self.note_room(answer, exchanged);
        if let Some(news) = &answer.people {
            self.people.to_mut().take(news.clone());
        }
        let saw_everything = self.identity()?.role.sees_everything();
        if saw_everything != answer.standing.role.sees_everything() && answer.standing.revoked.is_none() {
            // The hub tells another selection from now on: it goes into a mirror of its own, from its beginning. This
            // reply followed the cursors of the one before, so nothing of it is read.
            self.push_device_line(DeviceLine::Reset(Reset { to_line: 0, is_lost: false }))?;
            self.take_contact(answer, false)?;
            self.take_carried(answer, exchanged)?;
            (exchanged.changed_role, exchanged.more) = (true, true);
            return Ok(());
        }
        let mut undecided = self.own_undecided()?;
        undecided.extend(self.count_outcomes(answer, exchanged)?);
        exchanged.pulled = match self.take_entries(answer) {
            Err(ReplicaError::OutOfStep(PackError::UnknownRef(_))) if self.may_start_over()? => {
                // Nothing of it was taken. A device that reads from the beginning is told everything in full.
                self.push_device_line(DeviceLine::Reset(Reset { to_line: 0, is_lost: false }))?;
                exchanged.more = true;
                return Ok(());
            }
            taken => taken?,
        };
        exchanged.recovered = self.carry_lost(answer)?;
        self.take_contact(answer, true)?;
        self.take_carried(answer, exchanged)?;
        exchanged.decided = self.newly_decided(&undecided)?;
        self.compare(answer, exchanged)?;
        // What the server lost is offered again as soon as its head is known to have moved back.
        let offers = request.more || self.view().own_head()?.seq > answer.head_seq || exchanged.recovered > 0;
        // What the server has no room for stays here; it is offered with the next exchange.
        exchanged.more |= answer.more || (offers && !answer.over_quota);
        Ok(())
    }

    /// Checks whether reading everything from the beginning may help: it does not read so already.
    fn may_start_over(&self) -> Result<bool, ReplicaError> {
        Ok(!self.cursors()?.is_empty())
    }

    /// Writes down that the server was heard, and how far its scopes were read if the reply `was_read`.
    fn take_contact(&mut self, answer: &SyncReply, was_read: bool) -> Result<(), ReplicaError> {
        let scopes = if was_read { answer.scopes.as_slice() } else { &[] };
        let scope_at = |index: u32| scopes.get(usize::try_from(index).unwrap_or(usize::MAX));
        let moves = answer
            .moves
            .iter()
            .filter_map(|(index, record, entered)| Some((scope_at(*index)?.clone(), *record, *entered)))
            .collect();
        let contact = Contact {
            at_ms: self.moment.now_ms,
            server_at_ms: answer.server_at_ms,
            epoch: answer.epoch,
            server_seq: answer.server_seq,
            cursors: scopes.iter().map(|scope| (scope.clone(), answer.cursor)).collect(),
            head_seq: answer.head_seq,
            moves,
            standing: answer.standing.clone(),
            checkpoint: answer.checkpoint.clone(),
            is_whole: was_read && !answer.more,
        };
        self.push_device_line(DeviceLine::Contact(contact))?;
        self.refresh()
    }

    /// Returns the ledger numbers of own entries in quarantine, under whatever name.
    fn own_undecided(&self) -> Result<BTreeSet<u64>, ReplicaError> {
        let me = self.identity()?;
        let is_own = |device: &DeviceId| *device == me.device || me.names_before.contains(device);
        let held = held_rows(&self.reading())?.into_iter().filter(|(_, row)| is_own(&row.device));
        Ok(held.map(|(seq, _)| seq).collect())
    }

    /// Returns those of the own entries at these ledger numbers that are decided about.
    fn newly_decided(&self, undecided: &BTreeSet<u64>) -> Result<Vec<DecidedEntry>, ReplicaError> {
        let mut news = Vec::new();
        for seq in undecided {
            let Some(row) = self.entry_at(*seq)? else { continue };
            let Some(decision) = row.decided else { continue };
            let folio = self.view().folio_of_record(&row.record)?;
            news.push(DecidedEntry { folio, released: decision.releases, reason: decision.reason });
        }
        Ok(news)
    }

    /// Returns the entry at a ledger number, as the reading generation has it.
    fn entry_at(&self, seq: u64) -> Result<Option<EntryRow>, ReplicaError> {
        let rows = self.reading();
        match read::<serde_bytes::ByteBuf>(&rows, &keyspace::place(seq))? {
            Some(key) => Ok(read(&rows, &key)?),
            None => Ok(None),
        }
    }

    /// Compares fingerprints once everything was read. That a scope differs is a defect: the mirror is read again from the
    /// beginning, once for each pair of fingerprints.
    fn compare(&mut self, answer: &SyncReply, exchanged: &mut Exchanged) -> Result<(), ReplicaError> {
        let is_filling = GENERATIONS.read_or_default(&self.overlay)?.filling.is_some();
        if answer.more || is_filling {
            return Ok(());
        }
        let mut differed = DIFFERED.read_or_default(&self.overlay)?;
        let (before, mut is_new) = (differed.clone(), false);
        for (scope, theirs) in answer.scopes.iter().zip(&answer.fingerprints) {
            let ours = read(&self.reading(), &keyspace::fingerprint(scope))?.unwrap_or_default();
            if *theirs == ours {
                differed.remove(scope);
                continue;
            }
            exchanged.differs.push(scope.clone());
            is_new |= differed.insert(scope.clone(), [*theirs, ours]) != Some([*theirs, ours]);
        }
        if differed != before {
            DIFFERED.write(&mut self.overlay, &differed);
        }
        if is_new {
            self.push_device_line(DeviceLine::Reset(Reset { to_line: 0, is_lost: false }))?;
            self.refresh()?;
            exchanged.more = true;
        }
        Ok(())
    }
}
