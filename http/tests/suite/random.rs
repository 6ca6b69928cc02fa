//! Nothing that arrives makes the client panic, and no cut changes what it sees.

use proptest::collection::vec;
use proptest::prelude::*;
use wskhttp_core::io::Error;
use wskhttp_http::{Limits, Url};

use crate::support::script::{Act, Script};
use crate::support::{View, single_within};

fn small_limits() -> Limits {
    Limits {
        head_bytes: 300,
        headers: 5,
        interim: 2,
        chunk_line: 20,
        chunk_excess: 40,
        trailer_bytes: 30,
        body: 200,
        ..Limits::default()
    }
}

fn cut(bytes: &[u8], cuts: &[prop::sample::Index], limits: Limits) -> Result<View, Error> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.extend([0, bytes.len()]);
    ends.sort_unstable();
    let pieces = ends
        .windows(2)
        .map(|ends| Act::Give(bytes[ends[0]..ends[1]].to_vec()));
    let acts = [Act::AwaitHeads(1)].into_iter().chain(pieces);
    let view = single_within(Script::new(acts.chain([Act::End])), "GET", limits)?;
    Ok(View {
        outcome: wskhttp_http::Outcome::Pooled,
        ..view
    })
}

/// Parts of responses, good and bad, in any order.
fn part() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 18446744073709551615\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"A: b\r\n",
        b"A:\t \x80 \r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"5\r\nhello\r\n",
        b"5;a=\"b\"\r\nhello\r\n",
        b"0\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"hello",
        b":",
        b"\0",
    ];
    prop_oneof![
        9 => prop::sample::select(known).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..20),
    ]
}

/// Mostly well-formed beginnings, so that bodies are reached.
fn response() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ]);
    (start, vec(part(), 0..12))
        .prop_map(|(start, parts)| [start.as_bytes(), &parts.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_cut_gives_the_same(bytes in response(), cuts in vec(any::<prop::sample::Index>(), 0..12)) {
        for limits in [Limits::default(), small_limits()] {
            prop_assert_eq!(cut(&bytes, &cuts, limits), cut(&bytes, &[], limits));
        }
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200), cuts in vec(any::<prop::sample::Index>(), 0..4)) {
        prop_assert_eq!(cut(&bytes, &cuts, small_limits()), cut(&bytes, &[], small_limits()));
    }

    #[test]
    fn any_url(text in "(https?://)?[a-z0-9.:@/?#%\\[\\]\\\\ \\PC]{0,40}") {
        if let Ok(url) = Url::parse(&text) {
            prop_assert!(!url.host().is_empty());
            prop_assert!(url.target().starts_with('/'));
            let sent = [url.authority(), url.target()].concat();
            prop_assert!(sent.bytes().all(|byte| byte.is_ascii_graphic()));
            // Its own form is a URL of the same meaning.
            let scheme = match url.scheme() {
                wskhttp_core::io::Scheme::Http => "http",
                wskhttp_core::io::Scheme::Https => "https",
            };
            prop_assert_eq!(Url::parse(&format!("{scheme}://{sent}")).unwrap(), url);
        }
    }

    #[test]
    fn any_request(method in "\\PC{0,5}|[A-Z]{1,5}", lines in vec(any::<u8>(), 0..30)) {
        let at = crate::support::url("http://a/");
        for lines in [lines.clone(), [b"A:", &lines[..], b"\r\n"].concat()] {
            let body = wskhttp_http::Body::Empty;
            if wskhttp_http::Request::new(&method, &at, &lines, body).is_ok() {
                // Every CR and LF is of a pair that ends a line with a name in front.
                let ends = lines.windows(2).filter(|pair| *pair == b"\r\n").count();
                let breaks = lines.iter().filter(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
                prop_assert_eq!(breaks, 2 * ends);
                prop_assert!(!lines.windows(4).any(|bytes| bytes == b"\r\n\r\n"));
            }
        }
    }
}
