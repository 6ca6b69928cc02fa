//! RFC 9112. Section 6: where a body ends.

use wskhttp_core::io::Kind;
use wskhttp_http::{Body, CloseReason, Deadlines, Outcome, Request};

use super::{FRAMING, HEAD, OK, SHORT, sent, table};
use crate::support::script::{Connector, Script};
use crate::support::{client, exchange, run, single, url};

#[test]
fn section_6_1_transfer_encoding() {
    table(
        "6.1",
        &[
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            // Chunked once, and last. We ask for no other coding with TE, and take none.
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
                HEAD,
            ),
            // In HTTP/1.0 the framing is faulty.
            (
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                FRAMING,
            ),
            // Not allowed in 1xx, which end at the empty line all the same; see section 6.3.
            (
                "HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx",
                Ok("x"),
            ),
            (
                "HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx",
                HEAD,
            ),
        ],
    );
    let sent = sent("POST", "http://a.test/", b"", Body::Empty);
    assert!(!sent.contains("Transfer-Encoding") && sent.contains("Content-Length: 0\r\n"));
}

#[test]
fn section_6_1_chunked_is_not_sent_to_http_1_0() {
    // "unless it knows the server will handle HTTP/1.1"; it remembers "the version of a prior received
    // response". Bodies with a length go there.
    let old = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi";
    for (first, body, expected) in [
        (old, Body::Chunked, Err(Kind::InvalidRequest)),
        (old, Body::Full(b"x"), Ok(200)),
        (OK, Body::Chunked, Ok(200)),
    ] {
        let connect = Connector::new([Script::answers(&[first, OK])]);
        let (client, _) = client(connect.clone());
        run(exchange(&client, "GET", "http://a.test/", Body::Empty)).unwrap();
        let at = url("http://a.test/");
        let request = Request::new("POST", &at, b"", body).unwrap();
        let status = run(async {
            let sent = client.send(&request, &0, Deadlines::default()).await;
            let mut exchange = sent.map_err(|error| error.kind)?;
            exchange.finish().await.unwrap();
            Ok(exchange.response().await.unwrap().status())
        });
        assert_eq!(status, expected, "{first:?} {body:?}");
        assert!(!connect.log(0).text().contains("chunked") || first == OK);
        assert_eq!(connect.made(), 1);
    }
}

#[test]
fn section_6_2_content_length() {
    table(
        "6.2",
        &[
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", Ok("x")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 01\r\n\r\nx", Ok("x")),
            // 1*DIGIT has no bound but that of the number.
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 000000000000000000000000000001\r\n\r\nx",
                Ok("x"),
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 000018446744073709551616\r\n\r\nx",
                FRAMING,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\nx", FRAMING),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx", FRAMING),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nx",
                SHORT,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx",
                SHORT,
            ),
        ],
    );
}

#[test]
fn section_6_3_message_body_length() {
    // Items 1 and 2: no body, whatever is announced.
    for (method, head) in [
        ("HEAD", "200 OK\r\nContent-Length: 4"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content"),
        ("GET", "304 Not Modified\r\nContent-Length: 4"),
    ] {
        let script = Script::answers(&[&format!("HTTP/1.1 {head}\r\n\r\n")]);
        let view = single(script, method).unwrap();
        assert_eq!(
            (view.body.len(), view.outcome),
            (0, Outcome::Pooled),
            "{method} {head}"
        );
    }
    // Item 1 of an interim one, too; but who announces a body is not trusted with another exchange.
    for (interim, keeps) in [
        ("", true),
        ("Content-Length: 0\r\n", true),
        ("Content-Length: 3\r\n", false),
        ("Transfer-Encoding: chunked\r\n", false),
    ] {
        let script = Script::answers(&[&format!("HTTP/1.1 103 x\r\n{interim}\r\n{OK}")]);
        let view = single(script, "GET").unwrap();
        let outcome = match keeps {
            true => Outcome::Pooled,
            false => Outcome::Closed(CloseReason::ForbiddenBody),
        };
        assert_eq!(
            (view.text().as_str(), view.outcome),
            ("hi", outcome),
            "{interim}"
        );
    }
    table(
        "6.3",
        &[
            (
                "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                Ok("x"),
            ),
            // Item 3: both fields; "ought to be handled as an error".
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                FRAMING,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                FRAMING,
            ),
            // Item 4: chunked.
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                Ok("x"),
            ),
            // Item 5: an invalid Content-Length.
            ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nx", FRAMING),
            // Item 6: a valid one.
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy", Ok("xy")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", SHORT),
            // Item 8: up to the end of the connection.
            ("HTTP/1.1 200 OK\r\n\r\nxyz", Ok("xyz")),
            ("HTTP/1.0 200 OK\r\n\r\n", Ok("")),
        ],
    );
}
