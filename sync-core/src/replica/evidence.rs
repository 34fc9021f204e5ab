//! Evidence: photos and signatures as a device has them. The entry names the bytes; the shell keeps and sends them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::orders::{check_length, text};
use super::sync::driver::BlobWants;
use super::{Replica, ReplicaError};
use crate::id::{DeviceId, Hash};
use crate::limits::BLOB_ASKS_MAX;
use crate::log::act::{Act, Erasure};
use crate::log::line::{CarriedBlob, DeviceLine};
use crate::record::change::Scalar;
use crate::record::document::ElementValue;
use crate::rows::RowsError;
use crate::state::evidence::{erased, is_stored, namings, stored};
use crate::state::local::{OwnBlob, own_blobs};
use crate::time::{TimeMs, rfc3339};
use crate::wire::message::{BlobAsk, BlobUse};

/// What a photo shows.
pub const PHOTO_KINDS: [&str; 6] = ["before", "during", "after", "meter", "signature", "letter"];
/// Longest caption, in characters.
const CAPTION_CHARS_MAX: usize = 200;
/// Longest post of who signed, in characters.
const POST_CHARS_MAX: usize = 120;

/// A photo or signature whose bytes are kept on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPhoto {
    /// One of [`PHOTO_KINDS`].
    pub what: String,
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its format: `image/jpeg`, `image/png` or `image/webp`.
    pub media_type: String,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Content address and bytes of its small form.
    pub thumb: Option<(Hash, u64)>,
    /// Content address of the file that the camera made, if it is kept.
    pub original: Option<Hash>,
    /// When it was taken, by the device's clock, in milliseconds.
    pub taken_at_ms: TimeMs,
    /// Where, if the device said.
    pub place: Option<PhotoPlace>,
    /// What it is of, in words.
    pub caption: Option<String>,
    /// Of a signature: the post of who signed, never a name.
    pub post: Option<String>,
}

/// Where a photo was taken, as the device said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPlace {
    /// Degrees north, WGS84, as decimals.
    pub lat: String,
    /// Degrees east.
    pub lng: String,
    /// How far off that may be, in metres.
    pub accuracy_m: Option<u32>,
    /// Degrees from north in which the camera looked.
    pub heading: Option<u32>,
}

/// A blob that the office is to get from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ToBring {
    /// Its content address.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether it is the small form of another one.
    pub is_thumb: bool,
}

impl Replica<'_> {
    /// Adds a photo or a signature to an order. Its bytes must be durable before.
    ///
    /// # Errors
    /// There is no such order, or the device may not; a word is too long, or a signature has no post.
    pub fn add_photo(&mut self, folio: &str, photo: &NewPhoto) -> Result<(), ReplicaError> {
        if !PHOTO_KINDS.contains(&photo.what.as_str()) {
            let known = PHOTO_KINDS.map(String::from).to_vec();
            return Err(ReplicaError::Unknown { what: "photo", word: photo.what.clone(), known });
        }
        if photo.what == "signature" && photo.post.is_none() {
            return Err(ReplicaError::NoPost);
        }
        if let Some(caption) = &photo.caption {
            check_length("the caption", caption, CAPTION_CHARS_MAX)?;
        }
        if let Some(post) = &photo.post {
            check_length("the post", post, POST_CHARS_MAX)?;
        }
        let number = |value: u64| Scalar::Int(i64::try_from(value).unwrap_or(i64::MAX));
        let mut members = vec![
            ("what", text(&photo.what)),
            ("sha256", text(&photo.sha256.to_string())),
            ("bytes", number(photo.bytes)),
            ("media_type", text(&photo.media_type)),
            ("width", number(photo.size.0.into())),
            ("height", number(photo.size.1.into())),
            ("taken_at", text(&rfc3339(photo.taken_at_ms))),
        ];
        if let Some((sha256, bytes)) = photo.thumb {
            members.extend([("thumb_sha256", text(&sha256.to_string())), ("thumb_bytes", number(bytes))]);
        }
        members.extend(photo.original.map(|original| ("original_sha256", text(&original.to_string()))));
        if let Some(place) = &photo.place {
            members.extend([("lat", text(&place.lat)), ("lng", text(&place.lng))]);
            members.extend(place.accuracy_m.map(|metres| ("accuracy_m", number(metres.into()))));
            members.extend(place.heading.map(|degrees| ("heading", number(degrees.into()))));
        }
        members.extend(photo.caption.as_deref().map(|caption| ("caption", text(caption))));
        members.extend(photo.post.as_deref().map(|post| ("post", text(post))));
        let mut open = self.open_order(folio)?;
        open.document.append_map("photos", &members)?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Writes that a photo of an order is to be erased everywhere, with its small form. `item` is what the sheet calls it.
    /// Returns the blobs.
    ///
    /// # Errors
    /// There is no such photo, or the role may not erase.
    pub fn erase_photo(
        &mut self,
        folio: &str,
        item: &str,
        reason: Erasure,
    ) -> Result<Vec<Hash>, ReplicaError> {
        let open = self.open_order(folio)?;
        let (id, element) = self.find_item(&open, item)?;
        if element.list != "photos" {
            return Err(ReplicaError::NotAPhoto { item: item.into() });
        }
        let found = open.document.list("photos")?.into_iter().find(|element| element.op == id);
        let Some(ElementValue::Map(members)) = found.map(|element| element.value) else {
            return Err(ReplicaError::NotAPhoto { item: item.into() });
        };
        let blob = |(key, value): &(String, Scalar)| match value {
            Scalar::Str(text) if key == "sha256" || key == "thumb_sha256" => text.parse().ok(),
            _ => None,
        };
        let blobs: Vec<Hash> = members.iter().filter_map(blob).collect();
        for sha256 in &blobs {
            self.write_act(Act::BlobErased { sha256: *sha256, reason })?;
        }
        Ok(blobs)
    }

    /// Returns the blobs that the office lacks and this device has to bring: of its own entries small forms, then photos, then
    /// those of entries that it carries, each the newest first.
    ///
    /// # Errors
    /// The index does not read.
    pub fn to_bring(&self, photos: bool) -> Result<Vec<ToBring>, ReplicaError> {
        let lacking = self.blobs_to_bring(photos)?.into_iter();
        Ok(lacking
            .map(|blob| ToBring { sha256: blob.sha256, bytes: blob.bytes, is_thumb: blob.is_thumb })
            .collect())
    }

    /// As [`Replica::to_bring`], each with the device whose entry names it.
    ///
    /// # Errors
    /// The index does not read.
    pub fn blobs_to_bring(&self, photos: bool) -> Result<Vec<CarriedBlob>, ReplicaError> {
        let mut seen = BTreeSet::new();
        let mut lacking = Vec::new();
        for blob in own_blobs(&self.overlay)? {
            if seen.insert(blob.sha256) && self.is_lacking(&blob)? {
                lacking.push(blob);
            }
        }
        // A request asks for a few: those of others may not stand in the way of its own ones, since the office may know nothing
        // yet of an entry that names one.
        let own = &self.own_names();
        let of_sort = |is_own: bool, is_thumb: bool| {
            let fits = move |blob: &&OwnBlob| own.contains(&blob.of) == is_own && blob.is_thumb == is_thumb;
            lacking.iter().filter(fits)
        };
        let blob = |one: &OwnBlob| CarriedBlob {
            sha256: one.sha256,
            bytes: one.bytes,
            is_thumb: one.is_thumb,
            of: one.of,
        };
        let sorts = [(true, true), (true, false), (false, true), (false, false)].into_iter();
        let sorts = sorts.filter(|(_, is_thumb)| *is_thumb || photos);
        Ok(sorts.flat_map(|(is_own, is_thumb)| of_sort(is_own, is_thumb)).map(blob).collect())
    }

    /// Returns the name that this device goes by, and those that it had before.
    fn own_names(&self) -> Vec<DeviceId> {
        let names = self.identity.iter().flat_map(|me| me.names_before.iter().chain([&me.device]));
        names.copied().collect()
    }

    fn is_lacking(&self, blob: &OwnBlob) -> Result<bool, RowsError> {
        let rows = self.rows();
        if erased(&rows, &blob.sha256)?.is_some() {
            return Ok(false);
        }
        let own = self.own_names();
        if !own.contains(&blob.of) {
            // Who carries may not know that the entry repeats another one: it is enough that the office has the bytes.
            return Ok(!is_stored(&rows, &blob.sha256)?);
        }
        for device in &own {
            if stored(&rows, &blob.sha256, device)?.is_some() {
                return Ok(false);
            }
        }
        // What a supervisor wrote again for another device is that device's to bring.
        for naming in namings(&rows, &blob.sha256)? {
            if own.contains(&naming.device) && naming.kept(&rows, &blob.sha256)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns what a request asks tickets for: what is to be read, then as much as there is room for of what is to be brought
    /// and is here.
    pub(super) fn blob_asks(&self, wants: &BlobWants) -> Result<Vec<BlobAsk>, ReplicaError> {
        let reads =
            wants.reads.iter().map(|sha256| BlobAsk { sha256: *sha256, r#use: BlobUse::Read, of: None });
        let is_here = |blob: &CarriedBlob| !wants.absent.contains(&blob.sha256);
        let brings = self.blobs_to_bring(wants.photos)?.into_iter().filter(is_here);
        let brings =
            brings.map(|blob| BlobAsk { sha256: blob.sha256, r#use: BlobUse::Bring, of: Some(blob.of) });
        Ok(reads.chain(brings).take(BLOB_ASKS_MAX).collect())
    }

    /// Returns those of these blobs that are to be deleted here: those that were erased, and those that this device carried for
    /// others and that the office has. It hears of the office's word because it asks, and would not hear of an erasure after.
    ///
    /// # Errors
    /// The index does not read.
    pub fn to_delete(&self, here: &[Hash]) -> Result<Vec<Hash>, ReplicaError> {
        let own = self.own_names();
        let blobs = own_blobs(&self.overlay)?;
        let (named, carried): (Vec<&OwnBlob>, Vec<&OwnBlob>) =
            blobs.iter().partition(|blob| own.contains(&blob.of));
        let is_among = |blobs: &[&OwnBlob], name: &Hash| blobs.iter().any(|blob| blob.sha256 == *name);
        let rows = self.rows();
        let mut gone = Vec::new();
        for sha256 in here {
            let is_only_carried = is_among(&carried, sha256) && !is_among(&named, sha256);
            if erased(&rows, sha256)?.is_some() || (is_only_carried && is_stored(&rows, sha256)?) {
                gone.push(*sha256);
            }
        }
        Ok(gone)
    }

    /// Returns those of these blobs that no entry names which this device knows, and that it does not carry: what was begun and
    /// not written down, as where a bundle was refused, or the device stopped before the entry. A shell deletes those that
    /// are old enough not to be of what is being done now.
    ///
    /// # Errors
    /// The index does not read.
    pub fn unnamed(&self, here: &[Hash]) -> Result<Vec<Hash>, ReplicaError> {
        let known: BTreeSet<Hash> = own_blobs(&self.overlay)?.into_iter().map(|blob| blob.sha256).collect();
        let mut found = Vec::new();
        for sha256 in here.iter().filter(|sha256| !known.contains(sha256)) {
            if namings(&self.rows(), sha256)?.is_empty() {
                found.push(*sha256);
            }
        }
        Ok(found)
    }

    /// Returns those of these blobs that the office has for sure, so that this device may let go of its copies.
    ///
    /// # Errors
    /// The index does not read.
    pub fn to_free(&self, here: &[Hash]) -> Result<Vec<Hash>, ReplicaError> {
        let lacking: BTreeSet<Hash> = self.to_bring(true)?.into_iter().map(|blob| blob.sha256).collect();
        let mut free = Vec::new();
        for sha256 in here {
            if !lacking.contains(sha256) && is_stored(&self.rows(), sha256)? {
                free.push(*sha256);
            }
        }
        Ok(free)
    }

    /// Takes over a blob that a bundle brought: this device carries it to the office for the device whose entry names it.
    pub(super) fn carry_blob(&mut self, blob: CarriedBlob) -> Result<(), ReplicaError> {
        self.push_device_line(DeviceLine::CarriedBlob(blob))
    }
}
