//! Bundle: work that travels as a file: what this device is to hand over, signed by its key, and what another one's brings.

use serde_json::{Value, json};
use sync_core::crypto::Signature;
use sync_core::id::Hash;
use sync_core::limits::BUNDLE_BYTES_MAX;
use sync_core::replica::BundledPhoto;

use crate::core::Core;
use crate::exchange::name_of;
use crate::medium::Medium;
use crate::trouble::Trouble;

/// Bytes of pictures in a bundle: entries go first, and a browser has little memory.
const PHOTO_BYTES_MAX: usize = BUNDLE_BYTES_MAX / 2;

/// What a signature is asked for: the key's name, and the digest.
pub type Ask = (String, Hash);

impl<M: Medium + Clone> Core<M> {
    /// Begins a bundle. Returns what is to be signed, in order.
    ///
    /// # Errors
    /// Not enrolled, or as the store answers.
    pub fn bundle_begin(&mut self) -> Result<Vec<Ask>, Trouble> {
        let runs = self.read(|replica| Ok(replica.bundle_runs()?))?;
        let asks = runs.iter().map(|run| (name_of(&run.to_sign().key), run.to_sign().digest())).collect();
        self.bundling = runs;
        Ok(asks)
    }

    /// Returns the bundle, with those signatures.
    ///
    /// # Errors
    /// `bad_call`, if they are not as many as were asked for; as the store answers.
    pub fn bundle(&mut self, signatures: Vec<[u8; 64]>, photos: bool) -> Result<Vec<u8>, Trouble> {
        let runs = std::mem::take(&mut self.bundling);
        if runs.len() != signatures.len() {
            return Err(Trouble::bad_call("another number of signatures was asked for"));
        }
        let signed = runs.into_iter().zip(signatures);
        let signed = signed.map(|(run, bytes)| run.signed(Signature::ed25519(bytes))).collect();
        let waiting =
            if photos { self.read(|replica| Ok(replica.blobs_to_bring(true)?))? } else { Vec::new() };
        let (mut taken, mut bytes_taken) = (Vec::new(), 0);
        for blob in waiting {
            let Some(bytes) = self.photo(&blob.sha256.to_string())? else { continue };
            bytes_taken += bytes.len();
            if bytes_taken > PHOTO_BYTES_MAX {
                break;
            }
            taken.push(BundledPhoto { blob, bytes: bytes.into() });
        }
        self.read(|replica| Ok(replica.bundle_export_with(signed, taken)?.bytes))
    }

    /// Takes a bundle in: its pictures first, so that they are durable before a line says that they are carried.
    ///
    /// # Errors
    /// It is no bundle, or as the store answers; nothing is taken then.
    pub fn bundle_import(&mut self, bytes: &[u8]) -> Result<Value, Trouble> {
        for photo in sync_core::replica::bundle::photos(bytes)? {
            self.keep_photo(&photo.bytes)?;
        }
        let counts = self.write(|replica| Ok(replica.bundle_import(bytes)?))?;
        Ok(json!(counts))
    }
}
