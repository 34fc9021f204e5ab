//! Photos: the bytes of pictures in one file, each under its content address. What is deleted is written over with zeros,
//! and its room is used again.

use std::collections::BTreeMap;
use std::io;

use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::limits::BLOB_BYTES_MAX;

use crate::medium::Medium;

const MAGIC: u32 = 0x4850_5543;
/// Magic, room, length, crc32 of these and of the name; the name.
const HEADER_BYTES: usize = 48;

#[derive(Debug, Clone, Copy)]
struct Slot {
    at: u64,
    room: u32,
    len: u32,
}

/// The pictures on this device.
#[derive(Debug)]
pub struct Photos<M> {
    medium: M,
    kept: BTreeMap<Hash, Slot>,
    free: Vec<Slot>,
    end: u64,
}

fn header(slot: Slot, name: &Hash) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(&MAGIC.to_le_bytes());
    header[4..8].copy_from_slice(&slot.room.to_le_bytes());
    header[8..12].copy_from_slice(&slot.len.to_le_bytes());
    header[16..48].copy_from_slice(&name.0);
    let crc = crc32fast::hash(&[&header[..12], &header[16..]].concat());
    header[12..16].copy_from_slice(&crc.to_le_bytes());
    header
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|part| part.try_into().ok()).map_or(0, u32::from_le_bytes)
}

impl<M: Medium> Photos<M> {
    /// Opens the file. What was being written when the browser stopped is left out.
    ///
    /// # Errors
    /// As the file answers.
    pub fn open(medium: M) -> io::Result<Self> {
        let file_len = medium.len()?;
        let mut photos = Self { medium, kept: BTreeMap::new(), free: Vec::new(), end: 0 };
        while photos.end + HEADER_BYTES as u64 <= file_len {
            let mut bytes = [0; HEADER_BYTES];
            photos.medium.read_at(photos.end, &mut bytes)?;
            let slot = Slot { at: photos.end, room: u32_at(&bytes, 4), len: u32_at(&bytes, 8) };
            let name = Hash::from_slice(&bytes[16..]).unwrap_or_default();
            let end = slot.at + HEADER_BYTES as u64 + u64::from(slot.room);
            if bytes != header(slot, &name) || end > file_len {
                break;
            }
            if slot.len == 0 {
                photos.free.push(slot);
            } else {
                photos.kept.insert(name, slot);
            }
            photos.end = end;
        }
        Ok(photos)
    }

    /// Keeps a picture. When this returns it is durable.
    ///
    /// # Errors
    /// It is empty or too large, or as the file answers: nothing is kept then.
    pub fn keep(&mut self, bytes: &[u8]) -> io::Result<Hash> {
        let name = Hash(Sha256::digest(bytes).into());
        if bytes.is_empty() || bytes.len() > BLOB_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if self.read(&name)?.is_some() {
            return Ok(name);
        }
        let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let found = self.free.iter().position(|slot| slot.room >= len && slot.room / 2 <= len);
        let slot = match found {
            Some(index) => Slot { len, ..self.free.swap_remove(index) },
            None => Slot { at: self.end, room: len, len },
        };
        // The header is written last: until it stands there, the room is free or no part of the file.
        let written = self
            .medium
            .write_at(slot.at + HEADER_BYTES as u64, bytes)
            .and_then(|()| self.medium.flush())
            .and_then(|()| self.medium.write_at(slot.at, &header(slot, &name)))
            .and_then(|()| self.medium.flush());
        if let Err(error) = written {
            if found.is_some() {
                self.free.push(Slot { len: 0, ..slot });
            }
            return Err(error);
        }
        self.end = self.end.max(slot.at + HEADER_BYTES as u64 + u64::from(slot.room));
        self.kept.insert(name, slot);
        Ok(name)
    }

    /// Reads a picture that is here; `None` if it is not, or is damaged.
    ///
    /// # Errors
    /// As the file answers.
    pub fn read(&self, name: &Hash) -> io::Result<Option<Vec<u8>>> {
        let Some(slot) = self.kept.get(name) else { return Ok(None) };
        let mut bytes = vec![0; slot.len as usize];
        self.medium.read_at(slot.at + HEADER_BYTES as u64, &mut bytes)?;
        Ok(Some(bytes).filter(|bytes| Hash(Sha256::digest(bytes).into()) == *name))
    }

    /// Deletes a picture; none is left of its bytes.
    ///
    /// # Errors
    /// As the file answers.
    pub fn delete(&mut self, name: &Hash) -> io::Result<()> {
        let Some(slot) = self.kept.get(name).copied() else { return Ok(()) };
        let slot = Slot { len: 0, ..slot };
        self.medium.write_at(slot.at, &header(slot, &Hash::ZERO))?;
        self.medium.write_at(slot.at + HEADER_BYTES as u64, &vec![0; slot.room as usize])?;
        self.medium.flush()?;
        self.kept.remove(name);
        self.free.push(slot);
        Ok(())
    }

    /// Returns the names of all that are here.
    pub fn names(&self) -> Vec<Hash> {
        self.kept.keys().copied().collect()
    }

    /// Returns whether a picture is here.
    pub fn has(&self, name: &Hash) -> bool {
        self.kept.contains_key(name)
    }

    /// Returns how many bytes the pictures have together.
    pub fn bytes(&self) -> u64 {
        self.kept.values().map(|slot| u64::from(slot.len)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Photos;
    use crate::medium::{Medium as _, MemoryFile};

    #[test]
    fn pictures_are_there_after_opening_and_gone_after_deleting() {
        let file = MemoryFile::default();
        let mut photos = Photos::open(file.clone()).unwrap();
        let names: Vec<_> = (1..=3_u8).map(|number| photos.keep(&[number; 900]).unwrap()).collect();
        photos.delete(&names[1]).unwrap();
        assert!(!file.bytes().windows(4).any(|window| window == [2; 4]), "nothing of it is left");
        let len = file.len().unwrap();
        let mut photos = Photos::open(file.clone()).unwrap();
        assert_eq!((photos.names().len(), photos.bytes()), (2, 1_800));
        let again = photos.keep(&[9; 800]).unwrap();
        assert_eq!(file.len().unwrap(), len, "its room is used again");
        assert_eq!(Photos::open(file).unwrap().read(&again).unwrap(), Some(vec![9; 800]));
    }

    #[test]
    fn what_has_no_room_is_refused_and_leaves_the_others() {
        let file = MemoryFile::default();
        let mut photos = Photos::open(file.clone()).unwrap();
        let name = photos.keep(&[1; 100]).unwrap();
        file.limit(file.len().unwrap() + 50);
        assert!(photos.keep(&[2; 100]).is_err());
        let photos = Photos::open(file).unwrap();
        assert_eq!(photos.names(), [name]);
    }
}
