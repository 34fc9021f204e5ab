//! Texts: numbers that were meant as texts, because people write `sku: 1234` without quotes.

use serde_json::Value;

use super::Schema;

impl Schema {
    /// Turns each number into a text where the schema allows texts and no numbers.
    pub fn make_texts(&self, value: &mut Value) {
        self.make_node_texts(self.at, value);
    }

    fn make_node_texts(&self, at: usize, value: &mut Value) {
        let node = &self.nodes[at];
        if let Some(reference) = node.reference {
            self.make_node_texts(reference, value);
        }
        let allows = |wanted: &str| node.types.iter().any(|name| name == wanted);
        match value {
            Value::Number(number) if allows("string") && !allows("number") && !allows("integer") => {
                *value = Value::String(number.to_string());
            }
            Value::Array(items) => {
                for item in items {
                    node.items.into_iter().for_each(|at| self.make_node_texts(at, item));
                }
            }
            Value::Object(members) => {
                for (key, member) in members.iter_mut() {
                    let at = node.properties.get(key).copied().or(node.additional);
                    at.into_iter().for_each(|at| self.make_node_texts(at, member));
                }
            }
            _ => {}
        }
    }
}
