//! `core::panic::Location` in an image: where in the source a panic is.

use std::fmt;

/// A source line.
pub(super) struct Location {
    file: String,
    line: u32,
    column: u32,
}

impl Location {
    /// What lies at `address`, if it looks like a location: address and length of a file's name, line,
    /// column.
    pub(super) fn at<'data>(
        address: u64,
        read: impl Fn(u64) -> Option<&'data [u8]>,
    ) -> Option<Self> {
        let bytes = read(address)?;
        let (name, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (line, rest) = rest.split_first_chunk()?;
        let column = rest.first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        if length > LONGEST {
            return None;
        }
        let name = read(u64::from_le_bytes(*name))?.get(..length)?;
        let file = str::from_utf8(name).ok()?.trim_end_matches('\0');
        file.ends_with(".rs").then(|| Self {
            file: file.replace('\\', "/"),
            line: u32::from_le_bytes(*line),
            column: u32::from_le_bytes(*column),
        })
    }

    /// The crate; `None` for the standard library.
    pub(super) fn package(&self) -> Option<String> {
        if let Some((_, rest)) = self.file.split_once("/registry/src/") {
            let folder = rest.split('/').nth(1)?;
            let version = folder.rfind('-').unwrap_or(folder.len());
            return Some(super::package(&folder[..version]));
        }
        let (_, package) = OURS
            .iter()
            .find(|(folder, _)| self.file.starts_with(folder))?;
        Some((*package).to_owned())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = match self.file.split_once("/registry/src/") {
            Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, file)| file),
            None => &self.file,
        };
        write!(f, "{file}:{}:{}", self.line, self.column)
    }
}

const LONGEST: usize = 300;

/// Packages of this workspace, whose sources have short names.
const OURS: &[(&str, &str)] = &[
    ("core/src", "wskhttp-core"),
    ("driver/abi/src", "wskhttp-abi"),
    ("driver/src", "wskhttp"),
    ("http/src", "wskhttp-http"),
    ("tls/src", "wskhttp-tls"),
];
