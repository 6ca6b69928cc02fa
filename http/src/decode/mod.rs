//! Content codings (RFC 9110 section 8.4): gzip and deflate, with limits.
//!
//! ```text
//! transport --> Stage (the coding applied last) --> Stage ... --> caller
//! ```
//!
//! Each stage has a window of 32 KiB and gives out what it last wrote there before it writes more.

mod inflate;

use alloc::vec::Vec;

use wskhttp_core::fallible::push;
use wskhttp_core::io::{Error, Kind, Phase};

use crate::ResponseHead;
use crate::proto::fields::trim;
use inflate::Inflate;

/// How much a body may grow when its content coding is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Decoded bytes. 1 GiB.
    pub size: u64,
    /// Decoded bytes for each byte received, beyond [`Decode::slack`]. 200; deflate can do 1032.
    pub ratio: u32,
    /// Decoded bytes for which no ratio counts. 1 MiB.
    pub slack: u64,
    /// Codings on top of each other. 2.
    pub codings: usize,
}

impl Default for Decode {
    fn default() -> Self {
        Self {
            size: 1 << 30,
            ratio: 200,
            slack: 1 << 20,
            codings: 2,
        }
    }
}

/// Removes the content codings of one body. Takes some 44 KiB for each.
#[derive(Debug)]
pub struct Decoder {
    limits: Decode,
    /// In the order in which bytes go through them.
    stages: Vec<Inflate>,
    received: u64,
    failed: Option<Error>,
}

impl Decoder {
    /// What `Accept-Encoding` says for it.
    pub const ACCEPT: &str = "gzip, deflate";

    /// A decoder for the codings that `head` names; `None` if there are none, or if the response is
    /// a part (206), which cannot be decoded by itself.
    ///
    /// # Errors
    /// Phase `Head`; kind `UnsupportedContent` for another coding or too many; `NoResources`.
    pub fn new(head: &ResponseHead, limits: &Decode) -> Result<Option<Self>, Error> {
        let mut stages = Vec::new();
        if head.status() == 206 {
            return Ok(None);
        }
        let fields = head
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
        for (_, list) in fields {
            for coding in list.split(|byte| *byte == b',').map(trim) {
                let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
                let make = match () {
                    () if coding.is_empty() || is(b"identity") => continue,
                    () if is(b"gzip") || is(b"x-gzip") => Inflate::gzip,
                    () if is(b"deflate") => Inflate::deflate,
                    () => return Err(unsupported("the body's content coding is not known")),
                };
                if stages.len() >= limits.codings {
                    return Err(unsupported(
                        "the body has more content codings than the limit",
                    ));
                }
                push(&mut stages, make()?).map_err(|_| no_memory())?;
            }
        }
        stages.reverse();
        Ok((!stages.is_empty()).then_some(Self {
            limits: *limits,
            stages,
            received: 0,
            failed: None,
        }))
    }

    /// Takes bytes as they were received, until there is decoded data or they are used up; gives how
    /// many were used.
    ///
    /// # Errors
    /// Phase `Body`; kind `MalformedContent`, or `BodyTooLarge` beyond a limit. The same again
    /// afterwards.
    pub fn push(&mut self, input: &[u8]) -> Result<usize, Error> {
        self.failed.map_or(Ok(()), Err)?;
        let used = self.advance(input);
        if let Err(error) = used {
            self.failed = Some(error);
        }
        used
    }

    /// Decoded data that was not consumed.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        match self.failed {
            Some(_) => &[],
            None => self.stages.last().map_or(&[], Inflate::data),
        }
    }

    /// Removes the first `n` bytes of the data.
    pub fn consume(&mut self, n: usize) {
        if let Some(stage) = self.stages.last_mut() {
            stage.consume(n);
        }
    }

    /// The body has ended, and its data was consumed.
    ///
    /// # Errors
    /// Phase `Body`, kind `BodyTruncated` unless each coding has ended, too. A body of no bytes at
    /// all is complete.
    pub fn finish(&self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)?;
        match self.received == 0 || self.stages.iter().all(Inflate::is_complete) {
            true => Ok(()),
            false => Err(Error::new(
                Phase::Body,
                Kind::BodyTruncated,
                "the body ended before its content coding did",
            )),
        }
    }

    fn advance(&mut self, input: &[u8]) -> Result<usize, Error> {
        let mut used: usize = 0;
        while self.data().is_empty() {
            if self.pass_on()? {
                continue;
            }
            let Some(first) = self.stages.first_mut() else {
                break;
            };
            let rest = input.get(used..).unwrap_or_default();
            let count = first.push(rest)?;
            used = used.saturating_add(count);
            self.received = self.received.saturating_add(count as u64);
            self.check()?;
            let is_dry = self
                .stages
                .first()
                .is_none_or(|first| first.data().is_empty());
            if is_dry && (used >= input.len() || count == 0) {
                break;
            }
        }
        Ok(used)
    }

    /// Moves data from a stage to the next one, as near the end as possible; false if there is none.
    fn pass_on(&mut self) -> Result<bool, Error> {
        for at in (1..self.stages.len()).rev() {
            let Some((before, after)) = self.stages.split_at_mut_checked(at) else {
                continue;
            };
            if let (Some(from), Some(to)) = (before.last_mut(), after.first_mut())
                && !from.data().is_empty()
            {
                let count = to.push(from.data())?;
                from.consume(count);
                return self.check().map(|()| true);
            }
        }
        Ok(false)
    }

    fn check(&self) -> Result<(), Error> {
        let made = self.stages.iter().map(Inflate::made).max().unwrap_or(0);
        let proportion = self.received.saturating_mul(self.limits.ratio.into());
        match made {
            _ if made > self.limits.size => {
                Err(too_large("the decoded body is larger than the limit"))
            }
            _ if made > self.limits.slack.saturating_add(proportion) => Err(too_large(
                "the decoded body is out of proportion to the bytes received",
            )),
            _ => Ok(()),
        }
    }
}

const fn unsupported(cause: &'static str) -> Error {
    Error::new(Phase::Head, Kind::UnsupportedContent, cause)
}

const fn too_large(cause: &'static str) -> Error {
    Error::new(Phase::Body, Kind::BodyTooLarge, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Body,
        Kind::NoResources,
        "no memory for decoding the body",
    )
}
