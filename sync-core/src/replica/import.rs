//! Import: localities, crews, people, assets, materials, plans and planned orders out of one file. Importing the same
//! file again changes nothing: every item's record id follows from its key.
//!
//! What the file leaves out of an item that is known stays as it is, and is named; what it says is empty is emptied.

mod file;
mod keys;
mod orders;
mod problem;

use serde::Serialize;
use serde_json::Value;

pub use file::ImportFile;
use file::{Given, Row};
use keys::Keys;
pub use problem::ImportProblem;

use super::known::Known;
use super::{Replica, ReplicaError};
use crate::id::RecordId;
use crate::json_schema::Part;
use crate::record::change::Scalar;
use crate::record::document::Document;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::read;
use crate::rules::fold_word;
use crate::state::document::load_document;
use crate::state::keyspace;
use crate::view::catalog::Item;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportCounts {
    /// New localities.
    pub localities: u64,
    /// New crews.
    pub crews: u64,
    /// New people.
    pub people: u64,
    /// New assets.
    pub assets: u64,
    /// New materials.
    pub materials: u64,
    /// New orders.
    pub orders: u64,
    /// New plans.
    pub plans: u64,
    /// Items that were here already and that the import left as they are.
    pub unchanged: u64,
    /// Items that were here and were brought up to date.
    pub updated: u64,
    /// Items that hold what the file does not say, and orders that the file says something else about.
    pub differing: Vec<Differing>,
}

/// An item that is not as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Its place in the file, `orders[3]`.
    pub place: String,
    /// What people call it: a folio, a key.
    pub name: String,
    /// The registers.
    pub what: Vec<String>,
}

/// What became of one item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    New,
    Updated,
    Unchanged,
}

type Registers = Vec<(&'static str, Given)>;

/// Registers of a plan, by month.
const PLANNED: [&str; 12] = [
    "planned_01",
    "planned_02",
    "planned_03",
    "planned_04",
    "planned_05",
    "planned_06",
    "planned_07",
    "planned_08",
    "planned_09",
    "planned_10",
    "planned_11",
    "planned_12",
];
const DONE: [&str; 12] = [
    "done_01", "done_02", "done_03", "done_04", "done_05", "done_06", "done_07", "done_08", "done_09",
    "done_10", "done_11", "done_12",
];

fn refuse(path: Vec<Part>, problem: ImportProblem) -> ReplicaError {
    ReplicaError::Import { path, problem }
}

/// Says of an error in which item it is.
fn in_item(row: Row<'_>, error: ReplicaError) -> ReplicaError {
    match error {
        // Who may not, may not, wherever in the file it shows.
        ReplicaError::Role { .. } | ReplicaError::Import { .. } => error,
        other => {
            let path = row.path().into_iter().chain(orders::member_of(&other)).collect();
            refuse(path, ImportProblem::Refused(Box::new(other)))
        }
    }
}

impl Replica<'_> {
    /// Imports a file. All or nothing: the shell keeps what was written only if this succeeds.
    ///
    /// # Errors
    /// [`ReplicaError::Import`], with the place in the file; or the role may not import.
    pub fn import(&mut self, file: &ImportFile) -> Result<ImportCounts, ReplicaError> {
        self.check_municipality(file)?;
        let mut counts = ImportCounts::default();
        let mut known = Known::default();
        self.import_localities(file, &mut counts)?;
        self.import_crews(file, &mut known, &mut counts)?;
        self.import_people(file, &mut counts)?;
        self.import_materials(file, &mut counts)?;
        self.import_assets(file, &mut known, &mut counts)?;
        self.import_plans(file, &mut counts)?;
        // Crews and assets are known by now.
        self.import_orders(file, &mut known, &mut counts)?;
        Ok(counts)
    }

    fn check_municipality(&self, file: &ImportFile) -> Result<(), ReplicaError> {
        let identity = self.identity()?;
        let Some(found) = file.municipality() else { return Ok(()) };
        let is_own = found.parse() == Ok(identity.municipality)
            || fold_word(&found) == fold_word(&identity.municipality_name);
        if is_own {
            return Ok(());
        }
        let own = format!("{} ({:05})", identity.municipality_name, identity.municipality);
        let path = vec![Part::Key("municipality".into())];
        Err(refuse(path, ImportProblem::OtherMunicipality { found, own }))
    }

    fn import_localities(
        &mut self,
        file: &ImportFile,
        counts: &mut ImportCounts,
    ) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "localities", "name", self.view().catalog("locality")?);
        for row in file.items("localities") {
            let key = keys.take(row, row.text("key"), row.needed("name"))?;
            let registers = vec![
                ("name", row.given("name")),
                ("aliases", row.given_list("aliases")),
                ("lat", row.given("lat")),
                ("lng", row.given("lng")),
                ("certainty", row.given("certainty")),
                ("inegi", row.given("inegi")),
            ];
            let fate = self.import_item(row, "locality", &key, registers, counts)?;
            count(fate, counts, |counts| &mut counts.localities);
        }
        Ok(())
    }

    fn import_crews(
        &mut self,
        file: &ImportFile,
        known: &mut Known,
        counts: &mut ImportCounts,
    ) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "crews", "code", self.view().catalog("crew")?);
        for row in file.items("crews") {
            let code = keys.take(row, row.text("code"), row.needed("code"))?;
            let localities = match row.texts("localities") {
                None => Given::Absent,
                Some(words) => {
                    let keys: Result<Vec<String>, _> =
                        words.into_iter().map(|word| self.locality_of(known, word)).collect();
                    let keys = keys.map_err(|error| in_item(row, error.into()))?;
                    if keys.is_empty() { Given::Empty } else { Given::text(&Value::from(keys).to_string()) }
                }
            };
            let name = row.text("name").unwrap_or(&code);
            let registers =
                vec![("name", Given::text(name)), ("code", Given::text(&code)), ("localities", localities)];
            let fate = self.import_item(row, "crew", &code, registers, counts)?;
            count(fate, counts, |counts| &mut counts.crews);
        }
        Ok(())
    }

    fn import_people(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "people", "name", Vec::new());
        for row in file.items("people") {
            keys.take(row, None, row.needed("name"))?;
            // The history has the post and an id; the name goes beside it.
            let key = self.name_person(row.needed("name")).to_string();
            let post: Vec<&str> = [row.text("role"), row.text("crew")].into_iter().flatten().collect();
            let post = if post.is_empty() { "staff".into() } else { post.join(" ") };
            let registers =
                vec![("name", Given::text(&post)), ("role", row.given("role")), ("crew", row.given("crew"))];
            let fate = self.import_item(row, "person", &key, registers, counts)?;
            count(fate, counts, |counts| &mut counts.people);
        }
        Ok(())
    }

    fn import_materials(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "materials", "name", self.view().catalog("material")?);
        for row in file.items("materials") {
            let sku = keys.take(row, row.text("sku"), row.needed("name"))?;
            let registers = vec![("name", row.given("name")), ("unit", row.given("unit"))];
            let fate = self.import_item(row, "material", &sku, registers, counts)?;
            count(fate, counts, |counts| &mut counts.materials);
        }
        Ok(())
    }

    fn import_assets(
        &mut self,
        file: &ImportFile,
        known: &mut Known,
        counts: &mut ImportCounts,
    ) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "assets", "name", self.view().assets()?);
        for row in file.items("assets") {
            let key = keys.take(row, row.text("key").or(row.text("id")), row.needed("name"))?;
            let locality = match row.given("locality") {
                Given::Value(Scalar::Str(word)) => {
                    let key = self.locality_of(known, &word).map_err(|error| in_item(row, error.into()))?;
                    Given::text(&key)
                }
                other => other,
            };
            let registers = vec![
                ("key", Given::text(&key)),
                ("asset_type", row.given("type")),
                ("name", row.given("name")),
                ("locality", locality),
            ];
            let fate = self.import_flat(row, RecordKind::Asset, &key, registers, counts)?;
            count(fate, counts, |counts| &mut counts.assets);
        }
        Ok(())
    }

    fn import_plans(&mut self, file: &ImportFile, counts: &mut ImportCounts) -> Result<(), ReplicaError> {
        let mut keys = Keys::new(file, "plans", "activity", self.plan_items()?);
        for row in file.items("plans") {
            let key = keys.take(row, row.text("key"), row.needed("activity"))?;
            let year = row.number("year");
            let mut registers = vec![
                ("key", Given::text(&key)),
                ("activity", row.given("activity")),
                ("unit", row.given("unit")),
                ("annual_goal", row.given("annual_goal")),
                ("year", year.map_or(Given::Absent, |year| Given::Value(Scalar::Int(year)))),
            ];
            for (names, list) in [(PLANNED, "planned"), (DONE, "done")] {
                // A month that is not entered says nothing.
                let months =
                    names.into_iter().zip(row.values(list)).map(|(name, value)| match file::given(value) {
                        Given::Empty => (name, Given::Absent),
                        given => (name, given),
                    });
                registers.extend(months);
            }
            let fate = self.import_flat(row, RecordKind::Plan, &key, registers, counts)?;
            count(fate, counts, |counts| &mut counts.plans);
        }
        Ok(())
    }

    /// Returns the plans that are known: the key that the file has for them, and their activity.
    fn plan_items(&self) -> Result<Vec<Item>, ReplicaError> {
        let mut items = self.view().listed(RecordKind::Plan)?;
        for item in &mut items {
            let row: Option<RecordRow> = read(&self.rows(), &keyspace::record(&item.record))?;
            if let Some(key) = row.as_ref().and_then(|row| row.text("key")) {
                item.key = key.into();
            }
        }
        Ok(items)
    }

    fn import_item(
        &mut self,
        row: Row<'_>,
        sort: &str,
        key: &str,
        mut registers: Registers,
        counts: &mut ImportCounts,
    ) -> Result<Fate, ReplicaError> {
        registers.push(("item", Given::text(sort)));
        registers.push(("key", Given::text(key)));
        self.import_flat(row, RecordKind::Catalog, &format!("{sort}/{key}"), registers, counts)
    }

    /// Makes a record of registers alone, or brings it up to date. What a register in conflict holds already is as in
    /// the file; anything else is added to the conflict.
    fn import_flat(
        &mut self,
        row: Row<'_>,
        kind: RecordKind,
        key: &str,
        registers: Registers,
        counts: &mut ImportCounts,
    ) -> Result<Fate, ReplicaError> {
        let identity = self.identity()?;
        let device = identity.device;
        let id = RecordId::from_import_key(identity.municipality, kind.key(), key);
        let held: Option<RecordRow> = read(&self.rows(), &keyspace::record(&id))?;
        let (writes, what) = compare(held.as_ref(), registers);
        if !what.is_empty() {
            let place = format!("{}[{}]", row.list, row.index);
            counts.differing.push(Differing { place, name: key.into(), what });
        }
        if held.is_some() && writes.is_empty() {
            return Ok(Fate::Unchanged);
        }
        let mut document = match &held {
            Some(_) => load_document(&self.rows(), &self.lines, &id, device)?,
            None => Document::new(device),
        };
        if held.is_none() {
            document.make_skeleton(self.rules.records.of(kind))?;
            document.put("type", &Scalar::Str(kind.key().into()))?;
            document.put("schema", &Scalar::Int(1))?;
        }
        for (name, value) in writes {
            document.put(name, &value)?;
        }
        self.commit(id, &mut document).map_err(|error| in_item(row, error))?;
        Ok(if held.is_none() { Fate::New } else { Fate::Updated })
    }
}

/// Returns what is to be written, and what the record holds and the file does not say.
fn compare(held: Option<&RecordRow>, registers: Registers) -> (Vec<(&'static str, Scalar)>, Vec<String>) {
    let (mut writes, mut what) = (Vec::new(), Vec::new());
    for (name, given) in registers {
        if let Some(row) = held.filter(|row| row.is_in_conflict(name)) {
            // A conflict ends by a decision, not by a file.
            let is_one = |value: &Scalar| row.values(name).any(|held| held == value);
            if !matches!(&given, Given::Value(value) if is_one(value)) {
                what.push(name.to_string());
            }
            continue;
        }
        let winner = held.and_then(|row| row.winner(name)).filter(|value| **value != Scalar::Null);
        match (given, winner) {
            (Given::Value(value), winner) if winner != Some(&value) => writes.push((name, value)),
            (Given::Empty, Some(_)) => writes.push((name, Scalar::Null)),
            (Given::Absent, Some(_)) => what.push(name.to_string()),
            _ => {}
        }
    }
    (writes, what)
}

fn count(fate: Fate, counts: &mut ImportCounts, new: impl FnOnce(&mut ImportCounts) -> &mut u64) {
    match fate {
        Fate::New => *new(counts) += 1,
        Fate::Updated => counts.updated += 1,
        Fate::Unchanged => counts.unchanged += 1,
    }
}
