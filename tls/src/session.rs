//! The TLS protocol without I/O. The types of rustls's connection end here.
//!
//! The caller owns the received bytes. [`Session::step`] looks at one record at a time, so that the
//! place of a record's plaintext is known: rustls hands each record to the cipher of
//! [`crate::crypto`], which opens it where it lies.
//!
//! ```text
//! received bytes: | retained | next record | ...
//!                 '- `seen` -'
//! ```
//! Bytes that rustls has read but must see again (a handshake message that is not complete) stay in
//! front; `seen` counts them.

mod record;

pub(crate) use self::record::{MAX_PLAIN, OVERHEAD, Sealer};

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::HandshakeKind;
use rustls::client::UnbufferedClientConnection;
use rustls::unbuffered::ConnectionState;
use rustls_pki_types::ServerName;
use wskhttp_core::fallible::extend;
use wskhttp_core::io::{Error, Phase, TlsInfo};

use self::record::{HEADER, encode, record_end};
use crate::crypto;
use crate::error;
use crate::sessions::Store;
use crate::{Platform, TlsConfig};

/// Bytes to send above which nothing more is read.
const MAX_OUTGOING: usize = 1 << 14;

/// Where a session stands after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something was processed; step again.
    Again,
    /// Plaintext lies at `start`, counted before anything is removed.
    Data {
        /// Offset of the first byte.
        start: usize,
        /// Bytes, at least one.
        length: usize,
    },
    /// More received bytes are needed.
    NeedInput,
    /// Send [`Session::outgoing`] first.
    NeedOutput,
    /// The peer has said close_notify: the end, unforged.
    Closed,
}

/// How a session came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// With the server's certificates.
    Full,
    /// The same, after the server asked for another key share.
    FullAfterRetry,
    /// By what an earlier session left.
    Resumed,
}

/// A client's side of one TLS connection.
pub struct Session {
    platform: &'static Platform,
    connection: UnbufferedClientConnection,
    sessions: Option<Arc<dyn Store>>,
    outgoing: Vec<u8>,
    sent: usize,
    seen: usize,
    /// Bytes of the handshake that rustls has used up.
    heard: usize,
    closed: bool,
    failed: Option<Error>,
}

impl Session {
    /// A session with the server `name` at `port`, by which sessions to resume are told apart.
    ///
    /// # Errors
    /// Phase `Tls`: no randomness, no memory.
    pub fn new(config: &TlsConfig, name: ServerName<'static>, port: u16) -> Result<Self, Error> {
        let platform = config.platform();
        let connection = platform
            .promise(NEED, || {
                UnbufferedClientConnection::new(config.client(&name, port), name)
            })?
            .map_err(|error| error::of(&error))?;
        Ok(Self {
            platform,
            connection,
            sessions: config.sessions(),
            outgoing: Vec::new(),
            sent: 0,
            seen: 0,
            heard: 0,
            closed: false,
            failed: None,
        })
    }

    /// Processes at most one record of `input`, the received bytes from the first that was not
    /// used. Gives how many bytes of the front are used up: remove them before the next step, and
    /// after reading the plaintext of [`Step::Data`]. At the start, step without input.
    ///
    /// # Errors
    /// Phase `Tls` until the handshake is done, then `Receive`. The session is over;
    /// [`Session::outgoing`] may hold an alert for the peer.
    pub fn step(&mut self, input: &mut [u8]) -> Result<(usize, Step), Error> {
        if self.closed {
            return Ok((0, Step::Closed));
        }
        if self.outgoing().len() >= MAX_OUTGOING {
            return Ok((0, Step::NeedOutput));
        }
        let Some(end) = record_end(input, self.seen) else {
            // Part of a header suffices to refuse what is not TLS.
            let (used, event) = self.process(input, self.seen)?;
            return Ok(match event {
                Event::Idle if used == 0 => (0, Step::NeedInput),
                Event::Closed => (used, Step::Closed),
                Event::Data(_) => return Err(error::internal("a record came from nowhere")),
                Event::Idle | Event::Queued => (used, Step::Again),
            });
        };
        let record = self.seen;
        let input = input.get_mut(..end).unwrap_or_default();
        let (used, event) = self.process(input, end)?;
        Ok((
            used,
            match event {
                Event::Idle | Event::Queued => Step::Again,
                Event::Closed => Step::Closed,
                Event::Data(length) => {
                    let start = self.plaintext(record);
                    if used != end || start.saturating_add(length) > end {
                        return Err(error::internal("a record's plaintext is out of place"));
                    }
                    Step::Data { start, length }
                }
            },
        ))
    }

    /// Bytes to send to the peer. Report with [`Session::sent`] what was taken.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.sent..).unwrap_or_default()
    }

    /// Removes the first `n` bytes of [`Session::outgoing`].
    pub fn sent(&mut self, n: usize) {
        self.sent = self.sent.saturating_add(n);
        if self.outgoing().is_empty() {
            self.outgoing = Vec::new();
            self.sent = 0;
        }
    }

    /// Whether the handshake is not complete.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// What was negotiated; `None` before.
    #[must_use]
    pub fn info(&self) -> Option<TlsInfo> {
        Some(TlsInfo {
            version: self.connection.protocol_version()?.into(),
            suite: self.connection.negotiated_cipher_suite()?.suite().into(),
            group: self
                .connection
                .negotiated_key_exchange_group()
                .map_or(0, |group| group.name().into()),
            resumed: self.kind() == Some(Handshake::Resumed),
        })
    }

    /// Whether the session was resumed, and whether the server asked for another key share; `None`
    /// until it is known.
    #[must_use]
    pub fn kind(&self) -> Option<Handshake> {
        Some(match self.connection.handshake_kind()? {
            HandshakeKind::Full => Handshake::Full,
            HandshakeKind::FullWithHelloRetryRequest => Handshake::FullAfterRetry,
            HandshakeKind::Resumed => Handshake::Resumed,
        })
    }

    /// The server's certificates in DER, its own first; those of the session's first handshake if it
    /// was resumed. Empty until they are known.
    pub fn peer_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.as_ref())
    }

    /// The application protocol on which both agreed.
    #[must_use]
    pub fn application(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// Ready to seal one record; call [`Session::prepare`] first and send what is outgoing. `input`
    /// is the same as for [`Session::step`] and is not used up.
    ///
    /// # Errors
    /// Phase `Send`.
    pub(crate) fn sealer(&mut self, input: &mut [u8]) -> Result<Sealer<'_>, Error> {
        self.alive().map_err(|error| error.in_phase(Phase::Send))?;
        let seen = self.seen;
        let input = input.get_mut(..seen).unwrap_or_default();
        let (platform, connection) = (self.platform, &mut self.connection);
        let state = platform
            .promise(NEED, || connection.process_tls_records(input).state)
            .map_err(|error| error.in_phase(Phase::Send))?;
        match state {
            Ok(ConnectionState::WriteTraffic(traffic)) => Ok(Sealer { platform, traffic }),
            Ok(_) => Err(error::internal("TLS is not ready to send").in_phase(Phase::Send)),
            Err(error) => Err(error::of(&error).in_phase(Phase::Send)),
        }
    }

    /// Makes [`Session::sealer`] possible; gives how many bytes of the front of `input` are used up.
    /// Send what is outgoing then.
    pub(crate) fn prepare(&mut self, input: &mut [u8]) -> Result<usize, Error> {
        let mut total = 0_usize;
        loop {
            let seen = self.seen;
            let end = total.saturating_add(seen);
            let retained = input.get_mut(total..end).unwrap_or_default();
            let (used, event) = self.process(retained, seen)?;
            total = total.saturating_add(used);
            match event {
                Event::Idle if used == 0 => return Ok(total),
                Event::Idle | Event::Queued | Event::Closed => {}
                Event::Data(_) => return Err(error::internal("a record came from nowhere")),
            }
        }
    }

    /// Makes close_notify outgoing.
    pub(crate) fn close(&mut self, input: &mut [u8]) -> Result<(), Error> {
        let mut record = [0; 256];
        let platform = self.platform;
        let mut traffic = self.sealer(input)?.traffic;
        let length = platform
            .promise(NEED, || traffic.queue_close_notify(&mut record))?
            .map_err(|_| error::internal("close_notify does not fit"))?;
        self.queue(record.get(..length).unwrap_or_default())
    }

    /// Makes a part of `plain` outgoing, for a transport with hardly any room; gives how much.
    pub(crate) fn seal_outgoing(&mut self, input: &mut [u8], plain: &[u8]) -> Result<usize, Error> {
        let mut record = [0; 512];
        let part = plain
            .get(..plain.len().min(record.len() - OVERHEAD))
            .unwrap_or_default();
        let length = self.sealer(input)?.seal(part, &mut record)?;
        self.queue(record.get(..length).unwrap_or_default())?;
        Ok(part.len())
    }

    fn queue(&mut self, bytes: &[u8]) -> Result<(), Error> {
        extend(&mut self.outgoing, bytes).map_err(|_| error::no_memory())
    }

    /// One round of rustls over `input`, of which `whole` bytes are whole records.
    fn process(&mut self, input: &mut [u8], whole: usize) -> Result<(usize, Event), Error> {
        self.alive()?;
        let handshaking = self.is_handshaking();
        let need = if handshaking {
            let bytes = self.heard.saturating_add(input.len());
            bytes.saturating_mul(NEED_PER_BYTE)
        } else {
            self.heard.saturating_mul(NEED_PER_BYTE_LATER)
        };
        let need = need.saturating_add(NEED);
        let queued = self.outgoing.len();
        let done = self.platform.promise(need, || self.round(input, whole));
        let done = done.unwrap_or_else(|error| {
            // Made with keys that may be none.
            self.outgoing.truncate(queued);
            // A ticket of this call may lie in memory that was only lent.
            if let Some(sessions) = &self.sessions {
                sessions.forget();
            }
            Err(error)
        });
        match &done {
            Ok((used, _)) if handshaking => self.heard = self.heard.saturating_add(*used),
            Ok(_) => {}
            Err(error) => self.failed = Some(*error),
        }
        done
    }

    fn round(&mut self, input: &mut [u8], whole: usize) -> Result<(usize, Event), Error> {
        let phase = if self.connection.is_handshaking() {
            Phase::Tls
        } else {
            Phase::Receive
        };
        let status = self.connection.process_tls_records(input);
        let used = status.discard;
        let event = match status.state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                let mut length = 0_usize;
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(|error| error::of(&error).in_phase(phase))?;
                    length = length.saturating_add(record.payload.len());
                }
                Event::Data(length)
            }
            Ok(ConnectionState::EncodeTlsData(mut data)) => {
                encode(&mut data, &mut self.outgoing)?;
                Event::Queued
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                Event::Queued
            }
            Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                self.closed = true;
                Event::Closed
            }
            Ok(ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_)) => Event::Idle,
            Ok(_) => return Err(error::internal("TLS is in an unknown state")),
            Err(error) => {
                self.last_words(input.get_mut(used..).unwrap_or_default());
                let error = error::of(&error).in_phase(phase);
                self.failed = Some(error);
                return Err(error);
            }
        };
        self.seen = whole.saturating_sub(used);
        Ok((used, event))
    }

    fn alive(&self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)
    }

    /// After an error: what rustls still wants to tell the peer becomes outgoing.
    fn last_words(&mut self, input: &mut [u8]) {
        // No call without something to send: rustls would read the bad record again.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(input);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                return;
            };
            if encode(&mut data, &mut self.outgoing).is_err() {
                return;
            }
        }
    }

    fn plaintext(&self, record: usize) -> usize {
        let offset = self
            .connection
            .negotiated_cipher_suite()
            .map_or(0, crypto::plain_offset);
        record.saturating_add(HEADER).saturating_add(offset)
    }
}

/// What rustls has in use at most in one call, and more for each byte that the peer has sent in the
/// handshake: while it lasts, for certificates without a byte in them, and later, when a ticket takes
/// a copy of the chain. `tests/reserve.rs` measures.
const NEED: usize = 32 << 10;
const NEED_PER_BYTE: usize = 32;
const NEED_PER_BYTE_LATER: usize = 12;

enum Event {
    Idle,
    Queued,
    Data(usize),
    Closed,
}
