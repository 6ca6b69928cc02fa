//! What a program is given.

use alloc::format;
use alloc::string::String;
use core::cell::{Cell, OnceCell, RefCell};
use core::net::Ipv4Addr;

use wskhttp_core::wsk::sys::{
    AF_INET, IN_ADDR, IN_ADDR_UN, SOCKADDR_IN, WSK_FLAG_CONNECTION_SOCKET, WSK_INFINITE_WAIT,
    WSK_PROVIDER_NPI,
};

use crate::Program;
use crate::buffer::Buffer;
use crate::client::Client;
use crate::socket::Socket;

/// Ports on 127.0.0.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The peer's, for connections under test.
    pub data: u16,
    /// The peer's, for what it is to do.
    pub control: u16,
    /// One at which a connect neither succeeds nor fails.
    pub full: u16,
    /// Some that are nobody's.
    pub free: [u16; 3],
}

/// The captured provider, the peer's ports and the lines that are said.
pub struct Bench {
    pub(crate) ports: Ports,
    pub(crate) npi: WSK_PROVIDER_NPI,
    lines: RefCell<String>,
    silent: Cell<bool>,
    /// A request has not ended.
    pub(crate) stuck: Cell<bool>,
    /// Over which the peer is told what to do.
    control: OnceCell<Socket>,
}

impl Bench {
    /// Runs a program as a client of its own, and gives what it has said.
    #[must_use]
    pub fn run(program: &Program, ports: Ports) -> String {
        let client = match Client::register(1, 0) {
            Ok(client) => client,
            Err(status) => return format!("WskRegister -> {status:#010x}\n"),
        };
        let npi = match client.capture(WSK_INFINITE_WAIT) {
            Ok(npi) => npi,
            Err(status) => return format!("WskCaptureProviderNPI -> {status:#010x}\n"),
        };
        let mut bench = Self {
            ports,
            npi,
            lines: RefCell::default(),
            silent: Cell::new(false),
            stuck: Cell::new(false),
            control: OnceCell::new(),
        };
        (program.run)(&bench);
        if let Some(control) = bench.control.take() {
            bench.silent.set(true);
            control.close(&bench);
        }
        if !bench.stuck.get() {
            client.release();
            client.deregister();
        }
        bench.lines.take()
    }

    /// Says a line.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        if !self.silent.get() {
            let mut lines = self.lines.borrow_mut();
            lines.push_str(line.as_ref());
            lines.push('\n');
        }
    }

    /// Says nothing meanwhile.
    pub(crate) fn silently<R>(&self, act: impl FnOnce() -> R) -> R {
        let before = self.silent.replace(true);
        let result = act();
        self.silent.set(before);
        result
    }

    /// A connection socket, bound, and connected to the peer. Nothing is said of it.
    pub(crate) fn connected(&self) -> Socket {
        let socket = self.silently(|| self.connect(self.ports.data));
        self.accept();
        socket
    }

    fn connect(&self, port: u16) -> Socket {
        let socket = Socket::new(self, WSK_FLAG_CONNECTION_SOCKET).expect("a socket");
        assert!(socket.bind(self, ANY).end().status >= 0, "not bound");
        let connected = socket.connect(self, loopback(port)).end();
        assert!(connected.status >= 0, "not connected");
        socket
    }

    /// Has the peer do something, which is over when this returns. Gives its answer.
    fn peer(&self, what: u8, count: u32) -> u8 {
        self.silently(|| {
            let control = self
                .control
                .get_or_init(|| self.connect(self.ports.control));
            let [a, b, c, d] = count.to_le_bytes();
            let command = Buffer::of(&[what, a, b, c, d]);
            control.send(self, command.part(0, 5), 0).end();
            let answer = Buffer::new(&[1]);
            control.receive(self, answer.part(0, 1), 0).end();
            answer.bytes()[0]
        })
    }

    /// The peer accepts the connection that was made last.
    pub(crate) fn accept(&self) {
        self.peer(b'a', 0);
    }

    /// The peer sends that many bytes, which have arrived when this returns.
    pub(crate) fn peer_sends(&self, count: usize) {
        self.peer(b's', count as u32);
        self.say(format!("the peer sends {count}"));
    }

    /// The peer sends FIN.
    pub(crate) fn peer_finishes(&self) {
        self.peer(b'f', 0);
        self.say("the peer sends FIN");
    }

    /// The peer sends RST.
    pub(crate) fn peer_resets(&self) {
        self.peer(b'r', 0);
        self.say("the peer sends RST");
    }

    /// The peer receives that many bytes.
    pub(crate) fn peer_receives(&self, count: usize) {
        let sum = self.peer(b'n', count as u32);
        self.say(format!("the peer receives {count}, sum {sum:#04x}"));
    }

    /// The peer receives to the end.
    pub(crate) fn peer_sees_the_end(&self) {
        let end = match self.peer(b'e', 0) {
            b'F' => "FIN",
            b'R' => "RST",
            _ => "neither FIN nor RST",
        };
        self.say(format!("the peer receives {end}"));
    }
}

/// Any address, any port.
pub(crate) const ANY: SOCKADDR_IN = SOCKADDR_IN::ANY;

/// An address on 127.0.0.1.
pub(crate) fn loopback(port: u16) -> SOCKADDR_IN {
    SOCKADDR_IN {
        sin_family: AF_INET,
        sin_port: port.to_be(),
        sin_addr: IN_ADDR {
            S_un: IN_ADDR_UN {
                S_addr: Ipv4Addr::LOCALHOST.to_bits().to_be(),
            },
        },
        sin_zero: [0; 8],
    }
}

/// What the peer sends, from its first byte on.
pub(crate) fn pattern(i: usize) -> u8 {
    (i % 251) as u8
}
