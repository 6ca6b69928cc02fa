//! HTTP/1.1 without I/O (RFC 9112): each state takes bytes, says how many it used, and can be
//! resumed at any byte.
//!
//! ```text
//! sending    SendHead --is_done--> SendBody::{Sized, Chunked} --finish--> SendBody::Done
//!               | |                           |
//!               | +--(Empty, Full)--> Done    +--the response came first--> SendBody::Stopped
//!               +--(Expect) is_held --release or a while--> the body follows
//!
//! receiving  RecvHead --push, finish--> Next::Body: RecvBody --step, consume--> Step::End
//!               ^  |                                  |
//!               |  +--1xx, bounded: Next::Head        +--end_of_stream--> Step::End (UntilClose)
//!               +--+
//!
//! then       reuse, if sending is Done and nobody gave a CloseReason; else close
//! ```
//!
//! The two halves run side by side: a response may come before the request is sent. A [`RecvBody`]
//! comes only from a complete final head, by [`RecvHead::finish`], which takes the state away, refuses
//! a 101 and counts what is interim. Everything is bounded by [`Limits`](crate::Limits); an error ends both
//! halves.
//!
//! ```
//! use wskhttp_http::proto::{Next, RecvHead, SendHead, Step};
//! use wskhttp_http::{Body, Limits, Request, Url};
//!
//! let limits = Limits::default();
//! let url = Url::parse("http://example.test/status?all")?;
//! let request = Request::new("GET", &url, b"Accept: */*\r\n", Body::Empty)?;
//! let mut output = [0; 256];
//! let sent = SendHead::new(&request).write(&mut output);
//! assert!(output[..sent].starts_with(b"GET /status?all HTTP/1.1\r\nHost: example.test\r\n"));
//!
//! let input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding:chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
//! let mut head = RecvHead::default();
//! let (used, complete) = head.push(input, &limits)?;
//! assert!(complete);
//!
//! let Next::Body(head, mut body, None) = head.finish(false, &limits)? else {
//!     unreachable!("a final response, after which the connection can be used again");
//! };
//! assert_eq!(head.header_lines(), b"Transfer-Encoding: chunked\r\n");
//! let mut rest = &input[used..];
//! let mut data = Vec::new();
//! loop {
//!     match body.step(rest, &limits)? {
//!         Step::Skip(n) => rest = &rest[n..],
//!         Step::Data(n) => {
//!             data.extend_from_slice(&rest[..n]);
//!             body.consume(n);
//!             rest = &rest[n..];
//!         }
//!         Step::End => break,
//!         Step::Need => unreachable!("the whole response is at hand"),
//!     }
//! }
//! assert_eq!(data, b"hi");
//! # Ok::<(), wskhttp_core::io::Error>(())
//! ```

mod chunked;
mod close_reason;
pub(crate) mod digits;
pub mod fields;
mod framing;
mod recv_body;
mod recv_head;
mod response_head;
mod send_body;
mod send_head;
pub(crate) mod trailer;

pub use close_reason::CloseReason;
pub use framing::{BodyLength, Framing};
pub use recv_body::{RecvBody, Step};
pub use recv_head::{Next, RecvHead};
pub use response_head::ResponseHead;
pub use send_body::SendBody;
pub use send_head::SendHead;
