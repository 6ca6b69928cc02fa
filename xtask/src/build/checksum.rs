//! The checksum in a PE header, which Windows checks for drivers and lld-link leaves zero.

use anyhow::Context;

/// Computes the checksum of `image` and stores it in the optional header.
pub(super) fn set(image: &mut [u8]) -> anyhow::Result<()> {
    let at = field(image).context("not a PE image")?;
    let field = image.get_mut(at..at + 4).context("PE header cut short")?;
    field.fill(0);
    let sum = sum(image);
    image[at..at + 4].copy_from_slice(&sum.to_le_bytes());
    Ok(())
}

/// Offset of the field: after the signature (4), the file header (20), and 64 bytes into the
/// optional header.
fn field(image: &[u8]) -> Option<usize> {
    let header = image
        .get(0x3c..0x40)?
        .try_into()
        .ok()
        .map(u32::from_le_bytes)? as usize;
    (image.get(header..header.checked_add(4)?)? == b"PE\0\0").then_some(header + 4 + 20 + 64)
}

/// The sum of all 16-bit words with the carries added back in, plus the length of the file.
fn sum(image: &[u8]) -> u32 {
    let words = image.chunks(2).fold(0u32, |sum, word| {
        let word = u32::from(word[0]) | word.get(1).map_or(0, |high| u32::from(*high) << 8);
        let sum = sum + word;
        (sum & 0xffff) + (sum >> 16)
    });
    words.wrapping_add(image.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Vec<u8> {
        let mut image = vec![0; 256];
        image[0x3c] = 0x40;
        image[0x40..0x44].copy_from_slice(b"PE\0\0");
        image
    }

    #[test]
    fn carries_come_back_in() {
        assert_eq!(sum(&[0xff, 0xff, 0x02, 0x00]), 2 + 4);
        assert_eq!(sum(&[0x01, 0x00, 0x05]), 6 + 3);
    }

    #[test]
    fn set_is_idempotent() {
        let mut once = image();
        set(&mut once).unwrap();
        let expected = 0x40 + 0x4550 + 256u32;
        assert_eq!(once[0x98..0x9c], expected.to_le_bytes());
        let mut twice = once.clone();
        set(&mut twice).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn no_image() {
        assert!(set(&mut [0; 100]).is_err());
        assert!(set(&mut image()[..0x60]).is_err());
    }
}
