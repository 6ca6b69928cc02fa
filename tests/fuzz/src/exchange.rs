//! Whole exchanges, through the client and its pool.

use wskhttp_corpus::{Case, Ending, Write, play};

use crate::{first, small_limits};

/// Nothing waits without a bound, any size of the server's writes gives the same, and a response never
/// answers the request before or after its own.
pub fn exchange(data: &[u8]) {
    let (flags, bytes) = first(data);
    let (more, bytes) = first(bytes);
    let methods = ["GET", "HEAD", "POST", "PUT"];
    let requests: Vec<_> = (0..1 + (flags & 3))
        .map(|turn| methods[usize::from((more >> (2 * turn)) & 3)])
        .map(|method| (method, "http://a.test/x"))
        .collect();
    let endings = [Ending::Open, Ending::Fin, Ending::Open, Ending::Reset];
    let mut turn = 2;
    let replies = split(bytes).into_iter().map(|reply| {
        let ending = endings[usize::from((flags >> turn) & 3)];
        turn = (turn + 2) % 8;
        (reply.to_vec(), ending)
    });
    let mut case = Case::scripted(&requests, replies.collect());
    if flags & 0x80 != 0 {
        case = case.limits(small_limits());
    }
    let whole = play(&case, Write::All);
    for write in [Write::Bytes(1), Write::Bytes(7)] {
        let cut = play(&case, write);
        assert_eq!(cut.seen, whole.seen, "{write}");
        assert_eq!(cut.heard.len(), whole.heard.len());
    }
    assert!(!whole.stuck);
    assert_eq!(whole.seen.len(), requests.len());
    for seen in &whole.seen {
        assert!(
            !seen.kept || seen.error.is_none(),
            "kept after an error: {seen:?}"
        );
        assert!(seen.error.is_some() || seen.status.is_some());
    }
    // At most one more for each: the retry over a new connection, and none of a POST.
    assert!(whole.heard.len() <= 2 * requests.len());
    let sent = whole
        .heard
        .iter()
        .filter(|heard| heard.bytes.starts_with(b"POST"));
    let asked = requests.iter().filter(|(method, _)| *method == "POST");
    assert!(sent.count() <= asked.count(), "a POST was sent twice");
}

/// The bytes between marks.
fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"\xff\xfe";
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(MARK.len()).position(|window| window == MARK) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + MARK.len()..];
    }
    parts.push(bytes);
    parts.truncate(8);
    parts
}
