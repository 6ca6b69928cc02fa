//! URLs as they are typed.

use percent_encoding::{CONTROLS, utf8_percent_encode};
use wskhttp_client::{Kind, Phase};

use super::failure::Failure;

/// A URL for the driver: with a scheme, in ASCII, without a fragment.
pub(crate) fn complete(typed: &str) -> Result<String, Failure> {
    let refuse = |text: &str| {
        let code = Kind::InvalidUrl.exit_code(Phase::Request);
        Err(Failure::new(code, format!("{text}: {typed:?}")))
    };
    let (url, _) = typed.split_once('#').unwrap_or((typed, ""));
    if url.is_empty() {
        return refuse("the URL is empty");
    }
    if url.bytes().any(|byte| byte <= b' ' || byte == 0x7F) {
        return refuse("a space or control character in the URL; write it as %20");
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() {
        return refuse("no host in the URL");
    }
    if !authority.is_ascii() {
        return refuse("the host is not ASCII; write it in its xn-- form");
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = utf8_percent_encode(path, CONTROLS);
    Ok(format!("{scheme}://{authority}{slash}{path}"))
}

/// The parts of a URL that [`complete`] made: authority, and path with query.
pub(crate) fn parts(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

/// Adds to the query of a URL that [`complete`] made.
pub(crate) fn add_query(url: &mut String, query: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.extend(utf8_percent_encode(query, CONTROLS));
}

/// The last segment of a URL's path, without its query.
pub(crate) fn file_name(url: &str) -> Option<&str> {
    let (path, _) = parts(url).1.split_once('?').unwrap_or((parts(url).1, ""));
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{complete, file_name, parts};

    #[test]
    fn urls_are_completed() {
        for (typed, url) in [
            ("example.com", "http://example.com/"),
            ("localhost:8080/a#b", "http://localhost:8080/a"),
            ("https://h?q", "https://h/?q"),
            ("https://h/\u{e9}", "https://h/%C3%A9"),
            ("ftp://h/", "ftp://h/"),
            ("http://[::1]:80/", "http://[::1]:80/"),
        ] {
            assert_eq!(complete(typed).unwrap(), url);
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for typed in [
            "",
            "#",
            "http://",
            "http:///x",
            "http://a b/",
            "http://\u{e9}/",
            "a\n",
        ] {
            assert_eq!(complete(typed).unwrap_err().code, 3, "{typed:?}");
        }
    }

    #[test]
    fn urls_have_parts() {
        assert_eq!(parts("http://h:1/a/b?c"), ("h:1", "/a/b?c"));
        assert_eq!(file_name("http://h:1/a/b?c/d"), Some("b"));
        assert_eq!(file_name("http://h/a/"), None);
    }
}
