//! A small blocking client: HTTP/1.1 over rustls, strict enough to notice a broken server.
#![allow(dead_code, missing_docs, unreachable_pub)]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use wskhttp_origin::{End, Origin, pattern};

pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    pending: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn connect(origin: &Origin) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from(origin.ca_der().to_vec());
        roots.add(ca).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let tcp = TcpStream::connect(("127.0.0.1", origin.https_port()))?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        let mut stream = StreamOwned::new(tls, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self {
            stream,
            pending: Vec::new(),
        })
    }

    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send("GET", path, "", b"")
    }

    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        lines: &str,
        body: &[u8],
    ) -> io::Result<Answer> {
        let length = body.len();
        self.write(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{lines}\r\n"
        ));
        self.stream.write_all(body)?;
        self.stream.flush()?;
        self.read_answer()
    }

    pub fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
        self.stream.flush().unwrap();
    }

    pub fn read_head(&mut self) -> io::Result<Answer> {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            text.push(char::from(self.bytes(1)?[0]));
        }
        let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
        let status = lines.next().unwrap_or_default();
        assert!(status.starts_with("HTTP/1.1 "), "{status}");
        Ok(Answer {
            status: status[9..12].parse().unwrap(),
            fields: lines
                .map(|line| line.split_once(": ").unwrap())
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: Vec::new(),
        })
    }

    pub fn read_answer(&mut self) -> io::Result<Answer> {
        let mut answer = self.read_head()?;
        if let Some(length) = answer.field("content-length") {
            let length = length.parse().unwrap();
            answer.body = self.bytes(length)?;
        } else if answer.field("transfer-encoding").is_some() {
            loop {
                let line = self.line()?;
                let size = line.split(';').next().unwrap();
                let size = usize::from_str_radix(size, 16).unwrap();
                if size == 0 {
                    while !self.line()?.is_empty() {}
                    break;
                }
                answer.body.extend(self.bytes(size)?);
                assert_eq!(self.line()?, "");
            }
        } else if answer.field("connection").is_some() {
            let (bytes, error) = self.read_to_end();
            assert!(error.is_none(), "{error:?}");
            answer.body = bytes;
        }
        Ok(answer)
    }

    pub fn read_to_end(&mut self) -> (Vec<u8>, Option<io::Error>) {
        let mut bytes = std::mem::take(&mut self.pending);
        let mut part = [0; 16384];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return (bytes, None),
                Ok(n) => bytes.extend_from_slice(&part[..n]),
                Err(error) => return (bytes, Some(error)),
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        while !line.ends_with("\r\n") {
            line.push(char::from(self.bytes(1)?[0]));
        }
        line.truncate(line.len() - 2);
        Ok(line)
    }

    fn bytes(&mut self, n: usize) -> io::Result<Vec<u8>> {
        let mut part = vec![0; 65536];
        while self.pending.len() < n {
            match self.stream.read(&mut part)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n => self.pending.extend_from_slice(&part[..n]),
            }
        }
        Ok(self.pending.drain(..n).collect())
    }
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone())
            .unwrap()
            .trim()
            .to_owned()
    }
}

pub fn get(origin: &Origin, path: &str) -> io::Result<Answer> {
    Client::connect(origin)?.get(path)
}

/// A whole exchange over plain HTTP, as text.
pub fn plain(port: u16, path: &str) -> String {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        tcp,
        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    tcp.read_to_string(&mut text).unwrap();
    text
}

pub fn sha256(bytes: &[u8]) -> String {
    pattern::hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// Waits until the server has read a request with this tag.
pub fn seen(origin: &Origin, tag: &str) {
    until(|| origin.log().tagged(tag).next().is_some());
}

/// Waits until the connection with this tag has ended, and says how.
pub fn ended(origin: &Origin, tag: &str) -> End {
    until(|| origin.log().tagged(tag).all(|c| c.end.is_some()));
    origin.log().tagged(tag).next().unwrap().end.unwrap()
}

pub fn until(done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub const PATIENCE: Duration = Duration::from_secs(60);
