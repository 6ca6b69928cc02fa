//! Content codings.

use wskhttp_core::io::{Error, Kind};
use wskhttp_corpus::{Case, Ending, Write, play};
use wskhttp_http::{Decode, Policy};

use crate::first;

/// Whatever the bytes are: never more than the limits, and any cut gives the same.
pub fn content(data: &[u8]) {
    let (flags, bytes) = first(data);
    let coding = CODINGS[usize::from(flags) % CODINGS.len()];
    let decode = Decode {
        size: 20_000,
        ratio: 50,
        slack: 1_000,
        codings: 2,
        window: 1 << 16,
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n");
    let reply = [head.as_bytes(), bytes].concat();
    let case =
        Case::scripted(&[("GET", "http://a.test/")], vec![(reply, Ending::Fin)]).policy(Policy {
            decode: Some(decode),
            ..Policy::NONE
        });
    let whole = play(&case, Write::All);
    assert!(!whole.stuck);
    let [seen] = whole.seen.as_slice() else {
        panic!("{} responses", whole.seen.len());
    };
    let length = seen.body.len() as u64;
    assert!(length <= decode.size, "{length} bytes");
    let by_ratio = decode.slack + u64::from(decode.ratio) * bytes.len() as u64;
    assert!(length <= by_ratio, "{length} bytes of {}", bytes.len());
    for write in [Write::Bytes(1), Write::Bytes(7)] {
        let cut = play(&case, write).seen.remove(0);
        // Of two things that are wrong with coded data, either may be seen first. And a body may be out
        // of proportion to the bytes received so far, but not to those that come next.
        let is_ratio =
            |error: Option<Error>| error.is_some_and(|error| error.kind == Kind::BodyTooLarge);
        assert!(
            cut.error.is_some() == seen.error.is_some()
                || is_ratio(cut.error)
                || is_ratio(seen.error),
            "{write}: {:?}, {:?}",
            cut.error,
            seen.error
        );
        // A ratio is looked at as bytes come, so that less may have been given out before an error.
        match seen.error.or(cut.error) {
            None => assert_eq!(cut.body, seen.body, "{write}"),
            Some(_) => assert!(
                cut.body.iter().zip(&seen.body).all(|(a, b)| a == b),
                "{write}"
            ),
        }
    }
}

const CODINGS: [&str; 8] = [
    "gzip",
    "deflate",
    "gzip, gzip",
    "deflate, gzip",
    "br",
    "br",
    "br, gzip",
    "gzip, br",
];
