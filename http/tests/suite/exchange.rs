//! One exchange: the order of things, errors, drops.

use std::pin::pin;
use std::time::Duration;

use wskhttp_core::io::{Clock, Kind, Phase};
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use crate::support::script::{Act, Connector, Script};
use crate::support::{client, exchange, poll_once, run, single, url};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn connector_gets_the_target() {
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    let view = run(exchange(
        &client,
        "GET",
        "https://[::1]:8443/x",
        Body::Empty,
    ))
    .unwrap();
    assert_eq!((view.status, view.text().as_str()), (200, "hi"));
    assert_eq!(connect.log(0).target, "Https ::1 8443");
    assert_eq!(
        connect.log(0).text(),
        "GET /x HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"
    );
}

#[test]
fn small_output_and_small_input() {
    for room in [1, 2, 7, 4096] {
        for piece in [1, 3, 4096] {
            let sent = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nbody!";
            let mut script = Script::answers(&[OK]);
            script.acts[0] = Act::AwaitBytes(sent.len());
            script.room = room;
            script.piece = piece;
            script.hesitant = true;
            let connect = Connector::new([script]);
            let (client, _) = client(connect.clone());
            let view = run(exchange(&client, "PUT", "http://a/", Body::Full(b"body!"))).unwrap();
            assert_eq!(view.text(), "hi");
            assert_eq!(view.outcome, Outcome::Pooled);
            assert_eq!(connect.log(0).text(), sent);
        }
    }
}

#[test]
fn head_and_body_in_one_flush() {
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    run(exchange(
        &client,
        "POST",
        "http://a/",
        Body::Full(&[b'x'; 3000]),
    ))
    .unwrap();
    assert_eq!(connect.log(0).flushes, 1);
}

#[test]
fn data_is_offered_until_consumed() {
    let connect = Connector::new([Script::answers(&[
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    ])]);
    let (client, _) = client(connect);
    run(async {
        let at = url("http://a/");
        let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let mut exchange = client
            .send(&request, &0, Deadlines::default())
            .await
            .unwrap();
        // Also without asking for the head first.
        assert_eq!(exchange.data().await.unwrap(), b"hello");
        assert_eq!(exchange.data().await.unwrap(), b"hello");
        exchange.consume(2);
        assert_eq!(exchange.data().await.unwrap(), b"llo");
        exchange.consume(usize::MAX);
        exchange.consume(1);
        assert_eq!(exchange.data().await.unwrap(), b"!");
        exchange.consume(1);
        assert_eq!(exchange.data().await.unwrap(), b"");
        assert_eq!(exchange.data().await.unwrap(), b"");
        assert_eq!(exchange.response().await.unwrap().status(), 200);
        assert_eq!(exchange.done().await, Outcome::Pooled);
    });
}

#[test]
fn an_unread_body_is_not_pooled() {
    for (response, read) in [
        (OK, 0),
        (OK, 1),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            2,
        ),
    ] {
        let connect = Connector::new([Script::answers(&[response])]);
        let (client, _) = client(connect.clone());
        run(async {
            let at = url("http://a/");
            let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
            let mut exchange = client
                .send(&request, &0, Deadlines::default())
                .await
                .unwrap();
            exchange.data().await.unwrap();
            exchange.consume(read);
            let outcome = exchange.done().await;
            assert_eq!(outcome, Outcome::Closed(CloseReason::ResponseUnfinished));
        });
        assert!(connect.log(0).dropped && !connect.log(0).closed);
        assert_eq!(client.idle(), 0);
    }
}

#[test]
fn a_complete_exchange_closes_gracefully() {
    let response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let connect = Connector::new([Script::answers(&[response])]);
    let (client, _) = client(connect.clone());
    let view = run(exchange(&client, "GET", "http://a/", Body::Empty)).unwrap();
    assert_eq!(view.outcome, Outcome::Closed(CloseReason::ResponseClose));
    assert!(connect.log(0).closed);
}

#[test]
fn the_caller_can_ask_for_close() {
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    run(async {
        let at = url("http://a/");
        let request = Request::new("GET", &at, b"Connection: close\r\n", Body::Empty).unwrap();
        let mut exchange = client
            .send(&request, &0, Deadlines::default())
            .await
            .unwrap();
        exchange.data().await.unwrap();
        exchange.consume(2);
        let outcome = exchange.done().await;
        assert_eq!(outcome, Outcome::Closed(CloseReason::RequestClose));
    });
}

#[test]
fn errors_stay() {
    let connect = Connector::new([Script::answers(&["nonsense"])]);
    let (client, _) = client(connect.clone());
    run(async {
        let at = url("http://a/");
        let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let mut exchange = client
            .send(&request, &0, Deadlines::default())
            .await
            .unwrap();
        let first = exchange.response().await.unwrap_err();
        assert_eq!(exchange.data().await.unwrap_err(), first);
        assert_eq!(exchange.finish().await.unwrap_err(), first);
        assert_eq!(exchange.write_some(b"").await.unwrap_err(), first);
        assert_eq!(exchange.done().await, Outcome::Closed(CloseReason::Failed));
    });
    assert!(connect.log(0).dropped);
}

#[test]
fn failures_by_phase() {
    for (acts, phase, kind) in [
        (vec![Act::End], Phase::Head, Kind::EmptyResponse),
        (
            vec![Act::Fail(Kind::ConnectionReset)],
            Phase::Head,
            Kind::ConnectionReset,
        ),
        (
            vec![Act::Give(b"HT".to_vec()), Act::End],
            Phase::Head,
            Kind::HeadTruncated,
        ),
        (
            vec![
                Act::Give(OK.as_bytes()[..39].to_vec()),
                Act::Fail(Kind::ConnectionReset),
            ],
            Phase::Body,
            Kind::ConnectionReset,
        ),
        (
            vec![Act::Give(OK.as_bytes()[..39].to_vec()), Act::End],
            Phase::Body,
            Kind::BodyTruncated,
        ),
    ] {
        let script = Script::new([Act::AwaitHeads(1)].into_iter().chain(acts));
        let error = single(script, "GET").unwrap_err();
        assert_eq!((error.phase, error.kind), (phase, kind));
    }
}

#[test]
fn deadlines() {
    for (acts, phase) in [
        (vec![], Phase::Head),
        (vec![Act::Give(b"HTTP/1.1 200".to_vec())], Phase::Head),
        (vec![Act::Give(OK.as_bytes()[..39].to_vec())], Phase::Body),
    ] {
        let connect = Connector::new([Script::new([Act::AwaitHeads(1)].into_iter().chain(acts))]);
        let (client, clock) = client(connect.clone());
        clock.advance(Duration::from_secs(100));
        let total = Some(Duration::from_secs(130));
        let error = run(async {
            let at = url("http://a/");
            let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
            let deadlines = Deadlines {
                connect: None,
                total,
            };
            let mut exchange = client.send(&request, &0, deadlines).await?;
            loop {
                let count = exchange.data().await?.len();
                exchange.consume(count);
            }
            #[allow(unreachable_code, reason = "names the type")]
            Ok::<(), wskhttp_core::io::Error>(())
        })
        .unwrap_err();
        assert_eq!((error.phase, error.kind), (phase, Kind::TimedOut));
        assert_eq!(Some(clock.now()), total);
        assert!(connect.log(0).dropped);
    }
}

#[test]
fn a_past_deadline_ends_even_a_busy_exchange() {
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, clock) = client(connect);
    clock.advance(Duration::from_secs(10));
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let deadlines = Deadlines {
        connect: None,
        total: Some(Duration::from_secs(10)),
    };
    let error = run(client.send(&request, &0, deadlines)).err().unwrap();
    assert_eq!(error.kind, Kind::TimedOut);
}

#[test]
fn dropping_a_future_of_a_method_loses_nothing() {
    let mut script = Script::answers(&[
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
    ]);
    script.piece = 1;
    script.hesitant = true;
    let connect = Connector::new([script]);
    let (client, _) = client(connect);
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let mut exchange = run(client.send(&request, &0, Deadlines::default())).unwrap();
    // Each future is polled once and dropped.
    let mut dropped = 0;
    let mut body = Vec::new();
    loop {
        let count = match poll_once(pin!(exchange.data())) {
            std::task::Poll::Ready(data) => {
                let data = data.unwrap();
                body.extend_from_slice(data);
                data.len()
            }
            std::task::Poll::Pending => {
                dropped += 1;
                continue;
            }
        };
        if count == 0 {
            break;
        }
        exchange.consume(count);
    }
    assert_eq!(body, b"hi!");
    assert!(dropped > 30, "{dropped}");
    assert_eq!(run(exchange.done()), Outcome::Pooled);
}

#[test]
fn dropping_the_exchange_aborts() {
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    drop(run(client.send(&request, &0, Deadlines::default())).unwrap());
    assert!(connect.log(0).dropped && !connect.log(0).closed);
    assert_eq!(client.idle(), 0);
}

#[test]
fn dropping_send_aborts() {
    let mut script = Script::answers(&[OK]);
    script.window = 3;
    let connect = Connector::new([script]);
    let (client, _) = client(connect.clone());
    let at = url("http://a/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    {
        let send = pin!(client.send(&request, &0, Deadlines::default()));
        assert!(poll_once(send).is_pending());
        assert!(!connect.log(0).dropped);
    }
    assert!(connect.log(0).dropped);
    assert_eq!(client.idle(), 0);
}

#[test]
fn a_response_before_the_request() {
    // It answers nothing (RFC 9112 section 9.2), and nothing is sent.
    let script = Script::new([Act::Give(
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_vec(),
    )]);
    let connect = Connector::new([script]);
    let (client, _) = client(connect.clone());
    let error = run(exchange(&client, "GET", "http://a/", Body::Empty)).unwrap_err();
    assert_eq!(
        (error.phase, error.kind),
        (Phase::Head, Kind::MalformedHead)
    );
    assert_eq!(connect.log(0).text(), "");
    assert!(connect.log(0).dropped);
}

#[test]
fn a_response_before_the_end_of_the_request() {
    let mut early = Script::new([Act::AwaitBytes(1), Act::Give(OK.as_bytes().to_vec())]);
    early.window = 1;
    let view = single(early, "GET").unwrap();
    assert_eq!(view.outcome, Outcome::Closed(CloseReason::EarlyResponse));
}

#[test]
fn a_connection_that_ends_before_the_request() {
    let error = single(Script::new([Act::End]), "GET").unwrap_err();
    assert_eq!(error.kind, Kind::EmptyResponse);
}

#[test]
fn a_close_that_lasts() {
    // No longer than the limit, the exchange's deadline, and what waits for it.
    let last = "HTTP/1.1 302 x\r\nLocation: /\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    for (total, discarded, until) in [
        (None, false, 2000),
        (Some(500), false, 500),
        (None, true, 250),
        (Some(100), true, 100),
    ] {
        let mut script = Script::answers(&[last]);
        script.lingers = true;
        let connect = Connector::new([script]);
        let (client, clock) = client(connect.clone());
        let at = url("http://a/");
        let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let deadlines = Deadlines {
            connect: None,
            total: total.map(Duration::from_millis),
        };
        run(async {
            let mut exchange = client.send(&request, &0, deadlines).await.unwrap();
            if !discarded {
                exchange.data().await.unwrap();
                exchange.consume(2);
                exchange.done().await;
                return;
            }
            exchange.response().await.unwrap();
            exchange.discard().await;
        });
        assert_eq!(
            clock.now(),
            Duration::from_millis(until),
            "{total:?} {discarded}"
        );
        assert!(connect.log(0).closed && connect.log(0).dropped);
    }
}

#[test]
fn a_connection_that_is_never_made() {
    // The connector does not keep the deadline: the client does, a little later.
    for (connect_at, total, ends) in [
        (Some(5), None, 6),
        (None, Some(7), 8),
        (Some(9), Some(3), 4),
        (None, None, 301),
    ] {
        let mut script = Script::new([]);
        script.stuck = true;
        let (client, clock) = client(Connector::new([script]));
        let at = url("http://a/");
        let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let deadlines = Deadlines {
            connect: connect_at.map(Duration::from_secs),
            total: total.map(Duration::from_secs),
        };
        let error = run(client.send(&request, &0, deadlines)).err().unwrap();
        assert_eq!((error.phase, error.kind), (Phase::Connect, Kind::TimedOut));
        assert_eq!(clock.now(), Duration::from_secs(ends));
    }
}
