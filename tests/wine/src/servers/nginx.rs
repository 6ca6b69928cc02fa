//! Debian's nginx.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tempfile::TempDir;
use wskhttp_interop::{Process, free_port};

use super::{Leaf, Tls};

/// nginx with TLS on 127.0.0.1. GET serves [`Nginx::file`], PUT below `/up/` stores.
#[derive(Debug)]
pub struct Nginx {
    _server: Process,
    directory: TempDir,
    port: u16,
}

/// A line of nginx's access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Serial number of the connection.
    pub connection: u64,
    /// Status that was answered.
    pub status: u16,
    /// Bytes of the request, body included.
    pub received: u64,
    /// Version of TLS, as nginx spells it.
    pub tls: String,
    /// The request's body was chunked.
    pub chunked: bool,
    /// Method, target and version.
    pub line: String,
}

impl Nginx {
    /// Starts nginx with one version of TLS and one certificate.
    ///
    /// # Errors
    ///
    /// nginx is not there, or does not start.
    pub fn start(leaf: &Leaf, tls: Tls) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("wskhttp-nginx-")
            .tempdir()?;
        let path = directory.path();
        fs::create_dir_all(path.join("files/up"))?;
        let port = free_port()?;
        fs::write(path.join("conf"), configuration(path, port, leaf, tls))?;
        let base = path.to_str().context("the directory's path is not UTF-8")?;
        let arguments = ["-p", base, "-c", "conf", "-e", "errors"];
        let server = Process::start("nginx", &arguments, path, port)?;
        Ok(Self {
            _server: server,
            directory,
            port,
        })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the file that is served as `/name` is or belongs. What `PUT /up/name` stored is `up/name`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("files").join(name)
    }

    /// The requests that were answered. Waits until `count` of them are logged, or for too long:
    /// nginx logs a request after it has answered it.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn requests(&self, count: usize) -> anyhow::Result<Vec<Request>> {
        let end = Instant::now() + LOGGED_WITHIN;
        loop {
            let log = fs::read_to_string(self.directory.path().join("access"))?;
            let requests: Vec<_> = log.lines().filter_map(parse).collect();
            if requests.len() >= count || Instant::now() >= end {
                return Ok(requests);
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
}

const LOGGED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

fn parse(line: &str) -> Option<Request> {
    let mut words = line.splitn(6, ' ');
    Some(Request {
        connection: words.next()?.parse().ok()?,
        status: words.next()?.parse().ok()?,
        received: words.next()?.parse().ok()?,
        tls: words.next()?.to_owned(),
        chunked: words.next()? == "chunked",
        line: words.next()?.to_owned(),
    })
}

fn configuration(directory: &Path, port: u16, leaf: &Leaf, tls: Tls) -> String {
    let directory = directory.display();
    let certificate = leaf.certificate.display();
    let key = leaf.key.display();
    let (protocol, ciphers) = match tls {
        Tls::V1_1 => ("TLSv1.1", "ALL:@SECLEVEL=0"),
        Tls::V1_2 => ("TLSv1.2", "HIGH"),
        Tls::V1_3 => ("TLSv1.3", "HIGH"),
    };
    format!(
        "daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/errors;
events {{}}
http {{
    log_format line '$connection $status $request_length $ssl_protocol $http_transfer_encoding $request';
    access_log {directory}/access line;
    default_type application/octet-stream;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    sendfile on;
    keepalive_requests 100000;
    keepalive_timeout 60s;
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols {protocol};
        ssl_ciphers {ciphers};
        root {directory}/files;
        location /up/ {{ dav_methods PUT; }}
    }}
}}
"
    )
}
