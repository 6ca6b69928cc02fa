//! How long it is waited before a retry, and until when.

use std::time::Duration;

use wskhttp_core::io::{Clock, Kind};
use wskhttp_http::{Agent, Deadlines, Retries};

use super::{OK, THREE, get, try_over, try_with, turned_away};
use crate::support::script::{Connector, Script};
use crate::support::{FakeClock, Lock, run};

#[test]
fn back_off_has_full_jitter() {
    let away = turned_away(503, "");
    let answers: Vec<_> = (0..9).map(|_| away.as_str()).collect();
    let retries = Retries {
        limit: 8,
        backoff: Duration::from_secs(1),
        longest: Duration::from_secs(20),
        within: None,
    };
    let most = [1, 2, 4, 8, 16, 20, 20, 20];
    let mut totals = Vec::new();
    for seed in 0..20 {
        let clock = FakeClock::default();
        let connect = Connector::new([Script::answers(&answers)]);
        let agent: Agent<_, _, Lock> = Agent::new(connect, clock.clone()).unwrap();
        let agent = agent.retries(retries).seed([seed; 32]);
        run(agent.send(get(), &0)).unwrap();
        assert!(clock.now() <= Duration::from_secs(most.iter().sum()));
        totals.push(clock.now());
    }
    totals.sort();
    totals.dedup();
    assert!(totals.len() > 15, "{totals:?}");
    let mean = totals.iter().sum::<Duration>().as_secs() / totals.len() as u64;
    // Half of 91 on average.
    assert!((30..62).contains(&mean), "{mean}");
}

#[test]
fn retry_after() {
    let none = Duration::ZERO;
    for (value, least) in [
        ("5", Duration::from_secs(5)),
        ("0", none),
        ("59", Duration::from_secs(59)),
        // The clock begins at 1970; RFC 9110 section 5.6.7 has these three forms.
        ("Thu, 01 Jan 1970 00:00:30 GMT", Duration::from_secs(30)),
        ("Thursday, 01-Jan-70 00:00:30 GMT", Duration::from_secs(30)),
        ("Thu Jan  1 00:00:30 1970", Duration::from_secs(30)),
        ("soon", none),
        ("-5", none),
        ("5.5", none),
        ("Thu, 32 Jan 1970 00:00:30 GMT", none),
        ("Thu, 01 Jan 1970 00:00:30 CET", none),
        ("Thu, 01 Jan 1970 00:00:30", none),
    ] {
        let away = turned_away(503, &format!("Retry-After: {value}\r\n"));
        let tried = try_with(&[&away, OK], THREE, get());
        assert_eq!(tried.result.unwrap(), 200, "{value}");
        let most = least.max(THREE.backoff);
        assert!(
            (least..=most).contains(&tried.took),
            "{value}: {:?}",
            tried.took
        );
    }
    for value in [
        "61",
        "99999999999999999999999",
        "Thu, 01 Jan 1970 00:01:01 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let away = turned_away(429, &format!("Retry-After: {value}\r\n"));
        let tried = try_with(&[&away, OK], THREE, get());
        assert_eq!((tried.result.unwrap(), tried.requests), (429, 1), "{value}");
        assert_eq!(tried.took, none);
    }
}

#[test]
fn dates() {
    // Seconds since 1970, through what they let the client wait.
    for (date, at) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Sat, 29 Feb 1992 00:00:00 GMT", 699_321_600),
        ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
        ("Sat, 01 Mar 2025 00:00:00 GMT", 1_740_787_200),
        ("Tue, 31 Dec 2069 23:59:60 GMT", 3_155_760_000),
    ] {
        let clock = FakeClock::default();
        clock.advance(Duration::from_secs(at - 20));
        let away = turned_away(503, &format!("Retry-After: {date}\r\n"));
        let connect = Connector::new([Script::answers(&[&away, OK])]);
        let agent: Agent<_, _, Lock> = Agent::new(connect, clock.clone()).unwrap().retries(THREE);
        run(agent.send(get(), &0)).unwrap();
        assert_eq!(clock.now(), Duration::from_secs(at), "{date}");
    }
}

#[test]
fn not_beyond_the_total_deadline() {
    let away = turned_away(503, "Retry-After: 30\r\n");
    let deadlines = |seconds| Deadlines {
        total: Some(Duration::from_secs(seconds)),
        ..Deadlines::default()
    };
    let tried = try_with(&[&away, OK], THREE, get().deadlines(deadlines(30)));
    assert_eq!((tried.result.unwrap(), tried.took), (503, Duration::ZERO));
    let tried = try_with(&[&away, OK], THREE, get().deadlines(deadlines(31)));
    assert_eq!(tried.result.unwrap(), 200);
    // A try that used all the time up is the last one.
    let silent = vec![Script::new([]), Script::answers(&[OK])];
    let tried = try_over(&[], silent, THREE, get().deadlines(deadlines(5)));
    assert_eq!(tried.result.unwrap_err().kind, Kind::TimedOut);
    assert_eq!(tried.took, Duration::from_secs(5));
}

#[test]
fn not_later_than_allowed() {
    let away = turned_away(503, "Retry-After: 10\r\n");
    let within = |seconds| Retries {
        within: Some(Duration::from_secs(seconds)),
        ..THREE
    };
    let tried = try_with(&[&away, &away, OK], within(20), get());
    assert_eq!((tried.result.unwrap(), tried.requests), (200, 3));
    let tried = try_with(&[&away, &away, OK], within(19), get());
    assert_eq!((tried.result.unwrap(), tried.requests), (503, 2));
}
