//! RFC 9112. Section 9: connections.

use std::pin::pin;

use wskhttp_core::io::{Error, Kind};
use wskhttp_http::{Body, CloseReason, Deadlines, Limits, Outcome, Request};

use super::{OK, twice};
use crate::support::script::{Act, Connector, Script};
use crate::support::{View, client, exchange, poll_once, run, single, url};

#[test]
fn section_9_1_one_transport() {
    // A connection is one transport, made for one origin; what is asked over it is answered over it.
    let connect = Connector::new([
        Script::answers(&[OK, OK]),
        Script::answers(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho"]),
    ]);
    let (client, _) = client(connect.clone());
    let get = |at| {
        run(exchange(&client, "GET", at, Body::Empty))
            .unwrap()
            .text()
    };
    let bodies = ["http://a.test/", "http://b.test/", "http://a.test/"].map(get);
    assert_eq!(bodies, ["hi", "ho", "hi"]);
    let targets = [0, 1].map(|index| connect.log(index).target);
    assert_eq!(targets, ["Http a.test 80", "Http b.test 80"]);
}

#[test]
fn section_9_4_concurrency() {
    // "ought to limit the number of simultaneous open connections": 256 to one server, if not told
    // otherwise; whoever comes then waits.
    let most = Limits::default().active_per_origin;
    assert_eq!((most, Limits::default().active_total), (256, 1024));
    let connect = Connector::new(vec![Script::answers(&[OK]); most + 1]);
    let (client, _) = client(connect.clone());
    let at = url("http://a.test/");
    let request = Request::new("GET", &at, b"", Body::Empty).unwrap();
    let send = || client.send(&request, &0, Deadlines::default());
    let mut running: Vec<_> = (0..most).map(|_| run(send()).unwrap()).collect();
    let mut next = pin!(send());
    assert!(poll_once(next.as_mut()).is_pending());
    assert_eq!(connect.made(), most);
    drop(running.pop());
    assert!(poll_once(next).is_ready());
}

#[test]
fn section_9_7_tls_first() {
    // The connector is told that it is TLS, and the request is the first that goes over what it gives.
    let connect = Connector::new([Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    run(exchange(&client, "GET", "https://a.test/", Body::Empty)).unwrap();
    assert_eq!(connect.log(0).target, "Https a.test 443");
    assert!(connect.log(0).text().starts_with("GET / HTTP/1.1\r\n"));
}

#[test]
fn section_9_2_data_without_a_request() {
    // "MUST NOT consider that data to be a valid response", and close.
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let scripts = [
        Script::answers(&[&format!("{OK}{poison}")]),
        Script::answers(&[OK]).and(Act::Give(poison.into())),
        Script::answers(&[OK])
            .and(Act::Later)
            .and(Act::Give(poison.into())),
    ];
    for script in scripts {
        assert_eq!(twice("GET", script), (Ok("hi".to_owned()), 2));
    }
}

#[test]
fn section_9_2_data_on_a_new_connection() {
    for bytes in [OK, "x", "\r\n"] {
        let script = Script::new([Act::Give(bytes.into())]);
        let error = single(script, "GET").unwrap_err();
        assert_eq!(error.kind, Kind::MalformedHead, "{bytes:?}");
    }
}

#[test]
fn section_9_3_persistence() {
    for (head, keeps) in [
        ("HTTP/1.1 200 OK\r\n", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n", false),
        ("HTTP/1.1 200 OK\r\nConnection: a, Close\r\n", false),
        (
            "HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", true),
        (
            "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n",
            false,
        ),
        ("HTTP/1.0 200 OK\r\n", false),
    ] {
        let script = Script::answers(&[&format!("{head}Content-Length: 2\r\n\r\nhi"), OK]);
        let (second, connections) = twice("GET", script);
        assert_eq!(
            (second.unwrap().as_str(), connections),
            ("hi", if keeps { 1 } else { 2 }),
            "{head}"
        );
    }
}

#[test]
fn section_9_3_1_retrying() {
    // A connection that ends when the second request is there: GET goes again, once; POST does not.
    let stale = || Script::answers(&[OK]).and(Act::AwaitHeads(2)).and(Act::End);
    assert_eq!(twice("GET", stale()), (Ok("hi".to_owned()), 2));
    assert_eq!(twice("POST", stale()), (Err(Kind::EmptyResponse), 1));
}

#[test]
fn section_9_5_an_early_response_stops_the_body() {
    // Named there: monitor the connection while sending, and cease. See also upload.rs.
    let refusal = "HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
    let mut script = Script::new([Act::AwaitBytes(100), Act::Give(refusal.into())]);
    script.window = 200;
    let (client, _) = client(Connector::new([script]));
    let body = vec![b'x'; 100_000];
    let view = run(exchange(
        &client,
        "POST",
        "http://a.test/",
        Body::Full(&body),
    ))
    .unwrap();
    assert_eq!((view.status, view.text().as_str()), (413, "no"));
    assert!(matches!(view.outcome, Outcome::Closed(_)));
}

#[test]
fn section_9_6_tear_down() {
    // After `close` from either side nothing more is sent over the connection.
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    let connect = Connector::new([Script::answers(&[last, OK]), Script::answers(&[OK])]);
    let (client, _) = client(connect.clone());
    for outcome in [Outcome::Closed(CloseReason::ResponseClose), Outcome::Pooled] {
        let view = run(exchange(&client, "GET", "http://a.test/", Body::Empty)).unwrap();
        assert_eq!(view.outcome, outcome);
    }
    assert_eq!(connect.log(0).text().matches("GET").count(), 1);
    assert!(connect.log(0).closed);
}

#[test]
fn section_9_8_tls_closure() {
    // Without close_notify, what ends with the connection is incomplete, what does not is complete.
    let cut = |bytes: &str| {
        let acts = [
            Act::AwaitHeads(1),
            Act::Give(bytes.into()),
            Act::Fail(Kind::TlsTruncated),
        ];
        let view: Result<View, Error> = single(Script::new(acts), "GET");
        view.map(|view| view.text()).map_err(|error| error.kind)
    };
    assert_eq!(cut("HTTP/1.1 200 OK\r\n\r\nhalf"), Err(Kind::TlsTruncated));
    assert_eq!(
        cut("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh"),
        Err(Kind::TlsTruncated)
    );
    assert_eq!(cut(OK), Ok("hi".to_owned()));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    assert_eq!(cut(chunked), Ok("hi".to_owned()));
}
