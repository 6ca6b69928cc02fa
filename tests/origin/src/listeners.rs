//! Servers that take one cipher suite and one group each, and say what a connection has come to.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection, Stream};

/// Starts a server on 127.0.0.1 for each line `SUITE GROUP CERTIFICATE KEY tickets|ids CLIENTS`, and
/// gives their ports. Numbers are IANA's, in decimal; `CLIENTS` is the authority of the clients, whose
/// certificates are then required, or `-`. Each answers every connection with a page
/// `VERSION SUITE GROUP RESUMED CLIENT`, numbers in decimal, `-` for no group, and closes it. They
/// last as long as the process.
///
/// # Errors
/// A line is none, or a file cannot be read.
pub fn start_listeners(lines: &str) -> Result<Vec<u16>> {
    lines
        .lines()
        .map(|line| {
            let config = Arc::new(config(line).with_context(|| line.to_owned())?);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            thread::Builder::new()
                .stack_size(STACK)
                .spawn(move || accept(&listener, &config))?;
            Ok(port)
        })
        .collect()
}

fn config(line: &str) -> Result<ServerConfig> {
    let words: Vec<&str> = line.split(' ').collect();
    let [suite, group, certificate, key, sessions, clients] = *words else {
        bail!("not six words");
    };
    let (suite, group): (u16, u16) = (suite.parse()?, group.parse()?);
    let all = ring::default_provider();
    let provider = Arc::new(CryptoProvider {
        cipher_suites: ring::ALL_CIPHER_SUITES
            .iter()
            .copied()
            .filter(|one| u16::from(one.suite()) == suite)
            .collect(),
        kx_groups: ring::ALL_KX_GROUPS
            .iter()
            .copied()
            .filter(|one| u16::from(one.name()) == group)
            .collect(),
        ..all
    });
    let version = if suite >> 8 == 0x13 {
        &rustls::version::TLS13
    } else {
        &rustls::version::TLS12
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])?;
    let builder = if clients == "-" {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(clients)?)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        builder.with_client_cert_verifier(verifier)
    };
    let chain = vec![CertificateDer::from_pem_file(certificate)?];
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    match sessions {
        "tickets" => config.ticketer = ring::Ticketer::new()?,
        _ => config.session_storage = ServerSessionMemoryCache::new(16),
    }
    Ok(config)
}

fn accept(listener: &TcpListener, config: &Arc<ServerConfig>) {
    // An error is that of one connection.
    for tcp in listener.incoming().flatten() {
        let _ = answer(tcp, Arc::clone(config));
    }
}

fn answer(mut tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    tcp.set_read_timeout(Some(PATIENCE))?;
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut connection, &mut tcp);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let of = &stream.conn;
    let version = of.protocol_version().map_or(0, u16::from);
    let suite = of
        .negotiated_cipher_suite()
        .map_or(0, |suite| u16::from(suite.suite()));
    let group = of.negotiated_key_exchange_group().map_or_else(
        || "-".to_owned(),
        |group| u16::from(group.name()).to_string(),
    );
    let resumed = of.handshake_kind() == Some(HandshakeKind::Resumed);
    let client = of.peer_certificates().is_some();
    let page = format!("{version} {suite} {group} {resumed} {client}");
    let length = page.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{page}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()?;
    // The client closes first, so that nothing is reset.
    while stream.sock.read(&mut [0; 512])? > 0 {}
    Ok(())
}

/// For a client that says nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a handshake of rustls needs, with room.
const STACK: usize = 1 << 20;
