//! One order, whole: the sheet a crew reads and the JSON that checks compare. It is a fold over the order's changes,
//! so that the order as it was at any earlier moment is the same fold over fewer of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::conflicts::{Conflict, conflicts_of};
use super::items::{Lists, short_names};
use super::steps::{Authors, Step, Written, grounded, written};
use super::who::Who;
use super::words::{Sentence, scalar_json, sentence};
use crate::id::{DeviceId, RecordId};
use crate::record::change::OpId;
use crate::record::correction::LISTS;
use crate::record::document::Document;
use crate::record::patch::{Patch, interpret};
use crate::record::row::{Held, RecordRow};
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, read};
use crate::rules::Rules;
use crate::state::interpret::check_creation;
use crate::state::keyspace;
use crate::state::summary::ListRow;
use crate::time::rfc3339;

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
    /// Further folios by which people know it.
    pub folios: Vec<String>,
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
    /// Elements that count no more, each with its list and who voided it.
    pub voided: Vec<Value>,
    pub conflicts: Vec<Conflict>,
    pub history: Vec<Event>,
    pub unsent: bool,
    pub held_back: bool,
    /// Whether it shows work of others that the ledger had before it lost entries, and has not told since.
    pub kept: bool,
}

/// Returns an order after the given steps. `None` if its creation is not among them, or it is no order.
pub fn order_after(
    rows: &dyn Rows,
    rules: &Rules,
    record: &RecordId,
    who: Who<'_>,
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
        history.push(event(&who, rules, &row, step, &patches)?);
        row.apply(&step.change, &step.row.hash, &patches);
    }
    history.sort_by_key(|event| event.seq.unwrap_or(u64::MAX));
    let raws: Vec<Vec<u8>> = steps.iter().map(|step| step.raw.clone()).collect();
    let document = Document::from_raw(DeviceId([0xff; 16]), &raws)?;
    let authors = Authors::of(who, &steps);
    let me = who.identity.map(|identity| identity.device);
    let sheet = Sheet { rows, rules, me, steps: &steps, authors, row: &row, document: &document };
    sheet.view(record, history).map(Some)
}

fn event(
    who: &Who<'_>,
    rules: &Rules,
    before: &RecordRow,
    step: &Step,
    patches: &[Patch<'_>],
) -> Result<Event, RowsError> {
    let (action, text) = sentence(who.rows, rules, before, patches, step.change.deps.is_empty())?;
    Ok(Event {
        seq: step.receipt.as_ref().map(|receipt| receipt.seq),
        by: written(who, step)?,
        action,
        received_at: step.receipt.as_ref().map(|receipt| rfc3339(receipt.received_at_ms)),
        carrier: step.receipt.as_ref().and_then(|receipt| receipt.carrier).map(|device| device.to_string()),
        text,
    })
}

struct Sheet<'s> {
    rows: &'s dyn Rows,
    rules: &'s Rules,
    /// The device whose view it is.
    me: Option<DeviceId>,
    steps: &'s [Step],
    authors: Authors<'s>,
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
        let conflicts = conflicts_of(self.rules, self.row, &self.authors)?;
        let lists = Lists {
            document: self.document,
            row: self.row,
            authors: &self.authors,
            names: short_names(self.elements()?),
        };
        let mut voided = Vec::new();
        let mut items = |list: &str| lists.items(list, &mut voided);
        Ok(OrderView {
            folio: text("folio").unwrap_or_default(),
            folios: self.row.folios.iter().cloned().collect(),
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
            notes: items("notes")?,
            measurements: items("measurements")?,
            materials: items("materials")?,
            photos: items("photos")?,
            visits: items("visits")?,
            decisions: items("decisions")?,
            voided,
            conflicts,
            unsent: unconfirmed().any(is_own),
            kept: unconfirmed().any(|step| !is_own(step)),
            held_back: self.steps.iter().any(|step| step.receipt.is_some() && step.accepted.is_none()),
            history,
        })
    }

    /// Returns the elements that people may name.
    fn elements(&self) -> Result<Vec<OpId>, RowsError> {
        let mut elements = Vec::new();
        for list in LISTS {
            elements.extend(self.document.list(list)?.into_iter().map(|element| element.op));
        }
        Ok(elements)
    }

    fn registers(&self, prefix: &str) -> BTreeMap<String, Value> {
        let of_prefix = |(name, _): (&String, &Vec<Held>)| {
            let key = name.strip_prefix(prefix)?;
            Some((key.to_string(), scalar_json(self.row.winner(name)?)))
        };
        self.row.registers.iter().filter_map(of_prefix).collect()
    }
}

/// Returns the name of a locality by its key; the key if the catalog does not have it.
pub fn locality_name(rows: &dyn Rows, key: &str) -> Result<String, RowsError> {
    let row: Option<ListRow> = read(rows, &keyspace::name(RecordKind::Catalog, &format!("locality/{key}")))?;
    Ok(row.map_or_else(|| key.to_string(), |row| row.title))
}
