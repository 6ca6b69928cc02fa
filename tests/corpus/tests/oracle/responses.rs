//! The questions: the corpus, and parts of responses put together by chance.

use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use wskhttp_corpus::{files, read_file};

use crate::Question;

/// Every case of the corpus with one request and bytes that are not many.
pub(crate) fn corpus() -> Vec<Question> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut questions = Vec::new();
    for file in files(&directory).unwrap() {
        for case in read_file(&file, "case").unwrap() {
            let bytes = case.sent();
            if case.request_count() == 1 && bytes.len() < 4096 {
                for method in ["GET", "HEAD"] {
                    let bytes = bytes.clone();
                    questions.push(Question { method, bytes });
                }
            }
        }
    }
    questions
}

/// The same ones each time.
pub(crate) fn random(count: usize) -> Vec<Question> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = response();
    (0..count)
        .map(|turn| Question {
            method: if turn % 8 == 0 { "HEAD" } else { "GET" },
            bytes: strategy.new_tree(&mut runner).unwrap().current(),
        })
        .collect()
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204 No Content\r\n",
        "HTTP/1.1 304\r\n",
        "HTTP/1.1 404 \r\n",
        "HTTP/1.1 200 OK\n",
        "\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 999 x\r\n",
    ]);
    let field = prop::sample::select(vec![
        "Content-Length: 5\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 0\r\n",
        "Content-Length: 05\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: Chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Connection: close\r\n",
        "Connection: keep-alive\r\n",
        "A: b\r\n",
        "A:\t c d \r\n",
        "A: b\n",
        "A : b\r\n",
        "A:\r\n",
        " folded\r\n",
    ]);
    let body = prop::sample::select(vec![
        "hello",
        "hell",
        "hello!",
        "",
        "5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "5;a=b\r\nhello\r\n0\r\n\r\n",
        "5;a=\"b\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "05\r\nhello\r\n00\r\n\r\n",
        "5\r\nhello\r\n",
        "5\r\nhello\r\n0\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloo\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
    ]);
    let flip = prop::option::weighted(0.15, (any::<prop::sample::Index>(), any::<u8>()));
    let fields = prop::collection::vec(field, 0..4);
    (start, fields, body, flip).prop_map(|(start, fields, body, flip)| {
        let mut bytes = format!("{start}{}\r\n{body}", fields.concat()).into_bytes();
        if let Some((at, byte)) = flip {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}
