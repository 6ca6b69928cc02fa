//! Cookies: RFC 6265; attacks.md section 1, "H redirect/auth": cookies to another origin.

mod jar;

use std::time::Duration;

use wskhttp_http::{Agent, Call, Jar};

use crate::support::script::{Connector, Script};
use crate::support::{FakeClock, Lock, run};

/// What a jar that got `set` from `from` sends to `to` after so many seconds.
fn sent_after(set: &[&str], from: &str, to: &str, seconds: u64) -> Option<String> {
    sent_since(1_000_000_000, set, from, to, seconds)
}

/// As above, with the clock at `start` seconds since 1970 at first.
fn sent_since(start: u64, set: &[&str], from: &str, to: &str, seconds: u64) -> Option<String> {
    let clock = FakeClock::default();
    clock.advance(Duration::from_secs(start));
    let lines: String = set
        .iter()
        .map(|set| format!("Set-Cookie: {set}\r\n"))
        .collect();
    let first = format!("HTTP/1.1 204 x\r\n{lines}Connection: close\r\n\r\n");
    let second = "HTTP/1.1 204 x\r\nConnection: close\r\n\r\n";
    let connect = Connector::new([Script::answers(&[&first]), Script::answers(&[second])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), clock.clone()).unwrap();
    let mut jar = Jar::new();
    run(async {
        agent
            .send(Call::get(from).jar(&mut jar), &0)
            .await
            .unwrap()
            .done()
            .await
    });
    clock.advance(Duration::from_secs(seconds));
    run(async {
        agent
            .send(Call::get(to).jar(&mut jar), &0)
            .await
            .unwrap()
            .done()
            .await
    });
    assert!(!connect.log(0).text().contains("Cookie"));
    let text = connect.log(1).text();
    text.lines()
        .find_map(|line| line.strip_prefix("Cookie: "))
        .map(str::to_owned)
}

fn sent(set: &[&str], from: &str, to: &str) -> Option<String> {
    sent_after(set, from, to, 0)
}

const A: &str = "http://a.test/dir/page";

#[test]
fn hosts_and_schemes() {
    for (set, from, to, expected) in [
        ("n=v", A, A, true),
        ("n=v", A, "http://a.test:81/dir/x", true),
        ("n=v", A, "https://a.test/dir/x", true),
        ("n=v", A, "http://b.test/dir/x", false),
        ("n=v", A, "http://sub.a.test/dir/x", false),
        ("n=v; Domain=a.test", A, A, true),
        ("n=v; domain=.A.TEST", A, A, true),
        // Never for others than the host that set it, whatever it says.
        ("n=v; Domain=a.test", "http://sub.a.test/dir/x", A, false),
        (
            "n=v; Domain=a.test",
            "http://sub.a.test/dir/x",
            "http://sub.a.test/dir/x",
            true,
        ),
        ("n=v; Domain=b.test", A, A, false),
        ("n=v; Domain=evil-a.test", A, A, false),
        ("n=v; Domain=sub.a.test", A, A, false),
        (
            "n=v; Domain=0.0.1",
            "http://127.0.0.1/",
            "http://127.0.0.1/",
            false,
        ),
        ("n=v; Secure", "https://a.test/", "https://a.test/", true),
        ("n=v; Secure", "https://a.test/", "http://a.test/", false),
        ("n=v; Secure", "http://a.test/", "https://a.test/", false),
        (
            "__Secure-n=v; Secure",
            "https://a.test/",
            "https://a.test/",
            true,
        ),
        ("__Secure-n=v", "https://a.test/", "https://a.test/", false),
        (
            "__Host-n=v; Secure; Path=/",
            "https://a.test/",
            "https://a.test/",
            true,
        ),
        (
            "__Host-n=v; Secure; Path=/; Domain=a.test",
            "https://a.test/",
            "https://a.test/",
            false,
        ),
        (
            "__host-n=v; Secure; Path=/x",
            "https://a.test/x",
            "https://a.test/x",
            false,
        ),
    ] {
        assert_eq!(
            sent(&[set], from, to).is_some(),
            expected,
            "{set} {from} {to}"
        );
    }
}

#[test]
fn paths() {
    // RFC 6265 section 5.1.4.
    for (set, to, expected) in [
        ("n=v", "http://a.test/dir", true),
        ("n=v", "http://a.test/dir/", true),
        ("n=v", "http://a.test/dir/sub/x?y", true),
        ("n=v", "http://a.test/dirx", false),
        ("n=v", "http://a.test/", false),
        ("n=v; Path=/", "http://a.test/other", true),
        ("n=v; Path=/o", "http://a.test/o/x", true),
        ("n=v; Path=/o", "http://a.test/other", false),
        ("n=v; Path=/o/", "http://a.test/o/x", true),
        ("n=v; Path=relative", "http://a.test/dir/x", true),
        ("n=v; Path", "http://a.test/x", false),
    ] {
        assert_eq!(sent(&[set], A, to).is_some(), expected, "{set} {to}");
    }
    let set = [
        "a=1; Path=/",
        "b=2; Path=/dir",
        "c=3; Path=/",
        "d=4; Path=/dir/sub",
    ];
    assert_eq!(
        sent(&set, A, "http://a.test/dir/sub/").as_deref(),
        Some("d=4; b=2; a=1; c=3")
    );
}

#[test]
fn lifetimes() {
    // The clock stands at 2001-09-09 01:46:40.
    for (set, seconds, alive) in [
        ("n=v", 1_000_000, true),
        ("n=v; Max-Age=10", 9, true),
        ("n=v; Max-Age=10", 10, false),
        ("n=v; Max-Age=0", 0, false),
        ("n=v; Max-Age=-1", 0, false),
        ("n=v; Max-Age=x", 100, true),
        ("n=v; Max-Age=99999999999999999999999", 100, true),
        ("n=v; Expires=Sun, 09 Sep 2001 01:46:50 GMT", 9, true),
        ("n=v; Expires=Sun, 09 Sep 2001 01:46:50 GMT", 10, false),
        ("n=v; Expires=Sun, 09-Sep-2001 01:46:50 GMT", 10, false),
        ("n=v; Expires=Sunday, 09-Sep-01 01:46:50 GMT", 9, true),
        ("n=v; expires=sep 9 01:46:50 2001", 10, false),
        ("n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0, false),
        ("n=v; Expires=never", 100, true),
        (
            "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10",
            5,
            true,
        ),
    ] {
        assert_eq!(
            sent_after(&[set], A, A, seconds).is_some(),
            alive,
            "{set} {seconds}"
        );
    }
}

/// RFC 6265 section 5.1.1.
#[test]
fn dates() {
    // The clock stands at 2026-11-21 00:00:00 and again ten seconds later.
    let start = 1_795_219_200;
    for (date, alive) in [
        // Deletions.
        ("Thu, 01-Jan-70 00:00:01 GMT", [false, false]),
        ("Thursday, 01-Jan-70 00:00:01 GMT", [false, false]),
        ("Fri, 31-Dec-99 23:59:59 GMT", [false, false]),
        ("Wed, 31 Dec 1969 23:59:59 GMT", [false, false]),
        ("Mon, 01 Jan 1601 00:00:00 GMT", [false, false]),
        ("Tue, 29 Feb 1604 00:00:00 GMT", [false, false]),
        // Two digits up to 69 are of this century.
        ("Sat, 21-Nov-26 00:00:05 GMT", [true, false]),
        ("Sun, 06-Nov-69 00:00:00 GMT", [true, true]),
        // One digit, in any order, and with something behind.
        ("Sat, 21 Nov 2026 0:0:5 GMT", [true, false]),
        ("2026 November 21 00:00:05", [true, false]),
        ("00:00:05x 21th nov-2026x", [true, false]),
        ("sat 21/NOV/2026/00:00:05", [true, false]),
        // No dates: the cookie is one of the session.
        ("Sun, 31 Dec 1600 23:59:59 GMT", [true, true]),
        ("Tue, 29 Feb 2001 00:00:00 GMT", [true, true]),
        ("Tue, 29 Feb 1602 00:00:00 GMT", [true, true]),
        ("Thu, 00 Jan 1970 00:00:00 GMT", [true, true]),
        ("Thu, 32 Jan 1970 00:00:00 GMT", [true, true]),
        ("Thu, 01 Jan 1970 24:00:00 GMT", [true, true]),
        ("Thu, 01 Jan 1970 00:60:00 GMT", [true, true]),
        ("Thu, 01 Jan 1970 00:00:60 GMT", [true, true]),
        ("Thu, 01 Jan 1970 000:00:00 GMT", [true, true]),
        ("Thu, 01 Jan 1970 00:00 GMT", [true, true]),
        ("Thu, 01 Jan 19700 00:00:00 GMT", [true, true]),
        // What looks like a year first is the year.
        ("00:00:00.123 01 Jan 1970", [true, true]),
        ("Thu, 01 1970 00:00:00 GMT", [true, true]),
    ] {
        let set = format!("n=v; Expires={date}");
        let seen = [0, 10].map(|later| sent_since(start, &[&set], A, A, later).is_some());
        assert_eq!(seen, alive, "{date}");
    }
}

/// RFC 6265 section 5.4: no more than one field.
#[test]
fn cookies_of_the_caller() {
    let fields = |call: Call<'_>, filled: bool| {
        let connect = Connector::new([Script::answers(&["HTTP/1.1 204 x\r\n\r\n"])]);
        let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
        let mut jar = Jar::new();
        if filled {
            let text = "a.test\tFALSE\t/\tFALSE\t0\tj\tv\n";
            jar.read(text, Duration::ZERO).unwrap();
        }
        run(async {
            agent
                .send(call.jar(&mut jar), &0)
                .await
                .unwrap()
                .done()
                .await
        });
        let text = connect.log(0).text();
        let fields = text
            .lines()
            .filter(|line| line.to_lowercase().contains("cookie"));
        fields.map(str::to_owned).collect::<Vec<_>>()
    };
    let get = || Call::get("http://a.test/");
    let one = || get().header("cookie", "a=b");
    assert_eq!(fields(one(), true), ["Cookie: j=v; a=b"]);
    assert_eq!(
        fields(one().header("Cookie", "c=d"), true),
        ["Cookie: j=v; a=b; c=d"]
    );
    assert_eq!(fields(one(), false), ["cookie: a=b"]);
    assert_eq!(fields(get(), true), ["Cookie: j=v"]);
}

#[test]
fn values() {
    for (set, expected) in [
        ("n=v", Some("n=v")),
        (" n = v ; x", Some("n=v")),
        ("n=", Some("n=")),
        ("n=a=b", Some("n=a=b")),
        ("n=\"q\"", Some("n=\"q\"")),
        ("n", None),
        ("=v", None),
        ("", None),
        ("n=\u{e9}", None),
    ] {
        assert_eq!(sent(&[set], A, A).as_deref(), expected, "{set}");
    }
    assert_eq!(sent(&["n=1", "n=2"], A, A).as_deref(), Some("n=2"));
    assert_eq!(sent(&["n=1", "n=; Max-Age=0"], A, A), None);
    assert_eq!(sent(&["n=1", "N=2"], A, A).as_deref(), Some("n=1; N=2"));
    let long = format!("n={}", "x".repeat(5000));
    assert_eq!(sent(&[&long], A, A), None);
}

#[test]
fn bounds() {
    let clock = FakeClock::default();
    let mut jar = Jar::new();
    for host in 0..8 {
        let lines: String = (0..60).map(|n| format!("Set-Cookie: c{n}=v\r\n")).collect();
        let answer = format!("HTTP/1.1 204 x\r\n{lines}\r\n");
        let connect = Connector::new([Script::answers(&[&answer])]);
        let agent: Agent<_, _, Lock> = Agent::new(connect, clock.clone()).unwrap();
        let at = format!("http://h{host}/");
        run(async {
            agent
                .send(Call::get(&at).jar(&mut jar), &0)
                .await
                .unwrap()
                .done()
                .await
        });
        assert_eq!(jar.len(), (50 * (host + 1)).min(300), "{host}");
    }
    assert!(!format!("{jar:?}").contains("c1"));
}

#[test]
fn a_redirect_sets_and_gets_its_own() {
    let to_b = "HTTP/1.1 302 x\r\nSet-Cookie: a=1\r\nLocation: http://b.test/\r\nContent-Length: 0\r\n\r\n";
    let back = "HTTP/1.1 302 x\r\nSet-Cookie: b=2\r\nLocation: http://a.test/\r\nContent-Length: 0\r\n\r\n";
    let end = "HTTP/1.1 204 x\r\n\r\n";
    let connect = Connector::new([Script::answers(&[to_b, end]), Script::answers(&[back])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
    let mut jar = Jar::new();
    // The same URL again is no circle, since the cookie may change the answer.
    run(async {
        agent
            .send(Call::get("http://a.test/").jar(&mut jar), &0)
            .await
            .unwrap()
            .done()
            .await
    });
    assert!(!connect.log(1).text().contains("Cookie"));
    assert!(
        connect
            .log(0)
            .text()
            .ends_with("Host: a.test\r\nCookie: a=1\r\n\r\n")
    );
}
