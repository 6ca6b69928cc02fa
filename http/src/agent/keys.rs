//! Whose connections serve a call.

/// Whose connections serve a call; from one key, that key for all of them.
#[derive(Debug)]
pub struct Keys<'k, K> {
    /// For the origin of the call's URL.
    pub own: &'k K,
    /// For every connection after a redirect to another origin. It should not identify the caller, as
    /// a client certificate does.
    pub others: &'k K,
}

impl<K> Clone for Keys<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Keys<'_, K> {}

impl<'k, K> From<&'k K> for Keys<'k, K> {
    fn from(key: &'k K) -> Self {
        Self {
            own: key,
            others: key,
        }
    }
}
