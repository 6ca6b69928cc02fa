//! What a call becomes from one exchange to the next, without I/O.

use alloc::string::String;
use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};

use super::call::{Call, Parts};
use super::seen::Seen;
use super::{Keys, Policy, no_memory};
use crate::auth::{Form, Session};
use crate::entropy::Entropy;
use crate::redirect::{Redirect, describes_body, is_private};
use crate::retry::retry_after;
use crate::{
    Body, BodyDigest, Credentials, Deadlines, Decoder, Headers, Jar, Proxies, Request,
    ResponseHead, Retries, RetryBudget, Url,
};

/// The state of a call between exchanges.
pub(super) struct Course<'a> {
    policy: Policy,
    deadlines: Deadlines,
    method: String,
    url: Url,
    /// The caller's fields, but those that a redirect took away.
    headers: Headers,
    /// What is sent: those, and what the policy adds.
    lines: Headers,
    body: Body<'a>,
    /// Until a redirect leads to another origin.
    credentials: Option<&'a Credentials>,
    /// What a server asked for.
    session: Option<Session>,
    /// It asked again, since the nonce was too old.
    renewed: bool,
    proxies: Option<&'a Proxies>,
    jar: Option<&'a mut Jar>,
    sha256: Option<[u8; 32]>,
    /// Redirects followed.
    hops: u32,
    /// One of them led to another origin.
    crossed: bool,
    /// Tries after the first.
    tries: u32,
    /// When the first one began.
    began: Option<Duration>,
    seen: Seen,
}

/// What to do with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the caller's.
    Deliver,
    /// Discard it and send [`Course::request`] again, not before this has passed.
    Again(Duration),
}

/// What else a judgement needs.
pub(super) struct Circumstances<'e> {
    /// Time of the client's clock.
    pub(super) now: Duration,
    /// Time since 1970.
    pub(super) unix: Duration,
    pub(super) entropy: &'e Entropy,
    pub(super) budget: &'e RetryBudget,
}

impl<'a> Course<'a> {
    pub(super) fn new(call: Call<'a>, policy: &Policy) -> Result<Self, Error> {
        let Parts {
            method,
            url,
            headers,
        } = call.parts?;
        Ok(Self {
            policy: call.policy.unwrap_or(*policy),
            deadlines: call.deadlines,
            method,
            url,
            headers,
            lines: Headers::new(),
            body: call.body,
            credentials: call.credentials,
            session: None,
            renewed: false,
            proxies: call.proxies,
            jar: call.jar,
            sha256: call.sha256,
            hops: 0,
            crossed: false,
            tries: 0,
            began: None,
            seen: Seen::default(),
        })
    }

    /// The key for the next request's connection. Who has left the origin once does not show its
    /// certificate there again: another one has said where to go.
    pub(super) const fn key<'k, K>(&self, keys: Keys<'k, K>) -> &'k K {
        match self.crossed {
            true => keys.others,
            false => keys.own,
        }
    }

    /// The request to send next.
    pub(super) fn request(
        &mut self,
        entropy: &Entropy,
        unix: Duration,
    ) -> Result<Request<'_>, Error> {
        self.lines.clear();
        self.lines.extend(self.headers.lines())?;
        if self.policy.decode.is_some()
            && self.headers.get("accept-encoding").is_none()
            && self.headers.get("range").is_none()
        {
            self.lines
                .push("Accept-Encoding", Decoder::ACCEPT.as_bytes())?;
        }
        // A TRACE shows what it was sent to whoever reads the answer (RFC 9110 section 9.3.8).
        if self.method != "TRACE" {
            if let Some(jar) = &mut self.jar {
                jar.add_to(&self.url, unix, &mut self.lines)?;
            }
            self.authorize(entropy)?;
        }
        let request = Request::new(&self.method, &self.url, self.lines.lines(), self.body)?;
        let proxy = self.proxies.and_then(|proxies| proxies.for_url(&self.url));
        Ok(request
            .with_timeouts(self.policy.timeouts)
            .with_proxy(proxy)
            .with_expect(self.policy.expect))
    }

    /// Whether the server does not know `Expect` (RFC 9110 section 15.5.18): the next request goes
    /// without it.
    pub(super) fn is_unexpected(&mut self, head: &ResponseHead) -> bool {
        head.status() == 417 && self.policy.expect.take().is_some()
    }

    fn authorize(&mut self, entropy: &Entropy) -> Result<(), Error> {
        let Some(credentials) = self.credentials else {
            return Ok(());
        };
        if self.headers.get("authorization").is_some() {
            return Ok(());
        }
        match (&credentials.form, &mut self.session) {
            (Form::Ready(value), _) => self.lines.push("Authorization", value.as_slice()),
            (Form::Digest { user, password }, Some(session)) => session.answer(
                (user, password),
                (&self.method, self.url.target()),
                &entropy.bytes(),
                &mut self.lines,
            ),
            (Form::Digest { .. }, None) => Ok(()),
        }
    }

    /// Takes up a challenge; false if it cannot be answered, or was answered already.
    fn challenged(&mut self, head: &ResponseHead) -> bool {
        let is_digest = self
            .credentials
            .is_some_and(|credentials| matches!(credentials.form, Form::Digest { .. }));
        if head.status() != 401 || !is_digest || self.is_streamed() {
            return false;
        }
        match Session::of(head) {
            // The same password again only for a nonce that was too old, and only once.
            Some(session) if self.session.is_none() || (session.stale && !self.renewed) => {
                self.renewed = self.session.is_some();
                self.session = Some(session);
                true
            }
            _ => false,
        }
    }

    /// Until when the next exchange must have come how far.
    pub(super) fn deadlines(&mut self, now: Duration) -> Deadlines {
        self.began.get_or_insert(now);
        let own = self.policy.connect.map(|most| now.saturating_add(most));
        let connect = [self.deadlines.connect, own].into_iter().flatten().min();
        Deadlines {
            connect,
            total: self.deadlines.total,
        }
    }

    pub(super) const fn total(&self) -> Option<Duration> {
        self.deadlines.total
    }

    /// What removes the content codings of the final response.
    pub(super) fn decoder(&self, head: &ResponseHead) -> Result<Option<Decoder>, Error> {
        match &self.policy.decode {
            Some(limits) if !self.is_head() => Decoder::new(head, limits),
            _ => Ok(None),
        }
    }

    /// The response has no content then: what it says of it is of that which GET would bring (RFC 9110
    /// section 9.3.2).
    fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// What the body of the final response is checked against.
    pub(super) fn digest(&self, head: &ResponseHead) -> Result<Option<BodyDigest>, Error> {
        if self.is_head() {
            return Ok(None);
        }
        let own = self.sha256.filter(|_| head.status() == 200);
        let own = own.map(BodyDigest::sha256);
        let said = match self.policy.digest {
            true => BodyDigest::of(head)?,
            false => None,
        };
        match (&own, &said) {
            (Some(own), Some(said)) if !own.agrees(said) => Err(Error::new(
                Phase::Head,
                Kind::DigestMismatch,
                "the server's digest of the body is another one than the caller's",
            )),
            _ => Ok(own.or(said)),
        }
    }

    pub(super) const fn is_streamed(&self) -> bool {
        matches!(self.body, Body::Sized(_) | Body::Chunked)
    }

    /// Redirects followed so far.
    pub(super) const fn hops(&self) -> u32 {
        self.hops
    }

    /// The URL of the last request.
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// What to do with a response to the last request.
    pub(super) fn judge(
        &mut self,
        head: &ResponseHead,
        by: &Circumstances<'_>,
    ) -> Result<Verdict, Error> {
        if let Some(jar) = &mut self.jar {
            jar.take(&self.url, head, by.unix)?;
        }
        let redirects = &self.policy.redirects;
        if let Some(redirect) = redirects.judge(head, &self.method, &self.url)? {
            self.follow(redirect)?;
            return Ok(Verdict::Again(Duration::ZERO));
        }
        if !self.is_streamed() && self.is_unexpected(head) {
            return Ok(Verdict::Again(Duration::ZERO));
        }
        if self.challenged(head) {
            return Ok(Verdict::Again(Duration::ZERO));
        }
        if !Retries::is_transient_status(head.status()) || !self.may_repeat() {
            return Ok(Verdict::Deliver);
        }
        let asked = retry_after(head, by.unix);
        Ok(match self.retry(asked, by) {
            Some(wait) => Verdict::Again(wait),
            None => Verdict::Deliver,
        })
    }

    /// How long to wait before sending the request again that failed with `error`; `None` if it is
    /// not to be. Of a body that is streamed nothing must have been taken.
    pub(super) fn judge_failure(
        &mut self,
        error: &Error,
        by: &Circumstances<'_>,
    ) -> Option<Duration> {
        let may = Retries::is_before_request(error) || self.may_repeat();
        match Retries::is_transient(error) && may {
            true => self.retry(None, by),
            false => None,
        }
    }

    /// Whether the request may be sent again although a server may have acted on it.
    fn may_repeat(&self) -> bool {
        let idempotent = matches!(
            self.method.as_str(),
            "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE"
        );
        !self.is_streamed() && (idempotent || self.headers.get("idempotency-key").is_some())
    }

    fn retry(&mut self, asked: Option<Duration>, by: &Circumstances<'_>) -> Option<Duration> {
        let retries = &self.policy.retries;
        if self.tries >= retries.limit || asked.is_some_and(|wait| wait > retries.longest) {
            return None;
        }
        let jitter = retries.wait(self.tries, by.entropy.number());
        let wait = asked.map_or(jitter, |asked| asked.max(jitter));
        let at = by.now.saturating_add(wait);
        let began = self.began.unwrap_or(by.now);
        if retries
            .within
            .is_some_and(|most| at > began.saturating_add(most))
        {
            return None;
        }
        if self.deadlines.total.is_some_and(|total| total <= at) || !by.budget.spend() {
            return None;
        }
        self.tries = self.tries.saturating_add(1);
        Some(wait)
    }

    fn follow(&mut self, redirect: Redirect) -> Result<(), Error> {
        if self.hops >= self.policy.redirects.limit {
            return Err(too_many("there are more redirects than the limit"));
        }
        self.hops = self.hops.saturating_add(1);
        self.seen.note(&self.method, &self.url, self.hops)?;
        if redirect.to_get {
            self.method.clear();
            // No longer than the method that it replaces, which is POST or longer, or fits anyway.
            self.method.try_reserve(3).map_err(|_| no_memory())?;
            self.method.push_str("GET");
            self.body = Body::Empty;
            self.headers.remove(describes_body);
        } else if self.is_streamed() {
            return Err(Error::new(
                Phase::Request,
                Kind::NotReplayable,
                "the redirect asks for the body again, which was streamed",
            ));
        }
        if redirect.cross_origin {
            self.headers.remove(is_private);
            self.credentials = None;
            self.session = None;
            self.crossed = true;
        }
        // With cookies, the same URL may answer otherwise the next time.
        if self.jar.is_none() && self.seen.has(&self.method, &redirect.url) {
            return Err(too_many("the redirects go in a circle"));
        }
        self.url = redirect.url;
        Ok(())
    }
}

pub(super) const fn streamed() -> Error {
    Error::new(
        Phase::Request,
        Kind::InvalidRequest,
        "a streamed body is sent by an upload",
    )
}

const fn too_many(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::TooManyRedirects, cause)
}
