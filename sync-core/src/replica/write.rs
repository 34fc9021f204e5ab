//! Writing: a change of a document becomes an entry of the own chain, judged before it is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::{Author, Replica, ReplicaError};
use crate::id::{PersonId, RecordId};
use crate::judge::conflict::said_plainly;
use crate::judge::{judge_act, judge_change};
use crate::log::act::Act;
use crate::log::chain::DecodedBody;
use crate::log::entry::{Body, ChainedEntry, Entry, Header};
use crate::log::line::{Identity, Line};
use crate::record::change::{Change, OpId, RawChange};
use crate::record::document::Document;
use crate::record::patch::{Patch, interpret};
use crate::record::row::RecordRow;
use crate::record::schema::RecordSchema;
use crate::rows::read;
use crate::state::keyspace;
use crate::view::judged::deed_words;

/// Which operations a write replaces, by register.
pub(super) type Upon = BTreeMap<String, BTreeSet<OpId>>;

pub(super) fn replace(change: &mut Change, upon: &Upon, schema: &RecordSchema, row: &RecordRow) {
    let of = change.clone();
    for patch in interpret(&of, schema, row.creator, false).into_iter().flatten() {
        let Patch::Register { name, op, .. } = patch else { continue };
        if let Ok(index) = usize::try_from(op.counter - of.start_op) {
            change.ops[index].preds = upon.get(&name).into_iter().flatten().copied().collect();
        }
    }
}

impl Replica<'_> {
    /// Judges and writes what `document` committed. Answers `false` if nothing was changed. A write to a register that
    /// holds different values adds one to them, unless it decides.
    pub(super) fn commit(&mut self, record: RecordId, document: &mut Document) -> Result<bool, ReplicaError> {
        Ok(self.commit_upon(record, document, None)?.is_some())
    }

    /// As [`Self::commit`]; each register that is written replaces what `upon` names for it, or nothing. Returns the
    /// change.
    pub(super) fn commit_upon(
        &mut self,
        record: RecordId,
        document: &mut Document,
        upon: Option<&Upon>,
    ) -> Result<Option<Change>, ReplicaError> {
        let Some((mut change, mut raw)) = document.commit()? else { return Ok(None) };
        let (author, names) = (self.as_author()?, self.names_so_far());
        let known: Option<RecordRow> = read(&self.rows(), &keyspace::record(&record))?;
        if let (Some(upon), Some(row)) = (upon, &known) {
            replace(&mut change, upon, self.rules.records.of(row.kind), row);
            raw = change.to_raw()?;
        }
        let plain =
            known.and_then(|row| said_plainly(self.rules.records.of(row.kind), &row, &names, &change));
        let (change, raw) = match plain {
            Some(plain) => {
                let raw = plain.to_raw()?;
                (plain, raw)
            }
            None => (change, raw),
        };
        let judged = judge_change(&self.rows(), &self.rules, &author, &names, &record, &change)?;
        if let Err(reason) = judged {
            return Err(self.explain(reason));
        }
        drop(judged);
        self.write_change(record, change.clone(), raw)?;
        Ok(Some(change))
    }

    pub(super) fn write_change(
        &mut self,
        record: RecordId,
        change: Change,
        raw: RawChange,
    ) -> Result<(), ReplicaError> {
        self.write_entry(record, Body::Change(raw), &DecodedBody::Change(change))
    }

    /// Writes an act.
    pub(super) fn write_act(&mut self, act: Act) -> Result<(), ReplicaError> {
        let author = self.as_author()?;
        judge_act(&author, &act).map_err(|reason| self.explain(reason))?;
        self.write_entry(RecordId::ZERO, Body::Act(act.to_bytes()), &DecodedBody::Act(act))
    }

    fn write_entry(
        &mut self,
        record: RecordId,
        body: Body,
        decoded: &DecodedBody,
    ) -> Result<(), ReplicaError> {
        let head = self.view().own_head()?;
        let anchor = self.view().contact()?.anchor;
        let identity = self.identity()?;
        let header = Header {
            municipality: identity.municipality,
            device: identity.device,
            seq: head.seq + 1,
            record,
            person: self.person(identity)?,
            claimed_at_ms: self.moment.now_ms,
            boot: self.moment.boot,
            monotonic_ms: self.moment.monotonic_ms,
            anchor,
        };
        let chained = ChainedEntry { entry: Entry { header, body }, prev: Some(head.hash), signature: None };
        let line = Line::Entry { receipt: None, chained };
        let number = self.push_line(&line);
        if let Line::Entry { chained, .. } = &line {
            super::pending::fold_own(&self.rules, &mut self.overlay, &self.lines, number, chained, decoded)?;
        }
        Ok(())
    }

    fn person(&self, identity: &Identity) -> Result<PersonId, ReplicaError> {
        match &self.author {
            Author::Device => Ok(identity.label),
            Author::Person(person) => Ok(*person),
            Author::Nobody => Err(ReplicaError::NoPerson),
        }
    }

    /// Returns the refusal of what this device's role may not do: a register, a step, an act or a list.
    pub fn no_role(&self, what: &str) -> ReplicaError {
        let role = self.identity.as_ref().map_or("", |identity| identity.role.key());
        let deed = deed_words(&self.rules, what);
        ReplicaError::Role { role: role.into(), what: what.into(), deed }
    }

    /// A rule's refusal in the person's terms.
    pub(super) fn explain(&self, reason: crate::log::verdict::Reason) -> ReplicaError {
        use crate::log::verdict::Reason;
        match reason {
            Reason::Role { what } => self.no_role(&what),
            other => ReplicaError::Refused(other),
        }
    }
}
