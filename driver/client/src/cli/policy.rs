//! What the options of the command line mean to the driver.

use std::time::Duration;

use wskhttp_client::Options;

use super::args::Transfer;
use super::failure::Failure;

/// The driver's options for a command line.
pub(crate) fn options(args: &Transfer) -> Result<Options, Failure> {
    let mut options = Options::new();
    if args.location && args.max_redirs != Some(0) {
        options = options.follow(args.max_redirs.unwrap_or(MAX_REDIRECTS));
    }
    if args.compressed {
        options = options.decode();
    }
    if let Some(tries) = args.retry {
        options = options.retry(tries, args.retry_max_time);
    }
    if args.speed_limit.is_some() || args.speed_time.is_some() {
        let over = args.speed_time.unwrap_or(SPEED_TIME);
        options = options.low_speed(args.speed_limit.unwrap_or(1), over);
    }
    if let Some(timeout) = args.expect100_timeout {
        options = options.expect(timeout);
    }
    match (&args.proxy, args.noproxy.as_deref()) {
        (Some(proxy), hosts) => {
            options = options.proxies(proxy, &bypass(hosts.unwrap_or_default()));
        }
        (None, Some("*")) => options = options.direct(),
        (None, _) => {}
    }
    match args.check_digest.as_deref() {
        None => {}
        Some("") => options = options.verify(),
        Some(digits) => {
            let digest = sha256(digits).ok_or_else(|| {
                Failure::usage("--check-digest takes the 64 hexadecimal digits of a SHA-256")
            })?;
            options = options.verify().sha256(digest);
        }
    }
    if let Some(credentials) = &args.proxy_user {
        options = options.proxy_credentials(credentials);
    }
    if let Some(token) = &args.proxy_bearer {
        options = options.proxy_bearer(token);
    }
    match (&args.user, &args.oauth2_bearer) {
        (Some(_), Some(_)) => Err(Failure::usage("both -u and --oauth2-bearer")),
        (Some(user), None) if args.digest => Ok(options.digest(user)),
        (Some(user), None) => Ok(options.basic(user)),
        (None, Some(token)) => Ok(options.bearer(token)),
        (None, None) => Ok(options),
    }
}

fn sha256(digits: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let pairs = digits.as_bytes().chunks(2);
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (to, pair) in digest.iter_mut().zip(pairs) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// curl's list of hosts, which stand for their subdomains, too, in WinHTTP's grammar.
fn bypass(list: &str) -> String {
    let mut out = String::new();
    let entries = list.split([',', ' ']).map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let host = entry.trim_start_matches('.');
        let is_name =
            host.contains(|c: char| c.is_ascii_alphabetic()) && !host.contains([':', '*']);
        out.push_str(host);
        out.push(';');
        if is_name {
            out.extend(["*.", host, ";"]);
        }
    }
    out
}

/// curl's defaults.
const MAX_REDIRECTS: u32 = 50;
const SPEED_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::{bypass, options};
    use crate::cli::args::Cli;
    use clap::Parser;
    use std::time::Duration;
    use wskhttp_client::Options;

    fn of(line: &str) -> Options {
        let words = std::iter::once("wskhttp").chain(line.split_whitespace());
        options(&Cli::try_parse_from(words).unwrap().transfer).unwrap_or_else(|_| panic!("{line}"))
    }

    #[test]
    fn options_are_the_drivers() {
        let seconds = Duration::from_secs;
        for (line, expected) in [
            ("u", Options::new()),
            ("-L u", Options::new().follow(50)),
            ("-L --max-redirs 3 u", Options::new().follow(3)),
            ("-L --max-redirs 0 u", Options::new()),
            ("--max-redirs 3 u", Options::new()),
            ("--compressed u", Options::new().decode()),
            ("--retry 3 u", Options::new().retry(3, None)),
            (
                "--retry 3 --retry-max-time 9 u",
                Options::new().retry(3, Some(seconds(9))),
            ),
            ("-Y 100 u", Options::new().low_speed(100, seconds(30))),
            ("-y 5 u", Options::new().low_speed(1, seconds(5))),
            ("--expect100-timeout 2 u", Options::new().expect(seconds(2))),
            (
                "-x p:1 --noproxy a u",
                Options::new().proxies("p:1", "a;*.a;"),
            ),
            (
                "-x p -U a:b u",
                Options::new().proxies("p", "").proxy_credentials("a:b"),
            ),
            (
                "-x p --proxy-bearer t u",
                Options::new().proxies("p", "").proxy_bearer("t"),
            ),
            ("--noproxy * u", Options::new().direct()),
            ("--noproxy a u", Options::new()),
            ("--check-digest u", Options::new().verify()),
            (
                &format!("--check-digest={} u", "0A".repeat(32)),
                Options::new().verify().sha256([10; 32]),
            ),
            ("-u a:b u", Options::new().basic("a:b")),
            ("--digest -u a:b u", Options::new().digest("a:b")),
            ("--oauth2-bearer t u", Options::new().bearer("t")),
        ] {
            assert!(of(line) == expected, "{line}");
        }
        let both = ["wskhttp", "-u", "a:b", "--oauth2-bearer", "t", "u"];
        assert!(options(&Cli::try_parse_from(both).unwrap().transfer).is_err());
        let short = ["wskhttp", "--check-digest=0a", "u"];
        assert!(options(&Cli::try_parse_from(short).unwrap().transfer).is_err());
    }

    #[test]
    fn bypass_lists() {
        assert_eq!(bypass("*"), "*;");
        assert_eq!(bypass(".a.test, b"), "a.test;*.a.test;b;*.b;");
        assert_eq!(bypass("127.0.0.1,::1"), "127.0.0.1;::1;");
    }
}
