//! -C and -r: parts of a resource; --etag-save and --etag-compare: versions of it.

use std::fs;

use wskhttp_client::{Head, exit};

use super::args::Transfer;
use super::failure::Failure;

/// Which part of a resource, and which version, is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resume {
    /// Bytes that are there already; 0: all is asked for.
    pub(crate) from: u64,
    /// The entity tag of what is there.
    tag: Option<String>,
    /// The rest is asked for only if it is of the same version (RFC 9110 section 13.1.5).
    conditional: bool,
}

/// What a response brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is asked for: all, or what is behind what is there.
    Asked,
    /// All of it, in place of what is there.
    Anew,
    /// Nothing that is not there.
    Nothing,
}

impl Resume {
    /// What -C and --etag-compare ask for, with the file that is written and the headers that the
    /// caller gives.
    pub(crate) fn new(
        args: &Transfer,
        output: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<Self, Failure> {
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
        // A file that is not there has no tag, as with curl.
        let saved = args.etag_compare.as_ref().map(fs::read_to_string);
        let tag = saved.and_then(Result::ok);
        let tag = tag.map(|tag| tag.trim().to_owned());
        let tag = tag.filter(|tag| !tag.is_empty());
        if from > 0 && tag.as_ref().is_some_and(|tag| tag.starts_with("W/")) {
            return Err(Failure::new(
                exit::RANGE,
                "the entity tag is a weak one, which does not tell parts apart; get it anew",
            ));
        }
        let own = |(name, _): &(String, String)| name.eq_ignore_ascii_case("if-range");
        Ok(Self {
            from,
            conditional: from > 0 && (tag.is_some() || headers.iter().any(own)),
            tag,
        })
    }

    /// The fields that ask for it.
    pub(crate) fn headers(&self, args: &Transfer) -> Vec<(String, String)> {
        let part = match (self.from, &args.range) {
            (0, None) => None,
            (0, Some(range)) => Some(range.clone()),
            (from, _) => Some(format!("{from}-")),
        };
        let condition = match self.from {
            0 => "If-None-Match",
            _ => "If-Range",
        };
        let range = part.map(|part| ("Range".to_owned(), format!("bytes={part}")));
        let tag = self.tag.clone().map(|tag| (condition.to_owned(), tag));
        range.into_iter().chain(tag).collect()
    }

    /// What the response brings. Refuses one that is not what was asked for: its bytes would be put in
    /// the wrong place.
    pub(crate) fn check(&self, head: &Head) -> Result<Part, Failure> {
        if self.is_complete(head) || (head.status == 304 && self.tag.is_some()) {
            return Ok(Part::Nothing);
        }
        if self.from == 0 {
            return Ok(Part::Asked);
        }
        let begins = content_range(head)
            .and_then(|value| value.split_once('-'))
            .is_some_and(|(first, _)| first.parse() == Ok(self.from));
        match head.status {
            206 if begins => Ok(Part::Asked),
            200 if self.conditional => Ok(Part::Anew),
            status => Err(Failure::new(
                exit::RANGE,
                format!("the server answered {status}, not with the rest of it; get it anew"),
            )),
        }
    }

    /// Whether there is nothing more to get: the server knows the resource's length and it is what is
    /// there (RFC 9110 section 15.5.17).
    fn is_complete(&self, head: &Head) -> bool {
        self.from > 0
            && head.status == 416
            && content_range(head)
                .and_then(|value| value.strip_prefix("*/"))
                .is_some_and(|length| length.parse() == Ok(self.from))
    }
}

/// Keeps the entity tag of a response for --etag-compare.
pub(crate) fn save_tag(file: &str, head: &Head) -> Result<(), Failure> {
    match field(head, "etag") {
        Some(tag) if matches!(head.status, 200 | 206) => {
            fs::write(file, format!("{tag}\n")).map_err(|error| Failure::write(file, &error))
        }
        _ => Ok(()),
    }
}

/// What follows the unit in Content-Range.
fn content_range(head: &Head) -> Option<&str> {
    field(head, "content-range")?.strip_prefix("bytes ")
}

fn field<'h>(head: &'h Head, name: &str) -> Option<&'h str> {
    let mut fields = head.headers.iter();
    let (_, value) = fields.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use wskhttp_client::Head;

    use super::{Part, Resume, save_tag};
    use crate::cli::args::{Cli, Transfer};

    /// A file that is gone afterwards.
    struct Scratch(String);

    impl Scratch {
        fn new(name: &str, text: &str) -> Self {
            let path = std::env::temp_dir().join(format!("wskhttp-{name}-{}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Self(path.display().to_string())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn args(line: &[&str]) -> Transfer {
        let line = ["wskhttp"].iter().chain(line);
        Cli::try_parse_from(line).unwrap().transfer
    }

    fn head(status: u16, range: &str) -> Head {
        Head {
            status,
            headers: vec![
                ("Content-Range".into(), range.as_bytes().to_vec()),
                ("ETag".into(), b"\"b\"".to_vec()),
            ],
            ..Head::default()
        }
    }

    #[test]
    fn what_is_asked_for() {
        let tag = Scratch::new("tag", "\"a\"\n");
        let weak = Scratch::new("weak", "W/\"a\"");
        for (line, expected) in [
            (&["-C", "5", "u"][..], &[("Range", "bytes=5-")][..]),
            (&["-r", "1-2", "u"], &[("Range", "bytes=1-2")]),
            (
                &["--etag-compare", &tag.0, "u"],
                &[("If-None-Match", "\"a\"")],
            ),
            (
                &["--etag-compare", &weak.0, "u"],
                &[("If-None-Match", "W/\"a\"")],
            ),
            (
                &["-C", "5", "--etag-compare", &tag.0, "u"],
                &[("Range", "bytes=5-"), ("If-Range", "\"a\"")],
            ),
            (&["--etag-compare", "/no/such/file", "u"], &[]),
        ] {
            let args = args(line);
            let fields = Resume::new(&args, None, &[]).unwrap().headers(&args);
            let fields: Vec<_> = fields.iter().map(|(n, v)| (&n[..], &v[..])).collect();
            assert_eq!(fields, expected, "{line:?}");
        }
        let weak = args(&["-C", "5", "--etag-compare", &weak.0, "u"]);
        assert_eq!(Resume::new(&weak, None, &[]).unwrap_err().code, 33);
    }

    #[test]
    fn what_the_answer_brings() {
        let plain = Resume {
            from: 5,
            ..Resume::default()
        };
        let given = ("IF-RANGE".to_owned(), "\"a\"".to_owned());
        let given = Resume::new(&args(&["-C", "5", "u"]), None, &[given]).unwrap();
        for resume in [&plain, &given] {
            let of = |status, range| resume.check(&head(status, range)).map_err(|f| f.code);
            assert_eq!(of(206, "bytes 5-9/10"), Ok(Part::Asked));
            assert_eq!(of(206, "bytes 4-9/10"), Err(33));
            assert_eq!(of(206, "x"), Err(33));
            assert_eq!(of(416, "bytes */5"), Ok(Part::Nothing));
            assert_eq!(of(416, "bytes */4"), Err(33));
            // What such a response says is not put behind what is there.
            assert_eq!(of(404, ""), Err(33));
        }
        assert_eq!(plain.check(&head(200, "")).unwrap_err().code, 33);
        assert_eq!(given.check(&head(200, "")).unwrap(), Part::Anew);
        let tagged = Resume {
            tag: Some("\"a\"".into()),
            ..Resume::default()
        };
        assert_eq!(tagged.check(&head(304, "")).unwrap(), Part::Nothing);
        assert_eq!(tagged.check(&head(200, "")).unwrap(), Part::Asked);
        assert_eq!(
            Resume::default().check(&head(304, "")).unwrap(),
            Part::Asked
        );
    }

    #[test]
    fn tags_are_kept() {
        let file = Scratch::new("kept", "old");
        save_tag(&file.0, &head(404, "")).unwrap();
        assert_eq!(std::fs::read_to_string(&file.0).unwrap(), "old");
        save_tag(&file.0, &head(200, "")).unwrap();
        assert_eq!(std::fs::read_to_string(&file.0).unwrap(), "\"b\"\n");
    }
}
