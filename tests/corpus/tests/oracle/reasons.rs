//! Where we differ from other clients, and why.

use wskhttp_corpus::Seen;

use crate::Question;

/// How two views differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// We refuse what the other takes.
    Stricter,
    /// We take what the other refuses.
    Laxer,
    /// Both take it, for different things.
    Otherwise,
}

/// A difference that is meant.
pub(crate) struct Reason {
    /// `hyper`, `h11`, or empty for both.
    who: &'static str,
    difference: Difference,
    /// Whether it is this one.
    applies: fn(&Question, &Seen) -> bool,
    /// Why it is so: for the reader.
    #[expect(dead_code, reason = "for the reader")]
    why: &'static str,
}

impl Reason {
    pub(crate) fn explains(
        &self,
        who: &str,
        difference: Difference,
        question: &Question,
        seen: &Seen,
    ) -> bool {
        (self.who.is_empty() || self.who == who)
            && self.difference == difference
            && (self.applies)(question, seen)
    }
}

/// Our error has these words, and the bytes are such.
macro_rules! cause {
    ($words:expr) => {
        |_, seen| seen.error.is_some_and(|error| error.cause.contains($words))
    };
    ($words:expr, $bytes:expr) => {
        |question, seen| {
            let bytes: fn(&[u8]) -> bool = $bytes;
            let says = seen.error.is_some_and(|error| error.cause.contains($words));
            says && bytes(&question.bytes)
        }
    };
}

/// The values of a field in all lines that look like it.
fn values(bytes: &[u8], name: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split('\n').filter_map(|line| line.split_once(':'));
    lines
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim_matches([' ', '\t', '\r']).to_owned())
        .collect()
}

fn lengths(bytes: &[u8]) -> Vec<String> {
    values(bytes, "content-length")
}

fn codings(bytes: &[u8]) -> Vec<String> {
    values(bytes, "transfer-encoding")
}

fn has_bare_lf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\n")
        || bytes
            .windows(2)
            .any(|pair| pair[1] == b'\n' && pair[0] != b'\r')
}

/// We are stricter than the other, or than both.
const fn stricter(
    who: &'static str,
    applies: fn(&Question, &Seen) -> bool,
    why: &'static str,
) -> Reason {
    Reason {
        who,
        difference: Difference::Stricter,
        applies,
        why,
    }
}

pub(crate) const REASONS: &[Reason] = &[
    stricter(
        "",
        cause!("bare LF", has_bare_lf),
        "RFC 9112 section 2.2 lets a recipient take LF for CRLF; two recipients in a row of which one does \
            see different messages",
    ),
    stricter(
        "",
        cause!(
            "has both Content-Length and Transfer-Encoding",
            |bytes| !lengths(bytes).is_empty() && !codings(bytes).is_empty()
        ),
        "section 6.3 item 3: it ought to be handled as an error; both let one field win, or do not look \
            where there is no body",
    ),
    stricter(
        "",
        cause!("more than one Content-Length", |bytes| lengths(bytes).len()
            > 1),
        "RFC 9110 section 8.6 lets a recipient refuse equal ones too; hyper takes equal ones and looks at \
            none where there is no body, h11 merges equal ones",
    ),
    stricter(
        "",
        cause!("Content-Length is not a number", |bytes| lengths(bytes)
            .iter()
            .any(
                |length| length.starts_with('+') || length.parse::<u64>().is_err()
            )),
        "hyper does not look at it where there is no body; h11 merges `5, 5`, which section 6.3 item 5 \
            allows a recipient",
    ),
    stricter(
        "",
        cause!("not exactly one chunked", |bytes| {
            let codings = codings(bytes);
            codings.len() > 1
                || codings
                    .iter()
                    .any(|coding| !coding.eq_ignore_ascii_case("chunked"))
        }),
        "section 6.1: hyper takes codings before chunked and hands over a body that is still coded, or \
            reads other codings up to the end of the connection; h11 takes a folded line",
    ),
    stricter(
        "",
        cause!("HTTP/1.0 response has a Transfer-Encoding", |bytes| bytes
            .windows(8)
            .any(|part| part == b"HTTP/1.0")
            && !codings(bytes).is_empty()),
        "section 6.1: the framing is faulty; both ignore that where there is no body",
    ),
    stricter(
        "",
        cause!("a chunk-size line has stray whitespace"),
        "both take whitespace at the end of the line, which some old servers send and section 7.1 does not have",
    ),
    stricter(
        "",
        cause!("more than 16 digits"),
        "both take leading zeros beyond 16 digits; no server sends them",
    ),
    stricter(
        "",
        cause!("a chunk extension is malformed"),
        "section 7.1.1: both skip what is between the semicolon and the line end; a quoted string that is \
            not closed may hide a line end from another reader",
    ),
    stricter(
        "h11",
        cause!("a chunk-size line has a bare CR"),
        "h11 skips extensions up to CRLF, with a bare CR in them",
    ),
    stricter(
        "",
        cause!("a trailer field would change the framing"),
        "RFC 9110 section 6.5.1: must not be merged; both drop or hand over trailers without a look",
    ),
    stricter(
        "",
        cause!("the trailer section is malformed"),
        "h11 takes LF, folded lines and some control characters there, as in heads; hyper what httparse \
            takes in a head",
    ),
    stricter(
        "h11",
        cause!("a header line of the response is malformed"),
        "h11 takes DEL and some other control characters in values",
    ),
    stricter(
        "h11",
        cause!("status line is malformed"),
        "h11 takes control characters in the reason",
    ),
    stricter(
        "h11",
        cause!("folded line", |bytes| bytes
            .windows(2)
            .any(|pair| pair == b"\n " || pair == b"\n\t")),
        "RFC 9112 section 5.2 has user agents replace obs-fold by spaces, as h11 does; every other reader \
            on the way sees other fields",
    ),
    stricter(
        "h11",
        cause!("another HTTP version"),
        "h11 takes any digits as a version",
    ),
    stricter(
        "",
        cause!("more header fields than the limit"),
        "a limit of ours: 256; h11 limits bytes only",
    ),
    stricter(
        "",
        cause!("more interim responses than the limit"),
        "a limit of ours: 16; neither counts them",
    ),
    stricter(
        "hyper",
        cause!("did not answer with HTTP", |bytes| !bytes
            .starts_with(b"HTTP/")),
        "httparse skips any number of CRLF and LF before the status line, we one CRLF",
    ),
    stricter(
        "hyper",
        cause!("switched protocols unasked", |bytes| bytes
            .starts_with(b"HTTP/1.1 101")),
        "hyper hands a 101 to the caller also when nothing was asked for; the bytes after it are of no \
            protocol that we speak",
    ),
    Reason {
        who: "hyper",
        difference: Difference::Laxer,
        applies: |_, seen| seen.headers.len() > 100,
        why: "hyper takes 100 header fields, we 256",
    },
    Reason {
        who: "h11",
        difference: Difference::Laxer,
        applies: |question, _| {
            let chunked = codings(&question.bytes) == ["chunked"];
            let spaced = |pair: &[u8]| matches!(pair, [b' ' | b'\t', b';']);
            chunked && question.bytes.windows(2).any(spaced)
        },
        why: "h11 takes no whitespace before the semicolon of an extension, which RFC 9110 section 5.6.3 has \
            recipients parse",
    },
    Reason {
        who: "h11",
        difference: Difference::Laxer,
        applies: |question, _| {
            let after_interim = b"\r\n\r\n\r\nHTTP/";
            let mut windows = question.bytes.windows(after_interim.len());
            question.bytes.starts_with(b"\r\n") || windows.any(|bytes| bytes == after_interim)
        },
        why: "one CRLF before the status line: section 2.2 speaks of requests only, but servers that send \
            one after a body exist, and nothing can hide in it",
    },
];
