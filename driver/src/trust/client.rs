//! Certificates of the driver's own, one for each server that wants one.

use alloc::vec::Vec;

use wskhttp_core::io::Error;
use wskhttp_core::nt::irql::Passive;
use wskhttp_core::nt::pool;
use wskhttp_core::nt::registry::{Buffer, Key, Name};
use zeroize::Zeroizing;

use super::machine::{MOST, Machine};

/// Who the driver is to one server.
pub(super) struct ClientCertificate {
    /// UTF-16.
    host: Name,
    port: u16,
    /// DER or PEM, as is the key.
    pub(super) chain: Vec<u8>,
    pub(super) key: Zeroizing<Vec<u8>>,
}

impl Machine {
    /// Reads them, from the keys below `path`.
    pub(super) fn clients(
        &mut self,
        passive: Passive,
        path: &Name,
        buffer: &mut Buffer,
    ) -> Result<(), Error> {
        let Some(key) = Key::open(passive, path)? else {
            return Ok(());
        };
        key.each_subkey(MOST, buffer, |entry, buffer| {
            let mut path = path.clone();
            path.push("\\")?;
            path.push_units(entry.name.units())?;
            let Some(own) = Key::open(passive, &path)? else {
                return Ok(());
            };
            let mut chain = Vec::new();
            if let Some(value) = own.value("Certificate", buffer)? {
                pool::try_extend(&mut chain, value.data)?;
            }
            let mut secret = Zeroizing::new(Vec::new());
            if let Some(value) = own.value("Key", buffer)? {
                pool::try_extend(&mut *secret, value.data)?;
            }
            let (host, port) = host_and_port(entry.name.units());
            let mut name = Name::new();
            name.push_units(host)?;
            let client = ClientCertificate {
                host: name,
                port,
                chain,
                key: secret,
            };
            pool::try_push(&mut self.clients, client)
        })
    }

    /// The certificate that is for this server.
    pub(super) fn client(&self, host: &str, port: u16) -> Option<&ClientCertificate> {
        self.clients
            .iter()
            .find(|client| client.port == port && same(&client.host, host))
    }
}

/// `host` or `host:port`, an IPv6 address in brackets.
fn host_and_port(units: &[u16]) -> (&[u16], u16) {
    const HTTPS: u16 = 443;
    const COLON: u16 = b':' as u16;
    const OPEN: u16 = b'[' as u16;
    const CLOSE: u16 = b']' as u16;
    let last = |wanted| units.iter().rposition(|unit| *unit == wanted);
    let (host, digits) = last(COLON)
        .filter(|colon| last(CLOSE).is_none_or(|close| close < *colon))
        .and_then(|colon| units.split_at_checked(colon))
        .unwrap_or((units, &[]));
    let host = match host {
        [OPEN, middle @ .., CLOSE] => middle,
        host => host,
    };
    let port = digits.split_first().map_or(Some(HTTPS), |(_, digits)| {
        digits.iter().try_fold(0_u16, |number, unit| {
            let digit = char::from_u32((*unit).into())?.to_digit(10)?;
            number
                .checked_mul(10)?
                .checked_add(u16::try_from(digit).ok()?)
        })
    });
    // No server has the port 0.
    (host, port.unwrap_or(0))
}

/// Whether a host of the registry is `host`, without regard to case and to a dot at the end.
fn same(own: &Name, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    own.chars()
        .map(|unit| unit.to_ascii_lowercase())
        .eq(host.chars().map(|unit| unit.to_ascii_lowercase()))
}
