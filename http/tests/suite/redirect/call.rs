//! A call: its own policy, its own fields, and one that is wrong.

use std::time::Duration;

use wskhttp_core::io::Kind;
use wskhttp_http::{Call, Credentials, Jar, Policy, Redirects};

use super::{OK, agent, fetch, to};
use crate::support::script::{Connector, Script};

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
