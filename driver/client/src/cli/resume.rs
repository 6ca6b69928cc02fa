//! -C and -r: parts of a resource; --etag-save and --etag-compare: versions of it.

use std::fs;

use wskhttp_client::{Head, exit};

use super::args::Transfer;
use super::failure::Failure;
use super::range::Range;

/// Which part of a resource, and which version, is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resume {
    /// Bytes that are there already; 0: all is asked for.
    pub(crate) from: u64,
    /// The entity tag of what is there.
    tag: Option<String>,
    /// If-Range: the part is asked for only of this version (RFC 9110 section 13.1.5).
    version: Option<String>,
    range: Range,
}

/// What a response brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is asked for, as long as the framing says.
    Asked,
    /// So many bytes, which are what is asked for.
    Some { bytes: u64 },
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
        let given = |name: &str| {
            let mut fields = headers.iter();
            let (_, value) = fields.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
            Some(value.clone())
        };
        let range = match (from, &args.range) {
            (0, None) => given("range").map_or(Range::Nothing, |value| Range::new(&value)),
            (0, Some(range)) => Range::new(&format!("bytes={range}")),
            (from, _) => Range::From(from, None),
        };
        Ok(Self {
            from,
            version: tag.clone().filter(|_| from > 0).or(given("if-range")),
            tag,
            range,
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
    /// the wrong place, or behind those of another version.
    pub(crate) fn check(&self, head: &Head) -> Result<Part, Failure> {
        let judge = || self.range.judge(head, self.version.as_deref());
        match head.status {
            304 if self.tag.is_some() => Ok(Part::Nothing),
            206 => judge(),
            _ if self.from == 0 => Ok(Part::Asked),
            416 => judge(),
            200 if self.version.is_some() => Ok(Part::Anew),
            status => Err(Failure::new(
                exit::RANGE,
                format!("the server answered {status}, not with the rest of it; get it anew"),
            )),
        }
    }
}

/// Keeps the entity tag of a response for --etag-compare.
pub(crate) fn save_tag(file: &str, head: &Head) -> Result<(), Failure> {
    match head.header("etag") {
        Some(tag) if matches!(head.status, 200 | 206) => {
            fs::write(file, format!("{tag}\n")).map_err(|error| Failure::write(file, &error))
        }
        _ => Ok(()),
    }
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
        let ask = |version: &[&str]| {
            let own: Vec<_> = version
                .iter()
                .map(|value| ("IF-RANGE".to_owned(), (*value).to_owned()))
                .collect();
            Resume::new(&args(&["-C", "5", "u"]), None, &own).unwrap()
        };
        let rest = Part::Some { bytes: 5 };
        let (plain, same, other) = (ask(&[]), ask(&["\"b\""]), ask(&["\"a\""]));
        for resume in [&plain, &same, &other] {
            let of = |status, range| resume.check(&head(status, range)).map_err(|f| f.code);
            assert_eq!(of(206, "bytes 4-9/10"), Err(33));
            assert_eq!(of(206, "x"), Err(33));
            assert_eq!(of(416, "bytes */4"), Err(33));
            // What such a response says is not put behind what is there.
            assert_eq!(of(404, ""), Err(33));
        }
        let complete = head(416, "bytes */5");
        assert_eq!(plain.check(&complete).unwrap(), Part::Nothing);
        assert_eq!(same.check(&complete).unwrap(), Part::Nothing);
        let part = head(206, "bytes 5-9/10");
        assert_eq!(plain.check(&part).unwrap(), rest);
        assert_eq!(same.check(&part).unwrap(), rest);
        // Its bytes are not put behind those of another version.
        assert_eq!(other.check(&complete).unwrap_err().code, 33);
        assert_eq!(other.check(&part).unwrap_err().code, 33);
        for tag in [None, Some(&b"W/\"b\""[..]), Some(b"\"B\"")] {
            let mut part = head(206, "bytes 5-9/10");
            let etag = part.headers.pop().unwrap().0;
            part.headers.extend(tag.map(|tag| (etag, tag.to_vec())));
            assert!(plain.check(&part).is_ok(), "{tag:?}");
            assert_eq!(same.check(&part).unwrap_err().code, 33, "{tag:?}");
        }
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let dated = ask(&[date]);
        assert_eq!(dated.check(&part).unwrap(), rest);
        for (modified, code) in [(date, None), ("Sun, 06 Nov 1994 08:49:38 GMT", Some(33))] {
            let mut part = head(206, "bytes 5-9/10");
            let field = ("Last-Modified".into(), modified.as_bytes().to_vec());
            part.headers.push(field);
            assert_eq!(dated.check(&part).err().map(|f| f.code), code);
        }
        assert_eq!(plain.check(&head(200, "")).unwrap_err().code, 33);
        assert_eq!(same.check(&head(200, "")).unwrap(), Part::Anew);
        let tagged = Resume {
            tag: Some("\"a\"".into()),
            ..Resume::default()
        };
        assert_eq!(tagged.check(&head(304, "")).unwrap(), Part::Nothing);
        assert_eq!(tagged.check(&head(200, "")).unwrap(), Part::Asked);
        let all = Resume::default();
        assert_eq!(all.check(&head(304, "")).unwrap(), Part::Asked);
        // Nobody asked for a part.
        assert_eq!(all.check(&part).unwrap_err().code, 33);
        let own = ("Range".to_owned(), "bytes=5-".to_owned());
        let own = Resume::new(&args(&["u"]), None, &[own]).unwrap();
        assert_eq!(own.check(&part).unwrap(), rest);
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
