//! The runner's flags (ssl/test/test_config.cc of BoringSSL lists them all).

use std::ffi::OsString;

use wskhttp_tls::Versions;

use crate::outcome::Failure;

/// What the runner wants.
#[derive(Debug)]
pub(crate) struct Flags {
    pub(crate) port: u16,
    pub(crate) shim_id: u64,
    pub(crate) ipv6: bool,
    /// Files.
    pub(crate) trust: Option<OsString>,
    pub(crate) certificate: Option<OsString>,
    pub(crate) key: Option<OsString>,
    pub(crate) host: String,
    pub(crate) groups: Vec<u16>,
    pub(crate) verify: Vec<u16>,
    /// Application protocols, each with its length in front.
    pub(crate) applications: Vec<u8>,
    pub(crate) resume_count: u32,
    /// Versions that are spoken, from and to.
    pub(crate) oldest: u16,
    pub(crate) newest: u16,
    pub(crate) no_tls12: bool,
    pub(crate) no_tls13: bool,
    /// Bytes come one at a time, with a wait before each.
    pub(crate) slow: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) shuts_down: bool,
    pub(crate) writes_first: bool,
    /// For every connection, for the first, and for those that are resumed.
    pub(crate) expect: [Expect; 3],
}

/// What a connection must come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expect {
    pub(crate) signature: Option<u16>,
    pub(crate) group: Option<u16>,
    pub(crate) version: Option<u16>,
    pub(crate) cipher: Option<u16>,
    pub(crate) application: Option<OsString>,
    pub(crate) retry: Option<bool>,
    pub(crate) ticket_renewal: bool,
    pub(crate) session_miss: bool,
}

/// What to do.
pub(crate) enum Parsed {
    Run(Box<Flags>),
    /// Say that there is no split handshaker.
    NoHandshaker,
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

impl Default for Flags {
    fn default() -> Self {
        Self {
            port: 0,
            shim_id: 0,
            ipv6: false,
            trust: None,
            certificate: None,
            key: None,
            host: "test".into(),
            groups: Vec::new(),
            verify: Vec::new(),
            applications: Vec::new(),
            resume_count: 0,
            oldest: 0,
            newest: u16::MAX,
            no_tls12: false,
            no_tls13: false,
            slow: false,
            check_close_notify: false,
            shuts_down: false,
            writes_first: false,
            expect: Default::default(),
        }
    }
}

impl Flags {
    /// The versions that are left; `None` if none is.
    pub(crate) fn versions(&self) -> Option<Versions> {
        let has = |version: u16, no: bool| !no && (self.oldest..=self.newest).contains(&version);
        match (has(TLS12, self.no_tls12), has(TLS13, self.no_tls13)) {
            (true, true) => Some(Versions::All),
            (false, true) => Some(Versions::Tls13),
            (true, false) => Some(Versions::Tls12),
            (false, false) => None,
        }
    }

    /// What connection `number` must come to.
    pub(crate) fn expectations(&self, number: u32) -> impl Iterator<Item = &Expect> {
        let own = if number == 0 { 1 } else { 2 };
        [&self.expect[0], &self.expect[own]].into_iter()
    }
}

/// Reads the command line.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Parsed, Failure> {
    let mut flags = Flags::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let flag = argument.to_string_lossy().into_owned();
        let unimplemented = || Failure::Unimplemented(flag.clone());
        let (which, name) = if let Some(name) = flag.strip_prefix("-on-initial") {
            (1, name)
        } else if let Some(name) = flag.strip_prefix("-on-resume") {
            (2, name)
        } else {
            (0, flag.as_str())
        };
        if which > 0 && !name.starts_with("-expect-") {
            return Err(unimplemented());
        }
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| Failure::Unexpected(format!("{flag} without a value")))
        };
        let expect = &mut flags.expect[which];
        match name {
            "-is-handshaker-supported" => return Ok(Parsed::NoHandshaker),
            "-port" => flags.port = number(&flag, &value()?)?,
            "-shim-id" => flags.shim_id = number(&flag, &value()?)?,
            "-ipv6" => flags.ipv6 = true,
            "-trust-cert" => flags.trust = Some(value()?).filter(|path| !path.is_empty()),
            "-cert-file" if flags.certificate.is_none() => flags.certificate = Some(value()?),
            "-key-file" if flags.key.is_none() => flags.key = Some(value()?),
            // What follows makes up a credential of its own; one is enough for this client.
            "-new-x509-credential" if flags.certificate.is_none() && flags.key.is_none() => {}
            "-host-name" => flags.host = text(&flag, value()?)?,
            "-curves" => flags.groups.push(number(&flag, &value()?)?),
            "-verify-prefs" => flags.verify.push(number(&flag, &value()?)?),
            "-advertise-alpn" => flags.applications = value()?.into_encoded_bytes(),
            "-resume-count" => flags.resume_count = number(&flag, &value()?)?,
            "-min-version" => flags.oldest = number(&flag, &value()?)?,
            "-max-version" => flags.newest = number(&flag, &value()?)?,
            "-no-tls12" => flags.no_tls12 = true,
            "-no-tls13" => flags.no_tls13 = true,
            "-async" => flags.slow = true,
            "-check-close-notify" => flags.check_close_notify = true,
            "-shim-shuts-down" => flags.shuts_down = true,
            "-shim-writes-first" => flags.writes_first = true,
            "-expect-peer-signature-algorithm" => {
                expect.signature = Some(number(&flag, &value()?)?);
            }
            "-expect-curve-id" => expect.group = Some(number(&flag, &value()?)?),
            "-expect-version" => expect.version = Some(number(&flag, &value()?)?),
            "-expect-cipher" => expect.cipher = Some(number(&flag, &value()?)?),
            "-expect-alpn" => expect.application = Some(value()?),
            "-expect-hrr" => expect.retry = Some(true),
            "-expect-no-hrr" => expect.retry = Some(false),
            "-expect-ticket-renewal" => expect.ticket_renewal = true,
            "-expect-session-miss" => expect.session_miss = true,
            // Always so: the handshake starts with the first read or write; older versions are not
            // spoken; a server's wish to renegotiate is declined; a stapled response is asked for and
            // not insisted on; the peer is verified; extensions come in any order.
            "-implicit-handshake"
            | "-no-ssl3"
            | "-no-tls1"
            | "-no-tls11"
            | "-renegotiate-ignore"
            | "-enable-ocsp-stapling"
            | "-use-ocsp-callback"
            | "-verify-peer"
            | "-permute-extensions" => {}
            _ => return Err(unimplemented()),
        }
    }
    if flags.certificate.is_some() != flags.key.is_some() {
        return Err(Failure::Unimplemented(
            "-cert-file or -key-file alone".into(),
        ));
    }
    if flags.versions().is_none() {
        return Err(Failure::Unimplemented("no version that is spoken".into()));
    }
    Ok(Parsed::Run(Box::new(flags)))
}

fn text(flag: &str, value: OsString) -> Result<String, Failure> {
    value
        .into_string()
        .map_err(|_| Failure::Unexpected(format!("{flag} is not text")))
}

fn number<T: TryFrom<u64>>(flag: &str, value: &OsString) -> Result<T, Failure> {
    let bad = || Failure::Unexpected(format!("{flag} {value:?} is not a number"));
    let text = value.to_str().ok_or_else(bad)?;
    let number = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    number
        .ok()
        .and_then(|n| T::try_from(n).ok())
        .ok_or_else(bad)
}
