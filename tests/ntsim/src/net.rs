//! The network in memory, and the peers in it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use crate::sched::{self, block, switch};
use crate::state::{lot, with};
use crate::wsk;

pub(crate) type Listener = Rc<dyn Fn(Stream)>;

/// A TCP connection.
#[derive(Default)]
pub(crate) struct Connection {
    pub(crate) to_peer: VecDeque<u8>,
    pub(crate) to_client: VecDeque<u8>,
    pub(crate) window: usize,
    pub(crate) client_fin: bool,
    pub(crate) peer_fin: bool,
    /// Reset, by either side.
    pub(crate) reset: bool,
}

/// A peer's side of a connection. It acts in random pieces, and is a thread of its own.
pub struct Stream {
    id: usize,
}

impl Stream {
    /// Sends FIN.
    pub fn finish(&mut self) {
        with(|s| s.connections[self.id].peer_fin = true);
        wsk::pump(self.id);
    }

    /// Sends RST.
    pub fn reset(&mut self) {
        with(|s| s.connections[self.id].reset = true);
        wsk::pump(self.id);
    }

    /// Reads to the empty line that ends a request's head; `None` if the connection ends first.
    ///
    /// # Errors
    /// The connection was reset.
    pub fn head(&mut self) -> io::Result<Option<String>> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.read(&mut byte)? == 0 {
                return Ok(None);
            }
            head.push(byte[0]);
        }
        Ok(Some(String::from_utf8_lossy(&head).into_owned()))
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let id = self.id;
        block("a peer: data from the client", None, move |s| {
            let c = &s.connections[id];
            !c.to_peer.is_empty() || c.client_fin || c.reset
        });
        let read = with(|s| {
            let c = &mut s.connections[id];
            if c.reset {
                return Err(io::Error::from(ErrorKind::ConnectionReset));
            }
            let n = to.len().min(c.to_peer.len());
            for (slot, byte) in to.iter_mut().zip(c.to_peer.drain(..n)) {
                *slot = byte;
            }
            Ok(n)
        })?;
        wsk::pump(id);
        Ok(read)
    }
}

impl Write for Stream {
    /// A random part of `from`, after a random time.
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match lot(4) {
            0 => sleep(Duration::from_micros(lot(5000))),
            1 => switch(),
            _ => {}
        }
        let id = self.id;
        let written = with(|s| {
            if s.connections[id].reset {
                return Err(io::Error::from(ErrorKind::ConnectionReset));
            }
            let n = 1 + s.lot(from.len() as u64) as usize;
            let n = n.min(from.len());
            s.connections[id].to_client.extend(&from[..n]);
            Ok(n)
        })?;
        wsk::pump(id);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Lets virtual time pass for the calling simulated thread.
pub fn sleep(time: Duration) {
    let until = with(|s| s.now) + (time.as_nanos() / 100) as u64;
    block("a pause", Some(until), |_| false);
}

/// Connects to `port`; `None` if nobody listens.
pub(crate) fn connect(port: u16) -> Option<usize> {
    let listener = with(|s| s.listeners.get(&port).cloned())?;
    let id = with(|s| {
        let window = 1 + s.lot(8192) as usize;
        s.connections.push(Connection {
            window,
            ..Connection::default()
        });
        s.connections.len() - 1
    });
    sched::spawn(format!("peer {id}"), 256 * 1024, false, move || {
        listener(Stream { id });
    });
    Some(id)
}
