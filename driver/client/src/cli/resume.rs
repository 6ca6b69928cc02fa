//! -C and -r: parts of a resource.

use std::fs;

use wskhttp_client::{Head, exit};

use super::args::Transfer;
use super::failure::Failure;

/// The part of a resource that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resume {
    /// Bytes that are there already; 0: all is asked for.
    pub(crate) from: u64,
}

impl Resume {
    /// What -C asks for, with the file that is written.
    pub(crate) fn new(args: &Transfer, output: Option<&str>) -> Result<Self, Failure> {
        let from = match (args.continue_at.as_deref(), output) {
            (None, _) => 0,
            (Some("-"), Some(file)) if file != "-" => {
                fs::metadata(file).map_or(0, |metadata| metadata.len())
            }
            (Some("-"), _) => return Err(Failure::usage("-C - needs a file to write to")),
            (Some(offset), _) => offset
                .parse()
                .map_err(|_| Failure::usage("-C takes a number of bytes or -"))?,
        };
        if from > 0 && args.range.is_some() {
            return Err(Failure::usage("both -C and -r"));
        }
        Ok(Self { from })
    }

    /// The value of the Range field.
    pub(crate) fn range(self, args: &Transfer) -> Option<String> {
        let part = match (self.from, &args.range) {
            (0, None) => return None,
            (0, Some(range)) => range.clone(),
            (from, _) => format!("{from}-"),
        };
        Some(format!("bytes={part}"))
    }

    /// Whether there is nothing more to get: the server knows the resource's length and it is what is
    /// there (RFC 9110 section 15.5.17).
    pub(crate) fn is_complete(self, head: &Head) -> bool {
        self.from > 0
            && head.status == 416
            && content_range(head)
                .and_then(|value| value.strip_prefix("*/"))
                .is_some_and(|length| length.parse() == Ok(self.from))
    }

    /// Refuses a response that is not the part which was asked for: its bytes would be put in the
    /// wrong place.
    pub(crate) fn check(self, head: &Head) -> Result<(), Failure> {
        if self.from == 0 || !(200..300).contains(&head.status) {
            return Ok(());
        }
        let begins = content_range(head)
            .and_then(|value| value.split_once('-'))
            .is_some_and(|(first, _)| first.parse() == Ok(self.from));
        match head.status == 206 && begins {
            true => Ok(()),
            false => Err(Failure::new(
                exit::RANGE,
                "the server does not send the rest of it; get it anew",
            )),
        }
    }
}

/// What follows the unit in Content-Range.
fn content_range(head: &Head) -> Option<&str> {
    let (_, value) = head
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-range"))?;
    std::str::from_utf8(value).ok()?.strip_prefix("bytes ")
}
