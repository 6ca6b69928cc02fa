//! The judge as rustls asks it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use wskhttp_core::io::Error;

use super::judge::Judge;
use super::{Policy, Rejection};
use crate::platform::Platform;
use crate::sessions::Store;

/// Judges chains by one [`Policy`], and shows those that it refuses to a [`Store`].
pub(crate) struct Verifier {
    judge: Arc<Judge>,
    witness: Option<Arc<dyn Store>>,
}

impl Verifier {
    /// # Errors
    /// As [`Judge::new`].
    pub(crate) fn new(
        platform: &Platform,
        policy: &Policy<'_>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<Self, Error> {
        let judge = Judge::new(platform, policy, algorithms)?;
        platform.promise(JUDGE, || Self {
            judge: Arc::new(judge),
            witness: None,
        })
    }

    /// The same, but `witness` gets to see what is refused.
    pub(crate) fn before(&self, witness: Arc<dyn Store>) -> Self {
        Self {
            judge: Arc::clone(&self.judge),
            witness: Some(witness),
        }
    }
}

impl Deref for Verifier {
    type Target = Judge;

    fn deref(&self) -> &Judge {
        &self.judge
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = (**self).judge(
            end_entity,
            intermediates,
            ocsp_response,
            Some(server_name),
            now,
        );
        if let (Err(_), Some(witness)) = (&judged, &self.witness) {
            witness.refused(end_entity, intermediates);
        }
        judged
            .map(|()| ServerCertVerified::assertion())
            .map_err(Rejection::to_tls)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.offered(dss.scheme)?;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.offered(dss.scheme)?;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// A [`Judge`], its counts, and room to spare.
const JUDGE: usize = 2 * size_of::<Judge>();
