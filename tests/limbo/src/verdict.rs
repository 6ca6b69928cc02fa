//! What the client says of a chain.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_tls::{Platform, Policy, Revocation, Roots, TlsConfig};

use crate::{Case, Expected};

/// What the client says of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Accept,
    /// It is not, and why.
    Reject(String),
    /// The case asks for what a TLS client for servers does not do.
    Skip(&'static str),
}

/// How many cases came out how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    accepted: usize,
    rejected: usize,
    skipped: usize,
    wrongly_accepted: usize,
    wrongly_rejected: usize,
}

/// Judges the chain of `case` under a policy that trusts its roots alone, with its revocation lists
/// in soft mode.
#[must_use]
pub fn judge(case: &Case) -> Verdict {
    if let Some(reason) = unsupported(case) {
        return Verdict::Skip(reason);
    }
    match try_judge(case) {
        Ok(()) => Verdict::Accept,
        Err(reason) => Verdict::Reject(reason),
    }
}

impl Verdict {
    /// Whether it is what the case expects; `None` if there is no verdict.
    #[must_use]
    pub fn is_expected(&self, case: &Case) -> Option<bool> {
        match self {
            Self::Accept => Some(case.expected_result == Expected::Success),
            Self::Reject(_) => Some(case.expected_result == Expected::Failure),
            Self::Skip(_) => None,
        }
    }
}

impl Summary {
    /// Counts a verdict.
    pub fn count(&mut self, verdict: &Verdict, expected: Option<bool>) {
        let wrong = usize::from(expected == Some(false));
        match verdict {
            Verdict::Accept => {
                self.accepted += 1;
                self.wrongly_accepted += wrong;
            }
            Verdict::Reject(_) => {
                self.rejected += 1;
                self.wrongly_rejected += wrong;
            }
            Verdict::Skip(_) => self.skipped += 1,
        }
    }

    /// Whether every verdict was the expected one.
    #[must_use]
    pub const fn is_as_expected(&self) -> bool {
        self.wrongly_accepted == 0 && self.wrongly_rejected == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Reject(reason) => write!(f, "reject: {reason}"),
            Self::Skip(reason) => write!(f, "skip: {reason}"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrong = self.wrongly_accepted + self.wrongly_rejected;
        write!(
            f,
            "{} cases: {} as expected, {wrong} not ({} accepted where FAILURE is expected, {} rejected where SUCCESS is), \
             {} skipped",
            self.accepted + self.rejected + self.skipped,
            self.accepted + self.rejected - wrong,
            self.wrongly_accepted,
            self.wrongly_rejected,
            self.skipped,
        )
    }
}

fn unsupported(case: &Case) -> Option<&'static str> {
    if case.validation_kind != "SERVER" {
        return Some("a client's chain; this is a client, and verifies servers");
    }
    if !case.signature_algorithms.is_empty() {
        return Some("it restricts the signature algorithms, which are fixed here");
    }
    if case
        .extended_key_usage
        .iter()
        .any(|usage| usage != "serverAuth")
    {
        return Some("it is for another purpose than serverAuth");
    }
    if case
        .key_usage
        .iter()
        .any(|usage| usage != "digitalSignature")
    {
        return Some("it is for another key usage than digitalSignature");
    }
    match &case.expected_peer_name {
        Some(name) if name.kind != "DNS" && name.kind != "IP" => {
            Some("the name is neither a DNS name nor an IP address")
        }
        _ => None,
    }
}

fn try_judge(case: &Case) -> Result<(), String> {
    let leaf = der(&case.peer_certificate)?;
    let others = case
        .untrusted_intermediates
        .iter()
        .map(|pem| der(pem))
        .collect::<Result<Vec<_>, _>>()?;
    let others: Vec<&[u8]> = others.iter().map(AsRef::as_ref).collect();
    let roots = case.trusted_certs.join("\n");
    let lists = case.crls.join("\n");
    let mut policy = Policy::new(Roots::Only(roots.as_bytes()));
    if !case.crls.is_empty() {
        policy.revocation = Revocation::Soft(lists.as_bytes());
    }
    if let Some(depth) = case.max_chain_depth {
        policy.max_intermediates = depth;
    }
    let name = case.expected_peer_name.as_ref();
    TlsConfig::with_policy(&PLATFORM, &policy)
        .and_then(|config| {
            config.verify_chain(
                &leaf,
                &others,
                name.map(|name| name.value.as_str()),
                instant(case)?,
            )
        })
        .map_err(|error| format!("{} ({:?})", error.cause, error.kind))
}

fn der(pem: &str) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| format!("a certificate of the case is not PEM: {error}"))
}

fn instant(case: &Case) -> Result<Duration, Error> {
    const BAD: Error = Error::new(
        Phase::Request,
        Kind::InvalidRequest,
        "the case's validation_time is no time after 1970",
    );
    let time = match &case.validation_time {
        None => SystemTime::now(),
        Some(time) => OffsetDateTime::parse(time, &Rfc3339)
            .map_err(|_| BAD)?
            .into(),
    };
    time.duration_since(UNIX_EPOCH).map_err(|_| BAD)
}

/// Nothing here needs randomness, and the time is the case's.
static PLATFORM: Platform = Platform::new(
    |_| {
        Err(Error::new(
            Phase::Tls,
            Kind::TlsInternal,
            "no randomness without a handshake",
        ))
    },
    || Duration::ZERO,
);
