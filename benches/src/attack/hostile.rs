//! Hostile: enrolled devices that mean harm, with packs and chains that hold. One writes poisoned records, one was
//! revoked and floods.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::task::JoinSet;

use super::crowd::Target;
use super::poison::Poison;
use crate::load::http::{Trouble, Wire};
use crate::load::profile::prepared::{Piece, Prepared};
use crate::load::talk::Link;
use crate::load::town::Town;

/// Entries of one hostile request.
const ENTRIES: u64 = 1_000;
/// How long a hostile device waits at most when it is told to wait.
const WAIT: Duration = Duration::from_millis(500);

/// Lets the hostile devices begin: the one after the crews, and the one after that. The poisoned record has a chain of
/// `chain` changes then.
pub(super) async fn begin(
    town: &Town,
    crews: usize,
    chain: usize,
    target: &Target,
    attackers: &mut JoinSet<()>,
) -> anyhow::Result<()> {
    let poisoner = town.crews.get(crews).context("a device to poison with")?;
    let revoked = town.crews.get(crews + 1).context("a device to revoke")?;
    let mut of_poisoner = Prepared::new(&mut *poisoner.lock().await)?;
    let mut of_revoked = Prepared::new(&mut *revoked.lock().await)?;
    let id = revoked.lock().await.id().context("it is enrolled")?;
    let mut admin = town.admin.lock().await;
    town.field.think(|| admin.act(|book| book.revoke(&id, None, "se extravió"))).await?;
    town.field.sync(&mut admin, Link::Good).await?;
    drop(admin);
    let mut poison = Poison::default();
    let first = of_poisoner.creations(1)?;
    send(target, &mut of_poisoner, &first, "poison before").await;
    // The record is long before anybody is watched.
    while !poison.is_long(chain) {
        let piece = poison.piece(&mut of_poisoner, ENTRIES, chain)?;
        send(target, &mut of_poisoner, &piece, "poison before").await;
    }
    let verdicts = of_poisoner.take_verdicts();
    let counted = verdicts.get("accepted").copied().unwrap_or_default();
    ensure!(counted >= chain as u64, "the poisoned record has {counted} changes: {verdicts:?}");
    let target_of_poison = target.clone();
    attackers.spawn(async move {
        let target = target_of_poison;
        while !target.is_over() {
            match poison.piece(&mut of_poisoner, ENTRIES, chain) {
                Ok(piece) => send(&target, &mut of_poisoner, &piece, "poison").await,
                Err(error) => return target.counts.add(&format!("poison: {error}"), 1),
            }
            for (verdict, count) in of_poisoner.take_verdicts() {
                target.counts.add(&format!("poison: {verdict}"), count);
            }
        }
    });
    let target = target.clone();
    attackers.spawn(async move {
        while !target.is_over() {
            match of_revoked.creations(ENTRIES / 2) {
                Ok(piece) => send(&target, &mut of_revoked, &piece, "revoked").await,
                Err(error) => return target.counts.add(&format!("revoked: {error}"), 1),
            }
        }
    });
    Ok(())
}

/// Sends a piece until the server took it, refused it for good, or it is over.
async fn send(target: &Target, device: &mut Prepared, piece: &Piece, name: &str) {
    let mut wire: Option<Wire> = None;
    while !target.is_over() {
        let mut open = match wire.take() {
            Some(open) => open,
            None => match Wire::open(target.address, None, 1).await {
                Ok(open) => open,
                Err(_) => {
                    tokio::time::sleep(WAIT).await;
                    continue;
                }
            },
        };
        let request = device.request(piece);
        let ticket = device.ticket().map(String::from);
        match open.post("/v1/sync", &request, ticket.as_deref()).await {
            Ok(reply) => {
                target.counts.add(&format!("{name}: sent"), 1);
                // What it is told it needs for the next request only.
                let _ = device.hear(&request, &reply.frame);
                return;
            }
            Err(Trouble::Refused { status, code, retry_after_s, .. }) => {
                target.counts.add(&format!("{name}: sent, {status} {code}"), 1);
                if retry_after_s.is_none() {
                    tokio::time::sleep(WAIT).await;
                    return;
                }
                tokio::time::sleep(WAIT).await;
                wire = Some(open);
            }
            Err(Trouble::Link(step)) => target.counts.add(&format!("{name}: link, {step}"), 1),
        }
    }
}
