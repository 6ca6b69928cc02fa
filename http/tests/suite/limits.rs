//! Every limit, one below and one above.

use std::time::Duration;

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::Limits;

use crate::support::script::{Act, Script};
use crate::support::{View, single_within};

fn answer(text: &str, limits: Limits) -> Result<View, Error> {
    single_within(Script::answers(&[text]), "GET", limits)
}

fn kind(text: &str, limits: Limits) -> Option<Kind> {
    answer(text, limits).err().map(|error| error.kind)
}

#[test]
fn head_bytes() {
    let text = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n";
    let with = |head_bytes| Limits {
        head_bytes,
        ..Limits::default()
    };
    assert_eq!(kind(text, with(text.len())), None);
    assert_eq!(kind(text, with(text.len() - 1)), Some(Kind::HeadTooLarge));
}

#[test]
fn a_head_larger_than_the_transport_s_buffer() {
    let fields: String = (0..200)
        .map(|index| format!("X{index}: {}\r\n", "v".repeat(250)))
        .collect();
    let text = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nhi");
    let mut script = Script::answers(&[&text]);
    script.piece = 100;
    let view = single_within(script, "GET", Limits::default()).unwrap();
    assert_eq!(view.lines, format!("{fields}Content-Length: 2\r\n"));
}

#[test]
fn endless_heads() {
    for line in [
        "A: b\r\n".to_owned(),
        "A".repeat(1 << 20),
        "A: ".to_owned() + &"b".repeat(1 << 20),
    ] {
        let endless = format!(
            "HTTP/1.1 200 OK\r\n{}",
            line.repeat((1 << 20) / line.len() + 1)
        );
        assert_eq!(kind(&endless, Limits::default()), Some(Kind::HeadTooLarge));
    }
    let reason = format!("HTTP/1.1 200 {}", "x".repeat(1 << 17));
    assert_eq!(kind(&reason, Limits::default()), Some(Kind::HeadTooLarge));
}

#[test]
fn header_count() {
    let with = |headers| Limits {
        headers,
        ..Limits::default()
    };
    let text = "HTTP/1.1 200 OK\r\nA: b\r\nB: c\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(kind(text, with(3)), None);
    assert_eq!(kind(text, with(2)), Some(Kind::HeadTooLarge));
}

#[test]
fn interim_count() {
    let limits = Limits {
        interim: 2,
        ..Limits::default()
    };
    let last = "HTTP/1.1 204 No Content\r\n\r\n";
    let with = |count| "HTTP/1.1 100 Continue\r\n\r\n".repeat(count) + last;
    assert_eq!(kind(&with(2), limits), None);
    assert_eq!(kind(&with(3), limits), Some(Kind::HeadTooLarge));
}

fn chunked(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

#[test]
fn chunk_line() {
    let text = chunked("1;abc\r\nx\r\n0\r\n\r\n");
    let with = |chunk_line| Limits {
        chunk_line,
        ..Limits::default()
    };
    assert_eq!(kind(&text, with(7)), None);
    assert_eq!(kind(&text, with(6)), Some(Kind::BodyTooLarge));
}

#[test]
fn extensions_in_proportion() {
    // CVE-2023-39326: much extension for little data.
    let chunk = format!("1;{}\r\nx\r\n", "a".repeat(1000));
    let bomb = chunked(&(chunk.repeat(100) + "0\r\n\r\n"));
    assert_eq!(kind(&bomb, Limits::default()), Some(Kind::BodyTooLarge));
    let one_byte_chunks = chunked(&("1\r\nx\r\n".repeat(50_000) + "0\r\n\r\n"));
    assert_eq!(kind(&one_byte_chunks, Limits::default()), None);
}

#[test]
fn trailer_bytes() {
    let with = |trailer_bytes| Limits {
        trailer_bytes,
        ..Limits::default()
    };
    let text = chunked("0\r\nA: b\r\n\r\n");
    assert_eq!(kind(&text, with(8)), None);
    assert_eq!(kind(&text, with(7)), Some(Kind::BodyTooLarge));
}

#[test]
fn body_bytes() {
    let with = |body| Limits {
        body,
        ..Limits::default()
    };
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_owned(),
        chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
    ] {
        assert_eq!(kind(&text, with(5)), None);
        assert_eq!(kind(&text, with(4)), Some(Kind::BodyTooLarge));
    }
    // A chunk that would go beyond it is refused at its size, before its data is waited for.
    let endless = chunked("2\r\nhe\r\n4\r\nllo");
    assert_eq!(kind(&endless, with(5)), Some(Kind::BodyTooLarge));
    assert_eq!(kind(&endless, with(6)), Some(Kind::TimedOut));
    let acts = || {
        let bytes = b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec();
        Script::new([Act::AwaitHeads(1), Act::Give(bytes), Act::End])
    };
    assert!(single_within(acts(), "GET", with(5)).is_ok());
    let error = single_within(acts(), "GET", with(4)).unwrap_err();
    assert_eq!(error.kind, Kind::BodyTooLarge);
}

#[test]
fn silence_is_bounded() {
    let limits = Limits {
        stall: Duration::from_secs(7),
        ..Limits::default()
    };
    for text in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    ] {
        // The clock of the tests reaches every time that somebody waits for.
        assert_eq!(kind(text, limits), Some(Kind::TimedOut), "{text}");
    }
}
