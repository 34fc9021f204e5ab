//! Photos on a phone: the bytes in its folder, each under its content address, as `crew` keeps them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::log::act::Erasure;
use sync_core::log::entry::Body;
use sync_core::log::line::Line;
use sync_core::replica::evidence::NewPhoto;
use sync_core::replica::sync::reply::BlobTicket;
use sync_core::replica::{BundledPhoto, Replica, ReplicaError};
use sync_core::view::lists::Filter;
use sync_core::wire::message::BlobUse;

use super::{Hindered, Phone};
use crate::book::photos_of;
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::medium::Medium;
use store_disk::simulation::Disk as _;

const FOLDER: &str = "/photos";
/// Bytes of pixels in a photo at most, and in its small form. They stand for hundreds of thousands.
const PHOTO_BYTES_MAX: u64 = 400;
const THUMB_BYTES_MAX: u64 = 24;

/// What is known of a phone's photos.
#[derive(Debug, Clone, Default)]
pub struct Album {
    /// Those that its entries name: its person was told that they are saved.
    pub taken: BTreeSet<Hash>,
    /// Those whose copy it let go of, because the office has them.
    pub freed: BTreeSet<Hash>,
    /// Those that were erased here, by its person or because the ledger says so.
    pub unwanted: BTreeSet<Hash>,
    /// Every exchange brings photos: the story is over.
    pub brings_all: bool,
    /// Tickets of the exchange that has just ended.
    pub tickets: Vec<BlobTicket>,
}

/// A PNG of one pixel, with these bytes in the place of it: what reads headers alone takes it.
pub fn picture(pixels: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    for (name, data) in [(b"IHDR", &header[..]), (b"IDAT", pixels), (b"IEND", &[])] {
        bytes.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        bytes.extend(name);
        bytes.extend(data);
        let mut sum = crc32fast::Hasher::new();
        sum.update(name);
        sum.update(data);
        bytes.extend(sum.finalize().to_be_bytes());
    }
    bytes
}

fn hash_of(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

fn path(blob: &Hash) -> PathBuf {
    Path::new(FOLDER).join(blob.to_string())
}

/// The photos that own entries name and that are here, in lines of a journal: a supervisor who writes an entry of another
/// device again has none of its photos.
pub(super) fn taken_in(lines: &[Vec<u8>], medium: &Medium) -> Vec<Hash> {
    let named = |line: &Vec<u8>| match Line::from_bytes(line) {
        Ok(Line::Entry { receipt: None, chained }) => match &chained.entry.body {
            Body::Change(raw) => photos_of(&raw.bytes),
            Body::Act(_) => Vec::new(),
        },
        _ => Vec::new(),
    };
    let is_here = |blob: &Hash| matches!(medium.disk.whole(&path(blob)), Ok(Some(_)));
    lines.iter().flat_map(named).filter(is_here).collect()
}

impl Phone {
    /// Keeps bytes under their content address; when this returns they are durable.
    fn keep_photo(&mut self, bytes: &[u8]) -> Result<Hash, Hindered> {
        let blob = hash_of(bytes);
        let waits = self.bug != Some(Bug::EntryBeforeBytes);
        match self.medium.disk.keep_whole(&path(&blob), bytes, waits) {
            Ok(()) => Ok(blob),
            Err(_) => {
                if self.medium.disk.has_stopped() {
                    self.close();
                }
                Err(Hindered::Disk)
            }
        }
    }

    /// Takes a photo of an order: its bytes first, then the entry that names them.
    pub fn take_photo(&mut self, now_ms: i64, dice: &mut Dice) -> Result<String, Hindered> {
        let folio = self.read(now_ms, |replica| some_order(replica, dice))?;
        let mut pixels = |most: u64| -> Vec<u8> {
            let count = dice.between(1, most);
            (0..count).map(|_| u8::try_from(dice.below(256)).unwrap_or(0)).collect()
        };
        let (photo, thumb) = (picture(&pixels(PHOTO_BYTES_MAX)), picture(&pixels(THUMB_BYTES_MAX)));
        let (sha256, thumb_sha256) = (self.keep_photo(&photo)?, self.keep_photo(&thumb)?);
        let new = NewPhoto {
            what: "after".into(),
            sha256,
            bytes: photo.len() as u64,
            media_type: "image/png".into(),
            size: (1, 1),
            thumb: Some((thumb_sha256, thumb.len() as u64)),
            original: None,
            taken_at_ms: now_ms,
            place: None,
            caption: None,
            post: None,
        };
        self.act(now_ms, |replica| replica.add_photo(&folio, &new))?;
        Ok(format!("takes photo {} of {folio}", sha256.short()))
    }

    /// Erases a photo of an order everywhere, and here at once.
    pub fn erase_photo(&mut self, now_ms: i64, dice: &mut Dice) -> Result<String, Hindered> {
        let found = self.read(now_ms, |replica| {
            let mut all = Vec::new();
            for order in replica.view().order_list(&Filter::default())? {
                for photo in replica.view().order_show(&order.folio)?.photos {
                    all.extend(photo["id"].as_str().map(|id| (order.folio.clone(), id.to_owned())));
                }
            }
            Ok(all)
        })?;
        let Some((folio, item)) = dice.pick(&found).cloned() else {
            return Ok("sees no photo to erase".into());
        };
        let gone = self.act(now_ms, |replica| replica.erase_photo(&folio, &item, Erasure::Asked))?;
        self.album.unwanted.extend(&gone);
        for blob in &gone {
            self.delete_photo(blob)?;
        }
        Ok(format!("erases {item} of {folio}"))
    }

    /// Lets go of the copies of what the office has.
    pub fn free_photos(&mut self, now_ms: i64) -> Result<String, Hindered> {
        let here = self.photos();
        let mut free = self.read(now_ms, |replica| replica.to_free(&here))?;
        if self.bug == Some(Bug::FreedEarly) {
            free = here;
        }
        for blob in &free {
            self.album.freed.insert(*blob);
            self.delete_photo(blob)?;
        }
        Ok(format!("lets go of {} photos", free.len()))
    }

    /// Deletes the copies of what was erased, of what was carried and is at the office, and of what no entry came to name.
    pub fn delete_here(&mut self, now_ms: i64) -> Result<(), Hindered> {
        let here = self.photos();
        if here.is_empty() || self.bug == Some(Bug::ErasedStays) {
            return Ok(());
        }
        for blob in self.read(now_ms, |replica| replica.to_delete(&here))? {
            self.album.unwanted.insert(blob);
            self.delete_photo(&blob)?;
        }
        for blob in self.read(now_ms, |replica| replica.unnamed(&here))? {
            self.delete_photo(&blob)?;
        }
        Ok(())
    }

    fn delete_photo(&mut self, blob: &Hash) -> Result<(), Hindered> {
        match self.medium.disk.remove(&path(blob)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                if self.medium.disk.has_stopped() {
                    self.close();
                }
                Err(Hindered::Disk)
            }
            _ => Ok(()),
        }
    }

    /// Photos to bring that are not here: nothing is asked for them.
    pub fn absent_photos(&mut self, now_ms: i64) -> Result<Vec<Hash>, Hindered> {
        let all = self.read(now_ms, |replica| replica.to_bring(true))?;
        Ok(all.into_iter().map(|blob| blob.sha256).filter(|blob| self.photo(blob).is_none()).collect())
    }

    /// All photos that are here.
    pub fn photos(&self) -> Vec<Hash> {
        let files = self.medium.disk.files_in(Path::new(FOLDER)).into_iter();
        files.filter_map(|(path, _)| path.file_name()?.to_str()?.parse().ok()).collect()
    }

    /// A photo that is here, whole.
    pub fn photo(&self, blob: &Hash) -> Option<Vec<u8>> {
        self.medium.disk.whole(&path(blob)).ok().flatten().filter(|bytes| hash_of(bytes) == *blob)
    }

    /// Tickets of the exchange that has just ended, for what it is to bring.
    pub fn take_tickets(&mut self) -> Vec<BlobTicket> {
        let tickets = std::mem::take(&mut self.album.tickets);
        tickets.into_iter().filter(|ticket| ticket.r#use == BlobUse::Bring).collect()
    }

    /// The photos of a bundle, with their bytes.
    pub(super) fn bundled(&mut self, now_ms: i64) -> Result<Vec<BundledPhoto>, Hindered> {
        let lacking = self.read(now_ms, |replica| replica.blobs_to_bring(true))?;
        let bytes = |blob: sync_core::log::line::CarriedBlob| {
            Some(BundledPhoto { bytes: self.photo(&blob.sha256)?.into(), blob })
        };
        Ok(lacking.into_iter().filter_map(bytes).collect())
    }

    /// Takes a bundle in: its photos are durable before a line says that they are carried.
    pub fn take_bundle(
        &mut self,
        now_ms: i64,
        bytes: &[u8],
    ) -> Result<sync_core::replica::BundleCounts, Hindered> {
        for photo in sync_core::replica::bundle::photos(bytes).map_err(Hindered::Refused)? {
            self.keep_photo(&photo.bytes)?;
        }
        self.act(now_ms, |replica| replica.bundle_import(bytes))
    }

    /// What its entries name is here, but for what it let go of or was to erase.
    pub(super) fn check_album(&self) -> Result<(), Broken> {
        let album = &self.album;
        let lost = album.taken.iter().find(|blob| {
            !album.freed.contains(*blob) && !album.unwanted.contains(*blob) && self.photo(blob).is_none()
        });
        match lost.filter(|_| !self.medium.disk.has_stopped()) {
            Some(blob) => Err(Property::PhotoSurvives.broken(format!(
                "phone {}: the photo {} was said to be saved, and is not there after a stop",
                self.number,
                blob.short()
            ))),
            None => Ok(()),
        }
    }
}

/// An order of this phone, of the newest ones.
fn some_order(replica: &Replica<'_>, dice: &mut Dice) -> Result<String, ReplicaError> {
    let orders = replica.view().order_list(&Filter::default())?;
    let order = dice.pick(&orders[orders.len().saturating_sub(6)..]).map(|order| order.folio.clone());
    order.ok_or_else(|| ReplicaError::Unknown { what: "order", word: "any".into(), known: Vec::new() })
}
