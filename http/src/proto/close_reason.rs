//! Why a connection is not used again.

/// Why a connection is not used again after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request said `Connection: close`.
    RequestClose,
    /// The response said `Connection: close`.
    ResponseClose,
    /// The response is HTTP/1.0 and does not say `Connection: keep-alive`.
    Http10,
    /// The end of the connection was the end of the body.
    UntilClose,
    /// The response came before the whole request was sent.
    EarlyResponse,
    /// A response that has no body announced one: the two sides may disagree where it ends.
    ForbiddenBody,
    /// Bytes followed the end of the response.
    Leftover,
    /// The body of the request was not finished.
    RequestUnfinished,
    /// The response was not read to its end.
    ResponseUnfinished,
    /// The exchange failed.
    Failed,
    /// The pool does not keep connections, or had no room.
    PoolFull,
    /// The peer had closed the connection when it was to be kept.
    PeerClosed,
}

impl CloseReason {
    /// One readable English clause, without a full stop.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::RequestClose => "the request said Connection: close",
            Self::ResponseClose => "the response said Connection: close",
            Self::Http10 => "the response is HTTP/1.0 without Connection: keep-alive",
            Self::UntilClose => "the body ended with the connection",
            Self::EarlyResponse => "the response came before the whole request was sent",
            Self::ForbiddenBody => "a response without a body announced one",
            Self::Leftover => "bytes followed the end of the response",
            Self::RequestUnfinished => "the body of the request was not finished",
            Self::ResponseUnfinished => "the response was not read to its end",
            Self::Failed => "the exchange failed",
            Self::PoolFull => "the pool had no room",
            Self::PeerClosed => "the peer had closed the connection",
        }
    }
}
