//! What can go wrong: each with an error of its own and curl's exit code, and nothing is left behind.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use wskhttp_origin::{KeyKind, LeafFault, Origin};
use wskhttp_wine_suite::servers::{Resolver, SServer, Tls, free_port};

use crate::bench::{Bench, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let scripted = SCRIPTED.iter().map(|case| {
        trial(format!("failures::{}", case.name), |bench| {
            let url = bench.url(case.path);
            let mut arguments = case.arguments.to_vec();
            arguments.push(&url);
            case.expected().check(bench, &bench.origin_ca, &arguments)
        })
    });
    let mut trials: Vec<_> = scripted.collect();
    trials.extend([
        trial("failures::untrusted_ca", |bench| {
            leaf(bench, "untrusted_ca", LeafFault::UntrustedCa)
        }),
        trial("failures::wrong_name", |bench| {
            leaf(bench, "wrong_name", LeafFault::WrongName)
        }),
        trial("failures::expired", |bench| {
            leaf(bench, "expired", LeafFault::Expired)
        }),
        trial("failures::not_yet_valid", |bench| {
            leaf(bench, "not_yet_valid", LeafFault::NotYetValid)
        }),
        trial("failures::tls_1_1", old_server),
        trial("failures::no_tls", no_tls),
        trial("failures::refused", refused),
        trial("failures::unknown_host", unknown_host),
        trial("failures::silent_handshake", silent),
        trial("failures::no_connection", no_connection),
        trial("failures::no_name_server", no_name_server),
        trial("failures::messages_are_distinct", distinct),
    ]);
    trials
}

/// A failure that the origin plays on its ordinary port.
struct Scripted {
    name: &'static str,
    path: &'static str,
    arguments: &'static [&'static str],
    code: i32,
    phase: &'static str,
}

impl Scripted {
    fn expected(&self) -> Expected {
        Expected {
            name: self.name,
            code: self.code,
            phase: self.phase,
        }
    }
}

const fn scripted(
    name: &'static str,
    path: &'static str,
    code: i32,
    phase: &'static str,
) -> Scripted {
    Scripted {
        name,
        path,
        arguments: &[],
        code,
        phase,
    }
}

const HEAD: &str = "response head";
const BODY: &str = "response body";
const TLS: &str = "TLS handshake";

const SCRIPTED: &[Scripted] = &[
    // curl's code for a weird reply. What does not even begin with HTTP, curl takes for HTTP/0.9: code 1.
    scripted("garbage", "/garbage", 8, HEAD),
    scripted("garbage_bytes", "/garbage/random", 8, HEAD),
    scripted("header_of_10_mib", "/header/10485760", 56, HEAD),
    scripted("reset_before_head", "/reset/early", 56, HEAD),
    scripted("reset_in_head", "/reset/head", 56, HEAD),
    scripted("reset_in_body", "/reset/body", 56, BODY),
    scripted("reset_in_chunk", "/reset/chunk", 56, BODY),
    scripted("closed_before_head", "/truncate/early/notify", 52, HEAD),
    scripted("closed_in_head", "/truncate/head/notify", 56, HEAD),
    scripted("closed_in_body", "/truncate/body/notify", 18, BODY),
    scripted("closed_in_chunk", "/truncate/chunk/notify", 18, BODY),
    scripted("cut_before_head", "/truncate/early", 56, HEAD),
    scripted("cut_in_head", "/truncate/head", 56, HEAD),
    scripted("cut_in_body", "/truncate/body", 56, BODY),
    scripted("cut_in_chunk", "/truncate/chunk", 56, BODY),
    // Without close_notify, the end of a connection is not the end of a body.
    scripted("cut_at_the_end", "/truncate/close", 56, BODY),
    Scripted {
        name: "stalled_before_head",
        path: "/stall/head",
        arguments: &["--max-time", "2"],
        code: 28,
        phase: HEAD,
    },
    Scripted {
        name: "stalled_in_body",
        path: "/stall/body",
        arguments: &["--max-time", "2"],
        code: 28,
        phase: BODY,
    },
];

struct Expected {
    name: &'static str,
    code: i32,
    phase: &'static str,
}

impl Expected {
    /// Lets the same request fail several times. Each time the message and the code are those expected and
    /// the next request succeeds, and what is in use does not grow from time to time.
    fn check(&self, bench: &Bench, ca: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        self.once(bench, ca, arguments)?;
        let before = bench.in_use()?;
        for _ in 0..3 {
            self.once(bench, ca, arguments)?;
        }
        bench.back_to(before)
    }

    fn once(&self, bench: &Bench, ca: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        let output = bench.fetch_with(ca, arguments)?;
        let message = output
            .stderr
            .lines()
            .find(|line| line.contains("status 0x"))
            .with_context(|| format!("no message with a status: {:?}", output.stderr))?;
        ensure!(
            output.code == Some(self.code),
            "exit code {:?}, not {}: {message}",
            output.code,
            self.code
        );
        ensure!(
            message.contains(self.phase),
            "the phase is not {:?}: {message}",
            self.phase
        );
        MESSAGES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self.name, message.to_owned());
        bench.healthy().context("the request after it")
    }
}

fn leaf(bench: &Bench, name: &'static str, fault: LeafFault) -> anyhow::Result<()> {
    let origin = Origin::start(wskhttp_origin::Options {
        fault: Some(fault),
        ..Default::default()
    })?;
    let ca = bench.file("faulty-ca.pem");
    origin.write_ca(&ca)?;
    let url = format!("https://localhost:{}/", origin.https_port());
    let expected = Expected {
        name,
        code: 60,
        phase: TLS,
    };
    expected.check(bench, &ca, &[&url])
}

fn old_server(bench: &Bench) -> anyhow::Result<()> {
    let ca = bench.authority.certificate();
    let server = SServer::start(bench.authority.leaf(KeyKind::Rsa2048), Tls::V1_1)?;
    let url = format!("https://localhost:{}/", server.port());
    let expected = Expected {
        name: "tls_1_1",
        code: 35,
        phase: TLS,
    };
    expected.check(bench, ca, &[&url])
}

fn no_tls(bench: &Bench) -> anyhow::Result<()> {
    let url = format!("https://localhost:{}/", bench.origin.http_port());
    let expected = Expected {
        name: "no_tls",
        code: 35,
        phase: TLS,
    };
    expected.check(bench, &bench.origin_ca, &[&url])
}

fn refused(bench: &Bench) -> anyhow::Result<()> {
    let url = format!("https://127.0.0.1:{}/", free_port()?);
    let expected = Expected {
        name: "refused",
        code: 7,
        phase: "connection",
    };
    expected.check(bench, &bench.origin_ca, &[&url])
}

fn unknown_host(bench: &Bench) -> anyhow::Result<()> {
    let expected = Expected {
        name: "unknown_host",
        code: 6,
        phase: "name resolution",
    };
    // RFC 6761, section 6.4: such a name never exists.
    expected.check(bench, &bench.origin_ca, &["https://wskhttp.invalid/"])
}

fn silent(bench: &Bench) -> anyhow::Result<()> {
    let url = format!("https://localhost:{}/", bench.origin.silent_port());
    let expected = Expected {
        name: "silent_handshake",
        code: 28,
        phase: TLS,
    };
    expected.check(bench, &bench.origin_ca, &["--connect-timeout", "2", &url])
}

fn no_connection(bench: &Bench) -> anyhow::Result<()> {
    let url = format!("https://localhost:{}/", bench.origin.full_port());
    let expected = Expected {
        name: "no_connection",
        code: 28,
        phase: "connection",
    };
    expected.check(bench, &bench.origin_ca, &["--connect-timeout", "2", &url])
}

fn no_name_server(bench: &Bench) -> anyhow::Result<()> {
    let resolver = bench.resolver()?;
    let before = resolver.stalled();
    let url = format!("https://{}/", Resolver::STALLED);
    let expected = Expected {
        name: "no_name_server",
        code: 28,
        phase: "name resolution",
    };
    expected.check(bench, &bench.origin_ca, &["--connect-timeout", "2", &url])?;
    ensure!(resolver.stalled() > before, "nobody asked for the name");
    Ok(())
}

static MESSAGES: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());

/// Cases that differ in what the server did, but not in what a client can see.
const ALIKE: &[(&str, &str)] = &[
    ("garbage", "garbage_bytes"),
    ("reset_before_head", "reset_in_head"),
    ("reset_in_body", "reset_in_chunk"),
    ("closed_in_body", "closed_in_chunk"),
    ("cut_before_head", "cut_in_head"),
    ("cut_in_body", "cut_in_chunk"),
    ("cut_in_body", "cut_at_the_end"),
    ("cut_in_chunk", "cut_at_the_end"),
    ("stalled_before_head", "stalled_in_body"),
];

/// Of the trials before this one, as far as they were run.
fn distinct(_: &Bench) -> anyhow::Result<()> {
    let messages = MESSAGES.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, message) in messages.iter() {
        for (other, same) in messages.iter().filter(|(other, _)| name < *other) {
            let alike = ALIKE.contains(&(*name, *other)) || ALIKE.contains(&(*other, *name));
            ensure!(alike || message != same, "{name} and {other}: {message}");
        }
    }
    Ok(())
}
