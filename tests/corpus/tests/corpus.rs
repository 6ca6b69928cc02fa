//! The cases that come with the runner, and the runner itself.

use std::fs;
use std::path::{Path, PathBuf};

use wskhttp_corpus::{Summary, files, run_directory};

#[test]
fn every_case_comes_out_as_it_says() {
    let mut lines = Vec::new();
    let summary = run_directory(&cases(), false, &mut |line| lines.push(line.to_owned())).unwrap();
    lines.retain(|line| !line.starts_with("ok "));
    assert!(summary.is_success(), "{summary}\n{}", lines.join("\n"));
    let own = files(&cases()).unwrap().len() - files(&cases().join("llhttp")).unwrap().len();
    assert!(own >= 150, "{own} cases of our own");
}

#[test]
fn a_case_that_does_not_come_out_is_seen() {
    // Each differs from what happens in one thing only.
    for (expect, found) in [
        (r#""malformed""#, "outcome"),
        (r#""timeout""#, "outcome"),
        (r#"{"outcome": "ok", "status": 201}"#, "status"),
        (r#"{"outcome": "ok", "version": "1.0"}"#, "version"),
        (r#"{"outcome": "ok", "reason": "ok"}"#, "reason"),
        (r#"{"outcome": "ok", "headers": {"A": "c"}}"#, "header A"),
        (r#"{"outcome": "ok", "headers": {"A": null}}"#, "header A"),
        (r#"{"outcome": "ok", "headers": {"X": "b"}}"#, "header X"),
        (r#"{"outcome": "ok", "headers": [["A", "b"]]}"#, "headers"),
        (r#"{"outcome": "ok", "body": "hi!"}"#, "body"),
        (r#"{"outcome": "ok", "body": ""}"#, "body"),
        (r#"{"outcome": "ok", "body_length": 3}"#, "body"),
        (r#"{"outcome": "ok", "reused": false}"#, "reused"),
        (
            r#"{"outcome": "ok", "close_reason": "Leftover"}"#,
            "close reason",
        ),
        (r#"{"outcome": "ok", "connection_number": 2}"#, "connection"),
        (r#"{"outcome": "ok", "connections": 2}"#, "connections"),
        (r#"{"outcome": "ok", "requests": 2}"#, "requests received"),
        (
            r#"{"outcome": "ok", "requests": [{"to": "http://b.test:80"}]}"#,
            "request to",
        ),
        (
            r#"{"outcome": "ok", "request": {"contains": "POST"}}"#,
            "request",
        ),
        (
            r#"{"outcome": "ok", "request": {"lacks": "GET"}}"#,
            "request",
        ),
        (r#"{"outcome": "error", "phase": "body"}"#, "phase"),
        (r#"{"outcome": "error", "cause": "bare"}"#, "cause"),
    ] {
        let text = format!(
            r#"{{"response": "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\nhi", "expect": {expect}}}"#
        );
        let (summary, lines) = run_text(&text);
        assert_eq!((summary.failed, summary.bad), (1, 0), "{expect}: {lines}");
        assert!(lines.contains(&format!("{found}:")), "{expect}: {lines}");
        assert!(lines.contains("[writes of 1]"), "{lines}");
    }
}

#[test]
fn other_words_for_the_same() {
    let ok = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi";
    for text in [
        r#"{"response": "OK", "expect": "ok"}"#,
        r#"{"send": "OK", "expected": {"class": "Success", "status": 200, "body": "hi", "reused": true}}"#,
        r#"{"responses": ["OK"], "outcome": "ok", "status": 200}"#,
        r#"{"server": [{"bytes": "OK", "close": false}], "expect": {"result": "ok", "connection": "reused"}}"#,
        r#"{"server_sends": [{"text": "OK", "then": "fin"}], "expect": {"outcome": "ok", "keep-alive": false}}"#,
        r#"{"replies": ["OK", "OK"], "close": [false, true], "expect": {"outcome": "ok", "reused": true}}"#,
        r#"{"responses": ["OK", "OK"], "expect": ["ok", {"status": 200}]}"#,
        r#"{"exchanges": [{"response": "OK", "status": 200, "reused": true}, {"request": "POST /x", "response": {"data": "OK", "close": "rst"}, "expect": {"outcome": "ok"}}]}"#,
        r#"{"exchanges": [{"request": {"method": "HEAD", "target": "/"}, "send": "OK", "close": true, "outcome": "ok", "body": ""}]}"#,
        r#"{"cases": [{"response": "OK", "expect": "ok"}]}"#,
        r#"[{"response": "OK", "expect": "ok", "id": 7, "author": "x"}]"#,
        r#"{"response": "HTTP/1.1 200 OK\nA: b\n\n", "expect": "Malformed"}"#,
        r#"{"response": "HTTP/1.1 200 OK\r\nA: b\r\n", "close": true, "expect": ["truncated", "timeout"]}"#,
        r#"{"response": "OK", "options": {"limits": {"max_head_bytes": 10}}, "expect": "too large"}"#,
        r#"{"response": "OK", "options": {"max-body": 1}, "expect": "too_large"}"#,
        r#"{"response": "", "options": {"timeout": 0.5}, "expect": "TimedOut"}"#,
        r#"{"response": {"base64": "SFRUUC8xLjEgMjA0IHgNCg0K"}, "expect": {"status": 204}}"#,
        r#"{"response_b64": "SFRUUC8xLjEgMjA0IHgNCg0K", "expect": {"status": 204}}"#,
        r#"{"response": "OK", "options": {"method": "HEAD", "headers": {"A": "b"}, "head_bytes": 100}, "expect": {"body": "", "request": {"contains": ["HEAD / ", "A: b"]}}}"#,
        r#"{"responses": ["OK", "x"], "expect": ["ok", "malformed"]}"#,
        r#"{"response": "OK", "options": {"headers": 0}, "expect": "too large"}"#,
        r#"{"requests": [{"server": "OK", "close": true}, {"server": "OK"}], "expect": [{"reused": false}, "ok"]}"#,
        r#"{"response": "SFRUUC8xLjEgMjA0IHgNCg0K", "encoding": "base64", "expect": {"status": 204}}"#,
        r#"{"server": [{"bytes": "SFRUUC8xLjEgMjA0IHgNCg0K", "base64": true}], "expect": {"status": 204}}"#,
        r#"{"server": [{"bytes": "OK", "base64": false}], "expect": {"body": "6869", "body_encoding": "hex"}}"#,
        r#"{"response": "HTTP/1.1 204 x\\r\\n\\r\\n", "expect": {"status": 204}}"#,
        r#"{"response": "OK", "limits": {"body": 1}, "expect": {"outcome": "error", "error": "too large"}}"#,
        r#"{"response": "HTTP/1.1 200 OK\nA: b\n\n", "expect": "malformed head"}"#,
        r#"{"url": "http://u@x/", "response": "OK", "expect": "invalid request"}"#,
    ] {
        let text = text.replace("OK\"", &format!("{ok}\""));
        let (summary, lines) = run_text(&text);
        assert!(summary.is_success(), "{text}: {lines}");
    }
}

#[test]
fn bad_files_are_named_and_counted() {
    for (text, why) in [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("5", "not an object"),
        ("{}", "expects nothing"),
        ("[]", "its list has no case"),
        (r#"{"cases": []}"#, "its list has no case"),
        (r#"{"response": "x"}"#, "expects nothing"),
        (
            r#"{"response": "x", "expect": "splendid"}"#,
            "no outcome \"splendid\"; known: ok",
        ),
        (
            r#"{"response": "x", "expect": {"outcome": "ok", "colour": 1}}"#,
            "\"colour\"",
        ),
        (
            r#"{"response": "x", "options": {"colour": 1}, "expect": "ok"}"#,
            "no such option; known: head_bytes",
        ),
        (
            r#"{"response": 5, "expect": "ok"}"#,
            "bytes cannot be a number",
        ),
        (
            r#"{"response": {"base64": "*"}, "expect": "ok"}"#,
            "not base64",
        ),
        (
            r#"{"response": {"text": "x", "close": "maybe"}, "expect": "ok"}"#,
            "close cannot be \"maybe\"",
        ),
        (
            r#"{"responses": ["x", {"colour": 1}], "expect": "ok"}"#,
            "in reply 2",
        ),
        (
            r#"{"response": "x", "send": "y", "expect": "ok"}"#,
            "given twice",
        ),
        (
            r#"{"response": "x", "expect": ["ok", {"status": 1}]}"#,
            "2 expectations for 1 requests",
        ),
        (
            r#"{"response": "x", "request": "GET / HTTP/1.1 x", "expect": "ok"}"#,
            "write METHOD URL",
        ),
    ] {
        let (summary, lines) = run_text(text);
        assert_eq!(
            (summary.passed, summary.failed, summary.bad),
            (0, 0, 1),
            "{text}: {lines}"
        );
        assert!(
            lines.contains("case.json") && lines.contains(why),
            "{text}: {lines}"
        );
        assert!(!summary.is_success());
    }
}

#[test]
fn the_examples_of_the_readme() {
    let readme = include_str!("../README.md").split("```json\n").skip(1);
    let examples: Vec<_> = readme
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let (summary, lines) = run_text(example);
        assert!(summary.is_success(), "{example}: {lines}");
    }
}

#[test]
fn directories() {
    let directory = Scratch::new("directories");
    fs::create_dir_all(directory.0.join("a/b")).unwrap();
    let case = r#"{"response": "HTTP/1.1 204 x\r\n\r\n", "expect": "ok"}"#;
    for name in [
        "x.json",
        "a/y.JSON",
        "a/b/z.json",
        "README.md",
        ".hidden.json",
    ] {
        fs::write(directory.0.join(name), case).unwrap();
    }
    let (summary, lines) = run_path(&directory.0);
    assert_eq!(summary.passed, 3, "{lines}");
    assert_eq!(lines.lines().count(), 3);
    // A single file is fine too, an empty directory is not.
    assert_eq!(run_path(&directory.0.join("x.json")).0.passed, 1);
    fs::create_dir(directory.0.join("empty")).unwrap();
    assert!(run_directory(&directory.0.join("empty"), false, &mut |_| ()).is_err());
    assert!(run_directory(&directory.0.join("missing"), false, &mut |_| ()).is_err());
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn run_text(text: &str) -> (Summary, String) {
    let directory = Scratch::new("text");
    fs::write(directory.0.join("case.json"), text).unwrap();
    run_path(&directory.0)
}

fn run_path(path: &Path) -> (Summary, String) {
    let mut lines = Vec::new();
    let summary = run_directory(path, false, &mut |line| lines.push(line.to_owned())).unwrap();
    (summary, lines.join("\n"))
}

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{name}-{}-{count}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
