//! A kernel component that uploads a report, with the crates linked into its own driver.
#![no_std]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;

use wskhttp_core::io::{Clock, Error};
use wskhttp_core::nt::{clock::KernelClock, lock::RawSpinLock};
use wskhttp_core::wsk::{Wsk, WskConnect};
use wskhttp_http::{Body, Client, Deadlines, Limits, Request, Url};
use wskhttp_tls::{TlsConfig, TlsConnect, TlsKey};

/// Posts `report` and gives the status of the answer. A task of the driver's executor awaits this;
/// dropping it aborts the connection.
///
/// # Errors
/// Each names its phase, its NTSTATUS and its cause.
pub async fn upload(
    wsk: Wsk,
    clock: KernelClock,
    trust: Arc<TlsConfig>,
    report: &[u8],
) -> Result<u16, Error> {
    let connect = TlsConnect::new(WskConnect::new(wsk), clock.clone());
    let client = Client::<_, _, RawSpinLock>::new(connect, clock.clone(), Limits::default())?;
    let url = Url::parse("https://telemetry.example/v1/reports")?;
    let headers = b"Content-Type: application/json\r\n";
    let request = Request::new("POST", &url, headers, Body::Full(report))?;
    let total = clock.now().checked_add(Duration::from_secs(60));
    let deadlines = Deadlines {
        connect: None,
        total,
    };
    let key = TlsKey {
        config: trust,
        inner: (),
    };
    let mut exchange = client.send(&request, &key, deadlines).await?;
    let status = exchange.response().await?.status();
    exchange.done().await;
    Ok(status)
}
