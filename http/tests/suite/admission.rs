//! How many exchanges run at once.

use std::pin::pin;
use std::time::Duration;

use wskhttp_core::io::{Clock, Kind, Phase};
use wskhttp_http::{Body, Deadlines, Limits, Request};

use crate::support::script::{Connector, Script};
use crate::support::{poll_once, run, url, with_limits};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn scripts(count: usize) -> Connector {
    Connector::new(vec![Script::answers(&[OK; 4]); count])
}

fn limits(total: usize, per_origin: usize, queue: usize) -> Limits {
    Limits {
        active_total: total,
        active_per_origin: per_origin,
        queue,
        ..Limits::default()
    }
}

#[test]
fn places_and_their_order() {
    let (client, _) = with_limits(scripts(8), limits(3, 2, 8));
    let (a, b) = (url("http://a/"), url("http://b/"));
    let get = |at| Request::new("GET", at, b"", Body::Empty).unwrap();
    let (to_a, to_b) = (get(&a), get(&b));
    let none = Deadlines::default();
    let first = run(client.send(&to_a, &0, none)).unwrap();
    let second = run(client.send(&to_a, &0, none)).unwrap();
    // Two of one origin are running; another origin has a place.
    let mut third = pin!(client.send(&to_a, &0, none));
    let mut fourth = pin!(client.send(&to_a, &0, none));
    assert!(poll_once(third.as_mut()).is_pending());
    assert!(poll_once(fourth.as_mut()).is_pending());
    let other = run(client.send(&to_b, &0, none)).unwrap();
    let mut fifth = pin!(client.send(&to_b, &0, none));
    assert!(
        poll_once(fifth.as_mut()).is_pending(),
        "the total is reached"
    );
    // Whoever came first goes first, whoever is polled first.
    drop(first);
    assert!(poll_once(fourth.as_mut()).is_pending());
    let third = run(third);
    assert!(third.is_ok());
    drop(second);
    assert!(run(fourth).is_ok());
    drop((third, other));
    assert!(run(fifth).is_ok());
}

#[test]
fn a_place_comes_back_with_the_exchange() {
    let connect = scripts(1);
    let (client, _) = with_limits(connect.clone(), limits(1, 1, 0));
    let at = url("http://a/");
    for _ in 0..3 {
        run(async {
            let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
            let mut exchange = client
                .send(&request, &0, Deadlines::default())
                .await
                .unwrap();
            exchange.data().await.unwrap();
            exchange.consume(2);
            exchange.done().await;
        });
    }
    assert_eq!(connect.made(), 1);
    // Also when it fails: there is no script for another connection.
    let other = url("http://b/");
    for _ in 0..2 {
        let request = Request::new("GET", &other, b"", Body::Empty).unwrap();
        let error = run(client.send(&request, &0, Deadlines::default())).unwrap_err();
        assert_eq!(error.kind, Kind::ConnectionRefused);
    }
}

#[test]
fn the_queue_is_bounded_in_length_and_time() {
    let (client, clock) = with_limits(scripts(4), limits(1, 1, 1));
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let running = run(client.send(&request, &0, Deadlines::default())).unwrap();
    let mut waiting = pin!(client.send(&request, &0, Deadlines::default()));
    assert!(poll_once(waiting.as_mut()).is_pending());
    let error = run(client.send(&request, &0, Deadlines::default())).unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Wait, Kind::TooManyRequests)
    );
    let error = run(waiting).unwrap_err();
    assert_eq!((error.phase, error.kind), (Phase::Wait, Kind::TimedOut));
    assert_eq!(clock.now(), Limits::default().stall);
    let deadlines = Deadlines {
        total: Some(clock.now() + Duration::from_secs(1)),
        ..Deadlines::default()
    };
    assert!(run(client.send(&request, &0, deadlines)).is_err());
    drop(running);
    assert!(run(client.send(&request, &0, Deadlines::default())).is_ok());
}

#[test]
fn one_that_gives_up_holds_nobody_up() {
    let (client, _) = with_limits(scripts(4), limits(1, 1, 2));
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let running = run(client.send(&request, &0, Deadlines::default())).unwrap();
    let mut behind = pin!(client.send(&request, &0, Deadlines::default()));
    {
        let mut before = pin!(client.send(&request, &0, Deadlines::default()));
        assert!(poll_once(before.as_mut()).is_pending());
        assert!(poll_once(behind.as_mut()).is_pending());
    }
    // The queue has room for another one.
    let mut last = pin!(client.send(&request, &0, Deadlines::default()));
    assert!(poll_once(last.as_mut()).is_pending());
    drop(running);
    let served = run(behind);
    assert!(served.is_ok());
    drop(served);
    assert!(run(last).is_ok());
}

#[test]
fn a_newcomer_takes_no_place_from_those_that_wait() {
    let (client, _) = with_limits(scripts(4), limits(1, 1, 8));
    let (a, b) = (url("http://a/"), url("http://b/"));
    let get = |at| Request::new("GET", at, b"", Body::Empty).unwrap();
    let (to_a, to_b) = (get(&a), get(&b));
    let none = Deadlines::default();
    let running = run(client.send(&to_a, &0, none)).unwrap();
    let mut waiting = pin!(client.send(&to_a, &0, none));
    assert!(poll_once(waiting.as_mut()).is_pending());
    drop(running);
    // The place is the other one's, although that has not been polled since.
    let mut newcomer = pin!(client.send(&to_b, &0, none));
    assert!(poll_once(newcomer.as_mut()).is_pending());
    let served = run(waiting);
    assert!(served.is_ok());
    assert!(poll_once(newcomer.as_mut()).is_pending());
    drop(served);
    assert!(run(newcomer).is_ok());
}

#[test]
fn a_place_that_nobody_takes_up_is_passed_on() {
    let (client, _) = with_limits(scripts(4), limits(1, 1, 8));
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let running = run(client.send(&request, &0, Deadlines::default())).unwrap();
    let mut behind = pin!(client.send(&request, &0, Deadlines::default()));
    {
        let mut before = pin!(client.send(&request, &0, Deadlines::default()));
        assert!(poll_once(before.as_mut()).is_pending());
        assert!(poll_once(behind.as_mut()).is_pending());
        drop(running);
        // It is the first one's, which does not come for it.
        assert!(poll_once(behind.as_mut()).is_pending());
    }
    assert!(run(behind).is_ok());
}
