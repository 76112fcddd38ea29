//! Values as JSON, for scripts: number, string, boolean; a tuple is an array, a field
//! `{"field":{"id":V}}`, a function `{"function":"name"}`, Unit is null, and numbers that JSON does
//! not have are `{"number":"Infinity"}`, `"-Infinity"` or `"NaN"`.

use crate::host::Reading;
use fieldrun_lang::{NodeId, Value, number_text};
use serde_json::{Map, Value as Json, json};

/// Deepest nesting of a JSON text that becomes a reading.
const MAX_DEPTH: usize = 32;

/// A value as JSON. `own` is the id under which a field's local value stands.
pub fn to_json(value: &Value, own: &NodeId) -> Json {
    let array = |items: &[Value]| Json::Array(items.iter().map(|v| to_json(v, own)).collect());
    match value {
        Value::Null | Value::Unit => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Number(x) => number(*x),
        Value::Int(i) => json!(i),
        Value::Text(text) => json!(&**text),
        Value::Tuple(items) => array(items),
        Value::Field(field) => {
            let entries =
                field.neighbors().iter().map(|(id, v)| (id, v)).chain([(own, field.local())]);
            let map: Map<String, Json> =
                entries.map(|(id, v)| (id.to_string(), to_json(v, own))).collect();
            json!({ "field": map })
        }
        Value::Function(function) => json!({ "function": function.name() }),
        Value::Option(inner) => json!({ "option": inner.as_deref().map(|v| to_json(v, own)) }),
        Value::Uid(id) | Value::Device(id) => id_json(id),
        Value::Environment => json!("env"),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|(k, v)| json!([to_json(k, own), to_json(v, own)]));
            json!({ "map": pairs.collect::<Vec<_>>() })
        }
        Value::Set(items) => array(items),
        Value::List(list) => array(&list.snapshot()),
    }
}

fn number(x: f64) -> Json {
    if x.is_finite() { json!(x) } else { json!({ "number": number_text(x) }) }
}

/// An id as JSON: a number or a text.
pub fn id_json(id: &NodeId) -> Json {
    match id {
        NodeId::Int(id) => json!(id),
        NodeId::Text(id) => json!(&**id),
    }
}

/// A JSON value as something a program can read from its environment.
///
/// # Errors
/// Objects and null have no counterpart; the message says so.
pub fn from_json(json: &Json) -> Result<Reading, String> {
    from_json_at(json, MAX_DEPTH)
}

fn from_json_at(json: &Json, depth: usize) -> Result<Reading, String> {
    let deeper = depth.checked_sub(1).ok_or("the value is nested too deeply")?;
    match json {
        Json::Bool(b) => Ok(Reading::Bool(*b)),
        Json::Number(n) => {
            n.as_f64().map(Reading::Number).ok_or_else(|| format!("{n} is not a number here"))
        }
        Json::String(text) => Ok(Reading::text(text)),
        Json::Array(items) => {
            let items: Result<_, _> = items.iter().map(|item| from_json_at(item, deeper)).collect();
            items.map(Reading::List)
        }
        Json::Object(map) => special(map).ok_or_else(|| {
            "an object is no value of the language; use a number, text, true, false or an array"
                .to_owned()
        }),
        Json::Null => Err("there is no null; leave the name out, and ask `env.has(…)`".to_owned()),
    }
}

/// `{"number":"Infinity"}` and the like, as [`to_json`] writes them.
fn special(map: &Map<String, Json>) -> Option<Reading> {
    let text = map.get("number").filter(|_| map.len() == 1)?.as_str()?;
    Some(Reading::Number(match text {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &Value) -> String {
        to_json(value, &NodeId::Int(7)).to_string()
    }

    #[test]
    fn every_kind_has_the_documented_form() {
        let field = fieldrun_lang::Field::new(
            Value::Bool(true),
            vec![(NodeId::Int(2), Value::Number(1.0))],
        );
        assert_eq!(text(&Value::Number(3.0)), "3.0");
        assert_eq!(text(&Value::Int(3)), "3");
        assert_eq!(text(&Value::Number(f64::INFINITY)), r#"{"number":"Infinity"}"#);
        assert_eq!(text(&Value::Number(f64::NAN)), r#"{"number":"NaN"}"#);
        assert_eq!(text(&Value::tuple(vec![Value::text("a"), Value::Unit])), r#"["a",null]"#);
        assert_eq!(text(&Value::Field(field.into())), r#"{"field":{"2":1.0,"7":true}}"#);
        assert_eq!(text(&Value::Uid(NodeId::text("n1"))), r#""n1""#);
    }

    #[test]
    fn json_becomes_readings() {
        let json: Json = serde_json::from_str(r#"[1, "a", true, {"number":"-Infinity"}]"#).unwrap();
        let reading = from_json(&json).unwrap();
        let expected = [
            Reading::Number(1.0),
            Reading::text("a"),
            Reading::Bool(true),
            Reading::Number(f64::NEG_INFINITY),
        ];
        assert_eq!(reading, Reading::List(expected.to_vec()));
        assert!(from_json(&Json::Null).unwrap_err().contains("no null"));
    }
}
