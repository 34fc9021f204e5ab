//! Judge: whether a change of a record may be accepted. The same code runs on the server, where the result is
//! a verdict in the ledger, and on the device, where a person gets it at once, offline.

mod act;
mod bounds;
pub mod conflict;
pub mod correction;
mod ground;
mod values;

pub use act::judge_act;
pub use bounds::check_bounds;
pub use ground::ungrounded;
pub use values::judge_values;

use crate::folio;
use crate::id::{DeviceId, Hash, RecordId};
use crate::log::act::Role;
use crate::log::verdict::Reason;
use crate::record::change::{Change, OpId, Scalar};
use crate::record::correction as correction_form;
use crate::record::patch::{Element, Patch};
use crate::record::row::RecordRow;
use crate::record::schema::{RecordKind, RecordSchema, RecordSchemas};
use crate::rows::{Rows, RowsError, read};
use crate::rules::Rules;
use crate::rules::kind::WorkKind;
use crate::scope::Scope;
use crate::state::authority::{DeviceRow, GenesisRow};
use crate::state::interpret::{Acceptable, Judged, missing_upon, read_upon};
use crate::state::keyspace;

fn rule(rule: &str, what: impl Into<String>) -> Reason {
    Reason::Rule { rule: rule.into(), what: what.into() }
}

/// Judges a change by `author`, whose device has these `names`: its own and those it had before. Returns what applying
/// it needs.
///
/// # Errors
/// The reason to quarantine it, or the index does not read.
pub fn judge_change<'c>(
    rows: &dyn Rows,
    rules: &Rules,
    author: &DeviceRow,
    names: &[DeviceId],
    record: &RecordId,
    change: &'c Change,
) -> Result<Judged<'c>, RowsError> {
    if author.revoked.is_some() {
        return Ok(Err(Reason::Revoked));
    }
    // The summary is the largest row that judging reads: it is decoded once.
    let known: Option<RecordRow> = read(rows, &keyspace::record(record))?;
    if let Some(on) = missing_upon(known.as_ref(), rows, record, change)? {
        return Ok(Err(Reason::Held { on }));
    }
    let acceptable = match read_upon(known, rules, change) {
        Ok(acceptable) => acceptable,
        Err(reason) => return Ok(Err(reason)),
    };
    let genesis: Option<GenesisRow> = read(rows, &keyspace::genesis())?;
    let bench = Bench {
        folio_prefix: genesis.as_ref().map(|genesis| genesis.folio_prefix.as_str()),
        rules,
        schema: rules.records.of(acceptable.row.kind),
        author,
        names,
        change,
        acceptable: &acceptable,
    };
    if let Err(reason) = check_bounds(&acceptable, change).and_then(|()| bench.judge()) {
        return Ok(Err(reason));
    }
    if let Err(reason) = bench.judge_corrections(rows, record)? {
        return Ok(Err(reason));
    }
    if let Some(reason) = ungrounded(rows, record, Some(&acceptable.row), change)? {
        return Ok(Err(reason));
    }
    if acceptable.is_creation
        && let Some(reason) = name_taken(rows, &acceptable, record, change)?
    {
        return Ok(Err(reason));
    }
    if let Some(reason) = alias_taken(rows, &acceptable, record, author, names)? {
        return Ok(Err(reason));
    }
    Ok(Ok(acceptable))
}

fn name_taken(
    rows: &dyn Rows,
    acceptable: &Acceptable<'_>,
    record: &RecordId,
    change: &Change,
) -> Result<Option<Reason>, RowsError> {
    let mut row = acceptable.row.clone();
    row.apply(change, &Hash::ZERO, &acceptable.patches);
    let Some(name) = row.name() else { return Ok(Some(rule("required", "the new record has no name"))) };
    let is_taken = is_taken(rows, row.kind, &name, record)?;
    Ok(is_taken.then(|| rule("name_taken", name)))
}

/// Returns whether another record of the kind is called so.
fn is_taken(rows: &dyn Rows, kind: RecordKind, name: &str, record: &RecordId) -> Result<bool, RowsError> {
    let named: Option<crate::state::summary::ListRow> = read(rows, &keyspace::name(kind, name))?;
    let aliased: Option<RecordId> = read(rows, &keyspace::alias(kind, name))?;
    Ok(named.map(|row| row.record).into_iter().chain(aliased).any(|other| other != *record))
}

/// Returns why a further folio that the change gives may not be: it is another record's, or not its author's to give.
fn alias_taken(
    rows: &dyn Rows,
    acceptable: &Acceptable<'_>,
    record: &RecordId,
    author: &DeviceRow,
    names: &[DeviceId],
) -> Result<Option<Reason>, RowsError> {
    let (row, slots) = (&acceptable.row, &RecordSchemas::built_in().of(acceptable.row.kind).slots);
    for patch in &acceptable.patches {
        let Patch::Append { slot, element: Element::Scalar(Scalar::Str(folio)), .. } = patch else {
            continue;
        };
        if slots[*slot].key != "folios" {
            continue;
        }
        if is_taken(rows, row.kind, folio, record)? {
            return Ok(Some(rule("name_taken", folio)));
        }
        let mut letters = vec![author.letters.clone()];
        for device in names.get(1..).unwrap_or_default() {
            // A device need not know the letters it had; the hub does.
            let Some(before) = read::<DeviceRow>(rows, &keyspace::device(device))? else { return Ok(None) };
            letters.push(before.letters);
        }
        if !folio.split('-').nth(2).is_some_and(|part| letters.iter().any(|one| one == part)) {
            return Ok(Some(rule("folio", format!("{folio} is not this device's to give"))));
        }
    }
    Ok(None)
}

/// Everything needed to judge one change whose shape is right.
struct Bench<'j, 'c> {
    /// The municipality's letters, where the founding is known: at the hub always.
    folio_prefix: Option<&'j str>,
    rules: &'j Rules,
    schema: &'j RecordSchema,
    author: &'j DeviceRow,
    names: &'j [DeviceId],
    change: &'c Change,
    acceptable: &'j Acceptable<'c>,
}

impl Bench<'_, '_> {
    fn judge(&self) -> Result<(), Reason> {
        if self.author.role == Role::Auditor {
            return Err(Reason::Role { what: self.schema.kind.key().into() });
        }
        self.judge_scope()?;
        if self.acceptable.is_creation
            && self.author.role == Role::Crew
            && self.schema.kind != RecordKind::Order
        {
            return Err(Reason::Role { what: format!("a new {}", self.schema.kind.key()) });
        }
        let Acceptable { row, patches, is_creation } = self.acceptable;
        judge_values(self.schema, row, patches, *is_creation)?;
        for patch in patches {
            self.judge_touch(patch)?;
        }
        self.judge_finish()
    }

    fn judge_scope(&self) -> Result<(), Reason> {
        if self.author.role.sees_everything() {
            return Ok(());
        }
        let mine = self.author.scopes();
        let is_mine = if self.acceptable.is_creation {
            let created = |key: &str, make: fn(String) -> Scope| {
                self.created_text(key).is_some_and(|text| mine.contains(&make(text.into())))
            };
            created("crew", Scope::Crew) || created("locality", Scope::Locality)
        } else {
            // A device's creation stays its work, whichever crew it was given to since.
            self.acceptable.row.creator == self.change.device
                || self.acceptable.row.scopes_ever.iter().any(|scope| mine.contains(scope))
        };
        if is_mine { Ok(()) } else { Err(Reason::OutOfScope) }
    }

    /// Returns the text that this change sets a root register to.
    fn created_text(&self, key: &str) -> Option<&str> {
        self.acceptable.patches.iter().find_map(|patch| match patch {
            Patch::Register { name, value: Some(Scalar::Str(text)), .. } if name == key => {
                Some(text.as_str())
            }
            _ => None,
        })
    }

    fn kind(&self) -> Option<&WorkKind> {
        let key = self.created_text("kind").or_else(|| self.acceptable.row.text("kind"))?;
        self.rules.kinds.get(key)
    }

    fn judge_touch(&self, patch: &Patch<'_>) -> Result<(), Reason> {
        match patch {
            Patch::Register { name, slot, value, preds, .. } => {
                if !self.acceptable.is_creation {
                    self.judge_settling(name, *value, preds)?;
                }
                match slot {
                    None => self.judge_root(name, *value, preds),
                    Some(slot) => self.judge_field(name, *slot, *value),
                }
            }
            Patch::Append { slot, element, .. } => self.judge_element(*slot, element),
            Patch::Text { slot, .. } => {
                let slot = &self.schema.slots[*slot];
                self.judge_who(&slot.who, &slot.key)
            }
        }
    }

    fn judge_who(&self, who: &[String], what: &str) -> Result<(), Reason> {
        let role = self.author.role.key();
        let may = who.iter().any(|one| one == role) || (self.author.role == Role::Admin && !who.is_empty());
        if may { Ok(()) } else { Err(Reason::Role { what: what.into() }) }
    }

    fn judge_root(&self, name: &str, value: Option<&Scalar>, preds: &[OpId]) -> Result<(), Reason> {
        let Some(register) = self.schema.registers.get(name) else { return self.judge_unknown(name) };
        if let ("kind", Some(Scalar::Str(kind))) = (name, value)
            && self.schema.kind == RecordKind::Order
            && !self.rules.kinds.contains_key(kind)
        {
            return Err(rule("kind", format!("{kind} is not a kind of work here")));
        }
        if self.acceptable.is_creation {
            return if register.at_create {
                self.judge_created(name, value)
            } else {
                Err(rule("at_create", format!("{name} cannot be set on a new record")))
            };
        }
        if name == "status" && self.schema.kind == RecordKind::Order {
            return self.judge_step(value, preds);
        }
        self.judge_who(&register.who, name)
    }

    /// Checks who writes what this version does not know. A later version trusts what stands there, so nobody may
    /// have written it whom that version would not let.
    fn judge_unknown(&self, name: &str) -> Result<(), Reason> {
        let role = self.author.role.key();
        if self.schema.unknown_who.iter().any(|who| who == role) {
            return Ok(());
        }
        Err(Reason::Role { what: format!("{name}, which this version does not know") })
    }

    fn judge_created(&self, name: &str, value: Option<&Scalar>) -> Result<(), Reason> {
        let is_order = self.schema.kind == RecordKind::Order;
        match (name, value) {
            ("folio", Some(Scalar::Str(folio))) => {
                folio::check(folio, &self.author.letters, self.folio_prefix)
                    .map_err(|what| rule("folio", what))
            }
            ("status", Some(Scalar::Str(state))) if is_order && !self.rules.steps.initial.contains(state) => {
                Err(rule("step", format!("an order does not start as {state}")))
            }
            _ => Ok(()),
        }
    }

    fn judge_step(&self, value: Option<&Scalar>, preds: &[OpId]) -> Result<(), Reason> {
        let Some(Scalar::Str(to)) = value else { return Err(rule("step", "the status cannot be emptied")) };
        let decided = self.decided("status").is_some();
        let from = self.states_of(preds);
        let role = self.author.role.key();
        let steps = self.rules.steps_of(self.kind());
        let leads = |step: &&crate::rules::steps::Step| {
            step.to == *to && from.iter().any(|state| step.starts_from(state))
        };
        let mut leading = steps.iter().filter(leads).peekable();
        if decided && from.contains(&to.as_str()) {
            return Ok(());
        }
        if leading.peek().is_none() {
            return Err(rule("step", format!("{} -> {to}", from.join("|"))));
        }
        if leading.any(|step| step.is_for(role)) {
            Ok(())
        } else {
            Err(Reason::Role { what: format!("status {to}") })
        }
    }

    fn judge_field(&self, name: &str, slot: usize, value: Option<&Scalar>) -> Result<(), Reason> {
        let slot = &self.schema.slots[slot];
        self.judge_who(&slot.who, name)?;
        if slot.key == correction_form::SLOT {
            return Ok(());
        }
        let Some((place, key)) = name.split_once('.') else { return Ok(()) };
        let missing = || rule("field", format!("{name} is nothing that this kind of work has"));
        let kind = self.kind().ok_or_else(missing)?;
        if place == "checklist" {
            return kind.checklist.iter().any(|point| point.key == key).then_some(()).ok_or_else(missing);
        }
        let field = kind.fields.iter().find(|field| field.key == key).ok_or_else(missing)?;
        self.judge_who(&field.who, name)?;
        let Some(value) = value else { return Ok(()) };
        field.check(value).map_err(|error| rule("value", format!("{name}: {error}")))
    }

    fn judge_element(&self, slot: usize, element: &Element<'_>) -> Result<(), Reason> {
        let slot = &self.schema.slots[slot];
        self.judge_who(&slot.who, &slot.key)?;
        let Element::Map(map) = element else { return Ok(()) };
        let items = slot.schema.items();
        let unknown = map.keys().find(|key| !items.as_ref().is_some_and(|items| items.names(key)));
        if let Some(key) = unknown {
            self.judge_unknown(&format!("{} {key}", slot.key))?;
        }
        if slot.key == "measurements" { self.judge_reading(map) } else { Ok(()) }
    }

    fn judge_reading(&self, map: &std::collections::BTreeMap<&str, &Scalar>) -> Result<(), Reason> {
        let text = |key: &str| match map.get(key) {
            Some(Scalar::Str(text)) => Ok(text.as_str()),
            _ => Err(rule("required", format!("a measurement needs {key}"))),
        };
        let (what, value, unit) = (text("what")?, text("value")?, text("unit")?);
        let Some(measure) = self.rules.measures.get(what) else {
            return Err(rule("measure", format!("{what} is not a measure here")));
        };
        measure.check(value, unit).map(drop).map_err(|error| rule("reading", format!("{what}: {error}")))
    }

    /// Checks what finishing needs, if this change finishes the order.
    fn judge_finish(&self) -> Result<(), Reason> {
        let finishes = !self.acceptable.is_creation && self.created_text("status") == Some("done");
        if !finishes || self.decided("status").is_some() {
            return Ok(());
        }
        let missing = missing_to_finish(self.kind(), &self.acceptable.row);
        if missing.is_empty() { Ok(()) } else { Err(rule("required", missing.join(", "))) }
    }
}

/// Returns the keys that an order still lacks to be finished: `fields.<key>`, `measure <key>`,
/// `checklist.<key>`.
pub fn missing_to_finish(kind: Option<&WorkKind>, row: &RecordRow) -> Vec<String> {
    let Some(kind) = kind else { return Vec::new() };
    let has =
        |name: &str| row.values(name).any(|value| *value != Scalar::Null && *value != Scalar::Bool(false));
    let fields =
        kind.fields.iter().filter(|field| field.required_to_finish).map(|f| format!("fields.{}", f.key));
    let checks =
        kind.checklist.iter().filter(|c| c.required_to_finish).map(|c| format!("checklist.{}", c.key));
    let has_value = |name: &String| !row.values(name).any(|value| *value != Scalar::Null);
    let measures = kind.required_measures.iter().filter(|key| !row.is_measured(key));
    fields
        .filter(has_value)
        .chain(checks.filter(|name| !has(name)))
        .chain(measures.map(|key| format!("measure {key}")))
        .collect()
}
