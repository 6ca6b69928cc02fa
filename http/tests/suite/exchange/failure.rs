//! Errors and deadlines of an exchange.

use std::time::Duration;

use wskhttp_core::io::{Clock, Kind, Phase};
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use super::OK;
use crate::support::script::{Act, Connector, Script};
use crate::support::{client, run, single, url};

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
fn a_connection_that_ends_before_the_request() {
    let error = single(Script::new([Act::End]), "GET").unwrap_err();
    assert_eq!(error.kind, Kind::EmptyResponse);
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
