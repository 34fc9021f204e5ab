//! Checkpoint: the log's size and root, signed: C2SP `tlog-checkpoint` in a `signed-note`.

pub mod cosign;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Note, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::Checkpoint;

use crate::crypto::{PublicKey, SecretKey};
use crate::id::{DeviceId, Hash};
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::log::entry::Anchor;

/// A checkpoint whose signature by the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The log's name.
    pub origin: String,
    /// Size and root.
    pub anchor: Anchor,
    /// The whole note, with whatever signatures stand on it.
    pub note: String,
}

/// Signs size and root under the municipality's log name: the bytes of three lines, origin, size and root, without a
/// tag. With at least 71 bytes they are never the 32 bytes that [`crate::crypto`] signs with the same key.
pub fn sign(key: &SecretKey, municipality: u32, size: u64, root: &Hash) -> Result<String, String> {
    use ed25519_dalek::Signer;
    let origin = log_origin(municipality);
    let text = format!("{origin}\n{size}\n{}\n", root_text(root));
    let signature = key.signing_key().sign(text.as_bytes());
    let mut public = vec![1_u8];
    public.extend_from_slice(key.signing_key().verifying_key().as_bytes());
    let key_id = signed_note::key_id(&origin, &public);
    let signature = signed_note::Signature::new(origin, key_id, signature.to_bytes().to_vec())
        .map_err(|error| error.to_string())?;
    let note = Note::new(text.as_bytes(), &[signature]).map_err(|error| error.to_string())?;
    String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())
}

/// Returns a root as checkpoints write it.
pub fn root_text(root: &Hash) -> String {
    STANDARD.encode(root.0)
}

/// Returns size and root of a checkpoint, once the log's signature on it holds.
///
/// # Errors
/// It is too long, no checkpoint, or not signed by that log.
pub fn verify(checkpoint: &str, log_verifier: &str) -> Result<Anchor, String> {
    open(checkpoint, log_verifier).map(|signed| signed.anchor)
}

/// Opens a checkpoint, once the log's signature on it holds. Signatures of others may stand on it too.
///
/// # Errors
/// It is too long, no checkpoint, of another log, or not signed by that log.
pub fn open(checkpoint: &str, log_verifier: &str) -> Result<Signed, String> {
    if checkpoint.len() > CHECKPOINT_BYTES_MAX {
        return Err(format!(
            "the checkpoint has {} bytes, at most {CHECKPOINT_BYTES_MAX} are allowed",
            checkpoint.len()
        ));
    }
    let verifier = StandardVerifier::new(log_verifier).map_err(|error| format!("the log's key: {error}"))?;
    let name = verifier.name().to_owned();
    let verifiers = VerifierList::new(vec![Box::new(verifier)]);
    let note = Note::from_bytes(checkpoint.as_bytes()).map_err(|error| error.to_string())?;
    note.verify(&verifiers).map_err(|error| error.to_string())?;
    let parsed = Checkpoint::from_bytes(note.text()).map_err(|error| error.to_string())?;
    if parsed.origin() != name {
        return Err(format!("the checkpoint is of the log {:?}, not of {name:?}", parsed.origin()));
    }
    let anchor = Anchor { size: parsed.size(), root: Hash(parsed.hash().0) };
    Ok(Signed { origin: name, anchor, note: checkpoint.to_owned() })
}

/// Returns the id of the office whose key is the log's.
///
/// # Errors
/// It is no verifier key of an Ed25519 log.
pub fn office_of(log_verifier: &str) -> Result<DeviceId, String> {
    let key = log_verifier.splitn(3, '+').nth(2).and_then(|key| STANDARD.decode(key).ok());
    let key: Option<[u8; 32]> = key.as_deref().and_then(|key| key.strip_prefix(&[1])?.try_into().ok());
    key.map(|key| PublicKey(key).device()).ok_or_else(|| "the log's key is no verifier key".into())
}

/// Returns the name of a municipality's log in checkpoints.
pub fn log_origin(municipality: u32) -> String {
    format!("cuadrilla.invalid/log/{municipality}")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{open, sign, verify};
    use crate::crypto::SecretKey;
    use crate::id::Hash;

    /// Returns the verifier of the municipality's log under that key.
    pub(crate) fn verifier_of(key: &SecretKey) -> String {
        signed_note::new_ed25519_verifier_key(&super::log_origin(14061), &key.signing_key().verifying_key())
    }

    #[test]
    fn a_note_of_the_same_key_about_another_log_is_none_of_this_one() {
        use base64::Engine as _;
        use ed25519_dalek::Signer as _;
        let key = SecretKey::from_seed(&[5; 32]);
        let root = base64::engine::general_purpose::STANDARD.encode([3; 32]);
        let text = format!("cuadrilla.invalid/log/14099\n7\n{root}\n");
        let mut public = vec![1];
        public.extend_from_slice(key.signing_key().verifying_key().as_bytes());
        let origin = super::log_origin(14061);
        let id = signed_note::key_id(&origin, &public);
        let bytes = key.signing_key().sign(text.as_bytes()).to_bytes().to_vec();
        let signature = signed_note::Signature::new(origin, id, bytes).unwrap();
        let note = signed_note::Note::new(text.as_bytes(), &[signature]).unwrap().to_bytes();
        let error = open(&String::from_utf8(note).unwrap(), &verifier_of(&key)).unwrap_err();
        assert!(error.contains("14099"), "{error}");
    }

    #[test]
    fn a_checkpoint_reads_back_and_no_other_log_passes_for_it() {
        let key = SecretKey::from_seed(&[5; 32]);
        let verifier = verifier_of(&key);
        let text = sign(&key, 14061, 7, &Hash([3; 32])).unwrap();
        let anchor = verify(&text, &verifier).unwrap();
        assert_eq!((anchor.size, anchor.root), (7, Hash([3; 32])));
        assert!(verify(&text.replace("\n7\n", "\n8\n"), &verifier).is_err());
        assert!(
            verify(&sign(&SecretKey::from_seed(&[6; 32]), 14061, 7, &Hash([3; 32])).unwrap(), &verifier)
                .is_err()
        );
    }
}
