//! Cookies (RFC 6265): a jar that a caller keeps for a session and gives to its calls.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use wskhttp_core::fallible::{copied_text, extend, room};
use wskhttp_core::io::{Error, Kind, Phase, Scheme};
use zeroize::Zeroize;

use crate::cookie_date::cookie_date;
use crate::proto::digits::Digits;
use crate::proto::fields::trim;
use crate::{Headers, ResponseHead, Url};

/// A jar of bounded size: at most 300 cookies, 50 of one host, 4 KiB each. When it is full, the
/// oldest goes.
///
/// There is no list of public suffixes here, so that a cookie is for the host that set it and no
/// other: its `Domain`, if it does not cover that host, makes it refused, and is otherwise not heeded.
/// `Secure` and the prefixes `__Secure-` and `__Host-` are. Values are cleared when dropped.
#[derive(Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
    /// Counts cookies, for their order.
    next: u64,
}

struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    secure: bool,
    /// Since 1970; `None`: as long as the jar.
    expires: Option<Duration>,
    /// Smaller is older.
    order: u64,
}

impl Jar {
    /// Cookies of one jar.
    pub const MOST: usize = 300;
    /// Cookies of one host.
    pub const MOST_OF_HOST: usize = 50;
    /// Bytes of a `Set-Cookie` value.
    pub const MOST_BYTES: usize = 4096;

    /// An empty jar.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            cookies: Vec::new(),
            next: 0,
        }
    }

    /// How many cookies are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cookies.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Takes the cookies of a response to a request for `url`; `now` is since 1970. What is malformed
    /// or not allowed is passed over (RFC 6265 section 5.3).
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn take(&mut self, url: &Url, head: &ResponseHead, now: Duration) -> Result<(), Error> {
        let fields = head
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, value) in fields {
            if let Some(draft) = Draft::parse(value, url, now) {
                let https = url.scheme() == Scheme::Https;
                self.store(&draft, url.host(), https, now)?;
            }
        }
        Ok(())
    }

    /// Adds the `Cookie` field for a request for `url`, if there is one (RFC 6265 section 5.4). It becomes
    /// one with those that are there already, whose cookies follow.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn add_to(&mut self, url: &Url, now: Duration, lines: &mut Headers) -> Result<(), Error> {
        self.expire(now);
        let (path, _) = split_query(url.target());
        let serves = |cookie: &&Cookie| {
            cookie.host == url.host()
                && path_matches(path, &cookie.path)
                && (!cookie.secure || url.scheme() == Scheme::Https)
        };
        let count = self.cookies.iter().filter(serves).count();
        let most = count.saturating_mul(4).saturating_add(2);
        let mut parts: Vec<&[u8]> = room(most).map_err(|_| no_memory())?;
        for cookie in self.cookies.iter().filter(serves) {
            if !parts.is_empty() {
                parts.push(b"; ");
            }
            parts.extend([cookie.name.as_bytes(), b"=", cookie.value.as_bytes()]);
        }
        if parts.is_empty() {
            return Ok(());
        }
        if lines.get("cookie").is_none() {
            return lines.push_parts("Cookie", &parts);
        }
        let own = lines.joined("cookie", b"; ")?;
        lines.remove(|name| name.eq_ignore_ascii_case("cookie"));
        parts.extend([&b"; "[..], &own]);
        lines.push_parts("Cookie", &parts)
    }

    /// Takes cookies in the format of Netscape's files, which [`Jar::write`] and curl write: seven
    /// fields with tabs between them, a cookie a line. What is malformed, expired, or for a host that
    /// does not have the name of one is passed over; `now` is since 1970.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn read(&mut self, text: &str, now: Duration) -> Result<(), Error> {
        for line in text.lines() {
            let Some((host, https, draft)) = Draft::of_line(line) else {
                continue;
            };
            self.store(&draft, host, https, now)?;
        }
        Ok(())
    }

    /// Adds all cookies that have not expired to `out`, in that format.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn write(&mut self, out: &mut Vec<u8>, now: Duration) -> Result<(), Error> {
        self.expire(now);
        let mut put = |text: &str| extend(out, text.as_bytes()).map_err(|_| no_memory());
        for cookie in &self.cookies {
            let expires = cookie.expires.map_or(0, |at| at.as_secs());
            let expires = Digits::decimal(expires);
            let secure = if cookie.secure { "TRUE" } else { "FALSE" };
            let fields = [
                &cookie.host,
                "FALSE",
                &cookie.path,
                secure,
                core::str::from_utf8(expires.as_bytes()).unwrap_or("0"),
                &cookie.name,
                &cookie.value,
            ];
            for (at, field) in fields.iter().enumerate() {
                put(if at == 0 { "" } else { "\t" })?;
                put(field)?;
            }
            put("\n")?;
        }
        Ok(())
    }

    fn expire(&mut self, now: Duration) {
        self.cookies
            .retain(|cookie| cookie.expires.is_none_or(|at| at > now));
    }

    fn store(
        &mut self,
        draft: &Draft<'_>,
        host: &str,
        https: bool,
        now: Duration,
    ) -> Result<(), Error> {
        self.expire(now);
        let is_same = |cookie: &Cookie| {
            cookie.name == draft.name && cookie.host == host && cookie.path == draft.path
        };
        // An insecure origin does not overwrite what a secure one set.
        let clash = self.cookies.iter().find(|cookie| is_same(cookie));
        if clash.is_some_and(|cookie| cookie.secure) && !https {
            return Ok(());
        }
        let order = clash.map(|cookie| cookie.order);
        self.cookies.retain(|cookie| !is_same(cookie));
        if draft.expires.is_some_and(|at| at <= now) {
            return Ok(());
        }
        let of_host = self.cookies.iter().filter(|cookie| cookie.host == host);
        if of_host.count() >= Self::MOST_OF_HOST {
            self.drop_oldest(|cookie| cookie.host == host);
        }
        if self.cookies.len() >= Self::MOST {
            self.drop_oldest(|_| true);
        }
        self.cookies.try_reserve(1).map_err(|_| no_memory())?;
        let copied = |text| copied_text(text).map_err(|_| no_memory());
        let order = order.unwrap_or(self.next);
        self.next = self.next.saturating_add(1);
        let cookie = Cookie {
            host: copied(host)?,
            path: copied(draft.path)?,
            name: copied(draft.name)?,
            value: copied(draft.value)?,
            secure: draft.secure,
            expires: draft.expires,
            order,
        };
        // Longer paths first, then older cookies.
        let at = self.cookies.partition_point(|other| {
            (other.path.len(), cookie.order) > (cookie.path.len(), other.order)
        });
        self.cookies.insert(at.min(self.cookies.len()), cookie);
        Ok(())
    }

    fn drop_oldest(&mut self, among: impl Fn(&Cookie) -> bool) {
        let candidates = self.cookies.iter().filter(|cookie| among(cookie));
        if let Some(order) = candidates.map(|cookie| cookie.order).min() {
            self.cookies.retain(|cookie| cookie.order != order);
        }
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies)", self.cookies.len())
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

/// A `Set-Cookie` value in its parts (RFC 6265 section 5.2).
struct Draft<'a> {
    name: &'a str,
    value: &'a str,
    path: &'a str,
    secure: bool,
    expires: Option<Duration>,
}

impl<'a> Draft<'a> {
    fn parse(field: &'a [u8], url: &'a Url, now: Duration) -> Option<Self> {
        let text = core::str::from_utf8(field).ok()?;
        if text.len() > Jar::MOST_BYTES || !text.is_ascii() {
            return None;
        }
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut draft = Self {
            name: trimmed(name),
            value: trimmed(value),
            path: default_path(url),
            secure: false,
            expires: None,
        };
        if draft.name.is_empty() {
            return None;
        }
        let (mut max_age, mut has_domain, mut has_path) = (None, false, false);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (trimmed(name), trimmed(value));
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            match () {
                () if is("secure") => draft.secure = true,
                () if is("path") && value.starts_with('/') => {
                    (draft.path, has_path) = (value, true)
                }
                () if is("path") => draft.path = default_path(url),
                () if is("max-age") => max_age = age(value).or(max_age),
                () if is("expires") => draft.expires = cookie_date(value).or(draft.expires),
                () if is("domain") && !value.is_empty() => {
                    has_domain = true;
                    let domain = value.strip_prefix('.').unwrap_or(value);
                    if !covers(domain, url.host()) {
                        return None;
                    }
                }
                () => {}
            }
        }
        if let Some(age) = max_age {
            draft.expires = Some(now.saturating_add(age).max(Duration::from_nanos(1)));
            if age.is_zero() {
                draft.expires = Some(Duration::ZERO);
            }
        }
        let https = url.scheme() == Scheme::Https;
        let begins = |prefix: &str| {
            let start = draft.name.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let host_only = draft.secure && https && !has_domain && has_path && draft.path == "/";
        let allowed = (!draft.secure || https)
            && (!begins("__secure-") || draft.secure)
            && (!begins("__host-") || host_only);
        allowed.then_some(draft)
    }
}

impl<'a> Draft<'a> {
    /// A line of a file: host, whether it is of a https host, and the cookie.
    fn of_line(line: &'a str) -> Option<(&'a str, bool, Self)> {
        let line = line.strip_prefix("#HttpOnly_").unwrap_or(line);
        if line.starts_with('#') || line.len() > Jar::MOST_BYTES {
            return None;
        }
        let mut fields = line.trim_end_matches('\r').splitn(7, '\t');
        let (domain, _subdomains) = (fields.next()?, fields.next()?);
        let (path, secure, expires) = (fields.next()?, fields.next()?, fields.next()?);
        let (name, value) = (fields.next()?, fields.next()?);
        let host = domain.strip_prefix('.').unwrap_or(domain);
        let is_text = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let valid = !host.is_empty()
            && host == trimmed(host)
            && !host.bytes().any(|byte| byte.is_ascii_uppercase())
            && path.starts_with('/')
            && !name.is_empty()
            && ![name, value].iter().any(|text| text.contains(';'))
            && [host, path, name, value].into_iter().all(is_text);
        let expires = match expires.parse().ok()? {
            0 => None,
            seconds => Some(Duration::from_secs(seconds)),
        };
        let secure = secure.eq_ignore_ascii_case("true");
        let draft = Self {
            name,
            value,
            path,
            secure,
            expires,
        };
        valid.then_some((host, true, draft))
    }
}

/// RFC 6265 section 5.1.3, without which a server speaks for another.
fn covers(domain: &str, host: &str) -> bool {
    if domain.eq_ignore_ascii_case(host) {
        return true;
    }
    let at = host.len().checked_sub(domain.len());
    let (before, end) = at
        .and_then(|at| host.split_at_checked(at))
        .unwrap_or_default();
    end.eq_ignore_ascii_case(domain) && before.ends_with('.') && host.parse::<IpAddr>().is_err()
}

/// RFC 6265 section 5.1.4.
fn default_path(url: &Url) -> &str {
    let (path, _) = split_query(url.target());
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((directory, _)) => directory,
    }
}

/// RFC 6265 section 5.1.4.
fn path_matches(path: &str, of_cookie: &str) -> bool {
    path.strip_prefix(of_cookie)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || of_cookie.ends_with('/'))
}

fn split_query(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// `Max-Age` (RFC 6265 section 5.2.2); zero for what has passed.
fn age(value: &str) -> Option<Duration> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match digits.len() == value.len() {
        true => Some(Duration::from_secs(digits.parse().unwrap_or(FAR))),
        false => Some(Duration::ZERO),
    }
}

fn trimmed(text: &str) -> &str {
    core::str::from_utf8(trim(text.as_bytes())).unwrap_or_default()
}

const fn no_memory() -> Error {
    Error::new(Phase::Head, Kind::NoResources, "no memory for cookies")
}

/// Seconds that stand for an age beyond all numbers: 400 days, as browsers bound them.
const FAR: u64 = 400 * 86_400;
