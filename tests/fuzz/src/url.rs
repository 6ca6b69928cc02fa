//! URLs and references.

use wskhttp_core::io::Scheme;
use wskhttp_http::Url;

/// What is accepted is in normal form and stays so, and another library sees the same host and port:
/// two readers who disagree about that are an attack.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (base, reference) = text
        .split_once('\n')
        .unwrap_or(("http://a.test/b/c/d;p?q", text));
    if let Ok(url) = Url::parse(reference) {
        check(&url, reference);
        agree(&url, &url::Url::parse(reference), reference);
    }
    if let Ok(base) = Url::parse(base)
        && let Ok(joined) = base.join(reference)
    {
        check(&joined, reference);
        let other = url::Url::parse(&whole(&base)).and_then(|base| base.join(reference));
        agree(&joined, &other, reference);
    }
}

fn whole(url: &Url) -> String {
    let scheme = match url.scheme() {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    format!("{scheme}://{}{}", url.authority(), url.target())
}

fn check(url: &Url, text: &str) {
    assert!(!url.host().is_empty() && url.port() != 0, "{text:?}");
    assert!(url.target().starts_with('/'), "{text:?}");
    let own = whole(url);
    assert!(
        own.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'\\'),
        "{own}"
    );
    assert!(!url.authority().contains('@'), "{own}");
    assert_eq!(Url::parse(&own).as_ref(), Ok(url), "{text:?}");
}

fn agree(url: &Url, other: &Result<url::Url, url::ParseError>, text: &str) {
    let other = match other {
        Ok(other) => other,
        // Not a fault of ours: it knows about labels that IDNA forbids.
        Err(url::ParseError::IdnaError) => return,
        Err(error) => panic!("{text:?}: {error}, but {}", whole(url)),
    };
    let host = other.host_str().unwrap_or_default();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    assert_eq!(other.port_or_known_default(), Some(url.port()), "{text:?}");
    // An IPv6 address may be written in several ways.
    match (
        host.parse::<std::net::IpAddr>(),
        url.host().parse::<std::net::IpAddr>(),
    ) {
        (Ok(other), Ok(ours)) => assert_eq!(other, ours, "{text:?}"),
        _ => assert_eq!(host, url.host(), "{text:?}"),
    }
    let scheme = match url.scheme() {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    assert_eq!(other.scheme(), scheme, "{text:?}");
}
