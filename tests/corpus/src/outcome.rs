//! Classes of outcomes, and which errors are of which.

use wskhttp_core::io::{Error, Kind};

/// What can come of a request, as a case names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// A complete response.
    Ok,
    /// Any error.
    Error,
    /// What came is not HTTP/1 as we take it, or not a protocol that we speak.
    Malformed,
    /// The server switched to, or speaks, another protocol or version. Also of the class malformed.
    Unsupported,
    /// The connection ended too early, by FIN or by RST.
    Truncated,
    /// It ended before any byte of a response. Also of the class truncated.
    Empty,
    /// It was reset. Also of the class truncated.
    Reset,
    /// A limit of the client was passed.
    TooLarge,
    /// A deadline passed.
    Timeout,
    /// No connection could be made.
    Connect,
    /// The client does not send such a request.
    InvalidRequest,
    /// A redirect that is not followed, or one too many.
    Redirect,
    /// The content is not what its coding, its range or its digest say. A broken coding is also of
    /// the class malformed.
    Content,
    /// An error of exactly this kind, by the name that the client has for it.
    Kind(String),
}

impl Class {
    /// The class that a case means by `text`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        for (class, names) in NAMES {
            if names.contains(&plain.as_str()) {
                return Some(class.clone());
            }
        }
        let kinds = KINDS.iter().map(|kind| format!("{kind:?}"));
        if let Some(kind) = kinds
            .into_iter()
            .find(|kind| kind.to_ascii_lowercase() == plain)
        {
            return Some(Self::Kind(kind));
        }
        // The client's other kinds: a capital letter inside tells them from a misspelled class.
        let is_kind = text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.chars().all(|byte| byte.is_ascii_alphanumeric())
            && text.chars().skip(1).any(|later| later.is_ascii_uppercase());
        is_kind.then(|| Self::Kind(text.to_owned()))
    }

    /// The first name of every class.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, names)| names[0])
    }

    /// Whether an outcome is of this class.
    #[must_use]
    pub fn includes(&self, error: Option<&Error>) -> bool {
        let Some(error) = error else {
            return *self == Self::Ok;
        };
        let kind = error.kind;
        match self {
            Self::Ok => false,
            Self::Error => true,
            Self::Malformed => matches!(
                kind,
                Kind::MalformedHead
                    | Kind::MalformedFraming
                    | Kind::MalformedChunk
                    | Kind::UnsupportedResponse
                    | Kind::MalformedContent
            ),
            Self::Unsupported => kind == Kind::UnsupportedResponse,
            Self::Truncated => matches!(
                kind,
                Kind::HeadTruncated
                    | Kind::BodyTruncated
                    | Kind::EmptyResponse
                    | Kind::TlsTruncated
                    | Kind::ConnectionReset
            ),
            Self::Empty => kind == Kind::EmptyResponse,
            Self::Reset => kind == Kind::ConnectionReset,
            Self::TooLarge => matches!(kind, Kind::HeadTooLarge | Kind::BodyTooLarge),
            Self::Timeout => kind == Kind::TimedOut,
            Self::Connect => matches!(
                kind,
                Kind::ConnectionRefused
                    | Kind::ConnectFailed
                    | Kind::Unreachable
                    | Kind::HostNotFound
                    | Kind::ResolveFailed
                    | Kind::ProxyRefused
                    | Kind::ProxyCredentials
            ),
            Self::InvalidRequest => matches!(
                kind,
                Kind::InvalidRequest | Kind::InvalidUrl | Kind::UnsupportedScheme
            ),
            Self::Redirect => matches!(
                kind,
                Kind::TooManyRedirects | Kind::RedirectRefused | Kind::NotReplayable
            ),
            Self::Content => matches!(
                kind,
                Kind::MalformedContent
                    | Kind::UnsupportedContent
                    | Kind::RangeMismatch
                    | Kind::DigestMismatch
            ),
            Self::Kind(name) => format!("{kind:?}") == *name,
        }
    }

    /// The narrowest class of an outcome, in words.
    #[must_use]
    pub fn of(error: Option<&Error>) -> &'static str {
        let narrow = NAMES
            .iter()
            .rev()
            .find(|(class, _)| *class != Self::Error && class.includes(error));
        narrow.map_or("error", |(_, names)| names[0])
    }
}

/// Names without spaces, hyphens and capitals. Narrow classes stand after wide ones.
const NAMES: &[(Class, &[&str])] = &[
    (
        Class::Ok,
        &["ok", "success", "complete", "accepted", "accept"],
    ),
    (Class::Error, &["error", "fail", "failed", "failure", "any"]),
    (
        Class::Malformed,
        &[
            "malformed",
            "refused",
            "rejected",
            "refuse",
            "reject",
            "invalid",
            "bad",
            "badresponse",
            "malformedresponse",
            "invalidresponse",
            "protocolerror",
            "protocol",
            "parseerror",
            "smuggling",
        ],
    ),
    (
        Class::Unsupported,
        &[
            "unsupported",
            "unsupportedprotocol",
            "unsupportedversion",
            "upgraderefused",
            "upgrade",
        ],
    ),
    (
        Class::Truncated,
        &[
            "truncated",
            "incomplete",
            "closed",
            "prematureclose",
            "eof",
            "unexpectedeof",
            "short",
        ],
    ),
    (Class::Empty, &["empty", "emptyresponse", "noresponse"]),
    (Class::Reset, &["reset", "connectionreset", "rst"]),
    (
        Class::TooLarge,
        &[
            "toolarge",
            "limit",
            "limitexceeded",
            "toobig",
            "toomany",
            "toolong",
            "overflow",
            "limits",
        ],
    ),
    (Class::Timeout, &["timeout", "timedout", "deadline"]),
    (
        Class::Connect,
        &[
            "connect",
            "connecterror",
            "connectionrefused",
            "connectfailed",
        ],
    ),
    (
        Class::InvalidRequest,
        &["invalidrequest", "badrequest", "invalidurl", "callererror"],
    ),
    (
        Class::Redirect,
        &["redirect", "redirectlimit", "redirectloop", "loop"],
    ),
    (
        Class::Content,
        &[
            "content",
            "badcontent",
            "decode",
            "decoding",
            "mismatch",
            "digest",
        ],
    ),
];

/// Kinds that may be written in any way.
const KINDS: &[Kind] = &[
    Kind::MalformedHead,
    Kind::MalformedFraming,
    Kind::MalformedChunk,
    Kind::MalformedContent,
    Kind::UnsupportedResponse,
    Kind::UnsupportedContent,
    Kind::HeadTooLarge,
    Kind::BodyTooLarge,
    Kind::HeadTruncated,
    Kind::BodyTruncated,
    Kind::TlsTruncated,
    Kind::TooManyRedirects,
    Kind::RedirectRefused,
    Kind::NotReplayable,
    Kind::ProxyRefused,
    Kind::ProxyCredentials,
];
