//! Ranges, validators and digests: RFC 9110 sections 8.8, 13, 14; RFC 9530.

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Agent, BodyDigest, Call, Headers, Resume, Resumed, content_range};

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
            Some("Sat, 05 Nov 1994 08:48:37 GMT"),
        ),
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
    let judge = |status, lines: &[&str]| -> Result<Resumed, Kind> {
        with_head(&head(status, lines), |head| known.judge(head)).map_err(|error: Error| error.kind)
    };
    let mismatch = Err(Kind::RangeMismatch);
    assert_eq!(
        judge(206, &["Content-Range: bytes 40-99/100"]),
        Ok(Resumed::Rest)
    );
    assert_eq!(
        judge(206, &["Content-Range: bytes 40-99/*"]),
        Ok(Resumed::Rest)
    );
    assert_eq!(
        judge(206, &["Content-Range: bytes 40-99/100", "ETag: \"v1\""]),
        Ok(Resumed::Rest)
    );
    for lines in [
        vec![],
        vec!["Content-Range: bytes 0-99/100"],
        vec!["Content-Range: bytes 39-99/100"],
        vec!["Content-Range: bytes 40-98/100"],
        vec!["Content-Range: bytes 40-199/200"],
        vec!["Content-Range: bytes 40-99/100", "ETag: \"v2\""],
        vec!["Content-Range: bytes 40-99/100", "ETag: W/\"v1\""],
        vec!["Content-Range: items 40-99/100"],
        vec!["Content-Type: multipart/byteranges; boundary=x"],
    ] {
        assert_eq!(judge(206, &lines), mismatch, "{lines:?}");
    }
    assert_eq!(judge(200, &["ETag: \"v2\""]), Ok(Resumed::Anew));
    assert_eq!(
        judge(416, &["Content-Range: bytes */40"]),
        Ok(Resumed::Complete)
    );
    assert_eq!(judge(416, &["Content-Range: bytes */100"]), mismatch);
    assert_eq!(judge(416, &[]), mismatch);
    assert_eq!(judge(404, &[]), Ok(Resumed::Other));
    assert_eq!(judge(304, &[]), Ok(Resumed::Other));
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
        assert_eq!(
            check(200, &[&field(name, &format!("sha-512=:x:, {good}"))], body),
            Ok(Some(Ok(())))
        );
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
