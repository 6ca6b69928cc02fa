//! Members of gzip: RFC 1952.

use wskhttp_core::io::Kind;

use super::{bare, decode, gzip, kind, zlib};

#[test]
fn concatenated_members() {
    let two = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(decode("gzip", &two).unwrap(), b"one two");
    // Only members of the same coding may follow; RFC 1952 section 2.2.
    assert_eq!(
        kind("gzip", &[gzip(b"one"), b"\0".to_vec()].concat()),
        Kind::BodyTruncated
    );
    assert_eq!(
        kind(
            "gzip",
            &[gzip(b"one"), b"trailing rubbish".to_vec()].concat()
        ),
        Kind::MalformedContent
    );
    assert_eq!(
        kind("deflate", &[zlib(b"one"), b"x".to_vec()].concat()),
        Kind::MalformedContent
    );
    assert_eq!(
        kind("deflate", &[bare(b"one"), b"x".to_vec()].concat()),
        Kind::MalformedContent
    );
}

#[test]
fn gzip_headers() {
    let rest = &gzip(b"hi")[10..];
    let with = |flags: u8, extra: &[u8]| {
        [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], extra, rest].concat()
    };
    for (flags, extra) in [
        (0, &b""[..]),
        (1, b""),
        (4, b"\0\0"),
        (4, b"\x02\0ab"),
        (8, b"\0"),
        (8, b"name\0"),
        (16, b"comment\0"),
        (4 + 8 + 16, b"\x01\0an\0c\0"),
    ] {
        assert_eq!(
            decode("gzip", &with(flags, extra)).unwrap(),
            b"hi",
            "{flags}"
        );
    }
    let mut header = with(2, b"");
    header.truncate(10);
    let sum = flate2::Crc::new();
    let mut sum = sum;
    sum.update(&header);
    let low = (sum.sum() as u16).to_le_bytes();
    assert_eq!(decode("gzip", &with(2, &low)).unwrap(), b"hi");
    assert_eq!(
        kind("gzip", &with(2, &[low[0] ^ 1, low[1]])),
        Kind::MalformedContent
    );
    for flags in [32, 64, 128] {
        assert_eq!(kind("gzip", &with(flags, b"")), Kind::MalformedContent);
    }
    let long = [vec![b'n'; 9000], vec![0]].concat();
    assert_eq!(kind("gzip", &with(8, &long)), Kind::MalformedContent);
    // A preset dictionary; RFC 1950 section 2.2.
    assert_eq!(
        kind("deflate", &[0x78, 0xbb, 0, 0, 0, 1, 3, 0]),
        Kind::MalformedContent
    );
}
