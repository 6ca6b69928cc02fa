//! Which connection serves which exchange.

use std::pin::pin;
use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind};
use wskhttp_http::{Body, CloseReason, Deadlines, Exchange, Limits, Outcome, Request};

use crate::support::script::{Act, Connector, Script};
use crate::support::{
    FakeClock, Lock, ScriptClient, View, client, exchange, poll_once, run, url, with_limits,
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

fn get(client: &ScriptClient, at: &str) -> Result<View, Error> {
    run(exchange(client, "GET", at, Body::Empty))
}

fn scripts(count: usize) -> Connector {
    Connector::new(vec![Script::answers(&[OK; 10]); count])
}

type ScriptExchange<'c> = Exchange<'c, Connector, FakeClock, Lock>;

/// An exchange whose response is read, and which only needs `done`.
fn open<'c>(client: &'c ScriptClient, at: &str, key: u32) -> ScriptExchange<'c> {
    run(async {
        let at = url(at);
        let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let mut exchange = client
            .send(&request, &key, Deadlines::default())
            .await
            .unwrap();
        exchange.data().await.unwrap();
        exchange.consume(2);
        exchange
    })
}

#[test]
fn reuse() {
    let connect = scripts(1);
    let (client, _) = client(connect.clone());
    for turn in 0..10 {
        assert_eq!(client.idle(), usize::from(turn > 0));
        let exchange = open(&client, "http://A:80/x", 0);
        assert_eq!(exchange.reused(), turn > 0);
        assert_eq!(client.idle(), 0);
        assert_eq!(run(exchange.done()), Outcome::Pooled);
    }
    assert_eq!(connect.made(), 1);
}

#[test]
fn only_for_the_same_origin_and_key() {
    let connect = scripts(6);
    let (client, _) = client(connect.clone());
    for (at, key) in [
        ("http://a/", 0),
        ("https://a/", 0),
        ("http://a:81/", 0),
        ("http://b/", 0),
        ("http://a/", 1),
        // The same numbers in another scheme.
        ("https://a:80/", 0),
    ] {
        let exchange = open(&client, at, key);
        assert!(!exchange.reused(), "{at} {key}");
        assert_eq!(run(exchange.done()), Outcome::Pooled);
    }
    assert_eq!((connect.made(), client.idle()), (6, 6));
    let again = open(&client, "http://a/other?path", 1);
    assert!(again.reused());
}

#[test]
fn last_in_first_out() {
    let connect = scripts(2);
    let (client, _) = client(connect.clone());
    let first = open(&client, "http://a/", 0);
    let second = open(&client, "http://a/", 0);
    run(second.done());
    run(first.done());
    // The first connection went in last.
    run(open(&client, "http://a/", 0).done());
    let heads = |index| connect.log(index).text().matches("GET").count();
    assert_eq!((heads(0), heads(1)), (2, 1));
}

#[test]
fn limit_per_origin_and_in_total() {
    let limits = Limits {
        idle_total: 3,
        idle_per_origin: 2,
        ..Limits::default()
    };
    let connect = scripts(5);
    let (client, _) = with_limits(connect.clone(), limits);
    let exchanges: Vec<_> = [
        "http://a/",
        "http://a/",
        "http://a/",
        "http://b/",
        "http://c/",
    ]
    .iter()
    .map(|at| open(&client, at, 0))
    .collect();
    for (exchange, idle) in exchanges.into_iter().zip([1, 2, 2, 3, 3]) {
        assert_eq!(run(exchange.done()), Outcome::Pooled);
        assert_eq!(client.idle(), idle);
    }
    // The oldest went, gracefully: of its origin first, of all then.
    let closed: Vec<_> = (0..5).map(|index| connect.log(index).closed).collect();
    assert_eq!(closed, [true, true, false, false, false]);
}

#[test]
fn a_pool_of_none() {
    for limits in [
        Limits {
            idle_total: 0,
            ..Limits::default()
        },
        Limits {
            idle_per_origin: 0,
            ..Limits::default()
        },
    ] {
        let connect = scripts(2);
        let (client, _) = with_limits(connect.clone(), limits);
        for _ in 0..2 {
            let view = get(&client, "http://a/").unwrap();
            assert_eq!(view.outcome, Outcome::Closed(CloseReason::PoolFull));
        }
        assert_eq!(connect.made(), 2);
    }
}

#[test]
fn idle_timeout() {
    let connect = scripts(2);
    let limits = Limits {
        idle_timeout: Duration::from_secs(30),
        ..Limits::default()
    };
    let (client, clock) = with_limits(connect.clone(), limits);
    get(&client, "http://a/").unwrap();
    clock.advance(Duration::from_secs(29));
    get(&client, "http://a/").unwrap();
    assert_eq!(connect.made(), 1);
    clock.advance(Duration::from_secs(29));
    assert_eq!(client.close_expired(), Some(Duration::from_secs(59)));
    clock.advance(Duration::from_secs(1));
    get(&client, "http://a/").unwrap();
    assert_eq!(connect.made(), 2);
    assert!(connect.log(0).dropped);
    clock.advance(Duration::from_secs(30));
    assert_eq!(client.idle(), 1);
    assert_eq!(client.close_expired(), None);
    assert_eq!(client.idle(), 0);
    assert!(connect.log(1).dropped);
}

#[test]
fn close_idle() {
    let connect = scripts(2);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    get(&client, "http://b/").unwrap();
    client.close_idle();
    assert_eq!(client.idle(), 0);
    assert!(connect.log(0).dropped && connect.log(1).dropped);
}

#[test]
fn a_peer_that_closes_or_speaks_while_idle() {
    for act in [
        Act::End,
        Act::Give(b"HTTP/1.1 408 x\r\n\r\n".to_vec()),
        Act::Fail(Kind::ConnectionReset),
    ] {
        for later in [false, true] {
            // Before the connection goes into the pool, or while it is there.
            let mut first = Script::answers(&[OK]);
            first.acts.extend(later.then_some(Act::Later));
            let connect = Connector::new([first.and(act.clone()), Script::answers(&[OK])]);
            let (client, _) = client(connect.clone());
            let view = get(&client, "http://a/").unwrap();
            assert_eq!(view.outcome == Outcome::Pooled, later, "{act:?}");
            // Not one that could be sent twice.
            let post = exchange(&client, "POST", "http://a/", Body::Empty);
            assert_eq!(run(post).unwrap().text(), "hi");
            assert_eq!(connect.made(), 2);
            assert!(!connect.log(0).text().contains("POST"));
        }
    }
}

#[test]
fn dead_ones_are_noticed_while_idle() {
    for act in [
        Act::End,
        Act::Give(b"HTTP/1.1 408 x\r\n\r\n".to_vec()),
        Act::Fail(Kind::ConnectionReset),
    ] {
        let first = Script::answers(&[OK]).and(Act::Later).and(Act::Later);
        let connect = Connector::new([first.and(act.clone()), Script::answers(&[OK])]);
        let (client, clock) = client(connect.clone());
        get(&client, "http://a/").unwrap();
        get(&client, "http://b/").unwrap();
        {
            let mut tended = pin!(client.tend_idle());
            assert!(poll_once(tended.as_mut()).is_pending());
            assert_eq!(client.idle(), 2);
            assert!(poll_once(tended).is_ready(), "{act:?}");
        }
        assert_eq!(client.idle(), 1);
        assert!(connect.log(0).dropped && !connect.log(1).dropped);
        // The other one's time comes.
        run(client.tend_idle());
        assert_eq!(client.idle(), 0);
        assert_eq!(clock.now(), Limits::default().idle_timeout);
        assert!(poll_once(pin!(client.tend_idle())).is_pending());
    }
}

/// A connection that serves one exchange and then behaves as `acts` says, after a second head.
fn stale(acts: impl IntoIterator<Item = Act>) -> Script {
    acts.into_iter()
        .fold(Script::answers(&[OK]).and(Act::AwaitHeads(2)), Script::and)
}

#[test]
fn a_stale_connection_is_retried_once() {
    for kind in [None, Some(Kind::ConnectionReset), Some(Kind::TlsTruncated)] {
        let act = kind.map_or(Act::End, Act::Fail);
        let connect = Connector::new([stale([act]), Script::answers(&[OK])]);
        let (client, _) = client(connect.clone());
        get(&client, "http://a/").unwrap();
        assert_eq!(get(&client, "http://a/").unwrap().text(), "hi");
        assert_eq!(connect.made(), 2);
        assert!(connect.log(0).dropped);
    }
}

#[test]
fn a_broken_send_is_retried() {
    let mut script = Script::answers(&[OK])
        .and(Act::AwaitBytes(30))
        .and(Act::End);
    script.break_after = 40;
    let connect = Connector::new([script, Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    let view = run(exchange(&client, "PUT", "http://a/", Body::Full(b"12345"))).unwrap();
    assert_eq!(view.text(), "hi");
    assert!(connect.log(1).text().ends_with("12345"));
}

#[test]
fn no_second_retry() {
    let fresh = Script::new([Act::AwaitHeads(1), Act::End]);
    let connect = Connector::new([stale([Act::End]), fresh, Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    assert_eq!(
        get(&client, "http://a/").unwrap_err().kind,
        Kind::EmptyResponse
    );
    assert_eq!(connect.made(), 2);
}

#[test]
fn no_retry_over_another_idle_connection() {
    let connect = Connector::new([stale([Act::End]), stale([Act::End]), Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    let (first, second) = (open(&client, "http://a/", 0), open(&client, "http://a/", 0));
    run(first.done());
    run(second.done());
    assert_eq!(get(&client, "http://a/").unwrap().text(), "hi");
    assert_eq!(connect.made(), 3);
}

#[test]
fn no_retry_of_what_may_not_be_repeated() {
    let connect = Connector::new([stale([Act::End]), Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    let error = run(exchange(&client, "POST", "http://a/", Body::Full(b"x"))).unwrap_err();
    assert_eq!(error.kind, Kind::EmptyResponse);
    assert_eq!(connect.made(), 1);
}

#[test]
fn no_retry_once_a_byte_has_come() {
    for bytes in [
        &b"H"[..],
        b"HTTP/1.1 100 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    ] {
        let connect = Connector::new([
            stale([Act::Give(bytes.to_vec()), Act::End]),
            Script::answers(&[OK]),
        ]);
        let (client, _) = client(connect.clone());
        get(&client, "http://a/").unwrap();
        let error = get(&client, "http://a/").unwrap_err();
        assert!(matches!(
            error.kind,
            Kind::HeadTruncated | Kind::BodyTruncated
        ));
        assert_eq!(connect.made(), 1);
    }
}

#[test]
fn no_retry_after_a_timeout() {
    let connect = Connector::new([stale([]), Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    assert_eq!(get(&client, "http://a/").unwrap_err().kind, Kind::TimedOut);
    assert_eq!(connect.made(), 1);
}

#[test]
fn a_second_response_never_answers_the_next_request() {
    // Queue poisoning: two responses to one request, in one piece or apart.
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let together = Script::answers(&[&format!("{OK}{poison}")]);
    let apart = Script::answers(&[OK]).and(Act::Give(poison.as_bytes().to_vec()));
    for script in [together, apart] {
        let connect = Connector::new([script, Script::answers(&[OK])]);
        let (client, _) = client(connect.clone());
        let view = get(&client, "http://a/").unwrap();
        assert_eq!(view.outcome, Outcome::Closed(CloseReason::Leftover));
        assert_eq!(get(&client, "http://a/").unwrap().text(), "hi");
        assert_eq!(connect.made(), 2);
    }
}

#[test]
fn a_broken_send_of_what_may_not_be_repeated() {
    let mut script = Script::answers(&[OK])
        .and(Act::AwaitBytes(30))
        .and(Act::End);
    script.break_after = 40;
    let connect = Connector::new([script, Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    let error = run(exchange(&client, "POST", "http://a/", Body::Full(b"x"))).unwrap_err();
    assert_eq!(error.kind, Kind::ConnectionReset);
    assert_eq!(connect.made(), 1);
}

#[test]
fn a_broken_send_after_a_byte_has_come() {
    let interim = Act::Give(b"HTTP/1.1 100 x\r\n\r\n".to_vec());
    let script = Script::answers(&[OK]).and(Act::AwaitBytes(30));
    let mut script = script.and(interim).and(Act::End);
    script.break_after = 40;
    let connect = Connector::new([script, Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    let error = run(exchange(&client, "PUT", "http://a/", Body::Full(b"x"))).unwrap_err();
    assert_eq!(error.kind, Kind::ConnectionReset);
    assert_eq!(connect.made(), 1);
}

#[test]
fn a_late_completion_of_the_send_does_not_cost_the_connection() {
    // The response is there while the flush is still pending.
    let mut script = Script::answers(&[OK, OK]);
    script.late = true;
    let connect = Connector::new([script]);
    let (client, _) = client(connect.clone());
    get(&client, "http://a/").unwrap();
    let view = run(exchange(&client, "POST", "http://a/", Body::Full(b"x"))).unwrap();
    assert_eq!(view.outcome, Outcome::Pooled);
    assert_eq!(connect.made(), 1);
}
