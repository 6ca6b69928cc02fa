//! One coding: the wrapping of gzip (RFC 1952) or zlib (RFC 1950), or none, round deflate (RFC 1951).

use alloc::vec::Vec;
use core::fmt;

use adler2::Adler32;
use crc::{CRC_32_ISO_HDLC, Crc, Digest, Table};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use wskhttp_core::fallible::room;
use wskhttp_core::io::Error;

use super::{malformed, no_memory};

/// A stage. Members of gzip may follow each other; nothing else may follow the end.
pub(super) struct Inflate {
    /// The one decompressor, 10 KiB.
    core: Vec<DecompressorOxide>,
    window: Vec<u8>,
    /// Where the decompressor writes next.
    at: usize,
    /// Data that was not consumed.
    start: usize,
    end: usize,
    made: u64,
    state: State,
    /// Bytes of a header or trailer so far.
    small: Small,
    sum: Sum,
    /// Bytes of this member, modulo 2^32.
    length: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The ten fixed bytes of a gzip header.
    Gzip,
    /// The length of a gzip header's extra field.
    ExtraLength,
    /// So many bytes of the extra field are left.
    Extra(u16),
    Name,
    Comment,
    HeaderSum,
    /// The two bytes by which zlib is told from bare deflate.
    Zlib,
    /// Bytes that were taken for a header go into the decompressor first.
    Replay,
    Deflate,
    /// The CRC-32 and length of gzip.
    GzipEnd,
    /// The Adler-32 of zlib.
    ZlibEnd,
    /// A gzip member has ended; another may follow.
    Between,
    Done,
}

enum Sum {
    None,
    Crc(Crc32),
    Adler(Adler32),
}

/// A few bytes, and what a gzip header said.
struct Small {
    bytes: [u8; 10],
    used: usize,
    flags: u8,
    crc: Crc32,
    /// Bytes of the whole header.
    header: usize,
}

impl Inflate {
    pub(super) fn gzip() -> Result<Self, Error> {
        Self::new(State::Gzip)
    }

    pub(super) fn deflate() -> Result<Self, Error> {
        Self::new(State::Zlib)
    }

    fn new(state: State) -> Result<Self, Error> {
        let mut window = room(WINDOW).map_err(|_| no_memory())?;
        window.resize(WINDOW, 0);
        Ok(Self {
            core: decompressor()?,
            window,
            at: 0,
            start: 0,
            end: 0,
            made: 0,
            state,
            small: Small::new(),
            sum: Sum::None,
            length: 0,
        })
    }

    pub(super) fn data(&self) -> &[u8] {
        self.window.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    pub(super) const fn made(&self) -> u64 {
        self.made
    }

    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.state, State::Done | State::Between)
    }

    /// Takes input until there is data or none is left; gives how much. Data must be consumed.
    pub(super) fn push(&mut self, input: &[u8]) -> Result<usize, Error> {
        let mut used: usize = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            match self.state {
                State::Replay => {
                    let (small, count) = (self.small.bytes, self.small.used);
                    self.state = State::Deflate;
                    // Two bytes are never enough to end a stream, so both are used.
                    self.decompress(small.get(..count).unwrap_or_default())?;
                    if !self.data().is_empty() {
                        return Ok(used);
                    }
                }
                State::Deflate => {
                    let count = self.decompress(rest)?;
                    used = used.saturating_add(count);
                    if !self.data().is_empty() || (count == 0 && self.state == State::Deflate) {
                        return Ok(used);
                    }
                }
                _ => {
                    let Some(byte) = rest.first() else {
                        return Ok(used);
                    };
                    used = used.saturating_add(1);
                    self.framing(*byte)?;
                }
            }
        }
    }

    fn decompress(&mut self, input: &[u8]) -> Result<usize, Error> {
        let at = self.at;
        let flags = TINFL_FLAG_HAS_MORE_INPUT;
        let Some(core) = self.core.first_mut() else {
            return Err(no_memory());
        };
        let (status, used, made) = decompress(core, input, &mut self.window, at, flags);
        self.start = at;
        self.end = at.saturating_add(made);
        self.at = match self.end >= WINDOW {
            true => 0,
            false => self.end,
        };
        self.made = self.made.saturating_add(made as u64);
        let data = self.window.get(self.start..self.end).unwrap_or_default();
        self.length = self.length.wrapping_add(low_half(made));
        match &mut self.sum {
            Sum::None => {}
            Sum::Crc(crc) => crc.update(data),
            Sum::Adler(adler) => adler.write_slice(data),
        }
        match status {
            TINFLStatus::Done => {
                self.small.used = 0;
                self.state = match self.sum {
                    Sum::None => State::Done,
                    Sum::Crc(_) => State::GzipEnd,
                    Sum::Adler(_) => State::ZlibEnd,
                };
            }
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => {}
            _ => return Err(malformed("the body's compressed data is broken")),
        }
        Ok(used)
    }

    /// A byte of a header or trailer.
    fn framing(&mut self, byte: u8) -> Result<(), Error> {
        self.state = match self.state {
            State::Gzip | State::Between => {
                if self.state == State::Between {
                    self.small = Small::new();
                    self.core.iter_mut().for_each(DecompressorOxide::init);
                }
                match self.small.header_byte(byte)?.collected(byte, 10) {
                    None => State::Gzip,
                    Some([0x1f, 0x8b, 8, flags, ..]) if flags & 0xe0 == 0 => {
                        self.small.flags = flags;
                        self.after(0)
                    }
                    Some(_) => return Err(malformed("the body is not gzip")),
                }
            }
            State::ExtraLength => match self.small.header_byte(byte)?.collected(byte, 2) {
                None => State::ExtraLength,
                Some([low, high, ..]) => match u16::from_le_bytes([low, high]) {
                    0 => self.after(EXTRA),
                    length => State::Extra(length),
                },
            },
            State::Extra(left) => {
                self.small.header_byte(byte)?;
                match left.saturating_sub(1) {
                    0 => self.after(EXTRA),
                    left => State::Extra(left),
                }
            }
            State::Name | State::Comment => {
                self.small.header_byte(byte)?;
                match (self.state, byte) {
                    (State::Name, 0) => self.after(NAME),
                    (_, 0) => self.after(COMMENT),
                    (state, _) => state,
                }
            }
            State::HeaderSum => match self.small.collected(byte, 2) {
                None => State::HeaderSum,
                Some([low, high, ..])
                    if self.small.crc.clone().finalize() & 0xffff
                        == u32::from_le_bytes([low, high, 0, 0]) =>
                {
                    self.after(HEADER_SUM)
                }
                Some(_) => return Err(malformed("the checksum of a gzip header is wrong")),
            },
            State::Zlib => match self.small.collected(byte, 2) {
                None => State::Zlib,
                Some([cmf, flags, ..]) if is_zlib(cmf, flags) => {
                    if flags & 0x20 != 0 {
                        return Err(malformed("the body asks for a dictionary"));
                    }
                    self.sum = Sum::Adler(Adler32::new());
                    State::Deflate
                }
                Some(_) => {
                    self.small.used = 2;
                    State::Replay
                }
            },
            State::GzipEnd => match self.small.collected(byte, 8) {
                None => State::GzipEnd,
                Some([a, b, c, d, e, f, g, h, ..]) => {
                    let sum = u32::from_le_bytes([a, b, c, d]);
                    let length = u32::from_le_bytes([e, f, g, h]);
                    if !self.sum.is(sum) || length != self.length {
                        return Err(malformed("the checksum or length of a gzip body is wrong"));
                    }
                    State::Between
                }
            },
            State::ZlibEnd => match self.small.collected(byte, 4) {
                None => State::ZlibEnd,
                Some([a, b, c, d, ..]) if self.sum.is(u32::from_be_bytes([a, b, c, d])) => {
                    State::Done
                }
                Some(_) => return Err(malformed("the checksum of a deflate body is wrong")),
            },
            State::Done => return Err(malformed("bytes follow the end of the compressed data")),
            State::Replay | State::Deflate => self.state,
        };
        Ok(())
    }

    /// What follows the part of a gzip header that `part` flags, 0 being the fixed one.
    fn after(&mut self, part: u8) -> State {
        self.small.used = 0;
        let parts = [
            (EXTRA, State::ExtraLength),
            (NAME, State::Name),
            (COMMENT, State::Comment),
            (HEADER_SUM, State::HeaderSum),
        ];
        let next = parts
            .iter()
            .skip_while(|(flag, _)| part != 0 && *flag != part)
            .skip(usize::from(part != 0))
            .find(|(flag, _)| self.small.flags & flag != 0);
        if let Some((_, state)) = next {
            return *state;
        }
        self.sum = Sum::Crc(CRC32.digest());
        self.length = 0;
        State::Deflate
    }
}

/// A decompressor. Not inlined, so that it is on the stack in no caller's frame.
#[inline(never)]
fn decompressor() -> Result<Vec<DecompressorOxide>, Error> {
    let mut core = room(1).map_err(|_| no_memory())?;
    core.resize_with(1, DecompressorOxide::default);
    Ok(core)
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inflate({:?}, {} bytes)", self.state, self.made)
    }
}

impl Small {
    fn new() -> Self {
        Self {
            bytes: [0; 10],
            used: 0,
            flags: 0,
            crc: CRC32.digest(),
            header: 0,
        }
    }

    /// Counts a byte of a header.
    fn header_byte(&mut self, byte: u8) -> Result<&mut Self, Error> {
        self.crc.update(&[byte]);
        self.header = self.header.saturating_add(1);
        match self.header > MOST_HEADER {
            true => Err(malformed("a gzip header is longer than 8 KiB")),
            false => Ok(self),
        }
    }

    /// Keeps a byte; all of them once there are `count`.
    fn collected(&mut self, byte: u8, count: usize) -> Option<[u8; 10]> {
        if let Some(slot) = self.bytes.get_mut(self.used) {
            *slot = byte;
        }
        self.used = self.used.saturating_add(1);
        if self.used < count {
            return None;
        }
        self.used = 0;
        Some(self.bytes)
    }
}

impl Sum {
    fn is(&self, expected: u32) -> bool {
        match self {
            Self::None => true,
            Self::Crc(crc) => crc.clone().finalize() == expected,
            Self::Adler(adler) => adler.checksum() == expected,
        }
    }
}

/// RFC 1950 section 2.2. Servers disagree whether `deflate` means zlib or bare deflate.
fn is_zlib(cmf: u8, flags: u8) -> bool {
    cmf & 0x0f == 8 && cmf >> 4 <= 7 && u16::from_be_bytes([cmf, flags]).is_multiple_of(31)
}

/// A count of bytes, modulo 2^32.
fn low_half(count: usize) -> u32 {
    u32::try_from(count).unwrap_or_default()
}

/// The CRC-32 of RFC 1952 section 8.
type Crc32 = Digest<'static, u32, Table<1>>;
static CRC32: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

const WINDOW: usize = 32 << 10;
const MOST_HEADER: usize = 8 << 10;

const HEADER_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
