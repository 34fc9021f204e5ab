//! Tests of the compiler and of what is said about a value.

use serde_json::{Value, json};

use super::{Schema, path_text};

fn said(schema: &Value, value: &Value) -> String {
    let schema = Schema::compile(schema, &[]).unwrap();
    schema.check(value).map_or_else(|violation| violation.to_string(), |()| "fits".into())
}

#[test]
fn a_keyword_that_is_not_known_does_not_compile() {
    for (schema, place) in [
        (json!({"maxLenght": 3}), "/maxLenght"),
        (json!({"properties": {"due": {"format": "date-time"}}}), "/properties/due/format"),
        (json!({"items": {"type": "strnig"}}), "/items/type"),
        (json!({"items": {"$ref": "#/$defs/none"}}), "/items/$ref"),
        (json!({"pattern": "("}), "/pattern"),
        (json!({"minimum": 0.5}), "/minimum"),
        (json!({"x-who": []}), "/x-who"),
    ] {
        assert_eq!(Schema::compile(&schema, &[]).unwrap_err().place, place);
    }
    assert!(Schema::compile(&json!({"x-who": []}), &["x-who"]).is_ok());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["orders"],
        "properties": {"orders": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {
            "properties": {
                "due": {"type": ["string", "null"], "format": "date"},
                "goal": {"oneOf": [{"type": "number", "maximum": 9}, {"type": "string", "pattern": "^[0-9]+$"}]}
            }
        }}}
    });
    for (value, expected) in [
        (json!({"orders": [{"due": null}, {"goal": 9}]}), "fits"),
        (json!({}), "needs orders"),
        (json!({"orders": [], "x": 1}), "has \"x\", which is not known; there are orders"),
        (
            json!({"orders": [{}, {"due": "mañana"}]}),
            "orders[1].due holds \"mañana\", expected a day such as 2026-11-28",
        ),
        (json!({"orders": [{"due": 3}]}), "orders[0].due holds a integer, expected string or null"),
        (
            json!({"orders": [{"goal": "muchas"}]}),
            "orders[0].goal holds \"muchas\", which does not look like ^[0-9]+$",
        ),
        (json!({"orders": [{"goal": 10}]}), "orders[0].goal holds 10, beyond 9"),
        (json!({"orders": [{"goal": true}]}), "orders[0].goal holds a boolean, expected number or string"),
        (json!({"orders": [1, 1.0]}), "orders has 1.0 twice"),
        (json!({"orders": [1, 2, 3]}), "orders has 3 elements, at most 2 are allowed"),
    ] {
        assert_eq!(said(&schema, &value), expected);
    }
}

#[test]
fn a_place_is_written_as_people_write_it() {
    use super::Part::{Index, Key};
    let path = [Key("orders".into()), Index(3), Key("fields".into()), Key("lote".into())];
    assert_eq!(path_text(&path), "orders[3].fields.lote");
}
