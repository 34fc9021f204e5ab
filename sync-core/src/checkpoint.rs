//! Checkpoint: the log's size and root, signed: C2SP `tlog-checkpoint` in a `signed-note`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::Checkpoint;

use crate::crypto::SecretKey;
use crate::entry::Anchor;
use crate::id::Hash;
use crate::office::found::log_origin;

/// Longest checkpoint read, in bytes: a few cosignatures fit.
const CHECKPOINT_BYTES_MAX: usize = 8 * 1024;

/// Signs size and root under the municipality's log name.
pub fn sign(key: &SecretKey, municipality: u32, size: u64, root: &Hash) -> Result<String, String> {
    use ed25519_dalek::Signer;
    let origin = log_origin(municipality);
    let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.0));
    let signature = key.signing_key().sign(text.as_bytes());
    let mut public = vec![1_u8];
    public.extend_from_slice(key.signing_key().verifying_key().as_bytes());
    let key_id = signed_note::key_id(&origin, &public);
    let signature = signed_note::Signature::new(origin, key_id, signature.to_bytes().to_vec())
        .map_err(|error| error.to_string())?;
    let note = Note::new(text.as_bytes(), &[signature]).map_err(|error| error.to_string())?;
    String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())
}

/// Size and root of a checkpoint, once the log's signature on it holds.
pub fn verify(checkpoint: &str, log_verifier: &str) -> Result<Anchor, String> {
    if checkpoint.len() > CHECKPOINT_BYTES_MAX {
        return Err(format!(
            "the checkpoint has {} bytes, at most {CHECKPOINT_BYTES_MAX} are allowed",
            checkpoint.len()
        ));
    }
    let verifier = StandardVerifier::new(log_verifier).map_err(|error| format!("{error:?}"))?;
    let verifiers = VerifierList::new(vec![Box::new(verifier)]);
    let note = Note::from_bytes(checkpoint.as_bytes()).map_err(|error| error.to_string())?;
    note.verify(&verifiers).map_err(|error| error.to_string())?;
    let parsed = Checkpoint::from_bytes(note.text()).map_err(|error| error.to_string())?;
    Ok(Anchor { size: parsed.size(), root: Hash(parsed.hash().0) })
}

#[cfg(test)]
mod tests {
    use super::{sign, verify};
    use crate::crypto::SecretKey;
    use crate::id::Hash;

    #[test]
    fn a_checkpoint_reads_back_and_no_other_log_passes_for_it() {
        let key = SecretKey::from_seed(&[5; 32]);
        let verifier = signed_note::new_ed25519_verifier_key(
            &super::log_origin(14061),
            &key.signing_key().verifying_key(),
        );
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
