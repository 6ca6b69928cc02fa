//! What the options of the command line say of TLS.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wskhttp_client::{
    Error, Group, Kind, Phase, Revocation, Stapling, TlsOptions, TlsVersion, exit,
};
use zeroize::Zeroizing;

use super::args::{CrlMode, Transfer, Version};
use super::failure::Failure;

/// How a command line wants servers to be judged, and what they are told. Reads the files that it names.
pub(crate) fn options(args: &Transfer) -> Result<TlsOptions, Failure> {
    let mut tls = TlsOptions::new();
    if args.add_cacert.is_some() {
        tls = tls.add_roots();
    }
    if let Some(version) = oldest(args) {
        tls = tls.oldest(version);
    }
    match args.tls_max {
        None | Some(Version::Default) => {}
        Some(Version::Tls12) => tls = tls.newest(TlsVersion::Tls12),
        Some(Version::Tls13) => tls = tls.newest(TlsVersion::Tls13),
    }
    if let Some(list) = &args.pinnedpubkey {
        for pin in pins(list)? {
            tls = tls.pin(pin);
        }
    }
    if let Some(file) = &args.crlfile {
        let mode = match args.crl_mode {
            CrlMode::Soft => Revocation::Soft,
            CrlMode::Hard => Revocation::Hard,
        };
        tls = tls.revocation_lists(&read(file, exit::CRL)?, mode);
    }
    if args.cert_status {
        tls = tls.stapling(Stapling::Hard);
    }
    for name in args.curves.iter().flat_map(|list| list.split(':')) {
        let group = group(name).ok_or_else(|| Failure::usage("--curves: a group is not known"))?;
        tls = tls.group(group);
    }
    if let Some(file) = &args.cert {
        let chain = Zeroizing::new(read(file, exit::CERT)?);
        let key = match &args.key {
            Some(file) => Zeroizing::new(read(file, exit::CERT)?),
            None => chain.clone(),
        };
        tls = tls.client_certificate(&chain, &key);
    } else if args.key.is_some() {
        return Err(Failure::usage("--key, but no --cert"));
    }
    if let Some(format) = &args.write_out
        && (format.contains("%{certs}") || format.contains("%{num_certs}"))
    {
        tls = tls.keep_peer();
    }
    Ok(tls)
}

/// A group by its names of the IANA, of OpenSSL and of NIST.
fn group(name: &str) -> Option<Group> {
    const NAMES: [(&[&str], Group); 4] = [
        (&["x25519"], Group::X25519),
        (&["p-256", "secp256r1", "prime256v1"], Group::Secp256r1),
        (&["p-384", "secp384r1"], Group::Secp384r1),
        (&["x25519mlkem768"], Group::X25519MlKem768),
    ];
    let name = name.to_ascii_lowercase();
    let known = NAMES.iter().find(|(names, _)| names.contains(&&*name));
    known.map(|(_, group)| *group)
}

/// Certificates in DER, one after the other, as PEM; and how many there are.
pub(crate) fn pem(certificates: &[u8]) -> (String, usize) {
    let (mut text, mut count) = (String::new(), 0);
    for der in each(certificates) {
        let body = STANDARD.encode(der);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.extend([line, "\n"]);
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
        count += 1;
    }
    (text, count)
}

/// The parts of DER values that lie one after the other.
fn each(mut der: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = match *der {
            [_, short @ ..=0x7F, ..] => 2 + usize::from(short),
            [_, 0x81, a, ..] => 3 + usize::from(a),
            [_, 0x82, a, b, ..] => 4 + usize::from(u16::from_be_bytes([a, b])),
            _ => return None,
        };
        let (one, rest) = der.split_at_checked(length)?;
        der = rest;
        Some(one)
    })
}

fn oldest(args: &Transfer) -> Option<TlsVersion> {
    let newer = args.tlsv1_3.then_some(TlsVersion::Tls13);
    newer.or(args.tlsv1_2.then_some(TlsVersion::Tls12))
}

/// curl's list of pins: `sha256//BASE64;sha256//BASE64`.
fn pins(list: &str) -> Result<Vec<[u8; 32]>, Failure> {
    list.split(';').map(pin).collect()
}

fn pin(text: &str) -> Result<[u8; 32], Failure> {
    let digest = text
        .trim()
        .strip_prefix("sha256//")
        .and_then(|digest| STANDARD.decode(digest).ok())
        .and_then(|digest| digest.try_into().ok());
    digest.ok_or_else(|| Failure::usage(format!("not a pin, sha256//BASE64: {text:?}")))
}

fn read(file: &Path, code: u8) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| {
        let text = format!("cannot read {}: {error}", file.display());
        let error = Error::new(Phase::Request, Kind::Certificates, 0, text);
        Failure::new(code, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::{options, pem, pins};
    use crate::cli::args::Cli;
    use clap::Parser;
    use wskhttp_client::{Group, Stapling, TlsOptions, TlsVersion};

    fn of(line: &str) -> Option<TlsOptions> {
        let words = std::iter::once("wskhttp").chain(line.split_whitespace());
        let cli = Cli::try_parse_from(words).ok()?;
        options(&cli.transfer).ok()
    }

    #[test]
    fn options_are_the_drivers() {
        const ZEROS: &str = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let new = TlsOptions::new;
        for (line, expected) in [
            ("u", new()),
            ("--tlsv1.2 u", new().oldest(TlsVersion::Tls12)),
            ("--tlsv1.3 u", new().oldest(TlsVersion::Tls13)),
            ("--tlsv1.2 --tlsv1.3 u", new().oldest(TlsVersion::Tls13)),
            ("--tls-max 1.2 u", new().newest(TlsVersion::Tls12)),
            ("--tls-max default u", new()),
            (&format!("--pinnedpubkey {ZEROS} u"), new().pin([0; 32])),
            (
                &format!("--pinnedpubkey {ZEROS};{ZEROS} u"),
                new().pin([0; 32]).pin([0; 32]),
            ),
            ("--add-cacert ca.pem u", new().add_roots()),
            ("--cert-status u", new().stapling(Stapling::Hard)),
            (
                "--curves P-384:x25519 u",
                new().group(Group::Secp384r1).group(Group::X25519),
            ),
            (
                "--curves X25519MLKEM768:x25519 u",
                new().group(Group::X25519MlKem768).group(Group::X25519),
            ),
            ("-w %{certs} u", new().keep_peer()),
            ("-w %{http_code} u", new()),
        ] {
            assert!(of(line) == Some(expected), "{line}");
        }
        for line in [
            "--tls-max 1.1 u",
            "--pinnedpubkey sha1//AAAA u",
            "--pinnedpubkey sha256//AAAA u",
            "--key k u",
            "--cert /nowhere/at/all u",
            "--crlfile /nowhere/at/all u",
            "--cacert a --add-cacert b u",
            "--curves P-521 u",
            "--curves x25519: u",
        ] {
            assert!(of(line).is_none(), "{line}");
        }
    }

    #[test]
    fn pins_are_base64() {
        let text = "sha256//AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        assert_eq!(pins(text).unwrap(), [[1; 32]]);
    }

    #[test]
    fn certificates_become_pem() {
        let (text, count) = pem(&[0x30, 3, 2, 1, 1, 0x30, 3, 2, 1, 2]);
        assert_eq!(count, 2);
        assert_eq!(
            text,
            "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n\
            -----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END CERTIFICATE-----\n"
        );
        assert_eq!(pem(&[0x30, 0x82, 9, 9, 1]), (String::new(), 0));
    }
}
