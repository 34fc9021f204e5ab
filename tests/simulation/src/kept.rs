//! Kept: the stupid model of one ledger or journal: which lines somebody was told of, and that they must still be there.

use store::StoreError;
use store_disk::LedgerReader;

use crate::broken::{Broken, Property};

/// Lines as they were handed to a store, by number.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    lines: Vec<u64>,
    /// How many of them somebody was told of.
    told: usize,
}

/// A short mark of a line, to compare with.
pub fn mark(line: &[u8]) -> u64 {
    u64::from(crc32fast::hash(line)) << 32 | line.len() as u64 & 0xffff_ffff
}

impl Kept {
    /// Lines whose append was confirmed.
    pub fn add<'l>(&mut self, lines: impl IntoIterator<Item = &'l Vec<u8>>) {
        self.lines.extend(lines.into_iter().map(|line| mark(line)));
    }

    /// From here on all lines so far are somebody's knowledge.
    pub fn tell(&mut self) {
        self.told = self.lines.len();
    }

    /// As [`Kept::tell`], up to a number.
    pub fn tell_up_to(&mut self, seq: u64) {
        self.told = self.told.max(usize::try_from(seq).unwrap_or(usize::MAX).min(self.lines.len()));
    }

    /// How many lines there are, as far as was confirmed.
    pub fn count(&self) -> u64 {
        self.lines.len() as u64
    }

    /// How many lines somebody was told of.
    pub fn told(&self) -> u64 {
        self.told as u64
    }

    /// The mark of a line.
    pub fn at(&self, seq: u64) -> Option<u64> {
        self.lines.get(usize::try_from(seq).ok()?.checked_sub(1)?).copied()
    }

    /// Compares with what a store holds after it was opened, and takes over what it holds.
    pub fn check(&mut self, reader: &LedgerReader, property: Property, whose: &str) -> Result<(), Broken> {
        let mut found = Vec::new();
        let read: Result<(), StoreError> = reader.read_range(1, reader.end(), &mut |_, line| {
            found.push(mark(line));
            true
        });
        read.map_err(|error| property.broken(format!("{whose}: a line cannot be read: {error}")))?;
        let told = &self.lines[..self.told];
        if found.len() < told.len() {
            let (had, has) = (told.len(), found.len());
            return Err(property.broken(format!("{whose}: told of {had} lines, and only {has} are there")));
        }
        if let Some(at) = told.iter().zip(&found).position(|(had, has)| had != has) {
            return Err(property.broken(format!("{whose}: line {} is another one than was told", at + 1)));
        }
        self.lines = found;
        Ok(())
    }

    /// The machine was given an older copy: what came after it is nobody's fault.
    pub fn start_over(&mut self) {
        *self = Self::default();
    }
}
