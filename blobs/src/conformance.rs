//! Conformance: what every store of blobs must do, in a folder, in a bucket or in memory.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;

use crate::{Store, StoreError};

/// Runs the suite on an empty store; `open` opens it again.
///
/// # Panics
/// If the store does not do what it must.
pub async fn run(open: &dyn Fn() -> Store) {
    let blob = |bytes: &[u8]| Hash(Sha256::digest(bytes).into());
    open().probe().await.expect("a store that can be written");
    let (store, photo) = (open(), Bytes::from_static(b"a photo of a tank"));
    let name = blob(&photo);
    assert!(matches!(store.get(&name).await, Err(StoreError::Missing)), "nothing is there at first");
    assert_eq!(store.size(&name).await.expect("a store that answers"), None);
    let wrong = store.put(&name, Bytes::from_static(b"another photo")).await;
    assert!(matches!(wrong, Err(StoreError::Damaged)), "a blob lies under its own name only");
    assert_eq!(store.size(&name).await.expect("a store that answers"), None);

    for _ in 0..2 {
        store.put(&name, photo.clone()).await.expect("a blob may be kept twice");
    }
    let again = open();
    assert_eq!(again.get(&name).await.expect("it is kept"), photo);
    assert_eq!(again.size(&name).await.expect("a store that answers"), Some(photo.len() as u64));

    let large = Bytes::from(vec![7_u8; 5 * 1024 * 1024]);
    store.put(&blob(&large), large.clone()).await.expect("a large one");
    assert_eq!(store.get(&blob(&large)).await.expect("a large one"), large);

    let several: Vec<Bytes> = (0..8_u8).map(|number| Bytes::from(vec![number; 1_000])).collect();
    let puts = several.iter().map(|bytes| {
        let (store, bytes) = (store.clone(), bytes.clone());
        tokio::spawn(async move { store.put(&blob(&bytes), bytes).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.expect("a task that ends").expect("blobs kept at the same time");
    }
    let mut listed = Vec::new();
    store.each(|blob, bytes, at_ms| listed.push((blob, bytes, at_ms))).await.expect("a list");
    assert_eq!(listed.len(), 10);
    assert!(listed.iter().all(|(_, _, at_ms)| *at_ms > 1_700_000_000_000), "each says since when");

    for _ in 0..2 {
        store.delete(&name).await.expect("a blob may be deleted twice");
    }
    assert!(matches!(open().get(&name).await, Err(StoreError::Missing)), "what is deleted is gone");
    assert_eq!(open().get(&blob(&large)).await.expect("others stay"), large);
}
