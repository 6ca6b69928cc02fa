//! Redirects, through the agent.

use wskhttp_corpus::{Case, Ending, Write, play};
use wskhttp_http::{Policy, Redirects};

use crate::first;

/// Whatever a Location says: no more requests than the limit, none from https to http, none to this
/// machine from elsewhere, no secret to another origin, and no body where the method became GET.
pub fn redirect(data: &[u8]) {
    let (flags, bytes) = first(data);
    let statuses = ["301", "302", "303", "307", "308"];
    let scheme = match flags & 1 {
        0 => "http",
        _ => "https",
    };
    let (method, start) = match flags & 2 {
        0 => ("GET", format!("{scheme}://a.test/dir/file?q")),
        _ => ("POST", format!("{scheme}://a.test:8080/dir/file?q")),
    };
    let mut status = usize::from(flags >> 2);
    let mut replies: Vec<_> = bytes
        .split(|byte| *byte == b'\n')
        .take(6)
        .map(|location| {
            status += 1;
            let status = statuses[status % statuses.len()];
            let head = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nLocation: ");
            (
                [head.as_bytes(), location, b"\r\n\r\n"].concat(),
                Ending::Open,
            )
        })
        .collect();
    replies.push((
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
        Ending::Open,
    ));
    let limit = 3;
    let policy = Policy {
        redirects: Redirects {
            limit,
            ..Redirects::default()
        },
        ..Policy::NONE
    };
    let case = Case::scripted(&[(method, &start)], replies)
        .header_lines(b"Authorization: secret\r\nCookie: secret\r\nX-Plain: plain\r\n")
        .policy(policy);
    let played = play(&case, Write::All);
    assert!(!played.stuck);
    assert!(played.heard.len() <= 1 + limit as usize);
    let Some(origin) = played.heard.first().map(|heard| heard.to.clone()) else {
        return;
    };
    let mut secure = scheme == "https";
    let mut left_origin = false;
    for heard in &played.heard {
        let text = String::from_utf8_lossy(&heard.bytes).into_owned();
        let is_secure = heard.to.starts_with("https:");
        assert!(is_secure || !secure, "from https to http: {}", heard.to);
        secure = is_secure;
        left_origin |= heard.to != origin;
        let has_secret = text.contains(": secret\r\n");
        if left_origin {
            assert!(!has_secret, "a secret went to {}: {text}", heard.to);
        } else {
            assert!(has_secret, "a secret was lost on the way: {text}");
        }
        assert!(!is_local(&heard.to), "to this machine: {}", heard.to);
        // One request line, one Host, which is where it went.
        let line = text.lines().next().unwrap_or_default();
        assert_eq!(line.split(' ').count(), 3, "{line}");
        let hosts: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("Host: "))
            .collect();
        let [host] = hosts.as_slice() else {
            panic!("{hosts:?}");
        };
        assert!(heard.to.contains(*host), "{host} is not {}", heard.to);
        assert_eq!(text.matches("\r\n\r\n").count(), 1, "{text}");
        if line.starts_with("GET ") {
            assert!(!text.contains("\r\nContent-Length:"), "{text}");
        }
    }
}

fn is_local(to: &str) -> bool {
    let host = to.split_once("://").map_or("", |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => {
            let text = address.to_canonical().to_string();
            ["127.", "169.254.", "0.", "fe8", "fe9", "fea", "feb"]
                .iter()
                .any(|start| text.starts_with(start))
                || text == "::1"
                || text == "::"
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}
