//! Credentials: RFC 7617, RFC 6750, RFC 7616; attacks.md section 1, "H redirect/auth".

use sha2::{Digest, Sha256};
use wskhttp_core::io::Kind;
use wskhttp_http::{Agent, Body, Call, Credentials};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn asks(challenge: &str) -> String {
    format!("HTTP/1.1 401 x\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 2\r\n\r\nno")
}

/// Status, and what each request on the first connection said of the caller.
fn fetch(answers: &[&str], call: Call<'_>) -> (u16, Vec<Option<String>>) {
    let connect = Connector::new([Script::answers(answers), Script::answers(&[OK])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    let status = run(async {
        let response = agent.send(call, &0).await.unwrap();
        response.head().status()
    });
    let logs = connect.logs.lock().unwrap();
    let said = |head: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix("Authorization: ").map(str::to_owned))
    };
    let texts = logs.iter().map(|log| log.text());
    let said = texts.flat_map(|text| {
        text.split_terminator("\r\n\r\n")
            .map(said)
            .collect::<Vec<_>>()
    });
    (status, said.collect())
}

fn get() -> Call<'static> {
    Call::get("http://a/x?y")
}

#[test]
fn basic_and_bearer() {
    for (credentials, value) in [
        // RFC 7617 section 2.
        (
            Credentials::basic(b"Aladdin", b"open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (
            Credentials::basic("test".as_bytes(), "123\u{a3}".as_bytes()),
            "Basic dGVzdDoxMjPCow==",
        ),
        (Credentials::basic(b"", b""), "Basic Og=="),
        (Credentials::basic(b"u", b"a:b"), "Basic dTphOmI="),
        (
            Credentials::bearer(b"mF_9.B5f-4.1JqM"),
            "Bearer mF_9.B5f-4.1JqM",
        ),
    ] {
        let credentials = credentials.unwrap();
        let (status, said) = fetch(&[OK], get().credentials(Some(&credentials)));
        assert_eq!((status, said), (200, vec![Some(value.to_owned())]));
        assert!(!format!("{credentials:?}").contains("sesame"));
    }
    for bad in [
        Credentials::basic(b"a:b", b"x"),
        Credentials::basic(b"a\r\nX: y", b"x"),
        Credentials::basic(b"a", b"x\n"),
        Credentials::digest(b"a\0", b"x"),
        Credentials::bearer(b""),
        Credentials::bearer(b"a b"),
        Credentials::bearer(b"a\r\n"),
        Credentials::bearer(b"a,b"),
    ] {
        assert_eq!(bad.err().unwrap().kind, Kind::InvalidRequest);
    }
}

#[test]
fn a_field_of_the_caller_takes_precedence() {
    let credentials = Credentials::basic(b"a", b"b").unwrap();
    let call = get()
        .header("authorization", "Own x")
        .credentials(Some(&credentials));
    let connect = Connector::new([Script::answers(&[OK])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    run(agent.send(call, &0)).unwrap();
    assert_eq!(
        connect
            .log(0)
            .text()
            .to_lowercase()
            .matches("authorization")
            .count(),
        1
    );
}

#[test]
fn credentials_stay_with_their_origin() {
    let digest = Credentials::digest(b"a", b"b").unwrap();
    let challenge = asks("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    for credentials in [
        Credentials::basic(b"a", b"b").unwrap(),
        Credentials::bearer(b"t").unwrap(),
    ] {
        for (location, kept) in [
            ("/y", true),
            ("http://b/", false),
            ("https://a/", false),
            ("http://a:81/", false),
        ] {
            let redirect =
                format!("HTTP/1.1 302 x\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let (_, said) = fetch(&[&redirect, OK], get().credentials(Some(&credentials)));
            assert!(said[0].is_some());
            assert_eq!(said[1].is_some(), kept, "{location}");
        }
    }
    // A challenge of another origin is not answered.
    let redirect = "HTTP/1.1 302 x\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n";
    let connect = Connector::new([
        Script::answers(&[redirect]),
        Script::answers(&[&challenge, OK]),
    ]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    let response = run(agent.send(get().credentials(Some(&digest)), &0)).unwrap();
    assert_eq!(response.head().status(), 401);
    assert!(!connect.log(1).text().contains("Authorization"));
}

fn field<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = value.split_once(&format!("{name}="))?;
    let end = rest.find(", ").unwrap_or(rest.len());
    Some(rest[..end].trim_matches('"'))
}

fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn digest() {
    let credentials = Credentials::digest(b"Mufasa", b"Circle of Life").unwrap();
    let call = || get().credentials(Some(&credentials));
    let challenge = "Digest realm=\"a, \\\"b\\\"\", qop=\"auth-int, auth\", algorithm=SHA-256, nonce=\"n/1\", opaque=\"o\"";
    let (status, said) = fetch(&[&asks(challenge), OK], call());
    assert_eq!((status, said.len()), (200, 2));
    assert_eq!(said[0], None);
    let value = said[1].clone().unwrap();
    assert!(
        value.starts_with(
            "Digest username=\"Mufasa\", realm=\"a, \\\"b\\\"\", nonce=\"n/1\", uri=\"/x?y\", "
        ),
        "{value}"
    );
    assert_eq!(field(&value, "algorithm"), Some("SHA-256"));
    assert_eq!(field(&value, "opaque"), Some("o"));
    assert_eq!(field(&value, " nc"), Some("00000001"));
    assert_eq!(field(&value, "qop"), Some("auth"));
    let cnonce = field(&value, "cnonce").unwrap();
    assert_eq!(cnonce.len(), 32);
    let first = sha256("Mufasa:a, \"b\":Circle of Life");
    let second = sha256("GET:/x?y");
    let expected = sha256(&format!("{first}:n/1:00000001:{cnonce}:auth:{second}"));
    assert_eq!(field(&value, "response"), Some(expected.as_str()));
    assert!(!value.contains("Circle"));
}

#[test]
fn digest_variants() {
    let credentials = Credentials::digest(b"u", b"p").unwrap();
    let call = || get().credentials(Some(&credentials));
    // The better algorithm wins, wherever it stands.
    let md5 = "Digest realm=\"r\", nonce=\"m\", qop=\"auth\", algorithm=MD5";
    let sha = "Digest realm=\"r\", nonce=\"s\", qop=\"auth\", algorithm=SHA-256";
    for challenge in [
        format!("{md5}, {sha}"),
        format!("{sha}, {md5}"),
        format!("Basic realm=\"x\", {sha}"),
        format!("Negotiate, Newauth abc==, {sha}"),
        format!("{md5}\r\nWWW-Authenticate: {sha}"),
        format!("{sha}\r\nWWW-Authenticate: {md5}"),
    ] {
        let (status, said) = fetch(&[&asks(&challenge), OK], call());
        let value = said[1].clone().unwrap_or_default();
        assert_eq!(
            (status, field(&value, "nonce")),
            (200, Some("s")),
            "{challenge}"
        );
    }
    // MD5 in the form of RFC 2069: echo -n of u:r:p, GET:/x?y through md5sum.
    let (_, said) = fetch(&[&asks("Digest realm=\"r\", nonce=\"n\""), OK], call());
    let value = said[1].clone().unwrap();
    assert!(
        field(&value, "cnonce").is_none() && field(&value, "response").unwrap().len() == 32,
        "{value}"
    );
    for algorithm in ["MD5-sess", "sha-256-SESS"] {
        let challenge = format!("Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm={algorithm}");
        let (status, said) = fetch(&[&asks(&challenge), OK], call());
        let value = said[1].clone().unwrap();
        assert_eq!(status, 200);
        if algorithm.starts_with("sha") {
            let cnonce = field(&value, "cnonce").unwrap();
            let first = sha256(&format!("{}:n:{cnonce}", sha256("u:r:p")));
            let expected = sha256(&format!(
                "{first}:n:00000001:{cnonce}:auth:{}",
                sha256("GET:/x?y")
            ));
            assert_eq!(field(&value, "response"), Some(expected.as_str()));
        }
    }
    let hides = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256, userhash=true";
    let (_, said) = fetch(&[&asks(hides), OK], call());
    let value = said[1].clone().unwrap();
    assert_eq!(field(&value, "username"), Some(sha256("u:r").as_str()));
    assert_eq!(field(&value, "userhash"), Some("true"));
}

#[test]
fn challenges_that_are_not_answered() {
    let credentials = Credentials::digest(b"u", b"p").unwrap();
    for challenge in [
        "Basic realm=\"r\"",
        "Digest",
        "Digest realm=\"r\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512",
        "Digest realm=\"r\", nonce=\"n\", nonce=\"m\"",
        "Digest realm=\"r\", nonce=\"n",
        "Digest realm=\"r\", nonce=\"a\"b\"",
        "Digest realm=\"r\", nonce=\"n\\",
        "Digest realm r nonce n",
        "=,=,=",
    ] {
        let (status, said) = fetch(
            &[&asks(challenge), OK],
            get().credentials(Some(&credentials)),
        );
        assert_eq!((status, said), (401, vec![None]), "{challenge}");
    }
}

#[test]
fn a_wrong_password_is_not_repeated() {
    let credentials = Credentials::digest(b"u", b"p").unwrap();
    let ask = asks("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    let stale = asks("Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true");
    for (answers, expected) in [
        (vec![ask.as_str(), &ask, OK], (401, 2)),
        (vec![&ask, &stale, OK], (200, 3)),
        (vec![&ask, &stale, &stale, OK], (401, 3)),
    ] {
        let (status, said) = fetch(&answers, get().credentials(Some(&credentials)));
        assert_eq!((status, said.len()), expected);
    }
}

#[test]
fn the_count_goes_on() {
    let credentials = Credentials::digest(b"u", b"p").unwrap();
    let ask = asks("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    let redirect = "HTTP/1.1 302 x\r\nLocation: /z\r\nContent-Length: 0\r\n\r\n";
    let (status, said) = fetch(&[&ask, redirect, OK], get().credentials(Some(&credentials)));
    assert_eq!(status, 200);
    let last = said[2].clone().unwrap();
    assert_eq!(
        (field(&last, " nc"), field(&last, "uri")),
        (Some("00000002"), Some("/z"))
    );
}

#[test]
fn a_streamed_body_is_not_sent_again() {
    let credentials = Credentials::digest(b"u", b"p").unwrap();
    let ask = asks("Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
    let script = Script::new([
        Act::AwaitHeads(1),
        Act::AwaitBytes(50),
        Act::Give(ask.into_bytes()),
    ]);
    let agent: Agent<_, _, Lock> =
        Agent::new(Connector::new([script]), FakeClock::default()).unwrap();
    let call = Call::new("PUT", "http://a/")
        .body(Body::Sized(5))
        .credentials(Some(&credentials));
    let status = run(async {
        let mut upload = agent.upload(call, &0).await.unwrap();
        upload.write(b"hello").await.unwrap();
        upload.finish().await.unwrap().head().status()
    });
    assert_eq!(status, 401);
}
