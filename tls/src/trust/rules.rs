//! What rustls-webpki does not check, and a client should.
//!
//! Checked here, on top: keyCertSign of authorities that carry keyUsage, digitalSignature of a
//! server that carries it, a stated purpose, the kind and size of a server's key, repeated
//! extensions, extensions of authorities in a server's certificate, empty names of authorities, the
//! facts of private roots, and wildcards directly below a top-level domain.
//!
//! Left alone on purpose, since nothing that a client relies on hangs on it: missing or odd key
//! identifiers, serial numbers (RFC 5280 section 4.1.2.2 asks to handle the odd ones),
//! basicConstraints and nameConstraints that are not critical although understood, a dot in front of
//! a constraint's name, underscores in names, the common name, what authorityInfoAccess holds,
//! purposes besides serverAuth, wildcards below public suffixes of more than one label.
//!
//! Stricter than RFC 5280, by rustls-webpki: self-issued certificates count for path lengths, and
//! directoryName constraints refuse what they cannot compare. By us: [`web`].

use rustls_pki_types::ServerName;

use super::budget;
use super::certificate::{Certificate, content, context, has_server_auth, id, rest, split, values};
use super::rejection::Rejection;
use crate::crypto::verify::{KeyStrength, key_strength};

/// keyUsage (RFC 5280 section 4.2.1.3).
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;

/// What a chain's certificates have in common. Bounds what the path builder will read.
pub(crate) fn any(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    if certificate.extensions().count() > budget::EXTENSIONS {
        return Err(Rejection::TooManyExtensions);
    }
    for extension in certificate.extensions() {
        let extension = extension.ok_or(Rejection::Malformed)?;
        let twice = certificate
            .extensions()
            .flatten()
            .filter(|other| other.id == extension.id);
        if twice.count() > 1 {
            return Err(Rejection::Duplicate);
        }
    }
    let never_critical = [id::AUTHORITY_KEY, id::SUBJECT_KEY, id::AUTHORITY_INFO];
    if never_critical
        .iter()
        .filter_map(|id| certificate.extension(id))
        .any(|extension| extension.critical)
    {
        return Err(Rejection::Criticality);
    }
    if certificate
        .extension(id::POLICY_CONSTRAINTS)
        .is_some_and(|extension| !extension.critical)
    {
        return Err(Rejection::Criticality);
    }
    if names(certificate) > budget::NAMES || subtrees(certificate) > budget::NAMES {
        return Err(Rejection::TooManyNames);
    }
    Ok(())
}

/// What holds for the server's own certificate.
pub(crate) fn server(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    if is_empty(certificate.issuer) {
        return Err(Rejection::AuthorityNameless);
    }
    let constraints = certificate
        .basic_constraints()
        .ok_or(Rejection::Malformed)?;
    if constraints.ca {
        return Err(Rejection::AuthorityAsServer);
    }
    if certificate.key_usage(DIGITAL_SIGNATURE) == Some(false)
        || certificate.key_usage(KEY_CERT_SIGN) == Some(true)
    {
        return Err(Rejection::ServerKeyUsage);
    }
    if certificate.extension(id::NAME_CONSTRAINTS).is_some() {
        return Err(Rejection::NameConstraintsMalformed);
    }
    if certificate.extension(id::SUBJECT_ALT_NAME).is_none() {
        return Err(Rejection::NoName);
    }
    if key_strength(certificate.spki) != KeyStrength::Enough {
        return Err(Rejection::ServerKey);
    }
    Ok(())
}

/// What holds for a certificate that signs OCSP responses, its purpose apart.
pub(crate) fn responder(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    let may_sign = certificate.key_usage(DIGITAL_SIGNATURE) != Some(false);
    if may_sign && key_strength(certificate.spki) == KeyStrength::Enough {
        Ok(())
    } else {
        Err(Rejection::StapleResponder)
    }
}

/// Whether a certificate wants an OCSP response stapled to it (RFC 7633 section 4.2.3.1).
pub(crate) fn must_staple(certificate: &Certificate<'_>) -> bool {
    /// The INTEGER status_request.
    const STATUS_REQUEST: &[u8] = &[2, 1, 5];
    certificate
        .extension(id::TLS_FEATURE)
        .and_then(|extension| rest(content(extension.value, der::Tag::Sequence)?))
        .is_some_and(|features| values(features).flatten().any(|one| one == STATUS_REQUEST))
}

/// What holds for the certificate of a server on the web: it says what it is for, and names that
/// stand in for a subject are critical (RFC 5280 section 4.2.1.6).
pub(crate) fn web(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    if certificate.extension(id::EXTENDED_KEY_USAGE).is_none() {
        return Err(Rejection::NoPurpose);
    }
    match certificate.extension(id::SUBJECT_ALT_NAME) {
        Some(names) if is_empty(certificate.subject) && !names.critical => {
            Err(Rejection::Criticality)
        }
        _ => Ok(()),
    }
}

/// What holds for an authority between the server and a root, in a chain that is good otherwise.
pub(crate) fn authority(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    if is_empty(certificate.subject) {
        return Err(Rejection::AuthorityNameless);
    }
    if certificate.key_usage(KEY_CERT_SIGN) == Some(false) {
        return Err(Rejection::KeyCertSign);
    }
    // RFC 5280 section 4.2.1.10: not empty.
    if certificate.extension(id::NAME_CONSTRAINTS).is_some() && subtrees(certificate) == 0 {
        return Err(Rejection::NameConstraintsMalformed);
    }
    Ok(())
}

/// What holds for a root that is a certificate of version 3, its validity apart.
pub(crate) fn root(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    let constraints = certificate
        .basic_constraints()
        .ok_or(Rejection::Malformed)?;
    if !constraints.ca || certificate.key_usage(KEY_CERT_SIGN) == Some(false) {
        return Err(Rejection::AnchorNotAuthority);
    }
    if is_empty(certificate.subject) {
        return Err(Rejection::AuthorityNameless);
    }
    let known = [
        id::KEY_USAGE,
        id::BASIC_CONSTRAINTS,
        id::NAME_CONSTRAINTS,
        id::EXTENDED_KEY_USAGE,
        id::SUBJECT_ALT_NAME,
    ];
    for extension in certificate.extensions() {
        let extension = extension.ok_or(Rejection::Malformed)?;
        if extension.critical && !known.contains(&extension.id) {
            return Err(Rejection::Critical);
        }
    }
    match certificate.extension(id::EXTENDED_KEY_USAGE) {
        Some(purposes) if has_server_auth(purposes.value) != Some(true) => Err(Rejection::Purpose),
        _ => root_key(certificate),
    }
}

/// What holds for a root of any version.
pub(crate) fn root_key(certificate: &Certificate<'_>) -> Result<(), Rejection> {
    match key_strength(certificate.spki) {
        KeyStrength::Enough => Ok(()),
        KeyStrength::Weak | KeyStrength::Unknown => Err(Rejection::AuthorityKey),
    }
}

/// Whether a root may sign revocation lists.
pub(crate) fn signs_lists(certificate: &Certificate<'_>) -> bool {
    certificate.key_usage(CRL_SIGN) != Some(false)
}

/// A wildcard directly below a top-level domain (`*.com`) is nobody's to have; rustls-webpki knows
/// the rest of RFC 9525 section 6.3. Called when `name` matched.
pub(crate) fn wildcard(leaf: &webpki::EndEntityCert<'_>, name: &ServerName<'_>) -> bool {
    let ServerName::DnsName(name) = name else {
        return true;
    };
    let name = name.as_ref().trim_end_matches('.');
    name.matches('.').count() != 1
        || leaf
            .valid_dns_names()
            .any(|found| found.trim_end_matches('.').eq_ignore_ascii_case(name))
}

/// Names in subjectAltName.
pub(crate) fn names(certificate: &Certificate<'_>) -> usize {
    certificate
        .extension(id::SUBJECT_ALT_NAME)
        .and_then(|extension| rest(content(extension.value, der::Tag::Sequence)?))
        .map_or(0, |names| values(names).count())
}

/// Subtrees in nameConstraints.
pub(crate) fn subtrees(certificate: &Certificate<'_>) -> usize {
    let Some(lists) = certificate
        .extension(id::NAME_CONSTRAINTS)
        .and_then(|extension| rest(content(extension.value, der::Tag::Sequence)?))
    else {
        return 0;
    };
    values(lists)
        .flatten()
        .map(|list| {
            let trees = [0, 1]
                .into_iter()
                .find_map(|number| rest(content(list, context(number))?));
            trees.map_or(0, |trees| values(trees).count())
        })
        .fold(0, usize::saturating_add)
}

/// Whether `name` is an empty sequence.
fn is_empty(name: &[u8]) -> bool {
    split(name).is_none_or(|(whole, _)| whole.len() <= 2)
}
