//! Every bound of the client in one place.

use core::time::Duration;

/// Bounds on what a peer can make the client hold or wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one response head as received, status line and empty line included. 64 KiB.
    pub head_bytes: usize,
    /// Header fields of one response head. 256.
    pub headers: usize,
    /// Interim (1xx) responses before the final one. 16.
    pub interim: u32,
    /// Bytes of one chunk-size line with its extensions. 1 KiB.
    pub chunk_line: usize,
    /// Bytes that the chunk lines of a body may take beyond 16 + 2 * size for each chunk. 16 KiB.
    pub chunk_excess: u64,
    /// Bytes of the trailer section. 8 KiB.
    pub trailer_bytes: usize,
    /// Decoded bytes of a body. `u64::MAX`.
    pub body: u64,
    /// Idle connections in the pool, whose places are taken from memory when the client is made. 32.
    pub idle_total: usize,
    /// Idle connections in the pool for one origin and key. 8.
    pub idle_per_origin: usize,
    /// How long a connection may be idle before it is not used again. 60 s.
    pub idle_timeout: Duration,
    /// Exchanges at once; others wait. 1024; `usize::MAX` for any number.
    pub active_total: usize,
    /// Exchanges at once with one origin; others wait, in order. 256; `usize::MAX` for any number.
    pub active_per_origin: usize,
    /// How many may wait for others. 1024.
    pub queue: usize,
    /// How long one wait may last when no deadline ends it sooner: for a connection, for room to
    /// send, for the head of the response, for more of its body. 300 s.
    pub stall: Duration,
    /// Bytes of a body that nobody wants which are read so that its connection can be used again,
    /// such as that of a redirect. 64 KiB.
    pub drain: u64,
    /// How long a graceful close may take, how long a response is looked for after sending failed,
    /// and how long an unwanted body is read. 2 s.
    pub close: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 << 10,
            headers: 256,
            interim: 16,
            chunk_line: 1 << 10,
            chunk_excess: 16 << 10,
            trailer_bytes: 8 << 10,
            body: u64::MAX,
            idle_total: 32,
            idle_per_origin: 8,
            idle_timeout: Duration::from_secs(60),
            active_total: 1024,
            active_per_origin: 256,
            queue: 1024,
            stall: Duration::from_secs(300),
            drain: 64 << 10,
            close: Duration::from_secs(2),
        }
    }
}
