//! Orders: what crews and dispatch do to them, each act one entry.

use super::{Notebook, NotebookError};
use crate::act::{Act, Role};
use crate::authority::{code_expiry, code_from, code_hash};
use crate::change::Scalar;
use crate::decimal::Decimal;
use crate::fold::ListRow;
use crate::id::RecordId;
use crate::judge::missing_to_finish;
use crate::keys;
use crate::limits::{CODE_CHARS, TEXT_CHARS_MAX};
use crate::record::document::Document;
use crate::record::row::RecordRow;
use crate::rows::read;
use crate::rules::fold_word;
use crate::rules::kind::WorkKind;
use crate::rules::record_schema::RecordKind;
use crate::time::{TimeMs, rfc3339, year};

/// A new order as a person asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewOrder {
    /// Kind of work: key or alias.
    pub kind: String,
    /// Locality: key, name or alias.
    pub locality: Option<String>,
    /// Asset: key or name.
    pub asset: Option<String>,
    /// Crew code.
    pub crew: Option<String>,
    /// Title; the kind's label and the locality where none is given.
    pub title: Option<String>,
    /// Fields of the kind, as typed.
    pub fields: Vec<(String, String)>,
    /// Free text.
    pub description: Option<String>,
    /// `YYYY-MM-DD`.
    pub due: Option<String>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: Option<String>,
    /// Key of a planned activity.
    pub plan: Option<String>,
    /// The record's id, where it follows from an import key.
    pub id: Option<RecordId>,
}

/// A new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What people say aloud.
    pub folio: String,
    /// The record.
    pub id: RecordId,
}

/// A new invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The one-time code.
    pub code: String,
    /// When it ends.
    pub expires_at_ms: TimeMs,
}

/// How a conflict is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One of the values, counted from 1 as listed.
    Take(usize),
    /// Another value, as typed.
    Value(String),
}

/// An order open for writing.
struct Open {
    record: RecordId,
    row: RecordRow,
    document: Document,
}

fn text(value: &str) -> Scalar {
    Scalar::Str(value.into())
}

fn check_length(what: &'static str, value: &str, max: usize) -> Result<(), NotebookError> {
    let found = value.chars().count();
    if value.trim().is_empty() || found > max {
        Err(NotebookError::Length { what, found, max })
    } else {
        Ok(())
    }
}

impl Notebook<'_> {
    /// Makes an order.
    pub fn order_new(&mut self, new: &NewOrder) -> Result<Made, NotebookError> {
        let kind = self.find_kind(&new.kind)?.clone();
        let locality = new.locality.as_deref().map(|word| self.find_locality(word)).transpose()?;
        let asset = new.asset.as_deref().map(|word| self.find_asset(word)).transpose()?;
        let own_crew =
            self.identity()?.crew.clone().filter(|_| self.identity().is_ok_and(|me| me.role == Role::Crew));
        let crew = new.crew.as_deref().map(|word| self.find_crew(word)).transpose()?.or(own_crew);
        let title = match &new.title {
            Some(title) => {
                check_length("the title", title, 200)?;
                title.clone()
            }
            None => self.usual_title(&kind, locality.as_deref())?,
        };
        let folio = self.next_folio()?;
        let id = new.id.unwrap_or_else(|| RecordId(self.draw()));
        let mut document = Document::new(self.identity()?.device);
        document.make_skeleton(self.rules.records.of(RecordKind::Order))?;
        let status = if crew.is_some() { "assigned" } else { "reported" };
        document.put("type", &text("order"))?;
        document.put("schema", &Scalar::Int(1))?;
        let registers = [
            ("folio", Some(folio.as_str())),
            ("kind", Some(kind.kind.as_str())),
            ("title", Some(title.as_str())),
            ("locality", locality.as_deref()),
            ("asset", asset.as_deref()),
            ("crew", crew.as_deref()),
            ("status", Some(status)),
            ("due", new.due.as_deref()),
            ("priority", new.priority.as_deref()),
            ("plan", new.plan.as_deref()),
        ];
        for (name, value) in registers {
            if let Some(value) = value {
                document.put(name, &text(value))?;
            }
        }
        for (word, value) in &new.fields {
            let (key, value) = parse_field(&kind, word, value)?;
            document.put(&format!("fields.{key}"), &value)?;
        }
        if let Some(description) = &new.description {
            check_length("the description", description, TEXT_CHARS_MAX)?;
            document.update_text("description", description)?;
        }
        self.commit(id, &mut document)?;
        Ok(Made { folio, id })
    }

    fn usual_title(&self, kind: &WorkKind, locality: Option<&str>) -> Result<String, NotebookError> {
        let place = locality.map(|key| self.locality_name(key)).transpose()?;
        let title = match place {
            Some(place) => format!("{} — {place}", kind.labels.es),
            None => kind.labels.es.clone(),
        };
        Ok(title.chars().take(200).collect())
    }

    fn next_folio(&self) -> Result<String, NotebookError> {
        let identity = self.identity()?;
        let number = self.own_head()?.folios + 1;
        let year = year(self.moment.now_ms).rem_euclid(100);
        Ok(format!("{}-{year:02}-{}-{number:04}", identity.folio_prefix, identity.letters))
    }

    /// The kind of work that a person means.
    pub fn find_kind(&self, word: &str) -> Result<&WorkKind, NotebookError> {
        self.rules.find_kind(word).ok_or_else(|| NotebookError::Unknown {
            what: "kind of work",
            word: word.into(),
            known: self.rules.kinds.keys().cloned().collect(),
        })
    }

    /// The order with a folio, however it is typed.
    pub fn find_order(&self, folio: &str) -> Result<RecordId, NotebookError> {
        let folio = folio.trim().to_uppercase();
        let row: Option<ListRow> = read(self.rows(), &keys::name(RecordKind::Order, &folio))?;
        row.map(|row| row.record).ok_or_else(|| NotebookError::Unknown {
            what: "order",
            word: folio,
            known: vec![],
        })
    }

    fn open_order(&self, folio: &str) -> Result<Open, NotebookError> {
        let record = self.find_order(folio)?;
        let row: RecordRow = read(self.rows(), &keys::record(&record))?
            .ok_or_else(|| NotebookError::Index(format!("order {folio} has no summary")))?;
        let document = Document::load(self.rows(), &self.lines, &record, self.identity()?.device)?;
        Ok(Open { record, row, document })
    }

    fn kind_of(&self, row: &RecordRow) -> Option<&WorkKind> {
        self.rules.kinds.get(row.text("kind")?)
    }

    /// Makes a step of the order's state machine. Answers the new state.
    pub fn step(&mut self, folio: &str, step: &str, reason: Option<&str>) -> Result<String, NotebookError> {
        let mut open = self.open_order(folio)?;
        let role = self.identity()?.role.key();
        let kind = self.kind_of(&open.row);
        let steps = self.rules.steps_of(kind);
        let states: Vec<String> = open.row.values("status").filter_map(scalar_text).collect();
        let starts =
            |candidate: &&crate::rules::steps::Step| states.iter().any(|state| candidate.starts_from(state));
        let Some(found) = steps.iter().filter(|s| s.step == step).find(|s| starts(s)) else {
            let possible =
                steps.iter().filter(starts).filter(|s| s.is_for(role)).map(|s| s.step.clone()).collect();
            let state = states.join("|");
            return Err(NotebookError::Step { folio: folio.into(), state, step: step.into(), possible });
        };
        if !found.is_for(role) {
            return Err(NotebookError::Role { role: role.into(), what: step.into() });
        }
        let to = found.to.clone();
        if to == "done" {
            self.check_finish(folio, &open.row)?;
        }
        open.document.put("status", &text(&to))?;
        if let Some(reason) = reason {
            check_length("the reason", reason, TEXT_CHARS_MAX)?;
            open.document.append_scalar("notes", &text(reason))?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(to)
    }

    fn check_finish(&self, folio: &str, row: &RecordRow) -> Result<(), NotebookError> {
        let kind = self.kind_of(row);
        let missing = missing_to_finish(kind, row);
        if missing.is_empty() {
            return Ok(());
        }
        let command = |name: &String| match (name.strip_prefix("fields."), name.strip_prefix("measure ")) {
            (Some(key), _) => format!("crew order set {folio} {key} VALUE"),
            (_, Some(key)) => {
                let unit = self.rules.measures.get(key).map_or("UNIT", |measure| measure.unit.as_str());
                format!("crew order measure {folio} {key} VALUE {unit}")
            }
            _ => format!("crew order check {folio} {}", name.trim_start_matches("checklist.")),
        };
        let commands = missing.iter().map(command).collect();
        let named = |name: &String| match name.strip_prefix("fields.").and_then(|key| kind?.find_field(key)) {
            Some(field) => format!("{} ({})", field.key, field.labels.es),
            None => name.clone(),
        };
        let missing = missing.iter().map(named).collect();
        Err(NotebookError::Missing { folio: folio.into(), missing, commands })
    }

    /// Assigns an order to a crew.
    pub fn assign(&mut self, folio: &str, crew: &str) -> Result<(), NotebookError> {
        let crew = self.find_crew(crew)?;
        let mut open = self.open_order(folio)?;
        open.document.put("crew", &text(&crew))?;
        let states: Vec<String> = open.row.values("status").filter_map(scalar_text).collect();
        let steps = self.rules.steps_of(self.kind_of(&open.row));
        let assigns =
            steps.iter().any(|s| s.step == "assign" && states.iter().any(|state| s.starts_from(state)));
        if assigns && states.iter().any(|state| state != "assigned") {
            open.document.put("status", &text("assigned"))?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Adds a note.
    pub fn note(&mut self, folio: &str, note: &str) -> Result<(), NotebookError> {
        check_length("the note", note, TEXT_CHARS_MAX)?;
        let mut open = self.open_order(folio)?;
        open.document.append_scalar("notes", &text(note))?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Adds a reading. Answers its flag, if it lies outside the norm.
    pub fn measure(
        &mut self,
        folio: &str,
        what: &str,
        value: &str,
        unit: &str,
        place: Option<&str>,
        instrument: Option<&str>,
    ) -> Result<Option<String>, NotebookError> {
        let mut open = self.open_order(folio)?;
        let Some(measure) = self.rules.find_measure(what) else {
            let known = self.rules.measures.keys().cloned().collect();
            return Err(NotebookError::Unknown { what: "measure", word: what.into(), known });
        };
        let key = measure.key.clone();
        let decimal = measure.check(value, unit).map_err(|error| reading_error(&key, error))?;
        let day = rfc3339(self.moment.now_ms)[..10].to_string();
        let flag = measure.flag(decimal, &day).map(|(flag, _)| flag.to_string());
        let mut members =
            vec![("what", text(&key)), ("value", text(&decimal.to_string())), ("unit", text(&measure.unit))];
        members.extend(place.map(|place| ("where", text(place))));
        members.extend(instrument.map(|instrument| ("instrument", text(instrument))));
        members.extend(flag.as_deref().map(|flag| ("flag", text(flag))));
        open.document.append_map("measurements", &members)?;
        self.commit(open.record, &mut open.document)?;
        Ok(flag)
    }

    /// Adds a material that was used.
    pub fn use_material(
        &mut self,
        folio: &str,
        sku: &str,
        qty: &str,
        unit: &str,
    ) -> Result<(), NotebookError> {
        let decimal: Decimal = qty
            .trim()
            .parse()
            .map_err(|e: crate::decimal::DecimalError| NotebookError::Quantity(e.to_string()))?;
        if decimal.units <= 0 {
            let error = crate::rules::kind::ValueError::Range {
                value: decimal.to_string(),
                unit: unit.into(),
                min: "0".into(),
                max: "-".into(),
            };
            return Err(NotebookError::Value { field: sku.into(), error });
        }
        let mut open = self.open_order(folio)?;
        let known = self.material(sku)?;
        if let Some((_, Some(expected))) = &known
            && fold_word(expected) != fold_word(unit)
        {
            let (what, expected, found) = (sku.to_string(), expected.clone(), unit.to_string());
            let error = crate::rules::measure::ReadingError::Unit { what, expected, found };
            return Err(NotebookError::Reading { what: sku.into(), error });
        }
        let key = known.as_ref().map_or_else(|| sku.to_string(), |(key, _)| key.clone());
        let unit = known.as_ref().and_then(|(_, unit)| unit.clone()).unwrap_or_else(|| unit.to_string());
        let mut members =
            vec![("sku", text(&key)), ("qty", text(&decimal.to_string())), ("unit", text(&unit))];
        if known.is_none() {
            // A crew that used something the catalog lacks must still be able to say so.
            members.push(("flag", text("not_in_catalog")));
        }
        open.document.append_map("materials", &members)?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Sets a field of the kind, or a register of the order.
    pub fn set(&mut self, folio: &str, field: &str, value: &str) -> Result<(), NotebookError> {
        let mut open = self.open_order(folio)?;
        let word = field.strip_prefix("fields.").unwrap_or(field);
        let found = self.kind_of(&open.row).and_then(|kind| kind.find_field(word).map(|f| (f, kind)));
        if let Some((_, kind)) = found {
            let (key, value) = parse_field(kind, word, value)?;
            open.document.put(&format!("fields.{key}"), &value)?;
        } else {
            self.set_register(&mut open, &fold_word(word), value)?;
        }
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    fn set_register(&self, open: &mut Open, name: &str, value: &str) -> Result<(), NotebookError> {
        match name {
            "description" => Ok(open.document.update_text("description", value)?),
            "title" => {
                check_length("the title", value, 200)?;
                Ok(open.document.put("title", &text(value))?)
            }
            "locality" => Ok(open.document.put("locality", &text(&self.find_locality(value)?))?),
            "asset" => Ok(open.document.put("asset", &text(&self.find_asset(value)?))?),
            "due" | "priority" => Ok(open.document.put(name, &text(value))?),
            _ => {
                let kind = self.kind_of(&open.row);
                let fields =
                    kind.into_iter().flat_map(|kind| kind.fields.iter().map(|field| field.key.clone()));
                let registers =
                    ["title", "description", "locality", "asset", "due", "priority"].map(String::from);
                let known = fields.chain(registers).collect();
                Err(NotebookError::Unknown { what: "field", word: name.into(), known })
            }
        }
    }

    /// Ticks a point of the checklist.
    pub fn check(&mut self, folio: &str, item: &str, done: bool) -> Result<(), NotebookError> {
        let mut open = self.open_order(folio)?;
        let points = self.kind_of(&open.row).map(|kind| kind.checklist.clone()).unwrap_or_default();
        let word = fold_word(item);
        let named =
            |point: &&crate::rules::kind::Check| point.key == word || fold_word(&point.labels.es) == word;
        let Some(point) = points.iter().find(named) else {
            let known = points.iter().map(|point| point.key.clone()).collect();
            return Err(NotebookError::Unknown { what: "checklist point", word: item.into(), known });
        };
        open.document.put(&format!("checklist.{}", point.key), &Scalar::Bool(done))?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    /// Resolves a conflict, with the reason.
    pub fn resolve(
        &mut self,
        folio: &str,
        field: &str,
        choice: &Choice,
        reason: &str,
    ) -> Result<(), NotebookError> {
        check_length("the reason", reason, 1_000)?;
        let mut open = self.open_order(folio)?;
        let name = self.conflicting_name(&open.row, field);
        let Some(held) =
            name.as_deref().and_then(|name| open.row.registers.get(name)).filter(|held| held.len() > 1)
        else {
            return Err(NotebookError::NoConflict { folio: folio.into(), field: field.into() });
        };
        let name = name.unwrap_or_default();
        let distinct = crate::view::order::distinct(held);
        let value = match choice {
            Choice::Take(number) => {
                let picked = number.checked_sub(1).and_then(|index| distinct.get(index));
                let count = distinct.len();
                picked.map(|held| held.value.clone()).ok_or_else(|| NotebookError::NoSuchValue {
                    folio: folio.into(),
                    field: field.into(),
                    number: *number,
                    count,
                })?
            }
            Choice::Value(typed) => match (name.strip_prefix("fields."), self.kind_of(&open.row)) {
                (Some(key), Some(kind)) => parse_field(kind, key, typed)?.1,
                _ => text(typed),
            },
        };
        open.document.put(&name, &value)?;
        let decision = [("field", text(&name)), ("value", value), ("reason", text(reason))];
        open.document.append_map("decisions", &decision)?;
        self.commit(open.record, &mut open.document)?;
        Ok(())
    }

    fn conflicting_name(&self, row: &RecordRow, field: &str) -> Option<String> {
        let in_fields = |key: &str| format!("fields.{key}");
        let by_alias =
            || self.kind_of(row).and_then(|kind| kind.find_field(field)).map(|field| in_fields(&field.key));
        [field.to_string(), in_fields(field), format!("checklist.{field}")]
            .into_iter()
            .find(|name| row.registers.contains_key(name))
            .or_else(by_alias)
    }

    /// Invites a device. The code works once the server has heard of it.
    pub fn invite(
        &mut self,
        role: Role,
        crew: Option<&str>,
        localities: &[String],
    ) -> Result<Invitation, NotebookError> {
        let localities =
            localities.iter().map(|word| self.find_locality(word)).collect::<Result<Vec<_>, _>>()?;
        let code = code_from(&self.draw::<CODE_CHARS>());
        let expires_at_ms = code_expiry(self.moment.now_ms);
        self.write_act(Act::Invite {
            code_hash: code_hash(&code),
            role,
            crew: crew.map(String::from),
            localities,
            expires_at_ms,
        })?;
        Ok(Invitation { code, expires_at_ms })
    }
}

fn reading_error(what: &str, error: crate::rules::measure::ReadingError) -> NotebookError {
    use crate::rules::kind::ValueError;
    use crate::rules::measure::ReadingError;
    match error {
        ReadingError::Value(ValueError::Decimal(error)) => {
            NotebookError::Quantity(format!("{what}: {error}"))
        }
        error => NotebookError::Reading { what: what.into(), error },
    }
}

fn parse_field(kind: &WorkKind, word: &str, value: &str) -> Result<(String, Scalar), NotebookError> {
    let Some(field) = kind.find_field(word) else {
        let known = kind.fields.iter().map(|field| field.key.clone()).collect();
        return Err(NotebookError::Unknown { what: "field", word: word.into(), known });
    };
    let value =
        field.parse(value).map_err(|error| NotebookError::Value { field: field.key.clone(), error })?;
    Ok((field.key.clone(), value))
}

fn scalar_text(value: &Scalar) -> Option<String> {
    match value {
        Scalar::Str(text) => Some(text.clone()),
        _ => None,
    }
}
