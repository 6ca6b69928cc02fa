//! HTTP/1.1 without I/O (RFC 9112): each state takes bytes, says how many it used, and can be
//! resumed at any byte.
//!
//! ```text
//! SendHead --> SendBody --+--> RecvHead --> RecvBody --> reuse | close(CloseReason)
//!    |   (Sized, Chunked) |       |  ^
//!    +--(Empty, Full)-----+       +--+ 1xx
//! ```

mod chunked;
mod close_reason;
mod digits;
pub mod fields;
mod framing;
mod recv_body;
mod recv_head;
mod response_head;
mod send_body;
mod send_head;
mod trailer;

pub use close_reason::CloseReason;
pub use framing::{BodyLength, Framing};
pub use recv_body::{RecvBody, Step};
pub use recv_head::RecvHead;
pub use response_head::ResponseHead;
pub use send_body::SendBody;
pub use send_head::SendHead;
