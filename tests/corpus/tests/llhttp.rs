//! That the cases of `cases/llhttp` are llhttp's vectors: the same bytes, and the same verdict unless
//! the case says why not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wskhttp_corpus::{Case, files, read_file};

#[test]
fn all_85_vectors() {
    let vectors: Value =
        serde_json::from_str(include_str!("../data/llhttp-response.json")).unwrap();
    let vectors = vectors["cases"].as_array().unwrap();
    assert_eq!(vectors.len(), 85);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/llhttp");
    let mut found = BTreeMap::new();
    for file in files(&directory).unwrap() {
        let value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let mut cases = read_file(&file, "case").unwrap();
        let number = value["vector"].as_u64().unwrap();
        let before = found.insert(number, (value, cases.remove(0)));
        assert!(before.is_none(), "two cases of vector {number}");
    }
    assert_eq!(found.len(), 85);
    for (index, vector) in vectors.iter().enumerate() {
        let (value, case) = &found[&(index as u64)];
        compare(vector, value, case);
    }
}

fn compare(vector: &Value, value: &Value, case: &Case) {
    let title = vector["title"].as_str().unwrap();
    assert_eq!(value["title"], title);
    let bytes = STANDARD.decode(vector["input_b64"].as_str().unwrap());
    assert_eq!(case.sent(), bytes.unwrap(), "{title}: the bytes differ");
    let to_head = vector["meta"]["skipBody"] == true;
    assert_eq!(value["request"] == "HEAD /", to_head, "{title}");

    let expect = &value["expect"];
    let accepts = expect["outcome"] == "ok";
    let is_explained = value["difference"].is_string();
    // What llhttp takes in a lenient mode only is for us to refuse.
    let lenient = vector["meta"]["type"].as_str().unwrap().contains("lenient");
    let refuses = !vector["error"].is_null();
    match (accepts, refuses, lenient) {
        (true, false, false) | (false, true, _) | (false, false, true) => {}
        _ => assert!(is_explained, "{title}: differs without a reason"),
    }
    if accepts && let Some(seen) = seen(vector["log"].as_str().unwrap()) {
        assert_eq!(expect["status"], seen.status, "{title}");
        assert_eq!(expect["reason"], seen.reason, "{title}");
        assert_eq!(expect["body"], seen.body, "{title}");
    }
}

/// What a caller of llhttp saw of the final response.
#[derive(Default)]
struct Seen {
    status: u16,
    reason: String,
    body: String,
}

/// Reads llhttp's log up to the end of the first response that is not interim.
fn seen(log: &str) -> Option<Seen> {
    let mut seen = Seen::default();
    for line in log.lines() {
        let quoted = |name: &str| {
            let text = line.split_once(name)?.1;
            match text {
                "=lf" => Some("\n"),
                "=cr" => Some("\r"),
                _ => text.strip_prefix("=\"")?.strip_suffix('"'),
            }
        };
        if line.ends_with("message begin") {
            seen = Seen::default();
        } else if let Some(text) = quoted("span[status]") {
            seen.reason.push_str(text);
        } else if let Some(text) = quoted("span[body]") {
            seen.body.push_str(text);
        } else if let Some((_, rest)) = line.split_once("headers complete status=") {
            seen.status = rest.split(' ').next()?.parse().ok()?;
        } else if line.ends_with("message complete") && seen.status >= 200 {
            return Some(seen);
        }
    }
    (seen.status >= 200).then_some(seen)
}
