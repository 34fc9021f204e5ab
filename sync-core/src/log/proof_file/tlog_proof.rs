//! Tlog-proof: one entry's place in a log as text, C2SP `tlog-proof` v1: index, path, checkpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::id::Hash;
use crate::limits::PROOF_HASHES_MAX;

const MAGIC: &str = "c2sp.org/tlog-proof@v1\n";

/// What the text says. Nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Ledger number, from 1. (The text counts from 0.)
    pub seq: u64,
    /// The path, from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The checkpoint, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// Returns the text.
    pub fn to_text(&self) -> String {
        let index = self.seq.saturating_sub(1);
        let path: String = self.path.iter().map(|hash| format!("{}\n", STANDARD.encode(hash.0))).collect();
        format!("{MAGIC}index {index}\n{path}\n{}", self.checkpoint)
    }

    /// Reads the text. Extra data, which this program never writes, is skipped. `None` if it is no such text.
    pub fn from_text(text: &str) -> Option<Self> {
        let (head, checkpoint) = text.strip_prefix(MAGIC)?.split_once("\n\n")?;
        let mut lines = head.lines().peekable();
        lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next()?.strip_prefix("index ")?;
        let seq = index.parse::<u64>().ok().filter(|seq| seq.to_string() == index)?.checked_add(1)?;
        let hash = |line: &str| Some(Hash(STANDARD.decode(line).ok()?.try_into().ok()?));
        let path = lines.take(PROOF_HASHES_MAX + 1).map(hash).collect::<Option<Vec<_>>>()?;
        (path.len() <= PROOF_HASHES_MAX).then(|| Self { seq, path, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::TlogProof;
    use crate::id::Hash;

    #[test]
    fn the_text_is_that_of_the_standard_and_reads_back() {
        let proof = TlogProof {
            seq: 73_895,
            path: vec![Hash([1; 32]), Hash([2; 32])],
            checkpoint: "a\n1\nb\n\n— a c\n".into(),
        };
        let text = proof.to_text();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 73894\nAQEBAQ"), "{text}");
        assert_eq!(TlogProof::from_text(&text).as_ref(), Some(&proof));
        let with_extra = text.replace("\nindex", "\nextra YWdl\nindex");
        assert_eq!(TlogProof::from_text(&with_extra), Some(proof));
        let alone = TlogProof { seq: 1, path: vec![], checkpoint: "c\n".into() };
        assert_eq!(TlogProof::from_text(&alone.to_text()), Some(alone));
        for wrong in [
            "",
            "c2sp.org/tlog-proof@v1\nindex 01\n\nc\n",
            "c2sp.org/tlog-proof@v1\nindex -1\n\nc\n",
            "c2sp.org/tlog-proof@v1\nindex 18446744073709551615\n\nc\n",
            "c2sp.org/tlog-proof@v1\nindex 1\nnohash\n\nc\n",
            &format!("c2sp.org/tlog-proof@v1\nindex 1\n{}\nc\n", format!("{}=\n", "A".repeat(43)).repeat(97)),
        ] {
            assert_eq!(TlogProof::from_text(wrong), None, "{wrong}");
        }
    }
}
