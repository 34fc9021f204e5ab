//! Pages: which rows of the index lie together. Rows that are numbered in a row, such as the entries of a device, are
//! small and many; an index keeps several of them under one key, the page's, and shows them as if each had its own
//! (`cuadrilla-store`, `paged.rs`).

/// Where the keys of a family have their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Bytes before the number.
    head: usize,
    /// Bytes of the number, big-endian.
    width: usize,
    /// The last bits of the number: rows that differ only in them, and in what follows the number, share a page.
    slot_bits: u8,
}

/// Bytes of a record's or a device's id.
const ID: usize = 16;

/// Returns the family of a key, or of the beginning of one, if rows of that family share pages.
pub fn family(key: &[u8]) -> Option<Family> {
    // A device keeps these rows once for each of its layers.
    let layer = if key.first() == Some(&b'M') || key.starts_with(b"O/") { 2 } else { 0 };
    let plain = key.get(layer..)?;
    let (head, width, slot_bits) = match plain.get(..2)? {
        b"c/" => (2 + ID, 4, 4),
        b"d/" => (2 + ID, 8, 4),
        b"L/" if plain.starts_with(b"L/o/") => (4 + ID, 8, 4),
        b"g/" | b"n/" => (2, 8, 5),
        b"s/" => (plain.iter().position(|byte| *byte == 0)? + 1, 8, 7),
        _ => return None,
    };
    Some(Family { head: layer + head, width, slot_bits })
}

impl Family {
    /// Returns where the number ends in a key.
    pub fn end(self) -> usize {
        self.head + self.width
    }

    fn slots(self) -> u8 {
        (1 << self.slot_bits) - 1
    }

    /// Returns the number of a whole key within its page; `None` for the beginning of a key.
    pub fn slot(self, key: &[u8]) -> Option<u8> {
        Some(key.get(self.end() - 1)? & self.slots())
    }

    /// Returns the key of the page of a whole key. The page of the beginning of a key is that beginning.
    pub fn page(self, key: &[u8]) -> Vec<u8> {
        let mut page = key.get(..self.end()).unwrap_or(key).to_vec();
        if let Some(last) = page.get_mut(self.end() - 1) {
            *last &= !self.slots();
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::family;
    use crate::id::{DeviceId, RecordId};
    use crate::scope::Scope;
    use crate::state::keyspace;

    #[test]
    fn rows_with_neighbouring_numbers_share_a_page_and_no_others() {
        let page = |key: &[u8]| family(key).unwrap().page(key);
        let (device, record) = (DeviceId([0; 16]), RecordId([9; 16]));
        let entry = |seq| keyspace::entry(&device, seq);
        assert_eq!(page(&entry(16)), page(&entry(31)));
        assert_ne!(page(&entry(31)), page(&entry(32)));
        assert_ne!(page(&entry(16)), page(&keyspace::entry(&DeviceId([1; 16]), 16)));
        assert_eq!(family(&entry(33)).unwrap().slot(&entry(33)), Some(1));
        let scope = Scope::Device(device);
        let event = |seq| keyspace::event(&scope, seq, &record);
        assert_eq!(page(&event(128)), page(&keyspace::event(&scope, 255, &RecordId::ZERO)));
        assert_ne!(page(&event(128)), page(&event(256)));
        let in_layer = |key: Vec<u8>| [b"M\0".as_slice(), &key].concat();
        assert_eq!(page(&in_layer(entry(17))), in_layer(page(&entry(17))));
    }

    #[test]
    fn the_beginning_of_a_key_is_not_after_its_page() {
        let scope = Scope::Device(DeviceId([7; 16]));
        for whole in [keyspace::event(&scope, 1_000_003, &RecordId([1; 16])), keyspace::place(77)] {
            for length in 0..=whole.len() {
                let start = &whole[..length];
                let page = family(start).map_or_else(|| start.to_vec(), |family| family.page(start));
                assert!(page.as_slice() <= start && page <= family(&whole).unwrap().page(&whole), "{length}");
            }
        }
    }
}
