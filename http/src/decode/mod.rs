//! Content codings (RFC 9110 section 8.4): gzip, deflate and br, with limits.
//!
//! ```text
//! transport --> Stage (the coding applied last) --> Stage ... --> caller
//! ```
//!
//! Each stage gives out what it last decoded before it decodes more. gzip and deflate have a window
//! of 32 KiB; br has one as large as the body needs, up to [`Decode::window`].
//!
//! br is a feature, which the driver does without. Its decoder takes fallible memory, has no unsafe code
//! and reports what is malformed as an error, but some hundreds of its bounds checks are left in a
//! build, and a single one that a server could make fail would be a bugcheck. In a kernel that is too
//! much for a few per cent of size.

#[cfg(feature = "br")]
mod brotli;
mod inflate;
mod stage;

use alloc::vec::Vec;

use wskhttp_core::fallible::push;
use wskhttp_core::io::{Error, Kind, Phase};

use crate::ResponseHead;
use crate::proto::fields::trim;
use stage::Stage;

/// How much a body may grow when its content coding is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Decoded bytes. 1 GiB.
    pub size: u64,
    /// Decoded bytes for each byte received, beyond [`Decode::slack`]. 200; deflate can do 1032. It is
    /// looked at as bytes come: of a body that is beyond it only at first, it depends on the sizes in
    /// which it comes whether that is seen.
    pub ratio: u32,
    /// Decoded bytes for which no ratio counts. 1 MiB.
    pub slack: u64,
    /// Codings on top of each other. 2.
    pub codings: usize,
    /// With feature `br`: bytes of what is decoded that it may keep, for a body to refer back to. 4 MiB,
    /// which is what encoders use at the most unless they are told otherwise; br itself ends at 16 MiB.
    pub window: u32,
}

impl Default for Decode {
    fn default() -> Self {
        Self {
            size: 1 << 30,
            ratio: 200,
            slack: 1 << 20,
            codings: 2,
            window: 4 << 20,
        }
    }
}

/// Removes the content codings of one body. Takes some 44 KiB for gzip and deflate each. br takes as
/// much as it decodes, up to one and a half times [`Decode::window`], and up to 3.3 MiB of tables.
#[derive(Debug)]
pub struct Decoder {
    limits: Decode,
    /// In the order in which bytes go through them.
    stages: Vec<Stage>,
    received: u64,
    failed: Option<Error>,
}

impl Decoder {
    /// What `Accept-Encoding` says for it.
    pub const ACCEPT: &str = if cfg!(feature = "br") {
        "gzip, deflate, br"
    } else {
        "gzip, deflate"
    };

    /// A decoder for the codings that `head` names; `None` if there are none, if the response has no content
    /// (204, 304; one to HEAD is not told from others here), or if it is a part (206), which cannot be
    /// decoded by itself.
    ///
    /// # Errors
    /// Phase `Head`; kind `UnsupportedContent` for another coding or too many; `NoResources`.
    pub fn new(head: &ResponseHead, limits: &Decode) -> Result<Option<Self>, Error> {
        let mut stages = Vec::new();
        if !head.has_content() || head.status() == 206 {
            return Ok(None);
        }
        let fields = head
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"));
        for (_, list) in fields {
            for coding in list.split(|byte| *byte == b',').map(trim) {
                if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
                    continue;
                }
                if stages.len() >= limits.codings {
                    return Err(unsupported(
                        "the body has more content codings than the limit",
                    ));
                }
                let stage = Stage::of(coding, limits)
                    .ok_or(unsupported("the body's content coding is not known"))?;
                push(&mut stages, stage?).map_err(|_| no_memory())?;
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
    /// many were used. Without any it gives data of those that it took before, so it must have been
    /// asked so before more are waited for, and before [`Decoder::finish`].
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
            None => self.stages.last().map_or(&[], Stage::data),
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
        match self.received == 0 || self.stages.iter().all(Stage::is_complete) {
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

    /// Moves data from a stage to the next one, or out of one, as near the end as possible; false if
    /// there is none.
    fn pass_on(&mut self) -> Result<bool, Error> {
        for at in (1..self.stages.len()).rev() {
            let Some((before, after)) = self.stages.split_at_mut_checked(at) else {
                continue;
            };
            if let (Some(from), Some(to)) = (before.last_mut(), after.first_mut())
                && to.data().is_empty()
            {
                let count = to.push(from.data())?;
                from.consume(count);
                if count > 0 || !to.data().is_empty() {
                    return self.check().map(|()| true);
                }
            }
        }
        Ok(false)
    }

    fn check(&self) -> Result<(), Error> {
        let made = self.stages.iter().map(Stage::made).max().unwrap_or(0);
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

const fn malformed(cause: &'static str) -> Error {
    Error::new(Phase::Body, Kind::MalformedContent, cause)
}

const fn no_memory() -> Error {
    Error::new(
        Phase::Body,
        Kind::NoResources,
        "no memory for decoding the body",
    )
}
