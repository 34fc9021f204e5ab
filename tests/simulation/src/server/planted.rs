//! Planted: what known mistakes would do to the server's rows, lines and replies.

use std::path::Path;

use engine::committer::Judged;
use store::Watermark;
use sync_core::crypto::SecretKey;
use sync_core::id::{DeviceId, Hash};
use sync_core::rows::{Batch, Overlay, read};
use sync_core::state::authority::DeviceRow;
use sync_core::state::authority::Filled;
use sync_core::state::fold::EntryRow;
use sync_core::state::keyspace;
use sync_core::state::local::{self, Asked};
use sync_core::state::refs::receiver;
use sync_core::wire::message::{SyncReply, SyncRequest, request_hash, seal_reply};
use sync_core::wire::pack::unpack;

use super::{Job, Message, Server, Ticket};
use crate::bugs::Bug;
use crate::medium::{FOLDER, Medium, SimRows};

const MAGIC_BYTES: usize = 4;
const SIGNATURE_BYTES: usize = 64;

fn body_of(frame: &[u8]) -> &[u8] {
    frame.get(MAGIC_BYTES..frame.len().saturating_sub(SIGNATURE_BYTES)).unwrap_or_default()
}

/// What a mistake shows the hub in the place of the true rows, for as long as it judges.
pub(super) fn before_judge(bug: Option<Bug>, medium: &Medium, rows: &SimRows, jobs: &[Job]) -> Shown {
    let mut own = Overlay::new(rows);
    if let Some(bug) = bug {
        for job in jobs.iter().filter(|job| job.message == Message::Sync) {
            show(bug, &mut own, &job.frame);
        }
    }
    Shown(medium.write_rows(&own.batch))
}

/// The true rows, where a mistake showed others.
pub(super) struct Shown(Batch);

impl Shown {
    /// Puts the true rows back.
    pub(super) fn put_back(self, medium: &Medium) {
        medium.undo_rows(self.0);
    }
}

fn show(bug: Bug, own: &mut Overlay<'_>, frame: &[u8]) {
    let Ok(sync) = rmp_serde::from_slice::<SyncRequest>(body_of(frame)) else { return };
    if bug == Bug::RevokedAccepted
        && let Ok(Some(mut row)) = read::<DeviceRow>(own, &keyspace::device(&sync.device))
        && row.revoked.take().is_some()
    {
        own.write(keyspace::device(&sync.device), &row);
    }
    if bug == Bug::QuotaForgotten
        && let Ok(Some(mut row)) = read::<DeviceRow>(own, &keyspace::device(&sync.device))
    {
        row.filled = Filled::default();
        own.write(keyspace::device(&sync.device), &row);
    }
    if bug == Bug::RulesOfNow {
        let key = local::attempt(&sync.device);
        let asked: Asked = read(own, &key).ok().flatten().unwrap_or_default();
        own.write(key, &Asked { heard: vec![(0, u64::MAX)], ..asked });
    }
    let Some(segment) = &sync.own else { return };
    if !matches!(bug, Bug::ForkUnchecked | Bug::DuplicateTwice) {
        return;
    }
    let Ok(items) = unpack(&segment.pack, &receiver(own)) else { return };
    let Some(first) = items.first().map(|one| one.item.header.seq).filter(|first| *first > 1) else {
        return;
    };
    let at = |own: &Overlay<'_>, seq: u64| -> Option<EntryRow> {
        read(own, &keyspace::entry(&sync.device, seq)).ok().flatten()
    };
    let Some(before) = at(own, first - 1).and_then(|row| row.hash) else { return };
    // The check of a branch compares hashes; a duplicate has the same.
    let is_there = at(own, first).is_some();
    let is_duplicate = before.0.starts_with(&segment.prev);
    if is_there && (is_duplicate || bug == Bug::ForkUnchecked) {
        forget_from(own, &sync.device, first, before);
    }
}

/// Forgets a device's chain from an entry on.
fn forget_from(own: &mut Overlay<'_>, device: &DeviceId, first: u64, before: Hash) {
    let Ok(Some(mut row)) = read::<DeviceRow>(own, &keyspace::device(device)) else { return };
    for seq in first..=row.head_seq {
        own.delete(keyspace::entry(device, seq));
    }
    row.head_seq = first - 1;
    row.head = before;
    own.write(keyspace::device(device), &row);
}

/// A reply as a mistake would send it.
pub(super) fn reply(
    bug: Option<Bug>,
    key: &SecretKey,
    request: &[u8],
    frame: Vec<u8>,
    message: Message,
    ahead: u64,
) -> Vec<u8> {
    let is_wrong = matches!(bug, Some(Bug::ReceiptShifted | Bug::FromTooNew)) || ahead > 0;
    if !is_wrong || message != Message::Sync {
        return frame;
    }
    let Ok(mut reply) = rmp_serde::from_slice::<SyncReply>(body_of(&frame)) else { return frame };
    match bug {
        Some(Bug::ReceiptShifted) => reply.own.iter_mut().for_each(|run| run.seq += 1),
        Some(Bug::FromTooNew) => {
            let Ok(sync) = rmp_serde::from_slice::<SyncRequest>(body_of(request)) else { return frame };
            reply.from = reply.from.and(sync.older.first().copied());
        }
        _ => {
            // The cursor says that everything was read, and it was not.
            reply.cursor += ahead;
            reply.server_seq += ahead;
            reply.fingerprints.clear();
        }
    }
    seal_reply(key, &request_hash(request), &reply)
}

/// Mistakes between judging and appending.
pub(super) fn before_append(bug: Option<Bug>, medium: &Medium, judged: &Judged<Ticket>) {
    if bug == Some(Bug::ApplyBeforeAppend) {
        apply_at_once(medium, judged.batch());
    }
    if bug == Some(Bug::SecondLost) {
        let counts = judged.outcomes().map(|(_, outcome)| outcome.map_or(0, |one| one.lines().len()));
        let mut bringing = counts.filter(|count| *count > 0);
        let left_out = bringing.next().zip(bringing.next()).map(|(first, second)| first..first + second);
        medium.planted().left_out = left_out;
    }
}

/// Rows that are applied whatever became of their lines.
pub(super) fn apply_at_once(medium: &Medium, batch: &Batch) {
    medium.write_rows(batch);
}

impl Server {
    /// Mistakes that a server has from its start.
    pub(super) fn plant(&mut self) {
        self.medium.planted().bug = self.bug;
        if self.bug == Some(Bug::AckBeforeSync) {
            self.medium.disk.set_lying(true);
        }
    }

    /// Mistakes in opening.
    pub(super) fn mistake_before_open(&mut self) {
        match self.bug {
            Some(Bug::TailCutTooFar) => frames::cut_one_more(&self.medium),
            Some(Bug::FlipUnseen) => frames::make_good(&self.medium),
            Some(Bug::TailKept) => {
                frames::keep_tail(&self.medium);
                frames::make_good(&self.medium);
            }
            Some(Bug::WatermarkUnchecked) => {
                let agreeing = frames::last_record(&self.medium);
                if let Some((seq, record_crc)) = agreeing
                    && self.medium.watermark() > 0
                {
                    self.medium.forge_watermark(Watermark { seq, record_crc });
                }
            }
            _ => {}
        }
    }

    /// Mistakes in checking.
    pub(super) fn mistake_before_check(&mut self, frame: &[u8]) {
        if self.bug == Some(Bug::AttemptUnchecked)
            && let Ok(sync) = rmp_serde::from_slice::<SyncRequest>(body_of(frame))
        {
            self.medium.edit_rows(|rows| drop(rows.remove(&local::attempt(&sync.device))));
        }
    }
}

/// The bytes of chunk files, read as the ledger's own comment describes them.
mod frames {
    use super::{FOLDER, Medium, Path};

    const CHUNK_HEADER_BYTES: usize = 24;
    const FRAME_HEADER_BYTES: usize = 16;
    /// Longer frames are not filled up.
    const TAIL_BYTES_MAX: usize = 1 << 20;

    fn last_chunk(medium: &Medium) -> Option<std::path::PathBuf> {
        let files = medium.disk.files_in(&Path::new(FOLDER).join("ledger"));
        files.into_iter().map(|(path, _)| path).max()
    }

    fn first_seq(path: &Path) -> u64 {
        path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).unwrap_or(1)
    }

    fn number(bytes: &[u8], at: usize) -> Option<usize> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    }

    /// Offsets of the frames, as their lengths lead from one to the next.
    fn offsets(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = CHUNK_HEADER_BYTES;
        while let Some(payload) = number(bytes, at) {
            let end = at + FRAME_HEADER_BYTES + payload;
            if payload == 0 || end > bytes.len() {
                break;
            }
            found.push((at, end));
            at = end;
        }
        found
    }

    fn crc(bytes: &[u8], seq: u64, at: usize, end: usize) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&seq.to_le_bytes());
        hasher.update(&bytes[at..at + 4]);
        hasher.update(&bytes[at + 12..at + 16]);
        hasher.update(&bytes[at + FRAME_HEADER_BYTES..end]);
        hasher.finalize()
    }

    /// Cuts the last whole frame when something stands behind it.
    pub(super) fn cut_one_more(medium: &Medium) {
        let Some(path) = last_chunk(medium) else { return };
        medium.disk.edit(&path, |bytes| {
            let frames = offsets(bytes);
            if let Some((at, end)) = frames.last().copied()
                && end < bytes.len()
            {
                bytes.truncate(at);
            }
        });
    }

    /// Fills an unfinished frame at the end with zeros, and takes the last frame for the end of its append.
    pub(super) fn keep_tail(medium: &Medium) {
        let Some(path) = last_chunk(medium) else { return };
        medium.disk.edit(&path, |bytes| {
            let whole = offsets(bytes);
            let at = whole.last().map_or(CHUNK_HEADER_BYTES, |(_, end)| *end);
            let payload = number(bytes, at).filter(|payload| *payload <= TAIL_BYTES_MAX);
            if let Some(payload) = payload.filter(|_| bytes.len() >= at + FRAME_HEADER_BYTES) {
                bytes.resize(at + FRAME_HEADER_BYTES + payload, 0);
            }
            if let Some((last, _)) = offsets(bytes).last() {
                // The highest bit of a frame's place says that another record of its append follows.
                bytes[last + 15] &= 0x7f;
            }
        });
    }

    /// Makes every frame's checksum right, as if nobody looked at it.
    pub(super) fn make_good(medium: &Medium) {
        for (path, _) in medium.disk.files_in(&Path::new(FOLDER).join("ledger")) {
            let first = first_seq(&path);
            medium.disk.edit(&path, |bytes| {
                for (seq, (at, end)) in (first..).zip(offsets(bytes)) {
                    let good = crc(bytes, seq, at, end).to_le_bytes();
                    bytes[at + 4..at + 8].copy_from_slice(&good);
                }
            });
        }
    }

    /// Number and crc32 of the last whole record.
    pub(super) fn last_record(medium: &Medium) -> Option<(u64, u32)> {
        let path = last_chunk(medium)?;
        let mut found = None;
        medium.disk.edit(&path, |bytes| {
            let frames = offsets(bytes);
            found = frames.last().map(|(at, end)| {
                let seq = first_seq(&path) + frames.len() as u64 - 1;
                (seq, crc32fast::hash(&bytes[at + FRAME_HEADER_BYTES..*end]))
            });
        });
        found
    }
}
