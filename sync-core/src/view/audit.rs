//! Audit: who did what, in ledger order, and what the office knew or what had been done at an earlier moment.

use std::collections::BTreeMap;

use serde::Serialize;

use super::order::{OrderView, order_after, steps_of};
use super::words::{Sentence, sentence};
use crate::act::{Act, Fate};
use crate::chain::Deed;
use crate::entry::ChainedEntry;
use crate::fold::{EntryRow, ListRow};
use crate::id::DeviceId;
use crate::judge::read_change;
use crate::keys;
use crate::line::read_entry;
use crate::notebook::{Notebook, NotebookError};
use crate::office::fold::decode_deed;
use crate::record::row::RecordRow;
use crate::record::touch::interpret;
use crate::rows::{Rows, RowsError, decode, read};
use crate::rules::record_schema::RecordKind;
use crate::time::{TimeMs, rfc3339};
use crate::verdict::{Reason, Receipt, Verdict};

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the keys are the command-line contract's")]
pub struct AuditLine {
    pub seq: u64,
    pub folio: Option<String>,
    pub device: String,
    pub device_seq: u64,
    pub person: String,
    pub action: String,
    pub text: Sentence,
    pub claimed_at: String,
    pub not_before: Option<String>,
    pub received_at: String,
    pub carrier: Option<String>,
    pub verdict: String,
    pub reason: Option<String>,
    pub entry_hash: Option<String>,
}

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

/// The reason's detail, in one phrase.
pub fn reason_detail(reason: &Reason) -> String {
    match reason {
        Reason::Role { what } => what.clone(),
        Reason::Rule { rule, what } => format!("{rule}: {what}"),
        Reason::Held { on } => on.to_string(),
        Reason::Revoked | Reason::OutOfScope | Reason::Fork => String::new(),
    }
}

/// The newest known entry of a device, with its receipt.
pub fn last_entry(rows: &dyn Rows, device: &DeviceId) -> Result<Option<(u64, Option<Receipt>)>, RowsError> {
    let prefix = keys::entries(device);
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

/// What an entry does: the stable word and the sentence.
pub fn summary_of(
    notebook: &Notebook<'_>,
    chained: &ChainedEntry,
) -> Result<(String, Sentence), NotebookError> {
    let header = &chained.entry.header;
    match decode_deed(&chained.entry.body)? {
        Deed::Act(act) => Ok((act.action().into(), act_sentence(&act))),
        Deed::Change(change) => {
            let (rows, rules) = (notebook.rows(), notebook.rules());
            let known: Option<RecordRow> = read(rows, &keys::record(&header.record))?;
            let is_creation = change.deps.is_empty();
            let fresh =
                || read_change(rows, rules, &header.record, &change).ok().and_then(Result::ok).map(|a| a.row);
            let Some(row) = known.or_else(fresh) else {
                return Ok(("edit".into(), Sentence::default()));
            };
            let schema = rules.records.of(row.kind);
            match interpret(&change, schema, row.creator, is_creation) {
                Ok(touches) if row.kind == RecordKind::Order => {
                    Ok(sentence(rows, rules, &row, &touches, is_creation)?)
                }
                Ok(_) | Err(_) => {
                    let action = if is_creation { "create" } else { "edit" };
                    let name = row.name().unwrap_or_default();
                    let es = format!("{}: {name}", row.kind.key());
                    Ok((action.into(), Sentence { en: es.clone(), es }))
                }
            }
        }
    }
}

fn act_sentence(act: &Act) -> Sentence {
    let both = |es: String, en: String| Sentence { es, en };
    match act {
        Act::Genesis { name, .. } => {
            both(format!("fundó el libro de {name}"), format!("founded the ledger of {name}"))
        }
        Act::Epoch { reason, .. } => both(format!("nueva época: {reason}"), format!("new epoch: {reason}")),
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
        Act::Again { pairs } => both(
            format!("volvió a escribir {} hechos de otro nombre", pairs.len()),
            format!("wrote {} entries of another name again", pairs.len()),
        ),
        Act::Rule { name, .. } => {
            both(format!("publicó la regla {name}"), format!("published the rule {name}"))
        }
        Act::Release { seq, reason } => {
            both(format!("liberó {seq}: {reason}"), format!("released {seq}: {reason}"))
        }
        Act::Dismiss { seq, reason } => {
            both(format!("desechó {seq}: {reason}"), format!("dismissed {seq}: {reason}"))
        }
    }
}

impl Notebook<'_> {
    /// Who did what, in ledger order; what no ledger has yet is not in it.
    pub fn audit_log(
        &self,
        order: Option<&str>,
        device: Option<&str>,
    ) -> Result<Vec<AuditLine>, NotebookError> {
        let record = order.map(|folio| self.find_order(folio)).transpose()?;
        let mut rows: BTreeMap<u64, EntryRow> = BTreeMap::new();
        let mut failure = None;
        for prefix in [b"d/".as_slice(), b"k/"] {
            self.rows().scan(prefix, prefix, &mut |_, value| {
                match decode::<EntryRow>(value) {
                    Ok(row) => {
                        if let Some(seq) = row.receipt.as_ref().map(|receipt| receipt.seq) {
                            rows.insert(seq, row);
                        }
                    }
                    Err(error) => failure = Some(error),
                }
                failure.is_none()
            })?;
        }
        failure.map_or(Ok(()), Err)?;
        let times: BTreeMap<u64, TimeMs> =
            rows.iter().filter_map(|(seq, row)| Some((*seq, row.receipt.as_ref()?.received_at_ms))).collect();
        let mut log = Vec::new();
        for (seq, row) in rows {
            if record.is_some_and(|record| record != row.record) {
                continue;
            }
            let line = self.audit_line(seq, &row, &times)?;
            if device.is_none_or(|device| line.device.starts_with(device)) {
                log.push(line);
            }
        }
        Ok(log)
    }

    fn audit_line(
        &self,
        seq: u64,
        row: &EntryRow,
        times: &BTreeMap<u64, TimeMs>,
    ) -> Result<AuditLine, NotebookError> {
        let (_, chained) = read_entry(self.all_lines(), row.line)?;
        let header = &chained.entry.header;
        let receipt = row.receipt.as_ref();
        let record: Option<RecordRow> = read(self.rows(), &keys::record(&row.record))?;
        let (action, text) = summary_of(self, &chained)?;
        let verdict = receipt.map(|receipt| &receipt.verdict);
        Ok(AuditLine {
            seq,
            folio: record.and_then(|record| record.name()),
            device: header.device.to_string(),
            device_seq: header.seq,
            person: header.person.clone(),
            action,
            text,
            claimed_at: rfc3339(header.claimed_at_ms),
            not_before: times.get(&header.anchor.size).map(|ms| rfc3339(*ms)),
            received_at: rfc3339(receipt.map_or(0, |receipt| receipt.received_at_ms)),
            carrier: receipt.and_then(|receipt| receipt.carrier).map(|carrier| carrier.to_string()),
            verdict: verdict.map_or("unsent", Verdict::code).into(),
            reason: match verdict {
                Some(Verdict::Quarantined(reason)) => Some(reason.code().into()),
                _ => None,
            },
            entry_hash: row.hash.map(|hash| hash.to_string()),
        })
    }

    /// Orders as they were at a moment: a fold over what belongs to it. One order, or all that this device has.
    pub fn replay(&self, order: Option<&str>, at: At) -> Result<Vec<OrderView>, NotebookError> {
        let records = match order {
            Some(folio) => vec![self.find_order(folio)?],
            None => self.order_records()?,
        };
        let mut orders = Vec::new();
        for record in records {
            let mut steps = steps_of(self.rows(), self.all_lines(), &record)?;
            steps.retain(|step| {
                // What was held back counts from its release on, not from its arrival.
                let Some((since, since_ms)) = step.accepted else { return false };
                match at {
                    At::Seq(seq) => since <= seq,
                    At::Known(ms) => since_ms <= ms,
                    At::Claimed(ms) => step.header.claimed_at_ms <= ms,
                }
            });
            orders.extend(order_after(self.rows(), self.rules(), &record, steps)?);
        }
        Ok(orders)
    }

    fn order_records(&self) -> Result<Vec<crate::id::RecordId>, NotebookError> {
        let prefix = keys::listed(RecordKind::Order);
        let mut records = Vec::new();
        self.rows().scan(&prefix, &prefix, &mut |_, value| {
            records.extend(decode::<ListRow>(value).map(|row| row.record));
            true
        })?;
        Ok(records)
    }
}
