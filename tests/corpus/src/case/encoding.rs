//! Encodings that stand in a field of their own beside the bytes.

use serde_json::{Map, Value, json};

use super::fields::normal;
use super::reply::SENT;

/// The same JSON with `"encoding": "base64"`, `"base64": true` and `"body_encoding": "hex"` moved to the
/// text that they speak of: `{"base64": "..."}`.
pub(super) fn inward(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(inward).collect(),
        Value::Object(map) => object(map),
        other => other.clone(),
    }
}

fn object(map: &Map<String, Value>) -> Value {
    let mut of_all = None;
    let mut of_one = Vec::new();
    for (name, value) in map {
        let name = normal(name);
        match (name.as_str(), value) {
            ("encoding", Value::String(encoding)) => of_all = known(encoding),
            (flag, Value::Bool(true)) => of_all = of_all.or_else(|| known(flag)),
            (name, Value::String(encoding)) => {
                if let (Some(field), Some(encoding)) =
                    (name.strip_suffix("_encoding"), known(encoding))
                {
                    of_one.push((field.to_owned(), encoding));
                }
            }
            _ => {}
        }
    }
    let mut result = Map::new();
    for (name, value) in map {
        let plain = normal(name);
        let is_flag = matches!(value, Value::Bool(_)) && known(&plain).is_some();
        let is_encoding = match value {
            Value::String(encoding) => {
                known(encoding).is_some() && (plain == "encoding" || plain.ends_with("_encoding"))
            }
            _ => false,
        };
        if is_flag || is_encoding {
            continue;
        }
        let own = of_one
            .iter()
            .find(|(field, _)| *field == plain)
            .map(|(_, encoding)| *encoding);
        let is_bytes = SENT.contains(&plain.as_str()) || matches!(plain.as_str(), "body" | "text");
        let value = match (own.or(of_all.filter(|_| is_bytes)), value) {
            (Some(encoding), Value::String(_)) => json!({ encoding: value }),
            _ => inward(value),
        };
        result.insert(name.clone(), value);
    }
    Value::Object(result)
}

fn known(encoding: &str) -> Option<&'static str> {
    Some(match normal(encoding).as_str() {
        "base64" | "b64" => "base64",
        "hex" => "hex",
        "latin1" | "latin_1" | "iso_8859_1" => "latin1",
        "escaped" => "escaped",
        "text" | "utf8" | "utf_8" | "ascii" => "text",
        _ => return None,
    })
}
