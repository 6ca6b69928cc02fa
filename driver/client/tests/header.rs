//! The C header says the same as the crate wskhttp-abi.

use std::collections::HashMap;
use std::mem::{align_of, offset_of, size_of};

use wskhttp_client::abi::{
    CookiesHeader, Failure, IOCTL_WSKHTTP_QUERY_COOKIES, IOCTL_WSKHTTP_QUERY_FAILURE,
    IOCTL_WSKHTTP_QUERY_PEER, IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_SEND_REQUEST, OptionFlags, OptionsHeader, RequestFlags, RequestHeader,
    ResponseFlags, ResponseHeader, Span, Status, TlsFlags, TlsHeader, VERSION,
};

const HEADER: &str = include_str!("../include/wskhttp.h");

/// Name and offset of each member, then the whole size.
type Layout = (Vec<(String, usize)>, usize);

/// The layout of a structure by the rules of C.
fn c_layout(name: &str) -> Layout {
    let start = HEADER.find(&format!("typedef struct {name} {{")).unwrap();
    let (body, _) = HEADER[start..].split_once("\n}").unwrap();
    let (mut at, mut alignment, mut members) = (0_usize, 1, Vec::new());
    for line in body.lines().skip(1) {
        let (member, _) = line.trim().split_once(';').unwrap();
        let (kind, name) = member.split_once(' ').unwrap();
        let (size, align) = match kind {
            "UINT8" => (1, 1),
            "UINT16" => (2, 2),
            "UINT32" | "INT32" => (4, 4),
            "UINT64" => (8, 8),
            "WSKHTTP_SPAN" => (8, 4),
            other => panic!("a type that this test does not know: {other}"),
        };
        let (name, count) = match name.split_once('[') {
            Some((name, count)) => (name, count.trim_end_matches(']').parse().unwrap()),
            None => (name, 1),
        };
        at = at.next_multiple_of(align);
        alignment = alignment.max(align);
        members.push((name.to_owned(), at));
        at += size * count;
    }
    (members, at.next_multiple_of(alignment))
}

macro_rules! layout {
    ($type:ident: $($field:ident)*) => {{
        // Does not compile unless every field is named.
        let _ = |$type { $($field: _),* }: $type| ();
        let members = vec![$((stringify!($field).to_owned(), offset_of!($type, $field))),*];
        (members, size_of::<$type>())
    }};
}

#[test]
fn structures_are_laid_out_alike() {
    let rust = layout!(Span: offset length);
    assert_eq!(c_layout("WSKHTTP_SPAN"), rust);
    assert_eq!((rust.1, align_of::<Span>()), (8, 4));
    let rust = layout!(RequestHeader: size version flags method url headers body roots body_length
        connect_timeout_ms total_timeout_ms options tls);
    assert_eq!(c_layout("WSKHTTP_REQUEST"), rust);
    let rust = layout!(OptionsHeader: size flags max_redirects retries retry_within_ms
        low_speed_bytes low_speed_ms expect_ms tls_ms send_ms head_ms body_ms proxies bypass proxy_credentials credentials
        cookies sha256);
    assert_eq!(c_layout("WSKHTTP_OPTIONS"), rust);
    let rust = layout!(TlsHeader: size flags min_version max_version reserved pins
        revocation_lists certificate key groups);
    assert_eq!(c_layout("WSKHTTP_TLS"), rust);
    let rust = layout!(CookiesHeader: size needed);
    assert_eq!(c_layout("WSKHTTP_COOKIE_LIST"), rust);
    let rust = layout!(ResponseHeader: size version flags needed status minor_version reason headers
        body content_length resolve_us connect_us tls_us first_byte_us total_us remote_port
        remote_family remote_address tls_version tls_suite tls_group reserved);
    assert_eq!(c_layout("WSKHTTP_RESPONSE"), rust);
    let rust = layout!(Failure: size version phase kind fault status cause_length reserved cause);
    assert_eq!(c_layout("WSKHTTP_FAILURE"), rust);
    let rust = layout!(Status: size version reserved handles_now requests_now requests failures
        connections connections_now idle_now tasks_now orphans_now pool_now pool_high
        allocations_now stack_high crypto crypto_missing);
    assert_eq!(c_layout("WSKHTTP_STATUS"), rust);
}

/// The plain numbers that the header defines.
fn numbers() -> HashMap<&'static str, u64> {
    let lines = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define "));
    lines
        .filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            let value = value.split("/*").next()?.trim().trim_matches(['(', ')']);
            let value = match value.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex.trim_end_matches("ull"), 16).ok()?,
                None => value
                    .split(" * ")
                    .map(|factor| factor.parse::<u64>().ok())
                    .product::<Option<u64>>()?,
            };
            Some((name, value))
        })
        .collect()
}

#[test]
fn numbers_are_alike() {
    let limit = |limit: usize| u64::try_from(limit).unwrap();
    let rust = HashMap::from([
        ("WSKHTTP_VERSION", VERSION.into()),
        (
            "WSKHTTP_STREAM_BODY",
            RequestFlags::STREAM_BODY.bits().into(),
        ),
        ("WSKHTTP_WHOLE_BODY", RequestFlags::WHOLE_BODY.bits().into()),
        ("WSKHTTP_NO_REUSE", RequestFlags::NO_REUSE.bits().into()),
        ("WSKHTTP_CHUNKED", RequestHeader::CHUNKED),
        ("WSKHTTP_MAX_METHOD", limit(RequestHeader::MAX_METHOD)),
        ("WSKHTTP_MAX_URL", limit(RequestHeader::MAX_URL)),
        ("WSKHTTP_MAX_HEADERS", limit(RequestHeader::MAX_HEADERS)),
        ("WSKHTTP_MAX_BODY", limit(RequestHeader::MAX_BODY)),
        ("WSKHTTP_MAX_ROOTS", limit(RequestHeader::MAX_ROOTS)),
        ("WSKHTTP_FOLLOW", OptionFlags::FOLLOW.bits().into()),
        ("WSKHTTP_DECODE", OptionFlags::DECODE.bits().into()),
        ("WSKHTTP_BASIC", OptionFlags::BASIC.bits().into()),
        ("WSKHTTP_BEARER", OptionFlags::BEARER.bits().into()),
        ("WSKHTTP_DIGEST", OptionFlags::DIGEST.bits().into()),
        ("WSKHTTP_DIRECT", OptionFlags::DIRECT.bits().into()),
        ("WSKHTTP_COOKIES", OptionFlags::COOKIES.bits().into()),
        ("WSKHTTP_VERIFY", OptionFlags::VERIFY.bits().into()),
        ("WSKHTTP_SHA256", OptionFlags::SHA256.bits().into()),
        (
            "WSKHTTP_PROXY_BEARER",
            OptionFlags::PROXY_BEARER.bits().into(),
        ),
        ("WSKHTTP_MAX_REDIRECTS", OptionsHeader::MAX_REDIRECTS.into()),
        ("WSKHTTP_MAX_COOKIES", limit(OptionsHeader::MAX_COOKIES)),
        ("WSKHTTP_MAX_OPTIONS", limit(RequestHeader::MAX_OPTIONS)),
        ("WSKHTTP_MAX_LIST", limit(OptionsHeader::MAX_LIST)),
        (
            "WSKHTTP_MAX_CREDENTIALS",
            limit(OptionsHeader::MAX_CREDENTIALS),
        ),
        ("WSKHTTP_ADD_ROOTS", TlsFlags::ADD_ROOTS.bits().into()),
        (
            "WSKHTTP_REVOCATION_SOFT",
            TlsFlags::REVOCATION_SOFT.bits().into(),
        ),
        (
            "WSKHTTP_REVOCATION_HARD",
            TlsFlags::REVOCATION_HARD.bits().into(),
        ),
        ("WSKHTTP_KEEP_PEER", TlsFlags::KEEP_PEER.bits().into()),
        (
            "WSKHTTP_STAPLING_SOFT",
            TlsFlags::STAPLING_SOFT.bits().into(),
        ),
        (
            "WSKHTTP_STAPLING_HARD",
            TlsFlags::STAPLING_HARD.bits().into(),
        ),
        ("WSKHTTP_MAX_TLS", limit(RequestHeader::MAX_TLS)),
        ("WSKHTTP_MAX_PINS", limit(TlsHeader::MAX_PINS)),
        ("WSKHTTP_MAX_LISTS", limit(TlsHeader::MAX_LISTS)),
        ("WSKHTTP_MAX_CERTIFICATE", limit(TlsHeader::MAX_CERTIFICATE)),
        ("WSKHTTP_MAX_KEY", limit(TlsHeader::MAX_KEY)),
        ("WSKHTTP_MAX_GROUPS", limit(TlsHeader::MAX_GROUPS)),
        ("WSKHTTP_RESUMED", ResponseFlags::RESUMED.bits().into()),
        ("WSKHTTP_DECODED", ResponseFlags::DECODED.bits().into()),
        (
            "WSKHTTP_BODY_COMPLETE",
            ResponseFlags::BODY_COMPLETE.bits().into(),
        ),
        ("WSKHTTP_REUSED", ResponseFlags::REUSED.bits().into()),
        ("WSKHTTP_UNKNOWN_LENGTH", ResponseHeader::UNKNOWN_LENGTH),
    ]);
    assert_eq!(numbers(), rust);
}

#[test]
fn control_codes_are_alike() {
    for (name, code) in [
        ("SEND_REQUEST", IOCTL_WSKHTTP_SEND_REQUEST),
        ("RECEIVE_RESPONSE", IOCTL_WSKHTTP_RECEIVE_RESPONSE),
        ("QUERY_FAILURE", IOCTL_WSKHTTP_QUERY_FAILURE),
        ("QUERY_STATUS", IOCTL_WSKHTTP_QUERY_STATUS),
        ("QUERY_PEER", IOCTL_WSKHTTP_QUERY_PEER),
        ("QUERY_COOKIES", IOCTL_WSKHTTP_QUERY_COOKIES),
    ] {
        let (_, after) = HEADER
            .split_once(&format!("#define IOCTL_WSKHTTP_{name} "))
            .unwrap();
        let (arguments, _) = after
            .split_once("CTL_CODE(")
            .and_then(|(_, rest)| rest.split_once(')'))
            .unwrap();
        let arguments: Vec<_> = arguments.split(", ").collect();
        let [device, function, method, access] = arguments[..] else {
            panic!("{arguments:?}");
        };
        assert_eq!(device, "FILE_DEVICE_NETWORK");
        assert_eq!(access, "FILE_READ_ACCESS | FILE_WRITE_ACCESS");
        let function = u32::from_str_radix(function.trim_start_matches("0x"), 16).unwrap();
        let method = match method {
            "METHOD_BUFFERED" => 0,
            "METHOD_OUT_DIRECT" => 2,
            other => panic!("{other}"),
        };
        assert_eq!(
            0x12 << 16 | 3 << 14 | function << 2 | method,
            code,
            "{name}"
        );
    }
}
