//! Photos: what must hold of them when everything is quiet: a receipt means bytes, an erasure none, and nothing was lost.

use std::collections::BTreeSet;

use sync_core::id::Hash;

use super::phones::excuse;
use crate::broken::{Broken, Property};
use crate::world::World;

/// Looks at all servers and phones.
pub fn check(world: &mut World) -> Result<(), Broken> {
    for server in 0..world.servers.len() {
        let now_ms = world.now_ms;
        world.servers[server].look_again(now_ms)?;
        world.servers[server].check_photos()?;
        arrived(world, server)?;
    }
    for number in 0..world.phones.len() {
        if !world.phones[number].is_gone {
            nothing_lost(world, number)?;
        }
    }
    Ok(())
}

/// What an accepted entry names is at the office, if a phone has it, its author's or a carrier's, or the office itself.
fn arrived(world: &mut World, server: usize) -> Result<(), Broken> {
    let book = &world.servers[server].book;
    let (erased, accepted) = (book.erased_blobs(), book.accepted_blobs());
    let lacking: BTreeSet<Hash> = accepted
        .into_iter()
        .filter(|blob| !erased.contains(blob) && !world.servers[server].says_stored(blob))
        .collect();
    world.tally.photos_looked_at += lacking.len() as u64;
    for blob in &lacking {
        if world.servers[server].photos.has(blob) {
            let how = format!("the server has the photo {}, and the ledger does not say it", blob.short());
            return Err(Property::PhotosArrive.broken(how));
        }
    }
    for number in 0..world.phones.len() {
        let phone = &world.phones[number];
        let has = |blob: &&Hash| phone.photo(blob).is_some();
        let Some(blob) = lacking.iter().find(has).copied().filter(|_| phone.home == server) else { continue };
        let now_ms = world.now_ms;
        let revoked =
            world.phones[number].read(now_ms, |replica| Ok(replica.view().status()?.revoked.is_some()));
        let is_own = world.phones[number].album.taken.contains(&blob);
        if excuse(world, number)?.is_none() && (is_own || matches!(revoked, Ok(false))) {
            let how = format!("phone {number} still has the photo {} to bring", blob.short());
            return Err(Property::PhotosArrive.broken(how));
        }
    }
    Ok(())
}

/// What a phone's entries name is there, or at the office under a receipt, or was erased.
fn nothing_lost(world: &mut World, number: usize) -> Result<(), Broken> {
    let now_ms = world.now_ms;
    let is_excused = excuse(world, number)?.is_some();
    let phone = &world.phones[number];
    let server = &world.servers[phone.home];
    let erased = server.book.erased_blobs();
    for blob in &phone.album.taken {
        let is_gone = phone.album.unwanted.contains(blob) || erased.contains(blob);
        let is_at_office = server.says_stored(blob) && server.photos.has(blob);
        let is_lost = phone.album.freed.contains(blob) && server.photos.lost.contains(blob);
        if !is_gone && !is_at_office && !is_lost && phone.photo(blob).is_none() {
            let how = format!("the photo {} of phone {number} is nowhere", blob.short());
            return Err(Property::PhotoSurvives.broken(how));
        }
    }
    let here: BTreeSet<Hash> = phone.photos().into_iter().collect();
    let left = here.intersection(&erased).next().copied();
    world.tally.photos_looked_at += here.len() as u64;
    let revoked = world.phones[number].read(now_ms, |replica| Ok(replica.view().status()?.revoked.is_some()));
    match left.filter(|_| !is_excused && matches!(revoked, Ok(false))) {
        Some(blob) => Err(Property::ErasedGone
            .broken(format!("the photo {} was erased, and phone {number} has its bytes", blob.short()))),
        None => Ok(()),
    }
}
