//! Bodies: of redirects, and of requests that are redirected.

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Agent, Body, Call, Client, Limits};

use super::{OK, ScriptAgent, agent, fetch, to};
use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, run};

#[test]
fn methods() {
    // RFC 9110 sections 15.4.2 to 15.4.9.
    for (status, method, expected) in [
        (301, "GET", "GET"),
        (301, "HEAD", "HEAD"),
        (301, "POST", "GET"),
        (301, "PUT", "PUT"),
        (302, "POST", "GET"),
        (302, "DELETE", "DELETE"),
        (303, "GET", "GET"),
        (303, "HEAD", "HEAD"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (308, "PUT", "PUT"),
    ] {
        let has_body = !matches!(method, "GET" | "HEAD");
        let body = if has_body {
            Body::Full(b"data")
        } else {
            Body::Empty
        };
        let call = Call::new(method, "http://a/")
            .header("Content-Type", "text/plain")
            .header("X-Kept", "1")
            .body(body);
        let redirect = match method {
            "HEAD" => {
                "HTTP/1.1 302 x\r\nLocation: /new\r\n\r\n".replace("302", &status.to_string())
            }
            _ => to(status, "/new"),
        };
        let ok = if expected == "HEAD" {
            "HTTP/1.1 200 x\r\n\r\n"
        } else {
            OK
        };
        let connect = Connector::new([Script::answers(&[&redirect, ok])]);
        fetch(&agent(&connect), call).unwrap();
        let text = connect.log(0).text();
        let at = text
            .find(&format!("{expected} /new HTTP/1.1\r\n"))
            .unwrap_or_else(|| panic!("{status} {method}: {text}"));
        let second = &text[at..];
        assert!(second.contains("X-Kept: 1\r\n"));
        // Never a body or what describes it with a method that lost it: CVE-2022-32221.
        let kept = has_body && method == expected;
        assert_eq!(second.contains("data"), kept, "{status} {method}");
        assert_eq!(
            second.contains("Content-Length: 4"),
            kept,
            "{status} {method}"
        );
        assert_eq!(
            second.contains("Content-Type"),
            method == expected,
            "{status} {method}"
        );
    }
}

#[test]
fn the_body_of_a_redirect() {
    // Read if it is small, so that the connection serves the next request; never decoded
    // (CVE-2026-21441), never read at length (CVE-2026-44432).
    let limits = Limits {
        drain: 1000,
        ..Limits::default()
    };
    for (head, length, drained) in [
        ("Content-Length: 1000", 1000, true),
        ("Content-Length: 1001", 0, false),
        ("Content-Length: 1000\r\nContent-Encoding: gzip", 1000, true),
        ("Transfer-Encoding: chunked", 900, true),
        ("Transfer-Encoding: chunked", 5000, false),
        ("Connection: close", 1000, false),
    ] {
        let body = match head.starts_with("Transfer") {
            true => format!("{length:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(length)),
            false => "x".repeat(length),
        };
        let redirect = format!("HTTP/1.1 302 x\r\nLocation: /n\r\n{head}\r\n\r\n{body}");
        let mut first = Script::answers(&[&redirect, OK]);
        first.piece = 100;
        let connect = Connector::new([first, Script::answers(&[OK])]);
        let client = Client::new(connect.clone(), FakeClock::default(), limits).unwrap();
        let agent: ScriptAgent = Agent::over(client);
        assert_eq!(
            fetch(&agent, Call::get("http://a/")).unwrap().2,
            "hi",
            "{head}"
        );
        assert_eq!(
            connect.made(),
            if drained { 1 } else { 2 },
            "{head} {length}"
        );
    }
    // A server that never ends the body costs no more than the time for closing.
    let endless = Script::answers(&["HTTP/1.1 302 x\r\nLocation: /n\r\nContent-Length: 9\r\n\r\n"]);
    let connect = Connector::new([endless, Script::answers(&[OK])]);
    assert_eq!(
        fetch(&agent(&connect), Call::get("http://a/")).unwrap().2,
        "hi"
    );
    assert!(connect.log(0).dropped && !connect.log(0).closed);
}

#[test]
fn streamed_bodies() {
    for (status, again) in [(303, true), (302, true), (307, false), (308, false)] {
        for body in [Body::Sized(5), Body::Chunked] {
            // All of it is sent before the response comes, so that the connection is used again.
            let sent = match body {
                Body::Chunked => "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                _ => "Content-Length: 5\r\n\r\nhello",
            };
            let sent = format!("POST / HTTP/1.1\r\nHost: a\r\n{sent}");
            let call = Call::new("POST", "http://a/").body(body);
            let first = Script::new([
                Act::AwaitBytes(sent.len()),
                Act::Give(to(status, "/new").into_bytes()),
                Act::AwaitBytes(sent.len() + 20),
                Act::Give(OK.as_bytes().to_vec()),
            ]);
            let connect = Connector::new([first, Script::answers(&[OK])]);
            let agent = agent(&connect);
            let result = run(async {
                let mut upload = agent.upload(call, &0).await?;
                upload.write(b"hello").await?;
                let mut response = upload.finish().await?;
                assert_eq!(response.hops(), 1);
                let body = response.read_to_end(10).await?;
                response.done().await;
                Ok::<_, Error>(body)
            });
            match again {
                true => {
                    assert_eq!(result.unwrap(), b"hi");
                    let text = connect.log(0).text();
                    assert!(text.starts_with(&format!("{sent}GET /new")), "{text}");
                }
                false => assert_eq!(result.unwrap_err().kind, Kind::NotReplayable, "{status}"),
            }
        }
    }
    // A streamed body needs an upload.
    let connect = Connector::new([]);
    let call = Call::new("POST", "http://a/").body(Body::Chunked);
    assert_eq!(
        fetch(&agent(&connect), call).unwrap_err().kind,
        Kind::InvalidRequest
    );
}

#[test]
fn a_body_at_hand_is_sent_again() {
    let connect = Connector::new([
        Script::answers(&[&to(307, "https://b/")]),
        Script::answers(&[OK]),
    ]);
    let call = Call::post("http://a/", b"data").header("Content-Type", "text/plain");
    fetch(&agent(&connect), call).unwrap();
    let text = connect.log(1).text();
    assert!(
        text.starts_with("POST / HTTP/1.1\r\nHost: b\r\nContent-Type: text/plain\r\n"),
        "{text}"
    );
    assert!(text.ends_with("\r\n\r\ndata"), "{text}");
}
