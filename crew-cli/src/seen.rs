//! Seen: reads a view by the keys of the contract, so that what people see is what scripts get.

use serde_json::Value;

/// A part of a view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen<'v>(pub &'v Value);

impl<'v> Seen<'v> {
    /// The member `key`; `null` where there is none.
    pub fn get(self, key: &str) -> Self {
        Self(self.0.get(key).unwrap_or(&Value::Null))
    }

    /// The text of member `key`, empty where there is none.
    pub fn text(self, key: &str) -> &'v str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number of member `key`, or how many elements it has.
    pub fn count(self, key: &str) -> u64 {
        match self.get(key).0 {
            Value::Array(elements) => elements.len() as u64,
            other => other.as_u64().unwrap_or(0),
        }
    }

    /// Whether member `key` is `true`.
    pub fn is(self, key: &str) -> bool {
        self.get(key).0.as_bool().unwrap_or(false)
    }

    /// The elements of member `key`.
    pub fn list(self, key: &str) -> impl Iterator<Item = Self> + use<'v> {
        self.get(key).elements()
    }

    /// The elements, if it is a list.
    pub fn elements(self) -> impl Iterator<Item = Self> + use<'v> {
        self.0.as_array().into_iter().flatten().map(Self)
    }

    /// The members, if it is a map.
    pub fn members(self) -> impl Iterator<Item = (&'v str, Self)> + use<'v> {
        self.0.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), Self(value)))
    }

    /// A scalar as people read it: text without quotes, nothing for `null`, the elements of a list with commas.
    pub fn shown(self) -> String {
        match self.0 {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(elements) => {
                elements.iter().map(|element| Self(element).shown()).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        }
    }

    /// The first of several members that is not empty.
    pub fn first(self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.get(key).shown()).find(|text| !text.is_empty()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;
    use serde_json::json;

    #[test]
    fn what_is_missing_reads_as_empty() {
        let value = json!({"a": "x", "n": 3, "l": [1, "b"], "t": true, "o": {"k": null}});
        let seen = Seen(&value);
        assert_eq!((seen.text("a"), seen.text("zz"), seen.count("n"), seen.count("l")), ("x", "", 3, 2));
        assert_eq!((seen.get("l").shown().as_str(), seen.is("t"), seen.is("a")), ("1, b", true, false));
        assert_eq!(seen.get("o").members().count(), 1);
        assert_eq!(seen.first(&["zz", "a"]), "x");
    }
}
