//! Mirror: rows folded from what the hub told, in its order, by the fold that the hub uses. Nothing is inferred, and
//! nothing of the device's pending work is read or written here.

use std::collections::{BTreeMap, BTreeSet};

use serde_bytes::ByteBuf;

use super::pending::{forget_unplaced, mark_dirty};
use crate::id::{DeviceId, RecordId};
use crate::log::chain::{DecodedBody, decode_body};
use crate::log::entry::ChainedEntry;
use crate::log::line::{Lines, OwnRun, read_entry};
use crate::log::verdict::{Decision, Receipt};
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, Rows, RowsError, all_under, read};
use crate::rules::Rules;
use crate::scope::Scope;
use crate::state::applied::is_applied;
use crate::state::decide::{Decided, decide};
use crate::state::fold::{Applied, EntryRow, Folded, Received, apply_if_grounded, fold_entry};
use crate::state::held::unlist;
use crate::state::keyspace;
use crate::state::layers::in_mirror;
use crate::state::local::{GENERATIONS, Generations, IDENTITY, read_own};
use crate::state::summary::store_row;

/// Folds an entry of another device that the hub told.
pub(super) fn fold_told(
    rules: &mut Rules,
    raw: &mut Overlay<'_>,
    number: u64,
    receipt: &Receipt,
    chained: &ChainedEntry,
) -> Result<(), RowsError> {
    let decoded = decode_body(&chained.entry.body)?;
    let received = Received { line: number, receipt, chained, hash: chained.hash(), decoded: &decoded };
    let generations = filled(raw)?;
    let mut target = Target::of(raw, &generations, rules)?;
    target.fold(raw, &received, None)
}

/// Folds places and outcomes of own entries that the hub told.
pub(super) fn fold_runs(
    rules: &mut Rules,
    raw: &mut Overlay<'_>,
    lines: &dyn Lines,
    device: &DeviceId,
    runs: &[OwnRun],
) -> Result<(), RowsError> {
    let generations = filled(raw)?;
    Target::of(raw, &generations, rules)?.fold_runs(raw, lines, device, runs)
}

/// Returns the generations, none of which waits for lines of the journal.
pub(super) fn filled(raw: &dyn Rows) -> Result<Generations, RowsError> {
    let generations = GENERATIONS.read_or_default(raw)?;
    if generations.filling.as_ref().is_some_and(crate::state::local::Filling::is_due) {
        return Err(RowsError("the mirror is not filled yet after a reset".into()));
    }
    Ok(generations)
}

/// The generation that told lines are folded into.
pub(super) struct Target<'r> {
    generation: u8,
    /// Whether views read it.
    is_shown: bool,
    /// The rules in force there; a generation that is filled does not touch those in use.
    rules: Borrowed<'r>,
    /// The device's names.
    names: BTreeSet<DeviceId>,
}

enum Borrowed<'r> {
    InUse(&'r mut Rules),
    Scratch(Box<Rules>),
}

impl<'r> Target<'r> {
    /// Returns the generation that replies are folded into.
    pub(super) fn of(
        raw: &dyn Rows,
        generations: &Generations,
        rules: &'r mut Rules,
    ) -> Result<Self, RowsError> {
        let is_shown = generations.filling.is_none();
        let rules = if is_shown { Borrowed::InUse(rules) } else { Borrowed::Scratch(Box::default()) };
        let identity = IDENTITY.read(raw)?;
        let names = identity.map(|me| me.names_before.into_iter().chain([me.device]).collect());
        let names = names.unwrap_or_default();
        Ok(Self { generation: generations.reading(), is_shown, rules, names })
    }

    /// Folds places and outcomes of own entries.
    pub(super) fn fold_runs(
        &mut self,
        raw: &mut Overlay<'_>,
        lines: &dyn Lines,
        device: &DeviceId,
        runs: &[OwnRun],
    ) -> Result<(), RowsError> {
        for run in runs {
            for seq in run.first..run.end() {
                let Some(own) = read_own(raw, device, seq)? else { continue };
                let (_, chained) = read_entry(lines, own.line)?;
                let decoded = decode_body(&chained.entry.body)?;
                let receipt = run.receipt(seq);
                let received = Received {
                    line: own.line,
                    receipt: &receipt,
                    chained: &chained,
                    hash: Some(own.hash),
                    decoded: &decoded,
                };
                self.fold(raw, &received, run.decision.as_ref())?;
            }
        }
        in_mirror(raw, self.generation, |rows| advance_placed(rows, device))
    }

    pub(super) fn fold(
        &mut self,
        raw: &mut Overlay<'_>,
        received: &Received<'_>,
        decision: Option<&Decision>,
    ) -> Result<(), RowsError> {
        let rules = match &mut self.rules {
            Borrowed::InUse(rules) => &mut **rules,
            Borrowed::Scratch(rules) => &mut **rules,
        };
        let names = &self.names;
        let touched = in_mirror(raw, self.generation, |rows| {
            let implicit = ImplicitScopes::of(rows)?;
            let mut told =
                Told { rules, rows, names, scopes: &|row| implicit.after(row), touched: Vec::new() };
            told.take(received, decision)?;
            Ok(told.touched)
        })?;
        if self.is_shown {
            for record in touched {
                mark_dirty(raw, &record)?;
            }
            let header = &received.chained.entry.header;
            if self.names.contains(&header.device) {
                forget_unplaced(raw, &header.device, header.seq)?;
            }
        }
        Ok(())
    }

    /// Folds what a reply said of scopes: records that came and went, which scopes there are, how far each was read.
    pub(super) fn fold_scopes(
        &self,
        raw: &mut Overlay<'_>,
        server_seq: u64,
        moves: &[(Scope, RecordId, bool)],
        cursors: &BTreeMap<Scope, u64>,
    ) -> Result<(), RowsError> {
        let touched = in_mirror(raw, self.generation, |rows| {
            let mut touched: Vec<RecordId> = moves.iter().map(|(_, record, _)| *record).collect();
            for (scope, record, entered) in moves {
                fold_move(rows, server_seq, scope, record, *entered)?;
            }
            let before: BTreeMap<Scope, u64> = read(rows, &keyspace::cursors())?.unwrap_or_default();
            touched.extend(follow(rows, &before, cursors)?);
            rows.write(keyspace::cursors(), cursors);
            Ok(touched)
        })?;
        if self.is_shown {
            for record in touched {
                mark_dirty(raw, &record)?;
            }
        }
        Ok(())
    }
}

/// One told entry on its way into the rows of a generation.
struct Told<'t, 'r> {
    rules: &'t mut Rules,
    rows: &'t mut Overlay<'r>,
    names: &'t BTreeSet<DeviceId>,
    scopes: &'t dyn Fn(&RecordRow) -> BTreeSet<Scope>,
    touched: Vec<RecordId>,
}

impl Told<'_, '_> {
    fn take(&mut self, received: &Received<'_>, decision: Option<&Decision>) -> Result<(), RowsError> {
        let (key, seq) = (received.key(), received.receipt.seq);
        self.touched.push(received.chained.entry.header.record);
        match read::<EntryRow>(self.rows, &key)? {
            Some(known) => self.take_again(&key, known, received)?,
            None => {
                self.rows.write(keyspace::place(seq), &ByteBuf::from(key));
                let folded = fold_entry(self.rules, self.rows, received, None, self.scopes)?;
                if let Folded::Acted(decided) = folded {
                    decided.iter().for_each(|one| self.note(one));
                }
            }
        }
        if let Some(decision) = decision {
            let decided = decide(self.rules, self.rows, seq, decision, self.scopes)?;
            decided.iter().for_each(|one| self.note(one));
        }
        Ok(())
    }

    /// Takes an entry that was told before: with a record that comes whole, say. A change that found no ground then may
    /// find it now.
    fn take_again(&mut self, key: &[u8], known: EntryRow, received: &Received<'_>) -> Result<(), RowsError> {
        let mut known = known;
        if known.is_quarantined() && received.receipt.verdict.is_accepted() {
            // A crew that once saw everything is told as accepted what it had listed.
            unlist(self.rows, received.receipt.seq)?;
            known.receipt = Some(received.receipt.clone());
            self.rows.write(key.to_vec(), &known);
        }
        let (Some(receipt), DecodedBody::Change(change)) = (&known.receipt, received.decoded) else {
            return Ok(());
        };
        let header = &received.chained.entry.header;
        let hash = received.chained.entry.body.hash();
        if known.accepted().is_none() || is_applied(self.rows, &header.record, &hash)? {
            return Ok(());
        }
        let applied = Applied {
            record: header.record,
            change,
            hash,
            device_seq: header.seq,
            line: known.line,
            accepted_as: Some(receipt.seq),
        };
        apply_if_grounded(self.rules, self.rows, &applied, self.scopes).map(drop)
    }

    /// Notes an own entry that was dismissed, so that its author finds it.
    fn note(&mut self, decided: &Decided) {
        self.touched.push(decided.record);
        if !decided.releases && !decided.is_rewritten && self.names.contains(&decided.author) {
            let key = keyspace::dismissed(&decided.author, decided.device_seq);
            self.rows.write(key, &decided.seq);
        }
    }
}

/// Scopes that the hub does not announce record by record: the whole municipality holds everything, the catalogue all
/// records that are no order and no report.
struct ImplicitScopes(BTreeSet<Scope>);

impl ImplicitScopes {
    /// Returns those among the scopes that this generation has read.
    fn of(rows: &dyn Rows) -> Result<Self, RowsError> {
        let cursors: BTreeMap<Scope, u64> = read(rows, &keyspace::cursors())?.unwrap_or_default();
        let is_implicit = |scope: &Scope| matches!(scope, Scope::Municipality | Scope::Catalog);
        Ok(Self(cursors.into_keys().filter(is_implicit).collect()))
    }

    fn after(&self, row: &RecordRow) -> BTreeSet<Scope> {
        let is_catalog = match row.kind {
            RecordKind::Catalog | RecordKind::Asset | RecordKind::Plan => true,
            RecordKind::Order | RecordKind::Report => false,
        };
        let holds = |scope: &&Scope| **scope == Scope::Municipality || is_catalog;
        row.scopes.iter().chain(self.0.iter().filter(holds)).cloned().collect()
    }
}

/// Moves the mark up to which all places of a device's entries are told.
fn advance_placed(rows: &mut Overlay<'_>, device: &DeviceId) -> Result<(), RowsError> {
    let key = keyspace::placed(device);
    let before: u64 = read(rows, &key)?.unwrap_or(0);
    let mut placed = before;
    while rows.get(&keyspace::entry(device, placed + 1))?.is_some() {
        placed += 1;
    }
    if placed > before {
        rows.write(key, &placed);
    }
    Ok(())
}

fn fold_move(
    rows: &mut Overlay<'_>,
    server_seq: u64,
    scope: &Scope,
    record: &RecordId,
    entered: bool,
) -> Result<(), RowsError> {
    let member = keyspace::member(scope, record);
    if entered {
        rows.write(member, &server_seq);
    } else {
        rows.delete(member);
    }
    let Some(before) = read::<RecordRow>(rows, &keyspace::record(record))? else { return Ok(()) };
    let mut row = before.clone();
    if entered {
        row.scopes.insert(scope.clone());
        row.scopes_ever.insert(scope.clone());
    } else {
        row.scopes.remove(scope);
    }
    store_row(rows, record, Some(&before), &row)
}

/// Fits what is seen to the scopes that the hub says this device has. Returns the records that moved.
fn follow(
    rows: &mut Overlay<'_>,
    before: &BTreeMap<Scope, u64>,
    now: &BTreeMap<Scope, u64>,
) -> Result<Vec<RecordId>, RowsError> {
    let scopes = |cursors: &BTreeMap<Scope, u64>| -> BTreeSet<Scope> {
        cursors.keys().filter(|scope| !matches!(scope, Scope::Device(_))).cloned().collect()
    };
    let now = scopes(now);
    // A revoked device has none, is told no more, and keeps what it has.
    if now.is_empty() || now == scopes(before) { Ok(Vec::new()) } else { see_only(rows, &now) }
}

fn see_only(rows: &mut Overlay<'_>, scopes: &BTreeSet<Scope>) -> Result<Vec<RecordId>, RowsError> {
    let mut moved = Vec::new();
    for (tail, row) in all_under::<RecordRow>(rows, keyspace::RECORDS)? {
        let record = RecordId::from_slice(&tail);
        let record = record.ok_or_else(|| RowsError("a record row has a malformed key".into()))?;
        let mut left = row.clone();
        // A device that saw everything knows of scopes that were never its own, and of which it is told no more.
        left.scopes.retain(|scope| scopes.contains(scope));
        // The whole municipality is never announced: what is here already is in it from now on.
        if scopes.contains(&Scope::Municipality) && row.created_seq != 0 {
            left.scopes.insert(Scope::Municipality);
            left.scopes_ever.insert(Scope::Municipality);
        }
        if left.scopes == row.scopes {
            continue;
        }
        for scope in row.scopes.difference(scopes) {
            rows.delete(keyspace::member(scope, &record));
        }
        store_row(rows, &record, Some(&row), &left)?;
        moved.push(record);
    }
    Ok(moved)
}
