//! A boot driver that looks for an update once the network is there, with the crates linked into it.
#![no_std]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use wskhttp_core::io::{Clock, Error};
use wskhttp_core::nt::{clock::KernelClock, lock::RawSpinLock};
use wskhttp_core::wsk::{Wsk, WskConnect};
use wskhttp_http::{Body, Client, Deadlines, Limits, Request, Url};
use wskhttp_tls::{TlsConfig, TlsConnect, TlsKey};

/// Whether the server's current version is another than `installed`. DriverEntry only spawns the
/// task that awaits this: nothing there may wait for the network.
///
/// # Errors
/// Phase `Wait`, kind `TimedOut`: no network within ten minutes. Others as they come.
pub async fn update_available(
    wsk: Wsk,
    clock: KernelClock,
    trust: Arc<TlsConfig>,
    installed: &[u8],
) -> Result<bool, Error> {
    let until = clock.now().checked_add(Duration::from_secs(600));
    wsk.ready(until).await?;
    let connect = TlsConnect::new(WskConnect::new(wsk), clock.clone());
    let client = Client::<_, _, RawSpinLock>::new(connect, clock, Limits::default())?;
    let url = Url::parse("https://updates.example/driver/version")?;
    let request = Request::new("GET", &url, b"", Body::Empty)?;
    let key = TlsKey {
        config: trust,
        inner: (),
    };
    let deadlines = Deadlines {
        connect: None,
        total: until,
    };
    let mut exchange = client.send(&request, &key, deadlines).await?;
    let is_found = exchange.response().await?.status() == 200;
    // A short body comes with its head.
    let is_other = exchange.data().await? != installed;
    Ok(is_found && is_other)
}
