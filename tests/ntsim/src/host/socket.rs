//! Sockets of the machine as peers of simulated connections.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Token};
use socket2::SockRef;
use wdk_sys::NTSTATUS;

use super::of;
use crate::net::{Connection, new_connection};
use crate::state::with;
use crate::wsk;

/// A socket, and whose peer it is.
pub(crate) struct Peer {
    stream: TcpStream,
    of: Of,
    readable: bool,
    writable: bool,
    /// FIN was sent.
    finished: bool,
}

#[derive(Clone, Copy)]
enum Of {
    /// The request that connects it.
    Request {
        id: u64,
        local: SocketAddr,
        remote: SocketAddr,
    },
    Connection(usize),
}

impl Peer {
    /// Something has happened to it.
    pub(crate) fn ready(&mut self) {
        self.readable = true;
        self.writable = true;
    }

    /// Moves what can be moved; whether anything was, and whether it is needed any longer.
    fn work(&mut self) -> (bool, bool) {
        match self.of {
            Of::Request { id, .. } => self.connecting(id),
            Of::Connection(connection) => self.moving(connection),
        }
    }

    fn connecting(&mut self, request: u64) -> (bool, bool) {
        if !wsk::is_undecided(request) {
            return (false, false);
        }
        if !std::mem::take(&mut self.writable) {
            return (false, true);
        }
        let error = self.stream.take_error().ok().flatten();
        if let Some(error) = error {
            wsk::failed(request, status(&error));
            return (true, false);
        }
        if self.stream.peer_addr().is_err() {
            return (false, true);
        }
        // It only makes things slower if that fails.
        let _ = self.stream.set_nodelay(true);
        // So that a peer that does not read is soon felt.
        let _ = SockRef::from(&self.stream).set_send_buffer_size(ROOM);
        self.ready();
        let Of::Request { local, remote, .. } = self.of else {
            return (false, false);
        };
        let local = self.stream.local_addr().unwrap_or(local);
        let connection = with(|s| {
            let connection = new_connection(s, local, remote);
            for pipe in &mut s.net.connections[connection].pipes {
                pipe.window = ROOM;
            }
            connection
        });
        self.of = Of::Connection(connection);
        wsk::connected(request, connection);
        (true, true)
    }

    fn moving(&mut self, at: usize) -> (bool, bool) {
        let used = wsk::is_used(at);
        let (moved, over) = with(|s| {
            let connection = &mut s.net.connections[at];
            let mut moved = self.write(connection);
            if used {
                moved |= self.read(connection);
            }
            if connection.reset.is_some() {
                // RST, if it is not the socket's own.
                let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            }
            (moved, connection.reset.is_some() || !used)
        });
        if moved {
            wsk::pump(at);
        }
        (moved, !over)
    }

    fn write(&mut self, connection: &mut Connection) -> bool {
        let mut moved = false;
        while self.writable
            && connection.reset.is_none()
            && !connection.pipes[CLIENT].data.is_empty()
        {
            match self
                .stream
                .write(connection.pipes[CLIENT].data.as_slices().0)
            {
                Ok(n) => {
                    connection.pipes[CLIENT].data.drain(..n);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.writable = false;
                    break;
                }
                Err(error) => failed(&error, connection),
            }
            moved = true;
        }
        if connection.pipes[CLIENT].fin
            && connection.pipes[CLIENT].data.is_empty()
            && !self.finished
        {
            self.finished = true;
            // It fails if the connection is reset, which the next read says.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        moved
    }

    fn read(&mut self, connection: &mut Connection) -> bool {
        let mut moved = false;
        let mut buffer = [0; 16 * 1024];
        while self.readable
            && connection.reset.is_none()
            && !connection.pipes[PEER].fin
            && connection.pipes[PEER].room() > 0
        {
            match self.stream.read(&mut buffer) {
                Ok(0) => connection.pipes[PEER].fin = true,
                Ok(n) => connection.pipes[PEER].data.extend(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    break;
                }
                Err(error) => failed(&error, connection),
            }
            moved = true;
        }
        moved
    }
}

/// A socket's error that is no reason to wait.
fn failed(error: &std::io::Error, connection: &mut Connection) {
    if error.kind() != ErrorKind::Interrupted {
        connection.reset(PEER, true);
    }
}

/// Connects for a request.
pub(crate) fn connect(request: u64, local: SocketAddr, remote: SocketAddr) {
    let begun = with(|s| {
        let host = of(s);
        let mut stream = TcpStream::connect(remote)?;
        let token = host.peers.last_key_value().map_or(0, |(last, _)| *last) + 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        host.poll
            .registry()
            .register(&mut stream, Token(token), interest)?;
        let peer = Peer {
            stream,
            of: Of::Request {
                id: request,
                local,
                remote,
            },
            readable: false,
            writable: false,
            finished: false,
        };
        host.peers.insert(token, peer);
        Ok::<_, std::io::Error>(())
    });
    if let Err(error) = begun {
        wsk::failed(request, status(&error));
    }
}

/// Moves what can be moved; whether anything was.
pub(crate) fn move_all(peers: &mut BTreeMap<usize, Peer>) -> bool {
    let mut any = false;
    peers.retain(|_, peer| {
        let (moved, needed) = peer.work();
        any |= moved;
        needed
    });
    any
}

/// What WSK says of a connect that failed.
fn status(error: &std::io::Error) -> NTSTATUS {
    let status: u32 = match error.kind() {
        ErrorKind::ConnectionRefused => 0xC000_0236,
        ErrorKind::ConnectionReset => 0xC000_020D,
        ErrorKind::NetworkUnreachable => 0xC000_023C,
        ErrorKind::HostUnreachable => 0xC000_023D,
        ErrorKind::TimedOut => 0xC000_00B5,
        ErrorKind::AddrNotAvailable => 0xC000_0141,
        _ => 0xC000_0001,
    };
    status.cast_signed()
}

/// The sides of a connection.
const CLIENT: usize = 0;
const PEER: usize = 1;
/// Bytes that the simulated network holds of each direction.
const ROOM: usize = 64 * 1024;
