//! The WSK provider `host`: the sockets, the names and the clock of the machine that simulates.
//!
//! A connection is one of the network in memory, whose peer is a socket: bytes that the driver sends
//! are written to it as far as it takes them, and what it has is read as far as there is room. The
//! scheduler calls [`pass`] between two threads; where nobody can run, that is where the process
//! sleeps. Runs are not repeatable: the seed decides about threads and completions, the network about
//! the rest.

mod clock;
mod names;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

use crate::door::{Call, Door, Order};
use crate::state::{State, with};

pub(crate) use names::look_up;
pub(crate) use socket::connect;

use clock::Clock;
use names::Names;
use socket::Peer;

/// What a simulation has of the machine below it.
pub(crate) struct Host {
    poll: Poll,
    events: Events,
    clock: Clock,
    peers: BTreeMap<usize, Peer>,
    names: Names,
    door: Arc<Door>,
    /// What programs ask for, not yet begun.
    pub(crate) calls: VecDeque<Call>,
    /// What the owner of the machine asks for.
    pub(crate) orders: VecDeque<Order>,
    /// Simulated threads that wait for a call.
    pub(crate) idle_threads: usize,
    /// Set where nobody can run: until when.
    idle: Option<Option<u64>>,
    turns: u32,
}

/// The token of the door; sockets have those above.
pub(crate) const DOOR: Token = Token(0);
/// A pass at least at every so many switches of threads.
const TURNS: u32 = 16;

impl Host {
    /// Puts the calling simulation on the machine's network and clock. `poll` has the door's waker.
    pub(crate) fn attach(poll: Poll, door: Arc<Door>, speed: u32) {
        with(|s| {
            let clock = Clock::new(s.now, speed);
            s.wall = clock.wall();
            s.host = Some(Box::new(Self {
                poll,
                events: Events::with_capacity(128),
                clock,
                peers: BTreeMap::new(),
                names: Names::default(),
                door,
                calls: VecDeque::new(),
                orders: VecDeque::new(),
                idle_threads: 0,
                idle: None,
                turns: 0,
            }));
        });
    }

    /// As [`Host::attach`], for a simulation without programs, at the speed of the machine's clock.
    pub(crate) fn alone() {
        let poll = Poll::new().expect("a descriptor of the host");
        let waker = Waker::new(poll.registry(), DOOR).expect("a descriptor of the host");
        Self::attach(poll, Arc::new(Door::new(waker, 1)), 1);
    }

    /// Nobody can run before `until`.
    pub(crate) fn sleep(&mut self, until: Option<u64>) {
        self.idle = Some(until);
    }

    fn turn(&mut self) {
        let idle = self.idle.take();
        self.turns = self.turns.wrapping_add(1);
        if idle.is_none() && !self.turns.is_multiple_of(TURNS) {
            return;
        }
        let moved = socket::move_all(&mut self.peers);
        let timeout = match idle {
            Some(until) if !moved => until.map(|until| self.clock.until(until)),
            _ => Some(Duration::ZERO),
        };
        // Interrupted by a signal, at most.
        let _ = self.poll.poll(&mut self.events, timeout);
        for event in &self.events {
            if let Some(peer) = self.peers.get_mut(&event.token().0) {
                peer.ready();
            }
        }
        let now = self.clock.now();
        with(|s| s.now = s.now.max(now));
        self.door.take(&mut self.calls, &mut self.orders);
        self.names.deliver();
        socket::move_all(&mut self.peers);
    }
}

/// Looks after the network, the clock and the door, if the simulation has them.
pub(crate) fn pass() {
    if let Some(mut host) = with(|s| s.host.take()) {
        host.turn();
        with(|s| s.host = Some(host));
    }
}

/// The host, which is there while a simulated thread runs.
pub(crate) fn of(s: &mut State) -> &mut Host {
    s.host.as_mut().expect("a simulation with a host")
}
