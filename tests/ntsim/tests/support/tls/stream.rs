//! A server's end of a connection.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError};
use rustls::{Error, ServerConfig};

use super::{Kind, pki};

/// TLS over a connection to the client; the handshake is done by the first read.
pub(crate) struct TlsStream<S> {
    stream: S,
    connection: UnbufferedServerConnection,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    plain: Vec<u8>,
    closed: bool,
}

impl<S: Read + Write> TlsStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self::of_kind(stream, Kind::Plain)
    }

    pub(crate) fn of_kind(stream: S, kind: Kind) -> Self {
        Self::with(stream, pki::server(kind))
    }

    /// As another server.
    pub(crate) fn with(stream: S, server: Arc<ServerConfig>) -> Self {
        Self {
            stream,
            connection: UnbufferedServerConnection::new(server).expect("valid"),
            incoming: Vec::new(),
            outgoing: Vec::new(),
            plain: Vec::new(),
            closed: false,
        }
    }

    /// One round of rustls; true when it wants to hear more.
    fn process(&mut self, mut send: Option<&[u8]>) -> io::Result<bool> {
        let status = self.connection.process_tls_records(&mut self.incoming);
        let mut used = status.discard;
        let mut wants_more = false;
        let state = match status.state {
            Ok(state) => state,
            Err(error) => {
                self.alert();
                return Err(broken(error));
            }
        };
        match state {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record.map_err(broken)?;
                    used += record.discard;
                    self.plain.extend(record.payload);
                }
            }
            ConnectionState::EncodeTlsData(mut data) => {
                let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
                    unreachable!("a record is not empty")
                };
                let start = self.outgoing.len();
                self.outgoing.resize(start + size.required_size, 0);
                data.encode(&mut self.outgoing[start..]).expect("it fits");
            }
            ConnectionState::TransmitTlsData(data) => {
                self.stream.write_all(&std::mem::take(&mut self.outgoing))?;
                data.done();
            }
            ConnectionState::WriteTraffic(mut traffic) => {
                wants_more = true;
                if let Some(plain) = send.take() {
                    let mut record = vec![0; plain.len() + 256];
                    let n = traffic.encrypt(plain, &mut record).expect("it fits");
                    self.stream.write_all(&record[..n])?;
                }
            }
            ConnectionState::BlockedHandshake => wants_more = true,
            ConnectionState::PeerClosed | ConnectionState::Closed => self.closed = true,
            _ => unreachable!("no other state"),
        }
        self.incoming.drain(..used);
        Ok(wants_more)
    }
}

impl<S: Read + Write> TlsStream<S> {
    /// Tells the client what is wrong, after an error.
    fn alert(&mut self) {
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                return;
            };
            let mut alert = [0; 256];
            let Ok(n) = data.encode(&mut alert) else {
                return;
            };
            let _ = self.stream.write_all(&alert[..n]);
        }
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.plain.is_empty() && !self.closed {
            if self.process(None)? {
                let mut buffer = [0; 4096];
                let n = self.stream.read(&mut buffer)?;
                if n == 0 {
                    return Ok(0);
                }
                self.incoming.extend(&buffer[..n]);
            }
        }
        let n = to.len().min(self.plain.len());
        to[..n].copy_from_slice(&self.plain[..n]);
        self.plain.drain(..n);
        Ok(n)
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        let part = &from[..from.len().min(8192)];
        while !self.process(Some(part))? {}
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: Error) -> io::Error {
    io::Error::other(error.to_string())
}
