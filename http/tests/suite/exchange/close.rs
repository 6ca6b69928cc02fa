//! How the connection of an exchange is given back or closed.

use std::time::Duration;

use wskhttp_core::io::Clock;
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use super::OK;
use crate::support::script::{Connector, Script};
use crate::support::{client, exchange, run, url};

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
