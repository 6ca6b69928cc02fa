//! The other side of the connections, on 127.0.0.1.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use socket2::{Domain, SockRef, Socket, Type};
use wskhttp_wsk_programs::Ports;

/// A peer. It does what it is told over control connections, until this process ends.
pub(crate) struct Peer {
    pub(crate) ports: Ports,
    /// Its queue is full.
    _full: (Socket, Vec<Socket>),
}

impl Peer {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let data = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let control = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (full_port, full) = full()?;
        let ports = Ports {
            data: data.local_addr()?.port(),
            control: control.local_addr()?.port(),
            full: full_port,
            free: free()?,
        };
        let data = Arc::new(data);
        std::thread::spawn(move || {
            for told in control.incoming().flatten() {
                let data = Arc::clone(&data);
                std::thread::spawn(move || {
                    if let Err(error) = serve(&data, told) {
                        eprintln!("the peer: {error:#}");
                    }
                });
            }
        });
        Ok(Self { ports, _full: full })
    }
}

/// Each order is a letter and a number, and is answered with one byte once it is carried out.
fn serve(data: &TcpListener, mut told: TcpStream) -> anyhow::Result<()> {
    told.set_nodelay(true)?;
    let mut connection = None;
    let mut order = [0; 5];
    while told.read_exact(&mut order).is_ok() {
        let [what, count @ ..] = order;
        let count = u32::from_le_bytes(count) as usize;
        let answer = match (what, &mut connection) {
            (b'a', _) => {
                let (new, _) = data.accept()?;
                new.set_nodelay(true)?;
                new.set_read_timeout(Some(PATIENCE))?;
                connection = Some(new);
                0
            }
            (b'r', _) => {
                let old = connection.take().context("no connection")?;
                SockRef::from(&old).set_linger(Some(Duration::ZERO))?;
                0
            }
            (_, None) => bail!("no connection"),
            (b's', Some(connection)) => {
                let bytes: Vec<u8> = (0..count).map(|i| (i % 251) as u8).collect();
                connection.write_all(&bytes)?;
                0
            }
            (b'f', Some(connection)) => {
                connection.shutdown(Shutdown::Write)?;
                0
            }
            (b'n', Some(connection)) => {
                let mut bytes = vec![0; count];
                match connection.read_exact(&mut bytes) {
                    Ok(()) => bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)),
                    Err(error) => {
                        eprintln!("the peer receives no {count} bytes: {error}");
                        0xFF
                    }
                }
            }
            (b'e', Some(connection)) => end(connection),
            (other, _) => bail!("order {other:#x}"),
        };
        told.write_all(&[answer])?;
    }
    Ok(())
}

/// How a connection ends: with FIN or RST.
fn end(connection: &mut TcpStream) -> u8 {
    let mut bytes = [0; 256];
    loop {
        match connection.read(&mut bytes) {
            Ok(0) => return b'F',
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return b'R',
            Err(_) => return b'?',
        }
    }
}

/// A port whose queue of connections is full, so that a SYN gets no answer.
fn full() -> anyhow::Result<(u16, (Socket, Vec<Socket>))> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    listener.listen(0)?;
    let address = listener.local_addr()?;
    let mut clients = Vec::new();
    for _ in 0..4 {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        client.set_nonblocking(true)?;
        // It is connecting, and some of them are for good.
        let _ = client.connect(&address);
        clients.push(client);
    }
    let port = address.as_socket().context("an address of IPv4")?.port();
    Ok((port, (listener, clients)))
}

/// Ports that nobody has, and that nobody is given who asks for any.
fn free() -> anyhow::Result<[u16; 3]> {
    let mut port = 20_000 + (std::process::id() % 4000) as u16 * 3;
    let mut found = [0; 3];
    for place in &mut found {
        while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            port = port.checked_add(1).context("no free port")?;
        }
        *place = port;
        port += 1;
    }
    Ok(found)
}

/// How long the peer waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);
