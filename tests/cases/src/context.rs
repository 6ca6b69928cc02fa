//! What a case is given.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use wskhttp_client::{Device, Opener, certificates};

/// What a case is given.
pub struct Context {
    /// The origin over TLS, such as `https://localhost:8443`, without a slash at the end.
    pub base: String,
    /// The origin without TLS, as an address: `127.0.0.1:8080`. Cases ask it what the server saw.
    pub observer: String,
    /// Trust anchors, PEM or DER.
    pub ca: Vec<u8>,
    /// For whatever a case draws by lot.
    pub seed: u64,
    /// A host name whose look-up lasts for seconds. Only the cases that need it fail without.
    pub stalled_host: Option<String>,
    /// Opens the device; `None` means the machine's own.
    pub opener: Option<Opener>,
    /// The process that the case is in; `None` means the machine's own.
    pub process: Option<Arc<dyn Process>>,
}

/// A process in which a case runs, where that is not one of the machine's own.
pub trait Process: Send + Sync {
    /// The case stands still, and waits for its end: it was killed, or the driver was stopped.
    fn holding(&self);

    /// The case ends its process. It does nothing more, and keeps what it has.
    fn exit(&self);
}

impl Context {
    /// A new handle.
    ///
    /// # Errors
    /// The driver is not there.
    pub fn device(&self) -> Result<Device> {
        Ok(match &self.opener {
            Some(opener) => Device::with_opener(opener.clone())?,
            None => Device::open()?,
        })
    }

    /// Waits for the end of the process.
    pub(crate) fn hold(&self) -> ! {
        match &self.process {
            Some(process) => process.holding(),
            None => say("holding"),
        }
        loop {
            std::thread::park();
        }
    }

    /// Ends the process in the middle of what it does.
    pub(crate) fn exit(&self, line: &str) -> ! {
        let Some(process) = &self.process else {
            say(line);
            std::process::exit(0)
        };
        process.exit();
        loop {
            std::thread::park();
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The URL of another port of the origin's host over TLS.
    pub(crate) fn url_on(&self, port: u64) -> String {
        let host = self
            .base
            .rsplit_once(':')
            .map_or(&*self.base, |(host, _)| host);
        format!("{host}:{port}/")
    }

    pub(crate) fn roots(&self) -> Result<Vec<u8>> {
        Ok(certificates(&self.ca)?)
    }

    /// A value for `tag=` that no other case and run uses.
    pub(crate) fn tag(&self, name: &str) -> String {
        use std::time::{SystemTime, UNIX_EPOCH};
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        format!("{name}-{}-{now:x}", std::process::id())
    }
}

/// Tells the runner.
fn say(line: &str) {
    println!("{line}");
    // A runner that is gone waits for nothing.
    let _ = std::io::stdout().flush();
}
