//! The server, and the shim as its client.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};

const SHIM_ID: u64 = 0x0123_4567_89AB_CDEF;
/// Longest wait for the shim.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the server does after the exchange.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    CloseNotify,
    Cut,
    /// Waits for the shim's close_notify, and answers it.
    AfterShim,
}

pub(crate) struct Run {
    pub(crate) output: Output,
    pub(crate) served: Vec<Result<Served, String>>,
}

#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) client_certificates: usize,
    pub(crate) name: Option<String>,
}

/// Runs the shim with `flags` against `connections` connections of a server with `config`.
pub(crate) fn run(config: ServerConfig, connections: u32, end: End, flags: &[&str]) -> Run {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = Arc::new(config);
    let server = thread::spawn(move || {
        let mut served = Vec::new();
        for _ in 0..connections {
            let Some(stream) = accept(&listener) else {
                break;
            };
            served.push(serve(stream, &config, end));
        }
        served
    });
    let output = Command::new(env!("CARGO_BIN_EXE_wskhttp-bogo-shim"))
        .args(["-port", &port.to_string(), "-shim-id", &SHIM_ID.to_string()])
        .args(flags)
        .output()
        .expect("the shim runs");
    // A server that still waits for a connection gets one that says nothing.
    while !server.is_finished() {
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
        thread::sleep(Duration::from_millis(5));
    }
    Run {
        output,
        served: server.join().expect("the server ends"),
    }
}

fn accept(listener: &TcpListener) -> Option<TcpStream> {
    let (mut stream, _) = listener.accept().ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut id = [0; 8];
    stream.read_exact(&mut id).ok()?;
    assert_eq!(u64::from_le_bytes(id), SHIM_ID);
    Some(stream)
}

fn serve(mut stream: TcpStream, config: &Arc<ServerConfig>, end: End) -> Result<Served, String> {
    let fail = |error: &dyn std::fmt::Display| error.to_string();
    let mut tls = ServerConnection::new(Arc::clone(config)).map_err(|e| fail(&e))?;
    while tls.is_handshaking() {
        if let Err(error) = tls.complete_io(&mut stream) {
            let _ = tls.write_tls(&mut stream);
            return Err(fail(&error));
        }
    }
    {
        let mut stream = rustls::Stream::new(&mut tls, &mut stream);
        if end == End::AfterShim {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).map_err(|e| fail(&e))?;
        } else {
            let hello = b"a message of the runner";
            stream.write_all(hello).map_err(|e| fail(&e))?;
            stream.flush().map_err(|e| fail(&e))?;
            let mut back = vec![0; hello.len()];
            stream.read_exact(&mut back).map_err(|e| fail(&e))?;
            assert!(back.iter().zip(hello).all(|(a, b)| *a == !b));
        }
    }
    if end != End::Cut {
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(&mut stream).map_err(|e| fail(&e))?;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    // Until the shim has closed, so that nothing of ours is reset on its way.
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(fail(&error)),
        _ => {}
    }
    Ok(Served {
        version: tls.protocol_version(),
        client_certificates: tls.peer_certificates().map_or(0, <[_]>::len),
        name: tls.server_name().map(str::to_owned),
    })
}

#[track_caller]
pub(crate) fn passes(run: &Run) {
    let errors = String::from_utf8_lossy(&run.output.stderr);
    assert_eq!(run.output.status.code(), Some(0), "{errors}");
    for served in &run.served {
        assert!(served.is_ok(), "{served:?}");
    }
}

#[track_caller]
pub(crate) fn fails(run: &Run, with: &str) {
    let errors = String::from_utf8_lossy(&run.output.stderr);
    assert_eq!(run.output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(with), "{errors}");
}
