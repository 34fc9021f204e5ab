//! Hostile: enrolled devices that mean harm, with packs and chains that hold. One writes poisoned records, one was
//! revoked and floods.

use std::time::Duration;

use anyhow::Context as _;
use sync_core::record::change::{Action, Change, Obj, Op, Place, Scalar};
use tokio::task::JoinSet;

use super::crowd::Target;
use crate::load::http::{Trouble, Wire};
use crate::load::profile::prepared::{Piece, Prepared};
use crate::load::talk::Link;
use crate::load::town::Town;

/// Entries of one hostile request.
const ENTRIES: u64 = 1_000;
/// Changes that the poisoned record gathers first, each on the one before.
const LONG: u64 = 3_000;
/// How long a hostile device waits at most when it is told to wait.
const WAIT: Duration = Duration::from_millis(500);

/// Lets the hostile devices begin: the one after the crews, and the one after that.
pub(super) async fn begin(
    town: &Town,
    crews: usize,
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
    let first = of_poisoner.creations(1)?;
    let target_of_poison = target.clone();
    attackers.spawn(async move {
        let target = target_of_poison;
        let mut made = 0;
        send(&target, &mut of_poisoner, &first, "poison").await;
        while !target.is_over() {
            let piece = of_poisoner.poison(0, made, next_poison(made));
            made += ENTRIES;
            match piece {
                Ok(piece) => send(&target, &mut of_poisoner, &piece, "poison").await,
                Err(error) => return target.counts.add(&format!("poison: {error}")),
            }
        }
    });
    let target = target.clone();
    attackers.spawn(async move {
        while !target.is_over() {
            match of_revoked.creations(ENTRIES / 2) {
                Ok(piece) => send(&target, &mut of_revoked, &piece, "revoked").await,
                Err(error) => return target.counts.add(&format!("revoked: {error}")),
            }
        }
    });
    Ok(())
}

/// How the changes of a poisoned piece depend on what came before.
#[derive(Debug, Clone, Copy)]
enum Poison {
    /// Each on the one before: the record grows long.
    Chain,
    /// All on the record's creation, writing one register without naming what they replace.
    Concurrent,
}

fn next_poison(made: u64) -> Poison {
    if made < LONG { Poison::Chain } else { Poison::Concurrent }
}

impl Prepared {
    /// A piece that writes one register of an order many times.
    fn poison(&mut self, order: usize, made: u64, how: Poison) -> anyhow::Result<Piece> {
        let device = self.device();
        let (record, creation, start) = self.order(order)?;
        let mut before = creation;
        self.gather(record, (1..=ENTRIES).map(|turn| made + turn), |newest, number| {
            if let Some(newest) = newest {
                before = newest;
            }
            Change {
                device,
                seq: 1 + number,
                start_op: start + number,
                deps: vec![if matches!(how, Poison::Chain) { before } else { creation }],
                ops: vec![Op {
                    obj: Obj::Root,
                    place: Place::Prop("title".into()),
                    insert: false,
                    action: Action::Put(Scalar::Str(format!("Fuga {number}"))),
                    preds: Vec::new(),
                }],
            }
        })
    }
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
                target.counts.add(&format!("{name}: sent"));
                // What it is told it needs for the next request only.
                let _ = device.hear(&request, &reply.frame);
                return;
            }
            Err(Trouble::Refused { status, code, retry_after_s, .. }) => {
                target.counts.add(&format!("{name}: sent, {status} {code}"));
                if retry_after_s.is_none() {
                    tokio::time::sleep(WAIT).await;
                    return;
                }
                tokio::time::sleep(WAIT).await;
                wire = Some(open);
            }
            Err(Trouble::Link(step)) => target.counts.add(&format!("{name}: link, {step}")),
        }
    }
}
