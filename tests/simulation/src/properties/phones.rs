//! Phones: what must hold of each phone when everything is quiet: nothing waits, nothing was lost, what it was told is so.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::record::row::RecordRow;
use sync_core::rows::{MemoryRows, Overlay, Rows, RowsError, read};
use sync_core::state::applied::applied_changes;
use sync_core::state::fold::EntryRow;
use sync_core::state::keyspace;
use sync_core::state::layers::{Layer, Merged};
use sync_core::state::local::GENERATIONS;

use super::ledgers::{changes_once, compare};
use crate::broken::{Broken, Property};
use crate::phone::{Hindered, Phone, Saved};
use crate::world::World;

/// Words of a server after which a phone has to be enrolled again by a person.
const NEEDS_A_PERSON: [&str; 8] = [
    "unknown_device",
    "bad_signature",
    "code_unknown",
    "code_used",
    "code_expired",
    "no_predecessor",
    "predecessor_revoked",
    "too_many_successors",
];

/// Why a phone cannot take part, if it cannot.
pub fn excuse(world: &mut World, number: usize) -> Result<Option<String>, Broken> {
    let now_ms = world.now_ms;
    let phone = &mut world.phones[number];
    if phone.is_gone {
        return Ok(Some("it is gone".into()));
    }
    let is_enrolled = phone.read(now_ms, |replica| Ok(replica.identity().is_ok()));
    match is_enrolled {
        Ok(true) => {}
        Ok(false) => return Ok(Some("it is not enrolled".into())),
        Err(Hindered::Broken(broken)) => return Err(broken),
        Err(_) => return Err(Property::NothingBreaks.broken(format!("phone {number} does not open"))),
    }
    let moved = phone.talk.moved.clone();
    if moved.is_done {
        return Ok(None);
    }
    let refused = moved.refused.unwrap_or_default();
    let has_lost = world.servers[world.phones[number].home].book.has_lost();
    let is_known = NEEDS_A_PERSON.contains(&refused.as_str());
    let is_from_copy = world.phones[number].is_from_copy;
    match refused.as_str() {
        "unknown_device" | "bad_signature" if !has_lost => {}
        _ if is_known => return Ok(Some(refused)),
        // A copy, restored from an old state and revoked since, cannot even ask.
        "" if is_from_copy => return Ok(Some("it is an old copy and was revoked".into())),
        _ => {}
    }
    Err(Property::OutboxDrains.broken(format!("phone {number} does not get through: {refused:?}")))
}

/// The first record whose changes are others on a phone than on its server.
pub fn how_differs(world: &World, number: usize) -> String {
    let phone = &world.phones[number];
    let Some(rows) = world.servers[phone.home].rows() else { return "the server is down".into() };
    let live = MemoryRows { rows: phone.medium.rows() };
    how_rows_differ(&shown(&live), rows, false).unwrap_or_else(|error| error.0)
}

/// The first record that two phones both have, and with other changes.
pub fn how_two_differ(one: &Phone, other: &Phone) -> String {
    let [one, other] = [one, other].map(|phone| MemoryRows { rows: phone.medium.rows() });
    how_rows_differ(&shown(&one), &shown(&other), true).unwrap_or_else(|error| error.0)
}

/// The mirror that a phone shows.
fn shown(rows: &MemoryRows) -> Layer<'_> {
    let generations = GENERATIONS.read_or_default(rows).unwrap_or_default();
    Layer::mirror(rows, generations.shown)
}

fn how_rows_differ(one: &dyn Rows, other: &dyn Rows, in_both: bool) -> Result<String, RowsError> {
    let mut records = BTreeSet::new();
    for rows in [one, other] {
        rows.scan(keyspace::RECORDS, keyspace::RECORDS, &mut |key, _| {
            records.extend(RecordId::from_slice(&key[keyspace::RECORDS.len()..]));
            true
        })?;
    }
    let told = |rows: &dyn Rows, record: &RecordId| -> Result<_, RowsError> {
        let row: Option<RecordRow> = read(rows, &keyspace::record(record))?;
        let changes = applied_changes(rows, record)?.into_iter();
        let changes =
            changes.map(|change| format!("{}/{} {}", change.device.short(), change.seq, change.hash));
        Ok((row, changes.collect::<BTreeSet<String>>()))
    };
    for record in &records {
        let ((row, here), (other_row, there)) = (told(one, record)?, told(other, record)?);
        let is_hidden = |row: &Option<RecordRow>| row.as_ref().is_none_or(|row| row.scopes.is_empty());
        if in_both && (is_hidden(&row) || is_hidden(&other_row)) {
            continue;
        }
        let digest = |row: &Option<RecordRow>| row.as_ref().map(|row| row.digest(record));
        if here != there || digest(&row) != digest(&other_row) {
            let state = |row: Option<RecordRow>| row.map(|r| (r.created_seq, r.scopes, r.fingerprint));
            let (more, less): (Vec<_>, Vec<_>) =
                (here.difference(&there).collect(), there.difference(&here).collect());
            let (one, other) = (state(row), state(other_row));
            return Ok(format!("record {}: {one:?} has {more:?} more, {other:?} {less:?}", record.short()));
        }
        if let (Some(row), Some(other_row)) = (row, other_row)
            && row.registers != other_row.registers
        {
            let differs = |name: &&String| row.registers.get(*name) != other_row.registers.get(*name);
            let name = row.registers.keys().chain(other_row.registers.keys()).find(differs);
            let held = name.map(|name| (row.registers.get(name), other_row.registers.get(name)));
            return Ok(format!("record {} has the same changes, and {name:?} is {held:?}", record.short()));
        }
    }
    let mut names: [BTreeMap<Vec<u8>, Vec<u8>>; 2] = Default::default();
    for (rows, names) in [one, other].into_iter().zip(&mut names) {
        rows.scan(b"l/", b"l/", &mut |key, value| {
            names.insert(key.to_vec(), value.to_vec());
            true
        })?;
    }
    let mut named = names[0].iter().filter_map(|(key, value)| Some((key, value, names[1].get(key)?)));
    if let Some((key, one, other)) = named.find(|(_, one, other)| one != other) {
        let key = String::from_utf8_lossy(key);
        let [one, other] =
            [one, other].map(|bytes| sync_core::rows::decode::<sync_core::state::summary::ListRow>(bytes));
        return Ok(format!("no record differs; {key} is listed as {one:?} and {other:?}"));
    }
    Ok("no record differs".into())
}

/// Looks at all phones.
pub fn check(world: &mut World) -> Result<(), Broken> {
    for number in 0..world.phones.len() {
        if excuse(world, number)?.is_none() {
            outbox_and_receipts(world, number)?;
        }
    }
    Ok(())
}

/// Nothing waits, nothing differs, and what the phone holds of own entries is what the ledger says.
fn outbox_and_receipts(world: &mut World, number: usize) -> Result<(), Broken> {
    let now_ms = world.now_ms;
    let saved = world.phones[number].saved.clone();
    let asked = world.phones[number].read(now_ms, |replica| {
        let device = replica.identity()?.device;
        let mut rows = Vec::new();
        for saved in saved.iter().filter(|saved| saved.device == device) {
            let row: Option<EntryRow> = read(&replica.rows(), &keyspace::entry(&device, saved.seq))?;
            rows.push((*saved, row));
        }
        let (unsent, _) = replica.view().unsent_and_held()?;
        Ok((device, unsent, rows))
    });
    let (device, unsent, rows) = match asked {
        Ok(asked) => asked,
        Err(Hindered::Broken(broken)) => return Err(broken),
        Err(other) => return Err(Property::NothingBreaks.broken(format!("phone {number}: {other:?}"))),
    };
    if unsent > 0 {
        let how = format!("phone {number} has {unsent} unsent entries and nothing under way");
        return Err(Property::OutboxDrains.broken(how));
    }
    if world.phones[number].talk.moved.differs {
        let what = how_differs(world, number);
        let how = format!("phone {number} differs from the server after it read everything again: {what}");
        return Err(Property::SameState.broken(how));
    }
    let book = &world.servers[world.phones[number].home].book;
    for (saved, row) in rows {
        let Some(receipt) = row.filter(|row| row.hash == Some(saved.hash)).and_then(|row| row.receipt) else {
            continue;
        };
        if book.place(&saved.hash) != Some(receipt.seq) {
            return Err(Property::ConfirmedIsThere.broken(format!(
                "phone {number} holds its entry {} for number {} of the ledger; it is {:?}",
                saved.seq,
                receipt.seq,
                book.place(&saved.hash)
            )));
        }
    }
    nothing_lost(world, number, &device, &saved)
}

/// Every word that was saved on a phone that takes part is in the ledger, or was written again there.
fn nothing_lost(world: &World, number: usize, device: &DeviceId, saved: &[Saved]) -> Result<(), Broken> {
    let drowned: BTreeSet<Hash> = world.drowned.iter().map(|saved| saved.hash).collect();
    let book = &world.servers[world.phones[number].home].book;
    let repeated = book.repeated();
    let missing = saved.iter().find(|saved| {
        book.place(&saved.hash).is_none()
            && !repeated.contains_key(&saved.hash)
            && !drowned.contains(&saved.hash)
            // What no rule allows under a new name, or changes nothing any more, stays in the journal.
            && saved.device == *device
    });
    match missing {
        Some(saved) => Err(Property::NothingLost.broken(format!(
            "entry {} of phone {number} was saved, is in no ledger, and does not wait to be sent",
            saved.seq
        ))),
        None => Ok(()),
    }
}

/// Each phone's index is what its journal says.
pub fn check_indexes(world: &mut World) -> Result<(), Broken> {
    for number in 0..world.phones.len() {
        if world.phones[number].is_gone || world.phones[number].open().is_err() {
            continue;
        }
        let phone = &world.phones[number];
        let says = |what: String| Property::IndexRebuilds.broken(format!("phone {number}: {what}"));
        let rebuilt = in_use(phone.rebuilt().map_err(says)?);
        let live = in_use(phone.medium.rows());
        compare(&rebuilt, &live).map_err(says)?;
        let rows = MemoryRows { rows: live };
        let merged = Merged::shown(&rows).map_err(|error| says(error.0))?;
        changes_once(&merged, &format!("phone {number}"))?;
    }
    Ok(())
}

/// A phone's rows without those of generations that nothing shows: when they are swept is nobody's matter.
fn in_use(rows: BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut rows = MemoryRows { rows };
    let mut generations = GENERATIONS.read_or_default(&rows).unwrap_or_default();
    let used = [generations.shown, generations.reading()];
    rows.rows.retain(|key, _| key.first() != Some(&b'M') || key.get(1).is_some_and(|one| used.contains(one)));
    generations.swept.clear();
    let mut overlay = Overlay::new(&rows);
    GENERATIONS.write(&mut overlay, &generations);
    let batch = overlay.batch;
    rows.apply(batch);
    rows.rows
}
