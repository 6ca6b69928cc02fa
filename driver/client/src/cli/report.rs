//! What is said about a transfer: -v on standard error, -w on standard output.

use std::fmt::Write;
use std::time::Duration;

use wskhttp_client::Head;

use super::{tls, url};

/// What is known about a transfer when it ends.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) head: Option<Head>,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) total: Duration,
    pub(crate) exit_code: u8,
    pub(crate) error: String,
    /// The server's certificates, DER one after the other.
    pub(crate) certificates: Vec<u8>,
}

/// `>` lines: the request as this program asks for it.
pub(crate) fn request_lines(report: &Report, headers: &[(String, String)]) {
    let (host, path) = url::parts(&report.url);
    eprintln!("> {} {path} HTTP/1.1\n> Host: {host}", report.method);
    for (name, value) in headers {
        eprintln!("> {name}: {value}");
    }
    eprintln!(">");
}

/// `*` and `<` lines: the connection and the head of the response.
pub(crate) fn response_lines(head: &Head) {
    let how = if head.reused {
        "Reused the connection"
    } else {
        "Connected"
    };
    match head.remote {
        Some(remote) => eprintln!("* {how} to {remote}"),
        None => eprintln!("* {how}"),
    }
    if let Some(tls) = &head.tls {
        let group = tls.group_name();
        let comma = if group.is_empty() { "" } else { ", " };
        eprintln!(
            "* {}, {}{comma}{group}",
            tls.version_name(),
            tls.suite_name()
        );
        if tls.resumed {
            eprintln!("* TLS session resumed");
        }
    }
    for line in head_text(head).lines() {
        eprintln!("< {line}");
    }
}

/// The head of a response as it is written with -i and -I.
pub(crate) fn head_text(head: &Head) -> String {
    let mut text = format!("HTTP/1.{} {}", head.minor_version, head.status);
    if !head.reason.is_empty() {
        text.push(' ');
        text.push_str(&String::from_utf8_lossy(&head.reason));
    }
    text.push_str("\r\n");
    for (name, value) in &head.headers {
        // Writing to a String does not fail.
        let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value));
    }
    text.push_str("\r\n");
    text
}

impl Report {
    /// The last `*` line: where the time went.
    pub(crate) fn times(&self) {
        let timing = self
            .head
            .as_ref()
            .map(|head| head.timing)
            .unwrap_or_default();
        eprintln!(
            "* dns {}, connect {}, tls {}, first byte {}, total {}",
            milliseconds(timing.resolve),
            milliseconds(timing.connect),
            milliseconds(timing.tls),
            milliseconds(timing.first_byte),
            milliseconds(self.total),
        );
    }

    /// Fills in a format of --write-out.
    pub(crate) fn write_out(&self, format: &str) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['%', '\\']) {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            let variable = rest
                .strip_prefix("%{")
                .and_then(|rest| rest.split_once('}'));
            let (put, used) = if let Some((name, _)) = variable {
                let value = self.variable(name);
                let value = value.unwrap_or_else(|| format!("%{{{name}}}"));
                (value, name.len() + 3)
            } else {
                match rest.get(..2) {
                    Some("%%") => ("%".into(), 2),
                    Some("\\n") => ("\n".into(), 2),
                    Some("\\r") => ("\r".into(), 2),
                    Some("\\t") => ("\t".into(), 2),
                    Some("\\\\") => ("\\".into(), 2),
                    _ => (rest[..1].to_owned(), 1),
                }
            };
            text.push_str(&put);
            rest = &rest[used..];
        }
        text + rest
    }

    fn variable(&self, name: &str) -> Option<String> {
        let head = self.head.as_ref();
        let timing = head.map(|head| head.timing).unwrap_or_default();
        let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
        Some(match name {
            "http_code" | "response_code" => {
                format!("{:03}", head.map_or(0, |head| head.status))
            }
            "http_version" => head.map_or_else(|| "0".into(), |h| format!("1.{}", h.minor_version)),
            "url" | "url_effective" => self.url.clone(),
            "method" => self.method.clone(),
            "content_type" => head
                .and_then(|head| head.header("content-type"))
                .unwrap_or_default()
                .to_owned(),
            "remote_ip" => head
                .and_then(|head| head.remote)
                .map_or_else(String::new, |remote| remote.ip().to_string()),
            "remote_port" => head
                .and_then(|head| head.remote)
                .map_or(0, |remote| remote.port())
                .to_string(),
            "num_connects" => u8::from(head.is_some_and(|head| !head.reused)).to_string(),
            "size_download" => self.received.to_string(),
            "size_upload" => self.sent.to_string(),
            "speed_download" => speed(self.received, self.total).to_string(),
            "speed_upload" => speed(self.sent, self.total).to_string(),
            "time_namelookup" => seconds(timing.resolve),
            "time_connect" => seconds(timing.resolve + timing.connect),
            "time_appconnect" if timing.tls.is_zero() => seconds(Duration::ZERO),
            "time_appconnect" => seconds(timing.resolve + timing.connect + timing.tls),
            "time_starttransfer" => seconds(timing.first_byte),
            "time_total" => seconds(self.total),
            "certs" => tls::pem(&self.certificates).0,
            "num_certs" => tls::pem(&self.certificates).1.to_string(),
            "exitcode" => self.exit_code.to_string(),
            "errormsg" => self.error.clone(),
            _ => return None,
        })
    }
}

fn speed(bytes: u64, time: Duration) -> u128 {
    (u128::from(bytes) * 1_000_000)
        .checked_div(time.as_micros())
        .unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::{Report, head_text};
    use std::time::Duration;
    use wskhttp_client::{Head, Timing};

    fn report() -> Report {
        Report {
            url: "http://h/".into(),
            method: "GET".into(),
            head: Some(Head {
                status: 404,
                minor_version: 1,
                reason: b"Not Found".to_vec(),
                headers: vec![("Content-Type".into(), b"text/html".to_vec())],
                content_length: None,
                remote: Some("127.0.0.1:80".parse().unwrap()),
                tls: None,
                reused: false,
                timing: Timing {
                    resolve: Duration::from_millis(1),
                    connect: Duration::from_millis(2),
                    tls: Duration::ZERO,
                    first_byte: Duration::from_millis(7),
                },
            }),
            received: 1000,
            total: Duration::from_millis(500),
            ..Report::default()
        }
    }

    #[test]
    fn formats_are_filled_in() {
        for (format, text) in [
            ("%{http_code}\\n", "404\n"),
            ("%{time_connect} %{time_appconnect}", "0.003000 0.000000"),
            ("%{time_total} %{speed_download}", "0.500000 2000"),
            ("%{remote_ip}:%{remote_port}", "127.0.0.1:80"),
            ("%{content_type}%{num_connects}", "text/html1"),
            (
                "100%% \\t\\\\ %{nonsense} %{ %",
                "100% \t\\ %{nonsense} %{ %",
            ),
            ("\u{e9}%\u{e9}\\\u{e9}", "\u{e9}%\u{e9}\\\u{e9}"),
        ] {
            assert_eq!(report().write_out(format), text);
        }
        let failed = Report::default();
        assert_eq!(failed.write_out("%{http_code} %{size_download}"), "000 0");
    }

    #[test]
    fn heads_are_written_as_received() {
        let head = report().head.unwrap();
        let text = "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n";
        assert_eq!(head_text(&head), text);
    }
}
