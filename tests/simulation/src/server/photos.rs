//! Photos at a server: the production spool, store and way of keeping, over the simulated disk. What the server does
//! around them in its routes and beside them in the background is imitated here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use blobs::agree::{Differing, compare, to_say};
use blobs::keeping::{End, Event, Keeping, Step};
use blobs::sweep::{Kept, PARTIAL_IDLE, orphans};
use blobs::{Partial, Spool, SpoolError, Store, StoreError};
use engine::committer::catch_up;
use futures_util::FutureExt as _;
use sync_core::hub::{Admitted, BlobGrant, BlobStanding, Hub};
use sync_core::id::{DeviceId, Hash};
use sync_core::log::act::StoredBlob;
use sync_core::replica::sync::upload;
use sync_core::rows::{Overlay, Rows, RowsError};
use sync_core::state::evidence::{all_erased, all_stored, erased, is_stored, stored};
use sync_core::state::fold::EntryRow;
use sync_core::state::keyspace;
use sync_core::wire::message::BlobUse;

use super::{Server, Trouble, breaks};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::disk::{Folder, SimDisk};
use crate::medium::open_store;
use crate::objects::{Objects, STORE, time};

/// A server's photos.
pub struct Photos {
    objects: Objects,
    store: Store,
    spool: Spool<Objects>,
    /// Those that arrived whole and are not kept yet: what the process knows.
    waiting: Vec<Partial>,
    /// Those that could not be erased yet: what the process knows.
    unerased: BTreeSet<Hash>,
    /// Those that are here, and of which the ledger does not speak: what the process knows.
    unsaid: Vec<Kept>,
    /// What tickets were given for; a ticket is the place in this list.
    granted: RefCell<Vec<BlobGrant>>,
    /// The folders of whole ones as they were at the backups, the newest last.
    pub backups: Vec<Folder>,
    /// Those that an older folder had not, which was put back; and those that were erased: a restored ledger may have lost
    /// the word for it.
    pub lost: BTreeSet<Hash>,
    /// Ledger and store were compared since the start.
    is_compared: bool,
    /// It is being looked after: a store that fails under that is not opened for ever.
    is_looking: bool,
    /// How often bytes were looked at behind a receipt.
    pub looked: u64,
    /// Kept, erased and swept ones.
    pub counts: PhotoCounts,
}

/// Counts of what became of photos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhotoCounts {
    /// Kept, with the ledger's word for it.
    pub kept: u64,
    /// Pieces that arrived.
    pub pieces: u64,
    /// Erased.
    pub erased: u64,
    /// Swept, partials included.
    pub swept: u64,
    /// Kept from the spool after a stop.
    pub resumed: u64,
    /// Said to be missing after an older copy was put back.
    pub missing: u64,
    /// Found after an older ledger was put back, and said again.
    pub found: u64,
}

/// Waits for what does not wait: nothing under it takes time.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("the simulated store answers at once")
}

fn partial(grant: &BlobGrant) -> Partial {
    Partial { blob: grant.sha256, device: grant.device, of: grant.of, bytes: grant.bytes }
}

fn refused(code: &str) -> upload::Event {
    upload::Event::Refused { code: code.into(), is_own_trouble: matches!(code, "no_room") }
}

impl Photos {
    /// Those of a new server.
    pub fn on(disk: SimDisk, bug: Option<Bug>) -> Self {
        let objects = Objects::on(disk, bug != Some(Bug::ReceiptBeforeBytes));
        Self {
            store: Store::over(std::sync::Arc::new(objects.clone())),
            spool: Spool::over(objects.clone()),
            objects,
            waiting: Vec::new(),
            unerased: BTreeSet::new(),
            unsaid: Vec::new(),
            granted: RefCell::default(),
            backups: Vec::new(),
            lost: BTreeSet::new(),
            is_compared: false,
            is_looking: false,
            looked: 0,
            counts: PhotoCounts::default(),
        }
    }

    /// The process ends.
    pub fn forget(&mut self) {
        self.waiting.clear();
        self.unerased.clear();
        self.unsaid.clear();
        self.is_compared = false;
    }

    /// Returns a ticket for each blob that a request may do something with.
    pub fn tickets(
        &self,
        hub: &Hub,
        rows: &dyn Rows,
        admitted: &Admitted,
    ) -> Result<Vec<Option<String>>, Broken> {
        let grants = hub.blob_grants(rows, admitted).map_err(|error| breaks("tickets for photos", &error))?;
        let mut granted = self.granted.borrow_mut();
        let ticket = |grant: Option<BlobGrant>| {
            grant.map(|grant| {
                granted.push(grant);
                (granted.len() - 1).to_string()
            })
        };
        Ok(grants.into_iter().map(ticket).collect())
    }

    fn grant(&self, ticket: &str, r#use: BlobUse) -> Option<BlobGrant> {
        let place: usize = ticket.parse().ok()?;
        self.granted.borrow().get(place).copied().filter(|grant| grant.r#use == r#use)
    }

    /// Whether whole bytes of a blob are in the store.
    pub fn has(&self, blob: &Hash) -> bool {
        at_once(self.store.get(blob)).is_ok()
    }

    /// Whether anything of a blob is here: in the store, or on its way.
    pub fn has_any(&self, blob: &Hash, disk: &SimDisk) -> bool {
        let is_whole = !matches!(at_once(self.store.size(blob)), Ok(None));
        let begins = format!("/spool/{blob}-");
        is_whole
            || disk.under(Path::new("/spool")).keys().any(|path| path.to_string_lossy().starts_with(&begins))
    }

    /// All whole ones.
    fn all(&self) -> Result<Vec<Kept>, StoreError> {
        let mut all = Vec::new();
        at_once(self.store.each(|blob, bytes, at_ms| all.push(Kept { blob, bytes, at_ms })))?;
        Ok(all)
    }
}

impl Server {
    fn photo_rows(&self) -> Option<&crate::medium::SimRows> {
        self.running.as_ref().map(|running| &running.rows)
    }

    /// `POST /v1/blobs` and `HEAD`: begins to bring a blob, or finds how far it came.
    pub fn begin_blob(&mut self, ticket: &str, now_ms: i64) -> Result<upload::Event, Broken> {
        let Some(grant) = self.photos.grant(ticket, BlobUse::Bring) else {
            return Ok(refused("no_such_blob"));
        };
        if self.running.is_none() {
            return Ok(upload::Event::Cut);
        }
        self.photos.objects.set_clock(self.clock(now_ms));
        match self.came(&grant, now_ms)? {
            Ok(Some(offset)) => Ok(upload::Event::Came(Some(offset))),
            Ok(None) => Ok(match self.photos.spool.begin(&partial(&grant)) {
                Ok(offset) => upload::Event::Came(Some(offset)),
                Err(_) => refused("no_room"),
            }),
            Err(code) => Ok(refused(code)),
        }
    }

    /// `PATCH`: brings a piece, or what arrives of one that is cut.
    pub fn take_piece(
        &mut self,
        ticket: &str,
        at: u64,
        piece: &[u8],
        now_ms: i64,
    ) -> Result<upload::Event, Broken> {
        let Some(grant) = self.photos.grant(ticket, BlobUse::Bring) else {
            return Ok(refused("no_such_blob"));
        };
        if self.running.is_none() {
            return Ok(upload::Event::Cut);
        }
        self.photos.objects.set_clock(self.clock(now_ms));
        match self.standing(&grant)? {
            BlobStanding::Erased => return Ok(refused("erased")),
            BlobStanding::Kept if at == grant.bytes => return Ok(upload::Event::Came(Some(at))),
            BlobStanding::Kept => return Ok(upload::Event::Came(None)),
            BlobStanding::Lacking => {}
        }
        let partial = partial(&grant);
        let appended = self.photos.spool.append(&partial, at, piece);
        self.photos.counts.pieces += u64::from(appended.is_ok());
        let end = match appended {
            Ok(end) => end,
            Err(SpoolError::Offset { .. }) => return Ok(upload::Event::Came(None)),
            Err(SpoolError::NotBegun) => return Ok(refused("no_such_blob")),
            Err(_) => return Ok(refused("no_room")),
        };
        if self.photos.spool.flush(&partial).is_err() {
            return Ok(refused("no_room"));
        }
        if self.bug == Some(Bug::PartialWhole) {
            return self.keep_part(&partial, now_ms);
        }
        if end == grant.bytes {
            return Ok(match self.keep_blob(partial, now_ms)? {
                End::Kept => upload::Event::Came(Some(end)),
                end => refused(code_of(&end)),
            });
        }
        Ok(upload::Event::Came(Some(end)))
    }

    /// A mistake: what has come so far counts as the whole.
    fn keep_part(&mut self, partial: &Partial, now_ms: i64) -> Result<upload::Event, Broken> {
        let Partial { blob, device, of, bytes } = *partial;
        let (name, spooled) = (blob.to_string(), format!("/spool/{blob}-{device}-{of}.part"));
        let part = self.medium.disk.whole(Path::new(&spooled)).ok().flatten().unwrap_or_default();
        let path = Path::new(STORE).join("blobs").join(&name[..2]).join(&name[2..4]).join(&name);
        let said = StoredBlob { sha256: blob, bytes, of };
        let is_kept = self.medium.disk.keep_whole(&path, &part, true).is_ok();
        match self.act(now_ms, |committer, now| committer.say_stored(&[said], now)) {
            Ok(()) if is_kept && self.says(partial)? => self.check_receipt(&blob)?,
            Err(Trouble::Broken(broken)) => return Err(broken),
            _ => return Ok(refused("no_room")),
        }
        Ok(upload::Event::Came(Some(bytes)))
    }

    fn standing(&self, grant: &BlobGrant) -> Result<BlobStanding, Broken> {
        let Some(rows) = self.photo_rows() else { return Ok(BlobStanding::Lacking) };
        grant.standing(rows).map_err(|error| breaks("where a photo stands", &error))
    }

    /// How many bytes of a blob are here, as the server's routes find it.
    fn came(&mut self, grant: &BlobGrant, now_ms: i64) -> Result<Result<Option<u64>, &'static str>, Broken> {
        match self.standing(grant)? {
            BlobStanding::Erased => return Ok(Err("erased")),
            BlobStanding::Kept => return Ok(Ok(Some(grant.bytes))),
            BlobStanding::Lacking => {}
        }
        let partial = partial(grant);
        let Ok(offset) = self.photos.spool.offset(&partial) else { return Ok(Err("no_room")) };
        if offset == Some(grant.bytes) {
            let end = self.keep_blob(partial, now_ms)?;
            if end != End::Kept {
                return Ok(Err(code_of(&end)));
            }
        }
        Ok(Ok(offset))
    }

    /// Keeps a blob that has arrived whole, and has the ledger say so.
    fn keep_blob(&mut self, partial: Partial, now_ms: i64) -> Result<End, Broken> {
        if !self.photos.waiting.contains(&partial) {
            self.photos.waiting.push(partial);
        }
        let mut keeping = Keeping::of(partial);
        let mut event = Event::Begin;
        let end = loop {
            event = match keeping.next(event) {
                Step::Read => Event::Read(self.photos.spool.whole(&partial)),
                Step::Put(bytes) => Event::Did(at_once(self.photos.store.put(&partial.blob, bytes)).is_ok()),
                Step::Say(blob) => {
                    let said = self.act(now_ms, |committer, now| committer.say_stored(&[blob], now));
                    match said {
                        Ok(()) => Event::Did(self.says(&partial)?),
                        Err(Trouble::Broken(broken)) => return Err(broken),
                        Err(Trouble::Disk(_)) => Event::Did(false),
                    }
                }
                Step::Look => match self.photo_rows() {
                    Some(rows) => {
                        let gone =
                            erased(rows, &partial.blob).map_err(|error| breaks("an erasure", &error))?;
                        Event::Erased(gone.is_some())
                    }
                    None => Event::Did(false),
                },
                Step::Erase => {
                    self.erase(&[partial.blob]);
                    Event::Did(true)
                }
                Step::Drop => Event::Did(self.photos.spool.drop(&partial).is_ok()),
                Step::Done(end) => break end,
            };
        };
        if end != End::Later {
            self.photos.waiting.retain(|other| *other != partial);
        }
        if end == End::Kept {
            self.photos.counts.kept += 1;
            self.photos.lost.remove(&partial.blob);
            self.check_receipt(&partial.blob)?;
        }
        Ok(end)
    }

    /// Whether the ledger says of a blob what was to be said.
    fn says(&self, partial: &Partial) -> Result<bool, Broken> {
        let Some(rows) = self.photo_rows() else { return Ok(false) };
        let said = stored(rows, &partial.blob, &partial.of)
            .and_then(|stored| Ok(stored.is_some() || erased(rows, &partial.blob)?.is_some()));
        said.map_err(|error| breaks("a receipt for a photo", &error))
    }

    /// Erases bytes here and in the spool; those that cannot be erased now, later.
    pub(super) fn erase(&mut self, blobs: &[Hash]) {
        for blob in blobs {
            let done = at_once(self.photos.store.delete(blob));
            let spool = self.photos.spool.forget(blob);
            if done.is_err() || spool.is_err() {
                self.photos.unerased.insert(*blob);
            } else {
                self.photos.counts.erased += 1;
                self.photos.lost.insert(*blob);
            }
        }
    }

    /// What a server does for its photos after a start: it erases again what was erased, and keeps what had arrived whole.
    pub fn look_after(&mut self, now_ms: i64) -> Result<(), Broken> {
        self.photos.objects.set_clock(self.clock(now_ms));
        let Some(rows) = self.photo_rows() else { return Ok(()) };
        let gone = all_erased(rows).map_err(|error| breaks("what was erased", &error))?;
        if self.bug != Some(Bug::ErasedOnce) {
            self.photos.unerased.extend(gone);
        }
        if let Ok(whole) = self.photos.spool.all_whole() {
            self.photos.counts.resumed += whole.len() as u64;
            self.photos.waiting = whole;
        }
        if !std::mem::replace(&mut self.photos.is_looking, true) {
            let looked = self.look_again(now_ms);
            self.photos.is_looking = false;
            looked?;
        }
        self.check_photos()
    }

    /// Compares ledger and store, and has the ledger say what is missing.
    fn compare_photos(&mut self, now_ms: i64) -> Result<(), Broken> {
        if self.bug == Some(Bug::NeverCompared) {
            self.photos.is_compared = true;
        }
        let Some(rows) = self.photo_rows().filter(|_| !self.photos.is_compared) else { return Ok(()) };
        let said = all_stored(rows).map_err(|error| breaks("what is said of photos", &error))?;
        let Ok(all) = self.photos.all() else { return Ok(()) };
        let Differing { missing, unsaid } = compare(&said, &all);
        self.photos.unsaid = unsaid;
        if let Some(blob) = missing.iter().find(|blob| !self.photos.lost.contains(&blob.sha256)) {
            return self.check_receipt(&blob.sha256);
        }
        self.photos.counts.missing += missing.len() as u64;
        match self.act(now_ms, |committer, now| committer.say_missing(&missing, now)) {
            Err(Trouble::Broken(broken)) => return Err(broken),
            Err(Trouble::Disk(_)) => return Ok(()),
            Ok(()) => {}
        }
        let Some(rows) = self.photo_rows() else { return Ok(()) };
        let is_said = |blob: &StoredBlob| Ok(stored(rows, &blob.sha256, &blob.of)?.is_none());
        let said: Result<Vec<bool>, RowsError> = missing.iter().map(is_said).collect();
        self.photos.is_compared =
            said.map_err(|error| breaks("what is missing", &error))?.iter().all(|is| *is);
        Ok(())
    }

    /// Has the ledger say what was found here, once an entry names it.
    fn say_found(&mut self, now_ms: i64) -> Result<(), Broken> {
        let before = self.photos.unsaid.clone();
        let mut unsaid = before.clone();
        let Some(rows) = self.photo_rows().filter(|_| !before.is_empty()) else { return Ok(()) };
        let found = to_say(rows, &mut unsaid).map_err(|error| breaks("what was found", &error))?;
        if found.is_empty() {
            self.photos.unsaid = unsaid;
            return Ok(());
        }
        // What could not be said now is looked at once more.
        self.photos.counts.found += found.len() as u64;
        match self.act(now_ms, |committer, now| committer.say_stored(&found, now)) {
            Err(Trouble::Broken(broken)) => Err(broken),
            _ => Ok(()),
        }
    }

    /// What it does again and again: what could not be erased or kept before.
    pub fn look_again(&mut self, now_ms: i64) -> Result<(), Broken> {
        self.compare_photos(now_ms)?;
        for blob in std::mem::take(&mut self.photos.unerased) {
            let there = at_once(self.photos.store.size(&blob));
            if !matches!(there, Ok(None)) || self.photos.spool.forget(&blob).is_err() {
                self.erase(&[blob]);
            }
        }
        for partial in self.photos.waiting.clone() {
            if self.running.is_none() || self.keep_blob(partial, now_ms)? == End::Later {
                break;
            }
        }
        self.say_found(now_ms)
    }

    /// `sweep-photos --delete`, with the server stopped.
    pub fn sweep(&mut self, now_ms: i64) -> Result<String, Broken> {
        if self.clock_off_ms.abs() > crate::plan::DAY_MS {
            return Ok("shows another year: nobody sweeps by such a clock".into());
        }
        self.close();
        let at_ms = self.clock(now_ms);
        self.photos.objects.set_clock(at_ms);
        let Ok((mut store, _)) = open_store(&self.medium, &self.options) else {
            return Ok("does not open: nothing is swept".into());
        };
        if catch_up(&mut store, &mut |_| {}).is_err() {
            return Ok("does not open: nothing is swept".into());
        }
        let rows = store.rows();
        let Ok(all) = self.photos.all() else { return Ok("cannot list its photos".into()) };
        let seen = Overlay::new(&rows);
        let seen = if self.bug == Some(Bug::HeldUnnamed) { without_held(seen)? } else { seen };
        let orphans =
            orphans(&seen, &store.lines(), &all, at_ms).map_err(|error| breaks("orphans", &error))?;
        for kept in &orphans {
            if at_once(self.photos.store.delete(&kept.blob)).is_ok() {
                self.check_swept(&kept.blob)?;
                self.photos.counts.swept += 1;
            }
        }
        let partials = self.photos.spool.sweep(time(at_ms), PARTIAL_IDLE, false).unwrap_or_default();
        self.photos.counts.swept += partials.partials;
        drop(store.close());
        Ok(format!("sweeps {} photos that no entry names and {} partials", orphans.len(), partials.partials))
    }

    /// What an entry of the ledger names is swept by nobody, as the model reads the ledger.
    fn check_swept(&self, blob: &Hash) -> Result<(), Broken> {
        match self.book.names_blob(blob) {
            Some(number) => Err(Property::NamedUnswept.broken(format!(
                "the photo {} was swept, and number {number} of the ledger names it",
                blob.short()
            ))),
            None => Ok(()),
        }
    }

    /// A receipt means bytes: of one blob.
    fn check_receipt(&mut self, blob: &Hash) -> Result<(), Broken> {
        self.photos.looked += 1;
        if self.medium.disk.has_stopped() || self.photos.has(blob) {
            return Ok(());
        }
        let how = format!("the ledger says that the photo {} is here, and its bytes are not", blob.short());
        Err(Property::ReceiptMeansBytes.broken(how))
    }

    /// A receipt means bytes, and an erasure none: of all blobs that the ledger speaks of, as the model reads it.
    pub fn check_photos(&mut self) -> Result<(), Broken> {
        if self.medium.disk.has_stopped() || self.running.is_none() || !self.photos.is_compared {
            return Ok(());
        }
        for blob in self.book.stored_blobs() {
            self.check_receipt(&blob)?;
        }
        for blob in self.book.erased_blobs() {
            let waits = self.photos.unerased.contains(&blob);
            if !waits && self.photos.has_any(&blob, &self.medium.disk) {
                let how = format!("the photo {} was erased, and the server has its bytes", blob.short());
                return Err(Property::ErasedGone.broken(how));
            }
        }
        Ok(())
    }

    /// Whether the ledger says that a blob is here, by the rows.
    pub fn says_stored(&self, blob: &Hash) -> bool {
        self.photo_rows().is_some_and(|rows| is_stored(rows, blob).unwrap_or(false))
    }

    /// Notes the folder of whole photos with a backup.
    pub fn back_up_photos(&mut self) {
        self.photos.backups.push(self.medium.disk.under(Path::new(STORE)));
    }

    /// After a backup was put back: photos may lie elsewhere and be as they were, or come from an older backup.
    pub fn restore_photos(&mut self, live: &Folder, way: u64) {
        let backups = &self.photos.backups;
        let folder = match way {
            0 => backups.last().cloned(),
            1 => Some(live.clone()),
            _ => backups.iter().rev().nth(1).or(backups.last()).cloned(),
        };
        let folder = folder.unwrap_or_default();
        let names = |folder: &Folder| -> BTreeSet<Hash> {
            let name = |path: &std::path::PathBuf| path.file_name()?.to_str()?.parse().ok();
            folder.keys().filter_map(name).collect()
        };
        let (had, has) = (names(live), names(&folder));
        self.photos.lost.extend(had.difference(&has));
        self.medium.disk.replace_under(Path::new(STORE), &folder);
        self.photos.objects.empty_spool();
        self.photos.forget();
    }

    /// The folder of whole photos as it is now.
    pub fn photo_folder(&self) -> Folder {
        self.medium.disk.under(Path::new(STORE))
    }
}

fn code_of(end: &End) -> &'static str {
    match end {
        End::Kept => "",
        End::OtherBytes => "checksum",
        End::NoPicture(_) => "no_picture",
        End::Erased => "erased",
        End::Later => "no_room",
    }
}

/// Rows as a sweeper sees them that forgets what stands in quarantine.
fn without_held<'r>(mut rows: Overlay<'r>) -> Result<Overlay<'r>, Broken> {
    let says = |error: RowsError| breaks("names of photos", &error);
    let mut keys = Vec::new();
    let prefix = keyspace::NAMED_BLOBS;
    let scanned = rows.scan(prefix, prefix, &mut |key, value| {
        keys.push((key.to_vec(), value.to_vec()));
        true
    });
    scanned.map_err(says)?;
    for (key, value) in keys {
        let named: Result<sync_core::state::evidence::NamedRow, _> = sync_core::rows::decode(&value);
        let device = key.get(prefix.len() + 32..prefix.len() + 48).and_then(DeviceId::from_slice);
        let (Ok(named), Some(device)) = (named, device) else { continue };
        let entry: Option<EntryRow> =
            sync_core::rows::read(&rows, &keyspace::entry(&device, named.device_seq)).map_err(says)?;
        if entry.is_none_or(|entry| entry.accepted().is_none()) {
            rows.delete(key);
        }
    }
    Ok(rows)
}
