//! Story: everything that happened to one order, in ledger order: what counts, what was quarantined and why,
//! the decisions about it, which differences opened and how they were settled, and which of the devices were
//! revoked.

pub mod gather;

use crate::state::interpret::check_creation;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::clock::EntryTime;
use super::conflicts::distinct;
use super::words::scalar_json;
use super::words::{Sentence, reason_words, register_words, sentence, value_words};
use crate::id::{DeviceId, Hash, PersonId, RecordId};
use crate::log::verdict::Verdict;
use crate::record::change::Scalar;
use crate::record::patch::{Element, Patch, interpret};
use crate::record::row::{Held, RecordRow};
use crate::record::schema::RecordKind;
use crate::rows::RowsError;
use crate::time::rfc3339;
use crate::view::{View, ViewError};
use gather::{Gathered, Known};

/// The person and the device behind an act.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Doer {
    pub person: String,
    pub device: String,
    pub device_name: String,
    pub role: String,
}

/// A release or a dismissal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct DecisionTold {
    pub seq: u64,
    pub at: String,
    pub releases: bool,
    pub by: Doer,
    pub reason: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// Its ledger number, once there.
    pub seq: Option<u64>,
    /// `change`, `release`, `dismissal` or `revocation`.
    pub what: &'static str,
    /// The stable name of the act.
    pub action: String,
    /// The same as a sentence.
    pub text: Sentence,
    /// What followed from it: differences opened or settled.
    pub consequences: Vec<Sentence>,
    /// Its author.
    #[serde(flatten)]
    pub by: Doer,
    /// Its number in the device's chain.
    pub device_seq: Option<u64>,
    /// Its carrier, if not its author.
    pub carrier: Option<Doer>,
    /// Its time, by every clock.
    #[serde(flatten)]
    pub time: EntryTime,
    /// The server's first verdict: `accepted`, `quarantined` or `unsent`.
    pub verdict: &'static str,
    /// The stable name of the reason, if it was quarantined.
    pub reason: Option<&'static str>,
    /// The reason as a sentence.
    pub reason_text: Option<Sentence>,
    /// The later decision.
    pub decided: Option<DecisionTold>,
    /// Whether it counts today.
    pub counts: bool,
    /// Its hash.
    pub entry_hash: Option<String>,
}

/// One of the values of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct ValueTold {
    pub value: Value,
    pub shown: Sentence,
    pub by: Doer,
    pub claimed_at: Option<String>,
    pub received_at: Option<String>,
    pub seq: Option<u64>,
}

/// A difference from its opening to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Difference {
    pub field: String,
    pub label: Sentence,
    pub opened_seq: Option<u64>,
    pub opened_at: Option<String>,
    pub values: Vec<ValueTold>,
    pub settled: Option<Settled>,
}

/// How a difference ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Settled {
    pub seq: Option<u64>,
    pub at: Option<String>,
    pub value: Sentence,
    pub by: Doer,
    pub reason: Option<String>,
}

/// The whole story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct Story {
    pub happenings: Vec<Happening>,
    pub differences: Vec<Difference>,
    #[serde(skip)]
    pub devices: BTreeSet<DeviceId>,
    #[serde(skip)]
    pub persons: BTreeSet<PersonId>,
}

impl View<'_> {
    /// Returns the story of an order. This device may hold no more of it than what was quarantined.
    pub fn story(&self, record: &RecordId) -> Result<Story, ViewError> {
        let gathered = Gathered::of(self, record)?;
        let mut telling = Telling {
            view: self,
            gathered: &gathered,
            creator: gathered
                .entries
                .iter()
                .find(|one| one.change.deps.is_empty())
                .map(|one| one.change.device),
            row: None,
            placed: BTreeSet::new(),
            story: Story::default(),
        };
        for known in &gathered.entries {
            telling.tell(known)?;
        }
        let mut story = telling.story;
        let decisions: BTreeMap<u64, Happening> = gathered.decisions()?;
        story.devices.extend(gathered.entries.iter().filter_map(|one| Some(one.row.decided.as_ref()?.by)));
        story.happenings.extend(decisions.into_values());
        story.happenings.extend(gathered.revocations(&story.devices)?);
        story.happenings.sort_by_key(|one| (one.seq.unwrap_or(u64::MAX), one.device_seq));
        Ok(story)
    }
}

struct Telling<'t> {
    view: &'t View<'t>,
    gathered: &'t Gathered<'t>,
    creator: Option<DeviceId>,
    row: Option<RecordRow>,
    placed: BTreeSet<Hash>,
    story: Story,
}

impl Telling<'_> {
    fn tell(&mut self, known: &Known) -> Result<(), ViewError> {
        let rules = self.view.rules();
        let schema = rules.records.of(RecordKind::Order);
        let is_creation = known.change.deps.is_empty();
        let creator = self.creator.unwrap_or(known.change.device);
        let mut row = self.row.clone().unwrap_or_else(|| RecordRow::new(RecordKind::Order, creator, schema));
        let patches = interpret(&known.change, schema, creator, is_creation).unwrap_or_default();
        let (action, text) = if patches.is_empty() {
            ("edit".into(), Sentence::new("cambió la orden", "changed the order"))
        } else {
            sentence(self.view.rows(), rules, &row, &patches, is_creation)?
        };
        let has_ground = known.change.deps.iter().all(|dep| self.placed.contains(dep));
        let mut consequences = Vec::new();
        if known.is_applied() && has_ground && (!is_creation || check_creation(&known.change).is_some()) {
            let before = row.clone();
            let hash = known.chained.entry.body.hash();
            row.apply(&known.change, &hash, &patches);
            self.placed.insert(hash);
            consequences = self.compare(&before, &row, known, &patches);
            self.row = Some(row);
        }
        self.story.devices.insert(known.place.device);
        self.story.persons.insert(known.header.person);
        let receipt = known.row.receipt.as_ref();
        self.story.devices.extend(receipt.and_then(|receipt| receipt.carrier));
        let reason = receipt.and_then(|receipt| match &receipt.verdict {
            Verdict::Quarantined(reason) => Some(reason),
            Verdict::Accepted => None,
        });
        self.story.happenings.push(Happening {
            seq: receipt.map(|receipt| receipt.seq),
            what: "change",
            action,
            text,
            consequences,
            by: self.gathered.doer(&known.place.device, Some(&known.header.person)),
            device_seq: Some(known.place.seq),
            carrier: receipt
                .and_then(|receipt| receipt.carrier)
                .map(|device| self.gathered.doer(&device, None)),
            time: self.gathered.time_of(&known.chained, receipt)?,
            verdict: receipt.map_or("unsent", |receipt| receipt.verdict.code()),
            reason: reason.map(|reason| reason.code()),
            reason_text: reason.map(|reason| reason_words(self.view.rules(), reason)),
            decided: known.row.decided.as_ref().map(|decision| self.gathered.told(decision)).transpose()?,
            counts: known.row.accepted().is_some(),
            entry_hash: known.row.hash.map(|hash| hash.to_string()),
        });
        Ok(())
    }

    /// Returns sentences on the differences that this change opened, widened or settled.
    fn compare(
        &mut self,
        before: &RecordRow,
        after: &RecordRow,
        known: &Known,
        patches: &[Patch<'_>],
    ) -> Vec<Sentence> {
        let open = |row: &RecordRow| -> BTreeMap<String, Vec<Held>> {
            row.conflicts().map(|(name, held)| (name.to_string(), held.to_vec())).collect()
        };
        let (was, is) = (open(before), open(after));
        let mut told = Vec::new();
        for (name, held) in &is {
            if was.get(name) == Some(held) {
                continue;
            }
            let values: Vec<ValueTold> = distinct(held, |op| self.gathered.place(op))
                .into_iter()
                .map(|one| self.value(after, name, one))
                .collect();
            let label = self.label(after, name);
            let list = |pick: fn(&Sentence) -> &String| {
                let one = |value: &ValueTold| format!("«{}» ({})", pick(&value.shown), value.by.person);
                values.iter().map(one).collect::<Vec<_>>().join(" / ")
            };
            let (es, en) = (list(|s| &s.es), list(|s| &s.en));
            told.push(Sentence::new(
                format!("hay dos valores en {}: {es}", label.es),
                format!("two values on {}: {en}", label.en),
            ));
            let opened =
                self.story.differences.iter_mut().find(|one| one.field == *name && one.settled.is_none());
            match opened {
                Some(difference) => difference.values = values,
                None => self.story.differences.push(Difference {
                    field: name.clone(),
                    label,
                    opened_seq: known.since_seq(),
                    opened_at: known.since_ms().map(rfc3339),
                    values,
                    settled: None,
                }),
            }
        }
        for name in was.keys().filter(|name| !is.contains_key(*name)) {
            told.push(self.settle(after, name, known, patches));
        }
        told
    }

    fn settle(&mut self, after: &RecordRow, name: &str, known: &Known, patches: &[Patch<'_>]) -> Sentence {
        let value = value_words(self.view.rules(), kind_of(after), name, after.winner(name));
        let label = self.label(after, name);
        let settled = Settled {
            seq: known.since_seq(),
            at: known.since_ms().map(rfc3339),
            value: value.clone(),
            by: self.gathered.doer(&known.place.device, Some(&known.header.person)),
            reason: decision_reason(patches),
        };
        let open = self.story.differences.iter_mut().find(|one| one.field == name && one.settled.is_none());
        if let Some(difference) = open {
            difference.settled = Some(settled);
        }
        Sentence::new(
            format!("se resolvió {}: queda «{}»", label.es, value.es),
            format!("{} is settled: “{}” stands", label.en, value.en),
        )
    }

    fn label(&self, row: &RecordRow, name: &str) -> Sentence {
        register_words(self.view.rules(), kind_of(row), name)
    }

    fn value(&self, row: &RecordRow, name: &str, held: &Held) -> ValueTold {
        let author = self.gathered.entries.iter().find(|known| known.holds(&held.op));
        let receipt = author.and_then(|known| known.row.receipt.as_ref());
        ValueTold {
            value: scalar_json(&held.value),
            shown: value_words(self.view.rules(), kind_of(row), name, Some(&held.value)),
            by: author.map_or_else(Doer::default, |known| {
                self.gathered.doer(&known.place.device, Some(&known.header.person))
            }),
            claimed_at: author.map(|known| rfc3339(known.header.claimed_at_ms)),
            received_at: receipt.map(|receipt| rfc3339(receipt.received_at_ms)),
            seq: receipt.map(|receipt| receipt.seq),
        }
    }
}

fn kind_of(row: &RecordRow) -> &str {
    row.text("kind").unwrap_or_default()
}

fn decision_reason(patches: &[Patch<'_>]) -> Option<String> {
    patches.iter().find_map(|patch| match patch {
        Patch::Append { element: Element::Map(map), .. } => match (map.get("field"), map.get("reason")) {
            (Some(_), Some(Scalar::Str(reason))) => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    })
}

impl View<'_> {
    /// Returns the order with a folio, even if it left this device's scopes, or if nothing of it was ever
    /// accepted.
    ///
    /// # Errors
    /// [`ViewError::Unknown`].
    pub fn find_order_ever(&self, folio: &str) -> Result<RecordId, ViewError> {
        let unknown = match self.find_order(folio) {
            Err(ViewError::Unknown { what, word, known }) => ViewError::Unknown { what, word, known },
            found => return found,
        };
        let folio = folio.trim().to_uppercase();
        for record in self.records_of(RecordKind::Order)? {
            let row: Option<RecordRow> =
                crate::rows::read(self.rows(), &crate::state::keyspace::record(&record))?;
            if row.is_some_and(|row| row.name().as_deref() == Some(&folio) || row.folios.contains(&folio)) {
                return Ok(record);
            }
        }
        let held = gather::held_creation(self, &folio).map_err(|error: RowsError| ViewError::from(error))?;
        held.ok_or(unknown)
    }
}
