//! Photos: what must hold of photos after a cut. What a line says is kept is kept, whole; and nothing that is not whole
//! lies where photos are read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, ensure};
use cuadrilla_tests::bearer::name_of;
use sync_core::id::Hash;
use sync_core::log::act::Act;
use sync_core::log::chain::{DecodedBody, decode_body};
use sync_core::log::line::Line;
use sync_core::state::evidence::named_in;

/// Checks a device's folder: each photo that an entry of its journal names is there.
///
/// # Errors
/// What does not hold.
pub fn ensure_device(home: &Path, lines: &[Vec<u8>]) -> anyhow::Result<usize> {
    let kept = whole(&home.join("photos"))?;
    let mut named = 0;
    for line in lines {
        let Line::Entry { chained, .. } = Line::from_bytes(line)? else { continue };
        let DecodedBody::Change(change) = decode_body(&chained.entry.body)? else { continue };
        for blob in named_in(&change) {
            ensure!(kept.contains_key(&blob.sha256), "an entry names {}, which is not here", blob.sha256);
            named += 1;
        }
    }
    Ok(named)
}

/// Checks a server's folder: each photo of which the ledger says that the office has it is there.
///
/// # Errors
/// What does not hold.
pub fn ensure_server(data: &Path, lines: &[Vec<u8>]) -> anyhow::Result<usize> {
    let kept = whole(&data.join("blobs"))?;
    let mut stored = 0;
    for line in lines {
        let Line::Entry { chained, .. } = Line::from_bytes(line)? else { continue };
        let DecodedBody::Act(Act::BlobStored { blobs }) = decode_body(&chained.entry.body)? else { continue };
        for blob in blobs {
            let bytes = kept.get(&blob.sha256);
            ensure!(bytes == Some(&blob.bytes), "the ledger has {}, the folder has {bytes:?}", blob.sha256);
            stored += 1;
        }
    }
    Ok(stored)
}

/// Returns the photos of a folder and of those in it, with their lengths.
///
/// # Errors
/// One is not what its name says.
pub fn whole(folder: &Path) -> anyhow::Result<BTreeMap<Hash, u64>> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(whole(&path)?);
        } else if let Ok(named) = path.file_name().and_then(|name| name.to_str()).context("a name")?.parse() {
            let bytes = std::fs::read(&path)?;
            ensure!(name_of(&bytes) == named, "{} holds other bytes", path.display());
            found.insert(named, bytes.len() as u64);
        }
    }
    Ok(found)
}
