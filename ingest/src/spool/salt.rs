//! What keeps a sender's text from being taken for a frame.

use std::fmt;

/// What the checksums of a spool begin with. A frame holds texts of senders, and where its header is damaged the next frame is looked for inside it: a text
/// that was made to look like a frame is none, since nobody outside knows the salt.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Salt(Option<[u8; 16]>);

/// Nothing of it is shown: it is a secret.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Salt(..)" } else { "Salt(none)" })
    }
}

impl Salt {
    /// None: as spools were written before there was any.
    pub const NONE: Salt = Salt(None);

    /// This one.
    pub const fn new(bytes: [u8; 16]) -> Salt {
        Salt(Some(bytes))
    }

    /// What the checksums of a frame that lies there begin with. Each has a half of the salt: whoever hits one by chance has not the other.
    pub fn at(&self, segment: u64, offset: u64) -> Seal {
        let Some(salt) = self.0 else { return Seal::default() };
        let place = [segment.to_le_bytes(), offset.to_le_bytes()].concat();
        let of = |half: &[u8]| crc32c::crc32c_append(crc32c::crc32c(half), &place);
        Seal { header: of(&salt[..8]), payload: of(&salt[8..]) }
    }
}

/// What the two checksums of a frame begin with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seal {
    /// That of the header.
    pub(super) header: u32,
    /// That of head and body.
    pub(super) payload: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_checksums_of_its_own_and_each_half_of_the_salt_counts() {
        let salt = Salt::new([7; 16]);
        let here = salt.at(1, 44);
        assert_eq!(here, salt.at(1, 44));
        let [mut first, mut second] = [[7; 16]; 2];
        (first[0], second[8]) = (8, 8);
        for other in [salt.at(1, 45), salt.at(2, 44), salt.at(44, 1)] {
            assert!(other.header != here.header && other.payload != here.payload);
        }
        let (first, second) = (Salt::new(first).at(1, 44), Salt::new(second).at(1, 44));
        assert!(first.header != here.header && first.payload == here.payload);
        assert!(second.header == here.header && second.payload != here.payload);
        assert_eq!(Salt::NONE.at(1, 44), Seal::default());
    }
}
