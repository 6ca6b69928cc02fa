//! `Expect: 100-continue` (RFC 9110 section 10.1.1), trailers of requests, forms of targets.

use std::time::Duration;

use wskhttp_core::io::{Clock, Error, Kind};
use wskhttp_http::{
    Agent, Body, Call, Deadlines, Headers, Outcome, Policy, Proxies, ProxyConnect, Request,
};

use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, client, run, url};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const GO_ON: &str = "HTTP/1.1 100 Continue\r\n\r\n";
const HEAD: &str = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

fn give(text: &str) -> Act {
    Act::Give(text.as_bytes().to_vec())
}

struct Sent {
    status: u16,
    text: String,
    took: Duration,
    made: usize,
}

/// A PUT of four bytes, at hand or streamed, over scripts.
fn put(scripts: Vec<Script>, clock: &FakeClock, streamed: bool) -> Result<Sent, Error> {
    let connect = Connector::new(scripts);
    let agent: Agent<_, _, Lock> =
        Agent::new(connect.clone(), clock.clone())
            .unwrap()
            .policy(Policy {
                expect: Some(Duration::from_secs(1)),
                ..Policy::NONE
            });
    let status = run(async {
        let response = match streamed {
            false => agent.send(Call::put("http://a/", b"data"), &0).await?,
            true => {
                let call = Call::new("PUT", "http://a/").body(Body::Sized(4));
                let mut upload = agent.upload(call, &0).await?;
                upload.write(b"data").await?;
                upload.finish().await?
            }
        };
        let status = response.head().status();
        response.done().await;
        Ok::<_, Error>(status)
    })?;
    let logs = connect.logs.lock().unwrap();
    Ok(Sent {
        status,
        text: logs.iter().map(|log| log.text()).collect(),
        took: clock.now(),
        made: logs.len(),
    })
}

#[test]
fn the_body_waits_for_the_server() {
    for streamed in [false, true] {
        let clock = FakeClock::default();
        let pause = Act::Pause(clock.clone(), Duration::from_millis(500));
        let script = Script::new([
            Act::AwaitBytes(HEAD.len()),
            pause,
            give(GO_ON),
            Act::AwaitBytes(HEAD.len() + 4),
            give(OK),
        ]);
        let sent = put(vec![script], &clock, streamed).unwrap();
        assert_eq!((sent.status, sent.took), (200, Duration::from_millis(500)));
        assert_eq!(sent.text, format!("{HEAD}data"));
    }
}

#[test]
fn a_server_that_says_nothing_gets_it_after_a_while() {
    for streamed in [false, true] {
        // Another interim response does not ask for it.
        for hint in ["", "HTTP/1.1 103 x\r\n\r\n"] {
            let script = Script::new([
                Act::AwaitBytes(HEAD.len()),
                give(hint),
                Act::AwaitBytes(HEAD.len() + 4),
                give(OK),
            ]);
            let clock = FakeClock::default();
            let sent = put(vec![script], &clock, streamed).unwrap();
            assert_eq!((sent.status, sent.took), (200, Duration::from_secs(1)));
        }
        // The 100 that comes after that is skipped like any other.
        let script = Script::new([Act::AwaitBytes(HEAD.len() + 4), give(GO_ON), give(OK)]);
        assert_eq!(
            put(vec![script], &FakeClock::default(), streamed)
                .unwrap()
                .status,
            200
        );
    }
}

#[test]
fn a_final_response_saves_the_body() {
    for streamed in [false, true] {
        for status in [401, 413, 200] {
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
            let script = Script::new([Act::AwaitBytes(HEAD.len()), give(&answer)]);
            let sent = put(vec![script], &FakeClock::default(), streamed).unwrap();
            assert_eq!((sent.status, sent.text.as_str()), (status, HEAD));
            assert_eq!(sent.took, Duration::ZERO);
        }
    }
}

#[test]
fn a_417_is_answered_without_it() {
    let refused = "HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n";
    for streamed in [false, true] {
        let scripts = vec![
            Script::new([Act::AwaitBytes(HEAD.len()), give(refused)]),
            Script::new([Act::AwaitBytes(HEAD.len() - 24 + 4), give(OK)]),
        ];
        let sent = put(scripts, &FakeClock::default(), streamed).unwrap();
        assert_eq!((sent.status, sent.made), (200, 2));
        let plain = HEAD.replace("Expect: 100-continue\r\n", "");
        assert_eq!(sent.text, format!("{HEAD}{plain}data"));
        // Only once.
        let scripts = vec![
            Script::new([Act::AwaitBytes(HEAD.len()), give(refused)]),
            Script::new([Act::AwaitBytes(HEAD.len() - 24 + 4), give(refused)]),
            Script::answers(&[OK]),
        ];
        let sent = put(scripts, &FakeClock::default(), streamed).unwrap();
        assert_eq!((sent.status, sent.made), (417, 2));
    }
}

#[test]
fn never_without_a_body() {
    let at = url("http://a/");
    for body in [Body::Empty, Body::Full(b""), Body::Sized(0)] {
        let connect = Connector::new([Script::answers(&[OK])]);
        let (client, _) = client(connect.clone());
        let request = Request::new("PUT", &at, b"", body)
            .unwrap()
            .with_expect(Some(Duration::from_secs(1)));
        run(client.send(&request, &0, Deadlines::default())).unwrap();
        assert!(!connect.log(0).text().contains("Expect"));
    }
}

#[test]
fn a_stale_connection_under_expect() {
    let first = Script::answers(&[OK]).and(Act::AwaitHeads(2)).and(Act::End);
    let second = Script::new([
        Act::AwaitHeads(1),
        give(GO_ON),
        Act::AwaitBytes(HEAD.len() + 4),
        give(OK),
    ]);
    let connect = Connector::new([first, second]);
    let (client, _) = client(connect.clone());
    let at = url("http://a/");
    run(async {
        let get = Request::new("GET", &at, b"", Body::Empty).unwrap();
        let mut exchange = client.send(&get, &0, Deadlines::default()).await.unwrap();
        exchange.data().await.unwrap();
        exchange.consume(2);
        assert_eq!(exchange.done().await, Outcome::Pooled);
        let put = Request::new("PUT", &at, b"", Body::Full(b"data")).unwrap();
        let put = put.with_expect(Some(Duration::from_secs(1)));
        let mut exchange = client.send(&put, &0, Deadlines::default()).await.unwrap();
        assert_eq!(exchange.response().await.unwrap().status(), 200);
    });
    assert!(connect.log(1).text().ends_with("\r\n\r\ndata"));
}

#[test]
fn trailers() {
    let mut fields = Headers::new();
    fields.push("X-Sum", b"1").unwrap();
    fields.push("X-Other", b"2").unwrap();
    let send = |fields: &Headers, body: Body<'static>, room| {
        let mut script = Script::new([Act::AwaitHeads(2), give(OK)]);
        script.room = room;
        let connect = Connector::new([script]);
        let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default()).unwrap();
        let result = run(async {
            let call = Call::new("PUT", "http://a/").body(body);
            let mut upload = agent.upload(call, &0).await?;
            upload.write(b"data").await?;
            upload.finish_with(fields).await.map(drop)
        });
        (result, connect.log(0).text())
    };
    for room in [40, 4096] {
        let (result, text) = send(&fields, Body::Chunked, room);
        result.unwrap();
        assert!(
            text.ends_with("4\r\ndata\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n"),
            "{text}"
        );
    }
    let (result, _) = send(&fields, Body::Chunked, 20);
    assert_eq!(result.unwrap_err().kind, Kind::BufferFull);
    let (result, _) = send(&fields, Body::Sized(4), 4096);
    assert_eq!(result.unwrap_err().kind, Kind::InvalidRequest);
    for name in [
        "Content-Length",
        "transfer-encoding",
        "Host",
        "Authorization",
        "TE",
        "Trailer",
    ] {
        let mut bad = Headers::new();
        bad.push(name, b"x").unwrap();
        let (result, text) = send(&bad, Body::Chunked, 4096);
        assert_eq!(result.unwrap_err().kind, Kind::InvalidRequest, "{name}");
        assert!(!text.contains("\r\n0\r\n"));
    }
}

#[test]
fn asterisk_form() {
    let at = url("http://a:81");
    let options = Request::new("OPTIONS", &at, b"", Body::Empty)
        .unwrap()
        .with_asterisk()
        .unwrap();
    let connect = Connector::new([Script::answers(&[OK])]);
    let (plain, _) = client(connect.clone());
    run(plain.send(&options, &0, Deadlines::default())).unwrap();
    assert_eq!(
        connect.log(0).text(),
        "OPTIONS * HTTP/1.1\r\nHost: a:81\r\n\r\n"
    );
    // Through a proxy: RFC 9112 section 3.2.4, a target without a path.
    let connect = Connector::new([Script::answers(&[OK])]);
    let clock = FakeClock::default();
    let through = ProxyConnect::new(connect.clone(), clock.clone());
    let through =
        wskhttp_http::Client::<_, _, Lock>::new(through, clock, Default::default()).unwrap();
    let proxies = Proxies::new("proxy", "").unwrap();
    let options = options.with_proxy(proxies.for_url(&at));
    run(through.send(&options, &0, Deadlines::default())).unwrap();
    assert!(
        connect
            .log(0)
            .text()
            .starts_with("OPTIONS http://a:81 HTTP/1.1\r\nHost: a:81\r\n")
    );
    for (method, at) in [
        ("GET", "http://a/"),
        ("OPTIONS", "http://a/x"),
        ("OPTIONS", "http://a/?q"),
    ] {
        let at = url(at);
        let request = Request::new(method, &at, b"", Body::Empty).unwrap();
        assert!(request.with_asterisk().is_err());
    }
}
