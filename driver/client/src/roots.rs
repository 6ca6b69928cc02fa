//! Trust anchors from files.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::{Error, Kind, Phase};

/// The certificates in `file`, in DER one after the other: every CERTIFICATE section of a PEM file, or
/// the file itself if it is DER.
///
/// # Errors
/// Kind `Certificates`: a section is broken, or there is none.
pub fn certificates(file: &[u8]) -> Result<Vec<u8>, Error> {
    if file.first() == Some(&SEQUENCE) {
        return Ok(file.to_vec());
    }
    let refuse = |cause: String| Error::new(Phase::Request, Kind::Certificates, 0, cause);
    let mut roots = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(file) {
        let certificate =
            certificate.map_err(|error| refuse(format!("not a PEM file: {error}")))?;
        roots.extend_from_slice(&certificate);
    }
    if roots.is_empty() {
        return Err(refuse("no certificate in the file".into()));
    }
    Ok(roots)
}

const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::certificates;
    use crate::Kind;

    const PEM: &[u8] =
        b"# a comment\n-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n\
        -----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END CERTIFICATE-----\n";

    #[test]
    fn pem_and_der_are_told_apart() {
        let der = [0x30, 3, 2, 1, 1, 0x30, 3, 2, 1, 2];
        assert_eq!(certificates(PEM).unwrap(), der);
        assert_eq!(certificates(&der).unwrap(), der);
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        for file in [
            &b""[..],
            b"hello",
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(certificates(file).unwrap_err().kind, Kind::Certificates);
        }
    }
}
