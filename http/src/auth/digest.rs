//! Digest (RFC 7616).

use alloc::vec::Vec;

use md5::Md5;
use sha2::{Digest, Sha256};
use wskhttp_core::fallible::room;
use wskhttp_core::io::Error;
use zeroize::Zeroize;

use super::challenge::{Item, each, unquoted};
use super::no_memory;
use crate::proto::fields::list_has;
use crate::{Headers, ResponseHead};

/// A server's challenge and how often it was answered.
pub(crate) struct Session {
    algorithm: Algorithm,
    /// `-sess`: the nonces go into the first hash.
    is_session: bool,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    /// `qop=auth`; without, the older form of RFC 2069.
    qop: bool,
    hides_user: bool,
    pub(crate) stale: bool,
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Session {
    /// The best challenge of a 401 that can be answered.
    pub(crate) fn of(head: &ResponseHead) -> Option<Self> {
        let mut best: Option<Self> = None;
        let fields = head
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        for (_, value) in fields {
            let mut draft: Option<Draft> = None;
            let mut settle = |draft: Option<Draft>| {
                let found = draft.and_then(Draft::finish);
                let is_better = |found: &Self| {
                    best.as_ref()
                        .is_none_or(|best| found.algorithm > best.algorithm)
                };
                if found.as_ref().is_some_and(is_better) {
                    best = found;
                }
            };
            each(value, |item| match item {
                Item::Scheme(scheme) => {
                    settle(draft.take());
                    draft = scheme.eq_ignore_ascii_case(b"digest").then(Draft::default);
                }
                Item::Parameter(name, value) => {
                    if let Some(draft) = &mut draft {
                        draft.note(name, value);
                    }
                }
            });
            settle(draft.take());
        }
        best
    }

    /// Adds the answer for a request. `random` becomes the client's nonce.
    pub(crate) fn answer(
        &mut self,
        (user, password): (&[u8], &[u8]),
        (method, target): (&str, &str),
        random: &[u8; 32],
        lines: &mut Headers,
    ) -> Result<(), Error> {
        self.count = self.count.saturating_add(1);
        let count = hex(&self.count.to_be_bytes());
        let cnonce = hex(random.first_chunk::<16>().unwrap_or(&[0; 16]));
        let (count, cnonce) = (cut(&count, 8), cut(&cnonce, 32));
        let response = self.proof((user, password), (method, target), count, cnonce);
        let hidden = self.hash(&[user, b":", &self.realm]);
        let user = match self.hides_user {
            true => quoted(self.shown(&hidden))?,
            false => quoted(user)?,
        };
        let (realm, nonce) = (quoted(&self.realm)?, quoted(&self.nonce)?);
        let opaque = self.opaque.as_deref().map(quoted).transpose()?;
        let none: &[u8] = b"";
        lines.push_parts(
            "Authorization",
            &[
                b"Digest username=",
                &user,
                b", realm=",
                &realm,
                b", nonce=",
                &nonce,
                b", uri=\"",
                target.as_bytes(),
                b"\", algorithm=",
                self.name(),
                b", response=\"",
                self.shown(&response),
                b"\"",
                if opaque.is_some() { b", opaque=" } else { none },
                opaque.as_deref().unwrap_or(none),
                if self.qop { b", qop=auth, nc=" } else { none },
                if self.qop { count } else { none },
                if self.qop { b", cnonce=\"" } else { none },
                if self.qop { cnonce } else { none },
                if self.qop { b"\"" } else { none },
                if self.hides_user {
                    b", userhash=true"
                } else {
                    none
                },
            ],
        )
    }

    /// What shows that the password is known (RFC 7616 section 3.4.1).
    fn proof(
        &self,
        (user, password): (&[u8], &[u8]),
        (method, target): (&str, &str),
        count: &[u8],
        cnonce: &[u8],
    ) -> [u8; 64] {
        let mut first = self.hash(&[user, b":", &self.realm, b":", password]);
        if self.is_session {
            let base = first;
            first = self.hash(&[self.shown(&base), b":", &self.nonce, b":", cnonce]);
        }
        let second = self.hash(&[method.as_bytes(), b":", target.as_bytes()]);
        let (first_hex, second_hex) = (self.shown(&first), self.shown(&second));
        let response = match self.qop {
            true => self.hash(&[
                first_hex,
                b":",
                &self.nonce,
                b":",
                count,
                b":",
                cnonce,
                b":auth:",
                second_hex,
            ]),
            false => self.hash(&[first_hex, b":", &self.nonce, b":", second_hex]),
        };
        first.zeroize();
        response
    }

    const fn name(&self) -> &'static [u8] {
        match (self.algorithm, self.is_session) {
            (Algorithm::Md5, false) => b"MD5",
            (Algorithm::Md5, true) => b"MD5-sess",
            (Algorithm::Sha256, false) => b"SHA-256",
            (Algorithm::Sha256, true) => b"SHA-256-sess",
        }
    }

    /// The hash of all of `parts`, in hexadecimal digits.
    fn hash(&self, parts: &[&[u8]]) -> [u8; 64] {
        match self.algorithm {
            Algorithm::Md5 => hex(&hash_with::<Md5>(parts)),
            Algorithm::Sha256 => hex(&hash_with::<Sha256>(parts)),
        }
    }

    /// As many of the digits as the algorithm gives.
    fn shown<'a>(&self, digits: &'a [u8; 64]) -> &'a [u8] {
        cut(
            digits,
            match self.algorithm {
                Algorithm::Md5 => 32,
                Algorithm::Sha256 => 64,
            },
        )
    }
}

/// The parameters of a challenge as they come.
#[derive(Default)]
struct Draft {
    realm: Option<Vec<u8>>,
    nonce: Option<Vec<u8>>,
    opaque: Option<Vec<u8>>,
    algorithm: Option<Vec<u8>>,
    qop: Option<Vec<u8>>,
    stale: bool,
    hides_user: bool,
    /// A parameter came twice, or makes no sense.
    broken: bool,
}

impl Draft {
    fn note(&mut self, name: &[u8], value: &[u8]) {
        let Some(value) = unquoted(value) else {
            self.broken = true;
            return;
        };
        let slot = match () {
            () if name.eq_ignore_ascii_case(b"realm") => &mut self.realm,
            () if name.eq_ignore_ascii_case(b"nonce") => &mut self.nonce,
            () if name.eq_ignore_ascii_case(b"opaque") => &mut self.opaque,
            () if name.eq_ignore_ascii_case(b"algorithm") => &mut self.algorithm,
            () if name.eq_ignore_ascii_case(b"qop") => &mut self.qop,
            () if name.eq_ignore_ascii_case(b"stale") => {
                self.stale = value.eq_ignore_ascii_case(b"true");
                return;
            }
            () if name.eq_ignore_ascii_case(b"userhash") => {
                self.hides_user = value.eq_ignore_ascii_case(b"true");
                return;
            }
            () => return,
        };
        self.broken |= slot.is_some();
        *slot = Some(value);
    }

    fn finish(self) -> Option<Session> {
        let name = self.algorithm.as_deref().unwrap_or(b"MD5");
        let (name, is_session) = match name.split_last_chunk::<5>() {
            Some((name, end)) if end.eq_ignore_ascii_case(b"-sess") => (name, true),
            _ => (name, false),
        };
        let algorithm = match () {
            () if name.eq_ignore_ascii_case(b"sha-256") => Algorithm::Sha256,
            () if name.eq_ignore_ascii_case(b"md5") => Algorithm::Md5,
            () => return None,
        };
        let qop = match &self.qop {
            Some(list) if !list_has(list, b"auth") => return None,
            Some(_) => true,
            None => false,
        };
        (!self.broken).then_some(Session {
            algorithm,
            is_session,
            realm: self.realm?,
            nonce: self.nonce?,
            opaque: self.opaque,
            qop,
            hides_user: self.hides_user,
            stale: self.stale,
            count: 0,
        })
    }
}

fn hash_with<D: Digest>(parts: &[&[u8]]) -> digest::Output<D> {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize()
}

/// The hexadecimal digits of up to 32 bytes.
fn hex(bytes: &[u8]) -> [u8; 64] {
    let mut digits = [b'0'; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = match nibble {
                0..=9 => b'0'.wrapping_add(nibble),
                _ => b'a'.wrapping_add(nibble).wrapping_sub(10),
            };
        }
    }
    digits
}

fn cut(digits: &[u8; 64], count: usize) -> &[u8] {
    digits.get(..count).unwrap_or(digits)
}

/// A `quoted-string` (RFC 9110 section 5.6.4).
fn quoted(plain: &[u8]) -> Result<Vec<u8>, Error> {
    let length = plain.len().saturating_mul(2).saturating_add(2);
    let mut text = room(length).map_err(|_| no_memory())?;
    text.push(b'"');
    for byte in plain {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(*byte);
    }
    text.push(b'"');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use alloc::vec::Vec;

    /// RFC 7616 section 3.9.1.
    #[test]
    fn the_examples() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let mut draft = Draft::default();
            draft.note(b"realm", b"\"http-auth@example.org\"");
            draft.note(b"qop", b"\"auth, auth-int\"");
            draft.note(b"algorithm", algorithm.as_bytes());
            draft.note(
                b"nonce",
                b"\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
            );
            let session = draft.finish().unwrap();
            let proof = session.proof(
                (b"Mufasa", b"Circle of Life"),
                ("GET", "/dir/index.html"),
                b"00000001",
                b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            );
            let shown: Vec<u8> = session.shown(&proof).to_vec();
            assert_eq!(shown, response.as_bytes(), "{algorithm}");
        }
    }
}
