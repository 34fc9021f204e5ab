//! Compiling: from the JSON of a schema to its nodes. Every keyword is known, or the file does not compile.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Map, Value};

use super::{Node, Pattern, Schema};

/// Words that say nothing about values.
const ANNOTATIONS: [&str; 4] = ["$schema", "$id", "title", "description"];
/// The types that exist.
const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];
/// How deep schemas may lie in each other.
const DEPTH_MAX: usize = 32;

/// A schema that does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct SchemaError {
    /// Where in the schema, `/properties/due`.
    pub place: String,
    /// What is wrong there.
    pub what: String,
}

/// The compiler's state.
struct Compiler<'c> {
    nodes: Vec<Node>,
    defs: BTreeMap<String, usize>,
    annotations: &'c [&'c str],
}

type Compiled<T> = Result<T, SchemaError>;

fn wrong<T>(place: &str, what: impl Into<String>) -> Compiled<T> {
    Err(SchemaError { place: place.into(), what: what.into() })
}

pub(super) fn compile(json: &Value, annotations: &[&str]) -> Compiled<Schema> {
    let mut compiler = Compiler { nodes: vec![Node::default()], defs: BTreeMap::new(), annotations };
    let defs = json.get("$defs").and_then(Value::as_object);
    for (index, name) in defs.into_iter().flat_map(Map::keys).enumerate() {
        compiler.nodes.push(Node::default());
        compiler.defs.insert(name.clone(), index + 1);
    }
    for (name, def) in defs.into_iter().flatten() {
        let node = compiler.node(&format!("/$defs/{name}"), def, 0)?;
        let at = compiler.defs[name];
        compiler.nodes[at] = node;
    }
    compiler.nodes[0] = compiler.node("", json, 0)?;
    Ok(Schema { nodes: Arc::new(compiler.nodes), at: 0 })
}

impl Compiler<'_> {
    /// Compiles a schema into a node of its own. Returns its number.
    fn add(&mut self, place: &str, json: &Value, depth: usize) -> Compiled<usize> {
        let node = self.node(place, json, depth + 1)?;
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    fn node(&mut self, place: &str, json: &Value, depth: usize) -> Compiled<Node> {
        if depth > DEPTH_MAX {
            return wrong(place, "lies too deep");
        }
        let words = match json {
            Value::Bool(allowed) => return Ok(Node { is_never: !allowed, ..Node::default() }),
            Value::Object(words) => words,
            _ => return wrong(place, "is no schema"),
        };
        let mut node = Node::default();
        for (word, value) in words {
            self.word(&mut node, &format!("{place}/{word}"), word, value, depth)?;
        }
        Ok(node)
    }

    fn word(
        &mut self,
        node: &mut Node,
        place: &str,
        word: &str,
        value: &Value,
        depth: usize,
    ) -> Compiled<()> {
        match word {
            "type" => node.types = types(place, value)?,
            "const" => node.values = Some(vec![value.clone()]),
            "enum" => node.values = Some(list(place, value)?.clone()),
            "minLength" => node.chars_min = Some(size(place, value)?),
            "maxLength" => node.chars_max = Some(size(place, value)?),
            "pattern" => node.pattern = Some(pattern(place, value)?),
            "format" if value == "date" => node.is_day = true,
            "minimum" => node.min = Some(number(place, value)?),
            "maximum" => node.max = Some(number(place, value)?),
            "items" => node.items = Some(self.add(place, value, depth)?),
            "minItems" => node.items_min = Some(size(place, value)?),
            "maxItems" => node.items_max = Some(size(place, value)?),
            "uniqueItems" => node.is_unique = flag(place, value)?,
            "properties" => {
                for (key, schema) in object(place, value)? {
                    let at = self.add(&format!("{place}/{key}"), schema, depth)?;
                    node.properties.insert(key.clone(), at);
                }
            }
            "required" => node.required = texts(place, value)?,
            "additionalProperties" => node.additional = Some(self.add(place, value, depth)?),
            "propertyNames" => node.names = Some(self.add(place, value, depth)?),
            "maxProperties" => node.properties_max = Some(size(place, value)?),
            "oneOf" => {
                for (index, schema) in list(place, value)?.iter().enumerate() {
                    node.one_of.push(self.add(&format!("{place}/{index}"), schema, depth)?);
                }
            }
            "$ref" => {
                let name = value.as_str().and_then(|text| text.strip_prefix("#/$defs/"));
                match name.and_then(|name| self.defs.get(name)) {
                    Some(at) => node.reference = Some(*at),
                    None => return wrong(place, "names nothing in $defs"),
                }
            }
            "$defs" if place == "/$defs" => {}
            _ if ANNOTATIONS.contains(&word) || self.annotations.contains(&word) => {}
            _ => return wrong(place, "is not known here"),
        }
        Ok(())
    }
}

fn types(place: &str, value: &Value) -> Compiled<Vec<String>> {
    let types = match value {
        Value::String(one) => vec![one.clone()],
        several => texts(place, several)?,
    };
    match types.iter().find(|name| !TYPES.contains(&name.as_str())) {
        Some(name) => wrong(place, format!("{name} is no type")),
        None => Ok(types),
    }
}

fn pattern(place: &str, value: &Value) -> Compiled<Pattern> {
    let Some(source) = value.as_str() else { return wrong(place, "is no text") };
    match Regex::new(source) {
        Ok(compiled) => Ok(Pattern { source: source.into(), compiled }),
        Err(error) => wrong(place, error.to_string()),
    }
}

fn size(place: &str, value: &Value) -> Compiled<usize> {
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    size.map_or_else(|| wrong(place, "is no size"), Ok)
}

fn number(place: &str, value: &Value) -> Compiled<i64> {
    value.as_i64().map_or_else(|| wrong(place, "is no whole number"), Ok)
}

fn flag(place: &str, value: &Value) -> Compiled<bool> {
    value.as_bool().map_or_else(|| wrong(place, "is neither true nor false"), Ok)
}

fn list<'v>(place: &str, value: &'v Value) -> Compiled<&'v Vec<Value>> {
    value.as_array().map_or_else(|| wrong(place, "is no list"), Ok)
}

fn object<'v>(place: &str, value: &'v Value) -> Compiled<&'v Map<String, Value>> {
    value.as_object().map_or_else(|| wrong(place, "is no object"), Ok)
}

fn texts(place: &str, value: &Value) -> Compiled<Vec<String>> {
    let text = |one: &Value| {
        one.as_str().map_or_else(|| wrong(place, "holds what is no text"), |text| Ok(text.into()))
    };
    list(place, value)?.iter().map(text).collect()
}
