//! Single records: where they end, and how they are made.

use alloc::vec::Vec;

use rustls::client::ClientConnectionData;
use rustls::unbuffered::{EncodeError, EncodeTlsData, EncryptError, WriteTraffic};
use wskhttp_core::io::{Error, Kind, Phase};

use super::NEED;
use crate::{Platform, error};

/// A session that is ready to send.
pub(crate) struct Sealer<'c> {
    pub(super) platform: &'static Platform,
    pub(super) traffic: WriteTraffic<'c, ClientConnectionData>,
}

impl Sealer<'_> {
    /// Seals `plain`, at most [`MAX_PLAIN`] bytes, into `room`, which should be [`OVERHEAD`] bytes
    /// larger; gives the bytes written.
    pub(crate) fn seal(mut self, plain: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        let need = NEED.saturating_add(plain.len().saturating_mul(2));
        self.platform
            .promise(need, || self.traffic.encrypt(plain, room))
            .map_err(|error| error.in_phase(Phase::Send))?
            .map_err(|error| match error {
                EncryptError::InsufficientSize(_) => {
                    Error::new(Phase::Send, Kind::BufferFull, "no room for a TLS record")
                }
                EncryptError::EncryptExhausted => Error::new(
                    Phase::Send,
                    Kind::TlsInternal,
                    "the keys of the TLS connection are used up",
                ),
            })
    }
}

/// The end of the record that begins at `start`, if all of it is there.
pub(super) fn record_end(input: &[u8], start: usize) -> Option<usize> {
    let header = input.get(start..start.checked_add(HEADER)?)?;
    let length = u16::from_be_bytes([*header.get(3)?, *header.get(4)?]);
    let end = start
        .checked_add(HEADER)?
        .checked_add(usize::from(length))?;
    (end <= input.len()).then_some(end)
}

pub(super) fn encode(
    data: &mut EncodeTlsData<'_, ClientConnectionData>,
    outgoing: &mut Vec<u8>,
) -> Result<(), Error> {
    let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) else {
        return Err(error::internal("a TLS record is empty"));
    };
    let start = outgoing.len();
    outgoing
        .try_reserve(size.required_size)
        .map_err(|_| error::no_memory())?;
    outgoing.resize(start.saturating_add(size.required_size), 0);
    let written = data
        .encode(outgoing.get_mut(start..).unwrap_or_default())
        .map_err(|_| error::internal("a TLS record does not fit"))?;
    outgoing.truncate(start.saturating_add(written));
    Ok(())
}

/// Bytes of a record's header.
pub(super) const HEADER: usize = 5;
/// Bytes by which a record, and what may go out in front of it, exceeds its plaintext.
pub(crate) const OVERHEAD: usize = 96;
/// Largest plaintext of a record (RFC 8446 section 5.1).
pub(crate) const MAX_PLAIN: usize = 1 << 14;
