//! Trying again: RFC 9110 sections 9.2.2 and 10.2.3; attacks.md section 1, "close race retry of POST".

mod wait;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wskhttp_core::io::{Clock, Connect, ConnectionInfo, Error, Kind, Phase, Target};
use wskhttp_http::{Agent, Body, Call, Client, Limits, Retries};

use crate::support::script::{Act, Connector, Script, Scripted};
use crate::support::{FakeClock, Lock, run};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const THREE: Retries = Retries {
    limit: 3,
    ..Retries::NONE
};

/// A connector that fails as told before it connects.
#[derive(Clone)]
struct Flaky {
    failures: Arc<Mutex<Vec<(Phase, Kind)>>>,
    inner: Connector,
}

impl Connect for Flaky {
    type Transport = Scripted;
    type Key = u32;

    async fn connect(
        &self,
        target: &Target<'_>,
        key: &u32,
        info: &mut ConnectionInfo,
    ) -> Result<Scripted, Error> {
        let failure = self.failures.lock().unwrap().pop();
        if let Some((phase, kind)) = failure {
            return Err(Error::new(phase, kind, "told to"));
        }
        self.inner.connect(target, key, info).await
    }
}

struct Tried {
    result: Result<u16, Error>,
    /// Requests that reached a server.
    requests: usize,
    took: Duration,
}

fn attempt(agent: &Agent<Flaky, FakeClock, Lock>, call: Call<'_>) -> Result<u16, Error> {
    run(async {
        let response = agent.send(call, &0).await?;
        let status = response.head().status();
        response.done().await;
        Ok(status)
    })
}

fn try_over(
    failures: &[(Phase, Kind)],
    scripts: Vec<Script>,
    retries: Retries,
    call: Call<'_>,
) -> Tried {
    let connect = Flaky {
        failures: Arc::new(Mutex::new(failures.to_vec())),
        inner: Connector::new(scripts),
    };
    let clock = FakeClock::default();
    let agent = Agent::new(connect.clone(), clock.clone())
        .unwrap()
        .retries(retries);
    let result = attempt(&agent, call);
    let logs = connect.inner.logs.lock().unwrap();
    Tried {
        result,
        requests: logs
            .iter()
            .map(|log| log.text().matches(" HTTP/1.1\r\n").count())
            .sum(),
        took: clock.now(),
    }
}

/// A server that gives each of `responses` in turn.
fn try_with(responses: &[&str], retries: Retries, call: Call<'_>) -> Tried {
    try_over(&[], vec![Script::answers(responses)], retries, call)
}

fn turned_away(status: u16, lines: &str) -> String {
    format!("HTTP/1.1 {status} x\r\n{lines}Content-Length: 0\r\n\r\n")
}

fn get() -> Call<'static> {
    Call::get("http://a/")
}

#[test]
fn statuses() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let away = turned_away(status, "");
        let tried = try_with(&[&away, &away, &away, OK], THREE, get());
        assert_eq!(
            (tried.result.unwrap(), tried.requests),
            (200, 4),
            "{status}"
        );
        let tried = try_with(&[&away, &away, &away, &away, OK], THREE, get());
        assert_eq!(
            (tried.result.unwrap(), tried.requests),
            (status, 4),
            "{status}"
        );
        let tried = try_with(&[&away, OK], Retries::default(), get());
        assert_eq!(
            (tried.result.unwrap(), tried.requests),
            (status, 1),
            "{status}"
        );
    }
    for status in [400, 401, 403, 404, 409, 417, 501, 505, 507, 599] {
        let tried = try_with(&[&turned_away(status, ""), OK], THREE, get());
        assert_eq!((tried.result.unwrap(), tried.requests), (status, 1));
    }
}

#[test]
fn methods() {
    let away = turned_away(503, "");
    for (method, again) in [
        ("GET", true),
        ("PUT", true),
        ("DELETE", true),
        ("OPTIONS", true),
        ("POST", false),
        ("PATCH", false),
        ("LOCK", false),
    ] {
        let call = || Call::new(method, "http://a/");
        let tried = try_with(&[&away, OK], THREE, call());
        assert_eq!(tried.requests, if again { 2 } else { 1 }, "{method}");
        let call = call().header("idempotency-key", "\"1\"");
        assert_eq!(try_with(&[&away, OK], THREE, call).requests, 2, "{method}");
    }
    // The same after the connection ends, over a new connection.
    for end in [Act::End, Act::Fail(Kind::ConnectionReset)] {
        let broken = || Script::new([Act::AwaitHeads(1), end.clone()]);
        let again = vec![broken(), Script::answers(&[OK])];
        let tried = try_over(&[], again.clone(), THREE, get());
        assert_eq!((tried.result.unwrap(), tried.requests), (200, 2));
        let tried = try_over(&[], again, THREE, Call::post("http://a/", b"x"));
        assert_eq!(tried.requests, 1);
        assert!(tried.result.is_err());
    }
}

#[test]
fn a_body_at_hand_goes_along() {
    let away = turned_away(503, "Connection: close\r\n");
    let connect = Connector::new([Script::answers(&[&away]), Script::answers(&[OK])]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default())
        .unwrap()
        .retries(THREE);
    run(agent.send(Call::put("http://a/", b"data"), &0)).unwrap();
    assert!(connect.log(0).text().ends_with("\r\n\r\ndata"));
    assert_eq!(connect.log(0).text(), connect.log(1).text());
}

#[test]
fn a_streamed_body_does_not() {
    let connect = Connector::new([
        Script::new([Act::AwaitHeads(1), Act::End]),
        Script::answers(&[OK]),
    ]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default())
        .unwrap()
        .retries(THREE);
    let call = Call::new("PUT", "http://a/").body(Body::Sized(1));
    let result = run(async {
        let mut upload = agent.upload(call, &0).await?;
        upload.write(b"x").await?;
        upload.finish().await.map(drop)
    });
    assert_eq!(result.unwrap_err().kind, Kind::EmptyResponse);
    assert_eq!(connect.made(), 1);
}

#[test]
fn an_upload_that_could_not_begin() {
    // Nothing of the body was taken: any method, any framing.
    let upload = |failures: &[(Phase, Kind)], scripts: Vec<Script>| {
        let inner = Connector::new(scripts);
        let connect = Flaky {
            failures: Arc::new(Mutex::new(failures.to_vec())),
            inner: inner.clone(),
        };
        let agent: Agent<_, _, Lock> = Agent::new(connect, FakeClock::default())
            .unwrap()
            .retries(THREE);
        let result = run(async {
            let call = Call::new("POST", "http://a/").body(Body::Sized(2));
            let mut upload = agent.upload(call, &0).await?;
            assert!(upload.write(b"hi").await?);
            let response = upload.finish().await?;
            Ok(response.head().status())
        });
        (result.map_err(|error: Error| error.kind), inner.made())
    };
    let refused = (Phase::Connect, Kind::ConnectionRefused);
    let takes = || Script::new([Act::AwaitBytes(49), Act::Give(OK.into())]);
    assert_eq!(upload(&[refused; 3], vec![takes()]), (Ok(200), 1));
    assert_eq!(upload(&[refused; 4], vec![takes()]).0, Err(refused.1));
    let untrusted = (Phase::Tls, Kind::UnknownIssuer);
    assert_eq!(upload(&[untrusted], vec![takes()]).0, Err(untrusted.1));
    // Once the head may have been sent it is not.
    let mut broken = Script::new([Act::End]);
    broken.break_after = 5;
    let (result, made) = upload(&[], vec![broken, takes()]);
    assert_eq!((result.is_err(), made), (true, 1));
}

#[test]
fn errors() {
    for (phase, kind, again) in [
        (Phase::Connect, Kind::ConnectionRefused, true),
        (Phase::Connect, Kind::Unreachable, true),
        (Phase::Connect, Kind::TimedOut, true),
        (Phase::Resolve, Kind::ResolveFailed, true),
        (Phase::Resolve, Kind::TimedOut, true),
        (Phase::Resolve, Kind::HostNotFound, false),
        (Phase::Wait, Kind::NotReady, true),
        (Phase::Tls, Kind::ConnectionReset, true),
        (Phase::Tls, Kind::TimedOut, true),
        // What is wrong with the peer's certificate or protocol stays wrong.
        (Phase::Tls, Kind::UnknownIssuer, false),
        (Phase::Tls, Kind::NameMismatch, false),
        (Phase::Tls, Kind::CertificateExpired, false),
        (Phase::Tls, Kind::TlsAlert, false),
        (Phase::Connect, Kind::NoResources, false),
        (Phase::Connect, Kind::Canceled, false),
        (Phase::Request, Kind::InvalidUrl, false),
        (Phase::Head, Kind::MalformedHead, false),
    ] {
        for call in [get(), Call::post("http://a/", b"x")] {
            let tried = try_over(&[(phase, kind)], vec![Script::answers(&[OK])], THREE, call);
            // Nothing was sent, so that it may be any method.
            assert_eq!(tried.result.is_ok(), again, "{phase:?} {kind:?}");
        }
    }
    let four = [(Phase::Connect, Kind::ConnectionRefused); 4];
    let tried = try_over(&four, vec![Script::answers(&[OK])], THREE, get());
    assert_eq!(tried.result.unwrap_err().kind, Kind::ConnectionRefused);
    let tried = try_with(&["SSH-2.0-x\r\n", OK], THREE, get());
    assert_eq!(
        (tried.result.unwrap_err().kind, tried.requests),
        (Kind::MalformedHead, 1)
    );
}

#[test]
fn the_budget() {
    // A server in trouble does not get a multiple of its load: ten retries, then one in ten.
    let away = turned_away(503, "");
    let answers: Vec<_> = (0..400).map(|_| away.as_str()).collect();
    let connect = Connector::new([Script::answers(&answers)]);
    let agent: Agent<_, _, Lock> = Agent::new(connect.clone(), FakeClock::default())
        .unwrap()
        .retries(THREE);
    for _ in 0..200 {
        run(async { agent.send(get(), &0).await.unwrap().done().await });
    }
    assert_eq!(connect.log(0).text().matches("GET").count(), 200 + 10 + 20);
}

#[test]
fn a_stale_connection_costs_no_retry() {
    let first = Script::answers(&[OK]).and(Act::AwaitHeads(2)).and(Act::End);
    let connect = Connector::new([first, Script::answers(&[OK])]);
    let client = Client::new(connect.clone(), FakeClock::default(), Limits::default()).unwrap();
    let agent: Agent<_, _, Lock> = Agent::over(client);
    for _ in 0..2 {
        run(async {
            let mut response = agent.send(get(), &0).await.unwrap();
            response.read_to_end(10).await.unwrap();
            response.done().await
        });
    }
    assert_eq!(connect.made(), 2);
}
