//! Ledgers: what must hold of one server alone: its ledger proves itself, its rows are what its lines say.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::hub::fold_line;
use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::log::act::Act;
use sync_core::log::line::{Line, Lines as _};
use sync_core::log::merkle;
use sync_core::log::verify::Verifier;
use sync_core::rows::{MemoryRows, Overlay, Rows};
use sync_core::rules::Rules;
use sync_core::state::applied::applied_changes;
use sync_core::state::keyspace;

use crate::broken::{Broken, Property};
use crate::server::Server;

/// Looks at a server that is up.
pub fn check(server: &Server) -> Result<(), Broken> {
    verify(server)?;
    nobody_fills_it(server)?;
    revoked_does_not_count(server)?;
    held_is_listed(server)?;
    nothing_twice(server)
}

fn rows(server: &Server) -> Result<&crate::medium::SimRows, Broken> {
    server.rows().ok_or_else(|| Property::NothingBreaks.broken("a server is down in the end"))
}

fn verify(server: &Server) -> Result<(), Broken> {
    let says = |what: String| Property::LedgerVerifies.broken(what);
    let Some(lines) = server.reader() else { return Err(says("the server is down".into())) };
    let mut verifier = Verifier::default();
    for seq in 1..lines.end() {
        let line = lines.line(seq).map_err(|error| says(error.0))?;
        verifier.take(seq, &line).map_err(|bad| says(format!("record {}: {}", bad.seq, bad.detail)))?;
    }
    let proven = verifier.finish().map_err(|bad| says(format!("record {}: {}", bad.seq, bad.detail)))?;
    let root = merkle::root(rows(server)?, proven.entries).map_err(|error| says(error.0))?;
    if root != proven.root {
        return Err(says("the rows hold another Merkle root than the lines have".into()));
    }
    if proven.doubts > 0 && !server.book.has_lost() && proven.entries == server.book.len() {
        let first = proven.first_doubt.unwrap_or(0);
        return Err(says(format!("record {first} names a checkpoint that the ledger never had")));
    }
    Ok(())
}

/// No device brought more in a day, nor after its revocation, than its share.
fn nobody_fills_it(server: &Server) -> Result<(), Broken> {
    const DAY_MS: i64 = 24 * 3_600_000;
    let says = |what: String| Property::WithinLimits.broken(what);
    let Some(lines) = server.reader() else { return Err(says("the server is down".into())) };
    let mut days: BTreeMap<(DeviceId, i64), u64> = BTreeMap::new();
    let office = server.key().public().device();
    for seq in 1..lines.end().min(server.lifted_at) {
        let line = lines.line(seq).map_err(|error| says(error.0))?;
        let Ok(Line::Entry { receipt: Some(receipt), chained }) = Line::from_bytes(&line) else { continue };
        let header = &chained.entry.header;
        let day = (header.device, receipt.received_at_ms.div_euclid(DAY_MS));
        let filled = days.entry(day).or_default();
        *filled += chained.entry.body.bytes().len() as u64;
        if header.device != office && *filled > server.share_bytes {
            return Err(says(format!("device {} brought {filled} bytes in a day", header.device.short())));
        }
    }
    Ok(())
}

fn revoked_does_not_count(server: &Server) -> Result<(), Broken> {
    let mut revoked: BTreeMap<DeviceId, u64> = BTreeMap::new();
    for (number, noted) in server.book.entries() {
        if !noted.receipt.verdict.is_accepted() {
            continue;
        }
        // An enrolment that was lost with a ledger's past may come after the revocation, and gives no rights.
        if let Some(since) = revoked.get(&noted.device).filter(|_| noted.seq > 1) {
            return Err(Property::RevokedDoesNotCount.broken(format!(
                "number {number} of the ledger was accepted from device {}, revoked by number {since}",
                noted.device.short()
            )));
        }
        match &noted.act {
            Some(Act::Revoke { device, .. }) => {
                revoked.entry(*device).or_insert(number);
            }
            Some(Act::Enrol { continues: Some(before), .. }) if before.retires => {
                revoked.entry(before.device).or_insert(number);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Ledger numbers under the prefix of quarantine.
pub fn listed(rows: &dyn Rows) -> Result<BTreeSet<u64>, Broken> {
    let mut listed = BTreeSet::new();
    let scanned = rows.scan(keyspace::QUARANTINE, keyspace::QUARANTINE, &mut |key, _| {
        let number = key[keyspace::QUARANTINE.len()..].try_into().map(u64::from_be_bytes);
        listed.insert(number.unwrap_or(0));
        true
    });
    scanned.map_err(|error| Property::NothingBreaks.broken(error.0))?;
    Ok(listed)
}

fn held_is_listed(server: &Server) -> Result<(), Broken> {
    let (told, listed) = (server.book.held(), listed(rows(server)?)?);
    if let Some(missing) = told.difference(&listed).next() {
        let noted = server.book.at(*missing).map(|noted| format!("{:?}", noted.receipt.verdict));
        return Err(Property::HeldIsListed
            .broken(format!("number {missing} is held back, undecided and not listed: {noted:?}")));
    }
    if let Some(surplus) = listed.difference(&told).next() {
        return Err(Property::HeldIsListed.broken(format!("number {surplus} is listed and not held back")));
    }
    for number in &told {
        let Some(noted) = server.book.at(*number).filter(|noted| noted.change != Hash::ZERO) else {
            continue;
        };
        if is_applied(rows(server)?, &noted.record, &noted.change)? && !counts_otherwise(server, *number) {
            return Err(Property::HeldDoesNotLeak
                .broken(format!("number {number} is held back and counts on the server all the same")));
        }
    }
    ready_is_released(server)
}

/// Whether the same change stands in the ledger a second time, accepted.
pub(super) fn counts_otherwise(server: &Server, number: u64) -> bool {
    let Some(held) = server.book.at(number) else { return false };
    let same = |(other, noted): (u64, &crate::book::Noted)| {
        other != number && noted.change == held.change && noted.receipt.verdict.is_accepted()
    };
    server.book.entries().any(same)
}

/// What was held only because its ground was missing may not wait once all its ground counts.
fn ready_is_released(server: &Server) -> Result<(), Broken> {
    let rows = rows(server)?;
    for number in server.book.held() {
        let Some(noted) = server.book.at(number) else { continue };
        let sync_core::log::verdict::Verdict::Quarantined(sync_core::log::verdict::Reason::Held { on }) =
            &noted.receipt.verdict
        else {
            continue;
        };
        if is_applied(rows, &noted.record, on)? && server.waits_in_vain(&noted.device, noted.seq)? {
            return Err(Property::HeldIsListed.broken(format!(
                "number {number} waits for a change that counts, and nobody judged it again"
            )));
        }
    }
    Ok(())
}

/// Whether a change counts in a record.
pub fn is_applied(rows: &dyn Rows, record: &RecordId, change: &Hash) -> Result<bool, Broken> {
    sync_core::state::applied::is_applied(rows, record, change)
        .map_err(|error| Property::NothingBreaks.broken(error.0))
}

/// No change counts twice in a record.
pub fn changes_once(rows: &dyn Rows, whose: &str) -> Result<(), Broken> {
    let mut records = Vec::new();
    let scanned = rows.scan(keyspace::RECORDS, keyspace::RECORDS, &mut |key, _| {
        records.extend(RecordId::from_slice(&key[keyspace::RECORDS.len()..]));
        true
    });
    scanned.map_err(|error| Property::NothingBreaks.broken(error.0))?;
    for record in records {
        let changes =
            applied_changes(rows, &record).map_err(|error| Property::NothingBreaks.broken(error.0))?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = changes.iter().find(|change| !seen.insert(change.hash)) {
            return Err(Property::NothingTwice.broken(format!(
                "{whose}: change {} of device {} counts twice in record {}",
                twice.seq,
                twice.device.short(),
                record.short()
            )));
        }
    }
    Ok(())
}

fn nothing_twice(server: &Server) -> Result<(), Broken> {
    changes_once(rows(server)?, "the server")
}

/// The index rebuilt from the ledger is the live one.
pub fn check_index(server: &Server) -> Result<(), Broken> {
    let says = |what: String| Property::IndexRebuilds.broken(format!("the server: {what}"));
    let Some(lines) = server.reader() else { return Err(says("it is down".into())) };
    let mut rebuilt = MemoryRows::default();
    let mut rules = Rules::default();
    for number in 1..lines.end() {
        let line = lines.line(number).map_err(|error| says(error.0))?;
        let mut overlay = Overlay::new(&rebuilt);
        fold_line(&mut rules, &mut overlay, number, &line)
            .map_err(|error| says(format!("line {number}: {}", error.0)))?;
        let batch = overlay.batch;
        rebuilt.apply(batch);
    }
    compare(&rebuilt.rows, &server.medium.rows()).map_err(says)
}

/// Compares rows; the first that differs is named.
pub fn compare(
    rebuilt: &BTreeMap<Vec<u8>, Vec<u8>>,
    live: &BTreeMap<Vec<u8>, Vec<u8>>,
) -> Result<(), String> {
    let shown = |key: &[u8]| {
        let word: String =
            key.iter().take(12).map(|byte| char::from(*byte)).filter(char::is_ascii_graphic).collect();
        word
    };
    for (key, value) in rebuilt.iter().filter(|(key, _)| !sync_core::state::local::is_in_no_line(key)) {
        match live.get(key) {
            None => {
                return Err(format!("the rebuilt index has a row {:?} that the live one lacks", shown(key)));
            }
            Some(other) if other != value => {
                return Err(format!("row {:?} differs from the rebuilt one", shown(key)));
            }
            Some(_) => {}
        }
    }
    match live.keys().find(|key| !sync_core::state::local::is_in_no_line(key) && !rebuilt.contains_key(*key))
    {
        Some(key) => Err(format!("the live index has a row {:?} that the rebuilt one lacks", shown(key))),
        None => Ok(()),
    }
}
