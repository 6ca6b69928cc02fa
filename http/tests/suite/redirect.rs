//! Redirects: RFC 9110 section 15.4, RFC 3986 section 5; attacks.md section 1, "H redirect/auth".

use std::time::Duration;

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Agent, Body, Call, Client, Credentials, Jar, Keys, Limits, Policy, Redirects};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run, url};

type ScriptAgent = Agent<Connector, FakeClock, Lock>;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn agent(connect: &Connector) -> ScriptAgent {
    Agent::new(connect.clone(), FakeClock::default()).unwrap()
}

fn to(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nLocation: {location}\r\nContent-Length: 3\r\n\r\nbye")
}

/// Status, URL and body of what ends a call.
fn fetch(agent: &ScriptAgent, call: Call<'_>) -> Result<(u16, String, String), Error> {
    run(async {
        let mut response = agent.send(call, &0).await?;
        let body = response.read_to_end(1 << 20).await?;
        let (status, at) = (response.head().status(), response.url().to_string());
        response.done().await;
        Ok((status, at, String::from_utf8(body).unwrap()))
    })
}

/// The requests on each connection of a call that is redirected once, from `http://a/` to
/// `location`, each connection serving one exchange.
fn after(status: u16, location: &str, call: Call<'_>) -> Result<Vec<String>, Error> {
    let connect = Connector::new([
        Script::answers(&[&to(status, location), OK]),
        Script::answers(&[OK]),
    ]);
    fetch(&agent(&connect), call)?;
    let logs = connect.logs.lock().unwrap();
    let texts = logs.iter().map(|log| log.text());
    let heads = texts.flat_map(|text| {
        let mut parts: Vec<_> = text
            .split_inclusive("\r\n\r\n")
            .map(str::to_owned)
            .collect();
        // A body belongs to the head before it.
        if parts.last().is_some_and(|last| !last.ends_with("\r\n\r\n")) {
            let tail = parts.pop().unwrap();
            *parts.last_mut().unwrap() += &tail;
        }
        parts
    });
    Ok(heads.collect())
}

#[test]
fn references() {
    // RFC 3986 section 5.4, the base's scheme and authority adapted to http.
    let base = url("http://a/b/c/d;p?q");
    for (reference, expected) in [
        ("http:g", None),
        ("g", Some("/b/c/g")),
        ("./g", Some("/b/c/g")),
        ("g/", Some("/b/c/g/")),
        ("/g", Some("/g")),
        ("?y", Some("/b/c/d;p?y")),
        ("g?y", Some("/b/c/g?y")),
        ("#s", Some("/b/c/d;p?q")),
        ("g#s", Some("/b/c/g")),
        ("g?y#s", Some("/b/c/g?y")),
        (";x", Some("/b/c/;x")),
        ("g;x", Some("/b/c/g;x")),
        ("", Some("/b/c/d;p?q")),
        (".", Some("/b/c/")),
        ("./", Some("/b/c/")),
        ("..", Some("/b/")),
        ("../", Some("/b/")),
        ("../g", Some("/b/g")),
        ("../..", Some("/")),
        ("../../", Some("/")),
        ("../../g", Some("/g")),
        // Section 5.4.2.
        ("../../../g", Some("/g")),
        ("../../../../g", Some("/g")),
        ("/./g", Some("/g")),
        ("/../g", Some("/g")),
        ("g.", Some("/b/c/g.")),
        (".g", Some("/b/c/.g")),
        ("g..", Some("/b/c/g..")),
        ("..g", Some("/b/c/..g")),
        ("./../g", Some("/b/g")),
        ("./g/.", Some("/b/c/g/")),
        ("g/./h", Some("/b/c/g/h")),
        ("g/../h", Some("/b/c/h")),
        ("g;x=1/./y", Some("/b/c/g;x=1/y")),
        ("g;x=1/../y", Some("/b/c/y")),
        ("g?y/./x", Some("/b/c/g?y/./x")),
        ("g?y/../x", Some("/b/c/g?y/../x")),
        ("g#s/../x", Some("/b/c/g")),
        // What has a colon behind its first slash or question mark has no scheme.
        ("/g:h", Some("/g:h")),
        ("?g:h", Some("/b/c/d;p?g:h")),
        ("./g:h", Some("/b/c/g:h")),
    ] {
        let joined = base.join(reference);
        let expected = expected.map(|target| format!("http://a{target}"));
        assert_eq!(
            joined.ok().map(|url| url.to_string()),
            expected,
            "{reference:?}"
        );
    }
    for (base, reference, expected) in [
        ("http://a", "g", "http://a/g"),
        ("http://a?q", "?r", "http://a/?r"),
        ("http://a//b", "g", "http://a//g"),
        ("http://a/b//c", "g", "http://a/b//g"),
        ("http://a/b//c", "../g", "http://a/b/g"),
        ("http://a:81/x", "/y", "http://a:81/y"),
        ("http://[::1]:81/x", "y", "http://[::1]:81/y"),
        ("https://a/x", "//B:444", "https://b:444/"),
        ("https://a/x", "//b?q", "https://b/?q"),
        ("http://a/x", "HTTPS://b/../y/./z", "https://b/y/z"),
        ("http://a/x", "http://a:80/%2e%2e/y", "http://a/%2e%2e/y"),
    ] {
        let joined = url(base).join(reference).unwrap();
        assert_eq!(joined.to_string(), expected, "{base} {reference}");
        assert!(joined.is_same_origin(&url(expected)));
    }
}

#[test]
fn references_that_are_refused() {
    // H redirect: userinfo, backslash, @, tab, CR/LF, IDN, percent in host, trailing dot, UNC-like.
    let base = url("http://a/b");
    for reference in [
        "http://user@b/",
        "//user:secret@b/",
        "http://b\\@c/",
        "\\\\server\\share",
        "//b%2ec/",
        "/a\tb",
        "/a b",
        "/a\r\nX: y",
        "/\u{e9}",
        "//b\u{fc}cher.test/",
        "http://b./",
        "//",
        "http://",
        "/%zz",
        // What is wrong is not what dot segments leave.
        "\\/..//c/",
        "/\\/../c",
        "//c/%zz/../d",
        "{}/../d",
        "//b:99999/",
        "//127.1/",
    ] {
        assert_eq!(
            base.join(reference).unwrap_err().kind,
            Kind::InvalidUrl,
            "{reference:?}"
        );
    }
    for reference in ["file:///etc/passwd", "ftp://b/", "javascript:0", "data:,x"] {
        let kind = base.join(reference).unwrap_err().kind;
        assert!(
            matches!(kind, Kind::InvalidUrl | Kind::UnsupportedScheme),
            "{reference}"
        );
    }
    let long = "x".repeat(70_000);
    assert!(base.join(&long).is_err());
}

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
fn what_is_not_followed() {
    for response in [
        to(300, "/new"),
        to(304, "/new").replace("bye", ""),
        to(305, "/new"),
        to(306, "/new"),
        to(201, "/new"),
        "HTTP/1.1 302 x\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let connect = Connector::new([Script::answers(&[&response, OK])]);
        let (status, _, _) = fetch(&agent(&connect), Call::get("http://a/")).unwrap();
        assert_ne!(status, 200, "{response}");
        assert_eq!(connect.log(0).text().matches("GET").count(), 1);
    }
    let connect = Connector::new([Script::answers(&[&to(302, "/new"), OK])]);
    let agent = agent(&connect).redirects(Redirects::NONE);
    let (status, at, body) = fetch(&agent, Call::get("http://a/")).unwrap();
    assert_eq!(
        (status, at.as_str(), body.as_str()),
        (302, "http://a/", "bye")
    );
}

#[test]
fn a_call_may_have_a_policy_of_its_own() {
    let connect = Connector::new([Script::answers(&[&to(302, "/new"), OK])]);
    let agent = agent(&connect);
    let policy = Policy {
        redirects: Redirects::NONE,
        ..Policy::default()
    };
    let call = Call::get("http://a/").policy(policy);
    assert_eq!(fetch(&agent, call).unwrap().0, 302);
    assert_eq!(fetch(&agent, Call::get("http://a/")).unwrap().0, 200);
}

#[test]
fn credentials_stay_with_their_origin() {
    // CVE-2018-1000007, CVE-2022-27774, CVE-2022-27776, CVE-2025-14524.
    let secrets = [
        ("Authorization", "Basic c2VjcmV0"),
        ("Cookie", "sid=secret"),
        ("Proxy-Authorization", "Basic c2VjcmV0"),
        ("Referer", "http://a/?secret"),
    ];
    for (location, crosses) in [
        ("/new", false),
        ("http://a:80/new", false),
        ("HTTP://A/new", false),
        ("http://b/new", true),
        ("http://a:81/new", true),
        ("https://a/new", true),
        ("https://a:80/new", true),
        ("http://a.b/new", true),
        ("//b/new", true),
    ] {
        let call = secrets
            .iter()
            .fold(Call::get("http://a/"), |call, (name, value)| {
                call.header(name, value)
            });
        let requests = after(302, location, call.header("X-Kept", "1")).unwrap();
        let second = &requests[1];
        assert!(second.contains("X-Kept"), "{location}");
        for (name, value) in secrets {
            assert!(requests[0].contains(value));
            assert_eq!(second.contains(name), !crosses, "{location}: {second}");
        }
    }
}

#[test]
fn credentials_do_not_come_back() {
    let connect = Connector::new([
        Script::answers(&[&to(302, "http://b/"), OK]),
        Script::answers(&[&to(302, "http://a/home")]),
    ]);
    let call = Call::get("http://a/").header("Authorization", "Bearer secret");
    fetch(&agent(&connect), call).unwrap();
    assert_eq!(connect.log(0).text().matches("secret").count(), 1);
    assert_eq!(connect.log(0).text().matches("GET").count(), 2);
    assert!(!connect.log(1).text().contains("secret"));
}

#[test]
fn a_client_certificate_is_never_presented_to_another_origin_after_a_redirect() {
    // A certificate is part of the key. Also when another origin leads back: neither over a new
    // connection nor over the first one.
    let (own, others) = (1, 2);
    let connect = Connector::new([
        Script::answers(&[&to(302, "/own"), &to(302, "https://b/"), OK]),
        Script::answers(&[&to(302, "https://a/back")]),
        Script::answers(&[OK]),
    ]);
    let agent = agent(&connect);
    let keys = Keys {
        own: &own,
        others: &others,
    };
    let ask = |call| {
        run(async {
            let mut response = agent.send(call, keys).await?;
            response.read_to_end(1 << 20).await?;
            response.done().await;
            Ok::<_, Error>(())
        })
    };
    ask(Call::get("https://a/")).unwrap();
    let made: Vec<_> = connect
        .logs
        .lock()
        .unwrap()
        .iter()
        .map(|log| (log.target.clone(), log.key))
        .collect();
    let expected = [("Https a 443", 1), ("Https b 443", 2), ("Https a 443", 2)];
    assert_eq!(made, expected.map(|(target, key)| (target.to_owned(), key)));
    assert_eq!(connect.log(0).text().matches("GET").count(), 2);
    // The next call to the first origin has the certificate again.
    ask(Call::get("https://a/")).unwrap();
    assert_eq!(connect.log(0).text().matches("GET").count(), 3);
}

#[test]
fn nothing_of_a_call_is_in_the_next_one() {
    // CVE-2026-9546: a Referer that was taken back. CVE-2026-6276: a host, and with it cookies.
    let connect = Connector::new([Script::answers(&[OK, OK])]);
    let agent = agent(&connect);
    let mut jar = Jar::default();
    jar.read("a\tFALSE\t/\tFALSE\t0\tsid\tsecret\n", Duration::ZERO)
        .unwrap();
    let credentials = Credentials::bearer(b"secret").unwrap();
    let call = Call::get("http://a/first")
        .header("Referer", "http://elsewhere/?secret")
        .credentials(Some(&credentials))
        .jar(&mut jar);
    fetch(&agent, call).unwrap();
    assert_eq!(connect.log(0).text().matches("secret").count(), 3);
    fetch(&agent, Call::get("http://a/second")).unwrap();
    let text = connect.log(0).text();
    let (_, second) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(second, "GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn forbidden() {
    for (from, location, allowed) in [
        ("https://a/", "http://a/", false),
        ("https://a/", "https://b/", true),
        ("http://a/", "https://a/", true),
        ("http://a/", "file:///c:/windows", false),
        ("http://a/", "ftp://b/", false),
        ("http://a/", "http://user@a/", false),
        ("http://a/", "\\\\server\\share", false),
        ("http://a/", "/a\u{e9}", false),
        // From elsewhere to this machine or its link.
        ("http://a/", "http://localhost/", false),
        ("http://a/", "http://x.LOCALHOST/", false),
        ("http://a/", "http://127.0.0.1/", false),
        ("http://a/", "http://127.9.9.9:8080/", false),
        ("http://a/", "http://[::1]/", false),
        ("http://a/", "http://[::ffff:127.0.0.1]/", false),
        ("http://a/", "http://0.0.0.0/", false),
        ("http://a/", "http://[::]/", false),
        (
            "http://a/",
            "http://169.254.169.254/latest/meta-data",
            false,
        ),
        ("http://a/", "http://[fe80::1]/", false),
        ("http://a/", "http://192.168.1.1/", true),
        ("http://127.0.0.1/", "http://localhost:81/", true),
        ("http://localhost/", "http://127.0.0.1:81/", true),
    ] {
        let connect = Connector::new([
            Script::answers(&[&to(302, location)]),
            Script::answers(&[OK]),
        ]);
        let result = fetch(&agent(&connect), Call::get(from));
        match allowed {
            true => assert_eq!(result.unwrap().0, 200, "{from} {location}"),
            false => {
                assert_eq!(
                    result.unwrap_err().kind,
                    Kind::RedirectRefused,
                    "{from} {location}"
                );
                assert_eq!(connect.made(), 1);
            }
        }
    }
}

#[test]
fn policies() {
    let connect = Connector::new([
        Script::answers(&[&to(302, "http://localhost/")]),
        Script::answers(&[OK]),
    ]);
    let local = agent(&connect).redirects(Redirects {
        to_local: true,
        ..Redirects::default()
    });
    assert_eq!(fetch(&local, Call::get("http://a/")).unwrap().0, 200);

    for (location, allowed) in [("/b", true), ("http://a:81/", false), ("https://a/", false)] {
        let connect = Connector::new([
            Script::answers(&[&to(302, location), OK]),
            Script::answers(&[OK]),
        ]);
        let same = agent(&connect).redirects(Redirects {
            same_origin: true,
            ..Redirects::default()
        });
        let result = fetch(&same, Call::get("http://a/"));
        assert_eq!(result.is_ok(), allowed, "{location}");
    }
}

#[test]
fn two_locations() {
    let response = "HTTP/1.1 302 x\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let connect = Connector::new([Script::answers(&[response])]);
    let error = fetch(&agent(&connect), Call::get("http://a/")).unwrap_err();
    assert_eq!(error.kind, Kind::RedirectRefused);
}

#[test]
fn the_limit() {
    let hops: Vec<_> = (0..20).map(|hop| to(302, &format!("/{hop}"))).collect();
    let hops: Vec<_> = hops.iter().map(String::as_str).collect();
    for limit in [1, 5, 10] {
        let mut answers = hops[..limit].to_vec();
        answers.push(OK);
        let policy = Redirects {
            limit: u32::try_from(limit).unwrap(),
            ..Redirects::default()
        };
        let connect = Connector::new([Script::answers(&answers)]);
        let (status, ..) =
            fetch(&agent(&connect).redirects(policy), Call::get("http://a/")).unwrap();
        assert_eq!(status, 200);

        let connect = Connector::new([Script::answers(&hops)]);
        let error = fetch(&agent(&connect).redirects(policy), Call::get("http://a/")).unwrap_err();
        assert_eq!(error.kind, Kind::TooManyRedirects);
        assert_eq!(connect.log(0).text().matches("GET").count(), limit + 1);
    }
}

#[test]
fn circles() {
    for circle in [
        vec!["/"],
        vec!["/1", "/2", "/1"],
        vec!["#x"],
        vec!["http://a:80/"],
    ] {
        let answers: Vec<_> = circle.iter().map(|at| to(302, at)).collect();
        let mut answers: Vec<_> = answers.iter().map(String::as_str).collect();
        let count = answers.len();
        answers.push(OK);
        let connect = Connector::new([Script::answers(&answers)]);
        let error = fetch(&agent(&connect), Call::get("http://a/")).unwrap_err();
        assert_eq!(error.kind, Kind::TooManyRedirects, "{circle:?}");
        assert_eq!(connect.log(0).text().matches("GET").count(), count);
    }
    // A POST that becomes a GET of the same URL is none.
    let connect = Connector::new([Script::answers(&[&to(303, "/"), OK])]);
    assert_eq!(
        fetch(&agent(&connect), Call::post("http://a/", b"x"))
            .unwrap()
            .0,
        200
    );
}

#[test]
fn a_long_circle_in_bounded_memory() {
    // Each leads to the next one of 200, and the last to the first: noticed on the second way round, at
    // the latest when twice the next power of two were followed.
    let hops: Vec<_> = (0..700)
        .map(|hop| to(302, &format!("/{}", (hop + 1) % 200)))
        .collect();
    let hops: Vec<_> = hops.iter().map(String::as_str).collect();
    let connect = Connector::new([Script::answers(&hops)]);
    let agent = agent(&connect).redirects(Redirects {
        limit: u32::MAX,
        ..Redirects::default()
    });
    let error = fetch(&agent, Call::get("http://a/0")).unwrap_err();
    assert_eq!(error.kind, Kind::TooManyRedirects);
    let requests = connect.log(0).text().matches("GET").count();
    assert!((400..=512).contains(&requests), "{requests}");
}

#[test]
fn a_trace_says_nothing_secret() {
    // RFC 9110 section 9.3.8.
    let basic = Credentials::basic(b"u", b"p").unwrap();
    for (method, says) in [("TRACE", false), ("GET", true)] {
        let connect = Connector::new([Script::answers(&[OK])]);
        let mut jar = Jar::new();
        let text = "a\tFALSE\t/\tFALSE\t0\tj\tv\n";
        jar.read(text, Duration::ZERO).unwrap();
        let call = Call::new(method, "http://a/").jar(&mut jar);
        fetch(&agent(&connect), call.credentials(Some(&basic))).unwrap();
        let sent = connect.log(0).text();
        assert_eq!(sent.contains("Authorization: Basic"), says, "{sent}");
        assert_eq!(sent.contains("Cookie: j=v"), says, "{sent}");
    }
    for name in ["Authorization", "cookie", "Proxy-Authorization"] {
        let connect = Connector::new([]);
        let call = Call::new("TRACE", "http://a/").header(name, "x");
        let error = fetch(&agent(&connect), call).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidRequest);
    }
}

#[test]
fn a_line_without_an_end_does_not_take_in_the_next() {
    // It would go to the other origin under the next one's name.
    for lines in [
        &b"Authorization: s"[..],
        b"A: b\r\nAuthorization: s\n",
        b"A: b\r",
    ] {
        let call = Call::get("http://a/").lines(lines).header("X", "y");
        let connect = Connector::new([Script::answers(&[&to(302, "http://b/")])]);
        let error = fetch(&agent(&connect), call).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidRequest);
        assert_eq!(connect.made(), 0);
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

#[test]
fn a_bad_call_says_what_is_wrong_when_sent() {
    for (call, kind) in [
        (Call::get("ftp://a/"), Kind::UnsupportedScheme),
        (
            Call::get("http://a/").header("X", "a\r\nY: b"),
            Kind::InvalidRequest,
        ),
        (
            Call::get("http://a/")
                .header("Bad Name", "x")
                .header("X", "y"),
            Kind::InvalidRequest,
        ),
        (
            Call::get("http://a/").lines(b"no colon\r\n"),
            Kind::InvalidRequest,
        ),
        (
            Call::get("http://a/").header("Host", "b"),
            Kind::InvalidRequest,
        ),
        (Call::new("B AD", "http://a/"), Kind::InvalidRequest),
    ] {
        let connect = Connector::new([]);
        assert_eq!(fetch(&agent(&connect), call).unwrap_err().kind, kind);
    }
}
