//! How many calls that panic each crate may have. Lower one whenever a build has fewer.

/// The bound of a crate.
pub(super) fn of(package: &str) -> usize {
    let bound = BOUNDS.iter().find(|(name, _)| *name == package);
    bound.map_or(0, |(_, bound)| *bound)
}

/// A few more than there are: where the compiler puts code changes with what is near it.
const BOUNDS: &[(&str, usize)] = &[
    ("aes", 6),
    ("cipher", 7),
    ("const-oid", 7),
    ("core", 115),
    ("curve25519-dalek", 6),
    ("der", 26),
    ("digest", 11),
    ("ecdsa", 21),
    ("fips203", 15),
    ("httparse", 3),
    ("keccak", 2),
    ("linked-list-allocator", 7),
    ("miniz-oxide", 42),
    ("num-bigint-dig", 114),
    ("num-integer", 3),
    ("pkcs1", 3),
    ("rsa", 60),
    ("rustls", 213),
    ("rustls-pki-types", 23),
    ("rustls-webpki", 26),
    ("sec1", 12),
    ("smallvec", 34),
    ("subtle", 6),
    ("untrusted", 4),
    ("wdk", 12),
    ("wskhttp", 29),
    ("wskhttp-core", 35),
    ("wskhttp-http", 60),
    ("wskhttp-tls", 119),
];
