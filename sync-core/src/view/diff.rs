//! Diff: what changed between two moments, order by order. The moments are ledger numbers or arrival times, or both are
//! claimed times.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::conflicts::Conflict;
use super::entries::{Since, scan_entries};
use super::order::{Event, OrderView};
use super::replay::At;
use super::words::{Sentence, reason_words, register_words, value_words};
use crate::folio::rank;
use crate::id::RecordId;
use crate::log::line::read_entry;
use crate::log::verdict::Verdict;
use crate::record::change::Scalar;
use crate::record::correction::LISTS;
use crate::rules::Rules;
use crate::state::fold::EntryRow;
use crate::time::TimeMs;
use crate::view::{View, ViewError};

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct FieldChange {
    pub field: String,
    pub label: Sentence,
    pub from: Value,
    pub to: Value,
}

/// Something that was added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Added {
    pub list: &'static str,
    pub item: Value,
}

/// A quarantine, release or dismissal of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct AtTheDoor {
    pub seq: u64,
    pub device: String,
    pub reason: String,
    pub text: Sentence,
}

/// The changes in one order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct OrderDiff {
    pub folio: String,
    pub title: Option<String>,
    pub is_new: bool,
    pub status: Option<FieldChange>,
    pub fields: Vec<FieldChange>,
    pub added: Vec<Added>,
    /// Elements that were there before, and count as something else now.
    pub corrected: Vec<Added>,
    /// Elements that count no more.
    pub voided: Vec<Added>,
    pub conflicts_opened: Vec<Conflict>,
    pub conflicts_closed: Vec<Conflict>,
    pub held: Vec<AtTheDoor>,
    pub released: Vec<AtTheDoor>,
    pub dismissed: Vec<AtTheDoor>,
    /// The entries that came to count in between, as the history tells them.
    pub events: Vec<Event>,
    /// The same as sentences, a line each.
    pub text: Vec<Sentence>,
}

/// The changes between two moments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Diff {
    pub axis: &'static str,
    pub from: String,
    pub to: String,
    pub sees_everything: bool,
    pub orders: Vec<OrderDiff>,
}

/// The two moments.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: At,
    to: At,
}

impl Span {
    /// Returns whether something belongs to the later moment alone.
    fn holds(&self, since: Since, claimed_ms: TimeMs) -> bool {
        self.to.holds(since, claimed_ms) && !self.from.holds(since, claimed_ms)
    }

    fn is_told(&self) -> bool {
        matches!(self.to, At::Claimed(_))
    }
}

impl View<'_> {
    /// Returns what changed after `from`, up to `to`, in one order or in all that changed.
    ///
    /// # Errors
    /// [`ViewError::Unknown`] if this device never had an order of that folio.
    pub fn audit_diff(&self, from: At, to: At, order: Option<&str>) -> Result<Diff, ViewError> {
        let span = Span { from, to };
        let records = match order {
            Some(folio) => BTreeSet::from([self.find_order_ever(folio)?]),
            None => self.touched(span)?,
        };
        let mut orders = Vec::new();
        for record in records {
            orders.extend(self.order_diff(&record, span)?);
        }
        orders.sort_by(|one, other| rank(&one.folio).cmp(&rank(&other.folio)));
        let sees_everything = self.identity()?.role.sees_everything();
        let axis = if span.is_told() { "claimed" } else { "known" };
        Ok(Diff { axis, from: from.shown(), to: to.shown(), sees_everything, orders })
    }

    /// Returns the records with an entry that came to count, was quarantined, or was decided about, in
    /// between.
    fn touched(&self, span: Span) -> Result<BTreeSet<RecordId>, ViewError> {
        let mut candidates = Vec::new();
        scan_entries(self.rows(), &mut |_, row| {
            if row.change.is_some() && (span.is_told() || is_touched(&row, span)) {
                candidates.push((row.record, row.line, row.accepted()));
            }
        })?;
        let mut touched = BTreeSet::new();
        for (record, line, accepted) in candidates {
            if touched.contains(&record) {
                continue;
            }
            if !span.is_told()
                || span.holds(accepted, read_entry(self.all_lines(), line)?.1.entry.header.claimed_at_ms)
            {
                touched.insert(record);
            }
        }
        Ok(touched)
    }

    fn order_diff(&self, record: &RecordId, span: Span) -> Result<Option<OrderDiff>, ViewError> {
        let before = self.order_at(record, span.from)?;
        let Some(after) = self.order_at(record, span.to)?.or_else(|| before.clone()) else {
            return self.diff_of_held(record, span);
        };
        let mut diff = compare(self.rules(), before.as_ref(), after);
        self.at_the_door(record, span, &mut diff)?;
        let is_empty = diff.text.is_empty() && diff.events.is_empty();
        Ok(Some(diff).filter(|_| !is_empty))
    }

    /// Returns the difference of an order of which nothing counts at either moment, but of which an entry was
    /// quarantined in between.
    fn diff_of_held(&self, record: &RecordId, span: Span) -> Result<Option<OrderDiff>, ViewError> {
        let mut diff = empty(self.folio_at(record)?);
        self.at_the_door(record, span, &mut diff)?;
        Ok(Some(diff).filter(|diff| !diff.text.is_empty()))
    }

    fn folio_at(&self, record: &RecordId) -> Result<String, ViewError> {
        let story = super::story::gather::Gathered::of(self, record)?;
        let named = |known: &super::story::gather::Known| {
            super::story::gather::folio_in(&crate::log::chain::DecodedBody::Change(known.change.clone()))
        };
        Ok(story.entries.iter().find_map(named).unwrap_or_default())
    }

    /// Adds what was quarantined, released or dismissed in between. On the axis of claims there is no such
    /// thing.
    fn at_the_door(&self, record: &RecordId, span: Span, diff: &mut OrderDiff) -> Result<(), ViewError> {
        if span.is_told() {
            return Ok(());
        }
        let mut entries = Vec::new();
        scan_entries(self.rows(), &mut |place, row| {
            if row.record == *record && row.change.is_some() && is_touched(&row, span) {
                entries.push((place, row));
            }
        })?;
        for (place, row) in entries {
            let Some(receipt) = &row.receipt else { continue };
            let Verdict::Quarantined(reason) = &receipt.verdict else { continue };
            let seq = receipt.seq;
            if span.holds(Some((seq, receipt.received_at_ms)), 0) {
                let why = reason_words(self.rules(), reason);
                let text = Sentence::new(
                    format!("el hecho n.º {seq} quedó en revisión: {}", why.es),
                    format!("entry no. {seq} went into review: {}", why.en),
                );
                diff.text.push(text.clone());
                let reason = reason.code().into();
                diff.held.push(AtTheDoor { seq, device: place.device.to_string(), reason, text });
            }
            let Some(decision) = row.decided.as_ref().filter(|one| span.holds(Some((one.seq, one.at_ms)), 0))
            else {
                continue;
            };
            let (es, en) =
                if decision.releases { ("liberó", "released") } else { ("desechó", "dismissed") };
            let reason = decision.reason.clone();
            let text = Sentence::new(
                format!("se {es} el hecho n.º {seq}: {reason}"),
                format!("entry no. {seq} was {en}: {reason}"),
            );
            diff.text.push(text.clone());
            let list = if decision.releases { &mut diff.released } else { &mut diff.dismissed };
            list.push(AtTheDoor { seq, device: decision.by.to_string(), reason, text });
        }
        Ok(())
    }
}

fn is_touched(row: &EntryRow, span: Span) -> bool {
    let arrived = row.receipt.as_ref().map(|receipt| (receipt.seq, receipt.received_at_ms));
    let decided = row.decided.as_ref().map(|decision| (decision.seq, decision.at_ms));
    [row.accepted(), arrived, decided].into_iter().any(|since| span.holds(since, 0))
}

fn empty(folio: String) -> OrderDiff {
    OrderDiff {
        folio,
        title: None,
        is_new: false,
        status: None,
        fields: Vec::new(),
        added: Vec::new(),
        corrected: Vec::new(),
        voided: Vec::new(),
        conflicts_opened: Vec::new(),
        conflicts_closed: Vec::new(),
        held: Vec::new(),
        released: Vec::new(),
        dismissed: Vec::new(),
        events: Vec::new(),
        text: Vec::new(),
    }
}

/// Returns the differences between two views of an order.
fn compare(rules: &Rules, before: Option<&OrderView>, after: OrderView) -> OrderDiff {
    let mut diff = empty(after.folio.clone());
    diff.title = after.title.clone();
    diff.is_new = before.is_none();
    if diff.is_new {
        let label = &after.kind_label;
        diff.text
            .push(Sentence::new(format!("orden nueva: {}", label.es), format!("new order: {}", label.en)));
    }
    for change in registers(rules, before, &after) {
        let words = |value: &Value| value_words(rules, &after.kind, &change.field, scalar(value).as_ref());
        let (from, to) = (words(&change.from), words(&change.to));
        if before.is_some() || change.field == "status" {
            let label = &change.label;
            diff.text.push(Sentence::new(
                format!("{}: {} → {}", label.es, from.es, to.es),
                format!("{}: {} → {}", label.en, from.en, to.en),
            ));
        }
        if change.field == "status" { diff.status = Some(change) } else { diff.fields.push(change) }
    }
    compare_lists(before, &after, &mut diff);
    conflicts(before, &after, &mut diff);
    let known: BTreeSet<Option<u64>> =
        before.map(|order| order.history.iter().map(|event| event.seq).collect()).unwrap_or_default();
    diff.events = after.history.into_iter().filter(|event| !known.contains(&event.seq)).collect();
    for event in
        diff.events.iter().filter(|event| !["create", "set", "status", "assign"].contains(&&*event.action))
    {
        let (who, text) = (&event.by.person, &event.text);
        diff.text.push(Sentence::new(format!("{who}: {}", text.es), format!("{who}: {}", text.en)));
    }
    diff
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Bool(flag) => Some(Scalar::Bool(*flag)),
        Value::Number(number) => number.as_i64().map(Scalar::Int),
        Value::String(text) => Some(Scalar::Str(text.clone())),
        _ => None,
    }
}

fn registers(rules: &Rules, before: Option<&OrderView>, after: &OrderView) -> Vec<FieldChange> {
    let flat = |order: &OrderView| {
        let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::String);
        let mut registers = BTreeMap::from([
            ("status".to_string(), Value::String(order.status.clone())),
            ("title".into(), text(&order.title)),
            ("locality".into(), text(&order.locality)),
            ("asset".into(), text(&order.asset)),
            ("crew".into(), text(&order.crew)),
            ("priority".into(), text(&order.priority)),
            ("due".into(), text(&order.due)),
            ("plan".into(), text(&order.plan)),
            ("description".into(), Value::String(order.description.clone())),
        ]);
        registers.extend(order.fields.iter().map(|(key, value)| (format!("fields.{key}"), value.clone())));
        registers
            .extend(order.checklist.iter().map(|(key, value)| (format!("checklist.{key}"), value.clone())));
        registers.retain(|_, value| !value.is_null() && value != "");
        registers
    };
    let (was, is) = (before.map(flat).unwrap_or_default(), flat(after));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let of = |map: &BTreeMap<String, Value>, name: &str| map.get(name).cloned().unwrap_or_default();
    let changed = |name: &&String| was.get(*name) != is.get(*name);
    let change = |name: &String| FieldChange {
        label: register_words(rules, &after.kind, name),
        field: name.clone(),
        from: of(&was, name),
        to: of(&is, name),
    };
    names.into_iter().filter(changed).map(change).collect()
}

fn compare_lists(before: Option<&OrderView>, after: &OrderView, diff: &mut OrderDiff) {
    fn lists(order: &OrderView) -> [(&'static str, &Vec<Value>); 6] {
        [
            ("notes", &order.notes),
            ("measurements", &order.measurements),
            ("materials", &order.materials),
            ("photos", &order.photos),
            ("visits", &order.visits),
            ("decisions", &order.decisions),
        ]
    }
    let counted = before.into_iter().flat_map(lists).flat_map(|(_, items)| items);
    let voided = before.into_iter().flat_map(|order| &order.voided);
    let known: BTreeMap<&str, &Value> =
        counted.chain(voided).filter_map(|item| Some((item["id"].as_str()?, item))).collect();
    let was = |item: &Value| item["id"].as_str().and_then(|id| known.get(id).copied());
    for (list, items) in lists(after) {
        for item in items {
            match was(item) {
                None => diff.added.push(Added { list, item: item.clone() }),
                // The number that people say may have grown, because another element has it too.
                Some(before) if before["corrected"] == item["corrected"] => {}
                Some(_) => diff.corrected.push(Added { list, item: item.clone() }),
            }
        }
    }
    for item in &after.voided {
        if was(item).is_none_or(|before| before["voided"].is_null()) {
            let list = LISTS.into_iter().find(|list| item["list"] == **list).unwrap_or_default();
            diff.voided.push(Added { list, item: item.clone() });
        }
    }
}

fn conflicts(before: Option<&OrderView>, after: &OrderView, diff: &mut OrderDiff) {
    let was: &[Conflict] = before.map_or(&[], |order| &order.conflicts);
    let lacks = |list: &[Conflict], one: &Conflict| !list.iter().any(|other| other.field == one.field);
    diff.conflicts_opened = after.conflicts.iter().filter(|one| lacks(was, one)).cloned().collect();
    diff.conflicts_closed = was.iter().filter(|one| lacks(&after.conflicts, one)).cloned().collect();
    for one in &diff.conflicts_opened {
        let label = &one.label;
        diff.text.push(Sentence::new(
            format!("hay dos valores en {}", label.es),
            format!("there are two values on {}", label.en),
        ));
    }
    for one in &diff.conflicts_closed {
        let label = &one.label;
        diff.text.push(Sentence::new(
            format!("{} vuelve a tener un solo valor", label.es),
            format!("{} has one value again", label.en),
        ));
    }
}
