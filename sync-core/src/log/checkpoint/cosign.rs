//! Cosign: a witness's statement on a checkpoint, C2SP `tlog-cosignature` v1 with Ed25519. It says that at a
//! time the witness saw this log with this size and root, and never saw a state that contradicts it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use signed_note::{Note, Signature, Verifier, VerifierList};

use super::{Signed, root_text};
use crate::id::Hash;

/// Signature type of a timestamped cosignature in key ids and verifier keys.
const ALG_COSIGNATURE: u8 = 4;
/// Longest name of a witness, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// A witness: its name and its key.
pub struct Witness {
    name: String,
    key: SigningKey,
}

impl Witness {
    /// Returns a witness of that name, with 32 random bytes as its key.
    ///
    /// # Errors
    /// The name is empty, too long, or has spaces or `+` in it.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, String> {
        if !signed_note::is_key_name_valid(name)
            || name.len() > NAME_BYTES_MAX
            || name.contains(|c: char| c.is_control())
        {
            return Err(format!(
                "{name:?} cannot be the name of a key: no spaces, no +, 1 to {NAME_BYTES_MAX} bytes"
            ));
        }
        Ok(Self { name: name.into(), key: SigningKey::from_bytes(seed) })
    }

    /// Returns the key as a line of text, as `sumdb/note` writes private keys.
    pub fn to_text(&self) -> String {
        let id = key_id(&self.name, &self.key.verifying_key());
        let mut secret = vec![ALG_COSIGNATURE];
        secret.extend_from_slice(self.key.as_bytes());
        format!("PRIVATE+KEY+{}+{id:08x}+{}\n", self.name, STANDARD.encode(secret))
    }

    /// Reads what [`Witness::to_text`] wrote.
    ///
    /// # Errors
    /// It is no such key.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || "this is no key of a witness".to_owned();
        let rest = text.trim().strip_prefix("PRIVATE+KEY+").ok_or_else(wrong)?;
        let (name, rest) = rest.split_once('+').ok_or_else(wrong)?;
        let (id, secret) = rest.split_once('+').ok_or_else(wrong)?;
        let secret = STANDARD.decode(secret).map_err(|_| wrong())?;
        let Some((&ALG_COSIGNATURE, seed)) = secret.split_first() else { return Err(wrong()) };
        let witness = Self::new(name, seed.try_into().map_err(|_| wrong())?)?;
        if id != format!("{:08x}", key_id(name, &witness.key.verifying_key())) {
            return Err(wrong());
        }
        Ok(witness)
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key for others to check by, as a `signed-note` verifier.
    pub fn verifier(&self) -> String {
        let public = self.key.verifying_key();
        let mut bytes = vec![ALG_COSIGNATURE];
        bytes.extend_from_slice(public.as_bytes());
        format!("{}+{:08x}+{}", self.name, key_id(&self.name, &public), STANDARD.encode(bytes))
    }

    /// Returns the checkpoint with this witness's line added, or renewed. `time_s` is POSIX time.
    ///
    /// # Errors
    /// The note cannot be read or written.
    pub fn cosign(&self, signed: &Signed, time_s: u64) -> Result<String, String> {
        let (text, lines) = signed.note.rsplit_once("\n\n").ok_or("this is no signed note")?;
        let text = format!("{text}\n");
        let public = self.key.verifying_key();
        let id = key_id(&self.name, &public);
        let mut bytes = time_s.to_be_bytes().to_vec();
        bytes.extend(self.key.sign(&message(text.as_bytes(), time_s)).to_bytes());
        let mut signatures = Vec::new();
        for line in lines.lines() {
            signatures.push(Signature::from_bytes(line.as_bytes()).map_err(|error| error.to_string())?);
        }
        signatures.retain(|other| (other.name(), other.id()) != (self.name.as_str(), id));
        signatures.push(Signature::new(self.name.clone(), id, bytes).map_err(|error| error.to_string())?);
        let note = Note::new(text.as_bytes(), &signatures).map_err(|error| error.to_string())?;
        String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())
    }
}

/// Returns the time at which the witness with that verifier key cosigned the checkpoint, in seconds of POSIX
/// time.
///
/// # Errors
/// The key is none, the note carries no line of it, or the line does not hold.
pub fn verify_cosignature(note: &str, witness: &str) -> Result<u64, String> {
    let verifier = Cosigner::from_text(witness).ok_or("this is no verifier key of a witness")?;
    let note = Note::from_bytes(note.as_bytes()).map_err(|error| error.to_string())?;
    let verifiers = VerifierList::new(vec![Box::new(verifier)]);
    let (held, _) = note.verify(&verifiers).map_err(|error| error.to_string())?;
    let time = held.first().and_then(|line| line.signature().first_chunk::<8>());
    time.map(|time| u64::from_be_bytes(*time)).ok_or_else(|| "the cosignature carries no time".into())
}

/// Returns the body of a C2SP `tlog-witness` `add-checkpoint` request: the size that the witness cosigned last, the proof
/// that the checkpoint goes on from it, and the checkpoint.
pub fn submission(old_size: u64, proof: &[Hash], checkpoint: &str) -> String {
    let lines: String = proof.iter().map(|hash| format!("{}\n", root_text(hash))).collect();
    format!("old {old_size}\n{lines}\n{checkpoint}")
}

/// Returns the checkpoint with the line of that witness from an `add-checkpoint` answer added or renewed, and the time at
/// which it cosigned, in seconds of POSIX time. Lines of other keys are ignored.
///
/// # Errors
/// The key is none, the answer has no line of it or one that is no signature line, or the line does not hold.
pub fn take_cosignature(signed: &Signed, answer: &str, witness: &str) -> Result<(String, u64), String> {
    let verifier = Cosigner::from_text(witness).ok_or("this is no verifier key of a witness")?;
    let is_its = |line: &Signature| line.name() == verifier.name && line.id() == verifier.key_id();
    let read = |line: &str| Signature::from_bytes(line.as_bytes()).map_err(|error| error.to_string());
    let mut brought = None;
    for line in answer.lines() {
        brought = Some(read(line)?).filter(is_its).or(brought);
    }
    let brought = brought.ok_or("the answer has no line of this witness")?;
    let (text, lines) = signed.note.rsplit_once("\n\n").ok_or("this is no signed note")?;
    let mut signatures = Vec::new();
    for line in lines.lines() {
        signatures.extend(Some(read(line)?).filter(|line| !is_its(line)));
    }
    signatures.push(brought);
    let note = Note::new(format!("{text}\n").as_bytes(), &signatures).map_err(|error| error.to_string())?;
    let note = String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())?;
    let time_s = verify_cosignature(&note, witness)?;
    Ok((note, time_s))
}

/// Returns the name of a witness by its verifier key; `None` if that is none.
pub fn witness_name(verifier: &str) -> Option<String> {
    Cosigner::from_text(verifier).map(|cosigner| cosigner.name)
}

/// Returns the bytes that a witness signs: the time, then the checkpoint's text.
fn message(text: &[u8], time_s: u64) -> Vec<u8> {
    [format!("cosignature/v1\ntime {time_s}\n").as_bytes(), text].concat()
}

fn key_id(name: &str, public: &VerifyingKey) -> u32 {
    let mut bytes = vec![ALG_COSIGNATURE];
    bytes.extend_from_slice(public.as_bytes());
    signed_note::key_id(name, &bytes)
}

/// The public half, as the library asks for it.
struct Cosigner {
    name: String,
    key: VerifyingKey,
}

impl Cosigner {
    fn from_text(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let (&ALG_COSIGNATURE, key) = key.split_first()? else { return None };
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        (id == format!("{:08x}", key_id(name, &key))).then(|| Self { name: name.into(), key })
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        key_id(&self.name, &self.key)
    }

    fn verify(&self, msg: &[u8], sig: &[u8]) -> bool {
        let Some((time, signature)) = sig.split_first_chunk::<8>() else { return false };
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        self.key.verify_strict(&message(msg, u64::from_be_bytes(*time)), &signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Witness, take_cosignature, verify_cosignature};
    use crate::crypto::SecretKey;
    use crate::id::Hash;
    use crate::log::checkpoint::{open, sign, tests::verifier_of};

    #[test]
    fn the_signed_message_and_the_note_are_as_the_standard_writes_them() {
        // The checkpoint of the example in C2SP tlog-cosignature; its witness's key is not published.
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
                    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
        let witness = Witness::new("witness.example.com/w1", &[4; 32]).unwrap();
        let signed = crate::log::checkpoint::Signed {
            origin: "example.com/behind-the-sofa".into(),
            anchor: crate::log::entry::Anchor::default(),
            note: note.into(),
        };
        let cosigned = witness.cosign(&signed, 1_679_315_147).unwrap();
        assert!(cosigned.starts_with(note), "what was there stays");
        assert_eq!(verify_cosignature(&cosigned, &witness.verifier()), Ok(1_679_315_147));
        assert_eq!(
            super::message(b"a\n", 1_679_315_147),
            b"cosignature/v1\ntime 1679315147\na\n",
            "the signed message as the standard writes it"
        );
    }

    #[test]
    fn a_cosigned_checkpoint_is_still_the_logs_and_nobody_elses_witness_passes() {
        let key = SecretKey::from_seed(&[5; 32]);
        let log = verifier_of(&key);
        let signed = open(&sign(&key, 14061, 7, &Hash([3; 32])).unwrap(), &log).unwrap();
        let witness = Witness::new("contraloria.example/w", &[8; 32]).unwrap();
        let other = Witness::new("contraloria.example/w", &[9; 32]).unwrap();
        let once = witness.cosign(&signed, 1_000).unwrap();
        let twice = other.cosign(&open(&once, &log).unwrap(), 2_000).unwrap();
        let signed = open(&twice, &log).unwrap();
        assert_eq!(signed.anchor.size, 7);
        assert_eq!(verify_cosignature(&twice, &witness.verifier()), Ok(1_000));
        assert_eq!(verify_cosignature(&twice, &other.verifier()), Ok(2_000));
        let renewed = witness.cosign(&signed, 3_000).unwrap();
        assert_eq!(verify_cosignature(&renewed, &witness.verifier()), Ok(3_000));
        assert_eq!(renewed.matches("contraloria.example/w").count(), 2, "renewed, not added");
        for wrong in [
            once.replace("\n7\n", "\n8\n"),
            signed.note.split_once("\u{2014} contraloria").unwrap().0.to_owned(),
        ] {
            assert!(verify_cosignature(&wrong, &witness.verifier()).is_err());
        }
        assert!(verify_cosignature(&once, &other.verifier()).is_err());
        assert!(verify_cosignature(&once, &log).is_err(), "a log's key is no witness's");
    }

    #[test]
    fn an_answer_gives_the_line_of_its_witness_and_no_other() {
        let log = SecretKey::from_seed(&[5; 32]);
        let signed = open(&sign(&log, 14061, 7, &Hash([3; 32])).unwrap(), &verifier_of(&log)).unwrap();
        let witness = Witness::new("contraloria.example/w", &[8; 32]).unwrap();
        let other = Witness::new("contraloria.example/w", &[9; 32]).unwrap();
        let line = |witness: &Witness, signed, time| {
            let note = witness.cosign(signed, time).unwrap();
            format!("{}\n", note.lines().last().unwrap())
        };
        let answer = format!("{}{}", line(&other, &signed, 1), line(&witness, &signed, 1_000));
        let (note, time) = take_cosignature(&signed, &answer, &witness.verifier()).unwrap();
        assert_eq!((verify_cosignature(&note, &witness.verifier()), time), (Ok(1_000), 1_000));
        assert!(verify_cosignature(&note, &other.verifier()).is_err(), "what nobody asked for is not kept");
        let again = open(&note, &verifier_of(&log)).unwrap();
        let renewed = line(&witness, &signed, 2_000);
        assert_eq!(take_cosignature(&again, &renewed, &witness.verifier()).unwrap().1, 2_000);
        let eight = open(&sign(&log, 14061, 8, &Hash([3; 32])).unwrap(), &verifier_of(&log)).unwrap();
        for wrong in ["", "x\n", "\u{2014} \n", &line(&other, &signed, 1), &line(&witness, &eight, 1)] {
            assert!(take_cosignature(&signed, wrong, &witness.verifier()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_submission_is_as_the_standard_writes_it() {
        let body = super::submission(3, &[Hash([0; 32])], "a\n4\nb\n\n\u{2014} x y\n");
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(body, format!("old 3\n{zeros}\n\na\n4\nb\n\n\u{2014} x y\n"));
        assert_eq!(super::submission(0, &[], "c\n"), "old 0\n\nc\n");
    }

    #[test]
    fn a_key_reads_back_and_nothing_else_is_one() {
        let witness = Witness::new("jerez.example/testigo", &[8; 32]).unwrap();
        let text = witness.to_text();
        assert_eq!(Witness::from_text(&text).unwrap().verifier(), witness.verifier());
        for wrong in ["", "PRIVATE+KEY+a+b", &text.replace("jerez", "ejido"), &text[..text.len() - 9]] {
            assert!(Witness::from_text(wrong).is_err(), "{wrong}");
        }
        for name in ["", "a b", "a+b", "a\n", &"x".repeat(201)] {
            assert!(Witness::new(name, &[1; 32]).is_err(), "{name:?}");
        }
    }
}
