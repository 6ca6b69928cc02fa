//! Streamed bodies: framing, back-pressure, early responses.

use std::pin::pin;
use std::task::Poll;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use crate::support::script::{Act, Connector, Script};
use crate::support::{client, poll_once, run, url};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const TOO_LARGE: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";

/// Streams `pieces`; gives status and outcome.
fn upload(
    script: Script,
    body: Body<'_>,
    pieces: &[&[u8]],
) -> (Result<(u16, Outcome), Error>, Connector) {
    let connect = Connector::new([script]);
    let (client, _) = client(connect.clone());
    let result = run(async {
        let at = url("http://a/");
        let request = Request::new("PUT", &at, b"", body)?;
        let mut exchange = client.send(&request, &0, Deadlines::default()).await?;
        'all: for piece in pieces {
            let mut left = *piece;
            while !left.is_empty() {
                let count = exchange.write_some(left).await?;
                if count == 0 {
                    break 'all;
                }
                left = &left[count..];
            }
        }
        exchange.finish().await?;
        let status = exchange.response().await?.status();
        exchange.data().await?;
        exchange.consume(2);
        exchange.data().await?;
        Ok((status, exchange.done().await))
    });
    (result, connect)
}

fn after(bytes: usize, response: &str) -> Script {
    Script::new([
        Act::AwaitBytes(bytes),
        Act::Give(response.as_bytes().to_vec()),
    ])
}

#[test]
fn sized() {
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
    let (result, connect) = upload(after(head.len() + 6, OK), Body::Sized(6), &[b"ab", b"cdef"]);
    assert_eq!(result.unwrap(), (200, Outcome::Pooled));
    assert_eq!(connect.log(0).text(), format!("{head}abcdef"));
}

#[test]
fn chunked() {
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let coded = "2\r\nab\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
    let pieces: [&[u8]; 2] = [b"ab", b"0123456789abcdef"];
    let (result, connect) = upload(after(head.len() + coded.len(), OK), Body::Chunked, &pieces);
    assert_eq!(result.unwrap(), (200, Outcome::Pooled));
    assert_eq!(connect.log(0).text(), format!("{head}{coded}"));
}

#[test]
fn empty_bodies() {
    for (body, end) in [
        (Body::Sized(0), "Content-Length: 0\r\n\r\n"),
        (Body::Chunked, "chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let mut script = Script::answers(&[OK]);
        script.acts[0] = Act::AwaitHeads(end.matches("\r\n\r\n").count());
        let (result, connect) = upload(script, body, &[]);
        assert_eq!(result.unwrap(), (200, Outcome::Pooled));
        assert!(connect.log(0).text().ends_with(end));
    }
}

#[test]
fn any_room_and_hesitation() {
    let data = vec![b'x'; 1000];
    for room in [6, 7, 33, 500] {
        for body in [Body::Sized(1000), Body::Chunked] {
            let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
            let mut script = after(head.len() + 1000, OK);
            if body == Body::Chunked {
                script.acts[0] = Act::AwaitHeads(2);
            }
            script.room = room;
            script.hesitant = true;
            let (result, connect) = upload(script, body, &[&data]);
            assert_eq!(result.unwrap(), (200, Outcome::Pooled), "room {room}");
            let text = connect.log(0).text();
            assert_eq!(text.matches('x').count(), 1000);
        }
    }
    let mut script = after(0, OK);
    script.acts.clear();
    script.room = 5;
    let (result, _) = upload(script, Body::Chunked, &[b"x"]);
    assert_eq!(result.unwrap_err().kind, Kind::BufferFull);
}

#[test]
fn back_pressure() {
    let mut script = Script::new([]);
    script.room = 200;
    script.window = 250;
    let connect = Connector::new([script]);
    let (client, _) = client(connect.clone());
    let at = url("http://a/");
    let request = Request::new("PUT", &at, b"", Body::Sized(1000)).unwrap();
    let mut exchange = run(client.send(&request, &0, Deadlines::default())).unwrap();
    let mut taken = 0;
    // Each future is polled once and dropped; none takes bytes without saying so.
    while let Poll::Ready(count) = poll_once(pin!(exchange.write_some(&[b'x'; 100]))) {
        taken += count.unwrap();
        assert!(taken <= 1000);
    }
    for _ in 0..5 {
        assert!(poll_once(pin!(exchange.write_some(b"x"))).is_pending());
    }
    let log = connect.log(0);
    let body = log.sent.iter().filter(|byte| **byte == b'x').count();
    assert_eq!(log.sent.len(), 250);
    assert_eq!(taken, body + 200, "sent and staged");
}

#[test]
fn lengths_that_do_not_match() {
    for (pieces, length) in [
        (&[&b"abc"[..], b"d"][..], 3),
        (&[b"abcd"], 3),
        (&[b"ab"], 3),
        (&[], 1),
    ] {
        let (result, connect) = upload(Script::new([]), Body::Sized(length), pieces);
        let error = result.unwrap_err();
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Send, Kind::BodyLengthMismatch)
        );
        assert!(connect.log(0).dropped && !connect.log(0).closed);
    }
    // Nothing may be written without a streamed body.
    let (result, _) = upload(Script::new([]), Body::Empty, &[b"x"]);
    assert_eq!(result.unwrap_err().kind, Kind::BodyLengthMismatch);
}

#[test]
fn early_response_stops_the_body() {
    let piece = [b'x'; 100];
    let pieces: Vec<&[u8]> = vec![&piece; 100];
    for body in [Body::Sized(1 << 40), Body::Chunked] {
        for window in [usize::MAX, 900] {
            let mut script = after(500, TOO_LARGE);
            script.room = 128;
            script.window = window;
            let (result, connect) = upload(script, body, &pieces);
            let (status, outcome) = result.unwrap();
            assert_eq!(status, 413);
            assert_eq!(outcome, Outcome::Closed(CloseReason::EarlyResponse));
            let log = connect.log(0);
            assert!(log.sent.len() < 1000);
            // The peer may have stopped reading: a graceful end would wait for it.
            assert!(log.dropped && !log.closed);
        }
    }
}

#[test]
fn early_response_to_a_body_at_hand() {
    let body = vec![b'x'; 10_000];
    let mut script = after(500, TOO_LARGE);
    script.room = 128;
    script.window = 600;
    let (result, connect) = upload(script, Body::Full(&body), &[]);
    let (status, outcome) = result.unwrap();
    assert_eq!(
        (status, outcome),
        (413, Outcome::Closed(CloseReason::EarlyResponse))
    );
    assert_eq!(connect.log(0).sent.len(), 600);
}

#[test]
fn interim_response_does_not_stop_the_body() {
    let interim = Act::Give(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec());
    let script = Script::new([
        Act::AwaitBytes(60),
        interim,
        Act::AwaitHeads(2),
        Act::Give(OK.as_bytes().to_vec()),
    ]);
    let (result, _) = upload(script, Body::Chunked, &[b"abc", b"def", b"ghi"]);
    assert_eq!(result.unwrap(), (200, Outcome::Pooled));
}

#[test]
fn a_response_is_found_after_a_failed_send() {
    let body = vec![b'x'; 10_000];
    for kind in [Body::Full(&body), Body::Sized(10_000), Body::Chunked] {
        let mut script = after(500, TOO_LARGE);
        script.room = 128;
        script.break_after = 600;
        let pieces: &[&[u8]] = match kind {
            Body::Full(_) => &[],
            _ => &[&body],
        };
        let (result, _) = upload(script, kind, pieces);
        let (status, outcome) = result.unwrap();
        assert_eq!(
            (status, outcome),
            (413, Outcome::Closed(CloseReason::EarlyResponse))
        );
    }
}

#[test]
fn a_failed_send_without_a_response_is_the_error() {
    let body = vec![b'x'; 10_000];
    for end in [
        Act::End,
        Act::Fail(Kind::ConnectionReset),
        Act::AwaitBytes(usize::MAX),
        Act::Give(b"junk".to_vec()),
    ] {
        let mut script = Script::new([Act::AwaitBytes(500), end]);
        script.room = 128;
        script.break_after = 500;
        let (result, connect) = upload(script, Body::Full(&body), &[]);
        let error = result.unwrap_err();
        assert_eq!(
            (error.phase, error.kind),
            (Phase::Send, Kind::ConnectionReset)
        );
        assert!(connect.log(0).dropped);
    }
}

#[test]
fn peer_that_neither_reads_nor_answers() {
    let mut script = Script::new([]);
    script.window = 70;
    let (result, _) = upload(script, Body::Full(&[b'x'; 10_000]), &[]);
    let error = result.unwrap_err();
    assert_eq!((error.phase, error.kind), (Phase::Send, Kind::TimedOut));
}

#[test]
fn done_without_finish_aborts() {
    let connect = Connector::new([after(60, TOO_LARGE)]);
    let (client, _) = client(connect.clone());
    run(async {
        let at = url("http://a/");
        let request = Request::new("PUT", &at, b"", Body::Chunked).unwrap();
        let mut exchange = client
            .send(&request, &0, Deadlines::default())
            .await
            .unwrap();
        exchange.write_some(b"0123456789").await.unwrap();
        exchange.response().await.unwrap();
        exchange.data().await.unwrap();
        exchange.consume(2);
        let outcome = exchange.done().await;
        assert_eq!(outcome, Outcome::Closed(CloseReason::RequestUnfinished));
    });
    assert!(connect.log(0).dropped);
}

#[test]
fn write_takes_all_or_says_that_the_rest_is_not_wanted() {
    let write = |script: Script, body, data: &'static [u8]| {
        let connect = Connector::new([script]);
        let (client, _) = client(connect.clone());
        let result = run(async {
            let at = url("http://a/");
            let request = Request::new("PUT", &at, b"", body)?;
            let mut exchange = client.send(&request, &0, Deadlines::default()).await?;
            let wanted = exchange.write(data).await?;
            let again = exchange.write(b"").await?;
            exchange.finish().await?;
            exchange.response().await?;
            Ok::<_, Error>((wanted, again))
        });
        (result, connect.log(0).text().matches('x').count())
    };
    let data: &[u8] = &[b'x'; 5000];
    let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";
    let mut script = after(head.len() + 5000, OK);
    script.room = 64;
    let taken = write(script, Body::Sized(5000), data);
    assert_eq!(taken, (Ok((true, true)), 5000));

    let mut early = after(500, TOO_LARGE);
    early.room = 64;
    early.window = 600;
    let (result, taken) = write(early, Body::Chunked, data);
    assert_eq!(result, Ok((false, false)));
    assert!(taken < 600);

    // All or nothing of what is too long.
    let (result, taken) = write(Script::new([]), Body::Sized(4999), data);
    assert_eq!(result.unwrap_err().kind, Kind::BodyLengthMismatch);
    assert_eq!(taken, 0);
}

/// A peer that takes all at once keeps nobody waiting, so that a long write would never be cancelled.
#[test]
fn a_long_write_waits_for_its_turns() {
    let data = vec![b'x'; 1 << 20];
    let connect = Connector::new([after(data.len(), OK)]);
    let (client, _) = client(connect.clone());
    run(async {
        let at = url("http://a/");
        let request = Request::new("PUT", &at, b"", Body::Sized(data.len() as u64)).unwrap();
        let mut exchange = client
            .send(&request, &0, Deadlines::default())
            .await
            .unwrap();
        let mut write = pin!(exchange.write(&data));
        assert!(poll_once(write.as_mut()).is_pending());
        assert!(connect.log(0).text().len() < data.len());
        assert!(write.await.unwrap());
    });
    assert!(connect.log(0).text().ends_with("xx"));
}

/// As much as one that is sent whole.
#[test]
fn a_long_body_waits_for_its_turns() {
    let data = vec![b'x'; 1 << 20];
    let connect = Connector::new([after(data.len(), OK)]);
    let (client, _) = client(connect.clone());
    run(async {
        let at = url("http://a/");
        let request = Request::new("PUT", &at, b"", Body::Full(&data)).unwrap();
        let mut send = pin!(client.send(&request, &0, Deadlines::default()));
        assert!(poll_once(send.as_mut()).is_pending());
        assert!(connect.log(0).text().len() < data.len());
        let mut exchange = send.await.unwrap();
        assert_eq!(exchange.response().await.unwrap().status(), 200);
    });
}
