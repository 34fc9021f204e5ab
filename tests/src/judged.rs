//! Judged: random values, judged by the core's schemas and by an implementation of JSON Schema by other people.
//! Both must say the same. About half of the values are valid; the others break one keyword each.

mod change;
mod instance;
mod spoil;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::Value;
use sync_core::json_schema::Schema;
use sync_core::judge::judge_values;
use sync_core::limits::UNKNOWN_BYTES_MAX;
use sync_core::record::patch::interpret;
use sync_core::record::row::RecordRow;
use sync_core::record::schema::{ANNOTATIONS, RecordKind, RecordSchemas};

use crate::random::Random;
use crate::repository;

/// Where choices come from: a seed, or the bytes of a fuzzer.
pub enum Choices<'b> {
    /// The numbers of a seed.
    Seed(Random),
    /// Two bytes a choice; all choices are 0 after the last.
    Bytes(&'b [u8]),
}

impl Choices<'_> {
    /// Returns a number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        match self {
            Self::Seed(random) => random.below(end),
            Self::Bytes(bytes) => {
                let Some((two, rest)) = bytes.split_first_chunk::<2>() else { return 0 };
                *bytes = rest;
                usize::from(u16::from_le_bytes(*two)) % end
            }
        }
    }

    /// Returns one of several things.
    pub fn one<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len())]
    }
}

/// One schema, compiled by both.
struct Pair {
    name: String,
    json: Value,
    own: Schema,
    other: Validator,
    record: Option<RecordKind>,
}

/// All schemas by which the programs judge.
pub struct Judges(Vec<Pair>);

/// What was compared.
#[derive(Debug, Default)]
pub struct Tally {
    /// Values, and how many of them were valid.
    pub values: usize,
    /// Valid ones.
    pub valid: usize,
    /// Values that were judged as changes of a record as well.
    pub changes: usize,
    /// By keyword: valid values that it bore on, and values that it refused.
    pub keywords: BTreeMap<String, (usize, usize)>,
}

impl Judges {
    /// Reads and compiles the schemas.
    ///
    /// # Panics
    /// If one does not compile.
    #[expect(clippy::new_without_default, reason = "it reads files")]
    pub fn new() -> Self {
        let records = RecordKind::ALL.map(|kind| (format!("record/{}", kind.key()), Some(kind)));
        let files = ["import", "work-kind", "steps", "measures"].map(|name| (name.to_owned(), None));
        let pair = |(name, record): (String, Option<RecordKind>)| {
            let path = repository().join("schemas").join(format!("{name}.schema.json"));
            let text = std::fs::read_to_string(path).expect("a schema");
            let json: Value = serde_json::from_str(&text).expect("JSON");
            let annotations: &[&str] = if record.is_some() { &ANNOTATIONS } else { &[] };
            let own = Schema::compile(&json, annotations).expect("a schema that compiles");
            let other = jsonschema::options().should_validate_formats(true).build(&json).expect("a schema");
            Pair { name, json, own, other, record }
        };
        Self(records.into_iter().chain(files).map(pair).collect())
    }

    /// Returns every keyword of the schemas that says something about values.
    pub fn keywords(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for pair in &self.0 {
            instance::keywords_of(&pair.json, &mut found);
        }
        found
    }

    /// Makes one value and compares what is said about it.
    ///
    /// # Panics
    /// If the two do not say the same.
    pub fn compare(&self, choices: &mut Choices<'_>, tally: &mut Tally) {
        let pair = choices.one(&self.0);
        let mut value = instance::make(choices, &pair.json, &pair.json);
        if choices.below(2) == 1 {
            spoil::spoil(choices, &pair.json, &mut value);
        }
        let is_valid = pair.other.is_valid(&value);
        let own = pair.own.check(&value);
        assert_eq!(own.is_ok(), is_valid, "{}: {own:?}\n{value:#}", pair.name);
        tally.values += 1;
        tally.valid += usize::from(is_valid);
        if is_valid {
            let mut bears = BTreeSet::new();
            instance::places(&pair.json, &pair.json, &value, &mut Vec::new(), &mut |_, keyword, _| {
                bears.insert(keyword.to_owned());
            });
            bears.into_iter().for_each(|keyword| tally.keywords.entry(keyword).or_default().0 += 1);
        } else {
            let places = pair.other.iter_errors(&value).map(|error| error.schema_path.to_string());
            let words: BTreeSet<String> = places.flat_map(|place| keywords_in(&place)).collect();
            words.into_iter().for_each(|word| tally.keywords.entry(word).or_default().1 += 1);
        }
        if let Some(kind) = pair.record {
            tally.changes += usize::from(compare_change(kind, &value, is_valid));
        }
    }
}

/// Judges the value as the change that makes such a record. Returns whether a change can make it.
fn compare_change(kind: RecordKind, value: &Value, is_valid: bool) -> bool {
    let schema = RecordSchemas::built_in().of(kind);
    let Some(change) = change::creation(schema, value) else { return false };
    let patches = interpret(&change, schema, change.device, true).expect("a creation is well formed");
    let judged = judge_values(schema, &RecordRow::new(kind, change.device, schema), &patches, true);
    let is_small = change::unknown_bytes(schema, value) <= UNKNOWN_BYTES_MAX;
    assert_eq!(judged.is_ok(), is_valid && is_small, "{}: {judged:?}\n{value:#}", kind.key());
    true
}

/// Returns the keywords that a place in a schema goes through.
fn keywords_in(place: &str) -> Vec<String> {
    let parts: Vec<&str> = place.split('/').collect();
    let is_name = |at: usize| at > 0 && matches!(parts[at - 1], "properties" | "$defs");
    (0..parts.len()).filter(|at| !is_name(*at)).map(|at| parts[at].to_owned()).collect()
}
