//! Which cryptography TLS uses: the policy, as the registry has it, and what CNG lacks for it.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use wskhttp_core::crypto::Primitive;
use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::cng::{Cng, OpenCng};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::registry::{Buffer, Key, Name};
use wskhttp_core::nt::stack;
use wskhttp_tls::Platform;
use wskhttp_tls::crypto::{Set, cng, rust};

/// The value of the service's `Parameters`: `rust`, `auto` or `fips`, a REG_SZ.
const VALUE: &str = "CryptoProvider";
const REG_SZ: u32 = 1;

/// Which set of cryptography is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Policy {
    /// RustCrypto.
    Rust,
    /// What CNG has, RustCrypto for the rest.
    Auto,
    /// CNG, and nothing else.
    Fips,
}

/// What is used while the driver runs.
pub(crate) struct Crypto {
    _cng: Option<OpenCng>,
}

impl Crypto {
    /// Reads the policy, opens CNG if it asks for that, and says in the trace what is missing.
    ///
    /// # Errors
    /// Phase `Request`: there is no such policy, or the registry cannot be read. Phase `Wait`: no
    /// memory for a stack on which CNG can be examined.
    pub(crate) fn start(passive: Passive, service: &Name) -> Result<Self, Error> {
        let policy = read(passive, service)?;
        let mut open = None;
        if policy != Policy::Rust {
            stack::on_large(passive, &mut || {
                open = Some(Cng::open(passive, cng::works::<Cng>));
            })?;
        }
        let missing = open.as_ref().map_or(0, OpenCng::missing);
        wdk::println!("wskhttp: cryptography: {policy}{}", Missing(missing));
        POLICY.store(policy as u32, Relaxed);
        MISSING.store(missing, Relaxed);
        Ok(Self { _cng: open })
    }
}

/// The set of a configuration, for [`Platform::with_crypto`].
pub(crate) fn set(platform: &'static Platform) -> Result<Set, Error> {
    match policy() {
        Policy::Rust => rust(platform),
        Policy::Auto => cng::auto::<Cng>(platform),
        Policy::Fips => cng::fips::<Cng>(platform),
    }
}

/// Runs `work` with so many bytes of stack, for [`Platform::with_stack`]. IRQL: PASSIVE_LEVEL.
///
/// # Errors
/// Phase `Wait`: no memory for that stack; `work` was not run.
pub(crate) fn with_stack(bytes: usize, work: &mut dyn FnMut()) -> Result<(), Error> {
    // SAFETY: a part of a handshake, which workers do.
    let passive = unsafe { Passive::assume() };
    stack::with_room(passive, bytes, work)
}

/// The number of the policy, and the set of what CNG lacks, as the status has them.
pub(crate) fn status() -> (u32, u32) {
    (policy() as u32, MISSING.load(Relaxed))
}

fn policy() -> Policy {
    match POLICY.load(Relaxed) {
        1 => Policy::Auto,
        2 => Policy::Fips,
        _ => Policy::Rust,
    }
}

/// `rust` if nothing is said.
fn read(passive: Passive, service: &Name) -> Result<Policy, Error> {
    let mut path = service.clone();
    path.push(r"\Parameters")?;
    let Some(key) = Key::open(passive, &path)? else {
        return Ok(Policy::Rust);
    };
    let mut buffer = Buffer::default();
    let Some(value) = key.value(VALUE, &mut buffer)? else {
        return Ok(Policy::Rust);
    };
    let (units, _) = value.data.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let is = |policy: &&Policy| {
        let name = policy.name().encode_utf16();
        units.clone().take_while(|unit| *unit != 0).eq(name)
    };
    let all = [Policy::Rust, Policy::Auto, Policy::Fips];
    let found = all.iter().find(is).filter(|_| value.kind == REG_SZ);
    found.copied().ok_or(UNKNOWN)
}

impl Policy {
    const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Auto => "auto",
            Self::Fips => "fips",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What CNG lacks, in words.
struct Missing(u32);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = Primitive::ALL.iter().filter(|one| self.0 & one.bit() != 0);
        for (place, primitive) in missing.enumerate() {
            let before = if place == 0 { "; CNG lacks " } else { ", " };
            write!(f, "{before}{}", primitive.name())?;
        }
        Ok(())
    }
}

const UNKNOWN: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "CryptoProvider in the registry is none of rust, auto and fips",
);

static POLICY: AtomicU32 = AtomicU32::new(Policy::Rust as u32);
static MISSING: AtomicU32 = AtomicU32::new(0);
