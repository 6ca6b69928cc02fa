//! Exchanges and their futures, dropped.

use std::pin::pin;

use wskhttp_http::{Body, Deadlines, Outcome, Request};

use super::OK;
use crate::support::script::{Connector, Script};
use crate::support::{client, poll_once, run, url};

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
