//! One order, whole: the sheet a crew reads and the JSON that checks compare. It is a fold over the order's changes,
//! so that the order as it was at any earlier moment is the same fold over fewer of them.

use crate::log::verdict::Decision;
use crate::state::interpret::check_creation;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::entries::applied_entries;
use super::words::{Sentence, register_words, sentence, value_words};
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::Again;
use crate::log::entry::Header;
use crate::log::line::{Lines, read_entry};
use crate::log::verdict::Receipt;
use crate::record::change::{Change, OpId, Scalar};
use crate::record::document::{Document, ElementValue};
use crate::record::patch::{Patch, interpret};
use crate::record::row::{Held, RecordRow};
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, read};
use crate::rules::Rules;
use crate::state::authority::AgainRow;
use crate::state::fold::{ChangeRow, EntryRow};
use crate::state::keyspace;
use crate::state::summary::ListRow;
use crate::time::{TimeMs, rfc3339};

/// One change of an order with all that is known about it.
pub struct Step {
    /// Its row.
    pub row: ChangeRow,
    /// Its entry's header.
    pub header: Header,
    /// The server's receipt.
    pub receipt: Option<Receipt>,
    /// Since which ledger number and time it counts.
    pub accepted: Option<(u64, TimeMs)>,
    /// The later decision, if it was quarantined at first.
    pub decided: Option<Decision>,
    /// The entry that it repeats.
    pub again: Option<Again>,
    /// Its operations.
    pub change: Change,
    /// Its raw chunk.
    pub raw: Vec<u8>,
}

/// The author of a value, with the claimed time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The device.
    pub device: String,
    /// The person.
    pub person: String,
    /// When, as the device claims.
    pub claimed_at: String,
}

/// One of several concurrent values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictValue {
    /// The value.
    pub value: Value,
    /// The value as people read it.
    pub shown: Sentence,
    /// Its author.
    #[serde(flatten)]
    pub by: Written,
}

/// A register that people wrote at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The register: `status`, or the key of a field.
    pub field: String,
    /// Its name for people.
    pub label: Sentence,
    /// Its values, in the order `conflict resolve --take` counts them.
    pub values: Vec<ConflictValue>,
}

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its ledger number, once it has one.
    pub seq: Option<u64>,
    /// Its author.
    #[serde(flatten)]
    pub by: Written,
    /// The stable name of the act.
    pub action: String,
    /// Time of arrival, by the server's clock.
    pub received_at: Option<String>,
    /// The device that brought it, if not its author.
    pub carrier: Option<String>,
    /// The same as a sentence.
    pub text: Sentence,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct OrderView {
    pub folio: String,
    pub id: String,
    pub kind: String,
    pub kind_label: Sentence,
    pub title: Option<String>,
    pub locality: Option<String>,
    pub locality_key: Option<String>,
    pub asset: Option<String>,
    pub crew: Option<String>,
    pub status: String,
    pub priority: Option<String>,
    pub due: Option<String>,
    pub plan: Option<String>,
    pub description: String,
    pub fields: BTreeMap<String, Value>,
    pub checklist: BTreeMap<String, Value>,
    pub notes: Vec<Value>,
    pub measurements: Vec<Value>,
    pub materials: Vec<Value>,
    pub photos: Vec<Value>,
    pub visits: Vec<Value>,
    pub decisions: Vec<Value>,
    pub conflicts: Vec<Conflict>,
    pub history: Vec<Event>,
    pub unsent: bool,
    pub held_back: bool,
    /// Whether it shows work of others that the ledger had before it lost entries, and has not told since.
    pub kept: bool,
}

/// Returns all changes of a record, in ledger order; those not in the ledger last, in the order they were
/// made.
pub fn steps_of(rows: &dyn Rows, lines: &dyn Lines, record: &RecordId) -> Result<Vec<Step>, RowsError> {
    let mut steps = Vec::new();
    for (row, entry) in applied_entries(rows, record)? {
        steps.push(step_of(rows, lines, row, entry)?);
    }
    steps.sort_by_key(|step| {
        (step.receipt.as_ref().map_or(u64::MAX, |r| r.seq), step.row.device, step.row.seq)
    });
    Ok(steps)
}

fn step_of(
    rows: &dyn Rows,
    lines: &dyn Lines,
    row: ChangeRow,
    entry: Option<EntryRow>,
) -> Result<Step, RowsError> {
    let (_, chained) = read_entry(lines, row.line)?;
    let raw = chained.entry.body.bytes().to_vec();
    let change = Change::read(&raw).map_err(|error| RowsError(error.to_string()))?;
    let accepted = entry.as_ref().and_then(EntryRow::accepted);
    let (receipt, decided) = entry.map_or((None, None), |entry| (entry.receipt, entry.decided));
    let again: Option<AgainRow> = read(rows, &keyspace::again(&row.device, row.seq))?;
    let again = again.map(|row| row.again);
    Ok(Step { row, header: chained.entry.header, receipt, accepted, decided, again, change, raw })
}

/// Steps in an order in which each follows what it builds on, otherwise as given; those whose ground is missing are
/// left out.
pub fn grounded(steps: Vec<Step>) -> Vec<Step> {
    let mut waiting: BTreeMap<Hash, Vec<Step>> = BTreeMap::new();
    let mut placed: Vec<Step> = Vec::new();
    let mut known: BTreeSet<Hash> = BTreeSet::new();
    let mut ready: Vec<Step> = Vec::new();
    for step in steps {
        ready.push(step);
        while let Some(step) = ready.pop() {
            match step.change.deps.iter().find(|dep| !known.contains(*dep)) {
                Some(missing) => waiting.entry(*missing).or_default().push(step),
                None => {
                    known.insert(step.row.hash);
                    // The first to wait is the first to follow.
                    ready.extend(waiting.remove(&step.row.hash).into_iter().flatten().rev());
                    placed.push(step);
                }
            }
        }
    }
    placed
}

/// Returns the distinct values of a register, the first writer of each kept.
pub fn distinct(held: &[Held]) -> Vec<&Held> {
    let mut distinct: Vec<&Held> = Vec::new();
    for one in held {
        if !distinct.iter().any(|other| other.value == one.value) {
            distinct.push(one);
        }
    }
    distinct
}

/// Returns a scalar in JSON.
pub fn scalar_json(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(flag) => json!(flag),
        Scalar::Int(number) => json!(number),
        Scalar::Str(text) => json!(text),
    }
}

/// Returns an order after the given steps. `None` if its creation is not among them, or it is no order.
pub fn order_after(
    rows: &dyn Rows,
    rules: &Rules,
    record: &RecordId,
    me: Option<DeviceId>,
    steps: Vec<Step>,
) -> Result<Option<OrderView>, RowsError> {
    let steps = grounded(steps);
    let Some(first) = steps.first() else { return Ok(None) };
    if check_creation(&first.change) != Some(RecordKind::Order) {
        return Ok(None);
    }
    let creator = first.change.device;
    let schema = rules.records.of(RecordKind::Order);
    let mut row = RecordRow::new(RecordKind::Order, creator, schema);
    let mut history = Vec::new();
    for step in &steps {
        let patches = interpret(&step.change, schema, creator, step.change.deps.is_empty())
            .map_err(|error| RowsError(error.to_string()))?;
        history.push(event(rows, rules, &row, step, &patches)?);
        row.apply(&step.change, &step.row.hash, &patches);
    }
    history.sort_by_key(|event| event.seq.unwrap_or(u64::MAX));
    let raws: Vec<Vec<u8>> = steps.iter().map(|step| step.raw.clone()).collect();
    let document = Document::from_raw(DeviceId([0xff; 16]), &raws)?;
    let place = |(index, step): (usize, &Step)| ((step.row.device, step.row.start_op), index);
    let authors = steps.iter().enumerate().map(place).collect();
    let sheet = Sheet { rows, rules, me, steps: &steps, authors, row: &row, document: &document };
    sheet.view(record, history).map(Some)
}

fn event(
    rows: &dyn Rows,
    rules: &Rules,
    before: &RecordRow,
    step: &Step,
    patches: &[Patch<'_>],
) -> Result<Event, RowsError> {
    let (action, text) = sentence(rows, rules, before, patches, step.change.deps.is_empty())?;
    Ok(Event {
        seq: step.receipt.as_ref().map(|receipt| receipt.seq),
        by: written(step),
        action,
        received_at: step.receipt.as_ref().map(|receipt| rfc3339(receipt.received_at_ms)),
        carrier: step.receipt.as_ref().and_then(|receipt| receipt.carrier).map(|device| device.to_string()),
        text,
    })
}

/// Returns the author of a step; of a rewritten one, the author of the entry that it repeats.
pub fn written(step: &Step) -> Written {
    let (person, claimed_at_ms) = match &step.again {
        Some(again) => (again.person.clone(), again.claimed_at_ms),
        None => (step.header.person.clone(), step.header.claimed_at_ms),
    };
    Written { device: step.header.device.to_string(), person, claimed_at: rfc3339(claimed_at_ms) }
}

struct Sheet<'s> {
    rows: &'s dyn Rows,
    rules: &'s Rules,
    /// The device whose view it is.
    me: Option<DeviceId>,
    steps: &'s [Step],
    /// Device and first operation of each step, to its place.
    authors: BTreeMap<(DeviceId, u64), usize>,
    row: &'s RecordRow,
    document: &'s Document,
}

impl Sheet<'_> {
    fn view(&self, record: &RecordId, history: Vec<Event>) -> Result<OrderView, RowsError> {
        let is_own = |step: &Step| self.me == Some(step.row.device);
        let unconfirmed = || self.steps.iter().filter(|step| step.receipt.is_none());
        let text = |key: &str| self.row.text(key).map(String::from);
        let kind = text("kind").unwrap_or_default();
        let locality_key = text("locality");
        let conflicts = self
            .row
            .conflicts()
            .map(|(name, held)| self.conflict(name, held))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(OrderView {
            folio: text("folio").unwrap_or_default(),
            id: record.to_string(),
            kind_label: super::words::kind_label(self.rules, &kind),
            kind,
            title: text("title"),
            locality: locality_key.as_deref().map(|key| locality_name(self.rows, key)).transpose()?,
            locality_key,
            asset: text("asset"),
            crew: text("crew"),
            status: text("status").unwrap_or_default(),
            priority: text("priority"),
            due: text("due"),
            plan: text("plan"),
            description: self.document.text("description")?,
            fields: self.registers("fields."),
            checklist: self.registers("checklist."),
            notes: self.list("notes")?,
            measurements: self.list("measurements")?,
            materials: self.list("materials")?,
            photos: self.list("photos")?,
            visits: self.list("visits")?,
            decisions: self.list("decisions")?,
            conflicts,
            unsent: unconfirmed().any(is_own),
            kept: unconfirmed().any(|step| !is_own(step)),
            held_back: self.steps.iter().any(|step| step.receipt.is_some() && step.accepted.is_none()),
            history,
        })
    }

    fn registers(&self, prefix: &str) -> BTreeMap<String, Value> {
        let of_prefix = |(name, _): (&String, &Vec<Held>)| {
            let key = name.strip_prefix(prefix)?;
            Some((key.to_string(), scalar_json(self.row.winner(name)?)))
        };
        self.row.registers.iter().filter_map(of_prefix).collect()
    }

    fn author(&self, op: &OpId) -> Option<Written> {
        let before = self.authors.range(..=(op.device, op.counter)).next_back()?;
        Some(&self.steps[*before.1]).filter(|step| step.row.holds(op)).map(written)
    }

    fn by(&self, op: &OpId) -> Result<Written, RowsError> {
        self.author(op).ok_or_else(|| RowsError("a value has no known author".into()))
    }

    fn conflict(&self, name: &str, held: &[Held]) -> Result<Conflict, RowsError> {
        let kind = self.row.text("kind").unwrap_or_default();
        let value = |one: &Held| {
            let shown = value_words(self.rules, kind, name, Some(&one.value));
            Ok(ConflictValue { value: scalar_json(&one.value), shown, by: self.by(&one.op)? })
        };
        let values = distinct(held).into_iter().map(value).collect::<Result<_, RowsError>>()?;
        let label = register_words(self.rules, kind, name);
        Ok(Conflict { field: name.strip_prefix("fields.").unwrap_or(name).into(), label, values })
    }

    fn list(&self, slot: &str) -> Result<Vec<Value>, RowsError> {
        let mut items = Vec::new();
        for element in self.document.list(slot)? {
            let mut item = match element.value {
                ElementValue::Scalar(value) => json!({ "text": scalar_json(&value) }),
                ElementValue::Map(members) => {
                    members.into_iter().map(|(key, value)| (key, scalar_json(&value))).collect::<Value>()
                }
            };
            if slot == "measurements" && item.get("flag").is_none() {
                item["flag"] = Value::Null;
            }
            let by = self.by(&element.op)?;
            item["person"] = json!(by.person);
            item["device"] = json!(by.device);
            item["claimed_at"] = json!(by.claimed_at);
            items.push(item);
        }
        Ok(items)
    }
}

/// Returns the name of a locality by its key; the key if the catalog does not have it.
pub fn locality_name(rows: &dyn Rows, key: &str) -> Result<String, RowsError> {
    let row: Option<ListRow> = read(rows, &keyspace::name(RecordKind::Catalog, &format!("locality/{key}")))?;
    Ok(row.map_or_else(|| key.to_string(), |row| row.title))
}
