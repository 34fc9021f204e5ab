//! Source: the text of a file, YAML or JSON, as a tree, and the line and column of every place in it.
//!
//! Numbers keep their digits: one that would not come out as it was written (`007`, `0.80`) becomes the text
//! that was written. A key that stands twice is an error. YAML's aliases are followed within a budget.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Map, Number, Value};

use crate::json_schema::Part;
use crate::limits::{SOURCE_DEPTH_MAX, SOURCE_NODES_MAX};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON, strictly.
    Json,
    /// YAML 1.2, one document.
    Yaml,
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Spot {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {what}", .at.line, .at.column)]
pub struct SourceError {
    /// Where.
    pub at: Spot,
    /// What is wrong there.
    pub what: SourceProblem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceProblem {
    /// Not of the form.
    #[error("{0}")]
    Syntax(String),
    /// A key stands twice in one object.
    #[error("{0:?} stands here twice")]
    Twice(String),
    /// A key that is no text.
    #[error("a key must be a text")]
    Key,
    /// A tag other than `!!str`.
    #[error("tags are not read here")]
    Tag,
    /// An alias that names nothing that is complete.
    #[error("this alias names nothing before it")]
    Alias,
    /// More than one document.
    #[error("the file has a second document")]
    Second,
    /// More values than a file may have.
    #[error("the file has more than {SOURCE_NODES_MAX} values")]
    TooMany,
    /// Values that lie too deep in each other.
    #[error("values lie more than {SOURCE_DEPTH_MAX} deep in each other")]
    TooDeep,
}

/// Reads a text.
///
/// # Errors
/// The first place that cannot be read.
pub fn read(text: &str, form: Form) -> Result<Value, SourceError> {
    if form == Form::Json {
        check_json(text)?;
    }
    let mut builder = Builder::default();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| syntax(&error))?;
        builder.take(event, &span)?;
    }
    Ok(builder.done.unwrap_or(Value::Null))
}

/// Returns where a place of a text stands: the key of a member, the begin of an element. If the text does not
/// have the place, it is that of what would hold it.
pub fn spot(text: &str, path: &[Part]) -> Spot {
    let mut finder = Finder { path, depth: 0, best: Spot { line: 1, column: 1 }, frames: Vec::new() };
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        finder.take(&event, &span);
    }
    finder.best
}

fn check_json(text: &str) -> Result<(), SourceError> {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(text);
    read.map(drop).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or_default().to_string();
        let at = Spot { line: error.line(), column: error.column() };
        SourceError { at, what: SourceProblem::Syntax(what) }
    })
}

fn start(span: &Span) -> Spot {
    Spot { line: span.start.line(), column: span.start.col() + 1 }
}

fn syntax(error: &ScanError) -> SourceError {
    let at = Spot { line: error.marker().line(), column: error.marker().col() + 1 };
    SourceError { at, what: SourceProblem::Syntax(error.info()) }
}

/// A collection that is not complete yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Makes a tree out of events.
#[derive(Default)]
struct Builder {
    /// Collections that are open, each with its anchor and the number of values before it.
    open: Vec<(Open, usize, usize)>,
    /// What anchors name, and how many values that is.
    anchors: BTreeMap<usize, (Value, usize)>,
    count: usize,
    documents: usize,
    done: Option<Value>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), SourceError> {
        let wrong = |what| Err(SourceError { at: start(span), what });
        if event.tag().is_some_and(|tag| tag.core_suffix() != Some("str")) {
            return wrong(SourceProblem::Tag);
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return wrong(SourceProblem::Second);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if let Some((Open::Map(map, key @ None), ..)) = self.open.last_mut() {
                    if map.contains_key(text.as_ref()) {
                        return wrong(SourceProblem::Twice(text.into_owned()));
                    }
                    *key = Some(text.into_owned());
                    return Ok(());
                }
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if is_plain { plain(&text) } else { Value::String(text.into_owned()) };
                self.put(value, 1, anchor, span)?;
            }
            Event::SequenceStart(_, anchor, _) => self.begin(Open::List(Vec::new()), anchor, span)?,
            Event::MappingStart(_, anchor, _) => self.begin(Open::Map(Map::new(), None), anchor, span)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((open, anchor, before)) = self.open.pop() {
                    let value = match open {
                        Open::List(items) => Value::Array(items),
                        Open::Map(members, _) => Value::Object(members),
                    };
                    let size = self.count - before;
                    self.count -= size;
                    self.put(value, size + 1, anchor, span)?;
                }
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some((value, size)) => self.put(value, size, 0, span)?,
                None => return wrong(SourceProblem::Alias),
            },
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, open: Open, anchor: usize, span: &Span) -> Result<(), SourceError> {
        if let Some((Open::Map(_, None), ..)) = self.open.last() {
            return Err(SourceError { at: start(span), what: SourceProblem::Key });
        }
        if self.open.len() >= SOURCE_DEPTH_MAX {
            return Err(SourceError { at: start(span), what: SourceProblem::TooDeep });
        }
        self.open.push((open, anchor, self.count));
        Ok(())
    }

    fn put(&mut self, value: Value, size: usize, anchor: usize, span: &Span) -> Result<(), SourceError> {
        self.count += size;
        if self.count > SOURCE_NODES_MAX {
            return Err(SourceError { at: start(span), what: SourceProblem::TooMany });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            Some((Open::List(items), ..)) => items.push(value),
            Some((Open::Map(members, key), ..)) => match key.take() {
                Some(key) => drop(members.insert(key, value)),
                None => return Err(SourceError { at: start(span), what: SourceProblem::Key }),
            },
            None => self.done = Some(value),
        }
        Ok(())
    }
}

/// Returns what a plain scalar is.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match text.parse::<Number>() {
            Ok(number) if number.to_string() == text => Value::Number(number),
            _ => Value::String(text.into()),
        },
    }
}

/// A collection on the way to the place that is looked for.
enum Frame {
    List(usize),
    Map { key: Option<(String, Spot)> },
}

/// Finds a place among events.
struct Finder<'p> {
    path: &'p [Part],
    /// How much of the path was found.
    depth: usize,
    best: Spot,
    frames: Vec<Frame>,
}

impl Finder<'_> {
    fn take(&mut self, event: &Event<'_>, span: &Span) {
        match event {
            Event::Scalar(text, ..) => {
                if let Some(Frame::Map { key: key @ None }) = self.frames.last_mut() {
                    *key = Some((text.to_string(), start(span)));
                    return;
                }
                self.note(span);
                self.step();
            }
            Event::Alias(_) => {
                self.note(span);
                self.step();
            }
            Event::SequenceStart(..) => {
                self.note(span);
                self.frames.push(Frame::List(0));
            }
            Event::MappingStart(..) => {
                self.note(span);
                self.frames.push(Frame::Map { key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.frames.pop();
                self.step();
            }
            _ => {}
        }
    }

    /// Notes the value that stands here, if it is on the way and further than what was found.
    fn note(&mut self, span: &Span) {
        let depth = self.frames.len();
        let fits = |(frame, part): (&Frame, &Part)| match (frame, part) {
            (Frame::List(at), Part::Index(index)) => at == index,
            (Frame::Map { key: Some((key, _)) }, Part::Key(wanted)) => key == wanted,
            _ => false,
        };
        let is_on_way = depth <= self.path.len() && self.frames.iter().zip(self.path).all(fits);
        if is_on_way && (depth > self.depth || depth == 0) {
            self.depth = depth;
            self.best = match self.frames.last() {
                Some(Frame::Map { key: Some((_, spot)) }) => *spot,
                _ => start(span),
            };
        }
    }

    /// Goes on after a value.
    fn step(&mut self) {
        match self.frames.last_mut() {
            Some(Frame::List(at)) => *at += 1,
            Some(Frame::Map { key }) => *key = None,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Form, SourceError, read, spot};
    use crate::json_schema::Part::{Index, Key};

    fn yaml(text: &str) -> Result<Value, SourceError> {
        read(text, Form::Yaml)
    }

    #[test]
    fn digits_stay_as_they_were_written() {
        let text = "a: 007\nb: 0.80\nc: 7\nd: \"7\"\ne: 1e3\nf: -0.5\ng: .5\nh: 0x1F\ni: ~\nj: no\nk: 1_000\nl: .inf\n";
        let wanted = json!({
            "a": "007", "b": "0.80", "c": 7, "d": "7", "e": "1e3", "f": -0.5, "g": ".5", "h": "0x1F", "i": null,
            "j": "no", "k": "1_000", "l": ".inf"
        });
        assert_eq!(yaml(text), Ok(wanted));
        let text = "{\n\t\"a\": 0.80,\n\t\"b\": [1, true, null, \"\\u00f1\\/ \\ud83d\\udeb0\"]\n}";
        assert_eq!(read(text, Form::Json), Ok(json!({"a": "0.80", "b": [1, true, null, "ñ/ 🚰"]})));
    }

    #[test]
    fn what_cannot_be_read_has_a_place() {
        for (text, form, line, column) in [
            ("a: 1\nb: 2\na: 3\n", Form::Yaml, 3, 1),
            ("{\"a\": 1,\n \"a\": 2}", Form::Json, 2, 2),
            ("{\"a\": 1,\n  b: 2}", Form::Json, 2, 3),
            ("a: [1\n", Form::Yaml, 1, 4),
            ("a: !!int 3\n", Form::Yaml, 1, 10),
            ("a: 1\n---\nb: 2\n", Form::Yaml, 2, 1),
            ("? [1]\n: 2\n", Form::Yaml, 1, 3),
        ] {
            let error = read(text, form).unwrap_err();
            assert_eq!((error.at.line, error.at.column), (line, column), "{text}: {error}");
        }
        assert!(read(&"[".repeat(100_000), Form::Json).is_err());
        assert!(read(&format!("{}{}", "[".repeat(100), "]".repeat(100)), Form::Json).is_err());
    }

    #[test]
    fn aliases_are_followed_within_a_budget() {
        assert_eq!(yaml("a: &x {b: 1}\nc: *x\n"), Ok(json!({"a": {"b": 1}, "c": {"b": 1}})));
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(9);
            text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(yaml(&text).is_err());
        assert!(yaml("a: &a [*a]\n").is_err());
    }

    #[test]
    fn a_place_is_found_in_the_text() {
        let text = "localities:\n  - { name: Uno }\n  - name: Dos\n    lat: 22,39\norders: []\n";
        let at = |path: &[super::Part]| {
            let spot = spot(text, path);
            (spot.line, spot.column)
        };
        let list = Key("localities".into());
        assert_eq!(at(&[list.clone(), Index(1), Key("lat".into())]), (4, 5));
        assert_eq!(at(&[list.clone(), Index(0), Key("name".into())]), (2, 7));
        assert_eq!(at(&[list, Index(0), Key("inegi".into())]), (2, 5));
        assert_eq!(at(&[Key("orders".into())]), (5, 1));
        assert_eq!(at(&[]), (1, 1));
    }
}
