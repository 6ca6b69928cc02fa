//! One exchange: the order of things, errors, drops.

mod close;
mod dropping;
mod failure;

use wskhttp_core::io::{Kind, Phase};
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use crate::support::script::{Act, Connector, Script};
use crate::support::{client, exchange, run, single, url};

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
