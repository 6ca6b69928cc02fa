//! What the targets share: each is a property that must hold for any bytes, and `tests/corpus` has the
//! seeds.

mod chunk;
mod content;
mod exchange;
mod head;
mod message;
mod redirect;
mod tls;
mod trust;
mod url;

pub use chunk::chunk;
pub use content::content;
pub use exchange::exchange;
pub use head::head;
pub use message::message;
pub use redirect::redirect;
pub use tls::{tls_chain, tls_policy, tls_session};
pub use trust::{tls_blob, tls_crl, tls_ocsp, tls_pins};
pub use url::url;

use wskhttp_http::Limits;

/// Limits that a few hundred bytes can pass.
pub(crate) fn small_limits() -> Limits {
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

/// The first byte, and the rest.
pub(crate) fn first(data: &[u8]) -> (u8, &[u8]) {
    match data {
        [first, rest @ ..] => (*first, rest),
        [] => (0, data),
    }
}
