//! Catalog: finds what a person means among kinds, orders, localities, crews, materials, assets and devices.
//!
//! If nothing fits, or several things do, a `find_…` fails with [`ViewError::Unknown`] or
//! [`ViewError::Ambiguous`], which list the names there are.

use super::names::{Names, Sort};
use super::{View, ViewError};
use crate::folio;
use crate::id::DeviceId;
use crate::id::RecordId;
use crate::record::row::RecordRow;
use crate::record::schema::RecordKind;
use crate::rows::{Rows, RowsError, decode, read};
use crate::rules::fold_word;
use crate::rules::kind::WorkKind;
use crate::rules::steps::State;
use crate::state::keyspace;
use crate::state::summary::ListRow;

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

    /// Returns the records of a kind that are listed by name, with that name as their key.
    pub fn listed(&self, kind: RecordKind) -> Result<Vec<Item>, ViewError> {
        self.items(&keyspace::listed(kind))
    }

    fn aliases(&self, record: &RecordId) -> Result<Vec<String>, ViewError> {
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(record))?;
        let text = row.as_ref().and_then(|row| row.text("aliases")).unwrap_or("[]");
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    /// Returns what people call things of a sort. Crews are those of the catalogue, and those that devices were
    /// invited for.
    pub fn names(&self, sort: Sort) -> Result<Names, ViewError> {
        let mut names = Names::new(sort);
        let items = if sort == Sort::Asset { self.assets()? } else { self.catalog(sort.key())? };
        for item in &items {
            let has_aliases = matches!(sort, Sort::Locality | Sort::Asset);
            let aliases = if has_aliases { self.aliases(&item.record)? } else { Vec::new() };
            names.add(item, &aliases);
        }
        if sort == Sort::Crew {
            let devices = crate::state::authority::devices(self.rows())?;
            let invited = devices.into_iter().filter_map(|(_, row)| row.crew);
            for code in invited.chain(self.identity()?.crew.clone()) {
                if !items.iter().any(|item| item.key == code) {
                    names.add(&Item { key: code.clone(), name: code, record: RecordId::ZERO }, &[]);
                }
            }
        }
        Ok(names)
    }

    /// Returns the key of what a person means: exactly the key, or the one thing that the word fits. The names are
    /// read once, into `names`, and only if the word is no key.
    ///
    /// # Errors
    /// A word that fits several things, or none.
    pub fn find_among(&self, sort: Sort, word: &str, names: &mut Option<Names>) -> Result<String, ViewError> {
        let row = match sort {
            Sort::Asset => keyspace::name(RecordKind::Asset, word),
            _ => keyspace::name(RecordKind::Catalog, &format!("{}/{word}", sort.key())),
        };
        if read::<ListRow>(self.rows(), &row)?.is_some() {
            return Ok(word.into());
        }
        let names = match names {
            Some(names) => names,
            None => names.insert(self.names(sort)?),
        };
        let is_code = !word.is_empty()
            && word.len() <= 16
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if sort == Sort::Crew && names.is_empty() && is_code {
            // No crew is known yet: any code will do.
            return Ok(word.into());
        }
        names.find(word)
    }

    /// Returns the key of the locality that a person means. A name of several places is an error that lists
    /// them, never a guess.
    pub fn find_locality(&self, word: &str) -> Result<String, ViewError> {
        self.find_among(Sort::Locality, word, &mut None)
    }

    /// Returns the name of a locality by its key; the key itself if the catalog does not have it.
    pub fn locality_name(&self, key: &str) -> Result<String, ViewError> {
        let row: Option<ListRow> =
            read(self.rows(), &keyspace::name(RecordKind::Catalog, &format!("locality/{key}")))?;
        Ok(row.map_or_else(|| key.to_string(), |row| row.title))
    }

    /// Returns the asset that a person means, by key, name or alias.
    pub fn find_asset(&self, word: &str) -> Result<String, ViewError> {
        self.find_among(Sort::Asset, word, &mut None)
    }

    /// Returns the name of the asset of an order and that of the locality where it stands, if that is another one than
    /// the order's.
    pub fn asset_elsewhere(&self, folio: &str) -> Result<Option<(String, String)>, ViewError> {
        let order: Option<RecordRow> = read(self.rows(), &keyspace::record(&self.find_order(folio)?))?;
        let named = order.as_ref().and_then(|order| Some((order.text("asset")?, order.text("locality")?)));
        let Some((asset, locality)) = named else { return Ok(None) };
        let listed: Option<ListRow> = read(self.rows(), &keyspace::name(RecordKind::Asset, asset))?;
        let Some(listed) = listed else { return Ok(None) };
        let stands: Option<RecordRow> = read(self.rows(), &keyspace::record(&listed.record))?;
        match stands.as_ref().and_then(|row| row.text("locality")) {
            Some(there) if there != locality => Ok(Some((listed.title, self.locality_name(there)?))),
            _ => Ok(None),
        }
    }

    /// Returns the crew that a person means, by code or name. The catalog's crews are known, and those that devices
    /// were invited for. If no crew is known yet, any code will do.
    pub fn find_crew(&self, word: &str) -> Result<String, ViewError> {
        self.find_among(Sort::Crew, word, &mut None)
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

    /// Returns the key and the unit of the material that a person means, by key or name; `None` if the catalog has
    /// none of that name.
    ///
    /// # Errors
    /// A name of several materials.
    pub fn material(&self, word: &str) -> Result<Option<(String, Option<String>)>, ViewError> {
        let key = match self.find_among(Sort::Material, word, &mut None) {
            Err(ViewError::Unknown { .. }) => return Ok(None),
            found => found?,
        };
        let listed: Option<ListRow> =
            read(self.rows(), &keyspace::name(RecordKind::Catalog, &format!("material/{key}")))?;
        let record = listed.map_or(RecordId::ZERO, |row| row.record);
        let row: Option<RecordRow> = read(self.rows(), &keyspace::record(&record))?;
        let unit = row.as_ref().and_then(|row| row.text("unit")).map(String::from);
        Ok(Some((key, unit)))
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
        if let Some(record) = read(self.rows(), &keyspace::alias(RecordKind::Order, &folio))? {
            return Ok(record);
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
        let wanted = fold_word(word);
        let fits = |item: &crate::view::lists::DeviceItem| {
            let is_id = !wanted.is_empty() && item.device.starts_with(&wanted);
            is_id || fold_word(&item.name) == wanted || fold_word(&item.letters) == wanted
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
