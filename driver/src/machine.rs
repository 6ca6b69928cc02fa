//! The machine's proxies: those of the service, else those that `netsh winhttp set proxy` has set.
//!
//! ```text
//! <service>\Parameters                       Proxy, ProxyBypass: REG_SZ
//! SOFTWARE\..\Internet Settings\Connections  WinHttpSettings
//! ```

use alloc::vec::Vec;
use core::time::Duration;

use wskhttp_core::io::{Error, Kind, Phase};
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool;
use wskhttp_core::nt::registry::{Buffer, Key, Name, Value};
use wskhttp_core::nt::shared::Shared;
use wskhttp_http::{Credentials, Proxies, WinHttpSettings};

use crate::trust::NOT_PASSIVE;

/// The machine's proxies as they were some seconds ago.
#[derive(Default)]
pub(crate) struct Machine {
    proxies: Option<Shared<Proxies>>,
    /// When they are looked up again.
    until: Duration,
}

impl Machine {
    /// The proxies for requests that name none; `None` if there are none. `service` is the path of the
    /// service's key. With `credentials`, which are not kept, they are looked up anew. IRQL:
    /// PASSIVE_LEVEL.
    ///
    /// # Errors
    /// The settings cannot be read or understood. Whoever set proxies does not want requests to go
    /// without them.
    pub(crate) fn proxies(
        &mut self,
        service: &Name,
        credentials: Option<&Credentials>,
        now: Duration,
    ) -> Result<Option<Shared<Proxies>>, Error> {
        if let Some(credentials) = credentials {
            return match read(service)? {
                Some(proxies) => Shared::try_new(proxies.with_credentials(credentials)?).map(Some),
                None => Ok(None),
            };
        }
        if now >= self.until {
            self.proxies = read(service)?.map(Shared::try_new).transpose()?;
            self.until = now.saturating_add(KEPT);
        }
        Ok(self.proxies.clone())
    }
}

fn read(service: &Name) -> Result<Option<Proxies>, Error> {
    let passive = Passive::here().ok_or(NOT_PASSIVE)?;
    let mut path = service.clone();
    path.push(r"\Parameters")?;
    let own = Key::open(passive, &path)?;
    let proxies = match &own {
        Some(key) => services_own(key)?,
        None => None,
    };
    let proxies = match proxies {
        Some(proxies) => proxies,
        None => match Key::open(passive, &Name::of(WINHTTP)?)? {
            Some(key) => winhttp(&key)?,
            None => return Ok(None),
        },
    };
    Ok(Some(proxies).filter(|proxies| !proxies.is_empty()))
}

/// `None` if the service has no settings of its own; no proxies, if it has set that.
fn services_own(key: &Key) -> Result<Option<Proxies>, Error> {
    let mut buffer = Buffer::default();
    let Some(list) = key.value("Proxy", &mut buffer)? else {
        return Ok(None);
    };
    let (proxies, mut bypass) = (ascii(&list)?, Vec::new());
    if let Some(list) = key.value("ProxyBypass", &mut buffer)? {
        bypass = ascii(&list)?;
    }
    Proxies::of_machine(text(&proxies)?, text(&bypass)?, ignored).map(Some)
}

fn winhttp(key: &Key) -> Result<Proxies, Error> {
    let mut buffer = Buffer::default();
    let Some(value) = key.value("WinHttpSettings", &mut buffer)? else {
        return Ok(Proxies::default());
    };
    let settings = WinHttpSettings::parse(value.data)?;
    Proxies::of_machine(settings.proxies, settings.bypass, ignored)
}

fn ignored(entry: &str) {
    wdk::println!("wskhttp: hosts without a proxy: {entry} is none");
}

/// The text of a REG_SZ, up to its terminator.
fn ascii(value: &Value<'_>) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    let (units, _) = value.data.as_chunks();
    if value.kind != REG_SZ {
        return Err(MALFORMED);
    }
    for unit in units {
        match *unit {
            [0, 0] => break,
            [byte, 0] if byte.is_ascii() => pool::try_push(&mut text, byte)?,
            _ => return Err(MALFORMED),
        }
    }
    Ok(text)
}

fn text(ascii: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(ascii).map_err(|_| MALFORMED)
}

const MALFORMED: Error = Error::new(
    Phase::Request,
    Kind::InvalidRequest,
    "the service's proxy settings are not ASCII text",
);

/// How long settings are taken for current.
const KEPT: Duration = Duration::from_secs(10);
const WINHTTP: &str = concat!(
    r"\Registry\Machine\SOFTWARE\Microsoft\Windows\CurrentVersion",
    r"\Internet Settings\Connections",
);
const REG_SZ: u32 = 1;
