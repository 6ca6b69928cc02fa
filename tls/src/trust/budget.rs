//! What checking one chain may cost.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use webpki::{
    Error, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter, KeyUsage,
    RequiredEkuNotFoundContext,
};

use super::certificate::id;

/// Certificates besides the server's own that a server may send.
pub(crate) const CERTIFICATES: usize = 12;
/// Bytes of all certificates that a server sends.
pub(crate) const BYTES: usize = 1 << 16;
/// Names in one certificate, and subtrees in one nameConstraints.
pub(crate) const NAMES: usize = 1024;
/// Names of the server times subtrees of an authority, which is how often they are compared.
pub(crate) const NAME_COMPARISONS: usize = 1 << 16;
/// Extensions in one certificate.
pub(crate) const EXTENSIONS: usize = 64;
/// Purposes in one certificate that are looked at.
const PURPOSES: usize = 64;
/// Bytes of a stapled OCSP response, and certificates in it that are looked at.
pub(crate) const STAPLE: usize = 1 << 14;
pub(crate) const RESPONDERS: usize = 4;
/// Signatures that are checked, those of revocation lists and of dead ends included.
const SIGNATURES: u32 = 24;
/// Certificates that are tried in some place of some chain.
const STEPS: u32 = 96;

/// What is left of [`SIGNATURES`] and [`STEPS`] in one verification.
#[derive(Debug)]
pub(crate) struct Budget {
    signatures: AtomicU32,
    steps: AtomicU32,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            signatures: AtomicU32::new(SIGNATURES),
            steps: AtomicU32::new(STEPS),
        }
    }

    /// Whether a signature may have been found wrong for want of the means to check it.
    pub(crate) fn is_spent(&self) -> bool {
        self.signatures.load(Relaxed) == 0
    }

    /// Takes one of `left`; false if there is none.
    fn take(left: &AtomicU32) -> bool {
        left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }
}

/// A signature algorithm whose use is counted.
#[derive(Debug)]
pub(crate) struct Counted<'a> {
    pub(crate) budget: &'a Budget,
    pub(crate) algorithm: &'static dyn SignatureVerificationAlgorithm,
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if !Budget::take(&self.budget.signatures) {
            // The next step of the path builder ends it.
            self.budget.steps.store(0, Relaxed);
            return Err(InvalidSignature);
        }
        self.algorithm
            .verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

/// A purpose that a certificate must have. The path builder asks once for each certificate that it
/// tries, which makes it the place to count and to end that. rustls-webpki's own validator would keep
/// all other purposes for the error, for as long as the path builder looks on.
pub(crate) struct Purpose<'a> {
    budget: &'a Budget,
    wanted: KeyPurposeId<'static>,
    /// Also if the certificate names none.
    required: bool,
}

impl<'a> Purpose<'a> {
    /// serverAuth, if purposes are named.
    pub(crate) const fn server(budget: &'a Budget) -> Self {
        Self {
            budget,
            wanted: KeyPurposeId::new(id::SERVER_AUTH),
            required: false,
        }
    }

    /// OCSPSigning.
    pub(crate) const fn responder(budget: &'a Budget) -> Self {
        Self {
            budget,
            wanted: KeyPurposeId::new(id::OCSP_SIGNING),
            required: true,
        }
    }
}

impl ExtendedKeyUsageValidator for Purpose<'_> {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        if !Budget::take(&self.budget.steps) {
            // Both are final for rustls-webpki, which then tries no other path.
            return Err(if self.budget.is_spent() {
                Error::MaximumSignatureChecksExceeded
            } else {
                Error::MaximumPathBuildCallsExceeded
            });
        }
        let mut required = self.required;
        for purpose in purposes.take(PURPOSES) {
            if purpose? == self.wanted {
                return Ok(());
            }
            required = true;
        }
        if required {
            Err(Error::RequiredEkuNotFoundContext(
                RequiredEkuNotFoundContext {
                    required: KeyUsage::server_auth(),
                    present: Vec::new(),
                },
            ))
        } else {
            Ok(())
        }
    }
}
