//! URLs: RFC 9110 section 4.2, RFC 3986.

use wskhttp_core::io::{Kind, Scheme};
use wskhttp_http::Url;

#[test]
fn accepted() {
    for (text, scheme, host, port, authority, target) in [
        ("http://a", Scheme::Http, "a", 80, "a", "/"),
        ("https://a.b.c/", Scheme::Https, "a.b.c", 443, "a.b.c", "/"),
        (
            "HTTP://Example.COM/Path",
            Scheme::Http,
            "example.com",
            80,
            "example.com",
            "/Path",
        ),
        ("http://a:80/", Scheme::Http, "a", 80, "a", "/"),
        ("http://a:443/", Scheme::Http, "a", 443, "a:443", "/"),
        ("https://a:443/", Scheme::Https, "a", 443, "a", "/"),
        ("http://a:/x", Scheme::Http, "a", 80, "a", "/x"),
        (
            "http://a:65535?q",
            Scheme::Http,
            "a",
            65535,
            "a:65535",
            "/?q",
        ),
        ("http://a:0080/", Scheme::Http, "a", 80, "a", "/"),
        (
            "http://127.0.0.1:8080/x",
            Scheme::Http,
            "127.0.0.1",
            8080,
            "127.0.0.1:8080",
            "/x",
        ),
        ("http://[::1]/", Scheme::Http, "::1", 80, "[::1]", "/"),
        (
            "https://[2001:DB8:0:0::1]:8443/x",
            Scheme::Https,
            "2001:db8::1",
            8443,
            "[2001:db8::1]:8443",
            "/x",
        ),
        (
            "http://[::ffff:1.2.3.4]/",
            Scheme::Http,
            "::ffff:1.2.3.4",
            80,
            "[::ffff:1.2.3.4]",
            "/",
        ),
        (
            "http://a/p?q=1&r=/?:@#frag#ment",
            Scheme::Http,
            "a",
            80,
            "a",
            "/p?q=1&r=/?:@",
        ),
        ("http://a#f", Scheme::Http, "a", 80, "a", "/"),
        ("http://a?#", Scheme::Http, "a", 80, "a", "/?"),
        ("http://a/%41", Scheme::Http, "a", 80, "a", "/%41"),
        (
            "http://a//b/../c;d=e,f!$'()*+~-._",
            Scheme::Http,
            "a",
            80,
            "a",
            "//b/../c;d=e,f!$'()*+~-._",
        ),
        (
            "http://a/?u=http://b@c",
            Scheme::Http,
            "a",
            80,
            "a",
            "/?u=http://b@c",
        ),
        (
            "http://under_score.-x-/",
            Scheme::Http,
            "under_score.-x-",
            80,
            "under_score.-x-",
            "/",
        ),
        (
            "http://xn--bcher-kva.example/",
            Scheme::Http,
            "xn--bcher-kva.example",
            80,
            "xn--bcher-kva.example",
            "/",
        ),
        ("http://1.a/", Scheme::Http, "1.a", 80, "1.a", "/"),
        ("http://a.0xg/", Scheme::Http, "a.0xg", 80, "a.0xg", "/"),
    ] {
        let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            (
                url.scheme(),
                url.host(),
                url.port(),
                url.authority(),
                url.target()
            ),
            (scheme, host, port, authority, target),
            "{text}"
        );
    }
}

#[test]
fn refused() {
    let long_label = format!("http://{}/", "a".repeat(64));
    let long_host = format!("http://{}a/", "a.".repeat(127));
    let long_url = format!("http://a/{}", "b".repeat(Url::MAX_LENGTH));
    for text in [
        "",
        "a",
        "/path",
        "//a/",
        "a.test/path",
        "localhost:8080/",
        "http:a",
        "http:/a",
        "http:///",
        "http://",
        "http://?q",
        "http://:80/",
        "://a/",
        "1http://a/",
        // Userinfo, the classic of CVE-2022-27780 and its like.
        "http://user@a/",
        "http://user:pass@a/",
        "http://a:80@b/",
        "http://@a/",
        "http://a%40b/",
        "http://a\\@b/",
        "http://a\\b/",
        "http:\\\\a/",
        // Whitespace and control characters, CVE-2014-8150.
        " http://a/",
        "http://a/ ",
        "http://a/b c",
        "http://a/\r\nX: y",
        "http://a\r\n/",
        "http://a/\t",
        "http://a/\0",
        "http://a/\x7f",
        "http://a/#\n",
        "http://\u{e4}/",
        "http://a/\u{e4}",
        "http://a/#\u{e4}",
        // Characters and percent signs.
        "http://a/\"",
        "http://a/<",
        "http://a/[",
        "http://a/?[]",
        "http://a/|",
        "http://a/^",
        "http://a/{",
        "http://a/`",
        "http://a/\\",
        "http://a/%",
        "http://a/%4",
        "http://a/%4g",
        "http://a/?%zz",
        // Hosts.
        "http://a..b/",
        "http://.a/",
        "http://a./",
        "http://a,b/",
        "http://a*/",
        "http://a%41/",
        "http://127.1/",
        "http://1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x/",
        "http://127.0.0.0x1/",
        "http://127.0.0.01/",
        "http://256.0.0.1/",
        "http://1.2.3.4.5/",
        "http://a.1/",
        "http://[::1/",
        "http://::1/",
        "http://[]/",
        "http://[::1]x/",
        "http://[::1]:x/",
        "http://[1.2.3.4]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[v1.x]/",
        // Ports.
        "http://a:0/",
        "http://a:65536/",
        "http://a:99999999999/",
        "http://a:+80/",
        "http://a:-1/",
        "http://a:8 0/",
        "http://a:80:80/",
        &long_label,
        &long_host,
        &long_url,
    ] {
        let error = Url::parse(text).expect_err(text);
        assert_eq!(error.kind, Kind::InvalidUrl, "{text}");
    }
    for text in [
        "ftp://a/",
        "file:///etc/passwd",
        "httpx://a/",
        "ws://a/",
        "h2+c.x-1://a",
    ] {
        let error = Url::parse(text).expect_err(text);
        assert_eq!(error.kind, Kind::UnsupportedScheme, "{text}");
    }
}

#[test]
fn causes_name_the_culprit() {
    for (text, cause) in [
        ("http://user@a/", "user name"),
        ("http://a b/", "space"),
        ("http://a/\u{e4}", "ASCII"),
        ("http://127.1/", "IPv4"),
        ("http://[::g]/", "IPv6"),
        ("http://a:0/", "port"),
        ("a.test", "http://"),
        ("ftp://a/", "scheme"),
        ("http:///x", "no host"),
        ("http://a/%zz", "hex digits"),
        ("http://a/{}", "percent-encoded"),
    ] {
        let error = Url::parse(text).unwrap_err();
        assert!(error.cause.contains(cause), "{text}: {error}");
    }
}
