//! nginx: all rows in one process, each with a port of its own. Its answers tell of the connection.

use std::fmt::Write as _;
use std::fs;

use anyhow::Context;
use tempfile::TempDir;

use crate::papers::Papers;
use crate::process::Process;
use crate::{Group, Resume, Row, Version};

use super::{Told, path};

/// A running nginx.
pub(crate) struct Nginx {
    _process: Process,
    _directory: TempDir,
}

pub(super) fn start(papers: &Papers, rows: &[Row]) -> anyhow::Result<(Nginx, Vec<u16>)> {
    let directory = tempfile::Builder::new()
        .prefix("wskhttp-nginx-")
        .tempdir()?;
    let ports: Vec<u16> = rows
        .iter()
        .map(|_| crate::free_port())
        .collect::<Result<_, _>>()?;
    let base = path(directory.path());
    let mut text = format!(
        "daemon off;
master_process off;
pid {base}/pid;
error_log {base}/errors;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {base}/body;
    proxy_temp_path {base}/proxy;
    fastcgi_temp_path {base}/fastcgi;
    uwsgi_temp_path {base}/uwsgi;
    scgi_temp_path {base}/scgi;
    keepalive_timeout 0;
"
    );
    for (row, port) in rows.iter().zip(&ports) {
        server(&mut text, papers, *row, *port)?;
    }
    text.push_str("}\n");
    fs::write(directory.path().join("conf"), text)?;
    let arguments = ["-p", &base, "-c", "conf", "-e", "errors"];
    let port = *ports.first().context("no rows")?;
    let process = Process::start("nginx", &arguments, directory.path(), port)?;
    let nginx = Nginx {
        _process: process,
        _directory: directory,
    };
    Ok((nginx, ports))
}

fn server(text: &mut String, papers: &Papers, row: Row, port: u16) -> std::fmt::Result {
    let (certificate, key) = papers.server(row.leaf);
    let (certificate, key) = (path(&certificate), path(&key));
    let suite = row.suite.openssl();
    let versions = match row.suite.version() {
        Version::Tls12 => format!("ssl_protocols TLSv1.2; ssl_ciphers {suite};"),
        Version::Tls13 => {
            format!("ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {suite};")
        }
    };
    let group = match row.group {
        Group::X25519 => "X25519",
        Group::P256 => "prime256v1",
        Group::P384 => "secp384r1",
    };
    let sessions = match row.resume {
        Resume::Id => format!("ssl_session_tickets off; ssl_session_cache shared:S{port}:32k;"),
        _ => "ssl_session_tickets on;".to_owned(),
    };
    let clients = if row.mutual {
        let ca = path(&papers.ca());
        format!("ssl_verify_client on; ssl_client_certificate {ca};")
    } else {
        String::new()
    };
    writeln!(
        text,
        "    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        {versions}
        ssl_ecdh_curve {group};
        {sessions}
        {clients}
        return 200 '$ssl_protocol $ssl_cipher $ssl_curve $ssl_session_reused $ssl_client_verify';
    }}"
    )
}

pub(super) fn told(page: &str) -> Told {
    let words: Vec<&str> = page.split(' ').collect();
    let word = |at: usize| words.get(at).map(|word| (*word).to_owned());
    Told {
        version: word(0),
        suite: word(1),
        // Nothing where there was no key exchange.
        group: word(2).filter(|group| !group.is_empty()),
        resumed: word(3).map(|how| how == "r"),
        mutual: word(4).map(|how| how == "SUCCESS"),
    }
}
