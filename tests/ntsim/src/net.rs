//! The network in memory, and the peers in it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::sched::{self, block, switch};
use crate::state::{State, lot, simulator, with};
use crate::wsk;

pub(crate) type Listener = Rc<dyn Fn(Stream)>;

/// All connections, and who waits for some.
#[derive(Default)]
pub(crate) struct Net {
    pub(crate) connections: Vec<Connection>,
    pub(crate) listeners: BTreeMap<u16, Listener>,
    /// Hosts that do not answer as the others do.
    pub(crate) hosts: BTreeMap<IpAddr, Host>,
    /// Names besides those that are always there.
    pub(crate) names: BTreeMap<String, Vec<IpAddr>>,
}

/// How a host answers who connects to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Not at all.
    Silent,
    /// With a reset.
    Refuses,
    /// After that time.
    Slow(Duration),
}

/// `ip` answers so from now on.
pub fn set_host(ip: IpAddr, host: Host) {
    with(|s| s.net.hosts.insert(ip, host));
}

/// `name` is looked up as these addresses, in this order.
pub fn set_name(name: &str, addresses: &[IpAddr]) {
    with(|s| s.net.names.insert(name.into(), addresses.to_vec()));
}

/// A TCP connection. Side 0 made it, side 1 accepted it.
pub(crate) struct Connection {
    /// What each side has sent.
    pub(crate) pipes: [Pipe; 2],
    /// The address of each side.
    pub(crate) addresses: [SocketAddr; 2],
    /// The side that has reset it.
    pub(crate) reset: Option<usize>,
    /// Data that was sent before the reset is still received.
    pub(crate) lingers: bool,
    /// Whether sends of each side succeed with as much as finds room.
    pub(crate) cuts: [bool; 2],
}

/// One direction of a connection.
#[derive(Default)]
pub(crate) struct Pipe {
    pub(crate) data: VecDeque<u8>,
    /// Bytes that it holds before its sender has to wait.
    pub(crate) window: usize,
    /// The most that one receive gets.
    pub(crate) at_most: Option<usize>,
    /// The sender has said that nothing more comes.
    pub(crate) fin: bool,
}

impl Pipe {
    pub(crate) fn room(&self) -> usize {
        self.window.saturating_sub(self.data.len())
    }
}

impl Connection {
    /// What `side` receives.
    pub(crate) fn incoming(&mut self, side: usize) -> &mut Pipe {
        &mut self.pipes[1 - side]
    }

    /// `side` resets the connection.
    pub(crate) fn reset(&mut self, side: usize, lingers: bool) {
        if self.reset.is_none() {
            self.reset = Some(side);
            self.lingers = lingers;
        }
    }

    /// Whether a reset by the other side has reached `side`: its data has gone, or is received.
    pub(crate) fn is_over(&self, side: usize) -> bool {
        self.reset
            .is_some_and(|by| by == side || !self.lingers || self.pipes[1 - side].data.is_empty())
    }
}

/// How a connection ended, as its other side sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With FIN, after everything.
    Finished,
    /// With RST.
    Reset,
}

/// A peer's side of a connection. It acts in random pieces, and is a thread of its own.
pub struct Stream {
    id: usize,
    side: usize,
    /// Bytes that it still moves, either way, before it ends the connection so.
    left: Option<(usize, Ending)>,
}

impl Stream {
    fn new(id: usize, side: usize) -> Self {
        Self {
            id,
            side,
            left: None,
        }
    }

    /// Sends FIN.
    pub fn finish(&mut self) {
        let side = self.side;
        self.change(|c| c.pipes[side].fin = true);
    }

    /// Sends RST. What was sent before may still be received, or not, by lot.
    pub fn reset(&mut self) {
        reset(self.id, self.side);
    }

    /// Sends RST in place of the byte that comes after so many, whichever way they go.
    pub fn reset_after(&mut self, bytes: usize) {
        self.left = Some((bytes, Ending::Reset));
    }

    /// Sends FIN in place of the byte that comes after so many, whichever way they go, and then takes what
    /// still comes.
    pub fn finish_after(&mut self, bytes: usize) {
        self.left = Some((bytes, Ending::Finished));
    }

    /// Counts `bytes` that were moved.
    fn spend(&mut self, bytes: usize) {
        if let Some((left, _)) = &mut self.left {
            *left = left.saturating_sub(bytes);
        }
    }

    /// How many of `bytes` may be moved; ends the connection instead if it is none.
    fn allow(&mut self, bytes: usize) -> io::Result<usize> {
        match self.left {
            None => Ok(bytes),
            Some((0, Ending::Reset)) => {
                self.reset();
                Err(io::Error::from(ErrorKind::ConnectionReset))
            }
            Some((0, Ending::Finished)) => {
                self.left = None;
                self.finish();
                self.wait_end();
                Err(io::Error::from(ErrorKind::BrokenPipe))
            }
            Some((left, _)) => Ok(left.min(bytes)),
        }
    }

    /// How many bytes the other side may have sent that are not read: 0 closes the window.
    pub fn set_window(&mut self, bytes: usize) {
        let side = self.side;
        self.change(|c| c.incoming(side).window = bytes);
    }

    /// The other side gets no more than `bytes` by one receive.
    pub fn deliver_at_most(&mut self, bytes: usize) {
        let side = self.side;
        self.change(|c| c.pipes[side].at_most = Some(bytes.max(1)));
    }

    /// Sends all of `data` in one piece and at once, whatever room there is.
    pub fn write_at_once(&mut self, data: &[u8]) {
        let side = self.side;
        self.change(|c| c.pipes[side].data.extend(data));
    }

    /// A send of the other side succeeds once some of it has gone: a provider that is short of its
    /// contract.
    pub fn cut_sends(&mut self) {
        let side = 1 - self.side;
        self.change(|c| c.cuts[side] = true);
    }

    /// The address of the other side.
    #[must_use]
    pub fn peer_address(&self) -> SocketAddr {
        with(|s| s.net.connections[self.id].addresses[1 - self.side])
    }

    /// Reads on, and forgets what it reads, to the end.
    pub fn wait_end(&mut self) -> Ending {
        let mut piece = [0; 512];
        loop {
            match self.read(&mut piece) {
                Ok(0) => return Ending::Finished,
                Ok(_) => {}
                Err(_) => return Ending::Reset,
            }
        }
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

    fn change(&mut self, change: impl FnOnce(&mut Connection)) {
        simulator(|| {
            with(|s| change(&mut s.net.connections[self.id]));
            wsk::pump(self.id);
        });
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        simulator(|| self.take(to))
    }
}

impl Stream {
    fn take(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let (id, side) = (self.id, self.side);
        block("a peer: data", None, move |s| {
            let c = &mut s.net.connections[id];
            c.is_over(side) || !c.incoming(side).data.is_empty() || c.incoming(side).fin
        });
        let most = self.allow(to.len())?;
        let read = with(|s| {
            let c = &mut s.net.connections[id];
            if c.is_over(side) {
                return Err(io::Error::from(ErrorKind::ConnectionReset));
            }
            c.incoming(side).data.read(&mut to[..most])
        })?;
        self.spend(read);
        wsk::pump(id);
        Ok(read)
    }
}

impl Write for Stream {
    /// A random part of `from`, after a random time, once there is room.
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        simulator(|| self.put(from))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn put(&mut self, from: &[u8]) -> io::Result<usize> {
        match lot(4) {
            0 => sleep(Duration::from_micros(lot(5000))),
            1 => switch(),
            _ => {}
        }
        let (id, side) = (self.id, self.side);
        block("a peer: room to send", None, move |s| {
            let c = &s.net.connections[id];
            c.reset.is_some() || c.pipes[side].room() > 0
        });
        let most = self.allow(from.len())?;
        let written = with(|s| {
            let n = 1 + s.lot(from.len() as u64) as usize;
            let c = &mut s.net.connections[id];
            if c.reset.is_some() {
                return Err(io::Error::from(ErrorKind::ConnectionReset));
            }
            let pipe = &mut c.pipes[side];
            let n = n.min(most).min(pipe.room());
            pipe.data.extend(&from[..n]);
            Ok(n)
        })?;
        self.spend(written);
        wsk::pump(id);
        Ok(written)
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

/// A new connection between two addresses.
pub(crate) fn new_connection(s: &mut State, from: SocketAddr, to: SocketAddr) -> usize {
    let window = match s.steady {
        true => PEER_WINDOW,
        false => 1 + s.lot(8192) as usize,
    };
    let pipe = |window| Pipe {
        window,
        ..Pipe::default()
    };
    s.net.connections.push(Connection {
        pipes: [pipe(window), pipe(PEER_WINDOW)],
        addresses: [from, to],
        reset: None,
        lingers: false,
        cuts: [false; 2],
    });
    s.net.connections.len() - 1
}

/// Connects to the peer, or the socket of the driver, that listens at the port of `to`; `None` if
/// there is none.
pub(crate) fn connect(from: SocketAddr, to: SocketAddr) -> Option<usize> {
    let Some(listener) = with(|s| s.net.listeners.get(&to.port()).cloned()) else {
        return connect_to_driver(from, to);
    };
    let id = with(|s| new_connection(s, from, to));
    sched::spawn(format!("peer {id}"), 256 * 1024, false, move || {
        listener(Stream::new(id, 1));
    });
    Some(id)
}

fn connect_to_driver(from: SocketAddr, to: SocketAddr) -> Option<usize> {
    let (id, socket) = with(|s| {
        wsk::listener(s, to.port())?;
        let id = new_connection(s, from, to);
        Some((id, wsk::incoming(s, to.port(), id)?))
    })?;
    wsk::settle(socket);
    Some(id)
}

fn reset(id: usize, side: usize) {
    let lingers = lot(2) == 0;
    simulator(|| {
        with(|s| s.net.connections[id].reset(side, lingers));
        wsk::pump(id);
    });
}

/// Every peer resets its connection, as [`Stream::reset`] does; gives how many there are.
pub fn reset_connections() -> usize {
    let open = |c: &Connection| c.reset.is_none() && !c.pipes.iter().all(|pipe| pipe.fin);
    let all: Vec<usize> = with(|s| {
        let all = s.net.connections.iter().enumerate();
        all.filter(|(_, c)| open(c)).map(|(id, _)| id).collect()
    });
    for id in &all {
        reset(*id, 1);
    }
    all.len()
}

/// Connects to a socket of the driver that listens at `port`; `None` if there is none.
#[must_use]
pub fn connect_to(port: u16) -> Option<Stream> {
    let [local, remote] = [40000, port].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let id = simulator(|| connect_to_driver(local, remote))?;
    Some(Stream::new(id, 0))
}

/// What a peer may send that is not received yet.
const PEER_WINDOW: usize = 64 * 1024;
