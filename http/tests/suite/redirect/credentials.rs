//! Credentials: what goes to which origin.

use std::time::Duration;

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Call, Credentials, Jar, Keys};

use super::{OK, agent, fetch, to};
use crate::support::run;
use crate::support::script::{Connector, Script};

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
