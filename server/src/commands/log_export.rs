//! `log-export`: the transparency log as files, byte for byte what `/log/` serves, so that a static host can serve a
//! copy that nobody has to believe. Reads the ledger only; may be run while the server serves.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::json;
use store_disk::{Ledger, LedgerReader};
use sync_core::crypto::SecretKey;
use sync_core::log::checkpoint;
use sync_core::log::line::Line;
use sync_core::log::merkle::tile::{Level, Place, TILE_WIDTH, bundle, tile};
use sync_core::log::merkle::{append, leaf_of_line, root};
use sync_core::rows::{MemoryRows, Overlay, RowsError};

use super::{Report, integrity};
use crate::cli::LogExport;
use crate::failure::{EXIT_INTEGRITY, Failure};
use crate::{key, start};
use words::say;

/// Leaves hashed before their rows are moved from the overlay.
const STEP: u64 = 1_000;

pub(super) fn run(args: &LogExport) -> Result<Report, Failure> {
    let data = &args.data.data;
    start::require(data)?;
    let key = SecretKey::from_seed(&key::read(data)?);
    let reader = Ledger::open_read_only(data)?.reader;
    let size = reader.end() - 1;
    let (rows, municipality) = hashes(&reader)?;
    let log = args.to.join("log");
    refuse_another_past(&log, &rows, size)?;
    let mut written = 0_u64;
    // The checkpoint comes last: what it names is there before it is.
    for place in Place::all(size) {
        let bytes = match place.level {
            Level::Hashes(_) => tile(&rows, &place).map_err(|error| Failure::rows(&error))?,
            Level::Entries => entries(&reader, &place)?,
        };
        written += u64::from(write(&log.join(place.path()), &bytes)?);
    }
    let root = root(&rows, size).map_err(|error| Failure::rows(&error))?;
    let note = checkpoint::sign(&key, municipality, size, &root)
        .map_err(|error| Failure::rows(&RowsError(error)))?;
    write(&log.join("checkpoint"), note.as_bytes())?;
    let json = json!({"entries": size, "root": root.to_string(), "written": written});
    let rows = [
        (say!("server-entries"), size.to_string()),
        (say!("server-root"), root.to_string()),
        (say!("server-new-files"), written.to_string()),
    ];
    Ok(Report::table(json, &rows))
}

/// The log's hashes out of the ledger, and the municipality its founding entry names.
fn hashes(reader: &LedgerReader) -> Result<(MemoryRows, u32), Failure> {
    let mut rows = MemoryRows::default();
    let mut municipality = 0;
    let mut from = 1;
    while from < reader.end() {
        let mut overlay = Overlay::new(&rows);
        let mut failed = None;
        reader.read_range(from, from + STEP, &mut |seq, line| {
            if let (1, Ok(Line::Entry { chained, .. })) = (seq, Line::from_bytes(line)) {
                municipality = chained.entry.header.municipality;
            }
            let added = leaf_of_line(line).and_then(|leaf| append(&mut overlay, seq, &leaf));
            failed = added.err().map(|error| (seq, error));
            failed.is_none()
        })?;
        if let Some((seq, error)) = failed {
            return Err(integrity(seq, &error.0));
        }
        let batch = overlay.batch;
        rows.apply(batch);
        from += STEP;
    }
    Ok((rows, municipality))
}

fn entries(reader: &LedgerReader, place: &Place) -> Result<Vec<u8>, Failure> {
    let first = place.n * u64::from(TILE_WIDTH) + 1;
    let mut leaves = Ok(Vec::new());
    reader.read_range(first, first + u64::from(place.width), &mut |_, line| {
        match (&mut leaves, leaf_of_line(line)) {
            (Ok(leaves), Ok(leaf)) => leaves.push(leaf),
            (_, Err(error)) => leaves = Err(error),
            (Err(_), _) => {}
        }
        leaves.is_ok()
    })?;
    leaves.and_then(|leaves| bundle(&leaves)).map_err(|error| Failure::rows(&error))
}

/// A copy that others may have read is only ever added to.
fn refuse_another_past(log: &Path, rows: &MemoryRows, size: u64) -> Result<(), Failure> {
    let path = log.join("checkpoint");
    let Ok(note) = fs::read_to_string(&path) else { return Ok(()) };
    let mut lines = note.lines().skip(1);
    let old = lines.next().and_then(|text| text.parse::<u64>().ok());
    let said = lines.next().unwrap_or_default().to_owned();
    let is_prefix = old.is_some_and(|old| {
        old <= size && root(rows, old).is_ok_and(|root| checkpoint::root_text(&root) == said)
    });
    if is_prefix {
        return Ok(());
    }
    Err(Failure {
        code: "another_past",
        message: say!("server-other-published", path, old = old.unwrap_or(0), size),
        hint: say!("server-other-published-hint"),
        exit: EXIT_INTEGRITY,
    })
}

/// Writes a file whole, or leaves it if it is the same; answers whether it wrote.
fn write(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    let what = say!("server-not-written", path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = path.with_extension("new");
    let done = fs::create_dir_all(folder).and_then(|()| {
        // A link or a pipe in the place of a file of the log is nothing to write through or to replace.
        if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        if let Err(error) = fs::remove_file(&draft)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = fs::File::create_new(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    done.map(|()| true).map_err(|error| Failure::io(&what, &error))
}
