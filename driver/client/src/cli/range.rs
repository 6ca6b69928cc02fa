//! Which part of a resource is asked for, and whether a response has it (RFC 9110 sections 14 and
//! 15.3.7).

use wskhttp_client::{Head, exit};
use wskhttp_http::{PartHead, Resumed, Wanted, parse_range};

use super::failure::Failure;
use super::resume::Part;

/// What the request says in Range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Range {
    /// All is asked for.
    #[default]
    Nothing,
    /// From a position on, to another one or to the end.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
    /// Several parts, or what is not known here: whoever asks for it has to look at the answer.
    Other,
}

impl Range {
    /// What the value of a Range field asks for.
    pub(crate) fn new(value: &str) -> Self {
        let ends = value
            .strip_prefix("bytes=")
            .and_then(|range| range.split_once('-'));
        let Some((first, last)) = ends else {
            return Self::Other;
        };
        match (first, last, first.parse(), last.parse()) {
            (_, "", Ok(first), _) => Self::From(first, None),
            ("", _, _, Ok(bytes)) => Self::Last(bytes),
            (_, _, Ok(first), Ok(last)) => Self::From(first, Some(last)),
            _ => Self::Other,
        }
    }

    /// What a 206 or a 416 brings. Refuses one that is not what was asked for, or not of `version`,
    /// which is what If-Range says. A server that knows an entity tag has to say it; one that does not
    /// may know nothing of If-Range.
    pub(crate) fn judge(self, head: &Head, version: Option<&str>) -> Result<Part, Failure> {
        let said = PartHead {
            status: head.status,
            etag: only(head, "etag"),
            last_modified: only(head, "last-modified"),
            content_range: only(head, "content-range"),
            content_length: head.content_length,
        };
        let (first, last) = match self {
            Self::Nothing => return Err(refused("the server sent a part of what was asked for")),
            Self::Other => return Ok(Part::Asked),
            Self::From(first, last) => (first, last),
            Self::Last(bytes) => {
                let range = said.content_range.and_then(parse_range);
                let of = |(first, _, length): (u64, u64, Option<u64>)| {
                    length.map_or(first, |length| length.saturating_sub(bytes))
                };
                (range.map_or(0, of), None)
            }
        };
        if head.status == 206
            && said.etag.is_none()
            && version.is_some_and(|version| version.starts_with('"'))
        {
            return Err(refused(
                "the part may be one of another version: it has no entity tag",
            ));
        }
        let wanted = Wanted {
            first,
            last,
            length: None,
            validator: version.map(str::as_bytes),
        };
        match wanted.judge(&said).map_err(|error| refused(error.cause))? {
            Resumed::Rest { bytes } => Ok(Part::Some { bytes }),
            Resumed::Anew => Ok(Part::Anew),
            Resumed::Complete => Ok(Part::Nothing),
            Resumed::Other => Ok(Part::Asked),
        }
    }
}

/// Where a body has to end: the bytes that have to come, if that is known.
pub(crate) struct End(Option<u64>);

impl End {
    /// Of a body that brings `part`; one in answer to HEAD is none.
    pub(crate) fn new(part: Part, is_head: bool) -> Self {
        match part {
            Part::Some { bytes } if !is_head => Self(Some(bytes)),
            _ => Self(None),
        }
    }

    /// Notes so many bytes, before they are written: not one is that the part has no place for.
    pub(crate) fn pass(&mut self, bytes: usize) -> Result<(), Failure> {
        let Some(left) = &mut self.0 else {
            return Ok(());
        };
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        *left = left
            .checked_sub(bytes)
            .ok_or_else(|| refused("the server sent more than the part that it announced"))?;
        Ok(())
    }

    /// The body is complete by its framing.
    pub(crate) fn reached(&self) -> Result<(), Failure> {
        match self.0 {
            None | Some(0) => Ok(()),
            Some(_) => Err(Failure::new(
                exit::PARTIAL,
                "the server sent less than the part that it announced",
            )),
        }
    }
}

/// The value of a field that is there once; an empty one, which is not valid, if there are more.
fn only<'h>(head: &'h Head, name: &str) -> Option<&'h [u8]> {
    let fields = head.headers.iter();
    let mut values = fields.filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let (_, value) = values.next()?;
    Some(values.next().map_or(value, |_| b""))
}

fn refused(text: &str) -> Failure {
    Failure::new(exit::RANGE, text)
}

#[cfg(test)]
mod tests {
    use wskhttp_client::Head;

    use super::{End, Range};
    use crate::cli::resume::Part;

    fn head(range: &str, length: Option<u64>) -> Head {
        Head {
            status: 206,
            headers: vec![("Content-Range".into(), range.as_bytes().to_vec())],
            content_length: length,
            ..Head::default()
        }
    }

    #[test]
    fn ranges_are_read() {
        for (value, expected) in [
            ("bytes=5-", Range::From(5, None)),
            ("bytes=0-0", Range::From(0, Some(0))),
            ("bytes=-500", Range::Last(500)),
            ("bytes=0-1,5-6", Range::Other),
            ("bytes=-", Range::Other),
            ("lines=5-", Range::Other),
        ] {
            assert_eq!(Range::new(value), expected, "{value}");
        }
    }

    #[test]
    fn what_a_part_has_to_be() {
        let (rest, between) = (Range::From(5, None), Range::From(2, Some(5)));
        let some = |bytes| Ok(Part::Some { bytes });
        for (asked, range, length, expected) in [
            (rest, "bytes 5-9/10", Some(5), some(5)),
            (rest, "bytes 5-9/10", None, some(5)),
            (rest, "bytes 5-9/*", Some(5), some(5)),
            (rest, "bytes 5-9/1000", Some(5), Err(33)),
            (rest, "bytes 5-9/10", Some(4), Err(33)),
            (rest, "bytes 4-9/10", Some(6), Err(33)),
            (rest, "bytes 5-9/9", Some(5), Err(33)),
            (rest, "bytes 5-4/10", Some(0), Err(33)),
            (rest, "x", None, Err(33)),
            (between, "bytes 2-5/9", Some(4), some(4)),
            (between, "bytes 2-4/5", Some(3), some(3)),
            (between, "bytes 2-4/9", Some(3), Err(33)),
            (between, "bytes 2-6/9", Some(5), Err(33)),
            (between, "bytes 0-5/9", Some(6), Err(33)),
            (Range::Last(3), "bytes 6-8/9", Some(3), some(3)),
            (Range::Last(3), "bytes 0-1/2", Some(2), some(2)),
            (Range::Last(3), "bytes 7-8/9", Some(2), Err(33)),
            (Range::Last(3), "bytes 5-8/9", Some(4), Err(33)),
            (Range::Last(3), "bytes 5-7/9", Some(3), Err(33)),
            (Range::Nothing, "bytes 0-8/9", Some(9), Err(33)),
            (Range::Other, "x", None, Ok(Part::Asked)),
        ] {
            let found = asked.judge(&head(range, length), None);
            assert_eq!(
                found.map_err(|f| f.code),
                expected,
                "{asked:?} {range} {length:?}"
            );
        }
        let mut twice = head("bytes 5-9/10", Some(5));
        twice.headers.extend(twice.headers.clone());
        assert_eq!(rest.judge(&twice, None).unwrap_err().code, 33);
    }

    #[test]
    fn where_a_body_ends() {
        let of = |chunks: &[usize]| {
            let mut end = End::new(Part::Some { bytes: 5 }, false);
            let passed = chunks.iter().try_for_each(|bytes| end.pass(*bytes));
            let ended = passed.and_then(|()| end.reached());
            ended.map_err(|failure| failure.code)
        };
        assert_eq!(of(&[2, 3]), Ok(()));
        assert_eq!(of(&[2, 2]), Err(18));
        assert_eq!(of(&[2, 4]), Err(33));
        assert!(End::new(Part::Some { bytes: 5 }, true).reached().is_ok());
        let mut any = End::new(Part::Asked, false);
        assert!(any.pass(7).and_then(|()| any.reached()).is_ok());
    }
}
