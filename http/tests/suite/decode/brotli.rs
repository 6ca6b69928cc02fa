//! The coding br: RFC 7932.

use brotli::enc::BrotliEncoderParams;
use wskhttp_core::io::Kind;
use wskhttp_http::Decode;

use super::{decode, decodes, fetch, gzip, kind, response, text};

fn br(plain: &[u8], window: i32) -> Vec<u8> {
    let params = BrotliEncoderParams {
        quality: 5,
        lgwin: window,
        ..BrotliEncoderParams::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*plain, &mut out, &params).unwrap();
    out
}

/// Made by another encoder: `printf hello | brotli`.
const HELLO: &[u8] = &[0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 3];

#[test]
fn bodies() {
    assert_eq!(decode("br", HELLO).unwrap(), b"hello");
    for length in [0, 1, 100, 70_000, 300_000] {
        let plain = text(length);
        for (coding, body) in [
            ("br", br(&plain, 22)),
            ("BR", br(&plain, 10)),
            ("gzip, br", br(&gzip(&plain), 18)),
            ("br, gzip", gzip(&br(&plain, 24))),
        ] {
            decodes(coding, &body, &plain);
        }
    }
}

#[test]
fn any_cut_gives_the_same() {
    let plain = text(3000);
    let response = response("br", &br(&plain, 16));
    for piece in [1, 2, 3, 7, 13, 64] {
        let (body, _) = fetch(&response, piece, Decode::default()).unwrap();
        assert!(body == plain, "{piece}");
    }
}

#[test]
fn what_waits_inside_comes_out() {
    for length in [16_384, 16_385, 32_768, 100_000, 900_000] {
        let plain = vec![b'a'; length];
        assert!(decode("br", &br(&plain, 22)).unwrap() == plain, "{length}");
    }
}

#[test]
fn truncated_anywhere() {
    let body = br(&text(200), 16);
    for length in 1..body.len() {
        assert_eq!(kind("br", &body[..length]), Kind::BodyTruncated, "{length}");
    }
    assert_eq!(decode("br", b"").unwrap(), b"");
}

#[test]
fn bytes_behind_the_end() {
    let longer = [HELLO, b"x"].concat();
    assert_eq!(kind("br", &longer), Kind::MalformedContent);
    assert_eq!(kind("br", &[HELLO, HELLO].concat()), Kind::MalformedContent);
}

/// Neither a panic nor more than the limits, whatever was damaged; br has no checksum.
#[test]
fn damaged_anywhere() {
    let plain = text(700);
    let body = br(&plain, 16);
    let mut refused = 0;
    for at in 0..body.len() {
        for bit in 0..8 {
            let mut damaged = body.clone();
            damaged[at] ^= 1 << bit;
            refused += usize::from(decode("br", &damaged).is_err());
        }
    }
    assert!(refused > body.len(), "{refused} of {}", 8 * body.len());
}

#[test]
fn bombs() {
    let bomb = br(&vec![0; 16 << 20], 22);
    assert!(bomb.len() < 1000);
    for (coding, body) in [("br", bomb.clone()), ("br, gzip", gzip(&bomb))] {
        assert_eq!(kind(coding, &body), Kind::BodyTooLarge, "{coding}");
    }
}

/// The window is the memory that a server can make a client take.
#[test]
fn windows() {
    let plain = text(1 << 20);
    let body = br(&plain, 22);
    let with = |window| {
        let limits = Decode {
            window,
            ..Decode::default()
        };
        fetch(&response("br", &body), usize::MAX, limits)
    };
    assert!(with(4 << 20).unwrap().0 == plain);
    assert_eq!(with(64 << 10).unwrap_err().kind, Kind::BodyTooLarge);
    // No more is taken than the body needs, whatever window it is for.
    let small = br(&text(50_000), 24);
    assert_eq!(decode("br", &small).unwrap().len(), 50_000);
}

/// The extension for windows up to 1 GiB is not br (RFC 7932 section 9.1).
#[test]
fn large_windows() {
    assert_eq!(kind("br", &[0x11, 30, 3]), Kind::MalformedContent);
}
