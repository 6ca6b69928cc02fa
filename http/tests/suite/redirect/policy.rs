//! Which redirects are followed.

use wskhttp_core::io::Kind;
use wskhttp_http::{Call, Redirects};

use super::{OK, agent, fetch, to};
use crate::support::script::{Connector, Script};

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
