//! Trust anchors.

use der::{Decode, Header, Reader, SliceReader};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use wskhttp_core::io::{Error, Kind, Phase};

/// Whom to trust.
#[derive(Clone, Copy, Debug)]
pub enum Roots<'a> {
    /// Mozilla's roots, built in.
    BuiltIn,
    /// These only: DER certificates, one after the other.
    Only(&'a [u8]),
    /// Mozilla's and these: DER certificates, one after the other.
    BuiltInAnd(&'a [u8]),
}

impl<'a> Roots<'a> {
    /// Whether Mozilla's roots are among them, and the private ones.
    pub(crate) const fn parts(self) -> (bool, &'a [u8]) {
        match self {
            Self::BuiltIn => (true, &[]),
            Self::Only(der) => (false, der),
            Self::BuiltInAnd(der) => (true, der),
        }
    }

    pub(crate) fn load(self) -> Result<RootCertStore, Error> {
        let (built_in, mut rest) = self.parts();
        let mut store = RootCertStore::empty();
        if built_in {
            store
                .roots
                .try_reserve(webpki_roots::TLS_SERVER_ROOTS.len())
                .map_err(|_| no_memory())?;
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        while !rest.is_empty() {
            let (certificate, after) = split(rest).ok_or(malformed())?;
            store.roots.try_reserve(1).map_err(|_| no_memory())?;
            store
                .add(CertificateDer::from(certificate))
                .map_err(|_| malformed())?;
            rest = after;
        }
        if store.is_empty() {
            return Err(invalid("there is no trusted root"));
        }
        Ok(store)
    }
}

/// The first of the DER values in `bytes` and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let header = Header::decode(&mut reader).ok()?;
    let end = (reader.position() + header.length).ok()?;
    bytes.split_at_checked(usize::try_from(end).ok()?)
}

const fn malformed() -> Error {
    invalid("a trusted root is not a DER certificate")
}

const fn invalid(cause: &'static str) -> Error {
    Error::new(Phase::Request, Kind::InvalidRequest, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the trusted roots",
    )
}
