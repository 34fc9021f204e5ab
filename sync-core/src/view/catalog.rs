//! Catalog: finds what a person means among kinds, orders, localities, crews, materials, assets and devices.
//!
//! If nothing fits, or several things do, a `find_…` fails with [`ViewError::Unknown`] or
//! [`ViewError::Ambiguous`], which list the names there are.

use super::{View, ViewError, folio};
use crate::id::DeviceId;
use crate::id::RecordId;
use crate::record::change::Scalar;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, decode, read};
use crate::rules::fold_word;
use crate::rules::kind::WorkKind;
use crate::rules::steps::State;
use crate::state::keyspace;
use crate::state::summary::ListRow;
use std::collections::BTreeSet;

/// Most names that an ambiguous word is answered with.
const MATCHES_SHOWN: usize = 12;

/// The sorts of record that have a key, in English and in Spanish.
const SORTS: [(&str, &str); 6] = [
    ("locality", "localidad"),
    ("crew", "cuadrilla"),
    ("person", "persona"),
    ("material", "material"),
    ("asset", "activo"),
    ("plan", "programa"),
];

/// A locality, crew, material or asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its record.
    pub record: RecordId,
}

impl<'a> View<'a> {
    /// Returns all items of the catalog of one sort (`locality`, `crew`, `person`, `material`), by key.
    pub fn catalog(&self, sort: &str) -> Result<Vec<Item>, ViewError> {
        let prefix = keyspace::name(RecordKind::Catalog, &format!("{sort}/"));
        self.items(&prefix)
    }

    /// Returns all assets, by key.
    pub fn assets(&self) -> Result<Vec<Item>, ViewError> {
        self.items(&keyspace::listed(RecordKind::Asset))
    }

    fn items(&self, prefix: &[u8]) -> Result<Vec<Item>, ViewError> {
        let mut items = Vec::new();
        let mut failure = None;
        self.rows().scan(prefix, prefix, &mut |key, value| match decode::<ListRow>(value) {
            Ok(row) => {
                let key = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
                items.push(Item { key, name: row.title, record: row.record });
                true
            }
            Err(error) => {
                failure = Some(error);
                false
            }
        })?;
        failure.map_or(Ok(items), |error: RowsError| Err(error.into()))
    }

    fn aliases(&self, record: &RecordId) -> Result<Vec<String>, ViewError> {
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(record))?;
        let text = row.as_ref().and_then(|row| row.text("aliases")).unwrap_or("[]");
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    /// Returns the key of the locality that a person means. A name of several places is an error that lists
    /// them, never a guess.
    pub fn find_locality(&self, word: &str) -> Result<String, ViewError> {
        let items = self.catalog("locality")?;
        if let Some(item) = items.iter().find(|item| item.key == word) {
            return Ok(item.key.clone());
        }
        let wanted = fold_word(word);
        let mut matches = Vec::new();
        for item in &items {
            let is_named = fold_word(&item.name) == wanted || fold_word(&item.key) == wanted;
            if is_named || self.aliases(&item.record)?.iter().any(|alias| fold_word(alias) == wanted) {
                matches.push(item);
            }
        }
        only(word, &matches)?.ok_or_else(|| unknown("locality", word, &items))
    }

    /// Returns the name of a locality by its key; the key itself if the catalog does not have it.
    pub fn locality_name(&self, key: &str) -> Result<String, ViewError> {
        let row: Option<ListRow> =
            read(self.rows(), &keyspace::name(RecordKind::Catalog, &format!("locality/{key}")))?;
        Ok(row.map_or_else(|| key.to_string(), |row| row.title))
    }

    /// Returns the asset that a person means, by key or name.
    pub fn find_asset(&self, word: &str) -> Result<String, ViewError> {
        let items = self.assets()?;
        if items.iter().any(|item| item.key == word) {
            return Ok(word.into());
        }
        let wanted = fold_word(word);
        let named = |item: &&Item| fold_word(&item.name) == wanted || fold_word(&item.key) == wanted;
        only(word, &items.iter().filter(named).collect::<Vec<_>>())?
            .ok_or_else(|| unknown("asset", word, &items))
    }

    /// Returns the crew that a person means, by code. The catalog's crews are known, and those that devices
    /// were invited for. If no crew is known yet, any code will do.
    pub fn find_crew(&self, word: &str) -> Result<String, ViewError> {
        let catalog = self.catalog("crew")?;
        let own = self.identity()?.crew.clone();
        let devices = crate::state::authority::devices(self.rows())?;
        let mut known: BTreeSet<String> = catalog.iter().map(|item| item.key.clone()).collect();
        known.extend(devices.into_iter().filter_map(|(_, row)| row.crew));
        known.extend(own);
        let wanted = fold_word(word);
        if let Some(code) = known.iter().find(|code| fold_word(code) == wanted) {
            return Ok(code.clone());
        }
        let named: Vec<&Item> = catalog.iter().filter(|item| fold_word(&item.name) == wanted).collect();
        if let Some(code) = only(word, &named)? {
            return Ok(code);
        }
        let is_code = !word.is_empty()
            && word.len() <= 16
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if known.is_empty() && is_code {
            return Ok(word.into());
        }
        Err(ViewError::Unknown { what: "crew", word: word.into(), known: known.into_iter().collect() })
    }

    /// Returns the code of the crew that a new device is invited for: one that is known, and as it is known. A crew that
    /// nobody named yet may be, as long as the catalog has none.
    pub fn find_crew_to_invite(&self, word: &str) -> Result<String, ViewError> {
        match self.find_crew(word) {
            Err(ViewError::Unknown { .. }) if self.catalog("crew")?.is_empty() => Ok(word.into()),
            found => found,
        }
    }

    /// Returns the state that a person means, by key or label.
    pub fn find_state(&self, word: &str) -> Result<String, ViewError> {
        let wanted = fold_word(word);
        let states = &self.rules().steps.states;
        let named = |state: &&State| {
            [&state.key, &state.labels.es, &state.labels.en].iter().any(|name| fold_word(name) == wanted)
        };
        states.iter().find(named).map(|state| state.key.clone()).ok_or_else(|| ViewError::Unknown {
            what: "state",
            word: word.into(),
            known: states.iter().map(|state| state.key.clone()).collect(),
        })
    }

    /// Returns the priority that a person means.
    pub fn find_priority(&self, word: &str) -> Result<&'static str, ViewError> {
        const PRIORITIES: [(&str, &str); 4] =
            [("low", "baja"), ("normal", "normal"), ("high", "alta"), ("urgent", "urgente")];
        let wanted = fold_word(word);
        let found = PRIORITIES.iter().find(|(key, es)| *key == wanted || *es == wanted);
        found.map(|(key, _)| *key).ok_or_else(|| ViewError::Unknown {
            what: "priority",
            word: word.into(),
            known: PRIORITIES.map(|(key, _)| key.into()).to_vec(),
        })
    }

    /// Returns a material's unit, if the catalog has the material.
    pub fn material(&self, sku: &str) -> Result<Option<(String, Option<String>)>, ViewError> {
        let wanted = fold_word(sku);
        let items = self.catalog("material")?;
        let Some(item) = items.iter().find(|item| fold_word(&item.key) == wanted) else { return Ok(None) };
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(&item.record))?;
        let unit = row.as_ref().and_then(|row| match row.winner("unit") {
            Some(Scalar::Str(unit)) => Some(unit.clone()),
            _ => None,
        });
        Ok(Some((item.key.clone(), unit)))
    }

    /// Returns the kind of work that a person means.
    pub fn find_kind(&self, word: &str) -> Result<&'a WorkKind, ViewError> {
        self.rules().find_kind(word).ok_or_else(|| ViewError::Unknown {
            what: "kind of work",
            word: word.into(),
            known: self.rules().kinds.keys().cloned().collect(),
        })
    }

    /// Returns the order with a folio, as people say it: in upper or lower case, with other dashes, without leading zeros,
    /// or its last parts alone, where no other order of this device ends alike.
    pub fn find_order(&self, folio: &str) -> Result<RecordId, ViewError> {
        let folio = folio::spelt(folio);
        let row: Option<ListRow> = read(self.rows(), &keyspace::name(RecordKind::Order, &folio))?;
        if let Some(row) = row {
            return Ok(row.record);
        }
        let mut found = Vec::new();
        if let Some(said) = folio::parts(&folio) {
            let orders = self.items(&keyspace::listed(RecordKind::Order))?;
            found = orders.into_iter().filter(|item| folio::ends_with(&item.key, &said)).collect();
        }
        match found.as_slice() {
            [one] => Ok(one.record),
            [] => Err(ViewError::Unknown { what: "order", word: folio, known: vec![] }),
            several => {
                let matches = several.iter().take(MATCHES_SHOWN).map(|item| item.key.clone()).collect();
                Err(ViewError::Ambiguous { word: folio, matches })
            }
        }
    }

    /// Returns the record that a person means: an order by its folio, any other one as `KIND:KEY`.
    pub fn find_record(&self, word: &str) -> Result<RecordId, ViewError> {
        let Some((sort, key)) = word.split_once(':') else { return self.find_order(word) };
        let wanted = fold_word(sort);
        let known = || SORTS.iter().map(|(sort, _)| format!("{sort}:KEY")).collect();
        let unknown = |known| ViewError::Unknown { what: "record", word: word.into(), known };
        let found = SORTS.iter().find(|(en, es)| *en == wanted || *es == wanted);
        let (sort, _) = found.ok_or_else(|| unknown(known()))?;
        let mut fitting = Vec::new();
        for item in self.of_sort(sort)? {
            if item.key == key {
                return Ok(item.record);
            }
            if fold_word(&item.key) == fold_word(key) {
                fitting.push(item);
            }
        }
        match fitting.as_slice() {
            [one] => Ok(one.record),
            [] => Err(unknown(Vec::new())),
            several => Err(ViewError::Ambiguous {
                word: word.into(),
                matches: several.iter().map(|item| format!("{sort}:{}", item.key)).collect(),
            }),
        }
    }

    fn of_sort(&self, sort: &str) -> Result<Vec<Item>, ViewError> {
        match sort {
            "asset" => self.assets(),
            "plan" => {
                // A plan is listed by its activity.
                let mut plans = self.items(&keyspace::listed(RecordKind::Plan))?;
                for plan in &mut plans {
                    let row: Option<RecordRow> = read(self.rows(), &keyspace::record(&plan.record))?;
                    plan.key = row.and_then(|row| row.text("key").map(String::from)).unwrap_or_default();
                }
                Ok(plans)
            }
            sort => self.catalog(sort),
        }
    }

    /// Returns the device with that name, letters, or start of its id.
    pub fn find_device(&self, word: &str) -> Result<DeviceId, ViewError> {
        let wanted = word.trim().to_lowercase();
        let fits = |item: &crate::view::lists::DeviceItem| {
            item.device.starts_with(&wanted)
                || item.name.to_lowercase() == wanted
                || item.letters.to_lowercase() == wanted
        };
        let all = self.devices()?;
        let found: Vec<_> = all.iter().filter(|item| fits(item)).collect();
        match found.as_slice() {
            [one] => {
                one.device.parse().map_err(|_| ViewError::Index(format!("device {} has no id", one.name)))
            }
            [] => {
                let known = all.iter().map(|item| item.name.clone()).collect();
                Err(ViewError::Unknown { what: "device", word: word.into(), known })
            }
            several => {
                let known = several.iter().map(|item| format!("{} ({})", item.name, item.device)).collect();
                Err(ViewError::Unknown { what: "single device", word: word.into(), known })
            }
        }
    }
}

/// Returns the key of the one item that fits; `None` if none does. Several are an error that lists them, never a guess.
fn only(word: &str, found: &[&Item]) -> Result<Option<String>, ViewError> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one.key.clone())),
        several => Err(ViewError::Ambiguous {
            word: word.into(),
            matches: several.iter().map(|item| format!("{} ({})", item.name, item.key)).collect(),
        }),
    }
}

fn unknown(what: &'static str, word: &str, items: &[Item]) -> ViewError {
    let wanted = fold_word(word);
    let close = |item: &&Item| {
        let name = fold_word(&item.name);
        name.contains(&wanted) || wanted.contains(&name) || name.chars().take(4).eq(wanted.chars().take(4))
    };
    let near: Vec<String> = items.iter().filter(close).map(|item| item.name.clone()).take(8).collect();
    let all = || items.iter().map(|item| item.name.clone()).take(12).collect();
    ViewError::Unknown { what, word: word.into(), known: if near.is_empty() { all() } else { near } }
}
