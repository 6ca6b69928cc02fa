//! From a call to its final response, over as many exchanges as the policy says.

mod call;
mod course;
mod response;
mod upload;

use lock_api::RawMutex;
use wskhttp_core::io::{Clock, Connect, Error};

use crate::client::{Client, Exchange};
use crate::{Limits, Redirects};
use course::{Course, Verdict};

pub use call::Call;
pub use response::Response;
pub use upload::Upload;

/// A [`Client`] with a policy.
///
/// ```
/// # use wskhttp_core::io::{Clock, Connect, Error};
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
}

/// What is done for a call besides sending it once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Redirects that are followed.
    pub redirects: Redirects,
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
        let policy = Policy::default();
        Self { client, policy }
    }

    /// Sets which redirects are followed.
    #[must_use]
    pub const fn redirects(mut self, redirects: Redirects) -> Self {
        self.policy.redirects = redirects;
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
    /// ends it. `key` says whose connections serve it, also after redirects.
    ///
    /// Dropping the future aborts the connection.
    ///
    /// # Errors
    /// Those of the call; those of [`Client::send`] and [`Exchange::response`]; kinds
    /// `TooManyRedirects` and `RedirectRefused`.
    pub async fn send(&self, call: Call<'_>, key: &C::Key) -> Result<Response<'_, C, K, R>, Error> {
        let mut course = Course::new(call, &self.policy)?;
        if course.is_streamed() {
            return Err(course::streamed());
        }
        self.run(&mut course, key).await
    }

    /// Sends the head of a call whose body is streamed.
    ///
    /// # Errors
    /// As [`Agent::send`].
    pub async fn upload<'c, 'a>(
        &'c self,
        call: Call<'a>,
        key: &'a C::Key,
    ) -> Result<Upload<'c, 'a, C, K, R>, Error> {
        let mut course = Course::new(call, &self.policy)?;
        let exchange = self.begin(&mut course, key).await?;
        Ok(Upload::new(self, exchange, course, key))
    }

    async fn begin(
        &self,
        course: &mut Course<'_>,
        key: &C::Key,
    ) -> Result<Exchange<'_, C, K, R>, Error> {
        let deadlines = course.deadlines();
        let request = course.request()?;
        self.client.send(&request, key, deadlines).await
    }

    /// Sends what the course says until a response is final.
    async fn run(
        &self,
        course: &mut Course<'_>,
        key: &C::Key,
    ) -> Result<Response<'_, C, K, R>, Error> {
        loop {
            let mut exchange = self.begin(course, key).await?;
            let head = exchange.response().await?;
            match course.judge(head)? {
                Verdict::Deliver => return Response::new(exchange, course),
                Verdict::Again => drop(exchange.discard().await),
            }
        }
    }
}
