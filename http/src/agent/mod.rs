//! From a call to its final response, over as many exchanges as the policy says.

mod call;
mod course;
mod keys;
mod response;
mod seen;
mod upload;

use core::time::Duration;

use lock_api::RawMutex;
use wskhttp_core::fallible::Boxed;
use wskhttp_core::io::{Clock, Connect, Error, Kind, Phase};

use crate::client::{Client, Exchange};
use crate::entropy::Entropy;
use crate::{Decode, Limits, Redirects, Retries, RetryBudget, Timeouts};
use course::{Circumstances, Course, Verdict};

pub use call::Call;
pub use keys::Keys;
pub use response::Response;
pub use upload::Upload;

/// A [`Client`] with a policy.
///
/// ```
/// # use wskhttp_core::io::{Clock, Connect, Error, Kind, Phase};
/// # async fn example<C: Connect<Key = ()>, K: Clock, R: lock_api::RawMutex>(
/// #     connect: C,
/// #     clock: K,
/// # ) -> Result<(), Error> {
/// use wskhttp_http::{Agent, Call, Redirects};
///
/// let agent: Agent<C, K, R> = Agent::new(connect, clock)?.redirects(Redirects {
///     limit: 3,
///     ..Redirects::default()
/// });
/// let call = Call::get("https://example.test/status").header("Accept", "text/plain");
/// let mut response = agent.send(call, &()).await?;
/// assert_eq!(response.head().status(), 200);
/// let text = response.read_to_end(1 << 20).await?;
/// response.done().await;
/// # Ok(())
/// # }
/// ```
pub struct Agent<C: Connect, K: Clock, R: RawMutex> {
    client: Client<C, K, R>,
    policy: Policy,
    entropy: Entropy,
    budget: RetryBudget,
}

/// What is done for a call besides sending it once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Redirects that are followed.
    pub redirects: Redirects,
    /// What is tried again.
    pub retries: Retries,
    /// Content codings that are asked for and removed; `None`: bodies come as they were sent.
    pub decode: Option<Decode>,
    /// Whether bodies wait for `100 (Continue)`, and for how long; see
    /// [`Request::with_expect`](crate::Request::with_expect).
    pub expect: Option<Duration>,
    /// How long making one connection may take: name, TCP and TLS.
    pub connect: Option<Duration>,
    /// How long other waits may last.
    pub timeouts: Timeouts,
    /// Whether bodies are checked against the `Content-Digest` and `Repr-Digest` of their heads, where
    /// there are any that [`BodyDigest`](crate::BodyDigest) knows.
    pub digest: bool,
}

impl Policy {
    /// Every call is sent once, its response is the caller's as it is.
    pub const NONE: Self = Self {
        redirects: Redirects::NONE,
        retries: Retries::NONE,
        decode: None,
        expect: None,
        connect: None,
        timeouts: Timeouts::NONE,
        digest: false,
    };
}

impl<C: Connect, K: Clock, R: RawMutex> Agent<C, K, R> {
    /// An agent with default limits and policy and an empty pool.
    ///
    /// # Errors
    /// Kind `NoResources`.
    pub fn new(connect: C, clock: K) -> Result<Self, Error> {
        Client::new(connect, clock, Limits::default()).map(Self::over)
    }

    /// An agent with the default policy over `client`.
    #[must_use]
    pub fn over(client: Client<C, K, R>) -> Self {
        let clock = client.clock();
        let mut seed = [0; 32];
        let times = [clock.unix_time(), clock.now()].map(|time| time.as_nanos().to_le_bytes());
        for (to, from) in seed.iter_mut().zip(times.as_flattened()) {
            *to = *from;
        }
        Self {
            client,
            policy: Policy::default(),
            entropy: Entropy::new(seed),
            budget: RetryBudget::new(),
        }
    }

    /// Sets the seed of the random numbers in waits and nonces. Without it they come from the
    /// clock, and others can guess them.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.entropy = Entropy::new(seed);
        self
    }

    /// Sets which redirects are followed.
    #[must_use]
    pub const fn redirects(mut self, redirects: Redirects) -> Self {
        self.policy.redirects = redirects;
        self
    }

    /// Sets what is tried again.
    #[must_use]
    pub const fn retries(mut self, retries: Retries) -> Self {
        self.policy.retries = retries;
        self
    }

    /// Sets whether content codings are asked for and removed, within which limits.
    #[must_use]
    pub const fn decode(mut self, decode: Option<Decode>) -> Self {
        self.policy.decode = decode;
        self
    }

    /// Sets the policy of calls that have none of their own.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The client below, and with it the pool.
    #[must_use]
    pub const fn client(&self) -> &Client<C, K, R> {
        &self.client
    }

    /// Sends a call without a body or with one at hand, and waits for the head of the response that
    /// ends it. `keys` says whose connections serve it.
    ///
    /// Dropping the future aborts the connection.
    ///
    /// # Errors
    /// Those of the call; those of [`Client::send`] and [`Exchange::response`]; kinds
    /// `TooManyRedirects` and `RedirectRefused`. With retries, those of the last try.
    pub async fn send(
        &self,
        call: Call<'_>,
        keys: impl Into<Keys<'_, C::Key>>,
    ) -> Result<Response<'_, C, K, R>, Error> {
        let mut course = Course::new(call, &self.policy)?;
        if course.is_streamed() {
            return Err(course::streamed());
        }
        self.budget.earn();
        self.run(&mut course, keys.into()).await
    }

    /// Sends the head of a call whose body is streamed. What fails before is tried again as the policy
    /// says: nothing of the body was taken.
    ///
    /// # Errors
    /// As [`Agent::send`].
    pub async fn upload<'c, 'a>(
        &'c self,
        call: Call<'a>,
        keys: impl Into<Keys<'a, C::Key>>,
    ) -> Result<Upload<'c, 'a, C, K, R>, Error> {
        let keys = keys.into();
        let mut course = Course::new(call, &self.policy)?;
        self.budget.earn();
        let mut exchange = self.begin_upload(&mut course, keys).await?;
        if exchange.has_response() && course.is_unexpected(exchange.head()) {
            exchange.into_inner().discard().await;
            exchange = self.begin_upload(&mut course, keys).await?;
        }
        Ok(Upload::new(self, exchange, course, keys))
    }

    async fn begin_upload(
        &self,
        course: &mut Course<'_>,
        keys: Keys<'_, C::Key>,
    ) -> Result<Boxed<Exchange<'_, C, K, R>>, Error> {
        loop {
            let error = match self.begin(course, keys).await {
                Ok(exchange) => return Ok(exchange),
                Err(error) => error,
            };
            let wait = course.judge_failure(&error, &self.circumstances());
            self.pause(wait.ok_or(error)?, course.total()).await?;
        }
    }

    async fn begin(
        &self,
        course: &mut Course<'_>,
        keys: Keys<'_, C::Key>,
    ) -> Result<Boxed<Exchange<'_, C, K, R>>, Error> {
        let deadlines = course.deadlines(self.client.clock().now());
        let unix = self.client.clock().unix_time();
        let key = course.key(keys);
        let request = course.request(&self.entropy, unix)?;
        let exchange = self.client.send(&request, key, deadlines).await?;
        Boxed::new(exchange).map_err(|_| no_memory())
    }

    /// Sends what the course says until a response is final.
    async fn run(
        &self,
        course: &mut Course<'_>,
        keys: Keys<'_, C::Key>,
    ) -> Result<Response<'_, C, K, R>, Error> {
        loop {
            let wait = match self.once(course, keys).await {
                Ok(exchange) => match course.judge(exchange.head(), &self.circumstances())? {
                    Verdict::Deliver => return Response::new(exchange, course),
                    Verdict::Again(wait) => {
                        exchange.into_inner().discard().await;
                        wait
                    }
                },
                Err(error) => course
                    .judge_failure(&error, &self.circumstances())
                    .ok_or(error)?,
            };
            self.pause(wait, course.total()).await?;
        }
    }

    /// One exchange, up to the head of its response.
    async fn once(
        &self,
        course: &mut Course<'_>,
        keys: Keys<'_, C::Key>,
    ) -> Result<Boxed<Exchange<'_, C, K, R>>, Error> {
        let mut exchange = self.begin(course, keys).await?;
        exchange.response().await?;
        Ok(exchange)
    }

    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            now: self.client.clock().now(),
            unix: self.client.clock().unix_time(),
            entropy: &self.entropy,
            budget: &self.budget,
        }
    }

    async fn pause(&self, wait: Duration, total: Option<Duration>) -> Result<(), Error> {
        let clock = self.client.clock();
        let until = clock.now().saturating_add(wait);
        if total.is_some_and(|total| total <= until) {
            return Err(Error::new(
                Phase::Wait,
                Kind::TimedOut,
                "the request's time is up before the next try",
            ));
        }
        if !wait.is_zero() {
            clock.sleep_until(until).await;
        }
        Ok(())
    }
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Request,
        Kind::NoResources,
        "no memory for the request",
    )
}
