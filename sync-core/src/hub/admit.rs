//! Admit: stage two, the one writer. Each entry gets its place and its verdict, and is folded at once, so that the
//! next one is judged with it in place.

mod again;
mod release;
mod segment;

use crate::state::interpret::Acceptable;
use std::collections::BTreeSet;

use super::fold::fold_entry;
use super::rights::judge_by_rights;
use super::{Checked, Hub, HubError, RequestError};
use crate::id::{DeviceId, Epoch, Hash};
use crate::judge::judge_act;
use crate::limits::CLOCK_SKEW_MS;
use crate::log::act::{Act, Role};
use crate::log::chain::{DecodedBody, VerifiedEntry};
use crate::log::line::{Line, Lines, OwnRun};
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::people::{PeopleMark, PersonName};
use crate::rows::{Overlay, RowsError, read};
use crate::scope::Scope;
use crate::state::authority::{
    DeviceRow,
    enrol::{EnrolError, check_enrolment},
};
use crate::state::evidence::namings;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::TimeMs;
use crate::wire::message::SyncRequest;

/// What became of a request's entries.
#[derive(Debug)]
pub struct Admitted {
    pub(super) lines: Vec<Vec<u8>>,
    /// Scopes that have news.
    pub news: BTreeSet<Scope>,
    /// Who asked.
    pub device: DeviceId,
    /// Counts.
    pub stats: AdmitStats,
    /// Why a new epoch began with it, if one did: its device proved that this ledger lost entries.
    pub epoch_reason: Option<String>,
    /// Bytes of index rows that were read and written for it.
    pub row_bytes: u64,
    pub(super) request: Hash,
    pub(super) sync: Option<SyncRequest>,
    pub(super) own: Outcome,
    /// How many of its entries would have been taken, if fewer than it brought: then none was.
    pub(super) room: Option<usize>,
    may_name: bool,
    erased: Vec<Hash>,
    pub(super) carried: Vec<(DeviceId, Result<Outcome, String>)>,
}

impl Admitted {
    /// Returns how far the device knows the office's names, and those it brings; none of a revoked or new device.
    pub fn people(&self) -> Option<(PeopleMark, &[PersonName])> {
        let sync = self.sync.as_ref().filter(|_| self.may_name);
        sync.map(|sync| (sync.people, sync.named.as_slice()))
    }

    /// Returns the blobs that its entries erase: their bytes go once the lines are durable.
    pub fn erased(&self) -> &[Hash] {
        &self.erased
    }

    /// Returns the lines to append to the ledger, in order; none once they are durable.
    pub fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }
}

/// Counts of verdicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdmitStats {
    /// Entries accepted.
    pub accepted: u64,
    /// Entries quarantined.
    pub quarantined: u64,
    /// Entries the ledger already had.
    pub duplicates: u64,
    /// Segments that were cut short because their author has no room left.
    pub over_quota: u64,
}

/// Why a carried segment was not taken: its author has no room left.
const OVER_QUOTA: &str = "over_quota";

/// What became of one segment: places and verdicts of its entries.
pub(super) type Outcome = Vec<OwnRun>;

/// Returns the place of one entry as a run.
fn run_of(entry: &VerifiedEntry, receipt: &Receipt) -> OwnRun {
    OwnRun {
        at: 0,
        name: 0,
        first: entry.chained.entry.header.seq,
        count: 1,
        seq: receipt.seq,
        received_at_ms: receipt.received_at_ms,
        carrier: receipt.carrier,
        verdict: receipt.verdict.clone(),
        decision: None,
        tail: entry.hash.first_bytes(),
    }
}

/// Where an entry stands to the chain that the ledger has.
enum Place {
    Known(Receipt),
    Next,
    Branch,
    Missing,
}

struct Session<'o, 'r> {
    hub: &'o mut Hub,
    overlay: &'o mut Overlay<'r>,
    ledger: &'o dyn Lines,
    next_seq: u64,
    now_ms: TimeMs,
    lines: Vec<Vec<u8>>,
    news: BTreeSet<Scope>,
    stats: AdmitStats,
    refused_enrolment: Option<EnrolError>,
    erased: Vec<Hash>,
    epoch_reason: Option<String>,
}

impl Hub {
    /// Judges and folds a checked request. `ledger` has the lines before those it adds, also the ones that are not
    /// durable yet; `next_seq` is the ledger number of the first line it may add.
    pub fn admit(
        &mut self,
        overlay: &mut Overlay<'_>,
        ledger: &dyn Lines,
        next_seq: u64,
        now_ms: TimeMs,
        checked: Checked,
    ) -> Result<Admitted, HubError> {
        let Checked { device, request, sync, own, carried } = checked;
        if let Some(sync) = &sync {
            super::attempt::take(overlay, &self.book, sync, next_seq - 1)?;
        }
        let mut session = Session {
            hub: self,
            overlay,
            ledger,
            next_seq,
            now_ms,
            lines: Vec::new(),
            news: BTreeSet::new(),
            stats: AdmitStats::default(),
            refused_enrolment: None,
            erased: Vec::new(),
            epoch_reason: None,
        };
        if let Some(sync) = &sync {
            session.hear(&device, sync, !own.is_empty())?;
        }
        let (own, room) = session.own_segment(&own)?;
        if let Some(error) = session.refused_enrolment.take() {
            return Err(HubError::Enrol(error));
        }
        let mut carried_outcomes = Vec::new();
        for (author, entries) in carried {
            let outcome = match entries {
                Ok(entries) => {
                    let outcome = session.carried_segment(&entries, device)?;
                    let refused = session.refused_enrolment.take();
                    match refused {
                        Some(error) => Err(RequestError::Enrol(error).code().into()),
                        None => outcome.ok_or_else(|| OVER_QUOTA.into()),
                    }
                }
                Err(code) => Err(code),
            };
            carried_outcomes.push((author, outcome));
        }
        let Session { lines, news, stats, overlay, erased, epoch_reason, .. } = session;
        let row: Option<DeviceRow> = read(overlay, &keyspace::device(&device))?;
        let may_name = row.is_some_and(|row| row.revoked.is_none());
        let row_bytes = overlay.moved();
        let carried = carried_outcomes;
        Ok(Admitted {
            lines,
            news,
            device,
            stats,
            epoch_reason,
            row_bytes,
            request,
            sync,
            own,
            room,
            may_name,
            erased,
            carried,
        })
    }
}

impl Session<'_, '_> {
    /// What a request says beside its entries: a clock that is off, or proof that this ledger lost its past.
    fn hear(&mut self, device: &DeviceId, sync: &SyncRequest, brings: bool) -> Result<(), HubError> {
        let row: Option<DeviceRow> = read(self.overlay, &keyspace::device(device))?;
        let may_tell = row.is_some_and(|row| row.revoked.is_none());
        if may_tell
            && let Some(lost) = self.hub.lost_past(self.overlay, self.next_seq - 1, &sync.evidence)?
            && let Some(lost_epoch) = self.begins_epoch(sync.epoch)?
        {
            let (device, kept, here) = (device.short(), lost.size, self.next_seq - 1);
            let reason = format!(
                "device {device} keeps a checkpoint of {kept} entries that is no state of this ledger ({here} entries)"
            );
            let entropy = Hash::tagged("cuadrilla/epoch/v1", &[&lost.root.0, &self.next_seq.to_be_bytes()]);
            let epoch = std::array::from_fn(|index| entropy.0[index]);
            self.office_act(Act::Epoch { epoch: Epoch(epoch), reason, lost: Some(lost), lost_epoch })?;
        }
        // A clock matters for what is dated by it; who only reads costs no line.
        let row = read::<DeviceRow>(self.overlay, &keyspace::device(device))?;
        let Some(row) = row.filter(|_| brings) else { return Ok(()) };
        let skew_ms = sync.clock_ms.saturating_sub(self.now_ms);
        if skew_ms.saturating_sub(row.skew_ms).saturating_abs() > CLOCK_SKEW_MS {
            self.office_act(Act::Clock { device: *device, clock_ms: sync.clock_ms })?;
        }
        Ok(())
    }

    /// Whether proof of a lost past from a device in that epoch begins another one; and the epoch, if this ledger never had
    /// it. A device in an earlier epoch brings what is known. One in an epoch that was never here was told of it by a ledger
    /// that was lost since: two restores from one backup begin in the same epoch.
    fn begins_epoch(&self, of_device: Epoch) -> Result<Option<Option<Epoch>>, HubError> {
        let now: Epoch = read(self.overlay, &keyspace::epoch())?.unwrap_or_default();
        let known: Option<u64> = read(self.overlay, &keyspace::known_epoch(&of_device))?;
        Ok(match known {
            None => Some(Some(of_device)),
            Some(_) => (of_device == now).then_some(None),
        })
    }

    fn office_act(&mut self, act: Act) -> Result<(), HubError> {
        if let Act::Epoch { reason, .. } = &act {
            self.epoch_reason = Some(reason.clone());
            // Every device is to sync; those that do not see everything listen to the catalogue.
            self.news.insert(Scope::Catalog);
        }
        let (line, news) = self.hub.write_act(self.overlay, self.next_seq, self.now_ms, act)?;
        self.lines.push(line);
        self.next_seq += 1;
        self.news.extend(news);
        Ok(())
    }

    fn place(&self, entry: &VerifiedEntry, author: Option<&DeviceRow>) -> Result<Place, RowsError> {
        let header = &entry.chained.entry.header;
        let prev = entry.chained.prev.unwrap_or_default();
        let (head_seq, head) = author.map_or((0, Hash::ZERO), |row| (row.head_seq, row.head));
        // What goes on from the head is new: had it been here before, its number would be the head's or less; and what
        // stands on a branch goes on from the branch. Nearly all that arrives is of this kind, and needs no further look.
        if header.seq == head_seq + 1 && prev == head {
            return Ok(Place::Next);
        }
        let receipt_of = |key: Vec<u8>| -> Result<Option<EntryRow>, RowsError> { read(self.overlay, &key) };
        let here = receipt_of(keyspace::entry(&header.device, header.seq))?;
        let branch = receipt_of(keyspace::fork(&header.device, header.seq, &entry.hash))?;
        if let Some(known) = here.iter().chain(&branch).find(|row| row.hash == Some(entry.hash)) {
            return Ok(known.receipt_now().map_or(Place::Missing, Place::Known));
        }
        let is_after_branch =
            header.seq > 1 && receipt_of(keyspace::fork(&header.device, header.seq - 1, &prev))?.is_some();
        if here.is_some() || is_after_branch {
            return Ok(Place::Branch);
        }
        Ok(Place::Missing)
    }

    /// Gives a new entry its place and verdict. `None` for an enrolment that may no longer happen.
    fn take(
        &mut self,
        entry: &VerifiedEntry,
        author: Option<&DeviceRow>,
        carrier: Option<DeviceId>,
        is_branch: bool,
    ) -> Result<Option<Receipt>, HubError> {
        let header = &entry.chained.entry.header;
        let mut judged = None;
        let verdict = match (author, &entry.decoded) {
            (_, _) if is_branch => {
                let after = entry.chained.prev.unwrap_or_default();
                Verdict::Quarantined(Reason::Fork { after })
            }
            (None, DecodedBody::Act(act @ Act::Enrol { .. })) => {
                let is_vouched = self.may_invite(carrier.as_ref())?;
                let (rows, now_ms) = (&*self.overlay, self.now_ms);
                if let Err(error) = check_enrolment(rows, &header.device, act, now_ms, is_vouched) {
                    self.refused_enrolment = Some(error);
                    return Ok(None);
                }
                Verdict::Accepted
            }
            (None, _) => return Ok(None),
            (Some(author), DecodedBody::Act(act)) => {
                let judged = judge_act(author, act)
                    .and(self.judge_erasure(act)?)
                    .and(self.judge_release(act, &header.anchor)?)
                    .and(self.judge_again((&header.device, author), act)?);
                judged.map_or_else(Verdict::Quarantined, |()| Verdict::Accepted)
            }
            (Some(author), DecodedBody::Change(change)) => {
                // Acts are judged by the rights of now, always.
                let (rows, book, size) = (&*self.overlay, &self.hub.book, self.next_seq - 1);
                match judge_by_rights(rows, book, author, header, size, change)? {
                    Ok(acceptable) => {
                        judged = Some(acceptable);
                        Verdict::Accepted
                    }
                    Err(reason) => Verdict::Quarantined(reason),
                }
            }
        };
        let receipt = Receipt { seq: self.next_seq, received_at_ms: self.now_ms, carrier, verdict };
        let arrives = self.change_that_arrives(entry)?;
        self.store(entry, &receipt, judged)?;
        if receipt.verdict.is_accepted() {
            if let DecodedBody::Act(Act::BlobErased { sha256, .. }) = &entry.decoded {
                self.erased.push(*sha256);
            }
            if let DecodedBody::Act(Act::Assign { device, .. }) = &entry.decoded {
                self.release_held_of(device)?;
            }
            arrives.map_or(Ok(()), |change| self.release_waiting(&change))?;
        }
        Ok(Some(receipt))
    }

    /// Only what an entry names can be erased.
    fn judge_erasure(&self, act: &Act) -> Result<Result<(), Reason>, RowsError> {
        let Act::BlobErased { sha256, .. } = act else { return Ok(Ok(())) };
        if !namings(self.overlay, sha256)?.is_empty() {
            return Ok(Ok(()));
        }
        let what = format!("no entry names the photo {}", sha256.short());
        Ok(Err(Reason::Rule { rule: "blob_erased".into(), what }))
    }

    /// Whether who brings an enrolment might as well invite: then one that was lost with a ledger's past comes back even
    /// if its code has ended since.
    fn may_invite(&self, carrier: Option<&DeviceId>) -> Result<bool, RowsError> {
        let Some(carrier) = carrier else { return Ok(false) };
        let row: Option<DeviceRow> = read(self.overlay, &keyspace::device(carrier))?;
        Ok(row.is_some_and(|row| row.revoked.is_none() && row.role == Role::Admin))
    }

    /// The change that others may wait for, if this entry is accepted: its own, or the one it releases.
    fn change_that_arrives(&self, entry: &VerifiedEntry) -> Result<Option<Hash>, RowsError> {
        match &entry.decoded {
            DecodedBody::Change(_) => Ok(Some(entry.chained.entry.body.hash())),
            DecodedBody::Act(Act::Release { seq, .. }) => {
                Ok(self.quarantined(*seq)?.map(|(_, chained)| chained.entry.body.hash()))
            }
            DecodedBody::Act(_) => Ok(None),
        }
    }

    fn store(
        &mut self,
        entry: &VerifiedEntry,
        receipt: &Receipt,
        judged: Option<Acceptable<'_>>,
    ) -> Result<(), HubError> {
        let news = fold_entry(self.hub.book.now_mut(), self.overlay, self.next_seq, receipt, entry, judged)?;
        let line = Line::Entry { receipt: Some(receipt.clone()), chained: entry.chained.clone() };
        self.lines.push(line.to_bytes());
        self.next_seq += 1;
        self.news.extend(news);
        if receipt.verdict.is_accepted() {
            self.stats.accepted += 1;
        } else {
            self.stats.quarantined += 1;
        }
        Ok(())
    }
}
