//! The request parser: what it takes, what it refuses, and that it never panics.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use wskhttp_abi::{
    Field, OptionFlags, Options, OptionsHeader, Request, RequestFlags, RequestHeader,
    STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER, Span, Tls, TlsFlags, VERSION,
};
use zerocopy::{FromBytes, IntoBytes};

const FIXED: usize = size_of::<RequestHeader>();

fn options() -> Options<'static> {
    Options {
        flags: OptionFlags::FOLLOW
            | OptionFlags::BASIC
            | OptionFlags::COOKIES
            | OptionFlags::SHA256,
        max_redirects: 5,
        retries: 2,
        retry_within_ms: 3000,
        low_speed_bytes: 100,
        low_speed_ms: 1000,
        expect_ms: 500,
        tls_ms: 501,
        send_ms: 502,
        head_ms: 503,
        body_ms: 504,
        proxies: "http=p:80",
        bypass: "<local>",
        proxy_credentials: b"a:b",
        credentials: b"u:p",
        cookies: "h\tFALSE\t/\tFALSE\t0\tn\tv\n",
        sha256: [7; 32],
    }
}

fn tls() -> Tls<'static> {
    Tls {
        flags: TlsFlags::ADD_ROOTS | TlsFlags::REVOCATION_HARD,
        min_version: 0x0303,
        max_version: 0x0304,
        pins: &[7; 64],
        revocation_lists: b"lists",
        certificate: b"certificate",
        key: b"a private key",
        groups: &[],
    }
}

fn sample() -> Request<'static> {
    Request {
        flags: RequestFlags::WHOLE_BODY,
        method: "POST",
        url: "https://example.com/a?b=c",
        headers: b"Accept: */*\r\nX-Empty:\r\n",
        body: b"body",
        roots: &[0x30, 0x03, 1, 2, 3, 0x30, 0x81, 0x01, 9],
        body_length: 0,
        connect_timeout_ms: 1000,
        total_timeout_ms: 2000,
        options: Some(options()),
        tls: Some(tls()),
    }
}

fn encode(request: &Request<'_>) -> Vec<u8> {
    let mut message = vec![0xA5; request.encoded_length().unwrap()];
    assert_eq!(request.write_to(&mut message), Ok(message.len()));
    message
}

/// The message of [`sample`] with its fixed part changed.
fn changed(change: impl FnOnce(&mut RequestHeader)) -> Vec<u8> {
    let mut message = encode(&sample());
    let mut header = RequestHeader::read_from_prefix(&message).unwrap().0;
    change(&mut header);
    header.write_to_prefix(&mut message).unwrap();
    message
}

fn refused(message: &[u8]) -> Field {
    let error = Request::parse(message).unwrap_err();
    assert_eq!(error.status(), STATUS_INVALID_PARAMETER, "{error}");
    error.field
}

#[test]
fn a_message_is_read_as_it_was_written() {
    let message = encode(&sample());
    assert_eq!(Request::parse(&message), Ok(sample()));
    let request = Request::parse(&message).unwrap();
    let lines: Vec<_> = request.header_lines().collect();
    assert_eq!(lines, [("Accept", &b"*/*"[..]), ("X-Empty", &b""[..])]);
    let roots: Vec<_> = request.certificates().collect();
    assert_eq!(
        roots,
        [&[0x30, 0x03, 1, 2, 3][..], &[0x30, 0x81, 0x01, 9][..]]
    );
}

#[test]
fn a_message_need_not_be_aligned() {
    for shift in 0..8 {
        let mut buffer = vec![0; shift];
        buffer.extend(encode(&sample()));
        assert_eq!(Request::parse(&buffer[shift..]), Ok(sample()));
    }
}

#[test]
fn shorter_than_the_fixed_part_is_too_small() {
    let message = encode(&sample());
    for length in 0..FIXED {
        let error = Request::parse(&message[..length]).unwrap_err();
        assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL, "{length}");
    }
    for length in FIXED..message.len() {
        assert_eq!(refused(&message[..length]), Field::Size, "{length}");
    }
}

#[test]
fn size_is_the_length_of_the_input() {
    for size in [0, 1, 71, 72, 73, u32::MAX, 1 << 31] {
        assert_eq!(refused(&changed(|header| header.size = size)), Field::Size);
    }
    let mut longer = encode(&sample());
    longer.push(0);
    assert_eq!(refused(&longer), Field::Size);
}

#[test]
fn version_and_flags_are_checked() {
    for version in [0, VERSION + 1, u16::MAX] {
        assert_eq!(refused(&changed(|h| h.version = version)), Field::Version);
    }
    for bit in 3..16 {
        assert_eq!(refused(&changed(|h| h.flags |= 1 << bit)), Field::Flags);
    }
}

/// The message of [`sample`] with the fixed part of its options changed.
fn with_options(change: impl FnOnce(&mut OptionsHeader)) -> Vec<u8> {
    let mut message = encode(&sample());
    let span = RequestHeader::read_from_prefix(&message).unwrap().0.options;
    let part = &mut message[usize::try_from(span.offset).unwrap()..];
    let mut header = OptionsHeader::read_from_prefix(part).unwrap().0;
    change(&mut header);
    header.write_to_prefix(part).unwrap();
    message
}

#[test]
fn options_are_checked() {
    let length = u32::try_from(size_of::<OptionsHeader>()).unwrap();
    for size in [0, length, u32::MAX] {
        assert_eq!(refused(&with_options(|o| o.size = size)), Field::Options);
    }
    for bit in 10..32 {
        let message = with_options(|o| o.flags |= 1 << bit);
        assert_eq!(refused(&message), Field::Options);
    }
    // Credentials have exactly one scheme.
    for flags in [1, 4 + 8, 8 + 16, 4 + 8 + 16] {
        let message = with_options(|o| o.flags = flags + 64 + 256);
        assert_eq!(refused(&message), Field::Options);
    }
    // Proxies and none; cookies and a digest without their flags.
    for flags in [4 + 32 + 64 + 256, 4 + 256, 4 + 64] {
        assert_eq!(refused(&with_options(|o| o.flags = flags)), Field::Options);
    }
    assert!(Request::parse(&with_options(|o| o.flags = 4 + 64 + 256)).is_ok());
    let bearer = |o: &mut OptionsHeader| o.flags |= 512;
    assert!(Request::parse(&with_options(bearer)).is_ok());
    let without = with_options(|o| {
        bearer(o);
        o.proxy_credentials = Span::default();
    });
    assert_eq!(refused(&without), Field::Options);
    assert_eq!(
        refused(&with_options(|o| o.credentials = Span::default())),
        Field::Options
    );
    assert_eq!(
        refused(&with_options(|o| o.low_speed_ms = 0)),
        Field::Options
    );
    let picks: [fn(&mut OptionsHeader) -> &mut Span; 5] = [
        |o| &mut o.proxies,
        |o| &mut o.bypass,
        |o| &mut o.proxy_credentials,
        |o| &mut o.credentials,
        |o| &mut o.cookies,
    ];
    for pick in picks {
        for (offset, part) in [
            (0, 1),
            (103, 2),
            (104, 1000),
            (u32::MAX, 1),
            (104, u32::MAX),
            (104, 0),
        ] {
            let message = with_options(|o| {
                *pick(o) = Span {
                    offset,
                    length: part,
                }
            });
            assert_eq!(refused(&message), Field::Options, "{offset} {part}");
        }
    }
    // Two parts over the same bytes.
    let message = with_options(|o| o.bypass = o.proxies);
    assert_eq!(refused(&message), Field::Options);
    // Shorter than the fixed part.
    let message = changed(|h| h.options.length = length - 1);
    assert_eq!(refused(&message), Field::Options);
    let shown = format!("{:?}", sample());
    assert!(
        !shown.contains("117, 58, 112"),
        "credentials are not shown: {shown}"
    );
}

#[test]
fn a_request_needs_no_options() {
    let request = Request {
        options: None,
        ..sample()
    };
    let message = encode(&request);
    assert_eq!(Request::parse(&message), Ok(request));
}

type Pick = fn(&mut RequestHeader) -> &mut Span;
const PARTS: [(Field, Pick); 7] = [
    (Field::Method, |h| &mut h.method),
    (Field::Url, |h| &mut h.url),
    (Field::Headers, |h| &mut h.headers),
    (Field::Body, |h| &mut h.body),
    (Field::Roots, |h| &mut h.roots),
    (Field::Options, |h| &mut h.options),
    (Field::Tls, |h| &mut h.tls),
];

#[test]
fn parts_lie_between_the_fixed_part_and_the_end() {
    let size = u32::try_from(encode(&sample()).len()).unwrap();
    for (field, pick) in PARTS {
        for (offset, length) in [
            (0, 1),
            (71, 1),
            (71, 2),
            (size, 1),
            (size - 1, 2),
            (u32::MAX, 1),
            (u32::MAX, u32::MAX),
            (1, u32::MAX),
            (72, u32::MAX),
            (72, u32::MAX - 72),
            (1, 0),
            (72, 0),
            (u32::MAX, 0),
        ] {
            let message = changed(|h| *pick(h) = Span { offset, length });
            assert_eq!(refused(&message), field, "{offset} {length}");
        }
    }
}

#[test]
fn parts_do_not_overlap() {
    for (field, pick) in PARTS {
        for (other, from) in PARTS {
            // These are longer than any method.
            let long = matches!(other, Field::Options | Field::Tls);
            if field == other || (field == Field::Method && long) {
                continue;
            }
            let message = changed(|h| *pick(h) = *from(h));
            let error = Request::parse(&message).unwrap_err();
            assert_eq!(error.reason, "overlaps another part");
            assert!(error.field == field || error.field == other);
        }
    }
    let one_byte = changed(|h| h.url.length += 1);
    assert_eq!(refused(&one_byte), Field::Url);
}

#[test]
fn each_part_has_its_limit() {
    let at = |length| "a".repeat(length);
    for (field, limit) in [
        (Field::Method, RequestHeader::MAX_METHOD),
        (Field::Url, RequestHeader::MAX_URL),
    ] {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            let text = at(length);
            let mut request = sample();
            if field == Field::Method {
                request.method = &text;
            } else {
                request.url = &text;
            }
            let mut out = vec![0; request.encoded_length().unwrap()];
            let written = request.write_to(&mut out);
            assert_eq!(written.map_err(|e| e.field).err(), (!fits).then_some(field));
        }
    }
    for (field, limit) in [
        (Field::Headers, RequestHeader::MAX_HEADERS),
        (Field::Body, RequestHeader::MAX_BODY),
        (Field::Roots, RequestHeader::MAX_ROOTS),
    ] {
        let length = limit + 1;
        let mut message = encode(&sample());
        let mut header = RequestHeader::read_from_prefix(&message).unwrap().0;
        let span = Span {
            offset: u32::try_from(message.len()).unwrap(),
            length: u32::try_from(length).unwrap(),
        };
        match field {
            Field::Headers => header.headers = span,
            Field::Body => header.body = span,
            _ => header.roots = span,
        }
        message.resize(message.len() + length, 0);
        header.size = u32::try_from(message.len()).unwrap();
        header.write_to_prefix(&mut message).unwrap();
        let error = Request::parse(&message).unwrap_err();
        assert_eq!(
            (error.field, error.reason),
            (field, "longer than its limit")
        );
    }
}

#[test]
fn the_body_is_in_the_message_or_streamed_or_absent() {
    let with = |flags, body, body_length| {
        let request = Request {
            flags,
            body,
            body_length,
            ..sample()
        };
        let mut out = vec![0; request.encoded_length().unwrap()];
        request.write_to(&mut out).map_err(|error| error.field)
    };
    assert_eq!(with(RequestFlags::empty(), b"", 1), Err(Field::BodyLength));
    assert_eq!(with(RequestFlags::STREAM_BODY, b"x", 1), Err(Field::Body));
    assert!(with(RequestFlags::STREAM_BODY, b"", 0).is_ok());
    assert!(with(RequestFlags::STREAM_BODY, b"", RequestHeader::CHUNKED).is_ok());
    let streamed = changed(|h| h.flags |= RequestFlags::STREAM_BODY.bits());
    assert_eq!(refused(&streamed), Field::Body);
}

#[test]
fn nothing_can_be_injected() {
    let with = |method, url, headers| {
        let request = Request {
            method,
            url,
            headers,
            ..sample()
        };
        let mut out = vec![0; request.encoded_length().unwrap()];
        request.write_to(&mut out).map_err(|error| error.field)
    };
    for method in ["", "G T", "GET\r\n", "GET\0", "G:T", "\u{e9}"] {
        assert_eq!(with(method, "http://a/", b""), Err(Field::Method));
    }
    for url in [
        "",
        "http://a/ b",
        "http://a/\r\nX: y",
        "http://a/\0",
        "http://\u{e9}/",
    ] {
        assert_eq!(with("GET", url, b""), Err(Field::Url));
    }
    for headers in [
        &b"A: b"[..],
        b"A: b\n",
        b"A: b\r",
        b"\r\n",
        b"A: b\r\n\r\n",
        b": b\r\n",
        b"A : b\r\n",
        b" A: b\r\n",
        b"A\r\n",
        b"A: b\nC: d\r\n",
        b"A: b\n\r\n",
        b"A:\nC: d\r\n",
        b"A: \x0Cb\r\n",
        b"A: b\rC: d\r\n",
        b"A: b\0\r\n",
        b"A: \x7F\r\n",
        b"A: b\r\n c\r\n",
        b"host: a\r\n",
        b"Content-Length: 1\r\n",
        b"TRANSFER-ENCODING: chunked\r\n",
        b"\xC3\xA9: b\r\n",
    ] {
        let name = String::from_utf8_lossy(headers);
        assert_eq!(
            with("GET", "http://a/", headers),
            Err(Field::Headers),
            "{name:?}"
        );
    }
    assert!(with("GET", "http://a/", b"A:\tb \xE9\r\nB:\r\n").is_ok());
}

#[test]
fn roots_are_whole_certificates() {
    for roots in [
        &[0x31, 0][..],
        &[0x30],
        &[0x30, 1],
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x84, 0, 0, 0, 0],
        &[0x30, 0xFF],
        &[0x30, 0x83, 0xFF, 0xFF, 0xFF, 1],
        &[0x30, 0, 0],
    ] {
        let request = Request { roots, ..sample() };
        let mut out = vec![0; request.encoded_length().unwrap()];
        assert_eq!(request.write_to(&mut out).unwrap_err().field, Field::Roots);
    }
}

#[test]
fn writing_needs_room() {
    let mut out = vec![0; sample().encoded_length().unwrap() - 1];
    let error = sample().write_to(&mut out).unwrap_err();
    assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
}

/// What an accepted message promises.
fn holds(message: &[u8], request: &Request<'_>) {
    let header = RequestHeader::read_from_prefix(message).unwrap().0;
    assert_eq!(usize::try_from(header.size), Ok(message.len()));
    assert_eq!(header.version, VERSION);
    assert_eq!(header.flags & !7, 0);
    let mut used = vec![false; message.len()];
    used[..FIXED].fill(true);
    for span in [
        header.method,
        header.url,
        header.headers,
        header.body,
        header.roots,
        header.options,
    ] {
        let start = usize::try_from(span.offset).unwrap();
        let end = start + usize::try_from(span.length).unwrap();
        if start == end {
            assert_eq!(start, 0);
        }
        assert!(!used[start..end].contains(&true), "a byte in two parts");
        used[start..end].fill(true);
    }
    assert!((1..=32).contains(&request.method.len()));
    assert!((1..=16 * 1024).contains(&request.url.len()));
    assert!(request.headers.len() <= 64 * 1024 && request.roots.len() <= 256 * 1024);
    assert!(request.url.bytes().all(|byte| (0x21..0x7F).contains(&byte)));
    let streamed = request.flags.contains(RequestFlags::STREAM_BODY);
    assert!(if streamed {
        request.body.is_empty()
    } else {
        request.body_length == 0
    });
    let mut block = Vec::new();
    for (name, _) in request.header_lines() {
        assert!(!name.is_empty());
        block.push(name);
    }
    let lines = request.headers.split(|&byte| byte == b'\n').count() - 1;
    assert_eq!(block.len(), lines, "every line is a header");
    let total: usize = request.certificates().map(<[u8]>::len).sum();
    assert_eq!(total, request.roots.len());
    assert_eq!(Request::parse(&encode(request)).as_ref(), Ok(request));
}

/// One change of a message: at which byte or field, and to what.
fn change() -> impl Strategy<Value = (u8, usize, u32)> {
    let value = prop_oneof![
        Just(0),
        Just(1),
        Just(71),
        Just(72),
        Just(73),
        Just(u32::MAX),
        0..400_u32,
        any::<u32>(),
    ];
    (0..6_u8, any::<usize>(), value)
}

fn apply(message: &mut Vec<u8>, (what, at, value): (u8, usize, u32)) {
    let length = message.len();
    match what {
        0 => message.truncate(at % (length + 1)),
        1 => message.resize(length + at % 64, value.to_le_bytes()[0]),
        2 | 3 if length >= FIXED => {
            let field = at % (FIXED / 4) * 4;
            message[field..field + 4].copy_from_slice(&value.to_le_bytes());
        }
        4 if length >= FIXED => {
            let size = u32::try_from(length).unwrap();
            message[..4].copy_from_slice(&size.to_le_bytes());
        }
        _ if length > 0 => message[at % length] = value.to_le_bytes()[0],
        _ => {}
    }
}

#[test]
fn a_hundred_thousand_broken_messages() {
    let mut runner = TestRunner::deterministic();
    let changes = prop::collection::vec(change(), 0..4);
    let (mut accepted, mut too_small, mut invalid) = (0, 0, 0);
    let original = encode(&sample());
    for _ in 0..100_000 {
        let mut message = original.clone();
        for one in changes.new_tree(&mut runner).unwrap().current() {
            apply(&mut message, one);
        }
        match Request::parse(&message) {
            Ok(request) => {
                holds(&message, &request);
                accepted += 1;
            }
            Err(error) if message.len() < FIXED => {
                assert_eq!(error.status(), STATUS_BUFFER_TOO_SMALL);
                too_small += 1;
            }
            Err(error) => {
                assert_eq!(error.status(), STATUS_INVALID_PARAMETER, "{error}");
                assert!(!error.reason.is_empty());
                invalid += 1;
            }
        }
    }
    assert!(accepted > 1000 && too_small > 1000 && invalid > 10_000);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(message in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(request) = Request::parse(&message) {
            holds(&message, &request);
        }
    }

    #[test]
    fn any_good_request_makes_the_round_trip(
        method in "[A-Z]{1,32}",
        url in "[!-~]{1,200}",
        headers in prop::collection::vec(("X-[A-Za-z0-9-]{0,20}", "[ -~]{0,40}"), 0..8),
        body in prop::collection::vec(any::<u8>(), 0..500),
        connect_timeout_ms: u32,
    ) {
        let headers: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        let request = Request {
            method: &method,
            url: &url,
            headers: headers.as_bytes(),
            body: &body,
            connect_timeout_ms,
            ..Request::default()
        };
        let message = encode(&request);
        prop_assert_eq!(Request::parse(&message), Ok(request));
        holds(&message, &request);
    }
}
