//! Deeds: what must hold of decisions, of work that was written again, and of orders that two devices made. It is told
//! from the ledger's lines, record by record, and asks no row of the server's.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::judge::conflict::decided;
use sync_core::log::act::Act;
use sync_core::log::entry::Body;
use sync_core::log::line::{Line, Lines as _};
use sync_core::log::verdict::{RECORD_EXISTS, Reason, Verdict};
use sync_core::record::change::Change;
use sync_core::record::patch::{Patch, interpret};
use sync_core::record::row::{RecordRow, differ};
use sync_core::record::schema::{RecordKind, RecordSchemas};
use sync_core::rows::{MemoryRows, read};
use sync_core::state::interpret::check_creation;
use sync_core::state::keyspace;
use sync_core::state::layers::Layer;
use sync_core::state::local::GENERATIONS;

use super::phones::excuse;
use crate::broken::{Broken, Property};
use crate::server::Server;
use crate::world::World;

/// Looks at a server that is up.
pub fn check(server: &Server) -> Result<(), Broken> {
    conflicts_decided(server)?;
    written_once(server)
}

/// Folds what counts in the ledger's order. A change that was taken as it came ends no conflict that it knew of, unless
/// it decides.
fn conflicts_decided(server: &Server) -> Result<(), Broken> {
    let breaks = |what: String| Property::NothingBreaks.broken(what);
    let Some(lines) = server.reader() else { return Err(breaks("the server is down".into())) };
    let mut rows: BTreeMap<RecordId, RecordRow> = BTreeMap::new();
    let mut names: BTreeMap<DeviceId, Vec<DeviceId>> = BTreeMap::new();
    for (number, counts) in server.book.counting() {
        let Some(noted) = server.book.at(counts) else { continue };
        match &noted.act {
            None => {}
            Some(Act::Enrol { continues: Some(before), .. }) => {
                let line = names.get(&before.device).cloned().unwrap_or_default();
                names.insert(noted.device, [vec![before.device], line].concat());
                continue;
            }
            Some(_) => continue,
        }
        let line = lines.line(counts).map_err(|error| breaks(error.0))?;
        let Ok(Line::Entry { chained, .. }) = Line::from_bytes(&line) else { continue };
        let Body::Change(raw) = &chained.entry.body else { continue };
        let change = Change::read(&raw.bytes).map_err(|error| breaks(error.to_string()))?;
        let record = chained.entry.header.record;
        let is_creation = change.deps.is_empty();
        let schemas = RecordSchemas::built_in();
        if let Some(kind) = check_creation(&change).filter(|_| is_creation) {
            let row = RecordRow::new(kind, change.device, schemas.of(kind));
            rows.entry(record).or_insert(row);
        }
        let Some(row) = rows.get_mut(&record) else { continue };
        let Ok(patches) = interpret(&change, schemas.of(row.kind), row.creator, is_creation) else {
            continue;
        };
        if counts == number {
            let mut own = names.get(&change.device).cloned().unwrap_or_default();
            own.push(change.device);
            ends_none(row, &change, &patches, &own).map_err(|what| {
                let who = change.device.short();
                Property::ConflictsDecided.broken(format!("number {number} of device {who}: {what}"))
            })?;
        }
        row.apply(&change, &raw.hash, &patches);
    }
    Ok(())
}

fn ends_none(
    row: &RecordRow,
    change: &Change,
    patches: &[Patch<'_>],
    own: &[DeviceId],
) -> Result<(), String> {
    let schema = RecordSchemas::built_in().of(row.kind);
    for patch in patches {
        let Patch::Register { name, preds, .. } = patch else { continue };
        let Some(held) = row.registers.get(name).filter(|held| differ(held)) else { continue };
        if decided(schema, patches, name).is_some() {
            continue;
        }
        let knew = row.heads.iter().all(|head| change.deps.contains(head));
        let replaced: Vec<_> = held.iter().filter(|one| preds.contains(&one.op)).collect();
        let is_foreign = replaced.iter().any(|one| !own.contains(&one.op.device));
        let is_seen = knew || replaced.iter().any(|one| one.value != replaced[0].value);
        let is_step = name == "status" && row.kind == RecordKind::Order;
        if is_foreign && is_seen {
            return Err(format!("it ends the conflict of {name}, and decides nothing"));
        }
        if is_step && knew {
            return Err(format!("it is a step out of {} states", held.len()));
        }
    }
    Ok(())
}

/// Each entry is written again by a device once.
fn written_once(server: &Server) -> Result<(), Broken> {
    match server.book.writings().into_iter().find(|(_, seqs)| seqs.len() > 1) {
        Some(((device, of), seqs)) => Err(Property::WrittenOnce.broken(format!(
            "device {} wrote the entry {of} again as its entries {seqs:?}, and all of them count",
            device.short()
        ))),
        None => Ok(()),
    }
}

/// What phones made on orders that others had made first is on those.
pub fn joined_whole(world: &mut World, server: usize) -> Result<(), Broken> {
    for number in 0..world.phones.len() {
        let is_plain = world.phones[number].home == server && !world.phones[number].is_from_copy;
        if !is_plain || excuse(world, number)?.is_some() {
            continue;
        }
        let now_ms = world.now_ms;
        let known = world.phones[number].read(now_ms, |replica| {
            Ok((replica.identity()?.device, replica.view().status()?.revoked.is_some()))
        });
        let Ok((me, false)) = known else { continue };
        let live = MemoryRows { rows: world.phones[number].medium.rows() };
        let generations = GENERATIONS.read_or_default(&live).unwrap_or_default();
        let mirror = Layer::mirror(&live, generations.shown);
        let book = &world.servers[server].book;
        // Where a person dismissed the making, what waits for it is left to that person.
        let dismissed = book.dismissed();
        let second: BTreeSet<Hash> = book
            .entries()
            .filter(|(number, _)| !dismissed.contains(number))
            .filter(|(_, noted)| noted.device == me && is_second(&noted.receipt.verdict))
            .map(|(_, noted)| noted.change)
            .collect();
        for held in book.held() {
            let Some(noted) = book.at(held).filter(|noted| noted.device == me) else { continue };
            let waits = match &noted.receipt.verdict {
                Verdict::Quarantined(Reason::Held { on }) => second.contains(on),
                verdict => is_second(verdict),
            };
            let row: Option<RecordRow> = read(&mirror, &keyspace::record(&noted.record)).ok().flatten();
            let is_there = row.is_some_and(|row| {
                row.kind == RecordKind::Order && row.creator != me && !row.scopes.is_empty()
            });
            if waits && is_there {
                return Err(Property::JoinedWhole.broken(format!(
                    "number {held}: phone {number} has the order that another one made first, and left it there"
                )));
            }
        }
    }
    Ok(())
}

fn is_second(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Quarantined(Reason::Rule { rule, .. }) if rule == RECORD_EXISTS)
}
