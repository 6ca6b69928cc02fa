//! How much memory the driver takes for its callers.

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool::usage;
use wskhttp_core::nt::process::Process;
use wskhttp_core::nt::registry::{Buffer, Key, Name, REG_DWORD};

/// Admits requests while the driver has less nonpaged pool in use than it may.
///
/// No process is charged for that pool: connections, what is on its way, certificates of callers. Of the
/// limit, the last quarter is for callers in kernel mode, which no user mode then locks out.
pub(crate) struct Admission {
    limit: usize,
}

impl Admission {
    /// Reads the limit: `Parameters`, `MemoryLimit` REG_DWORD, in MiB. IRQL: PASSIVE_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`: the registry cannot be read, or the value is no REG_DWORD.
    pub(crate) fn read(passive: Passive, service: &Name) -> Result<Self, Error> {
        let mut path = service.clone();
        path.push(r"\Parameters")?;
        let mut buffer = Buffer::default();
        let mut megabytes = DEFAULT;
        if let Some(key) = Key::open(passive, &path)?
            && let Some(value) = key.value(VALUE, &mut buffer)?
        {
            megabytes = match (value.kind, value.data.as_array()) {
                (REG_DWORD, Some(bytes)) => u32::from_le_bytes(*bytes),
                _ => return Err(NO_DWORD),
            };
        }
        let megabytes = usize::try_from(megabytes).unwrap_or(usize::MAX);
        Ok(Self {
            limit: megabytes.saturating_mul(1 << 20),
        })
    }

    /// Whether a request of `process`, or of a kernel component, may begin. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Errors
    /// Phase `Request`, kind `TooManyRequests`.
    pub(crate) fn admit(&self, process: Option<&Process>) -> Result<(), Error> {
        let limit = match process {
            Some(_) => self.limit / 4 * 3,
            None => self.limit,
        };
        match usage::now().bytes <= limit {
            true => Ok(()),
            false => Err(FULL),
        }
    }
}

/// The value's name.
const VALUE: &str = "MemoryLimit";

/// In MiB. A request over TLS takes some 0.6 MiB at most, a response body none beyond that.
const DEFAULT: u32 = 256;

const NO_DWORD: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "MemoryLimit in the registry is no REG_DWORD",
);

const FULL: Error = Error::new(
    Phase::Request,
    Kind::TooManyRequests,
    "the driver has as much memory in use as it may",
);
