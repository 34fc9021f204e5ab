//! Pages read as the rows that were written, whatever is asked of them.

use proptest::prelude::*;
use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::rows::{Batch, MemoryRows, Rows};
use sync_core::scope::Scope;
use sync_core::state::{keyspace, local};

use super::Paged;

/// A key that may lie in a page, beside others that do not; each also in a device's layer.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![0..100_u64, 250..260_u64, Just(u64::MAX)];
    let plain = (0..8_u8, 0..3_u8, number).prop_map(|(family, id, number)| {
        let (device, record) = (DeviceId([id; 16]), RecordId([id; 16]));
        let scope = [Scope::Municipality, Scope::Catalog, Scope::Device(device)][usize::from(id)].clone();
        match family {
            0 => keyspace::change(&record, u32::try_from(number).unwrap_or(u32::MAX)),
            1 => keyspace::entry(&device, number),
            2 => keyspace::place(number),
            3 => keyspace::number(number),
            4 => keyspace::event(&scope, number, &record),
            5 => keyspace::record(&record),
            6 => local::own(&device, number),
            _ => keyspace::fork(&device, number, &Hash([id; 32])),
        }
    });
    (0..3_usize, plain).prop_map(|(layer, key)| [[b"".as_slice(), b"M\0", b"O/"][layer], &key].concat())
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let value = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..9).prop_map(Some),
        1 => Just(None)
    ];
    let batch = proptest::collection::btree_map(keys(), value, 0..60).prop_map(|writes| Batch { writes });
    proptest::collection::vec(batch, 1..6)
}

fn found(rows: &dyn Rows, prefix: &[u8], from: &[u8], most: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    rows.scan(prefix, from, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        found.len() < most
    })
    .unwrap();
    found
}

proptest! {
    #[test]
    fn pages_read_as_the_rows_that_were_written(
        batches in batches(),
        asked in proptest::collection::vec((keys(), 0..60_usize, keys(), 0..60_usize), 1..20),
    ) {
        let (mut plain, mut below) = (MemoryRows::default(), MemoryRows::default());
        for batch in batches {
            let pages = Paged::new(below.clone()).to_pages(&batch).unwrap();
            below.apply(pages);
            plain.apply(batch);
        }
        let paged = Paged::new(below.clone());
        prop_assert_eq!(found(&paged, b"", b"", usize::MAX), found(&plain, b"", b"", usize::MAX));
        for key in plain.rows.keys().chain(asked.iter().map(|(key, ..)| key)) {
            prop_assert_eq!(paged.get(key).unwrap(), plain.get(key).unwrap());
        }
        for (prefix, prefix_bytes, from, from_bytes) in &asked {
            let prefix = &prefix[..*prefix_bytes.min(&prefix.len())];
            let from = &from[..*from_bytes.min(&from.len())];
            for from in [from, prefix] {
                for most in [1, 3, usize::MAX] {
                    prop_assert_eq!(found(&paged, prefix, from, most), found(&plain, prefix, from, most));
                }
            }
        }
        let mut all = Batch::default();
        plain.rows.keys().for_each(|key| all.delete(key.clone()));
        let pages = paged.to_pages(&all).unwrap();
        below.apply(pages);
        prop_assert_eq!(below.rows.len(), 0, "no page is left empty");
    }
}

#[test]
fn a_page_that_is_cut_off_is_an_error() {
    let mut below = MemoryRows::default();
    let mut batch = Batch::default();
    batch.put(keyspace::place(3), vec![7; 240]);
    let pages = Paged::new(MemoryRows::default()).to_pages(&batch).unwrap();
    below.apply(pages);
    below.rows.values_mut().for_each(|page| page.truncate(100));
    let paged = Paged::new(below);
    assert!(paged.get(&keyspace::place(3)).is_err());
    assert!(paged.scan(b"g/", b"g/", &mut |_, _| true).is_err());
    assert!(paged.to_pages(&batch).is_err());
}
