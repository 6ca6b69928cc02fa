//! Ranges, validators and digests: RFC 9110 sections 8.8, 13, 14; RFC 9530.

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{
    Agent, BodyDigest, Call, Headers, PartHead, Resume, Resumed, Wanted, content_range,
};

use crate::support::script::{Connector, Script};
use crate::support::{FakeClock, Lock, run};

/// What `see` makes of the head of a response.
fn with_head<T>(response: &str, see: impl FnOnce(&wskhttp_http::ResponseHead) -> T) -> T {
    let connect = Connector::new([Script::answers(&[response])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect, FakeClock::default()).unwrap();
    let response = run(agent.send(Call::get("http://a/"), &0)).unwrap();
    see(response.head())
}

fn head(status: u16, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status} x\r\n{lines}Content-Length: 100\r\n\r\n")
}

fn resume(lines: &[&str]) -> Option<Resume> {
    with_head(&head(200, lines), |head| Resume::of(head, 40)).unwrap()
}

#[test]
fn what_can_be_resumed() {
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT";
    for (lines, validator) in [
        (vec!["ETag: \"v1\""], Some("\"v1\"")),
        (vec!["ETag: W/\"v1\""], None),
        (vec!["ETag: v1"], None),
        (vec![], None),
        (
            vec!["Last-Modified: Sun, 06 Nov 1994 08:48:37 GMT", date],
            Some("Sun, 06 Nov 1994 08:48:37 GMT"),
        ),
        // A date of the last minute, or without one to compare, is weak.
        (
            vec!["Last-Modified: Sun, 06 Nov 1994 08:48:38 GMT", date],
            None,
        ),
        (vec!["Last-Modified: Sun, 06 Nov 1994 08:48:37 GMT"], None),
        (
            vec![
                "ETag: W/\"1\"",
                "Last-Modified: Sat, 05 Nov 1994 08:48:37 GMT",
                date,
            ],
            None,
        ),
        (vec!["ETag: \"1\"", "ETag: \"2\""], None),
    ] {
        let found = resume(&lines).map(|resume| {
            let mut fields = Headers::new();
            resume.ask(&mut fields).unwrap();
            assert_eq!(fields.get("range"), Some(&b"bytes=40-"[..]));
            String::from_utf8(fields.get("if-range").unwrap().to_vec()).unwrap()
        });
        assert_eq!(found.as_deref(), validator, "{lines:?}");
    }
    for status in [204, 304, 404] {
        let none = with_head(&head(status, &["ETag: \"v\""]), |head| Resume::of(head, 1));
        assert!(none.unwrap().is_none());
    }
    // The rest of a rest.
    let part = head(206, &["ETag: \"v\"", "Content-Range: bytes 40-99/100"]);
    assert_eq!(
        with_head(&part, |head| Resume::of(head, 10))
            .unwrap()
            .unwrap()
            .have(),
        50
    );
}

#[test]
fn what_the_answer_means() {
    let known = resume(&["ETag: \"v1\""]).unwrap();
    let judge = |status, length: u64, lines: &[&str]| -> Result<Resumed, Kind> {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let head = format!("HTTP/1.1 {status} x\r\n{lines}Content-Length: {length}\r\n\r\n");
        with_head(&head, |head| known.judge(head)).map_err(|error: Error| error.kind)
    };
    let mismatch = Err(Kind::RangeMismatch);
    let rest = Ok(Resumed::Rest { bytes: 60 });
    for lines in [
        &["Content-Range: bytes 40-99/100"][..],
        &["Content-Range: bytes 40-99/*"],
        &["Content-Range: bytes 40-99/100", "ETag: \"v1\""],
    ] {
        assert_eq!(judge(206, 60, lines), rest, "{lines:?}");
        for length in [0, 59, 61] {
            assert_eq!(judge(206, length, lines), mismatch, "{lines:?}");
        }
    }
    for lines in [
        vec![],
        vec!["Content-Range: bytes 0-99/100"],
        vec!["Content-Range: bytes 39-98/100"],
        vec!["Content-Range: bytes 40-99/200"],
        vec!["Content-Range: bytes 40-99/100", "ETag: \"v2\""],
        vec!["Content-Range: bytes 40-99/100", "ETag: W/\"v1\""],
        vec![
            "Content-Range: bytes 40-99/100",
            "Content-Range: bytes 40-99/100",
        ],
        vec![
            "Content-Range: bytes 40-99/100",
            "ETag: \"v1\"",
            "ETag: \"v2\"",
        ],
        vec!["Content-Range: items 40-99/100"],
        vec!["Content-Type: multipart/byteranges; boundary=x"],
    ] {
        assert_eq!(judge(206, 60, &lines), mismatch, "{lines:?}");
    }
    // Another end than that of the whole, which is known also where the response does not say it.
    for (range, length) in [
        ("40-98/100", 59),
        ("40-98/*", 59),
        ("40-199/*", 160),
        ("40-199/200", 160),
    ] {
        let line = format!("Content-Range: bytes {range}");
        assert_eq!(judge(206, length, &[&line]), mismatch, "{range}");
    }
    assert_eq!(judge(200, 7, &["ETag: \"v2\""]), Ok(Resumed::Anew));
    assert_eq!(judge(416, 0, &["Content-Range: bytes */100"]), mismatch);
    // The whole is another one than it was.
    assert_eq!(judge(416, 0, &["Content-Range: bytes */40"]), mismatch);
    assert_eq!(judge(416, 0, &[]), mismatch);
    assert_eq!(judge(404, 0, &[]), Ok(Resumed::Other));
    assert_eq!(judge(304, 0, &[]), Ok(Resumed::Other));
}

#[test]
fn what_a_part_means() {
    let date = b"Sun, 06 Nov 1994 08:48:37 GMT";
    let from = |first| Wanted {
        first,
        ..Wanted::default()
    };
    let dated = Wanted {
        validator: Some(date),
        ..from(5)
    };
    let weak = Wanted {
        validator: Some(b"W/\"a\""),
        ..from(5)
    };
    let to = |last| Wanted {
        last: Some(last),
        ..from(5)
    };
    let of = |content_range: &'static str| PartHead {
        status: 206,
        content_range: Some(content_range.as_bytes()),
        ..PartHead::default()
    };
    let tagged = PartHead {
        etag: Some(b"W/\"a\""),
        ..of("bytes 5-9/10")
    };
    let modified = |value: &'static [u8]| PartHead {
        last_modified: Some(value),
        ..of("bytes 5-9/10")
    };
    let none = |content_range| PartHead {
        status: 416,
        ..of(content_range)
    };
    let rest = |bytes| Ok(Resumed::Rest { bytes });
    let refused = Err(Kind::RangeMismatch);
    for (wanted, head, expected) in [
        // No version was asked for.
        (from(5), of("bytes 5-9/10"), rest(5)),
        (from(5), tagged, rest(5)),
        (from(5), of("bytes 5-9/11"), refused),
        (from(5), of("bytes 5-9/*"), rest(5)),
        (from(0), of("bytes 0-0/1"), rest(1)),
        (from(0), of("bytes 0-18446744073709551615/*"), refused),
        (dated, of("bytes 5-9/10"), rest(5)),
        (dated, modified(date), rest(5)),
        (dated, modified(b"Sun, 06 Nov 1994 08:48:38 GMT"), refused),
        // Parts are not told apart by it.
        (weak, tagged, refused),
        (weak, of("bytes 5-9/10"), refused),
        // Up to a last byte, or that of the whole.
        (to(7), of("bytes 5-7/10"), rest(3)),
        (to(7), of("bytes 5-7/*"), rest(3)),
        (to(7), of("bytes 5-6/7"), rest(2)),
        (to(7), of("bytes 5-6/10"), refused),
        (to(7), of("bytes 5-8/10"), refused),
        (to(7), of("bytes 4-7/10"), refused),
        (to(7), none("bytes */5"), refused),
        (from(5), none("bytes */5"), Ok(Resumed::Complete)),
        (from(5), none("bytes */4"), refused),
        (from(5), none("bytes *"), refused),
    ] {
        let found = wanted.judge(&head).map_err(|error| error.kind);
        assert_eq!(found, expected, "{wanted:?} {head:?}");
    }
}

#[test]
fn content_ranges() {
    for (value, expected) in [
        ("bytes 0-0/1", Some((0, 0, Some(1)))),
        ("bytes 1-2/*", Some((1, 2, None))),
        (
            "bytes 0-18446744073709551614/18446744073709551615",
            Some((0, u64::MAX - 1, Some(u64::MAX))),
        ),
        ("bytes 2-1/3", None),
        ("bytes 0-3/3", None),
        ("bytes */3", None),
        ("bytes 0-1", None),
        ("bytes=0-1/2", None),
        ("bytes +0-1/2", None),
        ("bytes 0 - 1/2", None),
        ("bytes 0-1/2/3", None),
        ("bytes 0-18446744073709551616/*", None),
    ] {
        let line = format!("Content-Range: {value}");
        assert_eq!(
            with_head(&head(206, &[&line]), content_range),
            expected,
            "{value}"
        );
    }
}

#[test]
fn digests() {
    // The example of RFC 9530 section 2: {"hello": "world"} and a line feed.
    let body = b"{\"hello\": \"world\"}\n";
    let good = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    let other = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
    let check = |status, lines: &[&str], body: &[u8]| {
        let digest = with_head(&head(status, lines), BodyDigest::of).map_err(|error| error.kind)?;
        Ok(digest.map(|mut digest| {
            for part in body.chunks(5) {
                digest.update(part);
            }
            digest.finish().map_err(|error| error.kind)
        }))
    };
    let field = |name: &str, value: &str| format!("{name}: {value}");
    let mismatch = Ok(Some(Err(Kind::DigestMismatch)));
    for name in ["Content-Digest", "Repr-Digest"] {
        assert_eq!(
            check(200, &[&field(name, good)], body),
            Ok(Some(Ok(()))),
            "{name}"
        );
        assert_eq!(check(200, &[&field(name, good)], &body[1..]), mismatch);
        for value in [
            format!("sha-512=:x:, {good}"),
            format!("{good};p"),
            format!("{good};p=1;q=\"a,\\\", sha-256=:x:\""),
            format!("x=\"a, \\\"sha-256=:x:\", {good} , y"),
            format!("sha-256,{good}"),
        ] {
            assert_eq!(
                check(200, &[&field(name, &value)], body),
                Ok(Some(Ok(()))),
                "{value}"
            );
        }
    }
    // Of the whole, which a 206 is not.
    assert_eq!(check(206, &[&field("Repr-Digest", other)], body), Ok(None));
    assert_eq!(
        check(206, &[&field("Content-Digest", good)], body),
        Ok(Some(Ok(())))
    );
    assert_eq!(
        check(200, &["Content-Digest: md5=:x:", "Digest: SHA-256=x"], body),
        Ok(None)
    );
    assert_eq!(check(200, &[], body), Ok(None));
    for bad in [
        "sha-256=x",
        "sha-256=:x:",
        "sha-256=::",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:x",
        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=",
        "sha-256=:RK/0qy18:",
    ] {
        assert_eq!(
            check(200, &[&field("Content-Digest", bad)], body),
            Err(Kind::MalformedHead),
            "{bad}"
        );
    }
    let two = [field("Content-Digest", good), field("Repr-Digest", other)];
    assert_eq!(
        check(200, &[&two[0], &two[1]], body),
        Err(Kind::MalformedHead)
    );

    let mut known = BodyDigest::sha256([7; 32]);
    known.update(b"x");
    assert_eq!(known.finish().unwrap_err().kind, Kind::DigestMismatch);
}
