//! Views: what people see when everything is quiet: the same everywhere, as a replay shows it, with every conflict, and
//! nothing of what is held back.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ROOT, ReadDoc};
use sync_core::id::{Hash, RecordId};
use sync_core::log::entry::Body;
use sync_core::log::line::{Line, Lines as _};
use sync_core::record::row::RecordRow;
use sync_core::replica::Replica;
use sync_core::state::keyspace;
use sync_core::view::lists::{Filter, OrderSummary};
use sync_core::view::order::OrderView;
use sync_core::view::replay::At;

use super::ledgers::counts_otherwise;
use super::phones::{excuse, how_differs, how_two_differ};
use crate::broken::{Broken, Property};
use crate::bugs::Bug;
use crate::dice::Dice;
use crate::phone::Hindered;
use crate::world::World;

/// Orders compared whole between devices in one run; of more, some.
const ORDERS_MAX: usize = 24;
/// Phones whose whole orders are compared; of more, some.
const PHONES_MAX: usize = 14;

/// What one phone shows.
struct Shown {
    list: Vec<OrderSummary>,
    crew: Option<String>,
    localities: Vec<String>,
    sees_all: bool,
    is_revoked: bool,
}

fn ask<T>(
    world: &mut World,
    number: usize,
    ask: impl FnOnce(&Replica<'_>) -> Result<T, sync_core::replica::ReplicaError>,
) -> Result<T, Broken> {
    let now_ms = world.now_ms;
    world.phones[number].read(now_ms, ask).map_err(|hindered| match hindered {
        Hindered::Broken(broken) => broken,
        Hindered::Refused(error) => Property::NothingBreaks.broken(format!("phone {number}: {error}")),
        Hindered::Disk => Property::NothingBreaks.broken(format!("phone {number}: the disk failed")),
    })
}

fn shown(world: &mut World, number: usize) -> Result<Shown, Broken> {
    ask(world, number, |replica| {
        let identity = replica.identity()?;
        Ok(Shown {
            list: replica.view().order_list(&Filter::default())?,
            crew: identity.crew.clone(),
            localities: identity.localities.clone(),
            sees_all: identity.role.sees_everything(),
            is_revoked: replica.view().status()?.revoked.is_some(),
        })
    })
}

/// Looks at what the people of one municipality see.
pub fn check(world: &mut World, server: usize) -> Result<(), Broken> {
    let mut taking_part = Vec::new();
    for number in 0..world.phones.len() {
        if world.phones[number].home == server && excuse(world, number)?.is_none() {
            let shown = shown(world, number)?;
            if !shown.is_revoked {
                taking_part.push((number, shown));
            }
        }
    }
    let Some(at) = taking_part.iter().position(|(_, shown)| shown.sees_all) else { return Ok(()) };
    let (model, all) = taking_part.remove(at);
    held_everywhere(world, server, model, &taking_part)?;
    if !world.bug.is_some_and(Bug::hides_conflicts) {
        conflicts(world, server, model, &all)?;
    }
    same_lists(world, model, &all, &taking_part)?;
    same_orders(world, model, &all, &taking_part)?;
    replay(world, server, model, &all)
}

/// Lists: who sees everything sees the same; a crew sees what is its own, and each line as everybody does.
fn same_lists(world: &World, model: usize, all: &Shown, others: &[(usize, Shown)]) -> Result<(), Broken> {
    let settled = |order: &&OrderSummary| !order.held_back && !order.unsent;
    let by_folio: BTreeMap<&str, &OrderSummary> =
        all.list.iter().map(|order| (order.folio.as_str(), order)).collect();
    for (number, shown) in others {
        for order in shown.list.iter().filter(settled) {
            match by_folio.get(order.folio.as_str()) {
                Some(same) if same.held_back || *same == order => {}
                Some(same) => {
                    return Err(Property::SameState.broken(format!(
                        "phones {model} and {number} list {} otherwise: {same:?} and {order:?}; {}",
                        order.folio,
                        how_two_differ(&world.phones[model], &world.phones[*number])
                    )));
                }
                None => {
                    return Err(Property::SameState
                        .broken(format!("phone {number} lists {}, phone {model} does not", order.folio)));
                }
            }
        }
        let listed: BTreeSet<&str> = shown.list.iter().map(|order| order.folio.as_str()).collect();
        let is_due = |order: &&OrderSummary| {
            shown.sees_all || (shown.crew.is_some() && order.crew == shown.crew) || {
                let named = |key: &String| order.locality.as_deref() == Some(key.to_uppercase().as_str());
                shown.localities.iter().any(named)
            }
        };
        let missing = all.list.iter().filter(settled).filter(is_due);
        if let Some(missing) = missing.into_iter().find(|order| !listed.contains(order.folio.as_str())) {
            return Err(Property::SameState
                .broken(format!("phone {number} does not list {}, which concerns it", missing.folio)));
        }
    }
    Ok(())
}

/// Whole orders as one phone shows them.
fn views(world: &mut World, number: usize, folios: &[&str]) -> Result<BTreeMap<String, String>, Broken> {
    ask(world, number, |replica| {
        let shown =
            folios.iter().map(|folio| Ok(((*folio).to_owned(), as_json(&replica.view().order_show(folio)?))));
        shown.collect()
    })
}

/// The order as text, without the marks of what only a device says: who is told of the quarantine may know better.
fn as_json(view: &OrderView) -> String {
    let text = serde_json::to_string(view).unwrap_or_default();
    text.replace("\"claim\":true,", "").replace(",\"claim\":true", "")
}

/// Where two texts part.
fn parting(one: &str, other: &str) -> String {
    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        let text: Vec<char> = text.chars().collect();
        text.iter().skip(at.saturating_sub(80)).take(200).collect::<String>()
    };
    format!("…{}… and …{}…", around(one), around(other))
}

/// Orders, whole, byte for byte.
fn same_orders(
    world: &mut World,
    model: usize,
    all: &Shown,
    others: &[(usize, Shown)],
) -> Result<(), Broken> {
    let mut dice = Dice::of(&[world.plan.seed, 21]);
    let settled: Vec<&OrderSummary> =
        all.list.iter().filter(|order| !order.held_back && !order.unsent).collect();
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..ORDERS_MAX.min(settled.len()) {
        chosen.extend(dice.pick(&settled).map(|order| order.folio.as_str()));
    }
    let chosen: Vec<&str> = chosen.into_iter().collect();
    let model_views = views(world, model, &chosen)?;
    let mut phones: BTreeSet<usize> = BTreeSet::new();
    for _ in 0..PHONES_MAX.min(others.len()) {
        phones.insert(dice.index(others.len()));
    }
    for at in phones {
        let Some((number, shown)) = others.get(at) else { continue };
        let is_shown = |folio: &&str| {
            let theirs = shown.list.iter().find(|theirs| theirs.folio == *folio);
            theirs.is_some_and(|theirs| !theirs.held_back && !theirs.unsent)
        };
        let common: Vec<&str> = chosen.iter().copied().filter(is_shown).collect();
        for (folio, other) in views(world, *number, &common)? {
            world.tally.orders_compared += 1;
            let one = model_views.get(&folio).map(String::as_str).unwrap_or_default();
            if one != other {
                let what = how_two_differ(&world.phones[model], &world.phones[*number]);
                return Err(Property::SameState.broken(format!(
                    "phones {model} and {number} show {folio} otherwise: {}; {what}",
                    parting(one, &other)
                )));
            }
        }
    }
    Ok(())
}

/// Replay at the last number is what is shown.
fn replay(world: &mut World, server: usize, model: usize, all: &Shown) -> Result<(), Broken> {
    let end = At::Seq(world.servers[server].book.len());
    let then = ask(world, model, |replica| Ok(replica.view().replay_list(end)?))?.orders;
    let settled = |order: &&OrderSummary| !order.held_back && !order.unsent;
    let then: BTreeMap<&str, &OrderSummary> =
        then.iter().map(|order| (order.folio.as_str(), order)).collect();
    for order in all.list.iter().filter(settled) {
        if then.get(order.folio.as_str()) != Some(&order) {
            return Err(Property::ReplayIsLive.broken(format!(
                "phone {model}'s list shows {order:?}, its replay at the end {:?}; against the server: {}",
                then.get(order.folio.as_str()),
                how_differs(world, model)
            )));
        }
    }
    let mut dice = Dice::of(&[world.plan.seed, 22]);
    let orders: Vec<&OrderSummary> = all.list.iter().filter(settled).collect();
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..ORDERS_MAX.min(orders.len()) {
        chosen.extend(dice.pick(&orders).map(|order| order.folio.as_str()));
    }
    let chosen: Vec<&str> = chosen.into_iter().collect();
    let live = views(world, model, &chosen)?;
    let replayed = ask(world, model, |replica| {
        let then = chosen.iter().map(|folio| {
            let answer = replica.view().replay(Some(folio), end)?;
            Ok(((*folio).to_owned(), answer.orders.first().map(as_json).unwrap_or_default()))
        });
        then.collect::<Result<BTreeMap<String, String>, sync_core::replica::ReplicaError>>()
    })?;
    for (folio, live) in live {
        let then = replayed.get(&folio).map(String::as_str).unwrap_or_default();
        if live != then {
            let parting = parting(&live, then);
            return Err(
                Property::ReplayIsLive.broken(format!("{folio} and its replay at the end: {parting}"))
            );
        }
    }
    Ok(())
}

/// What is held back is listed by who sees everything, and counts on nobody's phone but its author's.
fn held_everywhere(
    world: &mut World,
    server: usize,
    model: usize,
    others: &[(usize, Shown)],
) -> Result<(), Broken> {
    let held = world.servers[server].book.held();
    let entries: Vec<(u64, RecordId, Hash, Hash)> = held
        .iter()
        .filter(|seq| !counts_otherwise(&world.servers[server], **seq))
        .filter_map(|seq| world.servers[server].book.at(*seq).map(|noted| (*seq, noted)))
        .map(|(seq, noted)| (seq, noted.record, noted.change, noted.hash))
        .collect();
    let numbers: Vec<(usize, bool)> = std::iter::once((model, true))
        .chain(others.iter().map(|(number, shown)| (*number, shown.sees_all)))
        .collect();
    for (number, sees_all) in numbers {
        let own: BTreeSet<Hash> = world.phones[number].saved.iter().map(|saved| saved.hash).collect();
        let (listed, leaks) = ask(world, number, |replica| {
            let listed: BTreeSet<u64> = replica.view().quarantine()?.iter().map(|item| item.id).collect();
            let mut leaks = Vec::new();
            for (seq, record, change, hash) in &entries {
                if own.contains(hash) || *change == Hash::ZERO {
                    continue;
                }
                let row: Option<RecordRow> =
                    sync_core::rows::read(&replica.rows(), &keyspace::record(record))?;
                if row.is_some_and(|row| !row.scopes.is_empty())
                    && sync_core::state::applied::is_applied(&replica.rows(), record, change)?
                    // A crew is not told that what its own pending work builds on is in quarantine.
                    && (sees_all || !replica.is_ground(record, change)?)
                {
                    leaks.push(*seq);
                }
            }
            Ok((listed, leaks))
        })?;
        if sees_all && listed != held {
            let missing: Vec<_> = held.difference(&listed).collect();
            let surplus: Vec<_> = listed.difference(&held).collect();
            let first = missing.first().or(surplus.first());
            let spoken = first.map(|seq| world.servers[server].book.spoken_of(**seq)).unwrap_or_default();
            return Err(Property::HeldIsListed.broken(format!(
                "phone {number}'s inbox lacks {missing:?} of what is held, and lists {surplus:?} that is not ({spoken})"
            )));
        }
        if let Some(seq) = leaks.first() {
            return Err(Property::HeldDoesNotLeak
                .broken(format!("number {seq} is held back, and counts in the view of phone {number}")));
        }
    }
    Ok(())
}

/// The registers of a record with several different values, asked of Automerge itself; with what people call it.
fn disputed(changes: &[Vec<u8>]) -> Result<(Option<String>, BTreeSet<String>), String> {
    let mut doc = Automerge::new();
    let parsed: Result<Vec<automerge::Change>, _> =
        changes.iter().map(|raw| automerge::Change::try_from(raw.as_slice())).collect();
    doc.apply_changes(parsed.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    let mut found = BTreeSet::new();
    let mut root: BTreeMap<String, String> = BTreeMap::new();
    let mut look = |object: &automerge::ObjId, prefix: &str| -> Result<(), String> {
        for key in doc.keys(object) {
            let values = doc.get_all(object, key.as_str()).map_err(|error| error.to_string())?;
            let scalars: BTreeSet<String> = values
                .iter()
                .filter(|(value, _)| value.is_scalar())
                .map(|(value, _)| value.to_string())
                .collect();
            if scalars.len() > 1 {
                found.insert(format!("{prefix}{key}"));
            }
            if *object == ROOT
                && let Some(text) = values.last().and_then(|(value, _)| value.as_str().map(String::from))
            {
                root.insert(key, text);
            }
        }
        Ok(())
    };
    look(&ROOT, "")?;
    for (map, prefix) in [("fields", ""), ("checklist", "checklist."), ("corrections", "corrections.")] {
        if let Ok(Some((_, object))) = doc.get(ROOT, map) {
            look(&object, prefix)?;
        }
    }
    let of = |key: &str| root.get(key).cloned();
    let sort = of("item").or_else(|| of("type"));
    let called = of("folio").or_else(|| Some(format!("{}:{}", sort?, of("key")?)));
    Ok((called, found))
}

/// Every conflict is shown, and nothing that is none.
fn conflicts(world: &mut World, server: usize, model: usize, all: &Shown) -> Result<(), Broken> {
    let counting = counting_changes(world, server)?;
    let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
    // A record without a folio is nobody's own for long: its pending changes are sent with the next exchange.
    let has_pending = ask(world, model, |replica| Ok(replica.view().status()?.unsent > 0))?;
    let settled: BTreeSet<&str> =
        all.list.iter().filter(|o| !o.held_back && !o.unsent).map(|o| o.folio.as_str()).collect();
    let is_settled = |called: &str| settled.contains(called) || called.contains(':') && !has_pending;
    for changes in counting.values() {
        let (folio, fields) = disputed(changes)
            .map_err(|error| Property::ConflictsShown.broken(format!("a record: {error}")))?;
        let Some(folio) = folio.filter(|folio| is_settled(folio)) else { continue };
        expected.extend(fields.into_iter().map(|field| (folio.clone(), field)));
    }
    let shown = ask(world, model, |replica| Ok(replica.view().conflicts()?))?;
    let shown: BTreeSet<(String, String)> = shown
        .into_iter()
        .filter(|one| is_settled(&one.folio))
        .map(|one| (one.folio, one.conflict.field))
        .collect();
    if let Some((folio, field)) = expected.difference(&shown).next() {
        return Err(Property::ConflictsShown
            .broken(format!("{field} of {folio} has several values, and phone {model} shows no conflict")));
    }
    if let Some((folio, field)) = shown.difference(&expected).next() {
        return Err(Property::ConflictsShown
            .broken(format!("phone {model} shows a conflict of {field} of {folio}, and there is none")));
    }
    Ok(())
}

/// The raw changes that count, by record, in ledger order, as the lines alone say.
fn counting_changes(world: &World, server: usize) -> Result<BTreeMap<RecordId, Vec<Vec<u8>>>, Broken> {
    let server = &world.servers[server];
    let book = &server.book;
    let Some(lines) = server.reader() else { return Ok(BTreeMap::new()) };
    let mut counting: BTreeMap<RecordId, Vec<Vec<u8>>> = BTreeMap::new();
    let counts: BTreeSet<u64> = book.counting().into_iter().map(|(_, number)| number).collect();
    for (number, noted) in book.entries() {
        if !counts.contains(&number) || noted.change == Hash::ZERO {
            continue;
        }
        let line = lines.line(number).map_err(|error| Property::NothingBreaks.broken(error.0))?;
        if let Ok(Line::Entry { chained, .. }) = Line::from_bytes(&line)
            && let Body::Change(raw) = chained.entry.body
        {
            counting.entry(noted.record).or_default().push(raw.bytes);
        }
    }
    Ok(counting)
}
