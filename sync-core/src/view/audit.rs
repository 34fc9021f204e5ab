//! Audit: who did what, in ledger order, with every clock and what became of it.

use crate::state::interpret::read_change;
use std::collections::BTreeMap;

use serde::Serialize;

use super::clock::{EntryTime, entry_time};
use super::conflicts::called;
use super::entries::Arrivals;
use super::story::gather::{arrivals, folio_in, previous};
use super::told;
use super::words::{Sentence, reason_words, sentence};
use crate::id::DeviceId;
use crate::log::act::{Act, Erasure, Fate};
use crate::log::chain::DecodedBody;
use crate::log::chain::decode_body;
use crate::log::entry::{ChainedEntry, Header};
use crate::log::line::read_entry;
use crate::log::verdict::{Reason, Receipt, Verdict};
use crate::record::patch::interpret;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, decode, read};
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::rfc3339;
use crate::view::{View, ViewError};

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct AuditLine {
    pub seq: u64,
    pub folio: Option<String>,
    pub device: String,
    pub device_seq: u64,
    pub person: String,
    pub person_id: String,
    pub action: String,
    pub text: Sentence,
    #[serde(flatten)]
    pub time: EntryTime,
    pub carrier: Option<String>,
    pub verdict: String,
    pub reason: Option<String>,
    pub reason_text: Option<Sentence>,
    pub decided: Option<DecidedLine>,
    pub entry_hash: Option<String>,
}

/// The decision about a quarantined entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct DecidedLine {
    pub seq: u64,
    pub at: String,
    pub releases: bool,
    pub device: String,
    pub reason: String,
}

/// Returns the reason's detail, in one phrase.
pub fn reason_detail(reason: &Reason) -> String {
    match reason {
        Reason::Role { what } => what.clone(),
        Reason::Rule { rule, what } => format!("{rule}: {what}"),
        Reason::Held { on } => on.to_string(),
        Reason::Revoked | Reason::OutOfScope | Reason::Fork { .. } => String::new(),
    }
}

/// Returns the newest known entry of a device, with its receipt.
pub fn last_entry(rows: &dyn Rows, device: &DeviceId) -> Result<Option<(u64, Option<Receipt>)>, RowsError> {
    let prefix = keyspace::entries(device);
    let mut last = None;
    rows.scan(&prefix, &prefix, &mut |key, value| {
        let seq = key[prefix.len()..].try_into().map(u64::from_be_bytes);
        if let (Ok(seq), Ok(row)) = (seq, decode::<EntryRow>(value)) {
            last = Some((seq, row.receipt));
        }
        true
    })?;
    Ok(last)
}

/// Returns what an entry does: the stable name and the sentence.
pub fn summary_of(view: &View<'_>, chained: &ChainedEntry) -> Result<(String, Sentence), ViewError> {
    let header = &chained.entry.header;
    match decode_body(&chained.entry.body)? {
        DecodedBody::Act(act) => Ok((act.action().into(), act_sentence(&act))),
        DecodedBody::Change(change) => {
            let (rows, rules) = (view.rows(), view.rules());
            let known: Option<RecordRow> = read(rows, &keyspace::record(&header.record))?;
            let is_creation = change.deps.is_empty();
            let fresh =
                || read_change(rows, rules, &header.record, &change).ok().and_then(Result::ok).map(|a| a.row);
            let Some(row) = known.or_else(fresh) else {
                return Ok(("edit".into(), Sentence::default()));
            };
            let schema = rules.records.of(row.kind);
            match interpret(&change, schema, row.creator, is_creation) {
                Ok(patches) if row.kind == RecordKind::Order => {
                    Ok(sentence(rows, rules, &row, &patches, is_creation)?)
                }
                Ok(patches) if !is_creation => {
                    let (action, told) = sentence(rows, rules, &row, &patches, false)?;
                    let name = called(&row).unwrap_or_default();
                    let (es, en) = (format!("{name}: {}", told.es), format!("{name}: {}", told.en));
                    Ok((action, Sentence { es, en }))
                }
                Ok(_) | Err(_) => {
                    let action = if is_creation { "create" } else { "edit" };
                    let name = called(&row).unwrap_or_default();
                    Ok((action.into(), Sentence { es: name.clone(), en: name }))
                }
            }
        }
    }
}

/// Returns why a photo was erased, in words.
pub fn erasure_words(reason: Erasure) -> Sentence {
    match reason {
        Erasure::Asked => {
            Sentence::new("lo pidió la persona que se ve", "the person who is seen asked for it")
        }
        Erasure::Bystander => Sentence::new(
            "se ve a una persona ajena al trabajo",
            "a person is seen who has nothing to do with the work",
        ),
        Erasure::Mistaken => Sentence::new("es la foto de otra cosa", "it is the picture of something else"),
        Erasure::Ordered => Sentence::new("lo ordenó una autoridad", "an authority ordered it"),
    }
}

fn evidence_sentence(act: &Act) -> Sentence {
    match act {
        Act::BlobStored { blobs } => Sentence {
            es: format!("recibió {} fotos o firmas", blobs.len()),
            en: format!("received {} photos or signatures", blobs.len()),
        },
        Act::BlobMissing { blobs } => Sentence {
            es: format!("ya no tiene {} fotos o firmas; quien las tenga las envía otra vez", blobs.len()),
            en: format!("no longer has {} photos or signatures; who has them sends them again", blobs.len()),
        },
        Act::BlobErased { sha256, reason } => {
            let why = erasure_words(*reason);
            Sentence {
                es: format!("borró la foto {}: {}", sha256.short(), why.es),
                en: format!("erased the photo {}: {}", sha256.short(), why.en),
            }
        }
        _ => Sentence::new("", ""),
    }
}

fn published_sentence(act: &Act) -> Sentence {
    match act {
        Act::Rule { name, .. } => {
            Sentence { es: format!("publicó la regla {name}"), en: format!("published the rule {name}") }
        }
        Act::App { hash, version } => Sentence {
            es: format!("publicó la aplicación {version} ({})", hash.short()),
            en: format!("published the app {version} ({})", hash.short()),
        },
        _ => Sentence::new("", ""),
    }
}

fn act_sentence(act: &Act) -> Sentence {
    let both = |es: String, en: String| Sentence { es, en };
    match act {
        Act::Genesis { name, .. } => {
            both(format!("fundó el libro de {name}"), format!("founded the ledger of {name}"))
        }
        Act::Epoch { reason, .. } => {
            let Sentence { es, en } = told::by_program(reason);
            both(format!("nueva época: {es}"), format!("new epoch: {en}"))
        }
        Act::Invite { role, crew, .. } => {
            let crew = crew.as_deref().map(|crew| format!(" ({crew})")).unwrap_or_default();
            both(
                format!("invitó a un equipo: {}{crew}", role.key()),
                format!("invited a device: {}{crew}", role.key()),
            )
        }
        Act::Enrol { name, .. } => both(format!("se dio de alta: {name}"), format!("enrolled: {name}")),
        Act::Revoke { device, reason, fate } => {
            let (es, en) = match fate {
                Some(Fate::Lost) => (" (extraviado)", " (lost)"),
                Some(Fate::Stolen) => (" (robado)", " (stolen)"),
                Some(Fate::Retired) => (" (retirado)", " (retired)"),
                None => ("", ""),
            };
            both(
                format!("revocó {}{es}: {reason}", device.short()),
                format!("revoked {}{en}: {reason}", device.short()),
            )
        }
        Act::Assign { device, role, crew, reason, .. } => {
            let crew = crew.as_deref().map(|crew| format!(" ({crew})")).unwrap_or_default();
            both(
                format!("cambió los permisos de {}: {}{crew}: {reason}", device.short(), role.key()),
                format!("changed the rights of {}: {}{crew}: {reason}", device.short(), role.key()),
            )
        }
        Act::Carry { device, seq, .. } => both(
            format!("recogió el trabajo de {} hasta su hecho {seq}", device.short()),
            format!("took over the work of {} up to its entry {seq}", device.short()),
        ),
        Act::Clock { device, clock_ms } => both(
            format!("el reloj de {} decía {}", device.short(), rfc3339(*clock_ms)),
            format!("the clock of {} said {}", device.short(), rfc3339(*clock_ms)),
        ),
        Act::Again { pairs } => {
            let (es, en) = match pairs.iter().filter(|again| again.claim).count() {
                0 => (String::new(), String::new()),
                count => (format!(" ({count} según este equipo)"), format!(" ({count} as this device says)")),
            };
            both(
                format!("volvió a escribir {} hechos{es}", pairs.len()),
                format!("wrote {} entries again{en}", pairs.len()),
            )
        }
        Act::BlobStored { .. } | Act::BlobMissing { .. } | Act::BlobErased { .. } => evidence_sentence(act),
        Act::Rule { .. } | Act::App { .. } => published_sentence(act),
        Act::Release { seq, reason } => {
            both(format!("liberó {seq}: {reason}"), format!("released {seq}: {reason}"))
        }
        Act::Dismiss { seq, reason } => {
            both(format!("desechó {seq}: {reason}"), format!("dismissed {seq}: {reason}"))
        }
    }
}

impl View<'_> {
    /// Returns the device that a person means among those whose entries are here, by its name, letters or how its id
    /// begins. A crew is told of no other device, and has entries of others all the same.
    ///
    /// # Errors
    /// [`ViewError::Unknown`], with the devices there are.
    pub fn find_author(&self, word: &str) -> Result<DeviceId, ViewError> {
        let known = self.find_device(word);
        let Err(ViewError::Unknown { what: "device", .. }) = known else { return known };
        let wanted = word.trim().to_lowercase();
        let mut authors = std::collections::BTreeSet::new();
        arrivals(self, &mut |place, _| {
            authors.insert(place.device);
        })?;
        let mut fitting = authors
            .into_iter()
            .filter(|device| !wanted.is_empty() && device.to_string().starts_with(&wanted));
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Ok(one),
            _ => known,
        }
    }

    /// Returns the log in ledger order: each entry with its author and act. Entries that no ledger has are
    /// not in it. `order` is a folio.
    ///
    /// # Errors
    /// [`ViewError::Unknown`] if this device never had an order of that folio.
    pub fn audit_log(
        &self,
        order: Option<&str>,
        device: Option<&DeviceId>,
    ) -> Result<Vec<AuditLine>, ViewError> {
        let record = order.map(|folio| self.find_order_ever(folio)).transpose()?;
        let mut wanted: BTreeMap<u64, EntryRow> = BTreeMap::new();
        let arrivals = arrivals(self, &mut |place, row| {
            let is_wanted = record.is_none_or(|record| record == row.record)
                && device.is_none_or(|device| place.device == *device);
            if let Some(seq) = row.receipt.as_ref().map(|receipt| receipt.seq).filter(|_| is_wanted) {
                wanted.insert(seq, row);
            }
        })?;
        let mut heads: BTreeMap<DeviceId, Header> = BTreeMap::new();
        let mut log = Vec::new();
        for (seq, row) in wanted {
            let (_, chained) = read_entry(self.all_lines(), row.line)?;
            let header = &chained.entry.header;
            let follows = |head: &&Header| head.seq + 1 == header.seq;
            let previous = match heads.get(&header.device).filter(follows) {
                Some(head) => Some(head.clone()),
                None => previous(self, &chained)?,
            };
            log.push(self.audit_line(seq, &row, &chained, &arrivals, previous.as_ref())?);
            heads.insert(header.device, header.clone());
        }
        Ok(log)
    }

    fn audit_line(
        &self,
        seq: u64,
        row: &EntryRow,
        chained: &ChainedEntry,
        arrivals: &Arrivals,
        previous: Option<&Header>,
    ) -> Result<AuditLine, ViewError> {
        let header = &chained.entry.header;
        let receipt = row.receipt.as_ref();
        let record: Option<RecordRow> = read(self.rows(), &keyspace::record(&row.record))?;
        let folio = match record {
            Some(record) => record.name(),
            None => folio_in(&decode_body(&chained.entry.body)?),
        };
        let (action, text) = summary_of(self, chained)?;
        let verdict = receipt.map(|receipt| &receipt.verdict);
        let reason = match verdict {
            Some(Verdict::Quarantined(reason)) => Some(reason),
            _ => None,
        };
        Ok(AuditLine {
            seq,
            folio,
            device: header.device.to_string(),
            device_seq: header.seq,
            person: self.who().person(&header.device, &header.person)?,
            person_id: header.person.to_string(),
            action,
            text,
            time: entry_time(self.rows(), arrivals, header, receipt, previous)?,
            carrier: receipt.and_then(|receipt| receipt.carrier).map(|carrier| carrier.to_string()),
            verdict: verdict.map_or("unsent", Verdict::code).into(),
            reason: reason.map(|reason| reason.code().into()),
            reason_text: reason.map(|reason| reason_words(self.rules(), reason)),
            decided: row.decided.as_ref().map(|decision| DecidedLine {
                seq: decision.seq,
                at: rfc3339(decision.at_ms),
                releases: decision.releases,
                device: decision.by.to_string(),
                reason: decision.reason.clone(),
            }),
            entry_hash: row.hash.map(|hash| hash.to_string()),
        })
    }
}
