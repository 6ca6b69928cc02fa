//! References and what is joined from them: RFC 3986 section 5.

use wskhttp_core::io::Kind;

use crate::support::url;

#[test]
fn references() {
    // RFC 3986 section 5.4, the base's scheme and authority adapted to http.
    let base = url("http://a/b/c/d;p?q");
    for (reference, expected) in [
        ("http:g", None),
        ("g", Some("/b/c/g")),
        ("./g", Some("/b/c/g")),
        ("g/", Some("/b/c/g/")),
        ("/g", Some("/g")),
        ("?y", Some("/b/c/d;p?y")),
        ("g?y", Some("/b/c/g?y")),
        ("#s", Some("/b/c/d;p?q")),
        ("g#s", Some("/b/c/g")),
        ("g?y#s", Some("/b/c/g?y")),
        (";x", Some("/b/c/;x")),
        ("g;x", Some("/b/c/g;x")),
        ("", Some("/b/c/d;p?q")),
        (".", Some("/b/c/")),
        ("./", Some("/b/c/")),
        ("..", Some("/b/")),
        ("../", Some("/b/")),
        ("../g", Some("/b/g")),
        ("../..", Some("/")),
        ("../../", Some("/")),
        ("../../g", Some("/g")),
        // Section 5.4.2.
        ("../../../g", Some("/g")),
        ("../../../../g", Some("/g")),
        ("/./g", Some("/g")),
        ("/../g", Some("/g")),
        ("g.", Some("/b/c/g.")),
        (".g", Some("/b/c/.g")),
        ("g..", Some("/b/c/g..")),
        ("..g", Some("/b/c/..g")),
        ("./../g", Some("/b/g")),
        ("./g/.", Some("/b/c/g/")),
        ("g/./h", Some("/b/c/g/h")),
        ("g/../h", Some("/b/c/h")),
        ("g;x=1/./y", Some("/b/c/g;x=1/y")),
        ("g;x=1/../y", Some("/b/c/y")),
        ("g?y/./x", Some("/b/c/g?y/./x")),
        ("g?y/../x", Some("/b/c/g?y/../x")),
        ("g#s/../x", Some("/b/c/g")),
        // What has a colon behind its first slash or question mark has no scheme.
        ("/g:h", Some("/g:h")),
        ("?g:h", Some("/b/c/d;p?g:h")),
        ("./g:h", Some("/b/c/g:h")),
    ] {
        let joined = base.join(reference);
        let expected = expected.map(|target| format!("http://a{target}"));
        assert_eq!(
            joined.ok().map(|url| url.to_string()),
            expected,
            "{reference:?}"
        );
    }
    for (base, reference, expected) in [
        ("http://a", "g", "http://a/g"),
        ("http://a?q", "?r", "http://a/?r"),
        ("http://a//b", "g", "http://a//g"),
        ("http://a/b//c", "g", "http://a/b//g"),
        ("http://a/b//c", "../g", "http://a/b/g"),
        ("http://a:81/x", "/y", "http://a:81/y"),
        ("http://[::1]:81/x", "y", "http://[::1]:81/y"),
        ("https://a/x", "//B:444", "https://b:444/"),
        ("https://a/x", "//b?q", "https://b/?q"),
        ("http://a/x", "HTTPS://b/../y/./z", "https://b/y/z"),
        ("http://a/x", "http://a:80/%2e%2e/y", "http://a/%2e%2e/y"),
    ] {
        let joined = url(base).join(reference).unwrap();
        assert_eq!(joined.to_string(), expected, "{base} {reference}");
        assert!(joined.is_same_origin(&url(expected)));
    }
}

#[test]
fn references_that_are_refused() {
    // H redirect: userinfo, backslash, @, tab, CR/LF, IDN, percent in host, trailing dot, UNC-like.
    let base = url("http://a/b");
    for reference in [
        "http://user@b/",
        "//user:secret@b/",
        "http://b\\@c/",
        "\\\\server\\share",
        "//b%2ec/",
        "/a\tb",
        "/a b",
        "/a\r\nX: y",
        "/\u{e9}",
        "//b\u{fc}cher.test/",
        "http://b./",
        "//",
        "http://",
        "/%zz",
        // What is wrong is not what dot segments leave.
        "\\/..//c/",
        "/\\/../c",
        "//c/%zz/../d",
        "{}/../d",
        "//b:99999/",
        "//127.1/",
    ] {
        assert_eq!(
            base.join(reference).unwrap_err().kind,
            Kind::InvalidUrl,
            "{reference:?}"
        );
    }
    for reference in ["file:///etc/passwd", "ftp://b/", "javascript:0", "data:,x"] {
        let kind = base.join(reference).unwrap_err().kind;
        assert!(
            matches!(kind, Kind::InvalidUrl | Kind::UnsupportedScheme),
            "{reference}"
        );
    }
    let long = "x".repeat(70_000);
    assert!(base.join(&long).is_err());
}
