//! Servers that go wrong as those of badssl.com do, each refused through the driver in words of its own.
//! Signatures with SHA-1 and MD5 are in the tests of the TLS client, `openssl`.

mod chains;
mod protocol;

use wskhttp_client::{Device, Kind, Phase, Request, TlsOptions};
use wskhttp_ntsim::{Driver, Sim, Stream, listen, seed};

/// How a request to `server` fails; `Ok` if it does not.
fn ask(
    server: impl Fn(Stream) + 'static,
    root: Vec<u8>,
    tls: TlsOptions,
    expected: Result<(), (Kind, &'static str)>,
) {
    Sim::new(seed()).run(move || {
        listen(443, server);
        let driver = Driver::load().expect("loaded");
        let mut device = Device::with_opener(driver.opener()).expect("open");
        let request = Request::get("https://localhost/").tls(tls);
        let request = request.root_certificates(&root).expect("a root");
        let done = device.send(request).map(drop);
        let done = done.map_err(|error| {
            assert_eq!(error.phase, Phase::Tls, "{error}");
            (error.kind, error.cause)
        });
        assert_eq!(done, expected.map_err(|(kind, cause)| (kind, cause.into())));
        drop(device);
        driver.remove();
    });
}
