//! Limits: how much a body may grow, and how many codings it may have.

use wskhttp_core::io::Kind;
use wskhttp_http::{Agent, Call, CloseReason, Decode, Outcome};

use super::{fetch, gzip, kind, response, zlib};
use crate::support::script::{Act, Connector, Script};
use crate::support::{FakeClock, Lock, run};

#[test]
fn bombs() {
    let bomb = gzip(&vec![0; 16 << 20]);
    assert!(bomb.len() < 60_000);
    for (coding, body) in [
        ("gzip", bomb.clone()),
        ("deflate", zlib(&vec![0; 16 << 20])),
        ("gzip, gzip", gzip(&bomb)),
    ] {
        assert_eq!(kind(coding, &body), Kind::BodyTooLarge, "{coding}");
    }
    // Each limit by itself.
    let small = gzip(&vec![0; 100_000]);
    for (size, ratio, slack, fits) in [
        (100_000, 1, 100_000, true),
        (99_999, u32::MAX, 100_000, false),
        (1 << 30, 100, 1000, false),
        (1 << 30, 1032, 1000, true),
    ] {
        let limits = Decode {
            size,
            ratio,
            slack,
            codings: 1,
            ..Decode::default()
        };
        let result = fetch(&response("gzip", &small), usize::MAX, limits);
        match fits {
            true => assert_eq!(result.unwrap().0.len(), 100_000),
            false => assert_eq!(result.unwrap_err().kind, Kind::BodyTooLarge),
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_its_limit() {
    // What the caller got until then is bounded, the connection is not used again.
    let response = response("gzip", &gzip(&vec![0; 16 << 20]));
    let script = Script::new([Act::AwaitHeads(1), Act::Give(response)]);
    let agent: Agent<_, _, Lock> =
        Agent::new(Connector::new([script]), FakeClock::default()).unwrap();
    let agent = agent.decode(Some(Decode::default()));
    run(async {
        let mut response = agent.send(Call::get("http://a/"), &0).await.unwrap();
        let mut read = 0;
        let error = loop {
            match response.data().await {
                Ok(data) => {
                    let count = data.len();
                    read += count;
                    response.consume(count);
                }
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, Kind::BodyTooLarge);
        let most = Decode::default().slack + 200 * 60_000;
        assert!(read as u64 <= most, "{read}");
        assert_eq!(response.data().await.unwrap_err(), error);
        assert_eq!(
            response.done().await,
            Outcome::Closed(CloseReason::ResponseUnfinished)
        );
    });
}

#[test]
fn chains_and_unknown_codings() {
    for coding in [
        "gzip, gzip, gzip",
        "zstd",
        "compress",
        "gzip;q=1",
        "chunked",
        "gzip gzip",
    ] {
        assert_eq!(
            kind(coding, &gzip(b"x")),
            Kind::UnsupportedContent,
            "{coding}"
        );
    }
    let chain = ["gzip"; 5000].join(",");
    assert_eq!(kind(&chain, b"x"), Kind::UnsupportedContent);
}
