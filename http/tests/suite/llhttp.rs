//! llhttp's vectors for responses (MIT, see the notice next to the data). Where our answer differs,
//! the table says why.

use base64::Engine;
use serde_json::Value;
use wskhttp_core::io::Kind;

use crate::support::script::{Act, Script};
use crate::support::single;

/// What a caller of llhttp saw of the final response.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    status: u16,
    reason: String,
    body: String,
}

#[test]
fn vectors() {
    let vectors: Value =
        serde_json::from_str(include_str!("../data/llhttp-response.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 85);
    let mut wrong = Vec::new();
    let mut explained = 0;
    for case in cases {
        let title = case["title"].as_str().unwrap();
        let input = case["input_b64"].as_str().unwrap();
        let engine = base64::engine::general_purpose::STANDARD;
        let input = engine.decode(input).unwrap();
        let to_head = case["meta"]["skipBody"] == true;
        let script = Script::new([Act::AwaitHeads(1), Act::Give(input), Act::End]);
        let ours = single(script, if to_head { "HEAD" } else { "GET" });
        let kind = ours.as_ref().err().map(|error| error.kind);

        // What llhttp takes in a lenient mode only is for us to refuse.
        let lenient = case["meta"]["type"].as_str().unwrap().contains("lenient");
        let refuse = lenient || !case["error"].is_null();
        match DIFFERENT.iter().find(|known| known.0 == title) {
            Some((_, expected, _)) if *expected == kind => explained += 1,
            None if refuse == kind.is_some() => {}
            known => wrong.push(format!(
                "{title}: {kind:?}, should refuse {refuse}, {known:?}"
            )),
        }
        if let (Ok(view), Some(expected)) = (&ours, seen(case["log"].as_str().unwrap())) {
            let view = Seen {
                status: view.status,
                reason: view.reason.clone(),
                body: view.text(),
            };
            if view != expected {
                wrong.push(format!("{title}: {view:?} is not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(explained, DIFFERENT.len());
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

const TRUNCATED: &str =
    "the vector ends before its body does; llhttp was not told that this is all";
const CODINGS: &str = "llhttp reads a body of unknown coding up to the end of the connection";
const AFTER_CLOSE: &str = "the response ends before; what follows is not read, the connection goes";

const DIFFERENT: [(&str, Option<Kind>, &str); 14] = [
    (
        "HTTP 103 first, then 200",
        Some(Kind::BodyTruncated),
        TRUNCATED,
    ),
    (
        "Tabs in `Content-Length` (surrounding)",
        Some(Kind::BodyTruncated),
        TRUNCATED,
    ),
    ("Google 301", Some(Kind::BodyTruncated), TRUNCATED),
    (
        "Chunk extensions quoting",
        Some(Kind::BodyTruncated),
        TRUNCATED,
    ),
    (
        "`chunked` before other transfer-encoding",
        Some(Kind::MalformedFraming),
        CODINGS,
    ),
    (
        "multiple transfer-encoding where chunked is not the last one",
        Some(Kind::MalformedFraming),
        CODINGS,
    ),
    (
        "`chunkedchunked` transfer-encoding does not enable chunked enconding",
        Some(Kind::MalformedFraming),
        CODINGS,
    ),
    ("RTSP response", Some(Kind::MalformedHead), "not HTTP"),
    ("ICE response", Some(Kind::MalformedHead), "not HTTP"),
    (
        "HTTP version 0.9",
        Some(Kind::UnsupportedResponse),
        "neither 1.0 nor 1.1",
    ),
    (
        "HTTP/1.1 with keep-alive disabled and 204 status",
        None,
        AFTER_CLOSE,
    ),
    (
        "HTTP/1.1 with keep-alive disabled and 204 status (lenient)",
        None,
        AFTER_CLOSE,
    ),
    (
        "HTTP/1.1 with keep-alive disabled, content-length",
        None,
        AFTER_CLOSE,
    ),
    (
        "HTTP/1.1 with keep-alive disabled, content-length (lenient)",
        None,
        AFTER_CLOSE,
    ),
];
