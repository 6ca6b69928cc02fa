//! The primitives of a set against Wycheproof's vectors.

use rustls::NamedGroup;
use rustls::crypto::SupportedKxGroup;
use rustls::pki_types::SignatureVerificationAlgorithm;
use wskhttp_tls::crypto::verify;
use wycheproof::{
    TestResult, aead, ecdh, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify, xdh,
};

use crate::set::{self, group};

/// The shared secret, if the exchange accepts the peer's share.
fn agree(group: &dyn SupportedKxGroup, private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
    set::next_private_key(private);
    let exchange = group.start().expect("a private key");
    let secret = exchange.complete(public).ok()?;
    Some(secret.secret_bytes().to_vec())
}

#[test]
fn x25519() {
    let group = group(NamedGroup::X25519);
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("vectors");
    let mut checked = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let secret = agree(group, &test.private_key, &test.public_key);
        // RFC 8446 section 7.4.2: a secret of zeros is refused.
        let zero = test.shared_secret.iter().all(|&byte| byte == 0);
        if test.result.must_fail() || zero {
            assert_eq!(secret, None, "{}", test.tc_id);
        } else {
            assert_eq!(
                secret.as_deref(),
                Some(&test.shared_secret[..]),
                "{}",
                test.tc_id
            );
        }
        checked += 1;
    }
    assert!(checked > 500);
}

fn ecdh(name: ecdh::TestName, group: &dyn SupportedKxGroup, scalar: usize) {
    let set = ecdh::TestSet::load(name).expect("vectors");
    let mut agreed = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let private: &[u8] = &test.private_key;
        let zeros = private.len().saturating_sub(scalar);
        assert!(private[..zeros].iter().all(|&byte| byte == 0));
        let mut padded = vec![0; scalar.saturating_sub(private.len())];
        padded.extend(&private[zeros..]);
        let secret = agree(group, &padded, &test.public_key);
        match test.result {
            TestResult::Valid => {
                assert_eq!(
                    secret.as_deref(),
                    Some(&test.shared_secret[..]),
                    "{}",
                    test.tc_id
                );
                agreed += 1;
            }
            // Compressed points, which TLS does not allow.
            TestResult::Acceptable | TestResult::Invalid => {
                assert_eq!(secret, None, "{}", test.tc_id);
            }
        }
    }
    assert!(agreed > 150, "{agreed}");
}

#[test]
fn ecdh_p256() {
    let group = group(NamedGroup::secp256r1);
    ecdh(ecdh::TestName::EcdhSecp256r1Ecpoint, group, 32);
}

#[test]
fn ecdh_p384() {
    let group = group(NamedGroup::secp384r1);
    ecdh(ecdh::TestName::EcdhSecp384r1Ecpoint, group, 48);
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

#[track_caller]
fn check(algorithm: Algorithm, key: &[u8], msg: &[u8], sig: &[u8], good: bool, id: usize) {
    let algorithm = set::algorithm(algorithm);
    let done = algorithm.verify_signature(key, msg, sig);
    assert_eq!(done.is_ok(), good, "{algorithm:?}, test {id}");
}

fn ecdsa(name: ecdsa::TestName, algorithm: Algorithm) {
    let set = ecdsa::TestSet::load(name).expect("vectors");
    let mut valid = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let good = test.result == TestResult::Valid;
            check(
                algorithm,
                &group.key.key,
                &test.msg,
                &test.sig,
                good,
                test.tc_id,
            );
            valid += usize::from(good);
        }
    }
    assert!(valid > 100, "{valid}");
}

#[test]
fn ecdsa_p256_sha256() {
    ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256, verify::P256_SHA256);
}

#[test]
fn ecdsa_p384_sha384() {
    ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha384, verify::P384_SHA384);
}

#[test]
fn ecdsa_p384_sha256() {
    ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha256, verify::P384_SHA256);
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("vectors");
    for group in &set.test_groups {
        for test in &group.tests {
            let good = test.result == TestResult::Valid;
            check(
                verify::ED25519,
                &group.key.pk,
                &test.msg,
                &test.sig,
                good,
                test.tc_id,
            );
        }
    }
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as T;
    for (name, algorithm) in [
        (T::Rsa2048Sha256, verify::PKCS1_SHA256),
        (T::Rsa2048Sha384, verify::PKCS1_SHA384),
        (T::Rsa2048Sha512, verify::PKCS1_SHA512),
        (T::Rsa3072Sha256, verify::PKCS1_SHA256),
        (T::Rsa4096Sha512, verify::PKCS1_SHA512),
        (T::Rsa8192Sha256, verify::PKCS1_SHA256),
    ] {
        let set = rsa_pkcs1_verify::TestSet::load(name).expect("vectors");
        for group in &set.test_groups {
            for test in &group.tests {
                // Acceptable: the NULL of the AlgorithmIdentifier is missing (RFC 8017: present).
                let good = test.result == TestResult::Valid;
                check_rsa(
                    algorithm,
                    &group.asn_key,
                    &test.msg,
                    &test.sig,
                    good,
                    test.tc_id,
                );
            }
        }
    }
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as T;
    for (name, algorithm, right_salt) in [
        (T::RsaPss2048Sha256Mgf1SaltLen32, verify::PSS_SHA256, true),
        (T::RsaPss2048Sha256Mgf1SaltLen0, verify::PSS_SHA256, false),
        (T::RsaPss2048Sha384Mgf1SaltLen48, verify::PSS_SHA384, true),
        (T::RsaPss3072Sha256Mgf1SaltLen32, verify::PSS_SHA256, true),
        (T::RsaPss4096Sha512Mgf1SaltLen64, verify::PSS_SHA512, true),
        (T::RsaPss4096Sha512Mgf1SaltLen32, verify::PSS_SHA512, false),
    ] {
        let set = rsa_pss_verify::TestSet::load(name).expect("vectors");
        for group in &set.test_groups {
            for test in &group.tests {
                let valid = test.result == TestResult::Valid;
                // RFC 8446 section 4.2.3: the salt is as long as the digest. What a set for another
                // length calls invalid may be just that.
                if !right_salt && !valid {
                    continue;
                }
                let good = right_salt && valid;
                check_rsa(
                    algorithm,
                    &group.asn_key,
                    &test.msg,
                    &test.sig,
                    good,
                    test.tc_id,
                );
            }
        }
    }
}

/// As [`check`], and that what [`sum`] makes of a good signature is none.
#[track_caller]
fn check_rsa(algorithm: Algorithm, key: &[u8], msg: &[u8], sig: &[u8], good: bool, id: usize) {
    check(algorithm, key, msg, sig, good, id);
    if good && let Some(sum) = sum(sig, modulus(key)) {
        check(algorithm, key, msg, &sum, false, id);
    }
}

/// The modulus of an RSAPublicKey without its leading zero.
fn modulus(key: &[u8]) -> &[u8] {
    let [0x30, 0x82, _, _, 2, 0x82, high, low, 0, rest @ ..] = key else {
        panic!("the modulus is of 2048 bits or more")
    };
    &rest[..usize::from(u16::from_be_bytes([*high, *low])) - 1]
}

/// A signature and the modulus, which is no signature but stands for the same number (RFC 8017 section
/// 5.2.2), if it is as short.
fn sum(signature: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    assert_eq!(signature.len(), modulus.len());
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (digit, more) in sum.iter_mut().zip(modulus).rev() {
        let whole = u16::from(*digit) + u16::from(*more) + carry;
        (*digit, carry) = ((whole & 0xFF) as u8, whole >> 8);
    }
    (carry == 0).then_some(sum)
}

#[test]
fn small_rsa_keys_are_refused() {
    let set = rsa_pkcs1_verify::TestSet::load(rsa_pkcs1_verify::TestName::Rsa2048Sha256);
    let set = set.expect("vectors");
    let group = &set.test_groups[0];
    let test = group
        .tests
        .iter()
        .find(|test| test.result == TestResult::Valid)
        .expect("a good signature");
    let key = |modulus: &[u8]| {
        let mut body = vec![2, 0x82];
        body.extend(u16::try_from(modulus.len()).expect("short").to_be_bytes());
        body.extend(modulus);
        body.extend([2, 3, 1, 0, 1]);
        let mut key = vec![0x30, 0x82];
        key.extend(u16::try_from(body.len()).expect("short").to_be_bytes());
        key.extend(body);
        key
    };
    let modulus = &group.asn_key[8..8 + 257];
    assert_eq!(
        key(modulus),
        *group.asn_key,
        "the key is built as it should"
    );
    check(
        verify::PKCS1_SHA256,
        &key(modulus),
        &test.msg,
        &test.sig,
        true,
        0,
    );
    // 2047 bits, 1024 bits, an even modulus, 8200 bits.
    let mut small = modulus.to_vec();
    small[1] = 0x7F;
    check(
        verify::PKCS1_SHA256,
        &key(&small[1..]),
        &test.msg,
        &test.sig,
        false,
        1,
    );
    check(
        verify::PKCS1_SHA256,
        &key(&modulus[..129]),
        &test.msg,
        &test.sig,
        false,
        2,
    );
    let mut even = modulus.to_vec();
    even[256] &= 0xFE;
    check(
        verify::PKCS1_SHA256,
        &key(&even),
        &test.msg,
        &test.sig,
        false,
        3,
    );
    let mut large = modulus.repeat(4);
    large.extend([1; 2]);
    check(
        verify::PKCS1_SHA256,
        &key(&large),
        &test.msg,
        &test.sig,
        false,
        4,
    );
}

fn hmac(name: mac::TestName, bits: usize) {
    let set = mac::TestSet::load(name).expect("vectors");
    for group in &set.test_groups {
        for test in &group.tests {
            let tag = set::mac(bits, &test.key, &test.msg);
            let same = tag[..group.tag_size / 8] == *test.tag;
            assert_eq!(same, test.result == TestResult::Valid, "{}", test.tc_id);
        }
    }
}

#[test]
fn hmac_sha256() {
    hmac(mac::TestName::HmacSha256, 256);
}

#[test]
fn hmac_sha384() {
    hmac(mac::TestName::HmacSha384, 384);
}

fn aead(name: aead::TestName, aead: set::Aead, key_size: usize) {
    let set = aead::TestSet::load(name).expect("vectors");
    let mut valid = 0;
    for group in &set.test_groups {
        if group.nonce_size != 96 || group.key_size != key_size || group.tag_size != 128 {
            continue;
        }
        for test in &group.tests {
            let nonce = test.nonce.as_slice().try_into().expect("12 bytes");
            let tag = test.tag.as_slice().try_into().expect("16 bytes");
            let mut text = test.ct.to_vec();
            let opened = set::open(aead, &test.key, nonce, &test.aad, &mut text, tag);
            let good = test.result == TestResult::Valid;
            assert_eq!(opened, good, "{}", test.tc_id);
            if good {
                assert_eq!(text, *test.pt, "{}", test.tc_id);
                let sealed = set::seal(aead, &test.key, nonce, &test.aad, &mut text);
                assert_eq!(&sealed, tag, "{}", test.tc_id);
                assert_eq!(text, *test.ct, "{}", test.tc_id);
                valid += 1;
            }
        }
    }
    assert!(valid > 10, "{valid}");
}

#[test]
fn aes_128_gcm() {
    aead(aead::TestName::AesGcm, set::Aead::AesGcm, 128);
}

#[test]
fn aes_256_gcm() {
    aead(aead::TestName::AesGcm, set::Aead::AesGcm, 256);
}

#[test]
fn chacha20_poly1305() {
    let name = aead::TestName::ChaCha20Poly1305;
    aead(name, set::Aead::ChaCha20Poly1305, 256);
}
