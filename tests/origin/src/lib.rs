//! A local HTTP/1.1 server, plain and over TLS, for the demo and the tests.
//!
//! It listens on 127.0.0.1 only. Its certificate authority is made at run time and lives no longer
//! than the server. Besides well-behaved answers it can stall, reset, cut and answer nonsense in each
//! phase of a response, and it keeps a log of connections that tests can read.
//!
//! # Routes
//! | path | answer |
//! |------|--------|
//! | `/` | a friendly text |
//! | `/echo` | the request's body and content type; `x-method` names the method |
//! | `/headers` | the request's headers as a JSON array of pairs, in order |
//! | `/bytes/N` | `N` bytes of [`pattern`] with a length; `x-sha256` up to 16 MiB |
//! | `/chunked/N` | the same bytes in chunks of varying size |
//! | `/close/N` | the same bytes, ended by the end of the connection |
//! | `/sha256/N` | SHA-256 of these bytes in hexadecimal |
//! | `/trailers/N` | the same bytes chunked, with chunk extensions and a trailer |
//! | `/upload` | reads the body; JSON with `length`, `sha256`, `chunked` |
//! | `/status/CODE` | an answer with that status |
//! | `/expect/CODE` | answers without reading the body |
//! | `/continue` | 100 and 103, then 200 |
//! | `/slow/BYTES/MS` | one byte every so many milliseconds |
//! | `/header/BYTES` | a field value of that size; `/fields/N`: that many fields |
//! | `/garbage`, `/garbage/random` | text or bytes that are not HTTP |
//! | `/malformed/KIND` | an answer that a strict client refuses: see [`MALFORMED`] |
//! | `/stall/PHASE` | `head`: nothing; `body`: head and 1000 bytes, then nothing; `upload`: reads nothing until `/_release` |
//! | `/reset/PHASE` | TCP reset after `early`: nothing; `head`: part of it; `body`; `chunk` |
//! | `/truncate/PHASE` | as `/reset`, but FIN without close_notify; also `close`: in a body that only the end delimits |
//! | `/truncate/PHASE/notify` | the same with close_notify before FIN |
//! | `/_log?tag=T` | [`Log`] as JSON; with a tag only the connections that had a request whose query holds `tag=T` |
//! | `/_release` | lets all uploads stalled by `/stall/upload` be read |
//! | `/_ports` | JSON with `https`, `http`, `silent`, `full` |
//! | `/_ca` | the certificate authority, PEM |
//!
//! The scripted answers (`/stall`, `/reset`, `/truncate`, ...) come on the same port: hyper parses the
//! request, then gives the connection back and the script writes to it.

mod ca;
mod connection;
mod listeners;
mod log;
mod observe;
mod options;
mod origin;
pub mod pattern;
mod route;
mod script;

pub use ca::{Ca, KeyKind, Leaf, LeafFault, LeafOptions};
pub use listeners::start_listeners;
pub use log::{Connection, End, Log, Port};
pub use options::{Options, Versions};
pub use origin::Origin;
pub use route::MALFORMED;
