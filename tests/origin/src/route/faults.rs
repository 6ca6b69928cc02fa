//! The scripted answers: slow, odd and broken ones.

use std::time::Duration;

use crate::pattern::Pattern;
use crate::script::{Ending, Piece, Script};

/// The kinds of `/malformed/KIND`.
pub const MALFORMED: [&str; 9] = [
    "cl-te",
    "two-lengths",
    "signed-length",
    "bare-lf",
    "bare-cr",
    "obs-fold",
    "space-colon",
    "chunk-size",
    "chunk-end",
];

/// The script for a path, if a script answers it.
pub(super) fn script(words: &[&str]) -> Option<Script> {
    Some(match *words {
        ["close", n] => Script {
            pieces: vec![
                head("Connection: close\r\n"),
                Piece::Pattern(n.parse().ok()?),
            ],
            ending: Ending::CloseNotify,
        },
        ["trailers", n] => trailers(n.parse().ok()?),
        ["continue"] => Script::new(CONTINUE, Ending::KeepAlive),
        ["slow", n, ms] => {
            let n = n.parse().ok()?;
            Script {
                pieces: vec![
                    head(&format!("Content-Length: {n}\r\n")),
                    Piece::Slow(n, Duration::from_millis(ms.parse().ok()?)),
                ],
                ending: Ending::KeepAlive,
            }
        }
        ["header", n] => large(n.parse().ok()?),
        ["fields", n] => fields(n.parse().ok()?),
        ["garbage"] => Script::new("SSH-2.0-not_http\r\n", Ending::CloseNotify),
        ["garbage", "random"] => Script {
            pieces: vec![Piece::Pattern(4000)],
            ending: Ending::CloseNotify,
        },
        ["malformed", kind] => Script::new(malformed(kind)?, Ending::CloseNotify),
        ["stall", phase @ ("head" | "body")] => Script::new(
            begun(if phase == "head" { "early" } else { "body" })?,
            Ending::Stall,
        ),
        ["reset", phase] => Script::new(begun(phase)?, Ending::Reset),
        ["truncate", phase] => Script::new(begun(phase)?, Ending::Fin),
        ["truncate", phase, "notify"] => Script::new(begun(phase)?, Ending::CloseNotify),
        _ => return None,
    })
}

/// A response that ends too early, in the named phase.
fn begun(phase: &str) -> Option<Vec<u8>> {
    let (head, body) = match phase {
        "early" => return Some(Vec::new()),
        "head" => return Some(b"HTTP/1.1 200 OK\r\nContent-Type: text/pl".to_vec()),
        "body" => ("Content-Length: 100000\r\n", ""),
        "chunk" => ("Transfer-Encoding: chunked\r\n", "4000\r\n"),
        "close" => ("Connection: close\r\n", ""),
        _ => return None,
    };
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}").into_bytes();
    bytes.extend_from_slice(Pattern::new(1000).take(1000));
    Some(bytes)
}

fn malformed(kind: &str) -> Option<String> {
    let (fields, body) = match kind {
        "cl-te" => (
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        "two-lengths" => ("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"),
        "signed-length" => ("Content-Length: +5\r\n", "hello"),
        "bare-lf" => ("Content-Length: 5\nX-Next: line\r\n", "hello"),
        "bare-cr" => ("X-Value: a\rb\r\nContent-Length: 5\r\n", "hello"),
        "obs-fold" => ("X-Value: a\r\n b\r\nContent-Length: 5\r\n", "hello"),
        "space-colon" => ("Content-Length : 5\r\n", "hello"),
        "chunk-size" => (
            "Transfer-Encoding: chunked\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
        ),
        "chunk-end" => ("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"),
        _ => return None,
    };
    Some(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}"))
}

fn trailers(length: u64) -> Script {
    let mut pieces = vec![head(
        "Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n",
    )];
    let mut pattern = Pattern::new(length);
    while pattern.left() > 0 {
        let chunk = pattern.take(10_000);
        let mut bytes = format!("{:X};part=\"a b\"\r\n", chunk.len()).into_bytes();
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        pieces.push(Piece::Bytes(bytes));
    }
    let sum = crate::pattern::sha256(length);
    pieces.push(Piece::Bytes(
        format!("0\r\nX-Checksum: {sum}\r\n\r\n").into_bytes(),
    ));
    Script {
        pieces,
        ending: Ending::KeepAlive,
    }
}

fn large(length: usize) -> Script {
    let value = "a".repeat(length.min(MOST));
    Script {
        pieces: vec![
            head(&format!("Content-Length: 2\r\nX-Large: {value}\r\n")),
            ok(),
        ],
        ending: Ending::KeepAlive,
    }
}

fn fields(count: usize) -> Script {
    let mut lines = String::from("Content-Length: 2\r\n");
    for n in 0..count.min(MOST / 32) {
        lines.push_str(&format!("X-Field-{n}: {n}\r\n"));
    }
    Script {
        pieces: vec![head(&lines), ok()],
        ending: Ending::KeepAlive,
    }
}

fn head(lines: &str) -> Piece {
    Piece::Bytes(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").into_bytes())
}

fn ok() -> Piece {
    Piece::Bytes(b"ok".to_vec())
}

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n\
    HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nat last!\n";
const MOST: usize = 64 << 20;
