//! The two checksums of compressed bodies.

/// CRC-32 of RFC 1952, a nibble at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crc32(u32);

impl Crc32 {
    pub(crate) const fn new() -> Self {
        Self(u32::MAX)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            for nibble in [*byte, byte >> 4] {
                let at = (self.0 ^ u32::from(nibble)) & 15;
                let entry = TABLE.get(at as usize).copied().unwrap_or_default();
                self.0 = (self.0 >> 4) ^ entry;
            }
        }
    }

    pub(crate) const fn value(self) -> u32 {
        !self.0
    }
}

/// Adler-32 of RFC 1950.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adler32 {
    a: u32,
    b: u32,
}

impl Adler32 {
    pub(crate) const fn new() -> Self {
        Self { a: 1, b: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        // So many bytes do not overflow 32 bits.
        for part in bytes.chunks(5552) {
            for byte in part {
                self.a = self.a.wrapping_add(u32::from(*byte));
                self.b = self.b.wrapping_add(self.a);
            }
            self.a %= 65521;
            self.b %= 65521;
        }
    }

    pub(crate) const fn value(self) -> u32 {
        (self.b << 16) | self.a
    }
}

/// The remainder of each nibble, of the polynomial 0xedb88320.
const TABLE: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];
