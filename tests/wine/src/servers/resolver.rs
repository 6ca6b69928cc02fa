//! A DNS server.

use std::{
    io,
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context;

/// A DNS server on an address of the loopback network. It knows no name, and never answers for
/// [`Resolver::STALLED`].
#[derive(Debug)]
pub struct Resolver {
    address: Ipv4Addr,
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stalled: AtomicU64,
    stop: AtomicBool,
}

impl Resolver {
    /// The name for which there is no answer.
    pub const STALLED: &str = "stall.test";

    /// Starts the server on port 53, the only one that a resolv.conf can name.
    ///
    /// # Errors
    ///
    /// The port may not be bound: that takes root, or CAP_NET_BIND_SERVICE.
    pub fn start() -> anyhow::Result<Self> {
        let socket =
            bind().context("port 53 of 127.0.53.0/24 cannot be bound, which takes root")?;
        let std::net::IpAddr::V4(address) = socket.local_addr()?.ip() else {
            anyhow::bail!("another address than was bound");
        };
        socket.set_read_timeout(Some(LOOK_UP))?;
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        let thread = thread::spawn(move || serve(&socket, &of_thread));
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// How many questions for [`Resolver::STALLED`] have come.
    #[must_use]
    pub fn stalled(&self) -> u64 {
        self.shared.stalled.load(Ordering::Relaxed)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It does not panic.
            let _ = thread.join();
        }
    }
}

/// Binds the first address that no other run has.
fn bind() -> io::Result<UdpSocket> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for host in 1..=254 {
        match UdpSocket::bind((Ipv4Addr::new(127, 0, 53, host), 53)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            result => return result,
        }
    }
    Err(last)
}

fn serve(socket: &UdpSocket, shared: &Shared) {
    let mut block = [0; 512];
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut block) else {
            continue;
        };
        let Some((name, end)) = block.get(..length).and_then(question) else {
            continue;
        };
        if name.eq_ignore_ascii_case(Resolver::STALLED) {
            shared.stalled.fetch_add(1, Ordering::Relaxed);
        } else {
            unknown(&mut block);
            // One that does not come is asked for again.
            let _ = socket.send_to(block.get(..end).unwrap_or_default(), from);
        }
    }
}

/// The name of a message's one question, and where the question ends (RFC 1035, section 4.1).
fn question(message: &[u8]) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(std::str::from_utf8(message.get(at..at + length)?).ok()?);
        at += length;
    }
    // Type and class.
    let end = at + 4;
    (end <= message.len()).then_some((name, end))
}

/// Makes a query the head of the answer NXDOMAIN (RFC 1035, section 4.1.1), without further records.
fn unknown(message: &mut [u8; 512]) {
    message[2] |= 0x80;
    message[3] = 0x80 | 3;
    message[6..HEADER].fill(0);
}

const HEADER: usize = 12;
const LOOK_UP: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::{question, unknown};

    #[test]
    fn a_name_that_is_not_known() {
        let query = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\x01\x05stall\x04test\0\0\x1c\0\x01";
        let (name, end) = question(query).unwrap();
        assert_eq!((&*name, end), ("stall.test", query.len()));
        let mut answer = [0; 512];
        answer[..end].copy_from_slice(query);
        unknown(&mut answer);
        assert_eq!(&answer[..12], b"\x12\x34\x81\x83\0\x01\0\0\0\0\0\0");
        for length in 0..query.len() {
            assert!(question(&query[..length]).is_none(), "{length}");
        }
    }
}
