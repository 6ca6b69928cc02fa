//! Jars as text: the format of Netscape's files.

use std::time::Duration;

use wskhttp_http::{Agent, Call, Jar};

use crate::support::script::{Connector, Script};
use crate::support::{FakeClock, Lock, run};

/// The format of Netscape's files, which curl reads and writes.
#[test]
fn jars_are_written_and_read() {
    let now = Duration::from_secs(1_000_000_000);
    let text = "# Netscape HTTP Cookie File\n\
        #HttpOnly_a.test\tFALSE\t/p\tTRUE\t2000000000\tsid\tx y=z\n\
        .b.test\tTRUE\t/\tFALSE\t0\tname\t\r\n";
    let mut jar = Jar::new();
    jar.read(text, now).unwrap();
    assert_eq!(jar.len(), 2);
    let mut out = Vec::new();
    jar.write(&mut out, now).unwrap();
    let written = String::from_utf8(out).unwrap();
    assert_eq!(
        written,
        "a.test\tFALSE\t/p\tTRUE\t2000000000\tsid\tx y=z\n\
         b.test\tFALSE\t/\tFALSE\t0\tname\t\n"
    );
    let mut again = Jar::new();
    again.read(&written, now).unwrap();
    let mut out = Vec::new();
    again.write(&mut out, now).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), written);
    // Later, one has expired.
    let mut out = Vec::new();
    again.write(&mut out, now * 3).unwrap();
    assert!(!String::from_utf8(out).unwrap().contains("sid"));
}

#[test]
fn lines_that_are_no_cookies() {
    for line in [
        "",
        "#",
        "a.test\tFALSE\t/\tFALSE\t0\tname",
        "a.test\tFALSE\tp\tFALSE\t0\tn\tv",
        "\tFALSE\t/\tFALSE\t0\tn\tv",
        "A.test\tFALSE\t/\tFALSE\t0\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t0\t\tv",
        "a.test\tFALSE\t/\tFALSE\tsoon\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t-1\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t1\tn\tv",
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv; w",
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv\u{1}",
        "a.test\tFALSE\t/\tFALSE\t0\tn\tv\tw",
        "a.test\tFALSE\t/\tFALSE\t0\tn\t\u{e9}",
    ] {
        let mut jar = Jar::new();
        jar.read(line, Duration::from_secs(9)).unwrap();
        assert!(jar.is_empty(), "{line:?}");
    }
}

#[test]
fn what_is_read_is_sent_to_its_host_alone() {
    let text = "a.test\tTRUE\t/p\tTRUE\t0\tn\tv\n";
    for (url, expected) in [
        ("https://a.test/p", Some("n=v")),
        ("https://sub.a.test/p", None),
        ("https://a.test/", None),
        ("http://a.test/p", None),
    ] {
        let connect = Connector::new([Script::answers(&["HTTP/1.1 204 x\r\n\r\n"])]);
        let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
        let mut jar = Jar::new();
        jar.read(text, Duration::ZERO).unwrap();
        let call = Call::get(url).jar(&mut jar);
        run(async { agent.send(call, &0).await.unwrap().done().await });
        let text = connect.log(0).text();
        let sent = text
            .lines()
            .find_map(|line| line.strip_prefix("Cookie: "))
            .map(str::to_owned);
        assert_eq!(sent.as_deref(), expected, "{url}");
    }
}
