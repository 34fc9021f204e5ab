//! Names: who the persons of entries are, beside the journal, in a file with two places: one is written while the other
//! holds, so that a stop leaves the names of before or of after.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::medium::Medium;

/// Bytes of one place: names of a whole town.
const PLACE_BYTES: u64 = 2 * 1024 * 1024;
/// Counter, length, crc32.
const HEADER_BYTES: usize = 16;

/// A value in a file in place.
#[derive(Debug)]
pub struct Kept<M> {
    medium: M,
    counter: u64,
}

impl<M: Medium> Kept<M> {
    /// Opens the file; returns what it holds, if anything.
    ///
    /// # Errors
    /// As the file answers.
    pub fn open<T: DeserializeOwned>(medium: M) -> io::Result<(Self, Option<T>)> {
        let len = medium.len()?;
        let places = [0, PLACE_BYTES].into_iter().filter_map(|at| read_place(&medium, len, at));
        let newest = places.max_by_key(|(counter, _)| *counter);
        let counter = newest.as_ref().map_or(0, |(counter, _)| *counter);
        let value = newest.and_then(|(_, bytes)| serde_json::from_slice(&bytes).ok());
        Ok((Self { medium, counter }, value))
    }

    /// Keeps a value instead. When this returns it is durable.
    ///
    /// # Errors
    /// It is too large, or as the file answers: what was kept before still is.
    pub fn keep<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let bytes = serde_json::to_vec(value).map_err(io::Error::other)?;
        if bytes.len() as u64 + HEADER_BYTES as u64 > PLACE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let counter = self.counter + 1;
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut place = Vec::with_capacity(HEADER_BYTES + bytes.len());
        place.extend_from_slice(&counter.to_le_bytes());
        place.extend_from_slice(&len.to_le_bytes());
        place.extend_from_slice(&crc_of(counter, &bytes).to_le_bytes());
        place.extend_from_slice(&bytes);
        self.medium.write_at((counter % 2) * PLACE_BYTES, &place)?;
        self.medium.flush()?;
        self.counter = counter;
        Ok(())
    }
}

fn read_place<M: Medium>(medium: &M, file_len: u64, at: u64) -> Option<(u64, Vec<u8>)> {
    let mut header = [0; HEADER_BYTES];
    if at + HEADER_BYTES as u64 > file_len {
        return None;
    }
    medium.read_at(at, &mut header).ok()?;
    let (counter, rest) = header.split_first_chunk::<8>()?;
    let (len, crc) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len);
    let is_whole = u64::from(len) <= PLACE_BYTES && at + (HEADER_BYTES as u64) + u64::from(len) <= file_len;
    let mut bytes = vec![0; is_whole.then_some(len as usize)?];
    medium.read_at(at + HEADER_BYTES as u64, &mut bytes).ok()?;
    let counter = u64::from_le_bytes(*counter);
    (crc_of(counter, &bytes).to_le_bytes() == crc[..4]).then_some((counter, bytes))
}

/// The counter is covered too: a new one over what stood there before is no value.
fn crc_of(counter: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&counter.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::medium::{Medium as _, MemoryFile};

    #[test]
    fn a_stop_while_it_is_kept_leaves_what_was_before() {
        let file = MemoryFile::default();
        let (mut kept, none) = Kept::open::<String>(file.clone()).unwrap();
        assert_eq!(none, None);
        kept.keep(&"one").unwrap();
        kept.keep(&"two").unwrap();
        let before = file.bytes();
        kept.keep(&"three").unwrap();
        let after = file.bytes();
        assert_eq!(Kept::open::<String>(file).unwrap().1.as_deref(), Some("three"));
        let first = (0..after.len()).find(|at| before.get(*at) != after.get(*at)).unwrap();
        for torn in first..first + 20 {
            let half = MemoryFile::with(before.clone());
            half.write_at(first as u64, &after[first..torn]).unwrap();
            let value = Kept::open::<String>(half).unwrap().1;
            assert!(value.as_deref() == Some("two") || value.as_deref() == Some("three"), "{value:?}");
        }
    }
}
