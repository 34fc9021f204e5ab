//! Replay: the orders as the office knew them at a place or a time of its ledger, or as they had been done by
//! a claimed time. It folds what belongs to the moment and nothing else: no later name, decision or release
//! shows through.
//!
//! One order reads only its rows and lines. The whole municipality reads the entry rows once; an order that
//! has not changed since the moment is taken from its summary, the others are folded again without their
//! documents. Labels of kinds, fields and states are today's names for the keys that the records hold.

use crate::folio::rank;
use crate::state::interpret::check_creation;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::entries::{Since, scan_entries};
use super::lists::{OrderSummary, summary};
use super::order::{OrderView, order_after};
use super::steps::{Step, grounded, steps_of};
use super::words::Sentence;
use crate::id::{Hash, RecordId};
use crate::log::line::{Lines, read_entry};
use crate::record::change::{Action, Change, Obj, Place, Scalar};
use crate::record::patch::interpret;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Overlay, Rows, RowsError, encode, read};
use crate::rules::Rules;
use crate::state::keyspace;
use crate::state::summary::{ListRow, list_row};
use crate::time::{TimeMs, rfc3339};
use crate::view::{View, ViewError};

/// A moment to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// What the ledger held up to that number.
    Seq(u64),
    /// What the office had received by then.
    Known(TimeMs),
    /// What had been done by then, as the devices told.
    Claimed(TimeMs),
}

impl At {
    /// Returns whether a change belongs to the moment, if it counts since `since` and was claimed for
    /// `claimed_ms`. A quarantined change counts from its release on; a change that no ledger has, or that is
    /// still quarantined, does not count.
    pub fn holds(&self, since: Since, claimed_ms: TimeMs) -> bool {
        let Some((seq, at_ms)) = since else { return false };
        match self {
            Self::Seq(last) => seq <= *last,
            Self::Known(last_ms) => at_ms <= *last_ms,
            Self::Claimed(last_ms) => claimed_ms <= *last_ms,
        }
    }

    /// Returns the stable name of the axis.
    pub fn axis(&self) -> &'static str {
        match self {
            Self::Seq(_) => "sequence",
            Self::Known(_) => "known",
            Self::Claimed(_) => "claimed",
        }
    }

    /// Returns the moment itself: a number or a time.
    pub fn shown(&self) -> String {
        match self {
            Self::Seq(seq) => seq.to_string(),
            Self::Known(ms) | Self::Claimed(ms) => rfc3339(*ms),
        }
    }
}

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay<T> {
    /// `sequence`, `known` or `claimed`.
    pub axis: &'static str,
    /// The moment, a ledger number or a time.
    pub at: String,
    /// How far this device has the ledger.
    pub server_seq: u64,
    /// Whether this device is told of everything in the municipality.
    pub sees_everything: bool,
    /// A sentence on what this result is, and what it is not.
    pub note: Sentence,
    /// The orders.
    pub orders: Vec<T>,
}

impl View<'_> {
    /// Returns whole orders as they were at a moment: one by its folio, or all that this device has. An order
    /// that was not there yet is left out, which is no error.
    ///
    /// # Errors
    /// [`ViewError::Unknown`] if this device never had an order of that folio.
    pub fn replay(&self, order: Option<&str>, at: At) -> Result<Replay<OrderView>, ViewError> {
        let orders = match order {
            Some(folio) => self.order_at(&self.find_order_ever(folio)?, at)?.into_iter().collect(),
            None => {
                let mut orders = Vec::new();
                for record in self.records_of(RecordKind::Order)? {
                    orders.extend(self.order_at(&record, at)?);
                }
                orders.sort_by(|one: &OrderView, other| rank(&one.folio).cmp(&rank(&other.folio)));
                orders
            }
        };
        self.replayed(at, orders, order.is_some())
    }

    /// Returns the list of orders as it was at a moment.
    pub fn replay_list(&self, at: At) -> Result<Replay<OrderSummary>, ViewError> {
        let orders = municipality_at(self.rows(), self.all_lines(), self.rules(), at)?;
        self.replayed(at, orders, false)
    }

    fn replayed<T>(&self, at: At, orders: Vec<T>, is_one: bool) -> Result<Replay<T>, ViewError> {
        let server_seq = self.contact()?.server_seq;
        let sees_everything = self.identity()?.role.sees_everything();
        let mut note = match at {
            At::Claimed(_) => Sentence::new(
                "según lo dicho: cuenta lo que el registro acepta hoy, con la hora que dijo cada equipo",
                "as told: what the ledger accepts today counts, at the time each device claimed",
            ),
            At::Seq(_) | At::Known(_) => Sentence::new(
                "lo que la oficina tenía aceptado en su registro en ese momento",
                "what the office had accepted in its ledger at that moment",
            ),
        };
        if is_one && orders.is_empty() {
            note.add(
                "la orden no existía todavía en ese momento",
                "the order did not exist yet at that moment",
            );
        }
        if matches!(at, At::Seq(seq) if seq > server_seq) {
            let es = format!("este equipo solo conoce el registro hasta el número {server_seq}");
            note.add(&es, &format!("this device knows the ledger only up to number {server_seq}"));
        }
        if !sees_everything {
            note.add(
                "este equipo solo tiene lo de su zona y su cuadrilla, y nada de otros que esté en revisión",
                "this device has only its own scopes, and nothing of others that is in review",
            );
        }
        let (axis, at) = (at.axis(), at.shown());
        Ok(Replay { axis, at, server_seq, sees_everything, note, orders })
    }

    /// Returns one order as it was at a moment, from its rows and lines alone.
    pub fn order_at(&self, record: &RecordId, at: At) -> Result<Option<OrderView>, ViewError> {
        let mut steps = steps_of(self.rows(), self.all_lines(), record)?;
        steps.retain(|step| at.holds(step.accepted, step.header.claimed_at_ms));
        let mut then = Overlay::new(self.rows());
        for key in localities_in(&steps) {
            let name = locality_at(self.rows(), self.all_lines(), self.rules(), &key, at)?;
            rename(&mut then, &key, name);
        }
        Ok(order_after(&then, self.rules(), record, self.who(), steps)?)
    }

    /// Returns all records of a kind that were ever here, whatever scope they are in now.
    pub fn records_of(&self, kind: RecordKind) -> Result<Vec<RecordId>, ViewError> {
        let mut records = Vec::new();
        let mut failure = None;
        self.rows().scan(keyspace::RECORDS, keyspace::RECORDS, &mut |key, value| {
            match (
                RecordId::from_slice(&key[keyspace::RECORDS.len()..]),
                crate::rows::decode::<RecordRow>(value),
            ) {
                (Some(record), Ok(row)) if row.kind == kind => records.push(record),
                (Some(_), Ok(_)) => {}
                (None, _) => failure = Some(RowsError("a record row has a malformed key".into())),
                (_, Err(error)) => failure = Some(error),
            }
            failure.is_none()
        })?;
        failure.map_or(Ok(records), |error| Err(error.into()))
    }
}

/// Puts a locality's name of then over the one of now; where it was not there yet, its key stands for it.
fn rename(then: &mut Overlay<'_>, locality: &str, name: Option<String>) {
    let key = keyspace::name(RecordKind::Catalog, &format!("locality/{locality}"));
    match name {
        Some(title) => {
            let row = ListRow {
                record: RecordId::ZERO,
                kind: "locality".into(),
                locality: None,
                status: String::new(),
                crew: None,
                title,
                due: None,
                conflicts: 0,
                unsent: false,
                held_back: false,
            };
            then.put(key, encode(&row));
        }
        None => then.delete(key),
    }
}

/// Returns the localities that the steps ever name.
fn localities_in(steps: &[Step]) -> BTreeSet<String> {
    let named = |op: &crate::record::change::Op| match (&op.obj, &op.place, &op.action) {
        (Obj::Root, Place::Prop(key), Action::Put(Scalar::Str(value))) if key == "locality" => {
            Some(value.clone())
        }
        _ => None,
    };
    steps.iter().flat_map(|step| &step.change.ops).filter_map(named).collect()
}

fn locality_at(
    rows: &dyn Rows,
    lines: &dyn Lines,
    rules: &Rules,
    key: &str,
    at: At,
) -> Result<Option<String>, RowsError> {
    let listed = keyspace::name(RecordKind::Catalog, &format!("locality/{key}"));
    let Some(row) = read::<ListRow>(rows, &listed)? else { return Ok(None) };
    let mut steps = steps_of(rows, lines, &row.record)?;
    steps.retain(|step| at.holds(step.accepted, step.header.claimed_at_ms));
    let mut fold = RowFold::new(rules);
    for step in grounded(steps) {
        fold.apply(&step.change, &step.row.hash)?;
    }
    Ok(fold.row.and_then(|row| row.text("name").map(String::from)))
}

/// Folds the changes of one record into its summary, in ledger order. A change whose ground is not in the moment is
/// left out, as in the fold of the whole order.
struct RowFold<'r> {
    rules: &'r Rules,
    placed: BTreeSet<Hash>,
    waiting: BTreeMap<Hash, Vec<(Change, Hash)>>,
    row: Option<RecordRow>,
}

impl<'r> RowFold<'r> {
    fn new(rules: &'r Rules) -> Self {
        Self { rules, placed: BTreeSet::new(), waiting: BTreeMap::new(), row: None }
    }

    fn take(&mut self, change: Change, hash: Hash) -> Result<(), RowsError> {
        let mut ready = vec![(change, hash)];
        while let Some((change, hash)) = ready.pop() {
            match change.deps.iter().find(|dep| !self.placed.contains(*dep)) {
                Some(missing) => self.waiting.entry(*missing).or_default().push((change, hash)),
                None => {
                    self.apply(&change, &hash)?;
                    self.placed.insert(hash);
                    ready.extend(self.waiting.remove(&hash).into_iter().flatten().rev());
                }
            }
        }
        Ok(())
    }

    fn apply(&mut self, change: &Change, hash: &Hash) -> Result<(), RowsError> {
        let is_creation = change.deps.is_empty();
        if self.row.is_none() {
            let kind = check_creation(change).ok_or_else(|| RowsError("a record has no beginning".into()))?;
            self.row = Some(RecordRow::new(kind, change.device, self.rules.records.of(kind)));
        }
        let Some(row) = &mut self.row else { return Ok(()) };
        let patches = interpret(change, self.rules.records.of(row.kind), row.creator, is_creation)
            .map_err(|error| RowsError(error.to_string()))?;
        row.apply(change, hash, &patches);
        Ok(())
    }
}

/// One change of a record in the scan of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    record: RecordId,
    seq: u64,
    line: u64,
    since: (u64, TimeMs),
}

/// Returns all orders at a moment, as a list.
fn municipality_at(
    rows: &dyn Rows,
    lines: &dyn Lines,
    rules: &Rules,
    at: At,
) -> Result<Vec<OrderSummary>, RowsError> {
    let mut items = Vec::new();
    scan_entries(rows, &mut |_, entry| {
        if entry.change.is_some()
            && let (Some(since), Some(receipt)) = (entry.accepted(), &entry.receipt)
        {
            items.push(Item { record: entry.record, seq: receipt.seq, line: entry.line, since });
        }
    })?;
    items.sort_unstable();
    let mut localities: BTreeMap<String, String> = BTreeMap::new();
    let mut found = Vec::new();
    for of_record in items.chunk_by(|one, other| one.record == other.record) {
        let record = of_record[0].record;
        let Some(now) = read::<RecordRow>(rows, &keyspace::record(&record))? else { continue };
        let is_place = now.kind == RecordKind::Catalog && now.text("item") == Some("locality");
        if now.kind != RecordKind::Order && !is_place {
            continue;
        }
        let Some(row) = row_at(lines, rules, now, of_record, at)? else { continue };
        let name = if is_place { row.text("key").map(String::from) } else { row.name() };
        let listed = list_row(&record, &row);
        match name {
            Some(key) if is_place => {
                localities.insert(key, listed.title);
            }
            Some(folio) => found.push((folio, listed)),
            None => {}
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found.into_iter().map(|(folio, row)| summary(&folio, row, &localities)).collect())
}

/// Returns a record's summary at a moment: today's if nothing came later, else one that is folded again.
fn row_at(
    lines: &dyn Lines,
    rules: &Rules,
    now: RecordRow,
    items: &[Item],
    at: At,
) -> Result<Option<RecordRow>, RowsError> {
    let mut then = Vec::new();
    for item in items {
        let claimed_ms = match at {
            // Only the entry itself says when it was claimed for.
            At::Claimed(_) => read_entry(lines, item.line)?.1.entry.header.claimed_at_ms,
            At::Seq(_) | At::Known(_) => TimeMs::MIN,
        };
        if at.holds(Some(item.since), claimed_ms) {
            then.push(item);
        }
    }
    if then.len() == items.len() && items.len() == usize::try_from(now.changes).unwrap_or(usize::MAX) {
        return Ok(Some(now));
    }
    let mut fold = RowFold::new(rules);
    for item in then {
        let (_, chained) = read_entry(lines, item.line)?;
        let change =
            Change::read(chained.entry.body.bytes()).map_err(|error| RowsError(error.to_string()))?;
        fold.take(change, chained.entry.body.hash())?;
    }
    Ok(fold.row)
}
