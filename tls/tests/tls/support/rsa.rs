//! Public keys of RSA of any size.

use rcgen::{PublicKeyData, SignatureAlgorithm};

/// A public key of RSA whose modulus has so many bits, and nothing else to be said for it.
pub(crate) struct RsaKey(Vec<u8>);

impl RsaKey {
    pub(crate) fn new(bits: usize) -> Self {
        let mut modulus = vec![0xA5; bits.div_ceil(8)];
        modulus[0] = match bits % 8 {
            0 => 0x80,
            more => 1 << (more - 1),
        };
        if modulus[0] & 0x80 != 0 {
            modulus.insert(0, 0);
        }
        let integer = |bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).expect("short").to_be_bytes();
            [&[2, 0x82], &length[..], bytes].concat()
        };
        let content = [integer(&modulus), vec![2, 3, 1, 0, 1]].concat();
        let length = u16::try_from(content.len()).expect("short").to_be_bytes();
        Self([&[0x30, 0x82], &length[..], &content].concat())
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}
